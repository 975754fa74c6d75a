"""PyAirbyte, in an environment of its own, reads every CRM into its cache; run with make airbyte."""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path
from typing import Any

import pytest
from osdi_crm_sandbox.control import Account, Sandbox

from tests import commands
from tests.reading_case import ReadingCase
from tests.vendors import VENDORS

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".airbyte-venv" / "bin" / "python"
SCRIPT = Path(__file__).parent / "read_with_pyairbyte.py"
SIZE = 40

pytestmark = [pytest.mark.airbyte, pytest.mark.skipif(not PYTHON.exists(), reason="make airbyte makes its environment")]


def environment(folder: Path) -> dict[str, str]:
    """An environment in which PyAirbyte tells nobody of its use, and keeps its files in the test's folder."""
    path = f"{commands.BIN}:{os.environ['PATH']}"
    return {"PATH": path, "HOME": str(folder), "DO_NOT_TRACK": "1", "AIRBYTE_OFFLINE_MODE": "1"}


def settings(account: Account, folder: Path, **more: Any) -> dict[str, Any]:
    typed = {name: json.dumps(each) if isinstance(each, dict) else each for name, each in more.items()}
    pace = {"calls_per_second": 0, "index_lag_seconds": 1, "overlap_seconds": 0}
    return {"vendor": {**account.settings}, "work_dir": str(folder / "work"), **pace, **typed}


def read(folder: Path, config: dict[str, Any], *streams: str) -> tuple[dict[str, Any], str]:
    """What came and what is there; where it failed, nothing, and what was said."""
    given = {
        "command": str(commands.BIN / "source-osdi-crm"),
        "config": config,
        "cache": str(folder / "cache.duckdb"),
        "streams": streams,
    }
    done = commands.run([PYTHON, SCRIPT], input=json.dumps(given), cwd=folder, env=environment(folder))
    told = json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else {}
    return told, done.stdout + done.stderr


@pytest.mark.parametrize("case", [vendor.READING for vendor in VENDORS], ids=lambda case: case.vendor)
def test_a_second_read_moves_only_what_changed(sandbox: Sandbox, tmp_path: Path, case: ReadingCase) -> None:
    account = sandbox.account(case.vendor, size=SIZE)
    config = settings(account, tmp_path, **case.extra)

    first, words = read(tmp_path, config)
    assert first, words
    changed = account.change(case.stream, count=2)
    time.sleep(4)  # a change counts as settled when the vendor's index must have it
    second, words = read(tmp_path, config, case.stream)

    assert second, words
    assert first["rows"][case.stream] == sum(map(case.is_read, account.records(case.resource(case.stream))))
    assert set(first["rows"]) == set(first["available"])
    assert second["rows"][case.stream] == first["rows"][case.stream]
    if not case.is_full and "a_second_run_moves_only_what_changed_and_a_third_nothing" not in case.cannot:
        assert second["moved"] == len(changed)


def test_a_wrong_key_and_a_lost_connection_are_told(sandbox: Sandbox, tmp_path: Path) -> None:
    account = sandbox.account("action_network", size=SIZE)
    config = settings(account, tmp_path)
    wrong = {**config, "vendor": {**account.settings, "action_network_api_token": "of-nobody"}}

    _, words = read(tmp_path, wrong, "people")
    account.fault(do="status", status=500, path="/people$", skip=2)
    cut, lost = read(tmp_path, config, "people")
    account.clear_faults()
    whole, _ = read(tmp_path, config, "people")

    assert "'action_network_api_token'" in words
    assert not cut
    assert "was not read to its end" in lost
    assert whole["rows"] == {"people": SIZE}


def test_the_five_lines_of_the_docs_give_a_data_frame(sandbox: Sandbox, tmp_path: Path) -> None:
    account = sandbox.account("action_network", size=SIZE)
    (lines,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "airbyte.md").read_text(), re.DOTALL)
    script = re.sub("^config = .*$", lambda _: f"config = {settings(account, tmp_path)!r}", lines, flags=re.MULTILINE)
    assert script != lines

    done = commands.run(
        [PYTHON, "-c", f"{script}\nprint(); print(len(people))"], cwd=tmp_path, env=environment(tmp_path)
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.split()[-1] == str(SIZE)
