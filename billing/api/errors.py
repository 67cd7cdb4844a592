"""Errors of the billing API that are not the framework's own."""

from django.utils.translation import gettext_lazy as _
from rest_framework import status
from rest_framework.exceptions import APIException


class Refused(APIException):
    """400 with a code that says what is wrong with the request."""

    status_code = status.HTTP_400_BAD_REQUEST
    default_code = "body_invalid"


class BodyTooLarge(APIException):
    """413."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "body_too_large"
    default_detail = _("The body is larger than 1 MiB.")


class Busy(APIException):
    """503 with Retry-After: the sender is to try again, and Stripe does."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "busy"
    default_detail = _("The database is busy. Send this again in a few seconds.")
    wait = 5
