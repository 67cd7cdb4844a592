"""Whatever is asked for, the API answers: never a 5xx, never a row that was not asked for."""

import pytest
from django.core.cache import cache
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciliation.api.filters import DiscrepancyFilters, DisputeFilters, RunFilters
from tests.people import person
from tests.reconciliation.books import Books

from .callers import ROOT, Caller

pytestmark = pytest.mark.django_db
NAMES = sorted({*RunFilters.base_filters, *DiscrepancyFilters.base_filters, *DisputeFilters.base_filters})
ODD = ("0~1", "0~t1", "9~1", "0~-9223372036854775809", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
       "-1", "201", "٣", "\x00", "%", "2026-02-30", "open", "me", "1e9", "None")  # fmt: skip
VALUES = st.one_of(st.sampled_from(ODD), st.text(max_size=20), st.integers().map(str), st.datetimes().map(str))
QUERIES = st.dictionaries(st.sampled_from([*NAMES, "cursor", "page_size"]), VALUES, max_size=4)


@pytest.fixture
def caller() -> Caller:
    books = Books()
    books.charged("ch_unbooked", 700)
    books.run()
    return Caller(person("Auditor", books.organization))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=QUERIES, address=st.sampled_from(["runs", "discrepancies", "disputes"]))
def test_no_question_breaks_a_list(caller: Caller, query: dict[str, str], address: str) -> None:
    cache.clear()  # counts of requests
    response = caller.client.get(f"{ROOT}{address}", query)
    assert response.status_code in (200, 400), (query, response.content)
    if response.status_code == 400:
        named = {detail["field"] for detail in response.json()["error"]["details"]}
        assert named
        assert named <= set(query)


def test_odd_values_of_each_kind_are_answered(caller: Caller) -> None:
    for value in ODD:
        cache.clear()
        for name in ("cursor", "period_from", "due_before", "reference"):
            for address in ("runs", "discrepancies"):
                assert caller.client.get(f"{ROOT}{address}", {name: value}).status_code in (200, 400), (name, value)


NO_SENSE = (
    ("discrepancies", "cursor", "x"), ("discrepancies", "page_size", "0"), ("runs", "page_size", "201"),
    ("runs", "status", "open"), ("discrepancies", "status", "done"), ("discrepancies", "due_before", "soon"),
    ("discrepancies", "type", "x"), ("discrepancies", "source", "x"), ("disputes", "status", "won"),
    ("runs", "period_to", "0001-01-01T00:00:00+14:00"),
)  # fmt: skip


def test_a_value_that_makes_no_sense_is_named(caller: Caller) -> None:
    for address, name, value in NO_SENSE:
        status, error = caller.refused(address, **{name: value})
        assert (status, error["code"]) == (400, "invalid")
        assert [detail["field"] for detail in error["details"]] == [name]


def test_an_id_that_is_nowhere_is_404(caller: Caller) -> None:
    for address in ("runs/0", "runs/99999999999999999999", "discrepancies/99999999999999999999"):
        status, error = caller.refused(address)
        assert (status, error["code"]) == (404, "not_found")
