"""What the page of an item shows: both sides as they were compared, and the results before this one."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext as _

from billing.admin.cells import amount_cell, code_cell, link, record_status, time_cell, zone_of
from billing.models import PaymentVersion, ProviderRecordVersion
from reconciliation.models import ReconciliationDiscrepancy, ReconciliationItem
from reconciliation.sentences import sentence, type_name
from reconciliation.wording import exclusion_words

from .compared import compared_fields
from .labels import outcome_cell, pass_words

VERSIONS_SHOWN = 50
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(moment: datetime) -> int:
    """Microseconds since 1970 UTC, exactly."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def left_facts(version: PaymentVersion) -> dict[str, Any]:
    """Our version under the names that fields are compared by."""
    return {
        "key": version.provider_reference,
        "own": version.payment.external_id,
        "invoice": version.invoice_number,
        "party": version.customer,
        "amount_minor": version.amount_minor,
        "currency": version.currency,
        "status": version.status,
        "occurred_at": micros(version.occurred_at),
    }


def right_facts(version: ProviderRecordVersion) -> dict[str, Any]:
    """The provider's version under the same names."""
    return {
        "key": version.record.external_id,
        "own": version.reference,
        "invoice": "",
        "party": version.customer,
        "amount_minor": version.amount_minor,
        "currency": version.currency,
        "status": version.status,
        "occurred_at": micros(version.occurred_at),
    }


def side(name: str, identity: Any, version: Any, model: str, zone: ZoneInfo) -> dict[str, Any] | None:
    """One side as it was compared; None when the item has none."""
    if version is None:
        return None
    newer = identity.current_number - version.number
    return {
        "name": name,
        "link": link(model, identity.pk, identity.external_id),
        "kind": identity.get_kind_display(),
        "version": _("version %(number)d") % {"number": version.number},
        "newer": _("A newer version exists; the next run compares it.") if newer else "",
        "facts": [
            (_("Amount"), amount_cell(version.amount_minor, version.currency)),
            (_("Status"), record_status(version.status)),
            (_("Occurred"), time_cell(version.occurred_at, zone)),
            (_("Customer"), version.customer or "–"),
            (_("Recorded"), time_cell(version.recorded_at, zone)),
        ],
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
    """The discrepancies of this pair."""
    rows = ReconciliationDiscrepancy.objects.filter(
        organization=item.organization_id, comparison=item.comparison, left_id=item.left_id, right_id=item.right_id
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


def item_page(item: ReconciliationItem) -> dict[str, Any]:
    """Everything the template shows."""
    zone = zone_of(item)
    own = item.organization_id
    left = PaymentVersion.objects.select_related("payment").filter(pk=item.left_version_id, organization=own).first()
    right = (
        ProviderRecordVersion.objects.select_related("record")
        .filter(pk=item.right_version_id, organization=own)
        .first()
    )
    window = timedelta(seconds=item.organization.match_window_seconds)
    both = left is not None and right is not None
    return {
        "item": item,
        "outcome": outcome_cell(item.outcome),
        "matched_by": pass_words(item.match_pass),
        "reason": exclusion_words(item.reason) if item.reason else "",
        "group": code_cell(item.group_key) if item.group_key else "",
        "due": time_cell(item.due_at, zone) if item.due_at else "",
        "sides": [
            side(_("Ours"), left and left.payment, left, "billing_payment", zone),
            side(_("Provider"), right and right.record, right, "billing_providerrecord", zone),
        ],
        "fields": compared_fields(left_facts(left), right_facts(right), zone, window)
        if both and left and right
        else [],
        "versions": earlier(item),
        "findings": findings(item, zone),
    }
