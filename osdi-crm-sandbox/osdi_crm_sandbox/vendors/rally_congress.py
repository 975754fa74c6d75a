"""Rally Congress API v3, as documented at rallycongress.com/docs/api (3.02, December 2015).

The public pages show no response and stop half-way. Assumed here: the segment `supporters` and its single records, the
names of paging parameters, record arrays, form keys, campaign, action and letter properties, the 202 answer
({"id", "missing"}), a range of join dates as first/last, and strictness towards parameters that are not documented.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import time
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit
from zlib import crc32

from starlette.responses import Response

from osdi_crm_sandbox.population import Population, iso
from osdi_crm_sandbox.vendor import Call, Record, Refusal, Resource, Route, Vendor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.records import Condition

API = "/v3"
PAGE_SIZE = 50

OPTIONS: dict[str, Any] = {
    "at_once": 1,  # the vendor's 429 means too many simultaneous requests
    "wrapped": False,  # True: what is answered stands under `response`, as errors always do
    "records_key": None,  # name of the array of records instead of the resource's
    "next_uri": "present",  # or "missing": on no page
    "last_next_uri": "empty",  # on the last page; or "null", "missing", "self"
    "uris": "relative",  # to the host; or "absolute"
    "next_host": None,  # `nextpageuri` leads to this scheme and host instead
    "numbers_as_text": False,  # page, pagesize and totalResults as strings
    "max_page_size": 100,
    "charset": "utf-8",  # of answers, which never say so; or "latin-1"
    "control_characters": False,  # tabs and line breaks stand in strings as they are
    "byte_order_mark": False,
    "form_key_style": "camel",  # the only form keys understood; or "lower", "bracket"
    "upsert_by_email": True,  # False: POST supporters with a known e-mail is refused
    "supporter_needs": [],  # properties without which a new supporter is answered with 202
}

OPT_INS = ("not_collected", "no", "yes", "pending", "unsubscribed", "spam")
ADDRESS_TYPES = ("home", "work", "vacation", "school", "unknown")
ACTION_TYPES = ("letter", "twitter", "phone", "petition", "facebook")
ADDRESS = ("addressType", "street1", "street2", "street3", "city", "state", "zipcode", "zipplus")
WRITABLE = ("firstName", "lastName", "middleName", "suffix", "prefix", "email", "emailOptin", "customId")
PROPERTIES = (*WRITABLE[:6], "emailOptin", "emailStatus", "customId")

FILTERS = (
    *("email", "firstName", "lastName", "customId", "updatedSince", "joinDate"),
    *("city", "state", "optinStatus", "zipCode", "congressDistrict"),
)
PAGING = ("page", "pagesize")

LOWER_KEYS = {name.lower(): name for name in (*WRITABLE, *ADDRESS)} | {"street": "street1", "phone": "telephone"}
FORM_KEYS: dict[str, Mapping[str, str]] = {
    "camel": {name: name for name in (*WRITABLE, *ADDRESS, "telephone")},
    "lower": {key: name for key, name in LOWER_KEYS.items() if key != "street1"},
    "bracket": {name: name for name in WRITABLE},
}
BRACKETED = re.compile(r"(addresses|phones)\[(\d)\]\[(\w+)\]")

ACTION_FORM = ("prefix", "firstname", "lastname", "street", "city", "state", "zipcode", "phone", "email")
MESSAGE = ("subject", "message")


# What collections are selected by


def _texts(name: str, record: Record) -> Iterable[str]:
    return (str(record[name]),) if record.get(name) is not None else ()


def _address_parts(name: str, record: Record) -> Iterable[str]:
    return [address[name] for address in record.get("addresses") or () if address.get(name)]


FIELDS: dict[str, Callable[[Record], Iterable[str]]] = {
    "email": lambda record: (record["email"].casefold(),),
    "firstName": partial(_texts, "firstName"),
    "lastName": partial(_texts, "lastName"),
    "customId": partial(_texts, "customId"),
    "updatedSince": partial(_texts, "_updated"),
    "joinDate": partial(_texts, "_joined"),
    "city": partial(_address_parts, "city"),
    "state": partial(_address_parts, "state"),
    "optinStatus": partial(_texts, "emailOptin"),
    "zipCode": partial(_address_parts, "zipcode"),
    "congressDistrict": partial(_texts, "_district"),
}
RESOURCES = {
    "supporters": Resource("_updated", FIELDS),
    "campaigns": Resource("_updated", {"current": lambda record: (str(record["_current"]),)}),
    "campaign_actions": Resource("_updated", {"campaign": partial(_texts, "campaignId")}),
    "letters": Resource("_updated", {}),
}


# Answering


CONTROLS = {"n": "\n", "r": "\r", "t": "\t"}


def _answer(call: Call, content: Any, status: int = 200) -> Response:
    """JSON as this account's options spoil it."""
    options = OPTIONS if call.caller is None else call.caller.options
    if options["wrapped"] and "response" not in content:
        content = {"response": content}
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    if options["control_characters"]:
        text = re.sub(r"\\(.)", lambda escape: CONTROLS.get(escape[1], escape[0]), text)
    if options["byte_order_mark"]:
        text = f"\ufeff{text}"
    return Response(text.encode(options["charset"], "replace"), status, media_type="application/json")


def refuse(call: Call, status: int, words: str) -> Response:
    """{"response": {"errors": [words]}}."""
    return _answer(call, {"response": {"errors": [words]}}, status)


def identify(call: Call, accounts: Mapping[str, Account]) -> Account | None:
    """By HTTP Basic: the account id and its token."""
    scheme, _, encoded = call.headers.get("authorization", "").partition(" ")
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    account = accounts.get(user)
    if scheme.lower() != "basic" or account is None or password != _auth_token(account):
        return None
    return account


def _auth_token(account: Account) -> str:
    return f"{account.key}-token"


def credentials(account: Account) -> Record:
    """User name and password of HTTP Basic."""
    return {"account_id": account.key, "auth_token": _auth_token(account)}


def _uri(account: Account, url: str, path: str) -> str:
    return (url if account.options["uris"] == "absolute" else urlsplit(url).path) + path


def serve(account: Account, resource: str, key: str, url: str) -> Any:
    """A record by id; of a letter also whether it was delivered."""
    record = account.tables[resource].records[key]
    served = {name: value for name, value in record.items() if name[0] != "_"}
    if resource == "campaigns":
        served = _serve_campaign(account, key, url)
    elif resource == "campaign_actions":
        served["uri"] = _uri(account, url, f"{API}/campaigns/{key}")
    return served


def _serve_campaign(account: Account, key: str, url: str, *, whole: bool = True) -> Record:
    record = account.tables["campaigns"].records[key]
    actions = account.tables["campaign_actions"]
    hidden = () if whole else ("text", "displaySettings")
    served = {name: value for name, value in record.items() if name[0] != "_" and name not in hidden}
    served["uri"] = _uri(account, url, f"{API}/campaigns/{key}")
    served["actions"] = [
        {
            "actionType": actions.records[action]["actionType"],
            "title": actions.records[action]["title"],
            "uri": _uri(account, url, f"{API}/campaigns/{action}"),
        }
        for action in sorted(actions.find("campaign", key))
    ]
    return served


# Reading


def _allow(call: Call, names: Sequence[str]) -> None:
    unknown = sorted(call.query.keys() - {*names})
    if unknown:
        raise Refusal(400, f"Unknown parameter {unknown[0]}")


def _whole(call: Call, name: str, default: int, least: int) -> int:
    text = call.query.get(name, str(default))
    if not text.isdecimal() or int(text) < least:
        raise Refusal(400, f"{name} is not valid")
    return int(text)


def _page(call: Call, resource: str, found: Sequence[str], show: Callable[[str], Any]) -> Response:
    """A page of the ids found, counted from zero."""
    options = call.account.options
    size = min(_whole(call, "pagesize", PAGE_SIZE, 1), options["max_page_size"])
    number = _whole(call, "page", 0, 0)
    total = len(found)
    is_last = (number + 1) * size >= total
    envelope: Record = {
        "uri": _page_uri(call, number, size),
        "firstpageuri": _page_uri(call, 0, size),
        "nextpageuri": _page_uri(call, number + 1, size, options["next_host"]),
        "previouspageuri": _page_uri(call, number - 1, size) if number else "",
        "page": number,
        "pagesize": size,
        "totalResults": total,
    }
    if is_last:
        last: Record = {"empty": "", "null": None, "self": envelope["uri"]}
        envelope["nextpageuri"] = last.get(options["last_next_uri"])
    if options["next_uri"] == "missing" or (is_last and options["last_next_uri"] == "missing"):
        del envelope["nextpageuri"]
    if options["numbers_as_text"]:
        envelope |= {name: str(envelope[name]) for name in (*PAGING, "totalResults")}
    records = [show(key) for key in found[number * size : (number + 1) * size]]
    return _answer(call, envelope | {options["records_key"] or resource: records})


def _page_uri(call: Call, page: int, size: int, host: str | None = None) -> str:
    query = {name: value for name, value in call.query.items() if name not in PAGING}
    where = f"{call.path}?{urlencode({**query, 'page': page, 'pagesize': size})}"
    return f"{host}{where}" if host else _uri(call.account, call.url, where)


def _supporters(call: Call) -> Response:
    """All of them, or those that fulfil all filters (rallycongress.com/docs/api/supporters)."""
    _allow(call, (*FILTERS, *PAGING))
    account, table = call.account, call.account.tables["supporters"]
    where = [condition for name in FILTERS if name in call.query for condition in _condition(name, call.query[name])]
    found = [key for key in table.select(where, live=not where) if key in table.records]
    return _page(call, "supporters", found, lambda key: serve(account, "supporters", key, call.url))


def _condition(name: str, value: str) -> list[Condition]:
    if name == "updatedSince":
        return [(name, "gt", _moment(value))]
    if name == "joinDate":
        first, _, last = value.partition("/")
        if not all(re.fullmatch(r"\d{4}-\d\d-\d\d", date) for date in (first, last or first)):
            raise Refusal(400, "joinDate is not valid")
        return [(name, "ge", first), (name, "le", last or first)]
    return [(name, "eq", value.casefold() if name == "email" else value)]


def _moment(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Refusal(400, "updatedSince is not valid") from error
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _find(call: Call, resource: str, key: str) -> Record:
    record = call.account.tables[resource].records.get(key)
    if record is None:
        raise Refusal(404, "Resource not found")
    return record


def _supporter(call: Call) -> Response:
    _find(call, "supporters", call.params["id"])
    return _answer(call, serve(call.account, "supporters", call.params["id"], call.url))


def _campaigns(call: Call) -> Response:
    """The current ones, without their texts."""
    _allow(call, PAGING)
    found = list(call.account.tables["campaigns"].select([("current", "eq", "True")], live=True))
    return _page(call, "campaigns", found, lambda key: _serve_campaign(call.account, key, call.url, whole=False))


def _campaign(call: Call) -> Response:
    _find(call, "campaigns", call.params["id"])
    return _answer(call, _serve_campaign(call.account, call.params["id"], call.url))


def _action_key(call: Call) -> str:
    key = f"{call.params['id']}/{call.params['action']}"
    _find(call, "campaign_actions", key)
    return key


def _campaign_action(call: Call) -> Response:
    """The form of an action; with a ZIP, its place and all the targets there."""
    _allow(call, ("zipcode",))
    key = _action_key(call)
    served = serve(call.account, "campaign_actions", key, call.url)
    if "zipcode" in call.query:
        zipcode = call.query["zipcode"]
        if not re.fullmatch(r"\d{5}(-?\d{4})?", zipcode):
            raise Refusal(400, "zipcode is not valid")
        population = Population(zipcode[:5])
        city = population.pool.cities[crc32(zipcode[:5].encode()) % len(population.pool.cities)]
        served |= {"city": city.name, "state": city.region}
        served["targets"] = [*served["targets"], _target(population, city.region, "Representative")]
    return _answer(call, served)


# Writing supporters


def _now() -> str:
    return iso(time.time())


def _form(call: Call) -> dict[str, str]:
    is_form = call.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    if not is_form or not isinstance(call.body, dict):
        raise Refusal(400, "The body must be application/x-www-form-urlencoded")
    return call.body


def _refuse_all(call: Call, errors: list[str]) -> Response:
    return _answer(call, {"response": {"errors": errors}}, 400)


def _next_id(account: Account, name: str, first: int) -> str:
    account.state[name] = account.state.get(name, first) + 1
    return str(account.state[name])


def _given(account: Account, form: Mapping[str, str]) -> Record:
    """A form's keys as a supporter's properties; addresses and phones by place. Unknown keys are passed over."""
    keys = FORM_KEYS[account.options["form_key_style"]]
    given: Record = {"addresses": {}, "phones": {}}
    for key, value in form.items():
        name = keys.get(key)
        bracketed = BRACKETED.fullmatch(key) if account.options["form_key_style"] == "bracket" else None
        if bracketed:
            given[bracketed[1]].setdefault(int(bracketed[2]), {})[bracketed[3]] = value.strip() or None
        elif name in ADDRESS:
            given["addresses"].setdefault(0, {})[name] = value.strip() or None
        elif name == "telephone":
            given["phones"].setdefault(0, {})[name] = value.strip() or None
        elif name:
            given[name] = value.strip() or None
    return given


def _errors(account: Account, own: str | None, record: Record) -> list[str]:
    """What is wrong with a supporter."""
    errors = []
    email = record.get("email") or ""
    if not email:
        errors.append("Email is required")
    elif not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
        errors.append("Email is not valid")
    elif any(key != own for key in account.tables["supporters"].find("email", email.casefold())):
        errors.append("Email has already been taken")
    if record["emailOptin"] not in OPT_INS:
        errors.append("Email optin is not valid")
    for address in record["addresses"]:
        if (address["addressType"] or "unknown").lower() not in ADDRESS_TYPES:
            errors.append("Address type is not valid")
        errors += [
            f"{name.capitalize()} is not valid"
            for name, pattern in (("state", r"[A-Z]{2}"), ("zipcode", r"\d{5}"), ("zipplus", r"\d{4}"))
            if address[name] and not re.fullmatch(pattern, address[name])
        ]
    digits = [re.sub(r"\D", "", phone["telephone"] or "") for phone in record["phones"]]
    return errors + ["Telephone is not valid" for number in digits if len(number) != 10]


def _merge(old: Record, given: Record) -> Record:
    record = {**old, **{name: given[name] for name in WRITABLE if name in given}}
    record["addresses"] = _merge_list(old["addresses"], given["addresses"], ADDRESS)
    record["phones"] = _merge_list(old["phones"], given["phones"], ("telephone",))
    return record


def _merge_list(old: list[Record], given: dict[int, Record], names: Sequence[str]) -> list[Record]:
    merged = list(old)
    for place in sorted(given):
        entry = merged[place] if place < len(merged) else dict.fromkeys(names)
        changed = {**entry, **{name: value for name, value in given[place].items() if name in names}}
        merged[place : place + 1] = [changed]
    return merged


def _new_supporter() -> Record:
    new: Record = dict.fromkeys(("id", *PROPERTIES))
    now = _now()
    settled = {"emailOptin": "not_collected", "emailStatus": "unknown", "addresses": [], "phones": []}
    return new | settled | {"_updated": now, "_joined": now[:10], "_district": None}


def _missing(account: Account, record: Record) -> list[str]:
    flat = {**record, **{name: address[name] for address in record["addresses"] for name in ADDRESS}}
    flat |= {name: value for phone in record["phones"] for name, value in phone.items()}
    return [name for name in account.options["supporter_needs"] if not flat.get(name)]


def _incomplete(call: Call, form: Mapping[str, str], missing: list[str]) -> Response:
    """202: what is missing, and an id to send it with."""
    token = _next_id(call.account, "incomplete", 70_000)
    call.account.state.setdefault("waiting", {})[token] = {**form}
    return _answer(call, {"id": token, "missing": missing}, 202)


def _completed(call: Call) -> dict[str, str]:
    """The form, together with the incomplete one whose id it carries."""
    form = _form(call)
    waiting: dict[str, dict[str, str]] = call.account.state.setdefault("waiting", {})
    return {**waiting.pop(form.get("id", ""), {}), **{key: value for key, value in form.items() if key != "id"}}


def _post_supporter(call: Call) -> Response:
    """Creates one, or updates the one with this e-mail."""
    account, form = call.account, _completed(call)
    given = _given(account, form)
    known = account.tables["supporters"].find("email", (given.get("email") or "").casefold())
    if known and account.options["upsert_by_email"]:
        return _save_supporter(call, known[0], given)
    record = _merge(_new_supporter(), given)
    errors = _errors(account, None, record)
    if errors:
        return _refuse_all(call, errors)
    missing = _missing(account, record)
    if missing:
        return _incomplete(call, form, missing)
    key = _put_supporter(account, record)
    return _answer(call, serve(account, "supporters", key, call.url), 201)


def _put_supporter(account: Account, record: Record) -> str:
    key = record["id"] or _next_id(account, "supporter", 1000)
    account.tables["supporters"].put(key, {**record, "id": key})
    return str(key)


def _update_supporter(call: Call) -> Response:
    _find(call, "supporters", call.params["id"])
    return _save_supporter(call, call.params["id"], _given(call.account, _form(call)))


def _save_supporter(call: Call, key: str, given: Record) -> Response:
    account, table = call.account, call.account.tables["supporters"]
    record = _merge(table.records[key], given)
    errors = _errors(account, key, record)
    if errors:
        return _refuse_all(call, errors)
    table.put(key, {**record, "_updated": _now()})
    return _answer(call, serve(account, "supporters", key, call.url))


# Taking action


def _post_action(call: Call) -> Response:
    """Sends a letter, or takes another action, and stores the supporter (rallycongress.com/docs/api/campaigns)."""
    account, form = call.account, _completed(call)
    action = account.tables["campaign_actions"].records[_action_key(call)]
    supporter = {
        "email": form.get("email"),
        "firstName": form.get("firstname"),
        "lastName": form.get("lastname"),
        "prefix": form.get("prefix"),
    }
    address = dict.fromkeys(ADDRESS) | {"street1": form.get("street"), "addressType": "home"}
    address |= {name: form.get(name) or None for name in ("city", "state", "zipcode")}
    phones = [{"telephone": form["phone"]}] if form.get("phone") else []
    known = account.tables["supporters"].find("email", form.get("email", "").casefold())
    record = (account.tables["supporters"].records[known[0]] if known else _new_supporter()) | supporter
    record |= {"addresses": [address], "phones": phones, "_updated": _now()}
    errors = _errors(account, known[0] if known else None, record)
    if errors:
        return _refuse_all(call, errors)
    missing = [field["name"] for field in action["fields"] if field["isRequired"] and not form.get(field["name"])]
    if missing:
        return _incomplete(call, form, missing)
    letter: Record = {
        "id": _next_id(account, "letter", 50_000),
        "campaignId": call.params["id"],
        "actionType": call.params["action"],
        "supporterId": _put_supporter(account, record),
        **{name: form.get(name) for name in (*ACTION_FORM, *MESSAGE, "mode")},
        "delivered": form.get("mode") != "no_delivery" and call.params["action"] != "petition",
        "_updated": _now(),
    }
    account.tables["letters"].put(letter["id"], letter)
    shown = {name: letter[name] for name in ("id", "campaignId", "actionType", "supporterId", "mode")}
    return _answer(call, shown, 201)


# Data


def insert(account: Account, resource: str, given: Record) -> str:
    """Stores a record given as the API serves it; campaigns without `actions` get a letter."""
    now = _now()
    table = account.tables[resource]
    if resource == "supporters":
        return _put_supporter(account, _new_supporter() | given)
    if resource == "campaigns":
        key = str(given.get("campaignId") or f"camp{_next_id(account, 'campaign', 1000)}")
        start: Record = {"title": "Untitled", "text": "", "displaySettings": {}, "_current": True, "_updated": now}
        record = {name: value for name, value in given.items() if name not in ("actions", "uri")}
        table.put(key, {"campaignId": key} | start | record)
        for action in given.get("actions", [{"actionType": "letter"}]):
            insert(account, "campaign_actions", {"campaignId": key, "actionType": action["actionType"]})
        return key
    if resource == "campaign_actions":
        given = invent(account, resource) | given
        key = f"{given['campaignId']}/{given['actionType']}"
        population = Population(key)
        table.put(key, _new_action(population, given["actionType"], len(table.records)) | given | {"_updated": now})
        return key
    key = str(given.get("id") or _next_id(account, "letter", 50_000))
    table.put(key, {"delivered": False} | given | {"id": key, "_updated": now})
    return key


def invent(account: Account, resource: str) -> Record:
    """A new record, as `insert` takes it."""
    number = int(_next_id(account, "invented", 0))
    population = Population(f"{account.key} {time.time_ns()}")
    if resource == "supporters":
        somebody = population.person(900_000_000 + number)
        return {"firstName": somebody.given_name, "lastName": somebody.family_name, "email": somebody.email}
    if resource == "campaign_actions":
        return {"campaignId": account.any_of("campaigns"), "actionType": population.pick([*ACTION_TYPES])}
    return {"title": f"{population.pick(population.pool.sentences)} {number}"} if resource == "campaigns" else {}


def change(account: Account, resource: str, key: str, values: Record, modified: str | None) -> None:
    """Merges properties into a record, updated now; a campaign closes with `_current` false."""
    table = account.tables[resource]
    table.put(key, table.records[key] | values | {"_updated": modified or _now()})


def delete(account: Account, resource: str, key: str) -> None:
    """Takes a record away."""
    account.tables[resource].delete(key)


ACCENTED = (("José", "Muñoz"), ("Zoë", "Brontë"), ("François", "Lefèvre"), ("Søren", "Ångström"))
EMAIL_STATUSES = ["unknown"] * 5 + ["validated", "opened", "opened", "hard_bounce", "soft_bounce", "dns_fail"]


def seed(account: Account, size: int, number: int) -> None:
    """Fills an account; an empty one has nothing.

    Raises:
        ValueError: the option `counts` names an unknown resource.
    """
    wanted = {"supporters": size, "campaigns": 2 + size // 200 if size else 0} | account.options["counts"]
    unknown = wanted.keys() - {"supporters", "campaigns"}
    if unknown:
        raise ValueError(f"Nothing to count in {', '.join(sorted(unknown))}: choose from supporters, campaigns")
    population = Population(number)
    account.tables["supporters"].load(dict(_seed_supporters(population, wanted["supporters"])))
    account.state["supporter"] = 1000 + wanted["supporters"]
    for place in range(wanted["campaigns"]):
        insert(account, "campaigns", _seed_campaign(population, place))


def _seed_supporters(population: Population, count: int) -> Iterable[tuple[str, Record]]:
    draw = population.random.random
    for place, (updated, earlier) in enumerate(
        zip(population.moments(count), population.moments(count), strict=True), start=1
    ):
        somebody = population.person(place)
        key = str(1000 + place)
        given, family = (somebody.given_name, somebody.family_name) if place % 20 else ACCENTED[place // 20 % 4]
        addresses = [_seed_address(population, place)] if draw() < 0.9 else []
        if draw() < 0.1:
            addresses.append(_seed_address(population, place) | {"addressType": "work"})
        yield (
            key,
            {
                "id": key,
                "firstName": given,
                "lastName": family,
                "middleName": somebody.given_name[0] if draw() < 0.3 else None,
                "suffix": population.pick(["Jr", "Sr", "III"]) if draw() < 0.03 else None,
                "prefix": population.pick(["Mr.", "Mrs.", "Ms.", "Dr."]) if draw() < 0.7 else None,
                "email": somebody.email,
                "emailOptin": population.pick([*OPT_INS, *["yes"] * 14]),
                "emailStatus": population.pick(EMAIL_STATUSES),
                "customId": f"CRM{place:07d}" if draw() < 0.4 else None,
                "addresses": addresses,
                "phones": [{"telephone": somebody.phone[1:]}] if draw() < 0.6 else [],
                "_updated": iso(updated),
                "_joined": iso(min(updated, earlier))[:10],
                "_district": f"{addresses[0]['state']}{place % 30 + 1:02d}" if addresses else None,
            },
        )


def _seed_address(population: Population, place: int) -> Record:
    city = population.pool.cities[int(population.random.random() * len(population.pool.cities))]
    street = population.pick(population.pool.streets)
    return {
        "addressType": "home",
        "street1": street if place % 25 else f"{street}\tRear",
        "street2": None if place % 10 else "Apt 4\nBuzzer 2",
        "street3": None,
        "city": city.name,
        "state": city.region,
        "zipcode": city.postal_code,
        "zipplus": None if place % 3 else f"{place % 10_000:04d}",
    }


def _seed_campaign(population: Population, place: int) -> Record:
    pool = population.pool
    kinds = ["letter", *(kind for step, kind in enumerate(ACTION_TYPES[1:], start=2) if place % step == 0)]
    return {
        "campaignId": population.uuid()[:8],
        "title": f"{population.pick(population.pool.sentences).rstrip('.')} {place + 1}",
        "text": f"<p>{population.pick(pool.paragraphs)}</p>\r\n<p>¡{population.pick(pool.words)}!</p>",
        "displaySettings": {"showCounter": place % 2 == 0, "theme": "default"},
        "actions": [{"actionType": kind} for kind in kinds],
    }


def _new_action(population: Population, kind: str, place: int) -> Record:
    """The form of an action; every third wants a phone number, every message action a message."""
    message = MESSAGE if kind in ("letter", "twitter", "facebook") else ()
    optional = {"phone"} if place % 3 else set()
    pool = population.pool
    letter = {"subject": population.pick(pool.sentences), "body": population.pick(pool.paragraphs)}
    return {
        "campaignId": None,
        "actionType": kind,
        "title": population.pick(pool.sentences).rstrip("."),
        "fields": [
            {
                "name": name,
                "label": name.capitalize(),
                "type": {"prefix": "select", "message": "textarea"}.get(name, "text"),
                "isRequired": name not in optional,
                **({"options": ["Mr.", "Mrs.", "Ms.", "Dr.", "Other"]} if name == "prefix" else {}),
            }
            for name in (*ACTION_FORM, *message)
        ],
        "letters": [letter] if kind == "letter" else [],
        "targets": [_target(population, None, "President")],
    }


def _target(population: Population, state: str | None, title: str) -> Record:
    person = population.person(0)
    party = population.pick(["Democrat", "Republican", "Independent"])
    return {"title": title, "name": f"{person.given_name} {person.family_name}", "party": party, "state": state}


# Routes


VENDOR = Vendor(
    name="rally_congress",
    api=API,
    resources=RESOURCES,
    options=OPTIONS,
    routes=[
        Route("GET", f"{API}/supporters", _supporters),
        Route("POST", f"{API}/supporters", _post_supporter),
        Route("GET", f"{API}/supporters/{{id}}", _supporter),
        Route("POST", f"{API}/supporters/{{id}}", _update_supporter),
        Route("GET", f"{API}/campaigns", _campaigns),
        Route("GET", f"{API}/campaigns/{{id}}", _campaign),
        Route("GET", f"{API}/campaigns/{{id}}/{{action}}", _campaign_action),
        Route("POST", f"{API}/campaigns/{{id}}/{{action}}", _post_action),
    ],
    identify=identify,
    refuse=refuse,
    seed=seed,
    serve=serve,
    insert=insert,
    invent=invent,
    change=change,
    delete=delete,
    settings=lambda account, _url: credentials(account),
    credentials=credentials,
)
