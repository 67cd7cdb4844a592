"""What a dispute shows beyond its status: the deadline, the evidence, the money withdrawn and given back.

Pure. Field meanings: https://docs.stripe.com/api/disputes/object.
"""

from typing import Any

from .stripe_fields import Json, UnusableObject, compact, count, currency_of, identifier, moment_or_none, text


def dispute_detail(item: Json) -> Json:
    """Evidence and movements of a dispute, as kept with its record.

    `due_by` is the evidence deadline; `no_response_possible` says that there is none (Stripe's 0, which is not 1970).
    `moves`: each balance transaction, signed minor units; `withdrawn_minor`, `reinstated_minor` and `fee_minor` are
    sums over those in the currency `moved_currency`, and absent when the movements have several.
    """
    evidence = item.get("evidence_details")
    evidence = evidence if isinstance(evidence, dict) else {}
    rows = item.get("balance_transactions")
    moves = [_move(row) for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return compact(
        due_by=moment_or_none(evidence, "due_by"),
        no_response_possible=True if evidence.get("due_by") == 0 else None,
        past_due=True if evidence.get("past_due") is True else None,
        has_evidence=True if evidence.get("has_evidence") is True else None,
        submissions=_submissions(evidence) or None,
        network_reason=_network_reason(item),
        movements=sorted(move["id"] for move in moves if move.get("id")),
        moves=sorted(moves, key=lambda move: (move.get("id", ""), move.get("amount_minor", 0))),
        **_sums(moves),
    )


def _submissions(evidence: Json) -> int:
    try:
        return count(evidence, "submission_count")
    except UnusableObject:
        return 0


def _move(row: Json) -> Json:
    try:
        figures = {f"{name}_minor": count(row, name) for name in ("amount", "fee", "net")}
        return compact(id=identifier(row.get("id"))) | figures | {"currency": currency_of(row)}
    except UnusableObject:
        return compact(id=identifier(row.get("id")))


def _sums(moves: list[Json]) -> Json:
    currencies = {move.get("currency") for move in moves}
    if len(currencies) != 1 or None in currencies:
        return {}
    amounts = [move["amount_minor"] for move in moves]
    return {
        "moved_currency": currencies.pop(),
        "withdrawn_minor": -sum(amount for amount in amounts if amount < 0),
        "reinstated_minor": sum(amount for amount in amounts if amount > 0),
        "fee_minor": sum(move["fee_minor"] for move in moves),
        "net_minor": sum(move["net_minor"] for move in moves),
    }


def _network_reason(item: Json) -> str:
    method: Any = item.get("payment_method_details")
    card = method.get("card") if isinstance(method, dict) else None
    return text(card.get("network_reason_code")) if isinstance(card, dict) else ""
