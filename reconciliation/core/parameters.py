"""What a comparison is run with. All times in microseconds since 1970 UTC, amounts in minor units."""

from dataclasses import dataclass
from datetime import UTC, datetime

from .fees import Terms

SECOND = 1_000_000


def micros(moment: datetime) -> int:
    """An aware datetime as microseconds since 1970 UTC, exactly."""
    return int(moment.timestamp()) * SECOND + moment.microsecond


def from_micros(value: int) -> datetime:
    """Microseconds since 1970 as an aware datetime in UTC, exactly."""
    return datetime.fromtimestamp(value // SECOND, UTC).replace(microsecond=value % SECOND)


@dataclass(frozen=True)
class Tolerance:
    """How far two amounts of one pair may lie apart: absolute minor units, or parts per million of the left amount."""

    minor: int = 0
    ppm: int = 0

    def allows(self, left_minor: int, right_minor: int) -> bool:
        """Whether `right_minor` is within tolerance of `left_minor` (both in minor units of one currency)."""
        apart = abs(right_minor - left_minor)
        return apart <= self.minor or apart * 1_000_000 <= abs(left_minor) * self.ppm


@dataclass(frozen=True)
class Parameters:
    """The rules of one run."""

    start: int
    end: int
    now: int
    grace: int = 48 * 3600 * SECOND
    match_window: int = 72 * 3600 * SECOND
    duplicate_window: int = 3600 * SECOND
    tolerance: Tolerance = Tolerance()
    refunds_left_out: str = ""  # the reason shown of refunds; "": they are compared
    fees: tuple[Terms, ...] = ()  # what the provider may take, where that was agreed
