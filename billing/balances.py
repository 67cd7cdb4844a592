"""Asking the provider what is on the balance, and what that says about the statement lines kept here.

The balance is the sum of all lines ever created (https://docs.stripe.com/api/balance). Between two moments at which the
provider was asked, its change must be the sum of the lines between them; what it held beyond the lines known at the
first one was there before the first line that is known.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Exists, OuterRef, Sum

from .models import Organization, ProviderBalance, ProviderFetch
from .provider_api import KeyRefused
from .statement_queries import current_lines
from .stripe_access import Access
from .stripe_client import read_balance
from .stripe_fields import Json, UnusableObject, count, currency_of

PARTS: Final = ("available", "pending", "connect_reserved")
# Lines are created in whole seconds, so around a line nobody can say on which side of it a moment lies.
QUIET: Final = timedelta(seconds=5)
AT_LEAST_EVERY: Final = timedelta(hours=20)


@dataclass(frozen=True, slots=True)
class Told:
    """What the provider says of a balance. `before_minor`: held before the first line known here; `held_minor` at
    `at`, where `counted_minor` was expected; None while it was asked only once.
    """

    before_minor: int
    at: datetime
    held_minor: int
    counted_minor: int | None

    @property
    def gap_minor(self) -> int:
        """How much more the provider holds than was counted."""
        return 0 if self.counted_minor is None else self.held_minor - self.counted_minor


def observe_balance(*, organization: Organization, access: Access, now: datetime) -> list[ProviderBalance]:
    """Ask once; keeps what differs from the last answer, and one a day. Nothing where the key may not read it, or where
    the answer makes no sense.

    Raises StripeProblem.
    """
    try:
        held = held_by_currency(read_balance(access.api))
    except UnusableObject:
        return []
    except KeyRefused as refused:
        if refused.code == "key_not_permitted":
            return []
        raise
    kept = []
    for currency, amount in sorted(held.items()):
        rows = ProviderBalance.objects.filter(organization=organization, currency=currency, observed_at__lte=now)
        last = rows.order_by("-observed_at").first()
        if last is None or last.held_minor != amount or last.observed_at <= now - AT_LEAST_EVERY:
            kept.append(
                ProviderBalance(organization=organization, currency=currency, held_minor=amount, observed_at=now)
            )
    return ProviderBalance.objects.bulk_create(kept, ignore_conflicts=True)


def held_by_currency(item: Json) -> dict[str, int]:
    """The whole balance of each currency, in minor units. Raises UnusableObject."""
    if item.get("object") != "balance":
        raise UnusableObject(item, "object")
    found: dict[str, int] = {}
    for name in PARTS:
        rows = item.get(name)
        for row in rows if isinstance(rows, list) else []:
            currency = currency_of(row)
            found[currency] = found.get(currency, 0) + count(row, "amount")
    return found


def told_balance(*, organization: Organization, currency: str, start: datetime, end: datetime) -> Told | None:
    """What the provider says of a balance around [start, end); None where it was not asked by `end`.

    Only moments count whose lines have been ingested since, and around which no line was created.
    """
    ingested = ProviderFetch.objects.filter(
        organization=organization, kind=ProviderFetch.Kind.STATEMENTS, status=ProviderFetch.Status.DONE,
        range_end=None,
    ).order_by("-started_at").values_list("started_at", flat=True).first()  # fmt: skip
    if ingested is None:
        return None
    near = current_lines(organization).filter(
        currency=currency, occurred_at__gt=OuterRef("observed_at") - QUIET,
        occurred_at__lt=OuterRef("observed_at") + QUIET,
    )  # fmt: skip
    rows = ProviderBalance.objects.filter(
        organization=organization, currency=currency, observed_at__lt=min(end, ingested - QUIET)
    ).filter(~Exists(near))
    first = rows.filter(observed_at__lte=start).order_by("-observed_at").first() or rows.order_by("observed_at").first()
    last = rows.order_by("-observed_at").first()
    if first is None or last is None:
        return None
    before = first.held_minor - counted(organization, currency, first.observed_at)
    known = before + counted(organization, currency, last.observed_at) if last.pk != first.pk else None
    return Told(before, last.observed_at, last.held_minor, known)


def counted(organization: Organization, currency: str, until: datetime) -> int:
    """The sum of the lines of a currency created by `until`."""
    lines = current_lines(organization).filter(currency=currency, occurred_at__lte=until)
    return int(lines.aggregate(net=Sum("net_minor"))["net"] or 0)
