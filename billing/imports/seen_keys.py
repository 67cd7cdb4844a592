"""Which keys a file has already named, and on which row.

Kept in a temporary file, so that a million keys cost no memory.
"""

import sqlite3
from collections.abc import Iterable
from contextlib import AbstractContextManager
from types import TracebackType

_LOOKUP = 500


class SeenKeys(AbstractContextManager["SeenKeys"]):
    """Keys with the row each was first seen on. Use as a context manager: the file goes with it."""

    def __init__(self) -> None:
        self._file = sqlite3.connect("", isolation_level=None)
        self._file.execute("PRAGMA journal_mode=OFF")
        self._file.execute("CREATE TABLE seen (key TEXT PRIMARY KEY, row INTEGER NOT NULL) WITHOUT ROWID")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self._file.close()

    def repeats(self, keys: Iterable[tuple[str, int]]) -> dict[int, int]:
        """Notes (key, row) pairs; gives the rows whose key was there before, each with the row that named it first."""
        pairs = list(keys)
        first = self._known([key for key, _row in pairs])
        fresh: dict[str, int] = {}
        repeated: dict[int, int] = {}
        for key, row in pairs:
            earlier = first.get(key) or fresh.get(key)
            if earlier is None:
                fresh[key] = row
            else:
                repeated[row] = earlier
        self._file.execute("BEGIN")
        self._file.executemany("INSERT INTO seen VALUES (?, ?)", sorted(fresh.items()))
        self._file.execute("COMMIT")
        return repeated

    def _known(self, keys: list[str]) -> dict[str, int]:
        known: dict[str, int] = {}
        for start in range(0, len(keys), _LOOKUP):
            part = keys[start : start + _LOOKUP]
            marks = ",".join("?" * len(part))
            statement = f"SELECT key, row FROM seen WHERE key IN ({marks})"  # noqa: S608 - question marks only
            known.update(self._file.execute(statement, part))
        return known
