"""The ground itself: what a transactional test leaves behind, what a socket may reach."""

import gc
import socket
import subprocess
import sys
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.db import DatabaseError, connection, transaction
from pytest_socket import SocketConnectBlockedError

from billing.models import Organization, Payment


def refuse_deletion() -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Payment.objects.all()._raw_delete("default")


@pytest.mark.parametrize("round_number", [1, 2])
def test_a_transactional_test_starts_empty_with_triggers_in_force(ledger_transactions: None, round_number: int) -> None:
    assert Organization.objects.count() == 0
    assert Permission.objects.filter(codename="add_payment").exists()
    organization = Organization.objects.create(slug="acme", name="Acme")
    Payment.objects.create(organization=organization, kind="charge", external_id=f"p{round_number}")
    refuse_deletion()


def test_threads_at_the_barrier_see_the_same_database(ledger_transactions: None, together: Any) -> None:
    def create(slug: str) -> str:
        return Organization.objects.create(slug=slug, name=slug).slug

    assert together(create, ["a", "b", "c", "d"]) == ["a", "b", "c", "d"]
    assert Organization.objects.count() == 4


def test_a_thread_that_fails_hands_its_error_to_the_test(ledger_transactions: None, together: Any) -> None:
    def divide(by: int) -> float:
        return 1 / by

    one, error = together(divide, [1, 0])
    assert one == 1
    assert isinstance(error, ZeroDivisionError)


COUNT = "import django; django.setup(); from billing.models import Organization; print(Organization.objects.count())"


def test_a_child_process_can_share_the_database_under_test(ledger_transactions: None, child_environment: Any) -> None:
    Organization.objects.create(slug="acme", name="Acme")
    environment = child_environment(same_database=True)
    done = subprocess.run([sys.executable, "-c", COUNT], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"


def test_no_test_reaches_beyond_loopback() -> None:
    with pytest.raises((SocketConnectBlockedError, UserWarning), match=r"192\.0\.2\.1"), socket.socket() as outside:
        outside.connect(("192.0.2.1", 80))


@pytest.mark.postgres
@pytest.mark.django_db
def test_the_second_round_runs_on_postgresql() -> None:
    assert connection.vendor == "postgresql"


def test_garbage_is_collected_once_everything_is_loaded() -> None:
    gc.disable()
    apps.get_app_config("reconciliation").ready()
    assert gc.isenabled()
