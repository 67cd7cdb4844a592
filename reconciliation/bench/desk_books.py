"""A desk with much on it: items, discrepancies in every queue and their log, written straight to the tables."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import polars as pl
from django.contrib.auth.models import Group, User
from django.core.management.color import no_style
from django.db import connection, transaction

from billing.models import Membership, Organization
from reconciliation import action_log, open_totals
from reconciliation.bench.books import micros
from reconciliation.core.findings import TYPES
from reconciliation.frames import timestamp, write
from reconciliation.models import ReconciliationDiscrepancy, ReconciliationItem, ReconciliationRun
from reconciliation.runs import reconcile

ITEMS_A_DISCREPANCY: Final = 10
ITEMS_A_SLICE: Final = 250_000
ENTRIES_A_BATCH: Final = 5_000
RUNS: Final = 60
EMPTY_DAY: Final = datetime(2001, 1, 1, tzinfo=UTC)
PERSON: Final = "bench"
TIMES: Final = ("occurred_at", "opened_at", "queued_at", "due_at", "proposed_at")


def fill(organization: Organization, *, items: int, now: datetime, least: int = 0) -> dict[str, int]:
    """Writes `items` items and a tenth as many discrepancies, `least` at least. Says how many of each."""
    person = User.objects.create_user(PERSON, is_staff=True)
    person.groups.add(Group.objects.get(name="Manager"))
    Membership.objects.create(user=person, organization=organization)
    runs(organization, now)
    for first in range(1, items + 1, ITEMS_A_SLICE):
        with transaction.atomic():
            write(ReconciliationItem, items_from(organization.pk, first, min(ITEMS_A_SLICE, items - first + 1), now))
    discrepancies = max(items // ITEMS_A_DISCREPANCY, least)
    with transaction.atomic():
        write(ReconciliationDiscrepancy, discrepancies_of(organization.pk, discrepancies, person.pk, now))
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [ReconciliationItem, ReconciliationDiscrepancy]):
            cursor.execute(statement)
    open_totals.rebuild(organization.pk)
    for first in range(1, discrepancies + 1, ENTRIES_A_BATCH):
        last = min(first + ENTRIES_A_BATCH, discrepancies + 1)
        entries = [
            action_log.Entry(action="opened", actor="run:1", discrepancy_id=pk, run_id=1, after={"status": "open"})
            for pk in range(first, last)
        ]
        with transaction.atomic():
            action_log.append(organization=organization, entries=entries, now=now)
    return {"items": items, "discrepancies": discrepancies, "runs": RUNS}


def runs(organization: Organization, now: datetime) -> None:
    """A run a day, the last one just now, each with the report of a real one over a day without records."""
    result = reconcile(organization=organization, start=EMPTY_DAY, end=EMPTY_DAY + timedelta(days=1), by=None, now=now)
    for number in range(2, RUNS + 1):
        at = now - timedelta(days=RUNS - number)
        ReconciliationRun.objects.create(
            organization=organization, comparison="payments", period_start=at - timedelta(days=1), period_end=at,
            number=number, status="break", created_at=at, started_at=at, finished_at=at,
            report=result.report, metrics={"left_read": 0, "right_read": 0},
        )  # fmt: skip


def items_from(organization: int, first: int, count: int, now: datetime) -> pl.DataFrame:
    """Items in the columns of their table: nine of ten match."""
    number = pl.col("id")
    differs = number % ITEMS_A_DISCREPANCY == 0
    frame = pl.DataFrame({"id": pl.int_range(first, first + count, dtype=pl.Int64, eager=True)})
    return frame.select(
        "id", left_id=number, left_version_id=number, right_id=number, right_version_id=number,
        organization_id=pl.lit(organization), comparison=pl.lit("payments"), kind=pl.lit("charge"),
        outcome=pl.when(differs).then(pl.lit("mismatched")).otherwise(pl.lit("matched")),
        match_pass=pl.lit("reference"), reason=pl.lit(""), group_key=pl.lit(""),
        left_amount_minor=1_000 + number % 5_000, left_currency=pl.lit("EUR"), left_status=pl.lit("succeeded"),
        right_amount_minor=1_000 + number % 5_000, right_currency=pl.lit("EUR"), right_status=pl.lit("succeeded"),
        occurred_at=micros(now) - number % 2_000_000 * 1_000_000, opened_run=pl.lit(RUNS),
    ).with_columns(timestamp("occurred_at"))  # fmt: skip


def discrepancies_of(organization: int, count: int, person: int, now: datetime) -> pl.DataFrame:
    """Discrepancies of every type, severity and age; one in twenty is the person's own, one in forty waits for an
    approval.
    """
    number, hour = pl.col("id"), 3_600 * 1_000_000
    queued = micros(now) - number % 40 * 24 * hour
    frame = pl.DataFrame({"id": pl.int_range(1, count + 1, dtype=pl.Int64, eager=True)})
    proposed = number % 40 == 7
    texts = pl.lit("")
    return frame.select(
        "id", organization_id=pl.lit(organization), comparison=pl.lit("payments"),
        type=pl.Series(TYPES).gather(frame["id"] % len(TYPES)),
        left_id=number * ITEMS_A_DISCREPANCY, right_id=number * ITEMS_A_DISCREPANCY,
        status=pl.when(proposed).then(pl.lit("pending_approval")).when(number % 3 == 0).then(pl.lit("acknowledged"))
        .otherwise(pl.lit("open")),
        severity=pl.when(number % 4 == 0).then(pl.lit("minor")).otherwise(pl.lit("major")),
        reason_code=pl.lit("amount.unexplained"), expected=texts, actual=texts, reference=texts,
        difference_minor=number % 9_000 - 4_500, unexplained_minor=number % 9_000 - 4_500,
        currency=pl.Series(["EUR", "USD", "GBP"]).gather(frame["id"] % 3), explanation=pl.lit(explanation()),
        occurred_at=queued, opened_at=queued, queued_at=queued, due_at=queued + (24 + number % 72) * hour,
        opened_run=pl.lit(RUNS), changed_run=pl.lit(RUNS), version=pl.lit(1),
        assigned_to_id=pl.when(number % 20 == 0).then(pl.lit(person)),
        resolution_code=pl.when(proposed).then(pl.lit("timing")).otherwise(texts), resolution_reason=texts,
        proposed_by_id=pl.when(proposed).then(pl.lit(person)), proposed_at=pl.when(proposed).then(queued),
        closing_rule=texts,
    ).with_columns(timestamp(name) for name in TIMES)  # fmt: skip


def explanation() -> str:
    """What a run stores of a difference, as JSON."""
    facts: dict[str, Any] = {
        "kind": "charge", "key": "ch_1", "own": "pay_1", "invoice": "INV-1", "party": "cus_1", "currency": "EUR",
        "status": "succeeded", "occurred_at": 1_760_000_000_000_000, "provider": "stripe",
    }  # fmt: skip
    left, right = {**facts, "amount_minor": 1_000}, {**facts, "amount_minor": 950}
    told: dict[str, Any] = {
        "outcome": "mismatched", "left": left, "right": right, "twin": right, "twin_paired": False, "claimed_by": None,
        "rivals": [], "parts": [], "due_at": facts["occurred_at"], "clears": "correct_amount", "grace": 0,
    }  # fmt: skip
    return json.dumps(told)
