"""Payouts and their lines: which lines of the statement each payout sent to the bank.

Only automatic payouts can be itemised, once their reconciliation is completed; the list holds the payout's own line.
A payout that was paid can still fail up to five days later, so each sweep reads the payouts of the last weeks again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from django.db.models import F

from .balances import observe_balance
from .models import Organization, Payout, PayoutVersion, ProviderFetch, SourceChange
from .statement_store import store_lines
from .statements import readable
from .stripe_access import Access
from .stripe_fields import Json, UnusableObject, amount, compact, count, currency_of, identifier, moment, text
from .versions import Book, Stored, append_versions
from .walks import Clock, Listener, Listing, created_between, note_problem, open_fetch, walk

FIELDS: Final = (
    *("amount_minor", "currency", "status", "automatic", "itemised", "method", "created_at", "arrival_at"),
    *("line_reference", "failure_line_reference", "failure_code", "detail"),
)
BOOK: Final = Book(
    identity=Payout, version=PayoutVersion, link="payout", fields=FIELDS, journal=SourceChange.Source.PAYOUT
)
# Longer than a payout can take to fail, and than a worker may be down.
LOOK_BACK: Final = timedelta(days=35)
EXPAND: Final = ("data.source", "data.source.charge", "data.source.payment_intent")
Kind: Final = ProviderFetch.Kind


@dataclass(frozen=True, slots=True)
class PayoutSync:
    """What a sweep over payouts brought: the payouts' fetch, and how many payouts were itemised with how many lines."""

    fetch: ProviderFetch
    itemised: int
    lines: int


def sync_payouts(
    *,
    organization: Organization,
    access: Access,
    by: str,
    clock: Clock,
    start: datetime | None = None,
    end: datetime | None = None,
    listener: Listener = lambda _fetch: None,
) -> PayoutSync:
    """Bring in the payouts created in [start, end), of the last weeks without a range, and the lines of those that can
    be itemised and were not; then ask what is on the balance. Raises StripeProblem; what was stored by then stays.
    """
    now, routine = clock(), start is None and end is None
    fetch = open_fetch(
        organization=organization, api=access.api, account=access.account, kind=Kind.PAYOUTS, by=by, now=now,
        start=now - LOOK_BACK if routine else start, end=end, routine=routine,
    )  # fmt: skip
    listing = Listing("payouts", created_between(fetch.range_start, fetch.range_end))
    store = partial(_store, organization)
    fetch = walk(fetch=fetch, api=access.api, listing=listing, store=store, clock=clock, listener=listener)
    waiting = _not_itemised(organization)
    lines = 0
    for payout in waiting:
        lines += _itemise(organization, access, payout, by=by, clock=clock, listener=listener)
    observe_balance(organization=organization, access=access, now=clock())
    return PayoutSync(fetch, len(waiting), lines)


def payout_state(item: Json) -> dict[str, Any]:
    """A payout as the API renders it, as values of PayoutVersion. Raises UnusableObject."""
    currency = currency_of(item)
    value = item.get("amount")
    automatic = item.get("automatic") is True
    status = text(item.get("status"))[:40]
    # Renderings from before 2023 do not tell whether the reconciliation is completed.
    completed = text(item.get("reconciliation_status")) or ("completed" if status in {"paid", "failed"} else "")
    return {
        "amount_minor": count(item, "amount") if isinstance(value, int) else amount(item, "amount", currency),
        "currency": currency,
        "status": status,
        "automatic": automatic,
        "itemised": automatic and completed == "completed",
        "method": text(item.get("method"))[:40],
        "created_at": moment(item, "created"),
        "arrival_at": moment(item, "arrival_date") if item.get("arrival_date") else None,
        "line_reference": identifier(item.get("balance_transaction")),
        "failure_line_reference": identifier(item.get("failure_balance_transaction")),
        "failure_code": text(item.get("failure_code"))[:100],
        "detail": compact(
            failure_message=text(item.get("failure_message")),
            original_payout=identifier(item.get("original_payout")),
            reversed_by=identifier(item.get("reversed_by")),
            type=text(item.get("type")),
        ),
    }


def store_payouts(*, organization: Organization, items: Sequence[Json], fetch: ProviderFetch, now: datetime) -> Stored:
    """Store payouts as they stand at `now`. Runs inside the caller's transaction."""
    decisions: dict[str, Callable[[Any], dict[str, Any]]] = {}
    for item in items:
        try:
            state = payout_state(item)
        except UnusableObject as error:
            note_problem(fetch, str(error))
            continue
        decisions[identifier(item.get("id"))] = lambda _current, state=state: state  # type: ignore[misc]
    common = {"fetch": fetch, "observed_at": now, "recorded_at": now}
    return append_versions(book=BOOK, organization=organization, decisions=decisions, common=common, seen_at=now)


def _store(organization: Organization, items: Sequence[Json], fetch: ProviderFetch, now: datetime) -> Stored:
    return store_payouts(organization=organization, items=items, fetch=fetch, now=now)


def _not_itemised(organization: Organization) -> list[str]:
    """Payouts whose lines can be listed and were not listed to the end, oldest first."""
    current = PayoutVersion.objects.filter(organization=organization, number=F("payout__current_number"), itemised=True)
    read = ProviderFetch.objects.filter(
        organization=organization, kind=Kind.PAYOUT_LINES, status=ProviderFetch.Status.DONE, withdrawal=None
    )
    open_ones = current.exclude(payout__external_id__in=read.values("subject"))
    return list(open_ones.order_by("created_at", "pk").values_list("payout__external_id", flat=True))


def _itemise(
    organization: Organization, access: Access, payout: str, *, by: str, clock: Clock, listener: Listener
) -> int:
    fetch = open_fetch(
        organization=organization, api=access.api, account=access.account, kind=Kind.PAYOUT_LINES, by=by, now=clock(),
        subject=payout,
    )  # fmt: skip

    def store(items: Sequence[Json], held: ProviderFetch, now: datetime) -> Stored:
        facts = readable(items, held)
        return store_lines(organization=organization, facts=facts, fetch=held, now=now, payout=payout)

    listing = Listing("balance_transactions", {"payout": payout}, EXPAND)
    return walk(fetch=fetch, api=access.api, listing=listing, store=store, clock=clock, listener=listener).rows
