"""Everything that speaks to Stripe's SDK; no other module imports `stripe`."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal
from urllib.parse import quote

from django.utils.translation import gettext as _
from stripe import (
    APIConnectionError,
    AuthenticationError,
    RateLimitError,
    RequestsClient,
    SignatureVerificationError,
    StripeClient,
    StripeError,
    WebhookSignature,
)

from .provider_api import (
    KeyRefused,
    Pace,
    Page,
    RequestRefused,
    StripeProblem,
    StripeUnavailable,
    pause_seconds,
    without_keys,
)
from .strict_json import BadJson, loads

API_BASE: Final = "https://api.stripe.com"
API_VERSION: Final = "2026-10-28.endive"
# Below Stripe's limits of 100 and 25 (https://docs.stripe.com/rate-limits), which other programs share.
LIVE_REQUESTS_A_SECOND: Final = 80
TEST_REQUESTS_A_SECOND: Final = 20

Resource = Literal[
    "balance_transactions",
    "charges",
    "disputes",
    "events",
    "invoice_payments",
    "invoices",
    "payment_intents",
    "payouts",
    "refunds",
]
_KEY: Final = re.compile(r"[rs]k_(?:test|live)_[A-Za-z0-9_]{4,240}")

# One timestamp and only ASCII: the SDK would also read other digits and the first of several timestamps.
_HEADER: Final = re.compile(r"t=([0-9]{1,12})(?:,[\x21-\x2b\x2d-\x7e]+)+")


class WebhookRefused(ValueError):
    """A delivery that is not accepted. `code` is for programs, `str()` for people."""

    code = "signature_invalid"


class TimestampOutOfRange(WebhookRefused):
    """Signed correctly, but too long ago or in the future."""

    code = "timestamp_out_of_range"


class BodyInvalid(WebhookRefused):
    """Signed correctly, but no JSON that can be stored."""

    code = "body_invalid"


def verify_webhook(
    *, payload: bytes, header: str, secrets: Sequence[str], now: datetime, tolerance_seconds: int
) -> dict[str, Any]:
    """The JSON object in a webhook's raw body, once its signature is proven
    (https://docs.stripe.com/webhooks/signature).

    `header` is Stripe-Signature; any of `secrets` may have signed (two are valid during a roll). The SDK's own time
    check is left off since it accepts timestamps in the future; here `tolerance_seconds` (above 0) holds both ways.
    Raises `WebhookRefused`.
    """
    if tolerance_seconds <= 0:
        raise ValueError("tolerance_seconds must be above 0, else old deliveries could be replayed")
    found = _HEADER.fullmatch(header)
    if not found or not any(_signed(payload, header, secret) for secret in secrets if secret):
        raise WebhookRefused(_("The signature does not fit the body. Check the endpoint's signing secret."))
    apart = int(found[1]) - now.timestamp()
    if abs(apart) > tolerance_seconds:
        raise TimestampOutOfRange(
            _("The delivery was signed %(apart)d seconds from now; at most %(limit)d are accepted. Check the clocks.")
            % {"apart": apart, "limit": tolerance_seconds}
        )
    try:
        body = loads(payload)
    except BadJson as error:
        raise BodyInvalid(str(error)) from error
    if not isinstance(body, dict):
        raise BodyInvalid(_("The body is no JSON object."))
    return body


def _signed(payload: bytes, header: str, secret: str) -> bool:
    try:
        return bool(WebhookSignature.verify_header(payload, header, secret, None))
    except (SignatureVerificationError, UnicodeDecodeError):
        return False


@dataclass(frozen=True, slots=True)
class StripeApi:
    """An open way to Stripe's API with one key. Made by `connect`; `sleep` waits that many seconds."""

    client: StripeClient = field(repr=False)
    livemode: bool
    attempts: int
    sleep: Callable[[float], None] = field(repr=False)
    pace: Pace = field(repr=False)


def connect(
    *,
    key: str,
    base: str = API_BASE,
    timeout_seconds: float = 20.0,
    attempts: int = 6,
    sleep: Callable[[float], None] = time.sleep,
) -> StripeApi:
    """A way to the API for `key` (restricted: rk_test_…, rk_live_…); nothing is sent yet. Raises KeyRefused.

    The API version is pinned, so that an upgrade of account or SDK changes no field under us.
    """
    if not _KEY.fullmatch(key):
        raise KeyRefused(_("This is no Stripe API key. Give a restricted key: rk_test_… or rk_live_…."), "key_invalid")
    livemode = "_live_" in key
    client = StripeClient(
        key,
        stripe_version=API_VERSION,
        base_addresses={"api": base},
        max_network_retries=0,  # tried again here, since the SDK leaves out 429
        http_client=RequestsClient(timeout=timeout_seconds),
    )
    pace = Pace(1 / (LIVE_REQUESTS_A_SECOND if livemode else TEST_REQUESTS_A_SECOND))
    return StripeApi(client, livemode, attempts, sleep, pace)


def list_page(api: StripeApi, resource: Resource, params: Mapping[str, Any]) -> Page:
    """A page of a list; `params` as the API documents them. Raises StripeProblem."""
    body = _ask(api, f"/v1/{resource}", params)
    return Page(
        items=[item for item in body.get("data", []) if isinstance(item, dict)], has_more=bool(body["has_more"])
    )


def retrieve(api: StripeApi, resource: Resource, external_id: str, expand: Sequence[str] = ()) -> dict[str, Any]:
    """One object by id. Raises StripeProblem; RequestRefused with code resource_missing when there is none."""
    return _ask(api, f"/v1/{resource}/{quote(external_id, safe='')}", {"expand": list(expand)} if expand else {})


def read_balance(api: StripeApi) -> dict[str, Any]:
    """The account's balance as it is now. Raises StripeProblem."""
    return _ask(api, "/v1/balance", {})


def key_account(api: StripeApi) -> str:
    """The account a key belongs to; blank when a restricted key may not say. Raises StripeProblem."""
    try:
        return str(_ask(api, "/v1/account", {}).get("id") or "")
    except KeyRefused as refused:
        if refused.code == "key_not_permitted":
            return ""
        raise


def _ask(api: StripeApi, path: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON object Stripe answers, storable; tried again while that makes sense.

    Asked raw: the SDK would make objects of its own of every row, which take longer than the answer itself.
    """
    for attempt in range(1, api.attempts + 1):
        api.pace.wait(api.sleep)
        try:
            body = loads(api.client.raw_request("get", path, **params).body)
        except StripeError as error:
            if not _worth_another_try(error):
                raise _refusal(error) from None
            if attempt == api.attempts:
                raise _unavailable(error, attempt) from None
            api.sleep(pause_seconds(str((error.headers or {}).get("Retry-After") or ""), attempt))
        except BadJson as error:
            raise StripeUnavailable(_("Stripe's answer is no JSON: %s") % error, "answer_invalid") from None
        else:
            if isinstance(body, dict):
                return body
            raise StripeUnavailable(_("Stripe's answer is no JSON object."), "answer_invalid")
    raise ValueError("attempts must be 1 or more")


def _worth_another_try(error: StripeError) -> bool:
    """Too many requests, time-outs, lost connections, locks, and errors on Stripe's side."""
    if isinstance(error, APIConnectionError):
        return error.should_retry is not False
    return isinstance(error, RateLimitError) or error.http_status == 409 or (error.http_status or 0) >= 500


def _refusal(error: StripeError) -> StripeProblem:
    if isinstance(error, AuthenticationError):
        return KeyRefused(_("Stripe does not accept the API key. Check STRIPE_API_KEYS."), "key_refused")
    if error.http_status == 403:
        return KeyRefused(
            _("The API key may not read this. Give it read permission in Stripe's dashboard."), "key_not_permitted"
        )
    said = without_keys(error.user_message or type(error).__name__)
    return RequestRefused(_("Stripe refused the request: %s") % said, str(error.code or "request_refused"))


def _unavailable(error: StripeError, attempts: int) -> StripeUnavailable:
    if isinstance(error, RateLimitError):
        said, code = _("too many requests"), "rate_limited"
    elif isinstance(error, APIConnectionError):
        said, code = _("no answer in time, or no connection"), "no_answer"
    else:
        said, code = _("an error on Stripe's side (%s)") % error.http_status, "provider_error"
    text = _("Stripe could not be reached: %(said)s, %(attempts)d times. What was fetched so far is kept; try later.")
    return StripeUnavailable(text % {"said": said, "attempts": attempts}, code)
