"""A row of any model, made from its fields: required ones get something that fits, texts the text asked for."""

from typing import Any
from uuid import uuid4

from django.contrib.auth.models import User
from django.db.models import Field, ForeignKey, JSONField, Model, fields

from billing.models import Organization
from tests.reconciliation.books import LATER

# What a field must hold for the table's own constraints, where its kind alone does not say it.
FITTING: dict[str, Any] = {"currency": "EUR", "count": 1, "number": 1, "period_end": LATER.replace(year=LATER.year + 1)}


def made(model: type[Model], organization: Organization, text: str = "x", **given: Any) -> Any:
    """Stores a row of `model` for `organization`. Every text holds `text`, as far as it fits; relations lead to rows
    that are there already, or are made too.
    """
    values = {
        field.name: value_for(field, organization, text)
        for field in model._meta.concrete_fields
        if field.name not in given and not field.primary_key and needed(field)
    }
    return model._default_manager.create(**values, **given)


def needed(field: Field) -> bool:
    """Whether a row of the table says something there: required fields, and texts."""
    plain_text = isinstance(field, fields.CharField | fields.TextField) and not field.choices and field.name != "batch"
    return plain_text or not (field.null or field.has_default())


def value_for(field: Field, organization: Organization, text: str) -> Any:
    """Something that fits the field."""
    if isinstance(field, ForeignKey):
        return related(field, organization, text)
    if field.name in FITTING:
        return FITTING[field.name]
    if field.choices:
        return field.flatchoices[0][0]
    kinds = (
        (fields.UUIDField, uuid4()), (fields.DateTimeField, LATER), (fields.DateField, LATER.date()),
        (fields.BooleanField, False), (fields.IntegerField, 1), (JSONField, {"text": text}),
    )  # fmt: skip
    for kind, value in kinds:
        if isinstance(field, kind):
            return value
    room = field.max_length or len(text)
    return (text if room >= len(text) else text[-room:]) if room else text


def related(field: ForeignKey, organization: Organization, text: str) -> Any:
    """A row for a relation: of the organization, if its model knows organizations."""
    model: Any = field.related_model
    if model is Organization:
        return organization
    if model is User:
        return User.objects.order_by("pk").first()
    mine = {"organization": organization} if any(f.name == "organization" for f in model._meta.fields) else {}
    return model._default_manager.filter(**mine).order_by("pk").first() or made(model, organization, text)
