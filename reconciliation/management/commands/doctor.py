"""`manage.py doctor`: is the database in the state the promises rest on?"""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _
from rich.console import Console
from rich.text import Text

from reconciliation.doctor import CHECKS, Problem, examine

FAULTS = 1


class Command(BaseCommand):
    """Looks, changes nothing. Exit code 0: sound (warnings allowed), 1: faults."""

    help = "Checks triggers, database settings, the ends of the logs, versions and references. Exit code 1 on faults."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        found = examine()
        faults = any(not problem.warning for problems in found.values() for problem in problems)
        if options["json"]:
            checks = {code: [asdict(problem) for problem in problems] for code, problems in found.items()}
            self.stdout.write(
                json.dumps({"status": "faults" if faults else "ok", "checks": checks}, ensure_ascii=False)
            )
        else:
            _print(Console(file=self.stdout), found)  # type: ignore[arg-type]  # OutputWrapper writes like a file
        if faults:
            raise SystemExit(FAULTS)


def _print(console: Console, found: dict[str, list[Problem]]) -> None:
    for code, problems in found.items():
        title = _(CHECKS[code][0])
        if not problems:
            console.print(Text.assemble((_("sound"), "green"), f"    {title}"))
        for problem in problems:
            verdict = (_("warning"), "yellow") if problem.warning else (_("fault"), "bold red")
            console.print(Text.assemble(verdict, f"  {title}: {problem.message} {problem.remedy}"))
