"""Attributes, the fields that a client defines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from osdi_crm_sandbox.vendor import Call, Record, Refusal
from osdi_crm_sandbox.vendors.crowdskout.answers import enveloped, find_record, serve
from osdi_crm_sandbox.vendors.crowdskout.data import change, insert
from osdi_crm_sandbox.vendors.crowdskout.items import clean_text
from osdi_crm_sandbox.vendors.crowdskout.keeping import now
from osdi_crm_sandbox.vendors.crowdskout.resources import ATTRIBUTE_TYPES

if TYPE_CHECKING:
    from osdi_crm_sandbox.accounts import Account


def get_attributes(plural: bool, call: Call) -> Response:
    """All attributes, from `offset`, up to `limit`; under one of two spellings of the path."""
    if call.account.options["plural_attributes"] is not plural:
        raise Refusal(404, "Not found")
    records = call.account.tables["attributes"].records
    keys = sorted(records, key=int)
    offset, limit = call.query.get("offset", "0"), call.query.get("limit", "")
    page = keys[int(offset) if offset.isdecimal() else 0 :]
    if limit.isdecimal() and call.account.options["limit_caps"]:
        page = page[: int(limit)]
    shown = [serve(call.account, "attributes", key, call.url) for key in page]
    return enveloped({"total": len(keys), "list": shown})


def get_attribute(call: Call) -> Response:
    """One attribute."""
    find_record(call, "attributes")
    return enveloped(serve(call.account, "attributes", call.params["id"], call.url))


def post_attribute(call: Call) -> Response:
    """A new attribute; options only where the type has them."""
    body = call.body if isinstance(call.body, dict) else {}
    name, kind, options = clean_text(body.get("name")), body.get("type"), body.get("options")
    if not name or kind not in ATTRIBUTE_TYPES:
        raise Refusal(400, f"name and type are required; type is one of {', '.join(ATTRIBUTE_TYPES)}")
    if kind in ("Radio", "Checkbox") and not (isinstance(options, list) and options):
        raise Refusal(400, f"options are required for {kind}")
    key = insert(call.account, "attributes", {"name": name, "type": kind, "locked": body.get("locked") is True})
    if kind in ("Radio", "Checkbox"):
        new = [{**option, "id": 0} for option in options or () if isinstance(option, dict)]
        _change_options(call.account, key, new)
    return enveloped(serve(call.account, "attributes", key, call.url))


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
    table.put(key, {**record, "options": options, "_last_option": last, "_modified": now()})


def _unlocked(call: Call) -> Record:
    record = find_record(call, "attributes")
    if record["locked"]:
        raise Refusal(403, f"The attribute {record['name']} is locked")
    return record


def put_attribute(call: Call) -> Response:
    """Renames an attribute and changes its options; its type stays."""
    record, body = _unlocked(call), call.body if isinstance(call.body, dict) else {}
    name = clean_text(body.get("name"))
    if name:
        change(call.account, "attributes", call.params["id"], {"name": name}, None)
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
            profiles.put(key, {**record, "Attributes": kept})
    if call.account.options["delete_status"] == 204:
        return Response(status_code=204)
    return enveloped({})
