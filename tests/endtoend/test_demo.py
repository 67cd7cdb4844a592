"""`manage.py demo`: what a newcomer sees, and that a second time changes nothing."""

import io
from collections import Counter

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import call_command
from pytest_django import Settings

from billing.management.refusals import Refused
from billing.models import Organization, ProviderEvent
from billing.sample.loading import MONTH_SLUG
from billing.sandbox.month import ABROAD, SUBSCRIBED
from reconciliation.comparisons import COMPARISONS
from reconciliation.management.demo_stripe import SLUG as SHOP
from reconciliation.models import (
    Cause,
    ReconciliationDiscrepancy,
    ReconciliationItem,
    ReconciliationRun,
    SyncJob,
    SyncResult,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def local_mode(settings: Settings) -> None:
    settings.LOCAL_MODE = True


def demo(*arguments: str, stripe: bool = False) -> str:
    out, more = io.StringIO(), () if stripe else ("--no-stripe",)
    call_command("demo", "--payments", "300", *arguments, *more, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def rows() -> dict[str, int]:
    """How many rows each table of the product holds."""
    labels = ("billing", "reconciliation", "auth")
    return {
        model._meta.label: model._default_manager.count()
        for label in labels
        for model in apps.get_app_config(label).get_models()
    }


def test_the_recorded_payments_match_as_they_are_known_to() -> None:
    demo()
    items = ReconciliationItem.objects.filter(organization__slug="recorded")
    found = Counter(items.values_list("outcome", "left_status", "reason"))
    assert found == {
        ("matched", "succeeded", ""): 14,
        ("matched", "pending", ""): 4,
        ("matched", "failed", ""): 1,
        ("excluded", "", "destination_payment"): 9,
        ("excluded", "", "refunds_not_booked_here"): 2,
    }
    assert ReconciliationRun.objects.get(organization__slug="recorded").status == "ok"


def test_the_generated_month_shows_every_type_of_discrepancy() -> None:
    demo()
    types = set(ReconciliationDiscrepancy.objects.filter(organization__slug=MONTH_SLUG).values_list("type", flat=True))
    assert types >= {
        "MissingInternalRecord",
        "MissingProviderRecord",
        "AmountMismatch",
        "CurrencyMismatch",
        "StatusMismatch",
        "DuplicateChargeSuspected",
    }


@pytest.mark.django_db(transaction=True)  # as it is run: one transaction around it all makes PostgreSQL crawl
def test_the_shop_is_fetched_as_any_account_and_a_second_time_changes_nothing() -> None:
    text, before = demo(stripe=True), rows()
    the_shop_was_fetched(text)
    every_comparison_found_what_the_month_holds()
    assert "nothing was written" in demo(stripe=True)
    assert rows() == before


def the_shop_was_fetched(text: str) -> None:
    jobs = SyncJob.objects.filter(organization__slug=SHOP).order_by("pk")
    assert [(job.kind, job.status) for job in jobs] == [("missing", "done"), ("sweep", "done")]
    assert SyncResult.objects.filter(outcome="failed").count() == 0
    assert ProviderEvent.objects.filter(organization__slug=SHOP, source="event_sync").exists()
    assert "Fetch statement lines" in text


def every_comparison_found_what_the_month_holds() -> None:
    found = ReconciliationDiscrepancy.objects.filter(organization__slug=SHOP).exclude(status="resolved")
    by_comparison: dict[str, set[str]] = {name: set() for name in COMPARISONS}
    for comparison, type_ in found.values_list("comparison", "type"):
        by_comparison[comparison].add(type_)
    assert by_comparison["payments"] >= {"AmountMismatch", "MissingInternalRecord"}
    assert by_comparison["statements"] >= {
        "MISSING_INVOICE",
        "UNAPPLIED_REFUND",
        "UNDERPAID_INVOICE",
        "OVERPAID_INVOICE",
    }
    assert by_comparison["payouts"] == {"PayoutFailed"}
    shared = Cause.objects.filter(organization__slug=SHOP, comparison="statements").order_by("kind")
    assert [(one.kind, one.rows_found, one.facts["type"], one.facts.get("parts")) for one in shared] == [
        ("prefix", SUBSCRIBED, "MISSING_INVOICE", None), ("share", ABROAD, "FEE_VARIANCE", 150),
    ]  # fmt: skip


def test_every_role_gets_a_login_that_works_and_the_integration_no_admin() -> None:
    text = demo()
    for user in User.objects.all():
        assert user.username in text
        assert user.check_password("tieout-demo")
        assert user.is_staff == (user.username != "integration")
    members = User.objects.filter(is_superuser=False).order_by("username")
    assert [user.username for user in members] == ["auditor", "integration", "manager", "operator", "owner"]
    assert {user.memberships.count() for user in members} == {2}
    assert [user.groups.get().name.lower() for user in members] == [user.username for user in members]


def test_a_password_changed_meanwhile_stays_and_is_not_shown() -> None:
    demo()
    owner = User.objects.get(username="owner")
    owner.set_password("something else entirely")
    owner.save()
    assert "changed since" in demo()
    owner.refresh_from_db()
    assert owner.check_password("something else entirely")


def test_it_keeps_away_from_real_organizations() -> None:
    Organization.objects.create(slug="acme", name="Acme")
    with pytest.raises(Refused, match="other organizations: acme"):
        demo()
    assert not User.objects.exists()
    assert "Logins" in demo("--force")


def test_outside_local_mode_it_refuses_and_forced_uses_no_known_password(settings: Settings) -> None:
    settings.LOCAL_MODE = False
    with pytest.raises(Refused, match="not local mode"):
        demo()
    demo("--force")
    assert not User.objects.get(username="admin").check_password("tieout-demo")
