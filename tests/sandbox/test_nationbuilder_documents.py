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


# Validations


@pytest.mark.parametrize("kind", REQUIRED)
def test_what_a_new_record_must_have(nation: Any, kind: str) -> None:
    errors = nation.post(kind, {}, 422)["errors"]
    assert {error["meta"]["attribute"] for error in errors} == set(REQUIRED[kind].split())
    assert all(error["meta"]["code"] == "blank" for error in errors)
    if kind != "signups":
        assert all(error["detail"].endswith(" can't be blank") for error in errors)


# Signups


# Push


PUSH_KEYS = ("civicrm_id", "county_file_id", "dw_id", "external_id", "email", "ngp_id", "salesforce_id", "van_id")


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


# Contacts and money


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


# Surveys


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
