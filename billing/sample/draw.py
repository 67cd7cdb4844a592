"""Draws the parts of generated payments: times, customers, amounts, ids. One seed, one sequence."""

import random
from dataclasses import dataclass, field
from typing import Final

from billing.sample.plan import EVENTS, Plan

HOUR: Final = 3600
GAP_SECONDS: Final = 42 * 60
_CURRENCIES: Final = ("EUR",) * 11 + ("USD",) * 4 + ("GBP",) * 3 + ("JPY", "KWD")
_PAYMENTS_PER_CUSTOMER: Final = 12
_AMOUNTS: Final = 49_999
_STRIDE: Final = 7_919


@dataclass(slots=True)
class Draw:
    """The source of all chance in a month. No customer is given the same amount twice, on either side."""

    plan: Plan
    rng: random.Random = field(init=False)
    number: int = 0
    charges: int = 0
    start: int = field(init=False)
    as_of: int = field(init=False)
    gap: int = field(init=False)
    used: set[tuple[int, int]] = field(default_factory=set)
    turns: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Fixes the sequence and the time of the webhook gap."""
        self.rng = random.Random(f"tieout {self.plan.seed}")  # noqa: S311 - sample data, no secret  # noqa: S311 - sample data, no secret
        self.start = int(self.plan.start.timestamp())
        self.as_of = int(self.plan.as_of.timestamp())
        due = self.last_due() - GAP_SECONDS - HOUR
        self.gap = self.rng.randrange(self.start + HOUR, due)

    @property
    def events(self) -> bool:
        """Whether the provider's side comes as events, with payment intents."""
        return self.plan.form == EVENTS

    def last_due(self) -> int:
        """The last second at which a record without counterpart is missing, with an hour to spare."""
        return self.as_of - int(self.plan.grace.total_seconds()) - HOUR

    def time(self) -> int:
        """A time whose record is surely due, and whose counterpart's events were not lost in the gap."""
        return self._outside_gap(self.start + HOUR, self.last_due() - 24 * HOUR)

    def any_time(self) -> int:
        """A time for records that agree: up to two hours ago."""
        return self._outside_gap(self.start + HOUR, self.as_of - 2 * HOUR)

    def late_time(self) -> int:
        """A time inside the grace period, with an hour to spare."""
        grace = int(self.plan.grace.total_seconds())
        return self._outside_gap(self.as_of - grace + HOUR, self.as_of - 60)

    def gap_time(self) -> int:
        """A time inside the webhook gap."""
        return self.rng.randrange(self.gap, self.gap + GAP_SECONDS)

    def _outside_gap(self, first: int, last: int) -> int:
        while True:
            moment = self.rng.randrange(first, last)
            if not self.gap - HOUR <= moment < self.gap + GAP_SECONDS + HOUR:
                return moment

    def after(self, moment: int, least: int, most: int) -> int:
        """A time `least` to `most` seconds after `moment`, moved past the gap."""
        later = moment + self.rng.randrange(least, most)
        in_gap = self.gap <= later < self.gap + GAP_SECONDS
        return later + GAP_SECONDS if in_gap else later

    def delay(self) -> int:
        """Seconds from booking here to the provider's own time."""
        return self.rng.randrange(0, 90)

    def customer(self) -> int:
        """A customer's number."""
        return self.rng.randrange(max(self.plan.payments // _PAYMENTS_PER_CUSTOMER, 20))

    def amount(self, customer: int) -> int:
        """An amount this customer never had, in minor units of the customer's currency."""
        while True:
            turn = self.turns.get(customer, 0)
            self.turns[customer] = turn + 1
            steps = (customer * 31 + turn * _STRIDE) % _AMOUNTS
            amount_minor = (400 + steps) * self.unit(customer)
            if self.take(customer, amount_minor):
                return amount_minor

    def take(self, customer: int, amount_minor: int) -> bool:
        """Claims an amount for a customer; False when it is taken."""
        if (customer, amount_minor) in self.used:
            return False
        self.used.add((customer, amount_minor))
        return True

    def currency(self, customer: int) -> str:
        """The customer's currency."""
        return _CURRENCIES[customer % len(_CURRENCIES)]

    def unit(self, customer: int) -> int:
        """The smallest step of an amount: three-decimal currencies end in 0 at Stripe."""
        return 10 if self.currency(customer) == "KWD" else 1

    def fee(self, customer: int, amount_minor: int) -> int:
        """What the provider keeps: 1.4 % and a fixed part."""
        unit = self.unit(customer)
        return (amount_minor // unit * 14 // 1000 + 25) * unit

    def next_number(self) -> int:
        """A number for the next payment or invoice."""
        self.number += 1
        return self.number

    def provider_id(self, prefix: str) -> str:
        """An id at the provider, unlike any other."""
        self.charges += 1
        return f"{prefix}_3{self.charges:07d}{self.rng.getrandbits(32):08x}"
