"""From an organization to its way into Stripe's API, with everything checked that could mix up two sets of books."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from .models import Organization
from .provider_api import KeyRefused
from .stripe_client import API_BASE, StripeApi, connect, key_account


@dataclass(frozen=True, slots=True)
class Access:
    """An open API and the account it reads; `account` is blank when a restricted key may not say."""

    api: StripeApi
    account: str


def open_access(*, organization: Organization, keys: Mapping[str, str], base: str = API_BASE) -> Access:
    """The API as the organization's key (from `keys`, by slug) opens it. Raises StripeProblem: no key, a key of the
    other mode, or one of another account.
    """
    key = keys.get(organization.slug)
    if not key:
        raise KeyRefused(
            _("There is no API key for “%(slug)s”. Set STRIPE_API_KEYS=%(slug)s:rk_test_… (a restricted key).")
            % {"slug": organization.slug},
            "key_missing",
        )
    api = connect(key=key, base=base)
    if api.livemode != organization.livemode:
        text = (
            _("The API key is a live one, but “%(slug)s” is in test mode. Turn on live mode for it, or use a test key.")
            if api.livemode
            else _("The API key is a test one, but “%(slug)s” is in live mode. Use a live key.")
        )
        raise KeyRefused(text % {"slug": organization.slug}, "livemode_mismatch")
    account = key_account(api)
    own = organization.stripe_account
    if own and account and account != own:
        raise KeyRefused(
            _("The API key belongs to the account %(account)s, but “%(slug)s” has the account %(own)s. Check the key.")
            % {"account": account, "slug": organization.slug, "own": own},
            "account_mismatch",
        )
    return Access(api, account or own)
