"""Below which amount one manager may close a discrepancy alone (requirement F4)."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models import Organization


class ClosingThreshold(models.Model):
    """Differences of at most `limit_minor` of `currency`, either way, need no second person. No row: always two."""

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="+", db_index=False, verbose_name=_("organization")
    )
    currency = models.CharField(_("currency"), max_length=3)
    limit_minor = models.BigIntegerField(_("limit (minor units)"))

    class Meta:
        verbose_name = _("closing threshold")
        verbose_name_plural = _("closing thresholds")
        constraints = [
            models.UniqueConstraint(fields=["organization", "currency"], name="closing_threshold_once"),
            models.CheckConstraint(condition=Q(limit_minor__gte=0), name="closing_threshold_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.currency}"
