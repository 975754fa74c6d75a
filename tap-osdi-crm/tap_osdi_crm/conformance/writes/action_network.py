"""Action Network: nobody can be deleted there; who was made is unsubscribed, and loses the tags."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from osdi_crm_client import times
from osdi_crm_client.vendors import action_network as wire

from tap_osdi_crm.conformance.person import FIRST, LAST, Person
from tap_osdi_crm.conformance.probe import Finding, as_assumed, not_tried, otherwise
from tap_osdi_crm.conformance.writing import Step, of_person

if TYPE_CHECKING:
    import requests
    from osdi_crm_client.account import Account

    from tap_osdi_crm.conformance.bench import Bench
    from tap_osdi_crm.conformance.writing import Hand


def _helper(account: Account, **person: Any) -> requests.Response:
    return account.call("POST", "people", json={"person": person}, repeatable=False)


def _create(account: Account, address: str) -> requests.Response:
    email = {"address": address, "status": "unsubscribed"}
    return _helper(account, given_name=FIRST, family_name=LAST, email_addresses=[email])


def _find(account: Account, address: str) -> list[str]:
    query = {"filter": wire.equals("email_address", address)}
    body = account.call("GET", "people", params=query, repeatable=True).json()
    return [key for key in map(wire.id_of, wire.rows("people", body)) if key]


def _read(account: Account, key: str) -> dict[str, Any]:
    return dict(account.call("GET", f"people/{key}", repeatable=True).json())


def _put(account: Account, key: str, **fields: Any) -> None:
    account.call("PUT", f"people/{key}", json=fields, repeatable=True)


def _with_status(account: Account, key: str, status: str) -> None:
    address = _read(account, key)["email_addresses"][0]["address"]
    _put(account, key, email_addresses=[{"address": address, "status": status}])


def _taggings(account: Account, key: str) -> list[str]:
    """Return where the taggings of a person can be deleted."""
    body = account.call("GET", f"people/{key}/taggings", repeatable=True).json()
    rows = wire.rows("taggings", body)
    return [f"tags/{wire.link_id(row, 'osdi:tag')}/taggings/{wire.id_of(row)}" for row in rows]


def _remove(account: Account, key: str) -> None:
    for tagging in _taggings(account, key):
        account.call("DELETE", tagging, repeatable=True)
    _with_status(account, key, "unsubscribed")


PERSON = Person(
    create=_create,
    created=f"A person '{FIRST} {LAST}' of the marked address is made, unsubscribed (POST people).",
    id_of=lambda body: wire.id_of(body) if isinstance(body, dict) else None,
    find=_find,
    read=_read,
    rename=lambda account, key, first: _put(account, key, given_name=first),
    first=lambda row: row.get("given_name"),
    again=_create,
    remove=_remove,
    remains="The API cannot delete people: the marked one stays, unsubscribed. Delete it in Action Network by hand.",
)


def _opt_out(hand: Hand, bench: Bench) -> Finding:
    found = []
    for status in ("subscribed", "unsubscribed"):
        _with_status(bench.account, hand.id, status)
        found.append(_read(bench.account, hand.id)["email_addresses"][0].get("status"))
    if found == ["subscribed", "unsubscribed"]:
        return as_assumed("it does")
    return otherwise("the status shows otherwise than it was sent")


def _moves(hand: Hand, bench: Bench) -> Finding:
    before = times.utc(_read(bench.account, hand.id).get("modified_date"))
    time.sleep(1.2)
    _with_status(bench.account, hand.id, "subscribed")
    after = times.utc(_read(bench.account, hand.id).get("modified_date"))
    _with_status(bench.account, hand.id, "unsubscribed")
    if before and after and after > before:
        return as_assumed("it does")
    return otherwise("it does not: an opt-out in Action Network shows up with other changes or a full run alone")


def _tagging(hand: Hand, bench: Bench) -> Finding:
    tags = bench.sample("tags").rows
    if not tags:
        return not_tried("the group has no tag, and one that is made stays")
    before = _read(bench.account, hand.id).get("modified_date")
    time.sleep(1.2)
    link = {"_links": {"osdi:person": {"href": f"{bench.account.base_url}/people/{hand.id}"}}}
    bench.account.call("POST", f"tags/{tags[0]['id']}/taggings", json=link, repeatable=False)
    after = _read(bench.account, hand.id).get("modified_date")
    found = _taggings(bench.account, hand.id)
    for tagging in found:
        bench.account.call("DELETE", tagging, repeatable=True)
    if before != after:
        return otherwise("it does, and moves the person's 'modified_date', which was assumed to stand")
    if found and not _taggings(bench.account, hand.id):
        return as_assumed("it does")
    return otherwise(f"{len(found)} taggings were found, and not all went")


def _letter_case(hand: Hand, bench: Bench) -> Finding:
    if hand.id in _find(bench.account, hand.address.upper()):
        return as_assumed("it is")
    return otherwise("it is not: the same address in capitals finds nobody")


def _identifier(hand: Hand, bench: Bench) -> Finding:
    """Return whether an identifier alone finds nobody: one that the person does not have would stay for ever."""
    response = _helper(bench.account, identifiers=[f"{wire.ID}{hand.id}"], given_name=FIRST)
    body = response.json() if response.content else None
    found = wire.id_of(body) if isinstance(body, dict) else None
    return otherwise("it finds the person") if found == hand.id else as_assumed("it finds nobody")


def _addresses(hand: Hand, bench: Bench) -> Finding:
    name, _, host = hand.address.partition("@")
    both = [{"address": hand.address, "primary": True}, {"address": f"{name}-2@{host}"}]
    _put(bench.account, hand.id, email_addresses=both)
    kept = len(_read(bench.account, hand.id)["email_addresses"])
    return as_assumed("one is") if kept == 1 else otherwise(f"{kept} are")


def _origin(hand: Hand, bench: Bench) -> Finding:
    _put(bench.account, hand.id, origin_system="osdi-crm conformance")
    if _read(bench.account, hand.id).get("origin_system") == "osdi-crm conformance":
        return otherwise("it is kept")
    return as_assumed("it is passed over")


STEPS = (
    Step(
        "opt_out", "Does a person take a status, and another?", of_person(_opt_out), "It is subscribed, and out again."
    ),
    Step(
        "status_moves_date",
        "Does a change of the status alone move 'modified_date'?",
        of_person(_moves),
        "It is subscribed, and out again, and its date is looked at.",
    ),
    Step(
        "tagging",
        "Does a tagging come to be found, go again, and leave the person's 'modified_date'?",
        of_person(_tagging),
        "It is given a tag that you have, and the tagging is deleted.",
    ),
    Step(
        "letter_case",
        "Is a person found whatever the letter case of the address?",
        of_person(_letter_case),
        "It is searched for in capitals.",
    ),
    Step(
        "match_by_identifier",
        "Does an identifier alone find nobody in the signup helper?",
        of_person(_identifier),
        "It is sent to the signup helper by its own identifier alone.",
    ),
    Step(
        "keep_one_address",
        "Is of several e-mail addresses in one request one kept?",
        of_person(_addresses),
        "It is sent a second marked address beside the first.",
    ),
    Step(
        "set_origin_system",
        "Is the origin system of a person passed over when it is sent?",
        of_person(_origin),
        "It is sent an origin system.",
    ),
)
