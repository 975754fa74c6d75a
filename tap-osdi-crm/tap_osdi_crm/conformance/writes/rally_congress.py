"""Rally Congress: supporters are sent as forms, and can never be deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osdi_crm_client.vendors import rally_congress as wire

from tap_osdi_crm.conformance.person import FIRST, LAST, Person
from tap_osdi_crm.conformance.probe import Finding, as_assumed, otherwise
from tap_osdi_crm.conformance.writing import Step, of_person

if TYPE_CHECKING:
    import requests
    from osdi_crm_client.account import Account

    from tap_osdi_crm.conformance.bench import Bench
    from tap_osdi_crm.conformance.writing import Hand


def _post(account: Account, path: str, **form: str) -> requests.Response:
    return account.call("POST", path, data=form, repeatable=False)


def _create(account: Account, address: str) -> requests.Response:
    return _post(account, "supporters", email=address, firstName=FIRST, lastName=LAST, emailOptin="no")


def _id_of(body: Any) -> str | None:
    row = wire.record(body, "supporters")
    return wire.id_of(row) if row else None


def _find(account: Account, address: str) -> list[str]:
    body = account.call("GET", "supporters", params={"email": address}, repeatable=True).json()
    rows = wire.rows(body, name="supporters", records="supporters")
    mine = (row for row in rows if str(row.get("email")).lower() == address.lower())
    return [key for key in map(wire.id_of, mine) if key]


def _read(account: Account, key: str) -> dict[str, Any]:
    return dict(wire.record(account.call("GET", f"supporters/{key}", repeatable=True).json(), "supporters") or {})


def _remove(account: Account, key: str) -> None:
    _post(account, f"supporters/{key}", emailOptin="no")


PERSON = Person(
    create=_create,
    created=f"A supporter '{FIRST} {LAST}' of the marked address is made, opted out (POST supporters).",
    id_of=_id_of,
    find=_find,
    read=_read,
    rename=lambda account, key, first: _post(account, f"supporters/{key}", firstName=first),
    first=lambda row: row.get("firstName"),
    again=_create,
    remove=_remove,
    remains="The API cannot delete supporters: the marked address stays, opted out. Delete it by hand.",
)


def _set_optin(hand: Hand, bench: Bench) -> Finding:
    found = []
    for word in ("yes", "no"):
        _post(bench.account, f"supporters/{hand.id}", emailOptin=word)
        found.append(_read(bench.account, hand.id).get("emailOptin"))
    if found == ["yes", "no"]:
        return as_assumed("it can")
    return otherwise("it shows otherwise than it was sent, such as 'pending' or 'unsubscribed'")


def _keys(hand: Hand, bench: Bench) -> Finding:
    """Return which form keys are understood for an address."""
    forms = {
        "camel": {"street1": "1 Main St", "city": "Washington", "state": "DC", "zipcode": "20002"},
        "lower": {"street": "1 Main St", "city": "Washington", "state": "DC", "zipcode": "20002"},
        "bracket": {"addresses[0][street1]": "1 Main St", "addresses[0][zipcode]": "20002"},
    }
    for style, form in forms.items():
        _post(bench.account, f"supporters/{hand.id}", **form)
        entries = _read(bench.account, hand.id).get("addresses") or []
        if any(isinstance(each, dict) and each.get("street1") == "1 Main St" for each in entries):
            if style == "camel":
                return as_assumed("they are")
            return otherwise(f"the style '{style}' is", settings={"rally_congress_form_key_style": style})
    return otherwise("no style that is known is")


STEPS = (
    Step(
        "set_optin", "Can a client set the opt-in of a supporter?", of_person(_set_optin), "It opts in, and out again."
    ),
    Step(
        "form_keys",
        "Are the properties' own names understood as keys of a form?",
        of_person(_keys),
        "It is given an address, in up to three spellings.",
    ),
)
