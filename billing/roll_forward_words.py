"""The roll-forward of a balance told to people, and as plain figures."""

from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .roll_forward import GROUPS, Day, Gap, RollForward
from .wording import amount_text, count_text

NAMED: Final = 3


def group_name(group: str) -> str:
    """A group of the activity."""
    return {
        "charges": _("Charges"), "refunds": _("Refunds"), "disputes": _("Disputes"), "fees": _("Fees"),
        "other": _("Other"),
    }.get(group, group)  # fmt: skip


def gap_text(gap: Gap, currency: str) -> str:
    """One payout that is told differently."""
    words = {
        "payout": gap.payout,
        "stated": amount_text(gap.stated_minor, currency),
        "line": amount_text(gap.line_minor or 0, currency),
    }
    if gap.line_minor is None:
        return _("%(payout)s, %(stated)s, is not on the statement.") % words
    return _("%(payout)s says %(stated)s was sent, the statement says %(line)s.") % words


def verdict(rolled: RollForward) -> str:
    """Whether the balance ties, or the gap in words; then what only the statement tells."""
    if rolled.ties:
        text = _("✓ Opening + activity − payouts = closing; every payout is told alike by Stripe and the statement.")
    else:
        total = amount_text(sum(gap.gap_minor for gap in rolled.gaps), rolled.currency, sign=True)
        told = " ".join(gap_text(gap, rolled.currency) for gap in rolled.gaps[:NAMED])
        text = _("✕ Payouts do not tie, gap %(total)s. %(gaps)s") % {"total": total, "gaps": told}
        more = len(rolled.gaps) - NAMED
        if more > 0:
            text += " " + ngettext("%(count)s more payout.", "%(count)s more payouts.", more) % {"count": more}
    if rolled.not_fetched:
        seen = ngettext(
            "%(count)s payout is known from the statement only.",
            "%(count)s payouts are known from the statement only.",
            rolled.not_fetched,
        )
        text = f"{text} {seen % {'count': count_text(rolled.not_fetched)}}"
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
