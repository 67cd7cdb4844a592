"""The roll-forward of a balance told to people, and as plain figures."""

from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .roll_forward import GROUPS, Day, RollForward
from .wording import amount_text, count_text

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
    """Whether a balance ties (`told` by `plain`), or the gap in words; then what only the statement tells."""
    gaps = told["gaps"]
    if not gaps:
        text = _("✓ Opening + activity − payouts = closing; every payout is told alike by Stripe and the statement.")
    else:
        gap = sum((one["line_minor"] or 0) - one["stated_minor"] for one in gaps)
        words = {
            "total": amount_text(gap, currency, sign=True),
            "gaps": " ".join(gap_text(one, currency) for one in gaps[:NAMED]),
        }
        text = _("✕ Payouts do not tie, gap %(total)s. %(gaps)s") % words
        more = len(gaps) - NAMED
        if more > 0:
            text += " " + ngettext("%(count)s more payout.", "%(count)s more payouts.", more) % {"count": more}
    if told["not_fetched"]:
        seen = ngettext(
            "%(count)s payout is known from the statement only.",
            "%(count)s payouts are known from the statement only.",
            told["not_fetched"],
        )
        text = f"{text} {seen % {'count': count_text(told['not_fetched'])}}"
    return text


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


def plain(rolled: RollForward) -> dict[str, Any]:
    """A currency's period as plain figures, for reports: its total and its gaps."""
    return {
        **figures(rolled.total()),
        "ties": rolled.ties,
        "not_fetched": rolled.not_fetched,
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
