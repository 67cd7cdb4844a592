"""Errors of the API have one shape, wherever they arise: `{"error": {code, message, details, request_id}}`."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseServerError, JsonResponse
from django.template import loader
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import csrf, defaults
from drf_standardized_errors.formatter import ExceptionFormatter
from drf_standardized_errors.types import ErrorResponse

from config.request_ids import request_id_of

SERVER_ERROR = gettext_lazy("Something failed on our side. Try again; if it stays, send us the request id.")


def error_body(*, code: str, message: str, details: list[dict[str, Any]], request_id: str) -> dict[str, Any]:
    """The body of an error. `details` holds one entry per fault: `field` (or none), `code`, `message`."""
    return {"error": {"code": code, "message": message, "details": details, "request_id": request_id}}


class ApiErrorFormatter(ExceptionFormatter):
    """Puts the API framework's errors into our shape. A single fault keeps its own code and message,
    and the `details` its exception has.
    """

    def format_error_response(self, error_response: ErrorResponse) -> dict[str, Any]:
        """Body for `error_response`."""
        errors = error_response.errors
        details = [{"field": error.attr, "code": error.code, "message": str(error.detail)} for error in errors]
        if error_response.type == "validation_error":
            code, message = "invalid", _("Some values are not usable. See the details, correct them and send again.")
        elif error_response.type == "server_error" and self.exc is not self.original_exc:
            code, message, details = "server_error", str(SERVER_ERROR), []
        else:
            code, message, details = errors[0].code, str(errors[0].detail), getattr(self.exc, "details", [])
        request_id = request_id_of(self.context.get("request"))
        return error_body(code=code, message=message, details=details, request_id=request_id)


def is_api(request: HttpRequest) -> bool:
    """Whether the caller of `request` is a program that expects JSON."""
    return request.path_info.startswith("/api/")


def _json(request: HttpRequest, status: int, code: str, message: str) -> JsonResponse:
    return JsonResponse(
        error_body(code=code, message=message, details=[], request_id=request_id_of(request)), status=status
    )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400 outside the API framework: a refused host name, too many fields, a broken form."""
    if not is_api(request):
        return defaults.bad_request(request, exception)
    return _json(request, 400, "bad_request", _("The request could not be read. Check its address, headers and body."))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403 outside the API framework."""
    if not is_api(request):
        return defaults.permission_denied(request, exception)
    return _json(request, 403, "permission_denied", _("You do not have the permission to do this."))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404 for addresses nobody answers."""
    if not is_api(request):
        return defaults.page_not_found(request, exception)
    return _json(request, 404, "not_found", _("There is nothing at this address. See /api/docs for those that exist."))


def server_error(request: HttpRequest) -> HttpResponse:
    """500 outside the API framework."""
    if not is_api(request):
        # Django renders this page without the request, and so without the id that it asks people to send.
        return HttpResponseServerError(loader.get_template("500.html").render({"request": request}))
    return _json(request, 500, "server_error", str(SERVER_ERROR))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a missing or wrong CSRF token."""
    if not is_api(request):
        return csrf.csrf_failure(request, reason=reason)
    message = _("The CSRF token is missing or wrong. Reload the page and send again.")
    if settings.DEBUG:
        message = f"{message} ({reason})"
    return _json(request, 403, "csrf_failed", message)
