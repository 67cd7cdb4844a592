"""Invoices and what paid them: identities with append-only versions."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from .fetches import ProviderFetch
from .imports import ImportBatch
from .organizations import Organization


class InvoiceKind(models.TextChoices):
    """What kind of document it is."""

    INVOICE = "invoice", _("invoice")
    CREDIT_NOTE = "credit_note", _("credit note")


class InvoiceStatus(models.TextChoices):
    """Canonical statuses of invoices."""

    DRAFT = "draft", _("draft")
    OPEN = "open", _("open")
    PAID = "paid", _("paid")
    VOID = "void", _("void")
    UNCOLLECTIBLE = "uncollectible", _("uncollectible")
    UNKNOWN = "unknown", _("unknown")


class Invoice(models.Model):
    """An invoice's identity: by our own id (`provider` "csv") or the provider's ("stripe")."""

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+", verbose_name=_("organization"))
    kind = models.CharField(_("kind"), max_length=12, choices=InvoiceKind.choices, default=InvoiceKind.INVOICE)
    provider = models.CharField(_("provider"), max_length=40, default="csv")
    external_id = models.CharField(_("id"), max_length=255)
    current_number = models.PositiveIntegerField(_("current version"), default=1)

    class Meta:
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")
        constraints = [
            models.UniqueConstraint(fields=["organization", "kind", "external_id"], name="invoice_identity"),
            models.CheckConstraint(condition=models.Q(kind__in=InvoiceKind.values), name="invoice_kind_known"),
        ]

    def __str__(self) -> str:
        return self.external_id


class InvoiceVersion(models.Model):
    """What an invoice says from one moment on. Append-only.

    `total_minor` is what is asked, `paid_minor` what its source says was paid (null: it does not say), both in
    `currency`. `lines`: id, description, amount_minor, quantity, period and metadata of each. `out_of_band`: paid
    outside the provider, so that no statement line will come.
    """

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="versions", verbose_name=_("invoice"))
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+", verbose_name=_("organization"))
    number = models.PositiveIntegerField(_("version"), default=1)
    document_number = models.CharField(_("number"), max_length=255, blank=True)
    total_minor = models.BigIntegerField(_("total (minor units)"))
    paid_minor = models.BigIntegerField(_("paid (minor units)"), null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3)
    status = models.CharField(_("status"), max_length=20, choices=InvoiceStatus.choices)
    issued_at = models.DateTimeField(_("issued"))
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    customer = models.CharField(_("customer"), max_length=255, blank=True)
    subscription = models.CharField(_("subscription"), max_length=255, blank=True)
    out_of_band = models.BooleanField(_("paid outside the provider"), default=False)
    lines = models.JSONField(_("lines"), default=list, blank=True)
    detail = models.JSONField(_("detail"), default=dict, blank=True)
    fetch = models.ForeignKey(
        ProviderFetch, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("brought by")
    )
    batch = models.ForeignKey(
        ImportBatch, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("import")
    )
    observed_at = models.DateTimeField(_("seen"), null=True, blank=True)
    recorded_at = models.DateTimeField(_("recorded"))

    class Meta:
        verbose_name = _("invoice version")
        verbose_name_plural = _("invoice versions")
        constraints = [
            models.UniqueConstraint(fields=["invoice", "number"], name="invoice_version_number"),
            models.CheckConstraint(condition=models.Q(status__in=InvoiceStatus.values), name="invoice_status_known"),
        ]
        indexes = [
            models.Index(fields=["organization", "issued_at"], name="invoice_version_time"),
            models.Index(fields=["organization", "document_number"], name="invoice_version_document"),
            models.Index(fields=["organization", "customer"], name="invoice_version_customer"),
        ]

    def __str__(self) -> str:
        return f"{self.invoice_id} v{self.number}"


class InvoicePayment(models.Model):
    """The identity of a link between an invoice and a payment: many to many, partial, over-paid."""

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+", verbose_name=_("organization"))
    external_id = models.CharField(_("provider id"), max_length=255)
    current_number = models.PositiveIntegerField(_("current version"), default=1)

    class Meta:
        verbose_name = _("invoice payment")
        verbose_name_plural = _("invoice payments")
        constraints = [models.UniqueConstraint(fields=["organization", "external_id"], name="invoice_payment_identity")]

    def __str__(self) -> str:
        return self.external_id


class InvoicePaymentVersion(models.Model):
    """How much of an invoice a payment is for. Append-only.

    `amount_minor` is what was paid, `requested_minor` what was asked for, in `currency`. `payment_kind` is the
    provider's word (payment_intent, charge, payment_record: recorded outside the provider).
    """

    payment = models.ForeignKey(
        InvoicePayment, models.PROTECT, related_name="versions", verbose_name=_("invoice payment")
    )
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+", verbose_name=_("organization"))
    number = models.PositiveIntegerField(_("version"), default=1)
    invoice_reference = models.CharField(_("invoice"), max_length=255)
    payment_kind = models.CharField(_("kind of payment"), max_length=40, blank=True)
    payment_reference = models.CharField(_("payment"), max_length=255, blank=True)
    amount_minor = models.BigIntegerField(_("paid (minor units)"))
    requested_minor = models.BigIntegerField(_("asked for (minor units)"), null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3)
    status = models.CharField(_("status"), max_length=40, blank=True)
    paid_at = models.DateTimeField(_("paid"), null=True, blank=True)
    fetch = models.ForeignKey(
        ProviderFetch, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("brought by")
    )
    observed_at = models.DateTimeField(_("seen"))
    recorded_at = models.DateTimeField(_("recorded"))

    class Meta:
        verbose_name = _("invoice payment version")
        verbose_name_plural = _("invoice payment versions")
        constraints = [models.UniqueConstraint(fields=["payment", "number"], name="invoice_payment_version_number")]
        indexes = [
            models.Index(fields=["organization", "payment_reference"], name="invoice_payment_payment"),
            models.Index(fields=["organization", "invoice_reference"], name="invoice_payment_invoice"),
        ]

    def __str__(self) -> str:
        return f"{self.payment_id} v{self.number}"
