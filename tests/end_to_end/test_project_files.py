"""What contributors and GitHub read agrees with the code: Python versions, make targets, changelog."""

from __future__ import annotations

import re
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
