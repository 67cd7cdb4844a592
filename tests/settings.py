"""Settings of the test suite: the product's own, in an environment that owes nothing to the machine."""

import os

from tests.database import POSTGRES, database_url_for_tests, folder_for_tests

KEPT = ("TIEOUT_TEST_", "TIEOUT_SAMPLE_DATA")
for name in list(os.environ):
    if name.startswith("TIEOUT_") and not name.startswith(KEPT):
        del os.environ[name]
for name in (
    "DEBUG",
    "ALLOWED_HOSTS",
    "ACTION_LOG_CHECKPOINT_KEY",
    "CACHE_URL",
    "STATEMENT_DAYS",
    "SESSION_IDLE_MINUTES",
):
    os.environ.pop(name, None)
for name in ("STRIPE_WEBHOOK_SECRETS", "STRIPE_API_KEYS", "STRIPE_API_BASE"):
    os.environ.pop(name, None)
os.environ["TIEOUT_ENV_FILE"] = ""
os.environ["TIEOUT_VAR"] = str(folder_for_tests())
os.environ["DATABASE_URL"] = database_url_for_tests()
os.environ["SECRET_KEY"] = "the-test-suite-signs-with-this-and-nothing-else-ever-does"

from config.settings import *  # noqa: E402, F403
from config.settings import DATABASES  # noqa: E402

if POSTGRES and "host" in DATABASES["default"].get("OPTIONS", {}):
    # The socket's folder goes where tests that start processes look for the host.
    DATABASES["default"]["HOST"] = DATABASES["default"]["OPTIONS"].pop("host")
if not POSTGRES:
    # A file, not memory: threads and child processes must see the same rows.
    DATABASES["default"]["TEST"] = {"NAME": str(folder_for_tests() / "test.sqlite3")}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Each process of the suite keeps its own: the rows behind what is kept differ between them.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": str(folder_for_tests() / f"cache-{os.environ.get('PYTEST_XDIST_WORKER', 'one')}"),
    }
}
