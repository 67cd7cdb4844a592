"""System checks of how people get in: second factor, lock-out, sessions, content security policy."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, register

from billing import stripe_client
from billing.api import webhooks

from .checks import Apps, problem_when

LONGEST_IDLE = 12 * 60
MOST_FAILURES = 10
LONGEST_TOLERANCE = 600
SHORTEST_COOLOFF = timedelta(minutes=5)
LOOSE = ("'unsafe-inline'", "*", "http:", "https:", "data:", "blob:")


@register(Tags.security, deploy=True)
def second_factor(app_configs: Apps, **_kwargs: Any) -> list[CheckMessage]:
    """E024: whoever can approve must not get in by a password alone."""
    needed = ["django_otp.middleware.OTPMiddleware", "config.login.middleware.SecondFactorMiddleware"]
    places = [settings.MIDDLEWARE.index(name) if name in settings.MIDDLEWARE else -1 for name in needed]
    return problem_when(
        settings.SECOND_FACTOR != "required" or min(places) < 0 or places != sorted(places),
        "Approvers get in by a password alone",
        "Set TIEOUT_SECOND_FACTOR=required, and keep both middlewares of the second factor in their order.",
        24,
    )


@register(Tags.security, deploy=True)
def content_policy(app_configs: Apps, **_kwargs: Any) -> list[CheckMessage]:
    """E025: a page must not run scripts that somebody wrote into a note, nor be shown inside another site."""
    directives = (getattr(settings, "CONTENT_SECURITY_POLICY", None) or {}).get("DIRECTIVES", {})
    scripts = directives.get("script-src") or directives.get("default-src") or ["*"]
    framed = directives.get("frame-ancestors") not in (["'none'"], ["'self'"])
    absent = "csp.middleware.CSPMiddleware" not in settings.MIDDLEWARE
    return problem_when(
        absent or framed or any(source in LOOSE for source in scripts),
        "Pages would run foreign scripts, or be shown inside other sites",
        "Restore CONTENT_SECURITY_POLICY and its middleware.",
        25,
    )


@register(Tags.security, deploy=True)
def lockout(app_configs: Apps, **_kwargs: Any) -> list[CheckMessage]:
    """E026: passwords must not be guessed without end, nor from behind a made-up address."""
    backends = settings.AUTHENTICATION_BACKENDS
    cooloff: timedelta | None = settings.AXES_COOLOFF_TIME
    return problem_when(
        not backends
        or backends[0] != "axes.backends.AxesStandaloneBackend"
        or not settings.AXES_ENABLED
        or settings.AXES_FAILURE_LIMIT > MOST_FAILURES
        or (cooloff is not None and cooloff < SHORTEST_COOLOFF)
        or settings.AXES_HANDLER != "config.login.lockout.LockoutHandler"
        or settings.AXES_CLIENT_IP_CALLABLE != "config.login.lockout.client_address",
        "Passwords can be guessed",
        "Restore the AXES_ settings, and keep their backend first in AUTHENTICATION_BACKENDS.",
        26,
    )


@register(Tags.security, deploy=True)
def idle_sessions(app_configs: Apps, **_kwargs: Any) -> list[CheckMessage]:
    """E027: a computer left alone must not stay signed in."""
    return problem_when(
        settings.SESSION_IDLE_MINUTES > LONGEST_IDLE
        or "config.login.sessions.SessionLimitsMiddleware" not in settings.MIDDLEWARE,
        "Sessions never end by themselves",
        f"Set SESSION_IDLE_MINUTES to at most {LONGEST_IDLE}, and keep its middleware.",
        27,
    )


@register(Tags.security)
def stripe_pins(app_configs: Apps, **_kwargs: Any) -> list[CheckMessage]:
    """E028, E029: a version of Stripe's API that an upgrade of the account changes, deliveries of any age believed."""
    return [
        *problem_when(
            not stripe_client.API_VERSION[:10].replace("-", "").isdigit(),
            "The version of Stripe's API is not pinned",
            "Set API_VERSION in billing/stripe_client.py to a date with its name.",
            28,
        ),
        *problem_when(
            not 0 < webhooks.TOLERANCE_SECONDS <= LONGEST_TOLERANCE,
            "Old deliveries of Stripe's could be sent again",
            f"Set TOLERANCE_SECONDS in billing/api/webhooks.py between 1 and {LONGEST_TOLERANCE}.",
            29,
        ),
    ]
