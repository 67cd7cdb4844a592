"""`manage.py bench`: how fast Tieout is, beside the other ways to do the same."""

import contextlib
import json
import signal
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from reconciliation.bench import importing, ingestion, matching, pages, sweeping
from reconciliation.bench.children import StepFailed
from reconciliation.bench.document import document
from reconciliation.bench.printing import print_results
from reconciliation.bench.scratch import NoDatabase, folder, scratch_database
from reconciliation.management.summary import console_for

BENCHES: dict[str, tuple[Callable[..., dict[str, Any]], str]] = {
    "matching": (matching.measure, "runs against the Django way, plain SQL and a bare load"),
    "admin": (pages.measure, "pages of the desk over many rows against 1,000"),
    "imports": (importing.measure, "imports of payments and events against bulk_create"),
    "ingestion": (ingestion.measure, "statement lines from a loopback Stripe against SDK paging and bulk_create"),
    "many-small": (sweeping.measure, "organizations of 500 payments each, swept in one go (--rows 1000000: 2,000)"),
}


def positive(text: str) -> int:
    """A whole number above zero, with or without separators."""
    number = int(text.replace("_", "").replace(",", "")) if text.replace("_", "").replace(",", "").isdigit() else 0
    if number < 1:
        raise ArgumentTypeError(f"“{text}” is not a whole number above zero.")
    return number


class Command(BaseCommand):
    """Measures on generated data, in a database of its own that is gone afterwards."""

    help = "Measures Tieout beside other ways to do the same, in a database of its own that is removed afterwards."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """One sub-command for each measurement; `document` writes the page; `step` is what child processes run."""
        commands = parser.add_subparsers(dest="bench", required=True, metavar="WHAT")
        for name, (_measure, help_text) in BENCHES.items():
            self.add_measurement(commands.add_parser(name, help=help_text))
        only = commands.choices["matching"].add_argument
        only(
            "--only", choices=list(matching.TITLES), nargs="+", metavar="MEASURE", help="the first run and these alone"
        )
        page = commands.add_parser("document", help="writes docs/benchmarks.md from kept measurements")
        page.add_argument("files", nargs="+", type=Path, metavar="FILE.json")
        page.add_argument("--output", type=Path, required=True, metavar="FILE.md")
        step = commands.add_parser("step")
        step.add_argument("name")
        step.add_argument("arguments", type=json.loads)

    def add_measurement(self, parser: ArgumentParser) -> None:
        """Options of every measurement."""
        parser.add_argument("--rows", type=positive, default=100_000, metavar="N", help="size (100,000)")
        parser.add_argument("--database", choices=["postgres", "sqlite"], default="sqlite")
        parser.add_argument("--repeat", type=positive, default=3, metavar="R", help="measurements of each (3)")
        parser.add_argument("--folder", metavar="DIR", help="where the scratch data lies meanwhile")
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Measures and reports; exit code 2 when something could not be measured."""
        if options["bench"] == "step":
            from reconciliation.bench.steps import STEPS

            self.stdout.write(json.dumps(STEPS[options["name"]](**options["arguments"])))
        elif options["bench"] == "document":
            every = [json.loads(path.read_text(encoding="utf-8")) for path in options["files"]]
            options["output"].write_text(document(every), encoding="utf-8")
        else:
            self.measure(options)

    def measure(self, options: dict[str, Any]) -> None:
        """Runs one bench in a scratch database; a terminated bench leaves nothing behind either."""
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        measure = BENCHES[options["bench"]][0]
        chosen = {"only": options["only"]} if options.get("only") else {}
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with contextlib.ExitStack() as stack:
            try:
                bar = stack.enter_context(Progress(*columns, console=Console(stderr=True), transient=True))
                task = bar.add_task("starting a database", total=None)
                place = stack.enter_context(folder(options["folder"]))
                address = stack.enter_context(scratch_database(options["database"], place))
                results = measure(
                    database_url=address, database=options["database"], rows=options["rows"],
                    repeat=options["repeat"], folder=place,
                    tell=lambda text, done, total: bar.update(task, description=text, completed=done, total=total),
                    **chosen,
                )  # fmt: skip
            except (NoDatabase, StepFailed) as failure:
                raise CommandError(str(failure), returncode=2) from failure
        if options["json"]:
            self.stdout.write(json.dumps(results, ensure_ascii=False))
        else:
            print_results(console_for(self.stdout), results)
