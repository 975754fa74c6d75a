"""Writing to Crowdskout: profiles, one and many, and attributes, the fields that a client defines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from osdi_crm_sandbox.population import iso
from osdi_crm_sandbox.vendor import Call, Refusal, public
from osdi_crm_sandbox.vendors.crowdskout.access import enveloped
from osdi_crm_sandbox.vendors.crowdskout.items import clean, clean_text, numbered
from osdi_crm_sandbox.vendors.crowdskout.reading import get_attribute, show_profile
from osdi_crm_sandbox.vendors.crowdskout.resources import ATTRIBUTE_TYPES, FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.records import Record


def body_of(call: Call, kind: type, *names: str) -> Any:
    """What the body has under the first of these names that is of this kind."""
    found = next((call.given[name] for name in names if isinstance(call.given.get(name), kind)), None)
    if found is None:
        raise Refusal(400, f"{names[0]} is required")
    return found


def collections_of(given: Any) -> dict[str, list[Any]]:
    """The known collections of a profile in a body."""
    if not isinstance(given, dict):
        return {}
    named = {name.replace("Independent Unsub", "IndependentUnsub"): value for name, value in given.items()}
    return {name: value for name, value in named.items() if name in FIELDS and isinstance(value, list)}


def _create(account: Account, given: Any) -> Record | None:
    """Stores a profile without its invalid items; its collections as the answer has them."""
    collections = collections_of(given)
    items = {name: [clean(account, name, item) for item in entries] for name, entries in collections.items()}
    kept = {name: [item for item in entries if item is not None] for name, entries in items.items()}
    if account.options["drop_empty_profiles"] and not any(kept.values()):
        return None
    record: Record = {"id": account.next("profile")}
    record |= {name: [numbered(account, name, item) for item in entries] for name, entries in kept.items()}
    account.tables["profiles"].put(str(record["id"]), {**record, "_modified": iso()})
    return show_profile(account, record, collections)


def _update(account: Account, given: Record, key: str) -> Record:
    """Adds, changes and deletes items; the collections named as the answer has them."""
    table = account.tables["profiles"]
    record = dict(table.records[key])
    touched: dict[str, list[Any]] = {}
    for name, entries in collections_of(given).items():
        items = list(record.get(name, []))
        touched[name] = []
        for entry in entries:
            is_new = isinstance(entry, dict) and not entry.get("id")
            place = None if is_new else _place(name, items, entry)
            if is_new:
                cleaned = clean(account, name, entry)
                if cleaned is not None:
                    items.append(numbered(account, name, cleaned))
                    touched[name].append(items[-1])
            elif place is not None and entry.get("delete") is True:
                del items[place]
            elif place is not None:
                changed = clean(account, name, entry, items[place])
                if changed is not None:
                    items[place] = changed
                touched[name].append(items[place])
        record[name] = items
    table.put(key, {**record, "_modified": iso()})
    whole = account.options["put_shows_whole"]
    return show_profile(account, record if whole else {"id": record["id"], **touched}, touched)


def _place(collection: str, items: list[Record], entry: Any) -> int | None:
    """Where the item with this id stands; attribute values share ids, so theirs counts too where it is given."""
    if not isinstance(entry, dict):
        return None
    attribute = entry.get("AttributeId", entry.get("AttributeID")) if collection == "Attributes" else None
    for place, item in enumerate(items):
        if item["id"] == entry["id"] and attribute in (None, item.get("AttributeId")):
            return place
    return None


def post_profile(call: Call) -> Response:
    """Creates a profile."""
    return enveloped(_create(call.account, body_of(call, dict, "profile")) or {})


def put_profile(call: Call) -> Response:
    """Updates a profile."""
    call.record("profiles")
    return enveloped(_update(call.account, body_of(call, dict, "profile"), call.params["id"]))


def post_profiles(call: Call) -> Response:
    """Creates profiles."""
    return _bulk(call, [_create(call.account, given) for given in _many(call, "profiles")])


def put_profiles(call: Call) -> Response:
    """Updates; a profile without an id, or with an unknown one, is left out."""
    known = call.account.tables["profiles"].records
    given = [entry for entry in _many(call, "profiles", "profile") if isinstance(entry, dict)]
    return _bulk(
        call, [_update(call.account, entry, str(entry.get("id"))) for entry in given if str(entry.get("id")) in known]
    )


def _many(call: Call, *names: str) -> list[Any]:
    given: list[Any] = body_of(call, list, *names)
    most = call.account.options["max_bulk"]
    if most is not None and len(given) > most:
        raise Refusal(400, f"No more than {most} profiles")
    return given


def _bulk(call: Call, answers: Iterable[Record | None]) -> Response:
    shown = [profile for profile in answers if profile is not None]
    return enveloped(shown[::-1] if call.account.options["bulk_reverses"] else shown)


def non_match_check(call: Call) -> Response:
    """True where names and e-mails are known on both sides and neither agree."""
    record, given = call.record("profiles"), collections_of(body_of(call, dict, "profile"))
    account = call.account

    def known(collection: str, *names: str) -> tuple[set[Any], set[Any]]:
        cleaned = [clean(account, collection, item) for item in given.get(collection, [])]
        sides = ([item for item in cleaned if item], record.get(collection, []))
        here, there = ({tuple(str(item[name]).casefold() for name in names) for item in items} for items in sides)
        return here, there

    here, there = known("EmailAddresses", "Email")
    names_here, names_there = known("Names", "FirstName", "LastName")
    differ = bool(here and there and names_here and names_there)
    return enveloped(differ and not here & there and not names_here & names_there)


# Attributes


def post_attribute(call: Call) -> Response:
    """A new attribute; options only where the type has them."""
    body = call.given
    name, kind, options = clean_text(body.get("name")), body.get("type"), body.get("options")
    if not name or kind not in ATTRIBUTE_TYPES:
        raise Refusal(400, f"name and type are required; type is one of {', '.join(ATTRIBUTE_TYPES)}")
    if kind in ("Radio", "Checkbox") and not (isinstance(options, list) and options):
        raise Refusal(400, f"options are required for {kind}")
    new = {"name": name, "type": kind, "locked": body.get("locked") is True}
    key = put_attribute_record(call.account, new)
    if kind in ("Radio", "Checkbox"):
        _change_options(call.account, key, [{**one, "id": 0} for one in options or () if isinstance(one, dict)])
    return enveloped(public(call.account.tables["attributes"].records[key]))


def put_attribute_record(account: Account, given: Record) -> str:
    """Stores a new attribute; its id."""
    key = str(given.get("id") or account.next("attribute"))
    new: Record = {"id": int(key), "type": "Text", "locked": False, "name": f"Attribute {key}"} | given
    if new["type"] in ("Radio", "Checkbox"):
        new.setdefault("options", [])
    last = max((option["id"] for option in new.get("options", ())), default=0)
    account.tables["attributes"].put(key, {**new, "_last_option": last, "_modified": iso()})
    return key


def _change_options(account: Account, key: str, given: list[Any]) -> None:
    table = account.tables["attributes"]
    record = table.records[key]
    options, last = list(record.get("options", [])), record.get("_last_option", 0)
    for entry in given:
        if not isinstance(entry, dict):
            continue
        own, value = entry.get("id"), clean_text(entry.get("value"))
        if entry.get("delete") is True:
            options = [option for option in options if option["id"] != own]
        elif own and value:
            options = [{"id": own, "value": value} if option["id"] == own else option for option in options]
        elif value:
            last += 1
            options.append({"id": last, "value": value})
    table.merge(key, {"options": options, "_last_option": last, "_modified": iso()})


def _unlocked(call: Call) -> Record:
    record = call.record("attributes")
    if record["locked"]:
        raise Refusal(403, f"The attribute {record['name']} is locked")
    return record


def put_attribute(call: Call) -> Response:
    """Renames an attribute and changes its options; its type stays."""
    record, body = _unlocked(call), call.given
    name = clean_text(body.get("name"))
    if name:
        call.account.tables["attributes"].merge(call.params["id"], {"name": name, "_modified": iso()})
    if isinstance(body.get("options"), list) and "options" in record:
        _change_options(call.account, call.params["id"], body["options"])
    return get_attribute(call)


def delete_attribute(call: Call) -> Response:
    """Takes an attribute away, with its values."""
    number = _unlocked(call)["id"]
    call.account.tables["attributes"].delete(call.params["id"])
    profiles = call.account.tables["profiles"]
    for key, record in list(profiles.records.items()):
        kept = [item for item in record.get("Attributes", []) if item["AttributeId"] != number]
        if len(kept) < len(record.get("Attributes", [])):
            profiles.merge(key, {"Attributes": kept})
    if call.account.options["delete_status"] == 204:
        return Response(status_code=204)
    return enveloped({})
