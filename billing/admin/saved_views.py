"""Saved views at the desk: tabs beside the list's own, and the one address that changes them."""

from typing import Any

from django.apps import apps
from django.contrib import admin, messages
from django.contrib.admin.exceptions import NotRegistered
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from billing.access import own_organizations, visible_to
from billing.saved_views import ViewRefused, change_view, filters_of, remove_view, save_view, seen_by

KEPT_SECONDS = 60
Kept = list[tuple[int, str, str, int, int | None]]


def key_of(user_id: int, label: str) -> str:
    """The name in the cache of the views somebody sees on a list."""
    return f"views:{user_id}:{label}"


def views(request: HttpRequest, changelist: Any) -> dict[str, Any]:
    """The views of a list, which of them is shown, and what the dialogs ask for."""
    label = changelist.opts.label_lower
    user_id = request.user.pk or 0

    def read() -> Kept:
        found = seen_by(user_id, visible_to(request), label)
        return list(found.values_list("pk", "name", "query", "owner_id", "organization_id"))

    kept: Kept = cache.get_or_set(key_of(user_id, label), read, KEPT_SECONDS) or []
    here = filters_of(changelist.get_query_string())
    shown = [
        {
            "pk": pk, "name": name, "url": f"?{query}", "here": query == here, "own": owner == user_id,
            "shared": organization,
        }
        for pk, name, query, owner, organization in kept
    ]  # fmt: skip
    current = next((view for view in shown if view["here"]), None)
    return {
        "all": shown,
        "current": current if current and current["own"] else None,
        "may_save": bool(here) and current is None,
        "list": label,
        "query": here,
        "organizations": own_organizations(request) if here else [],
        "url": reverse("saved_views"),
    }


@require_POST
def change(request: HttpRequest) -> HttpResponse:
    """Saves, changes or removes a view, and goes back to its list."""
    label = request.POST.get("list", "")
    try:
        site = admin.site.get_model_admin(apps.get_model(label))
    except (LookupError, ValueError, NotRegistered):
        raise Http404 from None
    if not site.has_view_permission(request):
        raise PermissionDenied
    query = filters_of(request.POST.get("query", ""))
    try:
        done, query = changed(request, label, query)
        messages.success(request, done)
    except ViewRefused as refusal:
        messages.error(request, str(refusal))
    cache.delete(key_of(request.user.pk or 0, label))
    address = reverse(f"admin:{site.opts.app_label}_{site.opts.model_name}_changelist")
    return redirect(f"{address}?{query}" if query else address)


def changed(request: HttpRequest, label: str, query: str) -> tuple[str, str]:
    """What was done, and the filters to go on with. Raises ViewRefused."""
    given, by = request.POST, request.user
    if not by.is_authenticated:
        raise PermissionDenied
    name, shared = given.get("name", ""), number(given.get("organization", ""))
    if given.get("do") == "save":
        view = save_view(
            list_label=label, name=name, query=query, organization_id=shared, by=by, now=timezone.now()
        )  # fmt: skip
        return _("View “%(name)s” saved.") % {"name": view.name}, query
    view_id = number(given.get("view", "")) or 0
    if given.get("do") == "remove":
        view = remove_view(view_id=view_id, by=by)
        return _("View “%(name)s” removed.") % {"name": view.name}, ""
    view = change_view(view_id=view_id, name=name, organization_id=shared, by=by)
    return _("View “%(name)s” changed.") % {"name": view.name}, query


def number(text: str) -> int | None:
    """A whole number, or None; a text that is none names nothing there is."""
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
