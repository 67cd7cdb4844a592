"""The action log: what was done, by whom and why, in sealed batches. Rows and seals are append-only in the database."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.models import Organization

from .discrepancies import ReconciliationDiscrepancy
from .items import ReconciliationItem
from .runs import ReconciliationRun


class LogSeal(models.Model):
    """The seal of one batch of log rows: it covers their hashes and the seal before it. Append-only.

    `leaves` holds the 32-byte SHA-256 of each row in order, so that a check can name the row that was changed.
    """

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+", verbose_name=_("organization"))
    number = models.PositiveBigIntegerField(_("number"))
    batch = models.UUIDField(_("batch"), unique=True)
    count = models.PositiveIntegerField(_("rows"))
    total = models.PositiveBigIntegerField(_("rows so far"))
    leaves = models.BinaryField(_("row hashes"))
    leaves_hash = models.CharField(_("hash of the rows"), max_length=64)
    previous_hash = models.CharField(_("previous seal"), max_length=64, blank=True)
    hash = models.CharField(_("hash"), max_length=64)
    sealed_at = models.DateTimeField(_("sealed"))

    class Meta:
        ordering = ["organization_id", "number"]
        verbose_name = _("log seal")
        verbose_name_plural = _("log seals")
        constraints = [
            models.UniqueConstraint(fields=["organization", "number"], name="log_seal_number"),
            models.CheckConstraint(condition=models.Q(number__gte=1, count__gte=1), name="log_seal_not_empty"),
        ]

    def __str__(self) -> str:
        return f"{self.number} · {self.hash[:12]}"


class ReconciliationActionLog(models.Model):
    """One step of a discrepancy's or a run's life. Append-only.

    `batch` names the seal that covers the row; `actor` is a label that outlives the account ("user:alice", "run:12",
    "system"). References carry no database foreign keys: the log outlives what it speaks of.
    """

    organization = models.ForeignKey(
        Organization,
        models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("organization"),
    )
    batch = models.ForeignKey(
        LogSeal,
        models.DO_NOTHING,
        to_field="batch",
        db_column="batch",
        related_name="rows",
        db_constraint=False,
        db_index=False,
        verbose_name=_("seal"),
    )
    position = models.PositiveIntegerField(_("position in its batch"))
    action = models.CharField(_("action"), max_length=40)
    discrepancy = models.ForeignKey(
        ReconciliationDiscrepancy,
        models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="log",
        db_constraint=False,
        db_index=False,
        verbose_name=_("discrepancy"),
    )
    run = models.ForeignKey(
        ReconciliationRun,
        models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("run"),
    )
    item = models.ForeignKey(
        ReconciliationItem,
        models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("item"),
    )
    before = models.JSONField(_("before"), default=dict, blank=True)
    after = models.JSONField(_("after"), default=dict, blank=True)
    actor = models.CharField(_("actor"), max_length=200)
    actor_user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("user"),
    )
    reason = models.TextField(_("reason"), blank=True)
    request_id = models.CharField(_("request id"), max_length=200, blank=True)
    at = models.DateTimeField(_("at"))

    class Meta:
        ordering = ["id"]
        verbose_name = _("log entry")
        verbose_name_plural = _("action log")
        constraints = [models.UniqueConstraint(fields=["batch", "position"], name="action_log_position")]
        indexes = [
            models.Index(fields=["organization", "discrepancy", "id"], name="action_log_discrepancy"),
            models.Index(fields=["run", "action"], condition=models.Q(run__isnull=False), name="action_log_run"),
            models.Index(
                fields=["organization", "at"], condition=models.Q(actor_user__isnull=False), name="action_log_people"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.action}"


class LogHead(models.Model):
    """Where an organization's chain of seals ends: the one log row that changes, locked last in a transaction."""

    organization = models.OneToOneField(
        Organization, models.PROTECT, primary_key=True, related_name="+", verbose_name=_("organization")
    )
    number = models.PositiveBigIntegerField(_("last seal"), default=0)
    total = models.PositiveBigIntegerField(_("rows"), default=0)
    hash = models.CharField(_("hash"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("end of a log")
        verbose_name_plural = _("ends of logs")

    def __str__(self) -> str:
        return f"{self.number} · {self.hash[:12]}"
