"""Data at i360: from a seed, or inserted and changed by the control API."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from osdi_crm_sandbox.population import DAY, Population, iso
from osdi_crm_sandbox.vendors.i360.resources import (
    COLUMNS,
    CONTACTS,
    JOBS,
    KINDS,
    PARAMETERS,
    PLAIN_KINDS,
    STATES,
    VALUES,
    VOLUNTEERS,
    Kind,
)
from osdi_crm_sandbox.vendors.i360.writing import next_id, put_record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.population import City
    from osdi_crm_sandbox.records import Record

PEOPLE = ("contacts", "national_contacts", "prospects")
NEW: dict[str, Record] = {
    **{name: {"Tags": [], "_touchpoints": []} for name in ("contacts", "national_contacts")},
    "volunteers": {"Status": "Active"},
    **{kind.name: {"Status": "Completed", "Errors": [], "_polls": 0, "_ends": "Completed"} for kind in JOBS},
}
"""What new records have without being told."""


def insert(account: Account, resource: str, given: Record) -> str:
    """Stores a record given in Pascal case; children name their parent, else get any."""
    kind, record = KINDS[resource], NEW.get(resource, {}) | given
    parent = str(record.pop(kind.parent_key, None) or account.any_of(kind.parent)) if kind.parent else ""
    own = str(record.get(kind.key) or next_id(account, kind))
    return put_record(account, kind, parent, own, record)


def invent(account: Account, resource: str) -> Record:
    """A new record, as `insert` takes it."""
    number, population = 900_000_000 + account.next("invented"), account.population
    if resource in PEOPLE:
        return _seed_contact(population, number)
    if resource == "volunteers":
        return _seed_volunteer(population, number, None)
    sentence = f"{population.pick(population.pool.sentences)} {number}"
    return {name: sentence for name in ("Name", "Title", "Text") if name in KINDS[resource].fields}


def counts(size: int) -> dict[str, int]:
    """How many of each there are around so many contacts."""
    some = 2 + size // 100
    return {
        "contacts": size,
        "national_contacts": size // 2,
        "volunteers": max(2, size // 4),
        "prospects": some,
        "users": 2 + size // 200,
        "events": some,
        "surveys": some,
        "tag_groups": 3,
        "script_templates": 2,
        "caller_ids": 2,
        "voicemail_messages": 1,
        **{kind.name: size // 5 for kind in PLAIN_KINDS if kind.parent},
    }


def seed(account: Account, size: int, number: int) -> None:
    """Fills an account; an empty one has search columns and parameters, and the API's own user."""
    wanted = account.wanted(counts(size) if size else dict.fromkeys(counts(0), 0))
    population = Population(number)
    _seed_search_terms(account, population)
    for place in range(max(1, wanted["users"])):
        user = _seed_user(population, place)
        insert(account, "users", user | {"Position": "Field Staff" if place else "None"})
        if place:
            insert(account, "coordinators", user | {"UserID": account.numbers["users"]})
    for name in PEOPLE:
        _load(account, KINDS[name], [_seed_contact(population, place) for place in range(wanted[name])])
    coordinators: list[int | None] = [int(key) for key in account.tables["coordinators"].records] or [None]
    volunteers = (
        _seed_volunteer(population, place, coordinators[place % len(coordinators)])
        for place in range(wanted["volunteers"])
    )
    _load(account, VOLUNTEERS, list(volunteers))
    for kind in PLAIN_KINDS:
        if wanted.get(kind.name) and not account.tables[kind.name].records:
            _load(account, kind, list(_seed_plain(account, population, kind, wanted[kind.name])))


def _load(account: Account, kind: Kind, records: list[Record]) -> None:
    """Stores many records at once."""
    first = kind.first_id
    loaded: dict[str, Record] = {}
    for place, record in enumerate(records, start=1):
        own = record.get(kind.key) or first + place
        key = f"{record['_parent']}/{own}" if kind.shared else str(own)
        loaded[key] = {**kind.blank(), **record, kind.key: own, "_modified": ""}
    account.numbers[kind.name] = first + len(records)
    account.tables[kind.name].load(loaded)


def _seed_search_terms(account: Account, population: Population) -> None:
    columns = [{"Name": name, "Description": words} for name, (_, words) in COLUMNS.items()]
    _load(account, KINDS["search_columns"], columns)
    _load(account, KINDS["search_parameters"], [{"Id": number, "Name": name} for number, name in PARAMETERS.items()])
    values: list[Record] = [{"_parent": "2", "Id": number, "Name": name} for number, name in enumerate(STATES, start=1)]
    values += [{"_parent": "3", "Id": 1, "Name": "i360 Data"}, {"_parent": "3", "Id": 2, "Name": "My Data"}]
    values += [{"_parent": parent, "Id": -1, "Name": "Any"} for parent in ("13", "28")]
    places = [(_state(city), _county(city)) for city in population.pool.cities]
    counties = sorted(
        {(STATES.index(state) + 1, name) for place in places for state, name in (place, ("VA", place[1]))}
    )
    values += [
        {"_parent": "5", "Id": number, "Name": name, "_state": state}
        for number, (state, name) in enumerate(counties, start=1)
    ]
    _load(account, VALUES, values)


def _state(city: City) -> str:
    return city.region if city.region in STATES else "VA"


def _county(city: City) -> str:
    return f"{city.name} County"


def _seed_user(population: Population, place: int) -> Record:
    somebody = population.person(800_000_000 + place)
    name = f"{somebody.given_name}.{somebody.family_name}.{place}".lower()
    return {
        "UserName": name,
        "FirstName": somebody.given_name,
        "LastName": somebody.family_name,
        "Email": f"{name}@campaign.example.org",
        "State": _state(somebody.city),
    }


def _seed_contact(population: Population, place: int) -> Record:
    """Somebody; one in three lives in Virginia."""
    draw = population.random.random
    somebody = population.person(place)
    state = "VA" if place % 3 == 0 else _state(somebody.city)
    born = _birthday(population) if draw() < 0.8 else None
    touchpoints = [(200, 204 + int(draw() * 8), f"{int(draw() * 12) + 1}/15/2025")] if draw() < 0.3 else []
    return CONTACTS.blank() | {
        "Salutation": population.pick(["Mr.", "Ms.", "Dr."]) if draw() < 0.5 else None,
        "FirstName": somebody.given_name.upper(),
        "MiddleName": somebody.family_name[0] if draw() < 0.3 else None,
        "LastName": somebody.family_name.upper(),
        "Email": somebody.email if draw() < 0.7 else None,
        "Phone": somebody.phone[1:],
        "CellNumber": f"{int(draw() * 10**10):010d}" if draw() < 0.4 else None,
        "Address1": somebody.street,
        "City": somebody.city.name,
        "State": state,
        "Zip": f"{place % 99_999:05d}" if place % 10 == 0 else somebody.city.postal_code,
        "CountyName": _county(somebody.city),
        "RegisteredState": state,
        "mAddress_Line1": somebody.street if draw() < 0.2 else None,
        "Employer": somebody.employer if draw() < 0.3 else None,
        "Gender": population.pick(["M", "F"]),
        "DateOfBirth": born,
        "Tags": [{"Key": "Events", "Value": population.pick(population.pool.words)}] if draw() < 0.3 else [],
        "_touchpoints": touchpoints,
        "_at": (somebody.city.latitude, somebody.city.longitude),
    }


def _birthday(population: Population) -> str:
    """A day, M/D/YYYY, of somebody of 20 to 89 whose age is the same whenever it is asked for."""
    draw = population.random.random
    years = 20 + int(draw() * 70) + 0.05 + draw() * 0.9  # no birthday is near, so leap days change no age
    born = time.gmtime(population.end - int(years * 365.2425) * DAY)
    return f"{born.tm_mon}/{born.tm_mday}/{born.tm_year}"


def _seed_volunteer(population: Population, place: int, coordinator: int | None) -> Record:
    somebody = population.person(place)
    draw = population.random.random
    return VOLUNTEERS.blank() | {
        "Email": f"volunteer.{somebody.email}",
        "State": _state(somebody.city),
        "FirstName": somebody.given_name,
        "LastName": somebody.family_name,
        "Status": "Active" if draw() < 0.9 else "Inactive",
        "C_AddrLine1": somebody.street,
        "C_City": somebody.city.name,
        "C_State": _state(somebody.city),
        "C_Zip5": somebody.city.postal_code,
        "C_CountyName": _county(somebody.city),
        "Phone1": somebody.phone[1:],
        "Gender": population.pick(["Male", "Female"]) if draw() < 0.8 else None,
        "CoordinatorID": coordinator,
        "LogID": f"log-{place}",
    }


OWNERS = {
    "ContactID": "contacts",
    "VolunteerID": "volunteers",
    "UserID": "users",
    "CoordinatorID": "coordinators",
    "ScriptTemplateID": "script_templates",
}


def _seed_plain(account: Account, population: Population, kind: Kind, count: int) -> Iterable[Record]:
    """Records whose fields are words, days and other records' ids; children one per parent first."""
    parents = list(account.tables[kind.parent].records) if kind.parent else [""]
    others = {name: list(account.tables[OWNERS[name]].records) for name in (kind.key, *kind.fields) if name in OWNERS}
    pairs: set[tuple[str, str]] = set()
    moments = population.moments(count)
    for place in range(count if parents else 0):
        parent = parents[place % len(parents)]
        record: Record = {"_parent": parent} if kind.parent else {}
        if kind.name == "survey_volunteers":
            record[kind.key] = int(population.pick(others["VolunteerID"]))
        elif kind.shared:
            own = int(population.random.random() * 20)
            record |= {kind.key: kind.first_id + own, "Name": population.pool.words[own]}
            if "Category" in kind.fields:
                record["Category"] = "Skills"
        for name in kind.fields:
            if name in others:
                record[name] = int(population.pick(others[name])) if others[name] else None
            record.setdefault(name, _seed_value(population, kind, name, place, moments[place]))
        if kind.shared and (parent, str(record[kind.key])) in pairs:
            continue
        pairs.add((parent, str(record.get(kind.key))))
        yield record


def _seed_value(population: Population, kind: Kind, name: str, place: int, moment: int) -> Any:
    somebody = population.person(700_000_000 + place)
    made: dict[str, Any] = {
        "FirstName": somebody.given_name,
        "LastName": somebody.family_name,
        "Author": f"{somebody.given_name} {somebody.family_name}",
        "Email": somebody.email,
        "PhoneNumber": somebody.phone[1:],
        "AddressLine1": somebody.street,
        "City": somebody.city.name,
        "State": _state(somebody.city),
        "Zip": somebody.city.postal_code,
        "CreatedDate": iso(moment),
        "StartDate": iso(moment),
        "EndDate": iso(moment + 7200),
        "IsPublished": place % 2 == 0,
        "Value": str(place % 100),
    }
    chosen = {
        ("events", "Type"): ["Phone Bank", "Walk", "Rally"],
        ("surveys", "Type"): ["Walk Survey", "Call Survey"],
        ("event_attendees", "Status"): ["Attending", "Declined", "Maybe"],
        ("event_assignments", "Role"): ["Host", "Greeter"],
        ("volunteer_history", "Type"): ["Call", "Walk", "Log in"],
    }
    if (kind.name, name) in chosen:
        return population.pick(chosen[kind.name, name])
    return made.get(name, population.pick(population.pool.sentences))
