"""A few changes between two runs, brought in by the real imports: changed payments, new events."""

import csv
import io
import json
from typing import Final

from billing.imports.payments import import_payments
from billing.imports.stripe_files import import_events
from billing.models import Organization, PaymentVersion
from billing.sample.plan import Theirs
from billing.sample.recorded import PAYMENT_COLUMNS
from billing.sample.stripe_events import events_of
from reconciliation.bench.books import NOW, SECOND, told
from reconciliation.bench.loading import ROWS_A_SLICE, SLUG

ONE_IN: Final = 1_000
REFERENCE_KEY: Final = "order_id"


def change(rows: int, turn: int) -> dict[str, int]:
    """One payment in a thousand gets another amount, and as many new charges come in: half of them belong to payments
    that waited for them, half to nobody. Each `turn` (0, 1, 2, …) touches others.
    """
    organization = Organization.objects.get(slug=SLUG)
    count = max(rows // ONE_IN, 2)
    ours = _changed_payments(organization, count, turn)
    paid = import_payments(
        organization=organization, file=io.BytesIO(ours), filename="changed.csv", by="bench", now=NOW
    )
    theirs = _new_charges(rows, count, turn)
    lines = "".join(json.dumps(event) + "\n" for event in events_of(theirs, REFERENCE_KEY))
    file = io.BytesIO(lines.encode())
    charged = import_events(organization=organization, file=file, filename="new.jsonl", by="bench", now=NOW)
    return {"payments_changed": paid.changed, "events": charged.created}


def _changed_payments(organization: Organization, count: int, turn: int) -> bytes:
    ids = [ONE_IN * step + 17 * (turn + 1) % ONE_IN + 1 for step in range(count)]
    current = PaymentVersion.objects.filter(organization=organization, payment_id__in=ids).order_by("payment_id", "id")
    newest = {row.payment_id: row for row in current.select_related("payment")}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([name if name != "amount" else "amount_minor" for name in PAYMENT_COLUMNS])
    for row in newest.values():
        writer.writerow(
            [
                row.payment.external_id, row.provider_reference, row.payment.kind, row.amount_minor + 100,
                row.currency, row.status, row.occurred_at.isoformat(), row.customer, row.invoice_number,
            ]
        )  # fmt: skip
    return text.getvalue().encode()


def _new_charges(rows: int, count: int, turn: int) -> list[Theirs]:
    """Charges for payments that were missing at the provider, then charges nobody booked."""
    awaited = count // 2
    found: list[Theirs] = []
    skipped = turn * awaited
    for first in range(0, rows, ROWS_A_SLICE):
        some = told(first, min(ROWS_A_SLICE, rows - first), rows)
        for row in some.filter(some["scenario"] == "not_at_provider").iter_rows(named=True):
            if skipped:
                skipped -= 1
            elif len(found) < awaited:
                found.append(_charge(row["charge"], row["amount_minor"], row["currency"], row["at"], row["customer"]))
        if len(found) == awaited:
            break
    at = int(NOW.timestamp() - 10 * 86_400) * SECOND
    found += [
        _charge(f"ch_new_{turn}_{number}", 5_000 + number, "EUR", at, f"cus_new_{number}")
        for number in range(count - len(found))
    ]
    return found


def _charge(key: str, amount_minor: int, currency: str, at: int, customer: str) -> Theirs:
    return Theirs(
        id=key, kind="charge", amount_minor=amount_minor, currency=currency, status="succeeded",
        occurred_at=at // SECOND, customer=customer,
    )  # fmt: skip
