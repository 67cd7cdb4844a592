"""Who may see and work for which organization."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from billing.access import visible_to
from billing.models import Membership, Organization
from billing.wording import role_text

from .base import DeskAdmin
from .filters import OrganizationFilter


@admin.register(Membership)
class MembershipAdmin(DeskAdmin):
    """Owners decide within their own organizations."""

    list_display = ("user", "organization", "roles")
    list_select_related = ("user", "organization")
    list_filter = (OrganizationFilter,)
    search_fields = ("user__username",)
    search_help_text = _("Whole user name")
    ordering = ("organization_id", "pk")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        """Memberships with their users' roles."""
        return super().get_queryset(request).prefetch_related("user__groups")

    def found(self, _request: HttpRequest, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """By user name."""
        return queryset.filter(user__username=term)

    @admin.display(description=_("Roles"))
    def roles(self, row: Membership) -> str:
        """Groups of the user."""
        return ", ".join(role_text(group.name) for group in row.user.groups.all()) or "–"

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Choices: own organizations, and the people already known in them; a superuser chooses among all."""
        own = visible_to(request)
        if db_field.name == "organization":
            kwargs["queryset"] = Organization.objects.filter(pk__in=own).order_by("name")
        if db_field.name == "user":
            people = User.objects.filter(is_active=True).order_by("username")
            if not getattr(request.user, "is_superuser", False):
                people = people.filter(memberships__organization__in=own).distinct()
            kwargs["queryset"] = people
        return super().formfield_for_foreignkey(db_field, request, **kwargs)
