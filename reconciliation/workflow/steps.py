"""Taking a step: looked at outside, then one transaction with compare-and-swap, effects, and the log row last."""

import copy
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from billing.access import organization_ids
from reconciliation import action_log, open_totals
from reconciliation.core.sealing import UnsealableError, require_sealable
from reconciliation.models import ReconciliationActionLog, ReconciliationDiscrepancy

from .batch import Batch, current
from .checks import check_member_can, check_role
from .refusals import Change, InvalidStep, StaleDiscrepancy, UnknownDiscrepancy
from .transitions import BY_ACTION, Transition

REASON_LENGTH = 5_000
IDS_A_STATEMENT = 500
CHANGES_TOLD = 20
Effect = Callable[[ReconciliationDiscrepancy], dict[str, Any]]
"""Does more in the step's transaction, given the discrepancy as it is afterwards; returns more for the log."""


class SwapLost(Exception):
    """A row that was locked is not as it was read: nothing of the batch is to be kept."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A step as asked for: about which discrepancy, seen at which version, by whom, when, in which request.

    Without `expected_version` the step goes with whatever version there is.
    """

    discrepancy_id: int
    expected_version: int | None
    by: User
    now: datetime
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Ready:
    """A step that may be taken: the table's row, the discrepancy as it was read, and who asks."""

    step: Transition
    row: ReconciliationDiscrepancy
    asked: Asked
    reason: str


def prepare(action: str, asked: Asked, reason: str = "") -> Ready:
    """Reads the discrepancy and checks everything that does not depend on what is given with the step.

    Raises UnknownDiscrepancy, NotAllowed, OwnProposal, StaleDiscrepancy, WrongState, InvalidStep.
    """
    step = BY_ACTION[action]
    row = visible(asked.discrepancy_id, asked.by)
    check_role(step, row, asked.by)
    if asked.expected_version not in (None, row.version):
        raise stale(row, asked)
    check_member_can(step, row, asked.by)
    return Ready(step, row, asked, clean_reason(reason, needed=step.needs_reason))


def visible(discrepancy_id: int, user: User) -> ReconciliationDiscrepancy:
    """The discrepancy, for a member of its organization. Raises UnknownDiscrepancy."""
    batch = current()
    if batch is None:
        rows = ReconciliationDiscrepancy.objects.select_related("organization", "proposed_by")
        row = rows.filter(pk=discrepancy_id, organization__in=organization_ids(user)).first()
    else:
        row = batch.held.get(discrepancy_id)
    if row is None:
        raise UnknownDiscrepancy
    return row


def clean_reason(text: str, *, needed: bool, field: str = "reason") -> str:
    """The text with plain line ends. Raises InvalidStep for none where one is needed, and for what cannot be kept."""
    reason = text.replace("\r\n", "\n").strip()
    if needed and not reason:
        raise InvalidStep(field, _("Say why: the approver and the auditor read it."))
    if len(reason) > REASON_LENGTH:
        raise InvalidStep(field, _("Too long: at most %d characters.") % REASON_LENGTH)
    try:
        require_sealable(reason, field)
    except UnsealableError:
        raise InvalidStep(field, _("It holds a character that cannot be stored. Remove it.")) from None
    return reason


def take(ready: Ready, values: dict[str, Any] | None = None, effect: Effect | None = None) -> ReconciliationDiscrepancy:
    """Takes the step: `values` are columns to set besides the state. Returns the discrepancy as it is afterwards.

    Raises StaleDiscrepancy when somebody else changed it since it was read; then nothing is saved.
    """
    row, step, asked = ready.row, ready.step, ready.asked
    values = {"status": step.after(row.status), **(values or {})}
    after = copy.copy(row)
    for name, value in {**values, "version": row.version + 1}.items():
        setattr(after, name, value)
    with own_transaction():
        if not swap(row, values):
            raise stale(visible(row.pk, asked.by), asked)
        note_move(row, after)
        more = effect(after) if effect else {}
        record(ready, action_log.snapshot(row), {**action_log.snapshot(after), **more})
    return after


def own_transaction() -> AbstractContextManager[Any]:
    """A transaction for one step; in a batch that is written together, the batch's own."""
    batch = current()
    return nullcontext() if batch is not None and batch.swaps is not None else transaction.atomic()


def swap(row: ReconciliationDiscrepancy, values: dict[str, Any]) -> bool:
    """Compare and swap: sets `values` if the row still has the version and the state it was read with.

    In a batch that writes together the row is locked, hence as it was read; `write_batch` looks at it again.
    """
    batch = current()
    if batch is not None and batch.swaps is not None:
        batch.swaps.append((row, values))
        return True
    same = ReconciliationDiscrepancy.objects.filter(pk=row.pk, version=row.version, status=row.status)
    return bool(same.update(version=F("version") + 1, **values))


def record(ready: Ready, before: dict[str, Any], after: dict[str, Any]) -> None:
    """The log row of the step, the last thing in its transaction."""
    asked = ready.asked
    entry = action_log.Entry(
        action=ready.step.logs, actor=f"user:{asked.by.get_username()}", actor_user_id=asked.by.pk,
        discrepancy_id=ready.row.pk, before=before, after=after, reason=ready.reason, request_id=asked.request_id,
    )  # fmt: skip
    batch = current()
    if batch is None:
        action_log.append(organization=ready.row.organization, entries=[entry], now=asked.now)
    else:
        batch.entries.append((ready.row.organization, entry))


def note_move(before: ReconciliationDiscrepancy, after: ReconciliationDiscrepancy) -> None:
    """Has the totals follow a discrepancy that changed."""
    batch = current()
    if batch is None:
        open_totals.moved(before, after)
    else:
        batch.moves.append((before, after))


def write_batch(batch: Batch, now: datetime) -> None:
    """Writes what steps left in a batch, last in their transaction: columns, totals, a sealed batch an organization.

    Raises SwapLost where a row was not as its step had found it.
    """
    swap_together(batch.swaps or [])
    changes = open_totals.Changes()
    for before, after in batch.moves:
        changes.remove(before)
        changes.add(after)
    open_totals.store(changes)
    by_organization: dict[int, list[action_log.Entry]] = {}
    organizations = {organization.pk: organization for organization, _entry in batch.entries}
    for organization, entry in batch.entries:
        by_organization.setdefault(organization.pk, []).append(entry)
    for pk in sorted(by_organization):  # always in this order, so that two batches never wait for each other
        action_log.append(organization=organizations[pk], entries=by_organization[pk], now=now)


def swap_together(swaps: list[tuple[ReconciliationDiscrepancy, dict[str, Any]]]) -> None:
    """Compare and swap of many rows, those that change alike by one statement. Raises SwapLost."""
    alike: dict[tuple[int, str, tuple[tuple[str, Any], ...]], list[int]] = {}
    for row, values in swaps:
        key = (row.version, str(row.status), tuple(sorted(values.items(), key=itemgetter(0))))
        alike.setdefault(key, []).append(row.pk)
    for (version, status, values_set), ids in alike.items():
        same = ReconciliationDiscrepancy.objects.filter(version=version, status=status)
        for first in range(0, len(ids), IDS_A_STATEMENT):
            some = ids[first : first + IDS_A_STATEMENT]
            if same.filter(pk__in=some).update(version=F("version") + 1, **dict(values_set)) != len(some):
                raise SwapLost


def stale(row: ReconciliationDiscrepancy, asked: Asked) -> StaleDiscrepancy:
    """The refusal for `row` as it stands now, with every step taken since the version that was seen."""
    seen = asked.expected_version or 0
    entries = ReconciliationActionLog.objects.filter(organization=row.organization_id, discrepancy=row.pk)
    changes = [
        Change(entry.actor, entry.action, entry.at, entry.before, entry.after)
        for entry in reversed(entries.order_by("-pk")[:CHANGES_TOLD])
        if isinstance(version := entry.after.get("version"), int) and version > seen
    ]
    return StaleDiscrepancy(row, seen, changes)
