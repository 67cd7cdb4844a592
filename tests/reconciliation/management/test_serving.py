"""The supervisor keeps its children alive, and ends them all when it ends."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from reconciliation.management import serving
from reconciliation.management.serving import Child, PortTaken, Supervisor, require_free_port

ROOT = Path(__file__).resolve().parent.parent.parent.parent
MANAGE = [sys.executable, str(ROOT / "manage.py")]
SLEEP = "import time; time.sleep(600)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def stop_when(supervisor: Supervisor, condition: Callable[[], bool]) -> Callable[[float], None]:
    """A replacement for `time.sleep` in the supervisor's loop that asks for the end once `condition` holds."""
    deadline = time.monotonic() + 60

    def wait(_seconds: float) -> None:
        REAL_SLEEP(0.02)
        if condition():
            supervisor.stop()
        assert time.monotonic() < deadline, "the condition never held"

    return wait


REAL_SLEEP = time.sleep


def test_a_child_that_hangs_is_ended_and_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    pids: list[int] = []
    child = Child("worker", python(STUBBORN), hangs=lambda: len(pids) == 1)
    supervisor = Supervisor(children=[child], say=said.append)

    def restarted() -> bool:
        if child.process is not None and child.process.pid not in pids:
            pids.append(child.process.pid)
        return len(pids) == 2

    monkeypatch.setattr(serving, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(serving, "STOP_SECONDS", 0.2)
    monkeypatch.setattr(serving.time, "sleep", stop_when(supervisor, restarted))
    assert supervisor.run() == 0
    assert said == ["The worker is there but takes no jobs; ending it.", "Starting the worker again."]
    assert not psutil.pid_exists(pids[0])


def test_a_killed_child_is_started_again_and_all_end_together(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    child, other = Child("worker", python(SLEEP)), Child("web server", python(SLEEP))
    supervisor = Supervisor(children=[child, other], say=said.append)
    pids: list[int] = []

    def restarted() -> bool:
        if not pids and child.process is not None:
            pids.append(child.process.pid)
            os.kill(child.process.pid, signal.SIGKILL)
        return child.process is not None and child.process.pid not in pids

    monkeypatch.setattr(serving.time, "sleep", stop_when(supervisor, restarted))
    assert supervisor.run() == 0
    assert said == ["The worker ended unexpectedly (code -9).", "Starting the worker again."]
    assert all(one.process is not None and one.process.poll() is not None for one in (child, other))


def test_a_child_that_keeps_dying_young_ends_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(serving, "LONGEST_PAUSE", 0.0)
    other = Child("web server", python(SLEEP))
    supervisor = Supervisor(children=[Child("worker", python("raise SystemExit(3)")), other], say=said.append)
    assert supervisor.run() == 1
    assert said.count("The worker ended unexpectedly (code 3).") == serving.QUICK_DEATHS
    assert "giving up" in said[-1]
    assert other.process is not None
    assert other.process.poll() is not None


def test_pauses_between_starts_grow_up_to_a_limit() -> None:
    child, now, pauses = Child("worker", python("pass")), 100.0, []
    for _ in range(8):
        child.start(now)
        assert child.process is not None
        child.process.wait()
        assert child.died(now) == 0
        pauses.append(child.start_again_at - now)
        now += 1
    assert pauses == [0, 1, 3, 7, 15, 30, 30, 30]


def test_a_child_that_ignores_the_polite_end_is_ended_by_force(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "STOP_SECONDS", 0.2)
    child = Child("worker", python(STUBBORN))
    supervisor = Supervisor(children=[child], say=print)
    started = time.monotonic()
    monkeypatch.setattr(serving.time, "sleep", stop_when(supervisor, lambda: time.monotonic() - started > 1))
    assert supervisor.run() == 0
    assert child.process is not None
    assert child.process.returncode == -signal.SIGKILL


PARENT = """
import subprocess, sys, time
print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]).pid, flush=True)
time.sleep(600)
"""


def test_what_a_killed_child_had_started_is_ended_with_it(tmp_path: Path) -> None:
    noted = tmp_path / "pid"
    child = Child("worker", ["bash", "-c", f'exec "$0" -c "$1" > {noted}', sys.executable, PARENT])
    child.start(time.monotonic())
    deadline = time.monotonic() + 60
    while not (noted.exists() and noted.read_text().endswith("\n")) and time.monotonic() < deadline:
        REAL_SLEEP(0.05)
    grandchild = psutil.Process(int(noted.read_text()))
    assert child.process is not None
    child.process.kill()
    child.process.wait()
    assert grandchild.is_running()
    assert child.died(time.monotonic()) == -signal.SIGKILL
    psutil.wait_procs([grandchild], timeout=10)
    assert not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE


def test_a_port_in_use_is_told_before_anything_starts() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=f"127.0.0.1:{port}: Address already in use.*--port"):
            require_free_port(host="127.0.0.1", port=port)
    require_free_port(host="127.0.0.1", port=port)


def wait_for_port(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            REAL_SLEEP(0.2)
        else:
            return
    raise AssertionError("the server never listened")


def wait_for_children(pid: int, *, at_least: int) -> list[psutil.Process]:
    """All processes below `pid` once there are `at_least`: servers fork theirs only after they listen."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        children: list[psutil.Process] = psutil.Process(pid).children(recursive=True)
        if len(children) >= at_least:
            return children
        REAL_SLEEP(0.2)
    raise AssertionError(f"fewer than {at_least} processes were ever running")


def test_serve_answers_and_leaves_no_process_behind(child_environment: Callable[..., dict[str, str]]) -> None:
    environment = child_environment()
    subprocess.run([*MANAGE, "migrate", "-v0"], env=environment, check=True, timeout=120)
    for number in (signal.SIGINT, signal.SIGTERM):
        served_until(number, environment)


def served_until(number: int, environment: dict[str, str]) -> None:
    """Serves on a free port, sends the signal, and looks for what is left."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    serve = subprocess.Popen([*MANAGE, "serve", "--port", str(port)], env=environment, stderr=subprocess.PIPE)
    try:
        wait_for_port(port)
        children = wait_for_children(serve.pid, at_least=8)
        serve.send_signal(number)
        _out, messages = serve.communicate(timeout=60)
    finally:
        serve.kill()
        serve.wait()
    assert serve.returncode == 0, messages.decode()
    assert b"Both have ended." in messages
    _gone, alive = psutil.wait_procs(children, timeout=10)
    assert [child for child in alive if child.status() != psutil.STATUS_ZOMBIE] == []
