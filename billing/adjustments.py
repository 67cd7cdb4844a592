"""Adjustment entries: written when a resolution corrects money, taken back by entries of the opposite amount."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import QuerySet

from .models import Adjustment, Organization


@dataclass(frozen=True, slots=True)
class Subject:
    """What an entry settles: a difference between two records (identities; 0: none) of a comparison."""

    comparison: str
    discrepancy_id: int
    left_id: int
    right_id: int


def enter(
    *,
    organization: Organization,
    subject: Subject,
    code: str,
    amount_minor: int,
    currency: str,
    reason: str,
    proposed_by: User | None,
    approved_by: User,
    now: datetime,
) -> Adjustment:
    """Add an entry that corrects our books by `amount_minor` of `currency`; inside the caller's transaction.

    No ledger row changes. The database refuses an entry of 0 or without a reason (IntegrityError).
    """
    return Adjustment.objects.create(
        organization=organization, comparison=subject.comparison, discrepancy_id=subject.discrepancy_id,
        left_id=subject.left_id, right_id=subject.right_id, code=code, amount_minor=amount_minor, currency=currency,
        reason=reason, proposed_by=proposed_by, approved_by=approved_by, actor=f"user:{approved_by.get_username()}",
        created_at=now,
    )  # fmt: skip


def take_back(
    *,
    organization: Organization,
    discrepancy_ids: Collection[int],
    reason: str,
    actor: str,
    by: User | None,
    now: datetime,
) -> dict[int, list[int]]:
    """Take back every standing entry of these discrepancies by one of the opposite amount; inside the caller's
    transaction. Returns discrepancy id → ids of the new entries. Safe to repeat: what is taken back stands no more.
    """
    if not discrepancy_ids:
        return {}
    written: dict[int, list[int]] = {}
    for entry in standing(organization).filter(discrepancy_id__in=discrepancy_ids).order_by("pk"):
        reversal = Adjustment.objects.create(
            organization=organization, comparison=entry.comparison, discrepancy_id=entry.discrepancy_id,
            left_id=entry.left_id, right_id=entry.right_id, code=entry.code, amount_minor=-entry.amount_minor,
            currency=entry.currency, reason=reason, reverses=entry, proposed_by=by, actor=actor, created_at=now,
        )  # fmt: skip
        written.setdefault(entry.discrepancy_id, []).append(reversal.pk)
    return written


def standing(organization: Organization) -> QuerySet[Adjustment]:
    """The entries that hold: neither taken back nor taking another back."""
    return Adjustment.objects.filter(organization=organization, reverses=None, reversal=None)
