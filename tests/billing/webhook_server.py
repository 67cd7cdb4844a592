"""A real server process to deliver to, that can be killed at any moment."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from django.db import connection

from .signing import SECRET, signature

ROOT = Path(__file__).resolve().parents[2]


def database_url() -> str:
    """The address of the database the tests use."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


class Server:
    """gunicorn with two processes of four threads on a loopback port."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("DJANGO_")},
            "DATABASE_URL": database_url(),
            "STRIPE_WEBHOOK_SECRETS": f"acme:{SECRET}",
            "SECRET_KEY": "a-key-for-a-server-that-lives-for-one-test-only",
            "TIEOUT_ENV_FILE": "",
            "TIEOUT_VAR": str(folder),
        }
        self.log = folder / "server.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it answers."""
        command = [sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{self.port}"]
        command += ["--workers", "2", "--threads", "4", "--log-level", "warning"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError(f"the server did not start: {self.log.read_text()[-2000:]}")

    def kill(self) -> None:
        """End all its processes at once, with SIGKILL."""
        if self.process:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def deliver(self, body: bytes) -> int | None:
        """The status answered; None when the server died before it answered."""
        sender = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Stripe-Signature": signature(body), "Content-Type": "application/json"}
        try:
            sender.request("POST", "/api/v1/billing/webhooks/stripe/acme", body, headers)
            response = sender.getresponse()
            response.read()
        except (OSError, http.client.HTTPException):
            return None
        else:
            return response.status
        finally:
            sender.close()
