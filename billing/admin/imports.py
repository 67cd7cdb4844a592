"""Imports: which file brought which rows."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from billing.models import ImportBatch
from billing.wording import count_text

from .base import EvidenceAdmin
from .cells import code_cell, time_cell, zone_of
from .filters import OrganizationFilter, choice_filter, period_filter

KINDS = {
    "payments": gettext_lazy("Payments"),
    "provider_records": gettext_lazy("Provider records"),
    "stripe_events": gettext_lazy("Stripe events"),
    "stripe_objects": gettext_lazy("Stripe objects"),
    "invoices": gettext_lazy("Invoices"),
    "statement_lines": gettext_lazy("Statement lines"),
}


@admin.register(ImportBatch)
class ImportBatchAdmin(EvidenceAdmin):
    """View-only."""

    page_template = "desk/facts.html"
    list_display = (
        "filename",
        "kind_name",
        "imported",
        "rows_read",
        "new",
        "changed_rows",
        "unchanged_rows",
        "refused",
        "imported_by",
        "organization",
    )
    list_display_links = ("filename",)
    list_select_related = ("organization",)
    list_filter = (
        OrganizationFilter,
        choice_filter("kind", gettext_lazy("kind"), KINDS.items()),
        period_filter("imported_at", gettext_lazy("imported")),
    )
    search_fields = ("filename",)
    search_help_text = gettext_lazy("Whole file name, or SHA-256")
    ordering = ("-pk",)

    def found(self, _request: HttpRequest, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """By the file's name or its content."""
        return queryset.filter(Q(filename=term) | Q(sha256=term.lower()))

    @display(description=gettext_lazy("Kind"))
    def kind_name(self, row: ImportBatch) -> str:
        """What it brought."""
        return kind_word(row.kind)

    @display(description=gettext_lazy("Imported"))
    def imported(self, row: ImportBatch) -> SafeString:
        """In the organization's zone."""
        return time_cell(row.imported_at, zone_of(row))

    @display(description=gettext_lazy("Rows read"))
    def rows_read(self, row: ImportBatch) -> str:
        """All of the file."""
        return count_text(row.rows)

    @display(description=gettext_lazy("New"))
    def new(self, row: ImportBatch) -> str:
        """Records that were not known."""
        return count_text(row.created)

    @display(description=gettext_lazy("Changed"))
    def changed_rows(self, row: ImportBatch) -> str:
        """Records with a new version."""
        return count_text(row.changed)

    @display(description=gettext_lazy("Unchanged"))
    def unchanged_rows(self, row: ImportBatch) -> str:
        """Records that stood so already."""
        return count_text(row.unchanged)

    @display(description=gettext_lazy("Rejected"))
    def refused(self, row: ImportBatch) -> str:
        """Rows that could not be used."""
        return count_text(row.rejected)

    def page(self, _request: HttpRequest, obj: ImportBatch) -> dict[str, Any]:
        """What the import did."""
        counts = (
            (_("Rows read"), obj.rows),
            (_("New"), obj.created),
            (_("Changed"), obj.changed),
            (_("Unchanged"), obj.unchanged),
            (_("Rejected"), obj.rejected),
        )
        return {
            "title": obj.filename,
            "heading": _("Import of %(file)s") % {"file": obj.filename},
            "current": [
                (_("Organization"), obj.organization.name),
                (_("Kind"), kind_word(obj.kind)),
                (_("Imported"), time_cell(obj.imported_at, zone_of(obj), seconds=True)),
                (_("Imported by"), obj.imported_by or "–"),
                *((name, count_text(count)) for name, count in counts),
                ("SHA-256", code_cell(obj.sha256)),
            ],
        }


def kind_word(kind: str) -> str:
    """What an import brings."""
    return str(KINDS.get(kind, kind))
