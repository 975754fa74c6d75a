"""Collections, single records, and the members of a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osdi_crm_sandbox.vendor import Call, Refusal
from osdi_crm_sandbox.vendors.nationbuilder.answers import View, json_api, page_links, prefix
from osdi_crm_sandbox.vendors.nationbuilder.keeping import Transaction
from osdi_crm_sandbox.vendors.nationbuilder.queries import choose, parse
from osdi_crm_sandbox.vendors.nationbuilder.resources import KINDS, OWNER, Kind

if TYPE_CHECKING:
    from starlette.responses import Response


def get_collection(kind: Kind, call: Call) -> Response:
    """GET /{type}."""
    account, query = call.account, parse(call, kind, listing=True)
    heavy = account.options["heavy_page"]
    if heavy is not None and query.size > heavy:
        raise Refusal(502, "Bad gateway")
    table = account.tables[kind.name]
    found = choose(table, query.filters, query.sort)
    if kind.name in account.options["single_page"]:
        keys = found.page(1, max(1, len(found)))
    else:
        keys = found.page(query.page, query.size)
    view = View(account, prefix(account, call.url), query)
    data = [view.show(kind, key, query.include) for key in keys]
    meta = {"stats": {"total": {"count": len(found)}}} if query.total else {}
    return json_api(view.document(data, page_links(call, query), meta))


def get_item(kind: Kind, call: Call) -> Response:
    """GET /{type}/{id}."""
    return _one(kind, call.params["id"], call)


def get_me(call: Call) -> Response:
    """GET /signups/me: whose token it is."""
    return _one(KINDS["signups"], OWNER, call)


def _one(kind: Kind, key: str, call: Call) -> Response:
    query = parse(call, kind, listing=False)
    if key not in call.account.tables[kind.name].records:
        raise Refusal(404, "Record not found")
    view = View(call.account, prefix(call.account, call.url), query)
    data = view.show(kind, key, query.include, primary=True)
    return json_api(view.document(data, page_links(call, query, single=True), {}))


def get_list_members(call: Call) -> Response:
    """GET /lists/{id}/signups."""
    account = call.account
    key = call.params["id"]
    if key not in account.tables["lists"].records:
        raise Refusal(404, "Record not found")
    query = parse(call, KINDS["signups"], listing=True, plain=True)
    records = account.tables["list_members"].records
    members = Transaction(account).find("list_members", list_id=key)
    page = members[(query.page - 1) * query.size : query.page * query.size]
    view = View(account, prefix(account, call.url), query)
    data = [view.show(KINDS["signups"], records[member]["signup_id"], query.include) for member in page]
    meta: dict[str, Any] = {"stats": {"total": {"count": len(members)}}} if query.total else {}
    return json_api(view.document(data, page_links(call, query), meta))
