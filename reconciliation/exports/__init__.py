"""Lists taken away: which columns each has, and on record who took what."""

from .cells import Column
from .columns import COLUMNS
from .taking import Taken, rows_of, started

__all__ = ["COLUMNS", "Column", "Taken", "rows_of", "started"]
