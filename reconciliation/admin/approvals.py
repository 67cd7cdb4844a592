"""The approvals: what waits for a signature, decided one by one in dialogs, or together within one cause and code."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from billing.access import visible_to
from billing.admin.search import row_number
from reconciliation.models import BulkAction, ReconciliationDiscrepancy
from reconciliation.workflow import BY_CODE
from reconciliation.workflow.transitions import APPROVE

from .approval_cards import CARDS, alike, cards, waiting
from .bulk_start import preview

TOGETHER = (BulkAction.Action.APPROVE.value, BulkAction.Action.REJECT.value)


class ApprovalsMixin:
    """Gives the ModelAdmin of discrepancies the page of what waits for approval."""

    admin_site: Any
    opts: Any
    media: Any
    has_view_permission: Any

    def get_urls(self) -> list[URLPattern]:
        """The page, and what is decided together."""
        view = self.admin_site.admin_view
        own = [
            path("approvals/", view(self.approvals_view), name="reconciliation_approvals"),
            path("approvals/together", view(self.together_view), name="reconciliation_approvals_together"),
        ]
        return [*own, *super().get_urls()]  # type: ignore[misc]

    def approvals_view(self, request: HttpRequest) -> HttpResponse:
        """Cards, the newest proposal first; own ones locked."""
        if request.method not in ("GET", "HEAD") or not self.has_view_permission(request):
            raise PermissionDenied
        own, before = visible_to(request), row_number(request.GET.get("before", ""))
        rows = waiting(own)
        if before is not None:
            rows = rows.filter(pk__lt=before)
        page: list[ReconciliationDiscrepancy] = list(rows.select_related("organization", "proposed_by")[: CARDS + 1])
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Approvals"),
            "media": self.media,
            "cards": cards(page[:CARDS], request.user),
            "alike": alike(own, request.user),
            "more": page[CARDS - 1].pk if len(page) > CARDS else "",
            "signs": request.user.has_perm(APPROVE),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "desk/approvals.html", context)

    def together_view(self, request: HttpRequest) -> HttpResponse:
        """Previews a decision about everything that is proposed as one code about one cause."""
        code, cause = str(request.POST.get("code", "")), row_number(str(request.POST.get("cause", "")))
        action = str(request.POST.get("action", ""))
        known = code in BY_CODE and cause is not None and action in TOGETHER
        if request.method != "POST" or not known or not request.user.has_perm(APPROVE):
            raise PermissionDenied
        rows = waiting(visible_to(request)).filter(resolution_code=code, cause_member__cause=cause)
        selection = {"kind": "approvals", "cause": cause, "code": code}
        return preview(request, action, rows, selection, back=reverse("admin:reconciliation_approvals"))
