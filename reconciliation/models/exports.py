"""Who took which list away: one row for each organization whose rows were in it."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.models import Organization


class ListExport(models.Model):
    """A list exported with its filters. `rows` and `finished_at` stay empty when the reader broke off."""

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+", verbose_name=_("organization"))
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("user"))
    batch = models.UUIDField(_("export"), editable=False)
    list_name = models.CharField(_("list"), max_length=100)
    query = models.TextField(_("filters"), blank=True)
    form = models.CharField(_("form"), max_length=4)
    rows = models.PositiveIntegerField(_("rows"), null=True, blank=True)
    request_id = models.CharField(_("request id"), max_length=200, blank=True)
    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        default_permissions = ()  # whoever may see runs sees who exported what
        indexes = [models.Index(fields=["batch"], name="list_export_batch")]

    def __str__(self) -> str:
        return f"{self.list_name}.{self.form}"
