"""A network that fails a fifth of the calls: after a rerun nothing is lost, and nothing is there twice, at any vendor.

`make chaos` tries it once for each vendor, `make fuzz` with SEEDS others.
"""

from __future__ import annotations

import io
import json
import os
from contextlib import redirect_stdout, suppress
from typing import Any

import pytest
from osdi_crm_client.errors import ConfigurationError, VendorError
from osdi_crm_sandbox.control import Account, Sandbox
from tap_osdi_crm.tap import TapOSDICRM

from tests.captured_output import OUTPUT
from tests.fuzz.messages import messages_of
from tests.fuzz.network import FaultyNetwork
from tests.fuzz.proxy import between
from tests.target_command import TargetCommand
from tests.vendors import VENDORS

pytestmark = pytest.mark.chaos

SEEDS = range(int(os.environ.get("FUZZ_SEEDS", "1")))
IMPATIENT = {"timeout_seconds": 1, "call_timeout_seconds": 2}
JOBS = {"async_processes", "imports"}
RUNS = 2
"""How many runs a network that fails a fifth of the calls may take beside the last, which it does not fail."""


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backoff._sync.time.sleep", lambda _: None)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("case", [vendor.WRITING for vendor in VENDORS], ids=lambda case: case.vendor)
def test_a_rerun_writes_what_the_network_kept_out(
    sandbox: Sandbox, target: TargetCommand, case: Any, seed: int
) -> None:
    messages = messages_of(case, target)
    wanted, account = sandbox.account(case.vendor), sandbox.account(case.vendor)
    whole = target(wanted, messages)
    assert whole.code == 0, (whole.log, whole.rejects)
    for journal in target.folder.glob("journal.db*"):
        journal.unlink()

    runs = []
    for number in range(RUNS):
        with between(target.config(account), FaultyNetwork, seed * RUNS + number, share=0.2) as (proxy, through):
            runs.append(target(account, messages, **through, **IMPATIENT))
        print(f"{proxy.odd} calls failed")  # noqa: T201
    runs.append(target(account, messages, retry_rejected=True))

    for run in runs:
        assert "Traceback" not in run.log
        assert "Unexpected" not in run.log
    assert runs[-1].code == 0, runs[-1].log
    there = held(account)
    for name, number in held(wanted).items():
        told = runs[-1].summary["streams"].get(name, {}).get("unknown", 0)
        assert number - told <= there[name] <= number, name


def held(account: Account) -> dict[str, int]:
    """How much there is of each resource, but for the jobs that an account lists: one done twice changes nothing."""
    return {name: number for name, number in account.counters()["resources"].items() if name not in JOBS}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("case", [vendor.READING for vendor in VENDORS], ids=lambda case: case.vendor)
def test_a_rerun_reads_what_the_network_kept_out(sandbox: Sandbox, case: Any, tmp_path: Any, seed: int) -> None:
    account = sandbox.account(case.vendor, size=40)
    config = {
        **account.settings,
        **case.extra,
        "calls_per_second": 0,
        "index_lag_seconds": 0,
        "work_dir": str(tmp_path),
    }
    wanted, _ = read(config, None)

    found, state = set(), None
    for number in range(RUNS):
        with between(config, FaultyNetwork, seed * RUNS + number, share=0.2) as (proxy, through):
            came, state = read({**through, **IMPATIENT}, state)
        found |= came
        print(f"{proxy.odd} calls failed")  # noqa: T201
    found |= read(config, state)[0]

    assert "Traceback" not in "\n".join(OUTPUT.lines)
    assert found == wanted


def read(config: dict[str, Any], state: Any) -> tuple[set[tuple[str, str]], Any]:
    """The keys that a run of the tap emits, and its last STATE."""
    out = io.TextIOWrapper(io.BytesIO())
    with redirect_stdout(out):
        tap = TapOSDICRM(config=config, state=state)
        with suppress(ConfigurationError, VendorError):
            tap.sync_all()
            tap.judge()
    out.seek(0)
    keys: dict[str, list[str]] = {}
    found = set()
    for line in out:
        message = json.loads(line)
        match message["type"]:
            case "SCHEMA":
                keys[message["stream"]] = message["key_properties"]
            case "STATE":
                state = message["value"]
            case "RECORD":
                name, record = message["stream"], message["record"]
                found.add((name, json.dumps([record[key] for key in keys[name]])))
    return found, state
