"""Reading Ridge CRM: cursors, times as numbers, lists inside memberships, changes without a filter."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from osdi_crm_sandbox.control import Account, Sandbox


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    return sandbox.account("ridge_crm", size=250)


def in_utc(seconds: float) -> str:
    whole = datetime.fromtimestamp(seconds, UTC)
    return whole.isoformat(timespec="microseconds" if whole.microsecond else "seconds").replace("+00:00", "Z")


def test_pages_follow_the_vendors_cursors_and_times_come_in_utc(account: Account, tap: Any) -> None:
    run = tap(tap.settings(account))

    there = {each["id"]: each for each in account.records("people")}
    asked = [call["query"].get("after") for call in account.log() if call["path"] == "/v2/people"]
    assert run.code == 0, run.log
    assert asked[-3:] == [None, *asked[-2:]]
    assert len(set(asked)) == 3
    assert run.keys("people").keys() == there.keys()
    for person in run.records("people"):
        raw = there[person["id"]]
        assert (person["created"], person["changed"]) == (in_utc(raw["created"]), in_utc(raw["changed"] / 1000))
        for ours, theirs in zip(person["emails"] + person["phones"], raw["emails"] + raw["phones"], strict=True):
            assert ours["verified"] == (theirs["verified"] and in_utc(theirs["verified"] / 1000))


def test_lists_come_out_of_the_memberships_once_each(account: Account, tap: Any) -> None:
    run = tap(tap.settings(account), "memberships", "lists")

    lists = {each["id"]: in_utc(each["created"]) for each in account.records("lists")}
    there = {each["id"]: each["list"]["id"] for each in account.records("memberships")}
    assert {each["id"]: each["created"] for each in run.records("lists")} == lists
    assert run.keys("lists").total() == len(lists) == 3
    assert {each["id"]: each["list_id"] for each in run.records("memberships")} == there
    assert {each["list"]["created"] for each in run.records("memberships")} == set(lists.values())
    assert {call["path"] for call in account.log()} <= {"/v2/memberships", "/v2/people"}


def test_a_second_run_passes_on_what_changed_and_the_lists_of_that(account: Account, tap: Any, until: Any) -> None:
    config = tap.settings(account, overlap_seconds=0, index_lag_seconds=0)
    first = tap(config, "memberships", "lists")
    bookmark = first.state["bookmarks"]["memberships"]["replication_key_value"]
    until(lambda: in_utc(datetime.now(UTC).timestamp()) > f"{bookmark[:-1]}.999999Z")
    [changed] = account.change("memberships", [account.records("memberships")[7]["id"]], role="lead")

    second = tap(config, "memberships", "lists", state=first.state)

    assert second.keys("memberships") == {changed["id"]: 1}
    assert second.keys("lists") == {changed["list"]["id"]: 1}
    assert second.records("memberships")[0]["changed"] == in_utc(changed["changed"] / 1000)
