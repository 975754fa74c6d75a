"""Every resource whose deletion a vendor documents: gone there, told, done once, and refused without harm to others."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from osdi_crm_sandbox.control import Sandbox
from target_osdi_crm.vendors import vendor

from tests.target_command import Message, TargetCommand

GONE = {"_sdc_deleted_at": "2026-11-30T00:00:00Z"}


@dataclass(frozen=True)
class Deleting:
    """How one vendor's records are deleted.

    Attributes:
        streams: The streams whose records can be deleted, and what the sandbox calls them.
        key: What tells the target of a record that the sandbox holds.
        settings: Further settings of the target.
    """

    streams: dict[str, str]
    key: Callable[[Message], Message] = lambda held: {"id": held["id"]}
    settings: dict[str, Any] = field(default_factory=dict)


def of_a_nation(held: Message) -> Message:
    named = ("list_id", "signup_id") if held["type"] == "list_members" else ()
    return {name: held["attributes"][name] for name in named} or {"id": held["id"]}


def of_a_group(held: Message) -> Message:
    tag = held["_links"]["osdi:tag"]["href"].rpartition("/")[2]
    return {"id": held["identifiers"][0].removeprefix("action_network:"), "tag_id": tag}


def documented(name: str) -> dict[str, str]:
    return {stream: stream for stream, each in vendor(name).streams.items() if each.can_delete}


DELETING = {
    "nationbuilder": Deleting(
        {**documented("nationbuilder"), "list_signups": "list_members"},
        of_a_nation,
    ),
    "action_network": Deleting(documented("action_network"), of_a_group),
    "crowdskout": Deleting(documented("crowdskout")),
    "i360": Deleting(
        {"volunteers": "volunteers"},
        lambda held: {"VolunteerID": held["VolunteerID"]},
        {"i360_unconfirmed_writes": True},
    ),
}


DONE = (200, 202, 204)
WORDS = "it is still needed"


class Case:
    """An account, and of each stream that can be deleted one record that is to be."""

    def __init__(self, vendor: str, sandbox: Sandbox, target: TargetCommand) -> None:
        self._target = target
        self._how = DELETING[vendor]
        self.account = sandbox.account(vendor, size=20)
        before = {stream: self.account.records(held) for stream, held in self._how.streams.items()}
        self.doomed = {stream: records[-1] for stream, records in before.items()}
        target.settings.update(self._how.settings, ids_are_this_accounts=True, allow_delete=True, on_delete="delete")

    def messages(self) -> list[Message]:
        messages = []
        for stream, held in self.doomed.items():
            record = self._how.key(held)
            messages += self._target.messages(stream, {**record, **GONE}, key=list(record))
        return messages

    def left(self) -> set[str]:
        """The streams whose record is still there."""
        held = self._how.streams
        return {stream for stream, doomed in self.doomed.items() if doomed in self.account.records(held[stream])}

    def asked(self, *statuses: int) -> list[tuple[str, str]]:
        """The calls that delete and had one of these answers, each by its path and body."""
        calls = [each for each in self.account.log() if each["method"] == "DELETE" or "remove_signups" in each["path"]]
        return [(each["path"], str(each["body"])) for each in calls if each["status"] in statuses]


@pytest.fixture(params=DELETING)
def case(request: pytest.FixtureRequest, sandbox: Sandbox, target: TargetCommand) -> Case:
    return Case(request.param, sandbox, target)


def test_what_is_deleted_is_gone_and_told_and_asked_for_once(case: Case, target: TargetCommand) -> None:
    done = target(case.account, case.messages())
    asked = case.asked(*DONE)
    again = target(case.account, case.messages())

    assert (done.code, case.left()) == (0, set()), done.log
    told = {each: (done.count(each, "deleted"), done.by(each, "skipped")) for each in case.doomed}
    taken_along = (0, {"nothing to delete": 1})
    assert all(each in ((1, {}), taken_along) for each in told.values()), told
    assert sum(each == taken_along for each in told.values()) < len(told) / 4
    assert len(asked) == len(set(asked)) == sum(each != taken_along for each in told.values())
    assert (again.summary["calls"], {again.count(each, "unchanged") for each in case.doomed}) == (0, {1})


def test_what_the_vendor_keeps_is_rejected_with_its_words(case: Case, target: TargetCommand) -> None:
    refusal = {"do": "status", "status": 422, "body": dict.fromkeys(("message", "error", "messages"), WORDS)}
    case.account.fault(**refusal, method="DELETE", times=99)
    case.account.fault(**refusal, method="PATCH", path="/remove_signups", times=99)

    refused = target(case.account, case.messages())
    again = target(case.account, case.messages())
    case.account.clear_faults()
    retried = target(case.account, case.messages(), retry_rejected=True)

    assert (refused.code, again.code, retried.code) == (3, 0, 0)
    assert {each["stream"]: each["code"] for each in refused.rejects} == dict.fromkeys(case.doomed, "vendor_refused")
    assert all(WORDS in each["words"] for each in refused.rejects)
    assert (again.summary["calls"], case.left()) == (0, set())


@pytest.mark.chaos
def test_no_kill_forgets_or_repeats_a_deletion(case: Case, target: TargetCommand) -> None:
    case.account.set(latency=0.03)
    for wait in range(24):
        process = target.started(case.account, case.messages())
        time.sleep(0.7 + wait / 12)
        process.kill()
        process.communicate()

    done = target(case.account, case.messages())
    again = target(case.account, case.messages())

    asked = case.asked(*DONE)
    assert (done.code, case.left()) == (0, set()), done.log
    twice = {path for path, body in asked if asked.count((path, body)) > 1}
    assert all("remove_signups" in path for path in twice)  # which is as good as once, and leaves nothing to look up
    assert (len(set(asked)) <= len(case.doomed), again.summary["calls"]) == (True, 0)
