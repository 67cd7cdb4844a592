"""Two records field by field: what differs, what is near enough, what agrees, what only one side says."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from billing.admin.cells import amount_cell, code_cell, record_status, time_cell
from reconciliation.core.findings import status_agrees

from .run_progress import span_text

DIFFERS, NEAR, EQUAL, ONE_SIDED = "differs", "near", "equal", "one-sided"
MARKS = {DIFFERS: "≠", NEAR: "≈", EQUAL: "=", ONE_SIDED: "·"}
ORDER = (DIFFERS, NEAR, EQUAL, ONE_SIDED)
Facts = dict[str, Any]


@dataclass(frozen=True)
class Field:
    """One compared field of a pair, as shown."""

    name: str
    left: Any
    right: Any
    state: str
    note: Any = ""

    @property
    def mark(self) -> str:
        """The state as a sign."""
        return MARKS[self.state]


def moment(micros: int) -> datetime:
    """Microseconds since 1970 UTC as a time."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)


def text_state(left: str | None, right: str | None) -> str:
    """How two texts compare; a side that says nothing does not contradict."""
    if not left or not right:
        return ONE_SIDED
    return EQUAL if left == right else DIFFERS


def amount_field(left: Facts, right: Facts) -> Field:
    """Amounts; never compared across currencies."""
    one = left["currency"] == right["currency"]
    difference = right["amount_minor"] - left["amount_minor"]
    return Field(
        _("Amount"),
        amount_cell(left["amount_minor"], left["currency"]),
        amount_cell(right["amount_minor"], right["currency"]),
        ONE_SIDED if not one else DIFFERS if difference else EQUAL,
        amount_cell(difference, left["currency"], sign=True)
        if one and difference
        else ""
        if one
        else _("not compared"),
    )


def status_field(left: Facts, right: Facts) -> Field:
    """Statuses; two words may tell one story."""
    state = (
        EQUAL
        if left["status"] == right["status"]
        else NEAR
        if status_agrees(left["status"], right["status"])
        else DIFFERS
    )
    return Field(_("Status"), record_status(left["status"]), record_status(right["status"]), state)


def time_field(left: Facts, right: Facts, zone: ZoneInfo, window: timedelta) -> Field:
    """Times; apart but within the match window is near."""
    apart = moment(right["occurred_at"]) - moment(left["occurred_at"])
    state = EQUAL if not apart else NEAR if abs(apart) <= window else DIFFERS
    note = ""
    if apart:
        values = {"span": span_text(abs(apart))}
        note = _("%(span)s later") % values if apart > timedelta() else _("%(span)s earlier") % values
    return Field(
        _("Occurred"),
        time_cell(moment(left["occurred_at"]), zone),
        time_cell(moment(right["occurred_at"]), zone),
        state,
        note,
    )


def reference_field(left: Facts, right: Facts) -> Field:
    """What ours names at the provider; a payment intent leads to its charge."""
    state = text_state(left["key"], right["key"])
    return Field(
        _("Provider reference"),
        code_cell(left["key"] or ""),
        code_cell(right["key"] or ""),
        NEAR if state == DIFFERS else state,
        _("reached another way") if state == DIFFERS else "",
    )


def own_field(left: Facts, right: Facts) -> Field:
    """Our id or invoice, and the reference of ours that the provider carries."""
    carried = right["own"]
    state = EQUAL if carried and carried in (left["own"], left["invoice"]) else text_state(left["own"], carried)
    return Field(_("Our reference"), code_cell(left["own"] or ""), code_cell(carried or ""), state)


def fields_of(left: Facts, right: Facts, zone: ZoneInfo, window: timedelta) -> list[Field]:
    """Every field of a pair, always in the same order."""
    return [
        amount_field(left, right),
        Field(_("Currency"), left["currency"], right["currency"], text_state(left["currency"], right["currency"])),
        status_field(left, right),
        time_field(left, right, zone, window),
        Field(_("Customer"), left["party"] or "–", right["party"] or "–", text_state(left["party"], right["party"])),
        reference_field(left, right),
        own_field(left, right),
        Field(
            _("Invoice"),
            code_cell(left["invoice"] or ""),
            code_cell(right["invoice"] or ""),
            text_state(left["invoice"], right["invoice"]),
        ),
    ]


def named_invoice_field(left: Facts, right: Facts) -> Field:
    """Our invoice, and the one a line names; the provider's links may tie them without a name."""
    named = right["invoice"]
    state = EQUAL if named and named in (left["own"], left["invoice"]) else ONE_SIDED if not named else NEAR
    return Field(_("Invoice"), code_cell(left["own"] or ""), code_cell(named or ""), state)


def settled_fields(left: Facts, right: Facts, zone: ZoneInfo, window: timedelta) -> list[Field]:
    """Every field of an invoice and a line, or of a payout and its lines."""
    return [
        amount_field(left, right),
        Field(_("Currency"), left["currency"], right["currency"], text_state(left["currency"], right["currency"])),
        time_field(left, right, zone, window),
        Field(_("Customer"), left["party"] or "–", right["party"] or "–", text_state(left["party"], right["party"])),
        named_invoice_field(left, right),
        Field(_("Number"), left["invoice"] or "–", right["own"] or "–", ONE_SIDED),
    ]


def compared_fields(
    left: Facts, right: Facts, zone: ZoneInfo, window: timedelta, comparison: str = "payments"
) -> list[Field]:
    """Every field that a side says something about, those that differ first."""
    fields = (fields_of if comparison == "payments" else settled_fields)(left, right, zone, window)
    said = [field for field in fields if field.state != ONE_SIDED or field.left != field.right]
    return sorted(said, key=lambda field: ORDER.index(field.state))


def without_amounts(fields: list[Field]) -> list[Field]:
    """The fields of two records of which neither's amount is to be the other's: money given back stands beside the
    invoice it was for.
    """
    shown = [
        replace(field, state=ONE_SIDED, note=_("not compared")) if field.name == _("Amount") else field
        for field in fields
    ]
    return sorted(shown, key=lambda field: ORDER.index(field.state))
