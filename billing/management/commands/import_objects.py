"""manage.py import_objects FILE.json --organization SLUG"""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any, BinaryIO

from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware
from django.utils.translation import gettext as _

from billing.imports.importing import Listener
from billing.imports.stripe_files import OBJECTS, StripeImportResult, import_objects
from billing.management.importing import COMMAND_LINE
from billing.management.refusals import Refused
from billing.management.stripe_importing import StripeImportCommand
from billing.models import Organization


class Command(StripeImportCommand):
    """Imports exported Stripe objects."""

    kind = OBJECTS
    file_name = "FILE.json"
    help = _(
        "Import exported Stripe objects (charges, refunds, payment intents, disputes): one object a line, a JSON list, "
        "or objects keyed by id, in collections too. Other objects are kept as they are."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Also when the export was made."""
        super().add_arguments(parser)
        parser.add_argument(
            "--exported-at",
            metavar="TIME",
            help=_("when the export was made, as 2026-01-31T09:00:00Z (now); events created later outrank it"),
        )

    def run(
        self,
        *,
        options: dict[str, Any],
        organization: Organization,
        file: BinaryIO,
        filename: str,
        now: datetime,
        listener: Listener,
    ) -> StripeImportResult:
        """Import `file`; raises ImportRefused."""
        return import_objects(
            organization=organization,
            file=file,
            filename=filename,
            by=COMMAND_LINE,
            now=now,
            exported_at=export_time(options["exported_at"], now),
            listener=listener,
        )


def export_time(given: str | None, now: datetime) -> datetime:
    """The time an option names; raises Refused for anything but a past time with its offset."""
    if given is None:
        return now
    try:
        time = parse_datetime(given)
    except ValueError:
        time = None
    if time is None or not is_aware(time) or time > now:
        raise Refused(
            _("--exported-at %(given)s is not a past time with its offset. Write it as 2026-01-31T09:00:00Z.")
            % {"given": given}
        )
    return time
