"""/metrics: what it tells, and to whom."""

import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from django_q.tasks import async_task
from pytest_django import DjangoAssertNumQueries, Settings

from billing.models import Organization
from reconciliation.metrics import exposition
from reconciliation.models import LogCheck
from tests.billing.stripe.desk import desk_of, organization
from tests.people import browser, person
from tests.reconciliation.sweeping.sweeps import stock, swept

pytestmark = pytest.mark.django_db
TOKEN = "a-token-of-at-least-twenty-characters"


@pytest.fixture(autouse=True)
def token(settings: Settings) -> None:
    cache.clear()
    settings.METRICS_TOKENS = ["the-one-of-last-month-still-valid", TOKEN]


def shown(client: Client, token: str = "") -> str:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return client.get("/metrics", headers=headers).content.decode()


def value(text: str, name: str, **labels: str) -> float:
    inside = ",".join(f'{key}="{labels[key]}"' for key in sorted(labels))
    found = re.search(
        rf"^tieout_{name}{{{inside}}} (\S+)$" if labels else rf"^tieout_{name} (\S+)$", text, re.MULTILINE
    )
    assert found, f"{name} {inside} is not told:\n{text}"
    return float(found[1])


def test_what_a_sweep_brought_is_counted() -> None:
    with desk_of(organization()) as desk:
        stock(desk)
        swept(desk)
        lines = len(desk.shelf.all("balance_transactions"))
    text = shown(Client(), TOKEN)
    assert value(text, "statements_ingested_total", organization="acme") == lines
    assert value(text, "disputes_logged_total", organization="acme") == 1
    found = {"organization": "acme", "comparison": "payments", "type": "MissingInternalRecord"}
    assert value(text, "discrepancies_found_total", **found) == value(text, "discrepancies_open", **found) > 0
    assert value(text, "last_sweep_failed", organization="acme") == 0
    assert value(text, "last_run_timestamp_seconds", organization="acme", comparison="payments") > 0


def test_discrepancies_of_the_last_day_show_a_spike() -> None:
    with desk_of(organization()) as desk:
        stock(desk)
        swept(desk)
    labels = {"organization": "acme", "comparison": "payments", "type": "MissingInternalRecord"}
    then = exposition(organizations=None, now=desk.clock() + timedelta(hours=1)).decode()
    later = exposition(organizations=None, now=desk.clock() + timedelta(hours=25)).decode()
    assert value(then, "discrepancies_last_day", **labels) > 0
    assert value(later, "discrepancies_last_day", **labels) == 0
    assert value(later, "discrepancies_open", **labels) > 0


@pytest.mark.parametrize(("result", "failed"), [("holds", 0), ("unsure", 1), ("broken", 1)])
def test_what_the_last_check_of_the_action_log_found_is_told(result: str, failed: int) -> None:
    now = timezone.now()
    for outcome in ("broken", "holds", result):
        LogCheck.objects.create(organization=organization_of_a_log(), checked_at=now, result=outcome, seals=1, rows=2)
    text = shown(Client(), TOKEN)
    assert value(text, "last_log_check_failed", organization="acme") == failed
    assert value(text, "last_log_check_timestamp_seconds", organization="acme") == pytest.approx(now.timestamp())


def organization_of_a_log() -> Organization:
    return Organization.objects.get_or_create(slug="acme", defaults={"name": "Acme"})[0]


def test_the_age_of_the_queue_is_told() -> None:
    async_task("math.sqrt", 4)
    text = exposition(organizations=None, now=timezone.now() + timedelta(minutes=10)).decode()
    assert value(text, "queue_jobs_waiting") == 1
    assert 599 < value(text, "queue_oldest_seconds") < 660


@pytest.mark.parametrize(
    "authorization", ["", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", "Bearer é", "Bearer"]
)
def test_nobody_reads_it_without_a_token(authorization: str) -> None:
    organization()
    answer = Client().get("/metrics", headers={"authorization": authorization})
    assert answer.status_code == 401
    assert b"acme" not in answer.content
    assert Client().get(f"/metrics?token={TOKEN}").status_code == 401


def test_without_tokens_none_is_valid(settings: Settings) -> None:
    settings.METRICS_TOKENS = []
    for given in ("Bearer ", "Bearer None", f"Bearer {TOKEN}"):
        assert Client().get("/metrics", headers={"authorization": given}).status_code == 401


def test_both_tokens_are_valid_while_one_is_exchanged() -> None:
    assert "tieout_queue_jobs_waiting" in shown(Client(), TOKEN)
    assert "tieout_queue_jobs_waiting" in shown(Client(), "the-one-of-last-month-still-valid")


def test_people_read_the_figures_of_their_own_organizations() -> None:
    mine = organization()
    Organization.objects.create(slug="other", name="Other")
    text = shown(browser(person("Auditor", mine)))
    assert value(text, "statements_ingested_total", organization="acme") == 0
    assert "other" not in text


def test_it_asks_a_fixed_number_of_questions(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for number in range(20):
        organization(f"shop-{number}")
    with django_assert_max_num_queries(18):
        exposition(organizations=None, now=timezone.now())
