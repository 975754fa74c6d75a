"""What the control API does to a nation's records."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from osdi_crm_sandbox import vendor
from osdi_crm_sandbox.vendors.nationbuilder import access, seeding
from osdi_crm_sandbox.vendors.nationbuilder.filters import moment
from osdi_crm_sandbox.vendors.nationbuilder.resources import HERE, Kind
from osdi_crm_sandbox.vendors.nationbuilder.rules import derived
from osdi_crm_sandbox.vendors.nationbuilder.transactions import Transaction, next_id

if TYPE_CHECKING:
    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.records import Record


def _stored(kind: Kind, given: Record) -> Record:
    """Attributes as served, as they are stored; those nobody knows are served as they are."""
    record: Record = {}
    for name, value in given.items():
        attribute = kind.attributes.get(name)
        if attribute is None and name[0] != "_":
            record.setdefault("_more", {})[name] = value
        elif attribute is not None and attribute.kind == "datetime" and isinstance(value, str):
            record[name] = moment(value)
        elif attribute is not None and attribute.kind == "id" and value is not None:
            record[name] = str(value)
        else:
            record[name] = value
    return record


def insert(account: Account, resource: str, given: Record) -> str:
    """Stores a record given as served; of relationships only those to one record count.

    What a new record must have and was not given is invented.
    """
    if resource == "tokens":
        return access.token(account, given)
    if resource not in HERE:
        raise ValueError(f"{resource} come by calls only")
    kind = HERE[resource]
    record = _stored(kind, given.get("attributes") or {})
    for name, block in (given.get("relationships") or {}).items():
        relation = kind.relations.get(name)
        if relation is not None and relation.kind == "one":
            record.setdefault(relation.key, _end(block))
    invented = seeding.invent(account, resource)["attributes"]
    must = {name for name in invented if kind.must_have(name)}
    if resource == "event_rsvps":
        must.add("_signup_id")
    if resource == "signups" and not record.keys() & {"first_name", "last_name", "email", "email1"}:
        must |= {"first_name", "last_name", "full_name", "email", "email1"}
    record = {name: invented[name] for name in must & invented.keys()} | record
    if resource == "signups":
        slot = f"email{record.get('primary_email_id') or 1}"
        address = record.get("email") or record.get(slot)
        record |= {"email": address, slot: record.get(slot) or address} if address else {}
    record = derived(resource, record) | record
    transaction = Transaction(account)
    if given.get("id") is None:
        record["id"] = next_id(account, resource)
    else:
        record["id"] = str(given["id"])
        account.numbers.pop(resource, None)
    record.setdefault("updated_at", transaction.now)
    record.setdefault("created_at", record["updated_at"])
    transaction.put(resource, record)
    transaction.count(resource, record, 1)
    return str(record["id"])


def _end(block: Record) -> str | None:
    """The id that a relationship points to, by its data or its link."""
    if block.get("data"):
        return str(block["data"]["id"])
    related = (block.get("links") or {}).get("related")
    return str(related).rsplit("/", 1)[-1] if related else None


def change(account: Account, resource: str, key: str, values: Record, modified: str | None) -> None:
    """Merges attributes into a record."""
    table = account.tables[resource]
    if resource in HERE:
        if resource == "signups" and "email" in values:
            values = {f"email{table.records[key].get('primary_email_id') or 1}": values["email"], **values}
        when = moment(modified) if modified else int(time.time())
        values = {**_stored(HERE[resource], values), "updated_at": when}
    table.merge(key, values)


def delete(account: Account, resource: str, key: str) -> None:
    """Takes a record away, and what cannot be without it."""
    if resource in HERE:
        Transaction(account).remove(resource, key)
    else:
        vendor.delete(account, resource, key)


def seed(account: Account, size: int, number: int) -> None:
    """Fills an account, and issues its first tokens."""
    seeding.seed(account, size, number)
    access.first_tokens(account)
