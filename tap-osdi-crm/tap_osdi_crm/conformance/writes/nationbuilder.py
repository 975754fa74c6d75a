"""NationBuilder: signups can be deleted, and their tags with them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from osdi_crm_client.errors import Refused
from osdi_crm_client.vendors import nationbuilder as wire

from tap_osdi_crm.conformance.person import FIRST, LAST, Person
from tap_osdi_crm.conformance.probe import Finding, as_assumed, not_tried, otherwise
from tap_osdi_crm.conformance.writing import Step, of_person

if TYPE_CHECKING:
    from collections.abc import Mapping

    import requests
    from osdi_crm_client.account import Account

    from tap_osdi_crm.conformance.bench import Bench
    from tap_osdi_crm.conformance.writing import Hand


def _document(attributes: Mapping[str, Any], key: str | None = None, kind: str = "signups") -> dict[str, Any]:
    named = {"id": key} if key else {}
    return {"data": {"type": kind, **named, "attributes": dict(attributes)}}


def _new(address: str) -> dict[str, Any]:
    return _document({"first_name": FIRST, "last_name": LAST, "email": address, "email_opt_in": False})


def _create(account: Account, address: str) -> requests.Response:
    return account.call("POST", "signups", json=_new(address), repeatable=False)


def _push(account: Account, address: str) -> requests.Response:
    return account.call("PATCH", "signups/push", json=_new(address), repeatable=False)


def _change(account: Account, key: str, **attributes: Any) -> dict[str, Any]:
    body = _document(attributes, key)
    return wire.record(account.call("PATCH", f"signups/{key}", json=body, repeatable=True).json())


def _found(account: Account, path: str, **wanted: str) -> list[str]:
    body = account.call("GET", path, params=wire.filters(wanted), repeatable=True).json()
    return [wire.id_of(row) for row in wire.rows(body)]


def _read(account: Account, key: str) -> dict[str, Any]:
    return wire.record(account.call("GET", f"signups/{key}", repeatable=True).json())


def _remove(account: Account, key: str) -> None:
    for tag in _found(account, "signup_tags", name=_tag(key)):
        account.call("DELETE", f"signup_tags/{tag}", repeatable=True)
    account.call("DELETE", f"signups/{key}", repeatable=True)


def _tag(key: str) -> str:
    return f"osdi-crm conformance {key}"


PERSON = Person(
    create=_create,
    created=f"A signup '{FIRST} {LAST}' of the marked address is made (POST signups), which gets no e-mail.",
    id_of=lambda body: wire.id_of(wire.record(body)),
    find=lambda account, address: _found(account, "signups", with_email_address=address),
    read=_read,
    rename=lambda account, key, first: _change(account, key, first_name=first),
    first=lambda row: row.get("first_name"),
    again=_push,
    remove=_remove,
)


def _opt_out(hand: Hand, bench: Bench) -> Finding:
    found = []
    for wanted in (True, False):
        _change(bench.account, hand.id, email_opt_in=wanted)
        found.append(_read(bench.account, hand.id).get("email_opt_in"))
    return as_assumed("it does") if found == [True, False] else otherwise("it shows otherwise than it was sent")


def _refused(hand: Hand, bench: Bench) -> Finding:
    try:
        response = _create(bench.account, hand.address)
    except Refused as refusal:
        return as_assumed(f"it is, with HTTP {refusal.status}")
    other = PERSON.id_of(response.json())
    if other and other != hand.id:
        _remove(bench.account, other)
    return otherwise("it makes another signup")


def _tags(hand: Hand, bench: Bench) -> Finding:
    account = bench.account
    before = _read(account, hand.id).get("updated_at")
    time.sleep(1.2)
    tag = wire.id_of(
        wire.record(
            account.call(
                "POST", "signup_tags", json=_document({"name": _tag(hand.id)}, kind="signup_tags"), repeatable=False
            ).json()
        )
    )
    tagging = _document({"signup_id": hand.id, "tag_id": tag}, kind="signup_taggings")
    account.call("POST", "signup_taggings", json=tagging, repeatable=False)
    after = _read(account, hand.id).get("updated_at")
    taggings = _found(account, "signup_taggings", signup_id=hand.id)
    account.call("DELETE", f"signup_tags/{tag}", repeatable=True)
    left = _found(account, "signup_taggings", signup_id=hand.id)
    if before != after:
        return otherwise("it does, and moves the signup's 'updated_at', which was assumed to stand")
    if len(taggings) == 1 and not left:
        return as_assumed("it does, and goes with its tag")
    return otherwise(f"{len(taggings)} taggings were found, and {len(left)} when the tag was deleted")


def _reference(hand: Hand, bench: Bench) -> Finding:
    body = _document({"signup_id": hand.id, "tag_id": "999999999"}, kind="signup_taggings")
    try:
        bench.account.call("POST", "signup_taggings", json=body, repeatable=False)
    except Refused as refusal:
        return as_assumed(f"it is, with HTTP {refusal.status}")
    return otherwise("it is taken")


def _custom(hand: Hand, bench: Bench) -> Finding:
    slugs = [
        str(row["slug"])
        for row in bench.sample("custom_fields").rows
        if str(row.get("resource_type")).lower() == "signup" and row.get("field_type") == "text"
    ]
    if len(slugs) < 2:
        return not_tried("the nation has fewer than two custom fields of text for signups")
    for slug in slugs[:2]:
        _change(bench.account, hand.id, custom_values={slug: "conformance"})
    values = _read(bench.account, hand.id).get("custom_values") or {}
    if [values.get(slug) for slug in slugs[:2]] == ["conformance"] * 2:
        return as_assumed("they do")
    return otherwise("what a change does not send is lost")


STEPS = (
    Step("opt_out", "Does a signup take an opt-in and an opt-out?", of_person(_opt_out), "It opts in, and out again."),
    Step(
        "taken_address",
        "Is a second signup with a known address refused?",
        of_person(_refused),
        "It is made by POST once more, which should be refused.",
    ),
    Step(
        "tagging",
        "Does a tagging come to be found, go with its tag, and leave the signup's 'updated_at'?",
        of_person(_tags),
        "A tag of its own is made, given to it, and deleted.",
    ),
    Step(
        "missing_reference",
        "Is a tagging refused whose tag there is not?",
        of_person(_reference),
        "It is given a tag that there is not, which should be refused.",
    ),
    Step(
        "merge_custom_values",
        "Do custom fields that a change does not send keep their values?",
        of_person(_custom),
        "Two of your custom fields are filled at it, one after the other.",
    ),
)
