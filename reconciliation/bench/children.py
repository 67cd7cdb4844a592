"""Every measurement in a process of its own: nothing earlier is in its memory, and its peak is its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings


class StepFailed(Exception):
    """A measurement ended in an error; `str()` holds the last lines the process wrote."""


@dataclass(frozen=True)
class Children:
    """Starts steps on one database."""

    database_url: str

    def step(self, name: str, **arguments: Any) -> dict[str, Any]:
        """Runs a step of reconciliation.bench.steps and returns its answer. Raises StepFailed."""
        command = [sys.executable, str(Path(settings.BASE_DIR) / "manage.py"), "bench", "step", name]
        environment = {
            **os.environ, "DATABASE_URL": self.database_url, "DJANGO_SETTINGS_MODULE": "config.settings",
            "LOG_LEVEL": "WARNING",
        }  # fmt: skip
        done = subprocess.run(
            [*command, json.dumps(arguments)], env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise StepFailed(f"{name} failed:\n" + "\n".join(done.stderr.splitlines()[-12:]))
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return answer
