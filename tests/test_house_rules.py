"""The limits of size that the code keeps: short files, short functions, all of it in Python files we wrote."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FILE_LINES = 250
FUNCTION_LINES = 45
PACKAGES = ("config", "billing", "usage", "reconciliation", "tests")


def source_files() -> list[Path]:
    files = [ROOT / "manage.py"]
    for package in PACKAGES:
        files += [path for path in (ROOT / package).rglob("*.py") if "migrations" not in path.parts]
    return sorted(files)


def long_functions(text: str) -> Iterator[tuple[str, int]]:
    """Name and length of each function of `text` that is longer than the limit, decorators and docstring included."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            if node.end_lineno - first + 1 > FUNCTION_LINES:
                yield node.name, node.end_lineno - first + 1


def test_no_file_is_longer_than_the_limit() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in source_files()}
    assert {name: lines for name, lines in lengths.items() if lines > FILE_LINES} == {}


def test_no_function_is_longer_than_the_limit() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {name} has {lines} lines"
        for path in source_files()
        for name, lines in long_functions(path.read_text())
    ]
    assert found == []


@pytest.mark.parametrize(
    ("lines", "found"), [(FUNCTION_LINES - 1, []), (FUNCTION_LINES, [("long", FUNCTION_LINES + 1)])]
)
def test_the_function_rule_counts_lines(lines: int, found: list[tuple[str, int]]) -> None:
    assert list(long_functions("def long():\n" + "    x = 1\n" * lines)) == found
