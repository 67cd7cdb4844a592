"""Discrepancies in any state, people in any role, and every step of the workflow by its name."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.models import User

from billing.models import Organization
from reconciliation import open_totals, workflow
from reconciliation.models import ReconciliationActionLog, ReconciliationDiscrepancy
from tests.people import person
from tests.reconciliation.books import Books

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
STATES = ("open", "acknowledged", "pending_approval", "resolved")


@dataclass
class Desk:
    """An organization with its people, and discrepancies made to order (difference −50 EUR cents)."""

    books: Books = field(default_factory=Books)
    made: int = 0
    people: dict[str, User] = field(default_factory=dict)

    @property
    def organization(self) -> Organization:
        return self.books.organization

    def person(self, role: str, name: str = "") -> User:
        """The person of a role (or another one of a name), made once; permissions as they are now."""
        name = name or role.lower()
        if name not in self.people:
            self.people[name] = person(role, self.organization, name=name)
        return User.objects.get(pk=self.people[name].pk)

    def discrepancy(self, status: str = "open", **facts: Any) -> ReconciliationDiscrepancy:
        """A row in `status`, with the columns that belong to it; proposed by "author", approved by "signer"."""
        self.made += 1
        own: dict[str, Any] = {}
        if status in ("pending_approval", "resolved"):
            own = {
                "resolution_code": "timing",
                "resolution_reason": "late",
                "proposed_by": self.person("Owner", "author"),
            }
            own["proposed_at"] = NOW
        if status == "resolved":
            own |= {"approved_by": self.person("Owner", "signer"), "closing_rule": "four_eyes", "resolved_at": NOW}
        payment = self.books.paid(f"p{self.made}", 1000, f"ch_{self.made}")
        record = self.books.charged(f"ch_{self.made}", 950)
        values = {
            "organization": self.organization, "comparison": "payments", "type": "AmountMismatch",
            "left_id": payment.pk, "right_id": record.pk, "status": status, "severity": "major",
            "reason_code": "amount.unexplained", "difference_minor": -50, "unexplained_minor": -50, "currency": "EUR",
            "explanation": explanation(self.made),
            "occurred_at": NOW, "opened_at": NOW, "queued_at": NOW, "due_at": NOW, "opened_run": 1,
            "changed_run": 1, **own, **facts,
        }  # fmt: skip
        row = ReconciliationDiscrepancy.objects.create(**values)
        changes = open_totals.Changes()
        changes.add(row)
        open_totals.store(changes)
        return row

    def take(self, action: str, row: ReconciliationDiscrepancy, by: User, **more: Any) -> ReconciliationDiscrepancy:
        """Takes a step with everything it asks for; `more` overrides."""
        given: dict[str, Any] = {"discrepancy_id": row.pk, "expected_version": row.version, "by": by, "now": NOW}
        given |= MORE.get(action, {})
        if action in ("match", "unmatch", "undo_match"):
            given |= {"left_id": row.left_id, "right_id": row.right_id}
        if action == "dismiss_duplicate":
            given["duplicate_of"] = self.discrepancy().pk
        if action == "assign":
            given["to"] = by
        if action == "annotate":
            given.pop("expected_version")
        result = getattr(workflow, action)(**given | more)
        assert isinstance(result, ReconciliationDiscrepancy)
        return result


def explanation(number: int) -> dict[str, Any]:
    """What a run stores beside a discrepancy of two records."""
    facts = {
        "kind": "charge", "key": f"ch_{number}", "own": f"p{number}", "invoice": None, "party": None,
        "currency": "EUR", "status": "succeeded", "occurred_at": 1_760_000_000_000_000,
    }  # fmt: skip
    return {
        "outcome": "mismatched", "left": {**facts, "amount_minor": 1000, "provider": None},
        "right": {**facts, "amount_minor": 950, "provider": "stripe"}, "twin": None, "twin_paired": False,
        "claimed_by": None, "rivals": [], "parts": [], "clears": "correct_amount", "due_at": None, "grace": 0,
    }  # fmt: skip


CODE_AND_REASON = {"code": "timing", "reason": "it came later"}
REASON = {"reason": "I looked"}
MORE: dict[str, dict[str, Any]] = {
    "annotate": {"text": "asked the bank"},
    "mark_investigated": REASON, "match": REASON, "unmatch": REASON, "undo_match": REASON,
    "propose": CODE_AND_REASON, "revise": CODE_AND_REASON, "close": CODE_AND_REASON,
    "dismiss_duplicate": REASON, "reject": REASON, "requeue": REASON,
}  # fmt: skip


def log_of(row: ReconciliationDiscrepancy) -> list[ReconciliationActionLog]:
    """The log of a discrepancy, oldest first."""
    return list(ReconciliationActionLog.objects.filter(discrepancy=row.pk).order_by("pk"))


def words(row: ReconciliationDiscrepancy) -> list[str]:
    """What the log says was done."""
    return [entry.action for entry in log_of(row)]
