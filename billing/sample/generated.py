"""A generated month of payments with the truth about every record: for demo, tests and benchmarks.

Nothing in it agrees or disagrees by accident: ids are unique, and no customer has the same amount twice unless a
scenario wants that. All names and numbers are invented.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Final, TextIO

from billing.money import format_minor
from billing.sample.discrepancies import DISAGREED
from billing.sample.draw import Draw
from billing.sample.plan import Ours, Plan, Story, Theirs, Truth
from billing.sample.recorded import PAYMENT_COLUMNS
from billing.sample.scenarios import AGREED, Scenario
from billing.sample.stripe_events import events_of

SCENARIOS: Final[dict[str, Scenario]] = {scenario.__name__: scenario for scenario in (*AGREED, *DISAGREED)}
RECORD_COLUMNS: Final = (
    "provider_reference",
    "kind",
    "amount",
    "fee",
    "currency",
    "status",
    "occurred_at",
    "reference",
    "customer",
)


def stories(plan: Plan) -> Iterator[Story]:
    """The month, story by story, in no particular order of time; each scenario as often as its rate says, at least
    once.
    """
    draw = Draw(plan)
    names = [
        name for name, rate in plan.rates.items() for _ in range(max(1, round(rate * plan.payments)) if rate else 0)
    ]
    names += ["by_intent"] * (plan.payments - len(names))
    draw.rng.shuffle(names)
    for name in names:
        yield SCENARIOS[name](draw)


def write_payments(told: Iterable[Story], file: TextIO) -> None:
    """The internal side as a file for `import_payments`."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(PAYMENT_COLUMNS)
    writer.writerows(_payment_row(payment) for story in told for payment in story.ours)


def write_provider_records(told: Iterable[Story], file: TextIO) -> None:
    """The provider's side as a file for `import_provider_records`; meant for plans of the form CSV."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(RECORD_COLUMNS)
    writer.writerows(_record_row(record) for story in told for record in story.theirs)


def write_events(told: Iterable[Story], file: TextIO, *, reference_key: str) -> None:
    """The provider's side as Stripe events, one a line, for `import_events`; `reference_key`: where metadata names
    ours.
    """
    for story in told:
        for event in events_of(story.theirs, reference_key):
            file.write(json.dumps(event, separators=(",", ":")) + "\n")


def truths(told: Iterable[Story]) -> dict[tuple[str, str, str], Truth]:
    """The truth about every record, by (side, kind, id)."""
    return {(found.side, found.kind, found.id): found for story in told for found in story.truths}


def payments_csv(told: Iterable[Story]) -> bytes:
    """`write_payments` as bytes."""
    text = io.StringIO()
    write_payments(told, text)
    return text.getvalue().encode()


def provider_records_csv(told: Iterable[Story]) -> bytes:
    """`write_provider_records` as bytes."""
    text = io.StringIO()
    write_provider_records(told, text)
    return text.getvalue().encode()


def events(told: Iterable[Story], *, reference_key: str) -> list[dict[str, Any]]:
    """The provider's side as Stripe events."""
    return [event for story in told for event in events_of(story.theirs, reference_key)]


def _payment_row(payment: Ours) -> tuple[str, ...]:
    return (
        payment.external_id,
        payment.provider_reference,
        payment.kind,
        format_minor(payment.amount_minor, payment.currency),
        payment.currency,
        payment.status,
        _iso(payment.occurred_at),
        payment.customer,
        payment.invoice_number,
    )


def _record_row(record: Theirs) -> tuple[str, ...]:
    return (
        record.id,
        record.kind,
        format_minor(record.amount_minor, record.currency),
        "" if record.fee_minor is None else format_minor(record.fee_minor, record.currency),
        record.currency,
        record.status,
        _iso(record.occurred_at),
        record.reference,
        record.customer,
    )


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
