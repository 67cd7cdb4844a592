"""Append-only tables against hostile SQL and every path of the ORM."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, connection, models, transaction

from billing.append_only import ForbidChanges, broken_triggers, declared_tables, protect, trigger_names, unprotect
from billing.models import Invoice, InvoicePayment, Payment, Payout, ProviderRecord, StatementLine
from reconciliation.models import ReconciliationItem

from .append_only_facts import MODELS, dump, each_table, refused
from .log_facts import sql


def a_change_to_every_column(model: type[models.Model]) -> Iterator[tuple[str | None, Any]]:
    row = model._default_manager.order_by("pk").values().first()
    assert row is not None
    for field in model._meta.concrete_fields:
        old = row[field.attname]
        if isinstance(old, bool):
            yield field.column, not old
        elif isinstance(old, int) or (old is None and isinstance(field, models.BigIntegerField | models.ForeignKey)):
            yield field.column, (old or 0) + (-1 if field.name == "current_number" else 1000)
        elif isinstance(old, datetime):
            yield field.column, old.replace(year=2000)
        elif isinstance(field, models.CharField | models.TextField):
            yield field.column, f"x{old[1:]}"


def test_exactly_these_tables_are_declared_append_only() -> None:
    assert set(declared_tables()) == {model._meta.db_table for model in MODELS}


@pytest.mark.django_db
def test_every_declared_table_has_its_triggers_as_declared() -> None:
    assert broken_triggers(connection) == []


@pytest.mark.django_db
def test_a_lost_or_altered_trigger_of_any_table_is_noticed() -> None:
    lost, altered = [], []
    for table in declared_tables():
        update, delete = trigger_names(table, connection.vendor)
        drop = f"DROP TRIGGER {{}} ON {table}" if connection.vendor == "postgresql" else "DROP TRIGGER {}"
        sql(drop.format(delete))
        lost.append(delete)
        assert len(lost) > 1 or broken_triggers(connection) == lost  # one alone as well
        if connection.vendor == "postgresql":
            sql(f"ALTER TABLE {table} DISABLE TRIGGER {update}")
        else:
            sql(drop.format(update))
            sql(f"CREATE TRIGGER {update} BEFORE UPDATE ON {table} BEGIN SELECT 1; END")
        altered.append(update)
    assert sorted(broken_triggers(connection)) == sorted([*lost, *altered])


@pytest.mark.usefixtures("ledger")
@each_table
def test_sql_cannot_change_any_column(model: type[models.Model]) -> None:
    table, before = model._meta.db_table, dump(model)
    changes = list(a_change_to_every_column(model))
    assert len(changes) >= 4
    for column, new in changes:
        if column == "closed_run":
            continue  # from null it may be set, once
        refused(partial(sql, f'UPDATE {table} SET "{column}" = %s', [new]))
    assert dump(model) == before


@pytest.mark.usefixtures("ledger")
@each_table
def test_sql_cannot_remove_rows(model: type[models.Model]) -> None:
    table, before = model._meta.db_table, dump(model)
    assert before
    refused(lambda: sql(f"DELETE FROM {table}"))
    refused(lambda: sql(f"DELETE FROM {table} WHERE id = %s", [before[0]["id"]]))
    if connection.vendor == "postgresql":
        refused(lambda: sql(f"TRUNCATE {table} CASCADE"))
        refused(lambda: sql(f"WITH gone AS (DELETE FROM {table} RETURNING id) SELECT count(*) FROM gone"))
    assert dump(model) == before


@pytest.mark.usefixtures("ledger")
@each_table
def test_sql_cannot_overwrite_rows_by_inserting(model: type[models.Model]) -> None:
    table, before = model._meta.db_table, dump(model)
    names = ", ".join(f'"{field.column}"' for field in model._meta.concrete_fields)
    copied = f"{table} ({names}) SELECT {names} FROM {table} WHERE TRUE"
    statements = [f"INSERT INTO {copied} ON CONFLICT (id) DO UPDATE SET organization_id = 0"]
    if connection.vendor == "sqlite":
        statements += [f"INSERT OR REPLACE INTO {copied}", f"REPLACE INTO {copied}"]
        statements += [
            f"UPDATE OR {policy} {table} SET organization_id = 0" for policy in ("REPLACE", "IGNORE", "FAIL")
        ]
    for statement in statements:
        refused(partial(sql, statement))
    assert dump(model) == before


@pytest.mark.usefixtures("ledger")
@each_table
def test_no_path_of_the_orm_changes_or_removes_a_row(model: type[models.Model]) -> None:
    before = dump(model)
    manager = model._default_manager
    row = manager.order_by("pk").first()
    assert row is not None
    # Free of further constraints.
    free = {"filename", "external_id", "customer", "event_id", "failure_code", "hash", "actor", "payment_reference"}
    free |= {"reason", "trouble"}
    column = next((field.name for field in model._meta.concrete_fields if field.name in free), "currency")

    def save() -> None:
        setattr(row, column, "y")
        row.save()

    def bulk_update() -> None:
        setattr(row, column, "y")
        manager.bulk_update([row], [column])

    refused(save)
    refused(bulk_update)
    refused(lambda: row.save(update_fields=[column]))
    refused(lambda: manager.update(**{column: "y"}))
    refused(lambda: manager.filter(pk=row.pk).update(**{column: models.Value("y")}))
    refused(lambda: manager.update_or_create(pk=row.pk, defaults={column: "y"}))
    refused(lambda: manager.bulk_create([row], update_conflicts=True, update_fields=[column], unique_fields=["pk"]))
    refused(lambda: manager.filter(pk=row.pk)._raw_delete(connection.alias))
    with pytest.raises((DatabaseError, models.ProtectedError)), transaction.atomic():
        row.delete()
    with pytest.raises((DatabaseError, models.ProtectedError)), transaction.atomic():
        manager.all().delete()
    assert dump(model) == before


@pytest.mark.usefixtures("ledger")
def test_an_identity_moves_on_to_newer_versions_only() -> None:
    for model in (Payment, ProviderRecord, StatementLine, Payout, Invoice, InvoicePayment):
        assert model._default_manager.update(current_number=3) == 1
        refused(partial(model._default_manager.update, current_number=2))
        refused(partial(model._default_manager.update, current_number=4, external_id="x"))


@pytest.mark.usefixtures("ledger")
def test_an_item_is_closed_once() -> None:
    refused(lambda: ReconciliationItem.objects.update(closed_run=2, outcome="mismatched"))
    assert ReconciliationItem.objects.update(closed_run=2) == 1
    refused(lambda: ReconciliationItem.objects.update(closed_run=3))
    refused(lambda: ReconciliationItem.objects.update(closed_run=None))


@pytest.mark.usefixtures("ledger")
def test_without_the_triggers_the_same_sql_goes_through() -> None:
    """The negative control of this file."""
    operation = ForbidChanges("reconciliation_reconciliationactionlog", {})
    editor = connection.schema_editor()
    unprotect(operation.table, editor)
    assert sql(f"UPDATE {operation.table} SET reason = 'x'") == 2
    protect(operation.table, operation.updatable, editor)
    refused(lambda: sql(f"UPDATE {operation.table} SET reason = 'y'"))
