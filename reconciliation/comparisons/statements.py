"""`statements`: invoices (left) against the lines of the provider's statement (right), tied by explicit words."""

from datetime import datetime

from billing.models import Organization
from reconciliation.core.fees import Terms
from reconciliation.core.matching import Matched
from reconciliation.core.parameters import SECOND, Parameters, Tolerance, micros
from reconciliation.core.passes import KeyPass
from reconciliation.core.statement_items import settle
from reconciliation.engine import lazy, pin
from reconciliation.models import FeeTerms

from .base import Comparison, Scope, Seeds, Sides
from .statements_explaining import explain
from .statements_reader import imported, members
from .statements_sides import load_connected, load_sides, reached_by_links

NAME = "statements"


def parameters(organization: Organization, start: datetime, end: datetime, now: datetime) -> Parameters:
    """The organization's rules for a run over `[start, end)` at `now`."""
    return Parameters(
        start=micros(start),
        end=micros(end),
        now=micros(now),
        grace=organization.grace_seconds * SECOND,
        match_window=0,
        duplicate_window=0,
        tolerance=Tolerance(organization.tolerance_minor, organization.tolerance_ppm),
        fees=agreed_fees(organization),
    )


def agreed_fees(organization: Organization) -> tuple[Terms, ...]:
    """What the provider may take, in a stable order."""
    rows = FeeTerms.objects.filter(organization=organization).order_by("currency", "line_type")
    names = ("currency", "line_type", "rate_ppm", "fixed_minor", "tolerance_minor")
    return tuple(Terms(**row) for row in rows.values(*names))


def load(organization: Organization, scope: Scope, _rules: Parameters) -> Sides:
    """Both sides of a run, ready to be matched."""
    return load_sides(organization, scope)


def connected(organization: Organization, seeds: Seeds, _rules: Parameters) -> Sides:
    """Both sides of what is connected to changed records, ready to be matched."""
    return load_connected(organization, seeds)


def match(sides: Sides, rules: Parameters) -> Matched:
    """Items of both sides."""
    return settle(left=lazy(sides.left), right=lazy(sides.right), parameters=rules, pin=pin)


COMPARISON = Comparison(
    name=NAME,
    members=members,
    load=load,
    connected=connected,
    sources={"invoice": "left", "statement_line": "right"},
    reached={"invoice_payment": reached_by_links},
    imported=imported,
    parameters=parameters,
    first=KeyPass("invoice_named", "key", "alt_key2"),
    passes=(),
    match=match,
    explain=explain,
)
