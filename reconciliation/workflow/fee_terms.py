"""Setting the fees that were agreed with the provider, on record."""

from datetime import datetime

from django.db import transaction

from billing.models import Organization
from reconciliation import action_log
from reconciliation.core.fees import Terms
from reconciliation.models import FeeTerms

NAMES = ("rate_ppm", "fixed_minor", "tolerance_minor")


def set_terms(*, organization: Organization, terms: Terms, by: str, now: datetime, remove: bool = False) -> bool:
    """Sets the terms for a currency and type of lines, or removes them; the next run of `statements` compares every
    fee anew. Setting what is set writes nothing. Returns whether anything changed.
    """
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
            action="fee_terms_set", actor=f"user:{by}", before={**about, **(before or {})},
            after={**about, **(after or {})},
        )  # fmt: skip
        action_log.append(organization=organization, entries=[entry], now=now)
    return True
