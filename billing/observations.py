"""Rows of the provider events table, made from an event or an object: checked, but not yet stored.

An event that carries other records inside (the charges of an intent, the refunds of a charge) observes those too: each
gets a row of its own, under the same event id and with its own content digest.
"""

import hashlib
from datetime import UTC, datetime
from typing import Any, Final

from django.utils.translation import gettext as _

from .models import Organization, ProviderEvent
from .strict_json import canonical
from .stripe_fields import LAST_SECOND, TEXT_LIMIT, Json, identifier
from .stripe_objects import observed_objects

TYPE_LIMIT: Final = 100
OBJECT_TYPE: Final = "object"


class EventRefused(ValueError):
    """An event that is not stored. `code` is for programs, `str()` for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def event_rows(
    *,
    organization: Organization,
    event: Json,
    source: str,
    now: datetime,
    batch_id: int | None = None,
    fetched_at: datetime | None = None,
    fetch_id: int | None = None,
) -> list[ProviderEvent]:
    """Rows for a Stripe event (https://docs.stripe.com/api/events/object): the event's own first, then what it carries.

    Raises `EventRefused` when it is no event, or one of another mode or account than the organization's. `event` must
    be storable JSON (see `strict_json`).
    """
    _check_event(event)
    _check_origin(organization, event)
    created = _time(event["created"])
    rows: dict[str, ProviderEvent] = {}
    for item in observed_objects(event["data"]["object"]):
        digest = _digest(event["type"], event["created"], item)
        rows.setdefault(
            digest,
            ProviderEvent(
                organization=organization,
                event_id=event["id"],
                content_digest=digest,
                type=event["type"],
                created_at=created or now,
                fetched_at=fetched_at,
                account=identifier(event.get("account"))[:64],
                livemode=event["livemode"],
                api_version=identifier(event.get("api_version"))[:64],
                object_type=identifier(item.get("object"))[:64],
                object_id=identifier(item.get("id")),
                payload=_carried(event, item) if rows else event,
                source=source,
                batch_id=batch_id,
                fetch_id=fetch_id,
                received_at=now,
            ),
        )
    return list(rows.values())


def object_rows(
    *,
    organization: Organization,
    item: Json,
    source: str,
    now: datetime,
    fetched_at: datetime,
    batch_id: int | None = None,
    fetch_id: int | None = None,
) -> list[ProviderEvent]:
    """Rows for an object as fetched or exported at `fetched_at`: its own first, then what it carries.

    Raises `EventRefused`. Their event id is made of the content, so that the same content is stored once; with a fetch
    it is of that fetch, since a state that is seen again after another one is news.
    """
    if not isinstance(item.get("object"), str) or item["object"] == "event":
        raise EventRefused("body_invalid", _("This is no Stripe object such as a charge: see its field “object”."))
    _check_origin(organization, item)
    rows: dict[str, ProviderEvent] = {}
    for one in observed_objects(item):
        created = one.get("created")
        digest = _digest(OBJECT_TYPE, created, one)
        rows.setdefault(
            digest,
            ProviderEvent(
                organization=organization,
                event_id=f"object:{digest[:16]}" if fetch_id is None else f"object:{digest[:16]}:{fetch_id}",
                content_digest=digest,
                type=OBJECT_TYPE,
                created_at=_time(created) or fetched_at,
                fetched_at=fetched_at,
                account=organization.stripe_account,
                livemode=organization.livemode,
                object_type=identifier(one.get("object"))[:64],
                object_id=identifier(one.get("id")),
                payload={"type": OBJECT_TYPE, "created": created, "data": {"object": one}},
                source=source,
                batch_id=batch_id,
                fetch_id=fetch_id,
                received_at=now,
            ),
        )
    return list(rows.values())


def _check_event(event: Any) -> None:
    """Raises `EventRefused` naming the field that no Stripe event lacks."""
    if not isinstance(event, dict) or event.get("object") != "event":
        raise EventRefused(
            "body_invalid", _("This is no Stripe event: the field “object” is not “event”. Send snapshot events.")
        )
    for name, limit in (("id", TEXT_LIMIT), ("type", TYPE_LIMIT)):
        value = event.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= limit:
            raise EventRefused("body_invalid", _bad_field(name))
    if not _time(event.get("created")):
        raise EventRefused("body_invalid", _bad_field("created"))
    if not isinstance(event.get("livemode"), bool):
        raise EventRefused("body_invalid", _bad_field("livemode"))
    data = event.get("data")
    if not isinstance(data, dict) or not isinstance(data.get("object"), dict):
        raise EventRefused("body_invalid", _bad_field("data.object"))


def _check_origin(organization: Organization, item: Json) -> None:
    """An endpoint of a live account also receives test events, and one of a platform those of other accounts."""
    livemode = item.get("livemode")
    if livemode is not None and not isinstance(livemode, bool):
        raise EventRefused("body_invalid", _bad_field("livemode"))
    if livemode is not None and livemode != organization.livemode:
        values = {"name": organization.slug}
        message = (
            _("This is a live record, but %(name)s accepts only test-mode ones. Turn on live mode for it first.")
            if livemode
            else _("This is a test-mode record, but %(name)s accepts only live ones.")
        )
        raise EventRefused("livemode_mismatch", message % values)
    account = item.get("account") if item.get("object") == "event" else None
    if account and organization.stripe_account and account != organization.stripe_account:
        raise EventRefused(
            "account_mismatch",
            _("This event belongs to the account %(account)s, but %(name)s has the account %(own)s.")
            % {"account": str(account)[:64], "name": organization.slug, "own": organization.stripe_account},
        )


def _carried(event: Json, item: Json) -> Json:
    outer = event["data"]["object"]
    kept = {name: event.get(name) for name in ("id", "object", "type", "created", "livemode", "account", "api_version")}
    return kept | {"carried_by": identifier(outer.get("id")), "data": {"object": item}}


def _digest(kind: str, created: Any, item: Json) -> str:
    return hashlib.sha256(canonical({"type": kind, "created": created, "data.object": item}).encode()).hexdigest()


def _time(value: Any) -> datetime | None:
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= LAST_SECOND:
        return datetime.fromtimestamp(value, UTC)
    return None


def _bad_field(name: str) -> str:
    return _("The field “%(name)s” is missing or is not what Stripe sends.") % {"name": name}
