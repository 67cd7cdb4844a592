"""manage.py declare_schedules: the worker's hourly sweep is planned, once, however often this is called."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.translation import gettext as _

from reconciliation.sweep_tasks import declare_schedule


class Command(BaseCommand):
    """For installations that start the worker by themselves; `manage.py serve` does it too."""

    help = _("Plan the hourly sweep, where the worker is started without `manage.py serve`. Safe to repeat.")
    requires_migrations_checks = True

    def handle(self, *args: Any, **options: Any) -> None:
        """Plan it and say so."""
        new = declare_schedule(now=timezone.now())
        self.stdout.write(_("The hourly sweep is planned.") if new else _("The hourly sweep was planned already."))
