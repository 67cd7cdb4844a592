"""A run's report to take away: JSON, Markdown, CSV, a workbook, and a page to print and sign."""

from typing import Any
from zoneinfo import ZoneInfo

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from billing.wording import locale_name, stamp_text
from reconciliation.core.report import canonical
from reconciliation.models import ReconciliationRun
from reconciliation.report_markdown import markdown
from reconciliation.report_tables import CSV_HEAD, csv_rows, sheets
from reconciliation.spreadsheets import csv_lines, workbook
from reconciliation.wording import percent_text

from .labels import rule_rows, run_status_word, type_choices, via_words
from .run_page import duration_text, period_text, report_page

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PREFIX = "reconciliation_reconciliationrun"


def report_in_own_language(run: ReconciliationRun) -> str:
    """The report as Markdown: as stored in English, else made anew from the stored figures."""
    language = locale_name()
    return run.report_markdown if language == "en" else markdown(run.report or {}, language=language)


def facts(run: ReconciliationRun) -> list[tuple[str, str]]:
    """The parameters of a finished run, as names and values for people: what a signature covers."""
    zone = ZoneInfo(run.organization.timezone)
    report = run.report or {}
    return [
        (_("Organization"), run.organization.name),
        (_("Comparison"), str(run.get_comparison_display())),
        (_("Period"), f"{period_text(run)} ({run.organization.timezone})"),
        (_("Period from"), report["period"]["start"]),
        (_("Period to (excluded)"), report["period"]["end"]),
        (pgettext("noun", "Run"), str(run)),
        (_("Result"), run_status_word(run.status)),
        (_("Started"), stamp_text(run.started_at, zone, seconds=True) if run.started_at else "–"),
        (_("Took"), duration_text(run)),
        (_("Requested by"), run.requested_by.get_username() if run.requested_by else via_words(run.requested_via)),
        (_("Matched"), percent_text(report["matched_percent"])),
        *rule_rows(report["rules"]),
        (_("SHA-256 of the report"), run.report_digest),
    ]


def downloads(run: ReconciliationRun) -> list[tuple[str, str]]:
    """Names and addresses of the forms a finished report is offered in."""
    names = (("csv", "CSV"), ("xlsx", _("Workbook (XLSX)")), ("json", "JSON"), ("md", "Markdown"))
    return [(name, reverse(f"admin:{PREFIX}_report", args=[run.pk, form])) for form, name in names]


class DownloadsMixin:
    """Addresses below a run's own; an admin class gives `own_run`."""

    admin_site: Any

    def own_run(self, request: HttpRequest, run_id: int) -> ReconciliationRun:
        """A run of the user's organizations, whole; 404 for any other."""
        raise NotImplementedError

    def download_urls(self) -> list[URLPattern]:
        """The report's addresses."""
        view = self.admin_site.admin_view
        return [
            path("<int:run_id>/report.<str:form>", view(self.download_view), name=f"{PREFIX}_report"),
            path("<int:run_id>/print/", view(self.print_view), name=f"{PREFIX}_print"),
        ]

    def _finished(self, request: HttpRequest, run_id: int) -> ReconciliationRun:
        run = self.own_run(request, run_id)
        if not run.report:
            raise Http404
        return run

    def download_view(self, request: HttpRequest, run_id: int, form: str) -> HttpResponseBase:
        """The stored report: JSON is the very bytes its digest covers; text for people is in the reader's language."""
        run = self._finished(request, run_id)
        name = f"{run.organization.slug}-{run.comparison}-{run}.{form}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        if form == "xlsx":
            book = workbook(sheets(run, facts(run), dict(type_choices())))
            return FileResponse(book, as_attachment=True, filename=name, content_type=XLSX)
        if form == "csv":
            lines = csv_lines(CSV_HEAD, csv_rows(run.report or {}))
            return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)
        if form not in ("json", "md"):
            raise Http404
        text, kind = (
            (canonical(run.report or {}), "application/json")
            if form == "json"
            else (report_in_own_language(run), "text/markdown")
        )
        return HttpResponse(text, content_type=f"{kind}; charset=utf-8", headers=headers)

    def print_view(self, request: HttpRequest, run_id: int) -> HttpResponse:
        """The report on paper, with its parameters, its digest, numbered pages and lines to sign."""
        run = self._finished(request, run_id)
        zone = ZoneInfo(run.organization.timezone)
        context = {
            "run": run,
            "title": _("%(run)s: %(comparison)s of %(organization)s")
            % {"run": run, "comparison": run.get_comparison_display(), "organization": run.organization.name},
            "facts": facts(run),
            "printed": stamp_text(timezone.now(), zone),
            "printed_by": request.user.get_username(),
            "signatures": [_("Prepared by"), _("Reviewed by"), _("Approved by")],
            **report_page(run),
        }
        return TemplateResponse(request, "desk/run_print.html", context)
