"""What the target sends to i360: contacts in imports, volunteers one by one, the rest only where that is asked for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from osdi_crm_sandbox.control import Account, Sandbox
from target_osdi_crm.rejects import sentence
from target_osdi_crm.vendors import i360


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    return sandbox.account("i360")


def writes(account: Account, path: str = "") -> list[dict[str, Any]]:
    return [
        call
        for call in account.log()
        if call["method"] in {"POST", "PUT", "DELETE"} and path in call["path"] and "Search" not in call["path"]
        if "connect/token" not in call["path"]
    ]


def contact(number: int, **more: Any) -> dict[str, Any]:
    return {
        "ContactID": f"c{number}",
        "FirstName": f"Name{number}",
        "LastName": "Public",
        "Email": f"n{number}@example.org",
        "State": "VA",
        **more,
    }


def volunteer(number: int, **more: Any) -> dict[str, Any]:
    return {"VolunteerID": f"v{number}", "Email": f"V{number}@example.org", "State": "VA", "FirstName": "Vi", **more}


def load(target: Any, account: Account, stream: str, *records: dict[str, Any], **settings: Any) -> Any:
    key = {"contacts": "ContactID", "volunteers": "VolunteerID", "volunteer_notes": "NoteID"}
    key |= {"volunteer_tags": "TagID", "event_attendees": "AttendeeID"}
    return target(account, target.messages(stream, *records, key=[key[stream]]), **settings)


# Contacts


def test_contacts_travel_together_in_imports_and_are_said_to_be_accepted_only(account: Account, target: Any) -> None:
    records = [contact(number, Tags=[{"Key": "Events", "Value": "Rally"}]) for number in range(250)]

    done = load(target, account, "contacts", *records)
    account.clear_log()
    again = load(target, account, "contacts", *records)

    assert done.code == again.code == 0, done.log
    assert len(account.records("contacts")) == 250
    assert 3 <= len(account.records("imports")) <= 6
    assert done.by("contacts", "created") == {"accepted as an import: not yet a contact": 250}
    assert account.records("contacts")[0]["Tags"] == [{"Key": "Events", "Value": "Rally"}]
    assert again.count("contacts", "unchanged") == 250
    assert account.log() == []
    assert account.counters()["overlaps"] == 0


def test_a_contact_that_changed_is_imported_again_whole(account: Account, target: Any) -> None:
    load(target, account, "contacts", contact(1))

    done = load(target, account, "contacts", contact(1, Employer="ACME"))

    assert done.code == 0, done.log
    (stored,) = account.records("contacts")
    assert (stored["FirstName"], stored["Employer"]) == ("Name1", "ACME")


def test_an_import_is_followed_to_its_end_where_that_is_asked_for(account: Account, target: Any) -> None:
    done = load(target, account, "contacts", contact(1), contact(2), i360_wait_for_import=10)

    assert done.code == 0, done.log
    assert done.by("contacts", "created") == {"imported": 2}


def test_an_import_that_takes_longer_than_the_wait_is_accepted_and_no_more(account: Account, target: Any) -> None:
    account.set(import_polls=1000)

    done = load(target, account, "contacts", contact(1), i360_wait_for_import=0.5)

    assert done.code == 0, done.log
    assert done.by("contacts", "created") == {"accepted as an import: not yet a contact": 1}


@pytest.mark.parametrize(
    "fault",
    [{"do": "status", "status": 404}, {"do": "status", "status": 400}, {"do": "status", "status": 401}],
    ids=lambda fault: fault["status"],
)
def test_an_import_that_cannot_be_followed_is_accepted_all_the_same(
    account: Account, target: Any, fault: dict[str, Any]
) -> None:
    account.fault(path="/Imports/", **fault)
    records = [contact(number) for number in range(3)]

    done = load(target, account, "contacts", *records, i360_wait_for_import=10)
    again = load(target, account, "contacts", *records, i360_wait_for_import=10)

    assert done.code == again.code == 0, done.log
    assert done.by("contacts", "created") == {"accepted as an import: not yet a contact": 3}
    assert "cannot be followed to its end" in done.log
    assert again.count("contacts", "unchanged") == 3
    assert len(writes(account, "/Contacts")) == 1


def test_an_import_that_fails_is_a_rejection_with_the_vendors_words(account: Account, target: Any) -> None:
    how = {"i360_wait_for_import": 10, "i360_contacts_per_import": 1}

    done = load(target, account, "contacts", contact(1), contact(2, State="Virginia"), **how)

    assert done.code == 3
    (reject,) = done.rejects
    assert reject["reason"] == "import failed"
    assert "CompletedWithErrors" in reject["words"]
    assert reject["key"] == "c2"


@pytest.mark.parametrize("style", ["pairs", "object"])
def test_tags_of_contacts_travel_in_either_form(account: Account, target: Any, style: str) -> None:
    tags = [{"Key": "Events", "Value": "Rally"}, {"Key": "Events", "Value": "Dinner"}]

    done = load(target, account, "contacts", contact(1, Tags=tags), i360_tag_format=style)

    assert done.code == 0, done.log
    assert len(account.records("contacts")[0]["Tags"]) == (2 if style == "pairs" else 1)
    assert done.by("contacts", "withheld") == ({} if style == "pairs" else {"further Tags": 1})


@pytest.mark.parametrize("how", ["cut_before", "cut_after", "malformed", "empty"])
def test_contacts_whose_import_is_not_answered_are_looked_up_and_not_repeated(
    account: Account, target: Any, how: str
) -> None:
    account.fault(do=how, method="POST", path="/Contacts$", times=1)

    done = load(target, account, "contacts", *(contact(number) for number in range(30)))

    assert done.code == 0, done.log
    assert len(account.records("contacts")) == 30
    imports = [len(call["body"]["Contacts"]) for call in writes(account, "/Contacts")]
    assert sum(imports) == 30 + (0 if how in {"cut_after", "malformed"} else imports[0])


def test_a_refused_import_is_split_until_what_is_wrong_stands_alone(account: Account, target: Any) -> None:
    account.fault(do="status", status=400, method="POST", path="/Contacts$", times=2, body={"Message": "No"})

    done = load(target, account, "contacts", *(contact(number) for number in range(4)))

    assert len(account.records("contacts")) + len(done.rejects) == 4
    assert len(done.rejects) <= 1
    assert len(writes(account, "/Contacts")) >= 3


# Volunteers


def test_a_volunteer_is_created_once_then_changed_and_then_left_alone(account: Account, target: Any) -> None:
    created = load(target, account, "volunteers", volunteer(1))
    changed = load(target, account, "volunteers", volunteer(1, LastName="Lo"))
    account.clear_log()
    anew = load(target, account, "volunteers", volunteer(1, LastName="Lo"), journal=str(target.folder / "o.db"))

    assert created.code == changed.code == anew.code == 0, created.log
    assert created.count("volunteers", "created") == changed.count("volunteers", "updated") == 1
    assert anew.count("volunteers", "unchanged") == 1
    assert writes(account) == []
    (stored,) = account.records("volunteers")
    assert (stored["FirstName"], stored["LastName"], stored["State"]) == ("Vi", "Lo", "VA")


@pytest.mark.parametrize(
    "option", [{"casing": "camel"}, {"casing": "lower"}, {"wrapper": "Results"}, {"criteria_ignored": True}]
)
def test_a_volunteer_is_found_by_email_however_answers_look(
    account: Account, target: Any, option: dict[str, Any]
) -> None:
    account.set(**option)
    account.insert("volunteers", [{"Email": "v1@example.org"}, {"Email": "other@example.org", "FirstName": "O"}])

    done = load(target, account, "volunteers", volunteer(1), volunteer(2))

    assert done.code == 0, done.log
    assert (done.count("volunteers", "updated"), done.count("volunteers", "created")) == (1, 1)
    assert {each["Email"].lower(): each["FirstName"] for each in account.records("volunteers")} == {
        "v1@example.org": "Vi",
        "v2@example.org": "Vi",
        "other@example.org": "O",
    }


def test_a_list_within_a_volunteer_is_not_taken_for_the_answer(account: Account, target: Any) -> None:
    volunteers = account.insert("volunteers", [{"Email": "v1@example.org"}, {"Email": "v2@example.org"}])
    ids = [str(each["VolunteerID"]) for each in volunteers]
    account.change("volunteers", ids, Tags=[{"Name": "Driver"}], Employer="ACME")

    done = load(target, account, "volunteers", volunteer(1), volunteer(2))
    account.clear_log()
    again = load(target, account, "volunteers", volunteer(1, LastName="Lo"))

    assert done.code == again.code == 0, done.log
    assert done.by("volunteers", "updated") == again.by("volunteers", "updated") == {}
    (put,) = writes(account)
    assert put["body"]["Employer"] == "ACME"


def test_a_change_keeps_what_the_record_does_not_carry(account: Account, target: Any) -> None:
    account.insert("volunteers", [{"Email": "v1@example.org", "Employer": "ACME", "C_City": "Ashland"}])

    done = load(target, account, "volunteers", volunteer(1))

    assert done.code == 0, done.log
    (put,) = writes(account)
    assert (put["method"], put["body"]["Employer"], put["body"]["C_City"]) == ("PUT", "ACME", "Ashland")
    assert "LogID" not in put["body"]


@pytest.mark.parametrize("how", ["cut_before", "cut_after", "malformed"])
def test_a_volunteer_whose_answer_is_lost_is_looked_up_and_not_repeated(
    account: Account, target: Any, how: str
) -> None:
    account.fault(do=how, method="POST", path="/Volunteers$", times=1)

    done = load(target, account, "volunteers", volunteer(1))

    assert done.code == 0, done.log
    assert len(account.records("volunteers")) == 1
    assert len(writes(account)) == (2 if how == "cut_before" else 1)


def test_a_write_that_is_answered_with_nothing_is_taken_for_done(account: Account, target: Any) -> None:
    load(target, account, "volunteers", volunteer(1))
    account.fault(do="status", status=204, method="PUT", times=1, body=None)

    done = load(target, account, "volunteers", volunteer(1, LastName="Lo"))

    assert done.code == 0, done.log
    assert done.by("volunteers", "updated") == {"accepted: the answer does not show it": 1}


def test_a_refusal_is_kept_with_the_vendors_words_and_nothing_is_deleted(account: Account, target: Any) -> None:
    gone = {**volunteer(3), "_sdc_deleted_at": "2024-01-01T00:00:00Z"}

    done = load(target, account, "volunteers", volunteer(1, State="Virginia"), volunteer(2), gone, allow_delete=True)

    assert done.code == 3
    assert "two-letter" in done.rejects[0]["words"]
    assert len(account.records("volunteers")) == 1
    assert "are ignored: i360 documents no deletion of them" in done.log
    assert account.counters()["overlaps"] == 0


# What nobody could confirm


CHILDREN = {
    "volunteer_notes": {"NoteID": "n1", "VolunteerID": "v1", "Text": "Good with maps"},
    "volunteer_tags": {"TagID": "t1", "VolunteerID": "v1", "Name": "Driver", "Category": "Skills"},
}


@pytest.mark.parametrize("stream", CHILDREN)
def test_unconfirmed_streams_are_written_only_where_asked_for(account: Account, target: Any, stream: str) -> None:
    load(target, account, "volunteers", volunteer(1))

    refused = load(target, account, stream, CHILDREN[stream])
    done = load(target, account, stream, CHILDREN[stream], i360_unconfirmed_writes=True)
    again = load(target, account, stream, CHILDREN[stream], i360_unconfirmed_writes=True)

    assert refused.rejects[0]["reason"] == "not confirmed"
    assert done.code == 0, done.log
    assert done.log.count("is an assumption") == 1
    assert again.count(stream, "unchanged") == 1
    (stored,) = account.records(stream)
    assert (stored.get("Text") or stored.get("Name")) in {"Good with maps", "Driver"}


@pytest.mark.parametrize("stream", CHILDREN)
@pytest.mark.parametrize("how", ["cut_before", "cut_after"])
def test_a_child_whose_answer_is_lost_is_looked_up_and_not_repeated(
    account: Account, target: Any, stream: str, how: str
) -> None:
    load(target, account, "volunteers", volunteer(1))
    account.fault(do=how, method="POST", path="/(Notes|Tags)$", times=1)

    done = load(target, account, stream, CHILDREN[stream], i360_unconfirmed_writes=True)

    assert done.code == 0, done.log
    assert len(account.records(stream)) == 1
    assert len(writes(account, "/Notes") + writes(account, "/Tags")) == (2 if how == "cut_before" else 1)


def test_a_changed_note_is_changed_and_a_changed_tag_is_refused(account: Account, target: Any) -> None:
    load(target, account, "volunteers", volunteer(1))
    for stream, record in CHILDREN.items():
        load(target, account, stream, record, i360_unconfirmed_writes=True)

    note = {**CHILDREN["volunteer_notes"], "Text": "Better with boats"}
    changed = load(target, account, "volunteer_notes", note, i360_unconfirmed_writes=True)
    tag = {**CHILDREN["volunteer_tags"], "Name": "Pilot"}
    refused = load(target, account, "volunteer_tags", tag, i360_unconfirmed_writes=True)

    assert changed.code == 0, changed.log
    assert [each["Text"] for each in account.records("volunteer_notes")] == ["Better with boats"]
    assert refused.rejects[0]["reason"] == "cannot be changed"


def test_attendees_need_the_ids_of_this_organisation(account: Account, target: Any) -> None:
    (event,) = account.insert("events", [{"Name": "Rally"}])
    attendee = {"EventID": str(event["EventID"]), "FirstName": "Jo", "Email": "jo@example.org"}
    how = {"i360_unconfirmed_writes": True}
    messages = target.messages("event_attendees", {**attendee, "row": "1"}, key=["row"])

    foreign = target(account, messages, **how)
    done = target(account, messages, ids_are_this_accounts=True, **how)

    assert foreign.rejects[0]["reason"] == "reference not written"
    assert done.code == 0, done.log
    assert [each["FirstName"] for each in account.records("event_attendees")] == ["Jo"]


def test_a_path_can_be_corrected_by_a_setting(account: Account, target: Any) -> None:
    load(target, account, "volunteers", volunteer(1))
    paths = {"volunteer_notes": "Volunteers/{VolunteerID}/Remarks"}

    done = load(
        target,
        account,
        "volunteer_notes",
        CHILDREN["volunteer_notes"],
        i360_unconfirmed_writes=True,
        i360_write_paths=paths,
    )

    assert done.code == 3
    assert any(call["path"].endswith("/Remarks") for call in writes(account))


def test_what_stands_elsewhere_is_written_and_looked_for_there_with_the_setting_alone(
    account: Account, target: Any
) -> None:
    account.set(moved={"/Helpers": "/Volunteers", "/People": "/Contacts", "/Jobs": "/Imports", "/Remarks": "/Notes"})
    how: dict[str, Any] = {
        "i360_write_paths": {
            "contacts": "People",
            "imports": "Jobs",
            "volunteers": "Helpers",
            "volunteer_notes": "Helpers/{VolunteerID}/Remarks",
        },
        "i360_wait_for_import": 10,
        "i360_unconfirmed_writes": True,
    }
    note = CHILDREN["volunteer_notes"]
    records = {"contacts": contact(1), "volunteers": volunteer(1), "volunteer_notes": note}
    changed = {"contacts": {"Employer": "ACME"}, "volunteers": {"LastName": "Lo"}, "volunteer_notes": {"Text": "New"}}

    for stream, record in records.items():
        account.fault(do="cut_after", method="POST", path="/(Helpers|People|Remarks)$", times=1)
        created = load(target, account, stream, record, **how)
        updated = load(target, account, stream, {**record, **changed[stream]}, **how)
        assert created.code == updated.code == 0, created.log
        assert updated.count(stream, "updated") == 1
        (stored,) = account.records(stream)
        assert stored.items() >= changed[stream].items()


def test_every_reason_and_setting_is_on_the_page() -> None:
    module = "".join(file.read_text(encoding="utf-8") for file in Path(i360.__file__).parent.glob("*.py"))
    page = (Path(__file__).parents[2] / "docs" / "i360.md").read_text(encoding="utf-8")
    page += (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    reasons = [sentence(code) for code in re.findall(r"Rejection\(\s*\"([^\"]+)\"", module)]

    assert reasons
    assert [each for each in (*reasons, *i360.VENDOR.deciding_settings) if f"`{each}`" not in page] == []
