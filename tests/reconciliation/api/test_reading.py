"""What the API tells: runs with their open discrepancies, discrepancies, disputes."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from billing.models import Membership, Organization
from reconciliation.models import Dispute, ReconciliationDiscrepancy
from tests.people import person
from tests.reconciliation.admin.desk_books import CANARY, books_of_somebody_else, books_with_everything
from tests.reconciliation.books import LATER, Books

from .callers import Caller

pytestmark = pytest.mark.django_db
DETAIL = {"provider_status": "needs_response", "reason": "fraudulent", "due_by": "2026-11-25T00:00:00+00:00"}


@pytest.fixture(autouse=True)
def fresh() -> None:
    cache.clear()  # counts of requests


@pytest.fixture(scope="module")
def books(rows_of_module: None) -> Books:
    books = books_with_everything()
    books.charged("dp_1", 700, kind="dispute", parent_reference="ch_less", status="pending", detail=DETAIL)
    books.run()
    books.run(comparison="statements")
    return books


@pytest.fixture
def caller(books: Books) -> Caller:
    return Caller(person("Operator", books.organization))


def pks(books: Books, **facts: Any) -> list[int]:
    """Discrepancies as stored, newest first."""
    rows = ReconciliationDiscrepancy.objects.filter(organization=books.organization, **facts)
    return list(rows.order_by("-pk").values_list("pk", flat=True))


def test_a_run_shows_its_open_discrepancies(books: Books, caller: Caller) -> None:
    (run,) = caller.get("runs", comparison="payments")["data"]
    assert (run["organization"], run["status"], run["number"]) == ("acme", "break", 1)
    assert run["period_start"] == "2026-10-01T00:00:00Z"
    row = books.only("CurrencyMismatch")
    Caller(person("Manager", books.organization)).post(row, "resolve", code="timing", notes="late")
    found = caller.get(f"runs/{run['id']}")["data"]["discrepancies"]
    assert [each["id"] for each in found] == pks(books, comparison="payments")
    assert {each["status"] for each in found} == {"open", "pending_approval"}


def test_a_runs_resolved_discrepancies_are_left_out(books: Books, caller: Caller) -> None:
    books.charged("ch_alone", 6000, customer="cus_6")
    books.run()
    run = caller.get("runs", comparison="payments")["data"][0]
    resolved = pks(books, comparison="payments", status="resolved")
    shown = [each["id"] for each in caller.get(f"runs/{run['id']}", page_size=200)["data"]["discrepancies"]]
    assert resolved
    assert not {*resolved} & {*shown}


def test_lists_come_in_pages_that_miss_and_repeat_nothing(books: Books, caller: Caller) -> None:
    (run,) = caller.ids("runs", comparison="payments")
    for address, key in (("discrepancies", {}), (f"runs/{run}", {"comparison": "payments"})):
        met: list[int] = []
        cursor: str | None = ""
        while cursor is not None:
            page = caller.get(address, page_size=3, **({"cursor": cursor} if cursor else {}))
            rows = page["data"] if isinstance(page["data"], list) else page["data"]["discrepancies"]
            assert 1 <= len(rows) <= 3
            met, cursor = met + [row["id"] for row in rows], page["meta"]["next_cursor"]
        assert met == pks(books, **key)


def test_runs_are_found_by_what_they_compared(caller: Caller) -> None:
    both = caller.ids("runs")
    assert len(both) == 2
    assert caller.ids("runs", organization="acme", status="break", period_from="2026-10-05T00:00:00Z") == both
    assert caller.ids("runs", period_to="2026-10-01T00:00:00Z") == []
    assert caller.ids("runs", period_from="2026-11-01T00:00:00Z") == []
    assert caller.ids("runs", organization="nobody") == []
    assert caller.ids("runs", status="error") == []


def test_discrepancies_are_found_by_each_filter(books: Books, caller: Caller) -> None:
    one = books.only("CurrencyMismatch")
    ReconciliationDiscrepancy.objects.filter(pk=one.pk).update(assigned_to=person("Manager", books.organization))
    assert caller.ids("discrepancies", type="CurrencyMismatch") == [one.pk]
    assert caller.ids("discrepancies", assignee="manager") == [one.pk]
    assert one.pk not in caller.ids("discrepancies", assignee="nobody")
    assert caller.ids("discrepancies", assignee="me") == []
    assert caller.ids("discrepancies", severity="minor") == pks(books, severity="minor") != []
    assert caller.ids("discrepancies", status="open") == caller.ids("discrepancies", status="unresolved") == pks(books)
    assert caller.ids("discrepancies", status="resolved") == []
    assert caller.ids("discrepancies", due_before=one.due_at.isoformat()) == pks(books, due_at__lt=one.due_at)
    assert caller.ids("discrepancies", organization="acme", comparison="statements") == pks(
        books, comparison="statements"
    )


def test_discrepancies_tied_to_processor_statements_are_listed(books: Books, caller: Caller) -> None:
    books.run(comparison="payouts")
    tied = caller.get("discrepancies", source="statements")["data"]
    assert {row["comparison"] for row in tied} == {"statements", "payouts"}
    assert [row["id"] for row in tied] == pks(books, comparison__in=["statements", "payouts"])


def test_every_kind_of_discrepancy_can_be_read(books: Books, caller: Caller) -> None:
    books.run(comparison="payouts")
    first = {(row["comparison"], row["type"]): row["id"] for row in caller.get("discrepancies", page_size=200)["data"]}
    assert len(first) >= 9
    for (_comparison, type_), pk in first.items():
        found = caller.get(f"discrepancies/{pk}")["data"]
        assert (found["type"], bool(found["sentence"])) == (type_, True)
        assert all(isinstance(part["amount_minor"], int) and part["currency"] for part in found["explanation"]["parts"])
        for side in filter(None, (found["left"], found["right"])):
            assert isinstance(side["amount_minor"], int)
            assert len(side["currency"]) == 3
            assert side["occurred_at"].endswith("Z")


@pytest.mark.parametrize(
    ("reference", "type_"),
    [("dp_1", "UNAPPLIED_REFUND"), ("alone", "MissingProviderRecord"), ("ch_unbooked", "MissingInternalRecord")],
)
def test_discrepancies_are_found_by_what_they_are_about(caller: Caller, reference: str, type_: str) -> None:
    found = caller.get("discrepancies", reference=reference)["data"]
    assert type_ in {row["type"] for row in found}
    assert len(found) == 1


def test_discrepancies_are_found_by_an_invoice(books: Books, caller: Caller) -> None:
    found = caller.get("discrepancies", reference="INV-1", comparison="statements")["data"]
    assert "StatusMismatch" in {row["type"] for row in found}
    assert caller.ids("discrepancies", reference="INV-none") == []


def test_a_discrepancy_tells_its_sum_its_sides_its_history_and_the_next_steps(books: Books, caller: Caller) -> None:
    row = ReconciliationDiscrepancy.objects.get(reason_code="amount.fee_deducted")
    found = caller.get(f"discrepancies/{row.pk}")["data"]
    assert (found["difference_minor"], found["unexplained_minor"], found["currency"]) == (-50, 0, "EUR")
    assert found["explanation"]["parts"] == [
        {"code": "fee", "amount_minor": -50, "source": "fee of ch_less", "currency": "EUR"}
    ]
    assert (found["left"]["own"], found["left"]["amount_minor"], found["left"]["record_id"]) == (
        "less", 2000, row.left_id,
    )  # fmt: skip
    assert (found["right"]["key"], found["right"]["occurred_at"]) == ("ch_less", "2026-10-10T12:00:00Z")
    assert [entry["action"] for entry in found["history"]] == ["opened"]
    assert {step["action"] for step in found["next_steps"]} >= {"acknowledge", "propose", "annotate"}
    assert not {step["action"] for step in found["next_steps"]} & {"approve", "requeue", "close"}
    assert found["version"] == 1
    assert "timing" in found["resolution_codes"]
    assert found["resolution"] is None


def test_a_dispute_tells_its_status_amounts_deadline_and_discrepancy(caller: Caller) -> None:
    row = Dispute.objects.get(reference="dp_1")
    (found,) = caller.get("disputes", organization="acme", status="open")["data"]
    assert (found["id"], found["provider_status"], found["reason"]) == ("dp_1", "needs_response", "fraudulent")
    assert (found["amount_minor"], found["currency"], found["charge"]) == (700, "EUR", "ch_less")
    assert found["evidence_due_by"] == "2026-11-25T00:00:00Z"
    assert datetime.fromisoformat(found["acknowledge_by"]).astimezone(UTC) > row.queued_at
    assert (found["discrepancy"]["id"], found["discrepancy"]["type"]) == (row.pk, row.type)
    assert caller.ids("disputes", status="resolved") == []


def test_rows_of_another_organization_do_not_exist(books: Books, caller: Caller) -> None:
    other = books_of_somebody_else()
    other.charged(f"dp_{CANARY}", 700, kind="dispute", parent_reference="ch_x", status="pending", detail=DETAIL)
    other.run()
    other.run(comparison="statements")
    theirs = ReconciliationDiscrepancy.objects.filter(organization=other.organization)
    run = Caller(person("superuser", name="root")).ids("runs", organization="other")[0]
    told = [
        *(caller.get(name, page_size=200) for name in ("runs", "discrepancies", "disputes")),
        caller.get("discrepancies", organization="other"),
        caller.get("discrepancies", reference=f"ch_{CANARY}"),
        caller.get("discrepancies", reference=f"dp_{CANARY}"),
    ]
    assert CANARY not in str(told)
    assert [page["data"] for page in told[3:]] == [[], [], []]
    assert caller.refused(f"runs/{run}")[0] == 404
    for row in theirs:
        assert caller.refused(f"discrepancies/{row.pk}")[0] == 404
        for step in ("acknowledge", "resolve"):
            status, body = caller.post(row, step, code="timing", notes="x")
            assert (status, body["error"]["code"]) == (404, "not_found")
    assert theirs.filter(version=1).count() == theirs.count() > 0
    Membership.objects.create(user_id=caller.client.session["_auth_user_id"], organization=other.organization)
    assert {row["organization"] for row in caller.get("disputes")["data"]} == {"acme", "other"}


def test_who_is_nobodys_member_sees_nothing(books: Books) -> None:
    outsider = Caller(person("Owner"))
    assert [outsider.ids(name) for name in ("runs", "discrepancies", "disputes")] == [[], [], []]


def test_the_choice_of_the_desk_does_not_narrow_the_api(books: Books, caller: Caller) -> None:
    second = Organization.objects.create(slug="second", name="Second")
    Membership.objects.create(user_id=caller.client.session["_auth_user_id"], organization=second)
    caller.client.post("/admin/choose-organization/", {"organization": second.pk})
    assert caller.ids("discrepancies") == pks(books)


@pytest.mark.parametrize(("address", "most"), [("runs", 6), ("discrepancies", 6), ("disputes", 7)])
def test_a_list_asks_the_same_questions_whatever_its_length(
    books: Books, caller: Caller, address: str, most: int
) -> None:
    counted = []
    for size in (1, 200):
        with CaptureQueriesContext(connection) as asked:
            caller.get(address, page_size=size)
        counted.append(len(asked))
        assert not [query["sql"] for query in asked.captured_queries if "COUNT(" in query["sql"].upper()]
    assert counted[0] == counted[1] <= most


def test_a_discrepancy_is_told_with_few_questions(
    books: Books, caller: Caller, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    row = books.only("CurrencyMismatch")
    with django_assert_max_num_queries(12):
        caller.get(f"discrepancies/{row.pk}")
    assert row.opened_at == LATER
