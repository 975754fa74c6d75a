"""Creations without an answer: whatever comes next, they are looked up as they were sent before anything is sent."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest
from osdi_crm_sandbox.control import Account, Sandbox
from target_osdi_crm.report import journal_command


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


def test_one_that_was_sent_late_is_looked_up_as_late(sandbox: Sandbox, target: Any) -> None:
    account = sandbox.account("action_network", index_lag=1)
    account.fault(do="status", method="POST", status=429, headers={"Retry-After": "2"}, times=1)
    account.fault(do="cut_after", method="POST", times=1)

    done = target.write(account, "events", EVENT, index_lag_seconds=1.2)

    assert done.code == 0, done.log
    assert titles(account) == ["Picnic"]


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
        before = journal.execute("SELECT length(record) > 0, length(sent) > 0 FROM records").fetchall()
        journal.execute("UPDATE records SET at = 1")

    target(account, [])

    with closing(sqlite3.connect(target.folder / "journal.db")) as journal:
        after = journal.execute("SELECT length(record) > 0, length(sent) > 0 FROM records").fetchall()
    assert (before, after) == ([(1, 1)], [(None, 0)])


@pytest.mark.parametrize("erased", ["as it was sent", "with a newer one"])
def test_once_it_is_erased_nobody_knows_what_to_look_for_and_nothing_is_sent(
    account: Account, target: Any, erased: str
) -> None:
    lose(account, target, EVENT)
    if erased == "with a newer one":
        target(account, no_good(target))
    with closing(sqlite3.connect(target.folder / "journal.db")) as journal, journal:
        journal.execute("UPDATE records SET at = 1")
    target(account, [])

    done = target.write(account, "events", {**EVENT, "title": "March"})

    assert (done.code, done.count("events", "unknown")) == (3, 1)
    assert titles(account) == ["Picnic"]


def test_a_newer_record_outlives_a_run_that_is_stopped_after_the_look_up(account: Account, target: Any) -> None:
    lose(account, target, EVENT)
    account.fault(do="status", method="GET", status=503)
    assert target.write(account, "events", {**EVENT, "title": "March"}).code == 3
    account.clear_faults()

    capped = target(account, [], max_updates=0)
    done = target(account, [])

    assert (capped.code, done.code) == (4, 0), done.log
    assert titles(account) == ["March"]


def test_a_bad_record_leaves_what_came_before_it_known(account: Account, target: Any) -> None:
    lines = [
        *target.messages("events", EVENT, *({"id": f"x{number}", "title": "T"} for number in range(400))),
        *no_good(target),
    ]

    bad = target(account, lines)
    good = target.write(account, "events", {**EVENT, "title": "March"})

    assert (bad.code, good.code) == (3, 0), good.log
    assert sorted(set(titles(account))) == ["March", "T"]


def test_a_bad_record_does_not_overtake_what_is_under_way(account: Account, target: Any) -> None:
    account.set(latency=0.2)

    done = target(account, [*target.messages("events", EVENT), *no_good(target)])

    assert done.code == 3
    assert done.summary["in_journal"] == {"rejected": 1}, "it came last"


@pytest.fixture
def response(account: Account, target: Any) -> dict[str, Any]:
    """A response of unknown outcome, which nothing can look up."""
    record = {"id": "r", "survey_id": "s", "person_id": "p"}
    lines = [
        *target.messages("people", {"id": "p", "email": "p@example.org"}),
        *target.messages("surveys", {"id": "s", "title": "How are you?"}),
        *target.messages("responses", record),
    ]
    account.fault(do="cut_after", method="POST", path="/responses", times=1)
    assert target(account, lines).count("responses", "unknown") == 1
    return record


NEWER = {"action_network_referrer_data": {"source": "newer"}}


def test_what_comes_after_one_of_unknown_outcome_is_told_once_and_kept(
    account: Account, target: Any, response: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    newer = {**response, **NEWER}
    first = target.write(account, "responses", newer)
    again = target.write(account, "responses", newer)

    assert (first.code, again.code) == (3, 0)
    assert (first.count("responses", "unknown"), again.count("responses", "unknown")) == (1, 1)
    assert len(account.records("responses")) == 1

    def settle(*more: str) -> str:
        arguments = ["settle", "--stream", "responses", "--key", "r", *more]
        journal_command.main(["--work-dir", str(target.folder), *arguments])
        return capsys.readouterr().out

    assert settle() == "0 records count as written.\n1 records came anew since: name their --vendor-id.\n"
    (there,) = account.records("responses")
    settled = settle("--vendor-id", there["identifiers"][0].removeprefix("action_network:"))
    assert settled == "0 records count as written.\n1 records wait to be changed to what came since.\n"
    done = target(account, [])
    assert (done.code, done.count("responses", "updated")) == (0, 1)


def test_one_that_is_settled_without_an_id_is_not_made_again(
    account: Account, target: Any, response: dict[str, Any]
) -> None:
    journal_command.main(["--work-dir", str(target.folder), "settle"])

    assert target.write(account, "responses", response).count("responses", "unchanged") == 1
    assert target.write(account, "responses", {**response, **NEWER}).count("responses", "unknown") == 1
    assert len(account.records("responses")) == 1


@pytest.mark.parametrize("before", [{}, {"action_network_identifier_prefix": "theirs"}])
def test_what_was_sent_under_another_identifier_is_not_looked_for_by_the_new_one(
    account: Account, target: Any, before: dict[str, Any]
) -> None:
    account.fault(do="cut_after", method="POST", path="/donations", times=1)
    donation = {"id": "d", "person_id": "p", "fundraising_page_id": "f", "recipients": [{"amount": "5.00"}]}
    lines = [
        *target.messages("people", {"id": "p", "email": "p@example.org"}),
        *target.messages("fundraising_pages", {"id": "f", "title": "F"}),
    ]
    assert target(account, lines).code == 0
    cut_off = target(account, [*target.messages("donations", donation), {"type": "BATCH", "stream": "-"}], **before)

    done = target(account, [], action_network_identifier_prefix="ours")

    assert (cut_off.code, done.code) == (1, 3)
    assert done.count("donations", "unknown") == 1
    assert len(account.records("donations")) == 1
