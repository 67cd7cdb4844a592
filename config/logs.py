"""Structured logs on stderr: text for people locally, one JSON object a line in production; secrets are masked."""

import re
from collections.abc import MutableMapping, Sequence
from typing import Any

import structlog

MASK = "[hidden]"
SECRET_NAMES = re.compile(
    r"(?i)secret|password|passwd|token|authorization|cookie|signature|api[_-]?key|routing[_-]?key"
)
# What comes before a secret, kept, and the secret.
SECRET_TEXTS = (
    re.compile(r"()\b(?:whsec|sk_live|sk_test|rk_live|rk_test)_[A-Za-z0-9+/=]+"),
    re.compile(r"(://)[^\s/@:]*:[^\s/@]+(?=@)"),  # user:password in an address such as DATABASE_URL
    re.compile(r"(hooks\.slack\.com/)[^\s\"']+"),
    re.compile(r"(?i)(bearer )\S+"),
    re.compile(r"(?i)([?&](?:token|secret|password)=)[^&\s\"']+"),
)


def masked_text(text: str) -> str:
    """`text` without anything shaped like a secret."""
    for pattern in SECRET_TEXTS:
        text = pattern.sub(rf"\1{MASK}", text)
    return text


def masked(value: Any, name: str = "") -> Any:
    """`value` with secrets hidden, by the name it goes under and by its shape, at any depth."""
    if SECRET_NAMES.search(name) and value not in (None, "", True, False):
        return MASK
    if isinstance(value, str):
        return masked_text(value)
    if isinstance(value, dict):
        return {key: masked(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [masked(item) for item in value]
    return value


def hide_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Log processor: masks every field of the entry, rendered exceptions included."""
    for name in list(event):
        if not name.startswith("_"):
            event[name] = masked(event[name], name)
    return event


SHARED: Sequence[Any] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
    structlog.processors.UnicodeDecoder(),
    hide_secrets,
)


def logging_settings(*, as_json: bool, level: str) -> dict[str, Any]:
    """Django's LOGGING: everything goes through one formatter to stderr. Also sets structlog up to feed it."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderer: Any = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False)
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        "foreign_pre_chain": list(SHARED),
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"tieout": formatter},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "tieout"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": level, "propagate": True},
            "django-q": {"handlers": ["stderr"], "level": level, "propagate": False},
            # One line a request comes from the request middleware already.
            "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
            # The SDK tells of every request; a fetch makes thousands and reports for itself.
            "stripe": {"handlers": [], "level": "WARNING", "propagate": True},
            # Failed logins and lock-outs; every login besides is in its own table.
            "axes": {"handlers": [], "level": "WARNING", "propagate": True},
        },
    }
