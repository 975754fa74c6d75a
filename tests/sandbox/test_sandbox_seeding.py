"""What a seeded Action Network account is like: mix, proportions, dates, size, speed."""

from __future__ import annotations

import json
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

SIZE = 3000


def ago(**span: float) -> str:
    return (datetime.now(UTC) - timedelta(**span)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture(scope="module")
def account(make: Callable[..., Any]) -> Any:
    return make(size=SIZE).account


@pytest.fixture(scope="module")
def people(account: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = account.records("people")
    return found


def share(people: list[dict[str, Any]], test: Callable[[dict[str, Any]], Any]) -> float:
    return sum(bool(test(person)) for person in people) / len(people)


def test_the_mix_of_people(people: list[dict[str, Any]]) -> None:
    assert len(people) == SIZE
    statuses = Counter(person["email_addresses"][0]["status"] for person in people if "email_addresses" in person)
    assert 0.7 < statuses["subscribed"] / SIZE < 0.85
    assert 0.05 < statuses["unsubscribed"] / SIZE < 0.2
    assert min(statuses["bouncing"], statuses["spam complaint"], statuses["previous bounce"]) > 0
    assert 0.01 < share(people, lambda person: "email_addresses" not in person) < 0.1
    assert 0.2 < share(people, lambda person: "phone_numbers" in person) < 0.5
    assert 0.02 < share(people, lambda person: "postal_addresses" not in person) < 0.2
    assert share(people, lambda person: person["custom_fields"]) > 0.9
    assert 0.05 < share(people, lambda person: len(person["identifiers"]) > 1) < 0.2


def test_nobody_shares_an_email_a_phone_or_an_identifier(people: list[dict[str, Any]]) -> None:
    emails = [person["email_addresses"][0]["address"] for person in people if "email_addresses" in person]
    phones = [entry["number"] for person in people for entry in person.get("phone_numbers", []) if "number" in entry]
    identifiers = [identifier for person in people for identifier in person["identifiers"]]
    for values in (emails, phones, identifiers):
        assert len(values) == len(set(values))
    assert all("email_addresses" in person or person["phone_numbers"][0].get("number") for person in people)


def test_dates(account: Any, people: list[dict[str, Any]]) -> None:
    for resource in account.counters()["resources"]:
        for record in account.records(resource):
            assert record["created_date"] <= record["modified_date"] < ago(hours=1), resource
    assert 0.6 < share(people, lambda person: person["modified_date"] > ago(days=366)) < 0.95
    assert share(people, lambda person: person["modified_date"] < ago(days=3 * 365)) > 0.05
    bursts = Counter(person["modified_date"] for person in people).most_common(5)
    assert bursts[0][1] > 50
    assert share(people, lambda person: person["created_date"] == person["modified_date"]) > 0.2


def test_everything_else_is_in_proportion(account: Any) -> None:
    resources = account.counters()["resources"]
    for name in ("signatures", "attendances", "submissions", "donations", "outreaches", "responses", "taggings"):
        assert SIZE / 20 < resources[name] < SIZE
    for name in ("petitions", "events", "forms", "tags", "lists", "messages", "fundraising_pages", "campaigns"):
        assert 1 < resources[name] < SIZE / 20
    assert min(resources.values()) > 0
    origins = Counter(page["origin_system"] for page in account.records("fundraising_pages"))
    assert set(origins) == {"Action Network", "MyApp"}
    inside = [event for event in account.records("events") if "action_network:event_campaign_id" in event]
    assert 0 < len(inside) < resources["events"] / 2


def test_records_are_of_realistic_size(people: list[dict[str, Any]]) -> None:
    sizes = [len(json.dumps(person)) for person in people]
    assert 1000 < sum(sizes) / SIZE < 2200


def test_a_big_account_takes_seconds(make: Callable[..., Any]) -> None:
    started = time.monotonic()
    api = make(counts={"people": 40_000})
    assert time.monotonic() - started < 60
    [newest] = api.items(api.get("/people", per_page=1, page=40_000))
    same = api.all("/people", filter=f"identifier eq '{newest['identifiers'][0]}'")
    assert same == [newest]
    assert api.items(api.get("/people", page=1601)) == []


def test_ten_thousand_parents_with_a_child_each(make: Callable[..., Any]) -> None:
    started = time.monotonic()
    api = make(counts={"people": 100, "petitions": 10_000, "signatures": 10_000})
    assert time.monotonic() - started < 60
    assert api.account.counters()["resources"]["signatures"] == 10_000
    petition = api.items(api.get("/petitions", page=400))[-1]
    assert petition["total_signatures"] == 1
    path = petition["_links"]["osdi:signatures"]["href"].removeprefix(api.url)
    assert api.get(path)["total_records"] == 1
