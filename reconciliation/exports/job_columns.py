"""The columns of what was done and set up: imports, fetches, jobs, bulk actions, exports, causes, rules, people."""

from django.utils.translation import gettext_lazy as _

from reconciliation.core.fees import rate_text
from reconciliation.spreadsheets import Money
from reconciliation.spreadsheets import plain as plain_text

from .cells import FLAGS, ORGANIZATION, Column, as_json, flag, money, numbered, person, plain

STARTED, FINISHED = plain("started_at", _("Started (UTC)")), plain("finished_at", _("Ended (UTC)"))
REQUEST = plain("request_id", _("Request id"))
ERROR = plain("error", _("Error"))

IMPORTS = (
    Column("file", _("File"), lambda row: row.filename), ORGANIZATION, plain("kind", _("Kind")),
    plain("imported_at", _("Imported (UTC)")), plain("imported_by", _("Imported by")), plain("rows", _("Rows read")),
    Column("new", _("New"), lambda row: row.created), plain("changed", _("Changed")),
    plain("unchanged", _("Unchanged")), plain("rejected", _("Rejected")),
    plain("sha256", "SHA-256"),
)  # fmt: skip
FETCHES = (
    numbered("fetch", _("Fetch"), "F", "pk"), ORGANIZATION, plain("kind", _("Kind")), plain("subject", _("About")),
    plain("status", _("Status")), plain("range_start", _("From (UTC)")), plain("range_end", _("To (UTC)")), STARTED,
    FINISHED, plain("started_by", _("Started by")), flag("routine", _("Routine")),
    flag("reached_oldest", _("Read to the oldest row")), plain("pages", _("Pages")), plain("rows", _("Rows read")),
    Column("new", _("New"), lambda row: row.created), plain("changed", _("Changed")),
    plain("unchanged", _("Unchanged")), Column("not_usable", _("Not usable"), lambda row: row.refused),
    plain("account", _("Stripe account")), ERROR,
)  # fmt: skip
WITHDRAWALS = (
    numbered("ingestion", _("Ingestion"), "F", "fetch_id"), ORGANIZATION, plain("withdrawn_at", _("Withdrawn (UTC)")),
    plain("withdrawn_by", _("Withdrawn by")), Column("lines_excluded", _("Lines excluded"), lambda row: row.lines),
    Column("lines_put_back", _("Lines put back"), lambda row: row.restored),
    plain("earliest_at", _("Earliest line (UTC)")), plain("latest_at", _("Latest line (UTC)")),
    plain("reason", _("Reason")),
)  # fmt: skip
SYNC_JOBS = (
    Column("job", _("Job"), str), ORGANIZATION, plain("kind", _("Kind")), plain("subject", _("About")),
    plain("status", _("Status")), plain("created_at", _("Asked for (UTC)")), STARTED, FINISHED,
    plain("rows", _("Rows read")),
    Column("failed_steps", _("Steps failed"), lambda row: sum(step.get("status") == "failed" for step in row.steps)),
    person("requested_by", _("Requested by")), plain("requested_via", _("Requested via")),
    plain("reason", _("Reason")), ERROR,
)  # fmt: skip
CAUSES = (
    Column("cause", _("Cause"), str), ORGANIZATION, plain("comparison", _("Comparison")), plain("kind", _("Kind")),
    Column("shared", _("What they share"), lambda row: row.told),
    Column("open", _("Open"), lambda row: row.now.count),
    Column("value", _("Value"), lambda row: "; ".join(sums(row.now.value_minor))),
    plain("rows_found", _("Discrepancies found")), plain("found_at", _("Found (UTC)")),
)  # fmt: skip
BULK_ACTIONS = (
    Column("bulk_action", _("Number"), str),
    Column("organization", _("Organization"), lambda row: ", ".join(one.slug for one in row.organizations.all())),
    plain("action", _("Step")), plain("state", _("State")), plain("rows_frozen", _("Rows")),
    plain("rows_skipped", _("Skipped")), plain("rows_done", _("Done")), plain("rows_not_allowed", _("Not allowed")),
    plain("rows_changed", _("Changed meanwhile")), plain("rows_failed", _("Failed")), person("created_by", _("Who")),
    plain("created_at", _("Created (UTC)")), plain("confirmed_at", _("Confirmed (UTC)")), FINISHED,
    Column("given", _("Given"), lambda row: as_json(row.given)), REQUEST,
)  # fmt: skip
EXPORTS = (
    Column("export", _("Export"), lambda row: str(row.batch)), ORGANIZATION, person("user", _("Who")),
    Column("list", _("List"), lambda row: row.list_name), plain("form", _("Form")), plain("query", _("Filters")),
    plain("rows", _("Rows")), STARTED, FINISHED, REQUEST,
)  # fmt: skip
THRESHOLDS = (
    ORGANIZATION, plain("currency", _("Currency")),
    Column("limit", _("Limit"), lambda row: money(row.limit_minor, row.currency)),
)  # fmt: skip
FEE_TERMS = (
    ORGANIZATION, plain("currency", _("Currency")), plain("line_type", _("Type of lines")),
    Column("rate_percent", _("Rate, percent"), lambda row: rate_text(row.rate_ppm)),
    Column("fixed", _("Fixed amount"), lambda row: money(row.fixed_minor, row.currency)),
    Column("tolerance", _("Tolerance"), lambda row: money(row.tolerance_minor, row.currency)),
)  # fmt: skip
MEMBERSHIPS = (
    person("user", _("User")), ORGANIZATION,
    Column("roles", _("Roles"), lambda row: ", ".join(group.name for group in row.user.groups.all())),
    Column("may_log_in", _("May log in"), lambda row: FLAGS[row.user.is_active]),
    Column("last_login", _("Last login (UTC)"), lambda row: row.user.last_login),
)  # fmt: skip
ORGANIZATIONS = (
    Column("organization", _("Organization"), lambda row: row.slug), plain("name", _("Name")),
    plain("timezone", _("Time zone")), plain("currency", _("Currency")), plain("stripe_account", _("Stripe account")),
    flag("livemode", _("Live mode")), plain("refunds", _("Compare refunds")),
    plain("grace_seconds", _("Grace period (seconds)")), plain("match_window_seconds", _("Match window (seconds)")),
    plain("duplicate_window_seconds", _("Duplicate window (seconds)")),
    Column("tolerance", _("Tolerance"), lambda row: money(row.tolerance_minor, row.currency)),
    plain("tolerance_ppm", _("Tolerance (parts per million)")), plain("created_at", _("Created (UTC)")),
)  # fmt: skip


def sums(value_minor: dict[str, int]) -> list[str]:
    """Amounts with their currencies, for machines; never added across."""
    return [f"{plain_text(Money(minor, currency))} {currency}" for currency, minor in value_minor.items()]
