"""The endpoint while the database cannot take an event: the sender is told to come back, and then it is stored."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.conf import LazySettings
from django.db import connection, connections, transaction
from django.test import Client

from billing import claims
from billing.models import ProviderEvent

from .provider_facts import organization
from .signing import SECRET, body_of, deliver
from .stripe_facts import charge, event

pytestmark = pytest.mark.usefixtures("ledger_transactions")


@contextmanager
def held(hold: Callable[[threading.Event, threading.Event], None]) -> Iterator[None]:
    """`hold(taken, release)` runs in a thread of its own until the block ends."""
    taken, release = threading.Event(), threading.Event()
    thread = threading.Thread(target=hold, args=(taken, release))
    thread.start()
    assert taken.wait(30)
    try:
        yield
    finally:
        release.set()
        thread.join(30)


def refused_then_stored(hold: Callable[[threading.Event, threading.Event], None]) -> None:
    body, client = body_of(event(charge())), Client(raise_request_exception=False)
    with held(hold):
        refused = deliver(body, client=client)
    assert refused.status_code == 503
    assert int(refused["Retry-After"]) > 0
    assert ProviderEvent.objects.count() == 0
    assert deliver(body).json()["data"]["stored"] is True


def test_a_locked_database_is_a_503(settings: LazySettings) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL locks rows, not the database")
    settings.STRIPE_WEBHOOK_SECRETS = {"acme": [SECRET]}
    organization()
    name = str(connection.settings_dict["NAME"])

    def write_and_wait(taken: threading.Event, release: threading.Event) -> None:
        other = sqlite3.connect(name, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        taken.set()
        release.wait(30)
        other.execute("ROLLBACK")
        other.close()

    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 100")
    try:
        refused_then_stored(write_and_wait)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 20000")


@pytest.mark.postgres
def test_a_delivery_next_to_a_long_import_is_a_503(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = {"acme": [SECRET]}
    monkeypatch.setattr(claims, "SENDER_WAITS_MS", 100)
    own = organization()

    def import_and_wait(taken: threading.Event, release: threading.Event) -> None:
        try:
            with transaction.atomic():
                claims.lock_sources(own.pk, exclusive=True)
                taken.set()
                release.wait(30)
        finally:
            connections.close_all()

    refused_then_stored(import_and_wait)
