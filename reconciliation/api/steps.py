"""What can be done about a discrepancy: the workflow's own steps, about the version that the caller has seen."""

from typing import Any

from django.db import InterfaceError, OperationalError
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.errors import Busy
from reconciliation import workflow
from reconciliation.models import ReconciliationDiscrepancy
from reconciliation.workflow import BY_ACTION, BY_CODE, StepRefused

from .base import OwnView
from .detail import detail_of, own_discrepancies
from .errors import Unprocessable, error_of
from .schema import errors, one
from .shapes import DiscrepancyDetailShape

Row = ReconciliationDiscrepancy
REFUSALS = errors(400, 403, 404, 409, 413, 415, 422, 503)
ANSWERS = {200: one(DiscrepancyDetailShape), **REFUSALS}


class AcknowledgeBody(serializers.Serializer[Any]):
    """A step about a version."""

    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1, help_text="The version you have seen.")


class RequeueBody(AcknowledgeBody):
    """A step that says why."""

    notes = serializers.CharField(max_length=5_000, help_text="Why; the approver and the auditor read it.")


class ResolveBody(RequeueBody):
    """A resolution."""

    code = serializers.CharField(max_length=32, help_text=f"One of {', '.join(BY_CODE)}.")
    duplicate_of = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=2**63 - 1, help_text="With `duplicate`: what stays."
    )


class StepView(OwnView):
    """Takes a step and answers with the discrepancy as it is afterwards."""

    filter_backends = ()
    action = ""

    @property
    def permission(self) -> str:  # type: ignore[override]
        """The step's own."""
        return BY_ACTION[self.action].permission

    def get_queryset(self) -> Any:
        """The discrepancies of the caller's organizations."""
        return own_discrepancies(self.organizations())

    def step(self, row: Row, given: dict[str, Any], who: dict[str, Any]) -> Row:
        """Takes the step of the workflow. Raises StepRefused."""
        raise NotImplementedError

    def take(self, request: Request, discrepancy_id: int) -> Response:
        """Reads the body, takes the step; a refusal is an error in the usual form, and nothing was saved."""
        row = self.found(discrepancy_id)
        body = self.get_serializer(data=request.data)
        if not body.is_valid():
            raise Unprocessable(body.errors)  # type: ignore[arg-type]
        given = body.validated_data
        who = {"discrepancy_id": row.pk, "expected_version": given["version"], "by": request.user}
        who |= {"now": timezone.now(), "request_id": getattr(request, "request_id", "")}
        try:
            self.step(row, given, who)
        except StepRefused as refusal:
            raise error_of(refusal) from None
        except (OperationalError, InterfaceError) as error:
            raise Busy from error
        return self.answer(detail_of(self.found(discrepancy_id), request.user))  # type: ignore[arg-type]


class Acknowledge(StepView):
    """Taking it in charge."""

    serializer_class = AcknowledgeBody
    action = "acknowledge"

    @extend_schema(operation_id="discrepancies_acknowledge", summary="Take it in charge", responses=ANSWERS)
    def post(self, request: Request, discrepancy_id: int) -> Response:
        """The step `acknowledge`."""
        return self.take(request, discrepancy_id)

    def step(self, row: Row, given: dict[str, Any], who: dict[str, Any]) -> Row:
        """As it is."""
        return workflow.acknowledge(**who)


class Requeue(StepView):
    """Opening it again."""

    serializer_class = RequeueBody
    action = "requeue"

    @extend_schema(operation_id="discrepancies_requeue", summary="Open it again", responses=ANSWERS)
    def post(self, request: Request, discrepancy_id: int) -> Response:
        """The step `requeue`; an adjustment entry is taken back by another one."""
        return self.take(request, discrepancy_id)

    def step(self, row: Row, given: dict[str, Any], who: dict[str, Any]) -> Row:
        """With why."""
        return workflow.requeue(reason=given["notes"], **who)


class Resolve(StepView):
    """Resolving it."""

    serializer_class = ResolveBody
    action = "propose"

    @extend_schema(
        operation_id="discrepancies_resolve",
        summary="Resolve it, or propose to",
        description=(
            "Who may close it alone (below the organization's threshold, with a code that allows it) closes it: "
            "`status` is `resolved`. Else it waits for somebody else's approval: `status` is `pending_approval`."
        ),
        responses=ANSWERS,
    )
    def post(self, request: Request, discrepancy_id: int) -> Response:
        """The step `close` where the caller may take it, else `propose`."""
        return self.take(request, discrepancy_id)

    def step(self, row: Row, given: dict[str, Any], who: dict[str, Any]) -> Row:
        """Whichever the workflow allows."""
        more = {"code": given["code"], "reason": given["notes"], "duplicate_of": given.get("duplicate_of")}
        code = BY_CODE.get(given["code"])
        alone = code is not None and not code.two_people and workflow.can("close", row, who["by"])
        return (workflow.close if alone else workflow.propose)(**who, **more)
