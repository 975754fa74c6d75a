"""Those who share an account take turns, from any process, on any machine; who dies holds nobody up."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from osdi_crm_client.errors import ConfigurationError
from osdi_crm_client.pace_store import PaceStore
from osdi_crm_client.pacing import Pacer
from osdi_crm_sandbox.control import Sandbox

from tests.tap_command import TapCommand

GAP = 0.02
CALLS = 40

CALLER = """
import sys, time
from osdi_crm_client.pace_store import PaceStore
store = PaceStore(sys.argv[1], "https://example.org", ("key",))
slots, gap, calls = store.slots(), float(sys.argv[2]), int(sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
for _ in range(calls):
    wait = slots.reserve(gap)
    print(time.time() + wait, flush=True)
    time.sleep(max(wait, 0))
"""

HOLDER = """
import sys, time
from osdi_crm_client.pace_store import PaceStore
places = PaceStore(sys.argv[1], "https://example.org", ("key",)).places(1)
with places.held():
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture(params=["file", "postgres"])
def named(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The setting of a store."""
    return str(request.getfixturevalue("postgres") if request.param == "postgres" else tmp_path / "pace.db")


def start(script: str, *args: object) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", script, *map(str, args)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline()
    return process


def test_processes_get_slots_in_turn_and_a_gap_apart(named: str) -> None:
    callers = [start(CALLER, named, GAP, CALLS) for _ in range(3)]
    slots = [[float(line) for line in caller.communicate("go\n")[0].splitlines()] for caller in callers]

    every = sorted(slot for mine in slots for slot in mine)
    assert len(every) == 3 * CALLS
    assert every[-1] - every[0] > (len(every) - 1) * GAP * 0.95


def test_one_that_is_killed_holds_nobody_up(named: str) -> None:
    killed = start(CALLER, named, 0.001, 1_000_000)
    assert killed.stdin
    killed.stdin.write("go\n")
    killed.stdin.flush()
    time.sleep(0.5)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()

    began = time.monotonic()
    pacer = Pacer(1000, PaceStore(named, "https://example.org", ("key",)).slots())
    for _ in range(10):
        pacer.wait()

    assert time.monotonic() - began < 5


def test_a_pause_holds_for_everybody_and_lowers_everybodys_rate(named: str) -> None:
    one, other = (PaceStore(named, "https://example.org", ("key",)).slots() for _ in range(2))

    one.pause(60, slower=True)

    assert 55 < other.reserve(0.01) <= 61
    assert other.share < 1


def test_other_credentials_and_vendors_have_slots_of_their_own(named: str) -> None:
    PaceStore(named, "https://example.org", ("key",)).slots().pause(60, slower=False)

    assert PaceStore(named, "https://example.org", ("other",)).slots().reserve(0.01) < 1
    assert PaceStore(named, "https://example.com", ("key",)).slots().reserve(0.01) < 1


def test_accounts_share_the_slots_of_an_address_where_the_vendor_limits_it(named: str) -> None:
    PaceStore(named, "https://a.example.org", ("a",)).slots("example").pause(60, slower=False)

    assert PaceStore(named, "https://b.example.org", ("b",)).slots("example").reserve(0.01) > 50


def test_a_place_ends_with_its_process(named: str) -> None:
    holder = start(HOLDER, named)
    places = PaceStore(named, "https://example.org", ("key",)).places(1)
    assert places
    assert not places._take(0)

    holder.send_signal(signal.SIGKILL)
    holder.communicate()

    with places.held():
        assert places._mine == {0}
    assert places._mine == set()


def test_a_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ConfigurationError, match="The setting 'pace_store' names a file that cannot be used: "):
        PaceStore(str(tmp_path / "file" / "pace.db"), "", ()).slots()


def test_a_database_that_cannot_be_reached_is_named() -> None:
    with pytest.raises(ConfigurationError, match="The setting 'pace_store' names a database that cannot be used"):
        PaceStore("postgresql://user:geheim@127.0.0.1:9/db", "", ()).slots()


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)

    words = "The setting 'pace_store' names a Postgres database, and its driver is missing"
    with pytest.raises(ConfigurationError, match=words):
        PaceStore("postgresql://user:geheim@127.0.0.1:9/db", "", ()).slots()


def test_a_store_that_breaks_during_a_run_leaves_it_a_pace_of_its_own(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    slots: Any = PaceStore(str(tmp_path / "pace.db"), "", ()).slots()
    slots.reserve(0.01)
    slots._of[0]._connection.close()

    assert [slots.reserve(0.01) < 1 for _ in range(3)] == [True] * 3
    assert caplog.text.count("The pace store cannot be used any more") == 1


def test_what_fails_in_the_middle_is_taken_back_and_holds_nobody_up(tmp_path: Path) -> None:
    named = str(tmp_path / "pace.db")
    failing: Any = PaceStore(named, "", ("one",)).slots()
    failing._of[0]._connection.execute(
        "CREATE TRIGGER full BEFORE INSERT ON pace BEGIN SELECT RAISE(ABORT, 'full'); END"
    )

    failing.reserve(0.01)
    failing._of[0]._connection.execute("PRAGMA busy_timeout = 0")

    other: Any = PaceStore(named, "", ("other",)).slots()
    other._of[0]._connection.execute("PRAGMA busy_timeout = 0")
    other._of[0]._connection.execute("BEGIN IMMEDIATE")


def test_two_taps_at_once_never_call_together_where_the_vendor_wants_one_at_a_time(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    account = sandbox.account("rally_congress", size=150, latency=0.02)
    running = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        tap = TapCommand(tmp_path / name)
        command = tap.command(tap.settings(account), "supporters")
        running.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    assert [process.wait(120) for process in running] == [0, 0]
    assert account.counters()["overlaps"] == 0
