"""The second factor: one-time codes of an authenticator app (RFC 6238), and recovery codes for the day it is lost.

Who can approve needs one (TIEOUT_SECOND_FACTOR); anybody may have one, and who has one is asked for it. Recovery codes
are kept as digests only.
"""

import secrets
from base64 import b32encode
from hashlib import sha256

import segno
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.db import transaction
from django_otp.models import Device
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

RECOVERY_CODES = 10
SIGNS = "reconciliation.approve_resolution"


def may_sign(user: AbstractBaseUser | AnonymousUser) -> bool:
    """Whether the user can approve what others propose."""
    return bool(isinstance(user, User) and user.is_active and (user.is_superuser or user.has_perm(SIGNS)))


def must_have_one(user: User) -> bool:
    """Whether the user may do nothing here without a second factor."""
    return settings.SECOND_FACTOR == "required" and may_sign(user)


def app_of(user: User) -> TOTPDevice | None:
    """The authenticator app of `user`, once it has been confirmed by a first code."""
    device: TOTPDevice | None = TOTPDevice.objects.filter(user=user, confirmed=True).order_by("pk").first()
    return device


def enrolment_of(user: User) -> TOTPDevice:
    """The secret that `user` is about to put into an app; the same until a first code confirms it."""
    waiting = TOTPDevice.objects.filter(user=user, confirmed=False).order_by("pk").first()
    return waiting or TOTPDevice.objects.create(user=user, name="app", confirmed=False)


def secret_text(device: TOTPDevice) -> str:
    """The secret as people type it: groups of four letters."""
    text = b32encode(device.bin_key).decode()
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def picture(device: TOTPDevice) -> str:
    """The secret as a QR code: an SVG element, black on white whatever the theme, since cameras need that."""
    code: str = segno.make(device.config_url, error="m").svg_inline(scale=4, border=3, dark="#000", light="#fff")
    return code


@transaction.atomic
def confirm(*, user: User, code: str) -> tuple[TOTPDevice, list[str]] | None:
    """Take the app in use when `code` is one of its own; returns it and new recovery codes. None for a wrong code."""
    waiting = TOTPDevice.objects.select_for_update().filter(user=user, confirmed=False).order_by("pk").first()
    if waiting is None or app_of(user) is not None or not waiting.verify_token(compact(code)):
        return None
    waiting.confirmed = True
    waiting.save(update_fields=["confirmed"])
    return waiting, new_recovery_codes(user=user)


@transaction.atomic
def new_recovery_codes(*, user: User) -> list[str]:
    """Ten codes that each work once; earlier ones no longer do. They cannot be shown again."""
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name="recovery", confirmed=True)
    codes = [b32encode(secrets.token_bytes(10)).decode().lower() for _each in range(RECOVERY_CODES)]
    StaticToken.objects.bulk_create(StaticToken(device=device, token=digest(code)) for code in codes)
    return ["-".join(code[at : at + 4] for at in range(0, 16, 4)) for code in codes]


def recovery_codes_left(user: User) -> int:
    """How many recovery codes still work."""
    count: int = StaticToken.objects.filter(device__user=user).count()
    return count


def digest(code: str) -> str:
    """What is stored of a recovery code; the code itself has 80 random bits."""
    return sha256(code.encode()).hexdigest()[:16]


def compact(code: str) -> str:
    """A code as typed, without the blanks and hyphens that make it readable."""
    return "".join(code.split()).replace("-", "").lower()


@transaction.atomic
def verified_by(*, user: User, code: str) -> Device | None:
    """The confirmed app or the set of recovery codes that `code` belongs to, used up by it. None for a wrong code.

    The rows are locked, so that codes tried at once are counted one after the other; after each wrong code the next is
    looked at only after a wait that doubles (django-otp's throttling).
    """
    given = compact(code)
    device: Device | None
    if len(given) == 6 and given.isascii() and given.isdigit():
        device = TOTPDevice.objects.select_for_update().filter(user=user, confirmed=True).order_by("pk").first()
        return device if device is not None and device.verify_token(given) else None
    device = StaticDevice.objects.select_for_update().filter(user=user, confirmed=True).order_by("pk").first()
    return device if device is not None and device.verify_token(digest(given)) else None


@transaction.atomic
def remove(*, user: User) -> None:
    """Forget the app and the recovery codes of `user`."""
    TOTPDevice.objects.filter(user=user).delete()
    StaticDevice.objects.filter(user=user).delete()
