"""What goes with a write at Action Network: identifiers, counters, earlier records, modified dates."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from osdi_crm_sandbox.population import iso
from osdi_crm_sandbox.vendor import Refusal
from osdi_crm_sandbox.vendors.action_network.resources import NATIVE, RECORD_OF, RECORDS, TAGGINGS, Kind

if TYPE_CHECKING:
    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.records import Record


def new_identifiers(account: Account, kind: Kind, given: Record, own: str | None = None) -> list[str]:
    """The foreign identifiers that a body adds to the record `own`.

    Raises:
        Refusal: another record of the kind holds one, in whatever account.
    """
    kept: dict[str, None] = {}
    for identifier in given.get("identifiers") or ():
        if not isinstance(identifier, str) or ":" not in identifier or identifier.startswith(NATIVE):
            continue
        if own is not None and own in account.tables[kind.name].find("identifier", identifier):
            continue
        everywhere = (account, *account.neighbours.values())
        if not any(one.tables[kind.name].find("identifier", identifier) for one in everywhere):
            kept[identifier] = None
        elif account.options["identifier_clash"] == "refuse":
            raise Refusal(400, f"Identifier {identifier} has already been taken")
    return list(kept)


def linked_id(given: Record, rel: str) -> str | None:
    """The id at the end of a link in a body."""
    link = (given.get("_links") or {}).get(rel)
    href = link.get("href") if isinstance(link, dict) else None
    return href.rstrip("/").rsplit("/", 1)[-1] if isinstance(href, str) else None


def new_custom_field(name: str, number: int, moment: float) -> Record:
    """A custom field as the metadata list it."""
    made = iso(moment)
    return {"name": name, "created_date": made, "modified_date": made, "notes": None, "numeric_id": 100 + number}


def earlier_records(account: Account, kind: Kind, person: str, parent: str) -> list[str]:
    """What this person did before at this parent."""
    found = account.tables[kind.name].select([("person", "eq", person), ("parent", "eq", parent)], live=True)
    return list(found)


def drop_earlier(account: Account, kind: Kind, person: str, parent: str) -> None:
    """Takes away what this person did before at this parent."""
    for key in earlier_records(account, kind, person, parent):
        delete_record(account, kind.name, key)


def count_in_parent(account: Account, kind: Kind, record: Record, step: int) -> None:
    """Keeps the parents' counters, as late as the account's option says."""
    if not kind.total or record.get("status", "accepted") not in ("accepted", "attended"):
        return
    if account.options["counters"] == "stand":
        return
    if lag := account.options["counter_lag"]:
        account.later(lag, partial(_count, account, kind, record, step))
    else:
        _count(account, kind, record, step)


def _count(account: Account, kind: Kind, record: Record, step: int) -> None:
    table = account.tables[kind.parent]
    parent = table.records.get(record["_parent"])
    if parent is None:
        return
    changed = {kind.total: parent.get(kind.total, 0) + step}
    if kind.name == "donations":
        changed["total_amount"] = round(parent.get("total_amount", 0.0) + step * float(record["amount"]), 2)
    table.merge(record["_parent"], changed)
    campaign = parent.get("action_network:event_campaign_id")
    if campaign and kind.name == "attendances":
        count_in_campaign(account, campaign, "total_rsvps", step)


def count_in_campaign(account: Account, campaign: str, total: str, step: int = 1) -> None:
    """Keeps the counters of an event campaign."""
    table = account.tables["event_campaigns"]
    if campaign in table.records:
        table.merge(campaign, {total: table.records[campaign].get(total, 0) + step})


def known_person(account: Account, person: str | None) -> str:
    """The person's id.

    Raises:
        Refusal: there is no such person.
    """
    if person is None or person not in account.tables["people"].records:
        raise Refusal(400, "You must specify a valid person id")
    return person


def add_record(account: Account, kind: Kind, key: str, record: Record) -> None:
    """Stores a record of an action and counts it."""
    account.tables[kind.name].put(key, record)
    count_in_parent(account, kind, record, 1)


def change_date(account: Account, old: Record, new: Record) -> str:
    """When a person changed who is changed now: before, if only statuses change and the account's do not move it."""
    if account.options["status_moves_date"] or _without_statuses(old) != _without_statuses(new):
        return iso()
    return str(old["modified_date"])


def _without_statuses(person: Record) -> Record:
    bare = {name: value for name, value in person.items() if name != "modified_date"}
    for name in ("email_addresses", "phone_numbers"):
        bare[name] = [{**entry, "status": None} for entry in person.get(name) or ()]
    return bare


def touch_person(account: Account, person: str) -> None:
    """A person's modified date moves with every action."""
    if person in account.tables["people"].records:
        account.tables["people"].merge(person, {"modified_date": iso()})


def add_tagging(account: Account, person: str, tag: str, given: Record | None = None) -> str:
    """Stores a tagging, which replaces an earlier one; its id.

    Raises:
        Refusal: it brings an identifier that another has.
    """
    earlier = next(iter(earlier_records(account, TAGGINGS, person, tag)), None)
    kept = account.tables["taggings"].records[earlier]["identifiers"][1:] if earlier else []
    foreign = new_identifiers(account, TAGGINGS, given or {}, earlier)
    drop_earlier(account, TAGGINGS, person, tag)
    key = account.population.uuid()
    tagging = {"identifiers": [f"{NATIVE}{key}", *kept, *foreign], "item_type": "osdi:person"}
    dates = {"created_date": iso(), "modified_date": iso()}
    account.tables["taggings"].put(key, {**tagging, **dates, "_person": person, "_parent": tag})
    return key


def beginnings(kind: Kind, body: Record) -> Record:
    """What a new action has without being told."""
    start: Record = {"action_network:hidden": False}
    if kind.name in RECORD_OF:
        start[RECORD_OF[kind.name].total] = 0
    if kind.name == "events":
        start |= {"status": "confirmed", "visibility": "public", "transparence": "opaque"}
    elif kind.name == "fundraising_pages":
        start |= {"total_amount": 0.0, "currency": "USD"}
    elif kind.name == "advocacy_campaigns":
        start["type"] = "phone" if body.get("type") == "phone" else "email"
    elif kind.name == "event_campaigns":
        start |= {"total_events": 0, "total_rsvps": 0}
    return start


def message_statistics(sent: int, share: float) -> Record:
    """A sent message's counters, when such a share of people took notice."""
    return {
        "sent": sent,
        "opened": int(sent * share),
        "clicked": int(sent * share / 2),
        "actions": int(sent * share / 3),
        "action_network:donated": int(sent * share / 50),
        "action_network:total_amount": int(sent * share / 50) * 12.5,
        "unsubscribed": int(sent * share / 40),
        "bounced": int(sent * share / 60),
        "spam_reports": int(sent * share / 200),
    }


def delete_record(account: Account, resource: str, key: str) -> None:
    """Takes a record away; its parent counts one less."""
    record = account.tables[resource].records[key]
    account.tables[resource].delete(key)
    if resource in RECORDS:
        count_in_parent(account, RECORDS[resource], record, -1)
