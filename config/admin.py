"""Accounts: what keeps them safe, for whoever manages them. The secrets of second factors are shown to nobody."""

from typing import Any

from axes.models import AccessAttempt
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_otp.plugins.otp_static.admin import StaticDevice
from django_otp.plugins.otp_totp.admin import TOTPDevice
from unfold.decorators import action
from unfold.forms import BaseDialogForm

from config.login import second_factor
from config.login.sessions import end_sessions
from reconciliation.admin.accounts import AccountAdmin, DeskUserAdmin

for device in (TOTPDevice, StaticDevice):
    admin.site.unregister(device)
admin.site.unregister(User)
PRIVILEGES = {"groups", "user_permissions", "is_superuser", "is_staff", "is_active"}


class Remove(BaseDialogForm):
    """Asks for nothing; says what happens."""


@admin.register(User)
class AccountSafetyAdmin(DeskUserAdmin):
    """Users, with the way out for somebody who lost the second factor."""

    actions_detail = ("remove_second_factor", "sign_out")

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Whose privileges change signs in again."""
        super().save_related(request, form, formsets, change)
        if change and PRIVILEGES & set(form.changed_data):
            keep = request.session.session_key if form.instance.pk == request.user.pk else None
            end_sessions(user=form.instance, now=timezone.now(), keep=keep)

    @action(
        description=gettext_lazy("Remove second factor"),
        url_path="remove-second-factor",
        permissions=["change"],
        dialog={
            "title": gettext_lazy("Remove second factor"),
            "description": gettext_lazy(
                "Do this only after you know who asks. The person is signed out everywhere and, where the role "
                "needs it, sets up a new one at the next login."
            ),
            "form_class": Remove,
            "form_submit_text": gettext_lazy("Remove second factor"),
        },
    )
    def remove_second_factor(self, request: HttpRequest, _form: Remove, object_id: str) -> HttpResponse:
        """For somebody who lost the app and the codes."""
        user = User.objects.get(pk=object_id)
        second_factor.remove(user=user)
        end_sessions(user=user, now=timezone.now(), keep=request.session.session_key)
        messages.success(request, _("%(user)s has no second factor any more.") % {"user": user.get_username()})
        return HttpResponse(headers={"HX-Redirect": reverse("admin:auth_user_change", args=[user.pk])})

    @action(
        description=gettext_lazy("Sign out everywhere"),
        url_path="end-sessions",
        permissions=["change"],
        dialog={
            "title": gettext_lazy("Sign out everywhere"),
            "description": gettext_lazy("Every session of this person ends now."),
            "form_class": Remove,
            "form_submit_text": gettext_lazy("Sign out everywhere"),
        },
    )
    def sign_out(self, request: HttpRequest, _form: Remove, object_id: str) -> HttpResponse:
        """For a lost computer."""
        user = User.objects.get(pk=object_id)
        count = end_sessions(user=user, now=timezone.now())
        messages.success(request, _("Signed out elsewhere: %(count)d sessions.") % {"count": count})
        return HttpResponse(headers={"HX-Redirect": reverse("admin:auth_user_change", args=[user.pk])})


@admin.register(AccessAttempt)
class FailedLoginAdmin(AccountAdmin):
    """Wrong passwords of late. Deleting a row opens the name and the address again."""

    list_display = ("username", "ip_address", "failures_since_start", "attempt_time")
    list_display_links = None
    search_fields = ("=username",)
    search_help_text = gettext_lazy("Whole user name")
    ordering = ("-attempt_time",)
    actions = ("unlock",)

    def has_add_permission(self, _request: HttpRequest, *_args: Any) -> bool:
        """They are counted, not written."""
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """They are counted, not written."""
        return False

    @admin.action(description=gettext_lazy("Unlock"), permissions=["delete"])
    def unlock(self, request: HttpRequest, queryset: QuerySet[AccessAttempt]) -> None:
        """Forget the failures of the ticked rows."""
        count, _models = queryset.delete()
        messages.success(request, _("%(count)d unlocked.") % {"count": count})
