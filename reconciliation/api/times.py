"""Times in answers: ISO 8601 in UTC."""

from datetime import UTC, datetime, timedelta
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def iso(moment: datetime | None) -> str | None:
    """A moment as text; null stays null."""
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def iso_of_micros(micros: int | None) -> str | None:
    """Microseconds since 1970 UTC as text."""
    return None if micros is None else iso(EPOCH + timedelta(microseconds=micros))
