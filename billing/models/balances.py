"""What the provider itself says is on a balance, as often as it was asked and said something new. Append-only."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from .organizations import Organization


class ProviderBalance(models.Model):
    """The whole balance of a currency at a moment: available, pending and reserved together, in minor units.

    It is the sum of every statement line ever created, which makes it a control of the lines kept here.
    """

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+", verbose_name=_("organization"))
    currency = models.CharField(_("currency"), max_length=3)
    held_minor = models.BigIntegerField(_("on the balance (minor units)"))
    observed_at = models.DateTimeField(_("seen"))

    class Meta:
        verbose_name = _("provider balance")
        verbose_name_plural = _("provider balances")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "currency", "observed_at"], name="provider_balance_once_a_moment"
            )
        ]

    def __str__(self) -> str:
        return f"{self.held_minor} {self.currency}"
