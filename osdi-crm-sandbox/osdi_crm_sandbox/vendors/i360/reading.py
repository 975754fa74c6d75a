"""Reading entities: lists, single records, the values of search parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osdi_crm_sandbox.vendor import Call, Refusal
from osdi_crm_sandbox.vendors.i360.answers import answer_record, answer_spelled, fold, number_or, show_record
from osdi_crm_sandbox.vendors.i360.resources import VALUES, Kind

if TYPE_CHECKING:
    from starlette.responses import Response


def key_in(kind: Kind, call: Call) -> str:
    """The key of the record that the path names.

    Raises:
        Refusal: there is none, or it is another parent's.
    """
    own, parent = call.params["id"], call.params.get("parent")
    key = f"{parent}/{own}" if kind.shared else own
    record = call.account.tables[kind.name].records.get(key)
    if record is None or (parent is not None and record["_parent"] != parent):
        raise Refusal(404, f"{kind.key} {own} does not exist")
    return key


def parent_in(kind: Kind, call: Call) -> str:
    """The id of the parent that the path names.

    Raises:
        Refusal: there is none.
    """
    if call.params["parent"] not in call.account.tables[kind.parent].records:
        raise Refusal(404, f"{kind.parent_key} {call.params['parent']} does not exist")
    return call.params["parent"]


def keys_of(kind: Kind, call: Call) -> list[str]:
    """The keys of a collection, as the lagging lists have them."""
    table = call.account.tables[kind.name]
    found = table.select([("parent", "eq", parent_in(kind, call))] if kind.parent else [], live=False)
    return [key for key in found if key in table.records]


def get_collection(kind: Kind, call: Call) -> Response:
    """A list of records."""
    return answer_spelled(call, [show_record(call.account, kind, key) for key in keys_of(kind, call)])


def get_item(kind: Kind, call: Call) -> Response:
    """One record."""
    return answer_record(call.account, kind, key_in(kind, call))


def get_parameter_values(call: Call) -> Response:
    """The values of a search parameter; counties of one state with `stateValue`."""
    keys = keys_of(VALUES, call)
    asked = fold(call.query).get("statevalue")
    records = call.account.tables[VALUES.name].records
    kept = [key for key in keys if asked is None or records[key].get("_state") in (None, number_or(asked, 0))]
    return answer_spelled(call, [show_record(call.account, VALUES, key) for key in kept])
