"""What may be wrong with an invoice, given what the statement shows of its payment. Pure; plain values.

Amounts are those of the statement (settlement currency): where lines settled in another currency than the invoice's,
what was asked is taken at the rate of these very lines.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from .cases import Case, Finding, Part, Record
from .findings import CURRENCY, MISSING_PROVIDER, STATUS, severity
from .invoice_groups import NOT_PAYABLE
from .parameters import Parameters
from .statement_types import OVERPAID, SEVERITY, UNDERPAID

WORDS = {"charge_failure": "payment_failed", "partial_capture": "not_captured", "adjustment": "adjusted"}
OPEN = "open"


@dataclass(frozen=True)
class Invoice:
    """An invoice as compared: `expected`, `asks`, `said`, `linked` in minor units of its currency (see
    core.invoice_groups).
    """

    record: Record
    outcome: str
    state: str
    expected: int
    asks: int
    said: int | None = None
    linked: int | None = None
    overpaid_noted: int = 0


@dataclass(frozen=True)
class Payment:
    """A payment line: `value` in the currency of its group's invoices, null where none is known; `record.amount` as
    settled.
    """

    record: Record
    value: int | None
    kind: str


@dataclass(frozen=True)
class Group:
    """Invoices that share payments, oldest first; `returned`: what was given back, in the invoices' currency."""

    invoices: tuple[Invoice, ...]
    payments: tuple[Payment, ...]
    returned: int = 0

    @property
    def received(self) -> int:
        """What came in, in the currency of the invoices."""
        return sum(payment.value or 0 for payment in self.payments)

    @property
    def rated(self) -> tuple[Payment, ...]:
        """The payments whose lines tell at which rate they settled."""
        return tuple(one for one in self.payments if one.value and one.value > 0)

    @property
    def currency(self) -> str:
        """The currency amounts are told in: the one all payments settled in, else the invoices'."""
        settled = {one.record.currency for one in self.rated}
        return settled.pop() if len(settled) == 1 else self.invoices[0].record.currency

    def settled(self, value: int) -> int:
        """`value` (currency of the invoices) as it settled: at the rate of the group's own lines, rounded half up."""
        if self.currency == self.invoices[0].record.currency:
            return value
        shown, amount = sum(one.value or 0 for one in self.rated), sum(one.record.amount for one in self.rated)
        return (2 * value * amount + shown) // (2 * shown)

    @property
    def line(self) -> Record | None:
        """The line to show beside an invoice: the first charge."""
        ordered = sorted(self.payments, key=lambda one: (one.kind != "charge", one.record.occurred_at, one.record.own))
        return ordered[0].record if ordered else None


def invoice_findings(group: Group, parameters: Parameters) -> list[Finding]:
    """Every finding about the invoices of a group that does not agree, or about one that nothing was paid for."""
    if not group.payments:
        return [missing(one, parameters) for one in group.invoices if one.outcome == "only_left"]
    first = group.invoices[0]
    if any(one.value is None for one in group.payments) or mixed(group):
        return [currency_differs(group, first, parameters)]
    found = [status_differs(group, one, parameters) for one in group.invoices]
    return [*(one for one in found if one is not None), *amounts(group, parameters)]


def mixed(group: Group) -> bool:
    """Whether the invoices of a group are in several currencies."""
    return len({one.record.currency for one in group.invoices}) > 1


def case_of(group: Group, invoice: Invoice, parameters: Parameters) -> Case:
    """An invoice and the line to show beside it."""
    record = invoice.record
    due_at = record.occurred_at + parameters.grace
    return Case(invoice.outcome, record, group.line, due_at=due_at, grace=parameters.grace)


def missing(invoice: Invoice, parameters: Parameters) -> Finding:
    """An invoice that is paid here, and no line of the statement shows it."""
    record, reason = invoice.record, "missing.not_on_statement"
    case = Case(invoice.outcome, record, None, due_at=record.occurred_at + parameters.grace, grace=parameters.grace)
    return Finding(
        MISSING_PROVIDER, reason, severity(MISSING_PROVIDER, reason, SEVERITY), case, about="left",
        expected=str(invoice.expected), actual="", currency=record.currency, difference_minor=-invoice.expected,
        clears="line_or_outside",
    )  # fmt: skip


def currency_differs(group: Group, invoice: Invoice, parameters: Parameters) -> Finding:
    """Payments in a currency that nothing converts to the invoice's."""
    reason, other = "currency.differs", sorted({one.record.currency for one in group.payments})
    return Finding(
        CURRENCY, reason, severity(CURRENCY, reason, SEVERITY), case_of(group, invoice, parameters), about="left",
        expected=invoice.record.currency, actual=", ".join(other), currency=invoice.record.currency,
        difference_minor=None, clears="correct_currency",
    )  # fmt: skip


def status_differs(group: Group, invoice: Invoice, parameters: Parameters) -> Finding | None:
    """A payment of an invoice that was called off or written off, or an open one that was paid in full."""
    reason = ""
    if invoice.state in NOT_PAYABLE and group.received != group.returned:
        reason = "status.paid_but_called_off"
    elif invoice.state == OPEN and group.received >= sum(one.asks for one in group.invoices):
        reason = "status.paid_but_open"
    if not reason:
        return None
    return Finding(
        STATUS, reason, severity(STATUS, reason, SEVERITY), case_of(group, invoice, parameters), about="left",
        expected=invoice.state, actual="paid", currency=invoice.record.currency, difference_minor=None,
        clears="update_invoice",
    )  # fmt: skip


def amounts(group: Group, parameters: Parameters) -> Iterator[Finding]:
    """Over- and under-paid invoices. Where the provider's links say what each invoice got, each is told by itself; the
    rest of the group goes to the first that they say nothing wrong about.
    """
    payable = [one for one in group.invoices if one.state not in NOT_PAYABLE]
    if not payable:
        return
    left_over = 0 if group_agrees(group, payable, parameters) else group.received - sum(o.expected for o in payable)
    own = {one.record.id: apart(one, parameters) for one in payable} if len(payable) > 1 else {}
    left_over -= sum(own.values())
    takes_rest = next((one for one in payable if not own.get(one.record.id)), payable[0])
    for invoice in payable:
        difference = own.get(invoice.record.id, 0) + (left_over if invoice is takes_rest else 0)
        if difference and not parameters.tolerance.allows(invoice.expected, invoice.expected + difference):
            yield paid_wrong(group, invoice, difference, parameters)


def group_agrees(group: Group, payable: list[Invoice], parameters: Parameters) -> bool:
    """Whether a group's payments come to what is asked, or to what its invoices themselves say."""
    received, tolerance = group.received, parameters.tolerance
    said = [one.said for one in payable if one.said is not None]
    if tolerance.allows(sum(one.expected for one in payable), received):
        return True
    if len(said) < len(payable):
        return all(one.state == OPEN for one in payable) and not received
    return tolerance.allows(sum(said), received) or tolerance.allows(sum(said), received - group.returned)


def apart(invoice: Invoice, parameters: Parameters) -> int:
    """By how much the provider's links give an invoice more or less than it asks."""
    if invoice.linked is None or invoice.linked == invoice.said:
        return 0
    agrees = parameters.tolerance.allows(invoice.expected, invoice.linked)
    return 0 if agrees else invoice.linked - invoice.expected


def paid_wrong(group: Group, invoice: Invoice, difference: int, parameters: Parameters) -> Finding:
    """An invoice that got more or less than it asks: by `difference`, in its own currency."""
    type_ = OVERPAID if difference > 0 else UNDERPAID
    settled = group.settled(difference)
    actual = group.settled(invoice.expected + difference)
    reason, parts = explained(group, invoice, settled)
    return Finding(
        type_, reason, severity(type_, reason, SEVERITY), case_of(group, invoice, parameters), about="left",
        expected=str(actual - settled), actual=str(actual), currency=group.currency, difference_minor=settled,
        parts=parts, clears="correct_invoice" if difference > 0 else "collect_or_correct",
    )  # fmt: skip


def explained(group: Group, invoice: Invoice, difference: int) -> tuple[str, tuple[Part, ...]]:
    """What on record explains a difference (as settled): reason code and parts. A part is the amount of a named row."""
    parts = tuple(
        Part(WORDS[one.kind], one.record.amount, one.record.own or "") for one in group.payments if one.kind in WORDS
    )
    if parts and difference < 0:
        return f"invoice.{parts[0].code}", parts
    charges = [one.record for one in group.payments if one.kind == "charge"]
    if difference < 0:
        fees = sum(charge.fee or 0 for charge in charges)
        if fees and fees == -difference:
            return "invoice.fee_deducted", tuple(
                Part("fee", -(charge.fee or 0), f"fee of {charge.key}") for charge in charges if charge.fee
            )
        return "invoice.underpaid", ()
    if invoice.overpaid_noted and group.settled(invoice.overpaid_noted) == difference:
        return "invoice.overpaid_noted", (Part("overpayment", difference, invoice.record.own or ""),)
    second = [charge for charge in charges[1:] if charge.amount == difference]
    if second:
        return "invoice.paid_twice", (Part("payment", difference, second[-1].own or ""),)
    return "invoice.overpaid", ()
