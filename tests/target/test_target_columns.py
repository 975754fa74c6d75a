"""Columns by other CRMs' names, two columns for one field, and columns that nobody reads."""

from __future__ import annotations

from typing import Any

import pytest
from osdi_crm_sandbox.control import Sandbox

PLAIN: list[tuple[str, str, dict[str, Any], tuple[str, ...]]] = [
    (
        "action_network",
        "people",
        {
            "first_name": "Ann",
            "LAST_NAME": "Lee",
            "email_address": "a@b.org",
            "mobile": "2025550123",
            "zip_code": 10001.0,
        },
        ("'given_name': 'Ann'", "'family_name': 'Lee'", "a@b.org", "12025550123"),
    ),
    (
        "nationbuilder",
        "signups",
        {"given_name": "Ann", "surname": "Lee", "email": "a@b.org", "phone": "2025550123", "mobile_phone": "2025550124"}
        | {"zip_code": "10001", "city": "Rome"},
        (
            "'first_name': 'Ann'",
            "'last_name': 'Lee'",
            "'phone_number': '2025550123'",
            "'mobile_number': '2025550124'",
            "'zip': '10001'",
            "'city': 'Rome'",
        ),
    ),
    (
        "i360",
        "volunteers",
        {
            "given_name": "Ann",
            "last_name": "Lee",
            "email_address": "a@b.org",
            "phone": "2025550123",
            "city": "Rome",
        },
        ("'FirstName': 'Ann'", "'LastName': 'Lee'", "'Phone1': '2025550123'", "'C_City': 'Rome'"),
    ),
    (
        "rally_congress",
        "supporters",
        {"first_name": "Ann", "family_name": "Lee", "email_address": "a@b.org", "phone_number": "2025550123"},
        ("'firstName': 'Ann'", "'lastName': 'Lee'", "2025550123"),
    ),
    (
        "crowdskout",
        "profiles",
        {
            "given_name": "Ann",
            "family_name": "Lee",
            "email_address": "a@b.org",
            "mobile": "2025550123",
            "zip_code": "10001",
        },
        ("'FirstName': 'Ann'", "'LastName': 'Lee'", "'AddressPostalCode': '10001'", "+12025550123"),
    ),
]


@pytest.mark.parametrize(("vendor", "stream", "record", "written"), PLAIN, ids=[each[0] for each in PLAIN])
def test_the_plain_columns_of_other_crms_are_understood(
    vendor: str, stream: str, record: dict[str, Any], written: tuple[str, ...], sandbox: Sandbox, target: Any
) -> None:
    account = sandbox.account(vendor)

    done = target.write(account, stream, {"id": "1", **record}, default_country="US")

    assert done.code == 0, done.rejects
    assert done.by(stream, "unread") == {}
    stored = str(account.records(stream))
    assert [each for each in written if each not in stored] == []


def test_of_two_columns_for_one_field_the_one_of_its_name_counts_and_the_other_is_told(
    sandbox: Sandbox, target: Any
) -> None:
    account = sandbox.account("action_network")
    same = {
        "id": "2",
        "email": "b@b.org",
        "first_name": "Bo",
        "given_name": "Bo",
        "phone": 2025550123.0,
        "cell": "2025550123",
    }

    differ = {"id": "1", "email": "a@b.org", "first_name": "Anne", "given_name": "Ann"}
    done = target.write(account, "people", differ, same)

    assert done.code == 0, done.rejects
    assert sorted(each["given_name"] for each in account.records("people")) == ["Ann", "Bo"]
    assert done.by("people", "withheld") == {"first_name beside given_name": 1}


def test_a_column_nobody_reads_is_told_with_the_one_that_was_meant(sandbox: Sandbox, target: Any) -> None:
    account = sandbox.account("action_network")
    records = [{"id": str(number), "email": f"a{number}@b.org", "famly_name": "Lee", "zzz": 1} for number in range(3)]

    done = target.write(account, "people", *records, dry_run=True)

    assert done.by("people", "unread") == {"famly_name (family_name?)": 3, "zzz": 3}
    assert done.log.count("Did you mean 'family_name'?") == 1
    assert "people, unread: famly_name (family_name?) 3, zzz 3" in done.log


def test_an_object_under_another_crms_name_is_unread(sandbox: Sandbox, target: Any) -> None:
    account = sandbox.account("nationbuilder")

    done = target.write(account, "signups", {"id": "1", "first_name": "Ann", "street_address": {"line": "1 Main St"}})

    assert done.code == 0, done.rejects
    (unread,) = done.by("signups", "unread")
    assert unread.startswith("street_address")


@pytest.mark.parametrize(
    "odd", [{"language": []}, {"language": [[]]}, {"city": {}}, {"email": [None]}, {"phone": {"a": 1}}]
)
def test_a_flat_column_that_holds_something_else_harms_only_its_record(
    sandbox: Sandbox, target: Any, odd: dict[str, Any]
) -> None:
    account = sandbox.account("action_network")

    done = target.write(account, "people", {"id": "1", **odd}, {"id": "2", "email": "b@b.org"})

    assert done.code == 3
    assert done.count("people", "created") == 1


@pytest.mark.parametrize(
    ("vendor", "stream", "record", "written"),
    [
        ("action_network", "people", {"email": "a@b.org", "tags": "A, B,,"}, "'A'|'B'"),
        ("action_network", "people", {"email": "a@b.org", "add_tags": '["A, B"]'}, "'A, B'"),
        ("action_network", "forms", {"title": "F", "tag_list": "A, B"}, "'A', 'B'"),
        ("i360", "contacts", {"FirstName": "Ann", "Tags": "A, B"}, "'A'|'B'"),
    ],
)
def test_tags_may_come_as_text_with_commas(
    vendor: str, stream: str, record: dict[str, Any], written: str, sandbox: Sandbox, target: Any
) -> None:
    account = sandbox.account(vendor)

    done = target.write(account, stream, {"id": "1", **record})

    assert done.code == 0, done.rejects
    sent = str([each["body"] for each in account.log() if each["method"] == "POST"])
    assert [each for each in written.split("|") if each not in sent] == []
    assert "''" not in sent


def test_custom_columns_find_their_fields_at_a_nation(sandbox: Sandbox, target: Any) -> None:
    account = sandbox.account("nationbuilder")
    field = {"name": "Shirt", "slug": "shirt_size", "field_type": "text", "resource_type": "Signup"}
    account.insert("custom_fields", [{"attributes": field}])

    done = target.write(account, "signups", {"id": "1", "first_name": "Ann", "custom_Shirt Size": 5.0})

    assert done.code == 0, done.rejects
    assert "'shirt_size': '5'" in str(account.records("signups"))


def fields(account: Any, *names: str) -> None:
    account.insert("custom_fields", [{"name": name, "notes": None} for name in names])


def test_of_custom_fields_that_fold_alike_the_exact_name_counts(sandbox: Sandbox, target: Any) -> None:
    account = sandbox.account("action_network")
    fields(account, "shirt_size", "Shirt Size", "Hat Size")
    both = {"custom_shirt_size": "M", "custom_Shirt Size": "L", "custom_hat_size": "S"}
    unclear = {"custom_SHIRT_SIZE": "M"}

    done = target.write(
        account, "people", {"id": "1", "email": "a@b.org", **both}, {"id": "2", "email": "b@b.org", **unclear}
    )

    assert account.records("people")[0]["custom_fields"] == {"shirt_size": "M", "Shirt Size": "L", "Hat Size": "S"}
    assert [(each["key"], each["code"]) for each in done.rejects] == [("2", "unknown_custom_fields")]


def test_two_columns_for_one_custom_field_lose_nothing_untold(sandbox: Sandbox, target: Any) -> None:
    account = sandbox.account("action_network")
    fields(account, "Hat Size")

    record = {"id": "1", "email": "a@b.org", "custom_hat_size": "S", "custom_Hat Size": "L"}
    done = target.write(account, "people", record)

    assert account.records("people")[0]["custom_fields"] == {"Hat Size": "L"}
    assert done.by("people", "created") == {"the custom field hat_size beside Hat Size": 1}


def test_a_column_that_was_flattened_finds_the_field_whose_name_a_warehouse_folded(
    sandbox: Sandbox, target: Any
) -> None:
    account = sandbox.account("action_network")
    fields(account, "Hat Size")

    done = target.write(account, "people", {"id": "1", "email": "a@b.org", "CUSTOM_FIELDS__HAT_SIZE": "L"})

    assert done.code == 0, done.log
    assert account.records("people")[0]["custom_fields"] == {"Hat Size": "L"}


@pytest.mark.parametrize(
    ("vendor", "stream", "inner", "prefix"),
    [
        ("action_network", "people", "custom_fields", "custom_"),
        ("nationbuilder", "signups", "custom_values", "custom_"),
        ("nationbuilder", "signups", "home_address", "home_address__"),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_what_an_object_says_counts_above_a_column_of_its_part_which_is_told(
    sandbox: Sandbox, target: Any, vendor: str, stream: str, inner: str, prefix: str, turned: bool
) -> None:
    account = sandbox.account(vendor)
    if vendor == "nationbuilder":
        field = {"name": "City", "slug": "city", "field_type": "text", "resource_type": "Signup"}
        account.insert("custom_fields", [{"attributes": field}])
    given = {inner: {"city": "Rome"}, f"{inner}__city": "Oslo", f"{prefix}city": "Riga"}
    record = dict(reversed(given.items())) if turned else given

    done = target.write(account, stream, {"id": "1", "email": "a@b.org", **record})

    assert done.code == 0, done.log
    assert "'city': 'Rome'" in str(account.records(stream))
    assert "Oslo" not in str(account.log())
    assert f"{inner}__city beside {inner}" in done.by(stream, "withheld")
    if prefix == "custom_":
        assert "custom_city beside" in str(done.summary)


STREAM_OF = {
    "action_network": "people",
    "nationbuilder": "signups",
    "rally_congress": "supporters",
    "crowdskout": "profiles",
}


@pytest.mark.parametrize("vendor", [*STREAM_OF, "i360"])
@pytest.mark.parametrize("odd", ["../../x", "..", "1?a=b", "1#x", "a/b", "%2e%2e", "a b"])
def test_an_id_that_leads_elsewhere_is_refused_and_never_sent(
    vendor: str, odd: str, sandbox: Sandbox, target: Any
) -> None:
    account = sandbox.account(vendor)
    stream, key = (STREAM_OF[vendor], "id") if vendor in STREAM_OF else ("volunteers", "VolunteerID")
    before = [each for each in account.log() if "token" not in each["path"]]

    record = {key: odd, "email": "a@b.org", "first_name": "Ann"}
    done = target(account, target.messages(stream, record, key=[key]), ids_are_this_accounts=True)

    assert [each["code"] for each in done.rejects] == ["invalid_record"]
    assert [each for each in account.log() if "token" not in each["path"]] == before


@pytest.mark.parametrize(
    ("vendor", "stream", "record"),
    [
        ("action_network", "taggings", {"tag_id": "../../x", "person_id": "1"}),
        ("action_network", "signatures", {"petition_id": "a?b", "person_id": "1"}),
        ("nationbuilder", "signup_taggings", {"tag_id": "1", "signup_id": "../1"}),
        ("i360", "volunteer_tags", {"VolunteerID": "../../x", "Name": "A"}),
        ("crowdskout", "profiles", {"Attributes": [{"AttributeId": "../1", "AttributeValue": "x"}]}),
    ],
)
def test_a_reference_that_leads_elsewhere_is_refused_and_never_sent(
    vendor: str, stream: str, record: dict[str, Any], sandbox: Sandbox, target: Any
) -> None:
    account = sandbox.account(vendor)
    more = {"i360_unconfirmed_writes": True} if vendor == "i360" else {}

    done = target.write(account, stream, {"id": "1", **record}, ids_are_this_accounts=True, **more)

    assert [each["code"] for each in done.rejects] == ["invalid_record"]
    assert not [each for each in account.log() if "token" not in each["path"]]


@pytest.mark.parametrize("name", ["PEOPLE", "People", "public-people", "marts.PEOPLE", "analytics-marts-people"])
def test_a_stream_is_known_by_the_names_that_a_warehouse_gives_it(sandbox: Sandbox, target: Any, name: str) -> None:
    account = sandbox.account("action_network")

    done = target(account, target.messages(name, {"id": 1, "email": "ann@example.org"}))

    assert done.code == 0, done.log
    assert done.count("people", "created") == 1


@pytest.mark.parametrize(("name", "meant"), [("peopel", "people"), ("public-peple", "people"), ("Tagings", "taggings")])
def test_a_stream_that_is_nearly_known_is_told(sandbox: Sandbox, target: Any, name: str, meant: str) -> None:
    account = sandbox.account("action_network")
    messages = target.messages(name, {"id": 1, "email": "ann@example.org"})

    refused = target(account, messages)
    skipped = target(account, messages, on_unknown_stream="skip")

    assert refused.code == 1
    assert f"'{name}' cannot be written. Did you mean '{meant}'? Leave it out" in refused.log
    assert f"its records are skipped. Did you mean '{meant}'?" in skipped.log
    assert account.records("people") == []
