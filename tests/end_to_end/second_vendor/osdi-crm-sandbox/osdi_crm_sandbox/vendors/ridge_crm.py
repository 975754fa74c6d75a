"""Ridge CRM, API v2, as documented at ridge.example/docs. Assumed: what is wrong with a call gets 400 and `invalid`."""

from __future__ import annotations

import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from calendar import timegm
from typing import TYPE_CHECKING, Any

from osdi_crm_sandbox.population import Population, utc
from osdi_crm_sandbox.records import Resource, by, by_each
from osdi_crm_sandbox.vendor import Call, Refusal, Vendor, answer, public

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.records import Record

MOST_PER_PAGE = 100
STATUSES = ("subscribed", "unsubscribed", "blocked")
LISTS = ("Volunteers", "Donors", "Press")
CODES = {400: "invalid", 401: "unauthorized", 404: "not_found", 409: "exists", 429: "slow_down"}
ADDRESSES = {"emails": "address", "phones": "number"}
WRITABLE = {
    "people": {"given_name", "family_name", "emails", "phones", "email_status", "phone_status"},
    "memberships": {"role", "joined"},
    "lists": {"name"},
}
REQUIRED = {"people": ("emails",), "memberships": ("person", "list"), "lists": ("name",)}

RESOURCES = {
    "people": Resource("changed", {"id": by("id"), "key": by_each("_emails", "address")}),
    "memberships": Resource("changed", {"id": by("id"), "key": by("_key")}),
    "lists": Resource("created", {"id": by("id"), "key": by("name")}),
}
"""The field `key` is what there may be one of."""


def identify(call: Call, accounts: Mapping[str, Account]) -> Account | None:
    """By the key in its own header."""
    return accounts.get(call.headers.get("x-ridge-key", ""))


def refuse(_call: Call, status: int, words: str) -> Response:
    """{"error": {"code", "message"}}; 429 says when to come back."""
    error = {"code": CODES.get(status, "failed"), "message": words}
    return answer({"error": error}, status, headers={"Retry-After": "1"} if status == 429 else None)


def _exists(key: str) -> Refusal:
    error = {"code": CODES[409], "message": "This exists", "id": key}
    return Refusal(409, response=answer({"error": error}, 409))


# Reading


def _served(account: Account, resource: str, key: str) -> Record:
    record = public(account.tables[resource].records[key])
    if resource == "memberships":
        record["list"] = _served(account, "lists", record["list"])
    return record


def serve(account: Account, resource: str, key: str, _url: str) -> Record:
    """A record; of a membership the list stands in it."""
    return _served(account, resource, key)


def _page(call: Call, resource: str) -> Response:
    limit, cursor = call.query.get("limit", str(MOST_PER_PAGE)), call.query.get("after", "")
    if not limit.isdecimal() or not 1 <= int(limit) <= MOST_PER_PAGE:
        raise Refusal(400, "limit is not valid")
    try:
        after = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError:
        raise Refusal(400, "after is no cursor of ours") from None
    found = call.account.tables[resource].select([("id", "gt", after)], live=True, order="id")
    keys = found.page(1, int(limit))
    following = urlsafe_b64encode(keys[-1].encode()).decode().rstrip("=") if len(found) > len(keys) else None
    return answer({"data": [_served(call.account, resource, key) for key in keys], "cursor": following})


def _one(call: Call, resource: str) -> Response:
    return answer(_served(call.account, resource, call.record(resource)["id"]))


# Writing


def _create(call: Call, resource: str) -> Response:
    given = _given(call, {*WRITABLE[resource], *REQUIRED[resource]})
    if not all(given.get(name) for name in REQUIRED[resource]):
        raise Refusal(400, f"Required: {', '.join(REQUIRED[resource])}")
    for name, kind in (("person", "people"), ("list", "lists")):
        if name in given and given[name] not in call.account.tables[kind].records:
            raise Refusal(400, f"No such {name}")
    return answer(_served(call.account, resource, _save(call.account, resource, given)), 201)


def _change(call: Call, resource: str) -> Response:
    before = call.record(resource)
    given = _given(call, WRITABLE[resource])
    for name in ADDRESSES.keys() & given.keys():
        given[name] = _merged(name, before[name], given[name])
    return answer(_served(call.account, resource, _save(call.account, resource, {**before, **given, "changed": None})))


def _given(call: Call, allowed: set[str]) -> Record:
    given = call.body
    if not isinstance(given, dict) or not given.keys() <= allowed:
        raise Refusal(400, f"The body is an object of {', '.join(sorted(allowed))}")
    if not {given.get("email_status"), given.get("phone_status")} <= {None, *STATUSES[:2]}:
        raise Refusal(400, "A status is not valid")
    if given.get("joined") is not None and type(given["joined"]) is not int:
        raise Refusal(400, "joined is no time")
    for name, part in ADDRESSES.items():
        if not all(isinstance(each, dict) and each.keys() == {part} for each in given.get(name) or ()):
            raise Refusal(400, f"{name} are objects with {part}")
    return given


def _merged(name: str, before: list[Record], given: list[Record]) -> list[Record]:
    part = ADDRESSES[name]
    known = {each[part].casefold() for each in before}
    return [*before, *(each for each in given if each[part].casefold() not in known)]


def _save(account: Account, resource: str, record: Record) -> str:
    """Stores a record unless there is another one of its key."""
    table = account.tables[resource]
    for value in RESOURCES[resource].fields["key"](_keyed(resource, record)):
        if others := set(table.find("key", value)) - {record.get("id")}:
            raise _exists(min(others))
    return insert(account, resource, record)


# Data


def _keyed(resource: str, record: Record) -> Record:
    """A record with what it is looked up by."""
    if resource == "people":
        return {**record, "_emails": [{"address": each["address"].casefold()} for each in record["emails"]]}
    return {**record, "_key": f"{record['person']}/{record['list']}"} if resource == "memberships" else record


def insert(account: Account, resource: str, given: Record) -> str:
    """Stores a record given as the API serves it."""
    key = str(given.get("id") or f"{resource[0]}{account.next('id', 5_000_001)}")
    now = time.time()
    record: Record = {"id": key, "created": int(now)}
    if resource == "people":
        record |= dict.fromkeys(sorted(WRITABLE["people"])) | {"emails": [], "phones": []}
    if resource == "memberships":
        record |= {"role": None, "joined": int(now * 1000)}
    if resource != "lists":
        record["changed"] = int(now * 1000)
    record |= {name: value for name, value in given.items() if value is not None}
    if isinstance(record.get("list"), dict):
        record["list"] = record["list"]["id"]
    for name in ADDRESSES.keys() & record.keys():
        record[name] = [{"verified": None, **each} for each in record[name]]
    account.tables[resource].put(key, _keyed(resource, record))
    return key


def invent(account: Account, resource: str) -> Record:
    """A new record, as `insert` takes it."""
    somebody = account.newcomer()
    if resource == "lists":
        return {"name": f"List {somebody.email}"}
    if resource == "memberships":
        return {"person": insert(account, "people", invent(account, "people")), "list": account.any_of("lists")}
    names = {"given_name": somebody.given_name, "family_name": somebody.family_name}
    return {**names, "emails": [{"address": somebody.email}]}


def change(account: Account, resource: str, key: str, values: Record, modified: str | None) -> None:
    """Merges values into a record."""
    moved = {} if resource == "lists" else {"changed": _milliseconds(modified)}
    insert(account, resource, {**account.tables[resource].records[key], **values, **moved})


def _milliseconds(modified: str | None) -> int:
    if modified is None:
        return int(time.time() * 1000)
    return 1000 * timegm(time.strptime(str(utc(modified)), "%Y-%m-%dT%H:%M:%SZ"))


def seed(account: Account, size: int, number: int) -> None:
    """Fills an account; an empty one has nothing. Every list has members."""
    count = account.wanted({"people": size, "memberships": size})
    population = Population(number)
    people: dict[str, Any] = {}
    for place, (one, other) in enumerate(_moments(population, count["people"])):
        somebody = population.person(place)
        emails = [{"address": somebody.email, "verified": other * 1000 if place % 2 else None}]
        if place % 5 == 0:
            emails.append({"address": f"second.{somebody.email}", "verified": None})
        people[f"p{1_000_000 + place}"] = {
            "given_name": somebody.given_name,
            "family_name": somebody.family_name,
            "emails": emails,
            "phones": [{"number": somebody.phone, "verified": one * 1000 + 7}] if place % 3 else [],
            "email_status": (None, "subscribed", "subscribed", *STATUSES)[place % 6],
            "phone_status": (None, *STATUSES)[place % 4] if place % 3 else None,
            "created": one,
            "changed": other * 1000 + place % 1000,
        }
    lists = {f"l{place}": {"name": name, "created": population.end} for place, name in enumerate(LISTS, 1)}
    memberships = {
        f"m{1_000_000 + place}": {
            "person": list(people)[place // len(LISTS)],
            "list": f"l{place % len(LISTS) + 1}",
            "role": ("lead", None)[place % 2],
            "joined": one * 1000,
            "created": one,
            "changed": other * 1000,
        }
        for place, (one, other) in enumerate(_moments(population, min(count["memberships"], len(LISTS) * len(people))))
    }
    for resource, records in (
        ("people", people),
        ("memberships", memberships),
        ("lists", lists if memberships else {}),
    ):
        account.tables[resource].load({key: _keyed(resource, {"id": key, **each}) for key, each in records.items()})


def _moments(population: Population, count: int) -> list[tuple[int, int]]:
    pairs = zip(population.moments(count), population.moments(count), strict=True)
    return [(min(pair), max(pair)) for pair in pairs]


VENDOR = Vendor(
    name="ridge_crm",
    api="/v2",
    resources=RESOURCES,
    options={},
    routes={
        "GET /people": lambda call: _page(call, "people"),
        "POST /people": lambda call: _create(call, "people"),
        "GET /people/{id}": lambda call: _one(call, "people"),
        "PATCH /people/{id}": lambda call: _change(call, "people"),
        "POST /lists": lambda call: _create(call, "lists"),
        "GET /lists/{id}": lambda call: _one(call, "lists"),
        "GET /memberships": lambda call: _page(call, "memberships"),
        "POST /memberships": lambda call: _create(call, "memberships"),
        "GET /memberships/{id}": lambda call: _one(call, "memberships"),
        "PATCH /memberships/{id}": lambda call: _change(call, "memberships"),
    },
    identify=identify,
    refuse=refuse,
    seed=seed,
    insert=insert,
    invent=invent,
    settings=lambda account, _url: {"api_key": account.key},
    serve=serve,
    change=change,
)
