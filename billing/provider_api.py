"""What any reader of a provider's API needs: pages, refusals in words, pauses between tries, a steady pace."""

import random
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

LONGEST_PAUSE: Final = 30


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list, in the list's order (newest first), and whether more lie beyond it."""

    items: list[dict[str, Any]]
    has_more: bool


class StripeProblem(Exception):
    """Stripe did not answer as asked; `str()` is written for people and holds no key."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class KeyRefused(StripeProblem):
    """The key is missing, wrong, revoked, or may not read this."""


class RequestRefused(StripeProblem):
    """Stripe understood the request and says no; asking again will not help. `code` is Stripe's."""


class StripeUnavailable(StripeProblem):
    """No answer after several tries: time-outs, errors on Stripe's side, or too many requests."""


def pause_seconds(asked: str, attempt: int) -> float:
    """How long to wait after try number `attempt`: as the provider `asked` (Retry-After), else twice as long each time,
    with a random part so that workers spread.
    """
    if asked.isascii() and asked.isdigit():
        return float(min(int(asked), LONGEST_PAUSE))
    longest = min(0.25 * float(2**attempt), LONGEST_PAUSE)
    return longest * random.uniform(0.5, 1)  # noqa: S311 - spreads load, guards nothing


def without_keys(text: str) -> str:
    """`text` without anything shaped like an API key."""
    return re.sub(r"\b[rs]k_(?:test|live)_\S+", "[hidden]", text)


class Pace:
    """Keeps requests apart, for all threads that share it."""

    def __init__(self, interval_seconds: float) -> None:
        self._interval = interval_seconds
        self._lock = threading.Lock()
        self._next = 0.0

    def wait(self, sleep: Callable[[float], None]) -> None:
        """Returns when the next request may be sent."""
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + self._interval
        if turn > now:
            sleep(turn - now)
