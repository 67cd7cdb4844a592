"""Discrepancies: differences people work on. One row per organization, comparison, type and pair, for good."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models import Organization

from .runs import COMPARISONS


class ReconciliationDiscrepancy(models.Model):
    """A difference with its explanation and where it stands in the workflow.

    `difference_minor` is right − left in `currency` (null where amounts cannot be compared). `explanation` holds the
    facts a sentence is made of, the parts that explain the difference with their source rows, and the unexplained rest.
    """

    class Status(models.TextChoices):
        """Where a discrepancy stands."""

        OPEN = "open", _("open")
        ACKNOWLEDGED = "acknowledged", _("acknowledged")
        PENDING_APPROVAL = "pending_approval", _("pending approval")
        RESOLVED = "resolved", _("resolved")

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
    opened_run = models.PositiveIntegerField(_("opened by run"))
    changed_run = models.PositiveIntegerField(_("last changed by run"))
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("assigned to")
    )
    resolution_code = models.CharField(_("resolution"), max_length=32, blank=True)
    resolved_at = models.DateTimeField(_("resolved"), null=True, blank=True)
    version = models.PositiveIntegerField(_("version"), default=1)

    class Meta:
        verbose_name = _("discrepancy")
        verbose_name_plural = _("discrepancies")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "comparison", "type", "left_id", "right_id"], name="discrepancy_fingerprint"
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
        ]
        indexes = [
            models.Index(fields=["organization", "comparison", "occurred_at"], name="discrepancy_time"),
            models.Index(fields=["organization", "status", "severity", "id"], name="discrepancy_queue"),
            models.Index(fields=["organization", "comparison", "left_id"], name="discrepancy_left"),
            models.Index(fields=["organization", "comparison", "right_id"], name="discrepancy_right"),
        ]

    def __str__(self) -> str:
        return f"D-{self.pk}"
