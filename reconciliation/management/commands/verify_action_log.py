"""`manage.py verify_action_log`: is the action log as it was written?"""

import json
import time
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from billing.models import Organization
from reconciliation.action_log import (
    Verification,
    read_checkpoint_file,
    require_key,
    verify,
    write_checkpoint_file,
)
from reconciliation.core.sealing import Checkpoint
from reconciliation.management.checkpoint_files import ERROR, trouble_ends_the_command

TAMPERED = 1


class Command(BaseCommand):
    """Checks every row and seal; exit code 0: verified, 1: tampering shown, 2: the check could not be made."""

    help = (
        "Checks the action log: every row against its seal, every seal against the one before, the end against a "
        "checkpoint kept outside the database. Exit code 0: verified, 1: tampering shown, 2: could not check."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--organization", metavar="SLUG", help="check one organization's log; all by default")
        parser.add_argument(
            "--checkpoint", metavar="FILE", type=Path, help="the log must still contain this checkpoint"
        )
        parser.add_argument("--write-checkpoint", metavar="FILE", type=Path, help="keep the verified end in this file")
        parser.add_argument("--json", action="store_true", help="one JSON object on stdout")

    @trouble_ends_the_command()
    def handle(self, *args: Any, **options: Any) -> None:
        key = settings.ACTION_LOG_CHECKPOINT_KEY
        if options["write_checkpoint"]:
            require_key(key)
        organization = _organization(options["organization"])
        checkpoints = read_checkpoint_file(options["checkpoint"], key) if options["checkpoint"] else []
        started = time.monotonic()
        verification = _verify_showing_progress(organization, checkpoints)
        written = None
        if options["write_checkpoint"] and verification.ok:
            now = timezone.now()
            write_checkpoint_file(options["write_checkpoint"], [log.checkpoint(now) for log in verification.logs], key)
            written = str(options["write_checkpoint"])
        seconds = time.monotonic() - started
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(verification, checkpoints, written, seconds), ensure_ascii=False))
        else:
            _print(Console(file=self.stdout), verification, checkpoints, written, seconds)  # type: ignore[arg-type]
        if not verification.ok:
            raise SystemExit(TAMPERED)


def _organization(slug: str | None) -> Organization | None:
    if slug is None:
        return None
    organization = Organization.objects.filter(slug=slug).first()
    if organization is None:
        known = ", ".join(Organization.objects.values_list("slug", flat=True)) or _("none yet")
        message = _('There is no organization "%(slug)s". Known: %(known)s.') % {"slug": slug, "known": known}
        raise CommandError(message, returncode=ERROR)
    return organization


def _verify_showing_progress(organization: Organization | None, checkpoints: list[Checkpoint]) -> Verification:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(_("Checking rows"), total=None)
        return verify(
            organization=organization,
            checkpoint=checkpoints,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )


def _as_json(
    verification: Verification, checkpoints: list[Checkpoint], written: str | None, seconds: float
) -> dict[str, object]:
    checked = {checkpoint.organization_id: checkpoint.number for checkpoint in checkpoints}
    return {
        "status": "verified" if verification.ok else "tampered",
        "rows": verification.rows,
        "organizations": [
            {
                "organization": log.organization,
                "seals": log.number,
                "rows": log.total,
                "hash": log.hash,
                "checkpoint": checked.get(log.organization_id),
                "ok": not log.findings,
            }
            for log in verification.logs
        ],
        "findings": [asdict(finding) for finding in verification.findings],
        "checkpoint_written": written,
        "seconds": round(seconds, 3),
    }


def _print(
    console: Console, verification: Verification, checkpoints: list[Checkpoint], written: str | None, seconds: float
) -> None:
    checked = {checkpoint.organization_id: checkpoint.number for checkpoint in checkpoints}
    table = Table()
    for name in (_("Organization"), _("Seals"), _("Rows"), _("End of the chain"), _("Checkpoint"), _("Result")):
        table.add_column(name, justify="right" if name in {_("Seals"), _("Rows")} else "left")
    for log in verification.logs:
        seen = _("seal %d") % checked[log.organization_id] if log.organization_id in checked else "–"
        result = Text(_("tampering shown"), "bold red") if log.findings else Text(_("verified"), "green")
        table.add_row(Text(log.organization), f"{log.number:,}", f"{log.total:,}", Text(log.hash[:16]), seen, result)
    console.print(table)
    for finding in verification.findings:
        console.print(Text(f"{finding.organization}: {finding.message}"))
    if written:
        console.print(Text(_("Checkpoint written to %s. Keep it outside the database.") % written))
    elif not checkpoints and verification.ok:
        console.print(_("Checked without a checkpoint: a log cut at its end would not show. See --write-checkpoint."))
    console.print(_("%(rows)s rows in %(seconds)s s") % {"rows": f"{verification.rows:,}", "seconds": f"{seconds:.1f}"})
