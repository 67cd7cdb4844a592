"""How a run's result is shown on the command line."""

from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from billing.wording import amount_text, count_text, decimal_text
from reconciliation.core.schema import OUTCOMES
from reconciliation.models import ReconciliationDiscrepancy, SyncJob
from reconciliation.report_markdown import percent
from reconciliation.runs import RunResult
from reconciliation.sentences import sentence
from reconciliation.sweeping.words import figures_words, status_words, step_words
from reconciliation.wording import outcome_word


def verdict(status: str) -> str:
    """How a run ended, as the console shows it."""
    colour, word = {
        "ok": ("green", _("OK")),
        "break": ("yellow", _("BREAK")),
    }.get(status, ("red", _("ERROR")))
    return f"[bold {colour}]{word}[/]"


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
    name = str(result.run) if result.run else _("Dry run")
    if result.status == "error":
        console.print(f"{name}: {verdict('error')}. {result.error}", soft_wrap=True)
        console.print(_("Nothing was written. The run is stored with this error."))
        return
    for currency, totals in result.totals.items():
        console.print(currency_table(currency, totals))
    open_ones = ", ".join(f"{count} {type_}" for type_, count in result.discrepancies.items())
    console.print(
        _("%(run)s: %(verdict)s, matched %(percent)s.")
        % {
            "run": name,
            "verdict": verdict(result.status),
            "percent": percent(result.report["matched_percent"]),
        },
        soft_wrap=True,
    )
    console.print(
        _("Open discrepancies: %s.") % open_ones if open_ones else _("No open discrepancies."), soft_wrap=True
    )
    for line in examples(result):
        console.print(f"  · {escape(line)}", soft_wrap=True)
    values = {name: count_text(count) for name, count in result.written.items()}
    values["seconds"] = decimal_text(result.seconds, 1)
    text = (
        _("Would write: %(items)s items, %(discrepancies)s discrepancies, %(log)s log rows in %(seconds)s s.")
        if result.run is None
        else _("Written: %(items)s items, %(discrepancies)s discrepancies, %(log)s log rows in %(seconds)s s.")
    )
    console.print(text % values, soft_wrap=True)


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
    for heading in (_("ours"), _("amount"), _("provider"), _("amount"), _("difference")):
        table.add_column(heading, justify="right", no_wrap=True)
    shown = [outcome for outcome in OUTCOMES if any(cell["count"] for cell in totals["outcomes"][outcome].values())]
    for outcome in shown:
        table.add_row(*cells(outcome_word(outcome), totals["outcomes"][outcome], currency))
    table.add_section()
    total = _("Total read") if totals["control"] else _("Total (NOT all read)")
    table.add_row(*cells(total, totals["total"], currency))
    return table


def cells(label: str, sides: dict[str, Any], currency: str) -> list[str]:
    """One row of a currency's table."""
    left, right = sides["left"], sides["right"]
    return [
        label,
        count_text(left["count"]),
        amount_text(left["amount_minor"], currency),
        count_text(right["count"]),
        amount_text(right["amount_minor"], currency),
        amount_text(right["amount_minor"] - left["amount_minor"], currency, sign=True),
    ]


def print_job(job: SyncJob, console: Console) -> None:
    """A table of the steps."""
    table = Table(title=job.organization.name, title_justify="left", title_style="bold")
    for heading in (_("Step"), _("Result"), _("What came"), _("Seconds")):
        table.add_column(heading, justify="right" if heading == _("Seconds") else "left")
    for step in job.steps:
        told = step["error"] or figures_words(step["figures"])
        table.add_row(*map(Text, (step_words(step["name"]), status_words(step["status"]), told, step["seconds"])))
    console.print(table)
    if job.status in ("queued", "running"):
        console.print(_("%s is being worked by the worker at this moment.") % job)
