"""Every list of the desk: few queries, no COUNT, no search by parts of a text, nothing of other organizations."""

from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing.admin.base import DeskAdmin, EvidenceAdmin
from reconciliation.models import Dispute, ListExport
from tests.people import PASSWORD, ROLES, browser, person, undrawn
from tests.reconciliation.admin.desk_books import CANARY, books_of_somebody_else, books_with_everything, tried_and_taken
from tests.reconciliation.books import Books

BOARDS = (Dispute,)  # no lists: they have tests of their own
DESK = [(model, site) for model, site in admin.site._registry.items() if model not in BOARDS]
LISTS = [model for model, site in DESK if isinstance(site, DeskAdmin)]
EVIDENCE = [model for model, site in DESK if isinstance(site, EvidenceAdmin)]
PAGES = [model for model in EVIDENCE if model is not ListExport]  # an export has no page of its own
LARGE = [model for model in EVIDENCE if model._meta.model_name != "reconciliationrun"]
MOST_QUERIES = 12


def list_url(model: type[Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def page_url(model: type[Model], pk: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[pk])


def name_of(model: type[Model]) -> str:
    return str(model._meta.model_name)


@pytest.fixture(scope="module")
def both(rows_of_module: None) -> tuple[Books, Books]:
    """Two organizations with a row in every list."""
    own, other = books_with_everything(more=60), books_of_somebody_else()
    for books, name in ((own, "zoe-acme"), (other, CANARY)):
        tried_and_taken(books, name)
        books.run()
    return own, other


@pytest.fixture
def books(db: None, both: tuple[Books, Books]) -> Books:
    return both[0]


@pytest.fixture
def owner(books: Books) -> Client:
    return browser(person("Owner", books.organization))


@pytest.mark.parametrize("model", LISTS, ids=name_of)
def test_a_full_list_takes_few_queries_and_filters_never_count_even_when_asked_to(
    owner: Client, model: type[Model]
) -> None:
    with CaptureQueriesContext(connection) as queries:
        owner.get(list_url(model), {"_facets": "True"})
    assert model not in LARGE or not counting(queries)
    with CaptureQueriesContext(connection) as queries:  # the numbers in the sidebar are kept for a minute
        response = owner.get(list_url(model))
    assert response.status_code == 200
    assert len(queries) <= MOST_QUERIES, [query["sql"] for query in queries]
    assert not counting(queries)


def counting(queries: CaptureQueriesContext) -> list[str]:
    return [query["sql"] for query in queries if "COUNT(" in query["sql"].upper()]


@pytest.mark.parametrize("model", EVIDENCE, ids=name_of)
def test_a_search_asks_for_whole_ids_only(owner: Client, model: type[Model]) -> None:
    with CaptureQueriesContext(connection) as queries:
        response = owner.get(list_url(model), {"q": "ch_matched"})
    assert response.status_code == 200
    assert not [query["sql"] for query in queries if " LIKE " in query["sql"].upper()]


@pytest.mark.parametrize(
    ("name", "term"),
    [
        ("billing_payment", "ch_less"),
        ("billing_payment", "less"),
        ("billing_payment", "cus_2"),
        ("billing_providerrecord", "ch_less"),
        ("billing_providerevent", "ch_matched"),
        ("reconciliation_reconciliationitem", "less"),
        ("reconciliation_reconciliationdiscrepancy", "ch_less"),
        ("reconciliation_reconciliationdiscrepancy", "cus_2"),
    ],
)
def test_a_whole_id_finds_its_one_row(owner: Client, name: str, term: str) -> None:
    url = reverse(f"admin:{name}_changelist")
    assert len(undrawn(owner, url, {"q": term})["cl"].result_list) == 1
    assert len(undrawn(owner, url, {"q": term[:-1]})["cl"].result_list) == 0


def test_an_invoice_number_finds_its_payment(owner: Client) -> None:
    rows = undrawn(owner, reverse("admin:billing_payment_changelist"), {"q": "INV-1"})["cl"].result_list
    assert [row.external_id for row in rows] == ["matched"]


@pytest.mark.parametrize("model", PAGES, ids=name_of)
def test_a_page_opens_from_its_list(owner: Client, model: type[Model]) -> None:
    row = owner.get(list_url(model)).context["cl"].result_list[0]
    with CaptureQueriesContext(connection) as queries:
        response = owner.get(page_url(model, row.pk))
    assert response.status_code == 200
    assert len(queries) <= 15


@pytest.mark.parametrize("model", PAGES, ids=name_of)
def test_not_even_a_superuser_adds_changes_or_deletes_evidence(books: Books, model: type[Model]) -> None:
    root = browser(person("superuser"))
    row = model._default_manager.all()[0]
    before = list(model._default_manager.values())
    add = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")
    delete = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_delete", args=[row.pk])
    assert root.get(add).status_code == 403
    assert root.post(add, {}).status_code == 403
    assert root.post(page_url(model, row.pk), {"status": "resolved"}).status_code == 403
    assert root.post(delete, {"post": "yes"}).status_code == 403
    assert list(model._default_manager.values()) == before


@pytest.mark.parametrize("model", LISTS, ids=name_of)
def test_another_organization_shows_in_no_list_filter_search_or_page(
    owner: Client, both: tuple[Books, Books], model: type[Model]
) -> None:
    other = both[1]
    foreign = browser(person("Owner", other.organization, name="them"))
    answer = foreign.get(list_url(model))
    row = answer.context["cl"].result_list[0]
    assert CANARY in answer.content.decode() or model._meta.model_name in ("reconciliationrun", "closingthreshold")
    for query in ({"versions": "all", "status": "all"}, {"organization": str(other.organization.pk)}):
        assert CANARY not in owner.get(list_url(model), query).content.decode()
    assert list(undrawn(owner, list_url(model), {"q": CANARY})["cl"].result_list) == []
    response = owner.get(page_url(model, row.pk))
    assert response.status_code == 302
    assert response["Location"] == (reverse("admin:index") if model is not ListExport else list_url(model))


@pytest.mark.parametrize("role", ROLES)
def test_every_role_signs_in_and_reads_the_evidence(books: Books, role: str) -> None:
    person(role, books.organization)
    client = Client()
    answer = client.post(reverse("admin:login"), {"username": role.lower(), "password": PASSWORD}, follow=True)
    assert answer.redirect_chain[-1][0] == reverse("admin:index")
    for model in EVIDENCE:
        assert undrawn(client, list_url(model))["cl"] is not None


@pytest.mark.parametrize("role", ["Operator", "Manager", "Auditor", "Integration"])
def test_only_owners_change_organizations_and_memberships(books: Books, role: str) -> None:
    client = browser(person(role, books.organization))
    changed = client.post(
        reverse("admin:billing_organization_change", args=[books.organization.pk]), {"name": "Mine now"}
    )
    assert changed.status_code == 403
    assert client.post(reverse("admin:billing_membership_add"), {}).status_code == 403
    assert client.get(reverse("admin:auth_user_changelist")).status_code == 403


def test_what_came_from_outside_is_escaped(owner: Client) -> None:
    row = owner.get(reverse("admin:billing_providerevent_changelist")).context["cl"].result_list[0]
    page = owner.get(reverse("admin:billing_providerevent_change", args=[row.pk])).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert(1)" not in page


NONSENSE = (
    "type=nonsense",
    "severity=1'--",
    "currency=XX",
    "run=99999999999999999999",
    "run=x",
    "occurred_at_from=yesterday",
    "organization=x",
    "status=nonsense",
    "p=7",
    "currency=%00",
    "organization=%C2%B2",
    "changes=%20",
    "type__regex=(",
    "id__range=1",
    "occurred_at__lt=0001-01-01T00:00:00%2B14:00",
    "occurred_at_from=0001-01-01",
    "occurred_at_to=0001-01-01",
    "occurred_at_to=9999-12-30",
    "after=0~5~7",
    "after=0~t5~7",
    "after=0~t5",
    "before=0~t5~t5~7",
)


@pytest.mark.parametrize("query", NONSENSE)
def test_an_address_typed_wrong_shows_no_rows_and_no_error(owner: Client, query: str) -> None:
    for name in ("reconciliation_reconciliationdiscrepancy", "reconciliation_reconciliationitem"):
        response = owner.get(f"{reverse(f'admin:{name}_changelist')}?{query}", follow=True)
        assert response.status_code == 200
