"""Checking the whole log: every row against its seal, seals against each other, the end against a checkpoint."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.db import OperationalError, connection
from django.utils.translation import gettext as _

from billing.models import Organization
from reconciliation.core import sealing

from . import rows as stored
from .chain import Finding, Link, walk

FINDINGS_SHOWN = 20
MARKS = 1000
"""At most so many earlier seals are kept in a checkpoint."""


@dataclass(frozen=True, slots=True)
class OrganizationLog:
    """The log of one organization as checked: how far it goes, and what is wrong, first the chain's first fault."""

    organization_id: int
    organization: str
    number: int
    total: int
    hash: str
    findings: tuple[Finding, ...]

    def checkpoint(self, now: datetime) -> sealing.Checkpoint:
        """The end of this log, to be kept outside the database."""
        moment, step = sealing.canonical_time(now), 1 + self.number // MARKS
        marks = stored.seal_hashes(self.organization_id, step, self.number)
        end = self.number, self.total, self.hash
        return sealing.Checkpoint(self.organization_id, self.organization, *end, moment, marks)


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of a check. Findings are capped at `FINDINGS_SHOWN` an organization; the check of one stops there."""

    logs: tuple[OrganizationLog, ...]

    @property
    def findings(self) -> list[Finding]:
        """All findings, organization by organization."""
        return [finding for log in self.logs for finding in log.findings]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    @property
    def rows(self) -> int:
        """How many rows the seals cover."""
        return sum(log.total for log in self.logs)


def verify(
    *,
    organization: Organization | None = None,
    checkpoint: Sequence[sealing.Checkpoint] = (),
    progress: stored.Progress | None = None,
) -> Verification:
    """Check the log of `organization`, or of all, as it stands now; writers may go on meanwhile.

    `checkpoint` holds ends of chains kept outside the database: each must still be in its chain, which must go on from
    it. Without one, a log cut at its end, or re-hashed together with its head, cannot be told from an honest one.
    """
    try:
        return _verify(organization, checkpoint, progress)
    except OperationalError:
        if connection.vendor != "sqlite":
            raise
        with stored.undecodable_text_allowed():
            return _verify(organization, checkpoint, progress)


def _verify(
    organization: Organization | None, checkpoint: Sequence[sealing.Checkpoint], progress: stored.Progress | None
) -> Verification:
    wanted = organization.pk if organization else None
    unsealed: dict[int, list[int]] = {}
    for organization_id, row_id in stored.unsealed_rows(wanted, FINDINGS_SHOWN):
        unsealed.setdefault(organization_id, []).append(row_id)
    expected = {c.organization_id: c for c in checkpoint if wanted in {None, c.organization_id}}
    names = _names(organization, {*unsealed, *expected})
    total, done = stored.rows_in_all(names), 0
    logs = []
    for organization_id, name in sorted(names.items(), key=lambda pair: pair[1]):
        ends = stored.head_and_last_seal(organization_id)
        told = None if progress is None else _shifted(progress, done, total)
        faults = _faults(organization_id, ends, expected.get(organization_id), unsealed.get(organization_id, []), told)
        findings = tuple(fault.of(name) for fault in islice(faults, FINDINGS_SHOWN))
        last = Link() if ends[1] is None else Link(*ends[1])
        logs.append(OrganizationLog(organization_id, name, last.number, last.total, last.hash, findings))
        done += last.total if type(last.total) is int else 0
    return Verification(tuple(logs))


def _shifted(progress: stored.Progress, done: int, total: int) -> stored.Progress:
    return lambda rows, _all: progress(done + rows, max(total, done + rows))


def _names(organization: Organization | None, ids: set[int]) -> dict[int, str]:
    if organization is not None:
        return {organization.pk: organization.slug}
    names: dict[int, str] = dict(Organization.objects.values_list("pk", "slug"))
    for organization_id in {*stored.organizations_with_seals(), *ids} - names.keys():
        names[organization_id] = f"#{organization_id}"
    return names


def _faults(
    organization_id: int,
    ends: stored.Ends,
    checkpoint: sealing.Checkpoint | None,
    unsealed: list[int],
    progress: stored.Progress | None,
) -> Iterator[Finding]:
    head, last = ends
    numbers = [end[0] for end in ends if end is not None and isinstance(end[0], int)]
    yield from walk(organization_id, max(numbers, default=0), checkpoint, progress)
    if (head or (0, 0, "")) != (last or (0, 0, "")):
        yield Finding(
            kind="head",
            seal=last[0] if last else 0,
            message=_("The log's end says seal %(head)s, but the last seal is %(last)s: seals were removed or added.")
            % {"head": head[0] if head else 0, "last": last[0] if last else 0},
        )
    for row_id in unsealed:
        yield Finding(
            kind="unsealed", row_id=row_id, message=_("This row is under no seal: it was put in from outside.")
        )
    if checkpoint and checkpoint.number > (last[0] if last else 0):
        yield Finding(
            kind="cut",
            seal=checkpoint.number,
            message=_("The checkpoint of %(time)s saw seal %(number)s (%(total)s rows); the log now ends before it.")
            % {"time": checkpoint.time, "number": checkpoint.number, "total": checkpoint.total},
        )
