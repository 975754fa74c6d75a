"""Writing what belongs to volunteers, events and surveys."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from starlette.responses import Response

from osdi_crm_sandbox.population import iso
from osdi_crm_sandbox.vendors.i360.answers import answer_record, bind, invalid
from osdi_crm_sandbox.vendors.i360.keeping import next_id, put_record
from osdi_crm_sandbox.vendors.i360.reading import key_in, parent_in
from osdi_crm_sandbox.vendors.i360.resources import VOLUNTEERS, Kind

if TYPE_CHECKING:
    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.vendor import Call, Record


def post_child(kind: Kind, call: Call) -> Response:
    """A child record of one kind, or the one there is where its id is given."""
    account, parent = call.account, parent_in(kind, call)
    given = bind((kind.key, *kind.fields), call.body)
    if not given:
        return invalid("request", "The body has none of the known fields.")
    if not kind.shared:
        given.pop(kind.key, None)
    own = str(given.get(kind.key) or _known(account, kind, given) or next_id(account, kind))
    if kind.name == "survey_volunteers" and own not in account.tables[VOLUNTEERS.name].records:
        return invalid("request.VolunteerID", f"VolunteerID {own} does not exist.")
    return answer_record(account, kind, put_record(account, kind, parent, own, given))


def _known(account: Account, kind: Kind, given: Record) -> str | None:
    """The id of the tag or permission with this name, whoever has it."""
    if not kind.shared or not given.get("Name"):
        return None
    records = account.tables[kind.name].records.values()
    alike = (record for record in records if all(record.get(name) == value for name, value in given.items()))
    return next((str(record[kind.key]) for record in alike), None)


def put_child(kind: Kind, call: Call) -> Response:
    """Updates a child record."""
    key = key_in(kind, call)
    table = call.account.tables[kind.name]
    given = bind(kind.fields, call.body)
    table.put(key, {**table.records[key], **given, "_modified": iso(time.time())})
    return answer_record(call.account, kind, key)


def delete_item(kind: Kind, call: Call) -> Response:
    """Takes a record away."""
    call.account.tables[kind.name].delete(key_in(kind, call))
    return Response(status_code=204)
