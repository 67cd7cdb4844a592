"""Statement lines: the list with its totals, those nobody owns yet, a line's page, and giving lines to their owner."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.decorators import action, display

from billing.access import visible_to
from billing.admin.amount_filter import amount_filter
from billing.admin.base import EvidenceAdmin
from billing.admin.cells import amount_cell, code_cell, time_cell, zone_of
from billing.admin.current import with_current
from billing.admin.filters import ChoiceFilter, CurrencyFilter, OrganizationFilter, choice_filter, period_filter
from billing.admin.search import line_ids
from billing.admin.versions import version_table
from billing.models import LineKind, Organization, StatementLine
from reconciliation.attaching import attach_on_record

from .attach_form import AttachForm, chosen_lines
from .statement_page import columns, facts, fee_rows, links
from .statement_totals import totals

FACTS = (
    *("kind", "type", "category", "gross_minor", "fee_minor", "net_minor", "currency", "presentment_minor"),
    *("presentment_currency", "exchange_rate", "occurred_at", "available_at", "source_reference", "charge_reference"),
    *("intent_reference", "payout_reference", "customer", "workspace", "invoice_reference", "tenant_id"),
    *("tenant_answer", "excluded_reason", "fetch_id"),
)
ATTACH = "reconciliation.attach_statements"


class CurrentCurrency(CurrencyFilter):
    """Currency of the current version."""

    path = "current__currency"


class OwnerFilter(ChoiceFilter):
    """Lines somebody owns, lines nobody owns yet, lines that were withdrawn."""

    title = gettext_lazy("belongs to")
    parameter_name = "owner"
    options = [
        ("none", gettext_lazy("no one yet")),
        ("someone", gettext_lazy("an organization")),
        ("withdrawn", gettext_lazy("withdrawn")),
    ]
    conditions = {
        "none": Q(current__tenant=None, current__excluded_reason="") & ~Q(current__id=None),
        "someone": Q(current__tenant__isnull=False, current__excluded_reason=""),
        "withdrawn": ~Q(current__excluded_reason=""),
    }

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of that state."""
        value = self.value()
        if not value:
            return queryset
        return queryset.filter(self.conditions[value]) if value in self.conditions else queryset.none()


@admin.register(StatementLine)
class StatementLineAdmin(EvidenceAdmin):
    """View-only, but for saying whose a line is."""

    page_template = "desk/statement_line.html"
    list_display = (
        "provider_id", "kind", "gross", "fee", "net", "occurred", "about", "invoice", "owner", "organization",
    )  # fmt: skip
    list_display_links = ("provider_id",)
    list_select_related = ("organization",)
    list_filter = (
        OrganizationFilter,
        OwnerFilter,
        choice_filter("current__kind", gettext_lazy("kind"), LineKind.choices),
        CurrentCurrency,
        amount_filter("current__gross_minor", "current__currency", gettext_lazy("gross")),
        period_filter("current__occurred_at", gettext_lazy("created")),
    )
    search_fields = ("external_id",)
    search_help_text = gettext_lazy("Whole id: txn_, ch_, re_, dp_, pi_, po_, invoice, customer")
    ordering = ("-pk",)
    actions = ("attach_selected",)
    actions_list = ("attach",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[StatementLine]:
        """Lines with the facts of their current version."""
        return with_current(super().get_queryset(request), FACTS)

    def found(self, request: HttpRequest, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Lines that `term` names."""
        return queryset.filter(pk__in=line_ids(visible_to(request), term))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, with the totals of what it shows above it."""
        response = super().changelist_view(request, extra_context)
        if isinstance(response, TemplateResponse) and response.context_data and "cl" in response.context_data:
            rows = response.context_data["cl"]
            response.context_data["list_top"] = {"lines": totals(rows.queryset)}
            self.exported(request, rows.result_list)
        return response

    def exported(self, request: HttpRequest, rows: list[Any]) -> list[Any]:
        """Rows with the name of whom each belongs to, as far as the reader may know it."""
        names = dict(Organization.objects.filter(pk__in=visible_to(request)).values_list("pk", "name"))
        for row in rows:
            row.owner_name = names.get(row.now_tenant_id) or _("another organization")
        return rows

    @display(description=gettext_lazy("Provider id"))
    def provider_id(self, row: Any) -> SafeString:
        """The line's identity."""
        return code_cell(row.external_id)

    @display(description=gettext_lazy("Kind"))
    def kind(self, row: Any) -> str:
        """What it is."""
        return str(dict(LineKind.choices).get(row.now_kind, "–")).capitalize()

    @display(description=gettext_lazy("Gross"))
    def gross(self, row: Any) -> SafeString:
        """Before fees, in the currency of settlement."""
        return amount_cell(row.now_gross_minor, row.now_currency or "")

    @display(description=gettext_lazy("Fee"))
    def fee(self, row: Any) -> SafeString:
        """What the provider took."""
        return amount_cell(row.now_fee_minor, row.now_currency or "")

    @display(description=gettext_lazy("Net"))
    def net(self, row: Any) -> SafeString:
        """What reached the balance."""
        return amount_cell(row.now_net_minor, row.now_currency or "")

    @display(description=gettext_lazy("Created"))
    def occurred(self, row: Any) -> SafeString:
        """In the organization's zone."""
        return time_cell(row.now_occurred_at, zone_of(row))

    @display(description=gettext_lazy("Source"))
    def about(self, row: Any) -> SafeString:
        """Charge, refund, dispute or payout."""
        return code_cell(row.now_source_reference or "")

    @display(description=gettext_lazy("Invoice"))
    def invoice(self, row: Any) -> SafeString:
        """What it is for."""
        return code_cell(row.now_invoice_reference or "")

    @display(description=gettext_lazy("Belongs to"))
    def owner(self, row: Any) -> SafeString:
        """Whose money it is; withdrawn lines belong to no one."""
        if row.now_excluded_reason:
            return format_html('<span class="nothing">{}</span>', _("withdrawn"))
        return format_html("{}", row.owner_name if row.now_tenant_id else _("no one yet"))

    def has_attach_permission(self, request: HttpRequest, *_args: Any) -> bool:
        """Managers, owners, superusers."""
        return bool(request.user.has_perm(ATTACH))

    @action(description=gettext_lazy("Say whose the ticked lines are"), permissions=["attach"])
    def attach_selected(self, _request: HttpRequest, queryset: QuerySet[StatementLine]) -> HttpResponse:
        """To the form, with the ticked lines."""
        chosen = ",".join(str(pk) for pk in queryset.order_by("pk").values_list("pk", flat=True)[:200])
        return redirect(f"{reverse('admin:billing_statementline_attach')}?lines={chosen}")

    @action(description=gettext_lazy("Attach lines"), icon="attach_file", permissions=["attach"], url_path="attach")
    def attach(self, request: HttpRequest) -> HttpResponse:
        """The lines nobody owns, or those asked for, and whose they are to be; each change is on record."""
        if not self.has_attach_permission(request):
            raise PermissionDenied
        own = visible_to(request)
        lines = chosen_lines(self.get_queryset(request), request.GET.get("lines", ""))
        form = AttachForm(request.POST or None, organizations=own, lines=lines)
        if request.method == "POST" and form.is_valid():
            return self._attached(request, form)
        context = {
            **self.admin_site.each_context(request), "opts": self.opts, "title": _("Say whose lines are"),
            "form": form, "media": self.media, "lines": form.rows(),
            "back": reverse("admin:billing_statementline_changelist"),
        }  # fmt: skip
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "desk/attach.html", context)

    def _attached(self, request: HttpRequest, form: AttachForm) -> HttpResponse:
        tenant, count = form.cleaned_data["tenant"], 0
        for organization, ids in form.by_statement().items():
            done = attach_on_record(
                organization=organization, tenant=tenant, external_ids=ids, by=request.user,  # type: ignore[arg-type]
                reason=form.cleaned_data["reason"], now=timezone.now(), request_id=getattr(request, "request_id", ""),
            )  # fmt: skip
            count += len(done.attached)
        text = ngettext("%(n)d line belongs to %(name)s now.", "%(n)d lines belong to %(name)s now.", count)
        messages.success(request, text % {"n": count, "name": tenant.name})
        return redirect("admin:billing_statementline_changelist")

    def page(self, request: HttpRequest, obj: StatementLine) -> dict[str, Any]:
        """All versions, newest first, its fees, and where the line is compared."""
        versions = list(obj.versions.select_related("fetch", "tenant").order_by("number"))
        now = versions[-1] if versions else None
        attach = f"{reverse('admin:billing_statementline_attach')}?lines={obj.pk}"
        return {
            "title": obj.external_id,
            "heading": _("Statement line %(id)s") % {"id": obj.external_id},
            "withdrawn": bool(now and now.excluded_reason),
            "unattached": bool(now and now.tenant_id is None and not now.excluded_reason),
            "attach": attach if now and not now.excluded_reason and self.has_attach_permission(request) else "",
            "current": facts(obj, now, visible_to(request)) if now else [],
            "fees": fee_rows(now) if now else [],
            "versions": version_table(versions, columns(obj)),
            "links": links(obj, now) if now else [],
        }
