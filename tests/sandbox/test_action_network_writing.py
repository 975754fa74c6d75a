"""Action Network in the sandbox: what it does with writes (actionnetwork.org/docs/v2)."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

CASES = json.loads((Path(__file__).parent / "documents" / "action_network.json").read_text(encoding="utf-8"))["cases"]


def own(record: dict[str, Any]) -> str:
    """A record's UUID."""
    native: str = next(name for name in record["identifiers"] if name.startswith("action_network:"))
    return native.split(":")[1]


def email(address: str, **more: str) -> list[dict[str, str]]:
    return [{"address": address, **more}]


def phone(number: str, **more: str) -> list[dict[str, str]]:
    return [{"number": number, **more}]


@pytest.fixture
def api(make: Callable[..., Any]) -> Any:
    return make()


@pytest.fixture
def jo(api: Any) -> str:
    return own(api.sign_up(given_name="Jo", email_addresses=email("jo@example.org")))


# The person signup helper


def test_a_new_person(api: Any) -> None:
    person = api.sign_up(
        given_name="Jo",
        family_name="Doe",
        email_addresses=email("Jo@example.org"),
        phone_numbers=phone("(202) 555-0100"),
        postal_addresses=[{"address_lines": ["1 Main St", "Apt 2"], "locality": "Washington", "postal_code": "20009"}],
        languages_spoken=["fr-FR", "en"],
        custom_fields={"employer": "ACME", "is_volunteer": True, "age": 7},
    )
    assert person["created_date"] == person["modified_date"]
    assert person["email_addresses"] == [{"primary": True, "address": "Jo@example.org", "status": "subscribed"}]
    assert person["phone_numbers"] == [
        {"primary": True, "number": "12025550100", "number_type": "Mobile", "status": "unsubscribed"}
    ]
    [address] = person["postal_addresses"]
    assert (address["address_lines"], address["country"]) == (["1 Main St"], "US")
    assert address["location"].keys() == {"latitude", "longitude", "accuracy"}
    assert person["languages_spoken"] == ["fr-FR"]
    assert person["custom_fields"] == {"employer": "ACME", "is_volunteer": "1", "age": "7"}
    assert api.get(f"/people/{own(person)}") == person


def test_statuses_of_a_new_person(api: Any) -> None:
    person = api.sign_up(
        email_addresses=email("a@example.org", status="unsubscribed"),
        phone_numbers=phone("12025550101", status="subscribed"),
    )
    assert person["email_addresses"][0]["status"] == "unsubscribed"
    assert person["phone_numbers"][0]["status"] == "subscribed"
    odd = api.sign_up(email_addresses=email("b@example.org", status="bouncing"))
    assert odd["email_addresses"][0]["status"] == "subscribed"


def test_a_match_by_email_merges(api: Any, jo: str) -> None:
    api.sign_up(email_addresses=email("jo@example.org", status="unsubscribed"), custom_fields={"a": "1", "b": "2"})
    person = api.sign_up(family_name="Doe", email_addresses=email("JO@example.org"), custom_fields={"b": "3"})
    assert own(person) == jo
    assert (person["given_name"], person["family_name"]) == ("Jo", "Doe")
    assert person["email_addresses"][0]["status"] == "unsubscribed"
    assert person["custom_fields"] == {"a": "1", "b": "3"}
    again = api.sign_up(email_addresses=email("jo@example.org", status="subscribed"))
    assert again["email_addresses"][0]["status"] == "subscribed"
    assert len(api.all("/people")) == 1


def test_a_match_moves_the_modified_date_alone(api: Any) -> None:
    [given] = api.account.insert(
        "people",
        [{"email_addresses": email("x@example.org"), "modified_date": "2020-01-01T00:00:00Z", "given_name": "X"}],
    )
    person = api.sign_up(email_addresses=email("x@example.org"))
    assert person["created_date"] == given["created_date"] == "2020-01-01T00:00:00Z"
    assert person["modified_date"] > given["modified_date"]


@pytest.mark.parametrize("status", ["bouncing", "spam complaint"])
def test_bounces_and_complaints_stay(api: Any, status: str) -> None:
    api.account.insert("people", [{"email_addresses": email("x@example.org", status=status)}])
    person = api.sign_up(email_addresses=email("x@example.org", status="subscribed"))
    assert person["email_addresses"][0]["status"] == status


def test_a_match_by_phone_alone(api: Any) -> None:
    first = api.sign_up(given_name="Mo", phone_numbers=phone("2025550102", status="subscribed"))
    again = api.sign_up(family_name="Doe", phone_numbers=phone("+1 202 555 0102"))
    assert own(first) == own(again)
    assert again["phone_numbers"][0]["status"] == "subscribed"
    assert "email_addresses" not in first
    mailed = api.sign_up(email_addresses=email("mo@example.org"), phone_numbers=phone("12025550102"))
    assert own(mailed) == own(first)
    assert mailed["email_addresses"][0] == {"primary": True, "address": "mo@example.org", "status": "subscribed"}
    assert len(api.all("/people")) == 1


def test_a_new_phone_replaces_the_old(api: Any, jo: str) -> None:
    api.sign_up(email_addresses=email("jo@example.org"), phone_numbers=phone("12025550103", status="subscribed"))
    person = api.sign_up(email_addresses=email("jo@example.org"), phone_numbers=phone("12025550104"))
    assert own(person) == jo
    assert [(entry["number"], entry["status"]) for entry in person["phone_numbers"]] == [
        ("12025550104", "unsubscribed")
    ]


def test_a_phone_moves_between_people_with_emails(api: Any, jo: str) -> None:
    number = phone("12025550105")
    al = own(
        api.sign_up(
            email_addresses=email("al@example.org"), phone_numbers=phone(number[0]["number"], status="subscribed")
        )
    )
    person = api.sign_up(email_addresses=email("jo@example.org"), phone_numbers=number)
    assert own(person) == jo
    assert person["phone_numbers"][0]["number"] == "12025550105"
    assert person["phone_numbers"][0]["status"] == "subscribed"
    assert "phone_numbers" not in api.get(f"/people/{al}")
    new = api.sign_up(email_addresses=email("new@example.org"), phone_numbers=number)
    assert own(new) not in (jo, al)
    assert "phone_numbers" not in api.get(f"/people/{jo}")


def test_a_phone_only_person_is_merged(make: Callable[..., Any]) -> None:
    api = make(counts={"petitions": 2, "tags": 1})
    tag = api.all("/tags")[0]
    mobile = own(api.sign_up(phone_numbers=phone("12025550106"), given_name="Mo", add_tags=[tag["name"]]))
    petition = own(api.all("/petitions")[0])
    api.post(f"/petitions/{petition}/signatures", api.link(mobile))
    jo = own(api.sign_up(email_addresses=email("jo@example.org")))
    person = api.sign_up(email_addresses=email("jo@example.org"), phone_numbers=phone("12025550106"))
    assert own(person) == jo
    assert person["given_name"] == "Mo"
    assert api.call("GET", f"/people/{mobile}").status_code == 404
    assert len(api.all(f"/people/{jo}/signatures")) == 1
    assert len(api.all(f"/people/{jo}/taggings")) == 1


@pytest.mark.parametrize("body", CASES["failed signups"])
def test_a_failed_signup_is_an_empty_answer(api: Any, body: Any) -> None:
    assert api.post("/people", body) == {}
    assert api.all("/people") == []


def test_country_is_us_unless_given(api: Any) -> None:
    mail = email("jo@example.org")
    german = api.sign_up(email_addresses=mail, postal_addresses=[{"postal_code": "10115", "country": "DE"}])
    assert german["postal_addresses"][0]["country"] == "DE"
    moved = api.sign_up(email_addresses=mail, postal_addresses=[{"locality": "Berlin"}])
    [address] = moved["postal_addresses"]
    assert (address["postal_code"], address["locality"], address["country"]) == ("10115", "Berlin", "US")


def test_unknown_languages_become_english(api: Any) -> None:
    person = api.sign_up(email_addresses=email("jo@example.org"), languages_spoken=["tlh"])
    assert person["languages_spoken"] == ["en"]


def test_custom_fields_are_made_on_the_way_or_dropped(api: Any) -> None:
    api.sign_up(email_addresses=email("jo@example.org"), custom_fields={"shoe size": "42"})
    fields = api.get("/metadata/custom_fields")["action_network:custom_fields"]
    assert [field["name"] for field in fields] == ["shoe size"]
    api.account.set(unknown_custom_fields="drop")
    person = api.sign_up(email_addresses=email("jo@example.org"), custom_fields={"hat": "7", "shoe size": "43"})
    assert person["custom_fields"] == {"shoe size": "43"}


def test_tags_are_added_before_they_are_removed_and_unknown_ones_ignored(api: Any) -> None:
    names = {}
    for name in ("volunteer", "member", "prospect"):
        names[own(api.post("/tags", {"name": name}))] = name

    def tags(person: str) -> set[str]:
        taggings = api.all(f"/people/{person}/taggings")
        return {names[tagging["_links"]["osdi:tag"]["href"].rsplit("/", 1)[1]] for tagging in taggings}

    mail = email("jo@example.org")
    jo = own(api.sign_up(email_addresses=mail, add_tags=["volunteer", "Member", "nonsense"]))
    assert tags(jo) == {"volunteer"}
    api.sign_up(email_addresses=mail, add_tags=["member", "prospect"], remove_tags=["prospect", "volunteer", "x"])
    assert tags(jo) == {"member"}
    assert len(api.all("/tags")) == 3


def test_a_request_in_the_background(api: Any) -> None:
    body = {"person": {"email_addresses": email("jo@example.org")}}
    assert api.post("/people", body, background_request="true") == {}
    [person] = api.all("/people")
    assert api.put(f"/people/{own(person)}", {"given_name": "Jo"}, background_request="true") == {}
    assert api.get(f"/people/{own(person)}")["given_name"] == "Jo"
    made = api.post("/tags", {"name": "x"}, background_request="true")
    assert made["name"] == "x"


# PUT


def test_put_merges_and_null_clears(api: Any) -> None:
    person = api.sign_up(
        given_name="Jo",
        family_name="Doe",
        email_addresses=email("jo@example.org"),
        postal_addresses=[{"locality": "Berlin", "region": "BE", "country": "DE"}],
        custom_fields={"a": "1", "b": "2"},
    )
    body = {
        "family_name": None,
        "custom_fields": {"a": None, "c": "3"},
        "postal_addresses": [{"locality": None, "region": None}],
        "email_addresses": [{"status": "unsubscribed"}],
        "add_tags": ["x"],
        "created_date": "2000-01-01T00:00:00Z",
    }
    changed = api.put(f"/people/{own(person)}", body)
    assert changed["given_name"] == "Jo"
    assert "family_name" not in changed
    assert changed["custom_fields"] == {"b": "2", "c": "3"}
    assert changed["email_addresses"] == [{"primary": True, "address": "jo@example.org", "status": "unsubscribed"}]
    [address] = changed["postal_addresses"]
    assert "locality" not in address
    assert (address["region"], address["country"]) == ("BE", "DE")
    assert changed["created_date"] == person["created_date"]
    assert api.get(f"/people/{own(person)}") == changed


def test_an_email_of_somebody_else_is_silently_ignored(api: Any, jo: str) -> None:
    api.sign_up(email_addresses=email("al@example.org"))
    body = {"given_name": "Joan", "email_addresses": email("AL@example.org", status="unsubscribed")}
    changed = api.put(f"/people/{jo}", body)
    assert changed["given_name"] == "Joan"
    assert changed["email_addresses"] == [{"primary": True, "address": "jo@example.org", "status": "subscribed"}]
    free = api.put(f"/people/{jo}", {"email_addresses": email("joan@example.org")})
    assert free["email_addresses"][0]["address"] == "joan@example.org"


def test_an_email_for_a_mobile_only_person(api: Any) -> None:
    mobile = own(api.sign_up(phone_numbers=phone("12025550107")))
    changed = api.put(f"/people/{mobile}", {"email_addresses": email("mo@example.org", status="unsubscribed")})
    assert changed["email_addresses"][0]["status"] == "unsubscribed"


# Foreign identifiers


def test_foreign_identifiers_are_added_and_never_removed(api: Any, jo: str) -> None:
    api.put(f"/people/{jo}", {"identifiers": [f"mysys:{jo}", "no system"]})
    changed = api.put(f"/people/{jo}", {"identifiers": [f"other:{jo}", f"mysys:{jo}", f"action_network:{jo}"]})
    assert changed["identifiers"] == [f"action_network:{jo}", f"mysys:{jo}", f"other:{jo}"]
    assert own(api.all("/people", filter=f"identifier eq 'other:{jo}'")[0]) == jo


def test_foreign_identifiers_are_unique_across_accounts(api: Any, jo: str, make: Callable[..., Any]) -> None:
    taken = f"unique:{jo}"
    api.put(f"/people/{jo}", {"identifiers": [taken]})
    other = make()
    body = {"person": {"email_addresses": email("x@example.org"), "identifiers": [taken]}}
    assert other.refused("POST", "/people", body) == (400, {"error": f"Identifier {taken} has already been taken"})
    assert other.all("/people") == []
    petition = {"title": "x", "origin_system": "MyApp", "identifiers": [taken]}
    assert other.post("/petitions", petition)["identifiers"][1:] == [taken]
    other.account.set(identifier_clash="ignore")
    assert len(other.post("/people", body)["identifiers"]) == 1


# Actions


ACTIONS = ("petitions", "events", "forms", "fundraising_pages", "advocacy_campaigns", "surveys", "event_campaigns")


@pytest.mark.parametrize("resource", ACTIONS)
def test_actions_are_made_and_changed(api: Any, jo: str, resource: str) -> None:
    api.post("/tags", {"name": "known"})
    body = {
        "title": "Stop it",
        "origin_system": "MyApp",
        "name": "stop",
        "description": "<p>x</p>",
        "browser_url": "https://app.example.org/1",
        "tag_list": ["known", "unknown"],
        "identifiers": [f"myapp:{resource}-{jo}"],
        "total_signatures": 7,
        "_links": {"osdi:creator": {"href": f"{api.url}/people/{jo}"}},
    }
    made = api.post(f"/{resource}", body)
    assert made["created_date"] == made["modified_date"]
    assert {name: made[name] for name in ("title", "origin_system", "name", "description", "browser_url")} == {
        name: body[name] for name in ("title", "origin_system", "name", "description", "browser_url")
    }
    assert made["tag_list"] == ["known"]
    assert made["identifiers"][1:] == body["identifiers"]
    assert made["_links"]["osdi:creator"]["href"] == f"{api.url}/people/{jo}"
    assert "action_network:embed" not in made["_links"]
    assert made.get("total_signatures", 0) == 0
    changed = api.put(f"/{resource}/{own(made)}", {"title": "Go on", "name": None, "origin_system": "Other"})
    assert changed["title"] == "Go on"
    assert "name" not in changed
    assert changed["origin_system"] == "MyApp"
    assert changed["description"] == "<p>x</p>"
    assert api.get(f"/{resource}/{own(made)}") == changed
    assert len(api.all(f"/{resource}")) == 1


def test_what_is_each_actions_own(api: Any) -> None:
    new = {"title": "x", "origin_system": "MyApp"}
    petition = api.post("/petitions", {**new, "petition_text": "Please", "target": [{"name": "The Mayor"}]})
    assert (petition["petition_text"], petition["target"], petition["total_signatures"]) == (
        "Please",
        [{"name": "The Mayor"}],
        0,
    )
    campaign = api.post("/advocacy_campaigns", {**new, "type": "phone", "targets": "U.S. Senate"})
    assert (campaign["type"], campaign["targets"]) == ("phone", "U.S. Senate")
    assert api.put(f"/advocacy_campaigns/{own(campaign)}", {"type": "email"})["type"] == "phone"
    assert api.post("/forms", {**new, "call_to_action": "Go"})["call_to_action"] == "Go"
    hosts = api.post("/event_campaigns", {**new, "host_pitch": "Host!", "host_instructions": "<p>x</p>"})
    assert (hosts["host_pitch"], hosts["total_events"]) == ("Host!", 0)
    page = api.post("/fundraising_pages", {**new, "currency": "EUR"})
    assert (page["currency"], page["total_donations"], page["total_amount"]) == ("USD", 0, 0)


def test_the_url_of_an_action_made_in_the_ui_stays(make: Callable[..., Any]) -> None:
    api = make(size=10)
    by_ui = next(petition for petition in api.all("/petitions") if petition["origin_system"] == "Action Network")
    changed = api.put(f"/petitions/{own(by_ui)}", {"browser_url": "https://evil.example", "title": "T"})
    assert (changed["browser_url"], changed["title"]) == (by_ui["browser_url"], "T")


def test_event_times_are_wall_clock(api: Any) -> None:
    body = {
        "title": "Party",
        "origin_system": "MyApp",
        "start_date": "2026-05-01T18:00:00Z",
        "end_date": "2026-05-01T20:00:00-05:00",
        "location": {"venue": "Hall", "address_lines": ["1 Main St", "Room 2"], "locality": "Washington"},
        "capacity": 10,
    }
    event = api.post("/events", body)
    assert (event["start_date"], event["end_date"]) == ("2026-05-01T18:00:00Z", "2026-05-01T20:00:00Z")
    assert event["status"] == "confirmed"
    location = event["location"]
    assert (location["venue"], location["address_lines"], location["country"]) == ("Hall", ["1 Main St"], "US")
    assert api.refused("POST", "/events", {**body, "start_date": "soon"})[0] == 400
    moved = api.put(f"/events/{own(event)}", {"location": {"venue": "Bar"}, "capacity": None})
    assert (moved["location"]["venue"], moved["location"]["locality"]) == ("Bar", "Washington")
    assert "capacity" not in moved


def test_the_status_of_an_event_is_fixed_unless_an_option_says_so(api: Any) -> None:
    event = own(api.post("/events", {"title": "x", "origin_system": "MyApp", "status": "tentative"}))
    assert api.put(f"/events/{event}", {"status": "cancelled"})["status"] == "tentative"
    api.account.set(event_status_writable=True)
    assert api.put(f"/events/{event}", {"status": "cancelled"})["status"] == "cancelled"


def test_events_in_an_event_campaign(api: Any, jo: str) -> None:
    campaign = own(api.post("/event_campaigns", {"title": "Parties", "origin_system": "MyApp"}))
    event = api.post(f"/event_campaigns/{campaign}/events", {"title": "Mine", "origin_system": "MyApp"})
    assert event["action_network:event_campaign_id"] == campaign
    api.post(f"/events/{own(event)}/attendances", api.link(jo))
    counted = api.get(f"/event_campaigns/{campaign}")
    assert (counted["total_events"], counted["total_rsvps"]) == (1, 1)
    path = f"/event_campaigns/{campaign}/events"
    assert [own(found) for found in api.all(path)] == [own(event)]
    assert len(api.all(f"{path}/{own(event)}/attendances")) == 1


# Records of actions

RECORDS = CASES["records"]


def parent_of(api: Any, resource: str) -> str:
    made = api.post(f"/{RECORDS[resource][0]}", {"title": "x", "origin_system": "MyApp"})
    return f"/{RECORDS[resource][0]}/{own(made)}"


@pytest.mark.parametrize("resource", RECORDS)
def test_a_record_by_link(api: Any, jo: str, resource: str) -> None:
    parent, (_, details, _) = parent_of(api, resource), RECORDS[resource]
    api.account.change("people", [jo], modified_date="2020-01-01T00:00:00Z")
    body = {
        **details,
        **api.link(jo),
        "identifiers": [f"mysys:{resource}-{jo}"],
        "created_date": "2024-01-01T00:00:00Z",
        "action_network:referrer_data": {"source": "import", "website": "example.org", "referrer": "me"},
        "add_tags": ["nothing"],
    }
    made = api.post(f"{parent}/{resource}", body)
    assert made["action_network:person_id"] == jo
    assert made["created_date"] == "2024-01-01T00:00:00Z"
    assert made["modified_date"] > "2024-01-01T00:00:00Z"
    assert made["identifiers"][1:] == body["identifiers"]
    referrer = made["action_network:referrer_data"]
    assert (referrer["source"], referrer["website"]) == ("import", "example.org")
    assert referrer["referrer"].startswith("group-")
    assert own(api.all(f"{parent}/{resource}")[0]) == own(api.all(f"/people/{jo}/{resource}")[0]) == own(made)
    assert api.get(f"/people/{jo}")["modified_date"] > "2025-01-01T00:00:00Z"
    total = next(
        value for name, value in api.get(parent).items() if name.startswith("total_") and name != "total_amount"
    )
    assert total == 1


@pytest.mark.parametrize("resource", RECORDS)
def test_a_record_by_helper(api: Any, resource: str) -> None:
    parent, (_, details, _) = parent_of(api, resource), RECORDS[resource]
    api.post("/tags", {"name": "volunteer"})
    person = {"given_name": "Al", "email_addresses": email("al@example.org", status="unsubscribed")}
    triggers = {"autoresponse": {"enabled": True}}
    body = {**details, "person": person, "add_tags": ["volunteer"], "triggers": triggers}
    made = api.post(f"{parent}/{resource}", body)
    al = api.get(f"/people/{made['action_network:person_id']}")
    assert (al["given_name"], al["email_addresses"][0]["status"]) == ("Al", "subscribed")
    assert len(api.all(f"/people/{own(al)}/taggings")) == 1
    api.put(f"/people/{own(al)}", {"email_addresses": [{"status": "unsubscribed"}]})
    again = api.post(f"{parent}/{resource}", {**details, "person": {"email_addresses": email("al@example.org")}})
    assert again["action_network:person_id"] == own(al)
    assert api.get(f"/people/{own(al)}")["email_addresses"][0]["status"] == "unsubscribed"
    api.post(
        f"{parent}/{resource}", {**details, "person": {"email_addresses": email("al@example.org", status="subscribed")}}
    )
    assert api.get(f"/people/{own(al)}")["email_addresses"][0]["status"] == "subscribed"
    failed = api.post(f"{parent}/{resource}", {**details, "person": {"given_name": "Nobody"}})
    assert failed == {}
    assert len(api.all("/people")) == 1


@pytest.mark.parametrize("resource", RECORDS)
def test_a_record_of_nobody_or_of_nothing(api: Any, jo: str, resource: str) -> None:
    parent, (_, details, _) = parent_of(api, resource), RECORDS[resource]
    bad = (400, {"error": "You must specify a valid person id"})
    assert api.refused("POST", f"{parent}/{resource}", {**details, **api.link("X")}) == bad
    assert api.refused("POST", f"{parent}/{resource}", details) == bad
    lost = f"/{parent.split('/')[1]}/X/{resource}"
    assert api.refused("POST", lost, {**details, **api.link(jo)})[0] == 404
    assert api.all(f"{parent}/{resource}") == []


@pytest.mark.parametrize("resource", RECORDS)
def test_repeats(api: Any, jo: str, resource: str) -> None:
    parent, (_, details, _) = parent_of(api, resource), RECORDS[resource]
    first = api.post(f"{parent}/{resource}", {**details, **api.link(jo), "identifiers": [f"r:{resource}-{jo}"]})
    second = api.post(f"{parent}/{resource}", {**details, **api.link(jo)})
    found = {own(record) for record in api.all(f"{parent}/{resource}")}
    if resource in ("donations", "outreaches"):
        assert found == {own(first), own(second)}
        clash = {**details, **api.link(jo), "identifiers": [f"r:{resource}-{jo}"]}
        assert api.refused("POST", f"{parent}/{resource}", clash)[0] == 400
        assert len(api.all(f"{parent}/{resource}")) == 2
    else:
        assert found == {own(second)}
        assert own(first) != own(second)
        assert second["identifiers"][1:] == [f"r:{resource}-{jo}"]
        same = api.post(f"{parent}/{resource}", {**details, **api.link(jo), "identifiers": [f"r:{resource}-{jo}"]})
        assert same["identifiers"][1:] == [f"r:{resource}-{jo}"]
        total = {value for name, value in api.get(parent).items() if name.startswith("total_")}
        assert total == {1}


@pytest.mark.parametrize("resource", RECORDS)
def test_put_on_a_record(api: Any, jo: str, resource: str) -> None:
    parent, (_, details, change) = parent_of(api, resource), RECORDS[resource]
    made = api.post(f"{parent}/{resource}", {**details, **api.link(jo)})
    path = f"{parent}/{resource}/{own(made)}"
    if change is None:
        assert api.refused("PUT", path, {"identifiers": ["x:1"]}) == (404, {"error": "Not found"})
        return
    body = {**change, "identifiers": [f"late:{resource}-{jo}"], "created_date": "2000-01-01T00:00:00Z"}
    changed = api.put(path, body)
    assert changed["identifiers"][1:] == [f"late:{resource}-{jo}"]
    assert changed["created_date"] == made["created_date"]
    assert {name: changed[name] for name in change} == change
    by_person = api.put(f"/people/{jo}/{resource}/{own(made)}", {})
    assert by_person["identifiers"] == changed["identifiers"]


def test_donations_are_computed(api: Any, jo: str) -> None:
    parent, (_, details, _) = parent_of(api, "donations"), RECORDS["donations"]
    payment = {"method": "Cash", "reference_number": "7"}
    made = api.post(f"{parent}/donations", {**details, **api.link(jo), "amount": "1000", "payment": payment})
    assert (made["amount"], made["currency"]) == ("20.01", "usd")
    assert made["payment"] == {
        "method": "Credit Card",
        "reference_number": own(made),
        "authorization_stored": False,
    }
    assert made["action_network:recurrence"] == {"recurring": True, "period": "Monthly"}
    assert own(api.all("/donations")[0]) == own(made)
    page = api.get(parent)
    assert (page["total_donations"], page["total_amount"]) == (1, 20.01)
    assert api.refused("POST", f"{parent}/donations", api.link(jo))[0] == 400
    assert api.refused("POST", f"{parent}/donations", {**details, **api.link(jo), "payment": None})[0] == 400
    assert api.refused("POST", f"{parent}/donations", {**details, **api.link(jo), "recipients": [{}]})[0] == 400
    assert api.post(f"{parent}/donations", {"person": {"email_addresses": email("jo@example.org")}}) == {}


def test_outreaches_have_one_target(api: Any, jo: str) -> None:
    parent, (_, details, _) = parent_of(api, "outreaches"), RECORDS["outreaches"]
    for targets in ([], [{"title": "A"}, {"title": "B"}], None):
        assert api.refused("POST", f"{parent}/outreaches", {**details, "targets": targets, **api.link(jo)})[0] == 400
    call = api.post("/advocacy_campaigns", {"title": "Call", "origin_system": "MyApp", "type": "phone"})
    body = {"targets": [{"title": "A"}], "duration": 60, **api.link(jo)}
    made = api.post(f"/advocacy_campaigns/{own(call)}/outreaches", body)
    assert (made["type"], made["duration"]) == ("phone", 60)


def test_only_some_records_can_be_made_on_actions_of_the_ui(make: Callable[..., Any]) -> None:
    api = make(size=10)
    jo = own(api.all("/people")[0])
    for resource, (parents, details, _) in RECORDS.items():
        by_ui = next(found for found in api.all(f"/{parents}") if "action_network:embed" in found["_links"])
        path = f"/{parents}/{own(by_ui)}/{resource}"
        if resource in ("donations", "outreaches"):
            assert api.refused("POST", path, {**details, **api.link(jo)})[0] == 400
            assert api.post(path, {**details, "person": {"email_addresses": email("x@example.org")}}) == {}
        else:
            assert api.post(path, {**details, **api.link(jo)})["action_network:person_id"] == jo


def test_records_in_the_background(api: Any, jo: str) -> None:
    parent = parent_of(api, "signatures")
    assert api.post(f"{parent}/signatures", api.link(jo), background_request="true") == {}
    [signature] = api.all(f"{parent}/signatures")
    path = f"{parent}/signatures/{own(signature)}"
    assert api.put(path, {"comments": "later"}, background_request="true") == {}
    assert api.get(path)["comments"] == "later"


def test_blind_posts(api: Any) -> None:
    parent = parent_of(api, "signatures")
    body = {"person": {"email_addresses": email("blind@example.org")}}
    for path, content in (
        (f"{parent}/signatures", body),
        (f"{parent}/signatures", {"person": {}}),
        ("/petitions/X/signatures", body),
        ("/people", body),
    ):
        response = api.call("POST", path, json=content, headers={})
        assert (response.status_code, response.json()) == (200, {})
    [signature] = api.all(f"{parent}/signatures")
    assert own(api.all("/people")[0]) == signature["action_network:person_id"]
    wrong = api.call("POST", f"{parent}/signatures", json=body, headers={"OSDI-API-Token": "wrong"})
    assert wrong.status_code == 403


# Tags


@pytest.mark.parametrize("status", [302, 303, 307])
def test_an_existing_tag_is_a_redirect(api: Any, status: int) -> None:
    api.account.set(tag_redirect=status)
    made = api.post("/tags", {"name": "volunteer"})
    response = api.call("POST", "/tags", json={"name": "volunteer"})
    assert response.status_code == status
    assert response.headers["Location"] == f"{api.url}/tags/{own(made)}"
    assert api.call("GET", response.headers["Location"]).json() == made
    assert len(api.all("/tags")) == 1


def test_taggings_are_replaced_and_deleted(api: Any, jo: str) -> None:
    tag = own(api.post("/tags", {"name": "x"}))
    path = f"/tags/{tag}/taggings"
    first = api.post(path, {**api.link(jo), "identifiers": [f"t:{jo}"]})
    assert first["item_type"] == "osdi:person"
    assert first["_links"]["osdi:person"]["href"] == f"{api.url}/people/{jo}"
    second = api.post(path, api.link(jo))
    assert own(first) != own(second)
    assert [own(tagging) for tagging in api.all(path)] == [own(second)]
    assert api.refused("POST", path, api.link("X")) == (400, {"error": "You must specify a valid person id"})
    assert api.refused("POST", "/tags/X/taggings", api.link(jo))[0] == 404
    assert api.refused("PUT", f"{path}/{own(second)}", {}) == (404, {"error": "Not found"})
    gone = api.call("DELETE", f"{path}/{own(second)}")
    assert (gone.status_code, gone.json()) == (200, {"notice": "This tagging was successfully deleted."})
    assert api.call("GET", f"{path}/{own(second)}").status_code == 404
    assert api.call("DELETE", f"{path}/{own(second)}").status_code == 404
    third = own(api.post(path, api.link(jo)))
    assert api.call("DELETE", f"{path}/{third}?background_request=true").json() == {}


# Messages and lists


MESSAGE = {"subject": "Stop it", "body": "<p>x</p>", "from": "Group A", "reply_to": "team@example.org"}


def settled(api: Any, message: str) -> Any:
    """The message once its status has stopped moving."""
    for _ in range(1000):
        found = api.get(f"/messages/{message}")
        if found["status"] not in ("calculating", "sending"):
            return found
        time.sleep(0.05)
    raise AssertionError(found["status"])


def test_a_message_from_draft_to_sent(make: Callable[..., Any]) -> None:
    api = make(counts={"people": 30, "queries": 1}, calculating_seconds=0.2, message_seconds=0)
    for name in MESSAGE:
        assert api.refused("POST", "/messages", {**MESSAGE, name: ""})[0] == 400
    made = api.post("/messages", {**MESSAGE, "name": "M", "origin_system": "MyApp"})
    path = f"/messages/{own(made)}"
    assert (made["status"], made["targets"], made["type"]) == ("calculating", [], "email")
    assert "total_targeted" not in made
    default = next(own(wrapper) for wrapper in api.all("/wrappers") if wrapper["default"])
    assert made["_links"]["osdi:wrapper"]["href"] == f"{api.url}/wrappers/{default}"
    assert api.refused("POST", f"{path}/send", {})[0] == 400
    draft = settled(api, own(made))
    subscribed = [
        person for person in api.all("/people") if person.get("email_addresses", [{}])[0].get("status") == "subscribed"
    ]
    assert (draft["status"], draft["total_targeted"]) == ("draft", len(subscribed))
    query = api.all("/queries")[0]["_links"]["self"]
    retargeted = api.put(path, {"targets": [query], "subject": "Go on"})
    assert (retargeted["status"], retargeted["targets"], retargeted["subject"]) == ("calculating", [query], "Go on")
    settled(api, own(made))
    assert api.post(f"{path}/schedule", {"scheduled_start_date": "2099-03-14T12:00:00Z"}) == {
        "message": "Your message has been scheduled"
    }
    scheduled = api.get(path)
    assert (scheduled["status"], scheduled["scheduled_start_date"]) == ("scheduled", "2099-03-14T12:00:00Z")
    assert api.refused("PUT", path, {"subject": "x"})[0] == 400
    assert api.call("DELETE", f"{path}/schedule").status_code == 200
    assert "scheduled_start_date" not in api.get(path)
    assert api.post(f"{path}/send", {}) == {"message": "Your email has been sent."}
    assert api.get(path)["status"] == "sending"
    stopped = api.call("DELETE", f"{path}/send").json()
    assert stopped["message"].startswith("Your email has been stopped.")
    assert api.post(f"{path}/send", {}) == {"message": "Your email has been sent."}
    sent = settled(api, own(made))
    assert sent["status"] == "sent"
    assert sent["statistics"]["sent"] == sent["total_targeted"]
    assert api.refused("POST", f"{path}/send", {})[0] == 400


def test_messages_have_a_limit_of_their_own(api: Any) -> None:
    message = own(api.post("/messages", MESSAGE))
    assert api.refused("POST", "/messages", MESSAGE) == (429, {"error": "Too many requests"})
    assert api.refused("PUT", f"/messages/{message}", {"targets": []})[0] == 429
    assert api.put(f"/messages/{message}", {"subject": "New"})["subject"] == "New"
    assert len(api.all("/messages")) == 1


def test_unique_id_lists(api: Any, jo: str) -> None:
    al = own(api.sign_up(email_addresses=email("al@example.org")))
    made = api.post("/unique_id_lists", {"name": "Big donors", "unique_ids": [jo, jo, "X"]})
    assert (made["name"], made["count"]) == ("Big donors", 1)
    assert "unique_ids" not in made
    path = f"/unique_id_lists/{own(made)}"
    assert api.put(path, {"name": "Bigger"})["count"] == 1
    assert api.put(path, {"unique_ids": [al]})["count"] == 1
    api.account.set(unique_ids="append")
    assert api.put(path, {"unique_ids": [jo]})["count"] == 2
