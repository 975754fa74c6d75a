"""Writing people at Action Network (actionnetwork.org/docs/v2/person_signup_helper and /people)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from zlib import crc32

from osdi_crm_sandbox.population import iso
from osdi_crm_sandbox.vendor import Refusal, is_email
from osdi_crm_sandbox.vendors.action_network.access import hal
from osdi_crm_sandbox.vendors.action_network.bookkeeping import (
    add_tagging,
    change_date,
    drop_earlier,
    earlier_records,
    new_custom_field,
    new_identifiers,
)
from osdi_crm_sandbox.vendors.action_network.reading import written
from osdi_crm_sandbox.vendors.action_network.resources import NATIVE, PEOPLE, RECORDS, TAGGINGS, international

if TYPE_CHECKING:
    from starlette.responses import Response

    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.records import Record
    from osdi_crm_sandbox.vendor import Call


LANGUAGES = ("en", "es", "fr", "fr-FR", "pt-BR", "de", "it", "nl", "cy")
SETTABLE = ("subscribed", "unsubscribed")
FOR_GOOD = ("bouncing", "spam complaint")
ADDRESS_LINE_FIELDS = ("address_lines", "locality", "region", "postal_code")


def json_object(call: Call) -> Record:
    """The body of a write.

    Raises:
        Refusal: it is no JSON object.
    """
    if not isinstance(call.body, dict):
        raise Refusal(400, "The body must be a JSON object")
    return call.body


def first_entry(value: Any) -> Record:
    """The one entry that counts of e-mails, phones or addresses."""
    return value[0] if isinstance(value, list) and value and isinstance(value[0], dict) else {}


def _email(given: Record) -> str | None:
    address = first_entry(given.get("email_addresses")).get("address")
    return address.strip() if isinstance(address, str) and is_email(address.strip()) else None


def _holder(account: Account, field: str, value: str | None) -> str | None:
    if value is None:
        return None
    return next(iter(account.tables["people"].find(field, value)), None)


def _status(given: Record, allowed: tuple[str, ...], old: str | None, otherwise: str) -> str:
    """What a contact's status becomes."""
    asked = given.get("status")
    if asked not in allowed or (asked == "subscribed" and old in FOR_GOOD):
        return old or otherwise
    return str(asked)


def _save_person(account: Account, key: str | None, given: Record, *, allowed: tuple[str, ...] = SETTABLE) -> str:
    """Merges a body into a person, or makes a new one of it (actionnetwork.org/docs/v2/person_signup_helper)."""
    table = account.tables["people"]
    foreign = new_identifiers(account, PEOPLE, given, key)
    if key is None:
        key = account.population.uuid()
        record: Record = {"identifiers": [f"{NATIVE}{key}"], "created_date": iso()}
    else:
        record = dict(table.records[key])
    record |= {"identifiers": [*record["identifiers"], *foreign]}
    for name in ("given_name", "family_name"):
        take_over(record, name, given)
    _save_email(account, key, record, given, allowed)
    merged = _save_phone(account, key, record, given, allowed)
    _save_address(account, record, given)
    languages = given.get("languages_spoken")
    if isinstance(languages, list) and languages:
        record["languages_spoken"] = [languages[0] if languages[0] in LANGUAGES else "en"]
    elif "languages_spoken" not in record:
        record["languages_spoken"] = ["en"]
    if isinstance(given.get("custom_fields"), dict):
        record["custom_fields"] = _custom(account, record.get("custom_fields", {}), given["custom_fields"])
    old = table.records.get(key)
    record["modified_date"] = change_date(account, old, record) if old else iso()
    table.put(key, record)
    if merged:
        _absorb(account, key, merged)
    return key


def take_over(record: Record, name: str, given: Record) -> None:
    """Takes a property over; null clears it."""
    if name not in given:
        return
    if given[name] is None:
        record.pop(name, None)
    else:
        record[name] = given[name]


def _save_email(account: Account, key: str, record: Record, given: Record, allowed: tuple[str, ...]) -> None:
    entry, old = first_entry(given.get("email_addresses")), first_entry(record.get("email_addresses"))
    address = _email(given)
    if address and _holder(account, "email_address", address.casefold()) not in (None, key):
        address, entry = None, {name: value for name, value in entry.items() if name != "status"}
    if address or (entry and old):
        status = _status(entry, allowed, old.get("status"), "subscribed")
        record["email_addresses"] = [{"primary": True, "address": address or old["address"], "status": status}]


def _save_phone(account: Account, key: str, record: Record, given: Record, allowed: tuple[str, ...]) -> str | None:
    """Sets the phone; the id of a person known by that phone alone, to be merged into this one."""
    entry, old = first_entry(given.get("phone_numbers")), first_entry(record.get("phone_numbers"))
    number = international(entry.get("number"))
    if "phone_numbers" in given and given["phone_numbers"] is None and record.get("email_addresses"):
        record.pop("phone_numbers", None)
    if not number and not (entry and old):
        return None
    table = account.tables["people"]
    status, merged = old.get("status") if number in (None, old.get("number")) else None, None
    holder = _holder(account, "phone_number", number)
    if holder not in (None, key):
        loser = dict(table.records[holder or ""])
        status = first_entry(loser.pop("phone_numbers"))["status"]
        if loser.get("email_addresses"):
            table.put(holder or "", loser)
        else:
            merged = holder
    new = {**old, "primary": True, "number_type": "Mobile"} | ({"number": number} if number else {})
    record["phone_numbers"] = [{**new, "status": _status(entry, allowed, status, "unsubscribed")}]
    return merged


def _absorb(account: Account, key: str, other: str) -> None:
    """Merges a phone-only person into another: what they did and their tags move, then they are gone."""
    people = account.tables["people"]
    people.put(key, {**people.records[other], **people.records[key]})
    people.delete(other)
    for kind in (*RECORDS.values(), TAGGINGS):
        table = account.tables[kind.name]
        for child in table.find("person", other):
            if kind.per_person or kind is TAGGINGS:
                drop_earlier(account, kind, key, table.records[child]["_parent"])
            table.merge(child, {"_person": key})


def _save_address(account: Account, record: Record, given: Record) -> None:
    """The one postal address."""
    if "postal_addresses" not in given:
        return
    new, old = first_entry(given["postal_addresses"]), first_entry(record.get("postal_addresses"))
    if given["postal_addresses"] is None:
        record.pop("postal_addresses", None)
    elif new:
        address = merge_address(old, new)
        if not old and not account.options["locality_sticks"]:
            address.pop("locality", None)
        record["postal_addresses"] = [{"primary": True, **address}]


def merge_address(old: Record, given: Record) -> Record:
    """One address merged into another: first line only, US unless a country is given, placed on earth."""
    address = {name: value for name, value in old.items() if name != "location"}
    for name in ADDRESS_LINE_FIELDS:
        if given.get(name) is None:
            if name in given and name != "region":
                address.pop(name, None)
        else:
            address[name] = given[name][:1] if name == "address_lines" else str(given[name])
    if given.get("country"):
        address["country"] = given["country"]
    elif any(given.get(name) for name in ADDRESS_LINE_FIELDS):
        address["country"] = "US"
    if address.get("country"):
        address.setdefault("language", "en")
        place = crc32(repr(sorted(address.items())).encode())
        address["location"] = {
            "latitude": round(25 + place % 24_000 / 1000, 4),
            "longitude": round(-120 + place // 24_000 % 45_000 / 1000, 4),
            "accuracy": "Rooftop" if address.get("address_lines") else "Approximate",
        }
    return address


def _custom(account: Account, old: Record, given: Record) -> Record:
    """Custom fields merged by name; values are strings."""
    fields = account.tables["custom_fields"]
    values = dict(old)
    for name, value in given.items():
        if value is None:
            values.pop(name, None)
            continue
        if name not in fields.records:
            if account.options["unknown_custom_fields"] == "drop":
                continue
            fields.put(name, new_custom_field(name, len(fields.records) + 1, time.time()))
        values[name] = str(int(value)) if isinstance(value, bool) else str(value)
    return values


def sign_up(account: Account, person: Any, *, allowed: tuple[str, ...] = SETTABLE) -> str | None:
    """Finds the person by e-mail or phone and merges, or makes one; None where there is neither."""
    if not isinstance(person, dict):
        return None
    email, phone = _email(person), international(first_entry(person.get("phone_numbers")).get("number"))
    if email is None and (phone is None or first_entry(person.get("email_addresses")).get("address")):
        return None
    key = _holder(account, "email_address", email.casefold() if email else None)
    if key is None:
        by_phone = _holder(account, "phone_number", phone)
        if by_phone and not (email and account.tables["people"].records[by_phone].get("email_addresses")):
            key = by_phone
    return _save_person(account, key, person, allowed=allowed)


def apply_tags(account: Account, person: str, body: Record) -> None:
    """Adds tags, then removes tags; names that are no tags are passed over."""
    tags, taggings = account.tables["tags"], account.tables["taggings"]
    for name in body.get("add_tags") or ():
        for tag in tags.find("name", str(name)):
            if not earlier_records(account, TAGGINGS, person, tag):
                add_tagging(account, person, tag)
    for name in body.get("remove_tags") or ():
        for tag in tags.find("name", str(name)):
            for tagging in earlier_records(account, TAGGINGS, person, tag):
                taggings.delete(tagging)


def post_person(call: Call) -> Response:
    """The person signup helper."""
    if call.caller is None:
        return hal({})
    body = json_object(call)
    key = sign_up(call.account, body.get("person"))
    if key is None:
        return hal({})
    apply_tags(call.account, key, body)
    return written(call, PEOPLE, key)


def put_person(call: Call) -> Response:
    """PUT of a person: merges; the e-mail of somebody else is passed over."""
    call.record("people")
    return written(call, PEOPLE, _save_person(call.account, call.params["id"], json_object(call)))
