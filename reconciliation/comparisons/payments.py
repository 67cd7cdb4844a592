"""`payments`: internal payments against the provider's records, by provider reference."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import polars as pl
from django.db.models import QuerySet

from billing.models import Organization, Payment, PaymentVersion, ProviderRecord, ProviderRecordVersion
from reconciliation.core.parameters import SECOND, Parameters, Tolerance, micros
from reconciliation.core.passes import KeyPass, WindowPass
from reconciliation.core.preparation import (
    REFUNDS_NOT_BOOKED,
    REFUNDS_NOT_COMPARED,
    apply_refunds,
    exclude_refunds,
    mark_superseded,
)
from reconciliation.engine import collected, lazy, pin

from .base import Comparison, Scope, Seeds, Sides
from .decisions import decided, partners_missing
from .payments_reader import IDENTITY, members
from .payments_shards import sharding
from .payments_sides import load_connected, load_sides, replaced_intents, with_latest

NAME = "payments"
FIRST = KeyPass("reference", "key", "key")
PASSES = (
    KeyPass("payment_intent", "key", "parent_key"),
    KeyPass("own_reference", "alt_key", "alt_key", equal=("amount", "currency", "status")),
    KeyPass("own_reference", "alt_key", "alt_key", equal=("amount", "currency")),
    KeyPass("invoice", "alt_key2", "alt_key", equal=("amount", "currency", "status")),
    KeyPass("own_reference", "alt_key", "alt_key", ambiguous=False),
    KeyPass("invoice", "alt_key2", "alt_key", ambiguous=False),
    WindowPass("customer_amount"),
)


def parameters(organization: Organization, start: datetime, end: datetime, now: datetime) -> Parameters:
    """The organization's rules for a run over `[start, end)` at `now`."""
    return Parameters(
        start=micros(start),
        end=micros(end),
        now=micros(now),
        grace=organization.grace_seconds * SECOND,
        match_window=organization.match_window_seconds * SECOND,
        duplicate_window=organization.duplicate_window_seconds * SECOND,
        tolerance=Tolerance(organization.tolerance_minor, organization.tolerance_ppm),
        refunds_left_out=refund_exclusion(organization),
    )


def refund_exclusion(organization: Organization) -> str:
    """Why refunds are not compared, or "" when they are.

    An organization whose books hold no refund at all has nothing to lay next to the provider's: those refunds are
    shown as excluded, with the reason, until the first refund is booked (or the setting says otherwise).
    """
    policy = organization.refunds
    if policy == Organization.Refunds.NEVER:
        return REFUNDS_NOT_COMPARED
    booked = Payment.objects.filter(organization=organization, kind="refund")
    return REFUNDS_NOT_BOOKED if policy == Organization.Refunds.AUTO and not booked.exists() else ""


def load(organization: Organization, scope: Scope, rules: Parameters) -> Sides:
    """Both sides of a run, ready to be matched."""
    window = timedelta(microseconds=max(2 * rules.match_window, rules.duplicate_window))
    together, apart = decided(organization.pk, NAME)
    while True:
        sides = load_sides(organization, scope, window)
        lefts, rights = partners_missing(together, sides["left"]["id"], sides["right"]["id"])
        if not more_than(scope.left_ids, lefts) and not more_than(scope.right_ids, rights):
            return replace(prepared(organization, sides, rules), together=together, apart=apart)
        # A person's partner may lie at any time: read as the records of earlier results are.
        scope = replace(
            scope,
            left_ids=pl.concat([scope.left_ids, lefts]).unique(),
            right_ids=pl.concat([scope.right_ids, rights]).unique(),
        )


def connected(organization: Organization, seeds: Seeds, rules: Parameters) -> Sides:
    """Both sides of what is connected to changed records, ready to be matched."""
    # Whether a bucket of the window pass is too crowded depends on records up to two windows away.
    window = timedelta(microseconds=max(2 * rules.match_window, rules.duplicate_window))
    together, apart = decided(organization.pk, NAME)
    while True:
        found = load_connected(organization, seeds, window)
        lefts, rights = partners_missing(together, found["left"]["id"], found["right"]["id"])
        if not more_than(seeds.ids["left"], lefts) and not more_than(seeds.ids["right"], rights):
            sides = prepared(organization, found, rules)
            gone = replaced_intents(organization, sides.right)
            return replace(sides, gone=gone, together=together, apart=apart)
        more = {"left": lefts, "right": rights}
        seeds = replace(seeds, ids={side: pl.concat([ids, more[side]]).unique() for side, ids in seeds.ids.items()})


def more_than(known: pl.Series, ids: pl.Series) -> bool:
    """Whether `ids` names any identity besides `known`; a record that is no member any more is asked for once."""
    return bool((~ids.is_in(known.implode())).any())


def prepared(organization: Organization, sides: dict[str, pl.DataFrame], rules: Parameters) -> Sides:
    """The sides with refunds summed up, superseded attempts marked, and refunds left out where they are not
    compared.
    """
    left, right = sides["left"], sides["right"]
    ready = mark_superseded(apply_refunds(lazy(with_latest(organization, right)), pin), pin)
    reason = rules.refunds_left_out
    if not reason:
        return Sides(left, collected(ready))
    return Sides(collected(exclude_refunds(lazy(left), reason)), collected(exclude_refunds(ready, reason)))


def imported(side: str, batch_ids: list[int]) -> QuerySet[Any, Any]:
    """The identities that imports wrote versions of."""
    table: Any = PaymentVersion if side == "left" else ProviderRecordVersion
    rows: QuerySet[Any, Any] = table.objects.filter(batch_id__in=batch_ids).order_by().values(IDENTITY[side])
    return rows


COMPARISON = Comparison(
    name=NAME,
    members=members,
    load=load,
    connected=connected,
    sources={"payment": "left", "provider_record": "right"},
    imported=imported,
    parameters=parameters,
    first=FIRST,
    passes=PASSES,
    identities=(Payment, ProviderRecord),
    sharding=sharding(lambda organization: decided(organization.pk, NAME)),
)
