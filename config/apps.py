"""Carries the product's own system checks into Django."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Django application without tables."""

    name = "config"

    def ready(self) -> None:
        """Register the checks."""
        from config import access_checks, checks  # noqa: F401
