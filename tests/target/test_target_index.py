"""The index of an account's people: it spares look-ups, proves nothing by itself, and nobody's consent hangs on it."""

from __future__ import annotations

import json
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from osdi_crm_sandbox.control import Account, Sandbox
from target_osdi_crm.report.journal_command import main
from target_osdi_crm.vendors import vendor

from tests.target_command import TargetCommand
from tests.writing_case import WritingCase

Record = dict[str, Any]
LAG = 2.0
"""Seconds until a change is sure to show; what the index has is fresh for twice as long."""

MANY = 30
"""People whose look-ups are worth an index."""


@pytest.fixture
def group(sandbox: Sandbox) -> Account:
    return sandbox.account("action_network")


@pytest.fixture(autouse=True)
def _slow_index(target: TargetCommand) -> None:
    target.settings["index_lag_seconds"] = LAG


def person(number: int, **more: Any) -> Record:
    return {"id": f"p{number}", "email": f"n{number}@example.org", "phone": f"(202) 555-{number:04}", **more}


def stored(number: int, status: str = "subscribed", **more: Any) -> Record:
    return {
        "email_addresses": [{"primary": True, "address": f"n{number}@example.org", "status": status}],
        "phone_numbers": [
            {"primary": True, "number": f"1202555{number:04}", "status": status, "number_type": "Mobile"}
        ],
        **more,
    }


def searches(account: Account) -> int:
    return sum("_address eq" in str(call["query"]) or "_number eq" in str(call["query"]) for call in account.log())


def writes(account: Account) -> Counter[str]:
    return Counter(call["method"] for call in account.log() if call["method"] != "GET")


def by_email(account: Account) -> dict[str, Record]:
    return {each["email_addresses"][0]["address"]: each for each in account.records("people")}


def status(who: Record, field: str = "email_addresses") -> str:
    return str(who[field][0]["status"])


def filled(target: TargetCommand, account: Account, many: int = MANY) -> None:
    """Have a run fill the index with whom the account has, and let that settle."""
    done = target.write(account, "people", *(person(n) for n in range(9_000, 9_000 + many)), source="filling")
    assert done.summary["people_are"].startswith("found by an index")
    time.sleep(2 * LAG + 1)
    account.clear_log()


@pytest.fixture
def listed(case: WritingCase) -> WritingCase:
    """A vendor whose people are listed, with some of them."""
    if not vendor(case.vendor).streams[case.people].listing:
        pytest.skip(f"{case.vendor}: nobody can list its people at once")
    for number in range(500, 520):
        case.insert(f"n{number}@example.org")
    return case


@pytest.mark.parametrize("subscribed", [True, False])
def test_new_people_of_any_vendor_are_created_without_looking_each_of_them_up(
    listed: WritingCase, target: TargetCommand, subscribed: bool
) -> None:
    people = [listed.person(n, subscribed=subscribed) for n in range(2 * MANY)]

    done = target.write(listed.account, listed.people, *people)

    assert done.code == 0, done.log
    assert (done.count(listed.people, "created"), len(listed.writes())) == (len(people), len(people))
    assert done.summary["calls"] <= len(people) + MANY
    assert done.summary["people_are"].startswith("found by an index")
    made = {each["email"]: each for each in map(dict, listed.shown())}
    assert made.keys() >= {f"n{n}@example.org" for n in range(2 * MANY)}


def test_people_of_any_vendor_of_whom_nothing_differs_cost_no_call_though_the_journal_is_lost(
    listed: WritingCase, target: TargetCommand
) -> None:
    people = [listed.person(n, family=f"Family{n}", subscribed=True) for n in range(2 * MANY)]
    target.write(listed.account, listed.people, *people)
    (target.folder / "journal.db").unlink()
    listed.account.clear_log()

    done = target.write(listed.account, listed.people, *people)
    again = target.write(listed.account, listed.people, *people)

    assert (done.count(listed.people, "unchanged"), again.summary["calls"]) == (len(people), 0), done.log
    assert listed.writes() == []
    assert done.summary["calls"] <= MANY


def test_custom_fields_and_numbers_in_any_spelling_are_told_unchanged_by_the_index(
    group: Account, target: TargetCommand
) -> None:
    people = [person(n, given_name=f"Name{n}", custom_fields={"Shirt": "L", "Age": 7}) for n in range(MANY)]
    target.write(group, "people", *people)
    group.clear_log()

    done = target.write(group, "people", *people, source="other")

    assert done.count("people", "unchanged") == MANY, done.log
    assert (searches(group), writes(group)) == (0, {})


def test_custom_fields_of_every_type_are_told_unchanged_by_the_index(sandbox: Sandbox, target: TargetCommand) -> None:
    nation = sandbox.account("nationbuilder")
    types = {"ward": ("number", 7), "member": ("checkbox", True), "shirt": ("text", "L")}
    fields = [{"name": slug, "slug": slug, "field_type": kind} for slug, (kind, _) in types.items()]
    nation.insert("custom_fields", [{"attributes": {**each, "resource_type": "Signup"}} for each in fields])
    values = {slug: value for slug, (_, value) in types.items()}
    people = [{"id": f"p{n}", "email": f"n{n}@example.org", "custom_values": values} for n in range(2 * MANY)]
    target.write(nation, "signups", *people)
    nation.clear_log()

    done = target.write(nation, "signups", *people, source="other")

    assert done.count("signups", "unchanged") == 2 * MANY, done.log
    assert done.summary["people_are"].startswith("found by an index")
    assert writes(nation) == {}


@pytest.mark.parametrize("which", ["opts out", "differs"])
def test_who_is_known_by_the_index_alone_is_changed_at_any_vendor_where_a_record_wants_that(
    listed: WritingCase, target: TargetCommand, which: str
) -> None:
    for number in range(2 * MANY):
        listed.insert(f"n{number}@example.org")
    more: Record = {"subscribed": False} if which == "opts out" else {"family": "New"}

    done = target.write(listed.account, listed.people, *(listed.person(n, **more) for n in range(2 * MANY)))

    assert done.summary["people_are"].startswith("found by an index")
    assert done.count(listed.people, "updated") == 2 * MANY, done.log
    shown = listed.account.records(listed.people)
    changed = [each for each in shown if listed.state(each) == listed.status[2] or listed.seen(each)[2] == "New"]
    assert len(changed) == 2 * MANY


def test_who_is_known_by_the_index_alone_and_differs_is_looked_up_once_and_changed(
    group: Account, target: TargetCommand
) -> None:
    group.insert("people", [stored(n, given_name="Old") for n in range(MANY)])

    done = target.write(group, "people", *(person(n, given_name="New") for n in range(MANY)))

    assert (done.count("people", "updated"), searches(group), writes(group)) == (MANY, MANY, {"PUT": MANY}), done.log
    assert all(status(each) == "subscribed" for each in group.records("people"))


@pytest.mark.parametrize("number", [3, MANY])
def test_few_people_and_all_where_that_is_set_are_looked_up_one_by_one(
    group: Account, target: TargetCommand, number: int
) -> None:
    done = target.write(group, "people", *(person(n) for n in range(number)), people_index=number < MANY)

    assert searches(group) == 2 * number
    assert (done.summary["people_are"] or "looked up").startswith("looked up")


def test_a_list_that_costs_more_than_its_look_ups_is_not_read(sandbox: Sandbox, target: TargetCommand) -> None:
    large = sandbox.account("action_network", counts={"people": 2_500})

    done = target.write(large, "people", *(person(n) for n in range(MANY)))

    assert searches(large) == 2 * MANY
    assert "takes 1" in done.summary["people_are"], done.summary
    assert done.summary["people_are"] in done.log


@pytest.mark.parametrize("moves", [pytest.param(True, marks=pytest.mark.chaos), False])
def test_an_opt_out_is_never_settled_by_the_index_alone(sandbox: Sandbox, target: TargetCommand, moves: bool) -> None:
    group = sandbox.account("action_network", status_moves_date=moves)
    there = group.insert("people", [stored(n, "unsubscribed") for n in range(MANY)])
    ids = [each["identifiers"][0].removeprefix("action_network:") for each in there]
    filled(target, group)
    for number, own in enumerate(ids):
        group.change("people", [own], **stored(number, "subscribed"))
    time.sleep(2 * LAG + 1)

    done = target.write(group, "people", *(person(n, unsubscribed=True) for n in range(MANY)))

    assert done.code == 0, done.log
    assert {status(each) for name, each in by_email(group).items() if int(name[1:-12]) < MANY} == {"unsubscribed"}


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.chaos)])
@pytest.mark.parametrize("moves", [True, False])
def test_nobodys_consent_hangs_on_an_index_that_is_wrong(
    sandbox: Sandbox, target: TargetCommand, seed: int, moves: bool
) -> None:
    check_a_wrong_index(sandbox, target, random.Random(f"{seed} {moves}"), people=60, moves=moves)


@pytest.mark.chaos
@pytest.mark.parametrize("moves", [True, False])
def test_nobodys_consent_hangs_on_a_large_index_that_is_wrong(
    sandbox: Sandbox, target: TargetCommand, moves: bool
) -> None:
    check_a_wrong_index(sandbox, target, random.Random(), people=2_000, moves=moves)


def check_a_wrong_index(
    sandbox: Sandbox, target: TargetCommand, choice: random.Random, *, people: int, moves: bool
) -> None:
    group = sandbox.account("action_network", status_moves_date=moves)
    words = ("subscribed", "unsubscribed")
    there = group.insert("people", [stored(n, choice.choice(words)) for n in range(people)])
    ids = [each["identifiers"][0].removeprefix("action_network:") for each in there]
    filled(target, group, max(MANY, people // 10))
    gone = set()
    for number, own in enumerate(ids):
        match choice.randrange(6):
            case 0 | 1:
                group.change("people", [own], **stored(number, words[number % 2]))
            case 2:
                address = {"primary": True, "address": f"moved{number}@example.org", "status": choice.choice(words)}
                group.change("people", [own], email_addresses=[address])
            case 3:
                group.delete("people", [own])
                gone.add(f"n{number}@example.org")
            case 4:
                group.delete("people", [own])
                gone.add(f"n{number}@example.org")
                taken = stored(number)["phone_numbers"]
                group.insert("people", [{**stored(number + people), "phone_numbers": taken}])
    before = group.records("people")
    time.sleep(2 * LAG + 1)
    asked: list[Record] = [{}, {"email_status": "subscribed"}, {"unsubscribed": True}]
    given = [person(n, **choice.choice(asked)) for n in range(people)]

    done = target.write(group, "people", *given)

    assert done.summary["people_are"].startswith("found by an index"), done.log
    after = {each["identifiers"][0]: each for each in group.records("people")}
    said = {each["email"]: each for each in given}
    for was in before:
        email, now = was["email_addresses"][0]["address"], after[was["identifiers"][0]]
        out = "unsubscribed" in said.get(email, {})
        assert status(now) == ("unsubscribed" if out else status(was)), "one was subscribed or unsubscribed"
    found = Counter(each["email_addresses"][0]["address"] for each in after.values())
    assert max(found.values()) == 1, "one is there twice"
    assert said.keys() <= found.keys() | gone, "one is missing"
    for email, record in said.items():
        if "unsubscribed" in record and email in found:
            assert status(by_email(group)[email]) == "unsubscribed", "an opt-out was lost"


@pytest.mark.parametrize("moves", [True, False])
def test_nobodys_consent_in_a_nation_hangs_on_an_index_that_is_wrong(
    sandbox: Sandbox, target: TargetCommand, moves: bool
) -> None:
    choice = random.Random(moves)
    nation = sandbox.account("nationbuilder")
    people, both = 2 * MANY, (True, False)

    def signup(number: int, *, subscribed: bool) -> Record:
        email = f"n{number}@example.org"
        return {"attributes": {"email": email, "email1": email, "first_name": "Ann", "email_opt_in": subscribed}}

    there = nation.insert("signups", [signup(n, subscribed=choice.choice(both)) for n in range(people)])
    new = ({"id": f"f{n}", "email": f"n{n}@example.org"} for n in range(900, 900 + 2 * MANY))
    assert target.write(nation, "signups", *new, source="filling").summary["people_are"].startswith("found by")
    gone = set()
    for number, each in enumerate(there):
        when = None if moves else each["attributes"]["updated_at"]
        match choice.randrange(5):
            case 0 | 1:
                nation.change("signups", [each["id"]], modified_date=when, email_opt_in=number % 2 == 0)
            case 2:
                nation.change("signups", [each["id"]], email=f"moved{number}@example.org")
            case 3:
                nation.delete("signups", [each["id"]])
                gone.add(f"n{number}@example.org")
    before = nation.records("signups")
    time.sleep(2 * LAG + 1)
    asked: list[Record] = [{}, {"email_opt_in": True}, {"email_opt_in": False}]
    given = [{"id": f"p{n}", "email": f"n{n}@example.org", **choice.choice(asked)} for n in range(people)]

    done = target.write(nation, "signups", *given)

    assert done.summary["people_are"].startswith("found by an index"), done.log
    after = {each["id"]: each["attributes"] for each in nation.records("signups")}
    said = {each["email"]: each.get("email_opt_in") for each in given}
    for was in (each["attributes"] for each in before):
        found = [each for each in after.values() if each["email"] == was["email"]]
        opted_out = said.get(was["email"]) is False
        assert [each["email_opt_in"] for each in found] == [was["email_opt_in"] and not opted_out]
    assert said.keys() <= {each["email"] for each in after.values()} | gone


def test_who_signs_up_while_a_run_goes_on_is_found_by_the_changes_and_keeps_their_consent(
    group: Account, target: TargetCommand, until: Callable[..., None]
) -> None:
    group.insert("people", [stored(n) for n in range(500, 520)])
    process = target.waiting(group, target.messages("people", *(person(n) for n in range(MANY))))
    until(lambda: writes(group)["POST"] == MANY)
    group.insert("people", [stored(n) for n in range(100, 100 + MANY)])
    time.sleep(2 * LAG + 0.5)
    group.clear_log()
    late = [{"type": "RECORD", "stream": "people", "record": person(n)} for n in range(100, 100 + MANY)]
    assert process.stdin
    process.stdin.write("".join(f"{json.dumps(each)}\n" for each in late))

    done = target.ended(process)

    assert (done.code, done.count("people", "created"), done.count("people", "unchanged")) == (0, MANY, MANY), done.log
    assert (searches(group), writes(group)) == (0, {})


def test_somebody_known_by_the_index_alone_who_is_gone_is_looked_up_and_not_vanished(
    group: Account, target: TargetCommand
) -> None:
    there = group.insert("people", [stored(n) for n in range(MANY)])
    filled(target, group)
    target.write(group, "people", *(person(n) for n in range(MANY)))
    for number, each in enumerate(there):
        group.delete("people", [each["identifiers"][0].removeprefix("action_network:")])
        if number % 2:
            group.insert("people", [stored(number)])
    group.clear_log()

    done = target.write(group, "people", *(person(n, given_name="New") for n in range(MANY)))

    assert done.count("people", "skipped") == 0
    assert (done.count("people", "created"), done.count("people", "updated")) == (MANY / 2, MANY / 2), done.log
    assert sum(each.get("given_name") == "New" for each in group.records("people")) == MANY


def test_who_hides_an_address_from_the_list_is_read_by_themselves(group: Account, target: TargetCommand) -> None:
    (there,) = group.insert("people", [stored(1, phone_numbers=[{"primary": True, "status": "subscribed"}])])
    own = there["identifiers"][0].removeprefix("action_network:")

    target.write(group, "people", *(person(n) for n in range(100, 100 + MANY)))

    assert [call["path"] for call in group.log() if call["path"].endswith(own)]


def test_an_index_that_was_killed_while_it_was_filled_is_not_complete_and_goes_on(
    sandbox: Sandbox, target: TargetCommand, until: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    group = sandbox.account("action_network", counts={"people": 1_500}, latency=0.05)
    messages = target.messages("people", *(person(n) for n in range(60)))
    process = target.started(group, messages)
    until(lambda: len(group.log()) > 30)
    process.kill()
    process.communicate()
    half = index_of(target, capsys)
    group.set(latency=0)
    group.clear_log()

    done = target.as_command(group, messages)

    assert (half["complete"], index_of(target, capsys)["complete"]) == ("no", "yes")
    assert (done.code, searches(group), group.counters()["resources"]["people"]) == (0, 0, 1_560), done.log
    assert index_of(target, capsys)["people"] >= 1_500


@pytest.mark.chaos
def test_killed_again_and_again_while_it_reads_refreshes_and_writes_everybody_is_there_once(
    sandbox: Sandbox,
    target: TargetCommand,
    until: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    kills = 25
    group = sandbox.account("action_network", counts={"people": 700}, latency=0.03)
    people = [person(n, email_status=("subscribed", "unsubscribed")[n % 2]) for n in range(100 + 20 * kills)]
    messages = target.messages("people", *people)
    choice = random.Random(kills)
    for _ in range(kills):
        group.clear_log()
        after = choice.randrange(5, 90)
        process = target.started(group, messages)
        until(lambda after=after, process=process: len(group.log()) > after or process.poll() is not None)
        process.kill()
        process.communicate()
    group.set(latency=0)

    done = target.as_command(group, messages)

    assert done.code == 0, done.log
    shown = [each for each in group.records("people") if each.get("email_addresses")]
    made = [each for each in shown if each["email_addresses"][0]["address"] in {one["email"] for one in people}]
    found = {each["email_addresses"][0]["address"]: status(each) for each in made}
    assert len(made) == len(found) == len(people)
    assert found == {each["email"]: each["email_status"] for each in people}
    assert index_of(target, capsys)["complete"] == "yes"


def test_a_dry_run_tells_how_many_calls_writing_takes_and_leaves_no_index(
    listed: WritingCase, target: TargetCommand
) -> None:
    people = [listed.person(n) for n in range(2 * MANY)]

    rehearsed = target.write(listed.account, listed.people, *people, dry_run=True)
    done = target.write(listed.account, listed.people, *people)

    told = rehearsed.summary["to_write"]["calls"]
    assert f"Writing this takes about {told:,} calls" in rehearsed.log
    assert rehearsed.summary["calls"] <= MANY
    assert abs(told - done.summary["calls"]) <= 5


def test_the_index_lies_in_postgres_where_the_journal_does(
    group: Account, target: TargetCommand, postgres: str
) -> None:
    group.insert("people", [stored(n) for n in range(500, 520)])
    people = [person(n, given_name="Ann") for n in range(MANY)]

    done = target.write(group, "people", *people, journal=postgres)
    group.clear_log()
    again = target.write(group, "people", *people, journal=postgres, source="other")

    assert (done.count("people", "created"), again.count("people", "unchanged")) == (MANY, MANY), again.log
    assert (searches(group), writes(group)) == (0, {})


def test_an_opt_out_that_creates_nobody_is_looked_up_though_the_index_shows_nobody(
    group: Account, target: TargetCommand
) -> None:
    filled(target, group)

    done = target.write(group, "people", *(person(n, unsubscribed=True) for n in range(MANY)), mode="update")

    assert (done.count("people", "skipped"), searches(group)) == (MANY, 2 * MANY), done.log


def test_an_index_that_cannot_be_read_leaves_the_look_ups(group: Account, target: TargetCommand) -> None:
    group.insert("people", [stored(1)])
    group.fault(do="status", status=400, method="GET", path="/people$", skip=1, times=1)

    done = target.write(group, "people", *(person(n) for n in range(MANY)))

    assert done.code == 0, done.log
    assert searches(group) == 2 * MANY
    assert "could not be read" in done.summary["people_are"]


def test_an_index_of_other_settings_is_filled_anew(
    group: Account, target: TargetCommand, capsys: pytest.CaptureFixture[str]
) -> None:
    group.insert("people", [stored(n) for n in range(MANY)])
    filled(target, group)
    there = [each["identifiers"][0].removeprefix("action_network:") for each in group.records("people")]
    group.delete("people", there[:10])

    target.write(group, "people", *(person(n) for n in range(100, 100 + MANY)), default_country="GB")

    assert index_of(target, capsys)["people"] == 2 * MANY - 10


def index_of(target: TargetCommand, capsys: pytest.CaptureFixture[str]) -> Record:
    capsys.readouterr()
    main(["--work-dir", str(target.folder), "status", "--format", "json"])
    (found,) = json.loads(capsys.readouterr().out)["people_indexes"]
    return dict(found)


def test_the_index_holds_nobodys_address(group: Account, target: TargetCommand) -> None:
    group.insert("people", [stored(n) for n in range(MANY)])
    filled(target, group)

    with sqlite3.connect(target.folder / "journal.db") as journal:
        rows = [*journal.execute("select * from indexed_people"), *journal.execute("select * from indexed_addresses")]

    assert len(rows) > MANY
    assert "example.org" not in str(rows)
    assert "202555" not in str(rows)


def test_somebody_who_may_have_gone_long_ago_is_not_taken_for_unchanged(group: Account, target: TargetCommand) -> None:
    there = group.insert("people", [stored(n) for n in range(MANY)])
    filled(target, group)
    group.delete("people", [each["identifiers"][0].removeprefix("action_network:") for each in there])
    with sqlite3.connect(target.folder / "journal.db") as journal:
        journal.execute("update people_indexes set begun = begun - 8 * 86400")

    done = target.write(group, "people", *(person(n) for n in range(MANY)))

    assert done.count("people", "created") == MANY, done.log


def test_purging_an_account_erases_its_index(group: Account, target: TargetCommand) -> None:
    group.insert("people", [stored(n) for n in range(MANY)])
    filled(target, group)

    main(["--work-dir", str(target.folder), "purge", "--yes"])

    with sqlite3.connect(target.folder / "journal.db") as journal:
        assert journal.execute("select count(*) from indexed_people").fetchone() == (0,)
