"""What belongs together: invoices, payments and what was given back of them, tied by explicit words only.

A record names tokens: an invoice its id; a line the invoice of its metadata, its charge and its payment intent; a link
of the provider ties an invoice to a payment. Records that share a token, directly or over others, are one group.
"""

import polars as pl

INVOICE, PAID_BY = "invoice ", "payment "


def line_tokens(lines: pl.DataFrame) -> pl.DataFrame:
    """The tokens of lines that take part: one row (id, token) each."""
    named = lines.filter(pl.col("role").is_not_null())
    parts = [
        named.select("id", token=pl.lit(prefix) + pl.col(column))
        for prefix, column in ((INVOICE, "alt_key2"), (PAID_BY, "parent_key"), (PAID_BY, "intent"))
    ]
    return pl.concat(parts).drop_nulls().unique()


def link_tokens(links: pl.DataFrame) -> pl.DataFrame:
    """The pairs of tokens that links tie: (one, other)."""
    return (
        links.select(one=pl.lit(INVOICE) + pl.col("invoice"), other=pl.lit(PAID_BY) + pl.col("payment"))
        .drop_nulls()
        .unique()
    )


def groups(lines: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """The group of every token (token, grp): the smallest token that can be reached from it, so that the name of a
    group depends on nothing but its members.
    """
    tokens = line_tokens(lines)
    first = tokens.group_by("id").agg(one=pl.col("token").min())
    star = tokens.join(first, on="id").select("one", other="token")
    edges = pl.concat([star, link_tokens(links)])
    edges = pl.concat([edges, edges.select(one="other", other="one")]).unique()
    known = edges.select(pl.col("one").alias("token"), grp="one").unique()
    while True:
        reached = edges.join(known, left_on="one", right_on="token").group_by("other").agg(pl.col("grp").min())
        closer = known.join(reached, left_on="token", right_on="other", suffix="_reached")
        closer = closer.select("token", grp=pl.min_horizontal("grp", "grp_reached"))
        if closer.sort("token").equals(known.sort("token")):
            return known
        known = closer


def with_groups(left: pl.DataFrame, right: pl.DataFrame, links: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Both sides with their group `grp`: null for a line that names nothing. Invoices of a group that no payment line
    is in are in it all the same.
    """
    found = groups(right, links)
    tokens = line_tokens(right).join(found, on="token").group_by("id").agg(pl.col("grp").min())
    own = left.select("id", token=pl.lit(INVOICE) + pl.col("key")).join(found, on="token", how="left")
    own = own.select("id", grp=pl.coalesce("grp", "token"))
    return left.join(own, on="id", how="left"), right.join(tokens, on="id", how="left")
