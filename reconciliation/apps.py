"""Runs, items, discrepancies, the action log and the desk."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReconciliationConfig(AppConfig):
    """Django application."""

    name = "reconciliation"
    verbose_name = _("Reconciliation")
