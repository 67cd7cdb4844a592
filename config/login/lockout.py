"""Guessing is slow: a name is locked after a few wrong passwords, an address after more, for a while.

Attempts are counted in the database, so that every process counts together. One name is tried one attempt at a time:
else two hundred simultaneous guesses would all be checked before the first of them was counted.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

ADDRESS_SHARE = 5
"""An address may fail so many times as often as a name: an office shares one."""


def client_address(request: HttpRequest) -> str:
    """Where the request came from. Forwarding headers count only as far as proxies of ours wrote them (NUM_PROXIES)."""
    proxies: Any = settings.REST_FRAMEWORK["NUM_PROXIES"]
    direct = str(request.META.get("REMOTE_ADDR", "") or "0.0.0.0")  # noqa: S104  # a unix socket has no address
    written = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    return written[-min(proxies, len(written))][:45] if proxies and written else direct


class LockoutHandler(AxesDatabaseHandler):
    """Counts by name and by address. `AXES_LOCKOUT_PARAMETERS` gives the two in that order."""

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """Failed attempts since the cool-off began, as compared with the limit of a name."""
        by_name, by_address = (
            attempts.aggregate(n=Sum("failures_since_start"))["n"] or 0
            for attempts in self.get_user_attempts(request, credentials)
        )
        return max(by_name, by_address // ADDRESS_SHARE)


@contextmanager
def one_at_a_time(name: str, address: str) -> Iterator[None]:
    """Everything inside waits for others with the same name or address. A transaction: what fails inside is kept only
    when no exception leaves it.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                # In one order everywhere, so that two attempts cannot wait for each other.
                for key in sorted({lock_number(f"name {name}"), lock_number(f"address {address}")}):
                    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])
        # SQLite: BEGIN IMMEDIATE lets one writer in.
        yield


def lock_number(text: str) -> int:
    """A number for PostgreSQL's advisory locks."""
    return int.from_bytes(sha256(f"login {text}".encode()).digest()[:8], signed=True)


def locked_out(request: HttpRequest, *_more: Any) -> HttpResponse:
    """The answer to somebody who is locked out: how long, and who can help."""
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    response = render(request, "login/locked_out.html", {"minutes": minutes}, status=429)
    response.headers["Retry-After"] = str(60 * minutes)
    return response
