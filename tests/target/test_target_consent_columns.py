"""Columns that speak of consent, under whatever name, are understood at every vendor, or the record is not written."""

from __future__ import annotations

from typing import Any

import pytest
from osdi_crm_sandbox.control import Sandbox
from target_osdi_crm.consent import IN, OUT
from target_osdi_crm.intake import consent
from target_osdi_crm.rejects import Rejection

from tests.target.test_target_opt_outs import EMAIL, NUMBER, WAYS, Way
from tests.target_command import TargetCommand
from tests.vendors.crowdskout import KIND

Record = dict[str, Any]

EMAIL_WAYS = [way for way in WAYS if way.name == "email"]
PHONE_WAYS = [way for way in WAYS if way.name in {"phone", "mobile", "texts"}]

EMAIL_OUT: list[Record] = [
    {"email_opt_in": False},
    {"EMAIL_OPT_IN": "f"},
    {"subscribed": "No"},
    {"email_status": "unsubscribed"},
    {"email_subscription_status": "opted out"},
    {"unsubscribed": 1},
    {"opted_out": "Y"},
    {"unsubscribed_at": "2026-01-05T10:00:00Z"},
    {"do_not_email": "t"},
    {"do_not_contact": True},
    {"email_status": "previous bounce", "email_opt_in": True},
    {"email_status": "spam complaint"},
    {"is_email_subscribed": "0"},
    {"EmailUsable": "Unusable"},
    {"No E-Mail": "Y"},
    {"email_unsubscribe_date": "2026-01-05"},
    {"email_is_bad": True},
    {"gdpr_consent": False},
    {"newsletter": "unsubscribed"},
]
PHONE_OUT: list[Record] = [
    {"sms_opt_in": False},
    {"mobile_opt_in": "off"},
    {"phone_status": "unsubscribed"},
    {"text_opt_out": "yes"},
    {"do_not_contact": "1"},
    {"mobile_opt_in": True, "sms_status": "Opt-Out"},
    {"phone_number_status": "unsubscribed"},
    {"can_text": "n"},
    {"stop_sms": True},
    {"gdpr_consent": "no"},
    {"invalid_phone": "t"},
]


def person(way: Way, more: Record) -> Record:
    address = {name: value for name, value in way.into.items() if value in {EMAIL, NUMBER, "a@example.org"}}
    return {way.key: "1", **(way.held or {}), **address, **more}


def prepared(way: Way, target: TargetCommand) -> None:
    target.keys[way.people] = (way.key,)
    if way.vendor == "crowdskout":
        target.settings["crowdskout_external_id_type"] = KIND


def name(value: Any) -> str:
    return f"{value.vendor}" if isinstance(value, Way) else " ".join(f"{key}={each}" for key, each in value.items())


@pytest.mark.parametrize("says", EMAIL_OUT, ids=name)
@pytest.mark.parametrize("way", EMAIL_WAYS, ids=name)
def test_an_opt_out_of_mail_is_understood(sandbox: Sandbox, target: TargetCommand, way: Way, says: Record) -> None:
    account = sandbox.account(way.vendor)
    prepared(way, target)

    done = target.write(account, way.people, person(way, says), new_person_consent="subscribed")

    assert not any(map(way.reached, account.records(way.people))), done.log
    assert not [each for each in done.rejects if each["code"] != "required_fields_missing"]


@pytest.mark.parametrize("says", PHONE_OUT, ids=name)
@pytest.mark.parametrize("way", PHONE_WAYS, ids=name)
def test_an_opt_out_of_texts_is_understood(sandbox: Sandbox, target: TargetCommand, way: Way, says: Record) -> None:
    account = sandbox.account(way.vendor)
    prepared(way, target)

    done = target.write(account, way.people, person(way, says), new_person_consent="subscribed")

    assert not any(map(way.reached, account.records(way.people))), done.log
    assert not [each for each in done.rejects if each["code"] != "required_fields_missing"]


@pytest.mark.parametrize("says", [{"email_opt_in": "t"}, {"Subscribed": "Yes"}, {"email_status": "Opted In"}], ids=name)
@pytest.mark.parametrize("way", EMAIL_WAYS, ids=name)
def test_a_yes_is_understood_too(sandbox: Sandbox, target: TargetCommand, way: Way, says: Record) -> None:
    account = sandbox.account(way.vendor)
    prepared(way, target)

    done = target.write(account, way.people, person(way, says))

    assert done.code == 0, done.log
    assert any(map(way.reached, account.records(way.people)))


@pytest.mark.parametrize("says", [{"unsubscribed": False}, {"opted_out": "n"}, {"email_status": "pending"}], ids=name)
@pytest.mark.parametrize("way", [way for way in EMAIL_WAYS if way.vendor not in {"crowdskout", "i360"}], ids=name)
def test_who_has_not_objected_is_not_subscribed(
    sandbox: Sandbox, target: TargetCommand, way: Way, says: Record
) -> None:
    account = sandbox.account(way.vendor)
    prepared(way, target)

    done = target.write(account, way.people, person(way, says))

    assert done.code == 0, done.log
    assert not any(map(way.reached, account.records(way.people)))


@pytest.mark.parametrize(
    "says",
    [{"email_opt_in": "perhaps"}, {"sms_opt_in": 7}, {"email_status": ["no"]}, {"opted_out": "subscribed"}],
    ids=name,
)
@pytest.mark.parametrize("way", EMAIL_WAYS, ids=name)
def test_a_word_that_is_not_understood_rejects_the_record(
    sandbox: Sandbox, target: TargetCommand, way: Way, says: Record
) -> None:
    account = sandbox.account(way.vendor)
    prepared(way, target)

    done = target.write(account, way.people, person(way, says))

    assert done.code == 3
    assert [each["code"] for each in done.rejects] == ["unknown_status"]
    assert next(iter(says)) in done.rejects[0]["words"]
    assert "perhaps" not in done.log
    assert account.counters()["calls"] == 0


def test_a_journal_that_passed_over_such_a_column_has_the_record_decided_once_more(
    sandbox: Sandbox, target: TargetCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = sandbox.account("action_network")
    ann: Record = {"id": "a", "email": "a@example.org", "email_status": "subscribed"}
    bob: Record = {"id": "b", "email": "b@example.org", "email_status": "subscribed"}
    ann["email_opt_in"], bob["shoe_size"] = False, 7
    with monkeypatch.context() as first_release:
        first_release.setattr(consent, "is_column", lambda column: column == "email_status")
        target.write(account, "people", ann, bob)
    account.clear_log()

    done = target.write(account, "people", ann, bob)
    calls = account.counters()["calls"]
    again = target.write(account, "people", ann, bob)

    statuses = {
        each["email_addresses"][0]["address"][0]: each["email_addresses"][0]["status"]
        for each in account.records("people")
    }
    assert statuses == {"a": "unsubscribed", "b": "subscribed"}
    assert (calls, done.count("people", "updated"), again.count("people", "unchanged")) == (1, 1, 2)
    assert account.counters()["calls"] == calls


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("email_opt_in", True, ("email", IN)),
        ("E-Mail Opt In", "y", ("email", IN)),
        ("sms_consent", 0, ("phone", OUT)),
        ("do_not_call", "no", ("calls", IN)),
        ("do_not_contact", "no", ("contact", IN)),
        ("do_not_text", "no", ("phone", None)),
        ("accepts_marketing", "1.0", ("email", IN)),
        ("has_opted_out_of_email", "true", ("email", OUT)),
        ("federal_donotcall", True, ("federal calls", OUT)),
        ("email_status", "cleaned", ("email", OUT)),
        ("emailStatus", "validated", ("email", None)),
        ("email_ok", "no", ("email", OUT)),
        ("email_ok", "yes", ("email", None)),
        ("PhoneNumberCallUsable", "Unusable", ("calls", OUT)),
        ("gdpr_consent", True, ("contact", None)),
        ("email_is_bad", "no", ("email", None)),
        ("PhoneNumberTextUsable", "Usable", ("phone", None)),
    ],
)
def test_what_a_column_says(column: str, value: Any, said: tuple[str, str | None]) -> None:
    assert consent.is_column(column)
    assert consent.said(column, value) == said


def test_other_columns_say_nothing() -> None:
    assert not any(map(consent.is_column, ("email", "phone", "status", "first_name", "mobile_number", "email1_is_bad")))
    with pytest.raises(Rejection, match="'email_opt_in' says nothing"):
        consent.said("email_opt_in", "maybe")


WITHIN = [
    ("action_network", "people", {"email_addresses": [{"address": EMAIL, "Status": "unsubscribed"}]}),
    ("action_network", "people", {"email_addresses": [{"address": EMAIL, "subscribed": False}]}),
    ("action_network", "people", {"email": "a@example.org", "phone_numbers": [{"number": NUMBER, "opt_in": "N"}]}),
    ("crowdskout", "profiles", {"EmailAddresses": [{"Email": EMAIL, "email_opt_out": "yes"}]}),
    ("rally_congress", "supporters", {"email": "a@example.org", "phones": [{"telephone": NUMBER, "status": "no"}]}),
]


@pytest.mark.parametrize(("vendor", "stream", "record"), WITHIN)
def test_an_address_in_a_list_may_say_so_under_another_name(
    sandbox: Sandbox, target: TargetCommand, vendor: str, stream: str, record: Record
) -> None:
    account = sandbox.account(vendor)
    reached = [way.reached for way in WAYS if way.vendor == vendor]

    done = target.write(account, stream, {"id": "1", **record}, new_person_consent="subscribed")

    assert done.code == 0, done.log
    assert not any(way(each) for way in reached[:3] for each in account.records(stream))


@pytest.mark.parametrize(
    ("word", "state"), [("unsubscribed", "unsubscribed"), ("Cleaned", "unsubscribed"), ("active", "subscribed")]
)
def test_a_column_that_may_be_about_anything_counts_where_its_word_is_clear(
    sandbox: Sandbox, target: TargetCommand, word: str, state: str
) -> None:
    account = sandbox.account("action_network")

    done = target.write(account, "people", {"id": 1, "email": EMAIL, "status": word}, new_person_consent="subscribed")

    assert done.code == 0, done.log
    assert account.records("people")[0]["email_addresses"][0]["status"] == state


# A vendor that cannot keep an opt-out


def test_an_address_that_opted_out_is_withheld_where_the_vendor_cannot_keep_that(
    sandbox: Sandbox, target: TargetCommand
) -> None:
    account = sandbox.account("i360")
    target.keys["volunteers"] = ("VolunteerID",)
    record = {"VolunteerID": 1, "Email": EMAIL, "Phone1": NUMBER, "FirstName": "Ann", "sms_opt_in": "no"}

    done = target.write(account, "volunteers", record)
    (stored,) = account.records("volunteers")
    sent = target.write(account, "volunteers", record, unkept_opt_outs="send")

    assert (done.code, stored["Email"], stored.get("Phone1")) == (0, EMAIL, None)
    assert done.by("volunteers", "consent") == {"phone opt-out cannot be kept": 1}
    assert (sent.code, account.records("volunteers")[0]["Phone1"]) == (0, NUMBER)


@pytest.mark.parametrize(
    ("vendor", "stream", "key", "there", "says"),
    [
        (
            "i360",
            "volunteers",
            "VolunteerID",
            {"Email": EMAIL, "Phone1": NUMBER},
            {"Email": EMAIL, "Phone1": f"+1{NUMBER}"},
        ),
        (
            "rally_congress",
            "supporters",
            "id",
            {"email": EMAIL, "phones": [{"telephone": NUMBER}]},
            {"email": EMAIL, "phone": f"1{NUMBER}"},
        ),
    ],
)
def test_a_number_that_opted_out_is_found_there_however_it_is_spelled(
    sandbox: Sandbox, target: TargetCommand, vendor: str, stream: str, key: str, there: Record, says: Record
) -> None:
    account = sandbox.account(vendor)
    target.keys[stream] = (key,)
    account.insert(stream, [there])

    done = target.write(account, stream, {key: 1, **says, "sms_opt_in": False})

    assert [each["code"] for each in done.rejects] == ["opt_out_cannot_be_held"]


@pytest.mark.parametrize(
    ("vendor", "stream", "key", "there"),
    [
        ("i360", "volunteers", "VolunteerID", {"Email": EMAIL, "Phone1": NUMBER, "FirstName": "Ann"}),
        ("rally_congress", "supporters", "id", {"email": EMAIL, "phone": NUMBER, "firstName": "Ann"}),
    ],
)
def test_an_opt_out_of_an_address_that_is_there_and_cannot_be_kept_is_told_on_every_run(
    sandbox: Sandbox, target: TargetCommand, vendor: str, stream: str, key: str, there: Record
) -> None:
    account = sandbox.account(vendor)
    target.keys[stream] = (key,)
    target.write(account, stream, {key: 1, **there})
    out = {key: 1, **there, "sms_opt_in": False}

    runs = [target.write(account, stream, out) for _ in range(2)]

    assert [run.code for run in runs] == [3, 3]
    assert runs[0].rejects[0]["code"] == "opt_out_cannot_be_held"
    assert runs[0].rejects[0]["reason"] == "opt-out cannot be held"
    assert [run.count(stream, what) for run, what in zip(runs, ("rejected", "standing"), strict=True)] == [1, 1]
    assert target.write(account, stream, out, fail_on="none").code == 0
