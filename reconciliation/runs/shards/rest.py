"""The last part's own matching: what no round has settled, by every pass; and what explaining it needs besides."""

from dataclasses import dataclass

import polars as pl

from billing.models import Organization
from reconciliation.core.matching import Matched, match
from reconciliation.core.tally import Totals
from reconciliation.engine import collected, lazy, pin
from reconciliation.runs.figures import control_totals
from reconciliation.runs.reading import some
from reconciliation.runs.shards.folder import Folder
from reconciliation.runs.shards.matching import Job
from reconciliation.runs.shards.reading import ITEMS, sharding_of

LOUD = ("mismatched", "only_left", "only_right", "ambiguous")


@dataclass(frozen=True)
class Rest:
    """`items` (matching.ITEMS) of what remained, sorted by their pair; `matched`, `left`, `right`: the same and the
    settled records that explaining needs besides; `wanted`: the pairs to explain.
    """

    items: pl.DataFrame
    matched: Matched
    left: pl.DataFrame
    right: pl.DataFrame
    wanted: pl.DataFrame
    totals: Totals


def match_rest(job: Job, organization: Organization, round_number: int) -> Rest:
    """Matches what the last round (`round_number`) left. Raises FileNotFoundError when files of the run are gone."""
    sharding = sharding_of(job.comparison)
    left = job.folder.read(f"rest-{round_number}-left-").drop("kept_back")
    right = job.folder.read(f"rest-{round_number}-right-").drop("kept_back")
    right = sharding.finish(organization, right)
    matched = match(
        left=lazy(left), right=lazy(right), first=job.comparison.first, passes=job.comparison.passes,
        parameters=job.rules, pin=pin, together=some(job.folder.read("together")),
        apart=some(job.folder.read("apart")),
    )  # fmt: skip
    items = with_right_times(collected(matched.items), right)
    kept = job.folder.read("kept-items-")
    kept_sides = {side: job.folder.read(f"kept-{side}-").drop("kept_back") for side in ("left", "right")}
    claimed = claimed_pairs(job, items, left)
    kept = pl.concat([kept, claimed.items]).unique(["left_id", "right_id"])  # each pair is settled once
    everything = pl.concat([items, kept])
    near = job.folder.read("near")["id"]
    loud = pl.col("outcome").is_in(LOUD) | pl.col("right_id").is_in(near.implode())
    return Rest(
        items=items,
        matched=Matched(lazy(everything.drop("right_occurred_at")), matched.ambiguous),
        left=together([left, kept_sides["left"], claimed.left]),
        right=together([right, kept_sides["right"], claimed.right]),
        wanted=everything.filter(loud).select("left_id", "right_id"),
        totals=control_totals(items, left, right, job.rules),
    )  # fmt: skip


def together(frames: list[pl.DataFrame]) -> pl.DataFrame:
    """Rows of several frames, each record once as the first frame has it."""
    return pl.concat(frames, how="diagonal").unique("id", keep="first", maintain_order=True).sort("id")


def with_right_times(items: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    """Items with the right record's own time."""
    times = right.select(right_id="id", right_occurred_at="occurred_at")
    return items.join(times, on="right_id", how="left").select(list(ITEMS)).sort("left_id", "right_id")


@dataclass(frozen=True)
class Claimed:
    """Settled pairs whose provider record is named by a payment that was left alone, and their records."""

    items: pl.DataFrame
    left: pl.DataFrame
    right: pl.DataFrame


def claimed_pairs(job: Job, items: pl.DataFrame, left: pl.DataFrame) -> Claimed:
    """Looks through the settled pairs for those that a payment left alone names by its reference."""
    alone = items.filter(pl.col("outcome") == "only_left").select(id="left_id")
    keys = left.join(alone, on="id", how="semi")["key"].drop_nulls().unique()
    named = pl.col("key").is_in(keys.implode()) | pl.col("parent_key").is_in(keys.implode())
    right = rows_where(job.folder, "right-", named, nothing_when=keys.is_empty())
    pairs = rows_where(
        job.folder, "items-", pl.col("right_id").is_in(right["id"].implode()), nothing_when=right.is_empty()
    )
    holders = pl.col("id").is_in(pairs["left_id"].implode())
    return Claimed(pairs, rows_where(job.folder, "left-", holders, nothing_when=pairs.is_empty()), right)


def rows_where(folder: Folder, start: str, condition: pl.Expr, *, nothing_when: bool) -> pl.DataFrame:
    """The rows of all frames of that name that fulfil a condition, one frame in memory at a time."""
    names = folder.names(start)
    if nothing_when:
        return folder.read(names[0]).clear()
    return pl.concat([folder.read(name).filter(condition) for name in names])
