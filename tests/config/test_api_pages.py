"""The description of the API and its reader's page."""

import re
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.test import Client

pytestmark = pytest.mark.django_db


def test_the_description_is_openapi_3_1(admin_client: Client) -> None:
    response = admin_client.get("/api/schema", headers={"accept": "application/vnd.oai.openapi+json"})
    assert response.status_code == 200
    assert response.json()["openapi"].startswith("3.1")


def test_the_readers_page_loads_nothing_from_elsewhere(admin_client: Client) -> None:
    page = admin_client.get("/api/docs").content.decode()
    sources = re.findall(r"(?:src|href)=\"([^\"]+)\"", page)
    assert sources
    assert [source for source in sources if not source.startswith(("/static/", "/api/docs?"))] == []
    static = [source.removeprefix("/static/") for source in sources if source.startswith("/static/")]
    assert all(finders.find(source) for source in static)


def test_both_are_for_people_who_are_signed_in(client: Client) -> None:
    assert {client.get(address).status_code for address in ("/api/docs", "/api/schema")} == {403}
    client.force_login(User.objects.create_user("someone"))
    assert client.get("/api/docs").status_code == 200


def test_the_description_is_whole_and_without_warnings(tmp_path: Path) -> None:
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(tmp_path / "schema.yml"))
