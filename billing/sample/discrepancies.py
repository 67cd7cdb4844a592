"""Scenarios of a generated month that do not agree, or not yet; each with what must be found."""

from dataclasses import replace
from typing import Final

from billing.sample.draw import HOUR, Draw
from billing.sample.plan import AMBIGUOUS, MATCHED, MISMATCHED, NOT_DUE, ONLY_LEFT, ONLY_RIGHT, Ours, Story, Theirs
from billing.sample.scenarios import Scenario, booked_pair, refund_of, truth


def _mismatched(scenario: str, payment: Ours, charge: Theirs, discrepancy: str, reason: str = "") -> Story:
    truths = (truth(payment, MISMATCHED, discrepancy, reason), truth(charge, MISMATCHED))
    return Story(scenario, (payment,), (charge,), truths)


def fee_deducted(draw: Draw) -> Story:
    """Booked here net of the provider's fee."""
    while True:
        payment, charge = booked_pair(draw, draw.time())
        net = charge.amount_minor - (charge.fee_minor or 0)
        if draw.take(int(charge.customer.removeprefix("cus_")), net):
            payment = replace(payment, amount_minor=net)
            return _mismatched("fee_deducted", payment, charge, "AmountMismatch", "amount.fee_deducted")


def refund_netted(draw: Draw) -> Story:
    """Booked here net of a refund that nobody booked. Files do not tell which charge a refund belongs to."""
    while True:
        payment, charge = booked_pair(draw, draw.time())
        back = refund_of(draw, charge)
        net = charge.amount_minor - back.amount_minor
        if draw.take(int(charge.customer.removeprefix("cus_")), net):
            break
    reason = "amount.refund_netted" if draw.events else "amount.unexplained"
    story = _mismatched("refund_netted", replace(payment, amount_minor=net), charge, "AmountMismatch", reason)
    missing = truth(back, ONLY_RIGHT, "MissingInternalRecord", "missing.not_booked")
    return replace(story, theirs=(charge, back), truths=(*story.truths, missing))


def amount_differs(draw: Draw) -> Story:
    """Booked here with another amount, which nothing on record explains."""
    while True:
        payment, charge = booked_pair(draw, draw.time())
        unit = 10 if charge.currency == "KWD" else 1
        wrong = charge.amount_minor + draw.rng.choice((-3, -2, -1, 1, 2, 3)) * unit
        if draw.take(int(charge.customer.removeprefix("cus_")), wrong):
            payment = replace(payment, amount_minor=wrong)
            return _mismatched("amount_differs", payment, charge, "AmountMismatch", "amount.unexplained")


def currency_differs(draw: Draw) -> Story:
    """Booked here in another currency."""
    payment, charge = booked_pair(draw, draw.time())
    other = "CHF" if charge.currency in {"EUR", "USD", "GBP"} else "EUR"
    return _mismatched("currency_differs", replace(payment, currency=other), charge, "CurrencyMismatch")


def status_differs(draw: Draw) -> Story:
    """One side has the money, the other has not."""
    payment, charge = booked_pair(draw, draw.time())
    here, there = draw.rng.choice((("pending", "succeeded"), ("failed", "succeeded"), ("succeeded", "failed")))
    charge = replace(charge, status=there, fee_minor=charge.fee_minor if there == "succeeded" else None)
    return _mismatched("status_differs", replace(payment, status=here), charge, "StatusMismatch")


def not_booked(draw: Draw) -> Story:
    """The provider charged; nothing was booked here."""
    payment, charge = booked_pair(draw, draw.time())
    charge = replace(charge, reference=payment.external_id)
    return Story(
        "not_booked", (), (charge,), (truth(charge, ONLY_RIGHT, "MissingInternalRecord", "missing.not_booked"),)
    )


def not_at_provider(draw: Draw) -> Story:
    """Booked here; the provider never charged."""
    payment, _charge = booked_pair(draw, draw.time())
    return _not_at_provider("not_at_provider", payment)


def webhook_gap(draw: Draw) -> Story:
    """Booked here in the minutes in which no event arrived."""
    payment, _charge = booked_pair(draw, draw.gap_time())
    return _not_at_provider("webhook_gap", payment)


def _not_at_provider(scenario: str, payment: Ours) -> Story:
    found = truth(payment, ONLY_LEFT, "MissingProviderRecord", "missing.not_at_provider")
    return Story(scenario, (payment,), (), (found,))


def charged_twice(draw: Draw) -> Story:
    """A second charge of the same customer and amount, minutes later; only the first is booked."""
    payment, charge = booked_pair(draw, draw.time())
    window = int(draw.plan.duplicate_window.total_seconds())
    second = replace(
        charge,
        id=draw.provider_id("ch"),
        parent=draw.provider_id("pi") if draw.events else "",
        occurred_at=charge.occurred_at + draw.rng.randrange(30, window // 2),
    )
    suspected = truth(second, ONLY_RIGHT, "DuplicateChargeSuspected", "duplicate.not_booked")
    truths = (truth(payment, MATCHED), truth(charge, MATCHED), suspected)
    return Story("charged_twice", (payment,), (charge, second), truths)


def ambiguous(draw: Draw) -> Story:
    """Two charges that fit one payment, or two, equally: same customer and amount, hours apart, no reference."""
    payment, charge = booked_pair(draw, draw.time())
    payment = replace(payment, provider_reference="", invoice_number="")
    second = replace(
        charge,
        id=draw.provider_id("ch"),
        parent=draw.provider_id("pi") if draw.events else "",
        occurred_at=draw.after(charge.occurred_at, 5 * HOUR, 12 * HOUR),
    )
    ours: tuple[Ours, ...] = (payment,)
    if draw.rng.random() < 0.5:
        number, moment = draw.next_number(), payment.occurred_at + 5 * HOUR
        other = replace(payment, external_id=f"pay_{number:08d}", occurred_at=moment)
        ours = (payment, other)
    truths = [truth(record, AMBIGUOUS, "AmbiguousMatch") for record in ours]
    truths += [truth(record, AMBIGUOUS) for record in (charge, second)]
    return Story("ambiguous", ours, (charge, second), tuple(truths))


def late_here(draw: Draw) -> Story:
    """Charged just now; the booking may still come."""
    _payment, charge = booked_pair(draw, draw.late_time())
    return Story("late_here", (), (charge,), (truth(charge, NOT_DUE),))


def late_at_provider(draw: Draw) -> Story:
    """Booked just now; the provider's event may still come."""
    payment, _charge = booked_pair(draw, draw.late_time())
    return Story("late_at_provider", (payment,), (), (truth(payment, NOT_DUE),))


DISAGREED: Final[tuple[Scenario, ...]] = (
    fee_deducted,
    refund_netted,
    amount_differs,
    currency_differs,
    status_differs,
    not_booked,
    not_at_provider,
    webhook_gap,
    charged_twice,
    ambiguous,
    late_here,
    late_at_provider,
)
