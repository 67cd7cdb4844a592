"""The loopback Stripe shows what Stripe shows: order, pages, filters, expansion, refusals."""

import pytest

from billing.sandbox.banking import invoice, pay_out
from billing.sandbox.merchant import Merchant
from billing.sandbox.server import parsed
from billing.sandbox.shelf import Refusal, Shelf


@pytest.fixture
def merchant() -> Merchant:
    return Merchant(Shelf(now=10_000_000))


def ids(shelf: Shelf, kind: str, **query: object) -> list[str]:
    return [item["id"] for item in shelf.listing(kind, query)["data"]]


def test_lists_are_newest_first_and_come_in_pages(merchant: Merchant) -> None:
    names = [merchant.charge(100, 1_000 + place // 2)["id"] for place in range(7)][::-1]
    shelf = merchant.shelf
    assert ids(shelf, "charges") == names
    first = shelf.listing("charges", {"limit": "3"})
    assert ([item["id"] for item in first["data"]], first["has_more"]) == (names[:3], True)
    last = shelf.listing("charges", {"limit": "3", "starting_after": names[5]})
    assert ([item["id"] for item in last["data"]], last["has_more"]) == (names[6:], False)
    above = shelf.listing("charges", {"limit": "2", "ending_before": names[4]})
    assert ([item["id"] for item in above["data"]], above["has_more"]) == (names[2:4], True)


def test_filters_keep_what_fits(merchant: Merchant) -> None:
    one, two = merchant.charge(100, 1_000), merchant.charge(100, 2_000, sepa=True)
    payout = pay_out(merchant, 1_500)
    shelf = merchant.shelf
    assert payout is not None
    assert ids(shelf, "charges", created={"gte": "1001", "lt": "2001"}) == [two["id"]]
    assert ids(shelf, "balance_transactions", type="payment") == [two["balance_transaction"]]
    assert ids(shelf, "balance_transactions", source=one["id"]) == [one["balance_transaction"]]
    of_payout = ids(shelf, "balance_transactions", payout=payout["id"])
    assert of_payout == [payout["balance_transaction"], one["balance_transaction"]]
    item = invoice(merchant, 100, 900, paid_by=[(one, 100)])
    wanted = {"type": "payment_intent", "payment_intent": one["payment_intent"]}
    assert len(ids(shelf, "invoice_payments", payment=wanted)) == 1
    assert ids(shelf, "invoices", status="paid") == [item["id"]]
    assert ids(shelf, "events", type="payout.*") == ids(shelf, "events", types=["payout.paid"])


def test_expansion_goes_through_several_objects(merchant: Merchant) -> None:
    charge = merchant.charge(100, 1_000, metadata={"a": "b"})
    merchant.refund(charge, 50, 1_100)
    page = merchant.shelf.listing(
        "balance_transactions", {"expand": ["data.source", "data.source.charge", "data.source.charge.payment_intent"]}
    )
    refund = page["data"][0]["source"]
    assert refund["charge"]["metadata"] == {"a": "b"}
    assert refund["charge"]["payment_intent"]["object"] == "payment_intent"
    assert "_payout" not in page["data"][0]
    with pytest.raises(Refusal, match="levels"):
        merchant.shelf.listing("balance_transactions", {"expand": ["data.a.b.c.d.e"]})


def test_what_stripe_refuses_is_refused(merchant: Merchant) -> None:
    for query in ({"moon": "1"}, {"limit": "101"}, {"starting_after": "ch_nowhere"}):
        with pytest.raises(Refusal) as refusal:
            merchant.shelf.listing("charges", query)
        assert refusal.value.status == 400
    with pytest.raises(Refusal) as missing:
        merchant.shelf.one("charges", "ch_nowhere", {})
    assert (missing.value.status, missing.value.code) == (404, "resource_missing")


def test_events_are_listed_for_thirty_days(merchant: Merchant) -> None:
    merchant.charge(100, 10_000_000 - 31 * 86_400)
    recent = merchant.charge(100, 10_000_000 - 29 * 86_400)
    events = merchant.shelf.listing("events", {})["data"]
    assert [event["data"]["object"]["id"] for event in events] == [recent["id"]]


def test_queries_are_read_as_stripe_reads_them() -> None:
    text = "created[gte]=1&created[lt]=2&expand[0]=data.source&expand[1]=b&limit=5&payment[type]=charge"
    assert parsed(text) == {
        "created": {"gte": "1", "lt": "2"},
        "expand": ["data.source", "b"],
        "limit": "5",
        "payment": {"type": "charge"},
    }
    with pytest.raises(Refusal):
        parsed("a[b=1")


def test_no_production_module_imports_the_sandbox() -> None:
    from pathlib import Path  # noqa: PLC0415

    root = Path(__file__).resolve().parents[3]
    found = [
        str(path.relative_to(root))
        for package in ("billing", "usage", "reconciliation", "config")
        for path in (root / package).rglob("*.py")
        if "sandbox" not in path.parts and "billing.sandbox" in path.read_text()
    ]
    # The demo fetches its shop from the stand-in, the bench measures against it.
    assert set(found) <= {"reconciliation/management/demo_stripe.py", "reconciliation/bench/ingestion.py"}
