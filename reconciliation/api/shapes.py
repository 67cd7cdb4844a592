"""What answers hold. Amounts are integers in minor units of the currency next to them, times ISO 8601 in UTC."""

from datetime import UTC
from functools import partial
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from billing.admin.cells import zone_of
from reconciliation.models import ReconciliationDiscrepancy
from reconciliation.sentences import clears_when, sentence

from .times import iso_of_micros

Time = partial(serializers.DateTimeField, default_timezone=UTC)
Text, Number = serializers.CharField, serializers.IntegerField
SIDE = ("kind", "key", "own", "invoice", "party", "amount_minor", "currency", "status", "provider")


class RunShape(serializers.Serializer[Any]):
    """A run: one comparison of an organization over a period [start, end)."""

    id = Number(source="pk")
    organization = Text(source="organization.slug")
    comparison = Text()
    number = Number(allow_null=True, help_text="Counts the runs of the organization and comparison as they wrote.")
    status = Text(help_text="queued, running, ok, break or error.")
    period_start = Time()
    period_end = Time()
    created_at = Time()
    started_at = Time(allow_null=True)
    finished_at = Time(allow_null=True)
    report_digest = Text()
    error = Text()


class DiscrepancyShape(serializers.Serializer[Any]):
    """A discrepancy as lists show it."""

    id = Number(source="pk")
    organization = Text(source="organization.slug")
    comparison = Text()
    type = Text()
    status = Text(help_text="open, acknowledged, pending_approval or resolved.")
    severity = Text(help_text="none, minor or major.")
    reason_code = Text()
    reference = Text(help_text="The provider's id of the dispute it is about, if any.")
    difference_minor = Number(allow_null=True, help_text="Provider less ours; null where amounts are not compared.")
    unexplained_minor = Number(allow_null=True)
    currency = Text()
    sentence = serializers.SerializerMethodField(help_text="Why it is a discrepancy, in the caller's language.")
    occurred_at = Time()
    opened_at = Time()
    due_at = Time()
    assignee = serializers.SerializerMethodField()
    resolution_code = Text()
    resolved_at = Time(allow_null=True)
    version = Number(help_text="Send it with a step; a step about an older version is refused.")

    def get_sentence(self, row: ReconciliationDiscrepancy) -> str:
        """As on the desk."""
        return sentence(row, zone_of(row))

    def get_assignee(self, row: ReconciliationDiscrepancy) -> str | None:
        """Who works on it."""
        return row.assigned_to.get_username() if row.assigned_to else None


class RunWithDiscrepanciesShape(RunShape):
    """A run with a page of what is not resolved in its period."""

    discrepancies = DiscrepancyShape(many=True)


class SideShape(serializers.Serializer[Any]):
    """A record of one side, as the last run read it."""

    record_id = Number(allow_null=True, required=False)
    kind = Text()
    key = Text(allow_null=True, help_text="The provider's id.")
    own = Text(allow_null=True, help_text="Our id.")
    invoice = Text(allow_null=True)
    party = Text(allow_null=True)
    amount_minor = Number()
    currency = Text()
    status = Text()
    provider = Text(allow_null=True)
    occurred_at = Text(allow_null=True)


class PartShape(serializers.Serializer[Any]):
    """A part of the difference that is explained."""

    code = Text()
    amount_minor = Number()
    currency = Text()
    source = Text()  # type: ignore[assignment]


class ExplanationShape(serializers.Serializer[Any]):
    """What a discrepancy comes from."""

    expected = Text()
    actual = Text()
    parts = PartShape(many=True)
    unexplained_minor = Number(allow_null=True)
    currency = Text()
    candidates = SideShape(many=True, help_text="Records that fit equally.")
    clears_when = Text()


class HistoryShape(serializers.Serializer[Any]):
    """A row of the action log."""

    action = Text()
    actor = Text()
    at = Time()
    before = serializers.JSONField()
    after = serializers.JSONField()
    reason = Text()
    request_id = Text()


class NextStepShape(serializers.Serializer[Any]):
    """A step the caller may take now."""

    action = Text()
    title = Text()
    needs_reason = serializers.BooleanField()
    needs_code = serializers.BooleanField()


class ResolutionShape(serializers.Serializer[Any]):
    """What is proposed, or was decided."""

    code = Text()
    reason = Text()
    duplicate_of = Number(allow_null=True)
    proposed_by = Text(allow_null=True)
    proposed_at = Text(allow_null=True)
    approved_by = Text(allow_null=True)
    closing_rule = Text(help_text="four_eyes, below_threshold, run, or empty while nothing is decided.")


class DiscrepancyDetailShape(DiscrepancyShape):
    """Everything about a discrepancy."""

    explanation = serializers.SerializerMethodField()
    left = serializers.SerializerMethodField()
    right = serializers.SerializerMethodField()
    resolution = ResolutionShape(allow_null=True)
    history = HistoryShape(many=True, help_text="Newest first, at most 50.")
    next_steps = NextStepShape(many=True)
    resolution_codes = serializers.ListField(child=Text())

    @extend_schema_field(ExplanationShape)
    def get_explanation(self, row: ReconciliationDiscrepancy) -> dict[str, Any]:
        """What it comes from."""
        facts = row.explanation
        return {
            "expected": row.expected, "actual": row.actual,
            "parts": [
                {name: part.get(name) for name in ("code", "amount_minor", "source")} | {"currency": row.currency}
                for part in facts.get("parts", [])
            ],
            "unexplained_minor": row.unexplained_minor, "currency": row.currency,
            "candidates": [side_of(rival) for rival in facts.get("rivals", [])], "clears_when": clears_when(row),
        }  # fmt: skip

    @extend_schema_field(SideShape(allow_null=True))
    def get_left(self, row: ReconciliationDiscrepancy) -> dict[str, Any] | None:
        """Our side."""
        return side_of(row.explanation.get("left"), row.left_id)

    @extend_schema_field(SideShape(allow_null=True))
    def get_right(self, row: ReconciliationDiscrepancy) -> dict[str, Any] | None:
        """The provider's."""
        return side_of(row.explanation.get("right"), row.right_id)


class DisputeShape(serializers.Serializer[Any]):
    """A dispute with its discrepancy."""

    id = Text(source="name", help_text="The provider's id.")
    organization = Text(source="organization.slug")
    provider_status = Text(source="standing.word", help_text="Empty where only the statement tells of it.")
    reason = Text()
    amount_minor = Number()
    currency = Text()
    charge = Text()
    customer = Text()
    acknowledge_by = Time(allow_null=True)
    evidence_due_by = Time(source="standing.due_by", allow_null=True)
    discrepancy = DiscrepancyShape()


def side_of(facts: dict[str, Any] | None, record_id: int = 0) -> dict[str, Any] | None:
    """A side's facts with its time as text; null where there is no record."""
    if not facts:
        return None
    given = {name: facts.get(name) for name in SIDE} | {"occurred_at": iso_of_micros(facts.get("occurred_at"))}
    return given | ({"record_id": record_id} if record_id else {})
