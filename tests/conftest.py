"""Ground every test stands on: databases, sockets, raw sample files, threads at a barrier."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import caches
from django.db import connection, connections, transaction
from django.template.base import Template
from django.test import TransactionTestCase
from django.utils import translation

from config.catalogues import compile_catalogues
from tests.database import POSTGRES
from tests.emptying import furniture, put_back
from tests.sparing import collect_garbage_seldom, keep_contexts_of_pages_only

ROOT = Path(__file__).resolve().parent.parent
PLAIN_RENDER = vars(Template)["_render"]


@pytest.fixture(scope="session", autouse=True)
def contexts_of_pages(django_test_environment: None) -> Iterator[None]:
    """`response.context` holds what pages were given, not what each of their parts was."""
    with pytest.MonkeyPatch.context() as patch:
        keep_contexts_of_pages_only(patch, PLAIN_RENDER)
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The test database. After a transactional test it holds again what its migrations had put in, and no more."""
    with django_db_blocker.unblock():
        kept = furniture()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _case: put_back(kept))
        yield


@pytest.fixture(scope="module")
def rows_of_module(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A transaction around the tests of a module: rows that its own fixtures make once are there for each of its tests.

    Every test still takes back what it did itself. Not for modules with tests that need real transactions.
    """
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def nothing_is_remembered() -> None:
    """No test sees what another one's pages kept (ids of one come again in the next), nor speaks its language."""
    caches["default"].clear()
    translation.deactivate()


@pytest.fixture
def ledger_transactions(transactional_db: None) -> None:
    """Real transactions on the real tables, seen by other threads and processes; the tables are emptied afterwards."""


@pytest.fixture
def together() -> Callable[..., list[Any]]:
    """`together(function, arguments)` calls `function(argument)` in one thread per argument, released by a barrier.

    Returns, in the order of the arguments, each result, or the exception it raised. Connections are closed.
    """

    def run(function: Callable[[Any], Any], arguments: list[Any]) -> list[Any]:
        barrier = threading.Barrier(len(arguments))
        results: list[Any] = [None] * len(arguments)

        def work(position: int) -> None:
            try:
                barrier.wait(timeout=60)
                results[position] = function(arguments[position])
            except Exception as error:  # handed to the test, which asserts on it
                results[position] = error
            finally:
                connections.close_all()

        threads = [threading.Thread(target=work, args=(position,)) for position in range(len(arguments))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=300)
        assert not any(thread.is_alive() for thread in threads), "a thread is still working after five minutes"
        return results

    return run


def sample_data() -> Path:
    """Folder of the raw recordings some tests read; they live outside the project."""
    return Path(os.environ.get("TIEOUT_SAMPLE_DATA") or ROOT.parent / "shared" / "data").resolve()


@pytest.fixture
def raw_sample() -> Callable[[str], Path]:
    """`raw_sample("folder/file")` is a raw recording's path; the test is skipped, and counted, without it."""

    def find(name: str) -> Path:
        path = sample_data() / name
        if not path.exists():
            pytest.skip(f"raw sample data absent: {name} (TIEOUT_SAMPLE_DATA names the folder)")
        return path

    return find


@pytest.fixture
def child_environment(tmp_path: Path) -> Callable[..., dict[str, str]]:
    """`child_environment()` is the environment for a process of the product with an empty database of its own.

    `child_environment(same_database=True)`: on the database under test, for tests with `ledger_transactions`.
    """

    def environment(*, same_database: bool = False) -> dict[str, str]:
        address = f"sqlite:///{tmp_path / 'tieout.sqlite3'}"
        if same_database:
            # The name of the test database differs from the one the suite was started with.
            name = str(connection.settings_dict["NAME"])
            postgres = os.environ["DATABASE_URL"].replace("/postgres?", f"/{name}?")
            address = postgres if connection.vendor == "postgresql" else f"sqlite:///{name}"
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "TIEOUT_ENV_FILE": "",
            "TIEOUT_VAR": str(tmp_path),
            "DATABASE_URL": address,
        }

    return environment


def pytest_sessionstart() -> None:
    """The translations as they are in the source."""
    compile_catalogues(settings.BASE_DIR)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL only what could differ there: tests that use the database, less those of what pages say."""
    if not POSTGRES or config.getoption("keyword"):
        return
    apart = [item for item in items if is_about_pages(item) or not uses_database(item)]
    config.hook.pytest_deselected(items=apart)
    items[:] = [item for item in items if item not in apart]


def pytest_collection_finish() -> None:
    """Everything is loaded."""
    collect_garbage_seldom()


def is_about_pages(item: pytest.Item) -> bool:
    """Whether a test looks at what pages say, in a browser or without one."""
    return bool(item.get_closest_marker("browser") or item.get_closest_marker("pages"))


def uses_database(item: pytest.Item) -> bool:
    """Whether a test asks for the test database, by a fixture or a mark."""
    fixtures = {"db", "transactional_db", "django_db_setup"} & set(getattr(item, "fixturenames", ()))
    return bool(fixtures or item.get_closest_marker("django_db") or item.get_closest_marker("postgres"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """`postgres` tests run on PostgreSQL only."""
    if item.get_closest_marker("postgres") and not POSTGRES:
        pytest.skip("needs PostgreSQL: TIEOUT_TEST_DATABASE=postgres")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say plainly on what it ran and what was not tried, so that a green run is not taken for more than it is."""
    terminalreporter.write_line(f"Tried on {'PostgreSQL' if POSTGRES else 'SQLite'}:")
    reasons: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        for word, label in (("raw sample data", "raw recordings absent"), ("browser", "no browser")):
            if word in reason:
                reasons[label] = reasons.get(label, 0) + 1
    for label, count in sorted(reasons.items()):
        terminalreporter.write_line(f"NOT TRIED: {count} tests ({label})", yellow=True)
