"""Action Network API v2, as documented at actionnetwork.org/docs/v2."""

from __future__ import annotations

import math
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode
from zlib import crc32

from starlette.responses import RedirectResponse, Response

from osdi_crm_sandbox.population import DAY, Population, iso
from osdi_crm_sandbox.vendor import Call, Record, Refusal, Resource, Route, Vendor, answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.records import Condition

API = "/api/v2"
SITE = "https://actionnetwork.org"
NATIVE = "action_network:"
MAX_PER_PAGE = 25
HERE = "Action Network"
CURIES = [
    {"name": "osdi", "href": f"{SITE}/docs/v2/{{rel}}", "templated": True},
    {"name": "action_network", "href": f"{SITE}/docs/v2/{{rel}}", "templated": True},
]

OPTIONS: dict[str, Any] = {
    "identifiers": "native_first",  # or "foreign_first", "empty"
    "child_next": True,  # False: child collections that fit on one page carry no `next`
    "next_repeats": False,  # the last page's `next` is that page again
    "next_host": None,  # `next` leads to this scheme and host instead
    "empty_page_embedded": True,  # False: no `_embedded` on a page without resources
    "attendances_key": "osdi:attendances",  # or "osdi:attendance"
    "typos": False,  # submissions with `action:person_id`, responses whose person link says surveys
    "revoked": None,  # 403 or 401: what every call is answered with
    "group": True,  # False: the key of a personal list, without tags and campaigns
    "identifier_clash": "refuse",  # a foreign identifier that another record holds; or "ignore"
    "tag_redirect": 302,  # status of POST /tags for a name that exists
    "event_status_writable": False,  # whether a PUT changes an event's status
    "unknown_custom_fields": "create",  # or "drop"
    "unique_ids": "replace",  # what a PUT does to a list's members; or "append"
    "message_seconds": 30.0,  # a message may be created or retargeted once in so many seconds
    "calculating_seconds": 1.0,  # how long a message's targeting takes
}

PEOPLE_FILTERS = (
    *("identifier", "created_date", "modified_date", "family_name", "given_name"),
    *("email_address", "phone_number", "region", "postal_code"),
)
RECORD_FILTERS = ("identifier", "created_date", "modified_date")
ACTION_FILTERS = (*RECORD_FILTERS, "origin_system", "title")
ACTION_FIELDS = ("title", "name", "description", "browser_url", "tag_list")
EVENT_FIELDS = (
    *("instructions", "start_date", "end_date", "status", "visibility", "guests_can_invite_others"),
    *("capacity", "location"),
)


@dataclass(frozen=True)
class Kind:
    """A resource.

    Attributes:
        name: in paths.
        rel: its key in `_embedded`.
        one: in error texts.
        filters: documented ones.
        totals: whether collections tell how many there are.
        write: what POST and PUT take; a helper's own keys.
        fixed: what only POST takes.
        parent: the action that a record belongs to.
        per_person: a repeat by the same person replaces the earlier record.
        total: the parent's counter.
    """

    name: str
    rel: str
    one: str
    filters: tuple[str, ...] = ()
    totals: bool = True
    write: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    parent: str = ""
    per_person: bool = False
    total: str = ""


def _action(name: str, rel: str, one: str, *write: str, fixed: tuple[str, ...] = ()) -> Kind:
    filters = (*ACTION_FILTERS, "start_date", "end_date") if name == "events" else ACTION_FILTERS
    return Kind(name, rel, one, filters, write=(*ACTION_FIELDS, *write), fixed=("origin_system", *fixed))


def _record(name: str, rel: str, parent: str, total: str, *write: str, per_person: bool = True) -> Kind:
    fixed = ("created_date", "action_network:referrer_data")
    one = name.removesuffix("es") if name == "outreaches" else name.removesuffix("s")
    return Kind(name, rel, one, RECORD_FILTERS, True, write, fixed, parent, per_person, total)


PEOPLE = Kind("people", "osdi:people", "person", PEOPLE_FILTERS, totals=False)
ACTIONS = {
    kind.name: kind
    for kind in (
        _action("petitions", "osdi:petitions", "petition", "petition_text", "target"),
        _action("events", "osdi:events", "event", *EVENT_FIELDS),
        _action("forms", "osdi:forms", "form", "call_to_action"),
        _action("fundraising_pages", "osdi:fundraising_pages", "fundraising page"),
        _action("advocacy_campaigns", "osdi:advocacy_campaigns", "advocacy campaign", "targets", fixed=("type",)),
        _action("surveys", "action_network:surveys", "survey", "call_to_action"),
        _action(
            "event_campaigns", "action_network:event_campaigns", "event campaign", "host_pitch", "host_instructions"
        ),
    )
}
RECORDS = {
    kind.name: kind
    for kind in (
        _record("signatures", "osdi:signatures", "petitions", "total_signatures", "comments"),
        _record("attendances", "osdi:attendances", "events", "total_accepted", "status"),
        _record("submissions", "osdi:submissions", "forms", "total_submissions"),
        _record("donations", "osdi:donations", "fundraising_pages", "total_donations", per_person=False),
        _record(
            "outreaches",
            "osdi:outreaches",
            "advocacy_campaigns",
            "total_outreaches",
            *("subject", "message", "duration", "targets"),
            per_person=False,
        ),
        _record("responses", "action_network:responses", "surveys", "total_responses"),
    )
}
RECORD_OF = {kind.parent: kind for kind in RECORDS.values()}
TAGGINGS = Kind("taggings", "osdi:taggings", "tagging", parent="tags")
ITEMS = Kind("items", "osdi:items", "item", totals=False, parent="lists")
CAMPAIGNS = Kind("campaigns", "action_network:campaigns", "campaign", ACTION_FILTERS)
TAGS = Kind("tags", "osdi:tags", "tag")
LISTS = Kind("lists", "osdi:lists", "list")
MESSAGES = Kind(
    "messages",
    "osdi:messages",
    "message",
    write=("name", "subject", "body", "from", "reply_to", "targets", "tag_list"),
    fixed=("origin_system",),
)
QUERIES = Kind("queries", "osdi:queries", "query")
WRAPPERS = Kind("wrappers", "osdi:wrappers", "wrapper")
UNIQUE_ID_LISTS = Kind("unique_id_lists", "action_network:unique_id_lists", "unique ID list")
KINDS = {
    kind.name: kind
    for kind in (
        *(PEOPLE, *ACTIONS.values(), *RECORDS.values(), CAMPAIGNS, TAGS, TAGGINGS, LISTS, ITEMS),
        *(MESSAGES, QUERIES, WRAPPERS, UNIQUE_ID_LISTS),
    )
}
TOP_LEVEL = [kind for kind in KINDS.values() if not kind.parent or kind.name == "donations"]
GROUP_ONLY = ("tags", "taggings", "campaigns")
WITH_CREATOR_EMBEDDED = ("petitions", "forms", "fundraising_pages", "advocacy_campaigns", "surveys")
BACKGROUND = ("people", *RECORDS, "taggings")


# What collections are selected by


def _dates(name: str, record: Record) -> Iterable[str]:
    return (record[name],) if record.get(name) else ()


def _texts(name: str, record: Record) -> Iterable[str]:
    return (str(record[name]),) if record.get(name) is not None else ()


def _emails(record: Record) -> Iterable[str]:
    return [entry["address"].casefold() for entry in record.get("email_addresses", ()) if entry.get("address")]


def _phones(record: Record) -> Iterable[str]:
    return [entry["number"] for entry in record.get("phone_numbers", ()) if entry.get("number")]


def _address_parts(name: str, record: Record) -> Iterable[str]:
    return [entry[name] for entry in record.get("postal_addresses", ()) if entry.get(name)]


FIELDS: dict[str, Callable[[Record], Iterable[str]]] = {
    "identifier": lambda record: record["identifiers"],
    "email_address": _emails,
    "phone_number": _phones,
    "region": partial(_address_parts, "region"),
    "postal_code": partial(_address_parts, "postal_code"),
    "person": partial(_texts, "_person"),
    "parent": partial(_texts, "_parent"),
    "event_campaign": partial(_texts, "action_network:event_campaign_id"),
    **{name: partial(_texts, name) for name in ("family_name", "given_name", "origin_system", "title", "name")},
    **{name: partial(_dates, name) for name in ("created_date", "modified_date", "start_date", "end_date")},
}
RESOURCES = {name: Resource("modified_date", FIELDS) for name in (*KINDS, "custom_fields")}


# Answering


def _hal(content: Any) -> Response:
    return answer(content, media_type="application/hal+json")


def refuse(call: Call, status: int, words: str) -> Response:
    """{"error"}; a wrong key is echoed, and a call without one to a helper always looks the same."""
    if _is_blind(call):
        return _hal({})
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
    record = account.tables[kind.name].records[key]
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


# Reading


def _collection(kind: Kind, where: Sequence[Condition], call: Call) -> Response:
    """A page; `where` says whose records these are."""
    account, options = call.account, call.account.options
    conditions = _filter(kind, call.query["filter"]) if "filter" in call.query else []
    if conditions is None:
        return Response("<!DOCTYPE html><html><body>We're sorry, but something went wrong</body></html>")
    size = min(_number(call.query.get("per_page"), MAX_PER_PAGE), MAX_PER_PAGE)
    page = _number(call.query.get("page"), 1)
    table = account.tables[kind.name]
    found = table.select([*where, *conditions], live=not conditions)
    keys = [key for key in found.page(page, size) if key in table.records]
    pages = math.ceil(len(found) / size)
    base = call.url + API
    path = call.path.removeprefix(API).strip("/")
    items = [_serve(account, kind, key, base, path) for key in keys]
    links: Record = {}
    if keys and (not where or options["child_next"] or pages > 1):
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
    return _hal(envelope)


def _page_url(host: str, call: Call, page: int | None) -> str:
    query = {name: value for name, value in call.query.items() if name != "page"}
    if page is not None:
        query["page"] = str(page)
    return f"{host}{call.path}" + (f"?{urlencode(query, quote_via=quote)}" if query else "")


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() and int(text) > 0 else default


TERM = re.compile(r"\s*(\w+)\s+(eq|gt|lt)\s+'((?:[^']|'')*)'\s*")


def _filter(kind: Kind, text: str) -> list[Condition] | None:
    """The conditions of a filter, None for one that the vendor does not understand."""
    conditions: list[Condition] = []
    position = 0
    while match := TERM.match(text, position):
        name, operator, value = match[1], match[2], _comparable(match[1], match[3].replace("''", "'"))
        if name not in kind.filters or value is None:
            return None
        conditions.append((name, operator, value))
        position = match.end()
        if position == len(text):
            return conditions
        if not text.startswith("and ", position):
            return None
        position += len("and ")
    return None


def _comparable(name: str, value: str) -> str | None:
    if name == "email_address":
        return value.casefold()
    if name == "phone_number":
        return _phone(value)
    if not name.endswith("_date"):
        return value
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _top_collection(kind: Kind, call: Call) -> Response:
    return _collection(kind, (), call)


def _find(call: Call, kind: Kind, key: str) -> Record:
    record = call.account.tables[kind.name].records.get(key)
    if record is None:
        raise Refusal(404, f"Couldn't find {kind.one} with id = {key}")
    return record


def _child_collection(kind: Kind, parent: Kind, call: Call) -> Response:
    """Records of an action, a person, a tag or a list; events of an event campaign."""
    _find(call, parent, call.params["id"])
    field = {"people": "person", "event_campaigns": "event_campaign"}.get(parent.name, "parent")
    return _collection(kind, [(field, "eq", call.params["id"])], call)


def _campaign_attendances(call: Call) -> Response:
    _find_campaign_event(call)
    return _collection(RECORDS["attendances"], [("parent", "eq", call.params["event"])], call)


def _find_campaign_event(call: Call) -> None:
    event = _find(call, ACTIONS["events"], call.params["event"])
    if event.get("action_network:event_campaign_id") != call.params["id"]:
        raise Refusal(404, f"Couldn't find event with id = {call.params['event']}")


def _item(kind: Kind, call: Call) -> Response:
    _find(call, kind, call.params["id"])
    return _hal(_serve(call.account, kind, call.params["id"], call.url + API))


def _campaign_event(call: Call) -> Response:
    _find_campaign_event(call)
    path = f"event_campaigns/{call.params['id']}/events"
    return _hal(_serve(call.account, ACTIONS["events"], call.params["event"], call.url + API, path))


def _child_key(kind: Kind, parent: Kind, call: Call) -> str:
    """The key of a record named by a path under one of its parents."""
    owner, key = call.params["id"], call.params["child"]
    if kind is ITEMS:
        key = f"{owner}/{key}"
    record = call.account.tables[kind.name].records.get(key)
    if record is None or record["_person" if parent is PEOPLE else "_parent"] != owner:
        raise Refusal(404, f"Couldn't find {kind.one} with id = {call.params['child']}")
    return key


def _child_item(kind: Kind, parent: Kind, call: Call) -> Response:
    key = _child_key(kind, parent, call)
    path = f"{parent.name}/{call.params['id']}/{kind.name}"
    return _hal(_serve(call.account, kind, key, call.url + API, path))


def _entry_point(call: Call) -> Response:
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
    return _hal(
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


def _metadata(call: Call) -> Response:
    here = f"{call.url}{API}/metadata"
    fields = {"href": f"{here}/custom_fields"}
    return _hal({"name": HERE, "_links": {"self": {"href": here}, "action_network:custom_fields": fields}})


def _custom_fields(call: Call) -> Response:
    return _hal(
        {
            "origin_system": HERE,
            "name": "Custom Fields",
            "description": "The custom fields of this group",
            "_links": {"self": [{"href": f"{call.url}{API}/metadata/custom_fields"}]},
            "action_network:custom_fields": list(call.account.tables["custom_fields"].records.values()),
        }
    )


def _embed(kind: Kind, call: Call) -> Response:
    record = _find(call, kind, call.params["id"])
    if record.get("_api"):
        raise Refusal(404, f"Couldn't find embed of {kind.one} with id = {call.params['id']}")
    content: Record = {}
    for size in ("standard", "full"):
        for style in ("default_styles", "layout_only_styles", "no_styles"):
            link = "" if style == "no_styles" else f"<link href='{SITE}/css/style-embed-{style}.css' rel='stylesheet'>"
            script = f"<script src='{SITE}/widgets/v5/{kind.name}/{call.params['id']}?format=js&size={size}'></script>"
            content[f"embed_{size}_{style}"] = link + script
    content["_links"] = {"self": {"href": f"{call.url}{API}/{kind.name}/{call.params['id']}/embed"}}
    return _hal(content)


# Writing


def _now() -> str:
    return iso(time.time())


def _body(call: Call) -> Record:
    if not isinstance(call.body, dict):
        raise Refusal(400, "The body must be a JSON object")
    return call.body


def _written(call: Call, kind: Kind, key: str) -> Response:
    """The record, or nothing where nobody waits for it."""
    if _is_blind(call) or (kind.name in BACKGROUND and call.query.get("background_request") == "true"):
        return _hal({})
    return _hal(_serve(call.account, kind, key, call.url + API))


def _foreign(account: Account, kind: Kind, given: Record, own: str | None = None) -> list[str]:
    """The foreign identifiers that a body adds to the record `own`.

    Raises:
        Refusal: another record of the kind holds one, in whatever account.
    """
    kept = []
    for identifier in given.get("identifiers") or ():
        if not isinstance(identifier, str) or ":" not in identifier or identifier.startswith(NATIVE):
            continue
        holders = [
            key
            for neighbour in [account, *account.neighbours.values()]
            for key in neighbour.tables[kind.name].find("identifier", identifier)
        ]
        if own is not None and own in account.tables[kind.name].find("identifier", identifier):
            continue
        if not holders:
            kept.append(identifier)
        elif account.options["identifier_clash"] == "refuse":
            raise Refusal(400, f"Identifier {identifier} has already been taken")
    return list(dict.fromkeys(kept))


def _linked(given: Record, rel: str) -> str | None:
    """The id at the end of a link in a body."""
    link = (given.get("_links") or {}).get(rel)
    href = link.get("href") if isinstance(link, dict) else None
    return href.rstrip("/").rsplit("/", 1)[-1] if isinstance(href, str) else None


def _population(account: Account) -> Population:
    if "population" not in account.state:
        account.state["population"] = Population(f"{account.key} {time.time_ns()}")
    population: Population = account.state["population"]
    return population


# Writing people


LANGUAGES = ("en", "es", "fr", "fr-FR", "pt-BR", "de", "it", "nl", "cy")
SETTABLE = ("subscribed", "unsubscribed")
FOR_GOOD = ("bouncing", "spam complaint")
ADDRESS_LINE_FIELDS = ("address_lines", "locality", "region", "postal_code")


def _first(value: Any) -> Record:
    """The one entry that counts of e-mails, phones or addresses."""
    return value[0] if isinstance(value, list) and value and isinstance(value[0], dict) else {}


def _email(given: Record) -> str | None:
    address = _first(given.get("email_addresses")).get("address")
    if not isinstance(address, str) or not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", address.strip()):
        return None
    return address.strip()


def _phone(number: Any) -> str | None:
    """A number as it is stored: international digits; ten digits are taken for a national one of the US."""
    digits = re.sub(r"\D", "", number) if isinstance(number, str) else ""
    if len(digits) == 10:
        return f"1{digits}"
    return digits if 11 <= len(digits) <= 15 else None


def _holder(account: Account, field: str, value: str | None) -> str | None:
    if value is None:
        return None
    return next(iter(account.tables["people"].find(field, value)), None)


def _status(given: Record, allowed: tuple[str, ...], old: str | None, otherwise: str) -> str:
    """What a contact's status becomes."""
    asked = given.get("status")
    if asked not in allowed or (asked == "subscribed" and old in FOR_GOOD):
        return old or otherwise
    return str(asked)


def _save_person(account: Account, key: str | None, given: Record, *, allowed: tuple[str, ...] = SETTABLE) -> str:
    """Merges a body into a person, or makes a new one of it (actionnetwork.org/docs/v2/person_signup_helper)."""
    table = account.tables["people"]
    foreign = _foreign(account, PEOPLE, given, key)
    now = _now()
    if key is None:
        key = _population(account).uuid()
        record: Record = {"identifiers": [f"{NATIVE}{key}"], "created_date": now}
    else:
        record = dict(table.records[key])
    record["identifiers"] = [*record["identifiers"], *foreign]
    record["modified_date"] = now
    for name in ("given_name", "family_name"):
        _set(record, name, given)
    _save_email(account, key, record, given, allowed)
    merged = _save_phone(account, key, record, given, allowed)
    if "postal_addresses" in given:
        if given["postal_addresses"] is None:
            record.pop("postal_addresses", None)
        elif _first(given["postal_addresses"]):
            address = _address(_first(record.get("postal_addresses")), _first(given["postal_addresses"]))
            record["postal_addresses"] = [{"primary": True, **address}]
    languages = given.get("languages_spoken")
    if isinstance(languages, list) and languages:
        record["languages_spoken"] = [languages[0] if languages[0] in LANGUAGES else "en"]
    elif "languages_spoken" not in record:
        record["languages_spoken"] = ["en"]
    if isinstance(given.get("custom_fields"), dict):
        record["custom_fields"] = _custom(account, record.get("custom_fields", {}), given["custom_fields"])
    table.put(key, record)
    if merged:
        _absorb(account, key, merged)
    return key


def _set(record: Record, name: str, given: Record) -> None:
    """Takes a property over; null clears it."""
    if name not in given:
        return
    if given[name] is None:
        record.pop(name, None)
    else:
        record[name] = given[name]


def _save_email(account: Account, key: str, record: Record, given: Record, allowed: tuple[str, ...]) -> None:
    entry, old = _first(given.get("email_addresses")), _first(record.get("email_addresses"))
    address = _email(given)
    if address and _holder(account, "email_address", address.casefold()) not in (None, key):
        address, entry = None, {name: value for name, value in entry.items() if name != "status"}
    if address or (entry and old):
        status = _status(entry, allowed, old.get("status"), "subscribed")
        record["email_addresses"] = [{"primary": True, "address": address or old["address"], "status": status}]


def _save_phone(account: Account, key: str, record: Record, given: Record, allowed: tuple[str, ...]) -> str | None:
    """Sets the phone; the id of a person known by that phone alone, to be merged into this one."""
    entry, old = _first(given.get("phone_numbers")), _first(record.get("phone_numbers"))
    number = _phone(entry.get("number"))
    if "phone_numbers" in given and given["phone_numbers"] is None and record.get("email_addresses"):
        record.pop("phone_numbers", None)
    if not number and not (entry and old):
        return None
    table = account.tables["people"]
    status, merged = old.get("status") if number in (None, old.get("number")) else None, None
    holder = _holder(account, "phone_number", number)
    if holder not in (None, key):
        loser = dict(table.records[holder or ""])
        status = _first(loser.pop("phone_numbers"))["status"]
        if loser.get("email_addresses"):
            table.put(holder or "", loser)
        else:
            merged = holder
    new = {**old, "primary": True, "number_type": "Mobile"} | ({"number": number} if number else {})
    record["phone_numbers"] = [{**new, "status": _status(entry, allowed, status, "unsubscribed")}]
    return merged


def _absorb(account: Account, key: str, other: str) -> None:
    """Merges a phone-only person into another: what they did and their tags move, then they are gone."""
    people = account.tables["people"]
    people.put(key, {**people.records[other], **people.records[key]})
    people.delete(other)
    for kind in (*RECORDS.values(), TAGGINGS):
        table = account.tables[kind.name]
        for child in table.find("person", other):
            if kind.per_person or kind is TAGGINGS:
                _drop_earlier(account, kind, key, table.records[child]["_parent"])
            table.put(child, {**table.records[child], "_person": key})


def _address(old: Record, given: Record) -> Record:
    """One address merged into another: first line only, US unless a country is given, placed on earth."""
    address = {name: value for name, value in old.items() if name != "location"}
    for name in ADDRESS_LINE_FIELDS:
        if given.get(name) is None:
            if name in given and name != "region":
                address.pop(name, None)
        else:
            address[name] = given[name][:1] if name == "address_lines" else str(given[name])
    if given.get("country"):
        address["country"] = given["country"]
    elif any(given.get(name) for name in ADDRESS_LINE_FIELDS):
        address["country"] = "US"
    if address.get("country"):
        address.setdefault("language", "en")
        place = crc32(repr(sorted(address.items())).encode())
        address["location"] = {
            "latitude": round(25 + place % 24_000 / 1000, 4),
            "longitude": round(-120 + place // 24_000 % 45_000 / 1000, 4),
            "accuracy": "Rooftop" if address.get("address_lines") else "Approximate",
        }
    return address


def _custom(account: Account, old: Record, given: Record) -> Record:
    """Custom fields merged by name; values are strings."""
    fields = account.tables["custom_fields"]
    values = dict(old)
    for name, value in given.items():
        if value is None:
            values.pop(name, None)
            continue
        if name not in fields.records:
            if account.options["unknown_custom_fields"] == "drop":
                continue
            fields.put(name, _custom_field(name, len(fields.records) + 1, time.time()))
        values[name] = str(int(value)) if isinstance(value, bool) else str(value)
    return values


def _custom_field(name: str, number: int, moment: float) -> Record:
    made = iso(moment)
    return {"name": name, "created_date": made, "modified_date": made, "notes": None, "numeric_id": 100 + number}


def _sign_up(account: Account, person: Any, *, allowed: tuple[str, ...] = SETTABLE) -> str | None:
    """Finds the person by e-mail or phone and merges, or makes one; None where there is neither."""
    if not isinstance(person, dict):
        return None
    email, phone = _email(person), _phone(_first(person.get("phone_numbers")).get("number"))
    if email is None and (phone is None or _first(person.get("email_addresses")).get("address")):
        return None
    key = _holder(account, "email_address", email.casefold() if email else None)
    if key is None:
        by_phone = _holder(account, "phone_number", phone)
        if by_phone and not (email and account.tables["people"].records[by_phone].get("email_addresses")):
            key = by_phone
    return _save_person(account, key, person, allowed=allowed)


def _tag(account: Account, person: str, body: Record) -> None:
    """Adds tags, then removes tags; names that are no tags are passed over."""
    tags, taggings = account.tables["tags"], account.tables["taggings"]
    for name in body.get("add_tags") or ():
        for tag in tags.find("name", str(name)):
            if not _earlier(account, TAGGINGS, person, tag):
                _put_tagging(account, person, tag, [])
    for name in body.get("remove_tags") or ():
        for tag in tags.find("name", str(name)):
            for tagging in _earlier(account, TAGGINGS, person, tag):
                taggings.delete(tagging)


def _post_person(call: Call) -> Response:
    """The person signup helper."""
    if call.caller is None:
        return _hal({})
    body = _body(call)
    key = _sign_up(call.account, body.get("person"))
    if key is None:
        return _hal({})
    _tag(call.account, key, body)
    return _written(call, PEOPLE, key)


def _put_person(call: Call) -> Response:
    _find(call, PEOPLE, call.params["id"])
    return _written(call, PEOPLE, _save_person(call.account, call.params["id"], _body(call)))


# Writing records of actions


def _earlier(account: Account, kind: Kind, person: str, parent: str) -> list[str]:
    """What this person did before at this parent."""
    found = account.tables[kind.name].select([("person", "eq", person), ("parent", "eq", parent)], live=True)
    return list(found)


def _drop_earlier(account: Account, kind: Kind, person: str, parent: str) -> None:
    for key in _earlier(account, kind, person, parent):
        _delete(account, kind.name, key)


def _count(account: Account, kind: Kind, record: Record, step: int) -> None:
    """Keeps the parents' counters."""
    table = account.tables[kind.parent]
    parent = table.records.get(record["_parent"])
    if parent is None or not kind.total or record.get("status", "accepted") not in ("accepted", "attended"):
        return
    changed = {**parent, kind.total: parent.get(kind.total, 0) + step}
    if kind.name == "donations":
        amount = parent.get("total_amount", 0.0) + step * float(record["amount"])
        changed["total_amount"] = round(amount, 2)
    table.put(record["_parent"], changed)
    campaigns = account.tables["event_campaigns"]
    campaign = campaigns.records.get(parent.get("action_network:event_campaign_id", ""))
    if campaign and kind.name == "attendances":
        key = parent["action_network:event_campaign_id"]
        campaigns.put(key, {**campaign, "total_rsvps": campaign.get("total_rsvps", 0) + step})


def _post_record(kind: Kind, call: Call) -> Response:
    """A record helper, with `person`; or, with a link to one, the record alone."""
    account, body = call.account, _body(call)
    parent = _find(call, KINDS[kind.parent], call.params["id"])
    helper = "person" in body
    try:
        record = _new_record(kind, parent, body)
        person = _sign_up(account, body["person"], allowed=("subscribed",)) if helper else _linked(body, "osdi:person")
        person = _known_person(account, person)
        earlier = _earlier(account, kind, person, call.params["id"])[:1] if kind.per_person else []
        own = next(iter(earlier), None)
        foreign = _foreign(account, kind, body, own)
    except Refusal:
        if helper:
            return _hal({})
        raise
    if helper:
        _tag(account, person, body)
    kept = account.tables[kind.name].records[own]["identifiers"][1:] if own else []
    key = _population(call.account).uuid()
    record |= {"identifiers": [f"{NATIVE}{key}", *kept, *foreign], "_person": person, "_parent": call.params["id"]}
    if kind.name == "donations":
        record["payment"]["reference_number"] = key
    if own:
        _delete(account, kind.name, own)
    _put_record(account, kind, key, record)
    _touch_person(account, person)
    return _written(call, kind, key)


def _known_person(account: Account, person: str | None) -> str:
    if person is None or person not in account.tables["people"].records:
        raise Refusal(400, "You must specify a valid person id")
    return person


def _new_record(kind: Kind, parent: Record, body: Record) -> Record:
    """What a body makes of a new record; donations and outreaches only where the action was made by API."""
    now = _now()
    record: Record = {"created_date": _moment(body.get("created_date")) or now, "modified_date": now}
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


def _moment(value: Any) -> str | None:
    return _comparable("created_date", value) if isinstance(value, str) else None


def _put_record(account: Account, kind: Kind, key: str, record: Record) -> None:
    account.tables[kind.name].put(key, record)
    _count(account, kind, record, 1)


def _touch_person(account: Account, person: str) -> None:
    """A person's modified date moves with every action."""
    people = account.tables["people"]
    if person in people.records:
        people.put(person, {**people.records[person], "modified_date": _now()})


def _put_record_item(kind: Kind, parent: Kind, call: Call) -> Response:
    account, body = call.account, _body(call)
    key = _child_key(kind, parent, call)
    old = account.tables[kind.name].records[key]
    record = dict(old)
    for name in kind.write:
        _set(record, name, body)
    record["identifiers"] = [*record["identifiers"], *_foreign(account, kind, body, key)]
    record["modified_date"] = _now()
    _count(account, kind, old, -1)
    _put_record(account, kind, key, record)
    return _written(call, kind, key)


# Writing tags


def _post_tag(call: Call) -> Response:
    """A new tag, or a redirect to the one with this name."""
    account, name = call.account, _body(call).get("name")
    if not isinstance(name, str) or not name:
        raise Refusal(400, "You must specify a name")
    known = account.tables["tags"].find("name", name)
    if known:
        return RedirectResponse(f"{call.url}{API}/tags/{known[0]}", account.options["tag_redirect"])
    key, now = _population(call.account).uuid(), _now()
    tag = {"identifiers": [f"{NATIVE}{key}"], "name": name, "created_date": now, "modified_date": now}
    account.tables["tags"].put(key, tag)
    return _written(call, TAGS, key)


def _put_tagging(account: Account, person: str, tag: str, foreign: list[str]) -> str:
    key, now = _population(account).uuid(), _now()
    tagging = {"identifiers": [f"{NATIVE}{key}", *foreign], "item_type": "osdi:person"}
    dates = {"created_date": now, "modified_date": now}
    account.tables["taggings"].put(key, {**tagging, **dates, "_person": person, "_parent": tag})
    return key


def _post_tagging(call: Call) -> Response:
    account, body, tag = call.account, _body(call), call.params["id"]
    _find(call, TAGS, tag)
    person = _known_person(account, _linked(body, "osdi:person"))
    earlier = next(iter(_earlier(account, TAGGINGS, person, tag)), None)
    kept = account.tables["taggings"].records[earlier]["identifiers"][1:] if earlier else []
    foreign = _foreign(account, TAGGINGS, body, earlier)
    _drop_earlier(account, TAGGINGS, person, tag)
    return _written(call, TAGGINGS, _put_tagging(account, person, tag, [*kept, *foreign]))


def _delete_tagging(call: Call) -> Response:
    _delete(call.account, "taggings", _child_key(TAGGINGS, TAGS, call))
    if call.query.get("background_request") == "true":
        return _hal({})
    return _hal({"notice": "This tagging was successfully deleted."})


# Writing actions


def _action_values(call: Call, kind: Kind, names: tuple[str, ...], old: Record) -> Record:
    """A body's values merged into an action."""
    account, body = call.account, _body(call)
    record = dict(old)
    for name in names:
        if body.get(name) is not None or name not in ("title", "origin_system"):
            _set(record, name, body)
    if body.get("tag_list") is not None:
        record["tag_list"] = [name for name in body["tag_list"] if account.tables["tags"].find("name", str(name))]
    for name in ("start_date", "end_date"):
        if body.get(name) is not None and name in names:
            record[name] = _wall_clock(body[name])
    if isinstance(body.get("location"), dict) and "location" in names:
        record["location"] = _address(old.get("location", {}), body["location"])
        _set(record["location"], "venue", body["location"])
    record["identifiers"] = [*old["identifiers"], *_foreign(account, kind, body, old["identifiers"][0][len(NATIVE) :])]
    return record | {"modified_date": _now()}


def _wall_clock(value: Any) -> str:
    """Local time at the venue, written with Z whatever offset came with it."""
    try:
        return datetime.fromisoformat(value).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (TypeError, ValueError) as error:
        raise Refusal(400, f"{value} is not a valid date") from error


def _post_action(kind: Kind, call: Call) -> Response:
    body, account = _body(call), call.account
    if not body.get("title") or not body.get("origin_system"):
        raise Refusal(400, "You must specify a title and an origin system")
    key = _population(call.account).uuid()
    new: Record = {"identifiers": [f"{NATIVE}{key}"], "created_date": _now(), "_api": True} | _beginnings(kind, body)
    if "id" in call.params:
        campaigns, campaign = account.tables["event_campaigns"], call.params["id"]
        old = _find(call, ACTIONS["event_campaigns"], campaign)
        campaigns.put(campaign, {**old, "total_events": old.get("total_events", 0) + 1})
        new["action_network:event_campaign_id"] = campaign
    for rel in ("creator", "organizer"):
        person = _linked(body, f"osdi:{rel}")
        if person is not None:
            new[f"_{rel}"] = _known_person(account, person)
    given = {name: value for name, value in body.items() if value is not None}
    call.body = given
    account.tables[kind.name].put(key, _action_values(call, kind, (*kind.write, *kind.fixed), new))
    return _written(call, kind, key)


def _beginnings(kind: Kind, body: Record) -> Record:
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


def _put_action(kind: Kind, call: Call) -> Response:
    old = _find(call, kind, call.params["id"])
    locked = [] if old.get("_api") else ["browser_url"]
    if not call.account.options["event_status_writable"]:
        locked.append("status")
    names = tuple(name for name in kind.write if name not in locked)
    call.account.tables[kind.name].put(call.params["id"], _action_values(call, kind, names, old))
    return _written(call, kind, call.params["id"])


# Writing messages and lists


def _post_message(call: Call) -> Response:
    body, account = _body(call), call.account
    missing = [name for name in ("subject", "body", "from", "reply_to") if not body.get(name)]
    if missing:
        raise Refusal(400, f"You must specify {', '.join(missing)}")
    wrappers = account.tables["wrappers"].records
    wrapper = _linked(body, "osdi:wrapper") or next(key for key, record in wrappers.items() if record["default"])
    if wrapper not in wrappers:
        raise Refusal(400, "You must specify a valid wrapper id")
    key = _population(call.account).uuid()
    page = f"{SITE}/emails/{key[:8]}/manage"
    message: Record = {"identifiers": [f"{NATIVE}{key}"], "created_date": _now(), "administrative_url": page}
    message |= {"type": "email", "_wrapper": wrapper, "_creator": _linked(body, "osdi:creator"), "_queries": []}
    _save_message(call, key, message, (*MESSAGES.write, *MESSAGES.fixed), retarget=True)
    return _written(call, MESSAGES, key)


def _put_message(call: Call) -> Response:
    key, body = call.params["id"], _body(call)
    old = _find(call, MESSAGES, key)
    if old["status"] not in ("draft", "calculating"):
        raise Refusal(400, "Only a draft can be changed")
    _save_message(call, key, old, MESSAGES.write, retarget="targets" in body)
    return _written(call, MESSAGES, key)


def _save_message(call: Call, key: str, old: Record, names: tuple[str, ...], *, retarget: bool) -> None:
    account = call.account
    queries = [target["href"].rsplit("/", 1)[-1] for target in _body(call).get("targets") or () if target.get("href")]
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
    whole = sum(_first(person.get("email_addresses")).get("status") == "subscribed" for person in people)
    some = sum(queries[query]["_people"] for query in message["_queries"])
    targeted = min(whole, some) if message["_queries"] else whole
    table.put(key, {**message, "status": "draft", "total_targeted": targeted})


def _sent(account: Account, key: str) -> None:
    """A message has gone out."""
    table = account.tables["messages"]
    message = table.records.get(key)
    if message is not None and message["status"] == "sending":
        statistics = _statistics(message["total_targeted"], 0.0)
        table.put(key, {**message, "status": "sent", "statistics": statistics})


def _statistics(sent: int, share: float) -> Record:
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


def _turn_message(call: Call, statuses: tuple[str, ...], values: Record, words: str) -> Response:
    """Changes a message's status and says so."""
    old = _find(call, MESSAGES, call.params["id"])
    if old["status"] not in statuses:
        raise Refusal(400, f"The message is {old['status']}, not {' or '.join(statuses)}")
    message = {**old, **values, "modified_date": _now()}
    if message["status"] == "draft":
        message.pop("scheduled_start_date", None)
    call.account.tables["messages"].put(call.params["id"], message)
    return _hal({"message": words})


def _send_message(call: Call) -> Response:
    if not _find(call, MESSAGES, call.params["id"]).get("total_targeted"):
        raise Refusal(400, "The message has no recipients")
    sending = {"status": "sending", "sent_start_date": _now()}
    call.account.later(call.account.options["calculating_seconds"], partial(_sent, call.account, call.params["id"]))
    return _turn_message(call, ("draft",), sending, "Your email has been sent.")


def _stop_message(call: Call) -> Response:
    words = "Your email has been stopped. Some people may have received it already."
    return _turn_message(call, ("sending", "throttled"), {"status": "draft"}, words)


def _schedule_message(call: Call) -> Response:
    start = _moment(_body(call).get("scheduled_start_date"))
    if start is None or start <= _now():
        raise Refusal(400, "You must specify a scheduled_start_date in the future")
    scheduled = {"status": "scheduled", "scheduled_start_date": start}
    return _turn_message(call, ("draft",), scheduled, "Your message has been scheduled")


def _unschedule_message(call: Call) -> Response:
    return _turn_message(call, ("scheduled",), {"status": "draft"}, "Your message has been unscheduled")


def _save_unique_ids(call: Call, key: str, old: Record) -> Response:
    account, body = call.account, _body(call)
    if not (body.get("name") or old.get("name")):
        raise Refusal(400, "You must specify a name")
    members = old["_members"]
    if isinstance(body.get("unique_ids"), list):
        given = [person for person in body["unique_ids"] if person in account.tables["people"].records]
        members = list(dict.fromkeys([*(members if account.options["unique_ids"] == "append" else []), *given]))
    foreign = _foreign(account, UNIQUE_ID_LISTS, body, key)
    record = {**old, "name": body.get("name") or old["name"], "count": len(members), "_members": members}
    record |= {"identifiers": [*old["identifiers"], *foreign], "modified_date": _now()}
    account.tables["unique_id_lists"].put(key, record)
    return _written(call, UNIQUE_ID_LISTS, key)


def _post_unique_id_list(call: Call) -> Response:
    key = _population(call.account).uuid()
    new = {"identifiers": [f"{NATIVE}{key}"], "origin_system": HERE, "created_date": _now(), "_members": []}
    return _save_unique_ids(call, key, new)


def _put_unique_id_list(call: Call) -> Response:
    return _save_unique_ids(call, call.params["id"], _find(call, UNIQUE_ID_LISTS, call.params["id"]))


# Data


def insert(account: Account, resource: str, given: Record) -> str:
    """Stores a record given as the API serves it; a record of an action needs no links: any person and action do.

    Without a modified date it happens now, and moves its person's.
    """
    population = _population(account)
    if resource == "custom_fields":
        made = _custom_field(given["name"], len(account.tables[resource].records) + 1, time.time())
        account.tables[resource].put(given["name"], made | given)
        return str(given["name"])
    kind = KINDS[resource]
    now = _now()
    record: Record = {name: value for name, value in given.items() if name not in ("_links", "_embedded")}
    native = [name for name in given.get("identifiers", ()) if name.startswith(NATIVE)]
    key = native[0][len(NATIVE) :] if native else population.uuid()
    record["identifiers"] = [f"{NATIVE}{key}", *(name for name in given.get("identifiers", ()) if name not in native)]
    record["created_date"] = given.get("created_date") or given.get("modified_date") or now
    record["modified_date"] = given.get("modified_date") or now
    if kind.parent:
        _complete_record(account, kind, record, given)
    elif kind.name in ACTIONS:
        record = {"title": "Untitled", "origin_system": HERE} | _beginnings(kind, record) | record
        people: Record = {f"_{rel}": _linked(given, f"osdi:{rel}") for rel in ("creator", "organizer")}
        record |= people | {"_api": record["origin_system"] != HERE}
    elif kind is MESSAGES:
        _complete_message(account, record, given)
    else:
        record = _MISSING.get(kind.name, {}) | record
    if kind is ITEMS:
        key = f"{record['_parent']}/{record['_person']}"
    if kind.name in RECORDS:
        _put_record(account, kind, key, record)
        if "modified_date" not in given:
            _touch_person(account, record["_person"])
    else:
        account.tables[resource].put(key, record)
    return key


_MISSING: dict[str, Record] = {
    "queries": {"_people": 0},
    "unique_id_lists": {"_members": [], "count": 0},
    "wrappers": {"default": False},
}


def _complete_record(account: Account, kind: Kind, record: Record, given: Record) -> None:
    one = KINDS[kind.parent].one.replace(" ", "_")
    prefix = KINDS[kind.parent].rel.split(":")[0]
    for private, name, rel, whose in (
        ("_person", "person", "osdi:person", "people"),
        ("_parent", one, f"{prefix}:{one}", kind.parent),
    ):
        named = record.pop(f"action_network:{name}_id", None)
        record[private] = named or _linked(given, rel) or account.any_of(whose)
    if kind is ITEMS:
        record |= {"_id": record["_person"], "identifiers": [f"{NATIVE}{record['_person']}"]}


def _complete_message(account: Account, record: Record, given: Record) -> None:
    wrappers = account.tables["wrappers"].records
    record["_queries"] = [target["href"].rsplit("/", 1)[-1] for target in record.pop("targets", ())]
    record["_wrapper"] = _linked(given, "osdi:wrapper") or next(iter(wrappers))
    record["_list"] = _linked(given, "osdi:recipients")
    record.setdefault("status", "draft")


def invent(account: Account, resource: str) -> Record:
    """A new record, as `insert` takes it."""
    population = _population(account)
    account.state["invented"] = number = account.state.get("invented", 0) + 1
    if resource == "people":
        somebody = population.person(900_000_000 + number)
        return {
            "given_name": somebody.given_name,
            "family_name": somebody.family_name,
            "email_addresses": [{"primary": True, "address": somebody.email, "status": "subscribed"}],
            "languages_spoken": ["en"],
            "custom_fields": {},
        }
    sentence = population.pick(population.pool.sentences)
    if resource in RECORDS:
        return _RECORD_SEEDS[resource](population, {"type": "email"})
    if resource in (*ACTIONS, "campaigns", "lists"):
        return {"title": f"{sentence} {number}"}
    return {"name": f"{sentence} {number}"}


def change(account: Account, resource: str, key: str, values: Record, modified: str | None) -> None:
    """Merges properties into a record and moves its modified date."""
    table = account.tables[resource]
    table.put(key, table.records[key] | values | {"modified_date": modified or _now()})


def _delete(account: Account, resource: str, key: str) -> None:
    """Takes a record away; its parent counts one less."""
    record = account.tables[resource].records[key]
    account.tables[resource].delete(key)
    if resource in RECORDS:
        _count(account, RECORDS[resource], record, -1)


CUSTOM_FIELDS = (
    *("I am a parent", "employer", "T-shirt size", "How did you hear about us?", "member_id", "Notes (internal)"),
    *("union local", "is_volunteer", "Größe", "Partner's name", "birthday", "story"),
)
EMAIL_STATUSES = (
    *(("subscribed", 0.80), ("unsubscribed", 0.12), ("bouncing", 0.04), ("previous bounce", 0.01)),
    *(("spam complaint", 0.02), ("previous spam complaint", 0.01)),
)


def counts(size: int) -> dict[str, int]:
    """How many of each there are around so many people."""
    return {
        "people": size,
        "petitions": 3 + size // 100,
        "signatures": size * 6 // 10,
        "event_campaigns": 2 + size // 500,
        "events": 5 + size // 50,
        "attendances": size * 4 // 10,
        "forms": 3 + size // 150,
        "submissions": size * 3 // 10,
        "fundraising_pages": 3 + size // 250,
        "donations": size * 2 // 10,
        "advocacy_campaigns": 3 + size // 250,
        "outreaches": size * 15 // 100,
        "surveys": 2 + size // 500,
        "responses": size // 10,
        "campaigns": 2 + size // 1000,
        "tags": 6 + min(size // 100, 200),
        "taggings": size // 2,
        "lists": 3 + size // 500,
        "items": size // 2,
        "queries": 3 + size // 500,
        "wrappers": 2,
        "messages": 4 + size // 250,
        "unique_id_lists": 2 + size // 1000,
        "custom_fields": len(CUSTOM_FIELDS),
    }


def seed(account: Account, size: int, number: int) -> None:
    """Fills an account; an empty one has the wrapper that every new account has."""
    asked = account.options["counts"]
    unknown = asked.keys() - account.tables.keys()
    if unknown:
        raise ValueError(f"No resource {', '.join(sorted(unknown))} to count")
    wanted = (counts(size) if size else {}) | asked
    population = Population(number)
    tables = account.tables
    tables["wrappers"].load(_seed_wrappers(population, max(1, wanted.get("wrappers", 0))))
    tables["custom_fields"].load(
        {
            name: _custom_field(name, place, population.moments(1)[0])
            for place, name in enumerate(CUSTOM_FIELDS[: wanted.get("custom_fields", 0)])
        }
    )
    tables["people"].load(_seed_people(population, wanted.get("people", 0), number))
    for name in ("tags", "event_campaigns", *ACTIONS, "campaigns", "lists", "queries", "unique_id_lists", "messages"):
        if wanted.get(name) and not tables[name].records:
            tables[name].load(_seed_kind(account, population, KINDS[name], wanted[name]))
    for kind in (*RECORDS.values(), TAGGINGS, ITEMS):
        if wanted.get(kind.name):
            _seed_records(account, population, kind, wanted[kind.name])


def _seed_wrappers(population: Population, count: int) -> dict[str, Record]:
    wrappers: dict[str, Record] = {}
    for place, moment in enumerate(population.moments(count)):
        key = population.uuid()
        wrappers[key] = {
            "identifiers": [f"{NATIVE}{key}"],
            "origin_system": HERE,
            "name": "Logo only" if place == 0 else f"Wrapper {place}",
            "administrative_url": f"{SITE}/email_templates/{place + 1}/edit",
            "header": "<table><tr><td>",
            "footer": "</td></tr></table>",
            "action_network:suffix": " via Group A",
            "wrapper_type": "email",
            "default": place == 0,
            "created_date": iso(moment),
            "modified_date": iso(moment),
        }
    return wrappers


def _seed_people(population: Population, count: int, number: int) -> dict[str, Record]:
    draw = population.random.random
    addresses = [_seed_address(population, place) for place in range(500)]
    fields = [_seed_fields(population) for _ in range(300)]
    languages = [["en"]] * 9 + [["es"]]
    people: dict[str, Record] = {}
    for place, moment in enumerate(population.moments(count)):
        key = population.uuid()
        somebody = population.person(place)
        mobile_only = draw() < 0.04
        record: Record = {
            "identifiers": [f"{NATIVE}{key}", f"crm{number}:{place}"] if draw() < 0.1 else [f"{NATIVE}{key}"],
            "given_name": somebody.given_name,
            "family_name": somebody.family_name,
            "created_date": iso(moment - (0 if draw() < 0.3 else int(draw() * 700 * DAY))),
            "modified_date": iso(moment),
        }
        if not mobile_only:
            status, chance = "subscribed", draw()
            for status, share in EMAIL_STATUSES:  # noqa: B007
                chance -= share
                if chance < 0:
                    break
            record["email_addresses"] = [{"primary": True, "address": somebody.email, "status": status}]
        if mobile_only or draw() < 0.35:
            status = ("subscribed", "unsubscribed", "bouncing")[int(draw() ** 2 * 3)]
            mobile: Record = {"primary": True, "number": somebody.phone, "number_type": "Mobile", "status": status}
            if not mobile_only and draw() < 0.02:
                del mobile["number"]
            record["phone_numbers"] = [mobile]
        if draw() < 0.9:
            record["postal_addresses"] = addresses[int(draw() * len(addresses))]
        if draw() < 0.02:
            record["origin_system"] = "MyApp"
        record["languages_spoken"] = languages[int(draw() * len(languages))]
        record["custom_fields"] = fields[int(draw() * len(fields))]
        people[key] = record
    return people


def _seed_address(population: Population, place: int) -> list[Record]:
    draw = population.random.random
    city = population.pool.cities[int(draw() * len(population.pool.cities))]
    address: Record = {"primary": True, "address_lines": [population.pick(population.pool.streets)]}
    address |= {"locality": city.name, "region": city.region, "postal_code": city.postal_code, "country": "US"}
    spot = {"latitude": city.latitude, "longitude": city.longitude, "accuracy": "Rooftop"}
    address |= {"language": "en", "location": spot}
    if place % 8 == 0:
        del address["address_lines"], address["locality"]
        address["location"] = spot | {"accuracy": "Approximate"}
    elif place % 20 == 1:
        address |= {"country": "CA", "region": "ON", "postal_code": "K1A 0A6"}
    return [address]


def _seed_fields(population: Population) -> Record:
    draw, pool = population.random.random, population.pool
    values = {
        "I am a parent": "1",
        "employer": population.pick(pool.employers),
        "T-shirt size": "XL",
        "How did you hear about us?": population.pick(pool.sentences),
        "member_id": str(int(draw() * 1e6)),
        "Notes (internal)": population.pick(pool.paragraphs),
        "union local": str(int(draw() * 900)),
        "is_volunteer": "True",
        "Größe": str(150 + int(draw() * 50)),
        "Partner's name": population.pick(pool.given_names),
        "birthday": f"{1940 + int(draw() * 60)}-0{1 + int(draw() * 9)}-1{int(draw() * 10)}",
        "story": population.pick(pool.paragraphs),
    }
    return {name: value for name, value in values.items() if draw() < 0.25}


def _seed_kind(account: Account, population: Population, kind: Kind, count: int) -> dict[str, Record]:
    """Actions, and what else has no parent."""
    people = list(account.tables["people"].records)
    records: dict[str, Record] = {}
    for place, moment in enumerate(population.moments(count)):
        key = population.uuid()
        created = moment - int(population.random.random() * 90 * DAY)
        record: Record = {"identifiers": [f"{NATIVE}{key}"], "origin_system": HERE}
        record |= {"created_date": iso(created), "modified_date": iso(moment)}
        if kind.name in ACTIONS or kind is CAMPAIGNS:
            record |= _seed_action(population, kind, key, place)
        if kind.name in ACTIONS and people:
            record["_creator"] = people[place % len(people)]
        records[key] = record | _KIND_SEEDS[kind.name](account, population, place, moment)
        if kind is TAGS:
            del records[key]["origin_system"]
        elif account.tables["tags"].records and place % 4 == 1 and (kind.name in ACTIONS or kind is MESSAGES):
            records[key]["tag_list"] = [next(iter(account.tables["tags"].records.values()))["name"]]
        if kind.name == "events" and people:
            records[key]["_organizer"] = people[(place + 1) % len(people)]
    return records


def _seed_action(population: Population, kind: Kind, key: str, place: int) -> Record:
    """What actions have in common; every third is made by API, by an application with its own identifiers."""
    slug = f"{kind.one.replace(' ', '-')}-{place}"
    title = population.pick(population.pool.sentences).rstrip(".")
    common: Record = {
        "title": f"{title} {place}",
        "name": "" if place % 4 == 0 else f"{kind.one.capitalize()} {place}",
        "description": f"<p>{population.pick(population.pool.paragraphs)}</p>",
        "browser_url": f"{SITE}/{kind.name}/{slug}",
        "action_network:hidden": place % 7 == 6,
    }
    if place % 3 == 1 and kind is not CAMPAIGNS:
        foreign = f"my_app:{kind.name}-{key[:8]}"
        common |= {"origin_system": "MyApp", "_api": True, "browser_url": f"https://app.example.org/{slug}"}
        return common | {"identifiers": [f"{NATIVE}{key}", foreign]}
    common["featured_image_url"] = f"{SITE}/images/{slug}.jpg"
    url = "browser_url" if kind.name in ("events", "campaigns", "petitions") else "url"
    common["action_network:sponsor"] = {"title": "Group A", url: f"{SITE}/groups/group-a"}
    return common


def _seed_event(account: Account, population: Population, place: int, moment: int) -> Record:
    city = population.pool.cities[place % len(population.pool.cities)]
    start = moment + int(population.random.random() * 120) * DAY
    event: Record = {
        "instructions": f"<p>{population.pick(population.pool.sentences)}</p>",
        "start_date": iso(start - start % 1800),
        "status": ("confirmed", "confirmed", "confirmed", "tentative", "cancelled")[place % 5],
        "transparence": "opaque",
        "visibility": "public" if place % 6 else "private",
        "guests_can_invite_others": place % 2 == 0,
        "total_accepted": 0,
        "location": {
            "venue": f"{population.pick(population.pool.family_names)} Hall",
            "address_lines": [population.pick(population.pool.streets)],
            "locality": city.name,
            "region": city.region,
            "postal_code": city.postal_code,
            "country": "US",
            "language": "en",
            "location": {"latitude": city.latitude, "longitude": city.longitude, "accuracy": "Rooftop"},
        },
    }
    if place % 2 == 0:
        event |= {"end_date": iso(start - start % 1800 + 7200), "capacity": 10 + place}
        event["reminders"] = [{"method": "email", "minutes": 1440}]
    campaigns = account.tables["event_campaigns"]
    if campaigns.records and place % 3 == 2:
        key = list(campaigns.records)[place % len(campaigns.records)]
        campaign = campaigns.records[key]
        campaigns.put(key, {**campaign, "total_events": campaign["total_events"] + 1})
        event["action_network:event_campaign_id"] = key
    return event


def _seed_campaign(account: Account, population: Population, _place: int, _moment: int) -> Record:
    petitions = list(account.tables["petitions"].records.values())[:3]
    pages = [{"title": petition["title"], "browser_url": petition["browser_url"]} for petition in petitions]
    return {"actions": pages, "description": f"<p>{population.pick(population.pool.sentences)}</p>"}


def _seed_message(account: Account, population: Population, place: int, moment: int) -> Record:
    wrappers = list(account.tables["wrappers"].records)
    lists = [key for key, record in account.tables["lists"].records.items() if record["description"] == "Email"]
    queries = list(account.tables["queries"].records)
    subject = population.pick(population.pool.sentences).rstrip(".")
    message: Record = {
        "name": f"Message {place}",
        "subject": subject,
        "body": f"<p>{population.pick(population.pool.paragraphs)}</p>",
        "from": "Group A",
        "reply_to": "team@example.org",
        "administrative_url": f"{SITE}/emails/message-{place}/manage",
        "type": "email",
        "total_targeted": len(account.tables["people"].records),
        "_wrapper": wrappers[place % len(wrappers)],
        "_queries": queries[place % len(queries) :][:1] if queries and place % 2 else [],
    }
    if place % 4 == 3:
        return message | {"status": "draft"}
    if lists:
        message["_list"] = lists[place % len(lists)]
    statistics = _statistics(message["total_targeted"], 0.3) | {"verified_opened": message["total_targeted"] // 5}
    return message | {"status": "sent", "sent_start_date": iso(moment), "statistics": statistics}


def _seed_list(_account: Account, population: Population, place: int, _moment: int) -> Record:
    """A report, or the people an e-mail went to."""
    title = population.pick(population.pool.sentences).rstrip(".")
    if place % 2:
        return {"title": title, "name": f"Message {place}", "description": "Email"}
    return {"title": title, "description": "Report", "browser_url": f"{SITE}/reports/{place + 1}/manage"}


_KIND_SEEDS: dict[str, Callable[[Account, Population, int, int], Record]] = {
    "petitions": lambda _account, population, place, _moment: {
        "petition_text": population.pick(population.pool.paragraphs),
        "total_signatures": 0,
        "target": [{"name": "The Mayor"}, {"name": f"Council {place}"}],
    },
    "events": _seed_event,
    "forms": lambda _account, _population, _place, _moment: {"call_to_action": "Tell us", "total_submissions": 0},
    "fundraising_pages": lambda _account, _population, _place, _moment: {
        "total_donations": 0,
        "total_amount": 0.0,
        "currency": "USD",
    },
    "advocacy_campaigns": lambda _account, _population, place, _moment: {
        "targets": "U.S. Senate",
        "type": "phone" if place % 4 == 3 else "email",
        "total_outreaches": 0,
    },
    "surveys": lambda _account, _population, _place, _moment: {"call_to_action": "Let us know", "total_responses": 0},
    "event_campaigns": lambda _account, population, place, _moment: {
        "host_pitch": population.pick(population.pool.sentences),
        "host_instructions": f"<p>{population.pick(population.pool.sentences)}</p>",
        "host_url": f"{SITE}/events/new?event_campaign_id={place + 1}",
        "total_events": 0,
        "total_rsvps": 0,
    },
    "campaigns": _seed_campaign,
    "tags": lambda _account, population, place, _moment: {
        "name": f"{population.pool.words[place % len(population.pool.words)]} {place}"
    },
    "lists": _seed_list,
    "queries": lambda _account, population, place, _moment: {
        "name": population.pick(population.pool.sentences),
        "browser_url": f"{SITE}/queries/{place + 1}/edit",
        "_people": 100,
    },
    "unique_id_lists": lambda _account, _population, place, _moment: {
        "name": f"ID targets {place}",
        "count": 0,
        "_members": [],
    },
    "messages": _seed_message,
}


def _seed_referrer(population: Population) -> Record:
    data = {"source": population.pick(["none", "email", "facebook"]), "website": "none", "referrer": "group-group-a"}
    if data["source"] == "email":
        data["email_referrer"] = "emails-stop-it"
        data["mobile_message_referrer"] = "mobile_messages-stop-it"
    return data


def _seed_donation(population: Population, _parent: Record) -> Record:
    cents = 300 + int(population.random.random() ** 3 * 20_000)
    parts = [cents * 2 // 3, cents - cents * 2 // 3] if cents % 3 == 0 else [cents]
    recurring = population.random.random() < 0.2
    period = population.pick(["Monthly", "Monthly", "Yearly", "Every 3 Months"])
    return {
        "currency": "usd",
        "amount": f"{cents / 100:.2f}",
        "recipients": [
            {"display_name": f"Group {'AB'[place]}", "amount": f"{part / 100:.2f}"} for place, part in enumerate(parts)
        ],
        "payment": {"method": "Credit Card", "authorization_stored": recurring},
        "action_network:recurrence": {"recurring": recurring} | ({"period": period} if recurring else {}),
        "action_network:referrer_data": _seed_referrer(population),
    }


def _seed_outreach(population: Population, parent: Record) -> Record:
    target = {
        "title": "Representative",
        "given_name": population.pick(population.pool.given_names),
        "family_name": population.pick(population.pool.family_names),
        "ocdid": f"ocd-division/country:us/state:ca/sldl:{int(population.random.random() * 80)}",
    }
    common = {"targets": [target], "action_network:referrer_data": _seed_referrer(population)}
    if parent.get("type") == "phone":
        return {"type": "phone", "duration": int(population.random.random() * 600), **common}
    return {"type": "email", "subject": "Vote no", "message": population.pick(population.pool.paragraphs), **common}


def _seed_signature(population: Population, _parent: Record) -> Record:
    record: Record = {"action_network:referrer_data": _seed_referrer(population)}
    if population.random.random() < 0.4:
        record["comments"] = population.pick(population.pool.sentences)
    return record


_RECORD_SEEDS: dict[str, Callable[[Population, Record], Record]] = {
    "signatures": _seed_signature,
    "attendances": lambda population, _parent: {
        "status": population.pick(["accepted"] * 9 + ["attended", "declined"]),
        "action_network:referrer_data": _seed_referrer(population),
    },
    "submissions": lambda population, _parent: {"action_network:referrer_data": _seed_referrer(population)},
    "donations": _seed_donation,
    "outreaches": _seed_outreach,
    "responses": lambda population, _parent: {"action_network:referrer_data": _seed_referrer(population)},
    "taggings": lambda _population, _parent: {"item_type": "osdi:person"},
    "items": lambda _population, _parent: {"item_type": "osdi:person"},
}


def _seed_records(account: Account, population: Population, kind: Kind, count: int) -> None:
    """Records of actions, taggings and list items: every parent gets one first, then few get many.

    One donation in fifty is by somebody who cannot be read.
    """
    draw = population.random.random
    parents = list(account.tables[kind.parent].records)
    people = account.tables["people"].records
    keys = list(people)
    once = kind.name not in ("donations", "outreaches")
    pairs: set[tuple[str, str]] = set()
    records: dict[str, Record] = {}
    for place in range(count if keys and parents else 0):
        parent = parents[place if place < len(parents) else int(draw() ** 2 * len(parents))]
        person = keys[int(draw() * len(keys))]
        if once and (person, parent) in pairs:
            continue
        pairs.add((person, parent))
        own = population.uuid()
        details = people[person]
        first, last = details["created_date"], details["modified_date"]
        created = (first, last)[int(draw() * 2)]
        record: Record = {"identifiers": [f"{NATIVE}{own}"], "created_date": created, "modified_date": created}
        record |= {"_person": person, "_parent": parent}
        record |= _RECORD_SEEDS[kind.name](population, account.tables[kind.parent].records[parent])
        if kind is ITEMS:
            record |= {"_id": person, "identifiers": [f"{NATIVE}{person}"]}
        elif kind.name == "donations":
            record["payment"]["reference_number"] = own
            if place % 50 == 7:
                record["_person"] = population.uuid()
        elif draw() < 0.1:
            record["identifiers"] = [f"{NATIVE}{own}", f"free_forms:{own[:13]}"]
        records[f"{parent}/{person}" if kind is ITEMS else own] = record
    account.tables[kind.name].load(records)
    _count_all(account, kind)


def _count_all(account: Account, kind: Kind) -> None:
    """Sets the parents' counters after seeding."""
    table = account.tables[kind.parent]
    if kind.total:
        for record in account.tables[kind.name].records.values():
            _count(account, kind, record, 1)
        table.load(table.records)


# Routes


def _routes() -> Iterable[tuple[str, str, Callable[[Call], Response]]]:
    """Method, path and handler of every route that needs a key."""
    for kind in TOP_LEVEL:
        yield "GET", f"/{kind.name}", partial(_top_collection, kind)
        yield "GET", f"/{kind.name}/{{id}}", partial(_item, kind)
    for kind in ACTIONS.values():
        yield "POST", f"/{kind.name}", partial(_post_action, kind)
        yield "PUT", f"/{kind.name}/{{id}}", partial(_put_action, kind)
        yield "GET", f"/{kind.name}/{{id}}/embed", partial(_embed, kind)
    for kind in (*RECORDS.values(), TAGGINGS, ITEMS):
        for parent in (KINDS[kind.parent], PEOPLE):
            if kind is ITEMS and parent is PEOPLE:
                continue
            path = f"/{parent.name}/{{id}}/{kind.name}"
            yield "GET", path, partial(_child_collection, kind, parent)
            yield "GET", f"{path}/{{child}}", partial(_child_item, kind, parent)
            if kind.write or kind.name in ("submissions", "responses"):
                yield "PUT", f"{path}/{{child}}", partial(_put_record_item, kind, parent)
    for kind in RECORDS.values():
        yield "POST", f"/{kind.parent}/{{id}}/{kind.name}", partial(_post_record, kind)
    events = "/event_campaigns/{id}/events"
    yield "GET", events, partial(_child_collection, ACTIONS["events"], ACTIONS["event_campaigns"])
    yield "POST", events, partial(_post_action, ACTIONS["events"])
    yield "GET", f"{events}/{{event}}", _campaign_event
    yield "GET", f"{events}/{{event}}/attendances", _campaign_attendances
    yield "PUT", "/people/{id}", _put_person
    yield "POST", "/tags", _post_tag
    yield "POST", "/tags/{id}/taggings", _post_tagging
    yield "DELETE", "/tags/{id}/taggings/{child}", _delete_tagging
    yield "POST", "/messages", _post_message
    yield "PUT", "/messages/{id}", _put_message
    yield "POST", "/messages/{id}/send", _send_message
    yield "DELETE", "/messages/{id}/send", _stop_message
    yield "POST", "/messages/{id}/schedule", _schedule_message
    yield "DELETE", "/messages/{id}/schedule", _unschedule_message
    yield "POST", "/unique_id_lists", _post_unique_id_list
    yield "PUT", "/unique_id_lists/{id}", _put_unique_id_list
    yield "GET", "/metadata", _metadata
    yield "GET", "/metadata/custom_fields", _custom_fields


VENDOR = Vendor(
    name="action_network",
    api=API,
    resources=RESOURCES,
    options=OPTIONS,
    routes=[
        Route("GET", API, _entry_point, open=True),
        Route("POST", f"{API}/people", _post_person, open=True),
        *(Route(method, API + path, handler) for method, path, handler in _routes()),
    ],
    identify=identify,
    refuse=refuse,
    seed=seed,
    serve=serve,
    insert=insert,
    invent=invent,
    change=change,
    delete=_delete,
    check=check,
)
