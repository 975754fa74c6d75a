"""Writing to i360: what belongs to volunteers, events and surveys, volunteers themselves, imports of contacts, jobs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from osdi_crm_sandbox.population import iso
from osdi_crm_sandbox.vendor import Call, is_email
from osdi_crm_sandbox.vendors.i360.reading import answer_record, bind, fold, invalid, key_in
from osdi_crm_sandbox.vendors.i360.resources import CONTACTS, IDENTITY, KINDS, STATES, VOLUNTEERS, Kind, folded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.records import Record


def next_id(account: Account, kind: Kind) -> str:
    """The next id of a kind."""
    return str(account.next(kind.name, kind.first_id + 1))


def put_record(account: Account, kind: Kind, parent: str, own: str, given: Record) -> str:
    """Stores a record; its key."""
    key, moment = f"{parent}/{own}" if kind.shared else own, iso()
    start = kind.blank() | ({"CreatedDate": moment} if "CreatedDate" in kind.fields else {})
    number: Any = int(own) if own.isdecimal() else own
    mine: Record = {kind.key: number, "_modified": moment} | ({"_parent": parent} if kind.parent else {})
    account.tables[kind.name].put(key, start | given | mine)
    return key


# What belongs to volunteers, events and surveys


def post_child(kind: Kind, call: Call) -> Response:
    """A child record of one kind, or the one there is where its id is given."""
    account, parent = call.account, call.params["parent"]
    call.record(kind.parent, parent)
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
    call.account.tables[kind.name].merge(key, bind(kind.fields, call.body) | {"_modified": iso()})
    return answer_record(call.account, kind, key)


def delete_item(kind: Kind, call: Call) -> Response:
    """Takes a record away."""
    call.account.tables[kind.name].delete(key_in(kind, call))
    return Response(status_code=204)


# Volunteers


def _save_volunteer(call: Call, key: str, old: Record) -> Response:
    account = call.account
    given = bind(VOLUNTEERS.fields, call.body)
    for name, twin in (("State", "C_State"), ("C_State", "State")):
        if name in given:
            given.setdefault(twin, given[name])
    record = {**old, **given, "_modified": iso()}
    email = str(record["Email"] or "").strip()
    if not is_email(email):
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
    return _save_volunteer(call, "", VOLUNTEERS.blank() | {"Status": "Active", "LogID": None})


def put_volunteer(call: Call) -> Response:
    """Updates a volunteer."""
    key = key_in(VOLUNTEERS, call)
    return _save_volunteer(call, key, call.account.tables[VOLUNTEERS.name].records[key])


# Imports of contacts


def start_job(call: Call, name: str, ends: str = "Completed", errors: list[str] | None = None) -> Response:
    """A new job, which comes further with every read."""
    account, kind = call.account, KINDS[name]
    key, polls = next_id(account, kind), account.options["import_polls"]
    job: Record = {"Id": int(key), "Status": "Queued" if polls else ends, "_polls": polls, "_ends": ends}
    job |= {"CreatedDate": iso(), "_modified": iso()}
    if errors is not None:
        job |= {"Name": f"API import {key}", "Errors": errors}
    account.tables[name].put(key, job)
    return answer_record(account, kind, key)


def _unflatten(form: Mapping[str, str]) -> Record:
    """A form's contacts[0][firstName] as what they would be in JSON."""
    entries: dict[int, Record] = {}
    body: Record = {}
    for name, value in form.items():
        match = re.fullmatch(r"contacts\[(\d+)\]\[(\w+)\](?:\[(\w+)\])?", name, re.IGNORECASE)
        if not match:
            body[name] = value
        elif match[3]:
            entries.setdefault(int(match[1]), {}).setdefault(match[2], {})[match[3]] = value
        else:
            entries.setdefault(int(match[1]), {})[match[2]] = value
    return body | {"contacts": [entries[place] for place in sorted(entries)]}


def import_contacts(call: Call) -> Response:
    """Matches or inserts contacts; its answer is the job."""
    is_form = call.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    contacts = fold(_unflatten(call.body) if is_form else call.body).get("contacts")
    if not isinstance(contacts, list) or not contacts:
        return invalid("request.Contacts", "The Contacts field is required.")
    if call.account.options["import_fails"]:
        return start_job(call, "imports", "Failed", ["The import failed"])
    errors = []
    for place, given in enumerate(contacts, start=1):
        contact = bind((CONTACTS.key, *CONTACTS.fields), given)
        wrong = [name for name in ("State", "RegisteredState") if contact.get(name) not in (None, "", *STATES)]
        if wrong:
            errors.append(f"Contact {place}: {wrong[0]} must be a two-letter code")
        elif not any(contact.get(name) for name in IDENTITY):
            errors.append(f"Contact {place}: nothing to go by")
        else:
            _save_contact(call.account, contact)
    return start_job(call, "imports", "CompletedWithErrors" if errors else "Completed", errors)


def _save_contact(account: Account, given: Record) -> None:
    """Merges into the contact with this id, or with exactly this name, e-mail, phone and address; or inserts."""
    table = account.tables[CONTACTS.name]
    key = str(given.pop("ContactID", ""))
    if key not in table.records:
        key = next(iter(table.find("identity", *folded(IDENTITY, given))), "")
    old = table.records.get(key) or CONTACTS.blank() | {"Tags": [], "_touchpoints": []}
    tags = _tags(given.pop("Tags", None))
    key = key or next_id(account, CONTACTS)
    record = {**old, **given, "ContactID": int(key), "_modified": iso()}
    table.put(key, record | {"Tags": [*old["Tags"], *(tag for tag in tags if tag not in old["Tags"])]})


def _tags(given: Any) -> list[Record]:
    """Tags as pairs of category and tag, out of pairs or an object."""
    if isinstance(given, dict):
        given = [{"Key": fold(given).get("category"), "Value": fold(given).get("tag")}]
    pairs = [bind(("Key", "Value"), tag) for tag in given] if isinstance(given, list) else []
    return [pair for pair in pairs if pair.get("Key") and pair.get("Value")]
