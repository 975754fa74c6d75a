"""What is Action Network's own in reading: keys, links, wall-clock times, quirks of its answers."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from typing import Any

import pytest
from osdi_crm_sandbox.control import Account, Sandbox

VENDOR = "action_network"


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    return sandbox.account(VENDOR, size=60)


def own_id(raw: dict[str, Any]) -> str:
    return str(next(i for i in raw["identifiers"] if i.startswith("action_network:")).removeprefix("action_network:"))


def test_people_come_with_every_field_as_it_is(account: Account, tap: Any) -> None:
    raw = {own_id(person): person for person in account.records("people")}

    for person in tap(tap.settings(account), "people").records("people"):
        expected = {k: v for k, v in raw[person["id"]].items() if k not in {"_links", "_embedded"}}
        assert {k: v for k, v in person.items() if k != "id"} == expected


def test_foreign_keys_come_from_the_property_or_else_the_link(account: Account, tap: Any) -> None:
    raw = {own_id(r): r for r in account.records("signatures")}
    petitions = {own_id(r) for r in account.records("petitions")}
    taggings = {own_id(r): r for r in account.records("taggings")}
    run = tap(tap.settings(account, action_network_taggings_of=["*"]), "signatures", "taggings", "petitions")

    for signature in run.records("signatures"):
        assert signature["person_id"] == raw[signature["id"]]["action_network:person_id"]
        assert signature["petition_id"] in petitions
    for tagging in run.records("taggings"):
        links = taggings[tagging["id"]]["_links"]
        assert links["osdi:person"]["href"].endswith(tagging["person_id"])
        assert links["osdi:tag"]["href"].endswith(tagging["tag_id"])
    assert any(petition["creator_person_id"] for petition in run.records("petitions"))


def test_local_times_of_events_are_left_alone(account: Account, tap: Any) -> None:
    raw = {own_id(event): event for event in account.records("events")}

    for event in tap(tap.settings(account), "events").records("events"):
        assert event.get("start_date") == raw[event["id"]].get("start_date")


@pytest.mark.parametrize(
    "option",
    [
        {"identifiers": "foreign_first"},
        {"identifiers": "empty"},
        {"empty_page_embedded": False},
        {"attendances_key": "osdi:attendance"},
        {"typos": True},
        {"next_repeats": True},
    ],
    ids=lambda option: next(iter(option)),
)
def test_known_quirks_lose_nothing(sandbox: Sandbox, tap: Any, option: dict[str, Any]) -> None:
    account = sandbox.account(VENDOR, size=60)
    wanted = {name: {own_id(r) for r in account.records(name)} for name in ("people", "attendances", "submissions")}
    people = {own_id(r): r["action_network:person_id"] for r in account.records("submissions")}
    account.set(**option)

    run = tap(tap.settings(account), "people", "attendances", "submissions")

    assert run.code == 0, run.log
    for name, expected in wanted.items():
        assert {r["id"] for r in run.records(name)} == expected
    assert {r["id"]: r["person_id"] for r in run.records("submissions")} == people


def test_taggings_and_items_are_read_for_the_names_in_the_settings_only(account: Account, tap: Any) -> None:
    tag = account.records("tags")[0]
    expected = {own_id(r) for r in account.records("taggings") if r["_links"]["osdi:tag"]["href"].endswith(own_id(tag))}

    none = tap(tap.settings(account), "taggings", "list_items")
    one = tap(tap.settings(account, action_network_taggings_of=[tag["name"], "no such tag"]), "taggings")

    assert none.records("taggings") == none.records("list_items") == []
    assert "action_network_taggings_of" in none.log
    assert {r["id"] for r in one.records("taggings")} == expected
    assert "'no such tag', which the account does not have" in one.log


def test_embeds_are_read_only_where_they_are_selected(sandbox: Sandbox, tap: Any) -> None:
    account = sandbox.account("action_network", size=5)

    everything = tap(tap.settings(account))
    calls = [call for call in account.log() if call["path"].endswith("/embed")]
    selected = tap(tap.settings(account), "embeds")

    assert everything.code == selected.code == 0
    assert {"people", "petitions", "tags"} <= everything.streams
    assert "embeds" not in everything.streams
    assert calls == []
    assert selected.records("embeds")


def test_a_field_that_is_new_is_kept(account: Account, tap: Any) -> None:
    person = account.change("people", count=1, modified_date="2024-01-01T00:00:00Z", hair="grey")[0]

    found = tap(tap.settings(account), "people").records("people")

    assert next(p for p in found if p["id"] == own_id(person))["additional_fields"] == {"hair": "grey"}


def test_a_next_page_on_another_host_is_refused(account: Account, tap: Any) -> None:
    account.set(next_host="http://127.0.0.2:1")

    run = tap(tap.settings(account), "people")

    assert run.code == 1
    assert "the next page is said to lie on another host" in run.log.splitlines()[-1]


def test_a_redirect_to_another_host_is_refused(account: Account, tap: Any) -> None:
    account.fault(do="status", status=302, path="/people", headers={"Location": "http://127.0.0.2:1/people"})

    run = tap(tap.settings(account), "people")

    assert run.code == 1
    assert "the address leads away from" in run.log.splitlines()[-1]


def test_a_collection_without_an_end_is_an_error(account: Account, tap: Any) -> None:
    page = {"_links": {}, "_embedded": {"osdi:people": [{"identifiers": ["action_network:1"]}]}}
    account.fault(do="status", status=200, path="/people", body=page)

    run = tap(tap.settings(account), "people")

    assert run.code == 1
    assert "the collection has no end" in run.log.splitlines()[-1]


def test_a_page_that_comes_twice_is_no_end(account: Account, tap: Any) -> None:
    page = {"per_page": 1, "page": 1, "_links": {}, "_embedded": {"osdi:tags": [{"identifiers": ["action_network:1"]}]}}
    account.fault(do="status", status=200, path="/tags$", body=page)

    run = tap(tap.settings(account), "tags")

    assert run.code == 1
    assert "a page came twice" in run.log.splitlines()[-1]


def test_the_bookmark_filter_is_strict_and_quoted(account: Account, tap: Any) -> None:
    state = {
        "bookmarks": {"people": {"replication_key": "modified_date", "replication_key_value": "2024-05-01T12:00:00Z"}}
    }
    tap(tap.settings(account, overlap_seconds=60), "people", state=state)

    filters = {call["query"].get("filter") for call in account.log() if call["path"].endswith("/people")} - {None}
    bounds = [f for f in filters if " and " in f]
    assert all(f.startswith("modified_date gt '2024-05-01T11:58:59Z' and modified_date lt '") for f in bounds)
    assert bounds


def test_a_full_table_catalog_reads_all_again_and_keeps_no_bookmark(account: Account, tap: Any) -> None:
    state = {
        "bookmarks": {"people": {"replication_key": "modified_date", "replication_key_value": "2999-01-01T00:00:00Z"}}
    }
    run = tap(tap.settings(account), "people", state=state, method="FULL_TABLE")

    assert len(run.records("people")) == 60


def test_a_personal_lists_key_reads_all_but_what_is_a_groups(sandbox: Sandbox, tap: Any) -> None:
    account = sandbox.account(VENDOR, size=30, group=False)

    run = tap(tap.settings(account))

    assert run.code == 0, run.log
    assert len(run.records("people")) == 30
    assert "Stream 'tags' is left out" in run.log


@pytest.mark.parametrize("before", [2, 8, 11, 12, 13, 14, 20, 40])
def test_an_empty_page_where_there_are_records_is_no_end(sandbox: Sandbox, tap: Any, before: int) -> None:
    account = sandbox.account(VENDOR, size=1500)
    expected = {own_id(r) for r in account.records("people")}
    empty = {"per_page": 25, "page": 3, "_links": {}, "_embedded": {"osdi:people": []}}
    account.fault(do="status", status=200, path="/people", skip=before, times=1, body=empty)

    run = tap(tap.settings(account), "people")

    assert run.code == 0, run.log
    assert {r["id"] for r in run.records("people")} == expected


def test_a_bookmark_in_the_future_is_no_reason_to_read_nothing(account: Account, tap: Any) -> None:
    state = {
        "bookmarks": {"people": {"replication_key": "modified_date", "replication_key_value": "2999-01-01T00:00:00Z"}}
    }
    run = tap(tap.settings(account), "people", state=state)

    assert run.code == 1
    assert "lies in the future" in run.log.splitlines()[-1]


def test_taggings_that_go_in_mid_read_take_no_others_along(sandbox: Sandbox, tap: Any) -> None:
    account = sandbox.account(VENDOR, counts={"people": 300, "tags": 1, "taggings": 300}, latency=0.05)
    own = {own_id(r): r["identifiers"] for r in account.records("taggings")}
    came: list[str] = []

    def remove_some() -> bool:
        pages = [call["query"].get("page") for call in account.log() if call["path"].endswith("/taggings")]
        if "4" in pages and not came:
            first = [
                line
                for line in (tap.folder / "out").read_text().splitlines()
                if '"tag_id":' in line and "RECORD" in line
            ]
            came.extend(json.loads(line)["record"]["id"] for line in first[:3])
            account.delete("taggings", came)
        return False

    run = tap.until(
        tap.settings(account, action_network_taggings_of=["*"]), "taggings", reached=remove_some, end=signal.SIGTERM
    )

    assert run.code == 0, run.log
    assert len(came) == 3
    assert {r["id"] for r in run.records("taggings")} == own.keys()
    assert len(account.records("taggings")) == len(own) - 3


def test_a_run_told_to_end_while_nobody_reads_ends_and_tears_no_line_but_the_last(sandbox: Sandbox, tap: Any) -> None:
    account = sandbox.account(VENDOR, counts={"people": 1000})
    command = tap.command(tap.settings(account), "people")

    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout
        before = -1
        while (calls := account.counters()["calls"]) != before or calls < 3:  # until the pipe is full
            before = calls
            time.sleep(1)
        process.terminate()
        try:
            code = process.wait(timeout=20)
        finally:
            process.kill()
        lines = process.stdout.read().split(b"\n")

    assert code == 143
    for line in lines[:-1]:
        json.loads(line)


def test_an_event_is_told_its_campaign_by_the_link_too(sandbox: Sandbox, tap: Any) -> None:
    account = sandbox.account("action_network", size=100, campaign_link=True)
    campaigns = {
        each["action_network:event_campaign_id"]
        for each in account.records("events")
        if each.get("action_network:event_campaign_id")
    }
    account.fault(do="drop_field", field="action_network:event_campaign_id")

    run = tap(tap.settings(account), "events")

    assert campaigns
    assert {each["event_campaign_id"] for each in run.records("events") if each["event_campaign_id"]} == campaigns
