"""`bench admin`: what a page of the desk costs over much and over little; queries and time of the server."""

import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final

from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from billing.models import Organization, Payment
from reconciliation.bench import desk_books, loading, tables
from reconciliation.bench.children import Children
from reconciliation.bench.machine import load, machine
from reconciliation.bench.matching import Tell

LITTLE: Final = 1_000
MOST_QUERIES: Final = 12
MOST_TIMES: Final = 2.0
TODAY_MS: Final = 500
TIMES_A_TURN: Final = 5
QUEUE, ITEMS = "reconciliation_reconciliationdiscrepancy", "reconciliation_reconciliationitem"
PAGES: Final[dict[str, tuple[str, str, dict[str, str]]]] = {
    "today": ("Today", "index", {}),
    "queue": ("Discrepancies, all open", f"{QUEUE}_changelist", {}),
    "queue_mine": ("Discrepancies, my queue", f"{QUEUE}_changelist", {"queue": "mine"}),
    "queue_overdue": ("Discrepancies, overdue", f"{QUEUE}_changelist", {"queue": "overdue"}),
    "queue_approval": ("Discrepancies, waiting for approval", f"{QUEUE}_changelist", {"queue": "approval"}),
    "queue_type": ("Discrepancies of a type", f"{QUEUE}_changelist", {"type": "StatusMismatch"}),
    "queue_minor": (
        "Discrepancies, minor, one currency",
        f"{QUEUE}_changelist",
        {"severity": "minor", "currency": "USD"},
    ),
    "queue_late": ("Discrepancies, a page far down", f"{QUEUE}_changelist", {}),
    "items": ("Items", f"{ITEMS}_changelist", {}),
    "items_differ": ("Items that do not match", f"{ITEMS}_changelist", {"outcome": "mismatched"}),
    "items_late": ("Items, a page far down", f"{ITEMS}_changelist", {}),
    "payments": ("Payments", "billing_payment_changelist", {}),
    "records": ("Provider records", "billing_providerrecord_changelist", {}),
    "events": ("Provider events", "billing_providerevent_changelist", {}),
    "runs": ("Runs", "reconciliation_reconciliationrun_changelist", {}),
    "log": ("Action log", "reconciliation_reconciliationactionlog_changelist", {}),
    "search": ("A payment's id searched among items", f"{ITEMS}_changelist", {"q": "id"}),
}
SEARCHES: Final = ("search",)


def measure(*, database_url: str, database: str, rows: int, repeat: int, folder: Path, tell: Tell) -> dict[str, Any]:
    """Fills the desk with little, then with `rows` items, and asks for every page of each. Raises StepFailed."""
    children, busy = Children(database_url), load()
    tell("making the tables", 0, 3)
    prepared = children.step("prepare", rows=0)
    found = {}
    for place, size in enumerate((min(LITTLE, rows), rows)):
        tell(f"pages over {size:,} items", 1 + place, 3)
        found[place] = children.step("desk_pages", rows=size, turns=repeat * TIMES_A_TURN)
    tell("done", 3, 3)
    return {
        "bench": "admin", "rows": rows, "database": database, "repeat": repeat, "machine": machine(),
        "load_before": busy, "settings": prepared["settings"], "sizes": found[1]["sizes"],
        "pages": compared(found[0]["pages"], found[1]["pages"]),
    }  # fmt: skip


def compared(little: dict[str, Any], much: dict[str, Any]) -> list[dict[str, Any]]:
    """Each page over much beside itself over little, and whether its promise is kept."""
    result = []
    for name, (title, _address, _query) in PAGES.items():
        ratio = much[name]["ms"] / max(little[name]["ms"], 0.001)
        fast = much[name]["ms"] <= TODAY_MS if name == "today" else ratio <= MOST_TIMES
        few = name in ("today", *SEARCHES) or much[name]["queries"] <= MOST_QUERIES
        row = {"name": name, "title": title, "ratio": round(ratio, 2), "met": fast and few, **much[name]}
        result.append({**row, "little_ms": little[name]["ms"]})
    return result


def desk_pages(*, rows: int, turns: int) -> dict[str, Any]:
    """Fills the emptied tables and asks for every page `turns` times: median milliseconds, queries, bytes."""
    if Organization.objects.filter(slug=loading.SLUG).exists():
        tables_emptied()
    loading.load(rows)
    organization = Organization.objects.get(slug=loading.SLUG)
    sizes = desk_books.fill(organization, items=rows, now=timezone.now(), least=min(rows, LITTLE))
    tables.settle()
    call_command("collectstatic", interactive=False, verbosity=0)  # pages name files by what is in them
    client = Client(SERVER_NAME="localhost")
    client.force_login(User.objects.get(username=desk_books.PERSON))
    return {"sizes": sizes, "pages": {name: page(client, address_of(client, name), turns) for name in PAGES}}


def tables_emptied() -> None:
    """Removes what an earlier size left."""
    tables.empty(tables.tables_of("billing", "usage", "reconciliation"))
    User.objects.filter(username=desk_books.PERSON).delete()


def address_of(client: Client, name: str) -> str:
    """The address of a page; one far down is reached from the middle of the list."""
    _title, address, query = PAGES[name]
    url = reverse(f"admin:{address}")
    if name == "search":
        query = {"q": Payment.objects.order_by("pk").values_list("external_id", flat=True)[0]}
    if name == "items_late":
        query = {"after": f"0~{max(Payment.objects.count() // 2, 60)}"}
    if name == "queue_late":
        return url + far_down(client, url)
    return url + ("?" + "&".join(f"{key}={value}" for key, value in query.items()) if query else "")


def far_down(client: Client, url: str) -> str:
    """The address of a page ten pages down the list, or as far as it goes."""
    further = ""
    for _turn in range(10):
        found: Any = getattr(client.get(url + further), "context_data", {})["cl"]
        further = str(found.next_url or further)
    return further


def page(client: Client, url: str, turns: int) -> dict[str, Any]:
    """One page, asked for once to be warm and then `turns` times."""
    with CaptureQueriesContext(connection) as queries:
        first = client.get(url)
    if first.status_code != 200:
        raise RuntimeError(f"{url} answered {first.status_code}")
    with CaptureQueriesContext(connection) as queries:
        client.get(url)
    asked = len(queries)  # now: the next request empties what was noted
    spent = [timed(client, url) for _turn in range(turns)]
    return {
        "queries": asked,
        "ms": round(median(spent), 1),
        "lowest_ms": min(spent),
        "bytes": len(first.content),
    }


def timed(client: Client, url: str) -> float:
    """Milliseconds until the whole answer is there."""
    begun = time.perf_counter()
    client.get(url)
    return round((time.perf_counter() - begun) * 1_000, 1)


def page_rows(results: dict[str, Any]) -> Sequence[tuple[str, ...]]:
    """The pages as text: title, queries, milliseconds over much and over little, times, kept."""
    return [
        (
            row["title"], str(row["queries"]), f"{row['ms']:.0f}", f"{row['little_ms']:.0f}", f"{row['ratio']:.2f} ×",
            "✓" if row["met"] else "✗",
        )
        for row in results["pages"]
    ]  # fmt: skip
