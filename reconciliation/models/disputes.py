"""Disputes as people work on them: the discrepancies that runs record about them."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from reconciliation.core.statement_types import UNAPPLIED_REFUND

from .discrepancies import ReconciliationDiscrepancy


class DisputeManager(models.Manager["Dispute"]):
    """The discrepancies that name a dispute."""

    def get_queryset(self) -> models.QuerySet["Dispute"]:
        """Each dispute has one, for good."""
        rows = super().get_queryset().filter(comparison="statements", type=UNAPPLIED_REFUND)
        return rows.exclude(reference="")


class Dispute(ReconciliationDiscrepancy):
    """A discrepancy about a dispute; `reference` is the provider's id of it."""

    objects: ClassVar[DisputeManager] = DisputeManager()

    class Meta:
        proxy = True
        default_permissions = ()
        verbose_name = _("dispute")
        verbose_name_plural = _("disputes")
