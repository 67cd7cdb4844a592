"""Facts with versions in the admin: a list of identities, each with the facts of its current version."""

from typing import Any

from django.db.models import F, FilteredRelation, Q, QuerySet


def with_current(rows: QuerySet[Any], fields: tuple[str, ...]) -> QuerySet[Any]:
    """Identities joined with their current version as `current`, and its `fields` as `now_…`; None where none is
    known yet.
    """
    current = FilteredRelation("versions", condition=Q(versions__number=F("current_number")))
    joined: QuerySet[Any] = rows.annotate(current=current).annotate(
        **{f"now_{name}": F(f"current__{name}") for name in fields}
    )
    return joined
