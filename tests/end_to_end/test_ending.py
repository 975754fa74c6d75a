"""However a plugin is told to end, or finds no place for what it writes: one line, the right code, no traceback."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from osdi_crm_sandbox.control import Account, Sandbox

from tests import commands
from tests.tap_command import TAP, TapRun
from tests.target_command import TARGET

SCHEMA = {"type": "SCHEMA", "stream": "people", "schema": {"properties": {"id": {}}}, "key_properties": ["id"]}
SIGNALS = [signal.SIGTERM, signal.SIGINT]


def record(number: int) -> dict[str, Any]:
    return {"type": "RECORD", "stream": "people", "record": {"id": str(number), "email": f"n{number}@example.org"}}


def lines(*messages: Any) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in messages)


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    return sandbox.account("action_network", size=2000, latency=0.05)


@pytest.fixture
def config(account: Account, tmp_path: Path) -> list[str]:
    more = {"account": "mine", "work_dir": str(tmp_path / "work"), "index_lag_seconds": 0, "grace_seconds": 2}
    path = tmp_path / "config.json"
    path.write_text(json.dumps({**commands.settings(account), **more}))
    return ["--config", str(path)]


def begun(process: subprocess.Popen[bytes]) -> None:
    """Wait until the program, and not the interpreter alone, has begun: it catches SIGTERM then."""
    status = Path(f"/proc/{process.pid}/status")
    while process.poll() is None:
        caught = next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("SigCgt"))
        if int(caught, 16) >> (signal.SIGTERM - 1) & 1:
            return
        time.sleep(0.005)


def ended(process: subprocess.Popen[bytes], number: signal.Signals, seconds: float = 15) -> tuple[int, float]:
    process.send_signal(number)
    told = time.monotonic()
    return process.wait(timeout=seconds), time.monotonic() - told


@pytest.mark.parametrize("number", SIGNALS, ids=str)
@pytest.mark.parametrize("after", [0, 0.4, 1.0, 2.0, 3.5])
def test_the_tap_ends_at_any_moment(config: list[str], tmp_path: Path, number: signal.Signals, after: float) -> None:
    out, log = tmp_path / "out", tmp_path / "err.log"
    with out.open("wb") as to_out, log.open("wb") as to_log:
        process = subprocess.Popen([TAP, *config], stdout=to_out, stderr=to_log)
        begun(process)
        time.sleep(after)
        code, _ = ended(process, number)

    said = log.read_text()
    assert "Traceback" not in said
    assert "Aborted" not in said
    assert code == 143, said
    written = out.read_text()
    assert written == "" or written.endswith("\n")
    assert all(json.loads(line) for line in written.splitlines())
    assert "old to end" in said


def test_a_tap_that_nobody_reads_from_ends_too(config: list[str], tmp_path: Path) -> None:
    log = tmp_path / "err.log"
    with log.open("wb") as to_log:
        process = subprocess.Popen([TAP, *config], stdout=subprocess.PIPE, stderr=to_log)
        time.sleep(6)
        code, seconds = ended(process, signal.SIGTERM, 30)

    assert code == 143
    assert seconds < 15
    assert "Traceback" not in log.read_text()
    assert process.stdout
    process.stdout.close()


@pytest.mark.parametrize("number", SIGNALS, ids=str)
@pytest.mark.parametrize("after", [0, 0.6, 1.5, 3.0])
def test_the_target_ends_at_any_moment(config: list[str], tmp_path: Path, number: signal.Signals, after: float) -> None:
    log = tmp_path / "err.log"
    sent = lines(SCHEMA, *map(record, range(500)), {"type": "STATE", "value": {"a": 1}})
    with log.open("wb") as to_log:
        process = subprocess.Popen([TARGET, *config], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=to_log)
        assert process.stdin
        process.stdin.write(sent)
        process.stdin.flush()
        begun(process)
        time.sleep(after)
        code, seconds = ended(process, number)
        process.stdin.close()

    said = log.read_text()
    assert "Traceback" not in said
    assert code == 143, said
    assert seconds < 15
    assert "old to end" in said


def run(command: list[str], sent: bytes = b"", **how: Any) -> tuple[int, str]:
    done = subprocess.run(command, input=sent, capture_output=True, timeout=60, **how)
    said = done.stderr.decode()
    assert "Traceback" not in said
    assert "Unexpected" not in said
    return done.returncode, said


@pytest.mark.parametrize(
    ("program", "closed", "words"),
    [
        (TAP, 1, "Standard output is closed"),
        (TARGET, 1, "Standard output is closed"),
        (TARGET, 0, "Standard input is closed"),
    ],
)
def test_closed_ends_of_a_pipe_are_told(config: list[str], program: str, closed: int, words: str) -> None:
    code = f"import os, sys; os.close({closed}); os.execv({program!r}, {[program, *config]!r})"

    ended, said = run([sys.executable, "-c", code])

    assert ended == 1
    assert words in said


def test_a_cut_last_line_is_told_as_that(config: list[str], account: Account) -> None:
    before = len(account.records("people"))

    code, said = run([TARGET, *config], lines(SCHEMA, record(1)) + lines(record(2))[:-20])

    assert code == 0, said
    assert "is cut: what wrote it ended in the middle" in said
    assert len(account.records("people")) == before + 1


@pytest.mark.parametrize("name", ["rejected.jsonl", "summary.json"])
def test_a_link_in_the_working_folder_is_not_followed(config: list[str], tmp_path: Path, name: str) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / name).symlink_to(tmp_path / "elsewhere")

    code, said = run([TARGET, *config], lines(SCHEMA, record(1)))

    assert code == 1
    assert "cannot be written: it is a link, which is not followed" in said
    assert not (tmp_path / "elsewhere").exists()


def test_files_that_others_could_read_are_closed_to_them(config: list[str], tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    for name in ("rejected.jsonl", "summary.json"):
        (tmp_path / "work" / name).touch(mode=0o644)

    assert run([TARGET, *config], lines(SCHEMA, record(1)))[0] == 0
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "work").iterdir()} == {0}


@pytest.mark.parametrize("size", [0, 10, 2_000, 20_000, 60_000])
def test_a_full_disk_is_told_in_a_line(config: list[str], size: int) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    bad = {"type": "RECORD", "stream": "people", "record": {"id": "x", "email": "z" * 3_000}}
    code, said = run([TARGET, *config], lines(SCHEMA, bad, record(1), bad), preexec_fn=limit)

    assert code in {1, 3}, said


def test_a_run_of_the_tap_told_to_end_leaves_a_state(config: list[str], account: Account, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with out.open("wb") as to_out:
        process = subprocess.Popen([TAP, *config], stdout=to_out, stderr=subprocess.DEVNULL)
        while account.counters()["calls"] < 120 and process.poll() is None:
            time.sleep(0.05)
        code, _ = ended(process, signal.SIGINT)

    last = json.loads(out.read_text().splitlines()[-1])
    assert (code, last["type"]) == (143, "STATE")
    assert TapRun(143, out.read_text(), "").state["bookmarks"]
