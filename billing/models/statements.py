"""Statement lines: the provider's balance transactions, each an identity with append-only versions."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from .fetches import ProviderFetch
from .organizations import Organization


class LineKind(models.TextChoices):
    """What a statement line is, by the provider's reporting category; `unknown` is shown, never dropped."""

    CHARGE = "charge", _("charge")
    CHARGE_FAILURE = "charge_failure", _("failed charge")
    REFUND = "refund", _("refund")
    REFUND_FAILURE = "refund_failure", _("failed refund")
    PARTIAL_CAPTURE = "partial_capture", _("part not captured")
    DISPUTE = "dispute", _("dispute, withdrawn")
    DISPUTE_REVERSAL = "dispute_reversal", _("dispute, reinstated")
    FEE = "fee", _("fee")
    TAX = "tax", _("tax")
    PAYOUT = "payout", _("payout")
    PAYOUT_REVERSAL = "payout_reversal", _("payout returned")
    TRANSFER = "transfer", _("transfer")
    TRANSFER_REVERSAL = "transfer_reversal", _("transfer returned")
    TOPUP = "topup", _("top-up")
    RESERVE = "reserve", _("reserve")
    ADJUSTMENT = "adjustment", _("adjustment")
    OTHER = "other", _("other")
    UNKNOWN = "unknown", _("unknown")


class StatementLine(models.Model):
    """A line's identity: whose statement it stands on (the holder of the key or file) and the provider's id of it."""

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+", verbose_name=_("organization"))
    external_id = models.CharField(_("provider id"), max_length=255)
    current_number = models.PositiveIntegerField(_("current version"), default=1)

    class Meta:
        verbose_name = _("statement line")
        verbose_name_plural = _("statement lines")
        constraints = [
            models.UniqueConstraint(fields=["organization", "external_id"], name="statement_line_identity"),
        ]

    def __str__(self) -> str:
        return self.external_id


class StatementLineVersion(models.Model):
    """What a line says, and whose it is. Append-only.

    Amounts are signed minor units of the settlement `currency`, `net = gross − fee`; what the customer saw is
    `presentment_minor` of `presentment_currency`. `organization` holds the statement; `tenant` is whose money it is,
    null until someone answers: `tenant_answer` says who did (account, charge, payment_intent, invoice, subscription,
    person). `invoice_answer` likewise for `invoice_reference`. `excluded_reason` is "withdrawn" after a rollback.
    """

    line = models.ForeignKey(StatementLine, models.PROTECT, related_name="versions", verbose_name=_("statement line"))
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+", verbose_name=_("organization"))
    number = models.PositiveIntegerField(_("version"), default=1)
    content_digest = models.CharField(_("content digest"), max_length=64)
    account = models.CharField(_("account"), max_length=64, blank=True)
    livemode = models.BooleanField(_("live mode"), default=False)
    kind = models.CharField(_("kind"), max_length=20, choices=LineKind.choices)
    type = models.CharField(_("type"), max_length=100, blank=True)
    category = models.CharField(_("reporting category"), max_length=100, blank=True)
    gross_minor = models.BigIntegerField(_("gross (minor units)"))
    fee_minor = models.BigIntegerField(_("fee (minor units)"))
    net_minor = models.BigIntegerField(_("net (minor units)"))
    currency = models.CharField(_("currency"), max_length=3)
    presentment_minor = models.BigIntegerField(_("presented (minor units)"), null=True, blank=True)
    presentment_currency = models.CharField(_("presented currency"), max_length=3, blank=True)
    exchange_rate = models.CharField(_("exchange rate"), max_length=40, blank=True)
    fee_details = models.JSONField(_("fees"), default=list, blank=True)
    occurred_at = models.DateTimeField(_("created"))
    available_at = models.DateTimeField(_("available"), null=True, blank=True)
    source_reference = models.CharField(_("source"), max_length=255, blank=True)
    source_type = models.CharField(_("source type"), max_length=64, blank=True)
    charge_reference = models.CharField(_("charge"), max_length=255, blank=True)
    intent_reference = models.CharField(_("payment intent"), max_length=255, blank=True)
    payout_reference = models.CharField(_("payout"), max_length=255, blank=True)
    customer = models.CharField(_("customer"), max_length=255, blank=True)
    workspace = models.CharField(_("workspace"), max_length=255, blank=True)
    tenant = models.ForeignKey(
        Organization, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("belongs to")
    )
    tenant_answer = models.CharField(_("said by"), max_length=20, blank=True)
    invoice_reference = models.CharField(_("invoice"), max_length=255, blank=True)
    invoice_answer = models.CharField(_("invoice said by"), max_length=20, blank=True)
    detail = models.JSONField(_("detail"), default=dict, blank=True)
    excluded_reason = models.CharField(_("excluded because"), max_length=40, blank=True)
    fetch = models.ForeignKey(
        ProviderFetch, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("brought by")
    )
    recorded_by = models.CharField(_("recorded by"), max_length=150, blank=True)
    reason = models.TextField(_("reason"), blank=True)
    recorded_at = models.DateTimeField(_("recorded"))

    class Meta:
        verbose_name = _("statement line version")
        verbose_name_plural = _("statement line versions")
        constraints = [
            models.UniqueConstraint(fields=["line", "number"], name="statement_version_number"),
            models.CheckConstraint(
                condition=models.Q(net_minor=models.F("gross_minor") - models.F("fee_minor")),
                name="statement_net_adds_up",
            ),
            models.CheckConstraint(condition=models.Q(kind__in=LineKind.values), name="statement_kind_known"),
        ]
        indexes = [
            models.Index(fields=["organization", "occurred_at"], name="statement_version_time"),
            models.Index(fields=["tenant", "occurred_at"], name="statement_version_tenant"),
            models.Index(fields=["organization", "payout_reference"], name="statement_version_payout"),
            models.Index(fields=["organization", "intent_reference"], name="statement_version_intent"),
            models.Index(fields=["organization", "invoice_reference"], name="statement_version_invoice"),
            models.Index(fields=["organization", "source_reference"], name="statement_version_source"),
            models.Index(fields=["organization", "customer"], name="statement_version_customer"),
        ]

    def __str__(self) -> str:
        return f"{self.line_id} v{self.number}"


class StatementWithdrawal(models.Model):
    """A faulty ingestion taken back: its lines are excluded by further versions, nothing is erased. Append-only."""

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+", verbose_name=_("organization"))
    fetch = models.OneToOneField(ProviderFetch, models.PROTECT, related_name="withdrawal", verbose_name=_("ingestion"))
    lines = models.PositiveIntegerField(_("lines excluded"), default=0)
    restored = models.PositiveIntegerField(_("lines put back as they were before"), default=0)
    earliest_at = models.DateTimeField(_("earliest line"), null=True, blank=True)
    latest_at = models.DateTimeField(_("latest line"), null=True, blank=True)
    reason = models.TextField(_("reason"))
    withdrawn_by = models.CharField(_("withdrawn by"), max_length=150)
    withdrawn_at = models.DateTimeField(_("withdrawn"))

    class Meta:
        ordering = ["-id"]
        verbose_name = _("withdrawn ingestion")
        verbose_name_plural = _("withdrawn ingestions")

    def __str__(self) -> str:
        return f"{self.fetch} ({self.lines})"
