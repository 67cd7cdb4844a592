"""Two ways to ingest a statement from the loopback Stripe: the product's, and the plain loop with the SDK's paging.

The plain loop reads with auto-paging and writes each hundred lines with two `bulk_create`. It reads the same facts and
leaves out the rest: position and resuming, versions, tenants later answered, other writers, the journal.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

from django.db import transaction
from django.utils import timezone
from stripe import StripeClient

from billing.models import Organization, StatementLine, StatementLineVersion
from billing.statement_lines import line_facts
from billing.statement_store import joined
from billing.statements import EXPAND, ingest_statements
from billing.stripe_access import Access
from billing.stripe_client import API_VERSION, connect
from billing.tenants import links
from billing.walks import PAGE_ROWS

ACCOUNT: Final = "acct_1Bench"
KEY: Final = "rk_live_bench0001"
START: Final = datetime(2026, 10, 1, tzinfo=UTC)
SLUG: Final = "bench-ingestion"


def ensure_organization() -> Organization:
    """Whose statement it is."""
    fields = {"name": "Bench", "stripe_account": ACCOUNT, "livemode": True}
    return Organization.objects.get_or_create(slug=SLUG, defaults=fields)[0]


def ingestion(address: str) -> dict[str, Any]:
    """The product's."""
    access = Access(connect(key=KEY, base=address), ACCOUNT)
    done = ingest_statements(
        organization=ensure_organization(), access=access, by="bench", clock=timezone.now, start=START
    )
    return {"rows": done.fetch.rows, "created": done.fetch.created}


def pieces(items: Iterator[Any]) -> Iterator[list[Any]]:
    """A hundred at a time."""
    while piece := list(islice(items, PAGE_ROWS)):
        yield piece


def bare_loop(address: str) -> dict[str, Any]:
    """Auto-paging and `bulk_create`."""
    organization, written = ensure_organization(), 0
    client = StripeClient(KEY, stripe_version=API_VERSION, base_addresses={"api": address})
    params: dict[str, Any] = {
        "limit": PAGE_ROWS, "expand": list(EXPAND), "created": {"gte": int(START.timestamp())},
    }  # fmt: skip
    listed: Any = client.v1.balance_transactions.list(params)  # type: ignore[arg-type]
    stated = {"account": ACCOUNT, "livemode": True}
    for piece in pieces(iter(listed.auto_paging_iter())):
        facts = [line_facts(item.to_dict()) for item in piece]
        answers = [links(organization=organization, facts=one, billed={}, known={}) for one in facts]
        with transaction.atomic():
            lines = StatementLine.objects.bulk_create(
                StatementLine(organization=organization, external_id=one.external_id) for one in facts
            )
            versions = [
                StatementLineVersion(
                    line=line, organization=organization, recorded_at=timezone.now(), recorded_by="bench",
                    **joined(None, one.values | stated, answered),
                )
                for line, one, answered in zip(lines, facts, answers, strict=True)
            ]  # fmt: skip
            written += len(StatementLineVersion.objects.bulk_create(versions))
    return {"rows": written, "created": written}


WAYS: Final[dict[str, Callable[[str], dict[str, Any]]]] = {"ingestion": ingestion, "bare_loop": bare_loop}
