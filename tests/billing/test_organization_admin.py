"""Owners keep their organizations and memberships in the admin; nobody reaches into another organization."""

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import Membership, Organization
from tests.people import browser, person


@pytest.fixture
def acme(db: None) -> Organization:
    return Organization.objects.create(slug="acme", name="Acme", reference_keys=["order_id"])


@pytest.fixture
def other(db: None) -> Organization:
    return Organization.objects.create(slug="other", name="Other")


@pytest.fixture
def owner(acme: Organization) -> Client:
    return browser(person("Owner", acme))


def page(organization: Organization) -> str:
    return reverse("admin:billing_organization_change", args=[organization.pk])


def filled(client: Client, organization: Organization, **changes: str) -> dict[str, str]:
    initial = client.get(page(organization)).context["adminform"].form.initial
    values = {name: str(value) for name, value in initial.items() if value is not False and name != "slug"}
    return values | changes


def test_an_owner_changes_the_rules(owner: Client, acme: Organization) -> None:
    values = filled(owner, acme, grace_seconds="3600", currency="usd", reference_keys=" invoice_id , order_id ")
    assert owner.post(page(acme), values).status_code == 302
    acme.refresh_from_db()
    assert (acme.grace_seconds, acme.currency, acme.reference_keys) == (3600, "USD", ["invoice_id", "order_id"])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"timezone": "Mars/Olympus"}, "not a known time zone"),
        ({"currency": "XYZ"}, "not known here"),
        ({"reference_keys": "a,a"}, "must be different"),
    ],
)
def test_what_no_run_could_work_with_is_refused_on_the_form(
    owner: Client, acme: Organization, wrong: dict[str, str], said: str
) -> None:
    response = owner.post(page(acme), filled(owner, acme, **wrong))
    assert response.status_code == 200
    assert said in response.content.decode()
    before = acme.timezone, acme.currency, acme.reference_keys
    acme.refresh_from_db()
    assert (acme.timezone, acme.currency, acme.reference_keys) == before


def test_the_short_name_stays(owner: Client, acme: Organization) -> None:
    owner.post(page(acme), filled(owner, acme, slug="renamed"))
    acme.refresh_from_db()
    assert acme.slug == "acme"


def test_an_owner_neither_adds_nor_deletes_an_organization(owner: Client, acme: Organization) -> None:
    assert owner.post(reverse("admin:billing_organization_add"), {"slug": "mine"}).status_code == 403
    deletion = reverse("admin:billing_organization_delete", args=[acme.pk])
    assert owner.post(deletion, {"post": "yes"}).status_code == 403
    assert browser(person("superuser")).post(deletion, {"post": "yes"}).status_code == 403


def test_a_superuser_adds_an_organization(db: None) -> None:
    root = browser(person("superuser"))
    blank = root.get(reverse("admin:billing_organization_add")).context["adminform"].form
    values = {name: str(blank.get_initial_for_field(field, name) or "0") for name, field in blank.fields.items()}
    values |= {"slug": "new", "name": "New", "reference_keys": "order_id", "stripe_account": ""}
    values.pop("livemode")
    assert root.post(reverse("admin:billing_organization_add"), values).status_code == 302
    assert Organization.objects.get(slug="new").reference_keys == ["order_id"]


def test_another_organization_cannot_be_changed(owner: Client, acme: Organization, other: Organization) -> None:
    response = owner.post(page(other), filled(owner, acme, name="Taken over"))
    assert response.status_code == 302
    other.refresh_from_db()
    assert other.name == "Other"


def test_an_owner_makes_a_colleague_a_member_of_an_own_organization_only(
    owner: Client, acme: Organization, other: Organization
) -> None:
    second = Organization.objects.create(slug="second", name="Second")
    Membership.objects.create(user_id=Membership.objects.get().user_id, organization=second)
    colleague = person("Operator", acme)
    add = reverse("admin:billing_membership_add")
    assert owner.post(add, {"user": colleague.pk, "organization": second.pk}).status_code == 302
    assert owner.post(add, {"user": colleague.pk, "organization": other.pk}).status_code == 200
    assert set(colleague.memberships.values_list("organization__slug", flat=True)) == {"acme", "second"}


def test_an_owner_is_not_shown_people_of_other_organizations(owner: Client, other: Organization) -> None:
    person("Operator", other, name="somebody-else")
    assert "somebody-else" not in owner.get(reverse("admin:billing_membership_add")).content.decode()
