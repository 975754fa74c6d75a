"""What is written to NationBuilder, stream by stream, and what it answers."""

from __future__ import annotations

import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from osdi_crm_sandbox.control import Account, Sandbox

from tests import commands

WRITES = {"POST", "PATCH", "DELETE"}


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    return sandbox.account("nationbuilder")


def writes(account: Account) -> list[dict[str, Any]]:
    return [call for call in account.log() if call["method"] in WRITES]


def bodies(account: Account) -> list[dict[str, Any]]:
    return [call["body"]["data"] for call in writes(account)]


def person(number: int = 1, **more: Any) -> dict[str, Any]:
    return {"id": f"p{number}", "first_name": f"Name{number}", "email": f"n{number}@example.org", **more}


def signup(account: Account, **shown: Any) -> dict[str, Any]:
    """The attributes of the one signup that shows these."""
    (found,) = (
        each["attributes"]
        for each in account.records("signups")
        if all(each["attributes"][name] == value for name, value in shown.items())
    )
    return dict(found)


def only(account: Account, resource: str) -> dict[str, Any]:
    (found,) = account.records(resource)
    return dict(found)


def add(account: Account, resource: str, **attributes: Any) -> str:
    """Insert a record; its id."""
    (made,) = account.insert(resource, [{"attributes": attributes}])
    return str(made["id"])


def custom_field(account: Account, slug: str, field_type: str, of: str = "Signup", **more: Any) -> None:
    add(account, "custom_fields", slug=slug, name=slug, field_type=field_type, resource_type=of, **more)


# Signups


def test_a_new_signup_is_pushed_with_all_its_keys_and_no_consent(account: Account, target: Any) -> None:
    done = target.write(account, "signups", person(external_id="x1", van_id="v1", ngp_id="n1"))

    assert done.code == 0, done.log
    (call,) = writes(account)
    assert call["path"].endswith("/signups/push")
    attributes = call["body"]["data"]["attributes"]
    assert attributes == {
        "first_name": "Name1",
        "email": "n1@example.org",
        "external_id": "x1",
        "van_id": "v1",
        "ngp_id": "n1",
        "email_opt_in": False,
        "mobile_opt_in": False,
    }
    assert done.count("signups", "created") == 1


def test_a_known_signup_is_changed_by_its_id(account: Account, target: Any) -> None:
    target.write(account, "signups", person())
    account.clear_log()

    done = target.write(account, "signups", person(first_name="Other"))

    (call,) = account.log()
    assert (call["method"], done.count("signups", "updated")) == ("PATCH", 1)
    assert call["path"].endswith(f"/signups/{call['body']['data']['id']}")


def test_a_signup_found_by_a_key_is_changed_and_not_made_again(account: Account, target: Any) -> None:
    here = add(account, "signups", first_name="Ada", email="other@example.org", email2="N1@example.org")

    done = target.write(account, "signups", person(last_name="Lovelace"))

    assert done.count("signups", "updated") == 1
    (body,) = bodies(account)
    assert (body["id"], signup(account, last_name="Lovelace")["email2"]) == (here, "N1@example.org")


def test_a_key_that_points_to_somebody_else_is_a_rejection(account: Account, target: Any) -> None:
    add(account, "signups", email="n1@example.org", external_id="another")

    done = target.write(account, "signups", person(external_id="x1"))

    assert done.rejects[0]["reason"] == "match at odds"
    assert writes(account) == []


def test_in_create_mode_signups_are_posted(account: Account, target: Any) -> None:
    add(account, "signups", email="n2@example.org")

    done = target.write(account, "signups", person(1), person(2), mode="create")

    assert [call["path"].rsplit("/", 1)[-1] for call in writes(account)] == ["signups"]
    assert (done.count("signups", "created"), done.by("signups", "skipped")) == (1, {"exists already": 1})


def test_push_is_not_used_where_it_could_match_by_a_key_that_the_settings_leave_out(
    account: Account, target: Any
) -> None:
    add(account, "signups", email="n1@example.org", email_opt_in=True)

    done = target.write(account, "signups", person(external_id="x1"), match_keys={"signups": ["external_id"]})

    assert [call["path"].rsplit("/", 1)[-1] for call in writes(account)] == ["signups"]
    assert done.rejects[0]["reason"] == "the vendor refused"
    assert "taken" in done.rejects[0]["words"]
    assert signup(account, email="n1@example.org")["email_opt_in"] is True


def test_without_a_key_a_lost_answer_is_looked_up_and_nobody_is_made_twice(account: Account, target: Any) -> None:
    account.fault(method="POST", path="signups", do="cut_after", times=1)

    done = target.write(account, "signups", {"id": "1", "first_name": "Ada", "phone_number": "2025550143"})

    assert done.code == 0, done.log
    assert len([each for each in account.records("signups") if each["attributes"]["first_name"] == "Ada"]) == 1


def test_a_signup_without_anything_to_know_it_by_is_rejected(account: Account, target: Any) -> None:
    done = target.write(account, "signups", {"id": "1", "employer": "Us"})

    assert done.rejects[0]["reason"] == "nothing to know the person by"
    assert writes(account) == []


def test_the_vendors_words_say_why(account: Account, target: Any) -> None:
    done = target.write(account, "signups", person(email="nope", email_opt_in=False))

    assert done.rejects[0]["status"] == 422
    assert done.rejects[0]["words"] == "Email 'nope' should look like an email address"


@pytest.mark.parametrize("given", [{"email": "b@example.org", "email1": "a@example.org"}, {"email1": "b@example.org"}])
def test_the_primary_address_is_the_one_that_counts(account: Account, target: Any, given: dict[str, Any]) -> None:
    target.write(account, "signups", {"id": "1", **given})

    assert signup(account, email="b@example.org")["email1"] == "b@example.org"


def test_totals_that_the_vendor_keeps_are_written_on_demand_only(account: Account, target: Any) -> None:
    record = person(donations_count=7, last_donated_at="2024-05-01T12:00:00Z", support_level=2)

    done = target.write(account, "signups", record)
    shown = signup(account, email="n1@example.org")
    target.write(account, "signups", record, nationbuilder_write_totals=True)

    assert (shown["donations_count"], shown["last_donated_at"], shown["support_level"]) == (0, None, 2)
    assert done.by("signups", "withheld") == {"totals that NationBuilder keeps": 1}
    assert signup(account, email="n1@example.org")["donations_count"] == 7


def test_addresses_are_written_and_read_back(account: Account, target: Any) -> None:
    home = {"address1": "1 Main St", "city": "Springfield", "zip": "10001", "country_code": None}

    done = target.write(account, "signups", person(home_address=home), default_country="US")

    assert done.code == 0, done.log
    (call,) = writes(account)
    assert call["query"] == {"extra_fields[signups]": "home_address"}
    shown = signup(account, email="n1@example.org")["home_address"]
    assert (shown["address1"], shown["country_code"]) == ("1 Main St", "US")


def test_an_unknown_part_of_an_address_is_found_before_the_call(account: Account, target: Any) -> None:
    done = target.write(account, "signups", person(home_address={"street": "1 Main St"}))

    assert (done.rejects[0]["reason"], done.rejects[0]["words"]) == (
        "unknown attributes",
        "home_address has no street.",
    )
    assert account.log() == []


def test_a_field_that_nothing_reads_costs_no_request(account: Account, target: Any) -> None:
    done = target.write(account, "signups", person(shoe_size=44))

    assert done.code == 0
    assert "'shoe_size' that nothing reads" in done.log


def test_warehouse_forms_are_understood(account: Account, target: Any) -> None:
    custom_field(account, "bugs", "number")
    record = {
        "ID": "1",
        "FIRST_NAME": "Ada",
        "EMAIL": "ada@example.org",
        "BORN_AT": "1990-01-02T00:00:00Z",
        "IS_VOLUNTEER": "true",
        "SUPPORT_LEVEL": "2",
        "CUSTOM_VALUES": '{"bugs": "3"}',
        "CONTACT_STATUS": "",
    }

    done = target(account, target.messages("signups", record, key=["ID"]))

    assert done.code == 0, done.rejects
    shown = signup(account, email="ada@example.org")
    assert (shown["born_at"], shown["is_volunteer"], shown["support_level"]) == ("1990-01-02", True, 2)
    assert (shown["custom_values"], shown["contact_status"]) == ({"bugs": 3.0}, None)


# Consent


@pytest.mark.parametrize(
    ("given", "settings", "expected"),
    [
        ({}, {}, (False, False)),
        ({"mobile_number": "2025550143"}, {"new_person_consent": "subscribed"}, (True, True)),
        ({}, {"new_person_consent": "subscribed"}, (True, False)),
        ({"email_opt_in": True}, {}, (True, False)),
        ({"email_opt_in": True, "mobile_opt_in": True}, {}, (True, True)),
        ({"email_opt_in": True, "unsubscribed_at": "2024-01-01T00:00:00Z"}, {}, (False, False)),
    ],
)
def test_a_new_signup_is_opted_in_by_a_status_alone(
    account: Account, target: Any, given: dict[str, Any], settings: dict[str, Any], expected: tuple[bool, bool]
) -> None:
    done = target.write(account, "signups", person(**given), **settings)

    assert done.code == 0, done.log
    shown = signup(account, email="n1@example.org")
    assert (shown["email_opt_in"], shown["mobile_opt_in"]) == expected


def test_a_new_signup_without_a_status_is_rejected_if_the_settings_say_so(account: Account, target: Any) -> None:
    done = target.write(account, "signups", person(), new_person_consent="reject")

    assert done.rejects[0]["reason"] == "no consent status"
    assert writes(account) == []


@pytest.mark.parametrize("channel", ["do_not_call", "federal_donotcall"])
def test_a_number_that_is_not_to_be_called_stays_so_with_whoever_gets_it(
    account: Account, target: Any, channel: str
) -> None:
    number = "+1 202 555 0143"
    target.write(account, "signups", person(1, phone_number=number, **{channel: True}))
    target.write(account, "signups", person(2, phone_number="+1 202 555 0199"))

    done = target.write(account, "signups", person(2, mobile_number=number, **{channel: False}))

    assert done.code == 0, done.log
    assert signup(account, email="n2@example.org")[channel] is True


def test_the_consent_of_a_known_signup_is_left_alone(account: Account, target: Any) -> None:
    add(account, "signups", email="n1@example.org", email_opt_in=True, do_not_call=True)

    target.write(account, "signups", person())

    shown = signup(account, email="n1@example.org")
    assert (shown["email_opt_in"], shown["do_not_call"]) == (True, True)
    assert all(body["attributes"].keys().isdisjoint({"email_opt_in", "do_not_call"}) for body in bodies(account))


@pytest.mark.parametrize(
    ("name", "out"),
    [
        ("email_opt_in", False),
        ("mobile_opt_in", False),
        ("do_not_call", True),
        ("do_not_contact", True),
        ("federal_donotcall", True),
    ],
)
def test_an_opt_out_is_written_and_only_reversed_where_allowed(
    account: Account, target: Any, name: str, out: bool
) -> None:
    target.write(account, "signups", person(**{name: out}))
    shown = signup(account, email="n1@example.org")[name]
    kept = target.write(account, "signups", person(**{name: not out}, last_name="A"))
    still = signup(account, email="n1@example.org")[name]
    target.write(account, "signups", person(**{name: not out}, last_name="B"), allow_resubscribe=True)

    assert (shown, still) == (out, out)
    assert signup(account, last_name="B")[name] is not out
    assert [counted for counted in kept.by("signups", "consent") if counted.endswith("withheld")]


def test_flags_are_written_for_somebody_without_any_address(account: Account, target: Any) -> None:
    done = target.write(account, "signups", {"id": "1", "first_name": "Ada", "do_not_contact": True})

    assert done.code == 0, done.log
    assert signup(account, first_name="Ada")["do_not_contact"] is True


def test_resubscribing_takes_back_the_time_of_unsubscribing(account: Account, target: Any) -> None:
    add(account, "signups", email="n1@example.org", email_opt_in=False, unsubscribed_at="2024-01-01T00:00:00Z")

    target.write(account, "signups", person(email_opt_in=True), allow_resubscribe=True)

    shown = signup(account, email="n1@example.org")
    assert (shown["email_opt_in"], shown["unsubscribed_at"]) == (True, None)


def test_bounces_arrive_and_are_never_taken_back(account: Account, target: Any) -> None:
    add(account, "signups", email="n1@example.org", email1="n1@example.org", email1_is_bad=True, email_opt_in=False)

    target.write(
        account,
        "signups",
        person(1, email1_is_bad=False, email_opt_in=True),
        person(2, email1="n2@example.org", email1_is_bouncing=True),
        allow_resubscribe=True,
    )

    shown = signup(account, email="n1@example.org")
    assert (shown["email1_is_bad"], shown["email_opt_in"]) == (True, False)
    assert signup(account, email="n2@example.org")["email1_is_bad"] is True


def test_an_opt_out_of_one_record_holds_for_another_with_the_same_number(account: Account, target: Any) -> None:
    phone = {"mobile_number": "+1 202 555 0143"}

    target.write(account, "signups", person(1, mobile_opt_in=False, **phone), person(2, mobile_opt_in=True, **phone))

    assert signup(account, email="n2@example.org")["mobile_opt_in"] is False


# Custom values


def test_custom_values_are_checked_and_fitted_before_the_call(account: Account, target: Any) -> None:
    for slug, kind in {"chapter": "text", "bugs": "number", "key": "checkbox"}.items():
        custom_field(account, slug, kind)
    custom_field(account, "gift", "text", of="Donation")

    done = target.write(
        account,
        "signups",
        person(1, custom_values={"chapter": 7, "bugs": "1.5", "key": "true"}),
        person(2, custom_values={"chapter": "North", "nope": "x", "gift": "y"}),
    )

    assert signup(account, email="n1@example.org")["custom_values"] == {"chapter": "7", "bugs": 1.5, "key": True}
    assert (done.rejects[0]["reason"], done.rejects[0]["words"]) == (
        "unknown custom fields",
        "The account has no custom field gift, nope.",
    )
    assert len(writes(account)) == 1
    assert len([call for call in account.log() if "custom_fields" in call["path"]]) == 1


def test_values_of_unknown_custom_fields_are_withheld_where_the_settings_say_so(account: Account, target: Any) -> None:
    custom_field(account, "chapter", "text")

    record = person(custom_values={"chapter": "North", "nope": "x"})
    done = target.write(account, "signups", record, nationbuilder_unknown_custom_fields="withhold")

    assert done.by("signups", "created") == {"without the custom field nope": 1}
    assert signup(account, email="n1@example.org")["custom_values"] == {"chapter": "North"}


def test_custom_values_that_are_not_sent_stay(account: Account, target: Any) -> None:
    custom_field(account, "chapter", "text")
    custom_field(account, "shirt", "text")
    target.write(account, "signups", person(custom_values={"chapter": "North", "shirt": "M"}))

    target.write(account, "signups", person(custom_values={"chapter": "South", "shirt": None}))

    assert signup(account, email="n1@example.org")["custom_values"] == {"chapter": "South", "shirt": "M"}


# Tags


def test_tags_are_found_whatever_their_case_or_made(account: Account, target: Any) -> None:
    there = add(account, "signup_tags", name="Donor")

    done = target.write(account, "signup_tags", {"id": "1", "name": "donor"}, {"id": "2", "name": "New, and odd"})

    assert (done.count("signup_tags", "unchanged"), done.count("signup_tags", "created")) == (1, 1)
    assert sorted(each["attributes"]["name"] for each in account.records("signup_tags")) == ["Donor", "New, and odd"]
    target.write(account, "signup_tags", {"id": "1", "name": "Donors"})
    assert {each["id"]: each["attributes"]["name"] for each in account.records("signup_tags")}[there] == "Donors"


def test_somebody_is_tagged_by_id_or_by_name_and_never_twice(account: Account, target: Any) -> None:
    tag = add(account, "signup_tags", name="Donor")
    somebody = add(account, "signups", email="n1@example.org")
    account.insert("signup_taggings", [{"attributes": {"signup_id": somebody, "tag_id": tag}}])

    done = target(
        account,
        [
            *target.messages("signups", person()),
            *target.messages("signup_tags", {"id": "t", "name": "Donor"}),
            *target.messages(
                "signup_taggings",
                {"id": "1", "signup_id": "p1", "tag_id": "t"},
                {"id": "2", "signup_id": "p1", "tag": "Brand new"},
            ),
        ],
    )

    assert done.code == 0, done.rejects
    assert sorted(each["attributes"]["name"] for each in account.records("signup_tags")) == ["Brand new", "Donor"]
    assert len(account.records("signup_taggings")) == 2


def test_a_tag_is_taken_away_where_deleting_is_allowed(account: Account, target: Any) -> None:
    messages = [
        *target.messages("signups", person()),
        *target.messages("signup_taggings", {"id": "1", "signup_id": "p1", "tag": "Donor"}),
    ]
    target(account, messages)
    gone = {"id": "1", "signup_id": "p1", "tag": "Donor", "_sdc_deleted_at": "2024-01-01T00:00:00Z"}

    kept = target.write(account, "signup_taggings", gone)
    assert len(account.records("signup_taggings")) == 1
    done = target.write(account, "signup_taggings", gone, allow_delete=True)

    assert kept.by("signup_taggings", "skipped") == {"deletion ignored": 1}
    assert done.count("signup_taggings", "deleted") == 1
    assert account.records("signup_taggings") == []
    assert len(account.records("signup_tags")) == 1


# Money and contacts


def test_a_donation_is_written_in_cents_and_leaves_the_donors_names_alone(account: Account, target: Any) -> None:
    gift = {
        "id": "d1",
        "signup_id": "p1",
        "amount_in_cents": 2500,
        "payment_type_name": "Cash",
        "succeeded_at": "2024-09-20T12:00:00-07:00",
        "first_name": "Old",
        "last_name": "Name",
        "email": "old@example.org",
    }
    done = target(account, [*target.messages("signups", person()), *target.messages("donations", gift)])

    assert done.code == 0, done.rejects
    shown = only(account, "donations")["attributes"]
    assert (shown["amount_in_cents"], shown["amount"], shown["status"]) == (2500, "25.00", "succeeded")
    donor = signup(account, email="n1@example.org")
    assert (donor["first_name"], donor["email2"]) == ("Name1", None)
    assert done.by("donations", "withheld") == {"names and e-mail address of the donor": 1}

    target.write(account, "donations", gift, nationbuilder_donor_details=True)
    assert only(account, "donations")["attributes"]["first_name"] == "Old"


def test_a_donation_finds_its_donor_by_address_and_makes_nobody(account: Account, target: Any) -> None:
    donor = add(account, "signups", email="n1@example.org")

    done = target.write(
        account,
        "donations",
        {"id": "1", "amount_in_cents": 100, "email": "N1@example.org"},
        {"id": "2", "amount_in_cents": 100, "email": "stranger@example.org"},
    )

    assert only(account, "donations")["attributes"]["signup_id"] == donor
    assert done.rejects[0]["reason"] == "nobody to give it to"
    assert len(account.records("signups")) == 2, "the owner and the donor"


@pytest.mark.parametrize(
    ("stream", "record"),
    [
        ("donations", {"amount_in_cents": 100}),
        ("contacts", {"contact_method": "phone_call", "contact_status": "answered"}),
        ("pledges", {"amount_in_cents": 100}),
    ],
)
def test_what_cannot_be_looked_up_is_parked_and_never_sent_twice(
    account: Account, target: Any, stream: str, record: dict[str, Any]
) -> None:
    target.write(account, "signups", person())
    account.fault(method="POST", path=stream, do="cut_after", times=1)

    done = target.write(account, stream, {"id": "1", "signup_id": "p1", **record})
    again = target.write(account, stream, {"id": "1", "signup_id": "p1", **record})

    assert (done.code, done.count(stream, "unknown")) == (3, 1)
    assert again.count(stream, "unknown") == 1
    assert len(account.records(stream)) == 1


def test_references_in_relationships_travel_there(account: Account, target: Any) -> None:
    gift = {"id": "1", "signup_id": "p1", "recruiter_id": "p2", "author_id": "p3", "amount_in_cents": 100}

    target(account, [*target.messages("signups", person(1), person(2)), *target.messages("donations", gift)])

    (body,) = [body for body in bodies(account) if body["type"] == "donations"]
    assert body["relationships"]["recruiter"]["data"]["type"] == "signups"
    assert "recruiter_id" not in body["attributes"]
    assert "author" not in body["relationships"], "nobody is known under it"


# Memberships, signatures, RSVPs: nothing at the vendor keeps a second one out


@pytest.mark.parametrize(
    ("stream", "parents", "record"),
    [
        ("memberships", {"membership_types": {"name": "Full"}}, {"status": "active", "membership_type_id": "x"}),
        ("petition_signatures", {"petitions": {"page_name": "Sign"}}, {"petition_id": "x", "comment": "Yes"}),
        (
            "event_rsvps",
            {"events": {"start_at": "2025-05-01T18:00:00-04:00", "page_name": "Rally"}},
            {"event_id": "x", "guests_count": 2, "phone_number": "2025550143"},
        ),
        ("path_journeys", {"paths": {"name": "Join"}}, {"path_id": "x", "description": "By hand"}),
        (
            "survey_question_responses",
            {"survey_questions": {"slug": "food", "question_format": "text"}},
            {"survey_question_id": "x", "content": "Bread"},
        ),
        ("signup_profiles", {}, {"bio": "Born"}),
        ("voters", {}, {"is_early_voter": True}),
    ],
)
def test_a_deed_that_is_there_already_is_changed_instead_of_made_again(
    account: Account, target: Any, stream: str, parents: dict[str, Any], record: dict[str, Any]
) -> None:
    before = [message for name, each in parents.items() for message in target.messages(name, {"id": "x", **each})]
    messages = [
        *target.messages("signups", person()),
        *before,
        *target.messages(stream, {"id": "1", "signup_id": "p1", **record}),
    ]
    first = target(account, messages)
    (target.folder / "journal.db").unlink()
    second = target(account, messages)

    assert (first.code, second.code) == (0, 0), (first.rejects, second.rejects)
    assert second.count(stream, "created") == 0
    assert len(account.records(stream)) == 1


def test_two_deeds_of_one_source_stay_two(account: Account, target: Any) -> None:
    deeds = [{"id": str(number), "signup_id": "p1", "petition_id": "x", "comment": f"{number}"} for number in (1, 2)]

    done = target(
        account,
        [
            *target.messages("signups", person()),
            *target.messages("petitions", {"id": "x"}),
            *target.messages("petition_signatures", *deeds),
        ],
    )

    assert done.code == 0, done.rejects
    assert sorted(each["attributes"]["comment"] for each in account.records("petition_signatures")) == ["1", "2"]


def test_an_rsvp_links_to_its_person_and_makes_nobody(account: Account, target: Any) -> None:
    messages = [
        *target.messages("signups", person()),
        *target.messages("events", {"id": "e", "start_at": "2025-05-01T18:00:00-04:00", "page_name": "Rally"}),
        *target.messages(
            "event_rsvps",
            {"id": "1", "event_id": "e", "signup_id": "p1", "guests_count": 1},
            {"id": "2", "event_id": "e", "email": "stranger@example.org", "first_name": "A", "last_name": "B"},
        ),
    ]
    done = target(account, messages)

    shown = only(account, "event_rsvps")
    assert shown["attributes"]["guests_count"] == 1
    assert shown["relationships"]["signup"]["links"]["related"].rsplit("/", 1)[-1] == next(
        each["id"] for each in account.records("signups") if each["attributes"]["email"] == "n1@example.org"
    )
    assert [each["reason"] for each in done.rejects] == ["nobody to give it to"]


# Events and petitions with their page


@pytest.mark.parametrize("stream", ["events", "petitions"])
def test_an_event_or_petition_is_made_with_its_page(account: Account, target: Any, stream: str) -> None:
    record: dict[str, Any] = {
        "id": "1",
        "content": "Come",
        "page_name": "Rally",
        "page_slug": "rally-2025",
        "page_status": "published",
    }
    record |= {"start_at": "2025-05-01T18:00:00-04:00", "duration": 3600} if stream == "events" else {"goal": 5}

    done = target.write(account, stream, record)
    page = only(account, "pages")["attributes"]
    target.write(account, stream, {**record, "content": "Come all", "page_name": "Big rally"})

    assert done.code == 0, done.rejects
    assert (page["name"], page["slug"], page["status"]) == ("Rally", "rally-2025", "published")
    assert page["page_type_name"] == {"events": "Event", "petitions": "Petition"}[stream]
    assert only(account, stream)["attributes"]["content"] == "Come all"
    assert only(account, "pages")["attributes"]["name"] == "Big rally"


def test_a_petition_on_a_page_that_is_there_needs_no_site(account: Account, target: Any) -> None:
    add(account, "sites", name="Second", slug="second")
    page = add(account, "pages", page_type_name="Petition", slug="there")

    petition = target.messages("petitions", {"ref": "1", "page_id": page}, key=["ref"])
    done = target(account, petition, ids_are_this_accounts=True)

    assert done.code == 0, done.rejects
    assert only(account, "petitions")["attributes"]["page_id"] == page == only(account, "pages")["id"]


def test_a_page_that_comes_in_its_own_stream_is_that_of_its_event(account: Account, target: Any) -> None:
    page = {
        "id": "9",
        "name": "Rally",
        "title": "Rally!",
        "slug": "rally",
        "status": "published",
        "permission_level": "anyone",
        "page_type_name": "Event",
    }
    event = {"id": "1", "start_at": "2025-05-01T18:00:00-04:00", "page_id": "9"}

    done = target(account, [*target.messages("pages", page), *target.messages("events", event)])
    again = target(account, [*target.messages("pages", page), *target.messages("events", event)])

    assert (done.code, again.code) == (0, 0), done.rejects
    shown = only(account, "pages")["attributes"]
    assert (shown["title"], shown["slug"], shown["status"]) == ("Rally!", "rally", "published")
    assert again.count("pages", "unchanged") == again.count("events", "unchanged") == 1


def test_an_event_whose_answer_was_lost_is_found_by_its_page(account: Account, target: Any) -> None:
    account.fault(method="POST", path="events", do="cut_after", times=1)

    done = target.write(account, "events", {"id": "1", "start_at": "2025-05-01T18:00:00-04:00"})

    assert done.code == 0, done.log
    assert len(account.records("events")) == len(account.records("pages")) == 1


# Lists


MEMBER = ("list_id", "signup_id")


def members(account: Account, count: int) -> list[dict[str, str]]:
    """So many people of the nation, to be put on a list of it."""
    there = account.insert("signups", [{"attributes": {"first_name": f"N{number}"}} for number in range(count)])
    of = add(account, "lists", name="VIPs", slug="vips")
    return [{"list_id": of, "signup_id": each["id"]} for each in there]


def on_list(account: Account) -> Counter[str]:
    return Counter(each["attributes"]["signup_id"] for each in account.records("list_members"))


def test_people_are_put_on_lists_together_and_taken_off(account: Account, target: Any) -> None:
    everybody = members(account, 2500)
    account.set(latency=0.02, polls=2)
    account.clear_log()
    own = {"ids_are_this_accounts": True}

    done = target(account, target.messages("list_signups", *everybody, key=MEMBER), **own)

    assert done.code == 0, done.rejects
    assert done.count("list_signups", "created") == 2500
    assert on_list(account) == Counter(each["signup_id"] for each in everybody)
    assert len(writes(account)) <= 4, "thousands in one call"
    again = target(account, target.messages("list_signups", *everybody, key=MEMBER), **own)
    assert again.count("list_signups", "unchanged") == 2500

    account.clear_log()
    gone = [{**each, "_sdc_deleted_at": "2024-01-01T00:00:00Z"} for each in everybody[:1000]]
    caps = {"max_deletes": 1000, "max_deletes_share": 1}
    left = target(account, target.messages("list_signups", *gone, key=MEMBER), allow_delete=True, **caps, **own)
    assert left.count("list_signups", "deleted") == 1000
    assert on_list(account) == Counter(each["signup_id"] for each in everybody[1000:])
    assert len(writes(account)) <= 2


def test_people_go_on_lists_in_the_run_that_writes_both(account: Account, target: Any) -> None:
    put = [{"list_id": f"l{number % 3}", "signup_id": f"p{number}"} for number in range(60)]

    done = target(
        account,
        [
            *target.messages("list_signups", *put, key=MEMBER),
            *target.messages("lists", *({"id": f"l{n}", "name": f"List {n}", "slug": f"list-{n}"} for n in range(3))),
            *target.messages("signups", *(person(number) for number in range(60))),
        ],
    )

    assert done.code == 0, done.rejects
    assert done.count("list_signups", "created") == len(account.records("list_members")) == 60
    assert {each["attributes"]["signups_count"] for each in account.records("lists")} == {20}
    assert sum("add_signups" in call["path"] for call in writes(account)) <= 6


def test_one_who_cannot_be_put_on_a_list_harms_no_other(account: Account, target: Any) -> None:
    everybody = members(account, 20)
    bad = {**everybody[7], "signup_id": "somebody"}
    messages = target.messages("list_signups", *everybody[:7], bad, *everybody[8:], key=MEMBER)

    done = target(account, messages, ids_are_this_accounts=True)

    assert (done.count("list_signups", "created"), done.count("list_signups", "rejected")) == (19, 1)
    assert done.rejects[0]["reason"] == "the vendor refused"
    assert len(on_list(account)) == 19


def test_an_answer_without_the_token_of_the_action_is_no_success(account: Account, target: Any) -> None:
    messages = target.messages("list_signups", *members(account, 3), key=MEMBER)
    account.fault(do="status", status=202, body={}, method="PATCH", path="add_signups", times=None)
    first = target(account, messages, ids_are_this_accounts=True)
    account.clear_faults()

    second = target(account, messages, ids_are_this_accounts=True)

    assert first.code == 3
    assert {"the answer shows no token" in each["words"] for each in first.rejects} == {True}
    assert second.code == 0, second.rejects
    assert len(on_list(account)) == 3


def test_a_run_killed_while_people_are_put_on_a_list_is_finished_by_the_next(
    account: Account, target: Any, until: Any
) -> None:
    everybody = members(account, 300)
    account.set(polls=10_000)
    account.clear_log()
    own = {"ids_are_this_accounts": True}

    running = target.started(
        account, [*target.messages("list_signups", *everybody, key=MEMBER), target.state({"after": 300})], **own
    )
    until(lambda: any("async_processes" in call["path"] for call in account.log()))
    running.kill()
    killed = target.ended(running)
    account.set(polls=0)
    done = target(account, [], **own)

    assert killed.states == []
    assert done.code == 0, done.rejects
    assert on_list(account) == Counter(each["signup_id"] for each in everybody)
    assert done.count("list_signups", "created") == 300


def test_what_is_planned_for_a_list_is_not_done(account: Account, target: Any) -> None:
    everybody = members(account, 3)
    account.clear_log()

    done = target(
        account, target.messages("list_signups", *everybody, key=MEMBER), ids_are_this_accounts=True, dry_run=True
    )

    assert [each["plan"] for each in done.plan] == ["create"] * 3
    assert writes(account) == []


def test_an_action_on_a_list_that_fails_is_a_rejection_to_be_tried_again(account: Account, target: Any) -> None:
    key = ("list_id", "signup_id")
    target(
        account,
        [
            *target.messages("signups", person()),
            *target.messages("lists", {"id": "l", "name": "VIPs", "slug": "vips"}),
        ],
    )
    account.set(actions_fail=True)
    messages = target.messages("list_signups", {"list_id": "l", "signup_id": "p1"}, key=key)

    done = target(account, messages)
    account.set(actions_fail=False)
    again = target(account, messages)

    assert done.rejects[0]["reason"] == "the vendor did not manage"
    assert again.code == 0
    assert len(account.records("list_members")) == 1


def test_one_bad_list_harms_no_other(account: Account, target: Any) -> None:
    key = ("list_id", "signup_id")
    gone, there = add(account, "lists", slug="gone", name="Gone"), add(account, "lists", slug="there", name="There")
    somebody = add(account, "signups", email="n1@example.org")
    account.delete("lists", [gone])
    members = [{"list_id": each, "signup_id": somebody} for each in (gone, there)]

    done = target(account, target.messages("list_signups", *members, key=key), ids_are_this_accounts=True)

    assert (done.count("list_signups", "created"), done.count("list_signups", "rejected")) == (1, 1)


# Paths


@pytest.mark.parametrize("status", ["completed", "abandoned", "deleted", "active"])
def test_a_journey_is_brought_into_its_status(account: Account, target: Any, status: str) -> None:
    messages = [
        *target.messages("signups", person()),
        *target.messages("paths", {"id": "x", "name": "Join"}),
        *target.messages("path_steps", {"id": "s", "path_id": "x", "name": "Call"}),
        *target.messages(
            "path_journey_status_changes",
            {"id": "why", "path_id": "x", "name": "Done", "target_status": "completed"},
        ),
    ]
    journey = {"id": "1", "signup_id": "p1", "path_id": "x", "current_step_id": "s", "value_amount": "5.00"}
    more = {"path_journey_status_change_id": "why"} if status == "completed" else {}

    done = target(
        account, [*messages, *target.messages("path_journeys", {**journey, **more, "journey_status": status})]
    )
    back = target.write(account, "path_journeys", {**journey, "journey_status": "active"})

    assert (done.code, back.code) == (0, 0), (done.rejects, back.rejects)
    assert only(account, "path_journeys")["attributes"]["journey_status"] == "active"
    calls = [call["path"].rsplit("/", 1)[-1] for call in writes(account)]
    actions = {"completed": ["complete"], "abandoned": ["abandon"], "deleted": ["void"]}.get(status, [])
    assert [each for each in calls if each in {"complete", "abandon", "void", "reactivate"}] == (
        [*actions, "reactivate"] if actions else []
    )


# Tokens


def app(account: Account) -> dict[str, Any]:
    """Settings that sign in with the nation's app instead of a test token."""
    names = ("client_id", "client_secret", "refresh_token")
    return {
        "nationbuilder_access_token": "",
        **{f"nationbuilder_{name}": account.credentials[name] for name in names},
    }


@contextmanager
def tokens_ending(account: Account, every: int) -> Iterator[None]:
    """Let every access token of the nation's app end after so many calls, and at the first look at an action."""
    over = threading.Event()

    def end_them() -> None:
        end_at, polled = every, False
        while not over.wait(0.05):
            polls = not polled and any("async_processes" in call["path"] for call in account.log())
            if polls or account.counters()["calls"] >= end_at:
                live = [token["id"] for token in account.records("tokens") if token["kind"] == "oauth"]
                account.change("tokens", live, expires_in=0)
                end_at, polled = account.counters()["calls"] + every, polled or polls

    thread = threading.Thread(target=end_them)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_tokens_that_end_while_records_are_written_lose_and_repeat_nothing(account: Account, target: Any) -> None:
    """They end between two records, between a search and its write, before a page is sideposted, and while we poll."""
    account.set(latency=0.05, polls=3)
    numbers = range(40)
    events = ({"id": f"e{n}", "start_at": "2025-05-01T18:00:00Z", "venue_name": f"Hall {n}"} for n in numbers)
    given = ({"id": f"d{n}", "signup_id": f"p{n}", "amount_in_cents": 100 + n} for n in numbers)
    messages = [
        *target.messages("signups", *(person(number) for number in numbers)),
        *target.messages("lists", {"id": "l", "name": "VIPs", "slug": "vips"}),
        *target.messages("donations", *given),
        *target.messages("events", *events),
        *target.messages("list_signups", *({"list_id": "l", "signup_id": f"p{n}"} for n in numbers), key=MEMBER),
    ]

    with tokens_ending(account, every=50):
        done = target(account, messages, **app(account))

    assert done.code == 0, done.log
    ended = [call["path"] for call in account.log() if call["status"] == 401]
    assert len(ended) > 2
    assert any("async_processes" in path for path in ended)
    made = {each["attributes"]["email"] for each in account.records("signups")}
    assert {person(number)["email"] for number in numbers} <= made
    amounts = Counter(each["attributes"]["amount_in_cents"] for each in account.records("donations"))
    assert amounts == Counter(100 + number for number in numbers)
    halls = Counter(each["attributes"]["venue_name"] for each in account.records("events"))
    assert halls == Counter(f"Hall {number}" for number in numbers)
    assert len(account.records("pages")) == len(on_list(account)) == len(numbers)
    refreshes = [call["status"] for call in account.log() if call["path"].endswith("/oauth/token")]
    assert set(refreshes) == {200}


def test_tap_and_target_share_an_app_whose_token_ends_again_and_again(
    sandbox: Sandbox, target: Any, tap: Any, tmp_path: Path
) -> None:
    account = sandbox.account("nationbuilder", counts={"voters": 2000}, latency=0.1)
    shared = {**app(account), "token_store": str(tmp_path / "tokens.json")}
    command = tap.command(tap.settings(account, **shared, nationbuilder_in_flight=2), "voters")

    with tokens_ending(account, every=50):
        writing = target.started(
            account, target.messages("signups", *(person(number) for number in range(150))), **shared
        )
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as reading:
            out, log = commands.finish(reading)
        done = target.ended(writing)

    assert (reading.returncode, done.code) == (0, 0), log.decode() + done.log
    there = {each["id"] for each in account.records("voters")}
    assert Counter(each["id"] for each in tap.parse(out).records("voters")) == Counter(there)
    assert done.count("signups", "created") == 150
    refreshes = [call["status"] for call in account.log() if call["path"].endswith("/oauth/token")]
    assert len(refreshes) > 2
    assert set(refreshes) == {200}


# Everything else


def test_a_second_nation_gets_its_own_site(sandbox: Sandbox, target: Any) -> None:
    account = sandbox.account("nationbuilder")
    page = {"id": "1", "site_id": "77", "name": "A", "title": "A", "slug": "a", "status": "hidden"}

    done = target.write(account, "pages", {**page, "permission_level": "anyone"})

    assert done.code == 0, done.rejects
    assert only(account, "pages")["attributes"]["site_id"] == only(account, "sites")["id"]
    add(account, "sites", name="Second", slug="second")
    other = target.write(account, "pages", {**page, "id": "2", "slug": "b", "permission_level": "anyone"})
    assert other.rejects[0]["reason"] == "which site"


def test_required_fields_are_named_before_the_call(account: Account, target: Any) -> None:
    done = target.write(account, "relationships", {"id": "1", "relationship_type": "parent-child"})

    assert done.rejects[0]["words"] == "To create one, relationships need first_signup_id, second_signup_id."
    assert writes(account) == []


def test_what_the_vendor_takes_and_does_not_show_is_a_rejection(account: Account, target: Any) -> None:
    account.fault(method="PATCH", do="drop_field", field="first_name")

    done = target.write(account, "signups", person())

    assert (done.rejects[0]["reason"], "first_name" in done.rejects[0]["words"]) == ("not applied", True)


@pytest.mark.parametrize("mode", ["upsert", "create"])
def test_signups_that_refer_to_one_another_are_all_written_whole(account: Account, target: Any, mode: str) -> None:
    done = target.write(
        account,
        "signups",
        person(1, recruiter_id="p2", author_id="p1"),
        person(2, recruiter_id="p1"),
        person(3, recruiter_id="p2"),
        mode=mode,
    )

    assert done.code == 0, done.rejects
    assert [done.count("signups", each) for each in ("created", "waiting", "skipped")] == [3, 0, 0]
    shown = {each["attributes"]["email"]: each for each in account.records("signups")}
    one, two, three = (shown[f"n{number}@example.org"] for number in (1, 2, 3))
    assert one["attributes"]["recruiter_id"] == two["id"]
    assert one["attributes"]["author_id"] == one["id"]
    assert two["attributes"]["recruiter_id"] == one["id"]
    assert three["attributes"]["recruiter_id"] == two["id"]
    again = target.write(account, "signups", person(2, recruiter_id="p1"), mode=mode)
    assert again.count("signups", "unchanged") == 1


def test_lists_that_are_their_own_parent_or_one_anothers_are_written_with_their_members(
    account: Account, target: Any
) -> None:
    lists = [
        {"id": 4, "name": "Own", "slug": "own", "parent_id": 4},
        {"id": 5, "name": "One", "slug": "one", "parent_id": 6},
        {"id": 6, "name": "Other", "slug": "other", "parent_id": 5},
        {"id": 7, "name": "Orphan", "slug": "orphan", "parent_id": 99},
    ]
    members = [{"list_id": each["id"], "signup_id": "p1"} for each in lists]

    done = target(
        account,
        [
            *target.messages("signups", person(1)),
            *target.messages("lists", *lists),
            *target.messages("list_signups", *members, key=MEMBER),
        ],
    )

    assert done.code == 0, done.rejects
    assert sorted(each["attributes"]["slug"] for each in account.records("lists")) == ["one", "orphan", "other", "own"]
    assert len(account.records("list_members")) == 4


def test_one_that_is_there_already_is_completed_with_what_it_refers_to(account: Account, target: Any) -> None:
    target.write(account, "signups", person(1))
    (before,) = (each for each in account.records("signups") if each["attributes"]["email"] == "n1@example.org")

    (target.folder / "journal.db").unlink()
    done = target.write(account, "signups", person(1, recruiter_id="p2"), person(2, recruiter_id="p1"))

    shown = {each["attributes"]["email"]: each for each in account.records("signups")}
    one, two = (shown[f"n{number}@example.org"] for number in (1, 2))
    assert done.code == 0, done.rejects
    assert one["id"] == before["id"]
    assert one["attributes"]["recruiter_id"] == two["id"]
    assert two["attributes"]["recruiter_id"] == one["id"]


def test_somebody_not_to_be_contacted_keeps_what_was_said_of_each_channel(account: Account, target: Any) -> None:
    out = {"do_not_contact": True, "email_opt_in": True, "phone_number": "2025550199", "do_not_call": False}

    done = target.write(account, "signups", person(1, **out), person(2, phone_number="2025550199"))

    assert done.code == 0, done.log
    by_email = {each["attributes"]["email"]: each["attributes"] for each in account.records("signups")}
    first, second = by_email["n1@example.org"], by_email["n2@example.org"]
    assert (first["do_not_contact"], first["email_opt_in"], first["do_not_call"]) == (True, True, False)
    assert (second["do_not_contact"], second["do_not_call"]) == (False, True)


@pytest.mark.parametrize("said", [{}, {"send_auto_responses": True}])
def test_a_new_suggestion_box_sends_no_mail_unless_the_record_says_so(
    account: Account, target: Any, said: dict[str, bool]
) -> None:
    box = {"id": "1", "name": "Ideas", "status": "published", **said}

    done = target.write(account, "suggestion_boxes", box)

    assert done.code == 0, done.rejects
    (stored,) = account.records("suggestion_boxes")
    names = ("send_auto_responses", "send_official_response_notifications", "send_response_notifications")
    assert {name: stored["attributes"][name] for name in names} == dict.fromkeys(names, False) | said
