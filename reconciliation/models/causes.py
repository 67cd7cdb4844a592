"""Causes: what groups of open discrepancies share, found again after each run that changed something."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.models import Organization

from .discrepancies import ReconciliationDiscrepancy
from .runs import COMPARISONS


class CauseState(models.Model):
    """As of which changes an organization's causes were looked for."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+", db_index=False)
    comparison = models.CharField(_("comparison"), max_length=16, choices=COMPARISONS)
    as_of_run = models.PositiveIntegerField(_("as of run"), default=0)
    looked_at = models.PositiveIntegerField(_("discrepancies looked at"), default=0)
    found_at = models.DateTimeField(_("looked for"))

    class Meta:
        verbose_name = _("state of causes")
        verbose_name_plural = _("states of causes")
        constraints = [models.UniqueConstraint(fields=["organization", "comparison"], name="cause_state_one")]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.comparison} #{self.as_of_run}"


class Cause(models.Model):
    """A shared cause with its evidence. `facts` holds what the name and the evidence are made of, and the ids of rows
    that look alike but do not fit; times in µs since 1970 UTC, amounts in minor units of `currency`.
    """

    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="+", db_index=False, verbose_name=_("organization")
    )
    comparison = models.CharField(_("comparison"), max_length=16, choices=COMPARISONS)
    kind = models.CharField(_("kind"), max_length=24)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    facts = models.JSONField(_("facts"), default=dict)
    rows_found = models.PositiveIntegerField(_("discrepancies found"))
    found_at = models.DateTimeField(_("found"))

    class Meta:
        verbose_name = _("cause")
        verbose_name_plural = _("causes")
        indexes = [models.Index(fields=["organization", "comparison"], name="cause_of")]

    def __str__(self) -> str:
        return f"C-{self.pk}"


class CauseMember(models.Model):
    """A discrepancy and the one cause it is put down to."""

    cause = models.ForeignKey(Cause, models.CASCADE, related_name="members", verbose_name=_("cause"))
    discrepancy = models.OneToOneField(
        ReconciliationDiscrepancy, models.DO_NOTHING, related_name="cause_member", db_constraint=False,
        verbose_name=_("discrepancy"),
    )  # fmt: skip

    class Meta:
        verbose_name = _("discrepancy of a cause")
        verbose_name_plural = _("discrepancies of causes")

    def __str__(self) -> str:
        return f"C-{self.cause_id} D-{self.discrepancy_id}"
