"""i360 in the sandbox: tokens, organisations, searches, imports, volunteers, and what answers may look like."""

from __future__ import annotations

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

CASES = json.loads((Path(__file__).parent / "documents" / "i360.json").read_text(encoding="utf-8"))["cases"]


CRITERIA = {"2": "47", "3": "2", "13": "-1", "28": "-1"}


# Tokens and organisations


@pytest.mark.parametrize(("client", "changes", "error"), CASES["refused tokens"])
def test_tokens_are_refused_in_oauths_words(
    make: Callable[..., Any], client: list[str] | None, changes: dict[str, str], error: str
) -> None:
    response = make().sign_in(client and tuple(client), **changes)
    assert (response.status_code, response.json()) == (400, {"error": error})


def test_the_scope_may_be_the_other_one(make: Callable[..., Any]) -> None:
    api = make(scope="openid profile sample")
    assert api.sign_in().json() == {"error": "invalid_scope"}
    assert api.sign_in(scope="profile openid sample").status_code == 200


def test_a_dead_token_is_refused_on_every_path(make: Callable[..., Any]) -> None:
    api = make(size=4, token_seconds=3)
    first = api.sign_in().json()["access_token"]
    api.token = first
    assert api.call("GET", "Users").status_code == 200
    time.sleep(3.1)
    assert api.call("GET", "Users").status_code == 401
    api.token = api.sign_in().json()["access_token"]
    assert api.call("GET", "Users").status_code == 200
    api.token = first
    assert api.call("GET", "Users").status_code == 401, "not even a page that was just served"
    assert api.account.counters()["statuses"] == {"200": 4, "401": 2}


def test_a_new_token_leaves_the_old_one_alive(make: Callable[..., Any]) -> None:
    api = make(size=4)
    assert api.call("GET", "Users").status_code == 200
    assert api.sign_in().json()["access_token"] != api.token
    assert api.call("GET", "Users").status_code == 200


def test_the_expiry_may_be_untold(make: Callable[..., Any]) -> None:
    assert make(tell_expiry=False).sign_in().json().keys() == {"access_token", "token_type"}


def test_bad_tokens_and_foreign_organisations_are_unauthorised(make: Callable[..., Any]) -> None:
    api, other = make(size=4), make(size=4)
    assert api.call("GET", "Users", org=other.org).status_code == 401
    assert api.call("GET", "Users", org="x").status_code == 401
    assert api.call("GET", "Users").status_code == 200
    api.token = "x"
    assert api.call("GET", "Users").status_code == 401
    api.token = other.sign_in().json()["access_token"]
    assert api.call("GET", "Users").status_code == 401


# Verbs and statuses


def test_nothing_to_return_is_204_without_a_body(make: Callable[..., Any]) -> None:
    api = make()
    for method, path in (("GET", "Volunteers"), ("GET", "Events"), ("GET", "Imports"), ("POST", "Volunteers/Search")):
        response = api.call(method, path)
        assert (response.status_code, response.content) == (204, b"")
    assert api.search() == []
    assert api.ok("GET", "Users"), "the API's own user is there"


def test_calls_that_overlap_are_counted(make: Callable[..., Any]) -> None:
    api = make(size=4)
    api.call("GET", "Users")
    api.call("GET", "Users")
    assert api.account.counters()["overlaps"] == 0
    api.account.set(latency=0.6)
    with ThreadPoolExecutor(2) as threads:
        done = list(threads.map(lambda path: api.call("GET", path).status_code, ["Users", "Users"]))
    assert done == [200, 200]
    assert api.account.counters()["overlaps"] == 1


# Searches


def test_a_search_finds_the_contacts_of_its_state_and_list(make: Callable[..., Any]) -> None:
    api = make(size=120)
    values = api.ok("GET", "SearchParameters/2/Values")
    records = api.account.records("contacts")
    found: list[int] = []
    for value in values:
        rows = api.search({"2": str(value["Id"])}, Columns=["ContactID", "C_State"])
        assert {row["C_State"] for row in rows} <= {value["Name"]}
        found += [row["ContactID"] for row in rows]
    assert sorted(found) == sorted(record["ContactID"] for record in records)
    national = {row["ContactID"] for row in api.search({"3": "1"})}
    assert national
    assert national == {r["ContactID"] for r in api.account.records("national_contacts") if r["State"] == "VA"}


def test_narrower_criteria(make: Callable[..., Any]) -> None:
    api = make(size=300)
    virginia = [record for record in api.account.records("contacts") if record["State"] == "VA"]

    def found(criteria: dict[str, str]) -> set[int]:
        return {row["ContactID"] for row in api.search(criteria)}

    assert found({"377": "1"}) == {record["ContactID"] for record in virginia if record["Email"]}
    counties = api.ok("GET", "SearchParameters/5/Values", stateValue="47")
    chosen = counties[:2]
    names = {county["Name"] for county in chosen}
    by_county = {record["ContactID"] for record in virginia if record["CountyName"] in names}
    assert found({"5": ", ".join(str(county["Id"]) for county in chosen)}) == by_county

    def between(one: int, other: int) -> set[int]:
        corners = f"0#{one}", f"80#{one}", f"80#{other}", f"0#{other}", f"0#{one}"
        return found({"27": "\n".join(["poly", *corners])})

    west, east = between(-180, -90), between(-90, 0)
    assert west | east == {record["ContactID"] for record in virginia}
    assert west
    assert not west & east
    young, old = found({"15": "18#40"}), found({"15": "41#120"})
    with_birthday = {record["ContactID"] for record in virginia if record["DateOfBirth"]}
    assert young
    assert not young & old
    assert young | old == with_birthday
    in_2025 = set().union(*(found({"264": f"200#{number}&1/1/2025#12/31/2025"}) for number in range(204, 212)))
    assert in_2025
    assert set().union(*(found({"264": f"200#{number}&1/1/2024#12/31/2024"}) for number in range(204, 212))) == set()


def test_limits_order_and_sampling(make: Callable[..., Any]) -> None:
    api = make(size=200)
    everyone = [row["ContactID"] for row in api.search()]
    assert len(api.search(RecordLimit=7)) == 7
    assert [row["ContactID"] for row in api.search()] == everyone
    samples = {tuple(row["ContactID"] for row in api.search(RecordLimit=7, Randomized=True)) for _ in range(5)}
    assert len(samples) > 1
    rows = api.search(Columns=["C_City", "lastname(c)"], OrderBy=["C_City", "lastname(c)"])
    assert rows == sorted(rows, key=lambda row: (row["C_City"], row["lastname(c)"]))
    api.account.set(max_record_limit=5)
    assert len(api.search(RecordLimit=7)) == 5


def test_requests_bind_whatever_their_case(make: Callable[..., Any]) -> None:
    api = make(size=50)
    rows = api.ok("POST", "Searches/Results", {"COLUMNS": ["c_city"], "criteria": CRITERIA, "recordlimit": 3})
    assert [list(row) for row in rows] == [["C_City"]] * 3
    created = api.ok("POST", "Volunteers", {"EMAIL": "a@x.org", "firstname": "Ann", "c_City": "Rome"})
    assert (created["Email"], created["FirstName"], created["C_City"]) == ("a@x.org", "Ann", "Rome")
    assert api.ok("GET", "Volunteers/Search", eMail="A@x.org") == [created]


# Contact imports


def contacts(*given: dict[str, Any]) -> dict[str, Any]:
    return {"Contacts": list(given), "ApiNotification": False}


def test_an_import_is_queued_and_done_after_some_polls(make: Callable[..., Any]) -> None:
    api = make(import_polls=3)
    job = api.ok("POST", "Contacts", contacts({"FirstName": "JANE", "State": "VA"}))
    assert job["Status"] == "Queued"
    statuses = [api.ok("GET", f"Imports/{job['Id']}")["Status"] for _ in range(5)]
    assert statuses == ["Queued", "Processing", "Processing", "Completed", "Completed"]
    assert [one["Id"] for one in api.ok("GET", "Imports")] == [job["Id"]]
    api.account.set(import_polls=0)
    assert api.ok("POST", "Contacts", contacts({"FirstName": "JIM"}))["Status"] == "Completed"


JANE = {"FirstName": "Jane", "LastName": "Public", "Email": "jane@x.org", "State": "VA", "Zip": "01234"}


def test_imports_match_exactly_or_insert(make: Callable[..., Any]) -> None:
    api = make()
    api.ok("POST", "Contacts", contacts(JANE))
    again = {name: value.upper() for name, value in JANE.items()}
    api.ok("POST", "Contacts", contacts({**again, "Employer": "Acme"}))
    [record] = api.account.records("contacts")
    assert (record["Employer"], record["Zip"], record["FirstName"]) == ("Acme", "01234", "JANE")
    api.ok("POST", "Contacts", contacts({**JANE, "Phone": "2025550100"}))
    assert len(api.account.records("contacts")) == 2, "drifting data makes another person"
    api.ok("POST", "Contacts", contacts({"contactid": record["ContactID"], "lastname": "Smith"}))
    records = api.account.records("contacts")
    assert len(records) == 2
    assert {one["LastName"] for one in records} == {"Smith", "Public"}


def test_a_batch_keeps_its_good_contacts(make: Callable[..., Any]) -> None:
    api = make(import_polls=0)
    job = api.ok("POST", "Contacts", contacts(JANE, {"FirstName": "X", "State": "Virginia"}, {"Employer": "Acme"}))
    assert job["Status"] == "CompletedWithErrors"
    assert [words.split(":")[0] for words in job["Errors"]] == ["Contact 2", "Contact 3"]
    assert len(api.account.records("contacts")) == 1


def test_an_import_may_fail(make: Callable[..., Any]) -> None:
    api = make(import_fails=True, import_polls=1)
    job = api.ok("POST", "Contacts", contacts(JANE))
    assert job["Status"] == "Queued"
    assert [api.ok("GET", f"Imports/{job['Id']}")["Status"] for _ in range(2)] == ["Queued", "Failed"]
    assert api.account.records("contacts") == []


def test_tags_come_as_pairs_or_as_an_object(make: Callable[..., Any]) -> None:
    api = make()
    for tags in ([{"Key": "Events", "Value": "Rally"}], {"category": "Events", "tag": "Rally"}):
        api.ok("POST", "Contacts", contacts({**JANE, "tags": tags}))
    api.ok("POST", "Contacts", contacts({**JANE, "Tags": [{"key": "Issues", "value": "Parks"}]}))
    [record] = api.account.records("contacts")
    assert record["Tags"] == [{"Key": "Events", "Value": "Rally"}, {"Key": "Issues", "Value": "Parks"}]


def test_imports_may_be_forms(make: Callable[..., Any]) -> None:
    """github.com/darkspiremedia/gravity-forms-i360."""
    api = make()
    form = {
        "contacts[0][firstName]": "Jane",
        "contacts[0][state]": "VA",
        "contacts[0][tags][category]": "Web",
        "contacts[0][tags][tag]": "Form",
        "contacts[1][firstName]": "Jim",
    }
    assert api.call("POST", "Contacts", data=form).status_code == 200
    records = {record["FirstName"]: record for record in api.account.records("contacts")}
    assert records.keys() == {"Jane", "Jim"}
    assert records["Jane"]["Tags"] == [{"Key": "Web", "Value": "Form"}]


def test_people_are_looked_up_by_name_and_address(make: Callable[..., Any]) -> None:
    api = make(size=50)
    some = api.account.records("contacts")[0]
    query = {"firstname": some["FirstName"], "lastname": some["LastName"].lower(), "state": some["State"]}
    assert some in api.ok("GET", "Contacts", **query)
    assert api.call("GET", "Contacts", params={**query, "city": "Nowhere"}).status_code == 204


def test_new_contacts_reach_lists_after_the_lag_and_their_own_page_at_once(
    make: Callable[..., Any], until: Any
) -> None:
    api = make(index_lag=4)
    volunteer = api.ok("POST", "Volunteers", {"email": "a@x.org"})
    api.ok("POST", "Contacts", contacts(JANE))
    assert api.ok("GET", f"Volunteers/{volunteer['VolunteerID']}") == volunteer
    assert api.call("POST", "Volunteers/Search", {"Email": "a@x.org"}).status_code == 204
    assert api.search() == []
    until(lambda: len(api.search()) == 1)
    assert api.ok("POST", "Volunteers/Search", {"Email": "a@x.org"}) == [volunteer]


# Volunteers


def test_a_search_may_ignore_its_criteria(make: Callable[..., Any]) -> None:
    api = make(size=20, criteria_ignored=True)
    everybody = api.account.counters()["resources"]["volunteers"]
    assert len(api.ok("POST", "Volunteers/Search", {"Email": "nobody@x.org"})) == everybody


def test_log_ins_stay_hidden_unless_asked_for(make: Callable[..., Any]) -> None:
    api = make(size=20)
    assert "LogID" not in api.ok("GET", "Volunteers")[0]
    api.account.set(show_log_id=True)
    assert api.ok("GET", "Volunteers")[0]["LogID"].startswith("log-")


def test_what_belongs_to_volunteers_and_events_is_written(make: Callable[..., Any]) -> None:
    api = make(size=20)
    ann, bob = (record["VolunteerID"] for record in api.account.records("volunteers")[:2])
    event = api.account.records("events")[0]["EventID"]
    note = api.ok("POST", f"Volunteers/{ann}/Notes", {"text": "Called"})
    assert note in api.ok("GET", f"Volunteers/{ann}/Notes")
    note_path = f"Volunteers/{ann}/Notes/{note['NoteID']}"
    assert api.ok("PUT", note_path, {"Text": "Called twice"}) == {**note, "Text": "Called twice"}
    assert api.call("GET", note_path.replace(str(ann), str(bob))).status_code == 404
    assert api.call("DELETE", note_path).status_code == 204
    assert api.call("GET", note_path).status_code == 404
    tag = api.ok("POST", f"Volunteers/{ann}/Tags", {"Name": "Driver", "Category": "Skills"})
    assert api.ok("POST", f"Volunteers/{bob}/Tags", {"Name": "Driver", "Category": "Skills"}) == tag
    before = api.account.counters()["resources"]["volunteer_tags"]
    api.ok("POST", f"Volunteers/{bob}/Tags", {"Name": "Driver", "Category": "Skills"})
    assert api.account.counters()["resources"]["volunteer_tags"] == before, "a volunteer has a tag once"
    attendee = api.ok("POST", f"Events/{event}/Attendees", {"VolunteerID": ann, "Status": "Attending"})
    assert attendee in api.ok("GET", f"Events/{event}/Attendees")
    assert api.call("POST", f"Events/{event}/Attendees", {"Colour": "red"}).status_code == 400
    survey = api.account.records("surveys")[0]["SurveyID"]
    assert api.ok("POST", f"Surveys/{survey}/Volunteers", {"VolunteerID": ann}) == {"VolunteerID": ann}
    assert api.call("POST", f"Surveys/{survey}/Volunteers", {"VolunteerID": 1}).status_code == 400
    assert {"EventID": event, **attendee} in api.account.records("event_attendees")


# What answers may look like


@pytest.mark.parametrize(
    ("casing", "names"),
    [
        ("pascal", ["VolunteerID", "C_City", "CoordinatorID"]),
        ("camel", ["volunteerID", "c_City", "coordinatorID"]),
        ("lower", ["volunteerid", "c_city", "coordinatorid"]),
    ],
)
def test_properties_may_be_spelled_in_any_case(make: Callable[..., Any], casing: str, names: list[str]) -> None:
    api = make(size=20, casing=casing)
    assert {*names} < api.ok("GET", "Volunteers")[0].keys()
    assert "C_City" in api.search(Columns=["C_City"])[0], "columns are not properties"


def test_lists_may_stand_under_a_property(make: Callable[..., Any]) -> None:
    api = make(size=20, wrapper="Results", casing="camel")
    body = api.ok("GET", "Events")
    assert body.keys() == {"results"}
    assert len(body["results"]) == len(api.account.records("events"))
    assert isinstance(api.ok("POST", "Volunteers", {"email": "a@x.org"}), dict)


def test_lists_may_page(make: Callable[..., Any]) -> None:
    api = make(size=40)
    everybody = api.ok("GET", "Volunteers")
    assert api.ok("GET", "Volunteers", page=2, pageSize=4, skip=3, take=1) == everybody, "parameters ignored"
    api.account.set(paging="page")
    pages = [api.call("GET", "Volunteers", params={"page": number, "pageSize": 4}) for number in (1, 2, 3, 4)]
    assert [record for page in pages[:3] for record in page.json()] == everybody
    assert pages[3].status_code == 204
    assert api.ok("POST", "Volunteers/Search", {"Page": 3, "pagesize": 4}) == everybody[8:]
    api.account.set(paging="offset")
    assert api.ok("GET", "Volunteers", skip=8, take=4) == everybody[8:]
    assert api.call("GET", "Volunteers", params={"skip": 10}).status_code == 204


# What the documents show


@pytest.fixture(scope="module")
def seeded(make: Callable[..., Any]) -> Any:
    return make(size=200)


def test_the_token_lives_about_six_minutes(seeded: Any) -> None:
    answer = seeded.sign_in()
    assert answer.status_code == 200
    assert answer.json().keys() == {"access_token", "expires_in", "token_type"}
    assert (answer.json()["expires_in"], answer.json()["token_type"]) == (360, "Bearer")


def test_contacts(seeded: Any) -> None:
    records = seeded.account.records("contacts")
    assert len(records) == 200
    assert seeded.ok("GET", f"Contacts/{records[0]['ContactID']}") == records[0]
    assert any(record["Zip"].startswith("0") for record in records)


def test_volunteers(seeded: Any) -> None:
    known = seeded.account.records("volunteers")
    assert len({record["Email"].lower() for record in known}) == len(known) == 50
    for method, path, body in (("GET", "Volunteers/Search", None), ("POST", "Volunteers/Search", {})):
        assert sorted(seeded.ok(method, path, body), key=str) == sorted(known, key=str)
    assert seeded.ok("GET", f"Volunteers/{known[0]['VolunteerID']}") == known[0]


def test_the_vendors_search_columns_and_parameters_are_known(seeded: Any) -> None:
    columns = {record["Name"] for record in seeded.ok("GET", "SearchColumns")}
    examples = "firstname(c) lastname(c) gender(c) Phone(c) C_AddrLine1 C_AddrLine2 C_City C_State C_Zip5"
    assert {*examples.split()} < columns
    parameters = {record["Id"] for record in seeded.ok("GET", "SearchParameters")}
    assert {2, 3, 5, 13, 15, 27, 28, 264, 266, 271, 273, 290, 291, 292, 293, 377} == parameters
    states = {record["Id"]: record["Name"] for record in seeded.ok("GET", "SearchParameters/2/Values")}
    assert states[47] == "VA"
    assert len(states) == 51
    assert {record["Id"] for record in seeded.ok("GET", "SearchParameters/3/Values")} == {1, 2}


def test_a_search_as_in_the_vendors_example(seeded: Any) -> None:
    rows = seeded.ok(
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


def test_counts_as_in_the_vendors_example(seeded: Any) -> None:
    switches = ["CellPhones", "Email", "Households", "MailingAddresses", "Residences", "Phones"]
    counts = seeded.ok("POST", "Searches/Counts", {"Criteria": CRITERIA, **dict.fromkeys(switches, True)})
    assert list(counts) == switches
    assert all(type(count) is int for count in counts.values())
    assert counts["Residences"] > counts["Email"] > 0
    assert seeded.ok("POST", "Searches/Counts", {"Criteria": CRITERIA, "Email": True}) == {"Email": counts["Email"]}


def test_jobs(seeded: Any) -> None:
    job = {"Id", "Status", "CreatedDate"}
    search = {"Criteria": CRITERIA, "Columns": ["C_City"], "ApiNotification": True}
    assert seeded.ok("POST", "Searches", search).keys() == job
    sample = {
        "Tags": [{"Key": "Events", "Value": "Spring rally"}],
        "FirstName": "JANE",
        "MiddleName": "Q",
        "LastName": "PUBLIC",
        "Email": "jane@example.org",
        "State": "VA",
        "RegisteredState": "VA",
    }
    started = seeded.ok("POST", "Contacts", {"Contacts": [sample], "ApiNotification": False})
    assert started.keys() == job | {"Name", "Errors"}
    assert (type(started["Id"]), started["Errors"]) == (int, [])
    assert started["Name"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", started["CreatedDate"])
    [found] = seeded.ok("GET", "Contacts", firstname="JANE", lastname="PUBLIC")
    assert found.keys() == seeded.account.records("contacts")[0].keys()
    assert {name: found[name] for name in sample} == sample


def test_errors(seeded: Any) -> None:
    refused = seeded.call("POST", "Volunteers", {"FirstName": "X"})
    assert (refused.status_code, refused.json().keys()) == (400, {"Message", "ModelState"})
    nobody = seeded.send("GET", f"Org/{seeded.org}/Volunteers", headers={})
    assert nobody.json() == {"Message": "Authorization has been denied for this request."}
    assert seeded.call("GET", "Volunteers/1").json().keys() == {"Message"}
