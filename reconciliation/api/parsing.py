"""Bodies of requests: JSON of a size that a person's decision has."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any, Final

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from billing.api.errors import BodyTooLarge

MOST_BYTES: Final = 64 * 1024


class SmallJSONParser(JSONParser):
    """JSON of at most 64 KiB; anything that cannot be read is a ParseError, however deep it is nested."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        """What the body says. Raises ParseError, BodyTooLarge."""
        body = stream.read(MOST_BYTES + 1)
        if len(body) > MOST_BYTES:
            raise BodyTooLarge(_("The body is larger than 64 KiB."))
        try:
            return super().parse(BytesIO(body), media_type, parser_context)
        except RecursionError:
            raise ParseError(_("The JSON is nested too deep.")) from None
