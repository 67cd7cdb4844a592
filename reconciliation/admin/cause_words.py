"""Causes in words: the name, and the evidence as sentences with their numbers."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from billing.admin.cells import zone_of
from billing.models import ImportBatch
from billing.wording import amount_text, count_text, decimal_text, time_text
from reconciliation.models import Cause
from reconciliation.sentences import type_name
from reconciliation.wording import moment_text

MINUTE, HOUR = 60_000_000, 3_600_000_000
PERCENT = 100  # parts of a share a percent


def span_words(span: int) -> str:
    """A span (µs) in hours and minutes, without its sign."""
    hours, minutes = divmod(round(abs(span) / MINUTE), 60)
    if not hours:
        return _("%d min") % minutes
    return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes} if minutes else _("%d h") % hours


def line_words(cause: Cause) -> str:
    """A constant, a share of the amount, or both, without signs: 2.9 % + 0.30 EUR."""
    constant, parts = cause.facts["constant_minor"], cause.facts["parts"]
    share = _("%s %%") % decimal_text(f"{abs(parts) / PERCENT:g}") if parts else ""
    amount = amount_text(abs(constant), cause.currency) if constant else ""
    if share and amount:
        mark = "+" if (parts < 0) == (constant < 0) else "−"
        return f"{share} {mark} {amount}"
    return share or amount


def gap_name(cause: Cause, zone: ZoneInfo) -> str:
    """Between which times nothing came."""
    begin, end = (datetime.fromtimestamp(cause.facts[name] // 1_000_000, zone) for name in ("from", "to"))
    until = f"{end:%H:%M %Z}" if begin.date() == end.date() else time_text(end, zone)
    times = {"from": time_text(begin, zone), "to": until}
    if cause.facts["side"] == "left":
        return _("Nothing arrived from the provider between %(from)s and %(to)s") % times
    return _("Nothing was booked here between %(from)s and %(to)s") % times


def shift_name(cause: Cause, _zone: ZoneInfo) -> str:
    """By how much clocks differ."""
    words = {"span": span_words(cause.facts["shift"])}
    if cause.facts["shift"] > 0:
        text = _("The provider's times are %(span)s later than ours")
    else:
        text = _("The provider's times are %(span)s earlier than ours")
    name = text % words
    return _("%(name)s: a shifted time zone") % {"name": name} if cause.facts["zone_like"] else name


def line_name(cause: Cause, _zone: ZoneInfo) -> str:
    """What the differences are made of."""
    less = (cause.facts["parts"] or cause.facts["constant_minor"]) < 0
    text = _("Always %(line)s less at the provider") if less else _("Always %(line)s more at the provider")
    return text % {"line": line_words(cause)}


def fee_name(cause: Cause, _zone: ZoneInfo) -> str:
    """A fee on record."""
    if cause.facts["sign"] > 0:
        return _("Booked here after the provider's fee was taken off")
    return _("The provider's amounts lack the fee, ours hold it")


def refund_name(_cause: Cause, _zone: ZoneInfo) -> str:
    """Refunds on record."""
    return _("Refunds were set off against the charge on one side")


def units_name(cause: Cause, _zone: ZoneInfo) -> str:
    """A factor."""
    factor = cause.facts["factor"]
    text = _("The provider's amounts are %d times ours") if factor > 0 else _("Our amounts are %d times the provider's")
    return str(_("%s: cents were taken for whole units") % (text % abs(factor)))


def import_name(cause: Cause, _zone: ZoneInfo) -> str:
    """A file."""
    words = {"file": file_of(cause)}
    if cause.kind == "import_twice":
        return _("The import %(file)s books again what is booked already") % words
    return _("The import %(file)s is faulty: %(type)s") % {**words, "type": type_name(cause.facts["type"]).lower()}


def prefix_name(cause: Cause, _zone: ZoneInfo) -> str:
    """A prefix."""
    words = {"prefix": cause.facts["prefix"], "type": type_name(cause.facts["type"]).lower()}
    return _("Ids that begin with “%(prefix)s”: %(type)s") % words


NAMES: dict[str, Callable[[Cause, ZoneInfo], str]] = {
    "gap": gap_name, "shift": shift_name, "fee": fee_name, "refund": refund_name, "fee_and_refund": refund_name,
    "units": units_name, "constant": line_name, "share": line_name, "share_and_constant": line_name,
    "import_twice": import_name, "import_faulty": import_name, "prefix": prefix_name,
}  # fmt: skip


def cause_name(cause: Cause) -> str:
    """What the discrepancies share, in a line."""
    return NAMES[cause.kind](cause, zone_of(cause))


def import_of(cause: Cause) -> ImportBatch | None:
    """The import a cause names."""
    return ImportBatch.objects.filter(organization=cause.organization_id, pk=cause.facts.get("batch", 0)).first()


def file_of(cause: Cause) -> str:
    """Its file."""
    batch = import_of(cause)
    return batch.filename if batch else "–"


def evidence(cause: Cause) -> list[str]:
    """Why this is named a cause: what was seen, and what speaks against chance."""
    return [text for text in EVIDENCE[cause.kind](cause, cause.facts, zone_of(cause)) if text]


def gap_evidence(cause: Cause, facts: dict[str, Any], zone: ZoneInfo) -> list[str]:
    """Times, and what is left of what should have arrived."""
    told = {
        "n": count_text(cause.rows_found), "first": moment_text(facts["first"], zone),
        "last": moment_text(facts["last"], zone), "arrived": count_text(facts["arrived_inside"]),
        "span": span_words(facts["to"] - facts["from"]),
    }  # fmt: skip
    return [
        _("%(n)s records in a row found no counterpart: the first occurred %(first)s, the last %(last)s.") % told,
        _("Between the last arrival before them and the first one after them lie %(span)s; %(arrived)s arrived.")
        % told,
        _("Back-fill this time from the provider's event list, then run again."),
    ]


def shift_evidence(_cause: Cause, facts: dict[str, Any], _zone: ZoneInfo) -> list[str]:
    """How close the spans lie."""
    told = {
        "n": count_text(facts["pairs"]), "span": span_words(facts["most"] - facts["least"]),
        "shift": span_words(facts["shift"]),
    }  # fmt: skip
    return [
        _("%(n)s pairs agree in customer, amount and currency, and lie %(shift)s apart.") % told,
        _("Their spans differ by %(span)s at most.") % told,
        _("Correct the time zone where the file or the booking is made, then import again."),
    ]


def line_evidence(cause: Cause, facts: dict[str, Any], _zone: ZoneInfo) -> list[str]:
    """How many differences lie on the line, with examples."""
    told = {"n": count_text(cause.rows_found), "line": line_words(cause), "misfits": count_text(len(facts["misfits"]))}
    examples = [
        f"D-{pk}{_(': ')}{amount_text(left, cause.currency)} → {amount_text(difference, cause.currency, sign=True)}"
        for pk, left, difference in facts["examples"]
    ]
    return [
        _("%(n)s differences are %(line)s each, whatever the amount; nothing on record explains them.") % told,
        "; ".join(examples),
    ]


def recorded_evidence(cause: Cause, _facts: dict[str, Any], _zone: ZoneInfo) -> list[str]:
    """A row on record for each."""
    return [
        _("In each of %(n)s discrepancies the difference is exactly what a row on record says.")
        % {"n": count_text(cause.rows_found)}
    ]


def units_evidence(cause: Cause, _facts: dict[str, Any], _zone: ZoneInfo) -> list[str]:
    """The factor, without rest."""
    return [
        _("In each of %(n)s discrepancies one amount is that many times the other, without a rest.")
        % {"n": count_text(cause.rows_found)}
    ]


def import_evidence(cause: Cause, facts: dict[str, Any], zone: ZoneInfo) -> list[str]:
    """The import, its rows, and how the others fare."""
    batch = import_of(cause)
    told = {"n": count_text(facts.get("copies", cause.rows_found)), "rows": count_text(facts["rows"])}
    if cause.kind == "import_twice":
        lines = [_("%(n)s of its %(rows)s records claim what another payment here holds or claims.") % told]
    else:
        lines = [_("%(n)s of its %(rows)s records have this discrepancy.") % told]
    if batch:
        who = {"when": time_text(batch.imported_at, zone), "who": batch.imported_by or "–"}
        lines.append(_("Imported %(when)s by %(who)s.") % who)
    return [*lines, *elsewhere(facts)]


def prefix_evidence(cause: Cause, facts: dict[str, Any], _zone: ZoneInfo) -> list[str]:
    """The prefix's records, and how the others fare."""
    told = {"n": count_text(cause.rows_found), "rows": count_text(facts["rows"])}
    return [_("%(n)s of its %(rows)s records have this discrepancy.") % told, *elsewhere(facts)]


def elsewhere(facts: dict[str, Any]) -> list[str]:
    """How many others have the same fault."""
    if "outside_of" not in facts:
        return []
    told = {"n": count_text(facts["outside"]), "rows": count_text(facts["outside_of"])}
    return [_("Of the %(rows)s other records of this side, %(n)s have it.") % told]


EVIDENCE: dict[str, Callable[[Cause, dict[str, Any], ZoneInfo], list[str]]] = {
    "gap": gap_evidence, "shift": shift_evidence, "fee": recorded_evidence, "refund": recorded_evidence,
    "fee_and_refund": recorded_evidence, "units": units_evidence, "constant": line_evidence, "share": line_evidence,
    "share_and_constant": line_evidence, "import_twice": import_evidence, "import_faulty": import_evidence,
    "prefix": prefix_evidence,
}  # fmt: skip
