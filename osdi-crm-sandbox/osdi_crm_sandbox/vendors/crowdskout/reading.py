"""Reading Crowdskout: profiles by id, by external id and by scanning a segment; attributes; options of fields."""

from __future__ import annotations

import json
import re
import secrets
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from osdi_crm_sandbox.vendor import Call, Refusal, public
from osdi_crm_sandbox.vendors.crowdskout.access import enveloped
from osdi_crm_sandbox.vendors.crowdskout.items import field_options
from osdi_crm_sandbox.vendors.crowdskout.resources import (
    COLLECTION_OF,
    CRITERIA,
    DEPENDENCIES,
    FIELDS,
    external_id_key,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.responses import Response

    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.records import Record


def show_profile(account: Account, record: Record, collections: Iterable[str]) -> Record:
    """A profile with these collections, as this account's options have it."""
    options = account.options
    shown: Record = {"id": record["id"]}
    if options["top_level_date"]:
        shown["Date"] = "2016-05-18T15:50:59+00:00"
    for name in collections:
        items = record.get(name, [])
        if name in FIELDS and (items or options["empty_collections"]):
            shown[name] = items
    return _respelled(shown) if options["other_spellings"] else shown


RESPELLED = {
    "IndependentUnsubscribes": "Independent Unsubscribes",
    "AttributeId": "AttributeID",
    "EventRegistrationEventType": "EventRegistrationType",
    "VotedParty": "VotedPrimaryParty",
}


def _respelled(content: Any) -> Any:
    if isinstance(content, dict):
        return {RESPELLED.get(name, name): _respelled(value) for name, value in content.items()}
    return [_respelled(item) for item in content] if isinstance(content, list) else content


def get_profile(call: Call) -> Response:
    """One profile with the collections asked for, sorted, filtered and limited."""
    record = call.record("profiles")
    names = [name.strip() for name in call.query.get("collections", "").split(",") if name.strip()]
    if not names:
        raise Refusal(400, "collections is required")
    chosen = {"id": record["id"]} | {name: record.get(name, []) for name in names}
    for parameter in call.query.keys() - {"collections"}:
        collection, _, rest = parameter.partition("_")
        if collection in chosen and rest not in ("", "sort", "limit"):
            wanted = call.query[parameter]
            chosen[collection] = [item for item in chosen[collection] if _text(_at(item, rest)) == wanted]
    for name in names:
        for term in reversed([term for term in call.query.get(f"{name}_sort", "").split(",") if term]):
            order = partial(_order, term.lstrip("+- "))
            chosen[name] = sorted(chosen[name], key=order, reverse=term[0] == "-")
        limit = call.query.get(f"{name}_limit", "")
        if limit.isdecimal():
            chosen[name] = chosen[name][: int(limit)]
    return enveloped(show_profile(call.account, chosen, names))


def _at(item: Record, path: str) -> Any:
    """What stands at Field or Field_SubField."""
    name, _, sub = path.partition("_")
    value = item.get(name)
    return value.get(sub) if sub and isinstance(value, dict) else value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _order(path: str, item: Record) -> tuple[bool, float, str]:
    value = _at(item, path)
    is_number = isinstance(value, int | float)
    return value is not None, float(value) if is_number else 0.0, "" if is_number else _text(value)


def find_by_external_id(call: Call) -> Response:
    """The ids of the profiles with an external id: none, one or many."""
    wanted = external_id_key(call.params["external"], call.params["kind"])
    found = call.account.tables["profiles"].select([("external_id", "eq", wanted)], live=False)
    return enveloped({"ids": sorted(int(key) for key in found)})


def scan_segment(call: Call) -> Response:
    """Starts a scroll over a segment, or goes on with it; one that is unknown or dead looks as if it had ended."""
    account = call.account
    scrolls: dict[str, Record] = account.state.setdefault("scrolls", {})
    query = re.fullmatch(r'\s*\(\s*(\w+)\s*=\s*"([^"]*)"\s*\)\s*', call.query.get("query", ""))
    if query is None or query[1] not in CRITERIA:
        raise Refusal(400, f'query must be one of {", ".join(CRITERIA)} in a form such as (Gender = "Female")')
    token, now = call.query.get("token"), time.time()
    if token:
        scroll = scrolls.pop(token, {"ids": [], "total": 0, "at": now})
    else:
        found = account.tables["profiles"].select([(query[1], "eq", query[2])], live=False)
        scroll = {"ids": [int(key) for key in found], "total": len(found), "at": now}
    if now - scroll["at"] > account.options["scroll_seconds"]:
        scroll["ids"] = []
    batch = account.options["scan_batch"]
    ids, rest = scroll["ids"][:batch], scroll["ids"][batch:]
    if not token or account.options["scroll_id_changes"]:
        token = secrets.token_hex(16)
    scrolls[token] = {"ids": rest, "total": scroll["total"], "at": now}
    return enveloped({"scrollId": token, "profileIds": ids, "total": scroll["total"]})


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
    shown = [public(records[key]) for key in page]
    return enveloped({"total": len(keys), "list": shown})


def get_attribute(call: Call) -> Response:
    """One attribute."""
    return enveloped(public(call.record("attributes")))


def get_field_options(call: Call) -> Response:
    """The options of a field, or only those that depend on an option of another."""
    name = call.params["field"]
    if name not in COLLECTION_OF:
        raise Refusal(404, f"There is no field {name}")
    options = field_options(call.account)
    found = list(options.by_id.get(name, {}).values())
    parent = call.query.get(DEPENDENCIES.get(name, ""))
    if parent is not None:
        found = [option for option in found if str(options.parents[name, option["id"]]) == parent]
    return enveloped({"collection": COLLECTION_OF[name], "options": found})


def get_tracking(_call: Call) -> Response:
    """The ids that tracking goes by."""
    return enveloped({"source": 1, "organization": 2, "client": 3})
