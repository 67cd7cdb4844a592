"""What people decided about pairs of records. Append-only: a decision ends by a later one about the same pair."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models import Organization

from .discrepancies import ReconciliationDiscrepancy
from .runs import COMPARISONS


class MatchDecision(models.Model):
    """Two records belong together, do not, or are left to the rules again. The last row about a pair counts."""

    class Verdict(models.TextChoices):
        """What was decided."""

        MATCH = "match", _("belong together")
        NO_MATCH = "no_match", _("do not belong together")
        UNDONE = "undone", _("left to the rules again")

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="+", db_index=False, verbose_name=_("organization")
    )
    comparison = models.CharField(_("comparison"), max_length=16, choices=COMPARISONS)
    left_id = models.BigIntegerField(_("our record"))
    right_id = models.BigIntegerField(_("provider record"))
    verdict = models.CharField(_("verdict"), max_length=8, choices=Verdict.choices)
    reason = models.TextField(_("reason"))
    discrepancy = models.ForeignKey(
        ReconciliationDiscrepancy,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("discrepancy"),
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided"))

    class Meta:
        verbose_name = _("match decision")
        verbose_name_plural = _("match decisions")
        constraints = [
            models.CheckConstraint(condition=Q(left_id__gt=0, right_id__gt=0), name="match_decision_names_a_pair"),
            models.CheckConstraint(condition=~Q(reason=""), name="match_decision_has_a_reason"),
            models.CheckConstraint(
                condition=Q(verdict__in=["match", "no_match", "undone"]), name="match_decision_verdict_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "comparison", "left_id", "right_id", "id"], name="match_decision_pair"
            ),
            models.Index(fields=["organization", "comparison", "right_id"], name="match_decision_right"),
        ]

    def __str__(self) -> str:
        return f"{self.left_id} – {self.right_id}: {self.verdict}"
