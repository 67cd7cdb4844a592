"""What the sidebar shows to whom. Named by dotted paths in the settings."""

from collections.abc import Sequence

from django.core.cache import cache
from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from billing.access import visible_to
from reconciliation import queues
from reconciliation.disputes import pressing

from .approval_cards import mine_to_sign

BADGE_SECONDS = 60
MOST_COUNTED = 1_000


def badge_key(name: str, request: HttpRequest, own: Sequence[int]) -> str:
    """Where a number is kept for a person and the organizations that are looked at."""
    return f"badge:{name}:{request.user.pk}:{'-'.join(map(str, own[:50]))}:{len(own)}"


def count_again(request: HttpRequest) -> None:
    """Forgets the numbers kept for whoever has just taken a step, and would see the step missing in them."""
    own = visible_to(request)
    cache.delete_many([badge_key(name, request, own) for name in ("open", "disputes", "sign")])


def open_discrepancies(request: HttpRequest) -> str:
    """How many discrepancies are not resolved, from the totals and kept for a minute."""
    own = visible_to(request)
    key = badge_key("open", request, own)
    text = cache.get(key)
    if text is None:
        text = str(queues.counts(queues.totals(own), {"open": Q()})["open"])
        cache.set(key, text, BADGE_SECONDS)
    return str(text)


def pressing_disputes(request: HttpRequest) -> str:
    """How many disputes have something that expires within a day; kept for a minute."""
    own = visible_to(request)
    key = badge_key("disputes", request, own)
    text = cache.get(key)
    if text is None:
        text = str(pressing(own, timezone.now()))
        cache.set(key, text, BADGE_SECONDS)
    return str(text)


def sees_discrepancies(request: HttpRequest) -> bool:
    """For the link to disputes."""
    return may_see("reconciliation.view_reconciliationdiscrepancy", request)


def in_organizations(request: HttpRequest) -> bool:
    """Whether the link to the list is where one is; the balance has a link of its own below the same address."""
    listed = reverse("admin:billing_organization_changelist")
    return request.path.startswith(listed) and not request.path.startswith(reverse("admin:billing_balance"))


def in_discrepancies(request: HttpRequest) -> bool:
    """Whether the link to the list is where one is; the approvals have a link of their own below the same address."""
    queue = reverse("admin:reconciliation_reconciliationdiscrepancy_changelist")
    return request.path.startswith(queue) and not request.path.startswith(reverse("admin:reconciliation_approvals"))


def to_sign(request: HttpRequest) -> str:
    """How many proposals the user may decide, counted up to 1,000 and kept for a minute."""
    own = visible_to(request)
    key = badge_key("sign", request, own)
    text = cache.get(key)
    if text is None:
        count = mine_to_sign(own, request.user, MOST_COUNTED + 1)
        text = f"{MOST_COUNTED:,}+" if count > MOST_COUNTED else str(count)
        cache.set(key, text, BADGE_SECONDS)
    return str(text)


def may_see(permission: str, request: HttpRequest) -> bool:
    """Whether the user holds a permission."""
    return bool(request.user.has_perm(permission))


def sees_organizations(request: HttpRequest) -> bool:
    """For the link to organizations."""
    return may_see("billing.view_organization", request)


def sees_memberships(request: HttpRequest) -> bool:
    """For the link to memberships."""
    return may_see("billing.view_membership", request)


def sees_evidence(request: HttpRequest) -> bool:
    """For everything below Work and Evidence."""
    return may_see("reconciliation.view_reconciliationrun", request)


def sets_thresholds(request: HttpRequest) -> bool:
    """For the link to closing thresholds."""
    return may_see("reconciliation.change_closingthreshold", request)


def sees_users(request: HttpRequest) -> bool:
    """For the links to users and roles."""
    return may_see("auth.view_user", request)


def sees_jobs(request: HttpRequest) -> bool:
    """For the links to the worker's queue."""
    return may_see("django_q.view_ormq", request)
