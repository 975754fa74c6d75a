"""Blanks that are meant to empty, and times that name no time zone: what the settings say of them."""

from __future__ import annotations

from typing import Any

import pytest
from osdi_crm_client.errors import ConfigurationError
from osdi_crm_sandbox.control import Account, Sandbox

ANN = {"id": "1", "email": "ann@example.org"}
FULL: list[tuple[str, str, dict[str, Any], str, Any]] = [
    ("action_network", "people", {"family_name": "Lee"}, "family_name", None),
    ("action_network", "people", {"phone": "2025550123"}, "phone", None),
    ("action_network", "people", {"custom_shirt": "M"}, "custom_shirt", None),
    ("action_network", "people", {"custom_fields": {"Shirt": "M", "Hat": "L"}}, "custom_fields.Shirt", {"Hat": "L"}),
    ("action_network", "people", {"custom_fields__shirt": "M"}, "custom_fields__shirt", None),
    ("action_network", "people", {"country": "US", "city": "Rome", "zip": "10001"}, "city", "10001"),
    ("nationbuilder", "signups", {"last_name": "Lee"}, "last_name", None),
    ("nationbuilder", "signups", {"mobile_number": "2025550123"}, "mobile_number", None),
    ("nationbuilder", "signups", {"home_address": {"city": "Rome", "zip": "10001"}}, "home_address.city", "10001"),
    ("i360", "volunteers", {"Email": "ann@example.org", "LastName": "Lee"}, "LastName", None),
    ("rally_congress", "supporters", {"lastName": "Lee"}, "lastName", None),
    ("crowdskout", "profiles", {"gender": "Male", "external_id": "x1"}, "gender", None),
]


def blanked(record: dict[str, Any], field: str, blank: Any) -> dict[str, Any]:
    head, _, rest = field.partition(".")
    return {**record, head: {**record[head], rest: blank} if rest else blank}


def seen(account: Account, stream: str) -> str:
    return str([each for each in account.records(stream) if "nora.owner" not in str(each)])


@pytest.mark.parametrize("blank", [None, " "])
@pytest.mark.parametrize(("vendor", "stream", "more", "field", "left"), FULL)
def test_a_blank_in_a_field_that_is_to_be_emptied_empties_it(
    vendor: str, stream: str, more: dict[str, Any], field: str, left: Any, blank: Any, sandbox: Sandbox, target: Any
) -> None:
    account = sandbox.account(vendor)
    record = {**ANN, **more}
    settings: dict[str, Any] = {"crowdskout_external_id_type": "Our ID"} if vendor == "crowdskout" else {}
    value = next(iter(more[field.partition(".")[0]].values())) if "." in field else more[field]
    value = "12025550123" if value == "2025550123" and vendor == "action_network" else value
    done = target.write(account, stream, record, **settings)
    assert done.code == 0, done.rejects
    assert f"'{value}'" in seen(account, stream)

    target.write(account, stream, blanked(record, field, blank), **settings)
    assert f"'{value}'" in seen(account, stream), "what no setting names empties nothing"

    done = target.write(account, stream, blanked(record, field, blank), **settings, empty_fields={stream: [field]})
    assert done.code == 0, done.rejects
    assert done.count(stream, "updated") == 1
    assert f"'{value}'" not in seen(account, stream)
    if isinstance(left, str):
        assert left in seen(account, stream)

    again = target.write(
        account, stream, {**blanked(record, field, blank), "x": 1}, **settings, empty_fields={stream: [field]}
    )
    assert (again.code, again.count(stream, "unchanged")) == (0, 1)


def test_a_missing_column_empties_nothing_and_a_new_person_has_nothing_to_empty(sandbox: Sandbox, target: Any) -> None:
    account = sandbox.account("action_network")
    empty = {"people": ["family_name", "email", "city"]}
    target.write(account, "people", {**ANN, "family_name": "Lee"})

    new = {"id": "2", "email": "bo@example.org", "family_name": None, "city": " "}
    done = target.write(account, "people", ANN, new, empty_fields=empty)
    emptied = target.write(account, "people", {"id": "2", "email": None, "given_name": "Bo"}, empty_fields=empty)

    assert done.code == 0, done.rejects
    assert "Lee" in str(account.records("people"))
    assert '": null' not in str([each["body"] for each in account.log() if each["method"] == "POST"])
    assert emptied.by("people", "withheld") == {"email_addresses cannot be emptied": 1}
    assert "bo@example.org" in str(account.records("people"))


def test_a_stream_that_cannot_be_written_has_no_fields_to_empty(sandbox: Sandbox, target: Any) -> None:
    with pytest.raises(ConfigurationError, match="The setting 'empty_fields' is set for 'peple'"):
        target.write(sandbox.account("action_network"), "people", ANN, empty_fields={"peple": ["x"]})


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("2026-03-01T10:00:00", "2026-03-01T15:00:00Z"),
        ("2026-07-01T10:00:00", "2026-07-01T14:00:00Z"),
        ("2026-03-01T10:00:00+00:00", "2026-03-01T10:00:00Z"),
    ],
)
def test_times_without_a_zone_are_the_sources(sandbox: Sandbox, target: Any, given: str, written: str) -> None:
    account = sandbox.account("nationbuilder")
    people = target.messages("signups", {"id": "1", "email": "ann@example.org"})
    donation = {"id": "1", "signup_id": "1", "amount_in_cents": 100, "payment_type_name": "Cash", "succeeded_at": given}

    done = target(account, [*people, *target.messages("donations", donation)], source_time_zone="America/New_York")

    assert done.code == 0, done.rejects
    assert written in str([each["body"] for each in account.log() if each["path"].endswith("/donations")])


def test_the_zone_leaves_local_times_alone(sandbox: Sandbox, target: Any) -> None:
    account = sandbox.account("action_network")

    event = {"id": "1", "title": "Walk", "start_date": "2026-07-04T18:00:00"}
    done = target.write(account, "events", event, source_time_zone="America/New_York")

    assert done.code == 0, done.rejects
    assert account.records("events")[0]["start_date"] == "2026-07-04T18:00:00Z"


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "EST5EDT4,x"])
def test_a_time_zone_that_is_none_is_refused(sandbox: Sandbox, target: Any, zone: str) -> None:
    with pytest.raises(ConfigurationError, match="The setting 'source_time_zone' is no time zone"):
        target.write(sandbox.account("action_network"), "people", ANN, source_time_zone=zone)
