"""/metrics: figures for Prometheus, behind a token; people who are signed in read those of their organizations."""

from hmac import compare_digest

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from billing.access import visible_to
from reconciliation.metrics import exposition

SEES = "reconciliation.view_reconciliationrun"
KEPT_SECONDS = 15
BEARER = "Bearer "


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """All figures for one of METRICS_TOKENS; those of the user's own organizations for people who may see runs."""
    if shows_token(request):
        return _answer("metrics:all", None)
    if request.user.is_authenticated and request.user.has_perm(SEES):
        own = visible_to(request)
        return _answer(f"metrics:{'-'.join(map(str, own[:50]))}:{len(own)}:{request.user.pk}", own)
    text = _("Show one of METRICS_TOKENS (Authorization: Bearer …), or sign in.")
    return HttpResponse(
        f"{text}\n", status=401, content_type="text/plain; charset=utf-8", headers={"WWW-Authenticate": "Bearer"}
    )


def shows_token(request: HttpRequest) -> bool:
    """Whether the request carries a valid token; every one of them is compared, in constant time."""
    given = request.headers.get("Authorization", "")
    shown = given.removeprefix(BEARER).encode() if given.startswith(BEARER) else b""
    equal = [compare_digest(shown, token.encode()) for token in settings.METRICS_TOKENS]
    return any(equal)


def _answer(key: str, organizations: list[int] | None) -> HttpResponse:
    """The figures, kept for some seconds: several collectors cost no more than one."""
    text = cache.get(key)
    if text is None:
        text = exposition(organizations=organizations, now=timezone.now())
        cache.set(key, text, KEPT_SECONDS)
    return HttpResponse(text, content_type=CONTENT_TYPE_LATEST)
