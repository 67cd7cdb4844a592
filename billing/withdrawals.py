"""Taking back a faulty ingestion: its lines are excluded by further versions, nothing is erased.

A line that an earlier, sound ingestion had stated otherwise goes back to that; the rest no longer counts. What a later
ingestion states again counts again: the next routine sweep reads back to the earliest withdrawn line.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import F, Max, Min
from django.utils.translation import gettext as _

from .models import ProviderFetch, StatementLineVersion, StatementWithdrawal
from .statement_store import BOOK, FACTS, digest, note_readers
from .versions import append_versions

WITHDRAWN: Final = "withdrawn"
AT_ONCE: Final = 1_000
SIGN_OF_LIFE: Final = timedelta(hours=1)
INGESTIONS: Final = (ProviderFetch.Kind.STATEMENTS, ProviderFetch.Kind.STATEMENT_FILE, ProviderFetch.Kind.PAYOUT_LINES)


class WithdrawalRefused(ValueError):
    """An ingestion that cannot be withdrawn; `str()` of it says why."""


def withdraw_ingestion(*, fetch: ProviderFetch, by: str, reason: str, now: datetime) -> StatementWithdrawal:
    """Exclude every line whose current version `fetch` brought. One transaction. Raises WithdrawalRefused: no reason
    given, withdrawn already, still running, or not an ingestion of lines.
    """
    if not reason.strip():
        raise WithdrawalRefused(_("Say why the ingestion is withdrawn."))
    with transaction.atomic():
        held = ProviderFetch.objects.select_for_update(of=("self",)).get(pk=fetch.pk)
        _check(held, now)
        brought = StatementLineVersion.objects.filter(
            fetch=held, number=F("line__current_number"), excluded_reason=""
        ).order_by("line_id")
        bounds = brought.aggregate(first=Min("occurred_at"), last=Max("occurred_at"))
        ids = list(brought.values_list("line__external_id", flat=True))
        excluded = restored = 0
        for start in range(0, len(ids), AT_ONCE):
            some = _withdraw_lines(held, ids[start : start + AT_ONCE], by, reason, now)
            excluded += sum(1 for version in some if version.excluded_reason)
            restored += sum(1 for version in some if not version.excluded_reason)
        return StatementWithdrawal.objects.create(
            organization=held.organization, fetch=held, lines=excluded, restored=restored, earliest_at=bounds["first"],
            latest_at=bounds["last"], reason=reason, withdrawn_by=by[:150], withdrawn_at=now,
        )  # fmt: skip


def lines_brought(fetch: ProviderFetch) -> int:
    """How many lines stand as `fetch` brought them: what a withdrawal would take back."""
    return StatementLineVersion.objects.filter(
        fetch=fetch, number=F("line__current_number"), excluded_reason=""
    ).count()


def _check(fetch: ProviderFetch, now: datetime) -> None:
    if fetch.kind not in INGESTIONS:
        raise WithdrawalRefused(_("This brought no statement lines: there is nothing to withdraw."))
    if StatementWithdrawal.objects.filter(fetch=fetch).exists():
        raise WithdrawalRefused(_("This ingestion was withdrawn already."))
    if fetch.status == ProviderFetch.Status.RUNNING and fetch.updated_at > now - SIGN_OF_LIFE:
        raise WithdrawalRefused(_("This ingestion is still running. Withdraw it when it has ended."))


def _withdraw_lines(
    fetch: ProviderFetch, ids: list[str], by: str, reason: str, now: datetime
) -> list[StatementLineVersion]:
    earlier = _sound_versions(fetch, ids)

    def decision(external_id: str) -> Callable[[StatementLineVersion | None], dict[str, Any] | None]:
        def decide(current: StatementLineVersion | None) -> dict[str, Any] | None:
            if current is None or current.fetch_id != fetch.pk or current.excluded_reason:
                return None  # someone stated it again meanwhile
            sound = earlier.get(external_id)
            values = {name: getattr(sound or current, name) for name in FACTS}
            values["excluded_reason"] = "" if sound else WITHDRAWN
            origin = sound.fetch_id if sound else fetch.pk
            return values | {"content_digest": digest(values), "fetch_id": origin}

        return decide

    stored = append_versions(
        book=BOOK,
        organization=fetch.organization,
        decisions={one: decision(one) for one in ids},
        common={"recorded_at": now, "recorded_by": by[:150], "reason": reason},
    )
    note_readers(fetch.organization, stored.versions)
    return stored.versions


def _sound_versions(fetch: ProviderFetch, ids: Iterable[str]) -> dict[str, StatementLineVersion]:
    """The newest version of each line that neither this nor another withdrawn ingestion brought."""
    rows = StatementLineVersion.objects.filter(
        line__organization=fetch.organization, line__external_id__in=list(ids), excluded_reason=""
    ).exclude(fetch=fetch)
    sound = rows.filter(fetch__withdrawal=None).select_related("line").order_by("line_id", "number")
    return {row.line.external_id: row for row in sound}
