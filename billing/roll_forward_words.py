"""The roll-forward of a balance told to people, and as plain figures."""

from datetime import UTC, datetime
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .balances import Told
from .roll_forward import GROUPS, Day, RollForward
from .wording import amount_text, count_text, time_text

NAMED: Final = 3


def group_name(group: str) -> str:
    """A group of the activity."""
    return {
        "charges": _("Charges"), "refunds": _("Refunds"), "disputes": _("Disputes"), "fees": _("Fees"),
        "other": _("Other"),
    }.get(group, group)  # fmt: skip


def gap_text(gap: dict[str, Any], currency: str) -> str:
    """One payout that is told differently."""
    words = {
        "payout": gap["payout"],
        "stated": amount_text(gap["stated_minor"], currency),
        "line": amount_text(gap["line_minor"] or 0, currency),
    }
    if gap["line_minor"] is None:
        return _("%(payout)s, %(stated)s, is not on the statement.") % words
    return _("%(payout)s says %(stated)s was sent, the statement says %(line)s.") % words


def verdict(told: dict[str, Any], currency: str) -> str:
    """Whether a balance ties (`told` by `plain`), or the gap in words; then what Stripe's own balance says, and what
    only the statement tells.
    """
    gaps, stripe = told["gaps"], told["stripe"]
    if gaps:
        text = payouts_gap(gaps, currency)
    elif stripe and stripe["gap_minor"]:
        text = _("✕ The balance does not tie.")
    else:
        text = _("✓ Opening + activity − payouts = closing; every payout is told alike by Stripe and the statement.")
    if stripe:
        text = f"{text} {stripe_text(stripe, currency)}"
    if told["not_fetched"]:
        seen = ngettext(
            "%(count)s payout is known from the statement only.",
            "%(count)s payouts are known from the statement only.",
            told["not_fetched"],
        )
        text = f"{text} {seen % {'count': count_text(told['not_fetched'])}}"
    return text


def payouts_gap(gaps: list[dict[str, Any]], currency: str) -> str:
    """Payouts that are told differently: by how much in all, and the first of them."""
    words = {
        "total": amount_text(sum((one["line_minor"] or 0) - one["stated_minor"] for one in gaps), currency, sign=True),
        "gaps": " ".join(gap_text(one, currency) for one in gaps[:NAMED]),
    }
    text = _("✕ Payouts do not tie, gap %(total)s. %(gaps)s") % words
    more = len(gaps) - NAMED
    if more > 0:
        text += " " + ngettext("%(count)s more payout.", "%(count)s more payouts.", more) % {"count": more}
    return text


def stripe_text(stripe: dict[str, Any], currency: str) -> str:
    """What Stripe's own balance says about the lines kept here."""
    words = {
        "held": amount_text(stripe["held_minor"], currency),
        "when": time_text(datetime.fromisoformat(stripe["at"]), UTC),
        "gap": amount_text(abs(stripe["gap_minor"]), currency),
    }
    if stripe["counted_minor"] is None:
        return _("Stripe's own balance was %(held)s on %(when)s; the next answer will be compared with it.") % words
    if stripe["gap_minor"] > 0:
        return _("Stripe's own balance was %(held)s on %(when)s: %(gap)s more than the lines tell.") % words
    if stripe["gap_minor"] < 0:
        return _("Stripe's own balance was %(held)s on %(when)s: %(gap)s less than the lines tell.") % words
    return _("Stripe's own balance was %(held)s on %(when)s, as the lines tell.") % words


def figures(day: Day) -> dict[str, int]:
    """A day, or a whole period, as plain figures in minor units."""
    return {
        "opening_minor": day.opening,
        **{f"{name}_minor": day.parts[name] for name in GROUPS},
        "activity_minor": day.activity,
        "sent_minor": day.sent,
        "returned_minor": day.returned,
        "closing_minor": day.closing,
    }


def told_plainly(told: Told | None) -> dict[str, Any] | None:
    """What the provider says of a balance, as plain figures."""
    if told is None:
        return None
    return {
        "at": told.at.astimezone(UTC).isoformat(), "held_minor": told.held_minor, "counted_minor": told.counted_minor,
        "gap_minor": told.gap_minor, "before_minor": told.before_minor,
    }  # fmt: skip


def plain(rolled: RollForward) -> dict[str, Any]:
    """A currency's period as plain figures, for reports: its total and its gaps."""
    return {
        **figures(rolled.total()),
        "ties": rolled.ties,
        "not_fetched": rolled.not_fetched,
        "stripe": told_plainly(rolled.told),
        "gaps": [
            {"payout": gap.payout, "day": gap.day.isoformat(), "stated_minor": gap.stated_minor,
             "line_minor": gap.line_minor}
            for gap in rolled.gaps
        ],
    }  # fmt: skip


def lines(told: dict[str, Any]) -> list[tuple[str, int, bool]]:
    """A period's figures line by line, for people: name, minor units as they add up, whether it is a sum."""
    return [
        (_("Opening balance"), told["opening_minor"], True),
        *((group_name(name), told[f"{name}_minor"], False) for name in GROUPS),
        (_("Payouts"), -told["sent_minor"], False),
        (_("Payouts returned"), told["returned_minor"], False),
        (_("Closing balance"), told["closing_minor"], True),
    ]
