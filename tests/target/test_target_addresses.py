"""E-mail addresses and phone numbers that are none: they are withheld, or the record is rejected for its own fault."""

from __future__ import annotations

import re
import sqlite3
from typing import Any

import osdi_crm_schemas
import pytest
from osdi_crm_sandbox.control import Sandbox
from osdi_crm_schemas import streams, vendors
from target_osdi_crm.intake.addresses import is_address, normal, region, spellings
from target_osdi_crm.intake.values import Fitting, fit
from target_osdi_crm.journal.writer import hashed

PHONE = {"type": ["null", "string"], "x-address": "phone"}
EMAIL = {"type": ["null", "string"], "x-address": "email"}
ODD = "foo..bar@docomo.ne.jp"
"""An address that vendors hold and libraries refuse."""

NOT_A_PERSONS = {
    # a setting of a form, a number of another kind, or what has happened on an address
    *("event_form_phone", "petition_form_phone", "phone_time", "phone_country_code", "check_number"),
    *("actblue_order_number", "EmailSendContent", "EmailSendSubject", "EmailSendReplyTo", "EmailSendSenderEmail"),
    *("EmailSendSenderName", "EmailSendEmail", "EmailSendEmailing", "EmailSendWhen", "EmailSendDelivery"),
    *(
        "IndependentUnsubscribeEmail",
        "PhoneCallNumber",
        "PhoneCallWhen",
        "PhoneNumberTextSentTo",
        "PhoneNumberTextSentFrom",
    ),
    *("TextPhoneCarrier", "ConversationMessagePhoneCarrier", "number_type", "emailOptin", "email_referrer"),
    *("mobile_message_referrer", "reference_number"),
}


@pytest.mark.parametrize(
    "vendor_and_stream", [(vendor, stream) for vendor in vendors() for stream in streams(vendor)], ids="/".join
)
def test_every_place_where_an_address_can_be_written_is_marked_as_one(vendor_and_stream: tuple[str, str]) -> None:
    def unmarked(properties: dict[str, Any]) -> list[str]:
        found = []
        for name, node in properties.items():
            text = "string" in node["type"] and not node.get("readOnly")
            if text and re.search("e.?mail|phone|mobile|fax|cell|^number$", name, re.IGNORECASE):
                found += [name] if not node.get("x-address") else []
            found += unmarked(node.get("properties", {})) + unmarked(node.get("items", {}).get("properties", {}))
        return found

    properties = osdi_crm_schemas.schema(*vendor_and_stream)["properties"]

    writable = {name: node for name, node in properties.items() if node.get("x-write")}
    assert set(unmarked(writable)) <= NOT_A_PERSONS


@pytest.mark.parametrize(
    ("given", "country", "fitted"),
    [
        ("(202) 555-0123", None, "(202) 555-0123"),
        (2025550123.0, None, "2025550123"),
        (" 2025550123.0 ", None, "2025550123"),
        ("+44 7400 123456", None, "+44 7400 123456"),
        ("(202) 555-0123 x4", None, "+12025550123"),
        ("1-800-FLOWERS", None, "+18003569377"),
        ("07400 123456", "gb", "07400 123456"),
        ("07400 123456", None, None),
        ("555-0123", None, None),
        ("n/a", None, None),
        ("1" * 40, None, None),
        ("+99 123456789", None, None),
    ],
)
def test_a_phone_number_is_what_is_possible_in_its_country(given: Any, country: str | None, fitted: str | None) -> None:
    fitting = Fitting(region=region(country))

    assert fit("phone", given, PHONE, fitting) == fitted
    assert bool(fitting.refused) == (fitted is None)


@pytest.mark.parametrize("given", ["ann@example.org", "o'brien@b.test", "josé@exämple.org", " ann@example.org "])
def test_an_email_address_is_what_its_syntax_allows(given: str) -> None:
    assert fit("email", given, EMAIL) == given.strip()


@pytest.mark.parametrize("given", ["unknown@none", "ann", ODD, "a b@example.org", "a@x.org, b@x.org", "@", 5])
def test_what_is_no_email_address_is_not_given(given: Any) -> None:
    assert fit("email", given, EMAIL) is None
    assert fit("email", given, EMAIL, Fitting(keep=None)) == str(given)


def test_numbers_are_compared_whatever_their_form() -> None:
    assert len({normal("phone", each) for each in ("2025550123", "+1 202 555 0123", "1 (202) 555-0123")}) == 1
    assert normal("phone", "07400 123456", "GB") == normal("phone", "+44 7400 123456")
    assert normal("email", " Ann@Example.ORG ") == "ann@example.org"
    assert not is_address("phone", "447400123456")


@pytest.mark.parametrize("before", ["2025550123", "12025550123"])
@pytest.mark.parametrize("now", ["2025550123", "12025550123", "+1 202 555 0123"])
def test_the_forms_of_earlier_journals_are_known(before: str, now: str) -> None:
    assert before in spellings(normal("phone", now))


def test_an_unknown_country_is_refused_before_anything_is_sent(sandbox: Sandbox, target: Any) -> None:
    account = sandbox.account("action_network")

    with pytest.raises(Exception, match="The setting 'default_country' is not a country"):
        target.write(account, "people", {"id": 1, "email": "ann@example.org"}, default_country="XX")

    assert account.counters()["calls"] == 0


ALONE = [
    ("action_network", "people", "email", {}),
    ("action_network", "people", "phone", {}),
    ("nationbuilder", "signups", "email", {}),
    ("nationbuilder", "signups", "email2", {}),
    ("i360", "volunteers", "Email", {"FirstName": "Ann"}),
    ("i360", "contacts", "Email", {}),
    ("rally_congress", "supporters", "email", {"firstName": "Ann"}),
    ("crowdskout", "profiles", "email", {}),
]


@pytest.mark.parametrize(("vendor", "stream", "field", "more"), ALONE)
def test_records_with_nothing_but_junk_for_an_address_are_rejected_and_stop_nothing(
    vendor: str, stream: str, field: str, more: dict[str, Any], sandbox: Sandbox, target: Any
) -> None:
    account = sandbox.account(vendor)
    junk = "555-01" if field == "phone" else "unknown@none"
    records = [{"id": str(number), field: f"{junk}{number}", **more} for number in range(12)]

    done = target.write(account, stream, *records)

    assert done.code == 3, done.log
    assert {each["code"] for each in done.rejects} == {"no_usable_address"}
    assert {each["reason"] for each in done.rejects} == {"no usable e-mail address or phone number"}
    assert len(done.rejects) == 12
    assert not [each for each in account.log() if each["method"] != "GET"]
    assert junk not in done.log


WITH_MORE = [
    ("action_network", "people", {"email": "unknown@none", "phone": "2025550123"}),
    ("action_network", "people", {"phone_numbers": [{"number": "n/a"}, {"number": "2025550123"}]}),
    ("action_network", "people", {"email_addresses": [{"address": "x", "primary": True}, {"address": "a@b.org"}]}),
    ("action_network", "people", {"email": "ann@example.org", "phone": "555-0123"}),
    ("action_network", "people", {"email": "ann@example.org", "phone": "555-0123", "phone_status": "unsubscribed"}),
    ("nationbuilder", "signups", {"email": "unknown@none", "first_name": "Ann"}),
    ("nationbuilder", "signups", {"email": "ann@example.org", "email3": "x@y"}),
    ("nationbuilder", "signups", {"email": "ann@example.org", "work_phone_number": "n/a"}),
    ("nationbuilder", "signups", {"email": "ann@example.org", "home_address": {"phone_number": "1", "city": "X"}}),
    ("i360", "volunteers", {"Email": "ann@example.org", "Email2": "x@y"}),
    ("i360", "volunteers", {"Email": "ann@example.org", "Phone1": "555-0123"}),
    ("i360", "contacts", {"FirstName": "Ann", "CellNumber": "555-0123"}),
    ("rally_congress", "supporters", {"email": "ann@example.org", "phones": [{"telephone": "555-0123"}]}),
    ("rally_congress", "supporters", {"email": "ann@example.org", "phone": 555.0}),
    ("crowdskout", "profiles", {"FirstName": "Ann", "email": "unknown@none"}),
    (
        "crowdskout",
        "profiles",
        {"FirstName": "Ann", "PhoneNumbers": [{"PhoneNumber": "x", "PhoneType": {"value": "Home"}}]},
    ),
]


@pytest.mark.parametrize(("vendor", "stream", "record"), WITH_MORE, ids=str)
def test_an_address_that_is_none_is_withheld_and_the_person_written(
    vendor: str, stream: str, record: dict[str, Any], sandbox: Sandbox, target: Any
) -> None:
    account = sandbox.account(vendor)

    done = target.write(account, stream, {"id": "1", **record})

    assert done.code == 0, done.rejects
    assert done.count(stream, "created") == 1
    assert [what for what in done.by(stream, "withheld") if re.search("no (phone number|e-mail address)$", what)]
    assert "withheld" in done.log
    assert "unknown@none" not in done.log


def test_a_dry_run_tells_what_it_would_withhold(sandbox: Sandbox, target: Any) -> None:
    account = sandbox.account("action_network")

    done = target.write(account, "people", {"id": 1, "email": "a@example.org", "phone": "n/a"}, dry_run=True)

    assert done.by("people", "withheld") == {"phone_numbers.number: no phone number": 1}


ODD_OPT_OUTS: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    (
        "action_network",
        "people",
        {"email_addresses": [{"primary": True, "address": ODD, "status": "subscribed"}]},
        {"email": ODD, "email_status": "unsubscribed"},
    ),
    (
        "nationbuilder",
        "signups",
        {"attributes": {"email": ODD, "email1": ODD, "email_opt_in": True}},
        {"email": ODD, "email_opt_in": False},
    ),
    (
        "rally_congress",
        "supporters",
        {"email": ODD, "emailOptin": "yes"},
        {"email": ODD, "emailOptin": "unsubscribed"},
    ),
]


@pytest.mark.parametrize(("vendor", "stream", "there", "opt_out"), ODD_OPT_OUTS)
def test_an_opt_out_of_an_address_that_libraries_refuse_is_written_and_remembered(
    vendor: str, stream: str, there: Any, opt_out: Any, sandbox: Sandbox, target: Any
) -> None:
    account = sandbox.account(vendor)
    account.insert(stream, [there])
    before = len(account.records(stream))

    done = target.write(account, stream, {"id": "1", **opt_out})

    assert done.code == 0, done.rejects
    assert len(account.records(stream)) == before
    assert done.count(stream, "updated") == 1
    assert '"subscribed"' not in str(account.records(stream))
    with sqlite3.connect(target.folder / "journal.db") as journal:
        assert (hashed(ODD),) in journal.execute("SELECT address FROM opt_outs").fetchall()


def test_a_status_that_came_with_a_junk_address_is_nobody_elses(sandbox: Sandbox, target: Any) -> None:
    account = sandbox.account("action_network")
    there = {"email_addresses": [{"primary": True, "address": "a@example.org", "status": "unsubscribed"}]}
    account.insert("people", [{**there, "phone_numbers": [{"primary": True, "number": "12025550123"}]}])

    record = {"id": "1", "email": "unknown@none", "email_status": "subscribed", "phone": "2025550123"}
    done = target.write(account, "people", record, allow_resubscribe=True)

    assert done.code == 0, done.rejects
    (stored,) = account.records("people")
    assert stored["email_addresses"][0]["status"] == "unsubscribed"


def test_an_opt_out_of_the_first_release_holds_however_the_number_comes(sandbox: Sandbox, target: Any) -> None:
    account = sandbox.account("action_network")
    target.write(account, "people", {"id": "0", "email": "z@example.org"})
    with sqlite3.connect(target.folder / "journal.db") as journal:
        journal.execute("INSERT INTO opt_outs VALUES ('test', 'phone', ?)", (hashed("2025550123"),))

    record = {"id": "1", "email": "a@example.org", "phone": "+1 (202) 555-0123", "phone_status": "subscribed"}
    done = target.write(account, "people", record)

    assert done.by("people", "consent")["phone withheld"] == 1
