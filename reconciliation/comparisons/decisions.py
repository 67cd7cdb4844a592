"""What people decided about pairs of records, as matching needs it."""

import polars as pl
from django.db.models import Exists, OuterRef, Q, QuerySet

from reconciliation.frames import Schema, read
from reconciliation.models import MatchDecision

PAIR: Schema = {"left_id": pl.Int64, "right_id": pl.Int64}
COLUMNS = {"left_id": "left_id", "right_id": "right_id"}


def in_force(organization_id: int, comparison: str) -> QuerySet[MatchDecision]:
    """The last decision about each pair, but for pairs left to the rules again."""
    decisions = MatchDecision.objects.filter(organization=organization_id, comparison=comparison)
    later = decisions.filter(left_id=OuterRef("left_id"), right_id=OuterRef("right_id"), pk__gt=OuterRef("pk"))
    return decisions.filter(~Exists(later)).exclude(verdict=MatchDecision.Verdict.UNDONE)


def verdicts(organization_id: int, comparison: str, *, left_id: int, right_id: int) -> dict[tuple[int, int], str]:
    """The decisions in force about either of two records: pair → verdict."""
    rows = in_force(organization_id, comparison).filter(Q(left_id=left_id) | Q(right_id=right_id))
    return {(left, right): verdict for left, right, verdict in rows.values_list("left_id", "right_id", "verdict")}


def decided(organization_id: int, comparison: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The pairs (left_id, right_id) that belong together, and those that do not."""
    if not MatchDecision.objects.filter(organization=organization_id, comparison=comparison).exists():
        nothing = pl.DataFrame(schema=PAIR)
        return nothing, nothing
    rows = read(in_force(organization_id, comparison), COLUMNS | {"verdict": "verdict"}, PAIR | {"verdict": pl.String})
    rows, verdict = rows.sort("left_id", "right_id"), MatchDecision.Verdict
    matched, apart = (rows.filter(pl.col("verdict") == v).select(*PAIR) for v in (verdict.MATCH, verdict.NO_MATCH))
    return matched, apart


def partners_missing(matched: pl.DataFrame, left: pl.Series, right: pl.Series) -> tuple[pl.Series, pl.Series]:
    """The records that belong to one of `left` or `right` by a decision, and are not among them: a series per side."""
    if matched.is_empty():
        return matched["left_id"], matched["right_id"]
    known_left = matched["left_id"].is_in(left.implode())
    known_right = matched["right_id"].is_in(right.implode())
    return matched.filter(known_right & ~known_left)["left_id"], matched.filter(known_left & ~known_right)["right_id"]
