"""Pages of what is fetched: totals, lines nobody owns, work asked for and its lasting results; by whom."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ

from billing.models import Organization, ProviderFetch, StatementLineVersion
from reconciliation.models import ReconciliationActionLog, SyncJob, SyncResult
from reconciliation.sweep_tasks import work_source_job
from tests.billing.stripe.desk import desk_of, organization
from tests.people import browser, person
from tests.reconciliation.admin.desk_sources import sources
from tests.reconciliation.sweeping.sweeps import stock

pytestmark = pytest.mark.django_db
LINES = "admin:billing_statementline_changelist"
ATTACH = "admin:billing_statementline_attach"
SWEEP = "admin:reconciliation_syncjob_sweep"
MISSING = "admin:reconciliation_syncjob_missing"
OTHERS = ["Operator", "Auditor", "Integration"]


@pytest.fixture
def acme() -> Organization:
    mine = organization("acme", name="Acme")
    sources(mine, "A-1")
    return mine


@pytest.fixture
def manager(acme: Organization) -> Client:
    return browser(person("Manager", acme, name="mia"))


def text(client: Client, view: str, *pk: Any, **query: Any) -> str:
    return client.get(reverse(view, args=pk), query).content.decode()


def fetched(client: Client, view: str, pk: int) -> str:
    return text(client, f"admin:{view}_change", pk)


def test_the_list_tells_what_its_lines_come_to_by_currency(manager: Client) -> None:
    page = text(manager, LINES)
    assert "1 line in EUR: gross 10.00 EUR, fees 0.40 EUR, net 9.60 EUR" in page
    assert "1 line in USD: gross −5.00 USD, fees 0.00 USD, net −5.00 USD" in page
    assert "in USD:" not in text(manager, LINES, owner="someone")


def test_totals_of_very_many_lines_ask_for_a_choice(manager: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciliation.admin.statement_totals.MOST", 1)
    assert "More than 1 lines" in text(manager, LINES)
    assert "1 line in EUR" in text(manager, LINES, owner="someone")


@pytest.mark.parametrize(
    ("owner", "shown", "hidden"),
    [("none", "txn_nobody_A-1", "txn_A-1"), ("someone", "txn_A-1", "txn_nobody_A-1"), ("withdrawn", "", "txn_")],
)
def test_lines_are_found_by_whether_somebody_owns_them(manager: Client, owner: str, shown: str, hidden: str) -> None:
    page = text(manager, LINES, owner=owner)
    assert f">{shown}<" in page or not shown
    assert f">{hidden}<" not in page


@pytest.mark.parametrize("term", ["txn_A-1", "ch_A-1", "A-1", "po_A-1"])
def test_a_line_is_found_by_any_of_its_ids(manager: Client, term: str) -> None:
    page = text(manager, LINES, q=term)
    assert ">txn_A-1<" in page
    assert ">txn_nobody_A-1<" not in page


def test_a_manager_says_whose_a_line_is_and_it_is_on_record(acme: Organization, manager: Client) -> None:
    line = StatementLineVersion.objects.get(line__external_id="txn_nobody_A-1").line
    page = text(manager, ATTACH)
    assert ">txn_nobody_A-1<" in page
    assert ">txn_A-1<" not in page
    answer = manager.post(reverse(ATTACH), {"lines": [line.pk], "tenant": acme.pk, "reason": "Paid by hand"})
    assert answer.status_code == 302
    now = line.versions.get(number=2)
    assert (now.tenant, now.tenant_answer, now.recorded_by, now.reason) == (acme, "person", "mia", "Paid by hand")
    entry = ReconciliationActionLog.objects.get()
    assert (entry.action, entry.actor, entry.after["lines"]) == ("lines_attached", "user:mia", ["txn_nobody_A-1"])
    assert entry.request_id
    assert "Every line belongs to somebody" in text(manager, ATTACH)
    assert "Statement lines attached" in text(manager, "admin:reconciliation_reconciliationactionlog_changelist")


def test_attaching_needs_lines_a_reason_and_an_organization_of_ones_own(acme: Organization, manager: Client) -> None:
    other = organization("other", name="Someone else")
    line = StatementLineVersion.objects.get(line__external_id="txn_nobody_A-1").line
    assert "Tick one line or more" in manager.post(reverse(ATTACH), {"tenant": acme.pk, "reason": "x"}).content.decode()
    for values in ({"tenant": acme.pk, "reason": ""}, {"tenant": other.pk, "reason": "x"}):
        assert manager.post(reverse(ATTACH), {"lines": [line.pk], **values}).status_code == 200
    assert not line.versions.filter(number=2).exists()
    assert "Someone else" not in text(manager, ATTACH)


def test_a_line_of_another_organization_cannot_be_attached(manager: Client) -> None:
    other = organization("other")
    sources(other, "B-1")
    theirs = StatementLineVersion.objects.get(line__external_id="txn_nobody_B-1").line
    assert "B-1" not in text(manager, ATTACH, lines=theirs.pk)
    manager.post(reverse(ATTACH), {"lines": [theirs.pk], "tenant": other.pk, "reason": "mine now"})
    assert not theirs.versions.filter(number=2).exists()


def test_a_manager_asks_for_a_sweep_and_reads_what_came_of_it(acme: Organization, manager: Client) -> None:
    answer = manager.post(reverse(SWEEP), {"organization": acme.pk})
    job = SyncJob.objects.get(kind="sweep")
    assert answer["Location"] == reverse("admin:reconciliation_syncjob_change", args=[job.pk])
    assert (job.status, job.requested_by.get_username() if job.requested_by else "", OrmQ.objects.count()) == (
        "queued", "mia", 1,
    )  # fmt: skip
    assert "Waiting for the worker" in fetched(manager, "reconciliation_syncjob", job.pk)
    work_source_job(job.pk)
    page = fetched(manager, "reconciliation_syncjob", job.pk)
    assert "Reconcile payments" in page
    assert manager.get(reverse("admin:reconciliation_syncjob_progress", args=[job.pk]))["HX-Refresh"] == "true"


def test_a_manager_asks_for_missing_payments_of_some_days(acme: Organization, manager: Client) -> None:
    days = {"organization": acme.pk, "first_day": "2026-10-01", "last_day": "2026-10-31"}
    manager.post(reverse(MISSING), days)
    job = SyncJob.objects.get(kind="missing", status="queued")
    assert job.parameters == {"from": "2026-10-01T00:00:00+00:00", "to": "2026-11-01T00:00:00+00:00"}
    wrong = {"organization": acme.pk, "first_day": "2026-10-02", "last_day": "2026-10-01"}
    assert "The last day is before the first one" in manager.post(reverse(MISSING), wrong).content.decode()
    assert (
        "Choose the first day as well"
        in manager.post(reverse(MISSING), {"organization": acme.pk, "last_day": "2026-10-01"}).content.decode()
    )


@pytest.mark.parametrize("role", OTHERS)
@pytest.mark.parametrize("view", [SWEEP, MISSING, ATTACH])
def test_others_ask_for_nothing_and_see_no_button(acme: Organization, role: str, view: str) -> None:
    client = browser(person(role, acme))
    assert client.get(reverse(view)).status_code == 403
    assert client.post(reverse(view), {"organization": acme.pk}).status_code == 403
    listed = LINES if view == ATTACH else "admin:reconciliation_syncjob_changelist"
    assert reverse(view) not in text(client, listed)
    assert OrmQ.objects.count() == 0


def test_each_id_of_a_fetch_stays_readable_page_by_page(acme: Organization, manager: Client) -> None:
    job = SyncJob.objects.get(kind="missing")
    SyncResult.objects.bulk_create(
        SyncResult(job=job, external_id=f"evt_synced_{number:03}", outcome="synced") for number in range(150)
    )
    page = fetched(manager, "reconciliation_syncjob", job.pk)
    assert "evt_A-1" in page
    assert "evt_synced_099" in page
    assert "evt_synced_100" not in page
    after = SyncResult.objects.get(external_id="evt_synced_099").pk
    later = text(manager, "admin:reconciliation_syncjob_change", job.pk, outcome="synced", after=after)
    assert "evt_synced_149" in later
    assert "evt_synced_099" not in later


@pytest.mark.parametrize("after", ["x", "-1", "9" * 30, "1;drop"])
def test_a_page_of_results_typed_wrong_is_the_first_one(manager: Client, after: str) -> None:
    job = SyncJob.objects.get(kind="missing")
    assert "evt_A-1" in text(manager, "admin:reconciliation_syncjob_change", job.pk, outcome="failed", after=after)


@pytest.fixture
def ingested() -> Iterator[tuple[Organization, ProviderFetch]]:
    with desk_of(organization()) as desk:
        stock(desk)
        yield desk.organization, desk.ingest().fetch


def test_a_manager_withdraws_an_ingestion_with_a_reason_and_the_log_tells_it(
    ingested: tuple[Organization, ProviderFetch],
) -> None:
    mine, fetch = ingested
    client = browser(person("Manager", mine, name="mia"))
    withdraw = reverse("admin:billing_providerfetch_withdraw", args=[fetch.pk])
    assert withdraw in fetched(client, "billing_providerfetch", fetch.pk)
    assert client.post(withdraw, {"reason": ""}).status_code == 200
    client.post(withdraw, {"reason": "Wrong account"})
    job = SyncJob.objects.get(kind="withdrawal")
    assert StatementLineVersion.objects.exclude(excluded_reason="").count() == 0  # the worker does it
    assert work_source_job(job.pk) == "done"
    assert StatementLineVersion.objects.filter(excluded_reason="withdrawn").count() > 0
    entries = ReconciliationActionLog.objects.filter(action__in=["source_job_requested", "ingestion_withdrawn"])
    assert [(one.action, one.actor, one.reason) for one in entries] == [
        ("source_job_requested", "user:mia", "Wrong account"), ("ingestion_withdrawn", "user:mia", "Wrong account"),
    ]  # fmt: skip
    page = fetched(client, "billing_providerfetch", fetch.pk)
    assert "This ingestion was withdrawn" in page
    assert withdraw not in page
    assert client.get(withdraw).status_code == 302


@pytest.mark.parametrize("role", OTHERS)
def test_others_withdraw_nothing(ingested: tuple[Organization, ProviderFetch], role: str) -> None:
    mine, fetch = ingested
    client = browser(person(role, mine))
    withdraw = reverse("admin:billing_providerfetch_withdraw", args=[fetch.pk])
    assert client.get(withdraw).status_code == client.post(withdraw, {"reason": "x"}).status_code == 403
    assert withdraw not in fetched(client, "billing_providerfetch", fetch.pk)


def test_an_ingestion_of_another_organization_does_not_exist(ingested: tuple[Organization, ProviderFetch]) -> None:
    stranger = browser(person("Owner", organization("other"), name="stranger"))
    withdraw = reverse("admin:billing_providerfetch_withdraw", args=[ingested[1].pk])
    assert stranger.get(withdraw).status_code == stranger.post(withdraw, {"reason": "x"}).status_code == 404
    job = SyncJob.objects.create(organization=ingested[0], kind="sweep", created_at=timezone.now())
    assert stranger.get(reverse("admin:reconciliation_syncjob_progress", args=[job.pk])).status_code == 404


def test_a_job_whose_worker_vanished_says_so(acme: Organization, manager: Client) -> None:
    now = timezone.now()
    job = SyncJob.objects.create(organization=acme, kind="sweep", created_at=now - timedelta(minutes=5))
    assert "Is the worker running?" in fetched(manager, "reconciliation_syncjob", job.pk)
    SyncJob.objects.filter(pk=job.pk).update(
        status="running", started_at=now - timedelta(hours=1), expires_at=now - timedelta(minutes=30), stage="events"
    )
    page = text(manager, "admin:reconciliation_syncjob_progress", job.pk)
    assert "No sign of life for 40 minutes" in page
