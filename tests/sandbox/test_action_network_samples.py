"""The links, envelopes and samples of Action Network's pages, against every body the sandbox serves."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DOCUMENT = json.loads((Path(__file__).parent / "documents" / "action_network.json").read_text(encoding="utf-8"))
LINKS, SAMPLES = DOCUMENT["links"], DOCUMENT["samples"]
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
OWN = ("surveys", "responses", "event_campaigns", "campaigns", "unique_id_lists")
EMBEDDED_KEYS = {name: f"{'action_network' if name in OWN else 'osdi'}:{name}" for name in LINKS}
CREATOR_EMBEDDED = ("petitions", "forms", "fundraising_pages", "advocacy_campaigns", "surveys")


@pytest.fixture(scope="module")
def account(make: Callable[..., Any]) -> Any:
    """Enough of everything, and of what only time or people make: a scheduled message."""
    made = make(size=400, counts={"fundraising_pages": 6, "advocacy_campaigns": 6, "campaigns": 26})
    drafts = [message for message in made.account.records("messages") if message["status"] == "draft"]
    body = {"scheduled_start_date": "2099-03-14T12:00:00Z"}
    own = drafts[0]["_links"]["self"]["href"].rsplit("/", 1)[1]
    assert made.post(f"/messages/{own}/schedule", body) == {"message": "Your message has been scheduled"}
    return made


def read(account: Any, resource: str) -> list[tuple[str, dict[str, Any]]]:
    """Every record of a resource over the API, with the path of the collection it was read at."""
    return [(path[1:], record) for path in account.collections(resource) for record in account.all(path)]


def flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Paths and values of a record."""
    if path:
        yield path, value
    if isinstance(value, dict):
        for key, inner in value.items():
            if path == "custom_fields":
                yield "custom_fields.*", inner
            else:
                yield from flat(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for inner in value:
            yield from flat(inner, f"{path}[]")


def plain(record: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key not in ("_links", "_embedded")}


@pytest.mark.parametrize("resource", LINKS)
def test_every_link(account: Any, resource: str) -> None:
    table = {name: (*target.split(" "), "")[:2] for name, target in LINKS[resource].items()}
    seen: set[str] = set()
    for collection, record in read(account, resource):
        links = dict(record["_links"])
        own = links.pop("self")["href"]
        assert re.fullmatch(f"{re.escape(account.url)}/{collection}/{UUID}", own)
        assert own.rsplit("/", 1)[1] in {name.split(":")[1] for name in record["identifiers"]}
        for relation, link in links.items():
            assert relation in table, f"{relation} is not documented"
            target = re.escape(f"{account.url}/{table[relation][0].replace('P', own[len(account.url) + 1 :])}")
            assert re.fullmatch(target.replace(re.escape("{x}"), UUID), link["href"]), relation
        assert {relation for relation, (_, mark) in table.items() if not mark} <= links.keys()
        seen |= links.keys()
    assert table.keys() - seen == set()


@pytest.mark.parametrize("resource", LINKS)
def test_what_is_embedded(account: Any, resource: str) -> None:
    creators = 0
    for _, record in read(account, resource):
        if "_embedded" in record:
            assert list(record["_embedded"]) == ["osdi:creator"]
            creator = record["_embedded"]["osdi:creator"]
            assert creator["_links"]["self"] == record["_links"]["osdi:creator"]
            assert creator == account.call("GET", creator["_links"]["self"]["href"]).json()
            creators += 1
    assert (creators > 0) == (resource in CREATOR_EMBEDDED)


@pytest.mark.parametrize("resource", LINKS)
def test_an_item_is_what_its_collection_showed(account: Any, resource: str) -> None:
    for _, record in read(account, resource)[:3]:
        assert account.get(record["_links"]["self"]["href"].removeprefix(account.url)) == record


@pytest.mark.parametrize("resource", LINKS)
def test_the_envelope(account: Any, resource: str) -> None:
    path = read(account, resource)[0][0]
    pages = account.pages(f"/{path}")
    totals = set() if resource in ("people", "items") else {"total_pages", "total_records"}
    link_array = "osdi:attendance" if resource == "attendances" else EMBEDDED_KEYS[resource]
    for number, page in enumerate(pages, 1):
        last = number == len(pages)
        assert page.keys() == {"per_page", "page", "_links", "_embedded"} | totals
        assert (page["per_page"], page["page"]) == (25, number)
        assert list(page["_embedded"]) == [EMBEDDED_KEYS[resource]]
        items = account.items(page)
        assert page["_links"][link_array] == [item["_links"]["self"] for item in items]
        assert page["_links"]["self"]["href"] == f"{account.url}/{path}?page={number}"
        assert ("next" in page["_links"]) == (not last) == bool(items)
        if not last:
            assert page["_links"]["next"]["href"] == f"{account.url}/{path}?page={number + 1}"
        curies = page["_links"]["curies"][0]
        assert curies == {"name": "osdi", "href": "https://actionnetwork.org/docs/v2/{rel}", "templated": True}
        if totals:
            assert page["total_records"] == sum(len(account.items(other)) for other in pages)
            assert page["total_pages"] == len(pages) - 1


def test_the_entry_point(account: Any) -> None:
    entry = account.get("/")
    links = entry.pop("_links")
    assert entry.pop("motd")
    assert entry == {
        "vendor_name": "Action Network",
        "product_name": "Action Network",
        "osdi_version": "1.1.1",
        "namespace": "action_network",
        "max_page_size": 25,
    }
    for relation in (
        *("osdi:people", "osdi:events", "osdi:petitions", "osdi:fundraising_pages", "osdi:donations", "osdi:forms"),
        *("osdi:advocacy_campaigns", "action_network:event_campaigns", "action_network:campaigns", "osdi:tags"),
        "osdi:lists",
    ):
        link = links[relation]
        assert link.keys() == {"href", "title"}
        assert link["href"] == f"{account.url}/{relation.split(':')[1]}"
        assert account.get(link["href"].removeprefix(account.url))["page"] == 1
    assert links["osdi:person_signup_helper"]["href"] == f"{account.url}/people"
    assert {"docs", "self", "curies", "canvasser:brand_logo"} <= links.keys()


def test_metadata_and_custom_fields(account: Any) -> None:
    url = account.url
    fields_url = f"{url}/metadata/custom_fields"
    links = {"self": {"href": f"{url}/metadata"}, "action_network:custom_fields": {"href": fields_url}}
    assert account.get("/metadata") == {"name": "Action Network", "_links": links}
    envelope = account.get("/metadata/custom_fields")
    fields = envelope.pop("action_network:custom_fields")
    assert envelope.pop("description")
    assert envelope == {
        "origin_system": "Action Network",
        "name": "Custom Fields",
        "_links": {"self": [{"href": fields_url}]},
    }
    for field in fields:
        assert list(field) == ["name", "created_date", "modified_date", "notes", "numeric_id"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", field["created_date"])
        assert field["notes"] is None or isinstance(field["notes"], str)
        assert type(field["numeric_id"]) is int
    known = {field["name"] for field in fields}
    assert {name for person in account.all("/people") for name in person.get("custom_fields", {})} <= known


@pytest.mark.parametrize(
    "resource",
    [*CREATOR_EMBEDDED, "events", "event_campaigns"],
)
def test_embeds_exist_where_the_action_was_made_in_the_ui(account: Any, resource: str) -> None:
    made_by_ui = [action for action in account.all(f"/{resource}") if "action_network:embed" in action["_links"]]
    made_by_api = [action for action in account.all(f"/{resource}") if action not in made_by_ui]
    assert {action["origin_system"] for action in made_by_ui} == {"Action Network"}
    path = made_by_ui[0]["_links"]["action_network:embed"]["href"].removeprefix(account.url)
    embed = account.get(path)
    assert embed.pop("_links") == {"self": {"href": f"{account.url}{path}"}}
    sizes, styles = ("standard", "full"), ("default_styles", "layout_only_styles", "no_styles")
    assert embed.keys() == {f"embed_{size}_{style}" for size in sizes for style in styles}
    assert all("<script" in html for html in embed.values())
    for action in made_by_api:
        response = account.call("GET", action["_links"]["self"]["href"] + "/embed")
        assert response.status_code == 404


@pytest.mark.parametrize("resource", SAMPLES)
def test_some_record_has_all_that_the_sample_has(account: Any, resource: str) -> None:
    """The same properties, each of the same JSON type, down to the last one."""
    wanted = {(path, type(value)) for path, value in flat(SAMPLES[resource])}
    wanted = {entry for entry in wanted if not entry[0].startswith("custom_fields.")}
    closest: set[tuple[str, type]] = wanted
    for _, record in read(account, resource):
        served = {(path, type(value)) for path, value in flat(plain(record))}
        closest = min(closest, wanted - served, key=len)
    assert closest == set()


def test_error_bodies(account: Any) -> None:
    wrong = account.call("GET", "/people", headers={"OSDI-API-Token": "wrong key"})
    assert (wrong.status_code, wrong.json()) == (403, {"error": "API Key invalid or not present wrong key"})
    petition = account.get("/petitions")["_embedded"]["osdi:petitions"][0]["_links"]["osdi:signatures"]["href"]
    link = {"_links": {"osdi:person": {"href": f"{account.url}/people/X"}}}
    bad = account.call("POST", petition, json=link)
    assert (bad.status_code, bad.json()) == (400, {"error": "You must specify a valid person id"})
