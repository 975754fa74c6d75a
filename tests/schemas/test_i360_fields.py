"""The fields of i360's contacts and volunteers, as public clients and its portal show them, and the assumed streams."""

from __future__ import annotations

from typing import Any

import pytest
from osdi_crm_schemas import property_names, schema, streams, vendor_names, write_names

CONTACT = """
UID Salutation FirstName MiddleName LastName Suffix Email Email2 Phone Phone2 Phone3 CellNumber Address1 Address2 City
State Zip CountyName RegisteredState mAddress_Line1 mAddress_Line2 mAddress_City mAddress_State mAddress_Zip Employer
Occupation Gender Race Ethnicity Religion DateOfBirth Tags
"""
VOLUNTEER = """
CoordinatorID Email State Salutation FirstName MiddleName LastName Suffix Status C_AddrLine1 C_AddrLine2 C_City C_Zip5
C_USPSZip4 C_CountyName Email2 Phone1 Phone2 DOB Gender FacebookPage TwitterHandle Employer Occupation
"""
SEARCH_COLUMNS = {
    "Email": "email(c)",
    "FirstName": "firstname(c)",
    "LastName": "lastname(c)",
    "Gender": "gender(c)",
    "Phone": "Phone(c)",
    "Address1": "C_AddrLine1",
    "Address2": "C_AddrLine2",
    "City": "C_City",
    "State": "C_State",
    "Zip": "C_Zip5",
}
# Stream: its keys, then its other fields beside OrgID.
FIELDS = {
    "contacts": ("ContactID", CONTACT),
    "volunteers": ("VolunteerID", f"{VOLUNTEER} C_State Coordinator AccountType"),
    "volunteer_notes": ("NoteID", "VolunteerID Text Author CreatedDate"),
    "volunteer_history": ("HistoryID", "VolunteerID Type Description CreatedDate"),
    "volunteer_tags": ("VolunteerID TagID", "Name Category"),
    "tag_groups": ("TagGroupID", "Name"),
    "coordinators": ("UserID", "UserName FirstName LastName Email State"),
    "users": ("UserID", "UserName FirstName LastName Email State Position"),
    "prospects": ("ContactID", CONTACT),
    "events": (
        "EventID",
        "Name Description Type StartDate EndDate AddressLine1 City State Zip CoordinatorID",
    ),
    "event_attendees": ("AttendeeID", "EventID ContactID VolunteerID FirstName LastName Email Status"),
    "event_assignments": ("AssignmentID", "EventID VolunteerID UserID Role"),
    "event_metrics": ("MetricID", "EventID Name Value"),
    "event_details": ("DetailID", "EventID Name Value"),
    "event_notes": ("NoteID", "EventID Text Author CreatedDate"),
    "surveys": ("SurveyID", "Title Description Type Phase IsPublished ScriptTemplateID"),
    "script_templates": ("ScriptTemplateID", "Name Body"),
    "caller_ids": ("CallerID", "Name PhoneNumber"),
    "voice_mail_messages": ("VoiceMailMessageID", "Name"),
    "survey_volunteers": ("SurveyID VolunteerID", ""),
    "survey_walkbooks": ("WalkbookID", "SurveyID Name Status"),
    "imports": ("Id", "Status Name CreatedDate"),
    "search_columns": ("Name", "Description"),
    "search_parameters": ("Id", "Name"),
    "search_parameter_values": ("ParameterID Id", "Name"),
}
PARENT = {
    "volunteer_notes": ("VolunteerID", "volunteers"),
    "volunteer_history": ("VolunteerID", "volunteers"),
    "volunteer_tags": ("VolunteerID", "volunteers"),
    "event_attendees": ("EventID", "events"),
    "event_assignments": ("EventID", "events"),
    "event_metrics": ("EventID", "events"),
    "event_details": ("EventID", "events"),
    "event_notes": ("EventID", "events"),
    "survey_volunteers": ("SurveyID", "surveys"),
    "survey_walkbooks": ("SurveyID", "surveys"),
    "search_parameter_values": ("ParameterID", "search_parameters"),
}
WRITTEN = {
    "contacts": CONTACT,
    "volunteers": VOLUNTEER,
    "volunteer_notes": "Text",
    "volunteer_tags": "",
    "event_attendees": "ContactID VolunteerID FirstName LastName Email Status",
}


def properties(stream: str) -> dict[str, Any]:
    found: dict[str, Any] = schema("i360", stream)["properties"]
    del found["additional_fields"]
    return found


def test_there_are_no_other_streams() -> None:
    assert set(streams("i360")) == set(FIELDS)


@pytest.mark.parametrize("stream", FIELDS)
def test_the_fields_of_a_stream(stream: str) -> None:
    keys, fields = (names.split() for names in FIELDS[stream])
    found = properties(stream)
    assert list(found)[: len(keys)] == keys
    assert all(found.pop(key)["type"] == "string" for key in keys)
    assert set(found) == {"OrgID", *fields}
    expected = {"OrgID": ["null", "integer"], "IsPublished": ["null", "boolean"], "Tags": ["null", "array"]}
    for name, field in found.items():
        assert field["type"] == expected.get(name, ["null", "string"]), name
        assert "format" not in field, name


@pytest.mark.parametrize(("stream", "parent"), PARENT.items())
def test_a_child_points_to_its_parent(stream: str, parent: tuple[str, str]) -> None:
    name, refers_to = parent
    assert properties(stream)[name]["x-refers-to"] == refers_to


def test_other_references() -> None:
    for stream in ("volunteers", "events"):
        assert properties(stream)["CoordinatorID"]["x-refers-to"] == "users"
    assert properties("event_attendees")["ContactID"]["x-refers-to"] == "contacts"
    assert properties("event_attendees")["VolunteerID"]["x-refers-to"] == "volunteers"
    assert properties("event_assignments")["VolunteerID"]["x-refers-to"] == "volunteers"
    assert properties("event_assignments")["UserID"]["x-refers-to"] == "users"
    assert properties("survey_volunteers")["VolunteerID"]["x-refers-to"] == "volunteers"
    assert properties("surveys")["ScriptTemplateID"]["x-refers-to"] == "script_templates"
    assert properties("prospects")["ContactID"]["x-refers-to"] == "contacts"


def test_only_contacts_and_volunteers_rest_on_published_paths() -> None:
    assert {stream for stream in FIELDS if not schema("i360", stream).get("x-unconfirmed")} == {
        "contacts",
        "volunteers",
    }


def test_what_nobody_has_seen_in_the_api_is_marked_in_those_two() -> None:
    marked = {name for name, field in properties("contacts").items() if field.get("x-unconfirmed")}
    assert marked == {"ContactID", "UID", "mAddress_State", "mAddress_Zip", "Tags", *SEARCH_COLUMNS}
    sure = {name for name, field in properties("volunteers").items() if not field.get("x-unconfirmed")}
    assert sure == {"VolunteerID", "OrgID", "Email", "State"}


def test_a_contact_is_read_under_the_columns_of_a_search_and_written_under_those_of_an_import() -> None:
    read = vendor_names("i360", "contacts")
    assert {name: column for name, column in read.items() if column != name} == SEARCH_COLUMNS
    written = write_names("i360", "contacts", "create")
    assert written == write_names("i360", "contacts", "update") == {name: name for name in CONTACT.split()}


@pytest.mark.parametrize("stream", FIELDS)
def test_what_can_be_written(stream: str) -> None:
    expected = set(WRITTEN.get(stream, "").split())
    assert set(write_names("i360", stream, "update")) == expected
    created = {"Name", "Category"} if stream == "volunteer_tags" else expected
    assert set(write_names("i360", stream, "create")) == created


def test_tags_of_a_contact_are_pairs() -> None:
    for stream in ("contacts", "prospects"):
        found = properties(stream)["Tags"]["items"]["properties"]
        assert {name: field["type"] for name, field in found.items()} == {
            "Key": ["null", "string"],
            "Value": ["null", "string"],
        }


@pytest.mark.parametrize("stream", FIELDS)
def test_no_stream_has_a_place_for_credentials(stream: str) -> None:
    folded = property_names("i360", stream)
    assert not [name for name in folded if "password" in name or "logid" in name or "security" in name]


@pytest.mark.parametrize("stream", FIELDS)
def test_the_description_says_that_the_case_of_keys_does_not_matter(stream: str) -> None:
    assert schema("i360", stream)["description"].endswith("; keys are matched in any letter case.")
