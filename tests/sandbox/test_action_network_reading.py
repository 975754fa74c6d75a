"""Action Network in the sandbox: keys, paging, filters, oddities (actionnetwork.org/docs/v2)."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from collections.abc import Callable

CASES = json.loads((Path(__file__).parent / "documents" / "action_network.json").read_text(encoding="utf-8"))["cases"]

DAYS_AGO_100 = (datetime.now(UTC) - timedelta(days=100)).date().isoformat()


def own(record: dict[str, Any]) -> str:
    """A record's UUID."""
    native: str = next(name for name in record["identifiers"] if name.startswith("action_network:"))
    return native.split(":")[1]


@pytest.fixture(scope="module")
def api(make: Callable[..., Any]) -> Any:
    return make(size=300)


# Keys


def test_the_entry_point_answers_any_key_or_none(api: Any) -> None:
    for headers in ({}, {"OSDI-API-Token": "wrong"}, {"OSDI-API-Token": api.account.key}):
        response = api.call("GET", "/", headers=headers)
        assert response.status_code == 200
        assert response.json()["osdi_version"] == "1.1.1"


@pytest.mark.parametrize("headers", [{}, {"OSDI-API-Token": "wrong"}, {"Authorization": "Bearer wrong"}])
def test_everything_else_needs_a_key(api: Any, headers: dict[str, str]) -> None:
    for path in ("/people", "/tags", "/metadata", "/nonsense"):
        response = api.call("GET", path, headers=headers)
        assert response.status_code == 403
        echo = headers.get("OSDI-API-Token", "")
        assert response.json() == {"error": f"API Key invalid or not present {echo}"}


@pytest.mark.parametrize("status", [401, 403])
def test_a_revoked_key(make: Callable[..., Any], status: int) -> None:
    api = make(key=f"secret-{status}", size=3)
    api.account.set(revoked=status)
    for method, path in (("GET", "/people"), ("POST", "/tags")):
        response = api.call(method, path, json={"name": "x"})
        assert response.status_code == status
        assert response.json() == {"error": f"API Key invalid or not present secret-{status}"}
    assert api.get("/")["namespace"] == "action_network"
    assert len(api.account.log()) == 3


def test_a_personal_key_has_no_tags_and_campaigns(make: Callable[..., Any]) -> None:
    api = make(size=3, group=False)
    assert "osdi:tags" not in api.get("/")["_links"]
    person = own(api.get("/people")["_embedded"]["osdi:people"][0])
    for path in ("/tags", "/campaigns", f"/people/{person}/taggings"):
        assert api.call("GET", path).status_code == 403
    assert api.get(f"/people/{person}/signatures")["page"] == 1


# Paging


def test_page_size(api: Any) -> None:
    assert api.get("/people")["per_page"] == 25
    assert len(api.items(api.get("/people", per_page=100))) == 25
    assert api.get("/people", per_page=100)["per_page"] == 25
    assert len(api.items(api.get("/people", per_page=7))) == 7
    assert api.get("/people", per_page="all", page="first")["page"] == 1


def test_pages_are_disjoint_and_complete(api: Any) -> None:
    people = [own(person) for person in api.all("/people")]
    assert len(people) == len(set(people)) == 300
    assert set(people) == {own(person) for person in api.account.records("people")}


def test_next_stands_on_the_last_full_page_and_the_page_after_has_none(api: Any) -> None:
    last, after = api.get("/people", page=12), api.get("/people", page=13)
    assert len(api.items(last)) == 25
    assert last["_links"]["next"]["href"] == f"{api.url}/people?page=13"
    assert after["_embedded"] == {"osdi:people": []}
    assert after["_links"]["osdi:people"] == []
    assert "next" not in after["_links"]
    assert after["_links"]["self"]["href"] == f"{api.url}/people?page=13"


def test_next_keeps_filter_and_page_size(api: Any) -> None:
    page = api.get("/people", filter="modified_date gt '2001-01-01T00:00:00Z'", per_page=10)
    following = page["_links"]["next"]["href"]
    assert following == (
        f"{api.url}/people?filter=modified_date%20gt%20%272001-01-01T00%3A00%3A00Z%27&per_page=10&page=2"
    )
    assert api.call("GET", following).json()["page"] == 2


def test_next_of_small_child_collections_is_an_option(make: Callable[..., Any]) -> None:
    api = make(size=80, counts={"petitions": 2, "signatures": 60, "forms": 30, "submissions": 30})
    form = f"/forms/{own(api.all('/forms')[0])}/submissions"
    petitions = [f"/petitions/{own(petition)}/signatures" for petition in api.all("/petitions")]
    big = max(petitions, key=lambda path: api.get(path)["total_records"])
    assert "next" in api.get(form)["_links"]
    api.account.set(child_next=False)
    assert "next" not in api.get(form)["_links"]
    assert "next" in api.get(big)["_links"]
    assert "next" in api.get("/forms")["_links"]


def test_oddities_of_paging(make: Callable[..., Any]) -> None:
    api = make(size=50, next_repeats=True, empty_page_embedded=False)
    assert api.get("/people", page=1)["_links"]["next"]["href"] == f"{api.url}/people?page=2"
    assert api.get("/people", page=2)["_links"]["next"]["href"] == f"{api.url}/people?page=2"
    after = api.get("/people", page=3)
    assert "_embedded" not in after
    assert "next" not in after["_links"]
    api.account.set(next_repeats=False, next_host="http://evil.example")
    assert api.get("/people")["_links"]["next"]["href"].startswith("http://evil.example/api/v2/people?")


def test_oddities_of_records(make: Callable[..., Any]) -> None:
    api = make(size=40, identifiers="foreign_first", attendances_key="osdi:attendance", typos=True)
    several = [person["identifiers"] for person in api.all("/people") if len(person["identifiers"]) > 1]
    assert several
    assert all(not identifiers[0].startswith("action_network:") for identifiers in several)
    event, form, survey = (own(api.all(f"/{name}")[0]) for name in ("events", "forms", "surveys"))
    assert list(api.get(f"/events/{event}/attendances")["_embedded"]) == ["osdi:attendance"]
    submission = api.items(api.get(f"/forms/{form}/submissions"))[0]
    assert submission["_links"]["osdi:person"]["href"].endswith(submission["action:person_id"])
    assert "action_network:person_id" not in submission
    response = api.items(api.get(f"/surveys/{survey}/responses"))[0]
    person = response["action_network:person_id"]
    assert response["_links"]["osdi:person"]["href"] == f"{api.url}/surveys/{person}"
    api.account.set(identifiers="empty")
    assert {tuple(person["identifiers"]) for person in api.all("/people")} == {()}


# Filters


def filtered(api: Any, text: str, path: str = "/people") -> set[str]:
    return {own(record) for record in api.all(path, filter=text)}


def where(records: list[dict[str, Any]], test: Callable[[dict[str, Any]], bool]) -> set[str]:
    return {own(record) for record in records if test(record)}


def test_dates_are_compared_strictly_to_the_second(api: Any) -> None:
    people = api.account.records("people")
    moments = sorted(person["modified_date"] for person in people)
    shared = max(moments, key=moments.count)
    assert moments.count(shared) > 25
    newer = filtered(api, f"modified_date gt '{shared}'")
    older = filtered(api, f"modified_date lt '{shared}'")
    same = filtered(api, f"modified_date eq '{shared}'")
    assert newer == where(people, lambda person: person["modified_date"] > shared)
    assert older == where(people, lambda person: person["modified_date"] < shared)
    assert len(same) == moments.count(shared)
    assert newer | older | same == where(people, lambda _: True)
    low, high = moments[50], moments[250]
    between = where(people, lambda person: low < person["modified_date"] < high)
    assert filtered(api, f"modified_date gt '{low}' and modified_date lt '{high}'") == between
    assert filtered(api, f"modified_date lt '{low}' and modified_date gt '{high}'") == set()


def test_dates_in_other_forms(api: Any) -> None:
    people = api.account.records("people")
    day = DAYS_AGO_100
    expected = where(people, lambda person: person["modified_date"] > f"{day}T00:00:00Z")
    assert expected
    for form in (day, f"{day}T00:00:00Z", f"{day}T02:00:00+02:00", f"{day}T00:00:00.500Z"):
        assert filtered(api, f"modified_date gt '{form}'") == expected
    created = where(people, lambda person: person["created_date"] < f"{day}T00:00:00Z")
    assert created
    assert filtered(api, f"created_date lt '{day}'") == created


def test_text_filters(make: Callable[..., Any]) -> None:
    api = make()
    api.account.insert(
        "people",
        [
            {
                "given_name": "Rob",
                "family_name": "O'Brien",
                "email_addresses": [{"address": "o'brien+news@x.org", "status": "subscribed"}],
                "phone_numbers": [{"number": "12025550100"}],
                "postal_addresses": [{"region": "DC", "postal_code": "20009"}],
                "identifiers": ["mysys:123"],
            },
            {"given_name": "Roberto", "email_addresses": [{"address": "r@x.org", "status": "subscribed"}]},
        ],
    )
    [rob, roberto] = [own(person) for person in api.account.records("people")]
    for text in (
        "given_name eq 'Rob'",
        "family_name eq 'O''Brien'",
        "email_address eq 'o''brien+news@x.org'",
        "email_address eq 'O''BRIEN+news@x.org'",
        "phone_number eq '12025550100'",
        "phone_number eq '(202) 555-0100'",
        "region eq 'DC'",
        "postal_code eq '20009'",
        "identifier eq 'mysys:123'",
        f"identifier eq 'action_network:{rob}'",
        "given_name eq 'Rob' and region eq 'DC'",
    ):
        assert filtered(api, text) == {rob}, text
    assert filtered(api, "given_name gt 'Rob'") == {roberto}
    assert filtered(api, "given_name eq 'rob'") == set()
    assert filtered(api, "given_name eq 'Roberto' and region eq 'DC'") == set()


@pytest.mark.parametrize(("path", "text"), CASES["no filters"])
def test_what_is_no_filter_gives_no_json(api: Any, path: str, text: str) -> None:
    response = api.call("GET", path, params={"filter": text})
    assert response.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        response.json()


@pytest.mark.parametrize(
    "resource",
    [
        *("petitions", "events", "forms", "fundraising_pages", "event_campaigns", "campaigns", "surveys"),
        "advocacy_campaigns",
    ],
)
def test_actions_can_be_filtered(api: Any, resource: str) -> None:
    records = api.account.records(resource)
    first = records[1]
    title = first["title"].replace("'", "''")
    assert own(first) in filtered(api, f"title eq '{title}'", f"/{resource}")
    assert filtered(api, f"identifier eq '{first['identifiers'][0]}'", f"/{resource}") == {own(first)}
    same_origin = where(records, lambda record: record["origin_system"] == first["origin_system"])
    assert filtered(api, f"origin_system eq '{first['origin_system']}'", f"/{resource}") == same_origin
    newer = where(records, lambda record: record["modified_date"] > first["modified_date"])
    assert filtered(api, f"modified_date gt '{first['modified_date']}'", f"/{resource}") == newer


def test_events_can_be_filtered_by_their_dates(api: Any) -> None:
    events = api.account.records("events")
    middle = sorted(event["start_date"] for event in events)[4]
    later = where(events, lambda event: event["start_date"] > middle)
    assert filtered(api, f"start_date gt '{middle}'", "/events") == later
    ended = where(events, lambda event: event.get("end_date", "9") < middle)
    assert filtered(api, f"end_date lt '{middle}'", "/events") == ended


def test_child_collections_can_be_filtered(api: Any) -> None:
    petition = max(api.all("/petitions"), key=lambda record: record["total_signatures"])
    path = f"/petitions/{own(petition)}/signatures"
    signatures = api.all(path)
    assert len(signatures) == petition["total_signatures"] > 25
    middle = sorted(signature["modified_date"] for signature in signatures)[10]
    newer = where(signatures, lambda signature: signature["modified_date"] > middle)
    assert filtered(api, f"modified_date gt '{middle}'", path) == newer
    donations = api.account.records("donations")
    recent = where(donations, lambda donation: donation["modified_date"] > f"{DAYS_AGO_100}T00:00:00Z")
    assert recent
    assert filtered(api, f"modified_date gt '{DAYS_AGO_100}'", "/donations") == recent


# Parents and children


CHILDREN = {
    "petitions": ("signatures", "total_signatures"),
    "events": ("attendances", "total_accepted"),
    "forms": ("submissions", "total_submissions"),
    "fundraising_pages": ("donations", "total_donations"),
    "advocacy_campaigns": ("outreaches", "total_outreaches"),
    "surveys": ("responses", "total_responses"),
}


@pytest.mark.parametrize("parent", CHILDREN)
def test_records_are_found_under_their_action_and_their_person(api: Any, parent: str) -> None:
    child, total = CHILDREN[parent]
    everything = {own(record): record for record in api.account.records(child)}
    found: dict[str, dict[str, Any]] = {}
    for action in api.all(f"/{parent}"):
        records = api.all(f"/{parent}/{own(action)}/{child}")
        accepted = [record for record in records if record.get("status", "accepted") in ("accepted", "attended")]
        assert action[total] == len(accepted)
        found |= {own(record): record for record in records}
    assert found.keys() == everything.keys()
    readable = {own(person) for person in api.all("/people")}
    some = [record for record in found.values() if record["action_network:person_id"] in readable][:5]
    for record in some:
        person = record["action_network:person_id"]
        by_person = {own(other): other for other in api.all(f"/people/{person}/{child}")}
        path = f"/people/{person}/{child}/{own(record)}"
        assert by_person[own(record)]["_links"]["self"]["href"] == api.url + path
        again = api.get(path)
        assert {**again, "_links": None} == {**record, "_links": None}


def test_amounts_raised(api: Any) -> None:
    for page in api.all("/fundraising_pages"):
        donations = api.all(f"/fundraising_pages/{own(page)}/donations")
        assert page["total_amount"] == pytest.approx(sum(float(donation["amount"]) for donation in donations))
        for donation in donations:
            parts = [float(recipient["amount"]) for recipient in donation["recipients"]]
            assert float(donation["amount"]) == pytest.approx(sum(parts))


def test_some_donations_are_by_people_nobody_can_read(api: Any) -> None:
    readable = {own(person) for person in api.all("/people")}
    phantoms = {donation["action_network:person_id"] for donation in api.all("/donations")} - readable
    assert phantoms
    response = api.call("GET", f"/people/{phantoms.pop()}")
    assert response.status_code == 404
    assert re.fullmatch(r"Couldn't find person with id = [\w-]+", response.json()["error"])


def test_events_of_event_campaigns(api: Any) -> None:
    inside = {}
    for campaign in api.all("/event_campaigns"):
        path = f"/event_campaigns/{own(campaign)}/events"
        events = api.all(path)
        assert campaign["total_events"] == len(events)
        assert campaign["total_rsvps"] == sum(event["total_accepted"] for event in events)
        for event in events:
            assert event["action_network:event_campaign_id"] == own(campaign)
            assert api.get(f"{path}/{own(event)}") == event
            through = {own(record) for record in api.all(f"{path}/{own(event)}/attendances")}
            assert through == {own(record) for record in api.all(f"/events/{own(event)}/attendances")}
            inside[own(event)] = path
    assert inside
    outside = [own(event) for event in api.all("/events") if "action_network:event_campaign_id" not in event]
    assert inside.keys() | set(outside) == {own(event) for event in api.all("/events")}
    assert api.call("GET", f"{next(iter(inside.values()))}/{outside[0]}").status_code == 404


def test_items_and_taggings(api: Any) -> None:
    in_lists: list[str] = []
    for one in api.all("/lists"):
        items = api.all(f"/lists/{own(one)}/items")
        assert {item["action_network:list_id"] for item in items} <= {own(one)}
        assert all(own(item) == item["action_network:person_id"] for item in items)
        in_lists += [own(item) for item in items]
    assert len(in_lists) > len(set(in_lists))
    tagging = api.all(f"/tags/{own(api.all('/tags')[0])}/taggings")[0]
    person = tagging["_links"]["osdi:person"]["href"].rsplit("/", 1)[1]
    assert own(tagging) in {own(other) for other in api.all(f"/people/{person}/taggings")}
    assert own(tagging) != person


def test_a_child_is_found_under_its_own_parent_alone(api: Any) -> None:
    signature = api.account.records("signatures")[0]["_links"]["self"]["href"]
    elsewhere = api.account.records("petitions")[-1]["_links"]["self"]["href"]
    assert not signature.startswith(elsewhere)
    assert api.call("GET", f"{elsewhere}/signatures/{signature.rsplit('/', 1)[1]}").status_code == 404
