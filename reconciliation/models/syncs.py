"""Work on the sources that the worker does: sweeps, fetches of what is missing, withdrawals; and what came of each."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models import Organization


class SyncJob(models.Model):
    """One piece of work on an organization's sources, asked for by a person or by the hour.

    `claims` counts how often a worker took it up and outdates earlier holders; `deaths` how often one vanished since it
    last got anywhere. `steps` keeps what each finished step brought, so that a job taken up again goes on behind them.
    `subject` tells jobs of one kind apart: of each there is one unfinished job at most.
    """

    class Kind(models.TextChoices):
        """What is done."""

        SWEEP = "sweep", _("sweep")
        MISSING = "missing", _("fetch of missing payments")
        WITHDRAWAL = "withdrawal", _("withdrawal of an ingestion")

    class Status(models.TextChoices):
        """Where it stands."""

        QUEUED = "queued", _("queued")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+", verbose_name=_("organization"))
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    subject = models.CharField(_("about"), max_length=100, blank=True)
    status = models.CharField(_("status"), max_length=8, choices=Status.choices, default=Status.QUEUED)
    parameters = models.JSONField(_("parameters"), default=dict, blank=True)
    reason = models.TextField(_("reason"), blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("requested by"),
    )
    requested_via = models.CharField(_("requested via"), max_length=40, blank=True)
    created_at = models.DateTimeField(_("created"))
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    expires_at = models.DateTimeField(_("held until"), null=True, blank=True, editable=False)
    claims = models.PositiveIntegerField(_("times taken up"), default=0, editable=False)
    deaths = models.PositiveIntegerField(_("times lost since the last progress"), default=0, editable=False)
    stage = models.CharField(_("stage"), max_length=60, blank=True)
    rows = models.PositiveIntegerField(_("rows read"), default=0)
    steps = models.JSONField(_("steps"), default=list, blank=True)
    error = models.TextField(_("error"), blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("source job")
        verbose_name_plural = _("source jobs")
        permissions = [
            ("sync_source", "Can fetch from the provider"),
            ("withdraw_ingestion", "Can withdraw ingestions"),
            ("attach_statements", "Can attach statement lines"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "kind", "subject"],
                condition=Q(status__in=["queued", "running"]),
                name="sync_one_unfinished",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["queued", "running", "done", "failed"]), name="sync_status_known"
            ),
        ]
        indexes = [models.Index(fields=["organization", "kind", "-id"], name="sync_newest")]

    def __str__(self) -> str:
        return f"S-{self.pk}"


class SyncResult(models.Model):
    """What became of one id a job looked at."""

    class Outcome(models.TextChoices):
        """What became of it."""

        SYNCED = "synced", _("brought in")
        ALREADY = "already", _("already here")
        FAILED = "failed", _("not usable")

    job = models.ForeignKey(SyncJob, models.CASCADE, related_name="results", verbose_name=_("source job"))
    external_id = models.CharField(_("provider id"), max_length=255)
    outcome = models.CharField(_("outcome"), max_length=8, choices=Outcome.choices)
    why = models.TextField(_("why"), blank=True)

    class Meta:
        verbose_name = _("result of a source job")
        verbose_name_plural = _("results of source jobs")
        constraints = [models.UniqueConstraint(fields=["job", "external_id"], name="sync_result_once")]
        indexes = [models.Index(fields=["job", "outcome", "id"], name="sync_result_page")]

    def __str__(self) -> str:
        return self.external_id
