"""Writing to NationBuilder in the sandbox: documents, validations, push, sideposting, side effects, actions.

After nationbuilder.com/api/v2/docs/v2/released.yaml and support.nationbuilder.com, articles 9757369 and 9899245.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

REQUIRED = json.loads((Path(__file__).parent / "documents" / "nationbuilder.json").read_text(encoding="utf-8"))[
    "required"
]
Document = dict[str, Any]


@pytest.fixture
def nation(make: Callable[..., Any]) -> Any:
    return make(size=6)


# Documents


def test_create_change_delete(nation: Any) -> None:
    made = nation.post("signups", {"first_name": "Pat", "last_name": "Example", "email": "pat@example.com"})
    assert made["data"]["type"] == "signups"
    assert made["data"]["attributes"]["full_name"] == "Pat Example"
    assert made["data"]["attributes"]["email1"] == "pat@example.com"
    key = made["data"]["id"]
    changed = nation.patch("signups", key, {"support_level": 2})["data"]["attributes"]
    moved = ("support_level", "support_level_changed_at", "updated_at")
    assert changed["support_level"] == 2
    assert changed["support_level_changed_at"] is not None
    assert changed == {**made["data"]["attributes"], **{name: changed[name] for name in moved}}
    assert nation.call("DELETE", f"/signups/{key}") == {"meta": {}}
    assert nation.call("GET", f"/signups/{key}", 404)["code"] == "not_found"
    assert nation.call("DELETE", f"/signups/{key}", 404)["code"] == "not_found"
    nation.patch("signups", key, {"first_name": "Gone"}, 404)


def test_new_records_are_dated_now(nation: Any) -> None:
    made = nation.post("signups", {"first_name": "Pat"})["data"]["attributes"]
    age = datetime.now(UTC) - datetime.fromisoformat(made["created_at"])
    assert 0 <= age.total_seconds() < 5
    assert made["created_at"] == made["updated_at"]


def test_ids_in_bodies_may_be_numbers_and_cut_bodies_are_refused(nation: Any) -> None:
    data = {"type": "signups", "attributes": {"first_name": "Pat"}, "id": 1}
    nation.call("PATCH", "/signups/1", 200, {"data": data})
    cut = nation.send("POST", "signups", data='{"data": {')
    assert (cut.status_code, cut.json()["code"]) == (400, "bad_request")


def test_one_unknown_attribute_refuses_the_whole_document(nation: Any) -> None:
    before = nation.count("signups")
    answer = nation.post("signups", {"first_name": "Pat", "phone": "1", "full_name": "P", "support_level": "2"}, 400)
    assert [error["detail"] for error in answer["errors"]] == [
        "data.attributes.phone is an unknown attribute",
        "data.attributes.full_name cannot be written",
        "data.attributes.support_level should be type integer",
    ]
    assert nation.count("signups") == before


def test_ids_may_be_numbers_and_come_back_as_strings(nation: Any) -> None:
    made = nation.post("signup_taggings", {"signup_id": int(nation.made("signups", {"first_name": "A"})), "tag_id": 1})
    assert made["data"]["attributes"]["tag_id"] == "1"


def test_replies_take_fields_extra_fields_and_includes(nation: Any) -> None:
    address = {"address1": "1 Main St", "zip": "10001"}
    body = {"data": nation.document("signups", {"first_name": "Pat", "home_address_attributes": address}, {})}
    asked = {"fields[signups]": "first_name", "extra_fields[signups]": "home_address", "include": "recruiter"}
    made = nation.call("POST", "/signups", 201, body, **asked)
    assert made["data"]["attributes"].keys() == {"first_name", "home_address"}
    assert made["data"]["attributes"]["home_address"]["zip"] == "10001"
    assert made["data"]["relationships"] == {"recruiter": {"links": {"related": None}, "data": None}}
    before = nation.count("signups")
    nation.call("POST", "/signups", 400, body, include="tags")
    assert nation.count("signups") == before


# Validations


def test_an_error_is_told_in_full(nation: Any) -> None:
    assert nation.post("signups", {"first_name": "Pat", "email": "nope"}, 422) == {
        "errors": [
            {
                "code": "unprocessable_entity",
                "status": "422",
                "title": "Validation Error",
                "detail": "Email 'nope' should look like an email address",
                "source": {"pointer": "/data/attributes/email"},
                "meta": {
                    "attribute": "email",
                    "message": "'nope' should look like an email address",
                    "code": "invalid",
                },
            }
        ]
    }


@pytest.mark.parametrize("kind", REQUIRED)
def test_what_a_new_record_must_have(nation: Any, kind: str) -> None:
    errors = nation.post(kind, {}, 422)["errors"]
    assert {error["meta"]["attribute"] for error in errors} == set(REQUIRED[kind].split())
    assert all(error["meta"]["code"] == "blank" for error in errors)
    if kind != "signups":
        assert all(error["detail"].endswith(" can't be blank") for error in errors)


def test_a_taken_tagging(nation: Any) -> None:
    key = nation.made("signups", {"first_name": "Pat"})
    tag = nation.made("signup_tags", {"name": "Donor"})
    pair = {"signup_id": key, "tag_id": tag}
    tagging = nation.made("signup_taggings", pair)
    [error] = nation.post("signup_taggings", pair, 422)["errors"]
    assert error["detail"] == "Tag has already been taken"
    assert error["source"] == {"pointer": "/data/attributes/tag_id"}
    assert error["meta"]["code"] == "taken"
    assert nation.read("signup_tags", tag)["taggings_count"] == 1
    nation.call("DELETE", f"/signup_taggings/{tagging}")
    assert nation.read("signup_tags", tag)["taggings_count"] == 0
    nation.made("signup_taggings", pair)


# Signups


def test_emails_stand_in_slots(nation: Any) -> None:
    key = nation.made("signups", {"email": "a@example.com"})
    nation.patch("signups", key, {"email2": "b@example.com", "primary_email_id": 2})
    assert nation.read("signups", key, **{"fields[signups]": "email,email1,email2"}) == {
        "email": "b@example.com",
        "email1": "a@example.com",
        "email2": "b@example.com",
    }
    nation.patch("signups", key, {"email": "c@example.com"})
    assert nation.read("signups", key)["email2"] == "c@example.com"
    nation.patch("signups", key, {"email1": "d@example.com"})
    assert nation.read("signups", key)["email"] == "c@example.com"


def test_opt_ins_are_true_unless_somebody_says_no(nation: Any) -> None:
    silent = nation.made("signups", {"first_name": "A"})
    asked = nation.made("signups", {"first_name": "B", "email_opt_in": False, "mobile_opt_in": False})
    for key, said in ((silent, True), (asked, False)):
        signup = nation.read("signups", key)
        assert (signup["email_opt_in"], signup["mobile_opt_in"]) == (said, said)


def test_addresses_are_patched(nation: Any) -> None:
    key = nation.made(
        "signups", {"first_name": "A", "home_address_attributes": {"city": "Springfield", "zip": "10001"}}
    )

    def home() -> Any:
        return nation.read("signups", key, **{"extra_fields[signups]": "home_address,primary_address"})

    nation.patch("signups", key, {"home_address_attributes": {"zip": None, "state": "NY"}})
    parts = {name: value for name, value in home()["home_address"].items() if value is not None}
    assert parts == {"city": "Springfield", "state": "NY"}
    assert home()["primary_address"] == home()["home_address"]
    for bad in ({"street": "x"}, {"zip": 10001}, {"delete": "yes"}, "1 Main St"):
        [error] = nation.patch("signups", key, {"home_address_attributes": bad}, 400)["errors"]
        assert error["detail"] == "data.attributes.home_address_attributes should be type hash"
    nation.patch("signups", key, {"home_address_attributes": {"delete": True}})
    assert home()["home_address"] is None


def test_custom_values_are_merged(nation: Any) -> None:
    key = nation.made("signups", {"first_name": "A", "custom_values": {"chapter": "North", "bugs_found": 1}})
    nation.patch("signups", key, {"custom_values": {"has_key": True, "shirt_size": "Large"}})
    everything = {"chapter": "North", "bugs_found": 1.0, "has_key": True, "shirt_size": "Large", "nickname": None}
    assert nation.read("signups", key)["custom_values"] == everything
    nation.patch("signups", key, {"custom_values": {"chapter": None}})
    assert nation.read("signups", key)["custom_values"] == {**everything, "chapter": None}
    assert nation.patch("signups", key, {"custom_values": {"shoe": 1, "chapter": "x"}}, 400) == {
        "code": "invalid_custom_field",
        "message": "Custom field 'shoe' does not exist",
    }
    assert nation.patch("signups", key, {"custom_values": {"in_memory_of": "x"}}, 400)["code"] == "invalid_custom_field"
    assert nation.post("donations", {"signup_id": key, "custom_values": {"in_memory_of": "Ada"}})["data"]["attributes"][
        "custom_values"
    ] == {"in_memory_of": "Ada", "match_factor": None}
    for values in ({"has_key": "yes"}, {"bugs_found": "many"}, {"shirt_size": "Gigantic"}, {"chapter": ["x"]}):
        [words] = nation.flaws("signups", {"custom_values": values}, key)
        assert "is not a valid" in words
    assert nation.read("signups", key)["custom_values"] == {**everything, "chapter": None}


# Push


PUSH_KEYS = ("civicrm_id", "county_file_id", "dw_id", "external_id", "email", "ngp_id", "salesforce_id", "van_id")


@pytest.mark.parametrize("name", PUSH_KEYS)
def test_push_finds_or_makes(nation: Any, name: str) -> None:
    value = "key-1@example.com" if name == "email" else "key-1"
    made = nation.push({name: value, "first_name": "Pat", "note": "kept"}, 201)["data"]
    found = nation.push({name: value, "first_name": "Sam"}, 200)["data"]
    assert found["id"] == made["id"]
    assert (found["attributes"]["first_name"], found["attributes"]["note"]) == ("Sam", "kept")
    assert nation.count("signups", first_name="Sam") == 1


def test_push_looks_into_every_slot_and_without_a_key_makes_a_new_one(nation: Any) -> None:
    key = nation.made("signups", {"email": "a@example.com", "email2": "b@example.com"})
    assert nation.push({"email": "B@example.com", "last_name": "X"}, 200)["data"]["id"] == key
    first = nation.push({"first_name": "Nobody"}, 201)["data"]["id"]
    assert nation.push({"first_name": "Nobody"}, 201)["data"]["id"] != first
    assert nation.push({"email": "nope"}, 422)["errors"][0]["meta"]["code"] == "invalid"


def test_push_takes_sideposted_records(nation: Any) -> None:
    tag = nation.made("signup_tags", {"name": "Pushed"})
    links = [{"type": "signup_tags", "id": tag}]
    key = nation.push({"external_id": "crm-1", "first_name": "A"}, 201, signup_tags=links)["data"]["id"]
    nation.push({"external_id": "crm-1"}, 200, signup_tags=links)
    assert nation.count("signup_taggings", signup_id=key) == 1


# Sideposting


def test_sideposts_of_every_method(nation: Any) -> None:
    tags = [nation.made("signup_tags", {"name": name}) for name in ("one", "two", "three")]
    key = nation.made("signups", {"first_name": "Pat"})
    nation.made("signup_taggings", {"signup_id": key, "tag_id": tags[1]})
    gone = nation.made("petition_signatures", {"petition_id": "1", "signup_id": key})
    membership = nation.made("memberships", {"signup_id": key, "membership_type_id": "1"})
    body = {
        "data": {
            "id": key,
            "type": "signups",
            "attributes": {"last_name": "Example"},
            "relationships": {
                "recruiter": {"data": {"type": "signups", "temp-id": "r1", "method": "create"}},
                "signup_tags": {
                    "data": [
                        {"type": "signup_tags", "id": tags[0]},
                        {"type": "signup_tags", "temp-id": "t1", "method": "create"},
                        {"type": "signup_tags", "id": tags[1], "method": "disassociate"},
                        {"type": "signup_tags", "id": tags[2], "method": "destroy"},
                    ]
                },
                "petition_signatures": {"data": [{"type": "petition_signatures", "id": gone, "method": "destroy"}]},
                "memberships": {
                    "data": [
                        {"type": "memberships", "id": membership, "method": "update"},
                        {"type": "memberships", "temp-id": "m1", "method": "create"},
                    ]
                },
            },
        },
        "included": [
            {"type": "signups", "temp-id": "r1", "attributes": {"first_name": "Ref", "email": "ref@example.com"}},
            {"type": "signup_tags", "temp-id": "t1", "attributes": {"name": "via_api"}},
            {"type": "memberships", "id": membership, "attributes": {"status": "expired"}},
            {"type": "memberships", "temp-id": "m1", "attributes": {"membership_type_id": "2", "status": "active"}},
        ],
    }
    nation.call("PATCH", f"/signups/{key}", 200, body)
    answer = nation.call("GET", f"/signups/{key}", include="recruiter,signup_tags,memberships,petition_signatures")
    found = {(row["type"], row["id"]): row["attributes"] for row in answer["included"]}
    assert {row["name"] for (kind, _), row in found.items() if kind == "signup_tags"} == {"one", "via_api"}
    assert [row["first_name"] for (kind, _), row in found.items() if kind == "signups"] == ["Ref"]
    assert answer["data"]["attributes"]["recruiter_id"] is not None
    assert {row["status"] for (kind, _), row in found.items() if kind == "memberships"} == {"expired", "active"}
    assert not any(kind == "petition_signatures" for kind, _ in found)
    assert nation.read("signup_tags", tags[1])["taggings_count"] == 0
    nation.call("GET", f"/signup_tags/{tags[2]}", 404)
    nation.patch("signups", key, {}, recruiter={"type": "signups", "id": "1", "method": "disassociate"})
    assert nation.read("signups", key)["recruiter_id"] is None
    nation.patch("signups", key, {}, recruiter={"type": "signups", "id": "1"})
    assert nation.read("signups", key)["recruiter_id"] == "1"
    nation.patch("signups", key, {}, recruiter=None)
    assert nation.read("signups", key)["recruiter_id"] is None


def test_a_flaw_beside_takes_everything_back(nation: Any) -> None:
    before = nation.account.counters()["resources"]
    body: dict[str, Any] = {
        "data": nation.document(
            "signups",
            {"first_name": "Pat"},
            {
                "recruiter": {"type": "signups", "temp-id": "r1", "method": "create"},
                "memberships": [{"type": "memberships", "temp-id": "m1", "method": "create"}],
            },
        ),
        "included": [
            {"type": "signups", "temp-id": "r1", "attributes": {"first_name": "Ref"}},
            {"type": "memberships", "temp-id": "m1", "attributes": {"status": "active"}},
        ],
    }
    [error] = nation.call("POST", "/signups", 422, body)["errors"]
    assert error["meta"] == {
        "relationship": {
            "name": "memberships",
            "id": None,
            "type": "memberships",
            "attribute": "membership_type_id",
            "message": "can't be blank",
            "code": "blank",
        }
    }
    assert nation.account.counters()["resources"] == before
    body["included"][1]["attributes"] = {"level": 1}
    [error] = nation.call("POST", "/signups", 400, body)["errors"]
    assert error["detail"] == "included.1.attributes.level is an unknown attribute"


def test_tags_made_beside_are_unique_too(nation: Any) -> None:
    nation.made("signup_tags", {"name": "Donor"})
    body = {
        "data": nation.document("signups", {"first_name": "A"}, {"signup_tags": [TAG]}),
        "included": [{"type": "signup_tags", "temp-id": "t", "attributes": {"name": "donor"}}],
    }
    [error] = nation.call("POST", "/signups", 422, body)["errors"]
    assert error["meta"]["relationship"]["code"] == "taken"


TAG = {"type": "signup_tags", "temp-id": "t", "method": "create"}


# Pages and what stands on them


def page_beside(**values: Any) -> Document:
    attributes = {"site_id": "1", "name": "Rally", "title": "Rally", "headline": "Rally", "slug": "rally-2025"}
    attributes |= {"status": "unlisted", "permission_level": "anyone", **values}
    return {"type": "pages", "temp-id": "p1", "attributes": attributes}


PAGE = {"type": "pages", "temp-id": "p1", "method": "create"}


def test_an_event_brings_its_page(nation: Any) -> None:
    given = {"start_at": "2025-05-01T18:00:00-04:00", "duration": 3600, "venue_name": "Hall"}
    assert nation.flaws("events", given) == ["Page can't be blank"]
    body = {"data": nation.document("events", given, {"page": PAGE}), "included": [page_beside(page_type_name="Event")]}
    answer = nation.call("POST", "/events", 201, body)
    assert "included" not in answer
    event = answer["data"]
    assert event["attributes"]["start_at"] == "2025-05-01T18:00:00-04:00"
    page = nation.read("pages", event["attributes"]["page_id"])
    assert (page["page_type_name"], page["url_path"], page["published_at"]) == ("Event", "/rally-2025", None)
    link = {"type": "pages", "id": event["attributes"]["page_id"], "method": "update"}
    body = {
        "data": nation.document("events", {"venue_name": "Park"}, {"page": link}) | {"id": event["id"]},
        "included": [{"type": "pages", "id": link["id"], "attributes": {"status": "published"}}],
    }
    nation.call("PATCH", f"/events/{event['id']}", 200, body)
    assert nation.read("pages", link["id"])["published_at"] is not None
    assert nation.read("events", event["id"])["venue_name"] == "Park"


def test_a_petition_brings_its_page_and_shows_it(nation: Any) -> None:
    body = {
        "data": nation.document("petitions", {"goal": 5}, {"page": PAGE}),
        "included": [page_beside(page_type_name="Petition")],
    }
    answer = nation.call("POST", "/petitions", 201, body)
    [page] = answer["included"]
    assert (page["type"], page["attributes"]["page_type_name"]) == ("pages", "Petition")
    assert answer["data"]["relationships"]["page"]["data"] == {"type": "pages", "id": page["id"]}
    made = {"petition_id": answer["data"]["id"], "signup_id": "1", "comment": "Yes", "trigger_autoresponses": False}
    signature = nation.post("petition_signatures", made)["data"]["attributes"]
    assert signature["page_id"] == page["id"]
    assert "trigger_autoresponses" not in signature
    [error] = nation.call("POST", "/petitions", 422, body)["errors"]
    assert error["meta"]["relationship"]["message"] == "has already been taken"


def test_only_basic_pages_are_made_by_themselves(nation: Any) -> None:
    attributes = page_beside()["attributes"]
    [words] = nation.flaws("pages", attributes | {"page_type_name": "Event"})
    assert words == 'page_type_name value must be one of ["Basic"]'
    page = nation.post("pages", attributes | {"external_id": "x"})["data"]["attributes"]
    assert page["page_type_name"] == "Basic"
    again = attributes | {"external_id": "x"}
    assert nation.flaws("pages", again) == ["Slug has already been taken", "External has already been taken"]


def test_rsvps_find_or_make_their_person(nation: Any) -> None:
    person = {"first_name": "Pat", "last_name": "Example", "email": "pat@example.com"}
    address = {"home_address_attributes": {"city": "Springfield"}, "phone_number": "5550100"}
    rsvp = nation.post("event_rsvps", {"event_id": "1", **person, **address})["data"]
    assert rsvp["attributes"]["page_id"] == nation.read("events", "1")["page_id"]
    key = rsvp["relationships"]["signup"]["links"]["related"].rsplit("/", 1)[-1]
    signup = nation.read("signups", key, **{"extra_fields[signups]": "home_address"})
    assert (signup["full_name"], signup["email"], signup["phone_number"]) == (
        "Pat Example",
        "pat@example.com",
        "5550100",
    )
    assert signup["home_address"]["city"] == "Springfield"
    again = nation.post("event_rsvps", {"event_id": "1", **person, "first_name": "Patricia"})["data"]
    assert again["relationships"]["signup"]["links"]["related"].endswith(f"/{key}")
    nation.patch("event_rsvps", again["id"], {"first_name": "Pete", "canceled": True})
    assert nation.read("signups", key)["first_name"] == "Pat"
    beside = nation.post("event_rsvps", {"event_id": "1"}, signup={"type": "signups", "id": key})["data"]
    assert beside["attributes"]["email"] == "pat@example.com"
    assert nation.flaws("event_rsvps", {"event_id": "1", "first_name": "Pat"}) == [
        "Last name can't be blank",
        "Email can't be blank",
    ]


def test_suggestions_refuse_in_words_of_their_own(nation: Any) -> None:
    missing = {"suggestion_box_id": "99999", "headline": "More parking"}
    assert nation.post("suggestions", missing, 422) == {
        "code": "unprocessable_entity",
        "message": "The referenced resource 'SuggestionBox' with id '99999' could not be found.",
    }
    box = {"site_id": "1", "name": "Ideas", "status": "published", "slug": "ideas"}
    made = nation.post("suggestion_boxes", box)["data"]
    assert made["attributes"]["title"] == "Ideas"
    taken = nation.post("suggestion_boxes", box, 400)
    assert (taken["code"], taken["validation_errors"]) == ("validation_failed", ["Slug has already been taken"])
    given = {"suggestion_box_id": made["id"], "headline": "More parking", "external_id": "ext-1"}
    suggestion = nation.post("suggestions", given)["data"]
    assert (
        suggestion["attributes"]
        | {
            "slug": "more-parking",
            "status": "published",
            "site_id": "1",
            "is_responded": False,
        }
        == suggestion["attributes"]
    )
    assert nation.read("pages", suggestion["attributes"]["page_id"])["external_id"] == "ext-1"
    assert nation.post("suggestions", given | {"slug": "other"}, 400)["validation_errors"] == [
        "External id has already been taken"
    ]
    answered = nation.patch("suggestions", suggestion["id"], {"official_response": "Soon", "notify_followers": False})
    assert answered["data"]["attributes"]["is_responded"] is True
    assert answered["data"]["attributes"]["responded_at"] is not None
    assert "notify_followers" not in answered["data"]["attributes"]
    assert nation.call("DELETE", f"/suggestions/{suggestion['id']}") == {"meta": {}}


# Contacts and money


def test_a_contact_shows_on_the_signup(nation: Any) -> None:
    key = nation.made("signups", {"first_name": "Pat"})
    nation.post("contacts", {"contact_method": "phone_call", "contact_status": "answered"}, 422)
    links = {name: {"type": "signups", "id": other} for name, other in (("signup", key), ("author", "1"))}
    contact = nation.post("contacts", {"contact_method": "phone_call", "contact_status": "answered"}, **links)["data"]
    assert (contact["attributes"]["signup_id"], contact["attributes"]["author_id"]) == (key, "1")
    signup = nation.read("signups", key)
    assert (signup["contact_status"], signup["last_contacted_by_id"]) == ("answered", "1")
    assert signup["last_contacted_at"] == contact["attributes"]["created_at"]
    nation.post("contacts", {"signup_id": key, "contact_method": "email", "created_at": "2020-01-01T00:00:00Z"}, 400)


def test_donations_find_or_make_their_donor(nation: Any) -> None:
    person = {"first_name": "Pat", "last_name": "Example", "email": "pat@example.com"}
    paid = {"amount_in_cents": 2550, "payment_type_name": "Cash", "succeeded_at": "2024-09-20T12:00:00-04:00"}
    donation = nation.post("donations", {**paid, **person})["data"]["attributes"]
    assert (donation["amount"], donation["status"], donation["payment_type_id"]) == ("25.50", "succeeded", "1")
    key = donation["signup_id"]
    assert nation.read("signups", key)["is_donor"] is True
    given = {"amount_in_cents": 100, "signup_id": key, "first_name": "Patricia", "email": "second@example.com"}
    assert nation.post("donations", given)["data"]["attributes"]["status"] is None
    signup = nation.read("signups", key)
    assert (signup["first_name"], signup["full_name"]) == ("Patricia", "Patricia Example")
    assert (signup["email"], signup["email2"]) == ("pat@example.com", "second@example.com")
    assert nation.post("donations", {"email": "SECOND@example.com"})["data"]["attributes"]["signup_id"] == key
    assert nation.flaws("donations", {"signup_id": key, "payment_type_name": "Shells"})


def test_a_donations_state_is_its_times(nation: Any) -> None:
    key = nation.made("donations", {"signup_id": "1", "amount_in_cents": 100, "pending_at": "2024-01-01T00:00:00Z"})
    for name in ("succeeded", "failed", "canceled"):
        answer = nation.patch("donations", key, {f"{name}_at": "2024-01-02T00:00:00Z"})
        assert answer["data"]["attributes"]["status"] == name


def test_author_and_recruiter_of_a_donation_are_relationships(nation: Any) -> None:
    key = nation.made("donations", {"signup_id": "1"}, recruiter={"type": "signups", "id": "2"})
    donation = nation.call("GET", f"/donations/{key}", include="recruiter,payment_type")["data"]
    assert donation["relationships"]["recruiter"]["data"] == {"type": "signups", "id": "2"}
    assert "recruiter_id" not in donation["attributes"]


def test_what_is_left_of_a_pledge(nation: Any) -> None:
    pledge = nation.post("pledges", {"signup_id": "1", "amount_in_cents": 1000})["data"]
    assert (pledge["attributes"]["amount"], pledge["attributes"]["amount_left_in_cents"]) == ("10.00", 1000)
    paid = {"signup_id": "1", "amount_in_cents": 300, "pledge_id": pledge["id"], "succeeded_at": "2024-01-01T00:00:00Z"}
    nation.made("donations", paid)
    assert nation.read("pledges", pledge["id"])["amount_left_in_cents"] == 700


# Deleting


def test_what_cannot_be_without_it_goes_too(nation: Any) -> None:
    key = nation.made("signups", {"first_name": "Pat"})
    follower = nation.made("signups", {"first_name": "Sam", "recruiter_id": key})
    tag = nation.made("signup_tags", {"name": "Donor"})
    nation.made("signup_taggings", {"signup_id": key, "tag_id": tag})
    membership = nation.made("memberships", {"signup_id": key, "membership_type_id": "1"})
    donation = nation.made("donations", {"signup_id": key})
    listed = nation.made("lists", {"name": "L", "slug": "l", "author_id": key})
    nation.call("DELETE", f"/signups/{key}")
    nation.call("GET", f"/memberships/{membership}", 404)
    assert nation.count("signup_taggings", tag_id=tag) == 0
    assert nation.read("signup_tags", tag)["taggings_count"] == 0
    assert nation.read("signups", follower)["recruiter_id"] is None
    assert nation.read("donations", donation)["signup_id"] is None
    assert nation.read("lists", listed)["author_id"] is None
    nation.made("signup_taggings", {"signup_id": follower, "tag_id": tag})
    nation.call("DELETE", f"/signup_tags/{tag}")
    assert nation.count("signup_taggings", signup_id=follower) == 0


# Lists


def members(nation: Any, key: str) -> set[str]:
    page = nation.call("GET", f"/lists/{key}/signups", **{"page[size]": 100, "fields[signups]": "email"})
    assert all(row["type"] == "signups" and row["attributes"].keys() == {"email"} for row in page["data"])
    return {row["id"] for row in page["data"]}


def act(nation: Any, key: str, action: str, **data: Any) -> str:
    answer = nation.call("PATCH", f"/lists/{key}/{action}", 202, {"data": {"id": key, "type": "lists", **data}})
    assert answer.keys() == {"token"}
    return str(answer["token"])


def test_list_members_change_later(nation: Any) -> None:
    key = nation.made("lists", {"name": "VIPs", "slug": "vips"}, author={"type": "signups", "id": "1"})
    nation.account.set(polls=2)
    token = act(nation, key, "add_signups", signup_ids=["1", 2, "2", "99999"])
    assert members(nation, key) == set()
    statuses = [nation.call("GET", f"/async_processes/{token}")["status"] for _ in range(4)]
    assert statuses == ["processing", "processing", "completed", "completed"]
    done = nation.call("GET", f"/async_processes/{token}")
    assert done.keys() == {"id", "status", "message"}
    assert done["id"] == token
    assert datetime.strptime(done["message"], "Completed at %Y-%m-%d %H:%M:%S %z")
    assert members(nation, key) == {"1", "2"}
    assert nation.read("lists", key)["signups_count"] == 2
    nation.account.set(polls=0)
    act(nation, key, "add_signups", signup_ids=["2", "3"])
    act(nation, key, "remove_signups", signup_ids=["1", "4"])
    assert members(nation, key) == {"2", "3"}
    assert nation.read("lists", key)["signups_count"] == 2
    nation.call("DELETE", "/signups/3")
    assert members(nation, key) == {"2"}


def test_tagging_a_list(nation: Any) -> None:
    nation.account.set(polls=0)
    key = nation.made("lists", {"name": "VIPs", "slug": "vips", "author_id": "1"})
    act(nation, key, "add_signups", signup_ids=["1", "2"])
    for _ in range(2):
        act(nation, key, "tag", tag="Via list")
        [tag] = nation.call("GET", "/signup_tags", **{"filter[name]": "via LIST"})["data"]
        assert (tag["attributes"]["name"], tag["attributes"]["taggings_count"]) == ("Via list", 2)
    act(nation, key, "untag", tag="Via list")
    assert nation.read("signup_tags", tag["id"])["taggings_count"] == 0


def test_list_actions_fail(nation: Any) -> None:
    nation.account.set(polls=1, actions_fail=True)
    key = nation.made("lists", {"name": "VIPs", "slug": "vips", "author_id": "1"})
    token = act(nation, key, "add_signups", signup_ids=["1"])
    nation.call("GET", f"/async_processes/{token}")
    assert nation.call("GET", f"/async_processes/{token}")["status"] == "failed"
    assert members(nation, key) == set()


def test_ten_thousand_members_at_once_and_no_more(nation: Any) -> None:
    more = {"id": "1", "type": "lists", "signup_ids": [str(number) for number in range(10_001)]}
    nation.call("PATCH", "/lists/1/add_signups", 400, {"data": more})
    nation.account.insert("signups", [{"attributes": {"first_name": f"N{number}"}} for number in range(1000)])
    key = nation.made("lists", {"name": "All", "slug": "all", "author_id": "1"})
    token = act(nation, key, "add_signups", signup_ids=[str(number) for number in range(1, 10_001)])
    while nation.call("GET", f"/async_processes/{token}")["status"] != "completed":
        pass
    assert nation.read("lists", key)["signups_count"] == nation.count("signups") == 1006


# Paths and automations


def test_journeys(nation: Any) -> None:
    person = nation.made("signups", {"first_name": "Pat"})
    path = nation.made("paths", {"name": "Fundraiser"})
    steps = [nation.made("path_steps", {"path_id": path, "name": name}) for name in ("ask", "thank")]
    reason = nation.made("path_journey_status_changes", {"name": "Won", "path_id": path, "target_status": "completed"})
    journey = nation.post("path_journeys", {"signup_id": person, "path_id": path, "value_amount": "5.00"})["data"]
    key = journey["id"]
    assert (journey["attributes"]["journey_status"], journey["attributes"]["current_step_id"]) == ("active", steps[0])
    [words] = nation.flaws("path_journeys", {"signup_id": person, "path_id": path})
    assert "already has an active journey" in words
    moved = nation.patch("path_journeys", key, {"current_step_id": steps[1], "point_person_id": "1"})["data"]
    assert moved["attributes"]["last_moved_at"] is not None
    assert nation.flaws("path_journeys", {"current_step_id": "1"}, key) == ["Current step must belong to the path"]
    nation.patch("path_journeys", key, {"journey_status": "completed"}, 400)
    done = nation.call("PATCH", f"/path_journeys/{key}/complete", path_journey_status_change_id=reason)["data"]
    assert done["attributes"]["journey_status"] == "completed"
    assert done["attributes"]["path_journey_status_change_id"] == reason
    assert done["attributes"]["ended_at"] is not None
    again = nation.made("path_journeys", {"signup_id": person, "path_id": path})
    nation.call("PATCH", f"/path_journeys/{key}/reactivate", 422)
    assert nation.call("PATCH", f"/path_journeys/{again}/void")["data"]["attributes"]["journey_status"] == "deleted"
    back = nation.call("PATCH", f"/path_journeys/{key}/reactivate")["data"]["attributes"]
    assert (back["journey_status"], back["ended_at"], back["path_journey_status_change_id"]) == ("active", None, None)
    gone = nation.call("PATCH", f"/path_journeys/{key}/abandon")["data"]["attributes"]
    assert gone["journey_status"] == "abandoned"
    nation.call("PATCH", f"/path_journeys/{key}/abandon", 422, path_journey_status_change_id=reason)
    asked = {"filter[path_journey_id]": key, "sort": "id"}
    histories = [row["attributes"]["category"] for row in nation.call("GET", "/path_histories", **asked)["data"]]
    assert histories == ["step_change", "new_point_person", "completion", "reactivation", "abandonment"]


def test_path_steps_make_room(nation: Any) -> None:
    path = nation.made("paths", {"name": "P"})
    first, second = (nation.made("path_steps", {"path_id": path, "name": name}) for name in "ab")
    between = nation.made("path_steps", {"path_id": path, "name": "c", "position": 2})
    positions = [nation.read("path_steps", key)["position"] for key in (first, between, second)]
    assert positions == [1, 2, 3]


def test_automations(nation: Any) -> None:
    automation = nation.post("automations", {"name": "Welcome"})["data"]
    assert automation["attributes"]["status"] == "drafted"
    given = {"automation_id": automation["id"], "signup_id": "1", "campaign_source": "mail"}
    enrollment = nation.made("automation_enrollments", given)
    counted = {"extra_fields[automations]": "total_enrollments_count"}
    assert nation.read("automations", automation["id"], **counted)["total_enrollments_count"] == 1
    archived = nation.call("PATCH", f"/automations/{automation['id']}/archive")["data"]["attributes"]
    assert archived["status"] == "archived"
    nation.call("DELETE", f"/automation_enrollments/{enrollment}")


# Surveys


def test_surveys(nation: Any) -> None:
    survey = nation.made("surveys", {"name": "Food"})
    question = nation.post("survey_questions", {"survey_id": survey, "question_format": "text", "status": "published"})
    assert question["data"]["attributes"]["published_at"] is not None
    answered = {"signup_id": "1", "survey_question_id": question["data"]["id"]}
    assert nation.flaws("survey_question_responses", answered) == ["Content can't be blank"]
    response = nation.post("survey_question_responses", answered | {"content": "Soup"})["data"]["attributes"]
    assert (response["question_format"], response["is_skipped"]) == ("text", False)
    choice = nation.made(
        "survey_question_possible_responses", {"survey_question_id": question["data"]["id"], "name": "A"}
    )
    assert nation.read("survey_question_possible_responses", choice)["position"] == 1
    nation.made("survey_question_responses", answered | {"survey_question_possible_response_id": choice})


# What a test sees


def test_the_log_shows_write_only_attributes_arriving(nation: Any) -> None:
    nation.made("donations", {"signup_id": "1", "send_donor_receipt": True})
    [entry] = [entry for entry in nation.account.log() if entry["method"] == "POST"]
    assert entry["path"] == "/api/v2/donations"
    assert entry["body"]["data"]["attributes"]["send_donor_receipt"] is True


def test_control_stores_and_changes_records_as_they_are_served(nation: Any) -> None:
    [row] = nation.account.insert(
        "event_rsvps",
        [
            {
                "attributes": {"event_id": "1", "created_at": "2024-01-01T00:00:00Z"},
                "relationships": {"signup": {"data": {"type": "signups", "id": "2"}}},
            }
        ],
    )
    assert row["attributes"]["created_at"] == "2023-12-31T19:00:00-05:00"
    assert row["relationships"]["signup"]["links"]["related"].endswith("/signups/2")
    [copy] = nation.account.insert("event_rsvps", [{name: row[name] for name in ("attributes", "relationships")}])
    assert copy["relationships"] == row["relationships"]
    [changed] = nation.account.change("signups", ["2"], modified_date="2024-02-01T00:00:00Z", email="new@example.com")
    assert (changed["attributes"]["email"], changed["attributes"]["email1"]) == ("new@example.com", "new@example.com")
    assert changed["attributes"]["updated_at"] == "2024-01-31T19:00:00-05:00"
    assert "home_address" in changed["attributes"]
    for kind in nation.account.counters()["resources"]:
        if kind not in ("tokens", "async_processes"):
            nation.account.insert(kind, [{"attributes": {}}])
