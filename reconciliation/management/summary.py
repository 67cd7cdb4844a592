"""How a run's result is shown on the command line."""

from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from reconciliation.core.schema import OUTCOMES
from reconciliation.models import ReconciliationDiscrepancy
from reconciliation.report_markdown import LABELS, percent
from reconciliation.runs import RunResult
from reconciliation.sentences import sentence
from reconciliation.wording import amount_text

VERDICT = {"ok": "[bold green]OK[/]", "break": "[bold yellow]BREAK[/]", "error": "[bold red]ERROR[/]"}


def console_for(stream: Any) -> Console:
    """A console on a command's output; wide enough for amounts when nobody's terminal sets the width."""
    return Console(file=stream, width=None if stream.isatty() else 140)


def as_json(result: RunResult) -> dict[str, Any]:
    """The result as one JSON object; amounts in minor units."""
    return {
        "run": result.run.pk if result.run else None,
        "status": result.status,
        "counts": result.counts,
        "discrepancies": result.discrepancies,
        "written": result.written,
        "totals": result.totals,
        "seconds": round(result.seconds, 3),
        **({"error": result.error} if result.error else {}),
    }


def print_summary(result: RunResult, console: Console) -> None:
    """One table per currency, then what is open and what was written."""
    name = str(result.run) if result.run else "Dry run"
    if result.status == "error":
        console.print(f"{name}: {VERDICT['error']}. {result.error}", soft_wrap=True)
        console.print("Nothing was written. The run is stored with this error.")
        return
    for currency, totals in result.totals.items():
        console.print(currency_table(currency, totals))
    open_ones = ", ".join(f"{count} {type_}" for type_, count in result.discrepancies.items()) or "none"
    console.print(
        f"{name}: {VERDICT[result.status]}, matched {percent(result.report['matched_percent'])}.", soft_wrap=True
    )
    console.print(f"Open discrepancies: {open_ones}.", soft_wrap=True)
    for line in examples(result):
        console.print(f"  · {escape(line)}", soft_wrap=True)
    verb = "Would write" if result.run is None else "Written"
    written = result.written
    console.print(
        f"{verb}: {written['items']:,} items, {written['discrepancies']:,} discrepancies, {written['log']:,} log rows"
        f" in {result.seconds:.1f} s.",
        soft_wrap=True,
    )


def examples(result: RunResult) -> list[str]:
    """One open discrepancy of each type of the run's period, as the sentence that explains it."""
    run = result.run
    if run is None:
        return []
    rows = ReconciliationDiscrepancy.objects.filter(
        organization=run.organization, comparison=run.comparison,
        occurred_at__gte=run.period_start, occurred_at__lt=run.period_end,
    ).exclude(status="resolved")  # fmt: skip
    zone = ZoneInfo(run.organization.timezone)
    firsts = [rows.filter(type=type_).order_by("id").first() for type_ in result.discrepancies]
    return [f"{row.type}: {sentence(row, zone)}" for row in firsts if row is not None]


def currency_table(currency: str, totals: dict[str, Any]) -> Table:
    """Outcomes of one currency, ours and the provider's, with the total under a rule."""
    table = Table(title=currency, title_justify="left", title_style="bold")
    table.add_column("", no_wrap=True)
    for heading in ("ours", "amount", "provider", "amount", "difference"):
        table.add_column(heading, justify="right", no_wrap=True)
    shown = [outcome for outcome in OUTCOMES if any(cell["count"] for cell in totals["outcomes"][outcome].values())]
    for outcome in shown:
        table.add_row(*cells(LABELS[outcome], totals["outcomes"][outcome], currency))
    table.add_section()
    table.add_row(*cells("Total read" if totals["control"] else "Total (NOT all read)", totals["total"], currency))
    return table


def cells(label: str, sides: dict[str, Any], currency: str) -> list[str]:
    """One row of a currency's table."""
    left, right = sides["left"], sides["right"]
    return [
        label,
        f"{left['count']:,}",
        amount_text(left["amount_minor"], currency),
        f"{right['count']:,}",
        amount_text(right["amount_minor"], currency),
        amount_text(right["amount_minor"] - left["amount_minor"], currency, sign=True),
    ]
