"""Dry runs: what a run would say and write, worked out without writing any of it."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from billing.models import Organization

from .runs import COMPARISONS


class DryRun(models.Model):
    """A run that is not one: it has no number, holds no lease, and no item or discrepancy knows of it.

    `tolerance_minor` (minor units, per pair) replaces the organization's tolerance where it is given. `written` counts
    the rows a run would have written.
    """

    class Status(models.TextChoices):
        """Where it stands."""

        QUEUED = "queued", _("queued")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        ERROR = "error", _("error")

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+", verbose_name=_("organization"))
    comparison = models.CharField(_("comparison"), max_length=16)
    period_start = models.DateTimeField(_("period from"))
    period_end = models.DateTimeField(_("period to (excluded)"))
    tolerance_minor = models.PositiveBigIntegerField(_("tolerance (minor units)"), null=True, blank=True)
    status = models.CharField(_("status"), max_length=8, choices=Status.choices, default=Status.QUEUED)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("requested by"),
    )
    created_at = models.DateTimeField(_("created"))
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("times started"), default=0)
    stage = models.CharField(_("stage"), max_length=20, blank=True)
    progress_percent = models.PositiveSmallIntegerField(_("progress"), default=0)
    report = models.JSONField(_("report"), null=True, blank=True)
    written = models.JSONField(_("would be written"), default=dict, blank=True)
    error = models.TextField(_("error"), blank=True)

    class Meta:
        verbose_name = _("dry run")
        verbose_name_plural = _("dry runs")
        default_permissions = ()  # whoever may see runs sees them, whoever may trigger runs may start them
        constraints = [
            models.CheckConstraint(condition=Q(period_start__lt=F("period_end")), name="dry_run_period_not_empty"),
            models.CheckConstraint(
                condition=Q(status__in=["queued", "running", "done", "error"]), name="dry_run_status_known"
            ),
        ]

    def __str__(self) -> str:
        return f"T-{self.pk}"

    def get_comparison_display(self) -> str:
        """The comparison's name for people."""
        return str(dict(COMPARISONS).get(self.comparison, self.comparison))
