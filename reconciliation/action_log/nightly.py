"""The nightly check of an organization's log: the whole chain, against the newest checkpoint kept outside."""

import logging
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from billing.models import Organization
from reconciliation.core.sealing import Checkpoint
from reconciliation.models import LogCheck

from .checkpoints import CheckpointTrouble, read_checkpoint_file, write_checkpoint_file
from .verification import OrganizationLog, verify

logger = logging.getLogger(__name__)
Result = LogCheck.Result


@dataclass(frozen=True, slots=True)
class Outside:
    """Where checkpoints are kept outside the database, and the key they are signed under; "": none are kept."""

    folder: Path
    key: str

    def path(self, organization: Organization) -> Path:
        """The file of an organization's newest checkpoint."""
        return self.folder / f"log-{organization.pk}.json"


def check_log(*, organization: Organization, outside: Outside, now: datetime) -> LogCheck:
    """Checks the whole log of `organization` against its newest checkpoint, stores what came out, and, where the log
    holds, keeps its end as the newest checkpoint.

    Reads only, but for the result: two at once do no harm. A log that does not hold never moves the checkpoint.
    """
    checkpoint, trouble = newest_checkpoint(organization, outside)
    log = verify(organization=organization, checkpoint=[checkpoint] if checkpoint else []).logs[0]
    kept = False
    with transaction.atomic():
        Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)  # one check at a time keeps its end
        if not log.findings and not trouble and outside.key:
            kept, trouble = keep(log, organization, outside, now)
        check = LogCheck.objects.create(
            organization=organization, checked_at=now, result=result_of(log, trouble), **how_far(log),
            checkpoint_seal=checkpoint.number if checkpoint else None,
            checkpoint_at=datetime.fromisoformat(checkpoint.time) if checkpoint else None,
            kept=kept, findings=[asdict(finding) for finding in log.findings], trouble=trouble,
        )  # fmt: skip
    if check.result != Result.HOLDS:
        facts = {"organization": organization.slug, "seals": check.seals, "trouble": trouble}
        logger.error("the action log does not verify: %s", check.result, extra=facts)
    return check


def result_of(log: OrganizationLog, trouble: str) -> str:
    """What a check says in a word."""
    return Result.BROKEN if log.findings else Result.UNSURE if trouble else Result.HOLDS


def how_far(log: OrganizationLog) -> dict[str, int]:
    """The end of the log; a ruined one may hold anything there."""
    return {
        name: value if type(value) is int and value >= 0 else 0
        for name, value in (("seals", log.number), ("rows", log.total))
    }


def newest_checkpoint(organization: Organization, outside: Outside) -> tuple[Checkpoint | None, str]:
    """The checkpoint to check against, and what is wrong with it ("": nothing), absence included once one was kept."""
    path, last = outside.path(organization), last_kept(organization)
    if not outside.key or not path.exists():
        if last is None:
            return None, ""
        told = {"path": path, "seal": last.seals}
        return None, _("The checkpoint of seal %(seal)s is gone: %(path)s.") % told
    try:
        found = [one for one in read_checkpoint_file(path, outside.key) if one.organization_id == organization.pk]
    except CheckpointTrouble as trouble:
        return None, str(trouble)
    if not found:
        return None, _("%(path)s holds the checkpoint of another organization.") % {"path": path}
    if last is not None and found[0].number < last.seals:
        told = {"path": path, "found": found[0].number, "last": last.seals}
        older = _("%(path)s is an older checkpoint, of seal %(found)s; the last one kept was of seal %(last)s.")
        return found[0], older % told
    return found[0], ""


def last_kept(organization: Organization) -> LogCheck | None:
    """The last check that left a checkpoint."""
    return LogCheck.objects.filter(organization=organization, kept=True).order_by("-id").first()


def keep(log: OrganizationLog, organization: Organization, outside: Outside, now: datetime) -> tuple[bool, str]:
    """Keeps the end of a log that holds, unless a later one is kept. Returns whether it did, and what hindered it."""
    last = last_kept(organization)
    if last is not None and last.seals > log.number:
        return False, ""
    try:
        outside.folder.mkdir(parents=True, exist_ok=True)
        write_checkpoint_file(outside.path(organization), [log.checkpoint(now)], outside.key)
    except OSError as error:
        return False, _("%(path)s cannot be written: %(reason)s.") % {"path": outside.folder, "reason": error.strerror}
    except CheckpointTrouble as trouble:
        return False, str(trouble)
    return True, ""


def newest_checks(organizations: Iterable[int]) -> list[LogCheck]:
    """The newest check of each organization, with the organization, by its name; those never checked are left out."""
    mine = LogCheck.objects.filter(organization=OuterRef("pk")).order_by("-id").values("pk")[:1]
    newest = Organization.objects.filter(pk__in=list(organizations)).annotate(newest=Subquery(mine))
    found = LogCheck.objects.filter(pk__in=newest.values("newest")).select_related("organization")
    return list(found.order_by("organization__name", "pk"))
