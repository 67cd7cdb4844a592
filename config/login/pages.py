"""The page of the second factor: asks for a code, sets it up, or shows that it is on."""

from typing import Any

import django_otp
from django.contrib import admin, messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST
from django_otp.models import Device

from . import second_factor as factor
from .forms import CodeForm
from .middleware import PAGE, WITHOUT
from .sessions import end_sessions


@never_cache
@sensitive_post_parameters("code")
@login_required
@require_http_methods(["GET", "POST"])
def second_factor(request: HttpRequest) -> HttpResponse:
    """Asks for a code, leads through setting it up, or shows that it is on: whatever comes next for this person."""
    if request.user.is_verified():  # type: ignore[union-attr]  # django-otp's
        return overview(request)
    return ask(request) if factor.app_of(person(request)) else enrol(request)


def person(request: HttpRequest) -> Any:
    """Who is signed in."""
    return request.user


def target(request: HttpRequest) -> str:
    """Where the person wanted to go; nowhere but here."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if safe else reverse("admin:index")


def shown(request: HttpRequest, template: str, title: str, status: int = 200, **more: Any) -> HttpResponse:
    """A page in the look of the login."""
    context = {**admin.site.each_context(request), "title": title, "next": target(request), **more}
    return TemplateResponse(request, f"login/{template}.html", context, status=status)


def ask(request: HttpRequest) -> HttpResponse:
    """Asks for a code of the app, or a recovery code."""
    form = CodeForm(request.POST or None)
    if form.is_valid():
        device = factor.verified_by(user=person(request), code=form.cleaned_data["code"])
        if device is not None:
            remember(request, device)
            tell_recovery_codes(request, device)
            return redirect(target(request))
        form.add_error(
            "code",
            _("This code is not valid now. Wait for the next one; after a wrong code it takes a few seconds longer."),
        )
    status = 400 if form.errors else 200
    return shown(request, "second_factor_ask", _("One-time code"), status, form=form)


def remember(request: HttpRequest, device: Device) -> None:
    """Keep in the session that the factor was shown; it gets a new key, since it may do more from now on."""
    django_otp.login(request, device)
    request.session.pop(WITHOUT, None)
    request.session.cycle_key()


def tell_recovery_codes(request: HttpRequest, device: Device) -> None:
    """Somebody without the app should know how long the codes will last."""
    if isinstance(device, factor.StaticDevice):
        left = factor.recovery_codes_left(person(request))
        messages.warning(request, _("A recovery code was used. %(count)d are left.") % {"count": left})


def enrol(request: HttpRequest) -> HttpResponse:
    """Shows the secret and takes the app in use after its first code; other sessions end."""
    form = CodeForm(request.POST or None)
    if form.is_valid():
        done = factor.confirm(user=person(request), code=form.cleaned_data["code"])
        if done is not None:
            device, codes = done
            remember(request, device)
            end_sessions(user=person(request), now=timezone.now(), keep=request.session.session_key)
            return shown(request, "second_factor_codes", _("Recovery codes"), codes=codes)
        form.add_error(
            "code", _("This is not the code the app shows now. Check the phone's clock and try the next one.")
        )
    device = factor.enrolment_of(person(request))
    return shown(
        request,
        "second_factor_enrol",
        _("Set up a second factor"),
        400 if form.errors else 200,
        form=form,
        picture=mark_safe(factor.picture(device)),  # noqa: S308  # made here from a secret of ours
        secret=factor.secret_text(device),
        required=factor.must_have_one(person(request)),
    )


def overview(request: HttpRequest) -> HttpResponse:
    """That it is on; new recovery codes, or off again where it is not required."""
    required = factor.must_have_one(person(request))
    wanted = request.POST.get("do", "")
    if wanted == "new_codes":
        codes = factor.new_recovery_codes(user=person(request))
        return shown(request, "second_factor_codes", _("Recovery codes"), codes=codes)
    if wanted == "remove" and not required:
        factor.remove(user=person(request))
        request.session.cycle_key()
        messages.success(request, _("The second factor is off."))
        return redirect("admin:index")
    return shown(
        request,
        "second_factor",
        _("Second factor"),
        required=required,
        left=factor.recovery_codes_left(person(request)),
    )


@login_required
@require_POST
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    """Signs the person out everywhere else."""
    request.session.cycle_key()
    ended = end_sessions(user=person(request), now=timezone.now(), keep=request.session.session_key)
    messages.success(request, _("Signed out elsewhere: %(count)d sessions.") % {"count": ended})
    return redirect(PAGE)
