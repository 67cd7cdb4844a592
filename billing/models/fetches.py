"""Fetches: one walk over a list of the provider, or one statement file; who asked, how far it came, what it brought."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from .imports import ImportBatch
from .organizations import Organization


class ProviderFetch(models.Model):
    """Progress of one walk over a list, newest first; it goes on where it stopped after a crash.

    `newest` and `cursor` are the ids of the first and the last row stored: what lies between them is here. A row of
    this table is a working paper and changes; what it brought is append-only and points back to it.
    """

    class Kind(models.TextChoices):
        """What is fetched."""

        STATEMENTS = "statements", _("statement lines")
        STATEMENT_FILE = "statement_file", _("statement file")
        PAYOUTS = "payouts", _("payouts")
        PAYOUT_LINES = "payout_lines", _("lines of a payout")
        DISPUTES = "disputes", _("disputes")
        INVOICES = "invoices", _("invoices")
        INVOICE_PAYMENTS = "invoice_payments", _("payments of invoices")
        EVENTS = "events", _("missed events")
        MISSING = "missing", _("missing payments")

    class Status(models.TextChoices):
        """Where it stands."""

        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+", verbose_name=_("organization"))
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    subject = models.CharField(_("about"), max_length=255, blank=True, help_text=_("A payout's id, a file's name."))
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.RUNNING)
    routine = models.BooleanField(_("routine"), default=False, help_text=_("A sweep without a range of its own."))
    account = models.CharField(_("account"), max_length=64, blank=True)
    livemode = models.BooleanField(_("live mode"), default=False)
    range_start = models.DateTimeField(_("from"), null=True, blank=True)
    range_end = models.DateTimeField(_("to"), null=True, blank=True)
    newest = models.CharField(_("newest id"), max_length=255, blank=True)
    cursor = models.CharField(_("position"), max_length=255, blank=True)
    reached_oldest = models.BooleanField(_("read to the oldest"), default=False)
    pages = models.PositiveIntegerField(_("pages"), default=0)
    rows = models.PositiveIntegerField(_("rows read"), default=0)
    created = models.PositiveIntegerField(_("new"), default=0)
    changed = models.PositiveIntegerField(_("changed"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0)
    refused = models.PositiveIntegerField(_("not usable"), default=0)
    problems = models.JSONField(_("problems"), default=list, blank=True)
    error = models.TextField(_("error"), blank=True)
    batch = models.ForeignKey(
        ImportBatch, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("import")
    )
    started_by = models.CharField(_("started by"), max_length=150, blank=True)
    started_at = models.DateTimeField(_("started"))
    updated_at = models.DateTimeField(_("last sign of life"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("fetch from the provider")
        verbose_name_plural = _("fetches from the provider")
        indexes = [models.Index(fields=["organization", "kind", "status", "-id"], name="provider_fetch_latest")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.subject} {self.started_at:%Y-%m-%d %H:%M} UTC"
