"""Facts of an account made by deeds: a merchant charges, refunds, is disputed, invoices and is paid out.

Each deed puts onto the shelf what Stripe would show afterwards, balance transactions and events included. Times are
seconds since 1970 UTC, amounts minor units.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from .shelf import Json, Shelf

DAY: Final = 86_400
API_VERSION: Final = "2026-10-28.endive"


@dataclass(slots=True)
class Merchant:
    """Whose deeds they are. `prefix` keeps ids of several merchants apart; `fee_ppm` and `fee_fixed` are what Stripe
    takes of a charge.
    """

    shelf: Shelf
    prefix: str = "Sandbox"
    fee_ppm: int = 15_000
    fee_fixed: int = 25
    numbers: dict[str, int] = field(default_factory=dict)

    def name(self, kind: str) -> str:
        """The next id of a kind: ch_Sandbox000001."""
        self.numbers[kind] = self.numbers.get(kind, 0) + 1
        return f"{kind}_{self.prefix}{self.numbers[kind]:06}"

    def event(self, word: str, item: Json, at: int) -> Json:
        """What a webhook would deliver about `item` as it is now."""
        shown = self.shelf.rendered(item, [])
        return self.shelf.add(
            "events",
            {
                "id": self.name("evt"), "object": "event", "type": word, "created": at, "livemode": False,
                "api_version": API_VERSION, "pending_webhooks": 0, "request": None, "data": {"object": shown},
            },
        )  # fmt: skip

    def line(self, source: str | None, gross: int, fee: int, at: int, *, words: tuple[str, str], **more: Any) -> Json:
        """A balance transaction; `words`: its type and reporting category."""
        currency = more.pop("currency", "eur")
        details = [{"type": "stripe_fee", "amount": fee, "currency": currency, "description": None}] if fee else []
        return self.shelf.add(
            "balance_transactions",
            {
                "id": self.name("txn"), "object": "balance_transaction", "amount": gross, "fee": fee,
                "net": gross - fee, "currency": currency, "created": at, "available_on": at + 2 * DAY,
                "description": None, "exchange_rate": None, "fee_details": details, "status": "pending",
                "type": words[0], "reporting_category": words[1], "source": source, "balance_type": "payments",
            } | more,
        )  # fmt: skip

    def charge(
        self, amount: int, at: int, *, currency: str = "eur", metadata: Mapping[str, str] | None = None,
        intent_metadata: Mapping[str, str] | None = None, sepa: bool = False, authorized: int | None = None,
        settled: tuple[str, int, float] | None = None, customer: str = "cus_Sandbox1",
    ) -> Json:  # fmt: skip
        """A captured payment with its payment intent and line. `authorized`: more than was captured; `settled`:
        currency, amount and rate when it settles in another currency; `sepa`: by direct debit, so a `py_`.
        """
        kind, own, intent_id = ("py" if sepa else "ch"), {"livemode": False, "customer": customer}, self.name("pi")
        common = own | {"created": at, "currency": currency, "status": "succeeded"}
        charge_id = self.name(kind)
        self.shelf.add(
            "payment_intents",
            common | {
                "id": intent_id, "object": "payment_intent", "amount": authorized or amount, "amount_received": amount,
                "latest_charge": charge_id, "metadata": dict(intent_metadata or {}), "last_payment_error": None,
            },
        )  # fmt: skip
        line_currency, gross, rate = settled or (currency, amount, None)
        fee = gross * self.fee_ppm // 1_000_000 + self.fee_fixed
        line = self.line(
            charge_id, gross, fee, at, words=("payment" if sepa else "charge", "charge"), currency=line_currency,
            exchange_rate=rate,
        )  # fmt: skip
        charge = self.shelf.add(
            "charges",
            common | {
                "id": charge_id, "object": "charge", "amount": authorized or amount, "amount_captured": amount,
                "amount_refunded": 0, "balance_transaction": line["id"], "captured": True, "disputed": False,
                "failure_code": None, "metadata": dict(metadata or {}), "paid": True, "payment_intent": intent_id,
                "refunded": False, "source_transfer": None,
            },
        )  # fmt: skip
        self.event("charge.succeeded", charge, at)
        return charge

    def refund(self, charge: Json, amount: int, at: int) -> Json:
        """Money back to the customer; Stripe keeps its fee."""
        sepa = charge["id"].startswith("py_")
        refund_id = self.name("pyr" if sepa else "re")
        line = self.line(
            refund_id,
            -amount,
            0,
            at,
            words=("payment_refund" if sepa else "refund", "refund"),
            currency=charge["currency"],
        )
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] >= charge["amount_captured"]
        refund = self.shelf.add(
            "refunds",
            {
                "id": refund_id, "object": "refund", "amount": amount, "created": at, "currency": charge["currency"],
                "charge": charge["id"], "payment_intent": charge["payment_intent"], "balance_transaction": line["id"],
                "failure_balance_transaction": None, "metadata": {}, "reason": None, "status": "succeeded",
            },
        )  # fmt: skip
        self.event("refund.created", refund, at)
        self.event("charge.refunded", charge, at)
        return refund

    def fail_refund(self, refund: Json, at: int) -> Json:
        """The bank sends a refund back: the money returns as a line of its own."""
        line = self.line(
            refund["id"],
            refund["amount"],
            0,
            at,
            words=("refund_failure", "refund_failure"),
            currency=refund["currency"],
        )
        refund |= {"status": "failed", "failure_reason": "lost_or_stolen_card"}
        refund["failure_balance_transaction"] = line["id"]
        self.event("refund.failed", refund, at)
        return refund

    def dispute(
        self, charge: Json, at: int, *, fee: int = 1500, due_by: int | None = None, inquiry: bool = False
    ) -> Json:
        """A customer disputes a charge. An inquiry moves no money; `due_by` 0: no answer is possible."""
        dispute_id = self.name("dp")
        moves = []
        if not inquiry:
            gone, currency = -charge["amount_captured"], charge["currency"]
            moves = [self.line(dispute_id, gone, fee, at, words=("adjustment", "dispute"), currency=currency)]
        charge["disputed"] = True
        due = at + 9 * DAY if due_by is None else due_by
        dispute = self.shelf.add(
            "disputes",
            {
                "id": dispute_id, "object": "dispute", "amount": charge["amount_captured"], "created": at,
                "currency": charge["currency"], "charge": charge["id"], "payment_intent": charge["payment_intent"],
                "balance_transactions": [self.shelf.rendered(move, []) for move in moves], "livemode": False,
                "evidence_details": {"due_by": due, "has_evidence": False, "past_due": False, "submission_count": 0},
                "metadata": {}, "reason": "fraudulent", "is_charge_refundable": inquiry,
                "status": "warning_needs_response" if inquiry else "needs_response",
            },
        )  # fmt: skip
        self.event("charge.dispute.created", dispute, at)
        return dispute

    def close_dispute(self, dispute: Json, at: int, *, won: bool, fee_back: int = 0) -> Json:
        """The bank decides; a won dispute brings the amount back, not always the fee."""
        if won:
            line = self.line(
                dispute["id"], dispute["amount"], -fee_back, at, words=("adjustment", "dispute_reversal"),
                currency=dispute["currency"],
            )  # fmt: skip
            dispute["balance_transactions"].append(self.shelf.rendered(line, []))
        dispute["status"] = "won" if won else "lost"
        self.event("charge.dispute.closed", dispute, at)
        return dispute
