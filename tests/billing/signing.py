"""Deliveries as Stripe makes them: a raw body and the signature over it."""

import json
import time
from typing import Any

from django.test import Client
from stripe import WebhookSignature

SECRET = "whsec_test_current"


def signature(body: bytes, *, secret: str = SECRET, at: float | None = None) -> str:
    """The Stripe-Signature header for `body`, signed at the Unix time `at` (now)."""
    return str(
        WebhookSignature.generate_signature_header(body.decode(), secret, int(time.time() if at is None else at))
    )


def body_of(event: Any) -> bytes:
    """An event as Stripe sends it."""
    return json.dumps(event, indent=2).encode()


def deliver(body: bytes, header: str | None = None, *, to: str = "acme", client: Client | None = None) -> Any:
    """Post `body` to the endpoint of the organization `to`."""
    headers = {"Stripe-Signature": signature(body) if header is None else header}
    return (client or Client()).post(
        f"/api/v1/billing/webhooks/stripe/{to}", body, content_type="application/json", headers=headers
    )
