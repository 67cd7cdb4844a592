"""`verify_action_log`, `doctor` and `setup_postgres_role` as people and schedulers meet them."""

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from billing.append_only import trigger_names, unprotect
from billing.models import Organization, Payment, PaymentVersion
from reconciliation.doctor import examine
from reconciliation.models import LogHead, ReconciliationItem

from .log_facts import LOG, NOW, make_organization, sql, value, write
from .tampering import switch_triggers_off

KEY = "a long random text that the database never sees"


@pytest.fixture
def organization(db: None, settings: Any) -> Organization:
    settings.ACTION_LOG_CHECKPOINT_KEY = KEY
    return make_organization()


def run(*arguments: str) -> tuple[int, str]:
    """Exit code and what was printed."""
    out = StringIO()
    try:
        call_command(*arguments, stdout=out)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    return 0, out.getvalue()


def refused(*arguments: str) -> str:
    with pytest.raises(CommandError) as caught:
        call_command(*arguments, stdout=StringIO())
    assert caught.value.returncode == 2
    return str(caught.value)


def test_a_sound_log_ends_with_zero(organization: Organization) -> None:
    write(organization, 3, 4)
    code, text = run("verify_action_log")
    assert code == 0
    assert "verified" in text
    assert "7 rows" in text
    assert "without a checkpoint" in text


def test_tampering_ends_with_one_and_names_the_row(organization: Organization) -> None:
    write(organization, 3)
    switch_triggers_off()
    row = value(f"SELECT max(id) FROM {LOG}")
    sql(f"UPDATE {LOG} SET actor = 'user:mallory' WHERE id = %s", [row])
    code, text = run("verify_action_log", "--organization", "acme")
    assert code == 1
    assert f"acme: Row {row} was changed: it does not fit seal 1." in text


def test_the_result_as_json(organization: Organization) -> None:
    (seal,) = write(organization, 3)
    code, text = run("verify_action_log", "--json")
    answer = json.loads(text)
    assert code == 0
    assert answer["status"] == "verified"
    assert answer["organizations"] == [
        {"organization": "acme", "seals": 1, "rows": 3, "hash": seal.hash, "checkpoint": None, "ok": True}
    ]


def test_a_checkpoint_written_today_shows_a_tail_cut_tomorrow(organization: Organization, tmp_path: Path) -> None:
    write(organization, 3, 4)
    kept = str(tmp_path / "checkpoint.json")
    assert run("verify_action_log", "--write-checkpoint", kept)[0] == 0
    write(organization, 2)
    assert run("verify_action_log", "--checkpoint", kept)[0] == 0

    switch_triggers_off()
    sql("DELETE FROM reconciliation_logseal WHERE number > 1")
    sql(f"DELETE FROM {LOG} WHERE NOT EXISTS (SELECT 1 FROM reconciliation_logseal s WHERE s.batch = {LOG}.batch)")
    with connection.cursor() as cursor:
        cursor.execute("SELECT number, total, hash FROM reconciliation_logseal")
        number, total, digest = cursor.fetchone()
    LogHead.objects.update(number=number, total=total, hash=digest)
    assert run("verify_action_log")[0] == 0, "without a checkpoint it cannot show"
    code, text = run("verify_action_log", "--checkpoint", kept, "--json")
    answer = json.loads(text)
    assert (code, answer["status"]) == (1, "tampered")
    assert [(finding["kind"], finding["seal"]) for finding in answer["findings"]] == [("cut", 2)]


def test_no_checkpoint_is_written_of_a_log_that_does_not_verify(organization: Organization, tmp_path: Path) -> None:
    write(organization, 3)
    switch_triggers_off()
    sql(f"UPDATE {LOG} SET reason = 'x'")
    assert run("verify_action_log", "--write-checkpoint", str(tmp_path / "kept.json"))[0] == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", ["--checkpoint", "--write-checkpoint"])
def test_without_a_key_no_checkpoint_is_read_or_written(
    organization: Organization, settings: Any, tmp_path: Path, option: str
) -> None:
    settings.ACTION_LOG_CHECKPOINT_KEY = ""
    assert "ACTION_LOG_CHECKPOINT_KEY" in refused("verify_action_log", option, str(tmp_path / "kept.json"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read"), ("{", "is not JSON"), ("{}", "not a checkpoint"), ("[" * 100_000, "is not JSON")],
)
def test_a_file_that_is_no_checkpoint_is_refused_with_a_reason(
    organization: Organization, tmp_path: Path, content: str | None, said: str
) -> None:
    path = tmp_path / "kept.json"
    if content is not None:
        path.write_text(content)
    assert said in refused("verify_action_log", "--checkpoint", str(path))


def test_a_checkpoint_signed_with_another_key_is_refused(
    organization: Organization, settings: Any, tmp_path: Path
) -> None:
    path = str(tmp_path / "kept.json")
    run("verify_action_log", "--write-checkpoint", path)
    settings.ACTION_LOG_CHECKPOINT_KEY = "another"
    assert "another key" in refused("verify_action_log", "--checkpoint", path)


def test_an_unwritable_place_for_the_checkpoint_is_said(organization: Organization, tmp_path: Path) -> None:
    assert "cannot be written" in refused(
        "verify_action_log", "--write-checkpoint", str(tmp_path / "none" / "kept.json")
    )


def test_an_unknown_organization_is_refused_with_the_known_ones(organization: Organization) -> None:
    assert refused("verify_action_log", "--organization", "acne") == 'There is no organization "acne". Known: acme.'


def faults() -> dict[str, list[str]]:
    """Messages of the doctor's findings, but for warnings."""
    found = {code: [p.message for p in problems if not p.warning] for code, problems in examine().items()}
    return {code: messages for code, messages in found.items() if messages}


def make_payment(organization: Organization) -> Payment:
    payment = Payment.objects.create(organization=organization, kind="charge", external_id="P-1")
    facts: dict[str, Any] = {"amount_minor": 1, "currency": "EUR", "status": "succeeded", "occurred_at": NOW}
    PaymentVersion.objects.create(payment=payment, organization=organization, recorded_at=NOW, **facts)
    return payment


def test_the_doctor_finds_a_sound_database_sound(organization: Organization) -> None:
    write(organization, 2)
    make_payment(organization)
    code, text = run("doctor", "--json")
    assert (code, json.loads(text)["status"]) == (0, "ok")
    assert faults() == {}


def test_the_doctor_notices_lost_triggers(organization: Organization) -> None:
    unprotect(LOG, connection.schema_editor())
    code, text = run("doctor")
    assert code == 1
    assert trigger_names(LOG, connection.vendor)[0] in " ".join(text.split())


def test_the_doctor_notices_a_head_that_is_not_the_last_seal(organization: Organization) -> None:
    write(organization, 2)
    LogHead.objects.update(total=1)
    assert list(faults()) == ["log_ends"]


def test_the_doctor_notices_a_current_version_that_is_not_the_newest(organization: Organization) -> None:
    make_payment(organization)
    Payment.objects.update(current_number=2)
    assert list(faults()) == ["current_versions"]


def test_the_doctor_notices_an_identity_without_versions(organization: Organization) -> None:
    Payment.objects.create(organization=organization, kind="charge", external_id="P-2")
    assert list(faults()) == ["current_versions"]


@pytest.mark.parametrize("side", ["left_id", "left_version_id", "right_id", "right_version_id"])
def test_the_doctor_notices_references_to_nothing(organization: Organization, side: str) -> None:
    pair = {"left_id": make_payment(organization).pk, side: 10**9}
    facts: dict[str, Any] = {"comparison": "payments", "kind": "charge", "outcome": "only_left", "opened_run": 1}
    ReconciliationItem.objects.create(organization=organization, occurred_at=NOW, **facts, **pair)
    assert list(faults()) == ["references"]


@pytest.fixture
def other_pragma(request: pytest.FixtureRequest, db: None) -> Iterator[str]:
    if connection.vendor != "sqlite":
        pytest.skip("pragmas are SQLite's")
    name, wrong, right = request.param
    sql(f"PRAGMA {name} = {wrong}")
    yield name
    sql(f"PRAGMA {name} = {right}")


@pytest.mark.parametrize("other_pragma", [("recursive_triggers", 0, 1), ("busy_timeout", 0, 20000)], indirect=True)
def test_the_doctor_notices_a_pragma_not_in_force(other_pragma: str) -> None:
    assert list(faults()) == ["database"]


def test_roles_are_for_postgresql_only(db: None) -> None:
    if connection.vendor == "postgresql":
        pytest.skip("this is PostgreSQL")
    assert refused("setup_postgres_role", "app") == (
        "The database is SQLite, which has no roles: this command is for PostgreSQL."
    )


@pytest.mark.postgres
@pytest.mark.django_db
def test_a_superuser_or_an_owner_is_refused_as_the_application_s_role() -> None:
    assert "is a superuser" in refused("setup_postgres_role", "postgres")
    sql("CREATE ROLE tieout_test_owner")
    sql(f"ALTER TABLE {LOG} OWNER TO tieout_test_owner")
    assert "owns tables" in refused("setup_postgres_role", "tieout_test_owner")


@pytest.mark.postgres
@pytest.mark.django_db
def test_the_role_is_set_up_twice_with_a_password_that_is_stored_hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLE_PASSWORD", "secret'; DROP TABLE x")
    for _ in range(2):
        call_command("setup_postgres_role", 'odd "role"', "--password-env", "ROLE_PASSWORD", stdout=StringIO())
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolcanlogin, rolsuper, rolpassword FROM pg_authid WHERE rolname = 'odd \"role\"'")
        can_login, superuser, password = cursor.fetchone()
    assert (can_login, superuser) == (True, False)
    assert password.startswith("SCRAM-SHA-256$")


@pytest.mark.postgres
@pytest.mark.django_db
def test_an_empty_password_variable_is_refused() -> None:
    assert "NO_SUCH_VARIABLE is empty" in refused("setup_postgres_role", "app", "--password-env", "NO_SUCH_VARIABLE")
