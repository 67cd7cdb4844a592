"""What the page of a bulk action shows: the preview, the progress, the result that stays."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from billing.admin.cells import amount_cell, link, time_cell
from billing.admin.search import row_number
from billing.wording import count_text
from reconciliation.bulk import may_act
from reconciliation.bulk.confirming import BulkRefused, silent
from reconciliation.models import BulkAction, BulkRow
from reconciliation.sentences import sentence, type_name

from .bulk_words import action_title, heading, result_cell, result_word, selection_words, state_cell, why_words
from .log_words import actor_words, resolution_words
from .notes import note_html

ROWS_SHOWN = 50
RESULTS = ("done", "not_allowed", "changed", "failed", "skipped")
State = BulkAction.State
ASK_EVERY_SECONDS = 1


def bulk_page(bulk: BulkAction, user: Any, asked: dict[str, str], now: datetime) -> dict[str, Any]:
    """Everything the template shows. `asked`: result (which rows), after (the row the page begins behind)."""
    mine = may_go_on(bulk, user)
    result = asked.get("result", "") if asked.get("result") in RESULTS else first_shown(bulk)
    return {
        "bulk": bulk,
        "heading": heading(bulk),
        "submit": f"{action_title(bulk)} ({count_text(bulk.rows_to_work)})",
        "state": state_cell(bulk.state),
        "selection": selection_words(bulk),
        "who": bulk.created_by.get_username(),
        "when": time_cell(bulk.confirmed_at or bulk.created_at, zone_for(bulk)),
        "currencies": currencies(bulk),
        "skipped": [(why_words(why), count_text(count)) for why, count in bulk.summary.get("skipped", {}).items()],
        "codes": [(resolution_words(code), count_text(count)) for code, count in bulk.summary.get("codes", {}).items()],
        "given": given_facts(bulk),
        "reason": note_html(bulk.given.get("reason", "")),
        "mine": mine,
        "results": results(bulk, result),
        "rows": rows_shown(bulk, result, asked.get("after", "")),
        "shown": result_word(result),
        "shown_result": result,
        "again": mine_again(bulk, user),
        **({"progress": progress(bulk, now, mine=mine)} if bulk.state in (State.QUEUED, State.WORKING) else {}),
    }


def zone_for(bulk: BulkAction) -> ZoneInfo:
    """The zone of its organization; UTC where there are several."""
    zones = {organization.timezone for organization in bulk.organizations.all()}
    return ZoneInfo(zones.pop() if len(zones) == 1 else "UTC")


def may_go_on(bulk: BulkAction, user: User) -> bool:
    """Whether `user` may confirm, drop or go on."""
    try:
        may_act(bulk, user)
    except BulkRefused:
        return False
    return True


def mine_again(bulk: BulkAction, user: User) -> str:
    """How many rows can be tried again by whoever looks; "" for none."""
    left = bulk.rows_failed + bulk.rows_changed
    return count_text(left) if bulk.state == State.ENDED and left and may_go_on(bulk, user) else ""


def first_shown(bulk: BulkAction) -> str:
    """Which rows the page shows first: what was not done, else what was."""
    if bulk.state == State.PREVIEW:
        return "done"
    order = ("failed", "changed", "not_allowed", "done", "skipped")
    return next((name for name in order if getattr(bulk, f"rows_{name}")), "done")


def currencies(bulk: BulkAction) -> list[dict[str, Any]]:
    """Count, sum and largest row of each currency."""
    return [
        {
            "currency": currency,
            "count": count_text(figures["count"]),
            "net": amount_cell(figures["net_minor"] if figures["compared"] else None, currency, sign=True),
            "largest": amount_cell(figures.get("largest_minor"), currency, sign=True),
            "largest_row": discrepancy_link(figures["largest"]) if figures.get("largest") else "",
        }
        for currency, figures in bulk.summary.get("currencies", {}).items()
    ]


def discrepancy_link(pk: int) -> Any:
    """The way to a discrepancy."""
    return link("reconciliation_reconciliationdiscrepancy", pk, f"D-{pk}")


def given_facts(bulk: BulkAction) -> list[tuple[str, str]]:
    """What the step is taken with, for people."""
    facts = []
    if bulk.given.get("code"):
        facts.append((_("Resolution"), resolution_words(bulk.given["code"])))
    if "to" in bulk.given and bulk.action == BulkAction.Action.ASSIGN:
        person = User.objects.filter(pk=bulk.given["to"] or 0).first()
        facts.append((_("Who"), person.get_username() if person else _("Nobody")))
    return facts


def results(bulk: BulkAction, chosen: str) -> list[dict[str, Any]]:
    """How many rows have each result, with the way to them."""
    url = reverse("admin:reconciliation_bulkaction_change", args=[bulk.pk])
    return [
        {
            "cell": result_cell(name),
            "count": count_text(getattr(bulk, f"rows_{name}")),
            "any": bool(getattr(bulk, f"rows_{name}")),
            "url": f"{url}?result={name}#rows",
            "chosen": name == chosen,
        }
        for name in RESULTS
    ]


def rows_shown(bulk: BulkAction, result: str, after: str) -> dict[str, Any]:
    """Some rows of a result, and where the next ones begin."""
    found: QuerySet[BulkRow] = BulkRow.objects.filter(bulk=bulk, result=result)
    if bulk.state == State.PREVIEW and result == "done":
        found = BulkRow.objects.filter(bulk=bulk, result=BulkRow.Result.WAITING)
    if (last := row_number(after)) is not None:
        found = found.filter(discrepancy_id__gt=last)
    related = ("discrepancy__organization",)
    rows = list(found.select_related(*related).order_by("discrepancy_id")[: ROWS_SHOWN + 1])
    more = rows[ROWS_SHOWN - 1].discrepancy_id if len(rows) > ROWS_SHOWN else ""
    return {"rows": [row_shown(row) for row in rows[:ROWS_SHOWN]], "more": more}


def row_shown(row: BulkRow) -> dict[str, Any]:
    """A row of the table."""
    zone = ZoneInfo(row.discrepancy.organization.timezone)
    return {
        "link": discrepancy_link(row.discrepancy_id),
        "type": type_name(row.discrepancy.type),
        "sentence": sentence(row.discrepancy, zone),
        "difference": amount_cell(row.difference_minor, row.currency, sign=True),
        "why": why_words(row.why),
        "detail": detail_words(row.detail),
    }


def detail_words(detail: str) -> str:
    """Who was first, and when: "user:alice 2026-11-21 09:00:00 UTC" as people say it."""
    actor, _space, when = detail.partition(" ")
    return f"{actor_words(actor)}, {when}" if when else actor


def progress(bulk: BulkAction, now: datetime, *, mine: bool) -> dict[str, Any]:
    """How far an unfinished bulk action is."""
    return {
        "state": state_cell(bulk.state),
        "percent": 100 * bulk.rows_worked // max(1, bulk.rows_to_work),
        "text": _("%(worked)s of %(rows)s")
        % {"worked": count_text(bulk.rows_worked), "rows": count_text(bulk.rows_to_work)},
        "silent": silent(bulk, now),
        "go_on": silent(bulk, now) and mine,
        "every": ASK_EVERY_SECONDS,
    }
