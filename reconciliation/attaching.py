"""Saying whose statement lines are, on record."""

from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from billing.attachments import Attached, attach_lines
from billing.models import Organization
from reconciliation import action_log

LOGGED_IDS = 1_000


def attach_on_record(
    *,
    organization: Organization,
    tenant: Organization,
    external_ids: Iterable[str],
    by: User | str,
    reason: str,
    now: datetime,
    request_id: str = "",
) -> Attached:
    """Give lines of `organization`'s statement to `tenant` and log it, in one transaction; nothing to change logs
    nothing. `by`: a user, or who else did it. Raises AttachmentRefused without a reason.
    """
    name = by if isinstance(by, str) else by.get_username()
    with transaction.atomic():
        done = attach_lines(
            organization=organization, tenant=tenant, external_ids=external_ids, by=name, reason=reason, now=now
        )
        if done.attached:
            entry = action_log.Entry(
                action="lines_attached", actor=name if isinstance(by, str) else f"user:{name}",
                actor_user_id=None if isinstance(by, str) else by.pk, reason=reason, request_id=request_id,
                after={
                    "belongs_to": tenant.slug, "line_count": len(done.attached), "lines": done.attached[:LOGGED_IDS],
                },
            )  # fmt: skip
            action_log.append(organization=organization, entries=[entry], now=now)
    return done
