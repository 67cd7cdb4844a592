"""Confirming a preview: what the step is taken with, the number typed where it is large, and the job that works it."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _
from django_q.tasks import async_task

from reconciliation.models import BulkAction
from reconciliation.workflow import BY_ACTION, BY_CODE, InvalidStep
from reconciliation.workflow.steps import clean_reason
from reconciliation.workflow.triaging import may_be_given

from .freezing import skip_unfit

State = BulkAction.State
TYPE_ABOVE = 100
"""Above so many rows the number is typed before they are worked."""
SILENT_FOR = timedelta(seconds=60)
JOB = "reconciliation.bulk.job.work_bulk"


class BulkRefused(Exception):
    """A bulk action that does not begin; `field` names what to mend, "" for the whole. `str()` is for people."""

    def __init__(self, message: str, field: str = "", status: int = 400) -> None:
        """What is wrong and what to do; `status` is HTTP's."""
        super().__init__(message)
        self.field, self.status = field, status


class PreviewChanged(BulkRefused):
    """What was given leaves other rows to work than the preview said: it is to be looked at again."""


def confirm(
    *, bulk: BulkAction, given: dict[str, Any], number: int | None, by: User, now: datetime, request_id: str = ""
) -> BulkAction:
    """Queues a preview to be worked with `given` (keys code, reason, to: a user's id), and its job with it.

    Above TYPE_ABOVE rows `number` must be how many there are. Raises BulkRefused; twice confirmed works once.
    """
    may_act(bulk, by)
    given = checked(bulk, given)
    if "code" in given and BY_CODE[given["code"]].adjusts != bulk.summary.get("adjusts", False):
        look_again(bulk, given)
    if not bulk.rows_to_work:
        raise BulkRefused(_("No row is left to work. Select others."))
    if bulk.rows_to_work > TYPE_ABOVE and number != bulk.rows_to_work:
        raise BulkRefused(_("Type the number of rows, %d, to go on.") % bulk.rows_to_work, "number")
    with transaction.atomic():
        waiting = BulkAction.objects.filter(pk=bulk.pk, state=State.PREVIEW)
        if not waiting.update(state=State.QUEUED, given=given, confirmed_at=now, request_id=request_id):
            raise BulkRefused(_("It was confirmed or dropped already. Nothing was done twice."), status=409)
        enqueue(bulk.pk)
    bulk.refresh_from_db()
    return bulk


def may_act(bulk: BulkAction, by: User) -> None:
    """Raises BulkRefused for anybody but whoever made the preview, and without the step's permission."""
    if bulk.created_by_id != by.pk or not by.is_active or not by.has_perm(BY_ACTION[bulk.action].permission):
        raise BulkRefused(_("Only whoever made this preview, and still may take the step, can go on."), status=403)


def checked(bulk: BulkAction, given: dict[str, Any]) -> dict[str, Any]:
    """What the step is taken with, cleaned. Raises BulkRefused naming the field."""
    step = BY_ACTION[bulk.action]
    kept: dict[str, Any] = {}
    try:
        reason = clean_reason(str(given.get("reason") or ""), needed=step.needs_reason)
    except InvalidStep as refusal:
        raise BulkRefused(str(refusal), "reason") from None
    if reason:
        kept["reason"] = reason
    if step.needs_code:
        code = BY_CODE.get(str(given.get("code") or ""))
        if code is None or code.names_other:
            raise BulkRefused(_("Choose a resolution."), "code")
        kept["code"] = code.code
    if bulk.action == BulkAction.Action.ASSIGN:
        kept["to"] = assignee(bulk, given.get("to"))
    return kept


def assignee(bulk: BulkAction, user_id: Any) -> int | None:
    """The id of somebody who may work on every row, None for nobody. Raises BulkRefused."""
    if not user_id:
        return None
    user = User.objects.filter(pk=user_id).first()
    if user is None or not all(may_be_given(pk, user) for pk in bulk.organizations.values_list("pk", flat=True)):
        raise BulkRefused(_("This person cannot work on all of these discrepancies."), "to")
    return int(user.pk)


def look_again(bulk: BulkAction, given: dict[str, Any]) -> None:
    """Skips what the resolution does not fit. Raises PreviewChanged where that changes how many rows are left."""
    before = bulk.rows_to_work
    left = skip_unfit(bulk, given["code"])
    bulk.refresh_from_db()
    bulk.summary["adjusts"], bulk.given = BY_CODE[given["code"]].adjusts, given
    bulk.save(update_fields=["summary", "given"])
    if left != before:
        raise PreviewChanged(_("This resolution changes which rows are worked. Look again, then confirm."))


def enqueue(bulk_id: int) -> None:
    """Queues a job for a bulk action; call inside the transaction that needs it."""
    async_task(JOB, bulk_id, task_name=f"bulk {bulk_id}", group="bulk")


def drop(*, bulk: BulkAction, by: User) -> None:
    """Ends a preview without doing anything. Raises BulkRefused."""
    may_act(bulk, by)
    if not BulkAction.objects.filter(pk=bulk.pk, state=State.PREVIEW).update(state=State.DROPPED):
        raise BulkRefused(_("It was confirmed or dropped already. Nothing was done twice."), status=409)


def silent(bulk: BulkAction, now: datetime) -> bool:
    """Whether an unfinished bulk action has given no sign of life for a minute: its worker may be gone."""
    last = bulk.beat_at or bulk.confirmed_at
    return bulk.state in (State.QUEUED, State.WORKING) and last is not None and now - last > SILENT_FOR


def go_on(*, bulk: BulkAction, by: User, now: datetime) -> None:
    """Gives an unfinished bulk action another job. Surplus jobs find nothing to do. Raises BulkRefused."""
    may_act(bulk, by)
    if silent(bulk, now):
        with transaction.atomic():
            enqueue(bulk.pk)
            BulkAction.objects.filter(pk=bulk.pk).update(beat_at=now)
