"""What a generated month is made of: the plan that shapes it, and the records and truths that come out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

CSV: Final = "csv"
EVENTS: Final = "events"
"""Forms of the provider's side. Files carry no payment intents, so there payments name charges by their id."""

MATCHED: Final = "matched"
MISMATCHED: Final = "mismatched"
ONLY_LEFT: Final = "only_left"
ONLY_RIGHT: Final = "only_right"
NOT_DUE: Final = "not_due"
AMBIGUOUS: Final = "ambiguous"
EXCLUDED: Final = "excluded"

RATES: Final[Mapping[str, float]] = {
    "by_charge": 0.22,
    "by_own_reference": 0.08,
    "by_invoice": 0.06,
    "by_window": 0.08,
    "one_to_many": 0.015,
    "many_to_one": 0.015,
    "failed_both": 0.02,
    "refunded": 0.03,
    "retried": 0.01,
    "destination": 0.01,
    "fee_deducted": 0.004,
    "refund_netted": 0.003,
    "amount_differs": 0.003,
    "currency_differs": 0.002,
    "status_differs": 0.004,
    "not_booked": 0.004,
    "not_at_provider": 0.004,
    "webhook_gap": 0.004,
    "charged_twice": 0.003,
    "ambiguous": 0.002,
    "late_here": 0.003,
    "late_at_provider": 0.003,
}
"""Share of each scenario; what is left is matched by payment intent."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A month to generate: the same plan gives the same records, always.

    Times are aware. Records lie in [start, as_of); nothing that is labelled as missing is younger than `grace` at
    `as_of`. `payments` counts scenarios, each of one payment or a few.
    """

    payments: int
    start: datetime
    as_of: datetime
    seed: int = 1
    form: str = EVENTS
    grace: timedelta = timedelta(hours=48)
    match_window: timedelta = timedelta(hours=72)
    duplicate_window: timedelta = timedelta(hours=1)
    rates: Mapping[str, float] = field(default_factory=lambda: dict(RATES))


@dataclass(frozen=True, slots=True)
class Ours:
    """An internal payment. Amount in minor units of `currency`, time in seconds since 1970 UTC."""

    external_id: str
    provider_reference: str
    kind: str
    amount_minor: int
    currency: str
    status: str
    occurred_at: int
    customer: str
    invoice_number: str = ""


@dataclass(frozen=True, slots=True)
class Theirs:
    """A provider's record. `parent`: a charge's intent, a refund's charge; `latest`: the charge its intent names."""

    id: str
    kind: str
    amount_minor: int
    currency: str
    status: str
    occurred_at: int
    customer: str
    parent: str = ""
    fee_minor: int | None = None
    reference: str = ""
    latest: bool = True
    transfer: str = ""


@dataclass(frozen=True, slots=True)
class Truth:
    """What a reconciliation must find about one record: its outcome, and the discrepancy with its reason, or blanks.

    `side` is "left" for internal payments. A mismatched pair is labelled on its internal payment. `reason` is blank
    where several are right.
    """

    side: str
    kind: str
    id: str
    outcome: str
    discrepancy: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """One scenario that happened: its records on both sides, and the truth about each of them."""

    scenario: str
    ours: tuple[Ours, ...]
    theirs: tuple[Theirs, ...]
    truths: tuple[Truth, ...]
