"""The endpoint Stripe delivers events to. Unauthenticated but signed; it answers 2xx only for what is stored."""

from datetime import UTC, datetime
from typing import Any, Final

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import UnreadablePostError
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from billing.events import Outcome, record_event
from billing.models import Organization, ProviderEvent
from billing.observations import EventRefused
from billing.stripe_client import WebhookRefused, verify_webhook

from .answers import answer
from .errors import BodyTooLarge, Busy, Refused

MAX_BODY_BYTES: Final = 1024 * 1024
# Stripe's own default; a constant, since 0 would switch the check off.
TOLERANCE_SECONDS: Final = 300

_STORED = inline_serializer(
    "StoredEvent",
    {
        "event_id": serializers.CharField(),
        "stored": serializers.BooleanField(help_text="false: this event was stored before"),
        "records_created": serializers.IntegerField(),
        "records_changed": serializers.IntegerField(),
        "problems": serializers.ListField(child=serializers.CharField()),
    },
)
_META = inline_serializer("Meta", {"request_id": serializers.CharField()})


class StripeWebhookView(APIView):
    """Takes one Stripe event, verifies its signature over the raw body, stores and folds it."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    # No user and no address to count by: Stripe sends from many, and a refusal costs one hash.
    throttle_classes = ()
    parser_classes = ()

    @extend_schema(
        operation_id="stripe_webhook",
        summary="Receive one Stripe event",
        parameters=[
            OpenApiParameter("Stripe-Signature", OpenApiTypes.STR, OpenApiParameter.HEADER, required=True),
        ],
        request={"application/json": OpenApiTypes.OBJECT},
        responses={
            200: inline_serializer("StoredEventAnswer", {"data": _STORED, "meta": _META}),
            400: OpenApiTypes.OBJECT,
            404: OpenApiTypes.OBJECT,
            413: OpenApiTypes.OBJECT,
            503: OpenApiTypes.OBJECT,
        },
        auth=[],
    )
    def post(self, request: Request, organization: str) -> Response:
        """Store the event in the body. Sent again, it is answered the same and stored once."""
        try:
            event, outcome = receive(request=request, slug=organization, now=datetime.now(UTC))
        except (OperationalError, InterfaceError) as error:
            raise Busy from error
        except (WebhookRefused, EventRefused) as error:
            raise Refused(str(error), error.code) from error
        return answer(
            request,
            {
                "event_id": event["id"],
                "stored": outcome.stored > 0,
                "records_created": outcome.created,
                "records_changed": outcome.changed,
                "problems": outcome.problems,
            },
        )


def receive(*, request: Request, slug: str, now: datetime) -> tuple[dict[str, Any], Outcome]:
    """The event of a delivery and what became of it; raises what the view turns into refusals."""
    found = Organization.objects.filter(slug=slug).first()
    if found is None:
        raise NotFound(_("There is no organization of this name."))
    event = verify_webhook(
        payload=raw_body(request),
        header=request.headers.get("Stripe-Signature", ""),
        secrets=settings.STRIPE_WEBHOOK_SECRETS.get(found.slug, []),
        now=now,
        tolerance_seconds=TOLERANCE_SECONDS,
    )
    outcome = record_event(organization=found, event=event, source=ProviderEvent.Source.WEBHOOK, now=now)
    return event, outcome


def raw_body(request: Request) -> bytes:
    """The body as sent, at most 1 MiB."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length.isdecimal() and int(length) > MAX_BODY_BYTES:
        raise BodyTooLarge
    try:
        body: bytes = request.body
    except UnreadablePostError as error:
        raise Refused(_("The body ended before it was complete. Send it again.")) from error
    if len(body) > MAX_BODY_BYTES:
        raise BodyTooLarge
    return body
