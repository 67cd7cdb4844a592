"""What a run found and what is stored, range by range of our identities: the items to open and to close."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from reconciliation.core.changes import item_changes
from reconciliation.engine import collected, lazy, pin
from reconciliation.frames import read
from reconciliation.models import ReconciliationRun
from reconciliation.runs.reading import STORED, STORED_COLUMNS, items_touching, open_items
from reconciliation.runs.shards.matching import Job

NOBODY = pl.Series(dtype=pl.Int64)
PAIR = ["left_id", "right_id"]


@dataclass(frozen=True)
class Range:
    """The items of a range: found (those that concern the period), to open, to close, and stored ones to be closed."""

    found: pl.DataFrame
    to_open: pl.DataFrame
    to_close: pl.DataFrame
    closed: pl.DataFrame


@dataclass
class Ranges:
    """All ranges of a run. `rest`: the items that no part settled (matching.ITEMS)."""

    job: Job
    run: ReconciliationRun
    rest: pl.DataFrame
    moved: pl.Series = field(default_factory=lambda: NOBODY)  # right identities of stored items that end

    def __post_init__(self) -> None:
        """Looks once whether anything is stored at all."""
        items = open_items(self.run.organization, self.job.comparison)
        self.period = items.filter(occurred_at__gte=self.run.period_start, occurred_at__lt=self.run.period_end)
        self.elsewhere = self.job.folder.read("stored-elsewhere")
        self.nothing_stored = self.elsewhere.is_empty() and not self.period.exists()

    def all_found(self, number: int) -> pl.DataFrame:
        """Everything found in a range, with `left_in` and `right_in`: whether a record lies in the period by itself."""
        low, high = self.job.bounds(number)
        parts = [self.rest.filter(pl.col("left_id").is_between(low, high, closed="left"))]
        if self.job.folder.names(f"items-{number:04d}-"):
            parts.append(self.job.folder.read(f"items-{number:04d}-"))
        rules = self.job.rules
        owner = pl.when(pl.col("left_id") > 0).then(pl.col("occurred_at"))
        inside = [
            time.is_between(rules.start, rules.end, closed="left").fill_null(False).alias(name)
            for name, time in (("left_in", owner), ("right_in", pl.col("right_occurred_at")))
        ]
        return pl.concat(parts).with_columns(inside)

    def stored(self, number: int) -> pl.DataFrame:
        """The stored items of a range."""
        if self.nothing_stored:
            return pl.DataFrame(schema=STORED)
        low, high = self.job.bounds(number)
        inside = read(self.period.filter(left_id__gte=low, left_id__lt=high), STORED_COLUMNS, STORED)
        outside = self.elsewhere.filter(pl.col("left_id").is_between(low, high, closed="left"))
        return pl.concat([inside, outside])

    def concerning(self, found: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
        """The found items that name a record of the period, or a record of a stored item."""
        lefts = stored["left_id"].filter(stored["left_id"] > 0)
        rights = pl.concat([stored["right_id"].filter(stored["right_id"] > 0), self.moved])
        concerned = pl.col("left_in") | pl.col("right_in")
        if not stored.is_empty() or not self.moved.is_empty():
            concerned |= pl.col("left_id").is_in(lefts.implode()) | pl.col("right_id").is_in(rights.implode())
        return found.filter(concerned)

    def look_ahead(self) -> pl.DataFrame:
        """Learns which stored items end, and returns open items elsewhere that name a record of a found item and were
        not looked at when both sides were read: empty, or the run must read again.
        """
        if self.nothing_stored:
            items = open_items(self.run.organization, self.job.comparison)
            if not items.exists():
                return self.elsewhere
        moved = [NOBODY]
        for number in range(self.job.count if not self.nothing_stored else 0):
            ended = self.stored(number).join(self.all_found(number), on=PAIR, how="anti")
            moved.append(ended["right_id"].filter(ended["right_id"] > 0))
        self.moved = pl.concat(moved).unique()
        outside = {side: [NOBODY] for side in ("left", "right")}
        for number in range(self.job.count):
            stored = self.stored(number)
            found = self.concerning(self.all_found(number), stored)
            for side, known in outside.items():
                ids = found.filter(~pl.col(f"{side}_in") & (pl.col(f"{side}_id") > 0))[f"{side}_id"]
                known.append(ids.filter(~ids.is_in(stored[f"{side}_id"].implode())))
        items = open_items(self.run.organization, self.job.comparison).exclude(
            occurred_at__gte=self.run.period_start, occurred_at__lt=self.run.period_end
        )
        left, right = (pl.concat(outside[side]).unique().sort() for side in ("left", "right"))
        return items_touching(items, left, right).join(self.elsewhere.select("item_id"), on="item_id", how="anti")

    def changes(self) -> Iterator[Range]:
        """Each range with what is to be written, ranges rising by pair."""
        for number in range(self.job.count):
            stored = self.stored(number)
            found = self.concerning(self.all_found(number), stored)
            found = found.drop("left_in", "right_in", "right_occurred_at").sort(PAIR)
            if stored.is_empty():
                yield Range(found, found, stored.select("item_id"), stored)
                continue
            changed = item_changes(lazy(found), lazy(stored), pin)
            to_open, to_close = (collected(frame) for frame in changed)
            yield Range(found, to_open, to_close, stored.join(to_close, on="item_id", how="semi"))


def keep_for_reading_again(job: Job, more: pl.DataFrame) -> None:
    """Leaves stored items to the next reading, besides those left before."""
    frames = [job.folder.read("stored-more")] if job.folder.names("stored-more") else []
    job.folder.write("stored-more", pl.concat([*frames, more]).unique("item_id"))
