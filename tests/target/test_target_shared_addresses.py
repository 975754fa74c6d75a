"""Addresses that two people share: nobody's consent comes along, nothing is lost, and each is told of."""

from __future__ import annotations

from typing import Any

import pytest
from osdi_crm_sandbox.control import Account, Sandbox

from tests.target_command import TargetCommand

Record = dict[str, Any]
MATCHED_BY_EMAIL = {"crowdskout": "profiles are matched by their IDs"}


@pytest.fixture
def group(sandbox: Sandbox) -> Account:
    return sandbox.account("action_network")


@pytest.fixture
def nation(sandbox: Sandbox) -> Account:
    return sandbox.account("nationbuilder")


def phones(group: Account) -> dict[str, list[tuple[str, str]]]:
    return {
        each["email_addresses"][0]["address"][0]: [(p["number"], p["status"]) for p in each.get("phone_numbers", ())]
        for each in group.records("people")
    }


# A number of which the vendor knows one holder


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({}, {"a": [("12025550111", "unsubscribed")], "b": [("12025550199", "subscribed")]}),
        ({"phone": "first"}, {"a": [("12025550111", "unsubscribed")], "b": [("12025550199", "subscribed")]}),
        ({"phone": "merge"}, {"a": [("12025550199", "unsubscribed")], "b": []}),
    ],
)
def test_a_number_that_passes_to_somebody_known_brings_nobodys_consent_along(
    group: Account, target: TargetCommand, rule: Record, expected: Record
) -> None:
    bob = {"id": "b", "email": "b@example.org", "phone": "2025550199", "phone_status": "subscribed"}
    ann = {"id": "a", "email": "a@example.org", "phone": "2025550111"}
    target.write(group, "people", bob, ann)

    done = target.write(group, "people", {**ann, "phone": "2025550199"}, shared_address=rule)

    assert done.code == 0, done.log
    assert phones(group) == expected
    told = done.by("people", "withheld") if rule.get("phone") != "merge" else done.by("people", "consent")
    assert told in ({"phone that another person has": 1}, {"phone taken from another person": 1})


def test_a_number_that_passes_to_somebody_known_is_a_rejection_where_that_is_said(
    group: Account, target: TargetCommand
) -> None:
    bob = {"id": "b", "email": "b@example.org", "phone": "2025550199", "phone_status": "subscribed"}
    ann = {"id": "a", "email": "a@example.org"}
    target.write(group, "people", bob, ann)

    done = target.write(group, "people", {**ann, "phone": "2025550199"}, shared_address={"phone": "reject"})

    assert (done.code, done.rejects[0]["code"]) == (3, "shared_address")
    assert phones(group) == {"a": [], "b": [("12025550199", "subscribed")]}


def test_an_address_that_did_not_change_costs_no_look(group: Account, target: TargetCommand) -> None:
    ann = {"id": "a", "email": "a@example.org", "phone": "2025550111"}
    target.write(group, "people", ann)
    group.clear_log()

    done = target.write(group, "people", {**ann, "given_name": "Ann"})

    assert (done.code, group.counters()["calls"]) == (0, 1)


# Two records of one source with one e-mail address


def test_two_records_of_one_address_are_one_person_of_whom_the_first_owns_what_differs(
    case: Any, target: TargetCommand
) -> None:
    if why := MATCHED_BY_EMAIL.get(case.vendor):
        pytest.skip(why)
    one, two = ({**case.person(1, family=name), case.key: name} for name in ("First", "Second"))

    done = target.write(case.account, case.people, one, two)
    (both,) = case.shown()
    later = target.write(case.account, case.people, {**two, case.given: "Other"}, {**one, case.given: "Anna"})

    assert (done.code, both["family"]) == (0, "First")
    assert case.shown()[0]["family"] == "First"
    assert later.count(case.people, "updated") == 1
    told = "what differs from an earlier record of the same person"
    assert (done.by(case.people, "withheld"), later.by(case.people, "withheld")) == ({told: 1}, {told: 1})


def test_the_first_owns_the_custom_fields_too_whatever_their_columns(group: Account, target: TargetCommand) -> None:
    group.insert("custom_fields", [{"name": "Hat Size", "notes": None}])
    one, two = ({"id": each, "email": "a@example.org", "custom_hat_size": each} for each in "12")

    done = target.write(group, "people", one, {**two, "custom_ward": "7"})

    assert done.code == 0, done.log
    (both,) = group.records("people")
    assert both["custom_fields"] == {"Hat Size": "1", "ward": "7"}


def test_an_opt_out_of_either_record_holds_for_the_one_person(group: Account, target: TargetCommand) -> None:
    one = {"id": "1", "email": "a@example.org", "email_status": "subscribed"}
    target.write(group, "people", one)

    done = target.write(group, "people", {**one, "id": "2", "email_status": "unsubscribed", "family_name": "Lee"})

    assert done.code == 0, done.log
    (there,) = group.records("people")
    assert (there["email_addresses"][0]["status"], there["family_name"]) == ("unsubscribed", "Lee")


@pytest.mark.parametrize(("rule", "code"), [("first", "person_not_identifiable"), ("reject", "shared_address")])
def test_two_records_of_one_address_are_told_apart_where_that_is_said(
    group: Account, target: TargetCommand, rule: str, code: str
) -> None:
    records = [{"id": each, "email": "a@example.org", "given_name": each} for each in "12"]

    done = target.write(group, "people", *records, shared_address={"email": rule})

    assert [each["code"] for each in done.rejects] == [code]
    assert [each["given_name"] for each in group.records("people")] == ["1"]


# Several addresses of one person


def signup(nation: Account) -> Record:
    (there,) = [each["attributes"] for each in nation.records("signups") if not each["attributes"].get("is_cpu")]
    return {name: there.get(name) for name in ("email", "email1", "email2", "primary_email_id", "first_name")}


@pytest.mark.parametrize("more", [{}, {"email1": "b@example.org"}, {"email1": "b@example.org", "email1_is_bad": True}])
def test_a_person_found_by_the_second_address_keeps_the_first(
    nation: Account, target: TargetCommand, more: Record
) -> None:
    nation.insert(
        "signups",
        [{"attributes": {"email": "a@example.org", "email1": "a@example.org", "email2": "b@example.org"}}],
    )
    record = {"id": 1, "email": "b@example.org", "first_name": "Ann", **more}

    runs = [target.write(nation, "signups", {**record, "first_name": name}) for name in ("Ann", "Anna")]

    assert [run.code for run in runs] == [0, 0], runs[-1].log
    there = signup(nation)
    assert (there["email"], there["email1"], there["email2"]) == ("a@example.org", "a@example.org", "b@example.org")
    assert there["first_name"] == "Anna"


def test_a_bad_address_does_not_become_the_primary_one(nation: Account, target: TargetCommand) -> None:
    record = {"id": 1, "email1": "bad@example.org", "email1_is_bad": True, "email2": "good@example.org"}

    done = target.write(nation, "signups", record)

    assert done.code == 0, done.log
    assert signup(nation)["email"] == "good@example.org"
