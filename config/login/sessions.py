"""Sessions end: after a while without activity, after a working day, and everywhere when somebody asks for it."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import SESSION_KEY, logout
from django.contrib.auth.models import User
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _

STARTED, SEEN = "session_started", "session_seen"
GRAIN = timedelta(minutes=1)
"""Activity is noted at most once a minute, so that reading pages hardly ever writes."""


def stamp(session: SessionBase, now: datetime) -> None:
    """Begin to measure a session that has just been signed in."""
    session[STARTED] = session[SEEN] = int(now.timestamp())


def why_over(session: SessionBase, now: datetime) -> str:
    """Why the session is over; empty while it is not."""
    at = now.timestamp()
    idle = 60 * settings.SESSION_IDLE_MINUTES
    if at - session.get(SEEN, at) > idle:
        return _("You were signed out after %(minutes)d minutes without activity.") % {"minutes": idle // 60}
    if at - session.get(STARTED, at) > settings.SESSION_COOKIE_AGE:
        return _("You were signed out: a session lasts %(hours)d hours.") % {
            "hours": settings.SESSION_COOKIE_AGE // 3600
        }
    return ""


def end_sessions(*, user: User, now: datetime, keep: str | None = None) -> int:
    """Sign `user` out everywhere, but for the session with the key `keep`. Returns how many sessions ended."""
    ended = 0
    for session in Session.objects.filter(expire_date__gt=now).exclude(session_key=keep or "").iterator():
        if session.get_decoded().get(SESSION_KEY) == str(user.pk):
            session.delete()
            ended += 1
    return ended


class SessionLimitsMiddleware:
    """Ends sessions that are over, before the view sees who asks. After the middleware of accounts and messages."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer to `request`; to nobody, when the session was over."""
        session = request.session
        if SESSION_KEY in session:
            now = timezone.now()
            reason = why_over(session, now)
            if reason:
                logout(request)
                messages.info(request, reason)
            elif STARTED in session and now.timestamp() - session.get(SEEN, 0) >= GRAIN.total_seconds():
                session[SEEN] = int(now.timestamp())
        response = self.get_response(request)
        if SESSION_KEY in request.session and STARTED not in request.session:
            stamp(request.session, timezone.now())
        return response
