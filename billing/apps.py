"""A source: organizations, payments, provider events and records."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BillingConfig(AppConfig):
    """Django application."""

    name = "billing"
    verbose_name = _("Billing")
