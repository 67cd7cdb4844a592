"""The document of the workflow is what its table says."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from reconciliation.workflow import BY_ACTION
from reconciliation.workflow.diagram import diagram
from reconciliation.workflow.transitions import EVERY, RUN_STEPS, TRANSITIONS


def test_the_document_is_made_from_the_table() -> None:
    call_command("workflow_diagram", "--check")


def test_a_document_that_says_something_else_is_noticed(tmp_path: Path) -> None:
    document = tmp_path / "workflow.md"
    with pytest.raises(CommandError, match="not what the table says"):
        call_command("workflow_diagram", "--check", "--output", str(document))
    call_command("workflow_diagram", "--output", str(document))
    document.write_text(document.read_text().replace("open --> acknowledged", "open --> resolved", 1))
    with pytest.raises(CommandError, match="not what the table says"):
        call_command("workflow_diagram", "--check", "--output", str(document))


def test_every_step_is_in_the_document() -> None:
    text = diagram()
    assert all(f"| {action} |" in text for action in BY_ACTION)


def test_every_state_can_be_reached_and_left() -> None:
    steps = (*TRANSITIONS, *RUN_STEPS)
    for state in EVERY:
        assert state == "open" or any(step.target == state for step in steps)
        assert any(state in step.sources and step.target not in ("", state) for step in steps)
