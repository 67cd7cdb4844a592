"""System checks of our own: settings that `check --deploy` does not look at and that would cost money or secrets.

Each check reads the settings and the databases only through its argument-free call, as Django asks; each answers a list
of problems with what to do about them. Checks tagged for deployment run with `manage.py check --deploy`.
"""

from collections.abc import Sequence
from typing import Any

from django.apps.config import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections
from rest_framework.settings import api_settings

SMALLEST_HSTS = 30 * 24 * 3600
LONGEST_SESSION = 24 * 3600
LARGEST_BODY = 10 * 1024 * 1024
LOOPBACK = {"localhost", "127.0.0.1", "[::1]", "testserver"}
SHARED_NOWHERE = {
    "django.core.cache.backends.locmem.LocMemCache",
    "django.core.cache.backends.dummy.DummyCache",
}
Apps = Sequence[AppConfig] | None


def problem_when(wrong: object, message: str, hint: str, number: int) -> list[CheckMessage]:
    """The one problem, if it is there."""
    return [Error(message, hint=hint, id=f"tieout.E{number:03}")] if wrong else []


@register(Tags.security, deploy=True)
def hosts_and_origins(app_configs: Apps, **_kwargs: Any) -> list[CheckMessage]:
    """E001, E002: names that anybody's site could use."""
    hosts = [host for host in settings.ALLOWED_HOSTS if host == "*" or host.startswith(".")]
    origins = [origin for origin in settings.CSRF_TRUSTED_ORIGINS if "*" in origin]
    return [
        *problem_when(hosts, f"ALLOWED_HOSTS holds a wildcard: {', '.join(hosts)}", "Name each host in full.", 1),
        *problem_when(
            origins, f"CSRF_TRUSTED_ORIGINS holds a wildcard: {', '.join(origins)}", "Name each origin in full.", 2
        ),
    ]


@register(Tags.security, deploy=True)
def transport_and_sessions(app_configs: Apps, **_kwargs: Any) -> list[CheckMessage]:
    """E003 to E005: a promise of HTTPS too short to matter, sessions too long or sent to other sites."""
    session = settings.SESSION_COOKIE_AGE
    same_site = {settings.SESSION_COOKIE_SAMESITE, settings.CSRF_COOKIE_SAMESITE}
    return [
        *problem_when(
            settings.SECURE_HSTS_SECONDS < SMALLEST_HSTS,
            f"HSTS lasts {settings.SECURE_HSTS_SECONDS} seconds",
            f"Set HSTS_SECONDS to at least {SMALLEST_HSTS} (30 days).",
            3,
        ),
        *problem_when(session > LONGEST_SESSION, f"Sessions last {session} seconds", "Keep them within a day.", 4),
        *problem_when(
            not same_site <= {"Lax", "Strict"},
            "Session or CSRF cookies are sent along with requests from other sites",
            'Set SESSION_COOKIE_SAMESITE and CSRF_COOKIE_SAMESITE to "Lax" or "Strict".',
            5,
        ),
    ]


@register(Tags.security)
def mode_and_hosts(app_configs: Apps, **_kwargs: Any) -> list[CheckMessage]:
    """E006: local mode, which makes do with plain HTTP and a key of its own, must not answer for other names."""
    others = sorted(set(settings.ALLOWED_HOSTS) - LOOPBACK)
    return problem_when(
        settings.LOCAL_MODE and others,
        f"Local mode answers for {', '.join(others)}",
        "Set TIEOUT_MODE=production, or remove ALLOWED_HOSTS.",
        6,
    )


@register(Tags.security, deploy=True)
def production_secrets(app_configs: Apps, **_kwargs: Any) -> list[CheckMessage]:
    """E007 to E009: the key, the mode, and passwords anybody could guess."""
    return [
        *problem_when(settings.LOCAL_MODE, "This is local mode", "Set TIEOUT_MODE=production (see .env.example).", 7),
        *problem_when(
            settings.SECRET_KEY.startswith(("insecure", "django-insecure")) or len(settings.SECRET_KEY) < 50,
            "SECRET_KEY is missing, a default, or short",
            "Set SECRET_KEY to 50 random characters or more. Changing it later ends sessions and waiting jobs.",
            8,
        ),
        *problem_when(
            not settings.AUTH_PASSWORD_VALIDATORS,
            "Any password is accepted",
            "Restore AUTH_PASSWORD_VALIDATORS.",
            9,
        ),
    ]


@register(Tags.security)
def api_defaults(app_configs: Apps, **_kwargs: Any) -> list[CheckMessage]:
    """E010 to E013: what an API view gets when it asks for nothing must be closed, throttled and without passwords."""
    permissions = [getattr(permission, "__name__", "") for permission in api_settings.DEFAULT_PERMISSION_CLASSES]
    logins = [getattr(login, "__name__", "") for login in api_settings.DEFAULT_AUTHENTICATION_CLASSES]
    opened = not permissions or {"AllowAny", "IsAuthenticatedOrReadOnly"} & set(permissions)
    return [
        *problem_when(
            opened, "API views are open by default", "Put IsAuthenticated into DEFAULT_PERMISSION_CLASSES.", 10
        ),
        *problem_when(
            "BasicAuthentication" in logins,
            "The API takes passwords with every request",
            "Remove BasicAuthentication from DEFAULT_AUTHENTICATION_CLASSES.",
            11,
        ),
        *problem_when(
            not api_settings.DEFAULT_THROTTLE_CLASSES,
            "The API is not throttled",
            "Restore DEFAULT_THROTTLE_CLASSES.",
            12,
        ),
        *problem_when(
            api_settings.NUM_PROXIES is None,
            "The API believes any X-Forwarded-For header",
            "Set NUM_PROXIES to the number of proxies in front, 0 for none.",
            13,
        ),
    ]


@register(Tags.security)
def body_limit(app_configs: Apps, **_kwargs: Any) -> list[CheckMessage]:
    """E014: request bodies are read into memory."""
    limit: int | None = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    return problem_when(
        limit is None or limit > LARGEST_BODY,
        "Request bodies are not limited",
        f"Set DATA_UPLOAD_MAX_MEMORY_SIZE to at most {LARGEST_BODY} bytes.",
        14,
    )


@register(Tags.caches, deploy=True)
def shared_cache(app_configs: Apps, **_kwargs: Any) -> list[CheckMessage]:
    """E015: throttles count in the cache; one per process multiplies every limit."""
    return problem_when(
        settings.CACHES["default"]["BACKEND"] in SHARED_NOWHERE,
        "The cache is not shared between processes, so throttles count too little",
        "Unset CACHE_URL, or name a shared cache: CACHE_URL=dbcache://tieout_cache.",
        15,
    )


@register()
def worker_times(app_configs: Apps, **_kwargs: Any) -> list[CheckMessage]:
    """E016, E017: a job handed out again while it still runs is done twice; one without an end blocks its worker."""
    cluster: dict[str, Any] = settings.Q_CLUSTER
    timeout, retry = cluster.get("timeout"), cluster.get("retry", 60)
    return [
        *problem_when(not timeout, "Jobs may run without end", "Set a timeout in Q_CLUSTER.", 16),
        *problem_when(
            timeout is not None and timeout >= retry,
            f"Jobs are handed out again after {retry} seconds although they may run for {timeout}",
            "Make retry in Q_CLUSTER longer than timeout.",
            17,
        ),
    ]


@register()
def aware_times(app_configs: Apps, **_kwargs: Any) -> list[CheckMessage]:
    """E018: periods are cut in each organization's time zone from UTC times."""
    return problem_when(
        not settings.USE_TZ or settings.TIME_ZONE != "UTC",
        "Times are not kept in UTC",
        'Set USE_TZ = True and TIME_ZONE = "UTC".',
        18,
    )


@register()
def sqlite_options(app_configs: Apps, **_kwargs: Any) -> list[CheckMessage]:
    """E019, E020: without these SQLite loses append-only protection, durability, or jobs under load."""
    messages: list[CheckMessage] = []
    for alias in connections:
        database = connections[alias].settings_dict
        if database["ENGINE"] != "django.db.backends.sqlite3":
            continue
        commands = database["OPTIONS"].get("init_command", "").lower().replace(" ", "")
        wanted = ("journal_mode=wal", "synchronous=full", "recursive_triggers=on")
        missing = [pragma for pragma in wanted if pragma not in commands]
        messages += problem_when(
            missing, f"SQLite is opened without {', '.join(missing)}", "Restore init_command in DATABASES.", 19
        )
        messages += problem_when(
            database["OPTIONS"].get("transaction_mode") != "IMMEDIATE",
            "SQLite transactions may fail half-way as locked",
            'Restore transaction_mode "IMMEDIATE" in DATABASES.',
            20,
        )
    return messages


@register(Tags.security)
def hidden_secrets(app_configs: Apps, **_kwargs: Any) -> list[CheckMessage]:
    """E021: logs must pass through the formatter that hides secrets."""
    handlers = settings.LOGGING.get("handlers", {}).values()
    bare = [handler for handler in handlers if handler.get("formatter") != "tieout"]
    return problem_when(bare or not handlers, "Logs may hold secrets", "Give every handler the formatter “tieout”.", 21)


@register(Tags.security, deploy=True)
def stripe_access(app_configs: Apps, **_kwargs: Any) -> list[CheckMessage]:
    """E022, E023: a key that may move money, keys sent to a stand-in."""
    mighty = sorted(slug for slug, key in settings.STRIPE_API_KEYS.items() if not key.startswith("rk_"))
    return [
        *problem_when(
            mighty,
            f"STRIPE_API_KEYS holds a secret key, which may move money, for {', '.join(mighty)}",
            "Make a restricted key with read permissions in Stripe's dashboard.",
            22,
        ),
        *problem_when(
            settings.STRIPE_API_BASE != "https://api.stripe.com",
            "Stripe's API is a stand-in on this machine",
            "Remove STRIPE_API_BASE.",
            23,
        ),
    ]
