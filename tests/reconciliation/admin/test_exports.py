"""Lists as files: the rows of the list under its filters and no others, inert, and on record."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import models
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from reconciliation.admin import exports
from reconciliation.exports import COLUMNS
from reconciliation.exports.taking import cells_of
from reconciliation.models import ClosingThreshold, ListExport, ReconciliationDiscrepancy, ReconciliationItem
from reconciliation.spreadsheets import plain
from tests.access.rows import made
from tests.access.world import World, somebody_else
from tests.people import browser, person
from tests.reconciliation.admin.desk_books import CANARY
from tests.reconciliation.books import Books

pytestmark = pytest.mark.django_db
OWN_APPS = ("billing", "reconciliation")
WITHOUT_TEXTS = ("membership", "closingthreshold")  # but for the names of people, roles and currencies
OF_THE_DESK = {model._meta.model_name for model in apps.get_app_config("reconciliation").get_models()}
FORMULAS = ("=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "x;=1")


@pytest.fixture(scope="module")
def filled(rows_of_module: None) -> World:
    """An organization with a row in every list but that of exports, and another one with its own."""
    world = World()
    made(ClosingThreshold, world.organization)
    somebody_else()
    return world


@pytest.fixture
def books(db: None, filled: World) -> Books:
    return filled.books


@pytest.fixture
def client(books: Books) -> Client:
    return browser(person("Auditor", books.organization))


@pytest.fixture
def world(db: None, filled: World) -> World:
    """An export besides."""
    made(ListExport, filled.organization)
    return filled


def taken(client: Client, name: str, form: str = "csv", **query: Any) -> bytes:
    answer: Any = client.get(reverse("admin:reconciliation_listexport_take", args=[name, form]), query)
    assert answer.status_code == 200, answer
    return b"".join(answer.streaming_content)


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def test_each_list_is_taken_whole_in_both_forms_and_holds_nobody_elses_rows(world: World) -> None:
    auditor = browser(person("Auditor", world.organization))
    for name in COLUMNS:
        text = taken(auditor, name)
        book = load_workbook(io.BytesIO(taken(auditor, name, "xlsx")))
        found, own = rows(text), int(name == "listexport")  # which knows of itself being taken
        assert len(found) + own == book.worksheets[0].max_row - 1 > 0, name
        assert {row["organization"] for row in found} == {"acme"}, name
        assert CANARY not in text.decode(), name
        assert [one.rows for one in ListExport.objects.filter(list_name=name)] == [len(found), len(found) + own], name
        if name == "statementline":
            statement_lines_are_told_whole(found)
    only = rows(taken(auditor, "statementline", owner="none"))
    assert only
    assert {row["belongs_to"] for row in only} == {""}


def statement_lines_are_told_whole(found: list[dict[str, str]]) -> None:
    row = next(row for row in found if row["belongs_to"])
    assert {name: row[name] for name in ("gross", "fee", "net", "currency")} == {
        "gross": "10.00", "fee": "0.40", "net": "9.60", "currency": "EUR",
    }  # fmt: skip
    assert row["source_reference"].startswith("ch_")
    assert row["payout_reference"].startswith("po_")
    assert row["fetch"].startswith("F-")


def test_every_list_that_is_read_at_the_desk_can_be_taken() -> None:
    lists = {model._meta.model_name for model in admin.site._registry if model._meta.app_label in OWN_APPS}
    assert lists - set(COLUMNS) == set()


def test_the_filters_of_the_list_hold(client: Client) -> None:
    found = rows(taken(client, "reconciliationdiscrepancy", type="AmountMismatch", p="1", after="nonsense"))
    own = ReconciliationDiscrepancy.objects.filter(type="AmountMismatch", organization__slug="acme")
    assert {row["discrepancy"] for row in found} == {str(row) for row in own}
    record = ListExport.objects.get()
    assert "type=AmountMismatch" in record.query
    assert (record.user.get_username(), record.organization.slug) == ("auditor", "acme")


def test_amounts_and_times_are_for_machines(client: Client) -> None:
    row = rows(taken(client, "reconciliationdiscrepancy", type="AmountMismatch"))[0]
    stored = ReconciliationDiscrepancy.objects.get(pk=row["discrepancy"].removeprefix("D-"))
    assert stored.difference_minor is not None
    assert float(row["difference"]) * 100 == pytest.approx(stored.difference_minor)
    assert row["occurred_at"].endswith("Z")
    assert row["provider_amount"]
    assert row["sentence"].startswith("Stripe recorded")


def test_a_list_longer_than_a_page_and_a_piece_is_whole(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciliation.exports.taking.ROWS_A_PIECE", 3)
    own = ReconciliationItem.objects.filter(organization__slug="acme", closed_run=None)
    assert {row["item"] for row in rows(taken(client, "reconciliationitem"))} == {str(row) for row in own}


def test_too_many_rows_for_a_workbook_are_offered_as_csv(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "MOST_IN_A_WORKBOOK", 2)
    url = reverse("admin:reconciliation_listexport_take", args=["reconciliationitem", "xlsx"])
    page = client.get(url, follow=True)
    assert "Take the CSV file" in page.content.decode()
    assert ListExport.objects.count() == 0


def test_who_breaks_off_is_on_record_without_a_number_of_rows(client: Client) -> None:
    url = reverse("admin:reconciliation_listexport_take", args=["reconciliationitem", "csv"])
    answer: Any = client.get(url)
    next(iter(answer.streaming_content))
    assert ListExport.objects.get().rows is None


def test_an_organization_that_is_not_ones_own_gives_no_row(client: Client) -> None:
    other = ReconciliationItem.objects.exclude(organization__slug="acme").values_list("organization_id", flat=True)[0]
    assert rows(taken(client, "reconciliationitem", organization=str(other))) == []


@pytest.mark.parametrize("path", ["user.csv", "reconciliationitem.exe", "nothing.csv", "session.xlsx"])
def test_other_lists_and_forms_are_not_there(client: Client, path: str) -> None:
    assert client.get(f"/admin/reconciliation/listexport/take/{path}").status_code == 404
    assert ListExport.objects.count() == 0


def test_somebody_without_a_role_takes_nothing(books: Books, django_user_model: Any) -> None:
    stranger = Client()
    stranger.force_login(django_user_model.objects.create_user("new", is_staff=True))
    for name in COLUMNS:
        assert stranger.get(reverse("admin:reconciliation_listexport_take", args=[name, "csv"])).status_code == 403


def poisoned(row: models.Model, formula: str) -> models.Model:
    """A row with a formula in every text it has, the dictionaries it carries included."""
    for field in row._meta.concrete_fields:
        if isinstance(field, models.CharField | models.TextField) and field.choices is None:
            setattr(row, field.attname, formula)
        elif isinstance(field, models.JSONField) and field.attname == "explanation":
            facts = dict.fromkeys(("own", "key", "party", "status"), formula)
            setattr(row, field.attname, {**getattr(row, field.attname), "left": facts, "right": facts})
    for name in ("left_name", "right_name", "cause_name", "told", "owner_name"):
        setattr(row, name, formula)
    for column in COLUMNS[str(row._meta.model_name)]:
        setattr(row, f"now_{column.name}", formula)
    return row


def texts(name: str, row: models.Model) -> Iterator[str]:
    """The texts of the cells of a row as a file has them."""
    for column in COLUMNS[name]:
        try:
            (cell,) = next(cells_of([row], [column]))
        except (KeyError, AttributeError):  # a sentence or an amount cannot be made of nonsense
            continue
        if isinstance(cell, str):
            yield str(plain(cell))


def test_no_text_column_of_any_list_begins_a_formula(world: World) -> None:
    for formula in FORMULAS:
        for name in COLUMNS:
            model = apps.get_model(("billing", "reconciliation")[name in OF_THE_DESK], name)
            owner = {"organization": world.organization} if hasattr(model, "organization_id") else {}
            row = model._default_manager.filter(**owner).order_by("pk")[0]
            found = list(texts(name, poisoned(row, formula)))
            assert any("1" in text for text in found) or name in WITHOUT_TEXTS, name
            for piece in (piece for text in found for piece in text.split(";")):
                assert not piece.strip().startswith(("=", "+", "-", "@", "＝")), (name, piece)


def test_the_list_offers_what_it_shows(client: Client) -> None:
    url = reverse("admin:reconciliation_reconciliationitem_changelist")
    assert "take/reconciliationitem.csv?" in client.get(url).content.decode()
    assert "take/reconciliationitem.xlsx?outcome=matched" in client.get(url, {"outcome": "matched"}).content.decode()
    record = client.get(reverse("admin:reconciliation_listexport_changelist"))
    assert record.status_code == 200
