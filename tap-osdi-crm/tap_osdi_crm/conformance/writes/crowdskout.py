"""Crowdskout: profiles cannot be deleted; what was put into one is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osdi_crm_client.errors import NotFound
from osdi_crm_client.vendors import crowdskout as wire
from osdi_crm_client.wire import id_text

from tap_osdi_crm.conformance.person import FIRST, LAST, Person
from tap_osdi_crm.conformance.probe import Finding, as_assumed, otherwise
from tap_osdi_crm.conformance.writing import Step, of_person

if TYPE_CHECKING:
    import requests
    from osdi_crm_client.account import Account

    from tap_osdi_crm.conformance.bench import Bench
    from tap_osdi_crm.conformance.writing import Hand

KIND = "osdi-crm conformance"
WRITTEN = ("EmailAddresses", "ExternalIDs", "Names")


def _create(account: Account, address: str) -> requests.Response:
    profile = {
        "Names": [{"FirstName": FIRST, "LastName": LAST}],
        "EmailAddresses": [{"Email": address}],
        "ExternalIDs": [{"ExternalID": address, "ExternalIDType": {"value": KIND}}],
    }
    return account.call("POST", "profile", json={"profile": profile}, repeatable=False)


def _id_of(body: Any) -> str | None:
    found = wire.data(body)
    return id_text(found.get("id")) if isinstance(found, dict) else None


def _find(account: Account, address: str) -> list[str]:
    try:
        return wire.profile_ids(account.call("GET", wire.external_ids_path(KIND, address), repeatable=True).json())
    except NotFound:
        return []


def _read(account: Account, key: str) -> dict[str, Any]:
    params = {"collections": ",".join(WRITTEN)}
    return dict(wire.data(account.call("GET", f"profile/{key}", params=params, repeatable=True).json()) or {})


def _put(account: Account, key: str, **collections: Any) -> dict[str, Any]:
    body = {"profile": {"id": int(key), **collections}}
    return dict(wire.data(account.call("PUT", f"profile/{key}", json=body, repeatable=True).json()) or {})


def _rename(account: Account, key: str, first: str) -> None:
    items = _read(account, key).get("Names") or [{}]
    _put(account, key, Names=[{"id": items[0].get("id", 0), "FirstName": first}])


def _remove(account: Account, key: str) -> None:
    profile = _read(account, key)
    _put(
        account,
        key,
        **{name: [{"id": item["id"], "delete": True} for item in profile.get(name) or ()] for name in WRITTEN},
    )


PERSON = Person(
    create=_create,
    created=f"A profile '{FIRST} {LAST}' of the marked address is made (POST profile).",
    id_of=_id_of,
    find=_find,
    read=_read,
    rename=_rename,
    first=lambda row: (row.get("Names") or [{}])[0].get("FirstName"),
    again=None,
    remove=_remove,
    remains="The API cannot delete profiles: an empty one stays. Its name, address and external id are taken away.",
)


def _unusable(hand: Hand, bench: Bench) -> Finding:
    items = _read(bench.account, hand.id).get("EmailAddresses") or []
    if not items:
        return otherwise("the address was not kept")
    _put(bench.account, hand.id, EmailAddresses=[{"id": items[0]["id"], "EmailUsable": {"value": "Unusable"}}])
    [now] = _read(bench.account, hand.id).get("EmailAddresses") or [{}]
    value = (now.get("EmailUsable") or {}).get("value")
    return as_assumed("it can") if value == "Unusable" else otherwise("it shows otherwise than it was sent")


def _invalid(hand: Hand, bench: Bench) -> Finding:
    _put(bench.account, hand.id, EmailAddresses=[{"id": 0, "Email": "no address"}])
    kept = [item.get("Email") for item in _read(bench.account, hand.id).get("EmailAddresses") or ()]
    return otherwise("it is kept") if "no address" in kept else as_assumed("it is left out, and nothing is said")


def _whole(hand: Hand, bench: Bench) -> Finding:
    second = "2-" + hand.address
    shown = _put(bench.account, hand.id, EmailAddresses=[{"id": 0, "Email": f" {second.upper()} "}])
    emails = [item.get("Email") for item in shown.get("EmailAddresses") or ()]
    if second not in emails:
        return otherwise("the second address does not come back in lower case, without blanks")
    return as_assumed("it does, in lower case") if len(emails) > 1 else otherwise("it shows what was sent alone")


STEPS = (
    Step(
        "opt_out", "Can an address be marked as unusable?", of_person(_unusable), "Its address is marked as unusable."
    ),
    Step(
        "invalid_items",
        "Does an update leave out what is invalid, as a creation does?",
        of_person(_invalid),
        "It is sent an address that is none.",
    ),
    Step(
        "answer_to_update",
        "Does the answer to an update show whole collections, and addresses in one form?",
        of_person(_whole),
        "It is sent a second marked address, in capitals.",
    ),
)
