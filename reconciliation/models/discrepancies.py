"""Discrepancies: differences people work on. One row per organization, comparison, type and pair, for good."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from billing.models import Organization

from .runs import COMPARISONS

CLEARED = "cleared"
"""The resolution code of a discrepancy that a run no longer found; nobody can choose it."""
NO_RESOLUTION: dict[str, Any] = {
    "resolution_code": "", "resolution_reason": "", "duplicate_of_id": None, "proposed_by_id": None,
    "proposed_at": None, "approved_by_id": None, "closing_rule": "", "closing_limit_minor": None, "resolved_at": None,
}  # fmt: skip
"""What the resolution's columns hold while nothing is proposed."""
PROPOSAL_FITS_STATUS = (
    Q(status__in=["open", "acknowledged"], resolution_code="", proposed_by__isnull=True)
    | Q(status="pending_approval", proposed_by__isnull=False, proposed_at__isnull=False) & ~Q(resolution_code="")
    | Q(status="resolved") & ~Q(resolution_code="")
)
# Every arm says which columns are null: a comparison with null is neither true nor false, and would let a row pass.
FOUR_EYES = (
    Q(closing_rule="", approved_by__isnull=True) & ~Q(status="resolved")
    | Q(status="resolved", closing_rule="run", resolution_code=CLEARED, approved_by__isnull=True)
    | Q(status="resolved", closing_rule="four_eyes", proposed_by__isnull=False, approved_by__isnull=False)
    & (Q(approved_by__gt=F("proposed_by")) | Q(approved_by__lt=F("proposed_by")))
    | Q(
        status="resolved", closing_rule="below_threshold", proposed_by__isnull=False, approved_by__isnull=False,
        approved_by=F("proposed_by"),
        difference_minor__isnull=False, closing_limit_minor__isnull=False,
        difference_minor__lte=F("closing_limit_minor"), difference_minor__gte=-F("closing_limit_minor"),
    )
)  # fmt: skip
"""Who may have closed a discrepancy (requirement F4), for the database to refuse anything else."""
UNRESOLVED = Q(resolved_at__isnull=True)
"""What is in the queues; a condition without a value, which SQLite recognises as that of the indexes."""


class ReconciliationDiscrepancy(models.Model):
    """A difference with its explanation and where it stands in the workflow.

    `difference_minor` is right − left in `currency` (null where amounts cannot be compared). `explanation` holds the
    facts a sentence is made of, the parts that explain the difference with their source rows, and the unexplained rest.
    `reference` names what it is about where that is no record of either side (a dispute's provider id).
    `queued_at` is when it last came into the queue (opened, reopened, requeued), `due_at` until when it should be
    resolved (see core.deadlines).
    The resolution's columns hold the proposal while it waits, and what was decided afterwards; `closing_limit_minor` is
    the threshold that held when one manager closed alone.
    """

    class Status(models.TextChoices):
        """Where a discrepancy stands."""

        OPEN = "open", _("open")
        ACKNOWLEDGED = "acknowledged", _("acknowledged")
        PENDING_APPROVAL = "pending_approval", _("pending approval")
        RESOLVED = "resolved", _("resolved")

    class ClosingRule(models.TextChoices):
        """What allowed a resolution; each has its own arm in the constraint `discrepancy_four_eyes`."""

        FOUR_EYES = "four_eyes", _("two people")
        BELOW_THRESHOLD = "below_threshold", _("one manager, below the threshold")
        RUN = "run", _("cleared by a run")

    class Severity(models.TextChoices):
        """How much it matters; decided by an ordered table in core."""

        NONE = "none", _("none")
        MINOR = "minor", _("minor")
        MAJOR = "major", _("major")

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="+", db_index=False, verbose_name=_("organization")
    )
    comparison = models.CharField(_("comparison"), max_length=16, choices=COMPARISONS)
    type = models.CharField(_("type"), max_length=32)
    left_id = models.BigIntegerField(_("our record"), default=0)
    right_id = models.BigIntegerField(_("provider record"), default=0)
    reference = models.CharField(_("reference"), max_length=255, blank=True)
    status = models.CharField(_("status"), max_length=16, choices=Status.choices, default=Status.OPEN)
    severity = models.CharField(_("severity"), max_length=5, choices=Severity.choices)
    reason_code = models.CharField(_("reason code"), max_length=40)
    expected = models.CharField(_("expected"), max_length=300, blank=True)
    actual = models.CharField(_("actual"), max_length=300, blank=True)
    difference_minor = models.BigIntegerField(_("difference (minor units)"), null=True, blank=True)
    unexplained_minor = models.BigIntegerField(_("unexplained (minor units)"), null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3)
    explanation = models.JSONField(_("explanation"), default=dict)
    occurred_at = models.DateTimeField(_("occurred"))
    opened_at = models.DateTimeField(_("opened"))
    queued_at = models.DateTimeField(_("in the queue since"))
    due_at = models.DateTimeField(_("due"))
    opened_run = models.PositiveIntegerField(_("opened by run"))
    changed_run = models.PositiveIntegerField(_("last changed by run"))
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("assigned to")
    )
    investigated_at = models.DateTimeField(_("investigated"), null=True, blank=True)
    resolution_code = models.CharField(_("resolution"), max_length=32, blank=True)
    resolution_reason = models.TextField(_("reason for the resolution"), blank=True)
    duplicate_of = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=_("duplicate of"),
    )
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=_("proposed by"),
    )
    proposed_at = models.DateTimeField(_("proposed"), null=True, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=_("approved by"),
    )
    closing_rule = models.CharField(_("closed under"), max_length=16, choices=ClosingRule.choices, blank=True)
    closing_limit_minor = models.BigIntegerField(_("threshold (minor units)"), null=True, blank=True)
    resolved_at = models.DateTimeField(_("resolved"), null=True, blank=True)
    version = models.PositiveIntegerField(_("version"), default=1)

    class Meta:
        verbose_name = _("discrepancy")
        verbose_name_plural = _("discrepancies")
        permissions = [
            ("triage_discrepancy", "Can acknowledge, assign and mark discrepancies as investigated"),
            ("annotate_discrepancy", "Can add notes to discrepancies"),
            ("propose_resolution", "Can propose resolutions"),
            ("approve_resolution", "Can approve and reject resolutions"),
            ("requeue_discrepancy", "Can requeue discrepancies"),
            ("match_records", "Can decide which records belong together"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "comparison", "type", "left_id", "right_id", "reference"],
                name="discrepancy_fingerprint",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["open", "acknowledged", "pending_approval", "resolved"]),
                name="discrepancy_status_known",
            ),
            models.CheckConstraint(
                condition=Q(status="resolved", resolved_at__isnull=False)
                | ~Q(status="resolved") & Q(resolved_at__isnull=True),
                name="discrepancy_resolved_has_time",
            ),
            models.CheckConstraint(condition=PROPOSAL_FITS_STATUS, name="discrepancy_proposal_fits_status"),
            models.CheckConstraint(condition=FOUR_EYES, name="discrepancy_four_eyes"),
        ]
        indexes = [
            models.Index(fields=["organization", "comparison", "occurred_at"], name="discrepancy_time"),
            models.Index(fields=["organization", "opened_at", "type"], name="discrepancy_opened"),
            *(
                models.Index(
                    fields=["organization", *first, "severity", "due_at", "id"], name=name, condition=UNRESOLVED
                )
                for name, first in (
                    ("discrepancy_queue_all", []),
                    ("discrepancy_queue_person", ["assigned_to"]),
                    ("discrepancy_queue_type", ["type"]),
                )
            ),
            models.Index(fields=["organization", "status", "severity", "due_at", "id"], name="discrepancy_state"),
            models.Index(fields=["organization", "comparison", "left_id"], name="discrepancy_left"),
            models.Index(fields=["organization", "comparison", "right_id"], name="discrepancy_right"),
            models.Index(
                fields=["organization", "comparison", "reference"],
                condition=~Q(reference=""),
                name="discrepancy_reference",
            ),
        ]

    def __str__(self) -> str:
        return f"D-{self.pk}"
