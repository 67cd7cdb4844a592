"""One part of a round: what it settles goes to files by ranges of our records; what remains goes to the next round."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import polars as pl

from reconciliation.comparisons.base import Comparison
from reconciliation.core.parameters import Parameters
from reconciliation.core.settling import rounds, settle
from reconciliation.engine import collected, lazy, pin
from reconciliation.runs.figures import control_totals
from reconciliation.runs.shards.folder import Folder
from reconciliation.runs.shards.reading import Cut, gathered, rules_from_json, sharding_of, write_parts


@dataclass(frozen=True)
class Job:
    """What the parts of a run have in common. `read`: what the first part left."""

    comparison: Comparison
    folder: Folder
    read: dict[str, Any]

    @property
    def rules(self) -> Parameters:
        """The rules of the run, as they were when both sides were read."""
        return rules_from_json(self.read["rules"])

    @property
    def count(self) -> int:
        """Into how many parts the records are cut, and our identities into ranges."""
        return int(self.read["count"])

    @property
    def lowest(self) -> int:
        """The lowest of our identities."""
        return int(self.read["lowest"])

    @property
    def width(self) -> int:
        """How many identities a range spans."""
        return (int(self.read["highest"]) - self.lowest) // self.count + 1

    def round_folder(self, number: int) -> Folder:
        """Where the records of a round lie."""
        return self.folder if number == 0 else self.folder.below(f"round-{number}")

    def range_of(self) -> pl.Expr:
        """The range that an item belongs to, by our identity; items without one are in the first."""
        return ((pl.col("left_id") - self.lowest) // self.width).clip(0, self.count - 1)

    def bounds(self, number: int) -> tuple[int, int]:
        """Identities of ours in a range: from, to (excluded)."""
        first = self.lowest + number * self.width
        return (0 if number == 0 else first), (2**63 - 1 if number == self.count - 1 else first + self.width)


def match_parts(job: Job, claimed: Sequence[tuple[int, int]]) -> list[dict[str, Any]]:
    """Settles parts (round, number) side by side: one alone leaves a processor idle half of its time. What each
    answers, in their order. Asks the database nothing.
    """
    with ThreadPoolExecutor(len(claimed)) as pool:
        return list(pool.map(lambda part: match_part(job, *part), claimed))


def match_part(job: Job, round_number: int, part: int) -> dict[str, Any]:
    """Settles one part of a round. Answers with the number of records read and remaining, and the control totals of
    what was settled.
    """
    step = rounds(job.comparison.first, job.comparison.passes)[round_number]
    left, right = part_sides(job, round_number, part)
    settled = settle(
        step=step, first=round_number == 0, left=lazy(left), right=lazy(right), parameters=job.rules, pin=pin
    )
    items, rest = collected(settled.items), {"left": collected(settled.left), "right": collected(settled.right)}
    write_parts(job.folder, items, job.range_of(), f"items-{{:04d}}-{round_number}-{part:04d}")
    for side, frame in rest.items():
        job.folder.write(f"rest-{round_number}-{side}-{part:04d}", frame)
    pairs = {side: items.select(id=f"{side}_id") for side in rest}
    done = {side: frame.join(pairs[side], on="id", how="semi") for side, frame in (("left", left), ("right", right))}
    keep(job, round_number, part, items, done)
    return {
        "rows": {"left": len(left), "right": len(right)},
        "rest": {side: len(frame) for side, frame in rest.items()},
        "settled": len(items),
        "totals": control_totals(items, done["left"], done["right"], job.rules),
    }


def part_sides(job: Job, round_number: int, part: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The records of a part, with `kept_back`."""
    folder = job.round_folder(round_number)
    left, right = read_part(folder, "left", part), read_part(folder, "right", part)
    if round_number > 0:
        return left, right
    companions = read_part(folder, "companions", part)
    left, right = sharding_of(job.comparison).prepare(left, right, companions, job.rules)
    back = {side: folder.read(f"kept-back-{side}")["id"] for side in ("left", "right")}
    return (
        left.with_columns(kept_back=pl.col("id").is_in(back["left"].implode())),
        right.with_columns(kept_back=pl.col("id").is_in(back["right"].implode())),
    )


def read_part(folder: Folder, kind: str, part: int) -> pl.DataFrame:
    """The frames of a kind and part; a part may be empty."""
    start = f"{kind}-{part:04d}-"
    return folder.read(start if folder.names(start) else f"{kind}-shape")


def keep(job: Job, round_number: int, part: int, items: pl.DataFrame, done: dict[str, pl.DataFrame]) -> None:
    """Keeps the settled records that must be explained: those not plainly matched, or with a look-alike near."""
    near = job.folder.read("near")["id"]
    wanted = items.filter((pl.col("outcome") != "matched") | pl.col("right_id").is_in(near.implode()))
    job.folder.write(f"kept-items-{round_number}-{part:04d}", wanted)
    for side, frame in done.items():
        rows = frame.join(wanted.select(id=f"{side}_id"), on="id", how="semi")
        job.folder.write(f"kept-{side}-{round_number}-{part:04d}", rows)


def route(job: Job, round_number: int, count: int) -> dict[str, Any]:
    """Cuts what the round before left into `count` parts by the key of this round."""
    step = rounds(job.comparison.first, job.comparison.passes)[round_number]
    cut, folder = Cut(step, count), job.round_folder(round_number)
    for side in ("left", "right"):
        names = job.folder.names(f"rest-{round_number - 1}-{side}-")
        for number, rows in enumerate(gathered(job.folder.read(name) for name in names)):
            folder.write(f"{side}-shape", rows.clear())
            write_parts(folder, rows, cut.of(side), f"{side}-{{:04d}}-{number:05d}")
    return {"count": count}
