"""The fees an organization agreed with its provider, for the `statements` comparison to hold its lines against."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models import Organization


class FeeTerms(models.Model):
    """What the provider may take of a payment that settles in `currency`: `rate_ppm` of it and `fixed_minor`.

    `line_type` is the provider's word for the lines it holds for (charge: cards; payment: other ways to pay), blank for
    all others. A fee within `tolerance_minor` is as agreed. No row: fees are not compared.
    """

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="+", db_index=False, verbose_name=_("organization")
    )
    currency = models.CharField(_("currency"), max_length=3)
    line_type = models.CharField(_("type of lines"), max_length=100, blank=True)
    rate_ppm = models.PositiveIntegerField(_("rate (parts per million)"), default=0)
    fixed_minor = models.BigIntegerField(_("fixed (minor units)"), default=0)
    tolerance_minor = models.PositiveBigIntegerField(_("tolerance (minor units)"), default=1)

    class Meta:
        default_permissions = ()
        verbose_name = _("fee terms")
        verbose_name_plural = _("fee terms")
        constraints = [
            models.UniqueConstraint(fields=["organization", "currency", "line_type"], name="fee_terms_once"),
            models.CheckConstraint(condition=Q(rate_ppm__lte=1_000_000), name="fee_terms_rate_within_the_whole"),
        ]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.currency} {self.line_type}".rstrip()
