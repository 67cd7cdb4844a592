"""Nobody gets past the password alone who has, or must have, a second factor."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from config.errors import error_body, is_api
from config.request_ids import request_id_of

from .second_factor import app_of, must_have_one

PAGE = "second_factor"
OPEN = frozenset({PAGE, "admin:logout", "admin:login", "admin:jsi18n", "set_language", "healthz"})
WITHOUT = "second_factor_none"
"""Kept in a session whose user has no second factor, so that it is not looked up with every page. Whoever sets one up
ends the other sessions.
"""


def still_to_verify(request: HttpRequest) -> bool:
    """Whether the signed-in user of `request` has yet to show the second factor, or to set it up."""
    user = request.user
    if not isinstance(user, User) or not user.is_active or user.is_verified():  # type: ignore[attr-defined]  # django-otp's
        return False
    if must_have_one(user):
        return True
    if request.session.get(WITHOUT):
        return False
    if app_of(user) is not None:
        return True
    request.session[WITHOUT] = True
    return False


class SecondFactorMiddleware:
    """Leads to the page of the second factor until it has been shown. After django-otp's middleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer to `request`."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponseBase | None:
        """Nothing for whoever may go on; else the way to the page, in the form the caller understands."""
        match = request.resolver_match
        if SESSION_KEY not in request.session or (match and match.view_name in OPEN) or not still_to_verify(request):
            return None
        if is_api(request):
            message = _("This account needs its second factor first: sign in at /admin/.")
            body = error_body(
                code="second_factor_needed", message=message, details=[], request_id=request_id_of(request)
            )
            return JsonResponse(body, status=403)
        page = reverse(PAGE)
        if request.method == "GET":
            page = f"{page}?{urlencode({'next': request.get_full_path()})}"
        if request.headers.get("HX-Request"):
            return HttpResponse(status=403, headers={"HX-Redirect": reverse(PAGE)})
        return redirect(page)
