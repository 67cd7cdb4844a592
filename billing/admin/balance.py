"""The page of a balance: opening + activity − payouts = closing, day by day, with a line of the closing balance."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.access import visible_to
from billing.days import may_be_asked_for
from billing.models import Organization
from billing.roll_forward import GROUPS, Day, RollForward, roll_forward
from billing.roll_forward_words import group_name, plain, verdict

from .balance_chart import balance_line
from .cells import amount_cell

SEES = "billing.view_payout"
DAYS = 30
MOST_DAYS = 400


def balance_page(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """The balances of one of the user's organizations, over the days asked for or the last thirty."""
    if not request.user.has_perm(SEES) or request.method not in ("GET", "HEAD"):
        raise PermissionDenied
    own = Organization.objects.filter(pk__in=visible_to(request)).order_by("name", "pk")
    organization = chosen(request, list(own))
    context: dict[str, Any] = {**site.each_context(request), "title": _("Balance"), "heading": _("Balance")}
    if organization is None:
        return TemplateResponse(request, "desk/balance.html", {**context, "organizations": []})
    zone = ZoneInfo(organization.timezone)
    first, last, problem = days_of(request, zone)
    start, end = (datetime.combine(day, time.min, zone) for day in (first, last + timedelta(days=1)))
    rolled = [] if problem else roll_forward(organization=organization, start=start, end=end)
    context |= {
        "organizations": own,
        "organization": organization,
        "first": first.isoformat(),
        "last": last.isoformat(),
        "problem": problem,
        "currencies": [currency_block(one) for one in rolled],
    }
    request.current_app = site.name
    return TemplateResponse(request, "desk/balance.html", context)


def chosen(request: HttpRequest, own: list[Organization]) -> Organization | None:
    """The organization asked for, else the first; None without any. Raises Http404 for somebody else's."""
    asked = request.GET.get("organization", "")
    if not asked:
        return own[0] if own else None
    for one in own:
        if str(one.pk) == asked:
            return one
    raise Http404


def days_of(request: HttpRequest, zone: ZoneInfo) -> tuple[date, date, str]:
    """First and last day asked for (both included), and what is wrong with them."""
    today = timezone.now().astimezone(zone).date()
    default = (today - timedelta(days=DAYS - 1), today)
    try:
        first, last = (
            date.fromisoformat(request.GET.get(name) or day.isoformat())
            for name, day in zip(("first", "last"), default, strict=True)
        )
    except ValueError:
        return *default, _("A day is written as 2026-11-01.")
    if not (may_be_asked_for(first) and may_be_asked_for(last)):
        return *default, _("Choose a day between 2000 and 2199.")
    if first > last:
        return first, last, _("The first day is after the last one. Swap them.")
    if (last - first).days >= MOST_DAYS:
        return first, last, _("Ask for %(days)s days at most.") % {"days": MOST_DAYS}
    return first, last, ""


def currency_block(rolled: RollForward) -> dict[str, Any]:
    """A currency's days on which something moved, its total, its line and its verdict."""
    moved = [day for day in rolled.days if day.activity or day.sent or day.returned]
    return {
        "currency": rolled.currency,
        "groups": [group_name(name) for name in GROUPS],
        "days": [row(day) for day in moved],
        "total": row(rolled.total()),
        "chart": balance_line([(day.day, day.closing) for day in rolled.days], rolled.currency),
        "ties": rolled.ties,
        "verdict": verdict(plain(rolled), rolled.currency),
    }


def row(day: Day) -> dict[str, Any]:
    """A day, or the whole period, as cells that add up from left to right."""
    amounts = [*(day.parts[name] for name in GROUPS), -day.sent, day.returned]
    return {
        "day": day.day.isoformat(),
        "opening": amount_cell(day.opening, day.currency),
        "amounts": [amount_cell(amount, day.currency) if amount else "" for amount in amounts],
        "closing": amount_cell(day.closing, day.currency),
        "minor": [day.opening, *amounts, day.closing],
    }
