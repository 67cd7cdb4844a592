"""Populations of statement lines: current ones, those without a tenant, and their totals."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db.models import Case, Count, F, Q, QuerySet, Sum, Value, When
from django.db.models.expressions import BaseExpression
from django.db.models.functions import Coalesce, TruncDate

from .models import Organization, StatementLineVersion

GROUPS: Final = ("day", "currency", "category", "kind", "type", "account", "payout", "tenant")
DEFAULT_GROUPS: Final = ("day", "currency", "category")


def current_lines(organization: Organization) -> QuerySet[StatementLineVersion]:
    """The current versions of the lines on an organization's statement, withdrawn ones left out."""
    return StatementLineVersion.objects.filter(
        organization=organization, number=F("line__current_number"), excluded_reason=""
    )


def lines_of_tenant(organization: Organization) -> QuerySet[StatementLineVersion]:
    """The current versions of the lines that belong to an organization, on whatever statement they stand."""
    return StatementLineVersion.objects.filter(
        tenant=organization, number=F("line__current_number"), excluded_reason=""
    )


def unattached(organization: Organization) -> QuerySet[StatementLineVersion]:
    """The lines on an organization's statement that belong to no one yet."""
    return current_lines(organization).filter(tenant=None)


def statement_totals(
    *, organization: Organization, start: datetime, end: datetime, by: Sequence[str] = DEFAULT_GROUPS
) -> list[dict[str, Any]]:
    """Sums of the lines created in [start, end), grouped by `by` (see GROUPS; days in the organization's time zone).

    Each group is a dict of the grouping keys and `count`, `gross`, `fee`, `net` in minor units. Currencies are never
    added together: the currency is a grouping key even when `by` does not name it. Counted are the lines on the
    organization's own statement, attached or not, and its lines on statements of others.
    """
    zone = ZoneInfo(organization.timezone)
    names = [*by] if "currency" in by else [*by, "currency"]
    lines = StatementLineVersion.objects.filter(
        Q(organization=organization) | Q(tenant=organization),
        number=F("line__current_number"), excluded_reason="", occurred_at__gte=start, occurred_at__lt=end,
    )  # fmt: skip
    keys = {f"group_{name}": _expression(name, zone) for name in names}
    groups = lines.annotate(**keys).values(*keys).order_by(*keys)
    sums = groups.annotate(
        lines=Count("pk"), gross=Coalesce(Sum("gross_minor"), 0), fees=Coalesce(Sum("fee_minor"), 0),
        nets=Coalesce(Sum("net_minor"), 0),
    )  # fmt: skip
    return [
        {name: _plain(row[f"group_{name}"]) for name in names}
        | {"count": row["lines"], "gross": int(row["gross"]), "fee": int(row["fees"]), "net": int(row["nets"])}
        for row in sums
    ]


def _expression(name: str, zone: ZoneInfo) -> BaseExpression | F:
    if name == "day":
        return TruncDate("occurred_at", tzinfo=zone)
    if name == "category":  # reports and old renderings without one have at least a type, or the kind made of it
        return Case(When(~Q(category=""), then=F("category")), When(~Q(type=""), then=F("type")), default=F("kind"))
    if name == "tenant":
        return Coalesce("tenant__slug", Value(""))
    return F({"payout": "payout_reference"}.get(name, name))


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
