"""Everything that speaks to Stripe's SDK; no other module imports `stripe`."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext as _
from stripe import SignatureVerificationError, WebhookSignature

from .strict_json import BadJson, loads

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
