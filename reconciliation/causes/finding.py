"""Looking for causes and storing them; a cause that is found again keeps its number."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Max

from billing.models import Organization
from reconciliation.core.causes import Found, find
from reconciliation.models import Cause, CauseMember, CauseState, ReconciliationRun

from .reading import background_of, clues_of

MEMBERS_A_STATEMENT = 2_000


def look_for(*, organization: Organization, now: datetime) -> int:
    """Looks for causes among the organization's open discrepancies and stores them. Returns how many there are.

    Each comparison by itself. The same discrepancies give the same causes. Who works on them meanwhile is not held up:
    what is resolved is left out when a cause is read.
    """
    newest = newest_runs([organization.pk])
    return sum(
        look_in(organization=organization, comparison=comparison, as_of=newest.get((organization.pk, comparison), 0),
                now=now)
        for comparison in sorted({"payments", *(name for _pk, name in newest)})
    )  # fmt: skip


def look_in(*, organization: Organization, comparison: str, as_of: int, now: datetime) -> int:
    """Looks for the causes in one comparison, as of the run numbered `as_of`."""
    clues = clues_of(organization, comparison)
    found = find(clues, background_of(organization, comparison, clues))
    of_it = {"organization": organization, "comparison": comparison}
    with transaction.atomic():
        CauseState.objects.get_or_create(**of_it, defaults={"found_at": now})
        state = CauseState.objects.select_for_update().get(**of_it)
        if state.as_of_run <= as_of:
            store(organization, comparison, found, now)
            state.as_of_run, state.looked_at, state.found_at = as_of, len(clues), now
            state.save()
    return len(found)


def newest_runs(organizations: Iterable[int]) -> dict[tuple[int, str], int]:
    """The number of the newest run that ended, by organization and comparison."""
    ended = ReconciliationRun.objects.filter(organization__in=list(organizations), status__in=["ok", "break"])
    rows = ended.order_by().values_list("organization", "comparison").annotate(newest=Max("number"))
    return {(pk, comparison): number or 0 for pk, comparison, number in rows}


def store(organization: Organization, comparison: str, found: list[Found], now: datetime) -> None:
    """Replaces the causes of an organization's comparison by those found."""
    known = Cause.objects.filter(organization=organization, comparison=comparison)
    members = CauseMember.objects.filter(cause__in=known)
    kinds = dict(known.values_list("pk", "kind"))
    belongs = dict(members.values_list("discrepancy_id", "cause_id"))
    members.delete()
    kept: set[int] = set()
    for each in found:
        number = known_as(each, belongs, kinds, kept)
        cause = Cause(
            pk=number, organization=organization, comparison=comparison, kind=each.kind, currency=each.currency,
            facts={**each.facts, "misfits": list(each.misfits)}, rows_found=len(each.members), found_at=now,
        )  # fmt: skip
        cause.save(force_update=number is not None, force_insert=number is None)
        kept.add(cause.pk)
        rows = (CauseMember(cause=cause, discrepancy_id=member) for member in each.members)
        CauseMember.objects.bulk_create(rows, batch_size=MEMBERS_A_STATEMENT)
    known.exclude(pk__in=kept).delete()


def known_as(found: Found, belongs: dict[int, int], kinds: dict[int, str], taken: set[int]) -> int | None:
    """The number of the stored cause that shares most discrepancies with a found one of its kind."""
    shared = Counter(belongs[member] for member in found.members if member in belongs)
    fitting = [(count, -pk) for pk, count in shared.items() if kinds[pk] == found.kind and pk not in taken]
    return -max(fitting)[1] if fitting else None
