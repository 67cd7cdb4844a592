"""Frames of a run in files: written once under a name of their own, read back whole, gone when the run ends."""

import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from reconciliation.models import ReconciliationRun


@dataclass(frozen=True)
class Folder:
    """A folder of frames."""

    path: Path

    def below(self, name: str) -> "Folder":
        """A folder inside this one."""
        return Folder(self.path / name)

    def write(self, name: str, frame: pl.DataFrame) -> None:
        """Writes a frame under `name`; a half-written one is never seen, and the last whole one stays."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        whole = self.path / f"{name}.arrow"
        half = self.path / f"{name}.{secrets.token_hex(4)}.half"
        try:
            frame.write_ipc(half, compression="uncompressed")
            os.replace(half, whole)
        finally:
            half.unlink(missing_ok=True)

    def names(self, start: str) -> list[str]:
        """The names of the frames that begin with `start`, in order."""
        return sorted(path.stem for path in self.path.glob(f"{start}*.arrow"))

    def read(self, start: str, *, columns: list[str] | None = None) -> pl.DataFrame:
        """All frames whose names begin with `start`, one after the other. Raises FileNotFoundError without any."""
        frames = [pl.read_ipc(self.path / f"{name}.arrow", columns=columns) for name in self.names(start)]
        if not frames:
            raise FileNotFoundError(f"no file {start}*.arrow in {self.path}")
        return pl.concat(frames)


def folder_of(run: ReconciliationRun, root: Path) -> Folder:
    """Where a run's files lie."""
    return Folder(root / f"run-{run.pk}")


def remove(folder: Folder) -> None:
    """Removes a folder and everything in it, if it is there."""
    shutil.rmtree(folder.path, ignore_errors=True)


def remove_abandoned(root: Path) -> None:
    """Removes the files of runs that have ended without doing so themselves."""
    present = {int(path.name.removeprefix("run-")): path for path in root.glob("run-*") if path.name[4:].isdigit()}
    unfinished = ReconciliationRun.objects.filter(pk__in=present, status__in=["queued", "running"])
    for number in set(present) - set(unfinished.values_list("pk", flat=True)):
        remove(Folder(present[number]))
