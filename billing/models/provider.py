"""What the provider says: events as received, and records folded from them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from .fetches import ProviderFetch
from .imports import ImportBatch
from .organizations import Organization
from .payments import Status


class ProviderKind(models.TextChoices):
    """Kinds of provider records."""

    CHARGE = "charge", _("charge")
    REFUND = "refund", _("refund")
    DISPUTE = "dispute", _("dispute")
    PAYMENT_INTENT = "payment_intent", _("payment intent")


class ProviderEvent(models.Model):
    """One observation of a provider object: an event as delivered, or an object as fetched or exported. Append-only.

    `content_digest` covers type, creation time and object, since one event id may name several facts and a redelivery
    may differ in delivery details only. A fetched state (`fetched_at` set) outranks events of earlier seconds.
    """

    class Source(models.TextChoices):
        """How the observation came in."""

        WEBHOOK = "webhook", _("webhook")
        EVENT_IMPORT = "event_import", _("imported event")
        OBJECT_IMPORT = "object_import", _("imported object")
        EVENT_SYNC = "event_sync", _("synced event")
        OBJECT_SYNC = "object_sync", _("synced object")

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+", verbose_name=_("organization"))
    event_id = models.CharField(_("event id"), max_length=255)
    content_digest = models.CharField(_("content digest"), max_length=64)
    type = models.CharField(_("type"), max_length=100)
    created_at = models.DateTimeField(_("created at the provider"))
    fetched_at = models.DateTimeField(_("fetched"), null=True, blank=True)
    account = models.CharField(_("account"), max_length=64, blank=True)
    livemode = models.BooleanField(_("live mode"), default=False)
    api_version = models.CharField(_("API version"), max_length=64, blank=True)
    object_type = models.CharField(_("object type"), max_length=64, blank=True)
    object_id = models.CharField(_("object id"), max_length=255, blank=True)
    payload = models.JSONField(_("payload"))
    source = models.CharField(_("source"), max_length=16, choices=Source.choices)
    batch = models.ForeignKey(
        ImportBatch, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("import")
    )
    fetch = models.ForeignKey(
        ProviderFetch, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("brought by")
    )
    received_at = models.DateTimeField(_("received"))

    class Meta:
        verbose_name = _("provider event")
        verbose_name_plural = _("provider events")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "event_id", "content_digest"], name="provider_event_stored_once"
            )
        ]
        indexes = [models.Index(fields=["organization", "object_id"], name="provider_event_object")]

    def __str__(self) -> str:
        return f"{self.event_id} {self.type}"


class ProviderRecord(models.Model):
    """A provider object's identity. `current_number` points at its newest version."""

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+", verbose_name=_("organization"))
    provider = models.CharField(_("provider"), max_length=40, default="stripe")
    kind = models.CharField(_("kind"), max_length=16, choices=ProviderKind.choices)
    external_id = models.CharField(_("provider id"), max_length=255)
    current_number = models.PositiveIntegerField(_("current version"), default=1)

    class Meta:
        verbose_name = _("provider record")
        verbose_name_plural = _("provider records")
        constraints = [
            models.UniqueConstraint(fields=["organization", "kind", "external_id"], name="provider_record_identity"),
            models.CheckConstraint(condition=models.Q(kind__in=ProviderKind.values), name="provider_record_kind_known"),
        ]
        indexes = [models.Index(fields=["organization", "external_id"], name="provider_record_external")]

    def __str__(self) -> str:
        return self.external_id


class ProviderRecordVersion(models.Model):
    """A state of a provider object, folded from its events or read from a file. Append-only.

    `parent_reference`: a charge's payment intent; a refund's or dispute's charge. `reference`: the organization's own
    reference, from the metadata keys it named. `excluded_reason`: why the record takes no part in the payments
    comparison ("destination_payment"), or blank. `detail`: evidence of the kind (latest_charge, due_by, reason, …).
    """

    record = models.ForeignKey(
        ProviderRecord, models.PROTECT, related_name="versions", verbose_name=_("provider record")
    )
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+", verbose_name=_("organization"))
    number = models.PositiveIntegerField(_("version"), default=1)
    parent_reference = models.CharField(_("belongs to"), max_length=255, blank=True)
    amount_minor = models.BigIntegerField(_("amount (minor units)"))
    fee_minor = models.BigIntegerField(_("fee (minor units)"), null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3)
    status = models.CharField(_("status"), max_length=20, choices=Status.choices)
    occurred_at = models.DateTimeField(_("occurred"))
    reference = models.CharField(_("our reference"), max_length=255, blank=True)
    customer = models.CharField(_("customer"), max_length=255, blank=True)
    excluded_reason = models.CharField(_("excluded because"), max_length=40, blank=True)
    needs_fetch = models.BooleanField(
        _("needs a fetch"), default=False, help_text=_("Two contradicting states of the same second are known.")
    )
    detail = models.JSONField(_("detail"), default=dict, blank=True)
    event = models.ForeignKey(
        ProviderEvent, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("decided by event")
    )
    batch = models.ForeignKey(
        ImportBatch, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("import")
    )
    recorded_at = models.DateTimeField(_("recorded"))

    class Meta:
        verbose_name = _("provider record version")
        verbose_name_plural = _("provider record versions")
        constraints = [
            models.UniqueConstraint(fields=["record", "number"], name="provider_version_number"),
            models.CheckConstraint(condition=models.Q(status__in=Status.values), name="provider_status_known"),
        ]
        indexes = [
            models.Index(fields=["organization", "occurred_at"], name="provider_version_time"),
            models.Index(fields=["organization", "parent_reference"], name="provider_version_parent"),
            models.Index(fields=["organization", "reference"], name="provider_version_own_ref"),
            models.Index(fields=["organization", "customer", "amount_minor"], name="provider_version_like"),
        ]

    def __str__(self) -> str:
        return f"{self.record_id} v{self.number}"
