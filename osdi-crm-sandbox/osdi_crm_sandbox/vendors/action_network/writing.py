"""Writing everything but people at Action Network: records of actions, tags, actions, messages, lists."""

from __future__ import annotations

import time
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.responses import RedirectResponse, Response

from osdi_crm_sandbox.vendor import Call, Record, Refusal
from osdi_crm_sandbox.vendors.action_network.answers import child_key, find_record, hal, json_object, written
from osdi_crm_sandbox.vendors.action_network.keeping import (
    add_record,
    add_tagging,
    beginnings,
    count_in_parent,
    delete_record,
    drop_earlier,
    earlier_records,
    known_person,
    linked_id,
    message_statistics,
    new_identifiers,
    now_iso,
    population_of,
    read_moment,
    touch_person,
)
from osdi_crm_sandbox.vendors.action_network.people import apply_tags, first_entry, merge_address, sign_up, take_over
from osdi_crm_sandbox.vendors.action_network.resources import (
    ACTIONS,
    API,
    HERE,
    KINDS,
    MESSAGES,
    NATIVE,
    SITE,
    TAGGINGS,
    TAGS,
    UNIQUE_ID_LISTS,
    Kind,
)

if TYPE_CHECKING:
    from osdi_crm_sandbox.accounts import Account


def post_record(kind: Kind, call: Call) -> Response:
    """A record helper, with `person`; or, with a link to one, the record alone."""
    account, body = call.account, json_object(call)
    parent = find_record(call, KINDS[kind.parent], call.params["id"])
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
    key = population_of(call.account).uuid()
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
    now = now_iso()
    record: Record = {"created_date": read_moment(body.get("created_date")) or now, "modified_date": now}
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


def put_record_item(kind: Kind, parent: Kind, call: Call) -> Response:
    """PUT of a record of an action."""
    account, body = call.account, json_object(call)
    key = child_key(kind, parent, call)
    old = account.tables[kind.name].records[key]
    record = dict(old)
    for name in kind.write:
        take_over(record, name, body)
    record["identifiers"] = [*record["identifiers"], *new_identifiers(account, kind, body, key)]
    record["modified_date"] = now_iso()
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
    key, now = population_of(call.account).uuid(), now_iso()
    tag = {"identifiers": [f"{NATIVE}{key}"], "name": name, "created_date": now, "modified_date": now}
    account.tables["tags"].put(key, tag)
    return written(call, TAGS, key)


def post_tagging(call: Call) -> Response:
    """POST of a tagging; it replaces an earlier one."""
    account, body, tag = call.account, json_object(call), call.params["id"]
    find_record(call, TAGS, tag)
    person = known_person(account, linked_id(body, "osdi:person"))
    earlier = next(iter(earlier_records(account, TAGGINGS, person, tag)), None)
    kept = account.tables["taggings"].records[earlier]["identifiers"][1:] if earlier else []
    foreign = new_identifiers(account, TAGGINGS, body, earlier)
    drop_earlier(account, TAGGINGS, person, tag)
    return written(call, TAGGINGS, add_tagging(account, person, tag, [*kept, *foreign]))


def delete_tagging(call: Call) -> Response:
    """DELETE of a tagging."""
    delete_record(call.account, "taggings", child_key(TAGGINGS, TAGS, call))
    if call.query.get("background_request") == "true":
        return hal({})
    return hal({"notice": "This tagging was successfully deleted."})


def _action_values(call: Call, kind: Kind, names: tuple[str, ...], old: Record) -> Record:
    """A body's values merged into an action."""
    account, body = call.account, json_object(call)
    record = dict(old)
    for name in names:
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
    return record | {"modified_date": now_iso()}


def _wall_clock(value: Any) -> str:
    """Local time at the venue, written with Z whatever offset came with it."""
    try:
        return datetime.fromisoformat(value).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (TypeError, ValueError) as error:
        raise Refusal(400, f"{value} is not a valid date") from error


def post_action(kind: Kind, call: Call) -> Response:
    """POST of an action, or of an event into an event campaign."""
    body, account = json_object(call), call.account
    if not body.get("title") or not body.get("origin_system"):
        raise Refusal(400, "You must specify a title and an origin system")
    key = population_of(call.account).uuid()
    new: Record = {"identifiers": [f"{NATIVE}{key}"], "created_date": now_iso(), "_api": True} | beginnings(kind, body)
    campaign = call.params.get("id")
    if campaign:
        find_record(call, ACTIONS["event_campaigns"], campaign)
        new["action_network:event_campaign_id"] = campaign
    for rel in ("creator", "organizer"):
        person = linked_id(body, f"osdi:{rel}")
        if person is not None:
            new[f"_{rel}"] = known_person(account, person)
    call.body = {name: value for name, value in body.items() if value is not None}
    account.tables[kind.name].put(key, _action_values(call, kind, (*kind.write, *kind.fixed), new))
    if campaign:
        campaigns = account.tables["event_campaigns"]
        old = campaigns.records[campaign]
        campaigns.put(campaign, {**old, "total_events": old.get("total_events", 0) + 1})
    return written(call, kind, key)


def put_action(kind: Kind, call: Call) -> Response:
    """PUT of an action."""
    old = find_record(call, kind, call.params["id"])
    locked = [] if old.get("_api") else ["browser_url"]
    if not call.account.options["event_status_writable"]:
        locked.append("status")
    names = tuple(name for name in kind.write if name not in locked)
    call.account.tables[kind.name].put(call.params["id"], _action_values(call, kind, names, old))
    return written(call, kind, call.params["id"])


def post_message(call: Call) -> Response:
    """POST of a message: a draft, once its targeting is done."""
    body, account = json_object(call), call.account
    missing = [name for name in ("subject", "body", "from", "reply_to") if not body.get(name)]
    if missing:
        raise Refusal(400, f"You must specify {', '.join(missing)}")
    wrappers = account.tables["wrappers"].records
    wrapper = linked_id(body, "osdi:wrapper") or next(key for key, record in wrappers.items() if record["default"])
    if wrapper not in wrappers:
        raise Refusal(400, "You must specify a valid wrapper id")
    key = population_of(call.account).uuid()
    page = f"{SITE}/emails/{key[:8]}/manage"
    message: Record = {"identifiers": [f"{NATIVE}{key}"], "created_date": now_iso(), "administrative_url": page}
    message |= {"type": "email", "_wrapper": wrapper, "_creator": linked_id(body, "osdi:creator"), "_queries": []}
    _save_message(call, key, message, (*MESSAGES.write, *MESSAGES.fixed), retarget=True)
    return written(call, MESSAGES, key)


def put_message(call: Call) -> Response:
    """PUT of a draft."""
    key, body = call.params["id"], json_object(call)
    old = find_record(call, MESSAGES, key)
    if old["status"] not in ("draft", "calculating"):
        raise Refusal(400, "Only a draft can be changed")
    _save_message(call, key, old, MESSAGES.write, retarget="targets" in body)
    return written(call, MESSAGES, key)


def _save_message(call: Call, key: str, old: Record, names: tuple[str, ...], *, retarget: bool) -> None:
    account = call.account
    queries = [
        target["href"].rsplit("/", 1)[-1] for target in json_object(call).get("targets") or () if target.get("href")
    ]
    if any(query not in account.tables["queries"].records for query in queries):
        raise Refusal(400, "You must specify valid targets")
    table = account.tables["messages"]
    message = _action_values(call, MESSAGES, names, old)
    if retarget:
        if time.time() - account.state.get("targeted", 0) < account.options["message_seconds"]:
            raise Refusal(429, "Too many requests")
        account.state["targeted"] = time.time()
        message |= {"_queries": queries, "status": "calculating"}
        account.later(account.options["calculating_seconds"], partial(_calculated, account, key))
    message.pop("targets", None)
    table.put(key, message)


def _calculated(account: Account, key: str) -> None:
    """A message's targeting is done."""
    table, people = account.tables["messages"], account.tables["people"].records.values()
    message = table.records.get(key)
    if message is None or message["status"] != "calculating":
        return
    queries = account.tables["queries"].records
    whole = sum(first_entry(person.get("email_addresses")).get("status") == "subscribed" for person in people)
    some = sum(queries[query]["_people"] for query in message["_queries"])
    targeted = min(whole, some) if message["_queries"] else whole
    table.put(key, {**message, "status": "draft", "total_targeted": targeted})


def _sent(account: Account, key: str) -> None:
    """A message has gone out."""
    table = account.tables["messages"]
    message = table.records.get(key)
    if message is not None and message["status"] == "sending":
        statistics = message_statistics(message["total_targeted"], 0.0)
        table.put(key, {**message, "status": "sent", "statistics": statistics})


def _turn_message(call: Call, statuses: tuple[str, ...], values: Record, words: str) -> Response:
    """Changes a message's status and says so."""
    old = find_record(call, MESSAGES, call.params["id"])
    if old["status"] not in statuses:
        raise Refusal(400, f"The message is {old['status']}, not {' or '.join(statuses)}")
    message = {**old, **values, "modified_date": now_iso()}
    if message["status"] == "draft":
        message.pop("scheduled_start_date", None)
    call.account.tables["messages"].put(call.params["id"], message)
    return hal({"message": words})


def send_message(call: Call) -> Response:
    """POST to the send helper."""
    if not find_record(call, MESSAGES, call.params["id"]).get("total_targeted"):
        raise Refusal(400, "The message has no recipients")
    sending = {"status": "sending", "sent_start_date": now_iso()}
    call.account.later(call.account.options["calculating_seconds"], partial(_sent, call.account, call.params["id"]))
    return _turn_message(call, ("draft",), sending, "Your email has been sent.")


def stop_message(call: Call) -> Response:
    """DELETE of a running send."""
    words = "Your email has been stopped. Some people may have received it already."
    return _turn_message(call, ("sending", "throttled"), {"status": "draft"}, words)


def schedule_message(call: Call) -> Response:
    """POST to the schedule helper."""
    start = read_moment(json_object(call).get("scheduled_start_date"))
    if start is None or start <= now_iso():
        raise Refusal(400, "You must specify a scheduled_start_date in the future")
    scheduled = {"status": "scheduled", "scheduled_start_date": start}
    return _turn_message(call, ("draft",), scheduled, "Your message has been scheduled")


def unschedule_message(call: Call) -> Response:
    """DELETE of a schedule."""
    return _turn_message(call, ("scheduled",), {"status": "draft"}, "Your message has been unscheduled")


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
    record |= {"identifiers": [*old["identifiers"], *foreign], "modified_date": now_iso()}
    account.tables["unique_id_lists"].put(key, record)
    return written(call, UNIQUE_ID_LISTS, key)


def post_unique_id_list(call: Call) -> Response:
    """POST of an ID target list."""
    key = population_of(call.account).uuid()
    new = {"identifiers": [f"{NATIVE}{key}"], "origin_system": HERE, "created_date": now_iso(), "_members": []}
    return _save_unique_ids(call, key, new)


def put_unique_id_list(call: Call) -> Response:
    """PUT of an ID target list."""
    return _save_unique_ids(call, call.params["id"], find_record(call, UNIQUE_ID_LISTS, call.params["id"]))
