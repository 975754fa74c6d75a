"""An opt-out holds at any vendor, whatever becomes of its record, for every address it names, on every channel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from osdi_crm_sandbox.control import Sandbox

from tests.target_command import TargetCommand
from tests.vendors.crowdskout import KIND

NUMBER = "2025550199"
EMAIL = "b@example.org"

Record = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Way:
    """A channel of a vendor.

    Attributes:
        vendor: The vendor.
        people: Its stream of people.
        key: Its key.
        name: The channel.
        out: What a record says of an address that is not to be used.
        into: What one says that may want it.
        reached: Whether people as the sandbox holds them are reached at the address.
        given: The property of a given name.
        held: What must be said beside an address for a person to be found.
    """

    vendor: str
    people: str
    name: str
    out: Record
    into: Record
    reached: Callable[[Record], bool]
    key: str = "id"
    given: str = "first_name"
    held: Record | None = None


def _an(field: str, part: str, at: str) -> Callable[[Record], bool]:
    return lambda raw: any(at in each.get(part, "") and each["status"] == "subscribed" for each in raw.get(field, ()))


def _nb(attribute: str, reachable: bool, *fields: str) -> Callable[[Record], bool]:
    def reached(raw: Record) -> bool:
        shown = raw["attributes"]
        here = any(str(shown.get(field)) in {NUMBER, EMAIL} for field in fields)
        return here and bool(shown[attribute]) is reachable

    return reached


def _cs(collection: str, part: str, flag: str) -> Callable[[Record], bool]:
    return lambda raw: any(
        str(each[part]).endswith((NUMBER, EMAIL)) and (each.get(flag) or {}).get("value") != "Unusable"
        for each in raw.get(collection, ())
    )


_CREATES = {"POST": "/(people|signups|supporters|profile|profile/bulk|Volunteers)$", "PATCH": "/signups/push$"}

_AN: Record = {"vendor": "action_network", "people": "people", "given": "given_name"}
_NB: Record = {"vendor": "nationbuilder", "people": "signups"}
_CS: Record = {"vendor": "crowdskout", "people": "profiles", "held": {"external_id": "x"}}
_RALLY: Record = {"vendor": "rally_congress", "people": "supporters", "given": "firstName"}
_I360: Record = {"vendor": "i360", "people": "volunteers", "key": "VolunteerID", "given": "FirstName"}
_MOBILE, _PHONE = ("mobile_number",), ("mobile_number", "phone_number", "work_phone_number")

WAYS = [
    Way(
        **_AN,
        name="email",
        out={"email": EMAIL, "email_status": "unsubscribed"},
        into={"email": EMAIL, "email_status": "subscribed"},
        reached=_an("email_addresses", "address", EMAIL),
    ),
    Way(
        **_AN,
        name="second email",
        out={"email_addresses": [{"address": "other@example.org"}, {"address": EMAIL, "status": "unsubscribed"}]},
        into={"email": EMAIL, "email_status": "subscribed"},
        reached=_an("email_addresses", "address", EMAIL),
    ),
    Way(
        **_AN,
        name="phone",
        out={"phone": NUMBER, "phone_status": "unsubscribed"},
        into={"email": "a@example.org", "phone": NUMBER, "phone_status": "subscribed"},
        reached=_an("phone_numbers", "number", NUMBER),
    ),
    Way(
        **_NB,
        name="email",
        out={"email": EMAIL, "email_opt_in": False},
        into={"email": EMAIL, "email_opt_in": True},
        reached=_nb("email_opt_in", True, "email"),
    ),
    Way(
        **_NB,
        name="second email",
        out={"email": "other@example.org", "email2": EMAIL, "email_opt_in": False},
        into={"email": EMAIL, "email_opt_in": True},
        reached=_nb("email_opt_in", True, "email"),
    ),
    Way(
        **_NB,
        name="mobile",
        out={"mobile_number": NUMBER, "mobile_opt_in": False},
        into={"email": "a@example.org", "mobile_number": NUMBER, "mobile_opt_in": True},
        reached=_nb("mobile_opt_in", True, *_MOBILE),
    ),
    Way(
        **_NB,
        name="calls",
        out={"work_phone_number": NUMBER, "do_not_call": True},
        into={"email": "a@example.org", "phone_number": NUMBER},
        reached=_nb("do_not_call", False, *_PHONE),
    ),
    Way(
        **_NB,
        name="no contact",
        out={"email": "b@example.org", "phone_number": NUMBER, "do_not_contact": True},
        into={"email": "a@example.org", "mobile_number": NUMBER, "mobile_opt_in": True},
        reached=_nb("mobile_opt_in", True, *_MOBILE),
    ),
    Way(
        **_RALLY,
        name="email",
        out={"email": EMAIL, "emailOptin": "no"},
        into={"email": EMAIL, "emailOptin": "yes"},
        reached=lambda raw: raw["email"] == EMAIL and raw["emailOptin"] == "yes",
    ),
    Way(
        **_RALLY,
        name="phone",
        out={"email": "other@example.org", "phone": NUMBER, "sms_opt_in": False},
        into={"email": "a@example.org", "phone": NUMBER},
        reached=lambda raw: raw["email"] == "a@example.org" and NUMBER in str(raw.get("phones")),
    ),
    Way(
        **_CS,
        name="email",
        out={"email": EMAIL, "email_opt_in": False},
        into={"email": EMAIL},
        reached=_cs("EmailAddresses", "Email", "EmailUsable"),
    ),
    Way(
        **_CS,
        name="texts",
        out={"phone": NUMBER, "sms_opt_in": False},
        into={"phone": NUMBER, "first_name": "Ann"},
        reached=_cs("PhoneNumbers", "PhoneNumber", "PhoneNumberTextUsable"),
    ),
    Way(
        **_CS,
        name="calls",
        out={"phone": NUMBER, "do_not_call": True},
        into={"phone": NUMBER, "first_name": "Ann"},
        reached=_cs("PhoneNumbers", "PhoneNumber", "PhoneNumberCallUsable"),
    ),
    Way(
        **_I360,
        name="email",
        out={"Email": EMAIL, "email_opt_in": False},
        into={"Email": EMAIL},
        reached=lambda raw: raw["Email"] == EMAIL,
    ),
    Way(
        **_I360,
        name="phone",
        out={"Email": "other@example.org", "Phone2": NUMBER, "do_not_call": True},
        into={"Email": "a@example.org", "Phone1": NUMBER},
        reached=lambda raw: raw["Email"] == "a@example.org" and NUMBER in {raw.get("Phone1"), raw.get("Phone2")},
    ),
]


REASONS: dict[str, Record] = {
    "bad value": {"given": "Bob", "schema": {"type": "integer"}},
    "no key": {"key": None},
    "too large": {"given": "B" * 3000, "settings": {"max_field_bytes": 2000}},
    "unknown word": {"more": {"newsletter_consent": "perhaps"}},
    "refused": {"fault": {"do": "status", "status": 400, "times": 1}},
    "left alone": {"settings": {"mode": "update"}, "later": True},
    "deleted": {"more": {"_sdc_deleted_at": "2026-11-30T00:00:00Z"}},
}


@pytest.fixture(params=WAYS, ids=lambda way: f"{way.vendor}-{way.name}".replace(" ", "_"))
def way(request: pytest.FixtureRequest, target: TargetCommand) -> Way:
    found: Way = request.param
    target.keys[found.people] = (found.key,)
    if found.vendor == "crowdskout":
        target.settings["crowdskout_external_id_type"] = KIND
    return found


def records(way: Way, reason: Record) -> tuple[Record, Record]:
    spoiled = {way.given: reason["given"]} if "given" in reason else {}
    held = way.held or {}
    out = {way.key: reason.get("key", "b"), **held, **way.out, **spoiled, **reason.get("more", {})}
    into = {way.key: "a", **{name: f"{each}2" for name, each in held.items()}, **way.into}
    return out, into


@pytest.mark.parametrize("later", [False, True], ids=["same_run", "later_run"])
@pytest.mark.parametrize("reason", REASONS, ids=lambda name: name.replace(" ", "_"))
def test_whoever_opted_out_in_a_record_that_is_not_written_is_not_reached_by_another(
    sandbox: Sandbox, target: TargetCommand, way: Way, reason: str, later: bool
) -> None:
    why, account = REASONS[reason], sandbox.account(way.vendor)
    if why.get("later") and not later:
        pytest.skip("the other record would be left alone, too")
    out, into = ({"type": "RECORD", "stream": way.people, "record": each} for each in records(way, why))
    schema = target.schema(way.people, **({way.given: why["schema"]} if "schema" in why else {}))
    for method, path in _CREATES.items() if "fault" in why else ():
        account.fault(**why["fault"], method=method, path=path)
    more = why.get("settings", {})

    first = target(account, [schema, out, *([] if later else [into])], **more)
    last = target(account, [schema, into]) if later else first

    assert last.code in {0, 3}, last.log
    assert not any(map(way.reached, account.records(way.people))), last.log


def test_an_opt_out_of_one_channel_counts_beside_a_word_of_another_that_is_not_understood(
    sandbox: Sandbox, target: TargetCommand, way: Way
) -> None:
    account = sandbox.account(way.vendor)
    out, into = records(way, {"more": {"email_permission": "hm", "do_not_text": "hm"}})

    done = target.write(account, way.people, out, into)

    assert {each["code"] for each in done.rejects} >= {"unknown_status"}
    assert not any(map(way.reached, account.records(way.people))), done.log


def test_without_an_opt_out_all_of_them_are_reached(sandbox: Sandbox, target: TargetCommand, way: Way) -> None:
    account = sandbox.account(way.vendor)
    _, into = records(way, {})

    done = target.write(account, way.people, into)

    assert done.code == 0, done.log
    assert any(map(way.reached, account.records(way.people))), "or the tests above prove nothing"


def test_an_opt_out_counts_though_another_part_of_its_entry_is_invalid(sandbox: Sandbox, target: TargetCommand) -> None:
    account = sandbox.account("action_network")
    entry = {"address": EMAIL, "status": "unsubscribed", "primary": "perhaps"}

    done = target.write(
        account, "people", {"id": "b", "email_addresses": [entry]}, {"id": "a", "email": EMAIL, "email_opt_in": "y"}
    )

    assert [each["code"] for each in done.rejects] == ["invalid_record"]
    assert account.records("people")[0]["email_addresses"][0]["status"] == "unsubscribed"


def test_an_opt_out_counts_though_a_stream_map_fails_on_its_record(sandbox: Sandbox, target: TargetCommand) -> None:
    account = sandbox.account("action_network")
    out = {"id": "b", "email": EMAIL, "email_status": "unsubscribed", "name": None}
    into = {"id": "a", "email": EMAIL, "email_status": "subscribed", "name": "Ann"}

    done = target.write(account, "people", out, into, stream_maps={"people": {"given_name": "name.upper()"}})

    assert len(done.rejects) == 1
    (there,) = account.records("people")
    assert there["email_addresses"][0]["status"] == "unsubscribed"
