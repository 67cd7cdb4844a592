"""A source: meters, contracts and balance checks."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class UsageConfig(AppConfig):
    """Django application."""

    name = "usage"
    verbose_name = _("Usage and balance")
