"""Nobody finds anything of another organization (TRUST 15): a canary stands in its every field."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpResponseBase
from django.urls import reverse

from billing.models import Organization
from tests.people import browser
from tests.reconciliation.admin.desk_books import CANARY

from .routes import NOBODY, READERS, Address
from .test_matrix import ENDS_THE_SESSION, changed, listed, refused, rule, stored
from .world import World, somebody_else

pytestmark = pytest.mark.django_db
OF_NOBODY = (
    "admin:auth_",
    "admin:axes_",
    "admin:django_q_",
    "admin:view_on_site",
    "admin:reconciliation_listexport_",
    "stripe-webhook",
)
MANY = [pytest.param(who, marks=pytest.mark.trust) for who in ("Auditor", "Manager", "Operator", "Integration")]
FEW = ("Owner", *MANY)
# Lists that show numbers, times and words of ours only.
SILENT = ("closingthreshold", "reconciliationrun", "bulkaction", "cause", "dryrun", "listexport", "syncjob")


@pytest.fixture(scope="module")
def world(rows_of_module: None) -> World:
    world = World()
    world.other = somebody_else()[0].organization
    for address in listed():
        for organization in (world.organization, world.other):
            world.path(address, organization)  # makes what is still missing
    return world


def other_of(world: World) -> Organization:
    assert world.other is not None
    return world.other


def body(response: HttpResponseBase) -> str:
    """Everything the answer says: page, file, headers."""
    content = b"".join(getattr(response, "streaming_content", [])) or getattr(response, "content", b"")
    return f"{content.decode(errors='replace')}{dict(response.headers)}"


def of_an_organization(address: Address) -> bool:
    """Whether the address leads to a row that an organization owns."""
    takes = set(address.takes) - {"form", "app_label", "url", "name"}
    return bool(takes) and not address.name.startswith(OF_NOBODY)


@pytest.mark.parametrize("who", FEW)
def test_no_page_list_or_file_says_anything_of_another_organization(world: World, who: str) -> None:
    client = world.client(who)
    told = [
        address.name
        for address in listed()
        if address.name not in ENDS_THE_SESSION and CANARY in body(client.get(world.path(address)))
    ]
    assert told == []


@pytest.mark.parametrize("who", FEW)
def test_what_belongs_to_another_organization_does_not_exist(world: World, who: str) -> None:
    client = world.client(who)
    other, before = other_of(world), stored()
    found = []
    for address in filter(of_an_organization, listed()):
        path = world.path(address, other)
        answers = [client.get(path), client.post(path, {"_save": "1", "post": "yes", "version": "1"})]
        found += [
            f"{answer.status_code} {path}"
            for answer in answers
            if not refused(answer, address) or CANARY in body(answer)
        ]
    assert found == []
    assert changed(before) == {}


def questions(other: Organization) -> list[dict[str, str]]:
    """What somebody could ask a list for: the canary, the other organization, everything sorted by it."""
    return [
        {"q": CANARY},
        {"q": f"ch_{CANARY}"},
        {"organization": str(other.pk)},
        {"organization": other.slug},
        {"search": f"ch_{CANARY}", "customer": f"ref-{CANARY}", "reference": f"ch_{CANARY}"},
        {"organization__id__exact": str(other.pk)},
        {"organization__name__startswith": CANARY[:3]},
        {"e": "1", "status": "all", "versions": "all"},
    ]


def test_no_filter_and_no_search_reaches_another_organization(world: World) -> None:
    client, other = world.client("Owner"), other_of(world)
    told = []
    for address in listed():
        listing = address.name.endswith("_changelist") or (address.name.startswith("api-") and not address.takes)
        if listing and "Owner" in rule(address).get:
            for query in questions(other):
                response = client.get(world.path(address), query)
                page = body(response)
                for asked in query.values():
                    page = page.replace(asked, "") if CANARY in asked else page  # a page shows what was asked for
                if response.status_code >= 500 or CANARY in page:
                    told.append(f"{response.status_code} {address.name} {query}")
    assert told == []


def test_the_own_people_do_find_it(world: World) -> None:
    """The control: to members of the other organization nearly every list shows the canary."""
    client = browser(User.objects.get(username=f"user-{CANARY}"))
    seen = {
        address.name
        for address in listed()
        if address.name.endswith("_changelist")
        and rule(address).get >= READERS
        and CANARY in body(client.get(world.path(address, other_of(world))))
    }
    silent = {f"reconciliation_{name}" for name in SILENT}
    expected = {
        f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
        for model in admin.site._registry
        if rule_of(model) >= READERS and f"{model._meta.app_label}_{model._meta.model_name}" not in silent
    }
    assert expected - seen == set()


def rule_of(model: object) -> frozenset[str]:
    """Who sees a model's list."""
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"  # type: ignore[attr-defined]
    return next((rule(each).get for each in listed() if each.name == name), NOBODY)


def test_an_error_says_nothing_of_another_organization(world: World) -> None:
    client, other = world.client("Owner"), other_of(world)
    trigger = reverse("admin:reconciliation_reconciliationrun_trigger")
    given = {"organization": str(other.pk), "comparison": "payments", "first_day": "x", "last_day": "x"}
    assert CANARY not in body(client.post(trigger, given))
    assert CANARY not in body(client.get(reverse("as_of"), {"organization": str(other.pk)}))
    member = reverse("admin:billing_membership_add")
    assert CANARY not in body(client.post(member, {"organization": str(other.pk), "user": "1"}))
    webhook = reverse("stripe-webhook", args=[other.slug])
    assert CANARY not in body(client.post(webhook, {}, content_type="application/json"))
