"""Adjustment entries: the only way money is corrected (requirement A6)."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .organizations import Organization


class Adjustment(models.Model):
    """An entry that corrects our books by `amount_minor` of `currency`, signed. Append-only.

    `left_id` and `right_id` are the identities of the two records it is about (0: none); `discrepancy_id` names the
    difference it settles, without a database foreign key, since that lies in a layer above. An entry is taken back by
    another one of the opposite amount, which names it in `reverses`; once.
    """

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+", verbose_name=_("organization"))
    comparison = models.CharField(_("comparison"), max_length=16)
    discrepancy_id = models.BigIntegerField(_("discrepancy"))
    left_id = models.BigIntegerField(_("our record"), default=0)
    right_id = models.BigIntegerField(_("provider record"), default=0)
    code = models.CharField(_("code"), max_length=32)
    amount_minor = models.BigIntegerField(_("amount (minor units)"))
    currency = models.CharField(_("currency"), max_length=3)
    reason = models.TextField(_("reason"))
    reverses = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="reversal", verbose_name=_("takes back")
    )
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("proposed by")
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("approved by")
    )
    actor = models.CharField(_("actor"), max_length=200)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("adjustment entry")
        verbose_name_plural = _("adjustment entries")
        constraints = [
            models.CheckConstraint(condition=~Q(amount_minor=0), name="adjustment_moves_money"),
            models.CheckConstraint(condition=~Q(reason=""), name="adjustment_has_a_reason"),
        ]
        indexes = [models.Index(fields=["organization", "discrepancy_id"], name="adjustment_discrepancy")]

    def __str__(self) -> str:
        return f"A-{self.pk}"
