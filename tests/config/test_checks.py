"""Each bad setting is found by the check that names it, and the settings as delivered are not."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.checks import run_checks
from django.db import connections

ROOT = Path(__file__).resolve().parent.parent.parent
GOOD: dict[str, Any] = {
    "LOCAL_MODE": False,
    "ALLOWED_HOSTS": ["tieout.example.com"],
    "SECURE_HSTS_SECONDS": 31_536_000,
    "SECOND_FACTOR": "required",
}
OPEN = ["rest_framework.permissions.AllowAny"]
BASIC = ["rest_framework.authentication.BasicAuthentication"]
HANDLERS = {"handlers": {"file": {"class": "logging.FileHandler", "filename": "x"}}}


def problems(configured: Any, **changes: Any) -> set[str]:
    for name, value in (GOOD | changes).items():
        setattr(configured, name, value)
    found = run_checks(include_deployment_checks=True)
    return {message.id for message in found if message.id and message.id.startswith("tieout.")}


def api(**changes: Any) -> dict[str, Any]:
    return {"REST_FRAMEWORK": settings.REST_FRAMEWORK | changes}


def cluster(**changes: Any) -> dict[str, Any]:
    return {"Q_CLUSTER": settings.Q_CLUSTER | changes}


def without(name: str) -> dict[str, Any]:
    return {"MIDDLEWARE": [each for each in settings.MIDDLEWARE if not each.endswith(name)]}


def policy(**directives: Any) -> dict[str, Any]:
    return {
        "CONTENT_SECURITY_POLICY": {"DIRECTIVES": settings.CONTENT_SECURITY_POLICY["DIRECTIVES"] | directives},
    }


BAD: list[tuple[dict[str, Any], int]] = [
    ({"ALLOWED_HOSTS": ["*"]}, 1),
    ({"ALLOWED_HOSTS": [".example.com"]}, 1),
    ({"CSRF_TRUSTED_ORIGINS": ["https://*.example.com"]}, 2),
    ({"SECURE_HSTS_SECONDS": 1}, 3),
    ({"SESSION_COOKIE_AGE": 14 * 24 * 3600}, 4),
    ({"SESSION_COOKIE_SAMESITE": "None"}, 5),
    ({"CSRF_COOKIE_SAMESITE": None}, 5),
    ({"SECRET_KEY": "insecure-" + "x" * 60}, 8),
    ({"SECRET_KEY": "short"}, 8),
    ({"AUTH_PASSWORD_VALIDATORS": []}, 9),
    ({"STRIPE_API_KEYS": {"acme": "sk_live_1234"}}, 22),
    ({"STRIPE_API_BASE": "http://127.0.0.1:12111"}, 23),
    (api(DEFAULT_PERMISSION_CLASSES=OPEN), 10),
    (api(DEFAULT_PERMISSION_CLASSES=[]), 10),
    (api(DEFAULT_AUTHENTICATION_CLASSES=BASIC), 11),
    (api(DEFAULT_THROTTLE_CLASSES=[]), 12),
    (api(NUM_PROXIES=None), 13),
    ({"DATA_UPLOAD_MAX_MEMORY_SIZE": None}, 14),
    ({"CACHES": {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}}, 15),
    (cluster(timeout=None), 16),
    (cluster(timeout=600, retry=600), 17),
    ({"USE_TZ": False}, 18),
    ({"TIME_ZONE": "Europe/Paris"}, 18),
    ({"LOGGING": HANDLERS}, 21),
    ({"SECOND_FACTOR": "offered"}, 24),
    (without("SecondFactorMiddleware"), 24),
    (without("OTPMiddleware"), 24),
    ({"MIDDLEWARE": settings.MIDDLEWARE[::-1]}, 24),
    ({"CONTENT_SECURITY_POLICY": None}, 25),
    (without("CSPMiddleware"), 25),
    (policy(**{"script-src": ["'self'", "'unsafe-inline'"]}), 25),
    (policy(**{"script-src": None, "default-src": None}), 25),
    (policy(**{"frame-ancestors": ["https://example.com"]}), 25),
    ({"AUTHENTICATION_BACKENDS": ["django.contrib.auth.backends.ModelBackend"]}, 26),
    ({"AXES_ENABLED": False}, 26),
    ({"AXES_FAILURE_LIMIT": 1000}, 26),
    ({"AXES_COOLOFF_TIME": timedelta(seconds=1)}, 26),
    ({"AXES_HANDLER": "axes.handlers.database.AxesDatabaseHandler"}, 26),
    ({"AXES_CLIENT_IP_CALLABLE": None}, 26),
    ({"SESSION_IDLE_MINUTES": 24 * 60}, 27),
    (without("SessionLimitsMiddleware"), 27),
]


def test_the_settings_as_delivered_have_no_problem(settings: Any) -> None:
    assert problems(settings) == set()


@pytest.mark.parametrize(("bad", "number"), BAD)
def test_a_bad_setting_is_found(settings: Any, bad: dict[str, Any], number: int) -> None:
    assert problems(settings, **bad) == {f"tieout.E{number:03}"}


def test_an_unpinned_stripe_version_and_an_endless_tolerance_are_found(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("billing.stripe_client.API_VERSION", "latest")
    assert problems(settings) == {"tieout.E028"}
    monkeypatch.undo()
    monkeypatch.setattr("billing.api.webhooks.TOLERANCE_SECONDS", 0)
    assert problems(settings) == {"tieout.E029"}


def test_local_mode_is_refused_for_deployment_and_for_other_hosts(settings: Any) -> None:
    assert problems(settings, LOCAL_MODE=True) == {"tieout.E006", "tieout.E007"}
    assert problems(settings, LOCAL_MODE=True, ALLOWED_HOSTS=["localhost"]) == {"tieout.E007"}


@pytest.mark.parametrize(
    ("options", "number"),
    [
        ({"transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL"}, 19),
        (
            {
                "transaction_mode": "DEFERRED",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA recursive_triggers=ON",
            },
            20,
        ),
    ],
)
def test_sqlite_without_its_options_is_found(
    settings: Any, monkeypatch: pytest.MonkeyPatch, options: dict[str, str], number: int
) -> None:
    bad = connections["default"].settings_dict | {"ENGINE": "django.db.backends.sqlite3", "OPTIONS": options}
    monkeypatch.setattr(connections["default"], "settings_dict", bad)
    assert problems(settings) == {f"tieout.E{number:03}"}


def check_deploy(**environment: str) -> subprocess.CompletedProcess[str]:
    """`manage.py check --deploy` as its own process, with the environment given and nothing from a file."""
    clean = {"PATH": os.environ["PATH"], "TIEOUT_ENV_FILE": "", "TIEOUT_VAR": str(settings.VAR_DIR)} | environment
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    return subprocess.run(command, check=False, cwd=ROOT, env=clean, capture_output=True, text=True, timeout=120)


def test_the_production_example_passes_djangos_own_deployment_checks() -> None:
    done = check_deploy(TIEOUT_MODE="production", SECRET_KEY="k7QxPz" * 11, ALLOWED_HOSTS="tieout.example.com")
    assert (done.returncode, done.stdout) == (0, "System check identified no issues (1 silenced).\n"), done.stderr


def test_production_without_a_key_is_refused() -> None:
    done = check_deploy(TIEOUT_MODE="production", ALLOWED_HOSTS="tieout.example.com")
    assert done.returncode == 1
    assert "tieout.E008" in done.stderr


def test_a_malformed_variable_stops_the_start_without_a_traceback() -> None:
    done = check_deploy(DATABASE_URL="mysql://somewhere", DEBUG="perhaps")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert [line for line in done.stderr.splitlines() if "DATABASE_URL" in line and "postgres://" in line]
    assert [line for line in done.stderr.splitlines() if "DEBUG is 'perhaps'" in line]
