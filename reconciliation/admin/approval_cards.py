"""Proposals that wait, each told so that it can be decided in ten seconds."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db.models import Count, F, QuerySet
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from billing.admin.cells import amount_cell, time_cell, zone_of
from billing.models import PaymentVersion, ProviderRecordVersion
from billing.wording import count_text
from reconciliation.causes import visible_causes
from reconciliation.models import ReconciliationActionLog, ReconciliationDiscrepancy
from reconciliation.sentences import sentence, type_name
from reconciliation.workflow import BY_CODE
from reconciliation.workflow.transitions import APPROVE

from .cause_words import cause_name
from .labels import severity_cell
from .log_words import action_words, actor_words, resolution_words
from .notes import note_html
from .resolution import approving_does, page_url

Row = ReconciliationDiscrepancy
CARDS = 20
FEWEST_ALIKE = 2
PREFIX = "admin:reconciliation_reconciliationdiscrepancy"


def waiting(organizations: Sequence[int]) -> QuerySet[Row]:
    """Everything that waits for a signature, the newest first."""
    rows = Row.objects.filter(organization__in=organizations, status=Row.Status.PENDING_APPROVAL)
    return rows.order_by("-pk")


def cards(rows: Sequence[Row], user: Any) -> list[dict[str, Any]]:
    """A card for each proposal; three queries for all of them."""
    steps, newer = steps_since(rows), newer_versions(rows)
    signs = bool(user.has_perm(APPROVE))
    return [card(row, user, steps[row.pk], newer[row.pk], signs=signs) for row in rows]


def card(row: Row, user: Any, steps: list[str], newer: list[str], *, signs: bool) -> dict[str, Any]:
    """What is proposed, by whom, what it does, what it leaves, what has happened since."""
    zone, own = zone_of(row), row.proposed_by_id == user.pk
    return {
        "row": row,
        "url": page_url(row.pk),
        "severity": severity_cell(row.severity),
        "type": type_name(row.type),
        "difference": amount_cell(row.difference_minor, row.currency, sign=True),
        "sentence": sentence(row, zone),
        "resolution": resolution_words(row.resolution_code),
        "reason": note_html(row.resolution_reason),
        "by": row.proposed_by.get_username() if row.proposed_by else "",
        "when": time_cell(row.proposed_at, zone),
        "does": approving_does(row),
        "after": left_after(row),
        "since": [*newer, *steps],
        "newer": bool(newer),
        "own": own,
        "approve": reverse(f"{PREFIX}_step_approve", args=[row.pk]) if signs and not own else "",
        "reject": reverse(f"{PREFIX}_step_reject", args=[row.pk]) if signs and not own else "",
    }


def left_after(row: Row) -> SafeString:
    """What stays unexplained once it is approved: an adjustment entry covers the whole difference."""
    code = BY_CODE.get(row.resolution_code)
    covered = code is not None and code.adjusts and row.difference_minor is not None
    return amount_cell(0 if covered else row.unexplained_minor, row.currency, sign=True)


def steps_since(rows: Sequence[Row]) -> dict[int, list[str]]:
    """Steps taken about each discrepancy after it was proposed, in words."""
    since: dict[int, list[str]] = defaultdict(list)
    proposed = {row.pk: row.proposed_at for row in rows}
    entries = ReconciliationActionLog.objects.filter(
        organization__in={row.organization_id for row in rows}, discrepancy__in=list(proposed)
    ).exclude(action="proposed")
    for entry in entries.order_by("pk").only("discrepancy_id", "actor", "action", "at"):
        pk = entry.discrepancy_id or 0
        if (at := proposed.get(pk)) is not None and entry.at > at:
            since[pk].append(f"{actor_words(entry.actor)}{_(': ')}{action_words(entry.action)}")
    return since


def newer_versions(rows: Sequence[Row]) -> dict[int, list[str]]:
    """Records that have changed after the proposal, so that no run has compared what they say now."""
    found: dict[int, list[str]] = defaultdict(list)
    payments = [row for row in rows if row.comparison == "payments"]
    sides: tuple[tuple[str, Any, str, str], ...] = (
        ("left_id", PaymentVersion, "payment", _("Our record has changed since.")),
        ("right_id", ProviderRecordVersion, "record", _("The provider's record has changed since.")),
    )
    for side, model, identity, text in sides:
        ids = [getattr(row, side) for row in payments if getattr(row, side)]
        current = model.objects.filter(**{f"{identity}__in": ids, "number": F(f"{identity}__current_number")})
        recorded = dict(current.values_list(f"{identity}_id", "recorded_at"))
        for row in payments:
            at = recorded.get(getattr(row, side))
            if at is not None and row.proposed_at is not None and at > row.proposed_at:
                found[row.pk].append(text)
    return found


def alike(organizations: Sequence[int], user: Any) -> list[dict[str, Any]]:
    """Proposals of one code about one cause that the user may decide together."""
    if not user.has_perm(APPROVE):
        return []
    rows = waiting(organizations).exclude(proposed_by=user.pk).filter(cause_member__isnull=False).order_by()
    groups = rows.values_list("cause_member__cause", "resolution_code").annotate(n=Count("pk"))
    counted = {(cause, code): n for cause, code, n in groups if n >= FEWEST_ALIKE}
    causes = visible_causes(organizations).filter(pk__in={cause for cause, _code in counted})
    names = {cause.pk: cause_name(cause) for cause in causes.select_related("organization")}
    return [
        {
            "cause": cause,
            "name": names[cause],
            "code": code,
            "resolution": resolution_words(code),
            "count": count_text(n),
            "url": reverse("admin:reconciliation_cause_change", args=[cause]),
        }
        for (cause, code), n in sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
        if cause in names
    ]


def mine_to_sign(organizations: Sequence[int], user: Any, most: int) -> int:
    """How many proposals the user may decide, counted up to `most`."""
    if not user.has_perm(APPROVE):
        return 0
    rows = waiting(organizations).exclude(proposed_by=user.pk).order_by()
    return len(rows.values_list("pk", flat=True)[:most])
