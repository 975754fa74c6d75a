"""Writing to Action Network: actions, what people do there, tags and lists; people and messages elsewhere."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from starlette.responses import RedirectResponse, Response

from osdi_crm_sandbox.population import four_digits, iso, utc
from osdi_crm_sandbox.vendor import Call, Refusal
from osdi_crm_sandbox.vendors.action_network.access import hal
from osdi_crm_sandbox.vendors.action_network.bookkeeping import (
    add_record,
    add_tagging,
    beginnings,
    count_in_campaign,
    count_in_parent,
    delete_record,
    earlier_records,
    known_person,
    linked_id,
    new_identifiers,
    touch_person,
)
from osdi_crm_sandbox.vendors.action_network.people import apply_tags, json_object, merge_address, sign_up, take_over
from osdi_crm_sandbox.vendors.action_network.reading import child_in, kind_in, written
from osdi_crm_sandbox.vendors.action_network.resources import (
    ACTIONS,
    API,
    HERE,
    KINDS,
    NATIVE,
    RECORDS,
    TAGGINGS,
    TAGS,
    UNIQUE_ID_LISTS,
    Kind,
)

if TYPE_CHECKING:
    from osdi_crm_sandbox.records import Record


def post_child(call: Call) -> Response:
    """POST below a parent: a record of an action, a tagging of a tag, an event of an event campaign."""
    parent, name = kind_in(call, KINDS), call.params["children"]
    if (parent.name, name) == ("event_campaigns", "events"):
        return _new_action(call, ACTIONS["events"], call.params["id"])
    if (parent.name, name) == ("tags", "taggings"):
        return _post_tagging(call)
    kind = kind_in(call, RECORDS, "children")
    if kind.parent != parent.name:
        raise Refusal(404, "Not found")
    return _post_record(call, kind)


def _post_record(call: Call, kind: Kind) -> Response:
    """A record helper, with `person`; or, with a link to one, the record alone."""
    account, body, parent = call.account, json_object(call), call.record(kind.parent)
    helper = "person" in body
    try:
        record = _new_record(kind, parent, body)
        person = sign_up(account, body["person"], allowed=("subscribed",)) if helper else linked_id(body, "osdi:person")
        person = known_person(account, person)
        earlier = earlier_records(account, kind, person, call.params["id"])[:1] if kind.per_person else []
        own = next(iter(earlier), None)
        foreign = new_identifiers(account, kind, body, own)
    except Refusal:
        if helper:
            return hal({})
        raise
    if helper:
        apply_tags(account, person, body)
    kept = account.tables[kind.name].records[own]["identifiers"][1:] if own else []
    key = account.population.uuid()
    record |= {"identifiers": [f"{NATIVE}{key}", *kept, *foreign], "_person": person, "_parent": call.params["id"]}
    if kind.name == "donations":
        record["payment"]["reference_number"] = key
    if own:
        delete_record(account, kind.name, own)
    add_record(account, kind, key, record)
    touch_person(account, person)
    return written(call, kind, key)


def _new_record(kind: Kind, parent: Record, body: Record) -> Record:
    """What a body makes of a new record; donations and outreaches only where the action was made by API."""
    record: Record = {"created_date": utc(body.get("created_date")) or iso(), "modified_date": iso()}
    record |= {name: body[name] for name in kind.write if body.get(name) is not None}
    referrer = body.get("action_network:referrer_data")
    if isinstance(referrer, dict):
        own = {name: value for name, value in referrer.items() if name != "referrer" and value is not None}
        record["action_network:referrer_data"] = {**own, "referrer": "group-sandbox"}
    if kind.name in ("donations", "outreaches") and not parent.get("_api"):
        raise Refusal(400, f"You cannot record {kind.name} on a {KINDS[kind.parent].one} created in the UI")
    if kind.name == "attendances":
        record.setdefault("status", "accepted")
    elif kind.name == "outreaches":
        record["type"] = parent.get("type", "email")
        if not isinstance(record.get("targets"), list) or len(record["targets"]) != 1:
            raise Refusal(400, "You must specify exactly one target")
    elif kind.name == "donations":
        record |= _donation(body)
    return record


def _donation(body: Record) -> Record:
    if any(value is None for value in body.values()):
        raise Refusal(400, "A value is null")
    recipients = body.get("recipients")
    try:
        cents = [round(float(recipient["amount"]) * 100) for recipient in recipients or ()]
    except (TypeError, KeyError, ValueError):
        cents = []
    if not cents:
        raise Refusal(400, "You must specify recipients")
    given = {"recurring": False} | (body.get("action_network:recurrence") or {})
    return {
        "currency": str(body.get("currency", "usd")).lower(),
        "amount": f"{sum(cents) / 100:.2f}",
        "recipients": [
            {"display_name": recipient.get("display_name", ""), "amount": f"{amount / 100:.2f}"}
            for recipient, amount in zip(recipients or (), cents, strict=True)
        ],
        "payment": {"method": "Credit Card", "authorization_stored": False},
        "action_network:recurrence": given,
    }


def put_child(call: Call) -> Response:
    """PUT of a record of an action."""
    kind_in(call, {name: kind for name, kind in RECORDS.items() if name != "donations"}, "children")
    account, body, (kind, key) = call.account, json_object(call), child_in(call)
    old = account.tables[kind.name].records[key]
    record = dict(old)
    for name in kind.write:
        take_over(record, name, body)
    record["identifiers"] = [*record["identifiers"], *new_identifiers(account, kind, body, key)]
    record["modified_date"] = iso()
    count_in_parent(account, kind, old, -1)
    add_record(account, kind, key, record)
    return written(call, kind, key)


def post_tag(call: Call) -> Response:
    """A new tag, or a redirect to the one with this name."""
    account, name = call.account, json_object(call).get("name")
    if not isinstance(name, str) or not name:
        raise Refusal(400, "You must specify a name")
    known = account.tables["tags"].find("name", name)
    if known:
        return RedirectResponse(f"{call.url}{API}/tags/{known[0]}", account.options["tag_redirect"])
    key = account.population.uuid()
    tag = {"identifiers": [f"{NATIVE}{key}"], "name": name, "created_date": iso(), "modified_date": iso()}
    account.tables["tags"].put(key, tag)
    return written(call, TAGS, key)


def _post_tagging(call: Call) -> Response:
    """POST of a tagging; it replaces an earlier one."""
    account, body = call.account, json_object(call)
    call.record("tags")
    person = known_person(account, linked_id(body, "osdi:person"))
    return written(call, TAGGINGS, add_tagging(account, person, call.params["id"], body))


def delete_child(call: Call) -> Response:
    """DELETE of a tagging."""
    if (call.params["kind"], call.params["children"]) != ("tags", "taggings"):
        raise Refusal(404, "Not found")
    delete_record(call.account, "taggings", child_in(call)[1])
    in_background = call.query.get("background_request") == "true"
    return hal({} if in_background else {"notice": "This tagging was successfully deleted."})


def action_values(call: Call, kind: Kind, names: tuple[str, ...], old: Record) -> Record:
    """A body's values merged into an action."""
    account, body = call.account, json_object(call)
    record = dict(old)
    for name in names:
        if "start_date" in names and name in account.options["events_keep"]:
            continue
        if body.get(name) is not None or name not in ("title", "origin_system"):
            take_over(record, name, body)
    if body.get("tag_list") is not None:
        record["tag_list"] = [name for name in body["tag_list"] if account.tables["tags"].find("name", str(name))]
    for name in ("start_date", "end_date"):
        if body.get(name) is not None and name in names:
            record[name] = _wall_clock(body[name])
    if isinstance(body.get("location"), dict) and "location" in names:
        record["location"] = merge_address(old.get("location", {}), body["location"])
        take_over(record["location"], "venue", body["location"])
    record["identifiers"] = [
        *old["identifiers"],
        *new_identifiers(account, kind, body, old["identifiers"][0][len(NATIVE) :]),
    ]
    return record | {"modified_date": iso()}


def _wall_clock(value: Any) -> str:
    """Local time at the venue, written with Z whatever offset came with it."""
    try:
        return four_digits(datetime.fromisoformat(value).strftime("%Y-%m-%dT%H:%M:%SZ"))
    except (TypeError, ValueError) as error:
        raise Refusal(400, f"{value} is not a valid date") from error


def post_action(call: Call) -> Response:
    """POST of an action."""
    return _new_action(call, kind_in(call, ACTIONS), None)


def _new_action(call: Call, kind: Kind, campaign: str | None) -> Response:
    """A new action, or an event in an event campaign."""
    body, account = json_object(call), call.account
    if not body.get("title") or not body.get("origin_system"):
        raise Refusal(400, "You must specify a title and an origin system")
    key = account.population.uuid()
    new: Record = {"identifiers": [f"{NATIVE}{key}"], "created_date": iso(), "_api": True} | beginnings(kind, body)
    if campaign:
        call.record("event_campaigns", campaign)
        new["action_network:event_campaign_id"] = campaign
    for rel in ("creator", "organizer"):
        person = linked_id(body, f"osdi:{rel}")
        if person is not None:
            new[f"_{rel}"] = known_person(account, person)
    call.body = {name: value for name, value in body.items() if value is not None}
    account.tables[kind.name].put(key, action_values(call, kind, (*kind.write, *kind.only_new), new))
    if campaign:
        count_in_campaign(account, campaign, "total_events")
    return written(call, kind, key)


def put_action(call: Call) -> Response:
    """PUT of an action."""
    kind = kind_in(call, ACTIONS)
    old = call.record(kind.name)
    locked = [] if old.get("_api") else ["browser_url"]
    if not call.account.options["event_status_writable"]:
        locked.append("status")
    names = tuple(name for name in kind.write if name not in locked)
    call.account.tables[kind.name].put(call.params["id"], action_values(call, kind, names, old))
    return written(call, kind, call.params["id"])


def _save_unique_ids(call: Call, key: str, old: Record) -> Response:
    account, body = call.account, json_object(call)
    if not (body.get("name") or old.get("name")):
        raise Refusal(400, "You must specify a name")
    members = old["_members"]
    if isinstance(body.get("unique_ids"), list):
        given = [person for person in body["unique_ids"] if person in account.tables["people"].records]
        members = list(dict.fromkeys([*(members if account.options["unique_ids"] == "append" else []), *given]))
    foreign = new_identifiers(account, UNIQUE_ID_LISTS, body, key)
    record = {**old, "name": body.get("name") or old["name"], "count": len(members), "_members": members}
    record |= {"identifiers": [*old["identifiers"], *foreign], "modified_date": iso()}
    account.tables["unique_id_lists"].put(key, record)
    return written(call, UNIQUE_ID_LISTS, key)


def post_unique_id_list(call: Call) -> Response:
    """POST of an ID target list."""
    key = call.account.population.uuid()
    new = {"identifiers": [f"{NATIVE}{key}"], "origin_system": HERE, "created_date": iso(), "_members": []}
    return _save_unique_ids(call, key, new)


def put_unique_id_list(call: Call) -> Response:
    """PUT of an ID target list."""
    return _save_unique_ids(call, call.params["id"], call.record("unique_id_lists"))
