"""Action Network's answers: errors, records with their links, pages."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from starlette.responses import Response

from osdi_crm_sandbox.vendor import Call, Record, Refusal, answer
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
    from osdi_crm_sandbox.records import Condition


def hal(content: Any) -> Response:
    """An answer of the vendor's own media type."""
    return answer(content, media_type="application/hal+json")


def refuse(call: Call, status: int, words: str) -> Response:
    """{"error"}; a wrong key is echoed, and a call without one to a helper always looks the same."""
    if _is_blind(call):
        return hal({})
    if status == 401:
        return _bad_key(call, 403)
    if status == 405:
        return answer({"error": "Not found"}, 404)
    return answer({"error": words}, status)


def _is_blind(call: Call) -> bool:
    """Whether it is a browser's POST to a helper, without a key (actionnetwork.org/docs/v2/unauthenticated-post)."""
    helper = call.path == f"{API}/people" or _parent_in(call.path)
    return call.method == "POST" and "osdi-api-token" not in call.headers and bool(helper) and not call.unreadable


def _parent_in(path: str) -> tuple[str, str] | None:
    """The action and its id out of the path of a record helper."""
    match = re.fullmatch(rf"{API}/(\w+)/([^/]+)/(\w+)/?", path)
    if match and match[1] in RECORD_OF and RECORD_OF[match[1]].name == match[3]:
        return match[1], match[2]
    return None


def identify(call: Call, accounts: Mapping[str, Account]) -> Account | None:
    """By the header OSDI-API-Token; without it, a record helper's account is the one that has the action."""
    key = call.headers.get("osdi-api-token")
    if key is not None:
        return accounts.get(key)
    parent = _parent_in(call.path) if _is_blind(call) else None
    if parent is None:
        return None
    name, key = parent
    return next((account for account in accounts.values() if key in account.tables[name].records), None)


def check(call: Call) -> Response | None:
    """Turns away revoked keys, and a personal list's key where only a group's may go; never at the entry point."""
    options, segments = call.account.options, call.path.removeprefix(API).strip("/").split("/")
    barred = not options["group"] and any(name in segments for name in GROUP_ONLY)
    status = options["revoked"] or (403 if barred else None)
    if status is None or segments == [""] or _is_blind(call):
        return None
    return _bad_key(call, status)


def _bad_key(call: Call, status: int) -> Response:
    return answer({"error": f"API Key invalid or not present {call.headers.get('osdi-api-token', '')}"}, status)


def serve(account: Account, resource: str, key: str, url: str) -> Any:
    """A record by id."""
    if resource == "custom_fields":
        return account.tables[resource].records[key]
    return _serve(account, KINDS[resource], key, url + API)


def _serve(account: Account, kind: Kind, key: str, base: str, path: str = "") -> Record:
    """A record as read at base/path."""
    record = account.tables[kind.name].found(key)
    served = {name: value for name, value in record.items() if name[0] != "_"}
    order = account.options["identifiers"]
    if order != "native_first":
        served["identifiers"] = [] if order == "empty" else record["identifiers"][::-1]
    own = record.get("_id", key)
    links = served["_links"] = {"self": {"href": f"{base}/{path or _home(kind, record)}/{own}"}}
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
        served["targets"] = [{"href": f"{base}/queries/{query}"} for query in record["_queries"]]
        _link_message(key, record, base, links)
    return served


def _home(kind: Kind, record: Record) -> str:
    if kind.parent and kind.name != "donations":
        return f"{kind.parent}/{record['_parent']}/{kind.name}"
    return kind.name


def _link_record(account: Account, kind: Kind, record: Record, base: str, served: Record) -> None:
    one = KINDS[kind.parent].one.replace(" ", "_")
    prefix = KINDS[kind.parent].rel.split(":")[0]
    served["_links"][f"{prefix}:{one}"] = {"href": f"{base}/{kind.parent}/{record['_parent']}"}
    wrong = account.options["typos"] and kind.name == "responses"
    served["_links"]["osdi:person"] = {"href": f"{base}/{'surveys' if wrong else 'people'}/{record['_person']}"}
    if kind is TAGGINGS:
        return
    wrong = account.options["typos"] and kind.name == "submissions"
    served["action:person_id" if wrong else "action_network:person_id"] = record["_person"]
    served[f"action_network:{one}_id"] = record["_parent"]


def _link_action(account: Account, kind: Kind, record: Record, base: str, served: Record) -> None:
    links = served["_links"]
    key = record["identifiers"][0][len(NATIVE) :]
    here = f"{base}/{kind.name}/{key}"
    if kind.name == "event_campaigns":
        links["osdi:events"] = {"href": f"{here}/events"}
    else:
        records = RECORD_OF[kind.name]
        prefix = records.rel.split(":")[0]
        links[records.rel] = {"href": f"{here}/{records.name}"}
        links[f"{prefix}:record_{records.one}_helper"] = {"href": f"{here}/{records.name}"}
    for rel in ("organizer", "creator"):
        if record.get(f"_{rel}"):
            links[f"osdi:{rel}"] = {"href": f"{base}/people/{record[f'_{rel}']}"}
    if not record.get("_api"):
        links["action_network:embed"] = {"href": f"{here}/embed"}
    embeds_creator = kind.name in WITH_CREATOR_EMBEDDED and record.get("type") != "phone"
    if embeds_creator and record.get("_creator") in account.tables["people"].records:
        served["_embedded"] = {"osdi:creator": _serve(account, PEOPLE, record["_creator"], base)}


def _link_message(key: str, record: Record, base: str, links: Record) -> None:
    links["osdi:wrapper"] = {"href": f"{base}/wrappers/{record['_wrapper']}"}
    if record.get("_list"):
        links["osdi:recipients"] = {"href": f"{base}/lists/{record['_list']}"}
    if record.get("_creator"):
        links["osdi:creator"] = {"href": f"{base}/people/{record['_creator']}"}
    links["osdi:send_helper"] = {"href": f"{base}/messages/{key}/send"}
    links["osdi:schedule_helper"] = {"href": f"{base}/messages/{key}/schedule"}


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
    base = call.url + API
    path = call.path.removeprefix(API).strip("/")
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
    if not kind.totals:
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


def get_collection(kind: Kind, call: Call) -> Response:
    """GET of a collection that has no parent."""
    return _collection(kind, (), call)


def find_record(call: Call, kind: Kind, key: str) -> Record:
    """A record by id.

    Raises:
        Refusal: there is none.
    """
    record = call.account.tables[kind.name].records.get(key)
    if record is None:
        raise Refusal(404, f"Couldn't find {kind.one} with id = {key}")
    return record


def get_child_collection(kind: Kind, parent: Kind, call: Call) -> Response:
    """Records of an action, a person, a tag or a list; events of an event campaign."""
    find_record(call, parent, call.params["id"])
    field = {"people": "person", "event_campaigns": "event_campaign"}.get(parent.name, "parent")
    return _collection(kind, [(field, "eq", call.params["id"])], call)


def get_campaign_attendances(call: Call) -> Response:
    """GET of the attendances of an event, by way of its event campaign."""
    _find_campaign_event(call)
    return _collection(RECORDS["attendances"], [("parent", "eq", call.params["event"])], call)


def _find_campaign_event(call: Call) -> None:
    event = find_record(call, ACTIONS["events"], call.params["event"])
    if event.get("action_network:event_campaign_id") != call.params["id"]:
        raise Refusal(404, f"Couldn't find event with id = {call.params['event']}")


def get_item(kind: Kind, call: Call) -> Response:
    """GET of a record by id."""
    find_record(call, kind, call.params["id"])
    return hal(_serve(call.account, kind, call.params["id"], call.url + API))


def get_campaign_event(call: Call) -> Response:
    """GET of an event by way of its event campaign."""
    _find_campaign_event(call)
    path = f"event_campaigns/{call.params['id']}/events"
    return hal(_serve(call.account, ACTIONS["events"], call.params["event"], call.url + API, path))


def child_key(kind: Kind, parent: Kind, call: Call) -> str:
    """The key of a record named by a path under one of its parents."""
    owner, key = call.params["id"], call.params["child"]
    if kind is ITEMS:
        key = f"{owner}/{key}"
    record = call.account.tables[kind.name].records.get(key)
    if record is None or record["_person" if parent is PEOPLE else "_parent"] != owner:
        raise Refusal(404, f"Couldn't find {kind.one} with id = {call.params['child']}")
    return key


def get_child_item(kind: Kind, parent: Kind, call: Call) -> Response:
    """GET of a record by way of one of its parents."""
    key = child_key(kind, parent, call)
    path = f"{parent.name}/{call.params['id']}/{kind.name}"
    return hal(_serve(call.account, kind, key, call.url + API, path))


def get_entry_point(call: Call) -> Response:
    """GET of the API entry point (actionnetwork.org/docs/v2/aep)."""
    base = call.url + API
    links: Record = {}
    for kind in TOP_LEVEL:
        if call.caller is None or call.caller.options["group"] or kind.name not in GROUP_ONLY:
            title = f"The collection of {kind.name.replace('_', ' ')} in the system"
            links[kind.rel] = {"href": f"{base}/{kind.name}", "title": title}
    links["osdi:person_signup_helper"] = {"href": f"{base}/people", "title": "Person Signup Helper"}
    links["action_network:metadata"] = {"href": f"{base}/metadata", "title": "Metadata"}
    links["canvasser:brand_logo"] = {"href": f"{SITE}/images/logo.png", "title": "Logo"}
    links["docs"] = {"href": f"{SITE}/docs", "title": "Documentation"}
    links["self"] = {"href": base, "title": "This API entry point"}
    links["curies"] = CURIES
    return hal(
        {
            "motd": "Welcome to the Action Network API.",
            "vendor_name": HERE,
            "product_name": HERE,
            "osdi_version": "1.1.1",
            "namespace": "action_network",
            "max_page_size": MAX_PER_PAGE,
            "_links": links,
        }
    )


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


def get_embed(kind: Kind, call: Call) -> Response:
    """GET of the HTML that embeds an action made in the UI."""
    record = find_record(call, kind, call.params["id"])
    if record.get("_api"):
        raise Refusal(404, f"Couldn't find embed of {kind.one} with id = {call.params['id']}")
    content: Record = {}
    for size in ("standard", "full"):
        for style in ("default_styles", "layout_only_styles", "no_styles"):
            link = "" if style == "no_styles" else f"<link href='{SITE}/css/style-embed-{style}.css' rel='stylesheet'>"
            script = f"<script src='{SITE}/widgets/v5/{kind.name}/{call.params['id']}?format=js&size={size}'></script>"
            content[f"embed_{size}_{style}"] = link + script
    content["_links"] = {"self": {"href": f"{call.url}{API}/{kind.name}/{call.params['id']}/embed"}}
    return hal(content)


def json_object(call: Call) -> Record:
    """The body of a write.

    Raises:
        Refusal: it is no JSON object.
    """
    if not isinstance(call.body, dict):
        raise Refusal(400, "The body must be a JSON object")
    return call.body


def written(call: Call, kind: Kind, key: str) -> Response:
    """The record, or nothing where nobody waits for it."""
    if _is_blind(call) or (kind.name in BACKGROUND and call.query.get("background_request") == "true"):
        return hal({})
    return hal(_serve(call.account, kind, key, call.url + API))
