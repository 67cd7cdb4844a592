"""Runs, items, discrepancies, the action log and the desk."""

import gc

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReconciliationConfig(AppConfig):
    """Django application."""

    name = "reconciliation"
    verbose_name = _("Reconciliation")

    def ready(self) -> None:
        """End of the start: what is loaded by now stays; no collection of garbage looks through it again."""
        gc.freeze()
        gc.enable()
