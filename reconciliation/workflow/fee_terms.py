"""Setting the fees that were agreed with the provider, on record."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from billing.access import organization_ids
from billing.models import Organization
from reconciliation import action_log
from reconciliation.core.fees import Terms
from reconciliation.models import FeeTerms

from .refusals import NotAllowed

PERMISSION = "billing.change_organization"
MAX_MINOR = 10**15 - 1
NAMES = ("rate_ppm", "fixed_minor", "tolerance_minor")


def set_terms(
    *, organization: Organization, terms: Terms, by: User | str, now: datetime, remove: bool = False,
    request_id: str = "",
) -> bool:  # fmt: skip
    """Sets the terms for a currency and type of lines, or removes them; the next run of `statements` compares every
    fee anew. Setting what is set writes nothing. Returns whether anything changed.

    Raises NotAllowed for a user who is no owner of the organization; a command gives the name of who called it.
    """
    if not isinstance(by, str) and not (by.has_perm(PERMISSION) and organization.pk in organization_ids(by)):
        raise NotAllowed(_("Only owners of the organization set its fee terms."))
    with transaction.atomic():
        rows = FeeTerms.objects.select_for_update().filter(
            organization=organization, currency=terms.currency, line_type=terms.line_type
        )
        before = rows.values(*NAMES).first()
        after = None if remove else {name: getattr(terms, name) for name in NAMES}
        if before == after:
            return False
        if after is None:
            rows.delete()
        else:
            FeeTerms.objects.update_or_create(
                organization=organization, currency=terms.currency, line_type=terms.line_type, defaults=after
            )
        about = {"currency": terms.currency, "line_type": terms.line_type}
        entry = action_log.Entry(
            action="fee_terms_set", actor=f"user:{by if isinstance(by, str) else by.get_username()}",
            actor_user_id=None if isinstance(by, str) else by.pk, request_id=request_id,
            before={**about, **(before or {})}, after={**about, **(after or {})},
        )  # fmt: skip
        action_log.append(organization=organization, entries=[entry], now=now)
    return True
