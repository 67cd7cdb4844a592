"""Organizations for tests of the provider side, and what is known of their records."""

from datetime import UTC, datetime
from typing import Any

from django.db.models import F

from billing.models import Organization, ProviderRecordVersion
from billing.records import STATE_FIELDS

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)


def organization(slug: str = "acme", **fields: Any) -> Organization:
    """A stored organization."""
    return Organization.objects.create(slug=slug, name=slug.title(), **fields)


def records(of: Organization) -> dict[tuple[str, str], dict[str, Any]]:
    """Current state of every provider record, by kind and id."""
    rows = ProviderRecordVersion.objects.filter(organization=of, number=F("record__current_number"))
    names = ("record__kind", "record__external_id", "needs_fetch", *STATE_FIELDS)
    return {(row[names[0]], row[names[1]]): row for row in rows.values(*names)}
