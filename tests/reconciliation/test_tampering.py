"""Every way of tampering with the log shows, and the first bad row is named."""

import time
from collections.abc import Callable
from random import Random

import pytest
from django.db import connection, transaction

from billing.models import Organization
from reconciliation.action_log import Finding, verification, verify
from reconciliation.core.sealing import Checkpoint
from reconciliation.models import LogHead, ReconciliationActionLog

from .log_facts import HEADS, LOG, NOW, SEALS, make_organization, sql, write
from .tampering import (
    SHOWN_BY_A_CHECKPOINT,
    SHOWN_BY_THE_LOG_ALONE,
    Touched,
    cut_the_tail,
    rehash_everything,
    switch_triggers_off,
)

Tamper = Callable[[Random], Touched]
SEED = 20260301


@pytest.fixture
def organization(db: None) -> Organization:
    organization = make_organization()
    switch_triggers_off()
    return organization


def checkpoints() -> list[Checkpoint]:
    return [log.checkpoint(NOW) for log in verify().logs]


def names(finding: Finding, touched: Touched) -> bool:
    """Whether a finding points at what was touched: its seal, and the row by id or, when it is gone, by position."""
    if touched.seal != finding.seal:
        return False
    if touched.row_id is None and touched.position is None:
        return True
    return finding.row_id == touched.row_id or (finding.row_id is None and finding.position == touched.position)


def undetected(tampers: int, seed: int) -> list[str]:
    """Tampers that no check found, or whose first finding names something else. The log is put back after each."""
    random, kept, missed = Random(seed), checkpoints(), []
    ways = SHOWN_BY_THE_LOG_ALONE + SHOWN_BY_A_CHECKPOINT
    for number in range(tampers):
        tamper = ways[number % len(ways)]
        with transaction.atomic():
            touched = tamper(random)
            findings = verify(checkpoint=kept).findings
            transaction.set_rollback(True)
        if not findings or not names(findings[0], touched):
            missed.append(f"{number} {tamper.__name__} (seed {seed}): {touched}, found {findings[:1]}")
    return missed


def test_random_tampers_are_found_and_their_first_row_is_named(organization: Organization) -> None:
    write(organization, 1, 20, 7, 30, 2)
    assert undetected(80, SEED) == []
    assert verify().ok


@pytest.mark.trust
def test_a_thousand_random_tampers_on_ten_thousand_rows_are_found(organization: Organization) -> None:
    write(organization, *[1, 500, 50, 2000, 7, 1000, 442] * 2, 2000)
    assert ReconciliationActionLog.objects.count() == 10_000
    assert undetected(1000, SEED) == []


@pytest.mark.parametrize("tamper", SHOWN_BY_THE_LOG_ALONE, ids=lambda tamper: tamper.__name__)
def test_these_show_without_any_checkpoint(organization: Organization, tamper: Tamper) -> None:
    write(organization, 5, 5, 5)
    tamper(Random(SEED))
    assert not verify().ok


@pytest.mark.parametrize("tamper", [cut_the_tail, rehash_everything], ids=lambda tamper: tamper.__name__)
def test_these_show_by_a_checkpoint_and_by_nothing_else(organization: Organization, tamper: Tamper) -> None:
    write(organization, 5, 5, 5)
    kept = checkpoints()
    tamper(Random(SEED))
    assert verify().ok
    assert not verify(checkpoint=kept).ok


def test_an_older_checkpoint_stays_good_while_the_log_grows(organization: Organization) -> None:
    write(organization, 5)
    kept = checkpoints()
    write(organization, 3, 2)
    assert verify(checkpoint=kept).ok


def test_a_log_that_vanished_altogether_shows_by_its_checkpoint(organization: Organization) -> None:
    write(organization, 5, 5)
    kept = checkpoints()
    for table in (LOG, SEALS, HEADS, "billing_organization"):
        sql(f"DELETE FROM {table}")
    (finding,) = verify(checkpoint=kept).findings
    assert (finding.kind, finding.seal) == ("cut", 2)


@pytest.mark.postgres
def test_a_fork_is_found(organization: Organization) -> None:
    """Not on SQLite: a unique index that belongs to a table cannot be taken from it in place."""
    _first, second = write(organization, 2, 2)
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    sql(f"ALTER TABLE {SEALS} DROP CONSTRAINT log_seal_number")
    columns = "organization_id, number, count, total, leaves, leaves_hash, previous_hash, hash, sealed_at"
    batch = "00000000-0000-7000-8000-000000000001"
    sql(f"INSERT INTO {SEALS} (batch, {columns}) SELECT %s, {columns} FROM {SEALS} WHERE id = %s", [batch, second.pk])
    assert "fork" in {finding.kind for finding in verify().findings}


def test_a_checkpoint_of_many_seals_narrows_down_where_the_log_was_rewritten(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "MARKS", 5)
    write(organization, *[1] * 20)
    (kept,) = checkpoints()
    assert [number for number, _hash in kept.marks] == [5, 10, 15]
    touched = rehash_everything(Random(SEED))
    (finding,) = verify(checkpoint=[kept]).findings
    assert touched.seal is not None
    assert finding.seal == -(-touched.seal // 5) * 5


def test_a_head_set_back_or_removed_is_found(organization: Organization) -> None:
    first, _second = write(organization, 2, 2)
    LogHead.objects.update(number=1, total=2, hash=first.hash)
    assert [finding.kind for finding in verify().findings] == ["head"]
    sql(f"DELETE FROM {HEADS}")
    assert [finding.kind for finding in verify().findings] == ["head"]


def test_tampering_with_one_organization_leaves_the_others_verified(organization: Organization) -> None:
    other = make_organization("other")
    write(organization, 3)
    write(other, 3)
    sql(f"UPDATE {LOG} SET reason = 'x' WHERE organization_id = %s", [other.pk])
    assert {finding.organization for finding in verify().findings} == {"other"}
    assert verify(organization=organization).ok


def test_a_check_of_a_ruined_log_stops_after_twenty_findings(organization: Organization) -> None:
    write(organization, 100)
    sql(f"UPDATE {LOG} SET reason = 'x'")
    assert len(verify().findings) == 20


@pytest.mark.parametrize(
    "change",
    [
        "at = 'yesterday'",
        "before = '{broken'",
        "reason = CAST(x'ff41' AS TEXT)",
        "actor = x'ff41'",
        "discrepancy_id = 'many'",
        "after = replace(hex(zeroblob(50000)), '00', '[')",
        "position = 'first'",
        "organization_id = 'ours'",
    ],
)
def test_values_no_honest_row_holds_are_named_and_never_break_the_check(
    organization: Organization, change: str
) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL refuses values of the wrong type")
    write(organization, 3)
    row = ReconciliationActionLog.objects.order_by("id")[1]
    sql("PRAGMA ignore_check_constraints = ON")
    sql(f"UPDATE {LOG} SET {change} WHERE id = {row.pk}")
    sql("PRAGMA ignore_check_constraints = OFF")
    findings = verify().findings
    assert row.pk in {finding.row_id for finding in findings}


@pytest.mark.parametrize("change", ["sealed_at = 'yesterday'", "leaves = 'text'", "total = 'x'", "hash = x'00'"])
def test_a_seal_holding_nonsense_is_named_and_never_breaks_the_check(organization: Organization, change: str) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL refuses values of the wrong type")
    write(organization, 3, 3)
    sql("PRAGMA ignore_check_constraints = ON")
    sql(f"UPDATE {SEALS} SET {change} WHERE number = 1")
    sql("PRAGMA ignore_check_constraints = OFF")
    assert verify().findings[0].seal == 1


@pytest.mark.trust
def test_a_million_rows_are_verified_in_seconds_and_one_changed_among_them_is_named(organization: Organization) -> None:
    write(organization, *[5_000] * 200)
    kept = checkpoints()
    began = time.process_time()  # of this process alone: other programs may keep the machine busy
    verification = verify(checkpoint=kept)
    seconds = time.process_time() - began
    assert (verification.ok, verification.rows) == (True, 1_000_000)
    assert seconds < 30, f"{seconds:.1f} s"
    row = ReconciliationActionLog.objects.order_by("id")[777_777]
    sql(f"UPDATE {LOG} SET reason = 'x' WHERE id = %s", [row.pk])
    (finding,) = verify(checkpoint=kept).findings
    assert (finding.kind, finding.row_id) == ("changed", row.pk)
    print(f"\n{connection.vendor}: a million rows verified in {seconds:.1f} s of this process")  # noqa: T201 - a measurement
