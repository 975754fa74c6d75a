"""Reading a whole account: every record once, then only what changed, whatever happens in between."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from typing import Any

import jsonschema
import osdi_crm_schemas
import pytest
from osdi_crm_client.vendor import vendor
from osdi_crm_sandbox.control import Account, Sandbox
from tap_osdi_crm.tap import TapOSDICRM


def settings(tap: Any, case: Any, account: Account, **more: Any) -> dict[str, Any]:
    """The settings with which every stream can be read."""
    return dict(tap.settings(account, **{**case.extra, **more}))


def keys(case: Any, account: Account, stream: str | None = None) -> set[str]:
    return {case.key(raw) for raw in account.records(case.resource(stream or case.stream)) if case.is_read(raw)}


def time_of_children() -> float:
    """Seconds of the processor that commands have used; unlike a clock's, other processes do not make them more."""
    used = os.times()
    return used.children_user + used.children_system


def test_every_record_of_every_stream_comes_once_and_fits_its_schema(sandbox: Sandbox, tap: Any, case: Any) -> None:
    account = sandbox.account(case.vendor, size=120)

    run = tap(settings(tap, case, account))

    assert run.code == 0, run.log
    for resource in account.counters()["resources"]:
        stream = case.names.get(resource, resource)
        if stream is None:
            continue
        count = sum(map(case.is_read, account.records(resource)))
        found = run.keys(stream)
        assert len(found) == count, stream
        if resource != "events":  # those of event campaigns stand in two collections
            assert found.total() == count, stream
    for stream in run.streams:
        check = jsonschema.Draft202012Validator(
            osdi_crm_schemas.schema(case.vendor, stream),
            format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
        )
        for record in run.records(stream):
            check.validate(record)


def test_a_second_run_moves_only_what_changed_and_a_third_nothing(sandbox: Sandbox, tap: Any, case: Any) -> None:
    account = sandbox.account(case.vendor, size=120)
    config = settings(tap, case, account, overlap_seconds=0)
    first = tap(config)
    changed = {case.key(raw) for raw in account.change(case.stream, count=3)}
    added = account.insert(case.children, [case.hang(account.records(case.parents)[0])]) if case.children else []
    time.sleep(3.5)  # a change counts as settled when the vendor's index must have it

    second = tap(config, state=first.state)
    third = tap(config, state=second.state)

    moved = set(second.keys(case.stream))
    assert changed <= moved
    assert len(moved - changed) <= 1  # a child may move what it hangs on
    if case.children:
        assert set(second.keys(case.children)) == {case.key(raw) for raw in added}
    incremental = {m["stream"] for m in third.messages if m["type"] == "SCHEMA" and m.get("bookmark_properties")}
    assert case.stream in incremental
    assert [m for m in third.messages if m["type"] == "RECORD" and m["stream"] in incremental] == []


def test_the_overlap_is_read_again(sandbox: Sandbox, tap: Any, case: Any) -> None:
    account = sandbox.account(case.vendor, size=30)
    first = tap(settings(tap, case, account), case.stream)
    account.change(case.stream, count=2)
    time.sleep(3.5)

    config = settings(tap, case, account, overlap_seconds=3600)
    second = tap(config, case.stream, state=first.state)
    third = tap(config, case.stream, state=second.state)

    assert len(second.records(case.stream)) == 2
    assert third.keys(case.stream) == second.keys(case.stream)


def test_a_bookmark_never_lies_beyond_the_servers_time_or_the_index(sandbox: Sandbox, tap: Any, case: Any) -> None:
    account = sandbox.account(case.vendor, size=30, index_lag=2)
    config = settings(tap, case, account, overlap_seconds=0, index_lag_seconds=3)
    first = tap(config, case.stream)
    changed = {case.key(raw) for raw in account.change(case.stream, count=1)}
    second = tap(config, case.stream, state=first.state)
    time.sleep(4.5)
    third = tap(config, case.stream, state=second.state)

    assert changed <= set(second.keys(case.stream)) | set(third.keys(case.stream))


@pytest.mark.parametrize("rate", [0.05, 0.3])
def test_a_changing_account_loses_nothing(sandbox: Sandbox, tap: Any, case: Any, rate: float) -> None:
    account = sandbox.account(case.vendor, counts={case.stream: 100 * case.per_page})
    before = keys(case, account)
    account.churn(case.stream, changes_per_call=rate, adds_per_call=rate / 3)
    config = settings(tap, case, account, overlap_seconds=0)

    first = tap(config, case.stream)
    account.stop_churn()
    time.sleep(3.5)
    second = tap(config, case.stream, state=first.state)

    assert first.code == 0, first.log
    found = set(first.keys(case.stream)) | set(second.keys(case.stream))
    assert before <= keys(case, account) <= found


def test_a_killed_run_goes_on_from_its_last_finished_slice(sandbox: Sandbox, tap: Any, case: Any) -> None:
    pages = 240
    account = sandbox.account(case.vendor, counts={case.stream: pages * case.per_page})
    account.set(latency=0.02)
    config = settings(tap, case, account)
    killed = tap.until(
        config,
        case.stream,
        reached=lambda: b'"progress_markers":{},"replication_key"' in (tap.folder / "out").read_bytes(),
        end=signal.SIGKILL,
    )
    assert killed.state["bookmarks"][case.stream]["replication_key_value"]

    account.clear_log()
    account.set(latency=0)
    second = tap(config, case.stream, state=killed.state)

    assert set(killed.keys(case.stream)) | set(second.keys(case.stream)) == keys(case, account)
    resumed = account.counters()["calls"]
    account.clear_log()
    tap(config, case.stream)
    assert resumed < account.counters()["calls"]


def test_a_killed_sweep_goes_on_from_its_cursor(sandbox: Sandbox, tap: Any, case: Any) -> None:
    stream, parents = case.sweep
    account = sandbox.account(
        case.vendor, counts={case.stream: 50, parents: case.many, case.resource(stream): case.many}
    )
    account.set(latency=7.5 / case.many)
    account.fault(do="delay", seconds=60, skip=case.many * 3 // 4)  # so that it cannot end before it is killed
    config = settings(tap, case, account)
    killed = tap.until(
        config, stream, reached=lambda: account.counters()["calls"] > case.many * 2 / 3, end=signal.SIGKILL
    )
    assert killed.state["bookmarks"][stream]["sweep"]["after"]

    account.clear_log()
    account.clear_faults()
    account.set(latency=0)
    second = tap(config, stream, state=killed.state)

    found = set(killed.keys(stream)) | set(second.keys(stream))
    assert found == keys(case, account, stream)
    assert account.counters()["calls"] < case.many * 0.93
    assert "sweep" not in second.state["bookmarks"][stream]


def test_children_of_parents_that_change_meanwhile_come_too(sandbox: Sandbox, tap: Any, case: Any) -> None:
    account = sandbox.account(case.vendor, counts={case.parents: 3, case.children: 20, case.stream: 50})
    account.change(case.parents, count=3)

    run = tap(settings(tap, case, account, index_lag_seconds=60), case.children)

    assert set(run.keys(case.children)) == keys(case, account, case.children)


def test_children_of_parents_that_come_after_the_parents_were_read_come_next_time(
    sandbox: Sandbox, tap: Any, case: Any
) -> None:
    account = sandbox.account(case.vendor, counts={case.parents: 3, case.children: 20, case.stream: 50})
    config = settings(tap, case, account, overlap_seconds=0)
    first = TapOSDICRM(config=config)
    first.sources.parents(case.parents)
    time.sleep(1.1)
    parent = account.insert(case.parents, [{}])[0]
    added = account.insert(case.children, [case.hang(parent)])[0]
    time.sleep(3.5)
    first.streams[case.children].sync()

    second = tap(config, case.children, state=json.loads(json.dumps(first.state)))

    assert case.key(added) in second.keys(case.children)


def test_a_sweep_that_asked_for_changes_is_not_finished_by_one_for_all(sandbox: Sandbox, tap: Any, case: Any) -> None:
    account = sandbox.account(case.vendor, counts={case.parents: 3, case.children: 20, case.stream: 50})
    sweep = {"started": "2025-01-01T00:00:00+00:00", "since": "2025-01-01T00:00:00+00:00", "after": "zzz"}
    state = {"bookmarks": {case.children: {"sweep": sweep}}}

    run = tap(settings(tap, case, account), case.children, state=state, method="FULL_TABLE")

    assert set(run.keys(case.children)) == keys(case, account, case.children)


def test_sigterm_ends_the_tap_at_once_with_143(sandbox: Sandbox, tap: Any, case: Any) -> None:
    account = sandbox.account(case.vendor, counts={case.stream: 80 * case.per_page}, latency=0.2)
    account.fault(do="delay", seconds=60, skip=40)  # so that it cannot end before it is told to
    run = tap.until(
        settings(tap, case, account), case.stream, reached=lambda: account.counters()["calls"] > 20, end=signal.SIGTERM
    )

    assert run.code == 143
    assert run.seconds < 10
    assert "Traceback" not in run.log


def test_many_parents_take_seconds_and_little_state(sandbox: Sandbox, tap: Any, case: Any) -> None:
    stream, parents = case.sweep
    account = sandbox.account(
        case.vendor, counts={case.stream: 50, parents: 2 * case.many, case.resource(stream): 2 * case.many}
    )
    began = time_of_children()

    run = tap(settings(tap, case, account), stream)

    assert time_of_children() - began < 60
    assert set(run.keys(stream)) == keys(case, account, stream)
    states = [m for m in run.messages if m["type"] == "STATE"]
    assert sum(len(str(state)) for state in states) < 100_000
    assert len(run.log.splitlines()) < 100


@pytest.mark.parametrize(
    "fault",
    [
        {"do": "status", "status": 500},
        {"do": "status", "status": 503, "headers": {"Retry-After": "0"}},
        {"do": "status", "status": 429, "headers": {"Retry-After": "0"}},
        {"do": "cut_before"},
        {"do": "cut_after"},
        {"do": "malformed"},
        {"do": "html", "status": 503},
    ],
    ids=lambda fault: f"{fault['do']}{fault.get('status', '')}",
)
def test_a_passing_fault_loses_nothing(sandbox: Sandbox, tap: Any, case: Any, fault: dict[str, Any]) -> None:
    account = sandbox.account(case.vendor, size=200)
    account.fault(**fault, path=case.faulty, times=2, skip=3)

    run = tap(settings(tap, case, account), case.stream)

    assert run.code == 0, run.log
    assert set(run.keys(case.stream)) == keys(case, account)


def test_a_vendor_that_stays_down_ends_the_run_in_one_line(sandbox: Sandbox, tap: Any, case: Any) -> None:
    account = sandbox.account(case.vendor, size=30)
    account.fault(do="status", status=503, path=case.faulty, headers={"Retry-After": "0"})

    run = tap(settings(tap, case, account), case.stream)

    assert run.code == 1
    assert "not available" in run.log.splitlines()[-1]
    assert "Traceback" not in run.log


def test_a_wrong_key_is_one_clear_line_without_the_key(sandbox: Sandbox, tap: Any, case: Any) -> None:
    account = sandbox.account(case.vendor, size=1)
    wrong = dict.fromkeys(account.settings.keys() & set(vendor(case.vendor).secrets), "wrong-key-that-is-echoed")

    run = tap(settings(tap, case, account, **wrong), case.stream)

    assert wrong
    assert run.code == 1
    assert "Check the setting" in run.log.splitlines()[-1]
    assert "wrong-key-that-is-echoed" not in run.log
    assert "Traceback" not in run.log


@pytest.mark.chaos
def test_random_kills_in_a_row_lose_nothing(sandbox: Sandbox, tap: Any, case: Any) -> None:
    account = sandbox.account(case.vendor, counts={case.stream: 210 * case.per_page})
    account.set(latency=0.01)
    account.churn(case.stream, changes_per_call=0.05, adds_per_call=0.05)
    config = settings(tap, case, account, overlap_seconds=0)
    chance = random.Random(1)
    state: dict[str, Any] = {}
    found: set[str] = set()
    for _ in range(4):
        run = tap.killed(config, case.stream, state=state, after=chance.uniform(1.2, 2.5))
        state = run.state or state
        found |= set(run.keys(case.stream))
    account.stop_churn()
    account.set(latency=0)
    time.sleep(3.5)
    last = tap(config, case.stream, state=state)
    again = tap(config, case.stream, state=last.state) if case.is_full else last

    assert last.code == again.code == 0, last.log + again.log
    assert keys(case, account) <= found | set(last.keys(case.stream)) | set(again.keys(case.stream))
