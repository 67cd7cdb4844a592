"""The state diagram as a document, made from the table, so that it cannot say anything else."""

from .codes import CODES
from .transitions import EVERY, RUN_STEPS, TRANSITIONS, Transition

BEGINNING = """# The life of a discrepancy

Made by `manage.py workflow_diagram` from the table in `reconciliation/workflow/transitions.py`; the tests compare both.

```mermaid
stateDiagram-v2
    [*] --> open: opened by a run
"""
PERMISSIONS = {
    "triage_discrepancy": "triage",
    "annotate_discrepancy": "annotate",
    "propose_resolution": "propose",
    "approve_resolution": "approve",
    "requeue_discrepancy": "requeue",
    "match_records": "match",
}
ENDING = """
Each step names the version it was decided on; whoever comes second is told who was first, and nothing is saved. A step
and its row in the action log are written together. Notes change nothing, so they never collide.

Two people resolve a discrepancy: whoever proposed never approves, and the database refuses anything else (constraint
`discrepancy_four_eyes`). One manager may close alone where the organization set a threshold for the currency and the
difference lies within it. A proposal is changed by its author only; anybody else rejects it and makes another.

## Resolutions

| code | corrects money | needs two people |
|---|---|---|
"""


def diagram() -> str:
    """The document: a Mermaid diagram, the table of steps, the resolutions."""
    lines = [BEGINNING, *(f"    {line}\n" for line in arrows()), "```\n\n"]
    lines.append("| step | from | to | log | permission | asks for |\n|---|---|---|---|---|---|\n")
    lines += [step_line(step) for step in TRANSITIONS]
    lines.append("\nRuns take these steps by themselves:\n\n| from | to | log |\n|---|---|---|\n")
    lines += [f"| {from_(step)} | {step.target or 'stays'} | `{step.logs}` |\n" for step in RUN_STEPS]
    lines.append(ENDING)
    lines += [code_line(code.code, adjusts=code.adjusts, two=code.two_people) for code in CODES]
    return "".join(lines)


def arrows() -> list[str]:
    """One arrow for each pair of states, with the names of the steps between them; steps that stay are left out."""
    found: dict[tuple[str, str], list[str]] = {}
    for step in (*TRANSITIONS, *RUN_STEPS):
        for source in step.sources:
            if step.target and step.target != source:
                found.setdefault((source, step.target), []).append(step.action)
    return [f"{source} --> {target}: {', '.join(names)}" for (source, target), names in found.items()]


def from_(step: Transition) -> str:
    """The states a step starts from."""
    return "any" if step.sources == EVERY else ", ".join(step.sources)


def step_line(step: Transition) -> str:
    """One row of the table of steps."""
    asks = [name for name, needed in (("code", step.needs_code), ("reason", step.needs_reason)) if needed]
    who = PERMISSIONS[step.permission.rpartition(".")[2]]
    who += {"own": ", own proposal only", "others": ", never an own proposal"}.get(step.proposal, "")
    target = step.target or "stays"
    return f"| {step.action} | {from_(step)} | {target} | `{step.logs}` | {who} | {', '.join(asks) or '–'} |\n"


def code_line(code: str, *, adjusts: bool, two: bool) -> str:
    """One row of the table of resolutions."""
    money = "adjustment entry of the difference" if adjusts else "no"
    return f"| `{code}` | {money} | {'always' if two else 'above the threshold'} |\n"
