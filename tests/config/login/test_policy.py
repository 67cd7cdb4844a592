"""Every answer carries a policy under which no script of a page runs."""

import re

import pytest
from django.test import Client

from tests.people import browser, person

PAGES = (
    "/admin/",
    "/admin/login/",
    "/admin/second-factor/",
    "/admin/auth/user/add/",
    "/admin/reconciliation/reconciliationdiscrepancy/",
    "/admin/billing/organization/add/",
    "/api/docs",
    "/nowhere",
    "/healthz",
)
INLINE = re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")[^>]*>\s*\S", re.IGNORECASE)
HANDLER = re.compile(r"<[^>]*\son(?:click|load|error|change|submit|input|focus)\s*=", re.IGNORECASE)


@pytest.mark.django_db
@pytest.mark.parametrize("path", PAGES)
def test_pages_hold_no_script_and_forbid_it(path: str) -> None:
    answer = browser(person("superuser")).get(path)
    policy = answer["Content-Security-Policy"]
    scripts = re.search(r"script-src ([^;]*)", policy)
    assert scripts is not None
    assert scripts[1].split() == ["'self'", "'unsafe-eval'"]
    assert "frame-ancestors 'none'" in policy
    page = answer.content.decode()
    assert INLINE.findall(page) == []
    assert HANDLER.findall(page) == []


@pytest.mark.django_db
def test_strangers_get_the_policy_as_well() -> None:
    assert "default-src 'none'" in Client().get("/admin/login/")["Content-Security-Policy"]
