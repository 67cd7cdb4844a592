"""Filters of a list under a name, for oneself or for everybody in an organization."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from .organizations import Organization


class SavedView(models.Model):
    """A list with some filters. `list` is the model's label ("billing.payment"), `query` the filters as in its address.

    Without an organization only its owner sees it; only its owner ever changes it.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_views", db_index=False, verbose_name=_("owner")
    )
    organization = models.ForeignKey(
        Organization,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("shared with"),
    )
    list = models.CharField(_("list"), max_length=100)
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(_("filters"), max_length=2_000)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        constraints = [models.UniqueConstraint(fields=["owner", "list", "name"], name="saved_view_name")]

    def __str__(self) -> str:
        return self.name
