"""Settings, read from the environment (see .env.example). A malformed variable ends the start with one clear line."""

import logging
import os
from datetime import timedelta
from pathlib import Path

import environ
from django.utils.translation import gettext_lazy as _

from config.environment import Environment
from config.local_key import local_key
from config.logs import logging_settings
from config.unfold import UNFOLD as UNFOLD

BASE_DIR = Path(__file__).resolve().parent.parent
ENV_FILE = os.environ.get("TIEOUT_ENV_FILE", str(BASE_DIR / ".env"))
if ENV_FILE and Path(ENV_FILE).is_file():
    environ.Env.read_env(ENV_FILE)
env = Environment(os.environ)

# "local" answers loopback names only and makes its own key; "production" asks for everything explicitly.
LOCAL_MODE = env.choice("TIEOUT_MODE", options=("local", "production")) == "local"
DEBUG = env.flag("DEBUG", default=False)
VAR_DIR = Path(env.text("TIEOUT_VAR", str(BASE_DIR / "var"))).resolve()
(VAR_DIR / "static").mkdir(parents=True, exist_ok=True)

SECRET_KEY = env.text("SECRET_KEY") or (local_key(VAR_DIR, "secret-key") if LOCAL_MODE else "insecure-no-key-was-given")
ALLOWED_HOSTS = env.names("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]" if LOCAL_MODE else "")
CSRF_TRUSTED_ORIGINS = env.origins("CSRF_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "config.apps.ConfigConfig",
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "drf_standardized_errors",
    "django_structlog",
    "django_q",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "axes",
    "csp",
    "billing",
    "usage",
    "reconciliation",
]

MIDDLEWARE = [
    "config.request_ids.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.compression.PageCompression",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "config.login.sessions.SessionLimitsMiddleware",
    "config.login.middleware.SecondFactorMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASES = {"default": env.database("DATABASE_URL", f"sqlite:///{VAR_DIR / 'tieout.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A relative path means the checkout, wherever a command is started from.
    DATABASES["default"]["NAME"] = str(BASE_DIR / DATABASES["default"]["NAME"])
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA recursive_triggers=ON",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# A file cache is shared by the processes of one machine; several machines name a shared one.
CACHES = {"default": env.cache("CACHE_URL", f"filecache://{VAR_DIR / 'cache'}")}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
# Who can approve signs in with a second factor. Locally it is offered only, so that the demo's logins just work.
SECOND_FACTOR = env.choice(
    "TIEOUT_SECOND_FACTOR", options=("offered", "required") if LOCAL_MODE else ("required", "offered")
)
OTP_TOTP_ISSUER = "Tieout"
AXES_HANDLER = "config.login.lockout.LockoutHandler"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = ["username", "ip_address"]
AXES_CLIENT_IP_CALLABLE = "config.login.lockout.client_address"
AXES_LOCKOUT_CALLABLE = "config.login.lockout.locked_out"
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # else anybody could keep a name locked for ever
AXES_ENABLE_ADMIN = False  # config.admin shows it in the desk's look
AXES_ALLOWED_CORS_ORIGINS = ""
AXES_VERBOSE = False

LANGUAGE_CODE = env.choice("TIEOUT_LANGUAGE", options=("en", "fr"))
LANGUAGES = [("en", _("English")), ("fr", _("French"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600  # a choice of language is remembered
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Behind TLS: everything below is on in production. The proxy must replace X-Forwarded-Proto, never pass it through.
SESSION_COOKIE_AGE = 12 * 3600
SESSION_IDLE_MINUTES = env.number("SESSION_IDLE_MINUTES", default=60, least=5, most=720)
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = SECURE_SSL_REDIRECT = not LOCAL_MODE
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_HSTS_SECONDS = 0 if LOCAL_MODE else env.number("HSTS_SECONDS", default=31_536_000, least=0, most=63_072_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = not LOCAL_MODE
if env.flag("TRUST_FORWARDED_PROTO", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
# No script in a page runs, only files of ours. Alpine, which the admin is built on, makes functions from its
# attributes, which needs unsafe-eval; the admin also styles elements in place.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'", "'unsafe-eval'"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}
CSRF_FAILURE_VIEW = "config.errors.csrf_failure"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
# security.W021, HSTS preload: a decision about a whole domain, not one for an application on it to take.
SILENCED_SYSTEM_CHECKS = ["security.W021"]

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_THROTTLE_CLASSES": [
        "rest_framework.throttling.AnonRateThrottle",
        "rest_framework.throttling.UserRateThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {"anon": "60/min", "user": "600/min"},
    # How many proxies stand in front: with 0 the address of the connection itself is counted, which nobody can forge.
    "NUM_PROXIES": env.number("NUM_PROXIES", default=0, least=0, most=10),
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "drf_standardized_errors.handler.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
DRF_STANDARDIZED_ERRORS = {
    "EXCEPTION_FORMATTER_CLASS": "config.errors.ApiErrorFormatter",
    "ENABLE_IN_DEBUG_FOR_UNHANDLED_EXCEPTIONS": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Tieout",
    "DESCRIPTION": "Reconciles internal payments with the records of a payment provider.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

Q_CLUSTER = {
    "name": "tieout", "orm": "default", "workers": 2, "queue_limit": 2, "bulk": 1, "timeout": 600, "retry": 1260,
    "max_attempts": 3, "catch_up": False,
}  # fmt: skip

DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID = True  # our own middleware has vetted it by then
DJANGO_STRUCTLOG_TRUST_UPSTREAM_CORRELATION_ID = False
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logging.DEBUG  # one line a request, at its end
LOG_LEVEL = env.choice("LOG_LEVEL", options=("INFO", "DEBUG", "WARNING", "ERROR"))
LOGGING = logging_settings(as_json=not LOCAL_MODE, level=LOG_LEVEL)

# Several secrets per organization are valid at once while one is rolled.
STRIPE_WEBHOOK_SECRETS = env.webhook_secrets("STRIPE_WEBHOOK_SECRETS")
STRIPE_API_KEYS = env.api_keys("STRIPE_API_KEYS")
STRIPE_API_BASE = env.stripe_base("STRIPE_API_BASE", "https://api.stripe.com")
# How many days back a routine sweep reads statement lines, payouts and invoices again.
STATEMENT_DAYS = env.number("STATEMENT_DAYS", default=7, least=1, most=365)
# How many calendar months the hourly sweep reconciles: this one and those before it.
SWEEP_MONTHS = env.number("SWEEP_MONTHS", default=2, least=1, most=24)
SHARD_FROM_RECORDS = env.number("SHARD_FROM_RECORDS", default=4_000_000, least=2, most=1_000_000_000)
SHARD_RECORDS = env.number("SHARD_RECORDS", default=2_000_000, least=1, most=1_000_000_000)
RUN_FILES = Path(env.text("RUN_FILES", str(VAR_DIR / "runs"))).resolve()  # parts of runs that are cut
# Who collects /metrics shows one of these (Authorization: Bearer …); two are valid while one is exchanged.
METRICS_TOKENS = env.tokens("METRICS_TOKENS")
# The nightly check keeps the end of each verified log here, signed. In production the key is given, never made.
ACTION_LOG_CHECKPOINTS = Path(env.text("ACTION_LOG_CHECKPOINTS", str(VAR_DIR / "checkpoints"))).resolve()
ACTION_LOG_CHECKPOINT_KEY = env.text("ACTION_LOG_CHECKPOINT_KEY") or (
    local_key(VAR_DIR, "checkpoint-key") if LOCAL_MODE else ""
)

env.require_valid()
