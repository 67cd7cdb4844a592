"""Reading environment variables strictly: each malformed one is reported in one line with a hint, all at once.

The readers of this module never raise; they note the problem and answer a harmless value. `Environment.require_valid`
then ends the program with every problem named, before anything has started.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

import environ

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off"})
STRIPE_KEY = re.compile(r"[rs]k_(?:test|live)_[A-Za-z0-9_]{4,240}")
STAND_IN = re.compile(r"http://(?:127\.0\.0\.1|localhost|\[::1\]):[0-9]{1,5}")
SHORTEST_TOKEN = 20
DATABASE_SCHEMES = ("sqlite", "postgres", "postgresql")


class Environment:
    """Variables of `values` (usually `os.environ`), and what is wrong with them."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = values
        self.problems: list[str] = []

    def text(self, name: str, default: str = "") -> str:
        """The variable without surrounding blanks; `default` when it is absent or empty."""
        return self.values.get(name, "").strip() or default

    def _wrong(self, name: str, wrong: str, hint: str) -> None:
        self.problems.append(f"{name} {wrong}. {hint}")

    def flag(self, name: str, *, default: bool) -> bool:
        """A switch: 1/true/yes/on or 0/false/no/off."""
        value = self.text(name).lower()
        if value and value not in TRUE | FALSE:
            self._wrong(name, f"is {value!r}, which is neither on nor off", "Write 1 or 0.")
        return value in TRUE if value else default

    def number(self, name: str, *, default: int, least: int, most: int) -> int:
        """A whole number between `least` and `most`."""
        value = self.text(name)
        if not value:
            return default
        if not (value.isascii() and value.isdigit() and least <= int(value) <= most):
            self._wrong(name, f"is {value!r}", f"Write a whole number from {least} to {most}.")
            return default
        return int(value)

    def choice(self, name: str, *, options: tuple[str, ...]) -> str:
        """One of `options`; the first is the default."""
        value = self.text(name, options[0])
        if value not in options:
            self._wrong(name, f"is {value!r}", f"Write one of: {', '.join(options)}.")
            return options[0]
        return value

    def names(self, name: str, default: str = "") -> list[str]:
        """A comma-separated list, blanks dropped."""
        return [part.strip() for part in self.text(name, default).split(",") if part.strip()]

    def tokens(self, name: str) -> list[str]:
        """A comma-separated list of secrets, of 20 characters or more. They are not repeated in problems."""
        found = self.names(name)
        if any(len(token) < SHORTEST_TOKEN or not token.isascii() for token in found):
            self._wrong(
                name, "holds a token that is too short or not ASCII", "Make one, for example with: openssl rand -hex 24"
            )
            return []
        return found

    def origins(self, name: str) -> list[str]:
        """A comma-separated list of origins: scheme and host, nothing after them."""
        origins = self.names(name)
        for origin in origins:
            parts = urlsplit(origin)
            if parts.scheme not in ("http", "https") or not parts.netloc or parts.path or parts.query:
                self._wrong(
                    name, f"has {origin!r}, which is no origin", "Write for example https://tieout.example.com."
                )
        return origins

    def database(self, name: str, default: str) -> dict[str, Any]:
        """Django's settings of a database given as an address, which may hold a password and is not repeated."""
        hint = "Write for example postgres://user:password@host:5432/tieout or sqlite:////path/to/tieout.sqlite3."
        address = self.text(name, default)
        if address.split(":", 1)[0] not in DATABASE_SCHEMES:
            self._wrong(name, "does not start with postgres:// or sqlite:///", hint)
            address = default
        try:
            settings: dict[str, Any] = environ.Env.db_url_config(address)
        except (ValueError, environ.ImproperlyConfigured):
            self._wrong(name, "cannot be read as an address", hint)
            settings = environ.Env.db_url_config(default)
        if str(settings.get("HOST", "")).startswith("%2"):
            settings["HOST"] = unquote(settings["HOST"])  # the folder of a socket, written as a host
        if not settings.get("NAME"):
            self._wrong(name, "names no database", hint)
        return settings

    def cache(self, name: str, default: str) -> dict[str, Any]:
        """Django's settings of a cache given as an address."""
        hint = "Write for example dbcache://tieout_cache or filecache:///var/cache/tieout."
        try:
            settings: dict[str, Any] = environ.Env.cache_url_config(self.text(name, default))
        except (ValueError, KeyError, environ.ImproperlyConfigured):
            self._wrong(name, "cannot be read as an address", hint)
            settings = environ.Env.cache_url_config(default)
        return settings

    def webhook_secrets(self, name: str) -> dict[str, list[str]]:
        """Signing secrets by organization slug, from "acme:whsec_a,acme:whsec_b". They are not repeated in problems."""
        secrets: dict[str, list[str]] = {}
        for position, part in enumerate(self.names(name), start=1):
            slug, colon, secret = part.partition(":")
            if not (slug and colon and secret.startswith("whsec_") and len(secret) > len("whsec_")):
                self._wrong(
                    name,
                    f"has an unreadable entry at position {position}",
                    "Write organization:whsec_… for each, separated by commas; repeat an organization during a roll.",
                )
                continue
            secrets.setdefault(slug, []).append(secret)
        return secrets

    def api_keys(self, name: str) -> dict[str, str]:
        """An API key of Stripe's by organization slug, from "acme:rk_test_…". They are not repeated in problems."""
        keys: dict[str, str] = {}
        for position, part in enumerate(self.names(name), start=1):
            slug, colon, key = part.partition(":")
            hint = "Write organization:rk_test_… or organization:rk_live_… for each, separated by commas."
            if not (slug and colon and STRIPE_KEY.fullmatch(key)):
                self._wrong(name, f"has an unreadable entry at position {position}", hint)
            elif slug in keys:
                self._wrong(name, f"names {slug!r} twice", "Give each organization one key.")
            else:
                keys[slug] = key
        return keys

    def stripe_base(self, name: str, default: str) -> str:
        """Where Stripe's API is: its own address, or a stand-in on this machine. Keys are sent nowhere else."""
        value = self.text(name, default).rstrip("/")
        if value != default and not STAND_IN.fullmatch(value):
            self._wrong(name, f"is {value!r}", f"Leave it empty for {default}, or write http://127.0.0.1:12111.")
            return default
        return value

    def require_valid(self) -> None:
        """End the program when anything was malformed: one line each, no traceback."""
        if self.problems:
            lines = "\n".join(f"  {problem}" for problem in self.problems)
            raise SystemExit(f"Tieout cannot start: the environment needs a correction (see .env.example).\n{lines}")
