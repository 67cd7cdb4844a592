"""Setting below which amount one manager may close alone: by owners, on record."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from billing.access import organization_ids
from billing.models import Organization
from reconciliation import action_log
from reconciliation.models import ClosingThreshold

from .refusals import InvalidStep, NotAllowed

PERMISSION = "reconciliation.change_closingthreshold"
MAX_LIMIT_MINOR = 10**15 - 1


def set_threshold(
    *,
    organization: Organization,
    currency: str,
    limit_minor: int | None,
    by: User,
    now: datetime,
    request_id: str = "",
) -> None:
    """Sets an organization's threshold for a currency, or removes it (None): then two people are always needed.

    What is closed already stays closed under the threshold that held then. Setting what is set writes nothing. Raises
    NotAllowed for anybody but the organization's owners, InvalidStep for a limit below 0 or beyond any amount.
    """
    if not by.has_perm(PERMISSION) or organization.pk not in organization_ids(by):
        raise NotAllowed(_("Only owners of the organization set its thresholds."))
    if limit_minor is not None and not 0 <= limit_minor <= MAX_LIMIT_MINOR:
        raise InvalidStep("limit", _("Write an amount of 0 or more."))
    with transaction.atomic():
        rows = ClosingThreshold.objects.select_for_update().filter(organization=organization, currency=currency)
        before = rows.values_list("limit_minor", flat=True).first()
        if before == limit_minor:
            return
        if limit_minor is None:
            rows.delete()
        else:
            ClosingThreshold.objects.update_or_create(
                organization=organization, currency=currency, defaults={"limit_minor": limit_minor}
            )
        entry = action_log.Entry(
            action="threshold_set", actor=f"user:{by.get_username()}", actor_user_id=by.pk, request_id=request_id,
            before=stated(before, currency), after=stated(limit_minor, currency),
        )  # fmt: skip
        action_log.append(organization=organization, entries=[entry], now=now)


def stated(limit_minor: int | None, currency: str) -> dict[str, object]:
    """A threshold as the log keeps it."""
    return {"closing_limit_minor": limit_minor, "currency": currency}
