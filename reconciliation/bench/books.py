"""Generated books as frames: any slice of them, computed from the numbers of its rows alone."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import polars as pl

from reconciliation.bench import shares

START: Final = datetime(2026, 6, 1, tzinfo=UTC)
END: Final = datetime(2026, 7, 1, tzinfo=UTC)
NOW: Final = END
SECOND: Final = 1_000_000
HOUR: Final = 3_600 * SECOND
LAST_DUE: Final = END - timedelta(days=4)
PAYMENTS_PER_CUSTOMER: Final = 12
AMOUNTS: Final = 49_999
CURRENCIES: Final = ("EUR",) * 12 + ("USD",) * 5 + ("GBP",) * 3
# Odd, so that multiplying by it modulo 2^64 gives every number another one: ids in no order, none twice.
SHUFFLE: Final = 0x9E3779B97F4A7C15


@dataclass(frozen=True)
class Slice:
    """Both sides of some rows, in the columns of the tables; `occurred_at` in microseconds since 1970 UTC."""

    payments: pl.DataFrame
    records: pl.DataFrame


def micros(moment: datetime) -> int:
    """An aware datetime of whole seconds as microseconds since 1970 UTC."""
    return int(moment.timestamp()) * SECOND


def provider_id(prefix: str, leg: int) -> pl.Expr:
    """A provider's id for each row, unlike any other; `leg` counts the ids of one row."""
    mixed = (pl.col("number").cast(pl.UInt64) * 8 + leg + 1) * pl.lit(SHUFFLE, pl.UInt64)
    return pl.concat_str(pl.lit(f"{prefix}_3"), mixed.cast(pl.String))


def scenario(*names: str) -> pl.Expr:
    """Whether a row tells one of these stories."""
    return pl.col("scenario").is_in(names)


def told(first: int, count: int, total: int) -> pl.DataFrame:
    """Rows `first` to `first + count` of `total`: their stories and the facts both sides draw from.

    No customer has the same amount twice unless a story wants it; every story but the plainest has its own customer.
    """
    numbers = pl.DataFrame({"number": pl.int_range(first, first + count, dtype=pl.Int64, eager=True)})
    slots = numbers["number"] * 7_919 % shares.THOUSAND
    customers = max(total // PAYMENTS_PER_CUSTOMER, 20)
    customer = pl.col("number") % customers
    spread = (micros(LAST_DUE) - micros(START)) // SECOND
    late = micros(END) - 30 * HOUR + pl.col("number") % 86_400 * SECOND
    return numbers.with_columns(scenario=pl.Series(shares.SCENARIOS).gather(slots)).with_columns(
        customer=pl.when(scenario("by_reference"))
        .then(pl.format("cus_{}", customer))
        .otherwise(pl.format("cus_s{}", pl.col("number"))),
        currency=pl.Series(CURRENCIES).gather((numbers["number"] % customers) % len(CURRENCIES)),
        amount_minor=1_000 + (pl.col("number") // customers * 7_919 + customer * 31) % AMOUNTS,
        at=pl.when(scenario("late_here", "late_there"))
        .then(late)
        .otherwise(micros(START) + pl.col("number") * spread // total * SECOND),
        external_id=pl.format("pay_{}", pl.col("number")),
        invoice=pl.format("INV-{}", pl.col("number")),
        charge=provider_id("ch", 0),
        intent=provider_id("pi", 1),
        second_charge=provider_id("ch", 2),
        refund=provider_id("re", 3),
    )


def half(whole: str = "amount_minor") -> pl.Expr:
    """The smaller half of an amount."""
    return pl.col(whole) // 2


def fee() -> pl.Expr:
    """What the provider keeps, in minor units: 1.4 % and a fixed part."""
    return pl.col("amount_minor") * 14 // 1_000 + 25


def payments_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Our side of some rows."""
    booked = rows.filter(~scenario(*shares.NOT_BOOKED))
    amount = pl.col("amount_minor")
    main = booked.select(
        pl.lit("charge").alias("kind"), "external_id", "number",
        provider_reference=pl.when(scenario(*shares.NO_REFERENCE)).then(pl.lit(""))
        .when(scenario(*shares.NAMES_INTENT)).then("intent").otherwise("charge"),
        amount_minor=pl.when(scenario(*shares.HALVED_HERE)).then(half())
        .when(scenario("fee_deducted")).then(amount - fee())
        .when(scenario("refund_netted")).then(amount - half())
        .when(scenario("amount_differs")).then(amount + 3).otherwise(amount),
        currency=pl.when(scenario("currency_differs")).then(pl.lit("CHF")).otherwise("currency"),
        status=pl.when(scenario("status_differs")).then(pl.lit("pending"))
        .when(scenario("failed_both")).then(pl.lit("failed")).otherwise(pl.lit("succeeded")),
        occurred_at="at",
        customer="customer",
        invoice_number=pl.when(scenario(*shares.NO_INVOICE)).then(pl.lit("")).otherwise("invoice"),
    )  # fmt: skip
    columns = main.columns
    rest = booked.filter(scenario(*shares.HALVED_HERE)).with_columns(
        external_id=pl.col("external_id") + "b", amount_minor=amount - half(), kind=pl.lit("charge"),
        provider_reference="charge", status=pl.lit("succeeded"), occurred_at="at", invoice_number="invoice",
    )  # fmt: skip
    refunds = booked.filter(scenario("refunded")).with_columns(
        external_id=pl.col("external_id") + "r", amount_minor=half(), kind=pl.lit("refund"),
        provider_reference="refund", status=pl.lit("succeeded"), occurred_at=pl.col("at") + HOUR,
        invoice_number="invoice",
    )  # fmt: skip
    return pl.concat([main, rest.select(columns), refunds.select(columns)]).sort("number", "external_id").drop("number")


def records_of(rows: pl.DataFrame) -> pl.DataFrame:
    """The provider's side of some rows."""
    charged = rows.filter(~scenario(*shares.NOT_CHARGED))
    amount = pl.col("amount_minor")
    parent = pl.when(scenario(*shares.NAMES_INTENT)).then("intent").otherwise(pl.lit(""))
    reference = (
        pl.when(scenario("by_own_reference")).then("external_id")
        .when(scenario("by_invoice")).then("invoice").otherwise(pl.lit(""))
    )  # fmt: skip
    failed = scenario("failed_both")
    base = charged.with_columns(
        kind=pl.lit("charge"), occurred_at=pl.col("at") + pl.col("number") % 90 * SECOND, detail=pl.lit("{}"),
        parent_reference=parent, reference=reference, fee_minor=pl.when(~failed).then(fee()),
        status=pl.when(failed).then(pl.lit("failed")).otherwise(pl.lit("succeeded")),
        excluded_reason=pl.when(scenario("excluded")).then(pl.lit("destination_payment")).otherwise(pl.lit("")),
    )  # fmt: skip
    halved = pl.when(scenario(*shares.HALVED_THERE))
    later = pl.when(scenario("ambiguous")).then(5 * HOUR).otherwise(600 * SECOND)
    back = pl.col("occurred_at") + HOUR
    parts = [
        base.with_columns(external_id="charge", amount_minor=halved.then(half()).otherwise(amount)),
        base.filter(scenario(*shares.TWO_CHARGES)).with_columns(
            external_id="second_charge", amount_minor=halved.then(amount - half()).otherwise(amount),
            occurred_at=pl.col("occurred_at") + later,
        ),
        base.filter(scenario(*shares.REFUND_THERE)).with_columns(
            external_id="refund", kind=pl.lit("refund"), amount_minor=half(), parent_reference="charge",
            occurred_at=back, fee_minor=pl.lit(None, pl.Int64), reference=pl.lit(""),
        ),
        base.filter(scenario("by_intent")).with_columns(
            external_id="intent", kind=pl.lit("payment_intent"), parent_reference=pl.lit(""),
            fee_minor=pl.lit(None, pl.Int64),
            detail=pl.concat_str(pl.lit('{"latest_charge": "'), "charge", pl.lit('"}')),
        ),
    ]  # fmt: skip
    columns = [
        "kind", "external_id", "parent_reference", "amount_minor", "fee_minor", "currency", "status", "occurred_at",
        "reference", "customer", "excluded_reason", "detail",
    ]  # fmt: skip
    return pl.concat([part.select("number", *columns) for part in parts]).sort("number", "external_id").drop("number")


def slice_of(first: int, count: int, total: int) -> Slice:
    """Both sides of rows `first` to `first + count` of books of `total` rows."""
    rows = told(first, count, total)
    return Slice(payments_of(rows), records_of(rows))
