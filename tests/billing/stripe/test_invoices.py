"""Invoices and what paid them, from Stripe and from files."""

import io
from typing import Any

import pytest
from django.db.models import F

from billing.imports.importing import ImportRefused, ImportResult
from billing.imports.invoices import import_invoices
from billing.invoices import InvoiceSync, sync_invoices
from billing.models import InvoicePaymentVersion, InvoiceVersion, Organization
from billing.sandbox.banking import invoice
from billing.stripe_fields import UnusableObject
from billing.stripe_invoices import invoice_payment_state, invoice_state

from ..provider_facts import organization
from .desk import NOW, Desk, days_ago

HEADER = "external_id,number,customer,currency,status,issued_at,due_at,total,paid\n"


def sweep(desk: Desk) -> InvoiceSync:
    return sync_invoices(organization=desk.organization, access=desk.access, by="test", clock=desk.clock)


def current(external_id: str) -> InvoiceVersion:
    return InvoiceVersion.objects.get(number=F("invoice__current_number"), invoice__external_id=external_id)


def test_invoices_come_with_their_lines(desk: Desk) -> None:
    item = invoice(desk.merchant, 12_000, days_ago(3), metadata={"invoice_id": "A-1"})
    sweep(desk)
    row = current(item["id"])
    assert (row.total_minor, row.paid_minor, row.currency, row.status) == (12_000, 0, "EUR", "open")
    assert (row.document_number, row.detail["metadata"]) == ("Sandbox-0001", {"invoice_id": "A-1"})
    assert [line["amount_minor"] for line in row.lines] == [12_000]
    again = sweep(desk)
    assert (again.invoices.changed, again.invoices.unchanged) == (0, 1)


def test_payments_and_invoices_are_many_to_many(desk: Desk) -> None:
    one, two = (desk.merchant.charge(5_000, days_ago(2)) for _ in range(2))
    shared = invoice(desk.merchant, 7_000, days_ago(3), paid_by=[(one, 5_000), (two, 2_000)])
    other = invoice(desk.merchant, 2_500, days_ago(3), paid_by=[(two, 3_000)])
    sweep(desk)
    links = InvoicePaymentVersion.objects.values_list("invoice_reference", "payment_reference", "amount_minor")
    assert set(links) == {
        (shared["id"], one["payment_intent"], 5_000),
        (shared["id"], two["payment_intent"], 2_000),
        (other["id"], two["payment_intent"], 3_000),
    }
    assert current(other["id"]).detail["amount_overpaid_minor"] == 500


def test_an_invoice_paid_elsewhere_has_a_link_without_a_charge(desk: Desk) -> None:
    item = invoice(desk.merchant, 900, days_ago(1), outside=True)
    sweep(desk)
    link = InvoicePaymentVersion.objects.get(invoice_reference=item["id"])
    assert (link.payment_kind, link.amount_minor) == ("payment_record", 900)
    assert link.payment_reference.startswith("pyrec_")


def test_an_open_invoice_is_read_again_however_old(desk: Desk) -> None:
    item = invoice(desk.merchant, 900, days_ago(20))
    sweep(desk)
    desk.pass_time(40 * 86_400)
    item |= {"status": "paid", "amount_paid": 900, "amount_remaining": 0}
    assert sweep(desk).refreshed == 1
    assert (current(item["id"]).status, current(item["id"]).paid_minor) == ("paid", 900)
    assert sweep(desk).refreshed == 0


def test_an_invoice_without_an_amount_is_named() -> None:
    with pytest.raises(UnusableObject, match="amount_due"):
        invoice_state({"object": "invoice", "id": "in_1", "currency": "eur", "created": 1_700_000_000})
    with pytest.raises(UnusableObject, match="invoice"):
        invoice_payment_state({"object": "invoice_payment", "id": "inpay_1"})


def test_an_unknown_status_is_kept_as_unknown() -> None:
    item = {"object": "invoice", "id": "in_1", "currency": "eur", "created": 1_700_000_000, "total": 1, "status": "x"}
    state = invoice_state(item)
    assert (state["status"], state["detail"]["provider_status"]) == ("unknown", "x")


@pytest.fixture
def acme(db: None) -> Organization:
    return organization()


def bring(acme: Organization, text: str, **options: Any) -> ImportResult:
    file = io.BytesIO((HEADER + text).encode())
    return import_invoices(organization=acme, file=file, filename="i.csv", by="test", now=NOW, **options)


def test_a_file_of_invoices_becomes_versions_and_changes_make_new_ones(acme: Organization) -> None:
    rows = "A-1,2026/1,cus_1,EUR,sent,2026-01-05,2026-02-04,12.50,\nA-2,2026/2,cus_1,JPY,paid,2026-01-06,,500,500\n"
    assert bring(acme, rows).created == 2
    assert bring(acme, rows).unchanged == 2
    assert bring(acme, rows.replace("sent", "Written-off")).changed == 1
    row = current("A-1")
    assert (row.total_minor, row.paid_minor, row.status, row.number) == (1_250, None, "uncollectible", 2)
    assert (current("A-2").total_minor, current("A-2").due_at) == (500, None)


def test_a_negative_total_is_a_credit_note(acme: Organization) -> None:
    bring(acme, "C-1,2026/3,cus_1,EUR,paid,2026-01-05,,-3.00,\n")
    row = current("C-1")
    assert (row.invoice.kind, row.total_minor) == ("credit_note", 300)


def test_a_bad_file_of_invoices_is_refused_whole_by_row_and_column(acme: Organization) -> None:
    with pytest.raises(ImportRefused) as refused:
        bring(acme, "A-1,1,c,EUR,sent,2026-01-05,,1.00,\n,2,c,EUR,maybe,yesterday,,1.000,\n")
    places = {(problem.row, problem.column) for problem in refused.value.result.problems}
    assert places == {(3, "external_id"), (3, "status"), (3, "issued_at"), (3, "total")}
    assert not InvoiceVersion.objects.exists()


@pytest.mark.parametrize(("total", "paid"), [("100.00", "-20.00"), ("-100.00", "20.00")])
def test_paid_and_total_of_different_signs_are_refused(acme: Organization, total: str, paid: str) -> None:
    with pytest.raises(ImportRefused) as refused:
        bring(acme, f"A-1,1,c,EUR,open,2026-01-05,,{total},{paid}\n")
    (problem,) = refused.value.result.problems
    assert (problem.row, problem.column, problem.value) == (2, "paid", paid)
