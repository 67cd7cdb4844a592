"""Files of Stripe events and objects on the command line."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from billing.events import record_event
from billing.models import ImportBatch, Organization, ProviderEvent, ProviderRecordVersion

from .provider_facts import NOW, organization, records
from .stripe_facts import T0, Json, charge, event, intent, refund


@pytest.fixture
def acme(db: None) -> Organization:
    return organization()


def lines(path: Path, *items: Any) -> str:
    path.write_text("".join(json.dumps(item) + "\n" for item in items), encoding="utf-8")
    return str(path)


def run(command: str, name: str, *more: str, slug: str = "acme") -> Json:
    out = io.StringIO()
    call_command(command, name, "--organization", slug, "--json", *more, stdout=out, stderr=io.StringIO())
    found: Json = json.loads(out.getvalue())
    return found


def refused(command: str, name: str, *more: str) -> tuple[Json, CommandError]:
    out = io.StringIO()
    with pytest.raises(CommandError) as caught:
        call_command(command, name, "--organization", "acme", "--json", *more, stdout=out, stderr=io.StringIO())
    assert caught.value.returncode == 2
    return json.loads(out.getvalue() or "{}"), caught.value


def test_events_one_a_line_become_records(acme: Organization, tmp_path: Path) -> None:
    name = lines(
        tmp_path / "events.jsonl", event(charge()), event(refund(), "refund.created"), event({"id": "x"}, "x.y")
    )
    summary = run("import_events", name)
    assert (summary["status"], summary["rows"], summary["created"]) == ("ok", 3, 3)
    assert summary["records"] == {"created": 2, "changed": 0}
    assert set(records(acme)) == {("charge", "ch_1"), ("refund", "re_1")}
    batch = ImportBatch.objects.get()
    assert (batch.pk, batch.kind, batch.filename, batch.rows, batch.created) == (
        *(summary["batch"], "stripe_events", "events.jsonl", 3, 3),
    )
    assert set(ProviderEvent.objects.values_list("batch", "source")) == {(batch.pk, "event_import")}


def test_a_second_import_changes_nothing_and_says_so(acme: Organization, tmp_path: Path) -> None:
    name = lines(tmp_path / "events.jsonl", event(charge()), event(intent(latest_charge=charge())))
    run("import_events", name)
    before = (ProviderEvent.objects.count(), ProviderRecordVersion.objects.count())
    again = run("import_events", name)
    assert (again["created"], again["unchanged"], again["batch"]) == (0, 2, None)
    assert (ProviderEvent.objects.count(), ProviderRecordVersion.objects.count()) == before
    assert ImportBatch.objects.count() == 1
    out = io.StringIO()
    call_command("import_events", name, "--organization", "acme", stdout=out, stderr=io.StringIO())
    assert "Nothing new" in out.getvalue()


def test_an_import_after_the_webhook_brings_nothing_new(acme: Organization, tmp_path: Path) -> None:
    delivered = event(charge())
    record_event(organization=acme, event=delivered, source="webhook", now=NOW)
    assert run("import_events", lines(tmp_path / "e.jsonl", delivered))["unchanged"] == 1


def test_a_file_with_bad_lines_is_refused_whole_with_each_named(acme: Organization, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    lines(path, event(charge()), event(charge(), livemode=True, id="evt_live"))
    path.write_text(path.read_text() + "{oops\n" + json.dumps({"object": "charge"}) + "\n")
    summary, error = refused("import_events", str(path))
    assert [(one["row"], one["id"]) for one in summary["errors"]] == [(2, "evt_live"), (3, ""), (4, "")]
    assert "3" in str(error)
    assert (summary["created"], ProviderEvent.objects.count(), ImportBatch.objects.count()) == (0, 0, 0)


def test_a_fault_in_the_last_of_many_lines_imports_nothing(acme: Organization, tmp_path: Path) -> None:
    items = [event(charge(id=f"ch_{number}")) for number in range(2_100)]
    summary, _ = refused("import_events", lines(tmp_path / "e.jsonl", *items, {"object": "event"}))
    assert summary["errors"][0]["row"] == 2_101
    assert ProviderEvent.objects.count() == 0


def test_an_unusable_object_does_not_stop_a_file(acme: Organization, tmp_path: Path) -> None:
    summary = run("import_events", lines(tmp_path / "e.jsonl", event(charge(amount=None)), event(refund())))
    assert (summary["created"], summary["unusable"]) == (2, 1)
    assert "“amount”" in summary["unusable_objects"][0]


@pytest.mark.parametrize("shape", ["lines", "list", "keyed", "collections", "envelope"])
def test_objects_come_in_every_shape(acme: Organization, tmp_path: Path, shape: str) -> None:
    items = [charge(), refund(), intent(), {"object": "customer", "id": "cus_1"}]
    document: Any = {
        "list": items,
        "keyed": {item["id"]: item for item in items},
        "collections": {"money": {item["id"]: item for item in items[:3]}, "people": items[3:]},
        "envelope": {"object": "list", "data": items},
    }.get(shape)
    path = tmp_path / "objects.json"
    if shape == "lines":
        lines(path, *items)
    else:
        path.write_text(json.dumps(document, indent=1))
    summary = run("import_objects", str(path))
    assert (summary["rows"], summary["created"], summary["records"]["created"]) == (4, 4, 3)
    assert run("import_objects", str(path))["unchanged"] == 4


def test_a_balance_transaction_of_the_same_file_gives_the_fee(acme: Organization, tmp_path: Path) -> None:
    row = {"id": "txn_1", "object": "balance_transaction", "amount": 1200, "fee": 55, "net": 1145, "currency": "eur"}
    path = tmp_path / "objects.json"
    path.write_text(json.dumps({"charges": {"ch_1": charge()}, "balance_transactions": {"txn_1": row}}))
    run("import_objects", str(path))
    assert records(acme)["charge", "ch_1"]["fee_minor"] == 55


def test_the_time_of_an_export_decides_what_outranks_it(acme: Organization, tmp_path: Path) -> None:
    record_event(organization=acme, event=event(charge(disputed=True), created=T0 + 100), source="webhook", now=NOW)
    name = lines(tmp_path / "objects.json", charge())
    run("import_objects", name, "--exported-at", "2026-01-01T00:00:30Z")
    assert records(acme)["charge", "ch_1"]["detail"]["disputed"] is True


@pytest.mark.parametrize("given", ["yesterday", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z", "2999-01-01T00:00:00Z"])
def test_an_export_time_must_be_a_past_time_with_offset(acme: Organization, tmp_path: Path, given: str) -> None:
    _, error = refused("import_objects", lines(tmp_path / "o.json", charge()), "--exported-at", given)
    assert given in str(error)


def test_a_missing_file_or_organization_is_one_line(acme: Organization, tmp_path: Path) -> None:
    assert "nowhere.jsonl" in str(refused("import_events", str(tmp_path / "nowhere.jsonl"))[1])
    with pytest.raises(CommandError, match="acme"):
        call_command("import_events", "x", "--organization", "nobody", stdout=io.StringIO(), stderr=io.StringIO())


def test_standard_input_is_a_dash(acme: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    text = io.TextIOWrapper(io.BytesIO(json.dumps(event(charge())).encode()))
    monkeypatch.setattr("sys.stdin", text)
    assert run("import_events", "-")["created"] == 1


def test_an_empty_file_is_refused(acme: Organization, tmp_path: Path) -> None:
    summary, _ = refused("import_objects", lines(tmp_path / "empty.json"))
    assert "empty" in summary["errors"][0]["message"]
