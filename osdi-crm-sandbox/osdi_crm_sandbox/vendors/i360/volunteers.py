"""Searching and writing volunteers."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from osdi_crm_sandbox.population import iso
from osdi_crm_sandbox.vendors.i360.answers import answer_record, answer_spelled, bind, invalid, show_record
from osdi_crm_sandbox.vendors.i360.keeping import blank, next_id
from osdi_crm_sandbox.vendors.i360.reading import key_in
from osdi_crm_sandbox.vendors.i360.resources import STATES, VOLUNTEER, VOLUNTEERS, folded

if TYPE_CHECKING:
    from starlette.responses import Response

    from osdi_crm_sandbox.vendor import Call, Record


def search_volunteers(call: Call) -> Response:
    """Those whose fields have these values; all of them without any."""
    account, table = call.account, call.account.tables[VOLUNTEERS.name]
    given = bind((VOLUNTEERS.key, *VOLUNTEER), call.body if call.method == "POST" else call.query)
    wanted = {} if account.options["criteria_ignored"] else {name: given[name] for name in given if given[name]}
    where = [("email", "eq", str(wanted["Email"]).strip().casefold())] if "Email" in wanted else []
    found = [key for key in table.select(where, live=False) if key in table.records]
    names = tuple(wanted)
    kept = [key for key in found if folded(names, table.records[key]) == folded(names, wanted)]
    return answer_spelled(call, [show_record(account, VOLUNTEERS, key) for key in kept])


def _save_volunteer(call: Call, key: str, old: Record) -> Response:
    account = call.account
    given = bind(VOLUNTEER, call.body)
    for name, twin in (("State", "C_State"), ("C_State", "State")):
        if name in given:
            given.setdefault(twin, given[name])
    record = {**old, **given, "_modified": iso(time.time())}
    email = str(record["Email"] or "").strip()
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
        return invalid("volunteer.Email", "The Email field is not a valid e-mail address.")
    if any(other != key for other in account.tables[VOLUNTEERS.name].find("email", email.casefold())):
        return invalid("volunteer.Email", "A volunteer with this Email exists.")
    if record["State"] not in (None, "", *STATES):
        return invalid("volunteer.State", "The State field must be a two-letter code.")
    if old["Email"] and email.casefold() != old["Email"].casefold() and not given.get("Email2"):
        record["Email2"] = old["Email"]
    key = key or next_id(account, VOLUNTEERS)
    account.tables[VOLUNTEERS.name].put(key, {**record, "Email": email, "VolunteerID": int(key)})
    return answer_record(account, VOLUNTEERS, key)


def post_volunteer(call: Call) -> Response:
    """Creates a volunteer."""
    return _save_volunteer(call, "", blank(VOLUNTEERS) | {"Status": "Active", "LogID": None})


def put_volunteer(call: Call) -> Response:
    """Updates a volunteer."""
    key = key_in(VOLUNTEERS, call)
    return _save_volunteer(call, key, call.account.tables[VOLUNTEERS.name].records[key])
