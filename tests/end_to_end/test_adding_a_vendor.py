"""docs/adding-a-vendor.md works as it stands: its files go into a copy, its commands run, their output is compared.

So does the second vendor that it tells of, which adds files alone.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("schemas", "osdi-crm-client", "tap-osdi-crm", "target-osdi-crm", "osdi-crm-sandbox")
COPIED = (*PACKAGES, "tests", "hub", "demo", "benchmarks", "docs", "meltano.yml", ".env.example", "pyproject.toml")
SECOND = Path(__file__).parent / "second_vendor"
TRAITS = re.compile(r"^\| [^|]*\| (?P<said>[^|]+) \| \[\w+\]\((?P<file>[^)]+)\) \|$", re.MULTILINE)
PAGE = (ROOT / "docs" / "adding-a-vendor.md").read_text(encoding="utf-8")

FILE = r"\*\*`(?P<file>[^`]+)`\*\*(?:, below the line (?P<ticks>`+)(?P<line>.+?)(?P=ticks))?\n\n"
TEXT = r"(?:<!--[^\n]*-->\n)?```\w+\n(?P<text>.*?)^```$"
COMMANDS = r"```sh\n(?P<commands>.*?)^```$(?:\n\n```text\n(?P<output>.*?)^```$)?"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the repository, with this environment's programs."""
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    return tmp_path


@pytest.fixture
def page() -> str:
    """The page, with a port that is free."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return PAGE.replace("8765", str(free.getsockname()[1]))


@pytest.fixture
def serving() -> Iterator[list[subprocess.Popen[str]]]:
    """What was started and is left running."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        process.terminate()
        process.communicate()


def put(file: Path, text: str, line: str | None) -> None:
    """Write a new file, or add to one below a line that it holds once."""
    if line is None:
        assert not file.exists()
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return
    before = file.read_text(encoding="utf-8")
    assert before.count(f"{line}\n") == 1, f"{file.name} holds this line once: {line}"
    file.write_text(before.replace(f"{line}\n", f"{line}\n{text}"), encoding="utf-8")


def shows(expected: str, output: str) -> bool:
    """Whether the lines are among those of the output, in this order; `…` stands for anything."""
    lines = iter(output.splitlines())
    patterns = [".*".join(map(re.escape, line.split("…"))) for line in expected.splitlines()]
    return all(any(re.fullmatch(pattern, line) for line in lines) for pattern in patterns)


def environment(folder: Path) -> dict[str, str]:
    """What programs in the copy are started with, so that they import what lies there."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return {**mine, "PYTHONPATH": os.pathsep.join(str(folder / name) for name in PACKAGES), "NO_PROXY": "127.0.0.1"}


def run(folder: Path, *command: str) -> str:
    """Run a program in the copy, and return what it says."""
    done = subprocess.run(
        command, cwd=folder, env=environment(folder), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.timeout(600)
def test_the_page_can_be_followed(folder: Path, page: str, serving: list[subprocess.Popen[str]]) -> None:
    steps = list(re.finditer(f"{FILE}{TEXT}|{COMMANDS}", page, re.DOTALL | re.MULTILINE))

    for step in steps:
        if step["file"]:
            put(folder / step["file"], step["text"], step["line"])
            continue
        command = ["bash", "-c", step["commands"]]
        if step["commands"].startswith(".venv/bin/osdi-crm-sandbox"):
            command[2] = f"exec {step['commands']}"
            serving.append(
                subprocess.Popen(command, cwd=folder, env=environment(folder), stdout=subprocess.PIPE, text=True)
            )
            assert serving[0].stdout
            output = serving[0].stdout.readline()
        else:
            output = run(folder, *command)
        assert shows(step["output"], output), f"{step['commands']}\n{output}"

    assert len(steps) == page.count("\n```") // 2 - sum(bool(step["output"]) for step in steps), "every block is used"
    assert serving


SHARED = (
    *("tests/schemas/test_schemas.py", "tests/tap/test_resources.py", "tests/tap/test_reading.py"),
    *("tests/target/test_target_writing.py", "tests/target/test_target_consent.py"),
)
ESSENTIALS = (
    *("test_schemas", "test_resources", "every_record", "second_run", "wrong_key"),
    *("same_again", "just_so", "modes", "vanished", "any_vendor"),
)
"""What of the shared tests is tried; those of the vendor's own are, too."""


def test_a_vendor_with_traits_that_no_other_has_adds_files_alone(folder: Path) -> None:
    for file in filter(Path.is_file, SECOND.rglob("[!_]*.*")):
        if "__pycache__" not in file.parts:
            put(folder / file.relative_to(SECOND), file.read_text(encoding="utf-8"), None)
    own = ["tests/tap/test_ridge_crm.py", "tests/target/test_target_ridge_crm.py"]
    added = [str(file) for places in ("*/*/vendors", "tests/*") for file in folder.glob(f"{places}/*ridge_crm.py")]

    run(folder, ".venv/bin/ruff", "check", *added)
    run(folder, ".venv/bin/ruff", "format", "--check", *added)
    chosen = f"test_ridge_crm or test_target_ridge_crm or ridge_crm and ({' or '.join(ESSENTIALS)})"
    assert "skipped" not in run(folder, ".venv/bin/pytest", "-q", *own, *SHARED, "-k", chosen)


def test_what_the_page_says_of_traits_stands_in_the_second_vendors_files() -> None:
    rows = list(TRAITS.finditer(PAGE.partition("\n## 11. ")[2]))

    assert len(rows) == PAGE.count("/second_vendor/") - 1
    for row in rows:
        text = (ROOT / "docs" / row["file"]).read_text(encoding="utf-8")
        assert [line for line in row["said"].strip("`").split("`, `") if line not in text] == []
