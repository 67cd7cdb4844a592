"""Figures over open discrepancies, exact at any moment, without counting them.

Whoever changes discrepancies stores the change of the totals in the same transaction (`store`, `moved`). The table is
a sum of such changes: nobody waits for anybody, and a reader adds up what is committed. `rebuild` makes it anew and
`differing` compares it with the discrepancies themselves.
"""

from collections import defaultdict
from collections.abc import Iterator

from django.db import connection, transaction
from django.db.models import Count, Sum
from django.db.models.functions import Abs, Coalesce

from reconciliation.models import LogHead, OpenTotal, ReconciliationDiscrepancy
from reconciliation.models.open_totals import FIGURES, GROUP

Group = tuple[object, ...]
Figures = tuple[int, int, int, int]
NOTHING: Figures = (0, 0, 0, 0)
SUM_UP_EVERY = 2_000
RESOLVED = ReconciliationDiscrepancy.Status.RESOLVED

# ruff: noqa: S608 - the statements are put together from constants only
TABLE = OpenTotal._meta.db_table
GROUPED = ", ".join(GROUP)
SUMMED = (
    f"INSERT INTO {TABLE} ({GROUPED}, {', '.join(FIGURES)}) "
    f"SELECT {GROUPED}, {', '.join(f'sum({name})' for name in FIGURES)}"
)
IN_GROUPS = f"GROUP BY {GROUPED} HAVING {' OR '.join(f'sum({name}) <> 0' for name in FIGURES)}"
UPTO = "organization_id = %s AND id <= %s"
REPLACED = (
    f"WITH mine AS (SELECT id FROM {TABLE} WHERE organization_id = %s FOR UPDATE SKIP LOCKED), "
    f"gone AS (DELETE FROM {TABLE} USING mine WHERE {TABLE}.id = mine.id RETURNING {TABLE}.*) "
    f"{SUMMED} FROM gone {IN_GROUPS}"
)


def group_of(row: ReconciliationDiscrepancy) -> Group:
    """The group a discrepancy is counted in."""
    return (
        row.organization_id, row.comparison, row.type, row.severity, str(row.status), row.assigned_to_id,
        row.currency, row.queued_at, row.due_at,
    )  # fmt: skip


def figures_of(row: ReconciliationDiscrepancy) -> Figures:
    """What it counts for; each value once, whatever its sign."""
    known = row.difference_minor is not None
    return (1, int(known), abs(row.difference_minor or 0), abs(row.unexplained_minor or 0))


class Changes:
    """Changes of totals, to be stored together."""

    def __init__(self) -> None:
        """None yet."""
        self.by_group: dict[Group, Figures] = defaultdict(lambda: NOTHING)

    def add(self, row: ReconciliationDiscrepancy) -> None:
        """A discrepancy is counted as it is now, unless it is resolved."""
        self._note(row, 1)

    def remove(self, row: ReconciliationDiscrepancy) -> None:
        """A discrepancy is no longer counted as it is now."""
        self._note(row, -1)

    def _note(self, row: ReconciliationDiscrepancy, sign: int) -> None:
        if row.status != RESOLVED:
            group, figures = group_of(row), figures_of(row)
            have = self.by_group[group]
            self.by_group[group] = (
                have[0] + sign * figures[0], have[1] + sign * figures[1],
                have[2] + sign * figures[2], have[3] + sign * figures[3],
            )  # fmt: skip

    def rows(self) -> list[OpenTotal]:
        """As rows; groups that did not change have none."""
        return [
            OpenTotal(**dict(zip(GROUP, group, strict=True)), **dict(zip(FIGURES, figures, strict=True)))
            for group, figures in self.by_group.items()
            if figures != NOTHING
        ]


def moved(before: ReconciliationDiscrepancy, after: ReconciliationDiscrepancy) -> None:
    """Stores that a discrepancy changed; call inside the transaction that changes it."""
    changes = Changes()
    changes.remove(before)
    changes.add(after)
    store(changes)


def store(changes: Changes) -> None:
    """Stores changes; call inside the transaction that changes the discrepancies, before its log rows."""
    rows = OpenTotal.objects.bulk_create(changes.rows())
    if rows and rows[-1].pk // SUM_UP_EVERY != (rows[0].pk - 1) // SUM_UP_EVERY:
        for organization_id in sorted({row.organization_id for row in rows}):
            sum_up(organization_id)


def sum_up(organization_id: int) -> None:
    """Replaces the rows of each group by their sum. Rows that another transaction is summing up are left to it.

    In SQL, since there may be as many groups as discrepancies.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.features.has_select_for_update_skip_locked:
            cursor.execute(REPLACED, [organization_id])
            return
        last = OpenTotal.objects.filter(organization=organization_id).order_by("-pk").values_list("pk", flat=True)[:1]
        for upto in last:  # SQLite has one writer, and this transaction is it
            cursor.execute(f"{SUMMED} FROM {TABLE} WHERE {UPTO} {IN_GROUPS}", [organization_id, upto])
            cursor.execute(f"DELETE FROM {TABLE} WHERE {UPTO}", [organization_id, upto])


def counted(organization_id: int) -> dict[Group, Figures]:
    """The figures counted from the discrepancies themselves."""
    open_rows = ReconciliationDiscrepancy.objects.filter(organization=organization_id).exclude(status=RESOLVED)
    grouped = open_rows.order_by().values_list(*GROUP)
    figures = grouped.annotate(
        n=Count("pk"), compared=Count("difference_minor"),
        difference=Coalesce(Sum(Abs("difference_minor")), 0), rest=Coalesce(Sum(Abs("unexplained_minor")), 0),
    )  # fmt: skip
    return {tuple(values[: len(GROUP)]): values[len(GROUP) :] for values in figures}


def kept(organization_id: int) -> dict[Group, Figures]:
    """The figures as the table has them."""
    grouped = OpenTotal.objects.filter(organization=organization_id).order_by().values_list(*GROUP)
    summed = grouped.annotate(**{f"sum_{name}": Sum(name) for name in FIGURES})
    found = {tuple(values[: len(GROUP)]): values[len(GROUP) :] for values in summed}
    return {group: figures for group, figures in found.items() if figures != NOTHING}


def differing(organization_id: int) -> Iterator[Group]:
    """The groups whose figures are not those of the discrepancies, while nobody changes any."""
    with transaction.atomic():
        hold(organization_id)
        right, have = counted(organization_id), kept(organization_id)
    yield from (group for group in {**right, **have} if right.get(group) != have.get(group))


def rebuild(organization_id: int) -> int:
    """Makes the figures of an organization anew. Returns how many groups there are."""
    with transaction.atomic():
        hold(organization_id)
        changes = Changes()
        changes.by_group.update(counted(organization_id))
        OpenTotal.objects.filter(organization=organization_id).delete()
        return len(OpenTotal.objects.bulk_create(changes.rows()))


def hold(organization_id: int) -> None:
    """Lets nobody commit a change of the organization's discrepancies until the end of the transaction.

    Every such change ends with a row of the action log, and for that its head is locked.
    """
    LogHead.objects.select_for_update().filter(organization=organization_id).first()
