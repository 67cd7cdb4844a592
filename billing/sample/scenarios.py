"""Scenarios of a generated month that agree: found by each way of matching, or rightly left out."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from billing.sample.draw import HOUR, Draw
from billing.sample.plan import EXCLUDED, MATCHED, Ours, Story, Theirs, Truth

Scenario = Callable[[Draw], Story]


def booked_pair(draw: Draw, at: int | None = None) -> tuple[Ours, Theirs]:
    """A payment booked here and its charge, which agree; the payment names the charge's intent (files: the charge)."""
    moment = draw.any_time() if at is None else at
    customer, number = draw.customer(), draw.next_number()
    amount_minor = draw.amount(customer)
    charge = Theirs(
        id=draw.provider_id("ch"),
        kind="charge",
        amount_minor=amount_minor,
        currency=draw.currency(customer),
        status="succeeded",
        occurred_at=moment + draw.delay(),
        customer=f"cus_{customer:06d}",
        parent=draw.provider_id("pi") if draw.events else "",
        fee_minor=draw.fee(customer, amount_minor),
    )
    payment = Ours(
        external_id=f"pay_{number:08d}",
        provider_reference=charge.parent or charge.id,
        kind="charge",
        amount_minor=amount_minor,
        currency=charge.currency,
        status="succeeded",
        occurred_at=moment,
        customer=charge.customer,
        invoice_number=f"INV-{number:08d}",
    )
    return payment, charge


def truth(record: Ours | Theirs, outcome: str, discrepancy: str = "", reason: str = "") -> Truth:
    """The truth about one record."""
    if isinstance(record, Ours):
        return Truth("left", record.kind, record.external_id, outcome, discrepancy, reason)
    return Truth("right", record.kind, record.id, outcome, discrepancy, reason)


def agreed(scenario: str, ours: tuple[Ours, ...], theirs: tuple[Theirs, ...]) -> Story:
    """A story in which every record is matched."""
    records: list[Ours | Theirs] = [*ours, *theirs]
    return Story(scenario, ours, theirs, tuple(truth(record, MATCHED) for record in records))


def by_intent(draw: Draw) -> Story:
    """The payment names the payment intent (in files: the charge)."""
    payment, charge = booked_pair(draw)
    return agreed("by_intent", (payment,), (charge,))


def by_charge(draw: Draw) -> Story:
    """The payment names the charge."""
    payment, charge = booked_pair(draw)
    return agreed("by_charge", (replace(payment, provider_reference=charge.id),), (charge,))


def by_own_reference(draw: Draw) -> Story:
    """The charge carries the payment's id; the payment names nothing."""
    payment, charge = booked_pair(draw)
    charge = replace(charge, reference=payment.external_id)
    return agreed("by_own_reference", (replace(payment, provider_reference=""),), (charge,))


def by_invoice(draw: Draw) -> Story:
    """The charge carries the invoice number; the payment names nothing."""
    payment, charge = booked_pair(draw)
    charge = replace(charge, reference=payment.invoice_number)
    return agreed("by_invoice", (replace(payment, provider_reference=""),), (charge,))


def by_window(draw: Draw) -> Story:
    """No reference on either side: customer, amount and currency are unique within the window."""
    payment, charge = booked_pair(draw, draw.time())
    later = draw.after(charge.occurred_at, 0, 20 * HOUR)
    payment = replace(payment, provider_reference="", invoice_number="")
    return agreed("by_window", (payment,), (replace(charge, occurred_at=later),))


def one_to_many(draw: Draw) -> Story:
    """One invoice booked here, paid by two or three charges that carry its number and add up to it."""
    while True:
        payment, first = booked_pair(draw)
        customer = int(first.customer.removeprefix("cus_"))
        charges = [replace(first, reference=payment.invoice_number)]
        for _part in range(draw.rng.choice((1, 1, 2))):
            amount_minor = draw.amount(customer)
            charges.append(
                replace(
                    charges[0],
                    id=draw.provider_id("ch"),
                    parent=draw.provider_id("pi") if draw.events else "",
                    amount_minor=amount_minor,
                    fee_minor=draw.fee(customer, amount_minor),
                    occurred_at=charges[-1].occurred_at + draw.rng.randrange(60, 900),
                )
            )
        total = sum(charge.amount_minor for charge in charges)
        if draw.take(customer, total):
            return agreed("one_to_many", (replace(payment, provider_reference="", amount_minor=total),), tuple(charges))


def many_to_one(draw: Draw) -> Story:
    """Two invoices booked here and paid by one charge, which both name."""
    while True:
        payment, charge = booked_pair(draw)
        customer, number = int(charge.customer.removeprefix("cus_")), draw.next_number()
        other = replace(
            payment,
            external_id=f"pay_{number:08d}",
            invoice_number=f"INV-{number:08d}",
            amount_minor=draw.amount(customer),
        )
        total = payment.amount_minor + other.amount_minor
        if draw.take(customer, total):
            charge = replace(charge, amount_minor=total, fee_minor=draw.fee(customer, total))
            both = (replace(payment, provider_reference=charge.id), replace(other, provider_reference=charge.id))
            return agreed("many_to_one", both, (charge,))


def failed_both(draw: Draw) -> Story:
    """A declined payment that both sides tell as failed."""
    payment, charge = booked_pair(draw)
    charge = replace(charge, status="failed", fee_minor=None)
    return agreed("failed_both", (replace(payment, status="failed"),), (charge,))


def refunded(draw: Draw) -> Story:
    """A payment and a refund of a part of it, both booked."""
    payment, charge = booked_pair(draw, draw.time())
    back = refund_of(draw, charge)
    booked = Ours(
        external_id=f"ref_{draw.next_number():08d}",
        provider_reference=back.id,
        kind="refund",
        amount_minor=back.amount_minor,
        currency=back.currency,
        status="succeeded",
        occurred_at=back.occurred_at + draw.delay(),
        customer=payment.customer,
        invoice_number=payment.invoice_number,
    )
    return agreed("refunded", (payment, booked), (charge, back))


def refund_of(draw: Draw, charge: Theirs) -> Theirs:
    """A refund of a third of a charge, some hours later."""
    unit = 10 if charge.currency == "KWD" else 1
    return Theirs(
        id=draw.provider_id("re"),
        kind="refund",
        amount_minor=max(charge.amount_minor // unit // 3, 1) * unit,
        currency=charge.currency,
        status="succeeded",
        occurred_at=draw.after(charge.occurred_at, HOUR, 20 * HOUR),
        customer="",
        parent=charge.id,
    )


def retried(draw: Draw) -> Story:
    """A first attempt failed, the second succeeded, on one intent. Files know no intents: a plain pair there."""
    payment, charge = booked_pair(draw)
    if not draw.events:
        return agreed("retried", (payment,), (charge,))
    failed = replace(
        charge,
        id=draw.provider_id("ch"),
        status="failed",
        fee_minor=None,
        occurred_at=charge.occurred_at - 45,
        latest=False,
    )
    story = agreed("retried", (payment,), (charge,))
    return replace(
        story, theirs=(failed, charge), truths=(*story.truths, truth(failed, EXCLUDED, reason="superseded_attempt"))
    )


def destination(draw: Draw) -> Story:
    """A payment passed on to a connected account: that account's own payment is none of ours. Files do not show it."""
    payment, charge = booked_pair(draw)
    if not draw.events:
        return agreed("destination", (payment,), (charge,))
    passed_on = Theirs(
        id=draw.provider_id("py"),
        kind="charge",
        amount_minor=charge.amount_minor - (charge.fee_minor or 0),
        currency=charge.currency,
        status="succeeded",
        occurred_at=charge.occurred_at + 3,
        customer="",
        transfer=draw.provider_id("tr"),
    )
    story = agreed("destination", (payment,), (charge,))
    return replace(
        story,
        theirs=(charge, passed_on),
        truths=(*story.truths, truth(passed_on, EXCLUDED, reason="destination_payment")),
    )


AGREED: Final[tuple[Scenario, ...]] = (
    by_intent,
    by_charge,
    by_own_reference,
    by_invoice,
    by_window,
    one_to_many,
    many_to_one,
    failed_both,
    refunded,
    retried,
    destination,
)
