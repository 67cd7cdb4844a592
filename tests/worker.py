"""The real worker, started on the test database by a test that needs one."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from django.conf import settings

from tests.billing.webhook_server import database_url

ROOT = Path(__file__).resolve().parent.parent


class Worker:
    """`manage.py qcluster` in a process group of its own."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it needs a second or two before it works."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("DJANGO_")} | {
            "DATABASE_URL": database_url(),
            "SECRET_KEY": settings.SECRET_KEY,  # jobs are signed with it
            "TIEOUT_ENV_FILE": "",
        }
        command = [sys.executable, "manage.py", "qcluster"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
            )

    def stop(self) -> None:
        """End it with everything it started."""
        if self.process is None:
            return
        self.process.terminate()  # the cluster alone: it ends its own processes, and waits for ever once they are gone
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
