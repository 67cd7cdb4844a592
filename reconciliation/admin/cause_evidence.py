"""Why a group of discrepancies is put down to one cause: sentences with their numbers, and what to do."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from billing.admin.cells import zone_of
from billing.models import ProviderFetch
from billing.wording import amount_text, count_text, time_text
from reconciliation.core import statement_types
from reconciliation.core.causes.recorded import ON_RECORD
from reconciliation.models import Cause
from reconciliation.wording import moment_text

from .cause_words import import_of, is_fetch, line_words, span_words

MOST_NAMED = 3
FETCHED = {
    ("statements", "left"): ProviderFetch.Kind.STATEMENTS, ("payouts", "left"): ProviderFetch.Kind.PAYOUTS,
}  # fmt: skip


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
        fetched(cause, facts, zone),
        gap_advice(cause),
    ]


def gap_advice(cause: Cause) -> str:
    """What closes a gap."""
    if cause.comparison == "payments":
        return _("Back-fill this time from the provider's event list, then run again.")
    if cause.comparison == "statements" and cause.facts["side"] == "right":
        return _("Import the invoices or credit notes of this time, then run again.")
    return _("Fetch this time again with “Sync now”, or “Fetch missing payments” for older days; then run again.")


def fetched(cause: Cause, facts: dict[str, Any], zone: ZoneInfo) -> str:
    """Whether a fetch covers the gap, where what it fetches is what is missing."""
    kind = FETCHED.get((cause.comparison, facts["side"]))
    if kind is None:
        return ""
    begin, end = (moment(facts[name]) for name in ("first", "last"))
    walks = ProviderFetch.objects.filter(organization=cause.organization_id, kind=kind)
    whole = walks.filter(status=ProviderFetch.Status.DONE, range_start__lte=begin, range_end__gte=end)
    names = ", ".join(f"F-{pk}" for pk in whole.order_by("-pk").values_list("pk", flat=True)[:MOST_NAMED])
    if names:
        return _("Fetches cover that time (%(names)s): what is missing was not at the provider then.") % {
            "names": names
        }
    words = {"from": time_text(begin, zone), "to": time_text(end, zone)}
    return _("No fetch covers all of %(from)s to %(to)s.") % words


def moment(micros: int) -> datetime:
    """A time kept in facts."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)


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
        _("If that is what is agreed by now, set the fee terms anew; else ask Stripe for it back.")
        if facts.get("type") == statement_types.FEE
        else "",
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
    batch, fetch = import_of(cause), fetch_of(cause)
    told = {"n": count_text(facts.get("copies", cause.rows_found)), "rows": count_text(facts["rows"])}
    if cause.kind == "import_twice":
        lines = [_("%(n)s of its %(rows)s records claim what another payment here holds or claims.") % told]
    else:
        lines = [_("%(n)s of its %(rows)s records have this discrepancy.") % told]
    if batch:
        who = {"when": time_text(batch.imported_at, zone), "who": batch.imported_by or "–"}
        lines.append(_("Imported %(when)s by %(who)s.") % who)
    if fetch:
        who = {"when": time_text(fetch.started_at, zone), "who": fetch.started_by or "–"}
        lines.append(_("Fetched %(when)s, started by %(who)s.") % who)
    return [*lines, *elsewhere(facts)]


def fetch_of(cause: Cause) -> ProviderFetch | None:
    """The fetch a cause names."""
    if not is_fetch(cause):
        return None
    return ProviderFetch.objects.filter(organization=cause.organization_id, pk=cause.facts["batch"]).first()


def said_evidence(cause: Cause, _facts: dict[str, Any], _zone: ZoneInfo) -> list[str]:
    """A row on record for each, and what to do about them."""
    advice = {
        "invoiced_without_fee": _("Correct how payments are booked: the invoice is paid in full, the fee is a cost."),
        "paid_twice": _("Give the second payments back, or book them on account."),
        "unclassified": _("The lines are kept and counted, and compared with nothing until their type is classified."),
        "other_fees": _("Agree on these fees, or ask Stripe for them back."),
        "lines_withdrawn": _("Fetch these lines again, or accept the rest once the right file is here."),
        "not_itemised": _("Send payouts automatically to have their lines listed; else accept them one by one."),
        "payouts_late": _("Ask the bank or Stripe where the money is."),
        "payouts_failed": _("Correct the bank account at Stripe; the money is back on the balance."),
    }
    same = _("Each of %(n)s discrepancies has the same reason on record.") % {"n": count_text(cause.rows_found)}
    return [same, advice.get(cause.kind, "")]


def reference_evidence(_cause: Cause, facts: dict[str, Any], _zone: ZoneInfo) -> list[str]:
    """Pairs that can only mean each other."""
    told = {"n": count_text(facts["pairs"])}
    return [
        _("%(n)s payments agree in customer, amount and currency with an invoice that waits, within three days.")
        % told,
        "; ".join(f"D-{invoice} ↔ D-{line}" for invoice, line in facts["examples"]),
        _("Have the shop write invoice_id into the metadata of its payments again."),
    ]


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
    "prefix": prefix_evidence, "payout": prefix_evidence, "customer": prefix_evidence,
    "reference_lost": reference_evidence, **{kind: said_evidence for kind, _fewest in ON_RECORD.values()},
}  # fmt: skip
