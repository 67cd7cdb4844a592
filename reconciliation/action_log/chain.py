"""Walking an organization's chain of seals and the rows under them, naming what does not fit."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from reconciliation.core import sealing

from . import rows as stored


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: which organization (its short name), under which seal, which row, at which position.

    `row_id` is None when the row is gone, or when the fault is in a seal. Kinds: changed, missing, inserted, unsealed
    (rows); seal, fork, gap, head (the chain); checkpoint, cut (against a checkpoint).
    """

    kind: str
    message: str
    seal: int | None = None
    row_id: int | None = None
    position: int | None = None
    organization: str = ""

    def of(self, organization: str) -> "Finding":
        """The same finding, with the organization named."""
        return replace(self, organization=organization)


class Link(NamedTuple):
    """What a seal hands to the next: its number, the rows so far, its hash."""

    number: int = 0
    total: int = 0
    hash: str = sealing.NO_SEAL


class StoredSeal(NamedTuple):
    """A seal as it lies in the database; nothing in it is trusted."""

    id: int
    number: Any
    batch: Any
    count: Any
    total: Any
    leaves: Any
    leaves_hash: Any
    previous_hash: Any
    hash: Any
    sealed_at: Any

    @property
    def link(self) -> Link:
        """What the next seal must continue."""
        return Link(self.number, self.total, self.hash)


def walk(
    organization_id: int, upto: int, checkpoint: sealing.Checkpoint | None, progress: stored.Progress | None
) -> Iterator[Finding]:
    """Faults of the chain to seal number `upto`, in order; after a fault it goes on from the seal as stored."""
    groups = groupby(stored.sealed_rows(organization_id, upto), key=itemgetter(-1))
    group = next(groups, None)
    previous, done, told = Link(), 0, 0
    kept = _KeptOutside(checkpoint)
    for values in stored.seals(organization_id, upto):
        seal = StoredSeal(*values)
        yield from _chain_faults(organization_id, seal, previous)
        leaves = bytes(seal.leaves) if isinstance(seal.leaves, bytes | memoryview) else b""
        if group is not None and group[0] == seal.id:
            yield from _row_faults(seal, leaves, group[1])
            group = next(groups, None)
        else:
            yield from _row_faults(seal, leaves, iter(()))
        yield from kept.faults(seal)
        previous, done = seal.link, done + len(leaves) // sealing.DIGEST_SIZE
        if progress is not None and done - told >= stored.CHUNK:
            told = done
            progress(done, done)


def _chain_faults(organization_id: int, seal: StoredSeal, previous: Link) -> Iterator[Finding]:
    if seal.number == previous.number:
        yield Finding("fork", _("Two seals carry number %(number)s.") % {"number": seal.number}, seal.number)
    elif seal.number != previous.number + 1:
        message = _("Seals %(first)s to %(last)s are gone.")
        first, last = previous.number + 1, seal.number - 1
        yield Finding("gap", message % {"first": first, "last": last}, first)
    elif seal.previous_hash != previous.hash:
        message = _(
            "Seal %(number)s does not continue seal %(previous)s as it stands: seal %(previous)s was rewritten."
        )
        yield Finding("seal", message % {"number": seal.number, "previous": previous.number}, previous.number)
    if not _consistent(organization_id, seal, previous):
        message = _("Seal %(number)s was changed: what it says does not give its hash.")
        yield Finding("seal", message % {"number": seal.number}, seal.number)


def _consistent(organization_id: int, seal: StoredSeal, previous: Link) -> bool:
    """Whether a seal's fields agree with each other and with the rows counted before it."""
    try:
        covered = sealing.Seal(
            organization_id,
            seal.number,
            stored.hex_text(seal.batch),
            seal.count,
            seal.total,
            seal.leaves_hash,
            seal.previous_hash,
            stored.time_text(seal.sealed_at),
        )
        leaves = bytes(seal.leaves)
        return bool(
            sealing.seal_hash(covered) == seal.hash
            and sealing.leaves_hash(leaves) == seal.leaves_hash
            and len(leaves) == seal.count * sealing.DIGEST_SIZE
            and (seal.number != previous.number + 1 or seal.total == previous.total + seal.count)
        )
    except (AttributeError, TypeError, ValueError):
        return False


def _row_faults(seal: StoredSeal, leaves: bytes, rows: Iterator[tuple[Any, ...]]) -> Iterator[Finding]:
    """Compare rows, in order of position, with the digests of their seal."""
    size = sealing.DIGEST_SIZE
    count, expected = len(leaves) // size, 0
    for row in rows:
        position, row_id = row[stored.POSITION], row[stored.ROW_ID]
        if position != expected or expected >= count:
            if not isinstance(position, int) or not expected <= position < count:
                message = _("Row %(row)s was put under seal %(number)s, which does not cover it.")
                yield Finding(
                    "inserted", message % {"row": row_id, "number": seal.number}, seal.number, row_id, position
                )
                continue
            yield _missing(seal, expected, position - 1)
        if stored.leaf_digest(row) != leaves[size * position : size * position + size]:
            message = _("Row %(row)s was changed: it does not fit seal %(number)s.")
            yield Finding("changed", message % {"row": row_id, "number": seal.number}, seal.number, row_id, position)
        expected = position + 1
    if expected < count:
        yield _missing(seal, expected, count - 1)


def _missing(seal: StoredSeal, first: int, last: int) -> Finding:
    message = _("Rows at positions %(first)s to %(last)s of seal %(number)s are gone.")
    return Finding("missing", message % {"first": first, "last": last, "number": seal.number}, seal.number, None, first)


class _KeptOutside:
    """Compares seals with those a checkpoint saw; silent after the first that differs, since all later ones must."""

    def __init__(self, checkpoint: sealing.Checkpoint | None) -> None:
        self.time = checkpoint.time if checkpoint else ""
        self.seen = dict((*checkpoint.marks, (checkpoint.number, checkpoint.hash))) if checkpoint else {}
        self.good = 0

    def faults(self, seal: StoredSeal) -> Iterator[Finding]:
        """The fault, if `seal` is one the checkpoint saw and is not as it was."""
        seen = self.seen.get(seal.number)
        if seen == seal.hash:
            self.good = seal.number
        elif seen is not None:
            self.seen = {}
            message = _(
                "Seal %(number)s is not the one the checkpoint of %(time)s saw: "
                "rows under seals %(first)s to %(number)s were rewritten."
            )
            facts = {"number": seal.number, "time": self.time, "first": self.good + 1}
            yield Finding("checkpoint", message % facts, seal.number)
