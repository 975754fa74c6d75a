"""Reading i360: answers in the account's spelling, requests bound whatever their case, lists and single records."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from osdi_crm_sandbox.vendor import Call, Refusal, answer, public
from osdi_crm_sandbox.vendors.i360.resources import CONTACTS, KINDS, LOOKUP, VALUES, VOLUNTEERS, Kind, folded

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.records import Record

# Requests


def fold(given: Any) -> Record:
    """A request's members by lower-case name, as ASP.NET binds them."""
    return {name.lower(): value for name, value in given.items()} if isinstance(given, dict) else {}


def bind(names: Sequence[str], given: Any) -> Record:
    """The members that a request has of these."""
    given = fold(given)
    return {name: given[name.lower()] for name in names if name.lower() in given}


def number_or(value: Any, default: int) -> int:
    """A number sent as such or as text."""
    return int(value) if str(value).isdecimal() else default


def invalid(member: str, words: str) -> Response:
    """ASP.NET's answer to a request that it cannot bind."""
    return answer({"Message": "The request is invalid.", "ModelState": {member: [words]}}, 400)


# Answers


def _spell(account: Account, name: str) -> str:
    casing = account.options["casing"]
    if casing == "lower":
        return name.lower()
    return name[:1].lower() + name[1:] if casing == "camel" else name


def spelled(account: Account, content: Any) -> Any:
    """An answer with the names of its properties in the account's spelling."""
    if isinstance(content, dict):
        return {_spell(account, name): spelled(account, value) for name, value in content.items()}
    return [spelled(account, value) for value in content] if isinstance(content, list) else content


def show(account: Account, kind: Kind, key: str) -> Record:
    """A record as an answer has it, before it is spelled."""
    record = public(account.tables[kind.name].records[key])
    if not account.options["show_log_id"]:
        record.pop("LogID", None)
    return record


def serve(account: Account, resource: str, key: str, _url: str) -> Any:
    """A record by id, in Pascal case, with its parent's id, which answers leave out."""
    kind, record = KINDS[resource], account.tables[resource].records[key]
    parent = {kind.parent_key: number_or(record["_parent"], 0) or record["_parent"]} if kind.parent else {}
    return show(account, kind, key) | parent


def answer_record(account: Account, kind: Kind, key: str) -> Response:
    """One record."""
    return answer(spelled(account, show(account, kind, key)))


def answer_records(call: Call, kind: Kind, keys: Iterable[str]) -> Response:
    """A list of records."""
    return answer_list(call, spelled(call.account, [show(call.account, kind, key) for key in keys]))


def answer_list(call: Call, rows: list[Record]) -> Response:
    """A list, or 204 without a body for none."""
    account, given = call.account, fold(call.query) | fold(call.body)
    if account.options["paging"] == "page":
        size = number_or(given.get("pagesize"), 100)
        start = (max(1, number_or(given.get("page"), 1)) - 1) * size
        rows = rows[start : start + size]
    elif account.options["paging"] == "offset":
        start = number_or(given.get("skip"), 0)
        rows = rows[start : start + number_or(given.get("take"), 100)]
    if not rows:
        return Response(status_code=204)
    wrapper = account.options["wrapper"]
    return answer({_spell(account, wrapper): rows} if wrapper else rows)


# Lists and records


def key_in(kind: Kind, call: Call) -> str:
    """The key of the record that the path names.

    Raises:
        Refusal: there is none, or it is another parent's.
    """
    own, parent = call.params["id"], call.params.get("parent")
    table, key = call.account.tables[kind.name], f"{parent}/{own}" if kind.shared else own
    if key not in table.records or parent not in (None, table.records[key].get("_parent")):
        raise Refusal(404, table.resource.missing.format(own))
    return key


def keys_of(kind: Kind, call: Call) -> list[str]:
    """The keys of a collection, as the lagging lists have them."""
    table = call.account.tables[kind.name]
    if kind.parent:
        call.record(kind.parent, call.params["parent"])
    found = table.select([("parent", "eq", call.params["parent"])] if kind.parent else [], live=False)
    return [key for key in found if key in table.records]


def get_collection(kind: Kind, call: Call) -> Response:
    """A list of records."""
    return answer_records(call, kind, keys_of(kind, call))


def get_item(kind: Kind, call: Call) -> Response:
    """One record."""
    return answer_record(call.account, kind, key_in(kind, call))


def get_parameter_values(call: Call) -> Response:
    """The values of a search parameter; counties of one state with `stateValue`."""
    asked = fold(call.query).get("statevalue")
    records = call.account.tables[VALUES.name].records
    states = (None, number_or(asked, 0))
    kept = (key for key in keys_of(VALUES, call) if asked is None or records[key].get("_state") in states)
    return answer_records(call, VALUES, kept)


def _alike(call: Call, kind: Kind, field: str, wanted: Record) -> Response:
    """Those with these values, whatever their case; an index answers for the field, whose property it names."""
    table, names = call.account.tables[kind.name], tuple(wanted)
    index = {"email": "Email"}.get(field, field)
    where = [(field, "eq", str(wanted[index]).strip().casefold())] if index in wanted else []
    found = (key for key in table.select(where, live=False) if key in table.records)
    kept = (key for key in found if folded(names, table.records[key]) == folded(names, wanted))
    return answer_records(call, kind, kept)


def search_volunteers(call: Call) -> Response:
    """Those whose fields have these values; all of them without any."""
    given = bind((VOLUNTEERS.key, *VOLUNTEERS.fields), call.body if call.method == "POST" else call.query)
    ignored = call.account.options["criteria_ignored"]
    return _alike(call, VOLUNTEERS, "email", {} if ignored else {name: given[name] for name in given if given[name]})


def look_up_contact(call: Call) -> Response:
    """Contacts by person: first and last name, address, city, state."""
    given = bind(LOOKUP, call.query)
    if not given:
        return invalid("request", "At least one of firstname, lastname, address1, city, state is required.")
    return _alike(call, CONTACTS, "LastName", given)


def get_job(kind: Kind, call: Call) -> Response:
    """A job, which has come further by the next read."""
    key = key_in(kind, call)
    call.account.later(0.0, partial(_advance, call.account, kind, key))
    return answer_record(call.account, kind, key)


def _advance(account: Account, kind: Kind, key: str) -> None:
    job = account.tables[kind.name].records.get(key)
    if job is not None and job["_polls"] > 0:
        polls = job["_polls"] - 1
        account.tables[kind.name].merge(key, {"_polls": polls, "Status": "Processing" if polls else job["_ends"]})
