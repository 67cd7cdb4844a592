"""`payouts`: what the lines of a payout come to, against the payout; each payout once, on the day it arrives (F7).

Both sides are named by the payout's identity. Its lines note it in the journal whenever they change, so that what
changed is always a payout.
"""

from datetime import datetime
from typing import Any

import polars as pl
from django.db.models import QuerySet

from billing.models import Organization, Payout
from billing.roll_forward import roll_forward
from billing.roll_forward_words import plain
from reconciliation.core.parameters import SECOND, Parameters, micros
from reconciliation.core.passes import KeyPass
from reconciliation.core.payout_findings import FINDERS
from reconciliation.core.payouts import sides_of
from reconciliation.frames import Schema

from .base import Comparison, Scope, Seeds, Sides
from .payouts_reader import payouts_in, read_payouts

NAME = "payouts"
TEXT, INT = pl.String, pl.Int64
SIDE: Schema = {
    "id": INT, "version_id": INT, "kind": TEXT, "key": TEXT, "parent_key": TEXT, "alt_key": TEXT, "alt_key2": TEXT,
    "party": TEXT, "amount": INT, "currency": TEXT, "status": TEXT, "occurred_at": INT, "excluded": TEXT,
    "more": TEXT,
}  # fmt: skip
RIGHT: Schema = SIDE | {"provider": TEXT}


def parameters(organization: Organization, start: datetime, end: datetime, now: datetime) -> Parameters:
    """The rules of a run over `[start, end)` at `now`: the organization's grace, and no tolerance: it ties or not."""
    return Parameters(
        start=micros(start), end=micros(end), now=micros(now), grace=organization.grace_seconds * SECOND,
        match_window=0, duplicate_window=0,
    )  # fmt: skip


def members(organization: Organization, _side: str, start: datetime, end: datetime) -> QuerySet[Any, Any]:
    """The payouts that arrive in `[start, end)`; a payout names both sides."""
    return payouts_in(organization, start, end)


def load(organization: Organization, scope: Scope, rules: Parameters) -> Sides:
    """Both sides of the payouts of a period, and of those that earlier results name."""
    inside = payouts_in(organization, scope.start, scope.end).values_list("pk", flat=True)
    return sides(organization, {*inside, *scope.left_ids, *scope.right_ids}, rules)


def connected(organization: Organization, seeds: Seeds, rules: Parameters) -> Sides:
    """Both sides of the payouts that changed: nothing connects one payout to another."""
    return sides(organization, {*seeds.ids["left"], *seeds.ids["right"]}, rules)


def sides(organization: Organization, ids: set[int], rules: Parameters) -> Sides:
    """Both sides of the given payouts."""
    left, right = sides_of(read_payouts(organization, ids), now=rules.now, grace=rules.grace)
    return Sides(pl.DataFrame(left, schema=SIDE, orient="row"), pl.DataFrame(right, schema=RIGHT, orient="row"))


def imported(_side: str, _batch_ids: list[int]) -> QuerySet[Any, Any]:
    """Nothing: whatever writes payouts or their lines notes each payout."""
    return Payout.objects.none().values("pk")


def told(organization: Organization, start: datetime, end: datetime) -> dict[str, Any]:
    """For the report: the balance rolled over the period, by currency, in minor units."""
    rolled = roll_forward(organization=organization, start=start, end=end)
    return {"roll_forward": {one.currency: plain(one) for one in rolled}}


COMPARISON = Comparison(
    name=NAME,
    members=members,
    load=load,
    connected=connected,
    sources={"payout": "right"},
    imported=imported,
    parameters=parameters,
    first=KeyPass("payout", "key", "key"),
    passes=(),
    finders=FINDERS,
    one_identity=True,
    told=told,
)
