"""Writing to Rally Congress: supporters, and letters and other actions, which store one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from osdi_crm_sandbox.population import iso
from osdi_crm_sandbox.vendor import Call, Refusal, is_email
from osdi_crm_sandbox.vendors.rally_congress.access import reply
from osdi_crm_sandbox.vendors.rally_congress.reading import action_in, serve
from osdi_crm_sandbox.vendors.rally_congress.resources import (
    ACTION_FORM,
    ADDRESS,
    ADDRESS_TYPES,
    BRACKETED,
    FORM_KEYS,
    MESSAGE,
    OPT_INS,
    PROPERTIES,
    WRITABLE,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.responses import Response

    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.records import Record


def _form(call: Call) -> dict[str, str]:
    is_form = call.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    if not is_form or not call.given:
        raise Refusal(400, "The body must be application/x-www-form-urlencoded")
    return call.given


def _completed(call: Call) -> dict[str, str]:
    """The form, together with the incomplete one whose id it carries."""
    form = _form(call)
    waiting: dict[str, dict[str, str]] = call.account.state.setdefault("waiting", {})
    return {**waiting.pop(form.get("id", ""), {}), **{key: value for key, value in form.items() if key != "id"}}


def _incomplete(call: Call, form: Mapping[str, str], missing: list[str]) -> Response:
    """202: what is missing, and an id to send it with."""
    token = str(call.account.next("incomplete", 70_001))
    call.account.state.setdefault("waiting", {})[token] = {**form}
    return reply(call, {"id": token, "missing": missing}, 202)


def _check(account: Account, own: str | None, record: Record) -> None:
    """Refuses a supporter with all that is wrong about it."""
    errors = []
    email = record.get("email") or ""
    if not email:
        errors.append("Email is required")
    elif not is_email(email):
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
    errors += ["Telephone is not valid" for number in digits if len(number) != 10]
    if errors:
        raise Refusal(400, "\n".join(errors))


# Supporters


def _given(account: Account, form: Mapping[str, str]) -> Record:
    """A form's keys as a supporter's properties; addresses and phones by place. Unknown keys are passed over."""
    keys = FORM_KEYS[account.options["form_key_style"]]
    given: Record = {"addresses": {}, "phones": {}}
    for key, text in form.items():
        name, value = keys.get(key), text.strip() or None
        bracketed = BRACKETED.fullmatch(key) if account.options["form_key_style"] == "bracket" else None
        if bracketed:
            given[bracketed[1]].setdefault(int(bracketed[2]), {})[bracketed[3]] = value
        elif name in ADDRESS:
            given["addresses"].setdefault(0, {})[name] = value
        elif name == "telephone":
            given["phones"].setdefault(0, {})[name] = value
        elif name:
            given[name] = value
    return given


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


def new_supporter() -> Record:
    """A supporter of whom nothing is known."""
    new: Record = dict.fromkeys(("id", *PROPERTIES))
    settled = {"emailOptin": "not_collected", "emailStatus": "unknown", "addresses": [], "phones": []}
    return new | settled | {"_updated": iso(), "_joined": iso()[:10], "_district": None}


def put_supporter(account: Account, record: Record) -> str:
    """Stores a supporter, with a new id if it has none; the id."""
    key = str(record["id"] or account.next("supporter", 1001))
    account.tables["supporters"].put(key, {**record, "id": key})
    return key


def post_supporter(call: Call) -> Response:
    """Creates one, or updates the one with this e-mail."""
    account, form = call.account, _completed(call)
    given = _given(account, form)
    known = account.tables["supporters"].find("email", (given.get("email") or "").casefold())
    if known and account.options["upsert_by_email"]:
        return _save(call, known[0], given)
    record = _merge(new_supporter(), given)
    _check(account, None, record)
    flat = {**record, **{name: address[name] for address in record["addresses"] for name in ADDRESS}}
    flat |= {name: value for phone in record["phones"] for name, value in phone.items()}
    missing = [name for name in account.options["supporter_needs"] if not flat.get(name)]
    if missing:
        return _incomplete(call, form, missing)
    return reply(call, serve(account, "supporters", put_supporter(account, record), call.url), 201)


def update_supporter(call: Call) -> Response:
    """Changes one."""
    call.record("supporters")
    return _save(call, call.params["id"], _given(call.account, _form(call)))


def _save(call: Call, key: str, given: Record) -> Response:
    account, table = call.account, call.account.tables["supporters"]
    record = _merge(table.records[key], given)
    _check(account, key, record)
    table.put(key, {**record, "_updated": iso()})
    return reply(call, serve(account, "supporters", key, call.url))


# Actions


def take_action(call: Call) -> Response:
    """Sends a letter, or takes another action, and stores the supporter (rallycongress.com/docs/api/campaigns)."""
    account, form, table = call.account, _completed(call), call.account.tables["supporters"]
    action = account.tables["campaign_actions"].records[action_in(call)]
    names = {"email": "email", "firstName": "firstname", "lastName": "lastname", "prefix": "prefix"}
    address = dict.fromkeys(ADDRESS) | {"street1": form.get("street"), "addressType": "home"}
    address |= {name: form.get(name) or None for name in ("city", "state", "zipcode")}
    known = next(iter(table.find("email", form.get("email", "").casefold())), None)
    record = {**(table.records[known] if known else new_supporter()), "addresses": [address], "_updated": iso()}
    record |= {name: form.get(key) for name, key in names.items()}
    record["phones"] = [{"telephone": form["phone"]}] if form.get("phone") else []
    _check(account, known, record)
    missing = [field["name"] for field in action["fields"] if field["isRequired"] and not form.get(field["name"])]
    if missing:
        return _incomplete(call, form, missing)
    letter: Record = {
        "id": str(account.next("letter", 50_001)),
        "campaignId": call.params["id"],
        "actionType": call.params["action"],
        "supporterId": put_supporter(account, record),
        **{name: form.get(name) for name in (*ACTION_FORM, *MESSAGE, "mode")},
        "delivered": form.get("mode") != "no_delivery" and call.params["action"] != "petition",
        "_updated": iso(),
    }
    account.tables["letters"].put(letter["id"], letter)
    shown = {name: letter[name] for name in ("id", "campaignId", "actionType", "supporterId", "mode")}
    return reply(call, shown, 201)
