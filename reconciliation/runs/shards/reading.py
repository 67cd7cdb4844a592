"""The first part: both sides read once, piece by piece, and cut by the hash of the first key into files."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import partial
from itertools import chain
from typing import Any

import polars as pl

from billing import changes as changes_journal
from reconciliation.comparisons.base import Comparison, Scope, Sharding, Stored
from reconciliation.connections import side_by_side
from reconciliation.core.fees import Terms
from reconciliation.core.parameters import Parameters, Tolerance
from reconciliation.core.passes import KeyPass
from reconciliation.frames import Schema
from reconciliation.models import ReconciliationRun
from reconciliation.runs.reading import STORED, elsewhere_for_period, ids_of, open_items
from reconciliation.runs.shards.folder import Folder, remove
from reconciliation.runs.working import Progress

ROWS_A_CUT = 250_000
SIDES = ("left", "right")
ITEMS: Schema = {name: dtype for name, dtype in STORED.items() if name != "item_id"} | {"right_occurred_at": pl.Int64}


@dataclass(frozen=True)
class Cut:
    """How records are cut: into `count` parts by the hash of a key, an absent one by the record's own id."""

    step: KeyPass
    count: int

    def of(self, side: str) -> pl.Expr:
        """The part of a record of `side`."""
        key = pl.col(self.step.left_on if side == "left" else self.step.right_on)
        return pl.when(key.is_null()).then(pl.col("id").hash()).otherwise(key.hash()) % self.count


def rules_as_json(rules: Parameters) -> dict[str, Any]:
    """The rules of a run as one of its parts leaves them to the others."""
    return asdict(rules)


def rules_from_json(values: dict[str, Any]) -> Parameters:
    """The rules that `rules_as_json` gave."""
    fees = tuple(Terms(**terms) for terms in values["fees"])
    return Parameters(**{**values, "tolerance": Tolerance(**values["tolerance"]), "fees": fees})


def read_sides(
    *, run: ReconciliationRun, comparison: Comparison, rules: Parameters, folder: Folder, count: int, tell: Progress
) -> dict[str, Any]:
    """Reads both sides of a run into `folder`, in `count` parts, and says what later parts need to know."""
    sharding = sharding_of(comparison)
    more = folder.read("stored-more") if folder.names("stored-more") else None
    remove(folder)  # whatever an earlier reading, and what followed it, has left
    if more is not None:
        folder.write("stored-more", more)
    journal = changes_journal.position(run.organization)  # first of all: what comes in from here on counts as new later
    scope = Scope(run.period_start, run.period_end)
    stored = open_items(run.organization, comparison).filter(
        occurred_at__gte=run.period_start, occurred_at__lt=run.period_end
    )
    elsewhere = elsewhere_for_period(run.organization, comparison, scope)
    if folder.names("stored-more"):  # found to be concerned when the run had been matched once
        elsewhere = pl.concat([elsewhere, folder.read("stored-more")]).unique("item_id")
    folder.write("stored-elsewhere", elsewhere)
    for name, pairs in zip(("together", "apart"), sharding.decided(run.organization), strict=True):
        folder.write(name, pairs)
    known = Stored(stored, ids_of(elsewhere, "left"), ids_of(elsewhere, "right"))
    outside = sharding.outside(run.organization, scope, rules, known)

    def cut_side(side: str) -> dict[str, int]:
        folder.write(f"{side}-shape", outside[side].clear())
        inside = sharding.pieces(run.organization, side, scope, rules)
        with closing(inside):
            rows = gathered(chain([outside[side]], inside))
            return cut_rows(rows, side=side, sharding=sharding, folder=folder, cut=cut)

    cut = Cut(comparison.first, count)
    folder.write("items-shape", pl.DataFrame(schema=ITEMS))
    folder.write("companions-shape", sharding.companions(outside["right"]).clear())
    read = dict(zip(SIDES, side_by_side([partial(cut_side, side) for side in SIDES]), strict=True))
    tell("matching", 25)
    keep_back(folder, count, rules)
    return {
        "read": {side: facts["rows"] for side, facts in read.items()}, "journal": journal, "count": count,
        "lowest": read["left"]["lowest"], "highest": read["left"]["highest"], "rules": rules_as_json(rules),
        "elsewhere": len(elsewhere), "fence": run.number or 0,
    }  # fmt: skip


def sharding_of(comparison: Comparison) -> Sharding:
    """How the comparison is cut. Raises ValueError for one that never is."""
    if comparison.sharding is None:
        raise ValueError(f"runs of {comparison.name} are not cut into parts")
    return comparison.sharding


def gathered(pieces: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Pieces joined to larger ones: few large files instead of many small ones. At least one, should all be empty."""
    waiting: list[pl.DataFrame] = []
    for piece in pieces:
        waiting.append(piece)
        if sum(map(len, waiting)) >= ROWS_A_CUT:
            yield pl.concat(waiting)
            waiting = []
    if waiting:
        yield pl.concat(waiting)


def cut_rows(
    pieces: Iterable[pl.DataFrame], *, side: str, sharding: Sharding, folder: Folder, cut: Cut
) -> dict[str, int]:
    """Writes the rows of a side, each to its part; says how many there are, and the lowest and highest identity."""
    rows, lowest, highest = 0, 2**62, 0
    for number, piece in enumerate(pieces):
        write_parts(folder, piece, cut.of(side), f"{side}-{{:04d}}-{number:05d}")
        if side == "right":
            also = sharding.companions(piece)
            write_parts(folder, also, pl.col("key").hash() % cut.count, f"companions-{{:04d}}-{number:05d}")
            for name, marks in sharding.marks(piece).items():
                write_parts(folder, marks, pl.col("hash") % cut.count, f"mark-{name}-{{:04d}}-{number:05d}")
        rows += len(piece)
        lowest = min(lowest, int(piece["id"].min() or lowest))  # type: ignore[arg-type]
        highest = max(highest, int(piece["id"].max() or 0))  # type: ignore[arg-type]
    return {"rows": rows, "lowest": min(lowest, highest), "highest": highest}


def write_parts(folder: Folder, frame: pl.DataFrame, part: pl.Expr, name: str) -> None:
    """Writes each part of a frame under `name`, which has a place for the part's number; nothing where it is empty."""
    if frame.is_empty():
        return
    marked = frame.with_columns(part.cast(pl.Int64).alias("part"))
    for (number,), rows in marked.partition_by("part", as_dict=True, include_key=False).items():
        folder.write(name.format(number), rows)


def keep_back(folder: Folder, count: int, rules: Parameters) -> None:
    """Writes who is kept back to the last part: right records of a family, and who is looked at again there: those
    that resemble another one close in time; and everybody about whom people decided.
    """
    families, near = [], []
    for part in range(count):
        if folder.names(f"mark-family-{part:04d}-"):
            marks = folder.read(f"mark-family-{part:04d}-")
            families.append(marks.filter(pl.len().over("hash") > 1)["id"])
        if folder.names(f"mark-like-{part:04d}-"):
            near.append(alike(folder.read(f"mark-like-{part:04d}-"), rules.duplicate_window))
    decided = pl.concat([folder.read(name) for name in ("together", "apart")])
    nobody = pl.Series(dtype=pl.Int64)
    back = {"left": decided["left_id"], "right": pl.concat([nobody, *families, decided["right_id"]])}
    for side, ids in back.items():
        folder.write(f"kept-back-{side}", pl.DataFrame({"id": ids.unique()}))
    folder.write("near", pl.DataFrame({"id": pl.concat([nobody, *near])}))


def alike(marks: pl.DataFrame, window: int) -> pl.Series:
    """The ids of marks with a neighbour of the same hash at most `window` microseconds away."""
    ordered = marks.filter(pl.len().over("hash") > 1).sort("hash", "occurred_at")
    after = (pl.col("hash") == pl.col("hash").shift(1)) & (pl.col("occurred_at").diff() <= window)
    close = after.fill_null(False)
    return ordered.filter(close | close.shift(-1, fill_value=False))["id"]
