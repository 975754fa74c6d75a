"""Importing contacts, and looking people up."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from osdi_crm_sandbox.population import iso
from osdi_crm_sandbox.vendors.i360.answers import answer_record, answer_spelled, bind, fold, invalid, show_record
from osdi_crm_sandbox.vendors.i360.jobs import start_job
from osdi_crm_sandbox.vendors.i360.keeping import blank, next_id
from osdi_crm_sandbox.vendors.i360.resources import CONTACT, CONTACTS, IDENTITY, KINDS, LOOKUP, STATES, folded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.vendor import Call, Record


IMPORTS = KINDS["imports"]


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


def _tags(given: Any) -> list[Record] | None:
    """Tags as pairs of category and tag, out of pairs or an object; None for neither."""
    if isinstance(given, dict):
        folded = fold(given)
        given = [{"Key": folded.get("category"), "Value": folded.get("tag")}]
    if not isinstance(given, list):
        return None
    pairs = [bind(("Key", "Value"), tag) for tag in given]
    return [pair for pair in pairs if pair.get("Key") and pair.get("Value")]


def import_contacts(call: Call) -> Response:
    """Matches or inserts contacts; its answer is the job."""
    account = call.account
    is_form = call.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    contacts = fold(_unflatten(call.body) if is_form else call.body).get("contacts")
    if not isinstance(contacts, list) or not contacts:
        return invalid("request.Contacts", "The Contacts field is required.")
    if account.options["import_fails"]:
        return answer_record(account, IMPORTS, start_job(account, IMPORTS, "Failed", ["The import failed"]))
    errors = []
    for place, given in enumerate(contacts):
        contact = bind(("ContactID", *CONTACT), given)
        wrong = [name for name in ("State", "RegisteredState") if contact.get(name) not in (None, "", *STATES)]
        if wrong:
            errors.append(f"Contact {place + 1}: {wrong[0]} must be a two-letter code")
        elif not any(contact.get(name) for name in IDENTITY):
            errors.append(f"Contact {place + 1}: nothing to go by")
        else:
            _save_contact(account, contact)
    ends = "CompletedWithErrors" if errors else "Completed"
    return answer_record(account, IMPORTS, start_job(account, IMPORTS, ends, errors))


def _save_contact(account: Account, given: Record) -> None:
    """Merges into the contact with this id, or with exactly this name, e-mail, phone and address; or inserts."""
    table = account.tables[CONTACTS.name]
    key = str(given.pop("ContactID", ""))
    if key not in table.records:
        key = next(iter(table.find("identity", *folded(IDENTITY, given))), "")
    old = table.records.get(key) or blank(CONTACTS) | {"Tags": [], "_touchpoints": []}
    tags = _tags(given.pop("Tags", None)) or []
    record = {**old, **given, "_modified": iso(time.time())}
    record["Tags"] = [*old["Tags"], *(tag for tag in tags if tag not in old["Tags"])]
    key = key or next_id(account, CONTACTS)
    table.put(key, {**record, "ContactID": int(key)})


def look_up_contact(call: Call) -> Response:
    """Contacts by person: first and last name, address, city, state."""
    given = bind(LOOKUP, call.query)
    if not given:
        return invalid("request", "At least one of firstname, lastname, address1, city, state is required.")
    table = call.account.tables[CONTACTS.name]
    where = [("LastName", "eq", given["LastName"].strip().casefold())] if "LastName" in given else []
    found = [table.records[key] for key in table.select(where, live=False) if key in table.records]
    matching = [record for record in found if folded(tuple(given), record) == folded(tuple(given), given)]
    return answer_spelled(call, [show_record(call.account, CONTACTS, str(record["ContactID"])) for record in matching])
