"""What the page of a discrepancy calls the sides of its comparison, and the way to their records."""

from django.urls import reverse
from django.utils.translation import gettext as _

from billing.models import ProviderRecord
from reconciliation.models import ReconciliationDiscrepancy
from reconciliation.wording import capital, provider_name

from .sides import SIDES


def theirs_of(row: ReconciliationDiscrepancy) -> str:
    """What the right side is called: the provider's name, or the side's own."""
    if row.comparison == "payments":
        return capital(provider_name(row.explanation.get("right")))
    return str(SIDES[row.comparison][1].name)


def difference_name(row: ReconciliationDiscrepancy) -> str:
    """What a difference is the difference of."""
    if row.comparison == "payments":
        return _("Difference (%(provider)s − ours)") % {"provider": theirs_of(row)}
    ours, theirs = (side.name for side in SIDES[row.comparison])
    return _("Difference (%(theirs)s − %(ours)s)") % {"theirs": theirs, "ours": ours}


def side_links(row: ReconciliationDiscrepancy) -> list[tuple[str, str]]:
    """The records of both sides of other comparisons, and what the discrepancy is about besides."""
    found = []
    for side, pk in zip(SIDES[row.comparison], (row.left_id, row.right_id), strict=True):
        record = side.identity._default_manager.filter(pk=pk, organization=row.organization_id).first() if pk else None
        if record is not None:
            meta = side.identity._meta
            url = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[pk])
            found.append((f"{capital(str(meta.verbose_name))} {record}", url))
    found = list(dict.fromkeys(found))  # one record may stand for both sides
    if row.reference:
        records = ProviderRecord.objects.filter(organization=row.organization_id, external_id=row.reference)
        for record in records.filter(kind="dispute"):
            text = _("Dispute %(id)s") % {"id": record.external_id}
            found.append((text, reverse("admin:billing_providerrecord_change", args=[record.pk])))
    return found
