"""What the nightly checks of the action log found."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models import Organization


class LogCheck(models.Model):
    """One check of an organization's log against the newest checkpoint kept outside the database. Append-only.

    `seals` and `rows` say how far the log went; `checkpoint_seal` is the seal that the checkpoint saw, null where there
    was none; `kept` whether this check left a newer one. `findings` are the first faults, in the installation's
    language, each with the `kind`, `seal` and `row_id` it is about; `trouble` is what keeps a check from being whole.
    """

    class Result(models.TextChoices):
        """What came out."""

        HOLDS = "holds", _("holds")
        BROKEN = "broken", _("broken")
        UNSURE = "unsure", _("not sure")

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+", verbose_name=_("organization"))
    checked_at = models.DateTimeField(_("checked"))
    result = models.CharField(_("result"), max_length=6, choices=Result.choices)
    seals = models.PositiveBigIntegerField(_("seals"))
    rows = models.PositiveBigIntegerField(_("rows"))
    checkpoint_seal = models.PositiveBigIntegerField(_("seal of the checkpoint"), null=True, blank=True)
    checkpoint_at = models.DateTimeField(_("time of the checkpoint"), null=True, blank=True)
    kept = models.BooleanField(_("left a checkpoint"), default=False)
    findings = models.JSONField(_("findings"), default=list, blank=True)
    trouble = models.TextField(_("trouble"), blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("check of a log")
        verbose_name_plural = _("checks of logs")
        constraints = [
            models.CheckConstraint(condition=Q(result__in=["holds", "broken", "unsure"]), name="log_check_result_known")
        ]
        indexes = [models.Index(fields=["organization", "-id"], name="log_check_newest")]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.checked_at:%Y-%m-%d} {self.result}"
