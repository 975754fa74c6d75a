"""Data at Rally Congress: from a seed, or inserted by the control API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osdi_crm_sandbox.population import Population, iso
from osdi_crm_sandbox.vendors.rally_congress.resources import ACTION_FORM, ACTION_TYPES, MESSAGE, OPT_INS, target
from osdi_crm_sandbox.vendors.rally_congress.writing import new_supporter, put_supporter

if TYPE_CHECKING:
    from collections.abc import Iterable

    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.records import Record

ACCENTED = (("José", "Muñoz"), ("Zoë", "Brontë"), ("François", "Lefèvre"), ("Søren", "Ångström"))
EMAIL_STATUSES = ["unknown"] * 5 + ["validated", "opened", "opened", "hard_bounce", "soft_bounce", "dns_fail"]


def insert(account: Account, resource: str, given: Record) -> str:
    """Stores a record given as the API serves it; campaigns without `actions` get a letter."""
    table, now = account.tables[resource], {"_updated": iso()}
    if resource == "supporters":
        return put_supporter(account, new_supporter() | given)
    if resource == "campaigns":
        key = str(given.get("campaignId") or f"camp{account.next('campaign', 1001)}")
        start: Record = {"title": "Untitled", "text": "", "displaySettings": {}, "_current": True} | now
        record = {name: value for name, value in given.items() if name not in ("actions", "uri")}
        table.put(key, {"campaignId": key} | start | record)
        for action in given.get("actions", [{"actionType": "letter"}]):
            insert(account, "campaign_actions", {"campaignId": key, "actionType": action["actionType"]})
        return key
    if resource == "campaign_actions":
        given = invent(account, resource) | given
        key = f"{given['campaignId']}/{given['actionType']}"
        table.put(key, _new_action(Population(key), given["actionType"], len(table.records)) | given | now)
        return key
    key = str(given.get("id") or account.next("letter", 50_001))
    table.put(key, {"delivered": False} | given | {"id": key} | now)
    return key


def invent(account: Account, resource: str) -> Record:
    """A new record, as `insert` takes it."""
    somebody, population = account.newcomer(), account.population
    if resource == "supporters":
        return {"firstName": somebody.given_name, "lastName": somebody.family_name, "email": somebody.email}
    if resource == "campaign_actions":
        return {"campaignId": account.any_of("campaigns"), "actionType": population.pick([*ACTION_TYPES])}
    return {"title": population.pick(population.pool.sentences)} if resource == "campaigns" else {}


def seed(account: Account, size: int, number: int) -> None:
    """Fills an account; an empty one has nothing."""
    wanted = account.wanted({"supporters": size, "campaigns": 2 + size // 200 if size else 0})
    population = Population(number)
    account.tables["supporters"].load(dict(_seed_supporters(population, wanted["supporters"])))
    account.numbers["supporter"] = 1000 + wanted["supporters"]
    for place in range(wanted["campaigns"]):
        insert(account, "campaigns", _seed_campaign(population, place))


def _seed_supporters(population: Population, count: int) -> Iterable[tuple[str, Record]]:
    draw = population.random.random
    moments = zip(population.moments(count), population.moments(count), strict=True)
    for place, (updated, earlier) in enumerate(moments, start=1):
        somebody, key = population.person(place), str(1000 + place)
        given, family = (somebody.given_name, somebody.family_name) if place % 20 else ACCENTED[place // 20 % 4]
        addresses = [_seed_address(population, place)] if draw() < 0.9 else []
        if draw() < 0.1:
            addresses.append(_seed_address(population, place) | {"addressType": "work"})
        record = {
            "id": key,
            "firstName": given,
            "lastName": family,
            "middleName": somebody.given_name[0] if draw() < 0.3 else None,
            "suffix": population.pick(["Jr", "Sr", "III"]) if draw() < 0.03 else None,
            "prefix": population.pick(["Mr.", "Mrs.", "Ms.", "Dr."]) if draw() < 0.7 else None,
            "email": somebody.email,
            "emailOptin": population.pick([*OPT_INS, *["yes"] * 14]),
            "emailStatus": population.pick(EMAIL_STATUSES),
            "customId": f"CRM{place:07d}" if draw() < 0.4 else None,
            "addresses": addresses,
            "phones": [{"telephone": somebody.phone[1:]}] if draw() < 0.6 else [],
            "_updated": iso(updated),
            "_joined": iso(min(updated, earlier))[:10],
            "_district": f"{addresses[0]['state']}{place % 30 + 1:02d}" if addresses else None,
        }
        yield key, record


def _seed_address(population: Population, place: int) -> Record:
    city = population.pool.cities[int(population.random.random() * len(population.pool.cities))]
    street = population.pick(population.pool.streets)
    return {
        "addressType": "home",
        "street1": street if place % 25 else f"{street}\tRear",
        "street2": None if place % 10 else "Apt 4\nBuzzer 2",
        "street3": None,
        "city": city.name,
        "state": city.region,
        "zipcode": city.postal_code,
        "zipplus": None if place % 3 else f"{place % 10_000:04d}",
    }


def _seed_campaign(population: Population, place: int) -> Record:
    pool = population.pool
    kinds = ["letter", *(kind for step, kind in enumerate(ACTION_TYPES[1:], start=2) if place % step == 0)]
    return {
        "campaignId": population.uuid()[:8],
        "title": f"{population.pick(population.pool.sentences).rstrip('.')} {place + 1}",
        "text": f"<p>{population.pick(pool.paragraphs)}</p>\r\n<p>¡{population.pick(pool.words)}!</p>",
        "displaySettings": {"showCounter": place % 2 == 0, "theme": "default"},
        "actions": [{"actionType": kind} for kind in kinds],
    }


def _new_action(population: Population, kind: str, place: int) -> Record:
    """The form of an action; every third wants a phone number, every message action a message."""
    message = MESSAGE if kind in ("letter", "twitter", "facebook") else ()
    optional = {"phone"} if place % 3 else set()
    pool = population.pool
    letter = {"subject": population.pick(pool.sentences), "body": population.pick(pool.paragraphs)}
    return {
        "campaignId": None,
        "actionType": kind,
        "title": population.pick(pool.sentences).rstrip("."),
        "fields": [
            {
                "name": name,
                "label": name.capitalize(),
                "type": {"prefix": "select", "message": "textarea"}.get(name, "text"),
                "isRequired": name not in optional,
                **({"options": ["Mr.", "Mrs.", "Ms.", "Dr.", "Other"]} if name == "prefix" else {}),
            }
            for name in (*ACTION_FORM, *message)
        ],
        "letters": [letter] if kind == "letter" else [],
        "targets": [target(population, None, "President")],
    }
