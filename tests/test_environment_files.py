"""The files that describe the environment agree with each other."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
NOT_TRIED_HERE = {"TIEOUT_ENV_FILE"}  # names the file itself


def pinned() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pairs = [line.split("==") for line in lines if not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pairs}


def declared() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [Requirement(text) for text in project["dependencies"] + project["optional-dependencies"]["dev"]]


def test_every_declared_package_is_pinned_within_its_range() -> None:
    pins = pinned()
    bad = [str(need) for need in declared() if not need.specifier.contains(pins.get(canonicalize_name(need.name), "0"))]
    assert bad == []


def test_constraints_are_names_and_versions_only() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert [line for line in lines[1:] if not re.fullmatch(r"[A-Za-z0-9_.-]+==[A-Za-z0-9_.]+", line)] == []


def test_every_declared_package_says_why() -> None:
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    needs = [line for line in lines if re.match(r'    "[a-z0-9-]+(\[[a-z]+\])?[=<>]', line)]
    assert len(needs) == len(declared())
    assert [line for line in needs if "#" not in line] == []


def test_every_variable_the_settings_read_is_in_the_example() -> None:
    settings = (ROOT / "config" / "settings.py").read_text()
    read = set(re.findall(r"env\.\w+\(\s*\"([A-Z_]+)\"", settings)) - NOT_TRIED_HERE
    example = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), flags=re.MULTILINE))
    assert read == example
