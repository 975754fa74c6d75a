"""Writing to Ridge CRM: what exists is found by a 409 or in the listing, and each channel has a consent of its own."""

from __future__ import annotations

from typing import Any

import pytest
from osdi_crm_sandbox.control import Account, Sandbox

ADA: dict[str, Any] = {
    "id": "1",
    "given_name": "Ada",
    "emails": [{"address": "Ada@example.org"}, {"address": "ada@work.example.org"}],
    "phones": [{"number": "+1 202 555 0143"}],
}
LISTS = {"id": "l", "name": "Volunteers"}
JOINED = {"id": "m", "person_id": "1", "list_id": "l", "role": "lead", "joined": "2024-02-29T12:00:00+01:00"}


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    return sandbox.account("ridge_crm")


def there(**more: Any) -> dict[str, Any]:
    """Ada as the vendor has her already."""
    return {"emails": ADA["emails"], "phones": ADA["phones"], "email_status": "subscribed", **more}


def calls(account: Account, *methods: str) -> list[tuple[str, str, int]]:
    return [(each["method"], each["path"], each["status"]) for each in account.log() if each["method"] in methods]


def everything(target: Any, person: dict[str, Any] = ADA, joined: dict[str, Any] = JOINED) -> list[Any]:
    return [
        *target.messages("memberships", joined),
        *target.messages("lists", LISTS),
        *target.messages("people", person),
    ]


def test_all_is_created_and_the_same_again_costs_no_call(account: Account, target: Any) -> None:
    first = target(account, everything(target))
    [person], [membership] = account.records("people"), account.records("memberships")
    account.clear_log()

    again = target(account, everything(target))

    assert (first.code, again.code) == (0, 0), first.log
    assert [each["address"] for each in person["emails"]] == [each["address"] for each in ADA["emails"]]
    assert (membership["person"], membership["list"]["name"]) == (person["id"], "Volunteers")
    assert membership["joined"] == 1_709_204_400_000
    assert account.log() == []


def test_what_exists_is_found_by_the_id_that_its_refusal_tells(account: Account, target: Any) -> None:
    [person] = account.insert("people", [there()])
    [known] = account.insert("lists", [{"name": "Volunteers"}])
    [membership] = account.insert("memberships", [{"person": person["id"], "list": known}])

    done = target(account, everything(target))

    assert done.code == 0, done.log
    counted = [(done.count(name, "created"), done.count(name, "updated")) for name in ("lists", "memberships")]
    assert counted == [(0, 0), (0, 1)]
    assert ("POST", "/v2/lists", 409) in calls(account, "POST")
    assert [each["id"] for each in account.records("memberships")] == [membership["id"]]
    assert account.records("memberships")[0]["role"] == "lead"


def test_a_person_that_somebody_else_makes_meanwhile_is_updated(account: Account, target: Any) -> None:
    account.fault(do="cut_after", method="POST", path="/people$", times=1)

    done = target.write(account, "people", ADA)

    assert done.code == 0, done.log
    assert [status for _, _, status in calls(account, "POST")] == [None, 409]
    assert len(account.records("people")) == 1


def test_people_are_looked_up_in_one_reading_of_all(account: Account, target: Any) -> None:
    account.insert("people", [there(given_name=None), *({"emails": [{"address": f"n{n}@x.org"}]} for n in range(150))])
    others = [{"id": f"o{n}", "given_name": "O", "email": f"n{n}@x.org"} for n in range(20)]
    account.clear_log()

    done = target.write(account, "people", ADA, *others)

    assert done.count("people", "updated") == 21
    assert calls(account, "POST") == []
    assert [path for _, path, _ in calls(account, "GET")].count("/v2/people") == 2


def test_an_address_of_somebody_else_is_rejected(account: Account, target: Any) -> None:
    account.insert("people", [there()])
    target.write(account, "people", {"id": "2", "email": "bob@example.org"})

    done = target.write(account, "people", {"id": "2", "emails": ADA["emails"]})

    assert done.code == 3
    assert [each["code"] for each in done.rejects] == ["vendor_refused"]


@pytest.mark.parametrize(("out", "other"), [("email", "phone"), ("phone", "email")])
def test_an_opt_out_is_of_its_channel(account: Account, target: Any, out: str, other: str) -> None:
    account.insert("people", [there(phone_status="subscribed")])

    target.write(account, "people", {**ADA, f"{out}_status": "unsubscribed"})
    back = target.write(account, "people", {**ADA, f"{out}_status": "subscribed", f"{other}_status": "subscribed"})

    [person] = account.records("people")
    assert (person[f"{out}_status"], person[f"{other}_status"]) == ("unsubscribed", "subscribed")
    assert back.by("people", "consent") == {f"{out} withheld": 1}


@pytest.mark.parametrize("address", [each["address"] for each in ADA["emails"]])
def test_an_opt_out_is_of_all_the_addresses_that_its_record_names(account: Account, target: Any, address: str) -> None:
    target.write(account, "people", {**ADA, "email_status": "unsubscribed"}, mode="update")

    target.write(account, "people", {"id": "2", "email": address, "email_status": "subscribed"})

    [person] = account.records("people")
    assert person["email_status"] == "unsubscribed"


def test_what_the_vendor_blocked_stays_so(account: Account, target: Any) -> None:
    account.insert("people", [there(email_status="blocked")])

    target.write(account, "people", {**ADA, "email_status": "subscribed"}, allow_resubscribe=True)

    [person] = account.records("people")
    assert (person["email_status"], person["given_name"]) == ("blocked", "Ada")
