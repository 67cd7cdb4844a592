"""Runs: one execution of a comparison for an organization and a period, and the lease that lets one of them write."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from billing.models import Organization

COMPARISONS = [("payments", _("payments")), ("payouts", _("payouts")), ("statements", _("statements"))]


class ReconciliationRun(models.Model):
    """One execution. It always ends stored: `ok`, `break` or `error`.

    `number` counts the runs of an organization and comparison in the order they wrote; it is the lease's fencing
    number and what items name in `opened_run` and `closed_run`. The report body holds no run id and no timing.
    """

    class Status(models.TextChoices):
        """Where a run stands."""

        QUEUED = "queued", _("queued")
        RUNNING = "running", _("running")
        OK = "ok", _("OK")
        BREAK = "break", _("break")
        ERROR = "error", _("error")

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+", verbose_name=_("organization"))
    comparison = models.CharField(_("comparison"), max_length=16, choices=COMPARISONS)
    period_start = models.DateTimeField(_("period from"))
    period_end = models.DateTimeField(_("period to (excluded)"))
    number = models.PositiveIntegerField(_("number"), null=True, blank=True)
    status = models.CharField(_("status"), max_length=8, choices=Status.choices, default=Status.QUEUED)
    parameters = models.JSONField(_("parameters"), default=dict, blank=True)
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
    attempts = models.PositiveSmallIntegerField(_("times started"), default=0)
    stage = models.CharField(_("stage"), max_length=20, blank=True)
    progress_percent = models.PositiveSmallIntegerField(_("progress"), default=0)
    metrics = models.JSONField(_("metrics"), default=dict, blank=True)
    tally = models.JSONField(_("tally"), default=list, blank=True, editable=False)
    journal = models.TextField(_("journal position"), blank=True, editable=False)
    report = models.JSONField(_("report"), null=True, blank=True)
    report_markdown = models.TextField(_("report as Markdown"), blank=True)
    report_digest = models.CharField(_("report digest"), max_length=64, blank=True)
    error = models.TextField(_("error"), blank=True)

    class Meta:
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        permissions = [("trigger_run", "Can trigger a run")]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "comparison", "period_start", "period_end"],
                condition=Q(status__in=["queued", "running"]),
                name="run_one_unfinished_per_period",
            ),
            models.UniqueConstraint(fields=["organization", "comparison", "number"], name="run_number"),
            models.CheckConstraint(condition=Q(period_start__lt=F("period_end")), name="run_period_not_empty"),
            models.CheckConstraint(
                condition=Q(status__in=["queued", "running", "ok", "break", "error"]), name="run_status_known"
            ),
        ]
        indexes = [models.Index(fields=["organization", "comparison", "-id"], name="run_newest")]

    def __str__(self) -> str:
        return f"R-{self.pk}"


class RunLease(models.Model):
    """Who may write items of an organization and comparison now. A larger `fence` outdates every earlier holder."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    comparison = models.CharField(max_length=16)
    fence = models.PositiveIntegerField(default=0)
    run = models.ForeignKey(ReconciliationRun, models.SET_NULL, null=True, blank=True, related_name="+")
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "comparison"], name="run_lease_one")]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.comparison} #{self.fence}"


class RunPart(models.Model):
    """A part of a run that is too large for one process; the run resumes with the parts that are done.

    `phase`: read (both sides, cut by key), match (one part of a round), finish. A worker claims a part until
    `claimed_until`; after that another one may. `result` is what later parts need to know.
    """

    class Phase(models.TextChoices):
        """What a part does."""

        READ = "read", "read"
        MATCH = "match", "match"
        ROUTE = "route", "cut again"
        FINISH = "finish", "finish"

    run = models.ForeignKey(ReconciliationRun, models.CASCADE, related_name="parts")
    phase = models.CharField(max_length=8, choices=Phase.choices)
    round = models.PositiveSmallIntegerField(default=0)
    number = models.PositiveIntegerField(default=0)
    claimed_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    done = models.BooleanField(default=False)
    result = models.JSONField(default=dict)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["run", "phase", "round", "number"], name="run_part_one")]

    def __str__(self) -> str:
        return f"{self.phase} {self.round}.{self.number}"
