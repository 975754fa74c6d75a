"""Records of Action Network that the control API stores."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from osdi_crm_sandbox.population import iso
from osdi_crm_sandbox.vendors.action_network.bookkeeping import (
    add_record,
    beginnings,
    change_date,
    linked_id,
    new_custom_field,
    touch_person,
)
from osdi_crm_sandbox.vendors.action_network.resources import (
    ACTIONS,
    HERE,
    ITEMS,
    KINDS,
    MESSAGES,
    NATIVE,
    RECORDS,
    Kind,
)

if TYPE_CHECKING:
    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.records import Record


def insert(account: Account, resource: str, given: Record) -> str:
    """Stores a record given as the API serves it; a record of an action needs no links: any person and action do.

    Without a modified date it happens now, and moves its person's.
    """
    if resource == "custom_fields":
        made = new_custom_field(given["name"], len(account.tables[resource].records) + 1, time.time())
        account.tables[resource].put(given["name"], made | given)
        return str(given["name"])
    kind = KINDS[resource]
    record: Record = {name: value for name, value in given.items() if name not in ("_links", "_embedded")}
    native = [name for name in given.get("identifiers", ()) if name.startswith(NATIVE)]
    key = native[0][len(NATIVE) :] if native else account.population.uuid()
    record["identifiers"] = [f"{NATIVE}{key}", *(name for name in given.get("identifiers", ()) if name not in native)]
    record["created_date"] = given.get("created_date") or given.get("modified_date") or iso()
    record["modified_date"] = given.get("modified_date") or iso()
    if kind.parent:
        _complete_record(account, kind, record, given)
    elif kind.name in ACTIONS:
        record = {"title": "Untitled", "origin_system": HERE} | beginnings(kind, record) | record
        people: Record = {f"_{rel}": linked_id(given, f"osdi:{rel}") for rel in ("creator", "organizer")}
        record |= people | {"_api": record["origin_system"] != HERE}
    elif kind is MESSAGES:
        _complete_message(account, record, given)
    else:
        record = _MISSING.get(kind.name, {}) | record
    if kind is ITEMS:
        key = f"{record['_parent']}/{record['_person']}"
    if kind.name in RECORDS:
        add_record(account, kind, key, record)
        if "modified_date" not in given:
            touch_person(account, record["_person"])
    else:
        account.tables[resource].put(key, record)
    return key


def change(account: Account, resource: str, key: str, values: Record, modified: str | None) -> None:
    """Merges values into a record as it is stored."""
    table = account.tables[resource]
    old = table.records[key]
    new = {**old, **values}
    moved = change_date(account, old, new) if resource == "people" else iso()
    table.put(key, {**new, table.resource.modified: modified or moved})


_MISSING: dict[str, Record] = {
    "queries": {"_people": 0},
    "unique_id_lists": {"_members": [], "count": 0},
    "wrappers": {"default": False},
}


def _complete_record(account: Account, kind: Kind, record: Record, given: Record) -> None:
    parent = KINDS[kind.parent]
    for private, name, rel, whose in (
        ("_person", "person", "osdi:person", "people"),
        ("_parent", parent.one_in_links, f"{parent.prefix}:{parent.one_in_links}", kind.parent),
    ):
        named = record.pop(f"action_network:{name}_id", None)
        record[private] = named or linked_id(given, rel) or account.any_of(whose)
    if kind is ITEMS:
        record |= {"_id": record["_person"], "identifiers": [f"{NATIVE}{record['_person']}"]}


def _complete_message(account: Account, record: Record, given: Record) -> None:
    wrappers = account.tables["wrappers"].records
    record["_queries"] = [target["href"].rsplit("/", 1)[-1] for target in record.pop("targets", ())]
    record["_wrapper"] = linked_id(given, "osdi:wrapper") or next(iter(wrappers))
    record["_list"] = linked_id(given, "osdi:recipients")
    record.setdefault("status", "draft")
