"""Is the database in the state the promises rest on? Each check looks, changes nothing, and says what to do."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from billing.append_only import broken_triggers, declared_tables
from billing.models import (
    Invoice,
    InvoiceVersion,
    Organization,
    Payment,
    PaymentVersion,
    Payout,
    PayoutVersion,
    ProviderRecord,
    ProviderRecordVersion,
    StatementLine,
    StatementLineVersion,
)
from reconciliation import open_totals
from reconciliation.action_log import rows
from reconciliation.log_health import log_health
from reconciliation.models import ReconciliationDiscrepancy, ReconciliationItem
from reconciliation.sweep_health import sweep_health

EXAMPLES = 5
PRAGMAS = {"foreign_keys": 1, "recursive_triggers": 1, "journal_mode": "wal", "synchronous": 2}
BUSY_MILLISECONDS = 5000
RECORDS: dict[str, dict[str, QuerySet[Any]]] = {
    "payments": {
        "left_id": Payment.objects.all(),
        "left_version_id": PaymentVersion.objects.all(),
        "right_id": ProviderRecord.objects.all(),
        "right_version_id": ProviderRecordVersion.objects.all(),
    },
    "payouts": {
        "left_id": Payout.objects.all(),
        "left_version_id": StatementLineVersion.objects.all(),  # the newest of its lines
        "right_id": Payout.objects.all(),
        "right_version_id": PayoutVersion.objects.all(),
    },
    "statements": {
        "left_id": Invoice.objects.all(),
        "left_version_id": InvoiceVersion.objects.all(),
        "right_id": StatementLine.objects.all(),
        "right_version_id": StatementLineVersion.objects.all(),
    },
}
"""What the record references of items and discrepancies point at, by comparison."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong and what to do; a `warning` is a choice worth knowing about, not a fault."""

    message: str
    remedy: str
    warning: bool = False


Check = Callable[[], Iterator[Problem]]


def _triggers() -> Iterator[Problem]:
    broken = broken_triggers(connection)
    if broken:
        yield Problem(
            _("Append-only triggers are missing, switched off or changed: %s.") % ", ".join(broken),
            _("Find out who changed the database, check the log against a checkpoint, then create the triggers anew."),
        )


def _settings_in_force() -> Iterator[Problem]:
    yield from _postgres_role() if connection.vendor == "postgresql" else _sqlite_pragmas()


def _sqlite_pragmas() -> Iterator[Problem]:
    with connection.cursor() as cursor:
        for name, wanted in PRAGMAS.items():
            found = cursor.execute(f"PRAGMA {name}").fetchone()[0]
            if found != wanted:
                message = _("SQLite's %(name)s is %(found)s and must be %(wanted)s.")
                yield Problem(message % {"name": name, "found": found, "wanted": wanted}, _remedy_options())
        if cursor.execute("PRAGMA busy_timeout").fetchone()[0] < BUSY_MILLISECONDS:
            yield Problem(_("SQLite gives up on a busy database at once."), _remedy_options())
    if connection.settings_dict["OPTIONS"].get("transaction_mode") != "IMMEDIATE":
        yield Problem(_("SQLite's transactions do not begin with the write lock."), _remedy_options())


def _remedy_options() -> str:
    return _("Restore DATABASES' OPTIONS for SQLite in the settings.")


def _postgres_role() -> Iterator[Problem]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, r.rolsuper, count(c.oid) FROM pg_roles r LEFT JOIN pg_class c ON c.relname = ANY(%s) "
            "AND pg_table_is_visible(c.oid) AND pg_has_role(current_user, c.relowner, 'MEMBER') "
            "WHERE r.rolname = current_user GROUP BY r.rolsuper",
            [list(declared_tables())],
        )
        role, superuser, owned = cursor.fetchone()
    if superuser or owned:
        yield Problem(
            _("The role %s owns the append-only tables or is a superuser: it could switch their triggers off.") % role,
            _("Run the application as a role of its own: manage.py setup_postgres_role ROLE."),
            warning=True,
        )


def _log_ends() -> Iterator[Problem]:
    for organization in Organization.objects.all():
        head, last = rows.head_and_last_seal(organization.pk)
        if (head or (0, 0, "")) != (last or (0, 0, "")):
            yield Problem(
                _("The log of %s does not end where its head row says.") % organization.slug,
                _("Run manage.py verify_action_log with the last checkpoint."),
            )


def _current_numbers() -> Iterator[Problem]:
    identities: dict[str, QuerySet[Any]] = {
        _("Payments whose current version is not the newest"): Payment.objects.all(),
        _("Provider records whose current version is not the newest"): ProviderRecord.objects.all(),
    }
    for what, identity in identities.items():
        newest = identity.annotate(newest=Max("versions__number"))
        wrong = newest.filter(~Q(newest=F("current_number")) | Q(newest__isnull=True)).order_by("pk")
        yield from _listed(wrong, what)


def _record_references() -> Iterator[Problem]:
    for comparison, sides in RECORDS.items():
        for name, records in sides.items():
            missing = Q(**{f"{name}__gt": 0}) & ~Exists(records.filter(pk=OuterRef(name)))
            items = ReconciliationItem.objects.filter(missing, comparison=comparison).order_by("pk")
            yield from _listed(items, _("Items whose %s names no record") % name)
            if not name.endswith("version_id"):
                found = ReconciliationDiscrepancy.objects.filter(missing, comparison=comparison).order_by("pk")
                yield from _listed(found, _("Discrepancies whose %s names no record") % name)


def _open_totals() -> Iterator[Problem]:
    for organization in Organization.objects.order_by("pk"):
        if any(open_totals.differing(organization.pk)):
            yield Problem(
                _("The totals of open discrepancies of %s are not those of its discrepancies.") % organization.slug,
                _("Something wrote around the application. Run manage.py rebuild_totals."),
            )


def _listed(wrong: QuerySet[Any], what: str) -> Iterator[Problem]:
    ids = list(wrong.values_list("pk", flat=True)[: EXAMPLES + 1])
    if ids:
        shown = ", ".join(map(str, ids[:EXAMPLES])) + (", …" if len(ids) > EXAMPLES else "")
        remedy = _("Something wrote around the application. Restore these rows from a backup.")
        yield Problem(f"{what}: {shown}.", remedy)


def _sweeps() -> Iterator[Problem]:
    for message, remedy in sweep_health(timezone.now()):
        yield Problem(message, remedy, warning=True)


def _log_checks() -> Iterator[Problem]:
    for message, remedy, tampered in log_health(timezone.now()):
        yield Problem(message, remedy, warning=not tampered)


CHECKS: dict[str, tuple[str, Check]] = {
    "triggers": (gettext_noop("Append-only triggers"), _triggers),
    "database": (gettext_noop("Database settings in force"), _settings_in_force),
    "log_ends": (gettext_noop("Ends of the action logs"), _log_ends),
    "log_checks": (gettext_noop("Nightly checks of the action logs"), _log_checks),
    "current_versions": (gettext_noop("Current versions"), _current_numbers),
    "references": (gettext_noop("Record references"), _record_references),
    "open_totals": (gettext_noop("Totals of open discrepancies"), _open_totals),
    "sweeps": (gettext_noop("Hourly sweeps and the queue"), _sweeps),
}


def examine() -> dict[str, list[Problem]]:
    """Problems found by each check, by the check's code; an empty list is a pass."""
    return {code: list(check()) for code, (_title, check) in CHECKS.items()}
