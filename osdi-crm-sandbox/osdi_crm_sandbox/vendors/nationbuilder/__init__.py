"""NationBuilder API v2, as in nationbuilder.com/api/v2/docs/v2/released.yaml and at support.nationbuilder.com."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

from osdi_crm_sandbox.vendor import Call, Record, Refusal, Route, Vendor
from osdi_crm_sandbox.vendors.nationbuilder import seeding, sign_in
from osdi_crm_sandbox.vendors.nationbuilder.actions import (
    JOURNEYS,
    LIST_ACTIONS,
    archive,
    change_list,
    list_members,
    show_process,
    turn_journey,
)
from osdi_crm_sandbox.vendors.nationbuilder.answers import API, Rejected, View, json_api, page_links, prefix
from osdi_crm_sandbox.vendors.nationbuilder.drafts import Transaction, next_id
from osdi_crm_sandbox.vendors.nationbuilder.queries import Query, choose, moment, parse
from osdi_crm_sandbox.vendors.nationbuilder.resources import HERE, KINDS, RESOURCES, Kind
from osdi_crm_sandbox.vendors.nationbuilder.writing import create, delete, push, update

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response

    from osdi_crm_sandbox.accounts import Account

OPTIONS: dict[str, Any] = {
    "time_zone": "America/New_York",  # whose clock times are told by, with its offset of the season
    "links": "relative",  # or "absolute"
    "address_rate": None,  # as `rate`, per client address instead of per token; accounts with the same share it
    "rate_headers": "RateLimit",  # or "X-RateLimit": how the headers begin; they come while there is a limit
    "redirect_uri": "http://localhost:8766/callback",  # the app's registered callback
    "refuse_authorization": False,  # whether the admin says no
    "code_seconds": 600,  # life of an authorization code
    "access_token_seconds": 86400,  # life of tokens issued from now on
    "test_token_seconds": 86400,  # the same of the test token, which is the account's key
    "wrapped_errors": False,  # token errors as {"statusCode", "data"}
    "polls": 1,  # how often a list action says "processing" before it is done
    "actions_fail": False,  # whether list actions fail
    "heavy_page": None,  # larger pages are answered 502
    "single_page": (),  # resources that ignore page parameters: everything comes on every page
    "custom_numbers": "number",  # or "text": how numbers in custom_values come
    "undocumented": False,  # whether signups have the attributes of 2024 too
}


# Reading


def _list(kind: Kind, call: Call) -> Response:
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
    data = [view.show(kind, key, query.include) for key in keys if key in table.records]
    meta = {"stats": {"total": {"count": len(found)}}} if query.total else {}
    return json_api(view.document(data, page_links(call, query), meta))


def _show(kind: Kind, call: Call) -> Response:
    return _one(kind, call.params["id"], call)


def _me(call: Call) -> Response:
    return _one(KINDS["signups"], sign_in.OWNER, call)


def _one(kind: Kind, key: str, call: Call) -> Response:
    query = parse(call, kind, listing=False)
    if key not in call.account.tables[kind.name].records:
        raise Refusal(404, "Record not found")
    view = View(call.account, prefix(call.account, call.url), query)
    data = view.show(kind, key, query.include, primary=True)
    return json_api(view.document(data, page_links(call, query, single=True), {}))


# Data


def _serve(account: Account, resource: str, key: str, url: str) -> Any:
    """A record with all its extra fields."""
    kind = HERE.get(resource)
    if kind is None:
        record = account.tables[resource].records[key]
        return {name: value for name, value in record.items() if name[0] != "_" and name != "updated_at"}
    everything = Query(extra={kind.name: frozenset(attribute.name for attribute in kind.extra)})
    return View(account, prefix(account, url), everything).show(kind, key, {})


def _stored(kind: Kind, given: Record) -> Record:
    """Attributes as served, as they are stored; those nobody knows are served as they are."""
    record: Record = {}
    more = {}
    for name, value in given.items():
        attribute = kind.attributes.get(name)
        if attribute is None and name[0] != "_":
            more[name] = value
        elif attribute is not None and attribute.kind == "datetime" and isinstance(value, str):
            record[name] = moment(value)
        elif attribute is not None and attribute.kind == "id" and value is not None:
            record[name] = str(value)
        else:
            record[name] = value
    return {**record, "_more": more} if more else record


def _insert(account: Account, resource: str, given: Record) -> str:
    """Stores a record given as served; of relationships only those to one record count.

    What a new record must have and was not given is invented.
    """
    if resource == "tokens":
        return sign_in.token(account, given)
    if resource not in HERE:
        raise ValueError(f"{resource} come by calls only")
    kind = HERE[resource]
    record = _stored(kind, given.get("attributes") or {})
    for name, block in (given.get("relationships") or {}).items():
        relation = kind.relations.get(name)
        if relation is not None and not relation.child and not relation.through:
            record.setdefault(relation.key, _end(block))
    invented = seeding.invent(account, resource)["attributes"]
    must = {*kind.required, *(name for name, attribute in kind.attributes.items() if not attribute.nullable)}
    if resource == "event_rsvps":
        must.add("_signup_id")
    if resource == "signups" and not record.keys() & {"first_name", "last_name", "email", "email1"}:
        must |= {"first_name", "last_name", "full_name", "email", "email1"}
    record = {name: invented[name] for name in must & invented.keys()} | record
    _agree(resource, record)
    transaction = Transaction(account)
    if given.get("id") is None:
        record["id"] = next_id(account, resource)
    else:
        record["id"] = str(given["id"])
        account.state.get("ids", {}).pop(resource, None)
    now = transaction.now
    record["updated_at"] = record.get("updated_at", now)
    record["created_at"] = record.get("created_at", record["updated_at"])
    transaction.put(resource, record)
    transaction.count(resource, record, 1)
    return str(record["id"])


def _end(block: Record) -> str | None:
    """The id that a relationship points to, by its data or its link."""
    if block.get("data"):
        return str(block["data"]["id"])
    related = (block.get("links") or {}).get("related")
    return str(related).rsplit("/", 1)[-1] if related else None


def _agree(resource: str, record: Record) -> None:
    """Values that follow from others, where they were not given."""
    if resource == "signups":
        slot = f"email{record.get('primary_email_id') or 1}"
        address = record.get("email") or record.get(slot)
        record |= {"email": address, slot: record.get(slot) or address} if address else {}
        names = [record[name] for name in ("first_name", "middle_name", "last_name") if record.get(name)]
        record.setdefault("full_name", " ".join(names) or record.get("legal_name"))
    if resource in ("donations", "pledges"):
        record.setdefault("amount", f"{(record.get('amount_in_cents') or 0) / 100:.2f}")
    if resource == "donations":
        states = ("canceled", "failed", "succeeded", "pending")
        record.setdefault("status", next((name for name in states if record.get(f"{name}_at")), None))


def _change(account: Account, resource: str, key: str, values: Record, modified: str | None) -> None:
    """Merges attributes into a record."""
    table = account.tables[resource]
    if resource not in HERE:
        table.put(key, {**table.records[key], **values})
        return
    new = _stored(HERE[resource], values)
    if resource == "signups" and "email" in values:
        new[f"email{table.records[key].get('primary_email_id') or 1}"] = values["email"]
    table.put(key, {**table.records[key], **new, "updated_at": moment(modified) if modified else int(time.time())})


def _delete(account: Account, resource: str, key: str) -> None:
    if resource in HERE:
        Transaction(account).remove(resource, key)
    else:
        account.tables[resource].delete(key)


def _seed(account: Account, size: int, number: int) -> None:
    seeding.seed(account, size, number)
    sign_in.first_tokens(account)


# Routes


def _rejecting(handler: Callable[[Call], Response]) -> Callable[[Call], Response]:
    def handle(call: Call) -> Response:
        try:
            return handler(call)
        except Rejected as rejected:
            return rejected.response

    return handle


def _routes() -> list[Route]:
    handlers: list[tuple[str, str, Callable[[Call], Response]]] = [
        ("GET", "/signups/me", _me),
        ("PATCH", "/signups/push", push),
        ("GET", "/lists/{id}/signups", list_members),
        ("GET", "/async_processes/{id}", show_process),
        ("PATCH", "/automations/{id}/archive", archive),
        *(("PATCH", f"/lists/{{id}}/{action}", partial(change_list, action)) for action in LIST_ACTIONS),
        *(("PATCH", f"/path_journeys/{{id}}/{action}", partial(turn_journey, action)) for action in JOURNEYS),
    ]
    for name, kind in KINDS.items():
        for method, verb, path, handler in (
            ("list", "GET", f"/{name}", _list),
            ("show", "GET", f"/{name}/{{id}}", _show),
            ("create", "POST", f"/{name}", create),
            ("update", "PATCH", f"/{name}/{{id}}", update),
            ("delete", "DELETE", f"/{name}/{{id}}", delete),
        ):
            if method in kind.methods:
                handlers.append((verb, path, partial(handler, kind)))
    return [
        Route("GET", "/oauth/authorize", sign_in.authorize, open=True),
        Route("POST", "/oauth/token", sign_in.grant, open=True),
        *(Route(verb, f"{API}{path}", _rejecting(handler)) for verb, path, handler in handlers),
    ]


VENDOR = Vendor(
    name="nationbuilder",
    api=API,
    resources=RESOURCES,
    options=OPTIONS,
    routes=_routes(),
    identify=sign_in.identify,
    refuse=sign_in.refuse,
    seed=_seed,
    serve=_serve,
    insert=_insert,
    invent=seeding.invent,
    change=_change,
    delete=_delete,
    credentials=sign_in.credentials,
    limits=sign_in.limits,
    check=sign_in.check,
    challenge=sign_in.challenge,
    decorate=sign_in.decorate,
)
