"""Data at Crowdskout: from a seed, or inserted and changed by the control API."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from osdi_crm_sandbox.population import Population, iso
from osdi_crm_sandbox.vendors.crowdskout.items import FieldOptions, field_options, numbered
from osdi_crm_sandbox.vendors.crowdskout.resources import CLOSED, FIELDS, HERE, INTERACTIONS, LISTS, NAME_PARTS
from osdi_crm_sandbox.vendors.crowdskout.writing import collections_of, put_attribute_record

if TYPE_CHECKING:
    from collections.abc import Callable

    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.records import Record


def insert(account: Account, resource: str, given: Record) -> str:
    """Stores a record given as the API serves it; items without an id get one."""
    if resource == "attributes":
        return put_attribute_record(account, given)
    key = str(given.get("id") or account.next("profile"))
    record: Record = {"id": int(key), "_modified": iso()}
    for name, entries in collections_of(given).items():
        items = [{"id": entry.get("id"), **dict.fromkeys(FIELDS[name]), **entry} for entry in entries]
        record[name] = [item if item["id"] else numbered(account, name, item) for item in items]
    account.tables[resource].put(key, record)
    return key


def invent(account: Account, resource: str) -> Record:
    """A new record, as `insert` takes it."""
    somebody = account.newcomer()
    if resource == "attributes":
        return {"name": f"{account.population.pick(account.population.pool.words)} {account.numbers['invented']}"}
    name = {"FirstName": somebody.given_name, "LastName": somebody.family_name}
    name["FullName"] = f"{somebody.given_name} {somebody.family_name}"
    return {"Names": [name], "EmailAddresses": [{"Email": somebody.email}]}


ATTRIBUTES: tuple[Record, ...] = (
    {"name": "Ready to set sail", "type": "Radio", "options": ["Yes", "No"]},
    {"name": "Types of Livestock Owned", "type": "Checkbox", "options": ["Sheep", "Cow"]},
    {"name": "Favorite Island Discovered", "type": "Text"},
    {"name": "Number of Parakeets Owned", "type": "Number"},
    {"name": "Circumnavigated the Globe", "type": "Tag", "locked": True},
    {"name": "Date Arrived at the Spice Islands", "type": "Date"},
    {"name": "Date and Time Circumnavigated the Globe", "type": "Datetime"},
)
ZONES = ("+00:00", "+00", "Z", ".000Z")
SHARED_EXTERNAL_ID = "shared"


def seed(account: Account, size: int, number: int) -> None:
    """Fills an account; an empty one has the closed options of fields.

    The first profile has every collection; every fiftieth has no name; the second and third share the Mailchimp ID
    "shared".
    """
    wanted = account.wanted({"profiles": size, "attributes": len(ATTRIBUTES) if size else 0})
    population = account.population = Population(number)
    for place in range(wanted["attributes"]):
        example = ATTRIBUTES[place % len(ATTRIBUTES)]
        options = [{"id": own, "value": value} for own, value in enumerate(example.get("options", ()), start=1)]
        put_attribute_record(account, {**example, **({"options": options} if options else {})})
    count = wanted["profiles"]
    items: dict[str, list[Record]] = {}
    for name in FIELDS if count else ():
        if name not in ALWAYS:
            items[name] = [_seed_item(account, population, name, place) for place in range(12)]
    others = [name for name in FIELDS if name not in OFTEN and name not in ALWAYS]
    profiles: dict[str, Record] = {}
    for place, moment in enumerate(population.moments(count), start=1):
        record = _seed_person(account, population, place)
        chosen = [*OFTEN[place % 3 :: 3], others[place % len(others)], others[place * 7 % len(others)]]
        for name in FIELDS if place == 1 else chosen:
            if name not in record:
                pool = items[name]
                some = 1 + place % 2 if name in INTERACTIONS else 1
                record[name] = [numbered(account, name, pool[(place + step) % len(pool)]) for step in range(some)]
        profiles[str(place)] = {"id": place, **record, "_modified": iso(moment)}
    account.numbers["profile"] = count
    account.tables["profiles"].load(profiles)


ALWAYS = ("Names", "EmailAddresses", "PhoneNumbers", "PhysicalAddresses", "Genders", "ExternalIDs")
OFTEN = (
    *("Attributes", "Donations", "Ages", "PageViews", "Submissions", "Interests"),
    *("EventAttendances", "EmailSends", "Memberships"),
)


def _option(options: FieldOptions, name: str, value: str) -> Record:
    return options.add(name, "opt", value)


def _seed_person(account: Account, population: Population, place: int) -> Record:
    """The collections that nearly everybody has."""
    options, somebody = field_options(account), population.person(place)
    given, family, city = somebody.given_name, somebody.family_name, somebody.city
    option = partial(_option, options)
    record: Record = {}
    if place % 50:
        title, suffix = (None if place % 7 else "Ms."), (None if place % 11 else "Jr.")
        parts = dict(zip(NAME_PARTS, (title, given, None if place % 4 else given[0], family, suffix), strict=True))
        record["Names"] = [{"id": place, "FullName": " ".join(filter(None, parts.values())), **parts}]
    region = option("AddressRegion", city.region)
    address: Record = {
        "id": place,
        "Address1": somebody.street,
        "Address2": None if place % 8 > 2 else f"Suite {place}",
        "Address3": None if place % 16 > 2 else "Rear",
        "AddressRegion": region,
        "AddressCity": options.add("AddressCity", "opt", city.name, region["id"]),
        "AddressPostalCode": city.postal_code,
        "AddressCounty": option("AddressCounty", f"{city.name} County") if place % 2 else None,
        "AddressCountry": option("AddressCountry", "USA"),
        "AddressLatitude": city.latitude,
        "AddressLongitude": city.longitude,
        "AddressContact": option("AddressContact", "Personal"),
        "AddressUsable": option("AddressUsable", "Usable"),
    }
    if place % 10:
        email = {"EmailContact": option("EmailContact", "Personal")}
        email["EmailUsable"] = option("EmailUsable", "Usable" if place % 9 else "Unusable")
        record["EmailAddresses"] = [{"id": place, "Email": somebody.email, **email}]
    if place % 3:
        phone = {"PhoneType": option("PhoneType", "Cell"), "PhoneContact": option("PhoneContact", "Personal")}
        phone |= {name: option(name, "Usable") for name in ("PhoneNumberCallUsable", "PhoneNumberTextUsable")}
        record["PhoneNumbers"] = [{"id": place, "PhoneNumber": f"+{somebody.phone}", **phone}]
    if place % 4:
        record["PhysicalAddresses"] = [address]
    if place % 6:
        record["Genders"] = [{"id": place, "Gender": option("Gender", "Female" if place % 2 else "Male")}]
    known = [(f"CRM{place}", "CRM ID")] if place % 5 or place == 1 else []
    known += [(SHARED_EXTERNAL_ID, "Mailchimp ID")] if place in (2, 3) else []
    for own, kind in known:
        external = {"ExternalID": own, "ExternalIDType": option("ExternalIDType", kind)}
        record.setdefault("ExternalIDs", []).append(numbered(account, "ExternalIDs", external))
    for name in ("Names", "EmailAddresses", "PhoneNumbers", "PhysicalAddresses", "Genders"):
        account.numbers[name] = place
    return record


def _seed_item(account: Account, population: Population, collection: str, place: int) -> Record:
    """An item without an id, all of whose fields have a value."""
    if collection == "Attributes":
        return _seed_attribute(account, population, place)
    fields = FIELDS[collection].items()
    return {"id": None, **{name: _seed_value(account, population, name, kind, place) for name, kind in fields}}


def _seed_attribute(account: Account, population: Population, place: int) -> Record:
    records = list(account.tables["attributes"].records.values())
    attribute: Record = records[place % len(records)] if records else {"id": 1, "name": "Text", "type": "Text"}
    options = attribute.get("options", [])
    values: Record = {
        "Radio": options[place % len(options)] if options else None,
        "Checkbox": options,
        "Text": population.pick(population.pool.words),
        "Number": place,
        "Tag": {"id": "true", "value": "Yes"},
        "Date": "2007-10-15",
        "Datetime": "2014-08-14T12:00:00.000Z",
    }
    about = {
        "id": None,
        "AttributeId": attribute["id"],
        "AttributeName": attribute["name"],
        "AttributeType": attribute["type"],
    }
    return about | {"AttributeValue": values[attribute["type"]]}


def _seed_value(account: Account, population: Population, name: str, kind: str, place: int) -> Any:
    options, word = field_options(account), population.pick(population.pool.words)
    moment = population.moments(1)[0]
    day = iso(moment)[:10]
    if name.endswith("Organization") and kind == "opt":
        return options.add(name, kind, HERE["value"])
    if name == "VotedParty" and place % 3 == 2:
        return None
    if name == "KnockDayTrip" and place % 2:
        kind = "slug"
    if kind in ("opt", "slug"):
        closed = CLOSED.get(name)
        return options.add(name, kind, closed[place % len(closed)] if closed else f"{word.capitalize()} {place % 5}")
    made: dict[str, Callable[[], Any]] = {
        "yes": lambda: options.add(
            name, kind, ("Yes", "No", "Unknown" if name.startswith("Voted") else "No")[place % 3]
        ),
        "truth": lambda: options.add(name, kind, ("True", "False")[place % 2]),
        "num": lambda: round(population.random.random() * 100, 2) if name == "DonationAmount" else place + 1,
        "bool": lambda: place % 2 == 0,
        "date": lambda: day,
        "dt": lambda: f"{iso(moment)[:-1]}{ZONES[place % len(ZONES)]}",
        "poser": lambda: _seed_poser(name, place, word),
        "parent": lambda: {"id": population.uuid(), "collection": "PageViews"} if place % 4 else None,
        "opts": lambda: [options.add(name, "opt", word)],
        "strs": lambda: [word],
        "object": lambda: {"Would Participate Again": "Yes", "Follow Up": f"{day}T12:00:00Z"},
        "list": lambda: [
            {own: _seed_value(account, population, own, inner, place) for own, inner in LISTS[name].items()}
        ],
    }
    return made[kind]() if kind in made else _seed_text(population, name, place)


def _seed_text(population: Population, name: str, place: int) -> str:
    fixed = {
        "VotedWhen": f"{2000 + 2 * place}",
        "GraduationYear": f"{1990 + place}",
        "CardExpiration": f"2030-{place + 1:02d}",
        "IPAddress": f"10.0.0.{place}",
    }
    if name in fixed:
        return fixed[name]
    if name.lower().endswith(("url", "image")):
        return f"https://example.org/{population.pick(population.pool.words)}/{place}"
    if name.endswith(("Number", "SentTo", "SentFrom")):
        return f"+1202555{place:04d}"
    if name.endswith(("Email", "ReplyTo")):
        return population.person(place).email
    if name.endswith(("ID", "Code", "Fingerprint")):
        return f"{population.pick(population.pool.words)}-{place}"
    return population.pick(population.pool.sentences)


def _seed_poser(name: str, place: int, word: str) -> Record:
    """As the documentation's examples have them: some without an id, some without an external one."""
    if name == "EventRegistrationExternalID":
        return {"externalId": place, "service": "salesforce", "value": word}
    if name in ("EmailSendUser", "SubmissionUser"):
        return {"id": place, "service": "crowdskout", "value": word}
    external: Any = place if place % 2 else f"1848555{place:04d}"
    return {"id": f"mailchimp{place}", "externalId": external, "service": "mailchimp", "value": word}
