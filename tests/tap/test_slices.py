"""Slices of any data under any changes lose nothing: the shipped code, over HTTP, on data that hypothesis makes up."""

from __future__ import annotations

import random
import time
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from osdi_crm_client.errors import Garbled
from osdi_crm_client.reading import reading, slices
from osdi_crm_sandbox.control import Account, Sandbox
from tap_osdi_crm.stream import VendorStream
from tap_osdi_crm.tap import TapOSDICRM

BEGIN = 1_700_000_000
PER_PAGE = 25


def moment(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(BEGIN + second))


def person(number: int, second: int) -> dict[str, Any]:
    when = moment(second)
    address = {"primary": True, "address": f"p{number}@example.org", "status": "subscribed"}
    return {"created_date": when, "modified_date": when, "email_addresses": [address]}


def read(config: dict[str, Any], state: dict[str, Any]) -> tuple[set[str], dict[str, Any]]:
    """Read people once; their ids, and the state to go on from."""
    tap = TapOSDICRM(config=config, state=state)
    stream = tap.streams["people"]
    stream._write_starting_replication_value(None)
    found = {str(row["id"]) for row in stream.get_records(None) if isinstance(row, dict)}
    return found, dict(tap.state)


def identity(raw: dict[str, Any]) -> str:
    own = next(each for each in raw["identifiers"] if each.startswith("action_network:"))
    return str(own.removeprefix("action_network:"))


def ids(account: Account) -> set[str]:
    return {identity(raw) for raw in account.records("people")}


def test_the_overlap_is_read_again_behind_a_slice_that_ended_ahead(
    sandbox: Sandbox, tap: Any, monkeypatch: Any
) -> None:
    for module in (reading, slices):
        monkeypatch.setattr(module, "SLICE_PAGES", 2)
    account = sandbox.account("action_network")
    account.insert("people", [person(n, n) for n in range(300)])
    config = {**tap.settings(account), "overlap_seconds": 60, "index_lag_seconds": 0}
    killed = TapOSDICRM(config=config, state={})
    stream = killed.streams["people"]
    stream._write_starting_replication_value(None)
    assert isinstance(stream, VendorStream)
    people = stream.reading()
    parts = list(people.parts())
    people.finished(parts[0])
    people.ahead(parts[-1])
    [late] = account.insert("people", [person(999, int(time.time()) - BEGIN - 20)])

    found, _ = read(config, dict(killed.state))

    assert identity(late) in found


@pytest.mark.timeout(300)
@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    size=st.integers(0, 300),
    seconds=st.sampled_from([1, 3, 100, 100_000]),
    changes=st.sampled_from([0.0, 0.2, 1.0]),
    adds=st.sampled_from([0.0, 0.3]),
    latency=st.sampled_from([0.0, 0.02]),
    seed=st.integers(0, 1000),
)
def test_nothing_is_lost(
    sandbox: Sandbox,
    tap: Any,
    monkeypatch: pytest.MonkeyPatch,
    size: int,
    seconds: int,
    changes: float,
    adds: float,
    latency: float,
    seed: int,
) -> None:
    for module in (reading, slices):
        monkeypatch.setattr(module, "SLICE_PAGES", 2)
    chance = random.Random(seed)
    account = sandbox.account("action_network", latency=latency)
    times = [chance.randrange(seconds) for _ in range(size)]
    account.insert("people", [person(number, second) for number, second in enumerate(times)])
    crowded = any(count > PER_PAGE for count in Counter(times).values())
    before = ids(account)
    config = {**tap.settings(account), "overlap_seconds": 0, "index_lag_seconds": 0}

    account.churn("people", changes_per_call=changes, adds_per_call=adds)
    try:
        first, state = read(config, {})
    except Garbled as told:  # a second of more than a page cannot be halved, and the run says so
        if not crowded or "the records of one second kept changing; run again" not in str(told):
            raise
        first, state = set(), {}
    account.stop_churn()
    time.sleep(2.2)  # the Date of an answer is a whole second
    second, _ = read(config, state)

    assert before <= first | second
    assert ids(account) == first | second


def test_slices_that_a_killed_run_finished_beyond_its_bookmark_are_left_out(
    sandbox: Sandbox, tap: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (reading, slices):
        monkeypatch.setattr(module, "SLICE_PAGES", 2)
    account = sandbox.account("action_network")
    account.insert("people", [person(n, n) for n in range(200)])
    done = {moment(second) for second in (*range(40, 80), 120)}
    state = {"bookmarks": {"people": {"slices": [[moment(40), moment(80)], [moment(120), moment(121)]]}}}

    found, after = read(tap.settings(account), state)

    left_out = [raw for raw in account.records("people") if identity(raw) not in found]
    assert {raw["modified_date"] for raw in left_out} == done
    assert "slices" not in after["bookmarks"]["people"]


@pytest.mark.parametrize("latency", [0.0, 0.05])
@pytest.mark.parametrize(("people", "pages"), [(10, 1), (3000, 120), (3010, 121)])
def test_a_small_account_costs_little_more_than_its_pages(
    sandbox: Sandbox, tap: Any, people: int, pages: int, latency: float
) -> None:
    account = sandbox.account("action_network", counts={"people": people}, latency=latency)
    found, _ = read({**tap.settings(account), "work_dir": str(tap.folder)}, {})

    assert found == ids(account)
    assert account.counters()["calls"] <= pages + 8  # looking for the end, past it at the end, and the check


@pytest.mark.chaos
@pytest.mark.timeout(3600)
def test_fifty_kills_in_a_row_lose_nothing(sandbox: Sandbox, tap: Any) -> None:
    account = sandbox.account("action_network", size=20_000)
    account.set(latency=0.005)
    config = {**tap.settings(account), "overlap_seconds": 0}
    chance = random.Random(7)
    found: set[str] = set()
    state: dict[str, Any] = {}
    account.churn("people", changes_per_call=0.05, adds_per_call=0.02)
    for _ in range(50):
        run = tap.killed(config, "people", state=state, after=chance.uniform(1.0, 2.5))
        state = run.state or state
        found |= {record["id"] for record in run.records("people")}
    account.stop_churn()
    time.sleep(3.5)
    last = tap(config, "people", state=state)

    assert last.code == 0, last.log
    assert ids(account) <= found | {record["id"] for record in last.records("people")}


@pytest.mark.chaos
@pytest.mark.timeout(3600)
def test_a_run_without_kills_loses_nothing_either(sandbox: Sandbox, tap: Any) -> None:
    account = sandbox.account("action_network", size=20_000)
    config = {**tap.settings(account), "overlap_seconds": 0}
    account.churn("people", changes_per_call=0.25, adds_per_call=0.1)
    first = tap(config, "people")
    account.stop_churn()
    time.sleep(3.5)
    last = tap(config, "people", state=first.state)

    found = {record["id"] for run in (first, last) for record in run.records("people")}
    assert ids(account) <= found
