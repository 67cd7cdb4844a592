"""Choosing the one organization that lists and figures are about."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from billing.access import CHOSEN, member_ids


@require_POST
def choose_organization(request: HttpRequest) -> HttpResponse:
    """Remembers the choice in the session and goes back; anything but an own organization means all of them."""
    text = request.POST.get("organization", "")
    chosen = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
    request.session.pop(CHOSEN, None)
    if chosen in member_ids(request):
        request.session[CHOSEN] = chosen
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts=None, require_https=False) and back.startswith("/admin/")
    return redirect(back if safe else reverse("admin:index"))
