"""Invented nations of any size."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

from osdi_crm_sandbox.population import Person, Population
from osdi_crm_sandbox.vendors.nationbuilder.resources import ADDRESSES, HERE
from osdi_crm_sandbox.vendors.nationbuilder.seeder import (
    STANDING_ON_PAGES,
    UNCOMMON,
    UNIQUE_STRINGS,
    Seeder,
    references,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.records import Record

PAYMENT_TYPES = ("Cash", "Check", "Credit Card", "Wire Transfer", "Other")
CUSTOM_FIELDS: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("chapter", "text", "Signup", ()),
    ("bugs_found", "number", "Signup", ()),
    ("has_key", "checkbox", "Signup", ()),
    ("shirt_size", "multiple_choice", "Signup", ("Small", "Medium", "Large")),
    ("nickname", "text", "Signup", ()),
    ("in_memory_of", "text", "Donation", ()),
    ("match_factor", "number", "Donation", ()),
)
STEPS = 4
EVERY_NATION = {"signups": 1, "sites": 1, "broadcasters": 1}
"""What any nation has: the one who made it, a website, somebody who writes."""


def _defaults(size: int) -> dict[str, int]:
    """How many of each resource there are around so many people."""
    wanted = {name: kind.seeded.of(size) for name, kind in HERE.items()}
    paths, surveys = wanted["paths"], wanted["surveys"]
    wanted |= {"path_steps": STEPS * paths, "path_journey_status_changes": 2 * paths}
    wanted |= {"survey_questions": 3 * surveys, "survey_question_possible_responses": 9 * surveys}
    return wanted | {"signup_tags": min(wanted["signup_tags"], 208)}


def counts(wanted: dict[str, int]) -> dict[str, int]:
    """How many there are then; pages asked for are those by themselves, events and the like bring their own."""
    wanted = {name: max(count, EVERY_NATION.get(name, 0)) for name, count in wanted.items()}
    for name in ("signup_profiles", "voters"):
        wanted[name] = min(wanted[name], wanted["signups"])
    wanted["payment_types"] = len(PAYMENT_TYPES)
    wanted["custom_fields"] = min(wanted["custom_fields"], len(CUSTOM_FIELDS))
    wanted["pages"] += sum(wanted[name] for name in STANDING_ON_PAGES)
    return wanted


def seed(account: Account, size: int, number: int) -> None:
    """Fills an account."""
    wanted = counts(account.wanted(_defaults(size)))
    seeder = Seeder(account, Population(number), wanted, OWN)
    for name, kind in HERE.items():
        account.tables[name].load(seeder.rows(kind, wanted[name]))
    signups = account.tables["signups"].records
    for donation in account.tables["donations"].records.values():
        if donation["status"] == "succeeded":
            signups[donation["signup_id"]]["is_donor"] = True
    for name, key, holder, attribute in (
        ("signup_taggings", "tag_id", "signup_tags", "taggings_count"),
        ("list_members", "list_id", "lists", "signups_count"),
        ("automation_enrollments", "automation_id", "automations", "total_enrollments_count"),
    ):
        numbers = Counter(record[key] for record in account.tables[name].records.values())
        records = account.tables[holder].records
        account.tables[holder].load({one: {**row, attribute: numbers[one]} for one, row in records.items()})


def invent(account: Account, resource: str) -> Record:
    """A new record, as the control API takes it."""
    number = account.next("invented")
    if "inventor" not in account.state:
        account.state["inventor"] = Seeder(account, account.population, dict.fromkeys(HERE, 0), OWN)
    kind, seeder = HERE[resource], account.state["inventor"]
    row = seeder.row(kind, 900_000_000 + number, int(time.time()))
    for name, to, share in references(kind):
        if account.tables[to].records and seeder.draw() < share:
            row[name] = account.any_of(to)
    gone = ("id", "created_at", "updated_at")
    return {"attributes": {name: value for name, value in row.items() if name not in gone}}


# What records of a resource have of their own


def _signup(seeder: Seeder, place: int, row: Record) -> None:
    person, draw = seeder.population.person(place), seeder.draw
    if place == 1:
        _owner(row)
        return
    row |= {
        "first_name": person.given_name,
        "last_name": person.family_name,
        "email": person.email,
        "email1": person.email,
        "primary_email_id": 1,
        "mobile_number": person.phone,
        "employer": person.employer,
        "email_opt_in": draw() < 0.8,
        "mobile_opt_in": draw() < 0.7,
        "signup_type": 0,
        "is_cpu": False,
        "is_donor": False,
    }
    row["full_name"] = " ".join(row[name] for name in ("first_name", "middle_name", "last_name") if row.get(name))
    if draw() < 0.03:
        row |= {"signup_type": 1, "legal_name": person.employer}
    for name in UNIQUE_STRINGS:
        if draw() < (0.5 if name == "external_id" else 0.05):
            row[name] = f"{name}.{place}@example.org" if name.startswith("email") else f"{name[:3]}-{place}"
    row |= {name: row["created_at"] for name in UNCOMMON if draw() < 0.03}
    for name in ("home", ADDRESSES[place % len(ADDRESSES)]):
        row[f"{name}_address"] = _address(person)
    if draw() < 0.6:
        row["custom_values"] = {
            "chapter": person.city.name,
            "bugs_found": round(draw() * 10, 2),
            "has_key": draw() < 0.5,
            "shirt_size": seeder.pick(("Small", "Medium", "Large")),
        }


def _address(person: Person) -> Record:
    return {
        "address1": person.street,
        "city": person.city.name,
        "state": person.city.region,
        "zip": person.city.postal_code,
        "country_code": "US",
        "lat": str(person.city.latitude),
        "lng": str(person.city.longitude),
    }


def _owner(row: Record) -> None:
    keep = {name: row[name] for name in ("id", "created_at", "updated_at")}
    row.clear()
    row |= keep | {
        "first_name": "Nora",
        "last_name": "Owner",
        "full_name": "Nora Owner",
        "email": "nora.owner@example.org",
        "email1": "nora.owner@example.org",
        "primary_email_id": 1,
        "signup_type": 0,
        "is_cpu": True,
    }


def _pair(first: str, second: str, to: str) -> Callable[[Seeder, int, Record], None]:
    """Two records joined but once."""

    def own(seeder: Seeder, place: int, row: Record) -> None:
        signups = max(1, seeder.wanted["signups"])
        row[first] = seeder.nth("signups", place)
        row[second] = seeder.nth(to, place + place // signups)

    return own


def _one_to_one(seeder: Seeder, place: int, row: Record) -> None:
    row["signup_id"] = seeder.nth("signups", place - 1)


def _custom_field(_seeder: Seeder, place: int, row: Record) -> None:
    slug, field_type, resource_type, options = CUSTOM_FIELDS[(place - 1) % len(CUSTOM_FIELDS)]
    row |= {
        "slug": slug if place <= len(CUSTOM_FIELDS) else f"{slug}_{place}",
        "name": slug.replace("_", " ").capitalize(),
        "field_type": field_type,
        "resource_type": resource_type,
        "position": place,
        "options": {str(number): text for number, text in enumerate(options, 1)} or None,
    }


def _payment_type(_seeder: Seeder, place: int, row: Record) -> None:
    row["name"] = PAYMENT_TYPES[(place - 1) % len(PAYMENT_TYPES)]


def _donation(seeder: Seeder, place: int, row: Record) -> None:
    cents = row["amount_in_cents"] = 100 * int(1 + seeder.draw() * 250)
    payment = place % len(PAYMENT_TYPES)
    row |= {"payment_type_id": str(payment + 1), "payment_type_name": PAYMENT_TYPES[payment]}
    row["signup_id"] = row.get("signup_id") or seeder.nth("signups", place)
    row |= {**seeder.named(row["signup_id"]), "middle_name": None, "amount": f"{cents / 100:.2f}"}
    row["status"] = "succeeded"
    row |= dict.fromkeys(("pending_at", "failed_at", "canceled_at"))
    row["succeeded_at"] = row["created_at"]
    if place % 20 in (0, 1, 2):
        row["status"] = ("canceled", "failed", "pending")[place % 20]
        row[f"{row['status']}_at"] = row["created_at"]
        if row["status"] != "canceled":
            row["succeeded_at"] = None
    if place % 4 == 0:
        row |= dict.fromkeys(("billing_address", "work_address"), _address(seeder.population.person(place)))
    if place % 3 == 0:
        row["custom_values"] = {"in_memory_of": seeder.pick(seeder.population.pool.given_names), "match_factor": 1.0}


def _pledge(seeder: Seeder, place: int, row: Record) -> None:
    cents = 100 * int(1 + seeder.draw() * 250)
    row |= {"amount_in_cents": cents, "amount": f"{cents / 100:.2f}", "amount_left_in_cents": cents}
    row["signup_id"] = row.get("signup_id") or seeder.nth("signups", place)


def _election(_seeder: Seeder, place: int, row: Record) -> None:
    row |= {"country_code": "US", "donation_maximum_in_cents": 100 * place, "donation_maximum": f"{place}.00"}


def _journey(seeder: Seeder, place: int, row: Record) -> None:
    _pair("signup_id", "path_id", "paths")(seeder, place, row)
    steps = max(1, seeder.wanted["path_steps"] // seeder.paths)
    row["current_step_id"] = seeder.nth("path_steps", (int(row["path_id"] or 1) - 1) * steps + place % steps)
    status = row["journey_status"] = ("active", "active", "active", "completed", "abandoned", "deleted")[place % 6]
    row["ended_at"] = None if status == "active" else row["updated_at"]
    reasons = range(int(row["path_id"] or 1), seeder.wanted["path_journey_status_changes"] + 1, seeder.paths)
    fitting = (key for key in map(str, reasons) if _target_status(seeder, int(key)) == status)
    row["path_journey_status_change_id"] = next(fitting, None)


def _target_status(seeder: Seeder, place: int) -> str:
    return ("completed", "abandoned")[(place - 1) // seeder.paths % 2]


def _status_change(seeder: Seeder, place: int, row: Record) -> None:
    row |= {"path_id": seeder.nth("paths", place - 1), "target_status": _target_status(seeder, place)}


def _history(seeder: Seeder, place: int, row: Record) -> None:
    row["path_journey_id"] = seeder.nth("path_journeys", place)
    journey = seeder.record("path_journeys", row["path_journey_id"])
    row["path_step_id"] = journey.get("current_step_id")
    row["path_journey_status_change_id"] = journey.get("path_journey_status_change_id")


def _path_step(seeder: Seeder, place: int, row: Record) -> None:
    steps = max(1, seeder.wanted["path_steps"] // seeder.paths)
    row |= {"path_id": seeder.nth("paths", (place - 1) // steps), "position": (place - 1) % steps + 1}


def _on_page(resource: str) -> Callable[[Seeder, int, Record], None]:
    def own(seeder: Seeder, place: int, row: Record) -> None:
        row["page_id"] = seeder.nth("pages", seeder.first_page[resource] + place - 1)
        if resource == "events":
            row["venue_address"] = _address(seeder.population.person(place))
        page = seeder.record("pages", row["page_id"]) if resource in ("suggestion_boxes", "suggestions") else {}
        row |= {name: page[name] for name in ("slug", "external_id", "headline", "status", "site_id") if name in page}

    return own


def _page(seeder: Seeder, place: int, row: Record) -> None:
    row["page_type_name"] = "Basic"
    for name, page_type in zip(STANDING_ON_PAGES, ("Event", "Petition", "Suggestion Box", "Suggestion"), strict=True):
        if place > seeder.first_page[name]:
            row["page_type_name"] = page_type
    row |= {"url_path": f"/{row['slug']}", "effective_permission_level": row["permission_level"], "parent_id": None}
    if 1 < place <= seeder.first_page["events"]:
        words = seeder.population.pool.words
        row |= {"parent_id": "1", "parent_slug": f"{words[1]}_1", "ancestors_permission_level": "anyone"}
    elif place == 1:
        row |= {"permission_level": "anyone", "effective_permission_level": "anyone"}


def _page_of(resource: str, key: str | None, seeder: Seeder) -> str | None:
    return None if key is None else seeder.nth("pages", seeder.first_page[resource] + int(key) - 1)


def _signature(seeder: Seeder, _place: int, row: Record) -> None:
    row["page_id"] = _page_of("petitions", row.get("petition_id"), seeder)


def _rsvp(seeder: Seeder, place: int, row: Record) -> None:
    row["page_id"] = _page_of("events", row.get("event_id"), seeder)
    row["_signup_id"] = seeder.nth("signups", place)
    row |= seeder.named(row["_signup_id"])


def _survey_question(seeder: Seeder, place: int, row: Record) -> None:
    surveys = max(1, seeder.wanted["surveys"])
    row |= {"slug": f"question_{place}", "survey_id": seeder.nth("surveys", place - 1)}
    row["position"] = (place - 1) // surveys


def _possible_response(seeder: Seeder, place: int, row: Record) -> None:
    row["survey_question_id"] = seeder.nth("survey_questions", (place - 1) // 3)


def _response(seeder: Seeder, place: int, row: Record) -> None:
    row.setdefault("content", seeder.pick(seeder.population.pool.sentences))
    possible = seeder.nth("survey_question_possible_responses", place)
    row["survey_question_possible_response_id"] = possible
    answered = seeder.record("survey_question_possible_responses", possible).get("survey_question_id")
    row["survey_question_id"] = answered or row.get("survey_question_id")


def _automation(_seeder: Seeder, _place: int, row: Record) -> None:
    row |= {"conversions_enabled": False}
    row |= dict.fromkeys(("completed_enrollments_count", "converted_enrollments_count", "removed_enrollments_count"), 0)


OWN: dict[str, Callable[[Seeder, int, Record], None]] = {
    "signups": _signup,
    "signup_taggings": _pair("signup_id", "tag_id", "signup_tags"),
    "signup_profiles": _one_to_one,
    "custom_fields": _custom_field,
    "donations": _donation,
    "pledges": _pledge,
    "list_members": _pair("signup_id", "list_id", "lists"),
    "path_steps": _path_step,
    "path_journeys": _journey,
    "path_journey_status_changes": _status_change,
    "path_histories": _history,
    "events": _on_page("events"),
    "event_rsvps": _rsvp,
    "petitions": _on_page("petitions"),
    "petition_signatures": _signature,
    "pages": _page,
    "survey_questions": _survey_question,
    "survey_question_possible_responses": _possible_response,
    "survey_question_responses": _response,
    "suggestion_boxes": _on_page("suggestion_boxes"),
    "suggestions": _on_page("suggestions"),
    "voters": _one_to_one,
    "elections": _election,
    "automations": _automation,
    "payment_types": _payment_type,
}
