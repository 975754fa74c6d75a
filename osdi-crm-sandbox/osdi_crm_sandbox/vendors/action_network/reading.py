"""Reading Action Network: records with their links, pages, the entry point, metadata and embeds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from starlette.responses import Response

from osdi_crm_sandbox.vendor import Call, Refusal, public
from osdi_crm_sandbox.vendors.action_network.access import hal, is_blind
from osdi_crm_sandbox.vendors.action_network.resources import (
    ACTIONS,
    API,
    BACKGROUND,
    CURIES,
    GROUP_ONLY,
    HERE,
    ITEMS,
    KINDS,
    LISTS,
    MAX_PER_PAGE,
    MESSAGES,
    NATIVE,
    PEOPLE,
    RECORD_OF,
    RECORDS,
    SITE,
    TAGGINGS,
    TAGS,
    TOP_LEVEL,
    WITH_CREATOR_EMBEDDED,
    Kind,
    read_filter,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.records import Condition, Record

MESSAGE_LINKS = (
    ("wrapper", "_wrapper", "wrappers"),
    ("recipients", "_list", "lists"),
    ("creator", "_creator", "people"),
)
"""Relations of messages: the name, where the other's id is kept, and its resource."""

# Records


def serve(account: Account, resource: str, key: str, url: str) -> Any:
    """A record by id."""
    if resource == "custom_fields":
        return account.tables[resource].records[key]
    return _serve(account, KINDS[resource], key, url + API)


def _serve(account: Account, kind: Kind, key: str, base: str, path: str = "") -> Record:
    """A record as read at base/path."""
    record = account.tables[kind.name].found(key)
    served = public(record)
    order = account.options["identifiers"]
    if order != "native_first":
        served["identifiers"] = [] if order == "empty" else record["identifiers"][::-1]
    if account.options["counters"] == "left_out" and kind.name in RECORD_OF:
        served.pop(RECORD_OF[kind.name].total, None)
    in_parent = kind.parent and kind.name != "donations"
    home = f"{kind.parent}/{record['_parent']}/{kind.name}" if in_parent else kind.name
    links = served["_links"] = {"self": {"href": f"{base}/{path or home}/{record.get('_id', key)}"}}
    if kind.parent:
        _link_record(account, kind, record, base, served)
    elif kind is PEOPLE:
        for rel in (*(record_kind.rel for record_kind in RECORDS.values()), "osdi:taggings"):
            links[rel] = {"href": f"{base}/people/{key}/{rel.split(':')[1]}"}
    elif kind.name in ACTIONS:
        _link_action(account, kind, record, base, served)
    elif kind is TAGS:
        links["osdi:taggings"] = {"href": f"{base}/tags/{key}/taggings"}
    elif kind is LISTS:
        links["osdi:items"] = {"href": f"{base}/lists/{key}/items"}
    elif kind is MESSAGES:
        _link_message(key, record, base, served)
    return served


def _link_record(account: Account, kind: Kind, record: Record, base: str, served: Record) -> None:
    parent = KINDS[kind.parent]
    served["_links"][f"{parent.prefix}:{parent.one_in_links}"] = {"href": f"{base}/{parent.name}/{record['_parent']}"}
    wrong = account.options["typos"] and kind.name == "responses"
    served["_links"]["osdi:person"] = {"href": f"{base}/{'surveys' if wrong else 'people'}/{record['_person']}"}
    if kind is not TAGGINGS:
        wrong = account.options["typos"] and kind.name == "submissions"
        served["action:person_id" if wrong else "action_network:person_id"] = record["_person"]
        served[f"action_network:{parent.one_in_links}_id"] = record["_parent"]


def _link_action(account: Account, kind: Kind, record: Record, base: str, served: Record) -> None:
    links, here = served["_links"], f"{base}/{kind.name}/{record['identifiers'][0][len(NATIVE) :]}"
    if kind.name == "event_campaigns":
        links["osdi:events"] = {"href": f"{here}/events"}
    else:
        records = RECORD_OF[kind.name]
        for rel in (records.rel, f"{records.prefix}:record_{records.one}_helper"):
            links[rel] = {"href": f"{here}/{records.name}"}
    for rel in ("organizer", "creator"):
        if record.get(f"_{rel}"):
            links[f"osdi:{rel}"] = {"href": f"{base}/people/{record[f'_{rel}']}"}
    campaign = record.get("action_network:event_campaign_id")
    if campaign and account.options["campaign_link"]:
        links["action_network:event_campaign"] = {"href": f"{base}/event_campaigns/{campaign}"}
    if not record.get("_api"):
        links["action_network:embed"] = {"href": f"{here}/embed"}
    embeds_creator = kind.name in WITH_CREATOR_EMBEDDED and record.get("type") != "phone"
    if embeds_creator and record.get("_creator") in account.tables["people"].records:
        served["_embedded"] = {"osdi:creator": _serve(account, PEOPLE, record["_creator"], base)}


def _link_message(key: str, record: Record, base: str, served: Record) -> None:
    served["targets"] = [{"href": f"{base}/queries/{query}"} for query in record["_queries"]]
    for rel, own, to in MESSAGE_LINKS:
        if record.get(own):
            served["_links"][f"osdi:{rel}"] = {"href": f"{base}/{to}/{record[own]}"}
    for helper in ("send", "schedule"):
        served["_links"][f"osdi:{helper}_helper"] = {"href": f"{base}/messages/{key}/{helper}"}


def written(call: Call, kind: Kind, key: str) -> Response:
    """The answer to a write: the record, or nothing where nobody waits for it."""
    if is_blind(call) or (kind.name in BACKGROUND and call.query.get("background_request") == "true"):
        return hal({})
    return hal(_serve(call.account, kind, key, call.url + API))


# Collections


def _collection(kind: Kind, where: Sequence[Condition], call: Call) -> Response:
    """A page; `where` says whose records these are."""
    account, options = call.account, call.account.options
    conditions = read_filter(kind, call.query["filter"]) if "filter" in call.query else []
    if conditions is None:
        return Response("<!DOCTYPE html><html><body>We're sorry, but something went wrong</body></html>")
    size = min(_number(call.query.get("per_page"), MAX_PER_PAGE), MAX_PER_PAGE)
    page = _number(call.query.get("page"), 1)
    found = account.tables[kind.name].select([*where, *conditions], live=not conditions)
    pages = math.ceil(len(found) / size)
    base, path = call.url + API, call.path.removeprefix(API).strip("/")
    items = [_serve(account, kind, key, base, path) for key in found.page(page, size)]
    links: Record = {}
    if items and (not where or options["child_next"] or pages > 1):
        number = page if options["next_repeats"] and page >= pages else page + 1
        links["next"] = {"href": _page_url(options["next_host"] or call.url, call, number)}
    if page > 1:
        links["previous"] = {"href": _page_url(call.url, call, page - 1)}
    links["self"] = {"href": _page_url(call.url, call, page if "page" in call.query else None)}
    links["osdi:attendance" if kind.name == "attendances" else kind.rel] = [item["_links"]["self"] for item in items]
    links["curies"] = CURIES
    envelope: Record = {"total_pages": pages, "per_page": size, "page": page, "total_records": len(found)}
    if kind in (PEOPLE, ITEMS):
        del envelope["total_pages"], envelope["total_records"]
    envelope["_links"] = links
    if items or options["empty_page_embedded"]:
        rel = options["attendances_key"] if kind.name == "attendances" else kind.rel
        envelope["_embedded"] = {rel: items}
    return hal(envelope)


def _page_url(host: str, call: Call, page: int | None) -> str:
    query = {name: value for name, value in call.query.items() if name != "page"}
    if page is not None:
        query["page"] = str(page)
    return f"{host}{call.path}" + (f"?{urlencode(query, quote_via=quote)}" if query else "")


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() and int(text) > 0 else default


def kind_in(call: Call, kinds: Mapping[str, Kind], param: str = "kind") -> Kind:
    """The resource that the path names, if it is one of these.

    Raises:
        Refusal: it is not.
    """
    if call.params[param] not in kinds:
        raise Refusal(404, "Not found")
    return kinds[call.params[param]]


def get_collection(call: Call) -> Response:
    """GET of a collection that has no parent."""
    return _collection(kind_in(call, TOP_LEVEL), (), call)


def get_item(call: Call) -> Response:
    """GET of a record by id."""
    kind = kind_in(call, TOP_LEVEL)
    call.record(kind.name)
    return hal(_serve(call.account, kind, call.params["id"], call.url + API))


def children_in(call: Call) -> tuple[Kind, str]:
    """What a path leads to below a parent, and the field that holds the parent's id.

    Raises:
        Refusal: the parent has no such children, or there is no such parent.
    """
    parent = kind_in(call, KINDS)
    of_people = {name: kind for name, kind in KINDS.items() if kind.parent and kind is not ITEMS}
    of_others = {name: kind for name, kind in KINDS.items() if kind.parent == parent.name}
    of_others |= {"events": ACTIONS["events"]} if parent.name == "event_campaigns" else {}
    kind = kind_in(call, of_people if parent is PEOPLE else of_others, "children")
    call.record(parent.name)
    return kind, {"people": "person", "event_campaigns": "event_campaign"}.get(parent.name, "parent")


def get_children(call: Call) -> Response:
    """Records of an action, a person, a tag or a list; events of an event campaign."""
    kind, field = children_in(call)
    return _collection(kind, [(field, "eq", call.params["id"])], call)


def child_in(call: Call) -> tuple[Kind, str]:
    """The record that a path names below one of its parents: its resource and key.

    Raises:
        Refusal: there is none.
    """
    kind, field = children_in(call)
    owner, own = call.params["id"], call.params["child"]
    table, key = call.account.tables[kind.name], f"{owner}/{own}" if kind is ITEMS else own
    owners = table.resource.fields[field](table.records[key]) if key in table.records else ()
    if owner not in owners:
        raise Refusal(404, table.resource.missing.format(own))
    return kind, key


def get_child(call: Call) -> Response:
    """GET of a record by way of one of its parents."""
    kind, key = child_in(call)
    path = "/".join(call.params[name] for name in ("kind", "id", "children"))
    return hal(_serve(call.account, kind, key, call.url + API, path))


def get_grandchildren(call: Call) -> Response:
    """GET of the attendances of an event, by way of its event campaign."""
    if call.params["kind"] != "event_campaigns" or call.params["grandchildren"] != "attendances":
        raise Refusal(404, "Not found")
    _, event = child_in(call)
    return _collection(RECORDS["attendances"], [("parent", "eq", event)], call)


# What is no resource


def get_entry_point(call: Call) -> Response:
    """GET of the API entry point (actionnetwork.org/docs/v2/aep)."""
    base = call.url + API
    links: Record = {}
    for kind in TOP_LEVEL.values():
        if call.caller is None or call.caller.options["group"] or kind.name not in GROUP_ONLY:
            title = f"The collection of {kind.name.replace('_', ' ')} in the system"
            links[kind.rel] = {"href": f"{base}/{kind.name}", "title": title}
    links["osdi:person_signup_helper"] = {"href": f"{base}/people", "title": "Person Signup Helper"}
    links["action_network:metadata"] = {"href": f"{base}/metadata", "title": "Metadata"}
    links["canvasser:brand_logo"] = {"href": f"{SITE}/images/logo.png", "title": "Logo"}
    links["docs"] = {"href": f"{SITE}/docs", "title": "Documentation"}
    links["self"] = {"href": base, "title": "This API entry point"}
    links["curies"] = CURIES
    about = {"motd": "Welcome to the Action Network API.", "vendor_name": HERE, "product_name": HERE}
    about |= {"osdi_version": "1.1.1", "namespace": "action_network"}
    return hal({**about, "max_page_size": MAX_PER_PAGE, "_links": links})


def get_metadata(call: Call) -> Response:
    """GET of the metadata."""
    here = f"{call.url}{API}/metadata"
    fields = {"href": f"{here}/custom_fields"}
    return hal({"name": HERE, "_links": {"self": {"href": here}, "action_network:custom_fields": fields}})


def get_custom_fields(call: Call) -> Response:
    """GET of the custom fields, which come all at once."""
    return hal(
        {
            "origin_system": HERE,
            "name": "Custom Fields",
            "description": "The custom fields of this group",
            "_links": {"self": [{"href": f"{call.url}{API}/metadata/custom_fields"}]},
            "action_network:custom_fields": list(call.account.tables["custom_fields"].records.values()),
        }
    )


def get_embed(call: Call) -> Response:
    """GET of the HTML that embeds an action made in the UI."""
    kind, key = kind_in(call, ACTIONS), call.params["id"]
    if call.record(kind.name).get("_api"):
        raise Refusal(404, f"Couldn't find embed of {kind.one} with id = {key}")
    content: Record = {}
    for size in ("standard", "full"):
        for style in ("default_styles", "layout_only_styles", "no_styles"):
            link = "" if style == "no_styles" else f"<link href='{SITE}/css/style-embed-{style}.css' rel='stylesheet'>"
            script = f"<script src='{SITE}/widgets/v5/{kind.name}/{key}?format=js&size={size}'></script>"
            content[f"embed_{size}_{style}"] = link + script
    content["_links"] = {"self": {"href": f"{call.url}{API}/{kind.name}/{key}/embed"}}
    return hal(content)
