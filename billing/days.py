"""Days that people and commands may ask for."""

from datetime import date
from typing import Final

EARLIEST: Final = date(2000, 1, 1)
LATEST: Final = date(2200, 1, 1)
"""The first day that is too late."""


def may_be_asked_for(day: date) -> bool:
    """Whether a day lies where there can be records: every time zone and database can be trusted with it."""
    return EARLIEST <= day < LATEST
