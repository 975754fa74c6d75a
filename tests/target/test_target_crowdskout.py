"""What the target sends to Crowdskout: items matched with those a profile has, and silent losses found out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from osdi_crm_sandbox.control import Account, Sandbox
from target_osdi_crm.rejects import sentence
from target_osdi_crm.vendors import crowdskout

KIND = "Our ID"


DROPPED = "+298 201234"
"""A number of the Faroe Islands, which the sandbox takes for too short."""


@pytest.fixture
def account(sandbox: Sandbox, target: Any) -> Account:
    target.settings["crowdskout_external_id_type"] = KIND
    return sandbox.account("crowdskout")


def writes(account: Account, method: str) -> list[dict[str, Any]]:
    return [call for call in account.log() if call["method"] == method]


def person(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": f"p{number}",
        "Names": [{"FirstName": f"Name{number}", "LastName": "Lo"}],
        "EmailAddresses": [{"Email": f"N{number}@example.org", "EmailContact": {"id": 77, "value": "Personal"}}],
        **more,
    }


FULL: dict[str, list[dict[str, Any]]] = {
    "PhoneNumbers": [{"PhoneNumber": "(202) 555-0143", "PhoneType": {"value": "Cell"}}],
    "PhysicalAddresses": [
        {"Address1": "1 Main St", "AddressCity": {"id": 5, "value": "Springfield"}, "AddressPostalCode": "62701"}
    ],
    "Genders": [{"Gender": {"id": 9, "value": "Female"}}],
    "Ages": [{"DateOfBirth": "1980-02-03"}],
    "Donations": [{"DonationExternalID": "d1", "DonationWhen": "2024-01-01T12:00:00+00", "DonationAmount": 10}],
    "Notes": [{"NoteWhen": "2024-01-01T12:00:00Z", "Note": "Met at the fair", "NoteAuthor": "A"}],
    "Interests": [{"Interest": {"value": "Sailing"}}, {"Interest": {"value": "Parakeets"}}],
}


def test_a_profile_is_created_with_its_key_as_external_id(account: Account, target: Any) -> None:
    done = target.write(account, "profiles", person(1, **FULL))

    assert done.code == 0, done.log
    (stored,) = account.records("profiles")
    (external,) = stored["ExternalIDs"]
    assert (external["ExternalID"], external["ExternalIDType"]["value"]) == ("p1", KIND)
    assert stored["EmailAddresses"][0]["Email"] == "n1@example.org"
    assert stored["PhoneNumbers"][0]["PhoneNumber"] == "+12025550143"
    assert [item["Interest"]["value"] for item in stored["Interests"]] == ["Sailing", "Parakeets"]
    (sent,) = writes(account, "POST")
    assert sent["body"]["profile"]["Genders"] == [{"Gender": {"value": "Female"}}]


@pytest.mark.parametrize("shows_whole", [True, False])
def test_the_same_load_twice_changes_nothing_the_second_time(account: Account, target: Any, shows_whole: bool) -> None:
    account.set(put_shows_whole=shows_whole)
    records = [person(number, **FULL) for number in range(4)]
    target.write(account, "profiles", *records)
    before = account.records("profiles")
    account.clear_log()

    same = target.write(account, "profiles", *records)
    assert same.count("profiles", "unchanged") == 4
    assert account.log() == []
    anew = target.write(account, "profiles", *records, journal=str(target.folder / "other.db"))

    assert anew.code == 0, anew.log
    assert anew.count("profiles", "unchanged") == 4
    assert writes(account, "PUT") == writes(account, "POST") == []
    assert account.records("profiles") == before


@pytest.mark.parametrize("shows_whole", [True, False])
def test_items_are_matched_with_those_there_by_their_natural_key(
    account: Account, target: Any, shows_whole: bool
) -> None:
    account.set(put_shows_whole=shows_whole)
    target.write(account, "profiles", person(1, **FULL))
    (before,) = account.records("profiles")
    changed = {
        **FULL,
        "PhoneNumbers": [{"PhoneNumber": "2025550143", "PhoneType": {"value": "Home"}}, {"PhoneNumber": "2025550144"}],
        "Genders": [{"Gender": {"value": "Male"}}],
        "Donations": [{"DonationExternalID": "d1", "DonationAmount": 12.5}],
    }
    account.clear_log()

    done = target.write(account, "profiles", person(1, **changed))

    assert done.code == 0, done.log
    assert done.count("profiles", "updated") == 1
    (put,) = writes(account, "PUT")
    assert put["body"]["profile"] == {
        "id": before["id"],
        "PhoneNumbers": [
            {"id": before["PhoneNumbers"][0]["id"], "PhoneType": {"value": "Home"}},
            {"PhoneNumber": "2025550144"},
        ],
        "Genders": [{"id": before["Genders"][0]["id"], "Gender": {"value": "Male"}}],
        "Donations": [{"id": before["Donations"][0]["id"], "DonationAmount": 12.5}],
    }
    (after,) = account.records("profiles")
    assert [each["PhoneType"] and each["PhoneType"]["value"] for each in after["PhoneNumbers"]] == ["Home", None]
    assert after["Donations"][0]["DonationWhen"] == before["Donations"][0]["DonationWhen"]
    assert after["Notes"] == before["Notes"]


def test_flat_columns_arrive_where_they_belong(account: Account, target: Any) -> None:
    (attribute,) = account.insert("attributes", [{"name": "Boat", "type": "Text"}])
    row = {"ID": 7, "EXTERNAL_ID": "E7", "FIRST_NAME": "Ada", "LAST_NAME": "Lo", "EMAIL": "ada@example.org"}
    row |= {"PHONE": "2025550143", "STREET": "1 Main St", "CITY": "Springfield", "ZIP": 62701, "GENDER": "Female"}
    row |= {f"ATTRIBUTE_{attribute['id']}": "Yawl", "UNRELATED": 1}

    done = target(account, target.messages("profiles", row, key=["ID"]))

    assert done.code == 0, done.log
    (stored,) = account.records("profiles")
    assert stored["ExternalIDs"][0]["ExternalID"] == "E7"
    assert stored["PhysicalAddresses"][0]["AddressCity"]["value"] == "Springfield"
    assert stored["Attributes"][0]["AttributeValue"] == "Yawl"
    assert "'UNRELATED' that nothing reads" in done.log


def test_an_ambiguous_external_id_is_rejected_with_the_candidates(account: Account, target: Any) -> None:
    shared = [{"ExternalID": "p1", "ExternalIDType": {"id": 1, "value": KIND}}]
    found = account.insert("profiles", [{"ExternalIDs": shared}, {"ExternalIDs": shared}])

    done = target.write(account, "profiles", person(1), person(2))

    assert done.code == 3
    assert [each["reason"] for each in done.rejects] == ["more than one match"]
    assert all(str(each["id"]) in done.rejects[0]["words"] for each in found)
    assert len(writes(account, "POST")) == 1


# Silent losses


def test_an_item_that_the_vendor_drops_on_creation_is_reported_by_its_place(account: Account, target: Any) -> None:
    lossy = person(1, Genders=[{"Gender": {"value": "Sailor"}}])

    done = target.write(account, "profiles", lossy, person(2))

    assert done.code == 3
    (reject,) = done.rejects
    assert reject["reason"] == "not applied"
    assert reject["words"].endswith("does not show Genders 1.")
    assert done.count("profiles", "created") == 1
    assert len(account.records("profiles")) == 2
    mended = target.write(account, "profiles", {**lossy, "Genders": [{"Gender": {"value": "Female"}}]})
    assert mended.code == 0, mended.log
    assert len(account.records("profiles")) == 2


def test_an_item_that_the_vendor_drops_on_update_is_reported(account: Account, target: Any) -> None:
    target.write(account, "profiles", person(1))

    done = target.write(account, "profiles", person(1, Genders=[{"Gender": {"value": "Sailor"}}]))

    assert done.code == 3
    assert done.rejects[0]["words"].endswith("does not show Genders 1.")


def test_a_profile_all_of_whose_items_are_dropped_is_not_created_again(account: Account, target: Any) -> None:
    nobody = {"id": "p1", "PhoneNumbers": [{"PhoneNumber": DROPPED}]}
    how = {"crowdskout_external_id_type": ""}

    first = target.write(account, "profiles", nobody, **how)
    mended = target.write(account, "profiles", {"id": "p1", "EmailAddresses": [{"Email": "a@example.org"}]}, **how)

    assert (first.code, mended.code) == (3, 0)
    assert len(account.records("profiles")) == 1
    assert mended.count("profiles", "updated") == 1


def test_a_refusal_in_a_good_answer_is_one(account: Account, target: Any) -> None:
    account.set(errors="success_false")
    account.fault(do="status", status=200, method="POST", times=1, body={"success": False, "messages": ["Not now"]})

    done = target.write(account, "profiles", person(1))

    assert done.code == 3
    assert done.rejects[0]["words"] == "Not now"


# Answers that never come


@pytest.mark.parametrize("how", ["cut_before", "cut_after", "malformed", "empty"])
def test_a_profile_whose_answer_is_lost_is_looked_up_and_not_repeated(account: Account, target: Any, how: str) -> None:
    account.fault(do=how, method="POST", path="/profile$", times=1)

    done = target.write(account, "profiles", person(1, **FULL))

    assert done.code == 0, done.log
    assert len(account.records("profiles")) == 1
    assert len(writes(account, "POST")) == (1 if how in {"cut_after", "malformed"} else 2)


def test_a_lost_profile_without_an_external_id_is_unknown_and_not_repeated(account: Account, target: Any) -> None:
    account.fault(do="cut_after", method="POST", times=1)
    how = {"crowdskout_external_id_type": ""}

    done = target.write(account, "profiles", person(1), **how)
    again = target.write(account, "profiles", person(1), **how)

    assert done.code == 3
    assert (done.count("profiles", "unknown"), again.count("profiles", "unknown")) == (1, 1)
    assert len(account.records("profiles")) == 1


@pytest.mark.parametrize("how", ["cut_before", "cut_after", "malformed"])
def test_an_update_whose_answer_is_lost_adds_nothing_twice(account: Account, target: Any, how: str) -> None:
    target.write(account, "profiles", person(1))
    account.fault(do=how, method="PUT", times=1)

    done = target.write(account, "profiles", person(1, **FULL))

    assert done.code == 0, done.log
    (stored,) = account.records("profiles")
    assert {name: len(stored[name]) for name in FULL} == {name: len(items) for name, items in FULL.items()}


# Addresses that cannot be used


def test_an_address_that_cannot_be_used_stays_so_unless_allowed(account: Account, target: Any) -> None:
    def usable(value: str, **more: Any) -> dict[str, Any]:
        return person(1, EmailAddresses=[{"Email": "n1@example.org", "EmailUsable": {"value": value}}], **more)

    target.write(account, "profiles", usable("Unusable"))

    kept = target.write(account, "profiles", usable("Usable", Genders=[{"Gender": {"value": "Male"}}]))

    assert kept.code == 0, kept.log
    assert account.records("profiles")[0]["EmailAddresses"][0]["EmailUsable"]["value"] == "Unusable"
    assert kept.by("profiles", "consent") == {"email unsubscribed": 1}
    done = target.write(account, "profiles", usable("Usable"), allow_resubscribe=True)
    assert done.code == 0, done.log
    assert account.records("profiles")[0]["EmailAddresses"][0]["EmailUsable"]["value"] == "Usable"


# Attributes


ATTRIBUTE: dict[str, Any] = {
    "id": "70",
    "name": "Sails",
    "type": "Radio",
    "options": [{"id": 5, "value": "Yes"}, {"value": "No"}],
}


def test_an_attribute_is_made_once_and_keeps_the_options_it_has(account: Account, target: Any) -> None:
    account.insert("attributes", [{"name": "Other", "type": "Text"}])
    target.write(account, "attributes", ATTRIBUTE)
    more = {**ATTRIBUTE, "options": [*ATTRIBUTE["options"], {"value": "Not Quite"}]}

    done = target.write(account, "attributes", {**more, "name": "Can sail"})
    again = target.write(account, "attributes", {**more, "name": "Can sail"}, journal=str(target.folder / "o.db"))

    assert done.code == again.code == 0, done.log
    assert again.count("attributes", "unchanged") == 1
    (stored,) = (each for each in account.records("attributes") if each["type"] == "Radio")
    assert stored["name"] == "Can sail"
    assert stored["options"] == [{"id": 1, "value": "Yes"}, {"id": 2, "value": "No"}, {"id": 3, "value": "Not Quite"}]


def test_attribute_values_of_another_account_follow_their_attributes(account: Account, target: Any) -> None:
    account.insert("attributes", [{"name": "Other", "type": "Text"}])
    value = [{"id": 1, "AttributeId": 70, "AttributeName": "Sails", "AttributeValue": {"id": 5, "value": "Yes"}}]
    messages = [
        *target.messages("profiles", person(1, Attributes=value)),
        *target.messages("attributes", ATTRIBUTE),
    ]

    done = target(account, messages)

    assert done.code == 0, done.log
    (attribute,) = (each for each in account.records("attributes") if each["type"] == "Radio")
    (stored,) = account.records("profiles")
    assert stored["Attributes"][0]["AttributeId"] == attribute["id"]
    assert stored["Attributes"][0]["AttributeValue"] == {"id": 1, "value": "Yes"}


def test_attribute_values_of_an_attribute_nobody_wrote_are_rejected(account: Account, target: Any) -> None:
    done = target.write(account, "profiles", person(1, Attributes=[{"AttributeId": 70, "AttributeValue": "x"}]))

    assert done.code == 3
    assert done.rejects[0]["reason"] == "reference not written"
    assert account.records("profiles") == []


def test_a_locked_attribute_is_rejected_and_the_run_goes_on(account: Account, target: Any) -> None:
    account.insert("attributes", [{"name": "Sails", "type": "Radio", "locked": True, "options": []}])

    done = target.write(account, "attributes", ATTRIBUTE, {"id": "71", "name": "New", "type": "Text"})

    assert done.code == 3
    assert done.rejects[0]["reason"] == "locked"
    assert done.count("attributes", "created") == 1


@pytest.mark.parametrize("option", [{"plural_attributes": True}, {"limit_caps": False}, {"other_spellings": True}])
def test_answers_spelled_otherwise_are_read(account: Account, target: Any, option: dict[str, Any]) -> None:
    account.set(**option)
    target.write(account, "attributes", ATTRIBUTE)
    value = {"ids_are_this_accounts": False}

    done = target(
        account,
        [
            *target.messages("attributes", ATTRIBUTE),
            *target.messages(
                "profiles", person(1, Attributes=[{"AttributeId": 70, "AttributeValue": {"value": "No"}}])
            ),
        ],
        journal=str(target.folder / "other.db"),
        **value,
    )

    assert done.code == 0, done.log
    assert len(account.records("attributes")) == 1


def test_a_dry_run_names_the_items_and_sends_nothing(account: Account, target: Any) -> None:
    target.write(account, "profiles", person(1))
    account.clear_log()

    done = target.write(
        account, "profiles", person(1, Interests=[{"Interest": {"value": "Sailing"}}]), person(2), dry_run=True
    )

    assert {each["plan"]: each["fields"] for each in done.plan} == {
        "update": ["Interests 1"],
        "create": ["EmailAddresses", "ExternalIDs", "Names"],
    }
    assert writes(account, "PUT") == writes(account, "POST") == []


def test_every_reason_and_setting_is_on_the_page() -> None:
    module = "".join(file.read_text(encoding="utf-8") for file in Path(crowdskout.__file__).parent.glob("*.py"))
    page = (Path(__file__).parents[2] / "docs" / "crowdskout.md").read_text(encoding="utf-8")
    page += (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    reasons = [sentence(code) for code in re.findall(r"Rejection\(\s*\"([^\"]+)\"", module)]

    assert reasons
    assert [each for each in (*reasons, *crowdskout.VENDOR.deciding_settings) if f"`{each}`" not in page] == []


# Many in one call


@pytest.mark.parametrize("option", [{}, {"bulk_reverses": True}, {"max_bulk": 3}])
def test_new_profiles_travel_together_and_each_gets_its_own_answer(
    account: Account, target: Any, option: dict[str, Any]
) -> None:
    account.set(**option)
    records = [person(number) for number in range(12)]
    records[4]["PhoneNumbers"] = [{"PhoneNumber": DROPPED}]

    done = target.write(account, "profiles", *records, crowdskout_profiles_per_call=10)
    changed = [{**record, "Genders": [{"Gender": {"value": "Male"}}]} for record in records]
    again = target.write(account, "profiles", *changed, crowdskout_profiles_per_call=10)

    assert done.code == again.code == 3
    assert [(each["key"], each["words"][-29:]) for each in done.rejects] == [("p4", "does not show PhoneNumbers 1.")]
    assert done.count("profiles", "created") == again.count("profiles", "updated") == 11
    assert len(account.records("profiles")) == 12
    for each in account.records("profiles"):
        assert (
            each["EmailAddresses"][0]["Email"]
            == each["ExternalIDs"][0]["ExternalID"].replace("p", "n") + "@example.org"
        )
        assert len(each["Genders"]) == 1
    bulk = [call for call in writes(account, "POST") if call["path"].endswith("/bulk")]
    assert len([call for call in bulk if call["status"] == 200]) >= 2


@pytest.mark.parametrize("how", ["cut_before", "cut_after", "malformed", "empty"])
def test_profiles_that_travelled_together_unanswered_are_looked_up_and_not_repeated(
    account: Account, target: Any, how: str
) -> None:
    account.fault(do=how, method="POST", path="/bulk$", times=1)

    done = target.write(account, "profiles", *(person(number) for number in range(20)), crowdskout_profiles_per_call=20)

    assert done.code == 0, done.log
    stored = account.records("profiles")
    assert sorted(each["ExternalIDs"][0]["ExternalID"] for each in stored) == sorted(f"p{n}" for n in range(20))


def test_a_profile_that_gets_lost_in_a_call_is_looked_up(account: Account, target: Any) -> None:
    account.fault(do="drop_field", field="ExternalIDs", method="POST", path="/bulk$", times=1)

    done = target.write(account, "profiles", *(person(number) for number in range(6)), crowdskout_profiles_per_call=6)

    assert done.code == 0, done.log
    assert len(account.records("profiles")) == 6


@pytest.mark.parametrize("option", [{}, {"bulk_reverses": True}])
@pytest.mark.parametrize("together", [1, 4])
def test_profiles_whose_external_ids_are_dropped_are_not_created_again(
    account: Account, target: Any, together: int, option: dict[str, Any]
) -> None:
    account.set(dropped=["ExternalIDs"], **option)
    records = [person(number) for number in range(4)]
    how = {"crowdskout_profiles_per_call": together}

    first = target.write(account, "profiles", *records, **how)
    account.set(dropped=[])
    second = target.write(account, "profiles", *records, retry_rejected=True, **how)

    assert first.code == 3
    assert {each["reason"] for each in first.rejects} == {"not applied"}
    assert second.code == 0, second.log
    assert {
        each["EmailAddresses"][0]["Email"]: [item["ExternalID"] for item in each["ExternalIDs"]]
        for each in account.records("profiles")
    } == {f"n{number}@example.org": [f"p{number}"] for number in range(4)}
    assert len(account.records("profiles")) == 4


SHARED = {"ExternalID": "m1", "ExternalIDType": {"id": 1, "value": "Mailchimp ID"}}


def test_people_who_share_an_id_of_another_system_stay_two(account: Account, target: Any) -> None:
    records = [person(number, ExternalIDs=[SHARED]) for number in range(2)]

    done = target.write(account, "profiles", *records)
    both = {"match_keys": {"profiles": ["external_id", "any_external_id"]}}
    third = target.write(account, "profiles", person(3, ExternalIDs=[SHARED]), **both)

    assert done.code == 0, done.log
    assert len(account.records("profiles")) == 2
    assert [each["ExternalIDs"][0]["ExternalIDType"]["value"] for each in account.records("profiles")] == [
        "Mailchimp ID",
        "Mailchimp ID",
    ]
    assert third.rejects[0]["reason"] == "more than one match"


def test_a_profile_found_by_the_id_of_another_system_is_changed_unless_it_is_somebody_else(
    account: Account, target: Any
) -> None:
    account.insert("profiles", [{"ExternalIDs": [SHARED]}])
    both = {"match_keys": {"profiles": ["external_id", "any_external_id"]}}

    done = target.write(account, "profiles", person(1, ExternalIDs=[SHARED]), **both)
    other = target.write(account, "profiles", person(2, ExternalIDs=[SHARED]), **both)

    assert done.count("profiles", "updated") == 1
    assert [each["ExternalID"] for each in account.records("profiles")[0]["ExternalIDs"]] == ["m1", "p1"]
    assert other.rejects[0]["reason"] == "match at odds"


def test_items_that_are_marked_so_are_deleted_where_that_is_allowed(account: Account, target: Any) -> None:
    target.write(account, "profiles", person(1, **FULL))
    gone = {
        "PhoneNumbers": [{"PhoneNumber": "202-555-0143", "delete": True}],
        "Genders": [{"Gender": {"value": "Male"}, "delete": True}],
        "Interests": [{"Interest": {"value": "Sailing"}, "delete": True}, {"Interest": {"value": "Chess"}}],
    }

    kept = target.write(account, "profiles", person(1, **gone))
    planned = target.write(account, "profiles", person(1, **gone), allow_delete=True, dry_run=True)
    done = target.write(account, "profiles", person(1, **gone), allow_delete=True)
    again = target.write(account, "profiles", person(1, **gone), allow_delete=True, resend=True)

    assert kept.by("profiles", "withheld")["deletion of Genders: 'allow_delete' is not set"] == 1
    assert planned.plan[0]["fields"] == ["PhoneNumbers to be deleted", "Interests to be deleted"]
    (profile,) = account.records("profiles")
    assert (done.code, profile["PhoneNumbers"], len(profile["Genders"])) == (0, [], 1), done.log
    assert [each["Interest"]["value"] for each in profile["Interests"]] == ["Parakeets", "Chess"]
    assert again.count("profiles", "unchanged") == 1
    assert "202" in (target.folder / "deleted.jsonl").read_text()


def test_options_that_are_marked_so_are_deleted_where_that_is_allowed(account: Account, target: Any) -> None:
    whole = {
        "id": "71",
        "name": "Sails",
        "type": "Radio",
        "options": [{"value": each} for each in ("Yes", "No", "Ask")],
    }
    target.write(account, "attributes", whole)
    marked = [{"value": "No", "delete": "true"}, {"value": "Never", "delete": True}, {"value": "Later"}]
    less = {**whole, "options": marked}

    kept = target.write(account, "attributes", less)
    assert kept.by("attributes", "withheld") == {"deletion of options: 'allow_delete' is not set": 1}
    planned = target.write(account, "attributes", less, allow_delete=True, dry_run=True)
    done = target.write(account, "attributes", less, allow_delete=True)
    again = target.write(account, "attributes", less, allow_delete=True, resend=True)
    anew = target.write(account, "attributes", {**less, "id": "72", "name": "Rows"}, allow_delete=True)

    assert planned.plan[0]["fields"] == ["options to be deleted"]
    options = {each["name"]: [one["value"] for one in each["options"]] for each in account.records("attributes")}
    assert options == {"Sails": ["Yes", "Ask", "Later"], "Rows": ["Later"]}
    assert (done.code, anew.code, again.count("attributes", "unchanged")) == (0, 0, 1), done.log
    assert "No" in (target.folder / "deleted.jsonl").read_text()
