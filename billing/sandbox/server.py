"""Stripe's HTTP surface on loopback, over shelves of objects: keys, errors, slowness and lost connections on demand."""

import json
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from .shelf import FILTERS, Json, Refusal, Shelf

_KEY: Final = re.compile(r"([a-z_]+)((?:\[[a-z_0-9]*\])*)")
_INNER: Final = re.compile(r"\[([a-z_0-9]*)\]")

UNAUTHORIZED: Final = "401"
FORBIDDEN: Final = "403"
TOO_MANY: Final = "429"
BROKEN: Final = "500"
TIMEOUT: Final = "timeout"
LOST: Final = "lost"
"""What a script may answer instead of the truth; `timeout` keeps silent, `lost` hangs up."""

_ERRORS: Final = {
    UNAUTHORIZED: Refusal(401, "Invalid API Key provided", None),
    FORBIDDEN: Refusal(403, "The provided key does not have the required permissions for this endpoint"),
    TOO_MANY: Refusal(429, "Request rate limit exceeded", "rate_limit", "rate_limit_error"),
    BROKEN: Refusal(500, "An unknown error occurred", None, "api_error"),
}


@dataclass(frozen=True, slots=True)
class Request:
    """A request as a script sees it: its number from 1 on, path and query."""

    number: int
    path: str
    query: dict[str, Any]


# Called before each answer; may change shelves, and names a fault to answer with, or None.
Script = Callable[[Request], str | None]


@dataclass(slots=True)
class Sandbox:
    """A running stand-in. `requests` keeps what was asked, `script` may be exchanged at any time."""

    shelves: dict[str, Shelf]
    address: str = ""
    script: Script = lambda _request: None
    stall_seconds: float = 1.0
    requests_a_second: int | None = None
    closed_to: frozenset[str] = frozenset()  # paths that answer 403, as for a restricted key
    requests: list[Request] = field(default_factory=list)
    lock: Any = field(default_factory=threading.Lock)
    recent: deque[float] = field(default_factory=deque)

    def hear(self, path: str, query: dict[str, Any]) -> str | None:
        """Note a request; gives the fault to answer with, if any."""
        with self.lock:
            request = Request(len(self.requests) + 1, path, query)
            self.requests.append(request)
            if path in self.closed_to:
                return FORBIDDEN
            return TOO_MANY if self._too_many() else self.script(request)

    def _too_many(self) -> bool:
        if self.requests_a_second is None:
            return False
        now = time.monotonic()
        while self.recent and self.recent[0] <= now - 1:
            self.recent.popleft()
        self.recent.append(now)
        return len(self.recent) > self.requests_a_second

    def answer(self, key: str, path: str, query: dict[str, Any]) -> Json:
        """The truth about a request; raises Refusal."""
        shelf = self.shelves.get(key)
        if shelf is None:
            raise _ERRORS[UNAUTHORIZED]
        if path == "/v1/account":
            return {"id": shelf.account, "object": "account"}
        if path == "/v1/balance":
            with self.lock:
                return shelf.balance()
        version, _, rest = path.lstrip("/").partition("/")
        kind, _, external_id = rest.partition("/")
        if version != "v1" or kind not in FILTERS or "/" in external_id:
            raise Refusal(404, f"Unrecognized request URL (GET: {path})")
        with self.lock:
            return shelf.one(kind, external_id, query) if external_id else shelf.listing(kind, query)


@contextmanager
def running(shelves: dict[str, Shelf], *, port: int = 0, **options: Any) -> Iterator[Sandbox]:
    """A sandbox that answers on loopback until the block ends: `shelves` by API key."""
    sandbox = Sandbox(shelves, **options)
    server = ThreadingHTTPServer(("127.0.0.1", port), _handler(sandbox))
    server.daemon_threads = True
    sandbox.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield sandbox
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def parsed(text: str) -> dict[str, Any]:
    """A query string as Stripe reads it: created[gte]=1 as {"created": {"gte": "1"}}, expand[0]=a as a list."""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        key = _KEY.fullmatch(name)
        if not key:
            raise Refusal(400, f"Invalid parameter: {name}")
        inner = _INNER.findall(key[2])
        if not inner:
            found[key[1]] = value
        elif inner[0] == "" or inner[0].isdigit():
            found.setdefault(key[1], []).append(value)
        else:
            found.setdefault(key[1], {})[inner[0]] = value
    return found


def _handler(sandbox: Sandbox) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            try:
                query = parsed(url.query)
                fault = sandbox.hear(url.path, query)
                if fault in {TIMEOUT, LOST}:
                    time.sleep(sandbox.stall_seconds if fault == TIMEOUT else 0)
                    self.close_connection = True
                    return
                if fault:
                    raise _ERRORS[fault]
                key = self.headers.get("Authorization", "").removeprefix("Bearer ")
                self._send(200, sandbox.answer(key, url.path, query))
            except Refusal as refusal:
                error = {"type": refusal.kind, "message": str(refusal), "code": refusal.code}
                self._send(refusal.status, {"error": {name: value for name, value in error.items() if value}})

        def do_POST(self) -> None:
            self._send(403, {"error": {"type": "invalid_request_error", "message": "This stand-in is read-only."}})

        def _send(self, status: int, body: Json) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Request-Id", f"req_{len(sandbox.requests)}")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_arguments: Any) -> None:
            """Quiet."""

    return Handler
