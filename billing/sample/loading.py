"""Bring the sample records in through the real imports, once."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from billing.imports.importing import ImportResult
from billing.imports.payments import import_payments
from billing.imports.stripe_files import EVENTS, OBJECTS, import_events, import_objects
from billing.models import ImportBatch, Organization
from billing.organizations import save_organization
from billing.sample import recorded
from billing.sample.generated import payments_csv, stories, write_events
from billing.sample.plan import Plan
from billing.wording import count_text

MONTH_SLUG: Final = "larkspur"
MONTH_FIELDS: Final[dict[str, Any]] = {
    "name": "Larkspur Stationers",
    "timezone": "Europe/Paris",
    "currency": "EUR",
    "reference_keys": ["order_id"],
}
MONTH_DAYS: Final = 30
SLUGS: Final = (recorded.SLUG, MONTH_SLUG)
_PAYMENTS: Final = "payments"
_RECORDED_FROM, _RECORDED_TO = datetime(2025, 1, 1), datetime(2026, 3, 1)  # noqa: DTZ001 - days, made aware below

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Loaded:
    """An organization with its sample records, and the period to reconcile, [start, end)."""

    organization: Organization
    start: datetime
    end: datetime


def load_recorded(*, by: str, now: datetime, say: Say) -> Loaded:
    """The recorded Stripe payments, as internal payments and Stripe objects; nothing happens when they are there."""
    organization = save_organization(slug=recorded.SLUG, fields=recorded.FIELDS, now=now).organization
    zone = ZoneInfo(organization.timezone)
    end = _RECORDED_TO.replace(tzinfo=zone)
    if not _batch(organization, _PAYMENTS):
        say(_("Recorded Stripe payments: internal payments"))
        file = io.BytesIO(recorded.payments_csv())
        import_payments(organization=organization, file=file, filename="recorded_payments.csv", by=by, now=now)
    if not _batch(organization, OBJECTS):
        say(_("Recorded Stripe payments: Stripe objects"))
        import_objects(
            organization=organization,
            file=io.BytesIO(json.dumps(recorded.stripe_objects()).encode()),
            filename="recorded_objects.json",
            by=by,
            now=now,
            exported_at=end,
        )
    return Loaded(organization, _RECORDED_FROM.replace(tzinfo=zone), end)


def load_month(*, by: str, now: datetime, payments: int, say: Say) -> Loaded:
    """The generated month, the thirty days up to its first load; nothing happens when it is there."""
    organization = save_organization(slug=MONTH_SLUG, fields=MONTH_FIELDS, now=now).organization
    first = _batch(organization, _PAYMENTS)
    as_of = first.imported_at if first else now
    zone = ZoneInfo(organization.timezone)
    today = as_of.astimezone(zone).date()
    start = datetime.combine(today - timedelta(days=MONTH_DAYS), time.min, zone)
    loaded = Loaded(organization, start, datetime.combine(today + timedelta(days=1), time.min, zone))
    if first and _batch(organization, EVENTS):
        return loaded
    say(_("Generated month: %s payments") % count_text(payments))
    told = list(stories(Plan(payments=payments, start=start, as_of=as_of.astimezone(UTC))))
    ours = io.BytesIO(payments_csv(told))
    import_payments(organization=organization, file=ours, filename="generated_payments.csv", by=by, now=as_of)
    say(_("Generated month: Stripe events"))
    text = io.StringIO()
    write_events(told, text, reference_key=organization.reference_keys[0])
    import_generated_events(organization, text.getvalue().encode(), by, as_of)
    return loaded


def import_generated_events(organization: Organization, content: bytes, by: str, now: datetime) -> ImportResult:
    """The month's events, as a file of JSON lines."""
    file = io.BytesIO(content)
    return import_events(organization=organization, file=file, filename="generated_events.jsonl", by=by, now=now)


def _batch(organization: Organization, kind: str) -> ImportBatch | None:
    """The first import of a kind."""
    return ImportBatch.objects.filter(organization=organization, kind=kind).order_by("id").first()
