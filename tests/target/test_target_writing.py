"""The life of a record: matching, waiting, rejection, retry, limits, dry run, and what is passed on when."""

from __future__ import annotations

import gzip
import json
import re
import threading
from typing import Any

import pytest
from osdi_crm_client.errors import ConfigurationError
from osdi_crm_client.retry import MAX_TRIES
from osdi_crm_client.vendor import vendor as client_vendor
from osdi_crm_sandbox.control import Account, Sandbox
from target_osdi_crm.vendors import vendor


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    return sandbox.account("action_network")


def person(number: int, **more: Any) -> dict[str, Any]:
    return {"id": f"p{number}", "given_name": f"Name{number}", "email": f"n{number}@example.org", **more}


def at_vendor(email: str | None = None, phone: str | None = None, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = dict(more)
    if email:
        found["email_addresses"] = [{"primary": True, "address": email, "status": "subscribed"}]
    if phone:
        found["phone_numbers"] = [{"primary": True, "number": phone, "status": "subscribed"}]
    return found


def uuid(record: dict[str, Any]) -> str:
    return str(record["identifiers"][0]).removeprefix("action_network:")


def writes(account: Account) -> list[dict[str, Any]]:
    return [call for call in account.log() if call["method"] in {"POST", "PUT", "PATCH", "DELETE"}]


# Unchanged


def test_the_same_again_costs_no_call(case: Any, target: Any) -> None:
    account = case.account
    records = [case.person(number) for number in range(30)]
    first = target.write(account, case.people, *records)
    account.clear_log()

    second = target.write(account, case.people, *records)

    assert (first.code, second.code) == (0, 0)
    assert first.count(case.people, "created") == 30
    assert second.count(case.people, "unchanged") == 30
    assert account.counters()["calls"] == 0


def test_what_cannot_be_written_may_change_without_a_call(account: Account, target: Any) -> None:
    target.write(account, "people", person(1, modified_date="2024-01-01T00:00:00Z"))
    account.clear_log()

    done = target.write(account, "people", person(1, modified_date="2025-01-01T00:00:00Z"))

    assert done.count("people", "unchanged") == 1
    assert account.counters()["calls"] == 0


@pytest.mark.parametrize("how", [{"resend": True}, {"resend_after_days": 0}, {"default_country": "CA"}])
def test_unchanged_records_are_sent_again_on_demand_with_age_and_with_other_settings(
    case: Any, target: Any, how: dict[str, Any]
) -> None:
    account = case.account
    target.write(account, case.people, case.person(1))
    account.clear_log()

    done = target.write(account, case.people, case.person(1), **how)
    calls = account.counters()["calls"]
    account.clear_log()
    again = target.write(account, case.people, case.person(1), resend_after_days=1)

    # where a known person is always read first, what is there already is not sent
    compared = vendor(case.vendor).streams[case.people].read_before_update
    assert done.count(case.people, "unchanged" if compared else "updated") == 1
    assert calls > 0
    assert (account.counters()["calls"] > 0) == ("default_country" in how)
    assert again.code == 0


def test_back_and_forth_within_a_run_ends_as_it_ended(case: Any, target: Any) -> None:
    account = case.account
    target.write(account, case.people, case.person(1, family="A"))
    names = ["B", "A", "C", "A"]

    done = target.write(account, case.people, *(case.person(1, family=name) for name in names))

    assert done.code == 0, done.log
    assert case.shown()[0]["family"] == "A"
    assert done.count(case.people, "updated") == 4


def test_a_person_the_vendor_has_just_so_is_left_alone(case: Any, target: Any) -> None:
    case.insert("n1@example.org", "Name1")

    done = target.write(case.account, case.people, case.person(1))

    assert done.count(case.people, "unchanged") == 1
    assert case.writes() == []


# Matching


@pytest.mark.parametrize(("mode", "expected"), [("upsert", [1, 1, 0]), ("create", [1, 0, 1]), ("update", [0, 1, 1])])
def test_modes(case: Any, target: Any, mode: str, expected: list[int]) -> None:
    account = case.account
    case.insert("n1@example.org")

    done = target.write(account, case.people, case.person(1), case.person(2), mode=mode)

    assert done.code == 0, done.log
    assert [done.count(case.people, what) for what in ("created", "updated", "skipped")] == expected
    account.clear_log()
    again = target.write(account, case.people, case.person(1), case.person(2), mode=mode)
    assert account.counters()["calls"] == 0
    assert again.count(case.people, "skipped") == expected[2]


def test_a_skipped_person_is_known_to_those_who_refer_to_it(account: Account, target: Any) -> None:
    account.insert("people", [at_vendor("n1@example.org")])
    messages = [
        *target.messages("people", person(1)),
        *target.messages("petitions", {"id": "a", "title": "T"}),
        *target.messages("signatures", {"id": "s", "petition_id": "a", "person_id": "p1"}),
    ]

    done = target(account, messages, mode="create")

    assert done.code == 0, done.log
    assert len(account.records("signatures")) == 1


def test_a_person_is_found_by_phone_where_the_record_has_no_address(account: Account, target: Any) -> None:
    (there,) = account.insert("people", [at_vendor("x@example.org", "12025550143")])

    done = target.write(account, "people", {"id": "1", "given_name": "Ada", "phone": "+1 (202) 555-0143"})

    assert done.code == 0, done.log
    (stored,) = account.records("people")
    assert uuid(stored) == uuid(there)
    assert stored["given_name"] == "Ada"


def test_more_than_one_match_is_rejected_with_the_candidates(account: Account, target: Any) -> None:
    there = account.insert("people", [at_vendor("n1@example.org"), at_vendor(phone="12025550143")])

    done = target.write(account, "people", person(1, phone="2025550143"), shared_address={"phone": "merge"})

    assert done.code == 3
    assert done.rejects[0]["reason"] == "more than one match"
    assert all(uuid(each) in done.rejects[0]["words"] for each in there)
    assert writes(account) == []


@pytest.mark.parametrize("rule", [None, "first", "merge", "reject"])
def test_the_phone_of_somebody_with_another_address_is_theirs(account: Account, target: Any, rule: str | None) -> None:
    account.insert("people", [at_vendor("spouse@example.org", "12025550143")])
    more = {"shared_address": {"phone": rule}} if rule else {}

    done = target.write(account, "people", person(1, phone="2025550143"), **more)

    phones = {
        each["email_addresses"][0]["address"]: [phone["number"] for phone in each.get("phone_numbers", ())]
        for each in account.records("people")
    }
    if rule == "reject":
        assert (done.code, done.rejects[0]["reason"]) == (3, "shared address")
    assert (
        phones
        == {
            None: {"spouse@example.org": ["12025550143"], "n1@example.org": []},
            "first": {"spouse@example.org": ["12025550143"], "n1@example.org": []},
            "merge": {"n1@example.org": ["12025550143"]},
            "reject": {"spouse@example.org": ["12025550143"]},
        }[rule]
    )
    if rule in {None, "first"}:
        assert done.by("people", "withheld") == {"phone that another person has": 1}


def test_other_match_keys_by_setting(account: Account, target: Any) -> None:
    account.insert("petitions", [{"title": "Stop it", "origin_system": "Ours", "description": "old"}])

    done = target.write(
        account,
        "petitions",
        {"id": "1", "title": "Stop it", "description": "new"},
        match_keys={"petitions": ["title"]},
    )

    assert done.code == 0, done.log
    (petition,) = account.records("petitions")
    assert petition["description"] == "new"


@pytest.mark.parametrize("keys", [{"people": ["shoe_size"]}, {"nonsense": ["email"]}, {"taggings": ["id"]}])
def test_match_keys_that_do_not_exist_are_one_clear_line(account: Account, target: Any, keys: Any) -> None:
    done = target.as_command(account, [], match_keys=keys)

    assert done.code == 1
    assert "The setting 'match_keys' names" in done.log
    assert "Traceback" not in done.log


def test_two_records_of_one_person_are_matched_though_the_search_lags(case: Any, target: Any) -> None:
    account = case.account
    account.set(index_lag=2.0)

    done = target.write(
        account, case.people, {**case.person(1), "id": "a"}, {**case.person(1), "id": "b"}, index_lag_seconds=2
    )

    assert done.code == 0, done.log
    assert len(case.shown()) == 1
    assert [done.count(case.people, what) for what in ("created", "unchanged")] == [1, 1]


def test_ids_are_the_vendors_only_if_the_setting_says_so(case: Any, target: Any) -> None:
    account = case.account
    there = case.insert("old@example.org")

    other = target.write(account, case.people, case.record(there, "new@example.org"))
    assert other.count(case.people, "created") == 1
    assert len(case.shown()) == 2

    own = {"ids_are_this_accounts": True, "source": "second"}
    same = target.write(account, case.people, case.record(there, "newer@example.org"), **own)

    assert same.code == 0, same.log
    assert same.count(case.people, "updated") == 1
    assert {each["email"] for each in case.shown()} == {
        "new@example.org",
        "newer@example.org",
    }


def test_the_same_key_of_two_sources_is_two_records(account: Account, target: Any) -> None:
    target.write(account, "petitions", {"id": "1", "title": "One"}, source="here")

    done = target.write(account, "petitions", {"id": "1", "title": "Other"}, source="there")

    assert done.count("petitions", "created") == 1
    assert len(account.records("petitions")) == 2


def test_an_address_that_passes_to_somebody_else_does_not_make_two_people_one(case: Any, target: Any) -> None:
    target.write(case.account, case.people, case.record("a", "old@example.org", family="One"))

    done = target.write(
        case.account,
        case.people,
        case.record("a", "new@example.org", family="One"),
        case.record("b", "old@example.org", family="Two"),
    )

    assert done.code == 0, done.rejects
    shown = {each["email"]: each["family"] for each in case.shown()}
    assert shown == {"new@example.org": "One", "old@example.org": "Two"}


def test_an_address_that_passes_to_somebody_else_does_not_make_two_one_though_the_search_lags(
    account: Account, target: Any
) -> None:
    account.set(index_lag=1)

    done = target.write(
        account,
        "people",
        person(1),
        person(1, email="new@example.org"),
        {**person(1), "id": "p2", "given_name": "Other"},
        index_lag_seconds=1,
    )

    assert done.code == 0, done.rejects
    shown = {each["email_addresses"][0]["address"]: each["given_name"] for each in account.records("people")}
    assert shown == {"new@example.org": "Name1", "n1@example.org": "Other"}


def test_an_answer_about_somebody_else_does_not_make_them_the_one_to_change(account: Account, target: Any) -> None:
    target.write(account, "people", person(1), person(2))
    (other,) = [each for each in account.records("people") if each["given_name"] == "Name2"]
    account.fault(do="status", method="PUT", status=200, body=other, times=1)

    odd = target.write(account, "people", person(1, family_name="A"))
    done = target.write(account, "people", person(1, family_name="B"))

    assert (odd.code, odd.rejects[0]["reason"], done.code) == (3, "not applied", 0)
    assert {each["given_name"]: each.get("family_name") for each in account.records("people")} == {
        "Name1": "B",
        "Name2": None,
    }


def test_a_record_that_vanished_from_the_vendor_is_matched_anew(case: Any, target: Any) -> None:
    account = case.account
    target.write(account, case.people, case.person(1))
    account.delete(case.people, [case.shown()[0]["id"]])

    done = target.write(account, case.people, case.person(1, family="Back"), on_vanished="recreate")

    assert done.code == 0, done.log
    assert case.shown()[0]["family"] == "Back"


def test_a_record_that_vanished_from_the_vendor_is_left_alone_and_told(case: Any, target: Any) -> None:
    account = case.account
    target.write(account, case.people, case.person(1))
    account.delete(case.people, [case.shown()[0]["id"]])
    target.write(account, case.people, case.person(2))
    more = {"subscribed": True} if case.status[0] else {}

    runs = [target.write(account, case.people, case.person(1, family=family, **more)) for family in ("Back", "Again")]

    assert [run.code for run in runs] == [0, 0]
    assert [run.by(case.people, "skipped") for run in runs] == [{"vanished": 1}, {"vanished": 1}]
    assert [each["email"] for each in case.shown()] == ["n2@example.org"]


def test_a_person_that_vanished_is_not_subscribed_by_being_made_anew(case: Any, target: Any) -> None:
    more = {"subscribed": True} if case.status[0] else {}
    target.write(case.account, case.people, case.person(1, **more))
    case.account.delete(case.people, [case.shown()[0]["id"]])
    again = case.person(1, family="Back", **more)

    done = target.write(case.account, case.people, again, on_vanished={case.people: "recreate"}, allow_resubscribe=True)

    assert done.code == 0, done.log
    assert case.shown()[0]["family"] == "Back"
    assert not case.status[0] or not case.is_subscribed()


def test_whoever_a_merged_person_became_takes_the_record_and_her_opt_out(case: Any, target: Any) -> None:
    more = {"subscribed": True} if case.status[0] else {}
    target.write(case.account, case.people, case.person(1, **more))
    case.account.delete(case.people, [case.shown()[0]["id"]])
    survivor = case.insert("n1@example.org")
    out = {"subscribed": False} if case.status[0] else {}

    done = target.write(case.account, case.people, case.person(1, family="Merged", **out))
    case.account.clear_log()
    again = target.write(case.account, case.people, case.person(1, family="Merged", **out))

    assert (done.code, again.code) == (0, 0), done.log
    assert [(each["id"], each["family"]) for each in case.shown()] == [(survivor, "Merged")]
    assert not case.status[0] or not case.is_subscribed()
    assert again.count(case.people, "unchanged") == 1
    assert case.writes() == []


def test_a_merged_person_is_found_by_what_identifies_her(account: Account, target: Any) -> None:
    known = {**person(1), "identifiers": ["ours:1"]}
    target.write(account, "people", known, action_network_send_identifiers=True)
    account.delete("people", [uuid(account.records("people")[0])])
    account.insert(
        "people",
        [{"identifiers": ["ours:1"], "email_addresses": [{"address": "new@example.org", "status": "unsubscribed"}]}],
    )

    changed = {**known, "family_name": "Merged", "email_status": "subscribed"}
    done = target.write(account, "people", changed, action_network_send_identifiers=True, allow_resubscribe=True)

    (there,) = account.records("people")
    assert (done.code, there["family_name"]) == (0, "Merged"), done.log
    assert {each["status"] for each in there["email_addresses"]} == {"unsubscribed"}


@pytest.mark.parametrize("form", [{"do": "malformed"}, {"do": "status", "status": 200, "body": [1]}])
def test_a_change_whose_answers_cannot_be_read_is_sent_so_often_and_no_more(
    case: Any, target: Any, monkeypatch: pytest.MonkeyPatch, form: dict[str, Any]
) -> None:
    monkeypatch.setattr("backoff._sync.time.sleep", lambda _: None)
    target.write(case.account, case.people, case.person(1))
    case.account.fault(method=case.changes, **form)
    case.account.clear_log()

    target.write(case.account, case.people, case.person(1, family="New"))

    assert 1 <= len(case.writes()) <= MAX_TRIES


def test_one_that_vanished_is_not_found_as_another_who_is_losing_the_address(account: Account, target: Any) -> None:
    target.write(account, "people", person(1), person(2))
    one, two = (uuid(each) for each in sorted(account.records("people"), key=lambda each: str(each["given_name"])))
    account.delete("people", [one])
    both = [{"address": f"n{number}@example.org", "primary": number == 2} for number in (1, 2)]
    account.change("people", [two], email_addresses=both)
    account.fault(do="delay", seconds=1.5, method="PUT", path=f"/people/{two}$", times=1)
    account.clear_log()

    done = target.write(account, "people", person(2, given_name="New"), person(1, family_name="Back"))

    assert (done.code, done.by("people", "skipped")) == (0, {"vanished": 1}), done.log
    changes = [call["body"]["given_name"] for call in account.log() if call["method"] == "PUT" and two in call["path"]]
    assert changes == ["New"]
    (there,) = account.records("people")
    assert (there["given_name"], there.get("family_name")) == ("New", None)


def test_a_person_that_vanished_is_made_anew_though_the_search_still_shows_it(account: Account, target: Any) -> None:
    target.write(account, "people", person(1))
    account.set(index_lag=30)
    account.delete("people", [uuid(account.records("people")[0])])

    done = target.write(account, "people", person(1, family_name="Back"), on_vanished="recreate")

    assert done.code == 0, done.rejects
    assert [each["family_name"] for each in account.records("people")] == ["Back"]


def test_an_action_that_vanished_from_the_vendor_is_made_anew_with_all_it_is_made_of(
    account: Account, target: Any
) -> None:
    petition = {"id": "1", "title": "A", "creator_person_id": "p1", "origin_system": "Ours"}
    target(account, [*target.messages("people", person(1)), *target.messages("petitions", petition)])
    account.delete("petitions", [uuid(account.records("petitions")[0])])

    done = target.write(account, "petitions", {**petition, "title": "B"}, on_vanished="recreate")

    assert done.code == 0, done.rejects
    (there,) = account.records("petitions")
    assert (there["title"], there["origin_system"]) == ("B", "Ours")
    assert "osdi:creator" in there["_links"]


# Waiting


def test_a_chain_of_references_in_the_worst_order_resolves(account: Account, target: Any) -> None:
    messages = [
        *target.messages("signatures", {"id": "s", "petition_id": "a", "person_id": "p1"}),
        *target.messages("petitions", {"id": "a", "title": "T", "creator_person_id": "p1"}),
        *target.messages("people", person(1)),
    ]

    done = target(account, messages)

    assert done.code == 0, done.log
    assert len(account.records("signatures")) == 1
    assert "osdi:creator" in account.records("petitions")[0]["_links"]


def test_a_record_waits_for_later_runs_too_and_fails_each_run_only_once(account: Account, target: Any) -> None:
    first = target.write(account, "signatures", {"id": "s", "petition_id": "a", "person_id": "p1"})
    assert first.code == 3
    assert first.rejects[0]["reason"] == "reference not written"

    second = target.write(account, "people", person(1))
    assert second.code == 0, second.log

    third = target.write(account, "petitions", {"id": "a", "title": "T"})
    assert third.code == 0, third.log
    assert third.count("signatures", "created") == 1
    assert len(account.records("signatures")) == 1


def test_what_waits_at_the_end_of_a_run_is_counted_until_it_is_written(account: Account, target: Any) -> None:
    cut_off = [
        *target.messages("people", person(1)),
        *target.messages("signatures", {"id": "s", "petition_id": "a", "person_id": "p1"}),
        {"type": "BATCH", "stream": "petitions"},
    ]

    planned = target(account, cut_off, dry_run=True)
    first = target(account, cut_off)
    second = target.write(account, "petitions", {"id": "a", "title": "T"})

    for done in (planned, first):
        assert done.code == 1
        assert (done.count("signatures", "read"), done.count("signatures", "waiting")) == (1, 1)
        assert done.by("signatures", "waiting") == {"petition_id refers to petitions not yet written": 1}
        assert re.search(r"signatures +1 .* 1\n", done.log), "in the table"
    assert (second.count("signatures", "created"), second.count("signatures", "waiting")) == (1, 0)


def test_a_record_without_the_creator_is_still_there_for_those_that_wait_for_it(account: Account, target: Any) -> None:
    messages = [
        *target.messages("people", person(1)),
        *target.messages("attendances", {"id": "s", "event_id": "e", "person_id": "p1"}),
        *target.messages("events", {"id": "e", "title": "T", "creator_person_id": "nobody"}),
    ]

    done = target(account, messages)

    assert done.code == 0, done.log
    assert len(account.records("attendances")) == 1


# Rejects


def test_one_bad_record_harms_only_itself(account: Account, target: Any) -> None:
    schema = target.schema("people", email={"type": "string"}, created_date={"type": "string", "format": "date-time"})
    good = [{"type": "RECORD", "stream": "people", "record": person(number)} for number in range(3)]
    bad = [
        {"type": "RECORD", "stream": "people", "record": {"id": "x1", "email": 5}},
        {"type": "RECORD", "stream": "people", "record": {"email": "nokey@example.org"}},
        {"type": "RECORD", "stream": "people", "record": {"id": None, "email": "nullkey@example.org"}},
        {"type": "RECORD", "stream": "people", "record": {"id": "x2", "email": "a@b.org", "postal_addresses": "{"}},
        {"type": "RECORD", "stream": "people", "record": {"id": "x3", "email": "a@b.org", "custom_fields": [1]}},
        {"type": "RECORD", "stream": "people", "record": [1, 2]},
        {"type": "RECORD", "record": {}},
        {"type": "SOMETHING"},
        {"no": "type"},
        "this is no JSON",
        "[1, 2]",
        '{"type": "RECORD", "stream": "people", "record": {"id": "cut',
        "[" * 5000,
        "\udcff\udcfe".encode("utf-8", "surrogatepass").decode("latin-1"),
    ]

    done = target(account, [schema, good[0], *bad, good[1], good[2], target.state({"at": "the end"})])

    assert done.code == 3
    assert done.count("people", "created") == 3
    assert len(done.rejects) == len(bad)
    assert done.states == [{"at": "the end"}]
    assert "nokey@example.org" not in done.log
    assert "nullkey" not in done.log
    again = target(account, [schema, *bad])
    assert again.code == 0, "nothing is newly rejected"
    assert target(account, [schema, *bad], fail_on="any").code == 3
    assert target(account, [schema, *bad], retry_rejected=True, fail_on="none").code == 0


def test_records_with_an_empty_key_are_not_one_record(case: Any, target: Any) -> None:
    done = target.write(
        case.account, case.people, *(case.record("", f"{each}@example.org") for each in "ab"), case.person(1)
    )

    assert (done.code, done.by(case.people, "rejected")) == (3, {"no key": 2})
    assert len(case.shown()) == 1


def test_a_huge_field_is_rejected_with_its_size(case: Any, target: Any) -> None:
    account = case.account
    done = target.write(account, case.people, case.person(1, family="x" * 10_000_000), case.person(2))

    assert done.code == 3
    assert done.rejects[0]["reason"] == "field too large"
    assert f"'{case.family}' has 10,000,0" in done.rejects[0]["words"]
    assert done.count(case.people, "created") == 1


def test_a_schema_change_in_mid_stream_is_taken_up(case: Any, target: Any) -> None:
    account = case.account
    strict = target.schema(case.people, email={"type": "string"})
    loose = target.schema(case.people, email={"type": ["string", "integer"]})
    one, two = ({"type": "RECORD", "stream": case.people, "record": case.person(number)} for number in (1, 2))

    done = target(account, [strict, one, loose, two, target.state(1)])

    assert done.code == 0, done.log
    assert done.count(case.people, "created") == 2
    assert done.states == [1]


def test_a_refusal_is_tried_again_only_when_record_or_settings_change_or_on_demand(
    account: Account, target: Any
) -> None:
    account.fault(do="status", method="POST", path="/petitions", status=400, body={"error": "no"})
    petition = {"id": "1", "title": "T"}

    def posts() -> int:
        found = len(writes(account))
        account.clear_log()
        return found

    assert target.write(account, "petitions", petition).code == 3
    assert posts() == 1
    standing = target.write(account, "petitions", petition)
    assert (standing.code, standing.count("petitions", "standing"), posts()) == (0, 1, 0)
    assert (target.write(account, "petitions", {**petition, "title": "U"}).code, posts()) == (3, 1)
    assert (target.write(account, "petitions", {**petition, "title": "U"}, mode="create").code, posts()) == (0, 1)
    assert (target.write(account, "petitions", {**petition, "title": "U"}, mode="create").code, posts()) == (0, 0)
    retried = target.write(account, "petitions", {**petition, "title": "U"}, mode="create", retry_rejected=True)
    assert (retried.code, posts()) == (0, 1), "not newly rejected"
    account.clear_faults()
    assert target.write(account, "petitions", {**petition, "title": "V"}).code == 0
    assert account.records("petitions")[0]["title"] == "V"


def test_a_failure_of_the_vendor_is_tried_on_each_run_up_to_a_limit(
    case: Any, target: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = case.account
    monkeypatch.setattr("osdi_crm_client.retry.MAX_TRIES", 1)
    method, path = case.creates
    account.fault(do="status", method=method, path=path, status=500)

    codes = [target.write(account, case.people, case.person(1), max_attempts=2).code for _ in range(2)]
    unsent = target.write(account, case.people, case.person(1), max_attempts=2)

    assert codes == [3, 0], "only the first time is it newly rejected"
    assert 2 <= len(case.writes()) <= 12, "where a repeat could duplicate, it is looked up and tried six times a run"
    assert unsent.log.count("Not written") == 0
    assert unsent.count(case.people, "standing") == 1
    account.clear_faults()
    later = target(account, [], max_attempts=3)
    assert later.count(case.people, "created") == 1, "from the journal, though no input brought it"


def test_a_record_that_always_fails_costs_bounded_tries_and_nobody_else_anything(
    case: Any, target: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = case.account
    monkeypatch.setattr("osdi_crm_client.retry.MAX_TRIES", 3)
    target.write(account, case.people, *(case.person(number) for number in range(60)))
    unlucky = case.shown()[7]["id"]
    account.fault(do="status", method=case.changes, path=f"/{unlucky}$", status=500)
    account.clear_log()

    done = target.write(account, case.people, *(case.person(number, family="New") for number in range(60)))

    assert done.code == 3
    assert done.count(case.people, "updated") == 59
    assert done.by(case.people, "rejected") == {"the vendor did not manage": 1}
    assert done.rejects[0]["status"] == 500
    assert len([call for call in case.writes() if call["path"].endswith(f"/{unlucky}")]) == 3


def test_a_newer_record_replaces_the_rejected_one(account: Account, target: Any) -> None:
    account.fault(do="status", method="POST", path="/petitions", status=400, times=1)
    target.write(account, "petitions", {"id": "1", "title": "Old"})

    done = target.write(account, "petitions", {"id": "1", "title": "New"})

    assert done.code == 0
    assert [petition["title"] for petition in account.records("petitions")] == ["New"]


@pytest.mark.parametrize(("limit", "rejected"), [(3, 3), (0.5, 50)])
def test_too_many_rejects_end_the_run(account: Account, target: Any, limit: float, rejected: int) -> None:
    records = [{"id": str(number)} for number in range(2000)]

    done = target(account, [*target.messages("petitions", *records), target.state(1)], max_rejects=limit)

    assert done.code == 4
    assert f"records were rejected; 'max_rejects' is {limit:g}" in done.log
    assert rejected <= done.count("petitions", "rejected") < 2000
    assert done.states == []


def test_a_vendor_that_is_down_ends_the_run(case: Any, target: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    account = case.account
    monkeypatch.setattr("osdi_crm_client.retry.MAX_TRIES", 1)
    account.fault(do="status", status=503)

    done = target.write(account, case.people, *(case.person(number) for number in range(100)))

    assert done.code == 4
    assert "records in a row failed for no fault of theirs" in done.log
    # ten that fail, those that were under way by then, and what is looked up first
    assert account.counters()["calls"] < 16 + client_vendor(account.vendor).in_flight
    account.clear_faults()
    assert target.write(account, case.people, *(case.person(number) for number in range(100))).code == 0
    assert len(case.shown()) == 100


# Limits


def test_creations_stop_before_the_limit_is_passed(case: Any, target: Any) -> None:
    account = case.account
    records = [case.person(number) for number in range(20)]

    done = target(account, [*target.messages(case.people, *records), target.state(1)], max_creates=5)

    assert done.code == 4
    assert "'max_creates' allows (5)" in done.log
    assert len(case.shown()) == 5
    assert done.states == []
    assert target.write(account, case.people, *records).code == 0
    assert len(case.shown()) == 20


def test_changes_stop_before_the_limit_is_passed(case: Any, target: Any) -> None:
    account = case.account
    target.write(account, case.people, *(case.person(number) for number in range(10)))

    done = target.write(account, case.people, *(case.person(number, family="X") for number in range(10)), max_updates=3)

    assert done.code == 4
    assert sum(each["family"] == "X" for each in case.shown()) == 3


# Messages


@pytest.mark.parametrize("compression", [None, "none", "gzip"])
def test_the_records_of_a_batch_are_written(account: Account, target: Any, compression: str | None) -> None:
    packed = gzip.compress if compression == "gzip" else bytes
    files = []
    for number, content in enumerate(
        [[json.dumps(person(1)), "half a {"], [json.dumps(person(2)), json.dumps(person(3))]]
    ):
        files.append(target.folder / f"part {number}.jsonl")
        files[-1].write_bytes(packed("\n".join(content).encode()))
    encoding = {"format": "jsonl"} | ({"compression": compression} if compression else {})
    batch = {"type": "BATCH", "stream": "people", "encoding": encoding, "manifest": [each.as_uri() for each in files]}

    done = target(account, [target.schema("people"), batch, target.state({"bookmarks": {}})])

    assert done.code == 3
    assert [each["code"] for each in done.rejects] == ["not_a_singer_message"]
    assert done.states == [{"bookmarks": {}}]
    assert len(account.records("people")) == 3


@pytest.mark.parametrize(
    ("encoding", "file"),
    [
        ({"format": "parquet"}, "people.jsonl"),
        ({"format": "jsonl", "compression": "zip"}, "people.jsonl"),
        ({"format": "jsonl", "compression": "gzip"}, "people.jsonl"),
        ({"format": "jsonl"}, "elsewhere.jsonl"),
        ({"format": "jsonl"}, "https://example.org/people.jsonl"),
    ],
)
def test_a_batch_that_cannot_be_read_ends_the_run(
    account: Account, target: Any, encoding: dict[str, str], file: str
) -> None:
    (target.folder / "people.jsonl").write_text(json.dumps(person(2)))
    manifest = [file if "://" in file else (target.folder / file).as_uri()]
    batch = {"type": "BATCH", "stream": "people", "encoding": encoding, "manifest": manifest}

    done = target(account, [*target.messages("people", person(1)), batch, target.state({"bookmarks": {}})])

    assert done.code == 1
    assert "Line 3 is a BATCH message that cannot be read: " in done.log
    assert done.states == []
    assert len(account.records("people")) == 1


def test_activate_version_is_ignored_with_one_warning(account: Account, target: Any) -> None:
    version = {"type": "ACTIVATE_VERSION", "stream": "people", "version": 1}

    done = target(account, [version, *target.messages("people", person(1)), version])

    assert done.code == 0
    assert done.log.count("ACTIVATE_VERSION messages are ignored") == 1


def test_a_record_before_its_schema_ends_the_run_with_one_line(account: Account, target: Any) -> None:
    record = {"type": "RECORD", "stream": "people", "record": person(1)}

    done = target(account, [*target.messages("petitions", {"id": "1", "title": "T"}), record])

    assert done.code == 1
    assert "Line 3: a record of 'people' came before its SCHEMA message." in done.log
    assert len(account.records("petitions")) == 1, "what came before is settled"


@pytest.mark.parametrize("schema", [{}, {"type": "object"}, {"type": "object", "properties": {"a": {"type": "nope"}}}])
def test_a_broken_schema_ends_the_run_with_one_line(account: Account, target: Any, schema: Any) -> None:
    done = target(account, [{"type": "SCHEMA", "stream": "people", "schema": schema, "key_properties": ["id"]}])

    assert done.code == 1
    assert "Stopped: " in done.log


def test_records_without_a_key_are_known_by_their_content(account: Account, target: Any) -> None:
    messages = target.messages("petitions", {"title": "T"}, {"title": "U"}, {"title": "T"}, key=[])

    done = target(account, messages)

    assert done.code == 0, done.log
    assert len(account.records("petitions")) == 2
    assert target(account, messages).count("petitions", "unchanged") == 3


def test_state_leaves_only_when_all_before_it_is_settled(case: Any, target: Any) -> None:
    account = case.account
    account.set(latency=0.1)
    messages = []
    for number in range(12):
        messages += [*target.messages(case.people, case.person(number)), target.state(number)]
    process = target.started(account, messages, state_interval_seconds=0)
    seen = [(json.loads(line), len(case.shown())) for line in process.stdout]
    done = target.ended(process)

    assert done.code == 0, done.log
    assert seen[-1][0] == 11
    assert all(people > state for state, people in seen)


def test_state_is_passed_on_while_a_slow_run_goes_on(account: Account, target: Any) -> None:
    run = target.waiting(account, target.messages("people", person(0)), state_interval_seconds=0.1)
    passed_on = threading.Thread(target=run.stdout.readline)
    passed_on.start()

    number = 0
    while passed_on.is_alive() and number < 500:
        number += 1
        _, record = target.messages("people", person(number))
        run.stdin.write("".join(f"{json.dumps(each)}\n" for each in (record, target.state(number))))
        run.stdin.flush()
        passed_on.join(0.1)
    was_passed_on = not passed_on.is_alive()
    done = target.ended(run)

    assert was_passed_on
    assert done.code == 0
    assert done.states[-1] == number


def test_state_is_passed_on_when_all_is_read_and_much_still_to_be_written(account: Account, target: Any) -> None:
    account.set(latency=0.3)
    lines = [*target.messages("people", person(0)), target.state("first")]
    for number in range(1, 150):
        lines += target.messages("people", person(number))

    run = target.started(account, [*lines, target.state("last")], state_interval_seconds=0.1)
    first = run.stdout.readline()
    written_by_then = len(account.records("people"))
    done = target.ended(run)

    assert json.loads(first) == "first"
    assert written_by_then < 150
    assert done.states[-1] == "last"


# Dry run


def test_a_dry_run_reads_only_and_tells_what_would_happen(account: Account, target: Any) -> None:
    target.write(account, "people", person(1), person(2))
    account.insert(
        "people",
        [at_vendor("n4@example.org", family_name="Old"), at_vendor("n5@example.org"), at_vendor(phone="12025550143")],
    )
    account.clear_log()
    shared = {"phone": "merge"}
    messages = [
        *target.messages(
            "people",
            person(1),
            person(2, family_name="Changed"),
            person(3, add_tags=["new"]),
            {"id": "p4", "email": "n4@example.org", "family_name": "New"},
            person(5, phone="2025550143"),
            {"id": "p6"},
        ),
        *target.messages("petitions", {"id": "a", "title": "T"}),
        *target.messages(
            "signatures",
            {"id": "s1", "petition_id": "a", "person_id": "p3"},
            {"id": "s2", "petition_id": "a", "person_id": "p99"},
        ),
        target.state(1),
    ]

    done = target(account, messages, dry_run=True, shared_address=shared)

    assert done.code == 0
    assert done.states == []
    assert writes(account) == []
    plan = {(line["stream"], line["key"]): line for line in done.plan}
    assert {key[1]: line["plan"] for key, line in plan.items()} == {
        "p1": "unchanged",
        "p2": "update",
        "p3": "create",
        "p4": "update",
        "p5": "ambiguous",
        "p6": "reject",
        "a": "create",
        "s1": "create",
        "s2": "reject",
    }
    assert (plan["people", "p1"]["line"], plan["signatures", "s2"]["line"]) == (2, None), "the latter from the journal"
    assert plan["people", "p4"]["fields"] == ["family_name"]
    assert "n4@example.org" not in (target.folder / "plan.jsonl").read_text()
    assert [done.count("people", what) for what in ("created", "updated", "unchanged", "rejected")] == [1, 2, 1, 2]
    with_values = target(account, messages, dry_run=True, plan_values=True, shared_address=shared)
    assert any("n4@example.org" in json.dumps(line) for line in with_values.plan)
    real = target(account, messages, shared_address=shared)
    assert real.code == 3
    assert [real.count("people", what) for what in ("created", "updated", "unchanged", "rejected")] == [1, 2, 1, 2]


def test_a_dry_run_needs_no_journal_and_makes_none(case: Any, target: Any) -> None:
    account = case.account
    done = target.write(account, case.people, case.person(1), dry_run=True)

    assert done.code == 0
    assert done.count(case.people, "created") == 1
    assert not (target.folder / "journal.db").exists()


# Redirects


@pytest.mark.parametrize("status", [301, 302, 307])
def test_a_change_or_deletion_that_is_led_elsewhere_counts_as_refused(
    account: Account, target: Any, status: int
) -> None:
    tagging = {"id": "x", "person_id": "p1", "tag_id": "t"}
    lines = [*target.messages("people", person(1)), *target.messages("tags", {"id": "t", "name": "T"})]
    target(account, [*lines, *target.messages("taggings", tagging)])
    account.fault(do="status", status=status, headers={"Location": f"{account.url}/people"})
    gone = {**tagging, "_sdc_deleted_at": "2024-01-01T00:00:00Z"}
    lines = [*target.messages("people", person(1, family_name="A")), *target.messages("taggings", gone)]

    done = target(account, lines, allow_delete=True)

    assert done.by("people", "rejected") == done.by("taggings", "rejected") == {"the vendor refused": 1}
    assert len(account.records("taggings")) == 1


# Summary and files


def test_the_summary_tells_what_was_done(account: Account, target: Any) -> None:
    done = target.write(account, "people", person(1), person(2), {"id": "3"})

    summary = done.summary
    assert summary["calls"] == account.counters()["calls"]
    assert summary["vendor"] == "action_network"
    assert summary["code"] == 3
    assert summary["streams"]["people"]["read"] == 3
    assert summary["streams"]["people"]["rejected_by"] == {"nothing to know the person by": 1}
    assert summary["streams"]["people"]["consent_by"] == {"email defaulted": 2}
    assert "people" in done.log
    assert "calls, 0 of them refused for their pace (429)" in done.log
    assert f"; {done.summary['calls'] / done.count('people', 'read'):.2f} calls a record" in done.log


def test_one_that_comes_again_before_it_is_known_what_became_of_it_is_counted(
    account: Account, target: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("osdi_crm_client.retry.MAX_TRIES", 1)
    account.fault(do="cut_after", method="POST", path="/events", times=1)

    done = target.write(account, "events", *({"id": "1", "title": title} for title in ("A", "B", "C")))

    assert [done.count("events", each) for each in ("read", "updated", "skipped")] == [3, 2, 1]
    assert done.by("events", "skipped") == {"came again while it waited": 1}


def test_files_are_their_owners_alone(case: Any, target: Any) -> None:
    account = case.account
    target.write(account, case.people, case.person(1), {"id": "2"})

    for name in ("journal.db", "rejected.jsonl", "summary.json"):
        assert (target.folder / name).stat().st_mode & 0o777 == 0o600, name


# Concurrency


def test_records_of_one_person_never_race(account: Account, target: Any) -> None:
    account.set(latency=0.05)
    people = [*target.messages("people", person(1), person(2), person(3), person(4))]
    actions = [
        *target.messages("petitions", {"id": "a", "title": "T"}),
        *target.messages("forms", {"id": "f", "title": "T"}),
    ]
    deeds = []
    for number in (1, 2, 3, 4):
        deeds += target.messages("signatures", {"id": f"s{number}", "petition_id": "a", "person_id": f"p{number}"})
        deeds += target.messages("submissions", {"id": f"u{number}", "form_id": "f", "person_id": f"p{number}"})
        deeds += target.messages("people", person(number, family_name="Later"))
    target(account, [*people, *actions])
    account.clear_log()

    done = target(account, deeds)

    assert done.code == 0, done.log
    by_person: dict[str, list[float]] = {}
    for call in writes(account):
        links = call["body"].get("_links", {})
        who = links["osdi:person"]["href"] if links else call["path"]
        by_person.setdefault(who.rsplit("/", 1)[-1], []).append(call["at"])
    for times in by_person.values():
        assert len(times) == 3
        assert all(later - earlier >= 0.045 for earlier, later in zip(times, times[1:], strict=False))
    assert account.counters()["overlaps"], "different people are written side by side"


def test_two_runs_at_once_are_one_too_many(account: Account, target: Any, until: Any) -> None:
    first = target.waiting(account, target.messages("people", person(1)))
    until(lambda: account.counters()["calls"] > 0)

    second = target.as_command(account, target.messages("people", person(99)))

    assert second.code == 1
    assert "Another run is writing to the account 'test' with this journal." in second.log
    assert "Traceback" not in second.log
    other_account = target.as_command(account, target.messages("people", person(98)), account="other")
    assert other_account.code == 0, other_account.log
    assert target.ended(first).code == 0


def test_a_look_up_that_fails_leaves_what_was_sent_to_be_looked_up(
    account: Account, target: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("osdi_crm_client.retry.MAX_TRIES", 1)
    account.fault(do="cut_after", method="POST", path="/petitions", times=1)
    account.fault(do="status", method="GET", status=503)
    first = target.write(account, "petitions", {"id": "1", "title": "T"})
    account.clear_faults()

    second = target.write(account, "petitions", {"id": "1", "title": "T"})

    assert (first.code, second.code) == (3, 0)
    assert first.summary["in_journal"] == {"rejected": 1}
    assert len(account.records("petitions")) == 1


def test_a_look_up_long_after_the_call_still_finds_what_it_made(
    account: Account, target: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("osdi_crm_client.retry.MAX_TRIES", 1)
    account.fault(do="cut_after", method="POST", path="/petitions", times=1)
    account.fault(do="status", method="GET", path="/petitions", status=503, times=1)

    petition = {"id": "1", "title": "T"}
    done = target.write(account, "petitions", petition, index_lag_seconds=4)

    assert done.code == 0, done.log
    assert len(account.records("petitions")) == 1


def test_the_log_tells_how_the_vendor_refused_and_nothing_that_it_may_have_echoed(
    account: Account, target: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("osdi_crm_client.retry.MAX_TRIES", 1)
    echo = {"error": "n1@example.org is not one we like"}
    account.fault(do="status", method="POST", path="/petitions", status=422, body=echo, times=1)
    account.fault(do="status", method="POST", path="/forms", status=503, body=echo, times=1)
    lines = [
        *target.messages("petitions", {"id": "1", "title": "T"}),
        *target.messages("forms", {"id": "1", "title": "T"}),
    ]

    done = target(account, lines)

    assert done.code == 3
    assert re.search(r"Not written: petitions, line 2, key \w+: the vendor refused \(HTTP 422\)\n", done.log)
    assert re.search(
        r"Not written: forms, line 4, key \w+: the vendor did not manage: the vendor is not available \(HTTP 503\)\n",
        done.log,
    )
    assert "n1@" not in done.log
    assert all("n1@example.org" in each["words"] for each in done.rejects)


def test_a_dry_run_that_is_misspelt_writes_nothing(account: Account, target: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"'dryrun' is not known. Did you mean 'dry_run'\?"):
        target.write(account, "people", {"id": "1", "email": "ana@example.org"}, dryrun=True)

    assert not account.records("people")
