"""Read the cells of a row: text, money, times, statuses.

Every refusal is a sentence that says what to write instead.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from billing.imports.csv_rows import Problem
from billing.models.payments import RecordKind, Status
from billing.money import MAX_MINOR, MoneyError, known_currency, parse_amount

Value = TypeVar("Value")

TEXT_LIMIT: Final = 255
EARLIEST: Final = datetime(1990, 1, 1, tzinfo=UTC)
FURTHEST_AHEAD: Final = timedelta(days=366)

STATUS_WORDS: Final[dict[Status, tuple[str, ...]]] = {
    Status.SUCCEEDED: (
        "succeeded", "success", "successful", "paid", "settled", "captured", "complete", "completed", "ok", "received",
        "cleared", "deposited", "paid_out", "accounted",
    ),
    Status.PENDING: (
        "pending", "processing", "in_progress", "authorized", "authorised", "open", "created", "new", "initiated",
        "submitted", "awaiting_payment", "uncaptured", "on_hold", "scheduled", "requires_action",
        "requires_confirmation", "requires_capture", "requires_payment_method",
    ),
    Status.FAILED: ("failed", "failure", "declined", "error", "rejected", "refused", "denied", "blocked"),
    Status.CANCELED: ("canceled", "cancelled", "void", "voided", "expired", "abandoned"),
    Status.REFUNDED: ("refunded", "fully_refunded"),
    Status.PARTIALLY_REFUNDED: ("partially_refunded", "partial_refund", "partly_refunded"),
}  # fmt: skip
"""One equivalence map for files; other sources have their own."""
_STATUS: Final = {word: status for status, words in STATUS_WORDS.items() for word in words}
_SEPARATORS: Final = re.compile(r"[\s_-]+")
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME: Final = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,6})?)?\s?(?:[Zz]|[+-]\d{2}:?\d{2})?")
_WHOLE: Final = re.compile(r"-?[0-9]{1,16}")


class CellError(ValueError):
    """A cell that cannot be used; `str()` of it is written for people."""


@dataclass(slots=True)
class RowCells:
    """The cells of one row by column name, and the problems found while reading them."""

    row: int
    cells: dict[str, str]
    problems: list[Problem] = field(default_factory=list)

    def read(self, column: str, parse: Callable[[str], Value]) -> Value | None:
        """The cell's text, without surrounding blanks, through `parse`; None and a problem noted when that refuses."""
        text = self.cells.get(column, "").strip()
        try:
            return parse(text)
        except (CellError, MoneyError) as error:
            self.problems.append(Problem(self.row, column, str(error), text[:200]))
            return None

    def read_money(self, name: str, currency: str | None, kind: str | None) -> int | None:
        """Minor units from column `name` (decimal) or `name`_minor; None when refused or when `currency` is unknown.

        Refunds may carry either sign and come back positive; a negative charge is refused.
        """
        column = name if name in self.cells else f"{name}_minor"
        if currency is None:
            return None
        parse = parse_amount if column == name else parse_minor
        amount_minor = self.read(column, lambda text: parse(text, currency))
        if amount_minor is None or amount_minor >= 0:
            return amount_minor
        if kind == RecordKind.REFUND:
            return -amount_minor
        if kind == RecordKind.CHARGE:
            message = _("A charge cannot be negative. Use kind “refund” for money that went back.")
            self.problems.append(Problem(self.row, column, message, self.cells[column].strip()[:200]))
        return None


def parse_minor(text: str, currency: str) -> int:
    """Whole minor units of `currency`, "1250" for 12.50 EUR; raises CellError."""
    if not text:
        raise CellError(_("The amount is missing. Write minor units, such as 1250 for 12.50 EUR."))
    if not _WHOLE.fullmatch(text) or abs(int(text)) > MAX_MINOR:
        raise CellError(
            _(
                "“%(text)s” is no whole number of minor units of %(currency)s. Write 1250 for 12.50 EUR, "
                "or name the column without _minor."
            )
            % {"text": text[:40], "currency": currency}
        )
    return int(text)


def parse_optional_fee(cells: RowCells, currency: str | None) -> int | None:
    """Fee in minor units (either sign) from `fee` or `fee_minor`; None when blank, refused or without a currency."""
    column = "fee" if "fee" in cells.cells else "fee_minor"
    if currency is None or not cells.cells.get(column, "").strip():
        return None
    parse = parse_amount if column == "fee" else parse_minor
    return cells.read(column, lambda text: parse(text, currency))


@lru_cache(maxsize=1024)
def parse_currency(text: str) -> str:
    """Upper-case ISO 4217 code; raises CellError or MoneyError."""
    if not text:
        raise CellError(_("The currency is missing. Write its ISO 4217 code, such as EUR."))
    return known_currency(text)


def parse_identifier(text: str) -> str:
    """A required id: any printable text up to 255 characters; raises CellError."""
    if not text:
        raise CellError(_("The id is missing. Each row needs its own."))
    return parse_reference(text)


def parse_reference(text: str) -> str:
    """An optional id: printable text up to 255 characters; raises CellError."""
    if not text.isprintable() and any(unicodedata.category(character) == "Cc" for character in text):
        raise CellError(_("The id holds a line break or another control character. Remove it."))
    return parse_text(text)


def parse_text(text: str) -> str:
    """Free text, kept as it is (a leading = or + too), up to 255 characters; raises CellError."""
    if len(text) > TEXT_LIMIT:
        raise CellError(
            _("The text has %(length)d characters; at most %(limit)d fit. Shorten it.")
            % {"length": len(text), "limit": TEXT_LIMIT}
        )
    return text


@lru_cache(maxsize=1024)
def parse_kind(text: str) -> str:
    """“charge” or “refund”; raises CellError."""
    kind = text.lower()
    if kind not in RecordKind.values:
        found = _("“%s” is not known.") % text[:40] if text else _("The kind is missing.")
        raise CellError(found + " " + _("Write “charge” for money in, “refund” for money that went back."))
    return kind


@lru_cache(maxsize=1024)
def parse_status(text: str) -> str:
    """Canonical status of a word files use (see STATUS_WORDS; case, blanks and hyphens do not matter); raises
    CellError.
    """
    status = _STATUS.get(_SEPARATORS.sub("_", text.lower()))
    if status is None:
        accepted = "; ".join(", ".join(words[:4]) for words in STATUS_WORDS.values())
        found = _("The status “%s” is not known.") % text[:40] if text else _("The status is missing.")
        raise CellError(found + " " + _("Write one of: %s.") % accepted)
    return status.value


def parse_time(text: str, zone: ZoneInfo, now: datetime) -> datetime:
    """ISO 8601 text as UTC; without an offset in `zone`, a date alone as the first moment of that day there.

    Of a time that occurs twice (clocks go back) the first is meant. Raises CellError for other forms, times that do not
    exist, and times before 1990 or more than a year after `now`.
    """
    moment = _localized(_read_time(text), text, zone).astimezone(UTC)
    if not EARLIEST <= moment <= now + FURTHEST_AHEAD:
        raise CellError(_("“%s” is too far from today to be a payment. Check the year.") % text[:40])
    return moment


def _read_time(text: str) -> date | datetime:
    if not text:
        raise CellError(_("The time is missing. Write it as 2026-01-31T14:05:00+01:00."))
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
        if _TIME.fullmatch(text):
            return datetime.fromisoformat(text.replace(" ", "T", 1).replace(" ", "").upper())
    except ValueError:
        raise CellError(_("“%s” is no date of the calendar.") % text[:40]) from None
    raise CellError(_("“%s” is no ISO 8601 time. Write it as 2026-01-31T14:05:00+01:00.") % text[:40])


def _localized(moment: date | datetime, text: str, zone: ZoneInfo) -> datetime:
    try:
        if not isinstance(moment, datetime):
            return datetime(moment.year, moment.month, moment.day, tzinfo=zone).astimezone(UTC)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
        local = moment.replace(tzinfo=zone)
        back = local.astimezone(UTC).astimezone(zone).replace(tzinfo=None)
    except (OverflowError, ValueError):
        raise CellError(_("“%s” is too far from today to be a payment. Check the year.") % text[:40]) from None
    if back != moment:
        raise CellError(
            _("“%(text)s” does not exist in %(zone)s: clocks go forward over it. Write the offset from UTC.")
            % {"text": text[:40], "zone": zone.key}
        )
    return local
