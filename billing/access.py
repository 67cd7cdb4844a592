"""Who sees which organizations."""

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.http import HttpRequest

from billing.models import Membership, Organization

OWNER = "Owner"


def organization_ids(user: AbstractBaseUser | AnonymousUser) -> list[int]:
    """Ids of the organizations a user may see: those of the user's memberships, all for a superuser."""
    if not user.is_authenticated or not user.is_active:
        return []
    if getattr(user, "is_superuser", False):
        return list(Organization.objects.order_by("pk").values_list("pk", flat=True))
    return list(
        Membership.objects.filter(user_id=user.pk).order_by("organization_id").values_list("organization_id", flat=True)
    )


def own_organizations(request: HttpRequest) -> list[Organization]:
    """The organizations of the request's user, by name, asked once a request."""
    found: list[Organization] | None = request.META.get("tieout.own_organizations")
    if found is None:
        found = list(Organization.objects.filter(pk__in=visible_to(request)).order_by("name", "pk"))
        request.META["tieout.own_organizations"] = found
    return found


def visible_to(request: HttpRequest) -> list[int]:
    """`organization_ids` of the request's user, asked once a request."""
    ids: list[int] | None = request.META.get("tieout.organizations")
    if ids is None:
        ids = organization_ids(request.user)
        request.META["tieout.organizations"] = ids
    return ids
