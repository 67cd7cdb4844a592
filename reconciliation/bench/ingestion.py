"""`bench ingestion`: statement lines from the loopback Stripe, the product beside the SDK's own paging."""

from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from billing.sandbox.merchant import Merchant
from billing.sandbox.server import running
from billing.sandbox.shelf import Shelf
from reconciliation.bench.children import Children
from reconciliation.bench.ingesting import ACCOUNT, KEY, START
from reconciliation.bench.machine import load, machine
from reconciliation.bench.matching import Tell
from reconciliation.bench.results import Ratio, summed_up

MEASURES: Final[dict[str, tuple[str, str, bool]]] = {
    "ingestion": ("ingestion", "ingestion", True),
    "ingestion_again": ("ingestion, the same lines again", "ingestion", False),
    "bare_loop": ("auto-paging and bulk_create", "bare_loop", True),
}
"""Name → its title, the way it is done, whether tables are emptied before."""


def shelf_of(rows: int) -> Shelf:
    """An account with so many payments, a second apart."""
    shelf = Shelf(account=ACCOUNT)
    merchant, first = Merchant(shelf, prefix="Bench"), int(START.timestamp())
    for number in range(rows):
        merchant.charge(1_000 + number % 5_000, first + number, metadata={"invoice_id": f"INV-{number}"})
    return shelf


def measure(*, database_url: str, database: str, rows: int, repeat: int, folder: Path, tell: Tell) -> dict[str, Any]:
    """Measures every way `repeat` times, in turn, against one loopback server. Raises StepFailed."""
    children = Children(database_url)
    samples: dict[str, list[dict[str, Any]]] = defaultdict(list)
    total, done, busy = 1 + repeat * len(MEASURES), 1, load()
    tell("making the tables and the account", 0, total)
    prepared = children.step("prepare", rows=0)
    with running({KEY: shelf_of(rows)}) as sandbox:
        for _turn in range(repeat):
            for name, (title, way, fresh) in MEASURES.items():
                tell(title, done, total)
                samples[name].append(children.step("ingest", way=way, address=sandbox.address, fresh=fresh))
                done += 1
    measures = {name: summed_up(title, samples[name], rows) for name, (title, _way, _fresh) in MEASURES.items()}
    return {
        "bench": "ingestion", "rows": rows, "database": database, "repeat": repeat, "machine": machine(),
        "load_before": busy, "settings": prepared["settings"], "sizes": {"lines": rows}, "measures": measures,
        "ratios": ratios(measures),
    }  # fmt: skip


def ratios(measures: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """The promises: not slower than the plain loop, and reading the same again writes nothing."""
    times = measures["ingestion"]["seconds"] / max(measures["bare_loop"]["seconds"], 1e-9)
    again = measures["ingestion_again"]["seconds"] / max(measures["ingestion"]["seconds"], 1e-9)
    written = measures["ingestion_again"].get("created", 0)
    return [
        asdict(one)
        for one in (
            Ratio("ingestion / auto-paging and bulk_create", times, "×", "≤ 1", times <= 1),
            Ratio("the same lines again / ingestion", again, "×", "", None),
            Ratio("lines written where nothing changed", written, "", "≤ 0", not written),
        )
    ]
