"""What the page of an item shows: both sides as they were compared, and the results before this one."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from billing.admin.cells import amount_cell, code_cell, link, time_cell, zone_of
from reconciliation.models import ReconciliationDiscrepancy, ReconciliationItem
from reconciliation.sentences import sentence, type_name
from reconciliation.wording import exclusion_words

from .compared import compared_fields
from .labels import outcome_cell, pass_words
from .sides import SIDES, Side

VERSIONS_SHOWN = 50


def side_card(side: Side, version: Any, item: ReconciliationItem, zone: ZoneInfo) -> dict[str, Any]:
    """One side as it was compared, or that there is none."""
    if version is None:
        return {"name": side.name}
    identity = getattr(version, side.link)
    own = item.organization_id in (identity.organization_id, getattr(version, "tenant_id", None))
    newer = identity.current_number - version.number
    kind = getattr(identity, "get_kind_display", None)
    return {
        "name": side.name,
        "link": link(identity._meta.label_lower.replace(".", "_"), identity.pk, identity.external_id)
        if own
        else code_cell(identity.external_id),
        "kind": kind() if kind else identity._meta.verbose_name,
        "version": _("version %(number)d") % {"number": version.number},
        "newer": _("A newer version exists; the next run compares it.") if newer else "",
        "facts": side.told(version, zone),
    }


def earlier(item: ReconciliationItem) -> list[dict[str, Any]]:
    """All results for the same pair, newest first."""
    rows = ReconciliationItem.objects.filter(
        organization=item.organization_id, comparison=item.comparison, left_id=item.left_id, right_id=item.right_id
    ).order_by("-pk")[:VERSIONS_SHOWN]
    return [
        {
            "link": link("reconciliation_reconciliationitem", row.pk, str(row)),
            "this": row.pk == item.pk,
            "outcome": outcome_cell(row.outcome),
            "left": amount_cell(row.left_amount_minor, row.left_currency),
            "right": amount_cell(row.right_amount_minor, row.right_currency),
            "matched_by": pass_words(row.match_pass),
            "opened": row.opened_run,
            "closed": row.closed_run or _("current"),
        }
        for row in rows
    ]


def findings(item: ReconciliationItem, zone: ZoneInfo) -> list[dict[str, Any]]:
    """The discrepancies of this pair, and those about one of its records whatever it is paired with."""
    pair = Q(left_id=item.left_id, right_id=item.right_id)
    one = Q(left_id=item.left_id, right_id=0, left_id__gt=0) | Q(left_id=0, right_id=item.right_id, right_id__gt=0)
    rows = ReconciliationDiscrepancy.objects.filter(
        pair | one, organization=item.organization_id, comparison=item.comparison
    )
    return [
        {
            "url": reverse("admin:reconciliation_reconciliationdiscrepancy_change", args=[row.pk]),
            "name": f"{row} · {type_name(row.type)}",
            "sentence": sentence(row, zone),
            "status": row.get_status_display(),
        }
        for row in rows.order_by("pk")[:20]
    ]


def versions_of(item: ReconciliationItem) -> tuple[int, int]:
    """The versions compared: left, right."""
    return item.left_version_id, item.right_version_id


def item_page(item: ReconciliationItem) -> dict[str, Any]:
    """Everything the template shows."""
    zone = zone_of(item)
    sides = SIDES[item.comparison]
    left, right = (side.version_of(pk) for side, pk in zip(sides, versions_of(item), strict=True))
    window = timedelta(seconds=item.organization.match_window_seconds)
    both = left is not None and right is not None
    return {
        "item": item,
        "outcome": outcome_cell(item.outcome),
        "matched_by": pass_words(item.match_pass),
        "reason": exclusion_words(item.reason) if item.reason else "",
        "group": code_cell(item.group_key) if item.group_key else "",
        "due": time_cell(item.due_at, zone) if item.due_at else "",
        "sides": [side_card(side, version, item, zone) for side, version in zip(sides, (left, right), strict=True)],
        "fields": compared_fields(sides[0].facts(left), sides[1].facts(right), zone, window, item.comparison)
        if both
        else [],
        "versions": earlier(item),
        "findings": findings(item, zone),
    }
