"""Causes in words: what the discrepancies share, in a line."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from billing.admin.cells import zone_of
from billing.models import ImportBatch
from billing.wording import amount_text, decimal_text, time_text
from reconciliation.core import findings, payout_findings, statement_types
from reconciliation.core.causes.recorded import ON_RECORD
from reconciliation.models import Cause
from reconciliation.sentences import type_name
from reconciliation.statement_sentences import part_words

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
    return gap_text(cause) % times


def gap_text(cause: Cause) -> str:
    """What did not come, by comparison and the side whose records wait for it."""
    left = cause.facts["side"] == "left"
    if cause.comparison == "statements":
        if left:
            return _("No line of the statement for what was paid between %(from)s and %(to)s")
        if cause.facts["record_kind"] == "refund":
            return _("No refund given between %(from)s and %(to)s is in our books")
        return _("No invoice here for what Stripe received between %(from)s and %(to)s")
    if cause.comparison == "payouts":
        if left:
            return _("No payout that arrived between %(from)s and %(to)s was fetched")
        return _("No lines were fetched of the payouts that arrived between %(from)s and %(to)s")
    if left:
        return _("Nothing arrived from the provider between %(from)s and %(to)s")
    return _("Nothing was booked here between %(from)s and %(to)s")


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
    type_ = cause.facts.get("type", findings.AMOUNT)
    if type_ == statement_types.FEE:
        text = (
            _("Stripe always takes %(line)s less than agreed")
            if less
            else _("Stripe always takes %(line)s more than agreed")
        )
    elif type_ in (statement_types.OVERPAID, statement_types.UNDERPAID):
        text = _("Invoices are always paid %(line)s short") if less else _("Invoices are always paid %(line)s over")
    elif type_ == payout_findings.DIFFERS:
        text = (
            _("Payouts always send %(line)s less than their lines come to")
            if less
            else _("Payouts always send %(line)s more than their lines come to")
        )
    else:
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
    """A file or a fetch."""
    if is_fetch(cause):
        words = {"fetch": f"F-{cause.facts['batch']}", "type": type_words(cause)}
        return _("What the fetch %(fetch)s brought is faulty: %(type)s") % words
    words = {"file": file_of(cause)}
    if cause.kind == "import_twice":
        return _("The import %(file)s books again what is booked already") % words
    return _("The import %(file)s is faulty: %(type)s") % {**words, "type": type_words(cause)}


def prefix_name(cause: Cause, _zone: ZoneInfo) -> str:
    """A prefix."""
    words = {"prefix": cause.facts["prefix"], "type": type_words(cause)}
    if is_line(cause):
        return _("Payments for invoices that begin with “%(prefix)s”: %(type)s") % words
    return _("Ids that begin with “%(prefix)s”: %(type)s") % words


def payout_name(cause: Cause, _zone: ZoneInfo) -> str:
    """A payout."""
    return _("Lines of payout %(payout)s: %(type)s") % {"payout": cause.facts["payout"], "type": type_words(cause)}


def customer_name(cause: Cause, _zone: ZoneInfo) -> str:
    """A customer."""
    return _("Customer %(customer)s: %(type)s") % {"customer": cause.facts["customer"], "type": type_words(cause)}


def reference_name(_cause: Cause, _zone: ZoneInfo) -> str:
    """Payments that name no invoice."""
    return _("Payments do not name their invoice")


def recorded_name(cause: Cause, _zone: ZoneInfo) -> str:
    """What a row on record says."""
    word = cause.facts["word"]
    texts = {
        "invoiced_without_fee": _("Invoices count as paid after Stripe's fee was taken off"),
        "paid_twice": _("Invoices were paid twice"),
        "payments_failed": _("Payments that failed count as payments of their invoices"),
        "unclassified": _("Lines of the type “%(word)s”, which is not known here"),
        "other_fees": _("Stripe charged other fees on top: %(word)s"),
        "lines_withdrawn": _("Lines of these payouts were withdrawn"),
        "not_itemised": _("Payouts sent by hand, whose lines Stripe does not list"),
        "payouts_late": _("Payouts are late at the bank"),
        "payouts_failed": _("The bank sent payouts back: %(word)s") if word else _("The bank sent payouts back"),
        "payouts_canceled": _("Payouts were canceled"),
    }
    if cause.kind == "other_fees":
        word = ", ".join(part_words(code) for code in word.split(", "))
    return texts[cause.kind] % {"word": word}


def type_words(cause: Cause) -> str:
    """What is wrong with each."""
    return type_name(cause.facts["type"]).lower()


def is_line(cause: Cause) -> bool:
    """Whether it is about lines of the statement."""
    return cause.comparison == "statements" and cause.facts.get("side") == "right"


def is_fetch(cause: Cause) -> bool:
    """Whether what brought the records is a fetch, and no file."""
    return is_line(cause) and "batch" in cause.facts


NAMES: dict[str, Callable[[Cause, ZoneInfo], str]] = {
    "gap": gap_name, "shift": shift_name, "fee": fee_name, "refund": refund_name, "fee_and_refund": refund_name,
    "units": units_name, "constant": line_name, "share": line_name, "share_and_constant": line_name,
    "import_twice": import_name, "import_faulty": import_name, "prefix": prefix_name, "payout": payout_name,
    "customer": customer_name, "reference_lost": reference_name,
    **{kind: recorded_name for kind, _fewest in ON_RECORD.values()},
}  # fmt: skip


def cause_name(cause: Cause) -> str:
    """What the discrepancies share, in a line."""
    return NAMES[cause.kind](cause, zone_of(cause))


def import_of(cause: Cause) -> ImportBatch | None:
    """The import a cause names."""
    if is_fetch(cause):
        return None
    return ImportBatch.objects.filter(organization=cause.organization_id, pk=cause.facts.get("batch", 0)).first()


def file_of(cause: Cause) -> str:
    """Its file."""
    batch = import_of(cause)
    return batch.filename if batch else "–"
