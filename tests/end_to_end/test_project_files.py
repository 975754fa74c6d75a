"""What contributors and GitHub read agrees with the code: Python versions, make targets, changelog, private members."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import textwrap
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent.parent
PROJECTS = [tomllib.loads(file.read_text())["project"] for file in sorted(ROOT.glob("*/pyproject.toml"))]
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
STEPS = [step for job in WORKFLOW["jobs"].values() for step in job["steps"]]
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))


def minor(version: str) -> int:
    return int(version.split(".")[1])


@pytest.mark.parametrize("project", PROJECTS, ids=lambda project: project["name"])
def test_ci_runs_the_python_versions_that_a_package_allows(project: dict[str, Any]) -> None:
    versions = WORKFLOW["jobs"]["test"]["strategy"]["matrix"]["python"]
    prefix = "Programming Language :: Python :: "

    assert [line.removeprefix(prefix) for line in project["classifiers"] if line.startswith(prefix)] == versions
    assert project["requires-python"] == f">={versions[0]},<3.{minor(versions[-1]) + 1}"


def test_ci_runs_make_targets_that_there_are() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    run = [step["run"].split() for step in STEPS if "run" in step]

    assert all(words[0] == "make" and len(words) == 2 for words in run)
    assert {"lint", "test", "chaos"} <= {words[1] for words in run} <= targets


def test_ci_uses_actions_of_a_stated_version() -> None:
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@v\d+(\.\d+)*", step["uses"]) for step in STEPS if "uses" in step)


@pytest.mark.parametrize("file", FORMS, ids=lambda file: file.stem)
def test_issue_forms_load_and_require_what_the_rest_stands_on(file: Path) -> None:
    form = yaml.safe_load(file.read_text())
    if file.stem == "config":
        assert form == {"blank_issues_enabled": False}
        return
    names = [field["id"] for field in form["body"] if "id" in field]
    assert {"name", "description", "body"} <= form.keys()
    assert len(names) == len(set(names))
    assert any(field.get("validations", {}).get("required") for field in form["body"])


def test_the_changelog_begins_with_what_is_unreleased_and_tells_of_this_version() -> None:
    heads = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert heads[0] == "[Unreleased]"
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", head) for head in heads[1:])
    assert heads[1].startswith(f"[{PROJECTS[0]['version']}]")


def private(name: str) -> bool:
    return name.startswith("_") and not name.startswith(("__", "_abc_"))


def members_of_the_sdk(plugin: type) -> set[str]:
    """The private names that a class has from the SDK and overrides, reads or sets in its own code."""
    of_sdk = [base for base in plugin.__mro__ if base.__module__.startswith("singer_sdk")]
    if not of_sdk:
        return set()
    known = {name for base in of_sdk for name in vars(base) if private(name)}
    for base in of_sdk:
        known |= {f"_{name}" for name in re.findall(r"\bself\._(\w+)(?:: [^=\n]+)? = ", inspect.getsource(base))}
    tree = ast.walk(ast.parse(textwrap.dedent(inspect.getsource(plugin))))
    named = {node.attr for node in tree if isinstance(node, ast.Attribute)} | vars(plugin).keys()
    return {name for name in named & known if private(name)}


@pytest.mark.parametrize("role", ["tap", "target"])
def test_the_architecture_names_every_private_member_of_the_sdk(role: str) -> None:
    page = (ROOT / "docs" / "architecture.md").read_text().partition("### Private members of the SDK\n")[2]
    rows = re.findall(r"^\| `(_\w+)` \| ([a-z, ]+) \|", page.partition("\n#")[0], re.MULTILINE)
    package = importlib.import_module(f"{role}_osdi_crm")
    names = [found.name for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
    classes = [
        each
        for module in map(importlib.import_module, names)
        for each in vars(module).values()
        if inspect.isclass(each) and each.__module__ == module.__name__
    ]

    used = set().union(*map(members_of_the_sdk, classes))
    assert {name for name, where in rows if role in where.split(", ")} == used
