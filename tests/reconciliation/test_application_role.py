"""Append-only tables on PostgreSQL as the role the application runs as."""

from collections.abc import Iterator
from functools import partial

import pytest
from django.core.management import call_command
from django.db import models

from billing.models import Payment
from reconciliation.models import ReconciliationItem

from .append_only_facts import dump, each_table, refused
from .log_facts import make_organization, sql, value, write


@pytest.fixture
def application_role(ledger: None) -> Iterator[None]:
    """The rest of the test runs as the application's role."""
    call_command("setup_postgres_role", "tieout_test_application")
    sql("SET ROLE tieout_test_application")
    yield
    sql("RESET ROLE")


@pytest.mark.postgres
@pytest.mark.usefixtures("application_role")
@each_table
def test_the_application_role_cannot_get_around_the_triggers(model: type[models.Model]) -> None:
    table, before = model._meta.db_table, dump(model)
    for statement in (
        f"UPDATE {table} SET id = id + 1000",
        f"DELETE FROM {table}",
        f"TRUNCATE {table}",
        f"ALTER TABLE {table} DISABLE TRIGGER ALL",
        f"ALTER TABLE {table} DISABLE TRIGGER {table}_append_only_row",
        f"DROP TRIGGER {table}_append_only_row ON {table}",
        f"DROP FUNCTION {table}_append_only() CASCADE",
        f"CREATE OR REPLACE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        f"CREATE RULE around AS ON INSERT TO {table} DO INSTEAD NOTHING",
        f"DROP TABLE {table} CASCADE",
        "SET session_replication_role = replica",
        f"ALTER TABLE {table} OWNER TO tieout_test_application",
    ):
        refused(partial(sql, statement))
    assert dump(model) == before


@pytest.mark.postgres
@pytest.mark.usefixtures("application_role")
def test_the_application_role_can_still_do_the_application_s_work() -> None:
    organization = make_organization("second")
    write(organization, 3)
    assert value("SELECT count(*) FROM reconciliation_logseal WHERE organization_id = %s", [organization.pk]) == 1
    assert Payment.objects.update(current_number=2) == 1
    assert ReconciliationItem.objects.update(closed_run=2) == 1
