"""Saving, changing and removing views of lists."""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import parse_qsl, urlencode

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from billing.access import organization_ids
from billing.models import SavedView

PLACES = ("after", "before", "p", "_facets", "_changelist_filters")
MOST = 30
LONGEST_NAME, LONGEST_QUERY = 60, 2_000


class ViewRefused(Exception):
    """A view that cannot be saved; `str()` says why and what to do."""


def seen_by(user_id: int, organizations: Sequence[int], list_label: str) -> QuerySet[SavedView]:
    """The views of a list that somebody sees: the own ones, and those shared in the organizations."""
    rows = SavedView.objects.filter(Q(owner=user_id) | Q(organization__in=organizations), list=list_label)
    return rows.order_by("name", "pk")[:MOST]


def filters_of(query: str) -> str:
    """The filters of an address, in a fixed order and without the place in the list."""
    pairs = [(name, value) for name, value in parse_qsl(query.removeprefix("?")) if name not in PLACES and value]
    return urlencode(sorted(pairs))


def save_view(
    *, list_label: str, name: str, query: str, organization_id: int | None, by: User, now: datetime
) -> SavedView:
    """Saves the filters of a list under a name. Raises ViewRefused."""
    filters = filters_of(query)
    if not filters:
        raise ViewRefused(_("There is no filter to save. Choose one first."))
    if len(filters) > LONGEST_QUERY:
        raise ViewRefused(_("These filters are too long to be saved."))
    check(list_label, name, organization_id, by, other_than=None)
    return SavedView.objects.create(
        owner=by, organization_id=organization_id, list=list_label, name=name.strip(), query=filters, created_at=now
    )


def change_view(*, view_id: int, name: str, organization_id: int | None, by: User) -> SavedView:
    """Gives an own view another name, or shares it with another organization or nobody. Raises ViewRefused."""
    view = own_view(view_id, by)
    check(view.list, name, organization_id, by, other_than=view)
    view.name, view.organization_id = name.strip(), organization_id
    view.save(update_fields=["name", "organization"])
    return view


def remove_view(*, view_id: int, by: User) -> SavedView:
    """Removes an own view. Raises ViewRefused."""
    view = own_view(view_id, by)
    SavedView.objects.filter(pk=view.pk).delete()
    return view


def own_view(view_id: int, user: User) -> SavedView:
    """A view of one's own. Raises ViewRefused."""
    view = SavedView.objects.filter(pk=view_id, owner=user).first()
    if view is None:
        raise ViewRefused(_("This view is gone, or somebody else's. Save one of your own."))
    return view


def check(list_label: str, name: str, organization_id: int | None, user: User, other_than: SavedView | None) -> None:
    """Raises ViewRefused for a name that cannot be used or an organization that is not one's own."""
    text = name.strip()
    if not text or len(text) > LONGEST_NAME or not text.isprintable():
        raise ViewRefused(_("Give the view a name of 1 to 60 characters."))
    if organization_id is not None and organization_id not in organization_ids(user):
        raise ViewRefused(_("There is no such organization among yours."))
    taken = SavedView.objects.filter(owner=user, list=list_label, name=text).first()
    if taken and taken != other_than:
        raise ViewRefused(_("You have a view of this name already. Choose another name, or remove that one."))
