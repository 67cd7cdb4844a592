"""Payments as the organization itself booked them: an identity and its append-only versions."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from .imports import ImportBatch
from .organizations import Organization


class RecordKind(models.TextChoices):
    """What kind of money movement a record is."""

    CHARGE = "charge", _("charge")
    REFUND = "refund", _("refund")


class Status(models.TextChoices):
    """Canonical statuses; every source maps its own words to these."""

    SUCCEEDED = "succeeded", _("succeeded")
    PENDING = "pending", _("pending")
    FAILED = "failed", _("failed")
    CANCELED = "canceled", _("canceled")
    REFUNDED = "refunded", _("refunded")
    PARTIALLY_REFUNDED = "partially_refunded", _("partially refunded")
    UNKNOWN = "unknown", _("unknown")


class Payment(models.Model):
    """A payment's identity. Facts that change are versions; `current_number` points at the newest."""

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+", verbose_name=_("organization"))
    kind = models.CharField(_("kind"), max_length=10, choices=RecordKind.choices)
    external_id = models.CharField(_("our id"), max_length=255)
    current_number = models.PositiveIntegerField(_("current version"), default=1)

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        constraints = [
            models.UniqueConstraint(fields=["organization", "kind", "external_id"], name="payment_identity"),
            models.CheckConstraint(condition=models.Q(kind__in=RecordKind.values), name="payment_kind_known"),
        ]

    def __str__(self) -> str:
        return self.external_id


class PaymentVersion(models.Model):
    """What was booked for a payment from one moment on. Append-only. Amounts are positive for charges and refunds
    alike.
    """

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="versions", verbose_name=_("payment"))
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+", verbose_name=_("organization"))
    number = models.PositiveIntegerField(_("version"), default=1)
    provider_reference = models.CharField(_("provider reference"), max_length=255, blank=True)
    amount_minor = models.BigIntegerField(_("amount (minor units)"))
    currency = models.CharField(_("currency"), max_length=3)
    status = models.CharField(_("status"), max_length=20, choices=Status.choices)
    occurred_at = models.DateTimeField(_("occurred"))
    customer = models.CharField(_("customer"), max_length=255, blank=True)
    invoice_number = models.CharField(_("invoice"), max_length=255, blank=True)
    batch = models.ForeignKey(
        ImportBatch, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("import")
    )
    recorded_at = models.DateTimeField(_("recorded"))

    class Meta:
        verbose_name = _("payment version")
        verbose_name_plural = _("payment versions")
        constraints = [
            models.UniqueConstraint(fields=["payment", "number"], name="payment_version_number"),
            models.CheckConstraint(condition=models.Q(amount_minor__gte=0), name="payment_amount_not_negative"),
            models.CheckConstraint(condition=models.Q(status__in=Status.values), name="payment_status_known"),
        ]
        indexes = [
            models.Index(fields=["organization", "occurred_at"], name="payment_version_time"),
            models.Index(fields=["organization", "provider_reference"], name="payment_version_reference"),
            models.Index(fields=["organization", "invoice_number"], name="payment_version_invoice"),
            models.Index(fields=["organization", "customer", "amount_minor"], name="payment_version_like"),
        ]

    def __str__(self) -> str:
        return f"{self.payment_id} v{self.number}"
