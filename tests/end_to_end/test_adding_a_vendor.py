"""docs/adding-a-vendor.md works as it stands: its files go into a copy, its commands run, their output is compared."""

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


@pytest.mark.timeout(600)
def test_the_page_can_be_followed(folder: Path, page: str, serving: list[subprocess.Popen[str]]) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment |= {"PYTHONPATH": os.pathsep.join(str(folder / name) for name in PACKAGES), "NO_PROXY": "127.0.0.1"}
    steps = list(re.finditer(f"{FILE}{TEXT}|{COMMANDS}", page, re.DOTALL | re.MULTILINE))

    for step in steps:
        if step["file"]:
            put(folder / step["file"], step["text"], step["line"])
            continue
        command = ["bash", "-c", step["commands"]]
        if step["commands"].startswith(".venv/bin/osdi-crm-sandbox"):
            command[2] = f"exec {step['commands']}"
            serving.append(subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True))
            assert serving[0].stdout
            output = serving[0].stdout.readline()
        else:
            done = subprocess.run(
                command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
            output = done.stdout
            assert done.returncode == 0, output
        assert shows(step["output"], output), f"{step['commands']}\n{output}"

    assert len(steps) == page.count("\n```") // 2 - sum(bool(step["output"]) for step in steps), "every block is used"
    assert serving
