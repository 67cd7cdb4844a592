"""Books of payouts for tests: lines of a statement and payouts, stored the way ingestion stores them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction

from billing.models import Organization, ProviderFetch
from billing.payouts import store_payouts
from billing.statement_lines import LineFacts
from billing.statement_store import store_lines
from billing.withdrawals import withdraw_ingestion
from reconciliation.models import ReconciliationDiscrepancy, ReconciliationItem
from reconciliation.runs import RunResult, reconcile

START = datetime(2026, 10, 1, tzinfo=UTC)
END = datetime(2026, 11, 1, tzinfo=UTC)
SENT = datetime(2026, 10, 10, tzinfo=UTC)
ARRIVES = SENT + timedelta(days=2)
LATER = datetime(2026, 11, 20, tzinfo=UTC)
CATEGORIES = {"payout": "payout", "payout_failure": "payout_reversal", "payout_cancel": "payout_reversal"}


class PayoutBooks:
    """An organization with a Stripe account of its own; amounts in minor units of EUR unless told otherwise."""

    def __init__(self, slug: str = "acme", **rules: Any) -> None:
        self.organization = Organization.objects.create(
            slug=slug, name=slug.title(), stripe_account=f"acct_{slug}", **rules
        )
        self.fetches = 0

    def fetch(self, kind: str = "statements") -> ProviderFetch:
        """An ingestion."""
        return ProviderFetch.objects.create(
            organization=self.organization, kind=kind, status="done", started_at=START, updated_at=START
        )

    def line(
        self, name: str, gross: int, *, fee: int = 0, payout: str = "", at: datetime = SENT - timedelta(days=1),
        type_: str = "charge", source: str = "", currency: str = "EUR", fetch: ProviderFetch | None = None,
    ) -> ProviderFetch:  # fmt: skip
        """A line of the statement, or what is said of it now."""
        source_type = "payout" if source.startswith("po_") else "charge"
        values = {
            "type": type_, "category": CATEGORIES.get(type_, type_), "gross_minor": gross, "fee_minor": fee,
            "net_minor": gross - fee, "currency": currency, "occurred_at": at,
            "source_reference": source or f"ch_{name}",
            "source_type": source_type, "detail": {},
        }  # fmt: skip
        held = fetch or self.fetch()
        with transaction.atomic():
            store_lines(
                organization=self.organization, facts=[LineFacts(name, values)], fetch=held, now=at, payout=payout
            )
        return held

    def payout(
        self, name: str = "po_1", amount: int = 9_500, *, status: str = "paid", seen: datetime = LATER,
        **fields: Any,
    ) -> None:  # fmt: skip
        """The payout as Stripe renders it now."""
        item = {
            "id": name, "object": "payout", "amount": amount, "currency": "eur", "created": int(SENT.timestamp()),
            "arrival_date": int(ARRIVES.timestamp()), "status": status, "automatic": True,
            "reconciliation_status": "completed", **fields,
        }  # fmt: skip
        with transaction.atomic():
            store_payouts(organization=self.organization, items=[item], fetch=self.fetch("payouts"), now=seen)

    def sent(self, name: str = "po_1", *amounts: int) -> None:
        """A payout that ties: a line for each amount, its own line, and itself."""
        for place, amount in enumerate(amounts or (10_000, -500)):
            self.line(f"txn_{name}_{place}", amount, payout=name)
        total = sum(amounts or (10_000, -500))
        self.line(f"txn_{name}_own", -total, payout=name, at=SENT, type_="payout", source=name)
        self.payout(name, total)

    def returned(self, name: str = "po_1", amount: int = 9_500, *, taken_by: str = "") -> None:
        """The bank sends a payout back: a line on the statement."""
        self.line(
            f"txn_{name}_back", amount, at=ARRIVES + timedelta(days=3), type_="payout_failure", source=name,
            payout=taken_by,
        )  # fmt: skip

    def withdraw(self, fetch: ProviderFetch) -> None:
        """Takes an ingestion back."""
        withdraw_ingestion(fetch=fetch, by="test", reason="faulty", now=LATER)

    def run(self, *, now: datetime = LATER, start: datetime = START, end: datetime = END, **options: Any) -> RunResult:
        """Reconciles the payouts."""
        result = reconcile(
            organization=self.organization, comparison="payouts", start=start, end=end, by=None, now=now, **options
        )
        assert result.error == ""
        return result

    def outcomes(self) -> dict[str, int]:
        """Open items by outcome, only those there are."""
        found: dict[str, int] = {}
        for item in ReconciliationItem.objects.filter(organization=self.organization, closed_run=None):
            found[item.outcome] = found.get(item.outcome, 0) + 1
        return found

    def open(self) -> dict[str, list[str]]:
        """Open discrepancies: type → reason codes."""
        found: dict[str, list[str]] = {}
        rows = ReconciliationDiscrepancy.objects.filter(organization=self.organization).exclude(status="resolved")
        for row in rows.order_by("type", "reason_code"):
            found.setdefault(row.type, []).append(row.reason_code)
        return found

    def only(self) -> ReconciliationDiscrepancy:
        """The one discrepancy there is."""
        return ReconciliationDiscrepancy.objects.get(organization=self.organization)
