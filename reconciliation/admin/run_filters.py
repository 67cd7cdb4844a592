"""Filters that lead from the page of a run to exactly the rows it counts."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.access import visible_to
from billing.admin.filters import ChoiceFilter
from billing.admin.search import row_number
from reconciliation.models import ReconciliationRun
from reconciliation.run_changes import ACTIONS, ITEM_CHANGES, Span, changed_discrepancies, changed_items, in_period

from .log_words import action_words
from .run_page import period_text

MOST_OFFERED = 15


def own_runs(request: HttpRequest, ids: list[str]) -> list[ReconciliationRun]:
    """The runs of one's own organizations with these ids, in their order; nothing when any is not one's own."""
    numbers = [number for text in ids if (number := row_number(text)) is not None]
    if len(numbers) < len(ids):
        return []
    rows = ReconciliationRun.objects.filter(organization__in=visible_to(request), pk__in=numbers)
    found = {run.pk: run for run in rows.select_related("organization").defer("report", "report_markdown", "tally")}
    return [found[pk] for pk in numbers] if set(found) == set(numbers) else []


def span_from(request: HttpRequest, code: str) -> Span | None:
    """The span an address names, if its three runs are one's own and belong together."""
    runs = own_runs(request, code.split("-"))
    if len(runs) != 3 or len({(run.organization_id, run.comparison) for run in runs}) != 1:
        return None
    return Span(*runs)


class AskedFilter(ChoiceFilter):
    """A filter that only an address asks for; it shows as a chip."""

    def lookups(self, request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        """What is asked for."""
        asked = (request.GET.get(self.parameter_name) or "").strip()
        return [(asked, self.words(request, asked))] if asked else []

    def words(self, request: HttpRequest, asked: str) -> str:
        """What the chip says."""
        raise NotImplementedError

    def has_output(self) -> bool:
        """Nothing to choose from."""
        return bool(self.value())


class OfRunFilter(ChoiceFilter):
    """What a run is about: one of the newest that ended, or the one an address asks for."""

    run: ReconciliationRun | None = None

    def lookups(self, request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        """The newest runs of one's own organizations, and the one asked for, if it is one's own."""
        asked = (request.GET.get(self.parameter_name) or "").strip()
        rows = ReconciliationRun.objects.filter(organization__in=visible_to(request), number__isnull=False)
        rows = rows.select_related("organization").defer("report", "report_markdown", "tally")
        newest = list(rows.order_by("-pk")[:MOST_OFFERED])
        number = row_number(asked)
        self.run = next((run for run in newest if run.pk == number), None)
        if asked and self.run is None:
            self.run = next((run for run in own_runs(request, [asked]) if run.number is not None), None)
            newest += [self.run] if self.run else []
        offered = [(str(run.pk), run_words(run)) for run in newest]
        return offered if not asked or self.run else [*offered, (asked, "?")]

    def has_output(self) -> bool:
        """Shown when there is a choice, or one was made."""
        return bool(self.lookup_choices) or bool(self.value())

    def chip(self) -> str:
        """The run's number."""
        return str(self.run or "?") if self.value() else ""


def run_words(run: ReconciliationRun) -> str:
    """A run as a list of choices names it: number, comparison, period."""
    return f"{run} · {run.get_comparison_display()} · {period_text(run)}"


class PeriodOfRunFilter(OfRunFilter):
    """What occurred in the period a run compared."""

    title = gettext_lazy("period of run")
    parameter_name = "of_run"

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of its organization, comparison and period."""
        if not self.value():
            return queryset
        return in_period(queryset, self.run) if self.run else queryset.none()


class ChangesFilter(AskedFilter):
    """What runs changed between two runs: "opened.12-15-15"."""

    title = gettext_lazy("changed between runs")
    parameter_name = "changes"
    known: tuple[str, ...] = ACTIONS
    change, span = "", None  # an address that asks for blanks

    def words(self, request: HttpRequest, asked: str) -> str:
        """What was done, and between which runs."""
        self.change, _dot, code = asked.partition(".")
        self.span = span_from(request, code) if self.change in self.known else None
        if self.span is None:
            return "?"
        values = {"what": self.change_word(self.change), "earlier": self.span.earlier, "later": self.span.later}
        return _("%(what)s after %(earlier)s, up to %(later)s") % values

    def change_word(self, change: str) -> str:
        """What runs did."""
        return action_words(change)

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows that changed."""
        if not self.value():
            return queryset
        return self.changed(queryset, self.span) if self.span else queryset.none()

    def changed(self, queryset: QuerySet[Any], span: Span) -> QuerySet[Any]:
        """Discrepancies."""
        return changed_discrepancies(queryset, span, self.change)


class ItemChangesFilter(ChangesFilter):
    """Items that runs opened or closed between two runs."""

    known = ITEM_CHANGES

    def change_word(self, change: str) -> str:
        """What runs did."""
        return _("Opened") if change == "opened" else _("Replaced")

    def changed(self, queryset: QuerySet[Any], span: Span) -> QuerySet[Any]:
        """Items."""
        return changed_items(queryset, span, self.change)
