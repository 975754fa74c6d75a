"""Every body the sandbox serves for i360, property by property.

Transcribed from api.i-360.com, github.com/i-360/API-Examples (Api 2.0 and 1.1) and github.com/darkspiremedia/
gravity-forms-i360. The vendor publishes no answer of version 2.0: shapes under ASSUMED are this project's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from collections.abc import Callable

    from osdi_crm_sandbox.control import Account, Sandbox

CONTACT = {
    "ContactID": "integer",
    "Salutation": "text?",
    "FirstName": "text?",
    "MiddleName": "text?",
    "LastName": "text?",
    "Suffix": "text?",
    "Email": "text?",
    "Email2": "text?",
    "Phone": "text?",
    "Phone2": "text?",
    "Phone3": "text?",
    "CellNumber": "text?",
    "Address1": "text?",
    "Address2": "text?",
    "City": "text?",
    "State": "two letters?",
    "Zip": "five digits?",
    "CountyName": "text?",
    "RegisteredState": "two letters?",
    "mAddress_Line1": "text?",
    "mAddress_Line2": "text?",
    "mAddress_City": "text?",
    "mAddress_State": "two letters?",  # ASSUMED
    "mAddress_Zip": "five digits?",  # ASSUMED
    "Employer": "text?",
    "Occupation": "text?",
    "Gender": "M or F?",
    "Race": "text?",
    "Ethnicity": "text?",
    "Religion": "text?",
    "DateOfBirth": "US date?",
    "Tags": "pairs?",
}
VOLUNTEER = {
    "VolunteerID": "integer",
    "Email": "text",
    "State": "two letters?",
    "Salutation": "text?",
    "FirstName": "text?",
    "MiddleName": "text?",
    "LastName": "text?",
    "Suffix": "text?",
    "Status": "text?",
    "C_AddrLine1": "text?",
    "C_AddrLine2": "text?",
    "C_City": "text?",
    "C_State": "two letters?",
    "C_Zip5": "five digits?",
    "C_USPSZip4": "text?",
    "C_CountyName": "text?",
    "Email2": "text?",
    "Phone1": "text?",
    "Phone2": "text?",
    "DOB": "text?",
    "Gender": "Male or Female?",
    "FacebookPage": "text?",
    "TwitterHandle": "text?",
    "Employer": "text?",
    "Occupation": "text?",
    "CoordinatorID": "integer?",  # ASSUMED
}
NOTE = {"NoteID": "integer", "Text": "text?", "Author": "text?", "CreatedDate": "time?"}
USER = {
    "UserID": "integer",
    "UserName": "text?",
    "FirstName": "text?",
    "LastName": "text?",
    "Email": "text?",
    "State": "two letters?",
}
WALKBOOK = {"WalkbookID": "integer", "Name": "text?", "Status": "text?"}

ENTITIES: dict[str, tuple[str, dict[str, str]]] = {
    "volunteer_notes": ("Volunteers/{VolunteerID}/Notes", NOTE),
    "volunteer_history": (
        "Volunteers/{VolunteerID}/History",
        {"HistoryID": "integer", "Type": "text?", "Description": "text?", "CreatedDate": "time?"},
    ),
    "volunteer_tags": (
        "Volunteers/{VolunteerID}/Tags",
        {"TagID": "integer", "Name": "text?", "Category": "text?"},
    ),
    "volunteer_permissions": ("Volunteers/{VolunteerID}/Permissions", {"PermissionID": "integer", "Name": "text?"}),
    "volunteer_walkbooks": ("Volunteers/{VolunteerID}/Walkbooks", WALKBOOK),
    "tag_groups": ("Volunteers/TagGroups", {"TagGroupID": "integer", "Name": "text?"}),
    "coordinators": ("Volunteers/Coordinators", USER),
    "users": ("Users", {**USER, "Position": "text?"}),
    "prospects": ("Prospects", CONTACT),
    "events": (
        "Events",
        {
            "EventID": "integer",
            "Name": "text?",
            "Description": "text?",
            "Type": "text?",
            "StartDate": "time?",
            "EndDate": "time?",
            "AddressLine1": "text?",
            "City": "text?",
            "State": "two letters?",
            "Zip": "five digits?",
            "CoordinatorID": "integer?",
        },
    ),
    "event_attendees": (
        "Events/{EventID}/Attendees",
        {
            "AttendeeID": "integer",
            "ContactID": "integer?",
            "VolunteerID": "integer?",
            "FirstName": "text?",
            "LastName": "text?",
            "Email": "text?",
            "Status": "text?",
        },
    ),
    "event_assignments": (
        "Events/{EventID}/Assignments",
        {"AssignmentID": "integer", "VolunteerID": "integer?", "UserID": "integer?", "Role": "text?"},
    ),
    "event_metrics": ("Events/{EventID}/Metrics", {"MetricID": "integer", "Name": "text?", "Value": "text?"}),
    "event_details": ("Events/{EventID}/Details", {"DetailID": "integer", "Name": "text?", "Value": "text?"}),
    "event_notes": ("Events/{EventID}/Notes", NOTE),
    "surveys": (
        "Surveys",
        {
            "SurveyID": "integer",
            "Title": "text?",
            "Description": "text?",
            "Type": "text?",
            "Phase": "text?",
            "IsPublished": "boolean?",
            "ScriptTemplateID": "integer?",
        },
    ),
    "script_templates": (
        "Surveys/ScriptTemplates",
        {"ScriptTemplateID": "integer", "Name": "text?", "Body": "text?"},
    ),
    "caller_ids": ("Surveys/CallerIds", {"CallerID": "integer", "Name": "text?", "PhoneNumber": "text?"}),
    "voicemail_messages": ("Surveys/VoicemailMessages", {"VoicemailMessageID": "integer", "Name": "text?"}),
    "survey_volunteers": ("Surveys/{SurveyID}/Volunteers", {"VolunteerID": "integer"}),
    "survey_walkbooks": ("Surveys/{SurveyID}/Walkbooks", WALKBOOK),
    "search_columns": ("SearchColumns", {"Name": "text", "Description": "text?"}),
    "search_parameters": ("SearchParameters", {"Id": "integer", "Name": "text?"}),
    "search_parameter_values": (
        "SearchParameters/{ParameterID}/Values",
        {"Id": "integer", "Name": "text?"},
    ),
}
"""ASSUMED, but for the names of the entities and SearchColumns, SearchParameters and their Values."""

CHECKS: dict[str, Callable[[Any], Any]] = {
    "text": lambda value: isinstance(value, str) and value,
    "integer": lambda value: type(value) is int,
    "boolean": lambda value: isinstance(value, bool),
    "two letters": lambda value: re.fullmatch(r"[A-Z]{2}", value),
    "five digits": lambda value: re.fullmatch(r"\d{5}", value),
    "time": lambda value: re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value),
    "US date": lambda value: re.fullmatch(r"\d{1,2}/\d{1,2}/\d{4}", value),
    "M or F": {"M", "F"}.__contains__,
    "Male or Female": {"Male", "Female"}.__contains__,
    "pairs": lambda value: all(pair.keys() == {"Key", "Value"} for pair in value),
}


def compare(record: dict[str, Any], table: dict[str, str]) -> None:
    """The record has exactly these properties, each of its kind; `?` allows null."""
    assert record.keys() == table.keys()
    for name, kind in table.items():
        allowed = record[name] is None and kind.endswith("?")
        assert allowed or CHECKS[kind.rstrip("?")](record[name]), (name, kind, record[name])


@pytest.fixture(scope="module")
def account(sandbox: Sandbox) -> Account:
    return sandbox.account("i360", size=200)


@pytest.fixture(scope="module")
def token_answer(account: Account) -> requests.Response:
    """As the vendor's example asks for it."""
    who = account.credentials
    return requests.post(
        account.url.removesuffix("/2.0") + "/core/connect/token",
        headers={"Authorization": "Basic cm9jbGllbnQ6c2VjcmV0"},
        data={
            "grant_type": "password",
            "username": who["username"],
            "password": who["password"],
            "scope": "openid profile sampleApi",
        },
        timeout=20,
    )


@pytest.fixture(scope="module")
def call(account: Account, token_answer: requests.Response) -> Callable[..., Any]:
    token = token_answer.json()["access_token"]

    def call(method: str, path: str, body: Any = None) -> Any:
        response = requests.request(
            method,
            f"{account.url}/Org/{account.credentials['org_id']}/{path}",
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
            json=body,
            timeout=20,
        )
        assert response.status_code == 200, response.text
        return response.json()

    return call


def test_the_token_lives_about_six_minutes(token_answer: requests.Response) -> None:
    assert token_answer.status_code == 200
    token = token_answer.json()
    assert token.keys() == {"access_token", "expires_in", "token_type"}
    assert (token["expires_in"], token["token_type"]) == (360, "Bearer")


def test_contacts(account: Account, call: Callable[..., Any]) -> None:
    records = account.records("contacts")
    assert len(records) == 200
    for record in records:
        compare(record, CONTACT)
    compare(call("GET", f"Contacts/{records[0]['ContactID']}"), CONTACT)
    assert call("GET", f"Contacts/{records[0]['ContactID']}") == records[0]
    assert any(record["Zip"].startswith("0") for record in records)


def test_volunteers(account: Account, call: Callable[..., Any]) -> None:
    for records in (call("GET", "Volunteers"), call("GET", "Volunteers/Search"), call("POST", "Volunteers/Search", {})):
        assert len(records) == 50
        for record in records:
            compare(record, VOLUNTEER)
    compare(call("GET", f"Volunteers/{account.records('volunteers')[0]['VolunteerID']}"), VOLUNTEER)
    emails = [record["Email"].lower() for record in account.records("volunteers")]
    assert len(set(emails)) == len(emails)


@pytest.mark.parametrize("name", ENTITIES)
def test_entities(account: Account, call: Callable[..., Any], name: str) -> None:
    path, table = ENTITIES[name]
    known = account.records(name)
    assert known
    parent = re.search(r"\{(\w+)\}", path)
    served = []
    for owner in {record[parent[1]] for record in known} if parent else [None]:
        records = call("GET", path.format_map({parent[1]: owner}) if parent else path)
        served += [{**record, parent[1]: owner} if parent else record for record in records]
        for record in records:
            compare(record, table)
    key = next(iter(table))
    owner_key = parent[1] if parent else key
    assert sorted(served, key=lambda record: (record[owner_key], record[key])) == sorted(
        known, key=lambda record: (record[owner_key], record[key])
    )


def test_the_vendors_search_columns_and_parameters_are_known(call: Callable[..., Any]) -> None:
    columns = {record["Name"] for record in call("GET", "SearchColumns")}
    examples = "firstname(c) lastname(c) gender(c) Phone(c) C_AddrLine1 C_AddrLine2 C_City C_State C_Zip5"
    assert {*examples.split()} < columns
    parameters = {record["Id"] for record in call("GET", "SearchParameters")}
    assert {2, 3, 5, 13, 15, 28, 264, 266, 271, 273, 290, 291, 292, 293, 377} == parameters
    states = {record["Id"]: record["Name"] for record in call("GET", "SearchParameters/2/Values")}
    assert states[47] == "VA"
    assert len(states) == 51
    assert {record["Id"] for record in call("GET", "SearchParameters/3/Values")} == {1, 2}


def test_a_search_as_in_the_vendors_example(call: Callable[..., Any]) -> None:
    rows = call(
        "POST",
        "Searches/Results",
        {
            "Columns": ["firstname(c)", "lastname(c)", "C_City", "C_State", "C_Zip5"],
            "OrderBy": ["lastname(c)"],
            "Criteria": {"2": "47", "3": "2", "13": "-1", "28": "-1"},
            "ExportType": 0,
            "Randomized": False,
            "RecordLimit": 10,
        },
    )
    assert len(rows) == 10
    for row in rows:
        assert row.keys() == {"firstname(c)", "lastname(c)", "C_City", "C_State", "C_Zip5"}
        assert row["C_State"] == "VA"
    assert [row["lastname(c)"] for row in rows] == sorted(row["lastname(c)"] for row in rows)


def test_counts_as_in_the_vendors_example(call: Callable[..., Any]) -> None:
    switches = ["CellPhones", "Email", "Households", "MailingAddresses", "Residences", "Phones"]
    criteria = {"2": "47", "3": "2", "13": "-1", "28": "-1"}
    counts = call("POST", "Searches/Counts", {"Criteria": criteria, **dict.fromkeys(switches, True)})
    assert list(counts) == switches
    assert all(type(count) is int for count in counts.values())
    assert counts["Residences"] > counts["Email"] > 0
    assert call("POST", "Searches/Counts", {"Criteria": criteria, "Email": True}) == {"Email": counts["Email"]}


def test_jobs(call: Callable[..., Any]) -> None:
    job = {"Id": "integer", "Status": "text", "CreatedDate": "time"}
    search = call(
        "POST",
        "Searches",
        {"Criteria": {"2": "47", "3": "2", "13": "-1", "28": "-1"}, "Columns": ["C_City"], "ApiNotification": True},
    )
    compare(search, job)
    sample = {
        "Tags": [{"Key": "Events", "Value": "Spring rally"}],
        "FirstName": "JANE",
        "MiddleName": "Q",
        "LastName": "PUBLIC",
        "Email": "jane@example.org",
        "State": "VA",
        "RegisteredState": "VA",
    }
    started = call("POST", "Contacts", {"Contacts": [sample], "ApiNotification": False})
    errors = started.pop("Errors")
    compare(started, {**job, "Name": "text"})
    assert errors == []
    found = call("GET", "Contacts?firstname=JANE&lastname=PUBLIC")
    compare(found[0], CONTACT)
    assert {name: found[0][name] for name in sample} == sample


def test_errors(account: Account, token_answer: requests.Response) -> None:
    url = f"{account.url}/Org/{account.credentials['org_id']}/Volunteers"
    headers = {"Authorization": f"Bearer {token_answer.json()['access_token']}"}
    response = requests.post(url, json={"FirstName": "X"}, headers=headers, timeout=20)
    assert response.status_code == 400
    assert response.json().keys() == {"Message", "ModelState"}
    assert requests.get(url, timeout=20).json() == {"Message": "Authorization has been denied for this request."}
    assert requests.get(f"{url}/1", headers=headers, timeout=20).json().keys() == {"Message"}
