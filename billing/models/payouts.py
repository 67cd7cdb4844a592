"""Payouts of the provider: an identity and its append-only versions. Its lines name it (`payout_reference`)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from .fetches import ProviderFetch
from .organizations import Organization


class Payout(models.Model):
    """A payout's identity. `current_number` points at its newest version."""

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+", verbose_name=_("organization"))
    external_id = models.CharField(_("provider id"), max_length=255)
    current_number = models.PositiveIntegerField(_("current version"), default=1)

    class Meta:
        verbose_name = _("payout")
        verbose_name_plural = _("payouts")
        constraints = [models.UniqueConstraint(fields=["organization", "external_id"], name="payout_identity")]

    def __str__(self) -> str:
        return self.external_id


class PayoutVersion(models.Model):
    """A state of a payout as fetched at `observed_at`. Append-only.

    `amount_minor` is positive for money sent to the bank. `status` is the provider's word (pending, in_transit, paid,
    failed, canceled): `paid` can still become `failed`. `itemised`: the provider can list its lines (automatic payouts,
    once their reconciliation is completed).
    """

    payout = models.ForeignKey(Payout, models.PROTECT, related_name="versions", verbose_name=_("payout"))
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+", verbose_name=_("organization"))
    number = models.PositiveIntegerField(_("version"), default=1)
    amount_minor = models.BigIntegerField(_("amount (minor units)"))
    currency = models.CharField(_("currency"), max_length=3)
    status = models.CharField(_("status"), max_length=40)
    automatic = models.BooleanField(_("automatic"), default=False)
    itemised = models.BooleanField(_("lines can be listed"), default=False)
    method = models.CharField(_("method"), max_length=40, blank=True)
    created_at = models.DateTimeField(_("created at the provider"))
    arrival_at = models.DateTimeField(_("arrives"), null=True, blank=True)
    line_reference = models.CharField(_("statement line"), max_length=255, blank=True)
    failure_line_reference = models.CharField(_("statement line of the return"), max_length=255, blank=True)
    failure_code = models.CharField(_("failure"), max_length=100, blank=True)
    detail = models.JSONField(_("detail"), default=dict, blank=True)
    fetch = models.ForeignKey(
        ProviderFetch, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("brought by")
    )
    observed_at = models.DateTimeField(_("seen"))
    recorded_at = models.DateTimeField(_("recorded"))

    class Meta:
        verbose_name = _("payout version")
        verbose_name_plural = _("payout versions")
        constraints = [models.UniqueConstraint(fields=["payout", "number"], name="payout_version_number")]
        indexes = [models.Index(fields=["organization", "created_at"], name="payout_version_time")]

    def __str__(self) -> str:
        return f"{self.payout_id} v{self.number}"
