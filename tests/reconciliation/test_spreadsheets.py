"""Tables as CSV and workbooks: numbers stay numbers, and no text is a formula to any program that opens them."""

import csv
import io
import zipfile
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from reconciliation import spreadsheets
from reconciliation.spreadsheets import Cell, Money, Sheet, csv_lines, inert, workbook

PREFIXES = ["=", "+", "-", "@", "\t", "\r", "\n", "\x00", "＝", "＋", "－", "＠", " =", "\ufeff=", "\u00a0+"]
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def read(cells: list[Cell]) -> list[str]:
    """A row as a reader of the CSV file gets it."""
    text = "".join(csv_lines(["head"] * len(cells), [cells]))
    return list(csv.reader(io.StringIO(text, newline="")))[1]


def opened(cells: list[Cell]) -> list[object]:
    """A row as a reader of the workbook gets it."""
    with workbook([Sheet("One", ["head"] * len(cells), [cells])]) as file:
        return [cell.value for cell in load_workbook(file)["One"][2]]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_text_with_a_formulas_prefix_is_text_in_both_files(prefix: str) -> None:
    text = f"{prefix}1+cmd|' /C calc'!A1"
    assert not read([text])[0].startswith(DANGEROUS)
    value = opened([text])[0]
    assert isinstance(value, str)
    assert not value.startswith(DANGEROUS)


def test_a_formula_behind_another_languages_separator_is_text_too() -> None:
    assert inert("Paris;=1+1") == "Paris;'=1+1"
    assert inert("a\t@SUM(A1)") == "a\t'@SUM(A1)"


@given(st.text(max_size=30))
def test_whatever_the_text_no_piece_of_it_begins_a_formula(text: str) -> None:
    for piece in inert(text).replace("\t", ";").replace("\r", ";").replace("\n", ";").split(";"):
        assert not piece.strip().startswith(("=", "+", "-", "@"))


@given(st.text(alphabet=st.characters(exclude_characters="=+-@＝＋－＠;|", exclude_categories=["C", "Z"]), max_size=30))
def test_harmless_text_is_left_as_it_is(text: str) -> None:
    assert inert(text) == text


def test_a_workbook_holds_no_formula_cell() -> None:
    with workbook([Sheet("One", ["=1"], [["=1+1"], ["+2"]])]) as file, zipfile.ZipFile(file) as parts:
        assert b"<f>" not in parts.read("xl/worksheets/sheet1.xml")


@pytest.mark.parametrize(
    ("money", "text", "number"),
    [
        (Money(-123456, "EUR"), "-1234.56", "-1234.56"),
        (Money(500, "JPY"), "500", "500"),
        (Money(1234, "KWD"), "1.234", "1.234"),
        (Money(0, "EUR"), "0.00", "0"),
        (Money(7, "XXQ"), "7", "7"),
    ],
)
def test_amounts_are_numbers_with_the_decimals_of_their_currency(money: Money, text: str, number: str) -> None:
    assert read([money]) == [text]
    value = opened([money])[0]
    assert isinstance(value, int | float)
    assert Decimal(str(value)) == Decimal(number)


def test_times_are_in_utc_whatever_zone_they_came_in() -> None:
    moment = datetime(2026, 10, 3, 11, 31, tzinfo=timezone(timedelta(hours=2)))
    assert read([moment]) == opened([moment]) == ["2026-10-03T09:31:00Z"]


def test_nothing_is_an_empty_cell_and_not_zero() -> None:
    assert read([None, 0]) == ["", "0"]
    assert opened([None, 0]) == [None, 0]


def test_a_sheet_that_is_full_goes_on_on_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheets, "SHEET_ROWS", 4)
    with workbook([Sheet("Rows", ["n"], ([number] for number in range(7)))]) as file:
        book = load_workbook(file)
    assert [[row[0] for row in page.iter_rows(min_row=2, values_only=True)] for page in book] == [
        [0, 1, 2], [3, 4, 5], [6],
    ]  # fmt: skip
    assert book.sheetnames == ["Rows", "Rows 2", "Rows 3"]


def test_control_characters_and_long_texts_break_no_file() -> None:
    value = opened(["a\x00b\x1fc" + "x" * 40_000])[0]
    assert isinstance(value, str)
    assert len(value) == spreadsheets.LONGEST_CELL
    assert read([datetime(2026, 1, 1, tzinfo=UTC), "a\x00b"])[1] == "a\N{REPLACEMENT CHARACTER}b"
