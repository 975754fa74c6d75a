"""Invented accounts of Action Network, of any size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osdi_crm_sandbox.population import DAY, Population, iso
from osdi_crm_sandbox.vendors.action_network.bookkeeping import (
    beginnings,
    count_in_parent,
    message_statistics,
    new_custom_field,
)
from osdi_crm_sandbox.vendors.action_network.resources import (
    ACTIONS,
    HERE,
    ITEMS,
    KINDS,
    MESSAGES,
    NATIVE,
    RECORDS,
    SITE,
    TAGGINGS,
    TAGS,
    Kind,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.records import Record


CUSTOM_FIELDS = (
    *("I am a parent", "employer", "T-shirt size", "How did you hear about us?", "member_id", "Notes (internal)"),
    *("union local", "is_volunteer", "Größe", "Partner's name", "birthday", "story"),
)


EMAIL_STATUSES = (
    *(("subscribed", 0.80), ("unsubscribed", 0.12), ("bouncing", 0.04), ("previous bounce", 0.01)),
    *(("spam complaint", 0.02), ("previous spam complaint", 0.01)),
)


def seed(account: Account, size: int, number: int) -> None:
    """Fills an account; an empty one has the wrapper that every new account has."""
    defaults = {name: kind.seeded.of(size) for name, kind in KINDS.items()}
    defaults |= {"tags": min(defaults["tags"], 206), "custom_fields": len(CUSTOM_FIELDS) if size else 0}
    wanted = account.wanted(defaults)
    population = Population(number)
    tables = account.tables
    tables["wrappers"].load(_seed_wrappers(population, max(1, wanted["wrappers"])))
    tables["custom_fields"].load(
        {
            name: new_custom_field(name, place, population.moments(1)[0])
            for place, name in enumerate(CUSTOM_FIELDS[: wanted["custom_fields"]])
        }
    )
    tables["people"].load(_seed_people(population, wanted["people"], number))
    for name in ("tags", "event_campaigns", *ACTIONS, "campaigns", "lists", "queries", "unique_id_lists", "messages"):
        if wanted[name] and not tables[name].records:
            tables[name].load(_seed_kind(account, population, KINDS[name], wanted[name]))
    for kind in (*RECORDS.values(), TAGGINGS, ITEMS):
        if wanted[kind.name]:
            _seed_records(account, population, kind, wanted[kind.name])


def _seed_wrappers(population: Population, count: int) -> dict[str, Record]:
    wrappers: dict[str, Record] = {}
    for place, moment in enumerate(population.moments(count)):
        key = population.uuid()
        wrappers[key] = {
            "identifiers": [f"{NATIVE}{key}"],
            "origin_system": HERE,
            "name": "Logo only" if place == 0 else f"Wrapper {place}",
            "administrative_url": f"{SITE}/email_templates/{place + 1}/edit",
            "header": "<table><tr><td>",
            "footer": "</td></tr></table>",
            "action_network:suffix": " via Group A",
            "wrapper_type": "email",
            "default": place == 0,
            "created_date": iso(moment),
            "modified_date": iso(moment),
        }
    return wrappers


def _seed_people(population: Population, count: int, number: int) -> dict[str, Record]:
    draw = population.random.random
    addresses = [_seed_address(population, place) for place in range(500)]
    fields = [_seed_fields(population) for _ in range(300)]
    languages = [["en"]] * 9 + [["es"]]
    people: dict[str, Record] = {}
    for place, moment in enumerate(population.moments(count)):
        key = population.uuid()
        somebody = population.person(place)
        mobile_only = draw() < 0.04
        record: Record = {
            "identifiers": [f"{NATIVE}{key}", f"crm{number}:{place}"] if draw() < 0.1 else [f"{NATIVE}{key}"],
            "given_name": somebody.given_name,
            "family_name": somebody.family_name,
            "created_date": iso(moment - (0 if draw() < 0.3 else int(draw() * 700 * DAY))),
            "modified_date": iso(moment),
        }
        if not mobile_only:
            status, chance = "subscribed", draw()
            for status, share in EMAIL_STATUSES:  # noqa: B007
                chance -= share
                if chance < 0:
                    break
            record["email_addresses"] = [{"primary": True, "address": somebody.email, "status": status}]
        if mobile_only or draw() < 0.35:
            status = ("subscribed", "unsubscribed", "bouncing")[int(draw() ** 2 * 3)]
            mobile: Record = {"primary": True, "number": somebody.phone, "number_type": "Mobile", "status": status}
            if not mobile_only and draw() < 0.02:
                del mobile["number"]
            record["phone_numbers"] = [mobile]
        if draw() < 0.9:
            record["postal_addresses"] = addresses[int(draw() * len(addresses))]
        if draw() < 0.02:
            record["origin_system"] = "MyApp"
        record["languages_spoken"] = languages[int(draw() * len(languages))]
        record["custom_fields"] = fields[int(draw() * len(fields))]
        people[key] = record
    return people


def _seed_address(population: Population, place: int) -> list[Record]:
    draw = population.random.random
    city = population.pool.cities[int(draw() * len(population.pool.cities))]
    address: Record = {"primary": True, "address_lines": [population.pick(population.pool.streets)]}
    address |= {"locality": city.name, "region": city.region, "postal_code": city.postal_code, "country": "US"}
    spot = {"latitude": city.latitude, "longitude": city.longitude, "accuracy": "Rooftop"}
    address |= {"language": "en", "location": spot}
    if place % 8 == 0:
        del address["address_lines"], address["locality"]
        address["location"] = spot | {"accuracy": "Approximate"}
    elif place % 20 == 1:
        address |= {"country": "CA", "region": "ON", "postal_code": "K1A 0A6"}
    return [address]


def _seed_fields(population: Population) -> Record:
    draw, pool = population.random.random, population.pool
    values = {
        "I am a parent": "1",
        "employer": population.pick(pool.employers),
        "T-shirt size": "XL",
        "How did you hear about us?": population.pick(pool.sentences),
        "member_id": str(int(draw() * 1e6)),
        "Notes (internal)": population.pick(pool.paragraphs),
        "union local": str(int(draw() * 900)),
        "is_volunteer": "True",
        "Größe": str(150 + int(draw() * 50)),
        "Partner's name": population.pick(pool.given_names),
        "birthday": f"{1940 + int(draw() * 60)}-0{1 + int(draw() * 9)}-1{int(draw() * 10)}",
        "story": population.pick(pool.paragraphs),
    }
    return {name: value for name, value in values.items() if draw() < 0.25}


def _seed_kind(account: Account, population: Population, kind: Kind, count: int) -> dict[str, Record]:
    """Actions, and what else has no parent."""
    people = list(account.tables["people"].records)
    records: dict[str, Record] = {}
    for place, moment in enumerate(population.moments(count)):
        key = population.uuid()
        created = moment - int(population.random.random() * 90 * DAY)
        record: Record = {"identifiers": [f"{NATIVE}{key}"], "origin_system": HERE}
        record |= {"created_date": iso(created), "modified_date": iso(moment)}
        if kind.group in ("action", "campaign"):
            record |= _seed_action(population, kind, key, place)
        if kind.name in ACTIONS:
            record = beginnings(kind, {}) | record
        if kind.name in ACTIONS and people:
            record["_creator"] = people[place % len(people)]
        records[key] = record | _own(account, population, kind.name, place, moment)
        if kind is TAGS:
            del records[key]["origin_system"]
        elif account.tables["tags"].records and place % 4 == 1 and (kind.name in ACTIONS or kind is MESSAGES):
            records[key]["tag_list"] = [next(iter(account.tables["tags"].records.values()))["name"]]
        if kind.name == "events" and people:
            records[key]["_organizer"] = people[(place + 1) % len(people)]
    return records


def _seed_action(population: Population, kind: Kind, key: str, place: int) -> Record:
    """What actions have in common; every third is made by API, by an application with its own identifiers."""
    slug = f"{kind.one.replace(' ', '-')}-{place}"
    title = population.pick(population.pool.sentences).rstrip(".")
    common: Record = {
        "title": f"{title} {place}",
        "name": "" if place % 4 == 0 else f"{kind.one.capitalize()} {place}",
        "description": f"<p>{population.pick(population.pool.paragraphs)}</p>",
        "browser_url": f"{SITE}/{kind.name}/{slug}",
        "action_network:hidden": place % 7 == 6,
    }
    if place % 3 == 1 and kind.group == "action":
        foreign = f"my_app:{kind.name}-{key[:8]}"
        common |= {"origin_system": "MyApp", "_api": True, "browser_url": f"https://app.example.org/{slug}"}
        return common | {"identifiers": [f"{NATIVE}{key}", foreign]}
    common["featured_image_url"] = f"{SITE}/images/{slug}.jpg"
    url = "browser_url" if kind.name in ("events", "campaigns", "petitions") else "url"
    common["action_network:sponsor"] = {"title": "Group A", url: f"{SITE}/groups/group-a"}
    return common


def _seed_event(account: Account, population: Population, place: int, moment: int) -> Record:
    city = population.pool.cities[place % len(population.pool.cities)]
    start = moment + int(population.random.random() * 120) * DAY
    event: Record = {
        "instructions": f"<p>{population.pick(population.pool.sentences)}</p>",
        "start_date": iso(start - start % 1800),
        "status": ("confirmed", "confirmed", "confirmed", "tentative", "cancelled")[place % 5],
        "transparence": "opaque",
        "visibility": "public" if place % 6 else "private",
        "guests_can_invite_others": place % 2 == 0,
        "total_accepted": 0,
        "location": {
            "venue": f"{population.pick(population.pool.family_names)} Hall",
            "address_lines": [population.pick(population.pool.streets)],
            "locality": city.name,
            "region": city.region,
            "postal_code": city.postal_code,
            "country": "US",
            "language": "en",
            "location": {"latitude": city.latitude, "longitude": city.longitude, "accuracy": "Rooftop"},
        },
    }
    if place % 2 == 0:
        event |= {"end_date": iso(start - start % 1800 + 7200), "capacity": 10 + place}
        event["reminders"] = [{"method": "email", "minutes": 1440}]
    campaigns = account.tables["event_campaigns"]
    if campaigns.records and place % 3 == 2:
        key = list(campaigns.records)[place % len(campaigns.records)]
        campaign = campaigns.records[key]
        campaigns.put(key, {**campaign, "total_events": campaign["total_events"] + 1})
        event["action_network:event_campaign_id"] = key
    return event


def _seed_campaign(account: Account, population: Population) -> Record:
    petitions = list(account.tables["petitions"].records.values())[:3]
    pages = [{"title": petition["title"], "browser_url": petition["browser_url"]} for petition in petitions]
    return {"actions": pages, "description": f"<p>{population.pick(population.pool.sentences)}</p>"}


def _seed_message(account: Account, population: Population, place: int, moment: int) -> Record:
    wrappers = list(account.tables["wrappers"].records)
    lists = [key for key, record in account.tables["lists"].records.items() if record["description"] == "Email"]
    queries = list(account.tables["queries"].records)
    subject = population.pick(population.pool.sentences).rstrip(".")
    message: Record = {
        "name": f"Message {place}",
        "subject": subject,
        "body": f"<p>{population.pick(population.pool.paragraphs)}</p>",
        "from": "Group A",
        "reply_to": "team@example.org",
        "administrative_url": f"{SITE}/emails/message-{place}/manage",
        "type": "email",
        "total_targeted": len(account.tables["people"].records),
        "_wrapper": wrappers[place % len(wrappers)],
        "_queries": queries[place % len(queries) :][:1] if queries and place % 2 and place % 8 != 3 else [],
    }
    if place % 4 == 3:
        return message | {"status": "draft"}
    if lists:
        message["_list"] = lists[place % len(lists)]
    statistics = message_statistics(message["total_targeted"], 0.3) | {
        "verified_opened": message["total_targeted"] // 5
    }
    return message | {"status": "sent", "sent_start_date": iso(moment), "statistics": statistics}


def _seed_list(population: Population, place: int) -> Record:
    """A report, or the people an e-mail went to."""
    title = population.pick(population.pool.sentences).rstrip(".")
    if place % 2:
        return {"title": title, "name": f"Message {place}", "description": "Email"}
    return {"title": title, "description": "Report", "browser_url": f"{SITE}/reports/{place + 1}/manage"}


def _own(account: Account, population: Population, name: str, place: int, moment: int) -> Record:
    """What records of a kind have of their own."""
    pick, pool = population.pick, population.pool
    own: dict[str, Callable[[], Record]] = {
        "petitions": lambda: {
            "petition_text": pick(pool.paragraphs),
            "target": [{"name": "The Mayor"}, {"name": f"Council {place}"}],
        },
        "events": lambda: _seed_event(account, population, place, moment),
        "forms": lambda: {"call_to_action": "Tell us"},
        "surveys": lambda: {"call_to_action": "Let us know"},
        "advocacy_campaigns": lambda: {"targets": "U.S. Senate", "type": "phone" if place % 4 == 3 else "email"},
        "event_campaigns": lambda: {
            "host_pitch": pick(pool.sentences),
            "host_instructions": f"<p>{pick(pool.sentences)}</p>",
            "host_url": f"{SITE}/events/new?event_campaign_id={place + 1}",
        },
        "campaigns": lambda: _seed_campaign(account, population),
        "tags": lambda: {"name": f"{pool.words[place % len(pool.words)]} {place}"},
        "lists": lambda: _seed_list(population, place),
        "queries": lambda: {
            "name": pick(pool.sentences),
            "browser_url": f"{SITE}/queries/{place + 1}/edit",
            "_people": 100,
        },
        "unique_id_lists": lambda: {"name": f"ID targets {place}", "count": 0, "_members": []},
        "messages": lambda: _seed_message(account, population, place, moment),
    }
    return own[name]() if name in own else {}


def _seed_referrer(population: Population) -> Record:
    data = {"source": population.pick(["none", "email", "facebook"]), "website": "none", "referrer": "group-group-a"}
    if data["source"] == "email":
        data["email_referrer"] = "emails-stop-it"
        data["mobile_message_referrer"] = "mobile_messages-stop-it"
    return data


def _did(population: Population, name: str, parent: Record) -> Record:
    """What somebody did at an action, was tagged with or listed in."""
    draw, pick, pool = population.random.random, population.pick, population.pool
    if name in ("taggings", "items"):
        return {"item_type": "osdi:person"}
    own: Record = {}
    if name == "attendances":
        own = {"status": pick(["accepted"] * 9 + ["attended", "declined"])}
    elif name == "donations":
        own = _seed_donation(population)
    elif name == "outreaches":
        target = {"title": "Representative", "given_name": pick(pool.given_names)}
        target |= {"family_name": pick(pool.family_names)}
        own = {"targets": [{**target, "ocdid": f"ocd-division/country:us/state:ca/sldl:{int(draw() * 80)}"}]}
    own["action_network:referrer_data"] = _seed_referrer(population)
    if name == "signatures" and draw() < 0.4:
        own["comments"] = pick(pool.sentences)
    if name == "outreaches" and parent.get("type") == "phone":
        own |= {"type": "phone", "duration": int(draw() * 600)}
    elif name == "outreaches":
        own |= {"type": "email", "subject": "Vote no", "message": pick(pool.paragraphs)}
    return own


def _seed_donation(population: Population) -> Record:
    cents = 300 + int(population.random.random() ** 3 * 20_000)
    parts = [cents * 2 // 3, cents - cents * 2 // 3] if cents % 3 == 0 else [cents]
    recurring = population.random.random() < 0.2
    period = population.pick(["Monthly", "Monthly", "Yearly", "Every 3 Months"])
    names = ("Group A", "Group B")
    recipients = [
        {"display_name": name, "amount": f"{part / 100:.2f}"} for name, part in zip(names, parts, strict=False)
    ]
    return {
        "currency": "usd",
        "amount": f"{cents / 100:.2f}",
        "recipients": recipients,
        "payment": {"method": "Credit Card", "authorization_stored": recurring},
        "action_network:recurrence": {"recurring": recurring} | ({"period": period} if recurring else {}),
    }


def _seed_records(account: Account, population: Population, kind: Kind, count: int) -> None:
    """Records of actions, taggings and list items: every parent gets one first, then few get many.

    One donation in fifty is by somebody who cannot be read.
    """
    draw = population.random.random
    parents = list(account.tables[kind.parent].records)
    people = account.tables["people"].records
    keys = list(people)
    once = kind.name not in ("donations", "outreaches")
    pairs: set[tuple[str, str]] = set()
    records: dict[str, Record] = {}
    for place in range(count if keys and parents else 0):
        parent = parents[place if place < len(parents) else int(draw() ** 2 * len(parents))]
        person = keys[int(draw() * len(keys))]
        if once and (person, parent) in pairs:
            continue
        pairs.add((person, parent))
        own = population.uuid()
        details = people[person]
        first, last = details["created_date"], details["modified_date"]
        created = (first, last)[int(draw() * 2)]
        record: Record = {"identifiers": [f"{NATIVE}{own}"], "created_date": created, "modified_date": created}
        record |= {"_person": person, "_parent": parent}
        record |= _did(population, kind.name, account.tables[kind.parent].records[parent])
        if kind is ITEMS:
            record |= {"_id": person, "identifiers": [f"{NATIVE}{person}"]}
        elif kind.name == "donations":
            record["payment"]["reference_number"] = own
            if place % 50 == 7:
                record["_person"] = population.uuid()
        elif draw() < 0.1:
            record["identifiers"] = [f"{NATIVE}{own}", f"free_forms:{own[:13]}"]
        records[f"{parent}/{person}" if kind is ITEMS else own] = record
    account.tables[kind.name].load(records)
    for record in records.values():
        count_in_parent(account, kind, record, 1)


def invent(account: Account, resource: str) -> Record:
    """A new record, as `insert` takes it."""
    population, somebody = account.population, account.newcomer()
    if resource == "people":
        return {
            "given_name": somebody.given_name,
            "family_name": somebody.family_name,
            "email_addresses": [{"primary": True, "address": somebody.email, "status": "subscribed"}],
            "languages_spoken": ["en"],
            "custom_fields": {},
        }
    sentence = population.pick(population.pool.sentences)
    if resource in RECORDS:
        return _did(population, resource, {"type": "email"})
    if resource in (*ACTIONS, "campaigns", "lists"):
        return {"title": f"{sentence} {account.numbers['invented']}"}
    return {"name": f"{sentence} {account.numbers['invented']}"}
