"""Creations without an answer: whatever comes next, they are looked up as they were sent before anything is sent."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest
from osdi_crm_sandbox.control import Account, Sandbox
from target_osdi_crm.vendor import vendor, vendor_names


@pytest.fixture
def account(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Account:
    monkeypatch.setattr("osdi_crm_client.retry.MAX_TRIES", 1)
    return sandbox.account("action_network")


def lose(account: Account, target: Any, record: dict[str, Any], stream: str = "events") -> Any:
    """Write a record whose creation is done and not answered, while nothing can be looked up."""
    account.fault(do="cut_after", method="POST", path=f"/{stream}", times=1)
    account.fault(do="status", method="GET", status=503)
    done = target.write(account, stream, record)
    account.clear_faults()
    assert done.code == 3, done.log
    assert len(account.records(stream)) == 1
    return done


def titles(account: Account, stream: str = "events") -> list[str]:
    return [each["title"] for each in account.records(stream)]


EVENT = {"id": "1", "title": "Picnic"}


def no_good(target: Any) -> list[Any]:
    """The event again, at odds with its own schema."""
    record = {"type": "RECORD", "stream": "events", "record": {**EVENT, "title": 7}}
    return [target.schema("events", title={"type": "string"}), record]


def test_a_newer_record_that_waits_for_another_does_not_make_it_twice(account: Account, target: Any) -> None:
    lose(account, target, EVENT)
    lines = [
        *target.messages("events", {**EVENT, "title": "March", "event_campaign_id": "c"}),
        *target.messages("event_campaigns", {"id": "c", "title": "Summer"}),
    ]

    done = target(account, lines)

    assert done.code == 0, done.log
    assert titles(account) in (["March"], ["Picnic"])
    assert len(account.records("events")) == 1


def test_a_newer_record_that_waits_for_ever_does_not_make_it_twice(account: Account, target: Any) -> None:
    lose(account, target, EVENT)
    moved = {**EVENT, "title": "March", "event_campaign_id": "never"}

    waiting = target.write(account, "events", moved)
    done = target.write(account, "events", {**EVENT, "title": "March"})

    assert (waiting.code, done.code) == (3, 0), done.log
    assert titles(account) == ["March"]


def test_a_newer_record_that_is_no_good_does_not_make_it_twice(account: Account, target: Any) -> None:
    lose(account, target, EVENT)

    bad = target(account, no_good(target))
    good = target.write(account, "events", {**EVENT, "title": "March"})

    assert (bad.code, good.code) == (3, 0), good.log
    assert titles(account) == ["March"]


def test_newer_records_are_looked_up_as_the_first_was_sent_however_often_that_fails(
    account: Account, target: Any
) -> None:
    lose(account, target, EVENT)
    for title in ("March", "Vigil"):
        account.fault(do="status", method="GET", status=503)
        assert target.write(account, "events", {**EVENT, "title": title}).code == 3
        account.clear_faults()

    done = target(account, [])

    assert done.code == 0, done.log
    assert titles(account) == ["Vigil"]


def test_what_cannot_be_looked_up_in_a_later_run_either_is_tried_again_and_counted(
    account: Account, target: Any
) -> None:
    lose(account, target, EVENT)
    account.fault(do="status", method="GET", status=503)

    tries = [target(account, [], max_attempts=3) for _ in range(3)]

    assert [each.count("events", "rejected") for each in tries[:2]] == [1, 1]
    assert "events" not in tries[2].summary["streams"], "three attempts were made by then"
    assert tries[2].summary["in_journal"] == {"rejected": 1}
    account.clear_faults()
    assert target.write(account, "events", {**EVENT, "title": "March"}).code == 0
    assert titles(account) == ["March"]


def test_one_that_went_ahead_without_what_it_can_do_without_is_found_without_it(account: Account, target: Any) -> None:
    account.fault(do="cut_after", method="POST", path="/messages", times=1)
    account.fault(do="delay", method="POST", path="/people", seconds=0.5, times=1)
    message = {"id": "1", "subject": "Hello", "body": "x", "from": "Ann", "reply_to": "ann@example.org"}
    lines = [
        *target.messages("messages", {**message, "creator_person_id": "p"}),
        *target.messages("people", {"id": "p", "email": "p@example.org"}),
    ]

    done = target(account, lines)

    assert done.code == 0, done.log
    assert len(account.records("messages")) == 1


def test_the_record_as_it_was_sent_is_erased_with_the_newer_one(account: Account, target: Any) -> None:
    lose(account, target, EVENT)
    target(account, no_good(target))

    with closing(sqlite3.connect(target.folder / "journal.db")) as journal, journal:
        before = journal.execute("SELECT record IS NOT NULL, sent IS NOT NULL FROM records").fetchall()
        journal.execute("UPDATE records SET at = 1")

    target(account, [])

    with closing(sqlite3.connect(target.folder / "journal.db")) as journal:
        after = journal.execute("SELECT record IS NOT NULL, sent IS NOT NULL FROM records").fetchall()
    assert (before, after) == ([(1, 1)], [(0, 0)])


@pytest.mark.parametrize("name", vendor_names())
def test_a_creation_that_can_be_deleted_can_also_be_repeated(name: str) -> None:
    """So the doubt about a creation need not outlive the wish to delete it, for which there is no room."""
    assert all(stream.repeatable for stream in vendor(name).streams.values() if stream.delete)
