"""Child processes that take parts of a run beside the process that began it."""

import subprocess
import sys
from pathlib import Path
from types import TracebackType

from django.conf import settings

from billing.models import Organization
from reconciliation.models import ReconciliationRun


class Helpers:
    """Up to `count` processes, started once a run of an organization turns out to be cut into parts; a context manager
    that ends them.
    """

    def __init__(self, count: int, organization: Organization) -> None:
        """Nothing is started yet."""
        self.count, self.organization = count, organization
        self.processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> "Helpers":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait()

    def told(self, stage: str) -> None:
        """Starts them when the parts are there to be taken."""
        if stage != "matching" or self.processes or self.count < 1:
            return
        run = ReconciliationRun.objects.filter(organization=self.organization, status="running", parts__isnull=False)
        number = run.order_by("-pk").values_list("pk", flat=True).first()
        if number is None:
            return
        command = [sys.executable, str(Path(settings.BASE_DIR) / "manage.py"), "join_run", str(number)]
        for _helper in range(self.count):
            self.processes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
