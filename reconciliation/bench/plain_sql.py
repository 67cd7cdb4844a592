"""The best SQL a good engineer writes: both sides joined on the exact key, straight into the items, sorted by time and
pair (which the indexes take in faster than by pair alone).

It finds what shares a key and nothing else; no weaker evidence, no groups, no discrepancies, no log, no report. On
PostgreSQL it has the memory such an engineer would give it, so that neither join nor sort goes to disk.
"""

from typing import Any, Final

from django.db import connection, transaction

from billing.models import Organization
from reconciliation.bench.books import END, NOW, START
from reconciliation.bench.loading import SLUG

COLUMNS: Final = (
    "organization_id", "comparison", "left_id", "left_version_id", "right_id", "right_version_id", "kind", "outcome",
    "match_pass", "reason", "group_key", "left_amount_minor", "left_currency", "left_status", "right_amount_minor",
    "right_currency", "right_status", "occurred_at", "due_at", "opened_run",
)  # fmt: skip
LEFT: Final = """
    SELECT p.id, v.id AS version_id, p.kind, v.provider_reference AS key, v.amount_minor, v.currency,
           v.status, v.occurred_at
    FROM billing_paymentversion v JOIN billing_payment p ON p.id = v.payment_id AND p.current_number = v.number
    WHERE v.organization_id = {organization} AND v.occurred_at >= {start} AND v.occurred_at < {end}"""
# No provider record has a blank id, so payments that name none find none.
RIGHT: Final = """
    SELECT p.id, v.id AS version_id, p.kind, p.external_id AS key, v.amount_minor, v.currency, v.status, v.occurred_at,
           v.excluded_reason
    FROM billing_providerrecordversion v
    JOIN billing_providerrecord p ON p.id = v.record_id AND p.current_number = v.number
    WHERE v.organization_id = {organization} AND v.occurred_at >= {start} AND v.occurred_at < {end}
          AND p.kind IN ('charge', 'refund')"""
STATUS_CLASS: Final = """CASE {} WHEN 'succeeded' THEN 1 WHEN 'refunded' THEN 1 WHEN 'partially_refunded' THEN 1
           WHEN 'failed' THEN 2 WHEN 'canceled' THEN 2 WHEN 'pending' THEN 3 ELSE 4 END"""
RESULT: Final = f"""
    {{organization}} AS organization_id, 'payments', COALESCE(l.id, 0) AS left_id, COALESCE(l.version_id, 0),
    COALESCE(r.id, 0) AS right_id, COALESCE(r.version_id, 0), COALESCE(l.kind, r.kind),
    CASE WHEN l.id IS NOT NULL AND r.id IS NOT NULL THEN
           CASE WHEN l.amount_minor = r.amount_minor AND l.currency = r.currency
                     AND {STATUS_CLASS.format("l.status")} = {STATUS_CLASS.format("r.status")}
                     AND (l.status = r.status OR l.status NOT IN ('refunded', 'partially_refunded'))
                THEN 'matched' ELSE 'mismatched' END
         WHEN r.excluded_reason <> '' THEN 'excluded'
         WHEN COALESCE(l.occurred_at, r.occurred_at) > {{waiting}} THEN 'not_due'
         WHEN r.id IS NULL THEN 'only_left' ELSE 'only_right' END,
    CASE WHEN l.id IS NOT NULL AND r.id IS NOT NULL THEN 'reference' ELSE '' END,
    COALESCE(CASE WHEN l.id IS NULL THEN r.excluded_reason END, ''), '',
    l.amount_minor, COALESCE(l.currency, ''), COALESCE(l.status, ''),
    r.amount_minor, COALESCE(r.currency, ''), COALESCE(r.status, ''), COALESCE(l.occurred_at, r.occurred_at),
    CASE WHEN (l.id IS NULL OR r.id IS NULL) AND COALESCE(r.excluded_reason, '') = ''
              AND COALESCE(l.occurred_at, r.occurred_at) > {{waiting}}
         THEN {{due}} END, 1"""
ON: Final = "l.kind = r.kind AND l.key = r.key"
DUE: Final = {
    "postgresql": "COALESCE(l.occurred_at, r.occurred_at) + make_interval(secs => {grace})",
    "sqlite": "datetime(COALESCE(l.occurred_at, r.occurred_at), '+{grace} seconds')",
}


def statement(organization: Organization, vendor: str) -> str:
    """The whole statement for one organization and the period; on SQLite two left joins (its full join reads one side
    again for every row of the other).
    """
    quoted = "'{:%Y-%m-%d %H:%M:%S}+00'" if vendor == "postgresql" else "'{:%Y-%m-%d %H:%M:%S}'"
    waiting = NOW.timestamp() - organization.grace_seconds
    values = {
        "organization": organization.pk, "start": quoted.format(START), "end": quoted.format(END),
        "waiting": quoted.format(NOW.fromtimestamp(waiting, NOW.tzinfo)),
        "due": DUE[vendor].format(grace=organization.grace_seconds),
    }  # fmt: skip
    if vendor == "postgresql":
        body = f"SELECT {RESULT} FROM ({LEFT}) l FULL JOIN ({RIGHT}) r ON {ON}"  # noqa: S608 - constants of this module
    else:
        body = (
            f"SELECT {RESULT} FROM ({LEFT}) l LEFT JOIN ({RIGHT}) r ON {ON} UNION ALL "  # noqa: S608 - constants
            f"SELECT {RESULT} FROM ({RIGHT}) r LEFT JOIN ({LEFT}) l ON {ON} WHERE l.id IS NULL"
        )
    table = "reconciliation_reconciliationitem"
    return f"INSERT INTO {table} ({', '.join(COLUMNS)}) {body.format(**values)} ORDER BY 18, 3, 5"


def run() -> dict[str, Any]:
    """Matches the period by key and stores one item a pair or lone record."""
    organization = Organization.objects.get(slug=SLUG)
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL work_mem = '512MB'")
        cursor.execute(statement(organization, connection.vendor))
        return {"written": {"items": cursor.rowcount}}
