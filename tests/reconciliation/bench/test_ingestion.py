"""The bench of ingestion: both ways bring in the same lines, and the figures say which promise was kept."""

import pytest

from billing.models import StatementLineVersion
from billing.sandbox.server import running
from reconciliation.bench import ingesting
from reconciliation.bench.ingestion import ratios, shelf_of

ROWS = 130
SAID = ("line__external_id", "net_minor", "fee_minor", "currency", "kind", "invoice_reference", "tenant_answer")


@pytest.mark.django_db
@pytest.mark.parametrize("way", ["ingestion", "bare_loop"])
def test_each_way_brings_in_every_line_of_the_account(way: str) -> None:
    shelf = shelf_of(ROWS)
    with running({ingesting.KEY: shelf}) as sandbox:
        assert ingesting.WAYS[way](sandbox.address) == {"rows": ROWS, "created": ROWS}
    found = set(StatementLineVersion.objects.values_list(*SAID))
    wanted = {
        (one["id"], one["net"], one["fee"], "EUR", "charge", f"INV-{number}", "account")
        for number, one in enumerate(reversed(shelf.all("balance_transactions")))
    }
    assert found == wanted


def test_the_figures_say_whether_ingestion_is_as_fast_as_the_plain_loop() -> None:
    measures = {
        "ingestion": {"seconds": 2.0}, "bare_loop": {"seconds": 1.0}, "ingestion_again": {"seconds": 1.0, "created": 3},
    }  # fmt: skip
    found = {one["name"]: (one["value"], one["met"]) for one in ratios(measures)}
    assert found["ingestion / auto-paging and bulk_create"] == (2.0, False)
    assert found["lines written where nothing changed"] == (3, False)
    measures["ingestion"]["seconds"] = 0.9
    assert {one["name"]: one["met"] for one in ratios(measures)}["ingestion / auto-paging and bulk_create"]
