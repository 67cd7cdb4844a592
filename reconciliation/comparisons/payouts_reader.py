"""Reading payouts with everything their comparison needs: the payout, its lines, its own lines on the statement."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Max, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from billing.models import LineKind, Organization, Payout, PayoutVersion, StatementLineVersion
from billing.payout_names import OWN_KINDS
from billing.statement_queries import current_lines
from reconciliation.core.parameters import micros
from reconciliation.core.payouts import NAMED, Known, LineSum, OwnLine, Stated

AT_ONCE = 500


def timed_payouts(organization: Organization) -> QuerySet[Any]:
    """The payouts of an organization with `at`, the day they arrive: as the payout says, else as its line says.

    One of which nothing is left (all its lines withdrawn) is no payout.
    """
    current = PayoutVersion.objects.filter(payout=OuterRef("pk"), number=OuterRef("current_number"))
    lines = current_lines(organization)
    own = lines.filter(source_reference=OuterRef("external_id"), kind__in=OWN_KINDS).order_by("occurred_at", "line_id")
    taken = lines.filter(payout_reference=OuterRef("external_id")).order_by("-occurred_at")
    at = Coalesce(
        Subquery(current.values("arrival_at")[:1]),
        Subquery(current.values("created_at")[:1]),
        Subquery(own.annotate(at=Coalesce("available_at", "occurred_at")).values("at")[:1]),
        Subquery(taken.values("occurred_at")[:1]),
    )
    return Payout.objects.filter(organization=organization).annotate(at=at).exclude(at=None)


def payouts_in(organization: Organization, start: datetime, end: datetime) -> QuerySet[Any]:
    """The ids of the payouts that arrive in [start, end)."""
    return timed_payouts(organization).filter(at__gte=start, at__lt=end).order_by().values("pk")


def read_payouts(organization: Organization, ids: Iterable[int]) -> list[Known]:
    """Everything on record about the payouts `ids`, in the order of their ids."""
    found: list[Known] = []
    wanted = sorted(set(ids))
    for begin in range(0, len(wanted), AT_ONCE):
        some = wanted[begin : begin + AT_ONCE]
        rows = timed_payouts(organization).filter(pk__in=some).order_by("pk").values_list("pk", "external_id", "at")
        named = [(pk, name, micros(at)) for pk, name, at in rows]
        names = [name for _pk, name, _at in named]
        stated, own = stated_by_payout(organization, some), own_lines(organization, names)
        taken = sums(current_lines(organization), names)
        gone = sums(withdrawn_lines(organization), names, with_names=True)
        found += [
            Known(pk, name, at, stated.get(pk), taken.get(name, ()), own.get(name, ()), gone.get(name, ()))
            for pk, name, at in named
        ]
    return found


def withdrawn_lines(organization: Organization) -> QuerySet[StatementLineVersion]:
    """The lines that a rollback took out and nothing has stated again."""
    rows = StatementLineVersion.objects.filter(organization=organization, number=F("line__current_number"))
    return rows.exclude(excluded_reason="")


def stated_by_payout(organization: Organization, ids: Sequence[int]) -> dict[int, Stated]:
    """The current state of fetched payouts, by identity."""
    rows = PayoutVersion.objects.filter(
        organization=organization, payout_id__in=ids, number=F("payout__current_number")
    )
    return {
        row.payout_id: Stated(
            version_id=row.pk, amount=row.amount_minor, currency=row.currency, word=row.status,
            automatic=row.automatic, itemised=row.itemised, failure=row.failure_code,
            takes_back=row.detail.get("original_payout", ""), taken_back_by=row.detail.get("reversed_by", ""),
        )
        for row in rows
    }  # fmt: skip


def sums(
    lines: QuerySet[StatementLineVersion], names: Sequence[str], *, with_names: bool = False
) -> dict[str, tuple[LineSum, ...]]:
    """What `lines` come to by payout and currency; the payout's own lines left out."""
    taken = lines.filter(payout_reference__in=names).exclude(source_reference=F("payout_reference"))
    groups = taken.order_by("payout_reference", "currency").values("payout_reference", "currency")
    some = first_names(taken) if with_names else {}
    found: dict[str, tuple[LineSum, ...]] = {}
    for row in groups.annotate(lines=Count("pk"), net=Sum("net_minor"), newest=Max("pk")):
        name, currency = row["payout_reference"], row["currency"]
        total = LineSum(currency, row["lines"], int(row["net"]), row["newest"], tuple(some.get((name, currency), ())))
        found[name] = (*found.get(name, ()), total)
    return found


def first_names(taken: QuerySet[StatementLineVersion]) -> dict[tuple[str, str], list[str]]:
    """The first few lines of each payout and currency, by name."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    rows = taken.order_by("occurred_at", "line__external_id")
    for name, currency, line in rows.values_list("payout_reference", "currency", "line__external_id"):
        if len(found[name, currency]) < NAMED:
            found[name, currency].append(line)
    return found


def own_lines(organization: Organization, names: Sequence[str]) -> dict[str, tuple[OwnLine, ...]]:
    """The lines by which payouts themselves stand on the statement, by payout."""
    rows = current_lines(organization).filter(source_reference__in=names, kind__in=OWN_KINDS).select_related("line")
    found: dict[str, tuple[OwnLine, ...]] = {}
    for row in rows.order_by("occurred_at", "line__external_id"):
        line = OwnLine(
            name=row.line.external_id, version_id=row.pk, back=row.kind == LineKind.PAYOUT_REVERSAL,
            gross=row.gross_minor, fee=row.fee_minor, currency=row.currency, taken_by=row.payout_reference,
        )  # fmt: skip
        found[row.source_reference] = (*found.get(row.source_reference, ()), line)
    return found
