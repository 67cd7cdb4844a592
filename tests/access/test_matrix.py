"""Who may do what (TRUST 14): every address × method × role, as `routes.py` says."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import transaction
from django.test import Client

from tests.database import POSTGRES

from .routes import MODELS, NOBODY, STRANGER, TABLE, UNNAMED, WHO, Address, Route, addresses
from .world import World

mark = pytest.mark
OLD_PAGE = re.compile(r"admin/\w+/\w+/<path:object_id>/")
ENDS_THE_SESSION = {"admin:logout", "end_other_sessions", "admin:login"}
NO_PERMISSION_STOPS = ("stripe-webhook",)  # an unsigned delivery is refused by the webhook itself
# The others at full size. On PostgreSQL somebody who sees every page: who is let in is decided before it is asked.
FEW = ("superuser",) if POSTGRES else (STRANGER, "Operator", "Auditor")
UNWATCHED = {"sessions.Session", "axes.AccessAttempt", "axes.AccessLog", "otp_totp.TOTPDevice", "auth.User"}
UNWATCHED |= {"reconciliation.ListExport", "reconciliation.Cause", "reconciliation.CauseMember"}
UNWATCHED |= {"reconciliation.CauseState", "django_q.OrmQ"}  # a stale list asks for a job
ADD_A_LINE = "tests/access/routes.py needs a line for {name!r} ({pattern}): who gets in with GET, who with POST?"


def listed() -> list[Address]:
    """Every address the table speaks of, with what it takes; those that end sessions come last."""
    found = [each for each in addresses() if each.name in TABLE and (each.name or not each.pattern)]
    return sorted(found, key=lambda each: each.name in ENDS_THE_SESSION)


def rule(address: Address) -> Route:
    return TABLE[address.name]


def test_every_address_has_its_line() -> None:
    known = set(TABLE)
    missing = [
        ADD_A_LINE.format(name=each.name, pattern=each.pattern)
        for each in addresses()
        if (each.name or each.pattern) not in known
        and not (not each.name and (OLD_PAGE.fullmatch(each.pattern) or each.pattern == UNNAMED[1]))
    ]
    assert missing == []


def test_every_line_is_about_an_address() -> None:
    assert sorted(set(TABLE) - {each.name for each in addresses()}) == []
    registered = {f"{model._meta.app_label}_{model._meta.model_name}" for model in admin.site._registry}
    assert registered == set(MODELS)


@pytest.fixture(scope="module")
def set_up(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Made once for all tests of this file; taken back after them."""
    with django_db_blocker.unblock(), transaction.atomic():
        world = World()
        for address in listed():
            world.path(address)  # makes what is still missing
        yield world
        transaction.set_rollback(True)


@pytest.fixture
def world(set_up: World, db: None) -> World:
    """As it was set up, whatever the test before did: `db` takes back what a test does."""
    return set_up


def refused(response: Any, address: Address) -> bool:
    """Whether permission stopped it. The admin leads to its first page from a row that is not there for the person."""
    leads = response.headers.get("Location", "")
    gone = leads == "/admin/" and "object_id" in address.takes
    return response.status_code in (401, 403, 404, 405) or leads.startswith("/admin/login/") or gone


def differing(world: World, who: str, method: str) -> list[str]:
    """Where the answers differ from the table."""
    found = []
    client = world.client(who)
    for address in listed():
        here: Any = world.client(who) if address.name in ENDS_THE_SESSION else client
        path = world.path(address)
        response = getattr(here, method)(path)
        allowed = who in (rule(address).get if method == "get" else rule(address).post)
        if address.name == "admin:login" and method == "get" and response.status_code == 302:
            continue  # somebody who is signed in is led on
        if address.name in NO_PERMISSION_STOPS and response.status_code == 400:
            continue
        if response.status_code >= 500 or refused(response, address) is allowed:
            found.append(f"{method.upper()} {path} as {who}: {response.status_code}, the table says {allowed}")
    return found


def stored() -> dict[str, Any]:
    """Everything in the database that nobody changes by merely asking."""
    models = [model for model in apps.get_models() if model._meta.label not in UNWATCHED]
    return {model._meta.label: sorted(map(str, model._default_manager.values_list())) for model in models}


def shown(found: list[str]) -> None:
    if found:
        pytest.fail("\n".join(found), pytrace=False)


def changed(before: dict[str, Any]) -> dict[str, list[str]]:
    """The rows that came or went since, by table."""
    after = stored()
    return {label: sorted({*before[label]} ^ {*after[label]})[:4] for label in after if before[label] != after[label]}


@pytest.mark.parametrize("who", FEW)
def test_people_get_in_exactly_where_the_table_says(world: World, who: str) -> None:
    shown(differing(world, who, "get"))


@pytest.mark.parametrize("who", ["Operator", *(pytest.param(who, marks=pytest.mark.trust) for who in FEW[::2])])
def test_people_may_send_exactly_what_the_table_says(world: World, who: str) -> None:
    shown(differing(world, who, "post"))


@pytest.mark.trust
@pytest.mark.parametrize("who", sorted(set(WHO) - {*FEW}))
def test_everybody_gets_in_and_may_send_exactly_where_the_table_says(world: World, who: str) -> None:
    shown([*differing(world, who, "get"), *differing(world, who, "post")])


@pytest.mark.parametrize(
    "who", ["Auditor", *(pytest.param(who, marks=pytest.mark.trust) for who in WHO if who != "Auditor")]
)
def test_whatever_is_refused_changes_nothing(world: World, who: str) -> None:
    client = world.client(who)
    before = stored()
    for address in listed():
        if who not in rule(address).post:
            client.post(world.path(address), {"_save": "1", "post": "yes", "version": "1", "reason": "-"})
    assert changed(before) == {}


@pytest.mark.trust
def test_looking_changes_nothing(world: World) -> None:
    client = world.client("Owner")
    before = stored()
    for address in listed():
        client.get(world.path(address))
    assert changed(before) == {}


def test_no_form_is_taken_from_another_site(world: World) -> None:
    """Without the token of its page every POST is refused; the webhook has its signature."""
    trusting = world.client("superuser")
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = trusting.cookies
    taken = [
        address.name
        for address in listed()
        if rule(address).post != NOBODY and strict.post(world.path(address)).status_code != 403
    ]
    assert taken == ["stripe-webhook"]


@pytest.mark.parametrize(
    ("who", "method"),
    [
        pytest.param(who, method, marks=mark.pages if (who, method) == ("Operator", "options") else mark.trust)
        for who in WHO
        for method in ("put", "patch", "delete", "options", "trace")
    ],
)
def test_no_other_method_fails_or_changes_anything(world: World, who: str, method: str) -> None:
    client: Any = world.client(who)
    before = stored()
    for address in listed():
        if address.name not in ENDS_THE_SESSION:
            assert getattr(client, method)(world.path(address)).status_code < 500, address
    assert changed(before) == {}
