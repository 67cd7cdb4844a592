"""Authentic and fresh: what the signature check lets in."""

import json
import random
from datetime import UTC, datetime

import pytest

from billing.stripe_client import BodyInvalid, TimestampOutOfRange, WebhookRefused, verify_webhook

from .signing import SECRET, body_of, signature
from .stripe_facts import charge, event

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
AT = int(NOW.timestamp())
BODY = body_of(event(charge(description="Größe"), id="evt_signed"))


def verify(body: bytes = BODY, header: str | None = None, secrets: tuple[str, ...] = (SECRET,)) -> dict[str, object]:
    given = signature(body, at=AT) if header is None else header
    return verify_webhook(payload=body, header=given, secrets=secrets, now=NOW, tolerance_seconds=300)


def test_a_signed_body_gives_its_json() -> None:
    assert verify() == json.loads(BODY)


@pytest.mark.parametrize("apart", [-300, -299, 0, 299, 300])
def test_a_signature_of_the_last_five_minutes_is_fresh(apart: int) -> None:
    assert verify(header=signature(BODY, at=AT + apart))["id"] == "evt_signed"


@pytest.mark.parametrize("apart", [-86_400, -301, 301, 86_400])
def test_one_too_old_or_from_the_future_is_refused(apart: int) -> None:
    with pytest.raises(TimestampOutOfRange):
        verify(header=signature(BODY, at=AT + apart))


def test_during_a_roll_both_secrets_hold() -> None:
    old, new = "whsec_old", "whsec_new"
    for secret in (old, new):
        assert verify(header=signature(BODY, secret=secret, at=AT), secrets=(old, new))
    both = signature(BODY, secret=old, at=AT) + "," + signature(BODY, secret=new, at=AT).split(",")[1]
    assert verify(header=both, secrets=(new,))
    with pytest.raises(WebhookRefused):
        verify(header=signature(BODY, secret=old, at=AT), secrets=(new,))


def test_a_body_written_anew_is_refused() -> None:
    with pytest.raises(WebhookRefused):
        verify(body=json.dumps(json.loads(BODY)).encode(), header=signature(BODY, at=AT))


@pytest.mark.parametrize(
    "header",
    [
        "",
        "nonsense",
        f"t={AT}",
        f"t={AT},v1=",
        f"t={AT},v1=é",
        f"t={AT},v0={'0' * 64}",
        f"t=,v1={'0' * 64}",
        f"t=٣,v1={'0' * 64}",
        "t=1e9,v1=00",
        f"t={'9' * 5000},v1=00",
        signature(BODY, at=AT).replace("v1", "v0"),
        signature(BODY, at=AT).replace(f"t={AT}", f"t={AT + 1}"),
        f"t={AT - 1}," + signature(BODY, at=AT),
        signature(BODY, at=AT).upper(),
        signature(BODY, at=AT)[:-1],
    ],
)
def test_any_other_header_is_refused(header: str) -> None:
    with pytest.raises(WebhookRefused) as caught:
        verify(header=header)
    assert caught.value.code == "signature_invalid"


@pytest.mark.parametrize("secrets", [(), ("",), ("whsec_other",)])
def test_without_the_right_secret_nothing_is_accepted(secrets: tuple[str, ...]) -> None:
    with pytest.raises(WebhookRefused):
        verify(secrets=secrets)
    with pytest.raises(WebhookRefused):
        verify(header=signature(BODY, secret="x", at=AT), secrets=secrets)


def test_no_tolerance_is_no_check_and_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        verify_webhook(payload=BODY, header="", secrets=[SECRET], now=NOW, tolerance_seconds=0)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"1", b'{"a": NaN}', b'{"a": 1e999}', b"[" * 5000, b'"text"'])
def test_signed_nonsense_is_no_body(body: bytes) -> None:
    with pytest.raises(BodyInvalid):
        verify(body=body)


def flips(count: int, seed: int) -> int:
    """How many of `count` deliveries with one flipped bit are accepted."""
    rng, good, accepted = random.Random(seed), signature(BODY, at=AT).encode(), 0
    for _ in range(count):
        body, header = bytearray(BODY), bytearray(good)
        target = body if rng.random() < 0.7 else header
        target[rng.randrange(len(target))] ^= 1 << rng.randrange(8)
        try:
            verify(body=bytes(body), header=header.decode("latin-1"))
        except WebhookRefused:
            continue
        accepted += 1
    return accepted


def test_no_flipped_bit_is_accepted() -> None:
    assert flips(2_000, seed=1) == 0


@pytest.mark.trust
def test_none_of_ten_thousand_flipped_bits_is_accepted() -> None:
    assert flips(10_000, seed=2) == 0
