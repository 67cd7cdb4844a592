"""A month on a Stripe account, told twice: as Stripe shows it, and as what is true about each part of it.

The same seed gives the same month. Every scenario happens at least once, the rest are plain payments. All names and
numbers are invented.
"""

import csv
import io
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from billing.money import format_minor

from .banking import fail_payout, invoice, pay_out
from .merchant import DAY, Merchant
from .shelf import Json, Shelf

DAYS: Final = 30
ABROAD: Final = 10
SUBSCRIBED: Final = 9
HEADER: Final = ("external_id", "number", "customer", "currency", "status", "issued_at", "due_at", "total", "paid")


@dataclass(frozen=True, slots=True)
class Billed:
    """An invoice of our own books; amount in minor units of `currency`, time in seconds since 1970 UTC."""

    external_id: str
    amount_minor: int
    currency: str
    at: int
    status: str = "paid"


@dataclass(slots=True)
class Month:
    """The shelf, our own invoices, and the truth: for each label the ids of the objects it is true of."""

    merchant: Merchant
    start: int
    rng: random.Random
    workspace: str
    billed: list[Billed] = field(default_factory=list)
    truth: dict[str, list[str]] = field(default_factory=dict)

    @property
    def shelf(self) -> Shelf:
        """What Stripe would show."""
        return self.merchant.shelf

    def note(self, label: str, *items: Mapping[str, str]) -> None:
        """`label` is true of these objects."""
        self.truth.setdefault(label, []).extend(item["id"] for item in items)

    def when(self) -> int:
        """Some moment of the first twenty days, so that what follows from it lies in the month too."""
        return self.start + self.rng.randrange(20 * DAY)

    def words(self, invoice_id: str = "") -> dict[str, str]:
        """Metadata as our own shop writes it."""
        return {"workspace_id": self.workspace} | ({"invoice_id": invoice_id} if invoice_id else {})

    def bill(self, amount: int, at: int, *, currency: str = "EUR", status: str = "paid") -> str:
        """An invoice in our own books; gives its id."""
        external_id = f"INV-{len(self.billed) + 1:05}"
        self.billed.append(Billed(external_id, amount, currency, at, status))
        return external_id


def generated_month(
    *, payments: int, start: datetime, seed: int = 1, workspace: str = "larkspur", account: str = "acct_1Larkspur000000"
) -> Month:
    """A month from `start` (midnight, aware) with about so many payments; paid out daily."""
    first = int(start.timestamp())
    shelf = Shelf(account=account, now=first + (DAYS + 1) * DAY)
    month = Month(Merchant(shelf, prefix="Lark"), first, random.Random(seed), workspace)  # noqa: S311 - sample data
    for _ in range(max(0, payments - 30)):
        _plain(month, month.when(), month.rng.randrange(500, 50_000))
    _refunds(month)
    _disputes(month)
    _unusual_payments(month)
    _many_to_many(month)
    _without_answers(month)
    _with_one_cause(month)
    _payouts(month)
    return month


def _plain(month: Month, at: int, amount: int, **how: object) -> Json:
    """A payment for an invoice of ours, matched."""
    charge = month.merchant.charge(amount, at, metadata=month.words(month.bill(amount, at)), **how)  # type: ignore[arg-type]
    month.note("paid", charge)
    return charge


def _refunds(month: Month) -> None:
    full, part, failed = (_plain(month, month.when(), 9_000 + place) for place in range(3))
    month.note("refunded", month.merchant.refund(full, 9_000, full["created"] + DAY))
    month.note("partly_refunded", month.merchant.refund(part, 4_000, part["created"] + DAY))
    refund = month.merchant.refund(failed, 9_002, failed["created"] + DAY)
    month.note("refund_failed", month.merchant.fail_refund(refund, failed["created"] + 4 * DAY))


def _disputes(month: Month) -> None:
    deeds = month.merchant
    charges = [_plain(month, month.start + place * DAY, 7_000 + place) for place in range(5)]
    at = [charge["created"] + 2 * DAY for charge in charges]
    month.note("dispute_lost", deeds.close_dispute(deeds.dispute(charges[0], at[0]), at[0] + 20 * DAY, won=False))
    won = deeds.close_dispute(deeds.dispute(charges[1], at[1]), at[1] + 20 * DAY, won=True, fee_back=1_500)
    month.note("dispute_won", won)
    month.note("dispute_open", deeds.dispute(charges[2], at[2], due_by=month.start + (DAYS + 5) * DAY))
    month.note("dispute_without_answer", deeds.dispute(charges[3], at[3], due_by=0))
    month.note("dispute_inquiry", deeds.dispute(charges[4], at[4], inquiry=True))


def _unusual_payments(month: Month) -> None:
    month.note("direct_debit", _plain(month, month.when(), 3_300, sepa=True))
    month.note("partly_captured", _plain(month, month.when(), 4_400, authorized=6_000))
    at = month.when()
    invoice_id = month.bill(10_000, at, currency="USD")
    month.note(
        "converted",
        month.merchant.charge(
            10_000, at, currency="usd", metadata=month.words(invoice_id), settled=("eur", 9_120, 0.912)
        ),
    )
    short = month.bill(5_000, at, status="open")
    month.note("underpaid", month.merchant.charge(4_500, at, metadata=month.words(short)))
    over = month.bill(5_000, at)
    month.note("overpaid", month.merchant.charge(5_100, at, metadata=month.words(over)))
    fee_payer = month.bill(8_000, at)
    charge = month.merchant.charge(8_000, at, metadata=month.words(fee_payer))
    _dearer(month, charge, 90)


def _dearer(month: Month, charge: Json, extra: int) -> None:
    """Stripe takes more of a charge than it does of others."""
    line = month.shelf.by_id[charge["balance_transaction"]]
    line |= {"fee": line["fee"] + extra, "net": line["net"] - extra}
    line["fee_details"][0]["amount"] += extra
    month.note("fee_differs", charge)


def _with_one_cause(month: Month) -> None:
    """Cards from abroad, dearer by 1.5 % each; and subscriptions whose invoices nobody brought into our books."""
    for place in range(ABROAD):
        amount, at = 3_100 + 1_270 * place, month.when()
        charge = month.merchant.charge(amount, at, metadata=month.words(month.bill(amount, at)))
        usual = month.shelf.by_id[charge["balance_transaction"]]["fee"]
        _dearer(month, charge, (amount * 30 + 500) // 1_000 + month.merchant.fee_fixed - usual)
    for place in range(SUBSCRIBED):
        invoice_id = f"SUB-{place + 1:04}"
        charge = month.merchant.charge(1_900 + 500 * (place % 3), month.when(), metadata=month.words(invoice_id))
        month.note("subscription_not_imported", charge)


def _many_to_many(month: Month) -> None:
    """Stripe's own invoices: one payment for two of them, two payments for one, one paid outside."""
    deeds, at = month.merchant, month.when()
    own = {"workspace_id": month.workspace}
    both = deeds.charge(6_000, at, metadata=month.words())
    invoice(deeds, 2_500, at - DAY, paid_by=[(both, 2_500)], metadata=own)
    invoice(deeds, 3_500, at - DAY, paid_by=[(both, 3_500)], metadata=own)
    month.note("one_for_two_invoices", both)
    halves = [deeds.charge(4_000, at + place, metadata=month.words()) for place in range(2)]
    month.note(
        "two_for_one_invoice", invoice(deeds, 8_000, at - DAY, paid_by=[(half, 4_000) for half in halves], metadata=own)
    )
    month.note("paid_outside", invoice(deeds, 1_900, at, outside=True, metadata=own))
    silent = deeds.charge(2_200, at)
    invoice(deeds, 2_200, at - DAY, paid_by=[(silent, 2_200)], subscription_metadata={"workspace_id": month.workspace})
    month.note("answered_by_subscription", silent)


def _without_answers(month: Month) -> None:
    deeds = month.merchant
    month.note("missing_invoice", deeds.charge(1_234, month.when(), metadata=month.words("INV-UNKNOWN")))
    month.note("unattached", deeds.charge(2_345, month.when()))
    month.note("unattached", deeds.charge(3_456, month.when(), metadata={"workspace_id": "nobody"}))
    month.note("fee", deeds.line(None, -4_900, 0, month.start + 28 * DAY, words=("stripe_fee", "fee")))
    month.note("unclassified", deeds.line(None, -77, 0, month.when(), words=("moon_fee", "moonlight")))


def _payouts(month: Month) -> None:
    made = [pay_out(month.merchant, month.start + day * DAY) for day in range(1, DAYS + 1)]
    payouts = [payout for payout in made if payout]
    month.note("payout", *payouts)
    if len(payouts) > 5:
        late = payouts[-5]
        month.note("payout_failed", fail_payout(month.merchant, late, late["created"] + 3 * DAY))


def invoices_csv(month: Month) -> bytes:
    """Our own invoices as a file for `import_invoices`."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(_invoice_rows(month))
    return text.getvalue().encode()


def _invoice_rows(month: Month) -> Iterator[tuple[str, ...]]:
    for number, one in enumerate(month.billed, start=1):
        total = format_minor(one.amount_minor, one.currency)
        at = datetime.fromtimestamp(one.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        paid = total if one.status == "paid" else ""
        yield one.external_id, f"2026/{number:05}", "", one.currency, one.status, at, "", total, paid
