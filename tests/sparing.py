"""What the suite does without, so that it ends in time: neither is anything a test looks at."""

import gc
from typing import Any

import pytest
from django.template.base import Template
from django.template.context import Context
from django.test.signals import template_rendered

# Objects made since the last look, and how many looks of one kind until the next wider one.
SELDOM = (50_000, 20, 50)


def collect_garbage_seldom() -> None:
    """What is loaded by now stays to the end: the collector need not go through it again after every 700 objects."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*SELDOM)


def keep_contexts_of_pages_only(patch: pytest.MonkeyPatch, plain: Any) -> None:
    """Django's test client copies the context of every template it sees rendered, a hundred for one list of the admin:
    each row's parts, each field. Let it see those that were asked for by name; what they include or extend is theirs.

    plain: how templates are rendered outside of tests.
    """

    def render(template: Template, context: Context) -> Any:
        if context.template is template:
            template_rendered.send(sender=template, template=template, context=context)
        return plain(template, context)

    patch.setattr(Template, "_render", render)
