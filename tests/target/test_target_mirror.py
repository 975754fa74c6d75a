"""`mirror`: what a complete version of a stream did not bring is gone at the source; without proof nothing is."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import pytest
from osdi_crm_client.errors import ConfigurationError
from osdi_crm_sandbox.control import Account, Sandbox

from tests.target_command import Message, TargetCommand

SETTINGS: dict[str, Any] = {"mirror": ["*"], "allow_delete": True}
TAGS = 12
TOLD = "is not mirrored, and nothing of it deleted for that: "


def version(
    target: TargetCommand, stream: str, *records: Message, number: int = 1, reader: str = "ours", **more: Any
) -> list[Message]:
    """A complete version of a stream, as our tap sends it."""
    schema, *came = target.messages(stream, *records, key=more.get("key"))
    noted = {"version": number, "records": len(records), "reader": reader}
    return [
        schema,
        *({**each, "version": number} for each in came),
        target.state({"bookmarks": {stream: {"activate_version": noted}}}),
        {"type": "ACTIVATE_VERSION", "stream": stream, "version": number},
    ]


def donation(number: int) -> Message:
    return {"id": number, "signup_id": 1, "amount_in_cents": 100 + number, "succeeded_at": "2026-03-01T12:00:00Z"}


def donations(*numbers: int) -> list[Message]:
    return [donation(number) for number in numbers]


def amounts(nation: Account) -> set[int]:
    return {each["attributes"]["amount_in_cents"] - 100 for each in nation.records("donations")}


@pytest.fixture
def nation(sandbox: Sandbox, target: TargetCommand) -> Account:
    """A nation with the donations 0 to 3, which a complete version has brought."""
    account = sandbox.account("nationbuilder")
    target.settings.update(SETTINGS)
    signup = target.messages("signups", {"id": 1, "first_name": "Ann", "email": "ann@example.org"})
    done = target(account, [*signup, *version(target, "donations", *donations(0, 1, 2, 3))])
    assert done.code == 0, done.log
    assert amounts(account) == {0, 1, 2, 3}
    return account


def calls(nation: Account) -> list[str]:
    return [each["path"] for each in nation.log() if each["method"] == "DELETE"]


def test_what_a_complete_version_does_not_bring_is_deleted_once(nation: Account, target: TargetCommand) -> None:
    second = version(target, "donations", *donations(0, 2), number=2)

    planned = target(nation, second, dry_run=True)
    done = target(nation, second)
    again = target(nation, version(target, "donations", *donations(0, 2), number=3))

    assert sorted(each["key"] for each in planned.plan if each["plan"] == "delete") == ["1", "3"]
    assert (done.code, done.count("donations", "deleted"), amounts(nation)) == (0, 2, {0, 2}), done.log
    assert (again.code, again.count("donations", "deleted"), len(calls(nation))) == (0, 0, 2)


def test_a_stream_that_is_not_named_is_not_mirrored(nation: Account, target: TargetCommand) -> None:
    second = version(target, "donations", *donations(0), number=2)

    elsewhere = target(nation, second, mirror=["signups"])
    nowhere = target(nation, second, mirror=[])
    kept = target(nation, second, allow_delete=False)

    assert amounts(nation) == {0, 1, 2, 3}
    assert "ACTIVATE_VERSION messages are ignored: 'mirror' names no stream." in nowhere.log
    assert "ACTIVATE_VERSION" not in elsewhere.log
    assert "Deleted records of 'donations' are ignored: 'allow_delete' is not set." in kept.log
    with pytest.raises(ConfigurationError, match="'mirror' is set for 'donation', which is no stream"):
        target(nation, second, mirror=["donation"])


def test_an_input_that_is_cut_deletes_nothing_wherever_it_is_cut(nation: Account, target: TargetCommand) -> None:
    whole = version(target, "donations", *donations(0, 1, 2), number=2)

    for end in range(len(whole)):
        assert target(nation, whole[:end]).code == 0
        assert amounts(nation) == {0, 1, 2, 3}
    target(nation, whole)
    assert amounts(nation) == {0, 1, 2}


def unproven(target: TargetCommand) -> dict[str, tuple[list[Message], dict[str, Any], str]]:
    """Inputs that bring less than is known and prove nothing, with settings and what is told."""
    schema, *rest = whole = version(target, "donations", *donations(0, 1), number=2)
    *records, state, activate = rest
    without = [{name: value for name, value in each.items() if name != "version"} for each in records]
    only_first = {"donations": {"__filter__": "str(id) == '0'"}}
    keyless = version(target, "donations", *donations(0), {"amount_in_cents": 5}, number=2)
    unknown = "no STATE says, after the records, how many there were"
    return {
        "as the SDK's taps": ([schema, activate, *records, target.state({"bookmarks": {}})], {}, unknown),
        "no count": ([schema, *records, target.state({"bookmarks": {"donations": {}}}), activate], {}, unknown),
        "no state": ([schema, *records, activate], {}, unknown),
        "another's count": ([schema, *records, state, {**activate, "version": 3}], {}, unknown),
        "a mapper with a filter": ([schema, records[0], state, activate], {}, "1 records of 2 came"),
        "a filter of the target's": (whole, {"stream_maps": only_first}, "1 records of 2 came"),
        "records without a version": ([schema, *without, state, activate], {}, "0 records of 2 came"),
        "records of another version": ([schema, {**records[0], "version": 1}, *rest[1:]], {}, "1 records of 2 came"),
        "a record without a key": (keyless, {}, "some of its records have no usable key"),
        "nothing came": (version(target, "donations", number=2), {}, "no records came"),
        "more came after it": ([*whole, records[0]], {}, ""),
    }


@pytest.mark.parametrize("what", unproven(TargetCommand(None)))  # type: ignore[arg-type]
def test_without_proof_nothing_is_deleted_and_that_is_told(nation: Account, target: TargetCommand, what: str) -> None:
    messages, settings, words = unproven(target)[what]

    done = target(nation, messages, **settings)

    assert amounts(nation) >= {0, 1, 2, 3}
    assert done.log.count(TOLD) == bool(words), done.log
    assert words in done.log


def test_what_other_credentials_never_showed_is_left_alone(nation: Account, target: TargetCommand) -> None:
    def run(number: int, reader: str, *brought: int) -> Any:
        return target(nation, version(target, "donations", *donations(*brought), number=number, reader=reader))

    other = run(2, "less", 0, 1)
    still = run(3, "less", 0)
    back = run(4, "less", 0, 2)
    gone = run(5, "less", 0)

    assert "'donations' was read with other credentials or settings than before" in other.log
    assert (other.count("donations", "deleted"), still.count("donations", "deleted")) == (0, 1)
    assert (back.count("donations", "deleted"), gone.count("donations", "deleted")) == (0, 1)
    assert amounts(nation) == {0, 3}


def test_streams_that_are_written_as_one_are_not_mirrored(nation: Account, target: TargetCommand) -> None:
    gifts = [{**each, "stream": "gifts"} for each in version(target, "donations", *donations(0), number=2)[:2]]

    done = target(
        nation,
        [*gifts, *version(target, "donations", *donations(1), number=2)],
        stream_maps={"gifts": {"__alias__": "donations"}, "donations": {}},
    )

    assert amounts(nation) == {0, 1, 2, 3}
    assert "records of donations and gifts are written to it" in done.log


def test_a_record_under_another_key_keeps_what_it_stands_for(sandbox: Sandbox, target: TargetCommand) -> None:
    account = sandbox.account("nationbuilder")
    target.settings.update(SETTINGS)
    target(account, version(target, "signup_tags", {"id": "a", "name": "Red"}, {"id": "b", "name": "Blue"}))

    done = target(account, version(target, "signup_tags", {"id": "c", "name": "Red"}, number=2))

    assert [each["attributes"]["name"] for each in account.records("signup_tags")] == ["Red"], done.log
    assert (done.count("signup_tags", "deleted"), done.count("signup_tags", "skipped")) == (1, 1)


def test_what_waits_is_not_written_once_it_is_gone(nation: Account, target: TargetCommand) -> None:
    orphan = {**donation(9), "signup_id": 7}
    target(nation, version(target, "donations", *donations(0, 1, 2, 3), orphan, number=2))

    target(nation, version(target, "donations", *donations(0, 1, 2, 3), number=3))
    done = target(nation, target.messages("signups", {"id": 7, "email": "bob@example.org"}))

    assert done.code == 0, done.log
    assert amounts(nation) == {0, 1, 2, 3}


def test_caps_hold_for_what_is_gone(sandbox: Sandbox, target: TargetCommand) -> None:
    account = sandbox.account("nationbuilder")
    target.settings.update(SETTINGS)
    tags = [{"id": number, "name": f"tag {number}"} for number in range(TAGS)]
    target(account, version(target, "signup_tags", *tags))

    done = target(account, version(target, "signup_tags", tags[0], number=2))

    assert done.code == 4
    assert len(account.records("signup_tags")) == TAGS - 10


def test_a_deletion_that_is_refused_is_told_and_not_asked_for_again(nation: Account, target: TargetCommand) -> None:
    nation.fault(do="status", status=422, method="DELETE", body={"message": "it is needed"})

    refused = target(nation, version(target, "donations", *donations(0, 1, 2), number=2))
    again = target(nation, version(target, "donations", *donations(0, 1, 2), number=3))

    assert (refused.code, refused.rejects[0]["code"], again.code) == (3, "vendor_refused", 0)
    assert len(calls(nation)) == 1


def test_people_who_are_gone_are_unsubscribed_where_that_is_said(case: Any, target: TargetCommand) -> None:
    target.settings.update(SETTINGS, on_delete="unsubscribe")
    more = {"subscribed": True} if case.status[0] else {}
    people = [case.person(number, **more) for number in (1, 2)]

    def run(*records: Message, number: int) -> Any:
        return target(case.account, version(target, case.people, *records, number=number, key=[case.key]))

    run(*people, number=1)
    done = run(people[0], number=2)
    again = run(people[0], number=3)

    assert len(case.shown()) == 2
    if case.vendor == "i360":
        return
    assert (done.code, again.code) == (0, 0), done.log
    if case.status[0]:
        states = sorted(str(case.state(each)) for each in case.account.records(case.people) if case.is_made(each))
        assert states == sorted(map(str, case.status[1:])), done.log
    assert again.count(case.people, "updated") == 0


@pytest.mark.parametrize(
    ("asked", "fault"),
    [
        ("GET", {"do": "delay", "seconds": 30}),
        ("DELETE", {"do": "delay", "seconds": 30}),
        ("DELETE", {"do": "cut_after"}),
        ("DELETE", {}),
    ],
)
def test_deletions_are_neither_forgotten_nor_repeated_when_a_run_is_killed(
    nation: Account, target: TargetCommand, asked: str, fault: dict[str, Any]
) -> None:
    second = version(target, "donations", *donations(0), number=2)
    nation.clear_log()
    if fault:
        nation.fault(method=asked, path="/donations/", times=1, **fault)

    process = target.started(nation, second)
    while not nation.counters()["calls"] and process.poll() is None:
        time.sleep(0.01)
    while asked == "DELETE" and not calls(nation) and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    process.communicate()
    nation.clear_faults()
    done = target(nation, second)
    again = target(nation, second)

    assert (done.code, amounts(nation)) == (0, {0}), done.log
    assert (again.count("donations", "deleted"), again.summary["calls"]) == (0, 0)
    gone = [each["path"] for each in nation.log() if each["method"] == "DELETE" and each["status"] in {200, 204}]
    assert len(gone) == len(set(gone)) <= 3


@pytest.mark.chaos
def test_deletions_survive_kills_at_any_moment(nation: Account, target: TargetCommand) -> None:
    target(nation, version(target, "donations", *donations(*range(60)), number=2))
    nation.set(latency=0.02)
    third = version(target, "donations", *donations(0, 1), number=3)
    target.settings.update(max_deletes=1000, max_deletes_share=1)
    for wait in range(40):
        process = target.started(nation, third)
        time.sleep(0.6 + wait / 30)
        process.kill()
        process.communicate()

    target(nation, third)
    again = target(nation, third)

    assert amounts(nation) == {0, 1}
    assert again.summary["calls"] == 0


def pipe(run: Any, streams: Iterable[str]) -> list[Message]:
    assert run.code == 0, run.log
    wanted = set(streams)
    return [each for each in run.messages if each["type"] == "STATE" or each["stream"] in wanted]


def test_taggings_follow_from_one_group_to_another(sandbox: Sandbox, target: TargetCommand, tap: Any) -> None:
    here, there = sandbox.account("action_network", size=20), sandbox.account("action_network")
    settings = tap.settings(here, action_network_taggings_of=["*"], emit_activate_version_messages=True)
    streams = ("people", "tags", "taggings")
    target.settings.update(SETTINGS, mirror=["taggings"], new_person_consent="unsubscribed")
    target(there, pipe(tap(settings, *streams), streams))
    taggings = here.records("taggings")
    assert len(there.records("taggings")) == len(taggings) > 2

    gone = [each["identifiers"][0].removeprefix("action_network:") for each in taggings[:2]]
    here.delete("taggings", gone)
    done = target(there, pipe(tap(settings, *streams), streams))
    again = target(there, pipe(tap(settings, *streams), streams))

    assert (done.count("taggings", "deleted"), len(there.records("taggings"))) == (2, len(taggings) - 2), done.log
    assert [each["method"] for each in there.log()].count("DELETE") == 2
    assert again.count("taggings", "deleted") == 0


def test_members_of_lists_follow_from_one_nation_to_another(sandbox: Sandbox, target: TargetCommand, tap: Any) -> None:
    here, there = sandbox.account("nationbuilder", size=20), sandbox.account("nationbuilder")
    settings = tap.settings(here, emit_activate_version_messages=True)
    streams = ("signups", "lists", "list_signups")
    target.settings.update(SETTINGS, mirror=["list_signups"], nationbuilder_unknown_custom_fields="withhold")
    first = tap(settings, *streams)
    done = target(there, pipe(first, streams))
    assert done.code == 0, done.log
    members = first.records("list_signups")
    assert len(members) > 2

    kept = [each for each in pipe(first, streams) if each.get("record") != members[0]]
    for each in kept:
        noted = each.get("value", {}).get("bookmarks", {}).get("list_signups", {}).get("activate_version")
        if noted:
            noted["records"] = len(members) - 1
    done = target(there, kept)

    assert (done.code, done.count("list_signups", "deleted")) == (0, 1), done.log
    assert sum(each["path"].endswith("remove_signups") for each in there.log()) == 1
