"""Importing internal payments: versions, idempotence, refusals, partial imports."""

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.imports import importing
from billing.imports.importing import ImportRefused, Listener
from billing.models import ImportBatch, Organization, Payment, PaymentVersion
from tests.billing.imports.files import NOW, PAYMENT, booked, bring_payments, csv_bytes, payments, refusal

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Organization:
    return Organization.objects.create(slug="acme", name="Acme", timezone="Europe/Paris")


def test_a_row_becomes_a_payment_in_minor_units_and_utc(acme: Organization) -> None:
    result = bring_payments(acme, payments({"occurred_at": "2026-01-05 10:00"}))
    assert (result.rows, result.created) == (1, 1)
    assert booked(acme) == {
        ("charge", "pay_1"): {
            "provider_reference": "ch_1",
            "amount_minor": 1000,
            "currency": "EUR",
            "status": "succeeded",
            "occurred_at": datetime(2026, 1, 5, 9, tzinfo=UTC),
            "customer": "cus_1",
            "invoice_number": "INV-1",
        }
    }


def test_importing_the_same_file_again_writes_nothing(acme: Organization) -> None:
    content = payments({}, {"external_id": "pay_2"})
    bring_payments(acme, content)
    again = bring_payments(acme, content)
    assert (again.created, again.changed, again.unchanged, again.batch_id) == (0, 0, 2, None)
    assert (PaymentVersion.objects.count(), ImportBatch.objects.count()) == (2, 1)


def test_a_changed_row_becomes_a_new_version_and_the_old_one_stays(acme: Organization) -> None:
    bring_payments(acme, payments({"status": "pending"}, {"external_id": "pay_2"}))
    result = bring_payments(acme, payments({"status": "paid"}, {"external_id": "pay_2"}))
    assert (result.created, result.changed, result.unchanged) == (0, 1, 1)
    payment = Payment.objects.get(external_id="pay_1")
    assert payment.current_number == 2
    assert list(payment.versions.order_by("number").values_list("status", flat=True)) == ["pending", "succeeded"]


def test_the_batch_tells_file_digest_and_figures_and_versions_name_it(acme: Organization) -> None:
    bring_payments(acme, payments({}))
    bring_payments(acme, payments({"amount": "12.00"}, {"external_id": "pay_2"}, {"external_id": "pay_3"}))
    batch = ImportBatch.objects.latest("id")
    assert (batch.kind, batch.filename, batch.rows, batch.created, batch.changed) == ("payments", "p.csv", 3, 2, 1)
    assert len(batch.sha256) == 64
    assert PaymentVersion.objects.filter(batch=batch).count() == 3


def test_the_same_id_may_be_a_charge_and_a_refund(acme: Organization) -> None:
    bring_payments(acme, payments({}, {"kind": "refund", "amount": "-2.50"}))
    assert booked(acme)["refund", "pay_1"]["amount_minor"] == 250


def test_organizations_do_not_share_ids(acme: Organization) -> None:
    other = Organization.objects.create(slug="other", name="Other")
    bring_payments(acme, payments({}))
    bring_payments(other, payments({"amount": "99.00"}))
    assert booked(acme)["charge", "pay_1"]["amount_minor"] == 1000


@pytest.mark.parametrize(
    ("amount", "currency", "amount_minor"),
    [("1.250", "KWD", 1250), ("500", "jpy", 500), ("5", "UGX", 500), ("0.01", "EUR", 1)],
)
def test_amounts_follow_their_currency(acme: Organization, amount: str, currency: str, amount_minor: int) -> None:
    bring_payments(acme, payments({"amount": amount, "currency": currency}))
    facts = booked(acme)["charge", "pay_1"]
    assert (facts["amount_minor"], facts["currency"]) == (amount_minor, currency.upper())


def test_amounts_may_come_in_minor_units(acme: Organization) -> None:
    row = {name: value for name, value in PAYMENT.items() if name != "amount"}
    bring_payments(acme, csv_bytes({**row, "amount_minor": "1050", "currency": "JPY"}))
    assert booked(acme)["charge", "pay_1"]["amount_minor"] == 1050


@pytest.mark.parametrize("text", ["=1+1", "+33", "-x", "@SUM(A1)", '=HYPERLINK("http://x")', "Ünï", "'; DROP TABLE"])
def test_text_is_kept_as_it_is(acme: Organization, text: str) -> None:
    bring_payments(acme, payments({"customer": text, "invoice_number": text}))
    facts = booked(acme)["charge", "pay_1"]
    assert (facts["customer"], facts["invoice_number"]) == (text, text)


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"external_id": ""}, "external_id"),
        ({"provider_reference": "x" * 256}, "provider_reference"),
        ({"kind": ""}, "kind"),
        ({"amount": "500.5", "currency": "JPY"}, "amount"),
        ({"amount": "1.2345", "currency": "KWD"}, "amount"),
        ({"amount": "1,234.00"}, "amount"),
        ({"amount": "-5.00"}, "amount"),
        ({"currency": "XYZ"}, "currency"),
        ({"currency": ""}, "currency"),
        ({"status": "parked"}, "status"),
        ({"occurred_at": "2026-02-30"}, "occurred_at"),
    ],
)
def test_a_wrong_cell_is_named_by_row_and_column(acme: Organization, change: dict[str, str], column: str) -> None:
    problems = refusal(acme, payments({}, {"external_id": "pay_2", **change}))
    assert [(problem.row, problem.column) for problem in problems] == [(3, column)]


def test_every_error_of_a_file_is_named_and_nothing_of_it_goes_in(acme: Organization) -> None:
    problems = refusal(
        acme,
        payments({}, {"external_id": "b", "kind": "x", "status": "y"}, {"external_id": "c", "amount": "z"}),
    )
    assert [(problem.row, problem.column) for problem in problems] == [(3, "kind"), (3, "status"), (4, "amount")]
    assert (Payment.objects.count(), ImportBatch.objects.count()) == (0, 0)


def test_errors_are_counted_beyond_those_kept(acme: Organization) -> None:
    heard: list[int] = []
    with pytest.raises(ImportRefused) as caught:
        bring_payments(
            acme,
            payments(*({"external_id": f"p{n}", "amount": "x"} for n in range(80))),
            listener=Listener(problem=lambda problem: heard.append(problem.row)),
        )
    assert (len(caught.value.result.problems), caught.value.result.problem_count) == (50, 80)
    assert heard == list(range(2, 82))


@pytest.mark.parametrize("second", [{}, {"amount": "11.00"}], ids=["identical", "different"])
def test_a_repeated_row_names_both_rows(acme: Organization, second: dict[str, str]) -> None:
    (problem,) = refusal(acme, payments({}, {"external_id": "b"}, second))
    assert (problem.row, problem.column) == (4, "external_id")
    assert "Rows 2 and 4" in problem.message


def test_a_repetition_is_found_across_chunks(acme: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "CHUNK_ROWS", 2)
    (problem,) = refusal(acme, payments(*({"external_id": name} for name in "abcdeb")))
    assert "Rows 3 and 7" in problem.message


def test_an_error_in_a_late_chunk_takes_the_earlier_ones_back(
    acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "CHUNK_ROWS", 2)
    refusal(acme, payments(*({"external_id": name} for name in "abcd"), {"external_id": "e", "kind": ""}))
    assert Payment.objects.count() == 0


def test_partial_takes_the_good_rows_and_hands_back_the_others(acme: Organization) -> None:
    rejected: list[tuple[list[str], str]] = []
    result = bring_payments(
        acme,
        payments({}, {"external_id": "b", "amount": "x"}, {}),
        partial=True,
        listener=Listener(rejected=lambda _header, cells, message: rejected.append((cells, message))),
    )
    assert (result.rows, result.created, result.rejected) == (3, 1, 2)
    assert list(booked(acme)) == [("charge", "pay_1")]
    assert rejected[0][0][0] == "b"
    assert rejected[0][1].startswith("amount: ")
    assert "Rows 2 and 4" in rejected[1][1]
    assert ImportBatch.objects.get().rejected == 2


def test_an_unreadable_file_is_refused_whole_even_with_partial(
    acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "CHUNK_ROWS", 1)
    (problem,) = refusal(acme, payments({}, {"external_id": "b"}) + b"\xff\n", partial=True)
    assert problem.row == 4
    assert Payment.objects.count() == 0


ROWS = st.dictionaries(
    st.tuples(st.sampled_from(["charge", "refund"]), st.integers(1, 30).map(lambda n: f"p{n}")),
    st.fixed_dictionaries(
        {
            "amount": st.integers(0, 10**9).map(lambda n: f"{n // 100}.{n % 100:02d}"),
            "status": st.sampled_from(["paid", "pending", "void", "declined"]),
            "customer": st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=8),
        }
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, data=st.data())
def test_order_and_repetition_of_imports_make_no_difference(
    acme: Organization, rows: dict[tuple[str, str], dict[str, str]], data: st.DataObject
) -> None:
    changes = [{"kind": kind, "external_id": name, **row} for (kind, name), row in rows.items()]
    other = Organization.objects.create(slug=f"o{Organization.objects.count()}", name="O")
    first = Organization.objects.create(slug=f"o{Organization.objects.count()}", name="O")
    bring_payments(first, payments(*changes))
    before = booked(first)
    shuffled = data.draw(st.permutations(changes))
    assert bring_payments(first, payments(*shuffled)).unchanged == len(changes)
    for change in shuffled:
        bring_payments(other, payments(change), now=NOW)
    assert booked(other) == before
