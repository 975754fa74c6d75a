"""A run asks the parents whose counters moved and a share of the others; what no counter shows comes in time."""

from __future__ import annotations

import json
import random
import shutil
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from osdi_crm_sandbox.control import Account, Sandbox
from tap_osdi_crm.tap import TapOSDICRM

PETITIONS = 60

CHILDREN = {
    "signatures": ("petitions", "petition"),
    "attendances": ("events", "event"),
    "submissions": ("forms", "form"),
    "outreaches": ("advocacy_campaigns", "advocacy_campaign"),
    "responses": ("surveys", "survey"),
}
"""By stream, its parents, and how a child names one."""

LAG = 2.5
"""Seconds after which everything is settled, by the settings of the tests."""


def own_id(raw: dict[str, Any]) -> str:
    return str(next(i for i in raw["identifiers"] if i.startswith("action_network:")).removeprefix("action_network:"))


def signed(petition: dict[str, Any]) -> dict[str, Any]:
    return {"action_network:petition_id": own_id(petition)}


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    return sandbox.account("action_network", counts={"people": 20, "petitions": PETITIONS, "signatures": 2 * PETITIONS})


@pytest.fixture
def read(account: Account, tap: Any) -> Callable[..., Any]:
    """Runs the tap on signatures, with the state of a run before; `asked` are the petitions it asked."""

    def run(before: Any = None, *, wait: float = LAG, **more: Any) -> Any:
        time.sleep(wait if before else 0)
        account.clear_log()
        found = tap(
            tap.settings(account, overlap_seconds=0, **more), "signatures", state=before.state if before else None
        )
        assert found.code == 0, found.log
        paths = Counter(call["path"].split("/")[-2] for call in account.log() if call["path"].endswith("/signatures"))
        found.asked = set(paths)
        return found

    return run


def add_unseen(account: Account, petition: dict[str, Any]) -> str:
    """Add a signature that its petition's counter does not show."""
    account.set(counters="stand")
    [added] = account.insert("signatures", [signed(petition)])
    account.set(counters="move")
    return own_id(added)


def earlier(tap: Any, seconds: float) -> None:
    """Put all that the store holds so many seconds back."""
    with sqlite3.connect(tap.folder / "work" / "reading.db") as connection:
        for table, column in (("lineages", "about"), ("rows", "value")):
            rows = connection.execute(f"SELECT rowid, {column} FROM osdi_crm_{table}").fetchall()
            for number, text in rows:
                moved = json.dumps(_earlier(json.loads(text), timedelta(seconds=seconds)))
                connection.execute(f"UPDATE osdi_crm_{table} SET {column} = ? WHERE rowid = ?", (moved, number))


def _earlier(value: Any, by: timedelta) -> Any:
    if isinstance(value, dict):
        return {name: _earlier(each, by) for name, each in value.items()}
    if isinstance(value, list):
        return [*value[:2], _earlier(value[2], by)]
    return (datetime.fromisoformat(value) - by).isoformat() if isinstance(value, str) else value


@pytest.mark.parametrize("stream", CHILDREN)
def test_only_parents_whose_counter_moved_are_asked(sandbox: Sandbox, tap: Any, stream: str) -> None:
    parents, name = CHILDREN[stream]
    account = sandbox.account("action_network", counts={"people": 20, parents: 40, stream: 60, "event_campaigns": 0})
    config = tap.settings(account, overlap_seconds=0)
    first = tap(config, stream)
    chosen = [own_id(each) for each in account.records(parents)[:3]]
    added = account.insert(stream, [{f"action_network:{name}_id": key, "status": "accepted"} for key in chosen * 2])
    time.sleep(LAG)
    account.clear_log()

    second = tap(config, stream, state=first.state)

    asked = {call["path"].split("/")[-2] for call in account.log() if call["path"].endswith(stream)}
    assert set(chosen) <= asked
    assert len(asked) <= 4  # three and the share of the others
    assert {own_id(each) for each in added} == set(second.keys(stream))
    assert len(first.keys(stream)) == len(account.records(stream)) - 6


def test_the_share_of_the_others_grows_with_the_hours_and_reaches_the_longest_unasked(read: Any, tap: Any) -> None:
    first = read()
    earlier(tap, 2 * 3600)
    second = read(first)
    third = read(second)

    assert len(second.asked) == PETITIONS * 2 // 24 + 1
    assert len(third.asked) == 1
    assert not second.asked & third.asked


def test_no_parent_stays_unasked_for_longer_than_the_setting(read: Any, tap: Any) -> None:
    first = read()
    earlier(tap, 25 * 3600)

    assert len(read(first).asked) == PETITIONS


def test_hours_count_as_the_setting_says_once_the_counters_were_right_for_a_week(read: Any, tap: Any) -> None:
    first = read()
    earlier(tap, 8 * 24 * 3600)
    second = read(first, full_sweep_hours=24 * 20)
    assert len(second.asked) == PETITIONS * 8 // 20 + 1

    earlier(tap, 7 * 3600)
    assert len(read(second, full_sweep_hours=4200).asked) < PETITIONS * 7 // 24


@pytest.mark.chaos
def test_what_no_counter_shows_comes_with_its_parents_turn_and_is_told(account: Account, read: Any) -> None:
    first = read()
    last = max(account.records("petitions"), key=own_id)
    added = add_unseen(account, last)
    second = read(first)
    third = read(second, full_sweep_hours=0)
    again = add_unseen(account, account.records("petitions")[8])
    fourth = read(third)

    assert len(second.asked) == 1
    assert added in third.keys("signatures")
    assert "'total_signatures' of petitions/" in third.log
    assert len(fourth.asked) == PETITIONS
    assert again in fourth.keys("signatures")


def test_counters_that_were_right_again_for_a_week_are_believed(account: Account, read: Any, tap: Any) -> None:
    first = read()
    add_unseen(account, account.records("petitions")[7])
    second = read(first, full_sweep_hours=0)
    assert "'total_signatures' of petitions/" in second.log
    earlier(tap, 8 * 24 * 3600)

    assert len(read(second, full_sweep_hours=1000).asked) < PETITIONS


def test_one_that_came_where_another_went_is_no_lie(account: Account, read: Any) -> None:
    first = read()
    signature = account.records("signatures")[0]
    petition = next(p for p in account.records("petitions") if own_id(p) == signature["action_network:petition_id"])
    account.delete("signatures", [own_id(signature)])
    [added] = account.insert("signatures", [signed(petition)])

    second = read(first, full_sweep_hours=0)

    assert own_id(added) in second.keys("signatures")
    assert "total_signatures" not in second.log
    assert len(read(second).asked) == 1


def test_declined_rsvps_that_the_counter_leaves_out_are_no_lie(sandbox: Sandbox, tap: Any) -> None:
    account = sandbox.account("action_network", counts={"people": 20, "events": 10, "attendances": 30})
    config = tap.settings(account, overlap_seconds=0, full_sweep_hours=0)
    first = tap(config, "attendances")
    account.insert("attendances", [{"status": "declined"}])
    time.sleep(LAG)

    second = tap(config, "attendances", state=first.state)

    assert len(second.records("attendances")) == 1
    assert "total_accepted" not in second.log


@pytest.mark.chaos
def test_a_busy_account_whose_counters_are_right_never_falls_back(account: Account, read: Any) -> None:
    run = read()
    account.churn("signatures", adds_per_call=0.2, changes_per_call=0.1)
    for _ in range(3):
        run = read(run, full_sweep_hours=0)
        assert "total_signatures" not in run.log
    account.stop_churn()
    run = read(run)

    assert len(read(run).asked) == 1


def test_counters_that_are_left_out_are_told_and_nothing_is_late(account: Account, read: Any) -> None:
    account.set(counters="left_out")
    first = read()
    [added] = account.insert("signatures", [signed(account.records("petitions")[3])])
    second = read(first)

    assert own_id(added) in second.keys("signatures")
    assert f"{PETITIONS} of {PETITIONS} parents came without 'total_signatures'" in second.log


def test_a_counter_that_lags_brings_its_child_when_it_moves(account: Account, read: Any) -> None:
    first = read()
    account.set(counter_lag=4)
    [added] = account.insert("signatures", [signed(account.records("petitions")[3])])
    second = read(first)
    third = read(second)

    assert own_id(added) in set(second.keys("signatures")) | set(third.keys("signatures"))


def test_what_filters_do_not_show_yet_is_waited_for(account: Account, read: Any) -> None:
    first = read()
    account.set(index_lag=2)
    time.sleep(LAG)
    [added] = account.insert("signatures", [signed(account.records("petitions")[3])])
    second = read(first, wait=0, index_lag_seconds=2)
    third = read(second, index_lag_seconds=2)

    assert own_id(added) in set(second.keys("signatures")) | set(third.keys("signatures"))


@pytest.mark.parametrize(
    "how", [pytest.param("missing", marks=pytest.mark.chaos), "older", pytest.param("newer", marks=pytest.mark.chaos)]
)
def test_a_generation_that_the_state_does_not_name_asks_all(account: Account, read: Any, tap: Any, how: str) -> None:
    first = read()
    second = read(first)
    [added] = account.insert("signatures", [signed(account.records("petitions")[3])])
    third = read(second)  # whatever it read never reached the loader
    if how == "missing":
        shutil.rmtree(tap.folder / "work")
    before = {"older": first, "missing": second, "newer": second}[how]
    again = read(before)

    assert own_id(added) in third.keys("signatures")
    assert own_id(added) in again.keys("signatures")
    assert len(again.asked) == PETITIONS
    assert len(read(again).asked) == 1


@pytest.mark.chaos
def test_two_loaders_have_a_lineage_each(account: Account, read: Any) -> None:
    mine = read()
    other = read()
    petitions = account.records("petitions")
    for petition in petitions[:3]:
        [added] = account.insert("signatures", [signed(petition)])
        mine, other = read(mine), read(other)
        for run in (mine, other):
            assert own_id(added) in run.keys("signatures")
            assert len(run.asked) <= 2


def test_runs_that_ask_all_leave_no_rows_behind(read: Any, tap: Any) -> None:
    run = read()
    for _ in range(2):
        run = read(run, wait=0, full_sweep_hours=0)
        assert len(run.asked) == PETITIONS

    with sqlite3.connect(tap.folder / "work" / "reading.db") as connection:
        assert connection.execute("SELECT count(*) FROM osdi_crm_rows").fetchone() == (PETITIONS,)


@pytest.mark.chaos
def test_a_state_that_was_copied_to_a_second_loader_begins_a_lineage(account: Account, read: Any) -> None:
    first = read()
    mine, other = read(first), read(first)
    [added] = account.insert("signatures", [signed(account.records("petitions")[3])])
    mine, other = read(mine), read(other)

    for run in (mine, other):
        assert own_id(added) in run.keys("signatures")
        assert len(run.asked) <= 2


@pytest.mark.parametrize("news", [True, False], ids=["asked", "not asked"])
def test_what_arrives_between_listing_and_asking_is_not_lost(
    account: Account, read: Any, tap: Any, monkeypatch: pytest.MonkeyPatch, *, news: bool
) -> None:
    first = read()
    petition = account.records("petitions")[3]
    if news:
        account.insert("signatures", [signed(petition)])
    time.sleep(LAG)
    monkeypatch.setenv("XDG_STATE_HOME", str(tap.folder))
    config = {**tap.settings(account, overlap_seconds=0), "work_dir": str(tap.folder / "work")}
    second = TapOSDICRM(config=config, state=json.loads(json.dumps(first.state)))
    second.sources.parents("petitions")
    [added] = account.insert("signatures", [signed(petition)])
    second.streams["signatures"].sync()

    state = json.loads(json.dumps(second.state))
    third = read(type("Run", (), {"state": state}))

    assert own_id(added) in third.keys("signatures")


def test_a_store_that_cannot_be_used_costs_calls_alone(account: Account, read: Any, tap: Any) -> None:
    (tap.folder / "work" / "reading.db").mkdir(parents=True)
    first = read()
    [added] = account.insert("signatures", [signed(account.records("petitions")[3])])
    second = read(first)

    assert own_id(added) in second.keys("signatures")
    assert len(second.asked) == PETITIONS
    assert "'reading_store' names another place" in second.log


@pytest.mark.chaos
def test_a_killed_run_of_many_that_moved_goes_on_from_its_cursor(account: Account, read: Any, tap: Any) -> None:
    first = read()
    account.insert("signatures", list(map(signed, account.records("petitions"))))
    time.sleep(LAG)
    config = tap.settings(account, overlap_seconds=0)
    account.clear_log()
    account.set(latency=0.4)
    asked = partial(_asked, account)
    killed = tap.until(
        config, "signatures", state=first.state, reached=lambda: len(asked()) > PETITIONS / 2, end=signal.SIGKILL
    )
    done = killed.state["bookmarks"]["signatures"]["sweep"]["after"]
    account.set(latency=0)
    second = read(killed)

    assert done
    assert {key for key in second.asked if f"petitions/{key}" <= done} == set()
    found = set().union(*(run.keys("signatures") for run in (first, killed, second)))
    assert found == {own_id(raw) for raw in account.records("signatures")}
    assert len(read(second).asked) == 1


def _asked(account: Account) -> set[str]:
    return {call["path"] for call in account.log() if call["path"].endswith("/signatures")}


@pytest.mark.chaos
def test_kills_in_a_row_lose_nothing(account: Account, read: Any, tap: Any) -> None:
    chance = random.Random(3)
    config = tap.settings(account, overlap_seconds=0)
    account.set(latency=0.01)
    account.churn("signatures", adds_per_call=0.1, changes_per_call=0.05)
    state: dict[str, Any] = {}
    found: set[str] = set()
    for _ in range(8):
        run = tap.killed(config, "signatures", state=state, after=chance.uniform(0.8, 2.4))
        state = run.state or state
        found |= set(run.keys("signatures")) if run.messages else set()
    account.stop_churn()
    account.set(latency=0)
    last = read(type("Run", (), {"state": state}))

    assert {own_id(raw) for raw in account.records("signatures")} <= found | set(last.keys("signatures"))
    assert "total_signatures" not in last.log
