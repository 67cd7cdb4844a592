"""Bulk actions: one step taken about many discrepancies, frozen before it begins, with a result for each row."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from billing.models import Organization

from .discrepancies import ReconciliationDiscrepancy


class BulkAction(models.Model):
    """A step over many discrepancies. A preview freezes rows with their versions; once confirmed, jobs work them.

    `given` holds what the step is taken with (code, reason, assignee), `selection` where the rows came from, `summary`
    what the preview showed (count and sum in minor units per currency, largest row, skipped rows by reason).
    """

    class Action(models.TextChoices):
        """The steps that can be taken in bulk; the workflow's names."""

        ACKNOWLEDGE = "acknowledge", _("Acknowledge")
        ASSIGN = "assign", _("Assign")
        ANNOTATE = "annotate", _("Add a note")
        PROPOSE = "propose", _("Propose a resolution")
        APPROVE = "approve", _("Approve")
        REJECT = "reject", _("Reject")
        REQUEUE = "requeue", _("Requeue")

    class State(models.TextChoices):
        """How far it is."""

        PREVIEW = "preview", _("preview")
        QUEUED = "queued", _("queued")
        WORKING = "working", _("working")
        ENDED = "ended", _("ended")
        DROPPED = "dropped", _("dropped")

    organizations = models.ManyToManyField(Organization, related_name="+", verbose_name=_("organizations"))
    action = models.CharField(_("action"), max_length=16, choices=Action.choices)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.PREVIEW)
    given = models.JSONField(_("given"), default=dict, blank=True)
    selection = models.JSONField(_("selection"), default=dict, blank=True)
    summary = models.JSONField(_("summary"), default=dict, blank=True)
    retry_of = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="+", db_index=False, verbose_name=_("repeats")
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("created by")
    )
    created_at = models.DateTimeField(_("created"))
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    beat_at = models.DateTimeField(_("last sign of life"), null=True, blank=True)
    request_id = models.CharField(_("request id"), max_length=200, blank=True)
    rows_frozen = models.PositiveIntegerField(_("rows"), default=0)
    rows_skipped = models.PositiveIntegerField(_("skipped"), default=0)
    rows_done = models.PositiveIntegerField(_("done"), default=0)
    rows_not_allowed = models.PositiveIntegerField(_("not allowed"), default=0)
    rows_changed = models.PositiveIntegerField(_("changed meanwhile"), default=0)
    rows_failed = models.PositiveIntegerField(_("failed"), default=0)

    class Meta:
        verbose_name = _("bulk action")
        verbose_name_plural = _("bulk actions")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["preview", "queued", "working", "ended", "dropped"]), name="bulk_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["preview", "dropped"]) | Q(confirmed_at__isnull=False),
                name="bulk_worked_once_confirmed",
            ),
            models.CheckConstraint(
                condition=Q(
                    rows_frozen__gte=F("rows_skipped")
                    + F("rows_done")
                    + F("rows_not_allowed")
                    + F("rows_changed")
                    + F("rows_failed")
                ),
                name="bulk_each_row_once",
            ),
        ]

    def __str__(self) -> str:
        return f"B-{self.pk}"

    @property
    def rows_to_work(self) -> int:
        """How many rows the step is tried about."""
        return self.rows_frozen - self.rows_skipped

    @property
    def rows_worked(self) -> int:
        """How many of them have their result."""
        return self.rows_done + self.rows_not_allowed + self.rows_changed + self.rows_failed


class BulkRow(models.Model):
    """One discrepancy of a bulk action: as it was frozen, and what became of it. `why` is a refusal's code."""

    class Result(models.TextChoices):
        """What became of it."""

        WAITING = "waiting", _("waiting")
        SKIPPED = "skipped", _("skipped")
        DONE = "done", _("done")
        NOT_ALLOWED = "not_allowed", _("not allowed")
        CHANGED = "changed", _("changed meanwhile")
        FAILED = "failed", _("failed")

    bulk = models.ForeignKey(
        BulkAction, models.CASCADE, related_name="rows", db_index=False, verbose_name=_("bulk action")
    )
    organization = models.ForeignKey(
        Organization,
        models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("organization"),
    )
    discrepancy = models.ForeignKey(
        ReconciliationDiscrepancy,
        models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("discrepancy"),
    )
    version = models.PositiveIntegerField(_("version"))
    difference_minor = models.BigIntegerField(_("difference (minor units)"), null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3)
    result = models.CharField(_("result"), max_length=11, choices=Result.choices, default=Result.WAITING)
    why = models.CharField(_("why"), max_length=40, blank=True)
    detail = models.CharField(_("detail"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("row of a bulk action")
        verbose_name_plural = _("rows of bulk actions")
        constraints = [
            models.UniqueConstraint(fields=["bulk", "discrepancy"], name="bulk_row_once"),
            models.CheckConstraint(
                condition=Q(result__in=["waiting", "skipped", "done", "not_allowed", "changed", "failed"]),
                name="bulk_row_result_known",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["bulk", "result", "discrepancy"], name="bulk_row_result")]

    def __str__(self) -> str:
        return f"B-{self.bulk_id} D-{self.discrepancy_id}: {self.result}"
