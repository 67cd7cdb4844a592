"""One measurement: time, processor time and peak memory of the process it is made in."""

import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

STATUS = Path("/proc/self/status")


def peak_bytes() -> int:
    """The most memory this process ever held.

    On Linux the kernel's own mark of the process: a child's `ru_maxrss` starts at what its parent held when it was
    started (https://man7.org/linux/man-pages/man2/getrusage.2.html counts per process, not per program).
    """
    if STATUS.exists():
        for line in STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def measured(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What `work` answers, with `seconds`, `cpu_seconds` (this process only) and `peak_bytes`."""
    base, cpu, begun = peak_bytes(), time.process_time(), time.perf_counter()
    answer = work()
    seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    return {**answer, "seconds": seconds, "cpu_seconds": cpu, "peak_bytes": peak_bytes(), "peak_before_bytes": base}
