"""Users and groups in the desk's look. Only superusers manage accounts; owners manage memberships."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.db.models import ManyToManyField
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from billing.admin.filters import ChoiceFilter
from billing.wording import role_text

admin.site.unregister(User)
admin.site.unregister(Group)

# Names of permissions of our own, as migrations put them into the database; shown in the reader's language.
STORED = (
    gettext_noop("Can trigger a run"),
    gettext_noop("Can acknowledge, assign and mark discrepancies as investigated"),
    gettext_noop("Can add notes to discrepancies"),
    gettext_noop("Can propose resolutions"),
    gettext_noop("Can approve and reject resolutions"),
    gettext_noop("Can requeue discrepancies"),
    gettext_noop("Can decide which records belong together"),
    gettext_noop("Can fetch from the provider"),
    gettext_noop("Can withdraw ingestions"),
    gettext_noop("Can attach statement lines"),
)


def role_word(group: Group) -> str:
    """A role's name."""
    return role_text(group.name)


def permission_words(permission: Permission) -> str:
    """What a permission allows, and on what."""
    verb = permission.codename.partition("_")[0]
    allowed = {"add": _("add"), "change": _("change"), "delete": _("delete"), "view": _("view")}.get(verb)
    if allowed is None or not permission.name.startswith(f"Can {verb} "):
        allowed = _(permission.name) if permission.name in STORED else permission.name
    return f"{permission.content_type} | {allowed}"


def in_own_words(field: Any) -> Any:
    """A form field of roles or permissions with names in the reader's language."""
    if field is not None and hasattr(field, "queryset"):
        words = {Group: role_word, Permission: permission_words}.get(field.queryset.model)
        if words:
            field.label_from_instance = words
    return field


class AccountAdmin(ModelAdmin):
    """Roles and permissions are told in the reader's language."""

    list_fullwidth = True

    def formfield_for_manytomany(
        self, db_field: ManyToManyField, request: HttpRequest | None = None, **kwargs: Any
    ) -> Any:
        """The choices of a form."""
        return in_own_words(super().formfield_for_manytomany(db_field, request, **kwargs))


class RoleFilter(ChoiceFilter):
    """Who has a role."""

    title = gettext_lazy("role")
    parameter_name = path = "groups"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        """Every role there is."""
        return [(str(group.pk), role_word(group)) for group in Group.objects.order_by("name")]


@admin.register(User)
class DeskUserAdmin(AccountAdmin, UserAdmin):
    """Django's own, with the desk's forms."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_filter_submit = True
    list_filter = ("is_staff", "is_superuser", "is_active", RoleFilter)


@admin.register(Group)
class DeskGroupAdmin(AccountAdmin, GroupAdmin):
    """The roles."""

    list_display = ("role",)
    ordering = ("name",)

    @display(description=gettext_lazy("Role"))
    def role(self, row: Group) -> str:
        """Its name."""
        return role_word(row)
