"""From items of `statements` that are not plainly matched to findings: groups of invoices, lines, fees, disputes."""

from collections.abc import Iterator

import polars as pl

from billing.models import LineKind, Organization, StatementLineVersion
from reconciliation.core.cases import Finding
from reconciliation.core.dispute_findings import dispute_finding
from reconciliation.core.fees import Terms, terms_for
from reconciliation.core.invoice_findings import Group, Invoice, Payment, invoice_findings
from reconciliation.core.invoice_groups import PAYMENT, REVERSAL
from reconciliation.core.line_findings import Line, fee_variance, missing_invoice, unapplied_refund, unclassified
from reconciliation.core.parameters import Parameters
from reconciliation.core.statement_items import DISPUTED

from .base import Sides
from .statements_disputes import disputes_of
from .statements_reader import UNCLASSIFIED
from .statements_rows import Row, by_group, invoice_record, line_record, valued

LOUD = ("mismatched", "only_left", "only_right")


def explain(organization: Organization, found: pl.DataFrame, sides: Sides, parameters: Parameters) -> list[Finding]:
    """All findings about `found` (items), and every dispute of the organization; sorted by what they are about."""
    left, lines = valued(sides, parameters)
    outcomes = {
        side: dict(found.filter(pl.col(f"{side}_id") > 0).select(f"{side}_id", "outcome").iter_rows())
        for side in ("left", "right")
    }
    findings = [
        *about_invoices(left, lines, outcomes["left"], parameters),
        *about_lines(left, lines, outcomes["right"], parameters),
        *about_fees(lines, outcomes["right"], parameters),
        *(dispute_finding(one) for one in disputes_of(organization, parameters)),
    ]
    return sorted(findings, key=lambda finding: finding.fingerprint)


def about_invoices(
    left: pl.DataFrame, lines: pl.DataFrame, outcomes: dict[int, str], parameters: Parameters
) -> Iterator[Finding]:
    """Findings about invoices whose items are not plainly matched."""
    loud = [record for record, outcome in outcomes.items() if outcome in LOUD]
    groups = left.filter(pl.col("id").is_in(loud) & (pl.col("kind") == "invoice"))["grp"].unique()
    invoices, tied = by_group(left.filter(pl.col("kind") == "invoice"), groups), by_group(lines, groups)
    for name in sorted(invoices):
        rows = tied.get(name, [])
        group = Group(
            invoices=tuple(invoice_of(row, outcomes) for row in invoices[name]),
            payments=tuple(
                Payment(line_record(row), row["value"], row["kind"]) for row in rows if row["role"] == PAYMENT
            ),
            returned=-sum(row["value"] or 0 for row in rows if row["role"] == REVERSAL),
        )
        yield from (one for one in invoice_findings(group, parameters) if one.fingerprint[1] in outcomes)


def invoice_of(row: Row, outcomes: dict[int, str]) -> Invoice:
    """An invoice's row as its findings need it."""
    return Invoice(
        invoice_record(row), outcomes.get(row["id"], "mismatched"), row["state"], row["expected"], row["asks"],
        row["said"], row["linked"], row["overpaid"] or 0,
    )  # fmt: skip


def about_lines(
    left: pl.DataFrame, lines: pl.DataFrame, outcomes: dict[int, str], parameters: Parameters
) -> Iterator[Finding]:
    """Findings about lines without an invoice, refunds that are not booked, and types nobody has classified."""
    loud = [record for record, outcome in outcomes.items() if outcome == "only_right"]
    excluded = [record for record, outcome in outcomes.items() if outcome == "excluded"]
    told = lines.filter(
        (pl.col("id").is_in(loud) & ~pl.col("kind").is_in(DISPUTED))
        | (pl.col("id").is_in(excluded) & (pl.col("excluded") == UNCLASSIFIED))
    ).sort("id")
    invoices = by_group(left.filter(pl.col("kind") == "invoice"), told["grp"].drop_nulls().unique())
    for row in told.iter_rows(named=True):
        known = invoices.get(row["grp"] or "", [])
        line = Line(
            line_record(row), outcomes[row["id"]], words=" / ".join(filter(None, (row["category"], row["type_word"]))),
            cover=row["cover"] or 0, invoice=invoice_record(known[0]) if known else None,
        )  # fmt: skip
        find = {PAYMENT: missing_invoice, REVERSAL: unapplied_refund}.get(row["role"] or "", unclassified)
        yield find(line, parameters)


def about_fees(lines: pl.DataFrame, outcomes: dict[int, str], parameters: Parameters) -> Iterator[Finding]:
    """Fees that are not as agreed."""
    charges = lines.filter((pl.col("kind") == LineKind.CHARGE.value) & (pl.col("role") == PAYMENT))
    for terms in parameters.fees:
        near = pl.col("currency") == terms.currency
        wanted = (pl.col("amount") * terms.rate_ppm + 500_000) // 1_000_000 + terms.fixed_minor
        apart = charges.filter(near & ((pl.col("fee") - wanted).abs() > terms.tolerance_minor)).sort("id")
        ruled = [
            row
            for row in apart.iter_rows(named=True)
            if row["id"] in outcomes and terms_for(parameters.fees, row["currency"], row["type_word"] or "") == terms
        ]
        yield from with_details(ruled, terms, outcomes, parameters)


def with_details(rows: list[Row], terms: Terms, outcomes: dict[int, str], parameters: Parameters) -> Iterator[Finding]:
    """Fee findings, with what each fee consists of."""
    versions = StatementLineVersion.objects.in_bulk([row["version_id"] for row in rows])
    for row in rows:
        details = versions[row["version_id"]].fee_details
        fees = tuple((one.get("type", ""), one.get("amount_minor", 0)) for one in details)
        finding = fee_variance(Line(line_record(row), outcomes[row["id"]], fees=fees), terms, parameters)
        if finding is not None:
            yield finding
