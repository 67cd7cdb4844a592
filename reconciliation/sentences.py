"""The sentence of a discrepancy: what the provider says, what we say, how far apart, and what explains it."""

from collections.abc import Callable
from datetime import tzinfo
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reconciliation import payout_sentences, statement_sentences
from reconciliation.core import findings
from reconciliation.core.schema import STATUS_CLASSES
from reconciliation.models import ReconciliationDiscrepancy
from reconciliation.wording import Facts, amount_text, capital, moment_text, money, provider_name, source_words


def status_word(status: str) -> str:
    """A canonical status for people."""
    return {
        "succeeded": _("succeeded"), "pending": _("pending"), "failed": _("failed"), "canceled": _("canceled"),
        "refunded": _("refunded"), "partially_refunded": _("partially refunded"),
    }.get(status, _("unknown"))  # fmt: skip


def part_words(part: Facts, currency: str) -> str:
    """A part that explains a difference."""
    name = {"fee": _("the card fee"), "refund": _("the refund")}.get(part["code"], part["code"])
    return _("%(name)s (%(amount)s, %(source)s)") % {
        "name": name,
        "amount": amount_text(part["amount_minor"], currency, sign=True),
        "source": source_words(part["source"]),
    }


def amount_differs(row: ReconciliationDiscrepancy, facts: Facts, _zone: tzinfo) -> str:
    """Amounts of a pair."""
    difference = row.difference_minor or 0
    direction = _("less") if difference < 0 else _("more")
    text = _("%(provider)s recorded %(right)s, we recorded %(left)s: %(difference)s %(direction)s.") % {
        "provider": capital(provider_name(facts["right"])),
        "right": money(facts["right"]),
        "left": money(facts["left"]),
        "difference": amount_text(abs(difference), row.currency),
        "direction": direction,
    }
    return f"{text} {why_amount(row, facts)}"


def why_amount(row: ReconciliationDiscrepancy, facts: Facts) -> str:
    """What explains an amount that differs, and what stays unexplained."""
    if row.reason_code == "amount.minor_units_confused":
        return _("One side is a hundred or a thousand times the other: cents were taken for whole units.")
    parts = [part_words(part, row.currency) for part in facts["parts"]]
    if not parts:
        return _("Nothing on record explains it.")
    named = capital(_(" and ").join(parts))
    if row.unexplained_minor:
        rest = amount_text(row.unexplained_minor, row.currency, sign=True)
        return _("%(parts)s explains part of it; %(rest)s stay unexplained.") % {"parts": named, "rest": rest}
    return ngettext("%(parts)s explains all of it.", "%(parts)s explain all of it.", len(parts)) % {"parts": named}


def currency_differs(_row: ReconciliationDiscrepancy, facts: Facts, _zone: tzinfo) -> str:
    """Currencies of a pair."""
    return _("Same payment, %(left)s here, %(right)s at %(provider)s. Amounts are not compared.") % {
        "left": money(facts["left"]),
        "right": money(facts["right"]),
        "provider": provider_name(facts["right"]),
    }


def status_differs(_row: ReconciliationDiscrepancy, facts: Facts, _zone: tzinfo) -> str:
    """Statuses of a pair."""
    return _("%(amount)s: %(right)s at %(provider)s (%(key)s), %(left)s here (%(own)s).") % {
        "amount": money(facts["right"]),
        "right": status_word(facts["right"]["status"]),
        "provider": provider_name(facts["right"]),
        "key": facts["right"]["key"],
        "left": status_word(facts["left"]["status"]),
        "own": facts["left"]["own"],
    }


def missing_here(_row: ReconciliationDiscrepancy, facts: Facts, zone: tzinfo) -> str:
    """A provider record without a payment here."""
    right = facts["right"]
    words = {
        "provider": capital(provider_name(right)),
        "amount": money(right),
        "when": moment_text(right["occurred_at"], zone),
        "key": right["key"],
    }
    if STATUS_CLASSES.get(right["status"]) == "no_money":
        text = _("%(provider)s declined %(amount)s on %(when)s; no payment here carries %(key)s. Nothing was taken.")
    elif right["kind"] == "refund":
        text = _("%(provider)s refunded %(amount)s on %(when)s; no refund here carries %(key)s.")
    elif right["status"] == "pending":
        text = _("%(provider)s is collecting %(amount)s since %(when)s; no payment here carries %(key)s.")
    else:
        text = _("%(provider)s charged %(amount)s on %(when)s; no payment here carries %(key)s.")
    return text % words


def is_stripe_id(key: str | None) -> bool:
    """Whether a provider reference has the shape of a Stripe id."""
    return (key or "").startswith(("ch_", "py_", "pi_", "re_", "pyr_"))


def missing_there(_row: ReconciliationDiscrepancy, facts: Facts, zone: tzinfo) -> str:
    """A payment here without a provider record."""
    left, holder = facts["left"], facts["claimed_by"]
    words = {
        "amount": money(left),
        "when": moment_text(left["occurred_at"], zone),
        "own": left["own"],
        "key": left["key"] or "",
        "hours": facts["grace"] // 3_600_000_000,
        "due": moment_text(facts["due_at"], zone),
        "holder": holder["own"] if holder else "",
        "provider": "Stripe" if is_stripe_id(left["key"]) else _("the provider"),
    }
    if holder:
        return (
            _("%(own)s was booked here for %(amount)s on %(when)s; %(key)s is already matched to %(holder)s.") % words
        )
    if left["kind"] == "refund":
        text = _("%(own)s: %(amount)s refunded here on %(when)s; %(provider)s has no such refund.")
    elif left["key"]:
        text = _("%(own)s: %(amount)s booked here on %(when)s; %(provider)s has no record of %(key)s.")
    else:
        text = _("%(own)s: %(amount)s booked here on %(when)s; %(provider)s has no such payment.")
    return f"{text % words} {_('The %(hours)s h grace ended on %(due)s.') % words}"


def charged_twice(row: ReconciliationDiscrepancy, facts: Facts, zone: tzinfo) -> str:
    """Two charges that look like one."""
    right, twin = facts["right"], facts["twin"]
    minutes = abs(right["occurred_at"] - twin["occurred_at"]) // 60_000_000
    words = {
        "party": right["party"],
        "amount": money(right),
        "key": right["key"],
        "twin": twin["key"],
        "minutes": minutes,
        "when": moment_text(right["occurred_at"], zone),
    }
    text = ngettext(
        "%(party)s was charged %(amount)s twice within %(minutes)s minute: %(twin)s and %(key)s (%(when)s).",
        "%(party)s was charged %(amount)s twice within %(minutes)s minutes: %(twin)s and %(key)s (%(when)s).",
        minutes,
    )
    booked = {
        "duplicate.both_booked": _("Both are booked here."),
        "duplicate.not_booked": _("%(key)s is not booked here.") % words,
    }
    return f"{text % words} {booked.get(row.reason_code, '')}".strip()


def nobody_chose(_row: ReconciliationDiscrepancy, facts: Facts, _zone: tzinfo) -> str:
    """Several records that fit equally."""
    theirs = [rival["key"] for rival in facts["rivals"] if rival["provider"]]
    ours = [rival["own"] for rival in facts["rivals"] if not rival["provider"]]
    words = {
        "own": facts["left"]["own"],
        "amount": money(facts["left"]),
        "theirs": few(theirs) or _("very many records"),
        "ours": few(ours),
    }
    if len(theirs) == 1:
        return _("%(own)s, %(amount)s: %(theirs)s fits %(ours)s as well. Nobody has chosen.") % words
    text = _("%(own)s, %(amount)s: %(theirs)s fit equally.") % words
    if ours:
        text = f"{text} {_('They fit %(ours)s as well.') % words}"
    return f"{text} {_('Nobody has chosen.')}"


def few(names: list[str], limit: int = 3) -> str:
    """Some names, and how many more there are."""
    more = len(names) - limit
    shown = ", ".join(names[:limit])
    return shown if more <= 0 else _("%(names)s and %(more)s more") % {"names": shown, "more": more}


SENTENCES: dict[str, Callable[[ReconciliationDiscrepancy, Any, tzinfo], str]] = {
    findings.AMOUNT: amount_differs,
    findings.CURRENCY: currency_differs,
    findings.STATUS: status_differs,
    findings.MISSING_INTERNAL: missing_here,
    findings.MISSING_PROVIDER: missing_there,
    findings.DUPLICATE: charged_twice,
    findings.AMBIGUOUS: nobody_chose,
    **payout_sentences.SENTENCES,
}
# Types that several comparisons have read differently in each.
OWN_SENTENCES = {"statements": {**SENTENCES, **statement_sentences.SENTENCES}}


def sentence(row: ReconciliationDiscrepancy, zone: tzinfo) -> str:
    """Why `row` is a discrepancy, in the active language, times in `zone`."""
    return OWN_SENTENCES.get(row.comparison, SENTENCES)[row.type](row, row.explanation, zone)


def type_name(type_: str) -> str:
    """A type's short name for people."""
    return {
        findings.AMOUNT: _("Amount differs"),
        findings.CURRENCY: _("Currency differs"),
        findings.STATUS: _("Status differs"),
        findings.MISSING_INTERNAL: _("Missing here"),
        findings.MISSING_PROVIDER: _("Missing at the provider"),
        findings.DUPLICATE: _("Charged twice?"),
        findings.AMBIGUOUS: _("Several fit"),
        **payout_sentences.names(),
        **statement_sentences.names(),
    }.get(type_, type_)


def clears_when(row: ReconciliationDiscrepancy) -> str:
    """What would clear a discrepancy."""
    texts = {
        "book_or_correct": _("It clears when a payment here carries this provider reference, or a manager accepts it."),
        "event_or_correct": _("It clears when the provider's record arrives, or the booking here is corrected."),
        "remove_second_booking": _("It clears when the second booking is canceled or gets its own provider reference."),
        "correct_amount": _(
            "It clears when both amounts agree, an entry covers the difference, or a manager accepts it."
        ),
        "correct_currency": _("It clears when both sides carry the same currency."),
        "correct_status": _("It clears when both statuses agree."),
        "refund_or_confirm": _("It clears when one charge is refunded, or somebody confirms both are meant."),
        "choose": _("It clears when somebody chooses, or a reference is added on either side."),
        **payout_sentences.clearings(),
        **statement_sentences.clearings(),
    }
    return texts.get(row.explanation.get("clears", ""), "")
