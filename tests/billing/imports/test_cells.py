"""Single cells: times, statuses, kinds, minor units, text."""

from contextlib import suppress
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.imports.cells import (
    STATUS_WORDS,
    CellError,
    RowCells,
    parse_identifier,
    parse_kind,
    parse_minor,
    parse_status,
    parse_text,
    parse_time,
)
from billing.models.payments import Status

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-05T10:00:00Z", datetime(2026, 1, 5, 10, tzinfo=UTC)),
        ("2026-01-05T10:00:00+02:00", datetime(2026, 1, 5, 8, tzinfo=UTC)),
        ("2026-01-05 10:00", datetime(2026, 1, 5, 9, tzinfo=UTC)),
        ("2026-01-05T10:00:00.250", datetime(2026, 1, 5, 9, 0, 0, 250_000, tzinfo=UTC)),
        ("2026-01-05", datetime(2026, 1, 4, 23, tzinfo=UTC)),
        ("2025-10-26 02:30", datetime(2025, 10, 26, 0, 30, tzinfo=UTC)),
    ],
    ids=["UTC", "offset", "time zone of the organization", "fraction", "date alone", "the first of a doubled hour"],
)
def test_times_become_utc(text: str, moment: datetime) -> None:
    assert parse_time(text, PARIS, NOW) == moment


def test_a_date_without_midnight_begins_with_its_first_moment() -> None:
    # Cairo's clocks went from 00:00 to 01:00 on that day.
    assert parse_time("2025-04-25", ZoneInfo("Africa/Cairo"), NOW) == datetime(2025, 4, 24, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "missing"),
        ("yesterday", "no ISO 8601 time"),
        ("05/01/2026", "no ISO 8601 time"),
        ("20260105", "no ISO 8601 time"),
        ("1767607200", "no ISO 8601 time"),
        ("2026-02-30", "no date of the calendar"),
        ("2026-01-05T25:00:00Z", "no date of the calendar"),
        ("0001-01-01", "too far from today"),
        ("9999-12-31T23:59:59-14:00", "too far from today"),
        ("1970-01-01T00:00:00Z", "too far from today"),
        ("2062-01-05T10:00:00Z", "too far from today"),
        ("2025-03-30 02:30", "does not exist in Europe/Paris"),
    ],
)
def test_a_time_that_cannot_be_meant_is_refused(text: str, words: str) -> None:
    with pytest.raises(CellError, match=words):
        parse_time(text, PARIS, NOW)


@given(st.text(max_size=40))
def test_no_text_breaks_the_reading_of_times(text: str) -> None:
    moment = NOW
    with suppress(CellError):  # any other exception fails the test
        moment = parse_time(text, PARIS, NOW)
    assert moment.tzinfo is UTC


def test_every_word_for_a_status_has_one_meaning() -> None:
    words = [word for some in STATUS_WORDS.values() for word in some]
    assert len(words) == len(set(words))


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("paid", Status.SUCCEEDED),
        ("Settled", Status.SUCCEEDED),
        ("Requires Action", Status.PENDING),
        ("requires-capture", Status.PENDING),
        ("declined", Status.FAILED),
        ("VOIDED", Status.CANCELED),
        ("partial refund", Status.PARTIALLY_REFUNDED),
    ],
)
def test_status_words_are_understood(word: str, status: Status) -> None:
    assert parse_status(word) == status


def test_an_unknown_status_names_the_accepted_words() -> None:
    with pytest.raises(CellError, match=r"“parked” is not known.*succeeded.*pending.*failed.*canceled"):
        parse_status("parked")


@pytest.mark.parametrize("text", ["", "dispute"])
def test_a_kind_must_be_charge_or_refund(text: str) -> None:
    with pytest.raises(CellError, match="Write “charge”"):
        parse_kind(text)


@pytest.mark.parametrize("text", ["", "12.50", "1e3", "１２", "9" * 16, "+5"])
def test_minor_units_are_whole_numbers(text: str) -> None:
    with pytest.raises(CellError):
        parse_minor(text, "EUR")


def test_text_longer_than_the_column_is_refused() -> None:
    assert parse_text("x" * 255) == "x" * 255
    with pytest.raises(CellError, match="256 characters"):
        parse_text("x" * 256)


@pytest.mark.parametrize("text", ["", "a\nb", "a\x07"])
def test_an_id_is_there_and_on_one_line(text: str) -> None:
    with pytest.raises(CellError):
        parse_identifier(text)


@pytest.mark.parametrize(("kind", "amount_minor"), [("refund", 500), ("charge", None)])
def test_only_refunds_may_be_negative_and_come_back_positive(kind: str, amount_minor: int | None) -> None:
    row = RowCells(2, {"amount": "-5.00"})
    assert row.read_money("amount", "EUR", kind) == amount_minor
    assert [problem.column for problem in row.problems] == ([] if kind == "refund" else ["amount"])
