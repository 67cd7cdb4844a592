"""Which lists can be taken away, and with which columns."""

from . import desk_columns, job_columns, source_columns
from .cells import Column

COLUMNS: dict[str, tuple[Column, ...]] = {
    "reconciliationdiscrepancy": desk_columns.DISCREPANCIES,
    "reconciliationitem": desk_columns.ITEMS,
    "reconciliationactionlog": desk_columns.ACTION_LOG,
    "reconciliationrun": desk_columns.RUNS,
    "dryrun": desk_columns.DRY_RUNS,
    "dispute": desk_columns.DISPUTES,
    "payment": source_columns.PAYMENTS,
    "providerevent": source_columns.EVENTS,
    "providerrecord": source_columns.RECORDS,
    "statementline": source_columns.STATEMENT_LINES,
    "payout": source_columns.PAYOUTS,
    "invoice": source_columns.INVOICES,
    "invoicepayment": source_columns.INVOICE_PAYMENTS,
    "importbatch": job_columns.IMPORTS,
    "providerfetch": job_columns.FETCHES,
    "statementwithdrawal": job_columns.WITHDRAWALS,
    "syncjob": job_columns.SYNC_JOBS,
    "cause": job_columns.CAUSES,
    "bulkaction": job_columns.BULK_ACTIONS,
    "listexport": job_columns.EXPORTS,
    "closingthreshold": job_columns.THRESHOLDS,
    "feeterms": job_columns.FEE_TERMS,
    "membership": job_columns.MEMBERSHIPS,
    "organization": job_columns.ORGANIZATIONS,
}
"""By the name of the model whose list it is."""
