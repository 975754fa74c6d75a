"""What the control API does to a nation's records."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from osdi_crm_sandbox.vendors.nationbuilder import seeding, sign_in
from osdi_crm_sandbox.vendors.nationbuilder.answers import View, prefix
from osdi_crm_sandbox.vendors.nationbuilder.keeping import Transaction, next_id
from osdi_crm_sandbox.vendors.nationbuilder.queries import Query, moment
from osdi_crm_sandbox.vendors.nationbuilder.resources import HERE, Kind

if TYPE_CHECKING:
    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.vendor import Record


def serve(account: Account, resource: str, key: str, url: str) -> Any:
    """A record with all its extra fields."""
    kind = HERE.get(resource)
    if kind is None:
        record = account.tables[resource].records[key]
        return {name: value for name, value in record.items() if name[0] != "_" and name != "updated_at"}
    everything = Query(extra={kind.name: frozenset(attribute.name for attribute in kind.extra)})
    return View(account, prefix(account, url), everything).show(kind, key, {})


def _stored(kind: Kind, given: Record) -> Record:
    """Attributes as served, as they are stored; those nobody knows are served as they are."""
    record: Record = {}
    more = {}
    for name, value in given.items():
        attribute = kind.attributes.get(name)
        if attribute is None and name[0] != "_":
            more[name] = value
        elif attribute is not None and attribute.kind == "datetime" and isinstance(value, str):
            record[name] = moment(value)
        elif attribute is not None and attribute.kind == "id" and value is not None:
            record[name] = str(value)
        else:
            record[name] = value
    return {**record, "_more": more} if more else record


def insert(account: Account, resource: str, given: Record) -> str:
    """Stores a record given as served; of relationships only those to one record count.

    What a new record must have and was not given is invented.
    """
    if resource == "tokens":
        return sign_in.token(account, given)
    if resource not in HERE:
        raise ValueError(f"{resource} come by calls only")
    kind = HERE[resource]
    record = _stored(kind, given.get("attributes") or {})
    for name, block in (given.get("relationships") or {}).items():
        relation = kind.relations.get(name)
        if relation is not None and not relation.child and not relation.through:
            record.setdefault(relation.key, _end(block))
    invented = seeding.invent(account, resource)["attributes"]
    must = {*kind.required, *(name for name, attribute in kind.attributes.items() if not attribute.nullable)}
    if resource == "event_rsvps":
        must.add("_signup_id")
    if resource == "signups" and not record.keys() & {"first_name", "last_name", "email", "email1"}:
        must |= {"first_name", "last_name", "full_name", "email", "email1"}
    record = {name: invented[name] for name in must & invented.keys()} | record
    _agree(resource, record)
    transaction = Transaction(account)
    if given.get("id") is None:
        record["id"] = next_id(account, resource)
    else:
        record["id"] = str(given["id"])
        account.state.get("ids", {}).pop(resource, None)
    now = transaction.now
    record["updated_at"] = record.get("updated_at", now)
    record["created_at"] = record.get("created_at", record["updated_at"])
    transaction.put(resource, record)
    transaction.count(resource, record, 1)
    return str(record["id"])


def _end(block: Record) -> str | None:
    """The id that a relationship points to, by its data or its link."""
    if block.get("data"):
        return str(block["data"]["id"])
    related = (block.get("links") or {}).get("related")
    return str(related).rsplit("/", 1)[-1] if related else None


def _agree(resource: str, record: Record) -> None:
    """Values that follow from others, where they were not given."""
    if resource == "signups":
        slot = f"email{record.get('primary_email_id') or 1}"
        address = record.get("email") or record.get(slot)
        record |= {"email": address, slot: record.get(slot) or address} if address else {}
        names = [record[name] for name in ("first_name", "middle_name", "last_name") if record.get(name)]
        record.setdefault("full_name", " ".join(names) or record.get("legal_name"))
    if resource in ("donations", "pledges"):
        record.setdefault("amount", f"{(record.get('amount_in_cents') or 0) / 100:.2f}")
    if resource == "donations":
        states = ("canceled", "failed", "succeeded", "pending")
        record.setdefault("status", next((name for name in states if record.get(f"{name}_at")), None))


def change(account: Account, resource: str, key: str, values: Record, modified: str | None) -> None:
    """Merges attributes into a record."""
    table = account.tables[resource]
    if resource not in HERE:
        table.put(key, {**table.records[key], **values})
        return
    new = _stored(HERE[resource], values)
    if resource == "signups" and "email" in values:
        new[f"email{table.records[key].get('primary_email_id') or 1}"] = values["email"]
    table.put(key, {**table.records[key], **new, "updated_at": moment(modified) if modified else int(time.time())})


def delete(account: Account, resource: str, key: str) -> None:
    """Takes a record away, and what cannot be without it."""
    if resource in HERE:
        Transaction(account).remove(resource, key)
    else:
        account.tables[resource].delete(key)


def seed(account: Account, size: int, number: int) -> None:
    """Fills an account, and issues its first tokens."""
    seeding.seed(account, size, number)
    sign_in.first_tokens(account)
