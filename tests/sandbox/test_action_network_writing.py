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


@pytest.fixture
def api(make: Callable[..., Any]) -> Any:
    return make()


@pytest.fixture
def jo(api: Any) -> str:
    return own(api.sign_up(given_name="Jo", email_addresses=email("jo@example.org")))


# The person signup helper


def test_a_match_moves_the_modified_date_alone(api: Any) -> None:
    [given] = api.account.insert(
        "people",
        [{"email_addresses": email("x@example.org"), "modified_date": "2020-01-01T00:00:00Z", "given_name": "X"}],
    )
    person = api.sign_up(email_addresses=email("x@example.org"))
    assert person["created_date"] == given["created_date"] == "2020-01-01T00:00:00Z"
    assert person["modified_date"] > given["modified_date"]


# Foreign identifiers


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


def test_the_url_of_an_action_made_in_the_ui_stays(make: Callable[..., Any]) -> None:
    api = make(size=10)
    by_ui = next(petition for petition in api.all("/petitions") if petition["origin_system"] == "Action Network")
    changed = api.put(f"/petitions/{own(by_ui)}", {"browser_url": "https://evil.example", "title": "T"})
    assert (changed["browser_url"], changed["title"]) == (by_ui["browser_url"], "T")


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
