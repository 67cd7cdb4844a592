"""The columns of what comes from the sources: payments, events, records, statement lines, payouts, invoices."""

from django.utils.translation import gettext_lazy as _

from .cells import CURRENT, ORGANIZATION, Column, flag, now, now_money, numbered, plain

BROUGHT_BY = numbered("fetch", _("Fetch"), "F", "now_fetch_id")
CURRENCY = now("currency", _("Currency"))
STATUS = now("status", _("Status"))
OCCURRED = now("occurred_at", _("Occurred (UTC)"))
CUSTOMER = now("customer", _("Customer"))

PAYMENTS = (
    Column("payment", _("Our id"), lambda row: row.external_id), ORGANIZATION, plain("kind", _("Kind")),
    now_money("amount", _("Amount")), CURRENCY, STATUS, now("provider_reference", _("Provider reference")), CUSTOMER,
    now("invoice_number", _("Invoice")), OCCURRED, CURRENT,
)  # fmt: skip
EVENTS = (
    Column("event", _("Event"), lambda row: row.event_id), ORGANIZATION, plain("type", _("Type")),
    plain("object_type", _("Kind of object")), Column("object", _("Object"), lambda row: row.object_id),
    plain("created_at", _("Created at the provider (UTC)")), plain("received_at", _("Received (UTC)")),
    plain("fetched_at", _("Fetched (UTC)")), plain("source", _("Source")), plain("account", _("Account")),
    flag("livemode", _("Live mode")), plain("api_version", _("API version")),
    numbered("fetch", _("Fetch"), "F", "fetch_id"), plain("content_digest", _("Content digest")),
)  # fmt: skip
RECORDS = (
    Column("record", _("Provider id"), lambda row: row.external_id), ORGANIZATION, plain("provider", _("Provider")),
    plain("kind", _("Kind")), now_money("amount", _("Amount")), now_money("fee", _("Fee")), CURRENCY, STATUS, OCCURRED,
    now("reference", _("Our reference")), CUSTOMER, now("parent_reference", _("Belongs to")),
    now("excluded_reason", _("Takes no part because")), flag("needs_fetch", _("Needs a fetch"), "now_needs_fetch"),
    CURRENT,
)  # fmt: skip
STATEMENT_LINES = (
    Column("line", _("Provider id"), lambda row: row.external_id), ORGANIZATION, now("kind", _("Kind")),
    now("type", _("Type")), now("category", _("Reporting category")), now_money("gross", _("Gross")),
    now_money("fee", _("Fee")), now_money("net", _("Net")), CURRENCY,
    now_money("presentment", _("The customer saw"), "presentment_currency"),
    now("presentment_currency", _("Currency the customer saw")), now("exchange_rate", _("Exchange rate")),
    now("occurred_at", _("Created (UTC)")), now("available_at", _("Available (UTC)")),
    now("source_reference", _("Source")), now("charge_reference", _("Charge")),
    now("intent_reference", _("Payment intent")), now("payout_reference", _("Payout")), CUSTOMER,
    now("invoice_reference", _("Invoice")), now("workspace", _("Workspace")),
    Column("belongs_to", _("Belongs to"), lambda row: row.owner_name if row.now_tenant_id else ""),
    now("tenant_answer", _("Said by")), now("excluded_reason", _("Takes no part because")), BROUGHT_BY, CURRENT,
)  # fmt: skip
PAYOUTS = (
    Column("payout", _("Provider id"), lambda row: row.external_id), ORGANIZATION, now_money("amount", _("Amount")),
    CURRENCY, STATUS, now("created_at", _("Created (UTC)")), now("arrival_at", _("Arrives (UTC)")),
    flag("automatic", _("Automatic"), "now_automatic"), flag("itemised", _("Lines listed"), "now_itemised"),
    now("method", _("Method")), now("line_reference", _("Its own statement line")),
    now("failure_line_reference", _("Statement line of the return")), now("failure_code", _("Failure")), BROUGHT_BY,
    CURRENT,
)  # fmt: skip
INVOICES = (
    Column("invoice", _("Id"), lambda row: row.external_id), ORGANIZATION,
    Column("source", _("Source"), lambda row: row.provider), plain("kind", _("Kind")),
    Column("number", _("Number"), lambda row: row.now_document_number), now_money("total", _("Total")),
    now_money("paid", _("Paid")), CURRENCY, STATUS, now("issued_at", _("Issued (UTC)")), now("due_at", _("Due (UTC)")),
    CUSTOMER, now("subscription", _("Subscription")),
    flag("paid_outside", _("Paid outside the provider"), "now_out_of_band"), BROUGHT_BY, CURRENT,
)  # fmt: skip
INVOICE_PAYMENTS = (
    Column("link", _("Provider id"), lambda row: row.external_id), ORGANIZATION,
    Column("invoice", _("Invoice"), lambda row: row.now_invoice_reference),
    Column("payment", _("Payment"), lambda row: row.now_payment_reference), now("payment_kind", _("Kind of payment")),
    now_money("amount", _("Paid")), now_money("requested", _("Asked for")), CURRENCY, STATUS,
    now("paid_at", _("Paid on (UTC)")), BROUGHT_BY, CURRENT,
)  # fmt: skip
