"""What can be read: runs with their open discrepancies, discrepancies, disputes."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from reconciliation.core.dispute_board import acknowledge_by
from reconciliation.disputes import card_of, stated
from reconciliation.models import Dispute, ReconciliationDiscrepancy, ReconciliationRun
from reconciliation.models.discrepancies import UNRESOLVED
from reconciliation.run_changes import in_period

from .base import OwnList, OwnView
from .detail import detail_of, own_discrepancies
from .filters import DiscrepancyFilters, DisputeFilters, RunFilters
from .schema import errors, listed, one, paged
from .shapes import DiscrepancyDetailShape, DiscrepancyShape, DisputeShape, RunShape, RunWithDiscrepanciesShape

SEES_RUNS = "reconciliation.view_reconciliationrun"
SEES_DISCREPANCIES = "reconciliation.view_reconciliationdiscrepancy"


class RunsMixin:
    """Runs of the caller's organizations, without their reports."""

    permission = SEES_RUNS

    def get_queryset(self: Any) -> QuerySet[ReconciliationRun]:
        """Whatever became of them."""
        rows = ReconciliationRun.objects.filter(organization__in=self.organizations()).select_related("organization")
        return rows.defer("report", "report_markdown", "tally")


@extend_schema_view(
    get=extend_schema(
        operation_id="runs_list",
        summary="Runs, newest first",
        filters=True,
        parameters=paged(),
        responses={200: listed(RunShape), **errors(400, 403)},
    )
)
class RunList(RunsMixin, OwnList):
    """Runs."""

    serializer_class = RunShape
    filterset_class = RunFilters


class RunDetail(RunsMixin, OwnView):
    """One run."""

    serializer_class = RunWithDiscrepanciesShape
    filter_backends = ()

    @extend_schema(
        operation_id="runs_read",
        summary="A run with its open discrepancies, in pages",
        parameters=paged(),
        responses={200: one(RunWithDiscrepanciesShape, paged=True), **errors(400, 403, 404)},
    )
    def get(self, request: Request, run_id: int) -> Response:
        """The run, and a page of what is not resolved in its organization, comparison and period."""
        run = self.found(run_id)
        rows, meta = self.page(in_period(own_discrepancies([run.organization_id]), run).filter(UNRESOLVED))
        run.discrepancies = rows
        return self.answer(self.get_serializer(run).data, **meta)


class DiscrepanciesMixin:
    """Discrepancies of the caller's organizations."""

    permission = SEES_DISCREPANCIES

    def get_queryset(self: Any) -> QuerySet[ReconciliationDiscrepancy]:
        """Whatever became of them."""
        return own_discrepancies(self.organizations())


@extend_schema_view(
    get=extend_schema(
        operation_id="discrepancies_list",
        summary="Discrepancies, newest first",
        filters=True,
        parameters=paged(),
        responses={200: listed(DiscrepancyShape), **errors(400, 403)},
    )
)
class DiscrepancyList(DiscrepanciesMixin, OwnList):
    """Discrepancies."""

    serializer_class = DiscrepancyShape
    filterset_class = DiscrepancyFilters


class DiscrepancyDetail(DiscrepanciesMixin, OwnView):
    """One discrepancy."""

    serializer_class = DiscrepancyDetailShape
    filter_backends = ()

    @extend_schema(
        operation_id="discrepancies_read",
        summary="A discrepancy with both sides, its history and the steps one may take",
        responses={200: one(DiscrepancyDetailShape), **errors(403, 404)},
    )
    def get(self, request: Request, discrepancy_id: int) -> Response:
        """Everything about it."""
        return self.answer(detail_of(self.found(discrepancy_id), request.user))  # type: ignore[arg-type]


@extend_schema_view(
    get=extend_schema(
        operation_id="disputes_list",
        summary="Disputes with their discrepancies, newest first",
        filters=True,
        parameters=paged(),
        description="A dispute is listed from the first run of the comparison `statements` after it was fetched.",
        responses={200: listed(DisputeShape), **errors(400, 403)},
    )
)
class DisputeList(OwnList):
    """Disputes."""

    permission = SEES_DISCREPANCIES
    serializer_class = DisputeShape
    filterset_class = DisputeFilters

    def get_queryset(self) -> QuerySet[Dispute]:
        """Those that a run has recorded."""
        rows = Dispute.objects.filter(organization__in=self.organizations())
        return rows.select_related("organization", "assigned_to")

    def listed(self, rows: list[Any]) -> Any:
        """With the provider's current word, asked for once a page."""
        versions = stated(self.organizations(), [row.reference for row in rows])
        return super().listed([dispute(row, versions.get((row.organization_id, row.reference))) for row in rows])


def dispute(row: Dispute, version: Any) -> dict[str, Any]:
    """What an answer says of a dispute."""
    card = card_of(row, version)
    names = ("name", "organization", "standing", "amount_minor", "currency", "reason", "charge", "customer")
    given = {name: getattr(card, name) for name in names}
    return given | {"acknowledge_by": acknowledge_by(card.standing), "discrepancy": row}
