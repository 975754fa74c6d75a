"""ACTIVATE_VERSION: only after the last record of a stream that was read whole, with proof of how many there were."""

from __future__ import annotations

from typing import Any

import pytest
from osdi_crm_sandbox.control import Account, Sandbox

SETTINGS = {"emit_activate_version_messages": True, "action_network_taggings_of": ["*"]}
WHOLE = ("tags", "taggings")


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    return sandbox.account("action_network", size=30)


def versions(run: Any) -> set[str]:
    return {message["stream"] for message in run.messages if message["type"] == "ACTIVATE_VERSION"}


def test_a_version_is_told_after_its_last_record_with_how_many_it_had(account: Account, tap: Any) -> None:
    run = tap(tap.settings(account, **SETTINGS), *WHOLE)

    assert run.code == 0, run.log
    assert versions(run) == set(WHOLE)
    for place, message in enumerate(run.messages):
        if message["type"] != "ACTIVATE_VERSION":
            continue
        stream, number = message["stream"], message["version"]
        before = run.messages[place - 1]
        noted = before["value"]["bookmarks"][stream]["activate_version"]
        records = [each for each in run.messages[:place] if each["type"] == "RECORD" and each["stream"] == stream]
        assert (noted["version"], noted["records"]) == (number, len(records))
        assert {each["version"] for each in records} == {number}
        assert not [each for each in run.messages[place:] if each["type"] == "RECORD" and each["stream"] == stream]


def test_nothing_is_told_unless_it_is_asked_for(account: Account, tap: Any) -> None:
    run = tap(tap.settings(account, action_network_taggings_of=["*"]), *WHOLE)

    assert versions(run) == set()
    assert all("version" not in each for each in run.messages if each["type"] == "RECORD")


def test_every_stream_of_every_vendor_that_is_read_whole_has_versions(sandbox: Sandbox, tap: Any, case: Any) -> None:
    account = sandbox.account(case.vendor, size=30)

    run = tap(tap.settings(account, **case.extra, emit_activate_version_messages=True), method="FULL_TABLE")

    assert run.code == 0, run.log
    came = {message["stream"] for message in run.messages if message["type"] == "RECORD"}
    assert versions(run), came
    assert versions(run) <= came


def test_who_is_edited_while_all_are_read_is_there(sandbox: Sandbox, tap: Any, case: Any) -> None:
    """Or a loader would delete the row, and a mirror the person."""
    account = sandbox.account(case.vendor, counts={case.stream: 40 * case.per_page})
    before = {case.key(raw) for raw in account.records(case.stream)}
    account.churn(case.stream, changes_per_call=0.5)
    config = tap.settings(account, **case.extra, emit_activate_version_messages=True)

    run = tap(config, case.stream, method="FULL_TABLE")

    assert run.code == 0, run.log
    assert before - set(run.keys(case.stream)) == set()


def test_an_incremental_stream_has_no_versions(account: Account, tap: Any) -> None:
    run = tap(tap.settings(account, **SETTINGS), "people", "tags")

    assert run.records("people")
    assert versions(run) == {"tags"}
    assert "ACTIVATE_VERSION" not in run.log
    assert not [
        each for each in run.messages if each["type"] == "RECORD" and each["stream"] == "people" and "version" in each
    ]


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"stream_maps": {"taggings": {"__filter__": "id > '8'"}}}, "'stream_maps' leaves some of it out"),
        ({"stream_maps": {"taggings": None}}, ""),
        ({"action_network_taggings_of": ["No such tag"]}, "some of it may be missing"),
        ({"action_network_taggings_of": []}, "there are no records"),
    ],
)
def test_what_leaves_records_out_leaves_the_version_out(
    account: Account, tap: Any, settings: dict[str, Any], why: str
) -> None:
    run = tap(tap.settings(account, **{**SETTINGS, **settings}), "taggings")

    assert run.code == 0, run.log
    assert versions(run) == set()
    assert why in run.log


def test_a_start_date_leaves_the_version_out(account: Account, tap: Any) -> None:
    settings = tap.settings(account, **SETTINGS, start_date="2000-01-01T00:00:00Z")

    run = tap(settings, "people", "tags", method="FULL_TABLE")

    assert run.records("people")
    assert versions(run) == {"tags"}


@pytest.mark.parametrize("fault", [{"do": "status", "status": 403}, {"do": "status", "status": 404}])
def test_a_parent_that_is_passed_over_leaves_the_version_out(account: Account, tap: Any, fault: dict[str, Any]) -> None:
    tag = account.records("tags")[0]["identifiers"][0].removeprefix("action_network:")
    account.fault(path=f"/tags/{tag}/taggings", times=99, **fault)

    run = tap(tap.settings(account, **SETTINGS), *WHOLE)

    assert versions(run) == {"tags"}, run.log


def test_a_failure_leaves_the_version_out(account: Account, tap: Any) -> None:
    account.fault(do="status", status=422, path="/taggings", skip=1, times=99)

    run = tap(tap.settings(account, **SETTINGS), *WHOLE)

    assert run.code == 1
    assert versions(run) == {"tags"}


def test_a_run_that_goes_on_from_a_killed_one_has_no_version(account: Account, tap: Any) -> None:
    tag = min(each["identifiers"][0].removeprefix("action_network:") for each in account.records("tags"))
    state = {"bookmarks": {"taggings": {"sweep": {"after": f"tags/{tag}", "started": None, "since": None}}}}

    run = tap(tap.settings(account, **SETTINGS), "taggings", state=state)
    after = tap(tap.settings(account, **SETTINGS), "taggings", state=run.state)

    assert (versions(run), versions(after)) == (set(), {"taggings"}), run.log


def test_other_credentials_are_another_reader(sandbox: Sandbox, tap: Any, account: Account) -> None:
    def reader(of: Account, **more: Any) -> str:
        state = tap(tap.settings(of, **{**SETTINGS, **more}), "taggings").state
        return str(state["bookmarks"]["taggings"]["activate_version"]["reader"])

    name = account.records("tags")[0]["name"]
    readers = [reader(account), reader(account), reader(sandbox.account("action_network", size=30))]

    assert readers[0] == readers[1] != readers[2]
    assert reader(account, action_network_taggings_of=[name]) != readers[0]
