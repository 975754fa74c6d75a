"""Reading Rally Congress: supporters, campaigns and the forms of their actions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from zlib import crc32

from osdi_crm_sandbox.population import Population, utc
from osdi_crm_sandbox.vendor import Call, Refusal, public
from osdi_crm_sandbox.vendors.rally_congress.access import reply, uri
from osdi_crm_sandbox.vendors.rally_congress.resources import API, FILTERS, PAGE_SIZE, PAGING, target

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.responses import Response

    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.records import Condition, Record


def serve(account: Account, resource: str, key: str, url: str) -> Any:
    """A record by id; of a letter also whether it was delivered."""
    served = public(account.tables[resource].records[key])
    if resource in ("campaigns", "campaign_actions"):
        served["uri"] = uri(account, url, f"{API}/campaigns/{key}")
    if resource == "campaigns":
        actions = sorted(account.tables["campaign_actions"].find("campaign", key))
        shown = [serve(account, "campaign_actions", action, url) for action in actions]
        served["actions"] = [{name: action[name] for name in ("actionType", "title", "uri")} for action in shown]
    return served


def _allow(call: Call, names: Sequence[str]) -> None:
    unknown = sorted(call.query.keys() - {*names})
    if unknown:
        raise Refusal(400, f"Unknown parameter {unknown[0]}")


def _number(call: Call, name: str, default: int, least: int) -> int:
    text = call.query.get(name, str(default))
    if not text.isdecimal() or int(text) < least:
        raise Refusal(400, f"{name} is not valid")
    return int(text)


def _page(call: Call, resource: str, found: Sequence[str], show: Callable[[str], Any]) -> Response:
    """A page of the ids found, counted from zero."""
    options = call.account.options
    size = min(_number(call, "pagesize", PAGE_SIZE, 1), options["max_page_size"])
    number = _number(call, "page", 0, 0)
    is_last = (number + 1) * size >= len(found)
    envelope: Record = {
        "uri": _page_uri(call, number, size),
        "firstpageuri": _page_uri(call, 0, size),
        "nextpageuri": _page_uri(call, number + 1, size, options["next_host"]),
        "previouspageuri": _page_uri(call, number - 1, size) if number else "",
        "page": number,
        "pagesize": size,
        "totalResults": len(found),
    }
    if is_last:
        last: Record = {"empty": "", "null": None, "self": envelope["uri"]}
        envelope["nextpageuri"] = last.get(options["last_next_uri"])
    if options["next_uri"] == "missing" or (is_last and options["last_next_uri"] == "missing"):
        del envelope["nextpageuri"]
    if options["numbers_as_text"]:
        envelope |= {name: str(envelope[name]) for name in (*PAGING, "totalResults")}
    records = [show(key) for key in found[number * size : (number + 1) * size]]
    return reply(call, envelope | {options["records_key"] or resource: records})


def _page_uri(call: Call, page: int, size: int, host: str | None = None) -> str:
    query = {name: value for name, value in call.query.items() if name not in PAGING}
    where = f"{call.path}?{urlencode({**query, 'page': page, 'pagesize': size})}"
    return f"{host}{where}" if host else uri(call.account, call.url, where)


def supporters(call: Call) -> Response:
    """All of them, or those that fulfil all filters (rallycongress.com/docs/api/supporters)."""
    _allow(call, (*FILTERS, *PAGING))
    account, table = call.account, call.account.tables["supporters"]
    where = [condition for name in FILTERS if name in call.query for condition in _conditions(name, call.query[name])]
    found = [key for key in table.select(where, live=not where) if key in table.records]
    return _page(call, "supporters", found, lambda key: serve(account, "supporters", key, call.url))


def _conditions(name: str, value: str) -> list[Condition]:
    if name == "updatedSince":
        since = utc(value)
        if since is None:
            raise Refusal(400, "updatedSince is not valid")
        return [(name, "gt", since)]
    if name == "joinDate":
        first, _, last = value.partition("/")
        if not all(re.fullmatch(r"\d{4}-\d\d-\d\d", date) for date in (first, last or first)):
            raise Refusal(400, "joinDate is not valid")
        return [(name, "ge", first), (name, "le", last or first)]
    return [(name, "eq", value.casefold() if name == "email" else value)]


def supporter(call: Call) -> Response:
    """One supporter."""
    call.record("supporters")
    return reply(call, serve(call.account, "supporters", call.params["id"], call.url))


def campaigns(call: Call) -> Response:
    """The current ones, without their texts."""
    _allow(call, PAGING)
    account = call.account

    def show(key: str) -> Record:
        served = serve(account, "campaigns", key, call.url)
        return {name: value for name, value in served.items() if name not in ("text", "displaySettings")}

    return _page(call, "campaigns", account.tables["campaigns"].find("current", "True"), show)


def campaign(call: Call) -> Response:
    """One campaign with its texts."""
    call.record("campaigns")
    return reply(call, serve(call.account, "campaigns", call.params["id"], call.url))


def action_in(call: Call) -> str:
    """The key of the action that the path names."""
    key = f"{call.params['id']}/{call.params['action']}"
    call.record("campaign_actions", key)
    return key


def campaign_action(call: Call) -> Response:
    """The form of an action; with a ZIP, its place and all the targets there."""
    _allow(call, ("zipcode",))
    served = serve(call.account, "campaign_actions", action_in(call), call.url)
    if "zipcode" in call.query:
        zipcode = call.query["zipcode"]
        if not re.fullmatch(r"\d{5}(-?\d{4})?", zipcode):
            raise Refusal(400, "zipcode is not valid")
        population = Population(zipcode[:5])
        city = population.pool.cities[crc32(zipcode[:5].encode()) % len(population.pool.cities)]
        served |= {"city": city.name, "state": city.region}
        served["targets"] = [*served["targets"], target(population, city.region, "Representative")]
    return reply(call, served)
