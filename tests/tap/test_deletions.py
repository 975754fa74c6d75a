"""`detect_deletes`: what is gone at the vendor comes as key and time, until a loader has it; in doubt nothing does."""

from __future__ import annotations

import re
from typing import Any

import pytest
from osdi_crm_sandbox.control import Account, Sandbox

SETTINGS: dict[str, Any] = {"detect_deletes": ["*"], "action_network_taggings_of": ["*"]}


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    return sandbox.account("action_network", size=30)


def ids(account: Account, stream: str) -> list[str]:
    return [each["identifiers"][0].removeprefix("action_network:") for each in account.records(stream)]


def gone(run: Any, stream: str) -> list[dict[str, Any]]:
    assert run.code == 0, run.log
    return [each for each in run.records(stream) if each.get("_sdc_deleted_at")]


@pytest.mark.parametrize("stream", ["people", "tags", "taggings", "signatures"])
def test_what_is_gone_is_told_until_a_run_starts_from_a_later_state(account: Account, tap: Any, stream: str) -> None:
    settings = tap.settings(account, **SETTINGS)
    first = tap(settings, stream)
    (deleted,) = ids(account, stream)[:1]
    account.delete(stream, [deleted])

    told = tap(settings, stream, state=first.state)
    again = tap(settings, stream, state=first.state)
    silent = tap(settings, stream, state=told.state)

    assert gone(first, stream) == gone(silent, stream) == []
    (record,) = gone(told, stream)
    keys = next(each["key_properties"] for each in told.messages if each["type"] == "SCHEMA")
    assert record.keys() == {*keys, "_sdc_deleted_at"}
    assert record["id"] == deleted
    assert gone(again, stream) == [record]


def test_what_comes_back_is_not_gone(account: Account, tap: Any) -> None:
    settings = tap.settings(account, **SETTINGS)
    first = tap(settings, "tags")
    tag = account.records("tags")[0]
    account.delete("tags", [tag["identifiers"][0].removeprefix("action_network:")])
    assert gone(tap(settings, "tags", state=first.state), "tags")

    account.insert("tags", [tag])

    assert gone(tap(settings, "tags", state=first.state), "tags") == []


def test_a_deleted_record_of_every_vendor_is_told(sandbox: Sandbox, tap: Any, case: Any) -> None:
    account = sandbox.account(case.vendor, size=30)
    settings = tap.settings(account, **case.extra, detect_deletes=[case.stream])
    first = tap(settings, case.stream)
    there = [each for each in account.records(case.resource(case.stream)) if case.is_read(each)]
    account.delete(case.resource(case.stream), [str(there[-1].get("id") or case.key(there[-1]))])
    before = first.keys(case.stream)

    told = tap(settings, case.stream, state=first.state)

    assert len(gone(told, case.stream)) == 1, told.log
    assert case.key(there[-1]) in before


def test_without_the_state_or_the_ids_nothing_is_told(account: Account, tap: Any) -> None:
    settings = tap.settings(account, **SETTINGS)
    first = tap(settings, "tags")
    account.delete("tags", ids(account, "tags")[:1])

    stateless = tap(settings, "tags")
    elsewhere = tap({**settings, "work_dir": str(tap.folder / "elsewhere")}, "tags", state=first.state)

    assert gone(stateless, "tags") == gone(elsewhere, "tags") == []
    assert "the ids of the run before are not in the working folder" in elsewhere.log


def test_too_many_are_not_told(account: Account, tap: Any) -> None:
    settings = tap.settings(account, **SETTINGS)
    first = tap(settings, "people")
    account.delete("people", ids(account, "people")[:11])

    kept = tap(settings, "people", state=first.state)
    told = tap({**settings, "most_deletes": 1}, "people", state=kept.state)

    assert gone(kept, "people") == []
    assert "11 of 30 records are missing, and not told as deleted: 'most_deletes' is 0.1." in kept.log
    assert len(gone(told, "people")) == 11


def test_other_credentials_that_show_less_tell_nothing(sandbox: Sandbox, account: Account, tap: Any) -> None:
    first = tap(tap.settings(account, **SETTINGS), "tags")
    less = tap.settings(sandbox.account("action_network", size=5), **SETTINGS)

    other = tap(less, "tags", state=first.state)
    later = tap(less, "tags", state=other.state)

    assert gone(other, "tags") == gone(later, "tags") == []
    assert "may show less" in other.log


@pytest.mark.parametrize(
    "fault", [{"do": "status", "status": 403}, {"do": "status", "status": 404}, {"do": "status", "status": 422}]
)
def test_what_could_not_be_read_is_not_gone(account: Account, tap: Any, fault: dict[str, Any]) -> None:
    settings = tap.settings(account, **SETTINGS)
    first = tap(settings, "taggings")
    account.fault(path=f"/tags/{ids(account, 'tags')[0]}/taggings", **fault)

    assert [each for each in tap(settings, "taggings", state=first.state).records("taggings") if len(each) < 4] == []


def test_the_setting_names_streams(account: Account, tap: Any) -> None:
    run = tap(tap.settings(account, detect_deletes=["tag"]), "tags")

    assert "The setting 'detect_deletes' is set for 'tag', which is no stream." in run.log


@pytest.mark.parametrize(
    ("vendor", "outer", "inner", "held"),
    [
        ("crowdskout", "profiles", "texts", "Texts"),
        ("rally_congress", "supporters", "supporter_phones", "phones"),  # of which all are read, or what changed
    ],
)
def test_what_is_gone_within_another_stream_is_told(
    sandbox: Sandbox, tap: Any, vendor: str, outer: str, inner: str, held: str
) -> None:
    account = sandbox.account(vendor, size=20)
    settings = tap.settings(account, detect_deletes=[inner])
    first = tap(settings, outer, inner)
    holder = next(each for each in account.records(outer) if each[held])
    account.change(outer, [str(holder["id"])], **{held: holder[held][1:]})

    told = tap(settings, outer, inner, state=first.state)
    silent = tap(settings, inner, state=told.state)

    (record,) = gone(told, inner)
    assert first.keys(inner)["/".join(list(record.values())[:2])] == 1
    assert gone(told, outer) == gone(silent, inner) == gone(first, inner) == []
    assert len(first.records(inner)) > 2


def test_deletions_are_records_of_the_version(account: Account, tap: Any) -> None:
    settings = tap.settings(account, **SETTINGS, emit_activate_version_messages=True)
    first = tap(settings, "tags")
    account.delete("tags", ids(account, "tags")[:1])

    told = tap(settings, "tags", state=first.state)

    assert len(gone(told, "tags")) == 1
    assert any(each["type"] == "ACTIVATE_VERSION" for each in told.messages)
    assert told.state["bookmarks"]["tags"]["activate_version"]["records"] == len(told.records("tags"))


def test_a_damaged_file_of_ids_ends_the_run_in_one_line(account: Account, tap: Any) -> None:
    folder = tap.folder / "work"
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / "ids.db").write_bytes(b"not a database, but a file of some length" * 40)

    run = tap(tap.settings(account, **SETTINGS), "tags")

    assert run.code == 1
    assert "Traceback" not in run.log
    assert re.search(r"The file of ids \S+ids.db cannot be used: file is not a database. Remove it", run.log)
