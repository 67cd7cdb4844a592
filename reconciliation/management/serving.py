"""Keeps the web server and the worker running as child processes, and ends both together."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import FrameType

from django.utils.translation import gettext as _

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
STOP_SECONDS = 20.0
POLL_SECONDS = 0.25
HEALTHY_SECONDS = 30.0
LOOK_SECONDS = 15.0
QUICK_DEATHS = 5
LONGEST_PAUSE = 30.0


class PortTaken(Exception):
    """The address to serve on is in use, or not this machine's. The text is for people."""


def require_free_port(*, host: str, port: int) -> None:
    """Raise PortTaken unless a server can listen on `host`:`port`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortTaken(
                _("Cannot listen on %(address)s: %(reason)s. Stop what runs there, or choose another port with --port.")
                % {"address": f"{host}:{port}", "reason": error.strerror}
            ) from error


def end_group(leader: subprocess.Popen[bytes]) -> None:
    """End whatever an ended `leader` had started and left behind: an orphaned worker would go on taking jobs."""
    with suppress(ProcessLookupError):
        os.killpg(leader.pid, signal.SIGKILL)


@dataclass
class Child:
    """One process to keep running: its name for people, its command, and how often it died young.

    `hangs` is asked now and then, and True ends the process, to be started again.
    """

    name: str
    command: list[str]
    hangs: Callable[[], bool] | None = None
    looked: float = 0.0
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    quick_deaths: int = 0
    start_again_at: float = 0.0

    def start(self, now: float) -> None:
        """Start the process in a session of its own, so that Ctrl-C reaches it once, through us."""
        self.process = subprocess.Popen(self.command, start_new_session=True)
        self.started = self.looked = now

    def found_hanging(self, now: float) -> bool:
        """Whether it is time to look, and the process turns out to hang."""
        if self.hangs is None or self.process is None or now - self.looked < LOOK_SECONDS:
            return False
        self.looked = now
        return self.hangs()

    def died(self, now: float) -> int | None:
        """The exit code if the process has ended since the last look; plans when to start it again."""
        if self.process is None or self.process.poll() is None:
            return None
        code = self.process.returncode
        end_group(self.process)
        self.process = None
        self.quick_deaths = self.quick_deaths + 1 if now - self.started < HEALTHY_SECONDS else 1
        self.start_again_at = now + min(2.0 ** (self.quick_deaths - 1) - 1, LONGEST_PAUSE)
        return code


@dataclass
class Supervisor:
    """Runs `children` until told to stop; restarts those that die, and gives up on one that keeps dying young."""

    children: list[Child]
    say: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    stopping: bool = field(default=False, init=False)

    def stop(self, _number: int = 0, _frame: FrameType | None = None) -> None:
        """Ask for the end; safe to call from a signal handler, and more than once."""
        self.stopping = True

    def run(self) -> int:
        """Serve until stopped (0) or until a child cannot be kept alive (1). All children have ended on return."""
        previous = {number: signal.signal(number, self.stop) for number in STOP_SIGNALS}
        try:
            for child in self.children:
                child.start(self.clock())
            while not self.stopping:
                if not all(self._keep_alive(child) for child in self.children):
                    return 1
                time.sleep(POLL_SECONDS)
            return 0
        finally:
            self._end_all()
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _keep_alive(self, child: Child) -> bool:
        """Look after one child. False when it cannot be kept alive."""
        now = self.clock()
        code = child.died(now)
        if code is not None:
            self.say(_("The %(name)s ended unexpectedly (code %(code)s).") % {"name": child.name, "code": code})
            if child.quick_deaths >= QUICK_DEATHS:
                self.say(_("It ended %d times in a row: giving up. Its messages above say why.") % QUICK_DEATHS)
                return False
        if child.found_hanging(now) and child.process is not None:
            self.say(_("The %s is there but takes no jobs; ending it.") % child.name)
            end_group(child.process)
            child.process.wait()
            child.process, child.start_again_at = None, now
        if child.process is None and now >= child.start_again_at:
            self.say(_("Starting the %s again.") % child.name)
            child.start(now)
        return True

    def _end_all(self) -> None:
        """End every child: politely first, then by force."""
        running = [child.process for child in self.children if child.process is not None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in running:
            try:
                process.wait(timeout=max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            end_group(process)
