"""manage.py declare_schedules: what the worker does by the clock is planned, once, however often this is called."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.translation import gettext as _

from reconciliation.log_tasks import declare_nightly
from reconciliation.sweep_tasks import declare_schedule


class Command(BaseCommand):
    """For installations that start the worker by themselves; `manage.py serve` does it too."""

    help = _(
        "Plan the hourly sweep and the nightly check of the action log, where the worker is started without "
        "`manage.py serve`. Safe to repeat."
    )
    requires_migrations_checks = True

    def handle(self, *args: Any, **options: Any) -> None:
        """Plan them and say so."""
        now = timezone.now()
        sweep, check = declare_schedule(now=now), declare_nightly(now=now)
        self.stdout.write(_("The hourly sweep is planned.") if sweep else _("The hourly sweep was planned already."))
        self.stdout.write(
            _("The nightly check of the action log is planned.")
            if check
            else _("The nightly check of the action log was planned already.")
        )
