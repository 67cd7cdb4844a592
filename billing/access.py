"""Who sees which organizations."""

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.http import HttpRequest

from billing.models import Membership, Organization

OWNER = "Owner"
CHOSEN = "tieout.organization"
"""Where the session keeps the one organization that somebody wants to see; it only ever narrows."""


def organization_ids(user: AbstractBaseUser | AnonymousUser) -> list[int]:
    """Ids of the organizations a user may see: those of the user's memberships, all for a superuser."""
    if not user.is_authenticated or not user.is_active:
        return []
    if getattr(user, "is_superuser", False):
        return list(Organization.objects.order_by("pk").values_list("pk", flat=True))
    return list(
        Membership.objects.filter(user_id=user.pk).order_by("organization_id").values_list("organization_id", flat=True)
    )


def member_ids(request: HttpRequest) -> list[int]:
    """`organization_ids` of the request's user, asked once a request."""
    ids: list[int] | None = request.META.get("tieout.members")
    if ids is None:
        ids = request.META["tieout.members"] = organization_ids(request.user)
    return ids


def chosen_organization(request: HttpRequest) -> int | None:
    """The one organization the user wants to see, if it is one of the user's."""
    session = getattr(request, "session", None)
    chosen = session.get(CHOSEN) if session is not None else None
    return chosen if chosen in member_ids(request) else None


def visible_to(request: HttpRequest) -> list[int]:
    """Ids of the organizations that lists and figures are about: the chosen one, else all of the user's."""
    ids: list[int] | None = request.META.get("tieout.organizations")
    if ids is None:
        chosen = chosen_organization(request)
        ids = request.META["tieout.organizations"] = member_ids(request) if chosen is None else [chosen]
    return ids


def look_everywhere(request: HttpRequest) -> None:
    """For the page of one row: a link to it holds whichever organization is chosen."""
    request.META["tieout.organizations"] = member_ids(request)


def memberships_of(request: HttpRequest) -> list[Organization]:
    """All organizations of the request's user, by name, asked once a request."""
    found: list[Organization] | None = request.META.get("tieout.memberships")
    if found is None:
        found = list(Organization.objects.filter(pk__in=member_ids(request)).order_by("name", "pk"))
        request.META["tieout.memberships"] = found
    return found


def own_organizations(request: HttpRequest) -> list[Organization]:
    """The organizations of `visible_to`, by name."""
    visible = set(visible_to(request))
    return [row for row in memberships_of(request) if row.pk in visible]
