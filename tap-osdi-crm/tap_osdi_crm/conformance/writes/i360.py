"""i360: volunteers can be written and, it is assumed, deleted; contacts only be imported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osdi_crm_client.vendors import i360 as wire
from osdi_crm_client.wire import id_text

from tap_osdi_crm.conformance.person import FIRST, LAST, Person
from tap_osdi_crm.conformance.probe import Finding, as_assumed, not_tried, otherwise
from tap_osdi_crm.conformance.writing import Step, of_person

if TYPE_CHECKING:
    import requests
    from osdi_crm_client.account import Account

    from tap_osdi_crm.conformance.bench import Bench
    from tap_osdi_crm.conformance.writing import Hand


def _create(account: Account, address: str) -> requests.Response:
    body = {"Email": address, "FirstName": FIRST, "LastName": LAST}
    return account.call("POST", "Volunteers", json=body, repeatable=False)


def _id_of(body: Any) -> str | None:
    if not isinstance(body, dict):
        return None
    return id_text(wire.named(body, "VolunteerID") or wire.named(body, "id"))


def _find(account: Account, address: str) -> list[str]:
    answer = account.call("POST", "Volunteers/Search", json={"Email": address}, repeatable=True).json()
    rows = wire.rows(answer, name="volunteers", key="VolunteerID")
    mine = [row for row in rows if str(wire.named(row, "Email")).lower() == address.lower()]
    return [key for key in map(_id_of, mine) if key]


def _read(account: Account, key: str) -> dict[str, Any]:
    return dict(account.call("GET", f"Volunteers/{key}", repeatable=True).json() or {})


def _rename(account: Account, key: str, first: str) -> None:
    row = _read(account, key)
    body = {"Email": wire.named(row, "Email"), "FirstName": first, "LastName": LAST}
    account.call("PUT", f"Volunteers/{key}", json=body, repeatable=True)


PERSON = Person(
    create=_create,
    created=f"A volunteer '{FIRST} {LAST}' of the marked address is made (POST Volunteers).",
    id_of=_id_of,
    find=_find,
    read=_read,
    rename=_rename,
    first=lambda row: wire.named(row, "FirstName"),
    again=_create,
    is_refused=True,
    remove=lambda account, key: account.call("DELETE", f"Volunteers/{key}", repeatable=True),
)


def _tag(hand: Hand, bench: Bench) -> Finding:
    path = f"Volunteers/{hand.id}/Tags"
    shown = bench.account.call("POST", path, json={"Name": "osdi-crm conformance"}, repeatable=False).json()
    tag = id_text(wire.named(shown, "TagID") if isinstance(shown, dict) else None)
    rows = wire.rows(bench.account.call("GET", path, repeatable=True).json(), name="volunteer_tags", key="TagID")
    if not tag or tag not in [id_text(wire.named(row, "TagID")) for row in rows]:
        return otherwise("it does not come with the volunteer's tags")
    bench.account.call("DELETE", f"{path}/{tag}", repeatable=True)
    return as_assumed("it does")


def _import(_: Hand, __: Bench) -> Finding:
    return not_tried("i360 documents no way to take a contact away again")


STEPS = (
    Step(
        "tagging", "Does a tag come to a volunteer, and go again?", of_person(_tag), "A tag is given to it, and taken."
    ),
    Step(
        "import_contact",
        "Does an import take the fields of contacts under the names assumed?",
        of_person(_import),
        "No contact is imported: it could not be taken away again.",
    ),
)
