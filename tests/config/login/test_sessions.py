"""Sessions end, get new keys, and are ended elsewhere."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config.login.sessions import end_sessions
from tests.people import PASSWORD, browser, person

pytestmark = pytest.mark.django_db
PAGE = "/admin/password_change/"


def signed_in(user: User) -> Client:
    client = Client()
    client.post("/admin/login/", {"username": user.username, "password": PASSWORD})
    return client


def works(client: Client) -> bool:
    return client.get(PAGE).status_code == 200


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        yield traveller


def test_a_session_ends_after_an_hour_without_activity_and_says_so(clock: Any) -> None:
    client = signed_in(person("Operator"))
    assert works(client)
    clock.shift(timedelta(minutes=61))
    answer = client.get(PAGE, follow=True)
    assert answer.redirect_chain[-1][0].startswith("/admin/login/")
    assert "after 60 minutes without activity" in answer.content.decode()


def test_activity_keeps_a_session_but_not_beyond_twelve_hours(clock: Any) -> None:
    client = signed_in(person("Operator"))
    for _half_hour in range(23):
        assert works(client)
        clock.shift(timedelta(minutes=30))
    assert works(client)
    clock.shift(timedelta(minutes=31))
    assert not works(client)


def test_reading_pages_writes_the_session_at_most_once_a_minute(clock: Any) -> None:
    client = signed_in(person("Operator"))
    works(client)
    clock.shift(timedelta(seconds=59))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        works(client)
    assert not [query for query in queries.captured_queries if "UPDATE" in query["sql"]]
    clock.shift(timedelta(seconds=2))
    with CaptureQueriesContext(connection) as queries:
        works(client)
    assert len([query for query in queries.captured_queries if "UPDATE" in query["sql"]]) == 1


def test_signing_in_gives_the_session_a_new_key() -> None:
    person("Operator")
    client = Client()
    client.get("/admin/login/")
    client.session.save()
    before = client.session.session_key
    client.post("/admin/login/", {"username": "operator", "password": PASSWORD})
    assert client.session.session_key != before
    assert not Session.objects.filter(session_key=before).exists()


def test_a_new_password_ends_the_other_sessions() -> None:
    user = person("Operator")
    here, elsewhere = signed_in(user), signed_in(user)
    new = "another-password-for-tests"
    here.post(PAGE, {"old_password": PASSWORD, "new_password1": new, "new_password2": new})
    assert (works(here), works(elsewhere)) == (True, False)


def test_somebody_signs_out_everywhere_else() -> None:
    user = person("Operator")
    here, elsewhere, colleague = signed_in(user), signed_in(user), signed_in(person("Manager"))
    assert here.post("/admin/second-factor/end-other-sessions").status_code == 302
    assert (works(here), works(elsewhere), works(colleague)) == (True, False, True)


def test_ending_sessions_counts_them_and_leaves_those_of_others() -> None:
    user = person("Operator")
    sessions = [signed_in(user), signed_in(user), signed_in(person("Manager"))]
    assert end_sessions(user=user, now=timezone.now()) == 2
    assert [works(client) for client in sessions] == [False, False, True]


def test_whose_roles_change_signs_in_again() -> None:
    user, admin = person("Operator"), browser(person("superuser"))
    client = signed_in(user)
    form = {
        "username": user.username, "is_active": "on", "is_staff": "on", "_save": "1",
        "date_joined_0": "2026-01-01", "date_joined_1": "00:00:00",
    }  # fmt: skip
    address = f"/admin/auth/user/{user.pk}/change/"
    same = admin.post(address, {**form, "email": "o@example.com", "groups": [g.pk for g in user.groups.all()]})
    assert (same.status_code, works(client)) == (302, True)
    manager = Group.objects.get(name="Manager")
    assert admin.post(address, {**form, "groups": [manager.pk]}).status_code == 302
    assert not works(client)
    assert works(admin)


def test_a_superuser_signs_somebody_out_everywhere() -> None:
    user, admin = person("Operator"), browser(person("superuser"))
    client = signed_in(user)
    path = f"/admin/auth/user/{user.pk}/end-sessions/"
    assert admin.get(path).status_code == 200
    assert works(client)
    admin.post(path, {"_form_submitted": "on"})
    assert not works(client)
