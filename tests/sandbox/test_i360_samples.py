"""What i360's pages and examples tell of the bodies it serves; tables of them stand in documents/i360.json."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
CRITERIA = {"2": "47", "3": "2", "13": "-1", "28": "-1"}


@pytest.fixture(scope="module")
def api(make: Callable[..., Any]) -> Any:
    return make(size=200)


def test_the_token_lives_about_six_minutes(api: Any) -> None:
    answer = api.sign_in()
    assert answer.status_code == 200
    assert answer.json().keys() == {"access_token", "expires_in", "token_type"}
    assert (answer.json()["expires_in"], answer.json()["token_type"]) == (360, "Bearer")


def test_contacts(api: Any) -> None:
    records = api.account.records("contacts")
    assert len(records) == 200
    assert api.ok("GET", f"Contacts/{records[0]['ContactID']}") == records[0]
    assert any(record["Zip"].startswith("0") for record in records)


def test_volunteers(api: Any) -> None:
    known = api.account.records("volunteers")
    assert len({record["Email"].lower() for record in known}) == len(known) == 50
    for method, path, body in (("GET", "Volunteers/Search", None), ("POST", "Volunteers/Search", {})):
        assert sorted(api.ok(method, path, body), key=str) == sorted(known, key=str)
    assert api.ok("GET", f"Volunteers/{known[0]['VolunteerID']}") == known[0]


def test_the_vendors_search_columns_and_parameters_are_known(api: Any) -> None:
    columns = {record["Name"] for record in api.ok("GET", "SearchColumns")}
    examples = "firstname(c) lastname(c) gender(c) Phone(c) C_AddrLine1 C_AddrLine2 C_City C_State C_Zip5"
    assert {*examples.split()} < columns
    parameters = {record["Id"] for record in api.ok("GET", "SearchParameters")}
    assert {2, 3, 5, 13, 15, 28, 264, 266, 271, 273, 290, 291, 292, 293, 377} == parameters
    states = {record["Id"]: record["Name"] for record in api.ok("GET", "SearchParameters/2/Values")}
    assert states[47] == "VA"
    assert len(states) == 51
    assert {record["Id"] for record in api.ok("GET", "SearchParameters/3/Values")} == {1, 2}


def test_a_search_as_in_the_vendors_example(api: Any) -> None:
    rows = api.ok(
        "POST",
        "Searches/Results",
        {
            "Columns": ["firstname(c)", "lastname(c)", "C_City", "C_State", "C_Zip5"],
            "OrderBy": ["lastname(c)"],
            "Criteria": CRITERIA,
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


def test_counts_as_in_the_vendors_example(api: Any) -> None:
    switches = ["CellPhones", "Email", "Households", "MailingAddresses", "Residences", "Phones"]
    counts = api.ok("POST", "Searches/Counts", {"Criteria": CRITERIA, **dict.fromkeys(switches, True)})
    assert list(counts) == switches
    assert all(type(count) is int for count in counts.values())
    assert counts["Residences"] > counts["Email"] > 0
    assert api.ok("POST", "Searches/Counts", {"Criteria": CRITERIA, "Email": True}) == {"Email": counts["Email"]}


def test_jobs(api: Any) -> None:
    job = {"Id", "Status", "CreatedDate"}
    search = {"Criteria": CRITERIA, "Columns": ["C_City"], "ApiNotification": True}
    assert api.ok("POST", "Searches", search).keys() == job
    sample = {
        "Tags": [{"Key": "Events", "Value": "Spring rally"}],
        "FirstName": "JANE",
        "MiddleName": "Q",
        "LastName": "PUBLIC",
        "Email": "jane@example.org",
        "State": "VA",
        "RegisteredState": "VA",
    }
    started = api.ok("POST", "Contacts", {"Contacts": [sample], "ApiNotification": False})
    assert started.keys() == job | {"Name", "Errors"}
    assert (type(started["Id"]), started["Errors"]) == (int, [])
    assert started["Name"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", started["CreatedDate"])
    [found] = api.ok("GET", "Contacts", firstname="JANE", lastname="PUBLIC")
    assert found.keys() == api.account.records("contacts")[0].keys()
    assert {name: found[name] for name in sample} == sample


def test_errors(api: Any) -> None:
    refused = api.call("POST", "Volunteers", {"FirstName": "X"})
    assert (refused.status_code, refused.json().keys()) == (400, {"Message", "ModelState"})
    nobody = api.send("GET", f"Org/{api.org}/Volunteers", headers={})
    assert nobody.json() == {"Message": "Authorization has been denied for this request."}
    assert api.call("GET", "Volunteers/1").json().keys() == {"Message"}
