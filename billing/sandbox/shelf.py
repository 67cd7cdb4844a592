"""What an account holds, and how Stripe's list API shows it: newest first, filtered, by pages, expanded.

Objects are dicts as the API renders them, with ids in place of expandable objects. Keys that begin with an underscore
are the sandbox's own and never shown.
"""

import copy
from bisect import insort
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

Json = dict[str, Any]
LIMIT: Final = 100
DEPTH: Final = 4
EVENT_SECONDS: Final = 30 * 24 * 3600

# The filters each list knows (https://docs.stripe.com/api); another one is refused, as Stripe does.
FILTERS: Final[dict[str, frozenset[str]]] = {
    "balance_transactions": frozenset({"created", "currency", "payout", "source", "type"}),
    "charges": frozenset({"created", "customer", "payment_intent"}),
    "disputes": frozenset({"created", "charge", "payment_intent"}),
    "events": frozenset({"created", "type", "types"}),
    "invoice_payments": frozenset({"created", "invoice", "payment", "status"}),
    "invoices": frozenset({"created", "customer", "status", "subscription"}),
    "payment_intents": frozenset({"created", "customer"}),
    "payouts": frozenset({"created", "arrival_date", "status"}),
    "refunds": frozenset({"created", "charge", "payment_intent"}),
}
_PLACES: Final = frozenset({"limit", "starting_after", "ending_before", "expand"})


class Refusal(Exception):
    """An answer with an error. `status` is HTTP's, `code` Stripe's."""

    def __init__(self, status: int, message: str, code: str | None = None, kind: str = "invalid_request_error") -> None:
        super().__init__(message)
        self.status, self.code, self.kind = status, code, kind


@dataclass(slots=True)
class Shelf:
    """One account's objects. `now` (seconds) only decides which events are too old to be listed."""

    account: str = "acct_1Sandbox000000"
    now: int | None = None
    by_id: dict[str, Json] = field(default_factory=dict)
    _order: dict[str, list[tuple[int, int, str]]] = field(default_factory=dict)
    _arrivals: int = 0

    def add(self, kind: str, item: Json) -> Json:
        """Put an object on the list `kind` (or in place of the one with its id)."""
        if item["id"] not in self.by_id:
            self._arrivals += 1
            insort(self._order.setdefault(kind, []), (-int(item["created"]), -self._arrivals, item["id"]))
        self.by_id[item["id"]] = item
        return item

    def all(self, kind: str) -> list[Json]:
        """Every object of a list, newest first."""
        return [self.by_id[found] for _created, _arrival, found in self._order.get(kind, [])]

    def listing(self, kind: str, query: Mapping[str, Any]) -> Json:
        """The answer to a list request; raises Refusal."""
        for name in query:
            if name not in FILTERS[kind] | _PLACES:
                raise Refusal(400, f"Received unknown parameter: {name}", "parameter_unknown")
        rows = [item for item in self.all(kind) if self._shown(kind, item) and _fits(item, query)]
        page, has_more = _page(rows, query)
        expand = query.get("expand", [])
        return {
            "object": "list",
            "url": f"/v1/{kind}",
            "has_more": has_more,
            "data": [self.rendered(item, [path.removeprefix("data.") for path in expand]) for item in page],
        }

    def one(self, kind: str, external_id: str, query: Mapping[str, Any]) -> Json:
        """The answer to a request for one object; raises Refusal."""
        if external_id not in self.by_id:
            raise Refusal(404, f"No such {kind.rstrip('s')}: '{external_id}'", "resource_missing")
        return self.rendered(self.by_id[external_id], query.get("expand", []))

    def balance(self) -> Json:
        """What every line comes to, by currency; what is available already is not told apart from what is pending."""
        held: dict[str, int] = {}
        for line in self.all("balance_transactions"):
            held[line["currency"]] = held.get(line["currency"], 0) + line["net"]
        pending = [{"amount": amount, "currency": currency} for currency, amount in sorted(held.items())]
        available = [{"amount": 0, "currency": currency} for currency in sorted(held)]
        return {"object": "balance", "livemode": False, "available": available, "pending": pending}

    def rendered(self, item: Json, expand: list[str]) -> Json:
        """A copy as the API shows it, with the paths in `expand` as whole objects."""
        shown = copy.deepcopy({name: value for name, value in item.items() if not name.startswith("_")})
        for path in expand:
            if path.count(".") >= DEPTH:
                raise Refusal(400, f"You cannot expand more than {DEPTH} levels of a property: {path}")
            self._expand(shown, path.split("."))
        return shown

    def _expand(self, holder: Json, path: list[str]) -> None:
        """Fields that this kind of object lacks are passed over: a list may hold several kinds of sources."""
        value = holder.get(path[0])
        if isinstance(value, str) and value in self.by_id:
            value = holder[path[0]] = self.rendered(self.by_id[value], [])
        if len(path) > 1 and isinstance(value, dict):
            self._expand(value, path[1:])

    def _shown(self, kind: str, item: Json) -> bool:
        return kind != "events" or self.now is None or item["created"] > self.now - EVENT_SECONDS


def _fits(item: Json, query: Mapping[str, Any]) -> bool:
    return all(_passes(item, name, wanted) for name, wanted in query.items() if name not in _PLACES)


def _passes(item: Json, name: str, wanted: Any) -> bool:
    if name in {"created", "arrival_date"}:
        return _in_range(int(item[name]), wanted)
    if name == "types":
        return item["type"] in wanted
    if name == "type" and "*" in str(wanted):
        return str(item["type"]).startswith(str(wanted).partition("*")[0])
    if name == "payment":
        return all(item["payment"].get(part) == value for part, value in wanted.items())
    return bool(item.get("_payout" if name == "payout" else name) == wanted)


def _in_range(value: int, wanted: Any) -> bool:
    if not isinstance(wanted, dict):
        return value == int(wanted)
    tests = {"gt": int.__gt__, "gte": int.__ge__, "lt": int.__lt__, "lte": int.__le__}
    return all(tests[name](value, int(bound)) for name, bound in wanted.items())


def _page(rows: list[Json], query: Mapping[str, Any]) -> tuple[list[Json], bool]:
    limit = int(query.get("limit", 10))
    if not 1 <= limit <= LIMIT:
        raise Refusal(400, f"This value must be between 1 and {LIMIT}: limit", "parameter_invalid_integer")
    ids = [row["id"] for row in rows]
    for name in ("starting_after", "ending_before"):
        if name in query and query[name] not in ids:
            raise Refusal(400, f"No such object: '{query[name]}'", "resource_missing")
    if "ending_before" in query:
        above = rows[: ids.index(query["ending_before"])]
        return above[-limit:], len(above) > limit
    start = ids.index(query["starting_after"]) + 1 if "starting_after" in query else 0
    return rows[start : start + limit], len(rows) > start + limit
