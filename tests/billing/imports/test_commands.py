"""The import commands: what they print, write and return."""

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from billing.management.refusals import Refused
from billing.models import ImportBatch, Organization, Payment, ProviderRecord
from tests.billing.imports.files import RECORD, csv_bytes, payments
from tests.billing.stripe_facts import charge, event

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def acme() -> Organization:
    return Organization.objects.create(slug="acme", name="Acme")


def run(*arguments: Any, command: str = "import_payments") -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command(command, *map(str, arguments), "--organization", "acme", stdout=out, stderr=err)
    except Refused as error:
        err.write(f"{error} (exit code {error.returncode})")
    return out.getvalue(), err.getvalue()


def written(folder: Path, content: bytes) -> Path:
    path = folder / "payments.csv"
    path.write_bytes(content)
    return path


def test_the_summary_tells_the_figures(tmp_path: Path) -> None:
    out, err = run(written(tmp_path, payments({}, {"external_id": "b"})))
    assert "New" in out
    assert err == ""
    assert Payment.objects.count() == 2


def test_json_is_one_object(tmp_path: Path) -> None:
    path = written(tmp_path, payments({}))
    found = json.loads(run(path, "--json")[0])
    seconds, batch = found.pop("seconds"), found.pop("batch")
    assert isinstance(seconds, float)
    assert isinstance(batch, int)
    assert found == {
        "import": "payments",
        "organization": "acme",
        "file": str(path),
        "status": "ok",
        "rows": 1,
        "created": 1,
        "changed": 0,
        "unchanged": 0,
        "rejected": 0,
        "problems": 0,
        "errors": [],
    }


def test_a_refused_file_shows_a_table_of_errors_and_ends_with_2(tmp_path: Path) -> None:
    out, err = run(written(tmp_path, payments({}, {"external_id": "b", "amount": "x"})))
    assert out == ""
    assert "amount" in err
    assert "1 problems: nothing was imported" in err
    assert err.endswith("(exit code 2)")
    assert not Payment.objects.exists()


def test_a_refused_file_as_json_says_so_and_counts_nothing_as_written(tmp_path: Path) -> None:
    out, _err = run(written(tmp_path, payments({}, {"external_id": "b", "amount": "x"})), "--json")
    found = json.loads(out)
    assert (found["status"], found["created"], found["problems"], found["batch"]) == ("refused", 0, 1, None)
    assert (found["errors"][0]["row"], found["errors"][0]["column"]) == (3, "amount")


def test_all_errors_go_to_a_file_that_no_spreadsheet_calculates(tmp_path: Path) -> None:
    rows = ({"external_id": f"p{n}", "amount": "=1+1"} for n in range(60))
    _out, err = run(written(tmp_path, payments(*rows)), "--errors", tmp_path / "errors.csv")
    lines = (tmp_path / "errors.csv").read_text().splitlines()
    assert "10 more" in err
    assert len(lines) == 61
    assert lines[1].startswith("2,amount,")
    assert lines[1].endswith(",'=1+1")


def test_partial_writes_the_bad_rows_to_a_file_that_can_be_imported_when_corrected(tmp_path: Path) -> None:
    path = written(tmp_path, payments({}, {"external_id": "b", "amount": "x", "customer": "=c"}))
    _out, err = run(path, "--partial")
    rejects = tmp_path / "payments.rejects.csv"
    assert "payments.rejects.csv" in err.replace("\n", "")
    assert "=c" in rejects.read_text()
    rejects.write_text(rejects.read_text().replace(",x,", ",5.00,"))
    run(rejects)
    assert Payment.objects.count() == 2


def test_a_row_with_too_many_cells_keeps_them_among_the_rejects_and_is_refused_again(tmp_path: Path) -> None:
    path = written(tmp_path, payments({}).replace(b"INV-1\n", b"INV-1,000\n"))
    run(path, "--partial", tmp_path / "bad.csv")
    (error,) = json.loads(run(tmp_path / "bad.csv", "--json")[0])["errors"]
    assert (error["column"], error["value"]) == ("cell 11", "000")
    assert not Payment.objects.exists()


def test_partial_without_bad_rows_writes_no_file(tmp_path: Path) -> None:
    run(written(tmp_path, payments({})), "--partial", tmp_path / "bad.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["payments.csv"]


def test_the_file_to_import_is_never_written_to(tmp_path: Path) -> None:
    path = written(tmp_path, payments({"amount": "x"}))
    before = path.read_bytes()
    _out, err = run(path, "--partial", path)
    assert "Choose another name" in err
    assert path.read_bytes() == before


def test_a_dash_reads_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(payments({}))))
    assert json.loads(run("-", "--json")[0])["created"] == 1


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    _out, err = run(tmp_path / "nowhere.csv")
    assert err.count("\n") == 0
    assert "cannot be read: No such file or directory" in err


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert "cannot be read" in run(tmp_path)[1]


def test_an_unknown_organization_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"There is no organization “nobody”\. Known: acme\."):
        call_command("import_payments", str(tmp_path / "x.csv"), "--organization", "nobody")


def test_provider_records_come_under_the_name_given(tmp_path: Path) -> None:
    path = written(tmp_path, csv_bytes(RECORD))
    run(path, "--provider", "adyen", command="import_provider_records")
    assert ProviderRecord.objects.get().provider == "adyen"


LINE = (
    "balance_transaction_id,created_utc,currency,gross,fee,net,reporting_category\n"
    "txn_1,2026-01-05 10:00:00,eur,1,0,1,charge\n"
)


@pytest.mark.parametrize(
    ("command", "content"),
    [
        ("import_payments", payments({})),
        ("import_events", json.dumps(event(charge())).encode()),
        ("import_statements", LINE.encode()),
    ],
)
def test_a_file_whose_name_is_no_text_is_imported(tmp_path: Path, command: str, content: bytes) -> None:
    path = Path(os.fsdecode(bytes(tmp_path) + b"/caf\xe9"))
    path.write_bytes(content)
    run(path, command=command)
    assert ImportBatch.objects.get().filename == "caf\ufffd"
