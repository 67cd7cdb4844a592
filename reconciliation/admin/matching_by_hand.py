"""Records as people name them, for matching by hand."""

from typing import Any

from django.utils.translation import gettext as _

from reconciliation.comparisons import COMPARISONS
from reconciliation.models import MatchDecision, ReconciliationDiscrepancy
from reconciliation.workflow import InvalidStep


def models_of(row: ReconciliationDiscrepancy) -> tuple[Any, Any]:
    """The models of both sides. Raises InvalidStep where the comparison's records are not matched by hand."""
    models = COMPARISONS[row.comparison].identities
    if models is None:
        raise InvalidStep("other", _("Records of this comparison are not matched by hand."))
    return models


def named_pair(row: ReconciliationDiscrepancy, external_id: str) -> tuple[int, int]:
    """Our record's and the provider's identity, given the id of the one that is not the discrepancy's own: the
    provider's, unless there is only the provider's. Raises InvalidStep where no record of the organization has the id.
    """
    left, right = models_of(row)
    own, other = (left, right) if row.left_id else (right, left)
    kind = own.objects.filter(pk=row.left_id or row.right_id).values_list("kind", flat=True).first()
    found = other.objects.filter(organization=row.organization_id, external_id=external_id.strip())
    same = {"charge": ["charge", "payment_intent"], "payment_intent": ["charge"]}.get(kind, [kind])
    pk = found.filter(kind__in=same).order_by("kind").values_list("pk", flat=True).first()
    if pk is None:
        raise InvalidStep("other", _("There is no record with this id. Copy it from its page."))
    return (row.left_id, pk) if row.left_id else (pk, row.right_id)


def pair_words(row: ReconciliationDiscrepancy, left_id: int, right_id: int, verdict: str) -> str:
    """A decision: both ids, and what was decided."""
    names = [
        model.objects.filter(pk=pk).values_list("external_id", flat=True).first() or "–"
        for model, pk in zip(models_of(row), (left_id, right_id), strict=True)
    ]
    return f"{names[0]} – {names[1]}: {MatchDecision.Verdict(verdict).label}"
