"""What is i360's own in reading: short tokens, searches, answers in any spelling, and what is only assumed."""

from __future__ import annotations

from typing import Any

import pytest
from osdi_crm_sandbox.control import Account, Sandbox
from tap_osdi_crm.vendors.i360 import STATE_NAMES

VENDOR = "i360"
STATES = [str(number) for number in range(1, 52)]
SEARCH: dict[str, Any] = {"i360_states": ["47"], "i360_list_type": "my_data", "i360_record_limit": 1000}


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    return sandbox.account(VENDOR, size=60)


def statuses(account: Account, path: str) -> list[int]:
    return [call["status"] for call in account.log() if call["path"].endswith(path)]


def searches(account: Account) -> list[dict[str, Any]]:
    return [call["body"] for call in account.log() if call["path"].endswith("/Searches/Results")]


def test_a_long_run_crosses_three_lives_of_a_token_without_a_failed_call(sandbox: Sandbox, tap: Any) -> None:
    account = sandbox.account(VENDOR, counts={"volunteers": 100}, token_seconds=4, latency=0.13)

    run = tap(tap.settings(account, unconfirmed_streams=True), "volunteer_notes")

    counters = account.counters()
    assert run.code == 0, run.log
    assert counters["last"] - counters["first"] > 3 * 4
    assert len(statuses(account, "/token")) > 3
    assert counters["statuses"].keys() <= {"200", "204"}
    assert counters["overlaps"] == 0


@pytest.mark.parametrize("option", [{"tell_expiry": False}, {"tell_expiry": True}], ids=str)
def test_a_refused_token_is_renewed_once(account: Account, tap: Any, option: dict[str, Any]) -> None:
    account.set(**option)
    account.fault(do="status", status=401, path="Volunteers", times=1)

    run = tap(tap.settings(account), "volunteers")

    assert run.code == 0, run.log
    assert statuses(account, "/Volunteers/Search") == [401, 200]
    assert statuses(account, "/token") == [200, 200]


def test_a_second_refusal_is_explained(account: Account, tap: Any) -> None:
    account.fault(do="status", status=401, path="Volunteers")

    run = tap(tap.settings(account), "volunteers")

    assert run.code == 1
    assert statuses(account, "/Volunteers/Search") == [401, 401]
    assert statuses(account, "/token") == [200, 200]
    assert all(words in run.log.splitlines()[-1] for words in ("'i360_org_id'", "'Generic API'", "/Volunteers/Search"))


def test_a_foreign_organisation_is_explained(account: Account, tap: Any) -> None:
    run = tap(tap.settings(account, i360_org_id=account.credentials["org_id"] + 1), "volunteers")

    assert run.code == 1
    assert "the organisation is not the user's" in run.log.splitlines()[-1]


def test_the_scope_is_a_setting_and_named_when_it_is_refused(account: Account, tap: Any) -> None:
    account.set(scope="openid profile sample")

    refused = tap(tap.settings(account), "volunteers")
    taken = tap(tap.settings(account, i360_scope="openid profile sample"), "volunteers")

    assert refused.code == 1
    assert "Check the setting 'i360_scope'." in refused.log.splitlines()[-1]
    assert taken.code == 0


@pytest.mark.parametrize("setting", SEARCH)
def test_contacts_need_a_state_a_list_and_a_limit(account: Account, tap: Any, setting: str) -> None:
    run = tap(tap.settings(account, **{k: v for k, v in SEARCH.items() if k != setting}), "contacts")

    assert run.code == 1
    assert f"The stream 'contacts' needs the setting '{setting}'" in run.log.splitlines()[-1]
    assert searches(account) == []


def test_all_that_a_first_run_needs_is_named_at_once_after_a_wrong_password(account: Account, tap: Any) -> None:
    wrong = tap(tap.settings(account, i360_password="wrong"), "contacts")
    none = tap(tap.settings(account), "contacts")

    assert wrong.code == none.code == 1
    assert "'i360_password'" in wrong.log.splitlines()[-1]
    assert "needs the settings 'i360_states', 'i360_list_type', 'i360_record_limit'; set them" in none.log


@pytest.mark.parametrize(("states", "asked"), [(["*"], STATES), (["VA", "ny", "47"], ["47", "33"]), (["47"], ["47"])])
@pytest.mark.parametrize("by_name", [False, True], ids=["codes", "names"])
def test_states_by_postal_code_by_number_or_all(
    account: Account, tap: Any, states: list[str], asked: list[str], by_name: bool
) -> None:
    if by_name:
        listed = [{"Id": int(number), "Name": name} for number, name in zip(STATES, STATE_NAMES.values(), strict=True)]
        account.fault(do="status", status=200, body=listed, path="SearchParameters/2/Values")

    run = tap(tap.settings(account, **{**SEARCH, "i360_states": states}), "contacts")

    assert run.code == 0, run.log
    assert sorted(each["Criteria"]["2"] for each in searches(account)) == sorted(asked)


def test_a_state_that_nobody_lists_ends_the_run_with_its_name(account: Account, tap: Any) -> None:
    run = tap(tap.settings(account, **{**SEARCH, "i360_states": ["Narnia"]}), "contacts")

    assert run.code == 1
    assert "The setting 'i360_states' names 'Narnia', which i360 does not list as a state." in run.log.splitlines()[-1]


def test_the_national_file_is_searched_when_asked_for_only(account: Account, tap: Any) -> None:
    mine = tap(tap.settings(account, **{**SEARCH, "i360_states": STATES}), "contacts")
    asked = searches(account)
    account.clear_log()
    national = tap(tap.settings(account, **{**SEARCH, "i360_list_type": "i360_data"}), "contacts")

    assert {call["Criteria"]["2"] for call in asked} == set(STATES)
    assert {call["Criteria"]["3"] for call in asked} == {"2"}
    assert set(mine.keys("contacts")) == {str(raw["ContactID"]) for raw in account.records("contacts")}
    [search] = searches(account)
    assert search["Criteria"] == {"2": "47", "3": "1", "13": "-1", "28": "-1"}
    assert search["Randomized"] is False
    assert search["RecordLimit"] == 1000
    assert set(national.keys("contacts")) == {
        str(raw["ContactID"]) for raw in account.records("national_contacts") if raw["State"] == "VA"
    }


def test_contacts_come_under_the_schemas_names(account: Account, tap: Any) -> None:
    raw = {str(contact["ContactID"]): contact for contact in account.records("contacts")}

    for contact in tap(tap.settings(account, **SEARCH), "contacts").records("contacts"):
        found = raw[contact["ContactID"]]
        same = ("FirstName", "LastName", "Gender", "Phone", "Address1", "Address2", "City", "State", "Zip")
        assert {name: contact[name] for name in same} == {name: found[name] for name in same}


def test_further_columns_and_criteria_are_sent(account: Account, tap: Any) -> None:
    columns = ["ContactID", "email(c)"]

    run = tap(
        tap.settings(account, **SEARCH, i360_search_columns=columns, i360_criteria={"377": 1, "13": "0"}), "contacts"
    )

    [search] = searches(account)
    assert search["Columns"] == columns
    assert search["Criteria"] == {"2": "47", "3": "2", "13": "0", "28": "-1", "377": "1"}
    assert all(contact["Email"] for contact in run.records("contacts"))


def test_a_search_that_comes_to_its_limit_is_an_error(account: Account, tap: Any) -> None:
    run = tap(tap.settings(account, **{**SEARCH, "i360_record_limit": 5}), "contacts")

    assert run.code == 1
    assert "The search for the contacts of state 47 came to the 5 that 'i360_record_limit'" in run.log.splitlines()[-1]
    assert len(run.records("contacts")) == 5


def test_what_signs_somebody_in_is_not_kept(account: Account, tap: Any) -> None:
    account.set(show_log_id=True)
    ids = [str(raw["VolunteerID"]) for raw in account.records("volunteers")]
    secrets: dict[str, Any] = {
        "PASSWORD": "geheim-1",
        "securityQuestion1": "geheim-2",
        "Security_Answer": "geheim-3",
        "app": {"logid": "geheim-4", "Language": "en"},
        "devices": [{"PasswordHint": "geheim-5", "Name": "phone"}],
    }
    account.change("volunteers", ids, **secrets)

    run = tap(tap.settings(account), "volunteers")

    assert "geheim" not in run.out + run.log
    assert "logid" not in run.out.lower()
    for volunteer in run.records("volunteers"):
        assert volunteer["additional_fields"] == {"app": {"Language": "en"}, "devices": [{"Name": "phone"}]}


@pytest.mark.parametrize("path", ["Volunteers/Credentials", "volunteers/7/account-recovery"])
def test_credentials_are_not_read_whatever_a_setting_says(account: Account, tap: Any, path: str) -> None:
    overrides = {"volunteers": {"path": path, "method": "GET"}}

    run = tap(tap.settings(account, stream_overrides=overrides))

    assert run.code == 1
    assert (
        "The setting 'stream_overrides' leads 'volunteers' to credentials, which are never read"
        in run.log.splitlines()[-1]
    )
    assert account.counters()["calls"] == 0


@pytest.mark.parametrize("option", [{"casing": "camel"}, {"casing": "lower"}, {"wrapper": "results"}], ids=str)
def test_the_vendors_spelling_does_not_matter(account: Account, tap: Any, option: dict[str, Any]) -> None:
    config = tap.settings(account, unconfirmed_streams=True, **SEARCH)
    streams = ("contacts", "volunteers", "event_attendees", "search_parameter_values")
    plain = tap(config, *streams)
    account.set(**option)

    other = tap(config, *streams)

    for stream in streams:
        assert sorted(map(str, other.records(stream))) == sorted(map(str, plain.records(stream)))
        assert plain.records(stream)


@pytest.mark.parametrize("stream", ["volunteers", "imports"])
def test_an_id_beside_a_list_is_the_searchs(account: Account, tap: Any, stream: str) -> None:
    rows = [{"Id": number, "Email": f"{number}@example.org"} for number in (1, 2)]
    account.fault(do="status", status=200, path="/(Volunteers/Search|Imports)$", body={"Id": 77, "Results": rows})

    run = tap(tap.settings(account, unconfirmed_streams=True), stream)

    assert run.keys(stream) == {"1": 1, "2": 1}


def test_an_entity_that_the_user_may_not_read_does_not_end_the_run(account: Account, tap: Any) -> None:
    account.fault(do="status", status=401, path="/Users$")
    config = tap.settings(account, unconfirmed_streams=True)

    run = tap(config, "users", "volunteers")

    assert run.code == 0, run.log
    assert "Stream 'users' is left out: the credentials are good, but may not read it." in run.log
    assert len(run.records("volunteers")) == len(account.records("volunteers"))


def test_a_refused_sign_in_in_the_middle_of_an_entity_ends_the_run(account: Account, tap: Any) -> None:
    account.fault(do="status", status=401, path="/token$", skip=1)
    account.fault(do="status", status=401, path="/Notes$", times=1)

    run = tap(tap.settings(account, unconfirmed_streams=True), "volunteer_notes")

    assert run.code == 1
    assert "is left out" not in run.log


def test_a_refusal_to_sign_in_is_no_outage_however_it_is_worded(account: Account, tap: Any) -> None:
    account.fault(do="html", status=400, path="/token$")

    run = tap(tap.settings(account), "volunteers")

    assert run.code == 1
    assert "signing in was refused" in run.log.splitlines()[-1]
    assert statuses(account, "/token") == [400]


def test_a_list_that_is_not_found_is_an_error_until_a_setting_says_where_it_is(account: Account, tap: Any) -> None:
    account.set(wrapper="people")

    lost = tap(tap.settings(account), "volunteers")
    found = tap(tap.settings(account, stream_overrides={"volunteers": {"records_path": "people"}}), "volunteers")

    assert lost.code == 1
    assert "say with 'stream_overrides' where it stands" in lost.log.splitlines()[-1]
    assert len(found.records("volunteers")) == len(account.records("volunteers"))


@pytest.mark.parametrize("paging", ["page", "offset"])
def test_pages_are_walked_where_a_setting_says_how(sandbox: Sandbox, tap: Any, paging: str) -> None:
    account = sandbox.account(VENDOR, counts={"volunteers": 230}, paging=paging)

    run = tap(tap.settings(account, stream_overrides={"volunteers": {"paging": paging}}), "volunteers")

    assert run.keys("volunteers").total() == len(run.keys("volunteers")) == 230
    query = [call["query"] for call in account.log() if call["path"].endswith("/Volunteers/Search")]
    if paging == "page":
        assert query == [{"page": str(number), "pageSize": "100"} for number in (1, 2, 3, 4)]
    else:
        assert query == [{"skip": str(before), "take": "100"} for before in (0, 100, 200, 230)]


def test_pages_of_a_vendor_that_knows_none_are_an_error(account: Account, tap: Any) -> None:
    run = tap(tap.settings(account, stream_overrides={"volunteers": {"paging": "page"}}), "volunteers")

    assert run.code == 1
    assert "a page came twice" in run.log.splitlines()[-1]


def test_an_empty_organisation_is_read_without_complaint(sandbox: Sandbox, tap: Any) -> None:
    account = sandbox.account(VENDOR)
    streams = ("contacts", "volunteers", "volunteer_notes", "events", "imports")

    run = tap(tap.settings(account, unconfirmed_streams=True, **SEARCH), *streams)

    assert run.code == 0, run.log
    assert run.streams == set(streams)
    assert [m for m in run.messages if m["type"] == "RECORD"] == []


def test_only_what_is_documented_is_offered_unasked(account: Account, tap: Any) -> None:
    offered = {entry["tap_stream_id"] for entry in tap.discover(tap.settings(account))["streams"]}

    assert offered == {"contacts", "volunteers"}


def test_each_assumption_that_is_read_is_told_in_a_line(account: Account, tap: Any) -> None:
    streams = ("volunteers", "tag_groups", "volunteer_notes")

    run = tap(tap.settings(account, unconfirmed_streams=True), *streams)

    for stream in streams:
        assert run.log.count(f"Stream '{stream}' rests on an assumption") == 1


def test_a_stream_whose_assumed_address_is_wrong_is_left_out_with_a_warning(account: Account, tap: Any) -> None:
    overrides = {"tag_groups": {"path": "Nowhere"}, "event_notes": {"path": "Nowhere"}}
    config = tap.settings(account, unconfirmed_streams=True, stream_overrides=overrides)

    run = tap(config, "tag_groups", "event_notes", "users")

    assert run.code == 0, run.log
    assert "Stream 'tag_groups' was not read" in run.log
    assert "Stream 'event_notes' was not read" in run.log
    assert "'users' was not read" not in run.log
    assert run.records("users")


def test_a_path_that_two_readers_of_the_document_guess_differently_is_corrected_by_a_setting(
    account: Account, tap: Any
) -> None:
    config = tap.settings(account, unconfirmed_streams=True)
    right = {"stream_overrides": {"voice_mail_messages": {"path": "Surveys/VoicemailMessages"}}}

    wrong = tap(config, "voice_mail_messages", "event_details")
    corrected = tap({**config, **right}, "voice_mail_messages")

    assert wrong.code == corrected.code == 0, wrong.log
    assert "Stream 'voice_mail_messages' was not read" in wrong.log
    assert wrong.records("voice_mail_messages") == []
    assert len(wrong.records("event_details")) == len(account.records("event_details")) > 0
    assert len(corrected.records("voice_mail_messages")) == len(account.records("voicemail_messages")) > 0


def test_path_and_method_can_be_corrected(account: Account, tap: Any) -> None:
    overrides = {
        "volunteers": {"path": "Volunteers", "method": "GET"},
        "volunteer_notes": {"path": "Volunteers/{id}/Notes"},
        "users": {"key": "userName"},
    }
    config = tap.settings(account, unconfirmed_streams=True, stream_overrides=overrides)

    run = tap(config, "volunteers", "volunteer_notes", "users")

    assert len(run.records("volunteers")) == len(account.records("volunteers"))
    assert len(run.records("volunteer_notes")) == len(account.records("volunteer_notes"))
    assert set(run.keys("users")) == {raw["UserName"] for raw in account.records("users")}
    assert not any(call["path"].endswith("/Volunteers/Search") for call in account.log())


ELSEWHERE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "path": ({"moved": {"/Helpers/Find": "/Volunteers/Search"}}, {"path": "Helpers/Find"}),
    "method": (
        {"moved": {"GET /Helpers": "POST /Volunteers/Search"}},
        {"path": "Helpers", "method": "GET"},
    ),
    "records path": (
        {"wrapper": "helpers", "moved": {"PUT /Helpers": "POST /Volunteers/Search"}},
        {"path": "Helpers", "method": "PUT", "records_path": "Helpers"},
    ),
    "paging": (
        {"paging": "offset", "moved": {"?from": "?skip", "?many": "?take"}},
        {"paging": "offset", "page_parameter": "from", "size_parameter": "many"},
    ),
}
"""By what is otherwise than assumed: the options of an account that has it so, and the override for volunteers."""


@pytest.mark.parametrize("what", ELSEWHERE)
def test_volunteers_that_stand_elsewhere_are_read_with_the_setting_alone(sandbox: Sandbox, tap: Any, what: str) -> None:
    options, override = ELSEWHERE[what]
    account = sandbox.account(VENDOR, counts={"volunteers": 230}, **options)

    lost = tap(tap.settings(account), "volunteers")
    found = tap(tap.settings(account, stream_overrides={"volunteers": override}), "volunteers")

    assert lost.code != 0 or len(lost.records("volunteers")) < 230
    assert found.code == 0, found.log
    assert found.keys("volunteers").total() == len(found.keys("volunteers")) == 230


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_contacts_that_stand_elsewhere_are_still_searched_for(account: Account, tap: Any, method: str) -> None:
    account.set(moved={f"{method} /Find": "POST /Searches/Results"})
    override = {"contacts": {"path": "Find", "method": method}}

    run = tap(tap.settings(account, **SEARCH, stream_overrides=override), "contacts")

    assert run.code == 0, run.log
    assert set(run.keys("contacts")) == {
        str(raw["ContactID"]) for raw in account.records("contacts") if raw["State"] == "VA"
    }


def test_contacts_are_not_read_by_a_call_that_cannot_say_whose(account: Account, tap: Any) -> None:
    overrides = {"contacts": {"path": "Contacts", "method": "GET"}}

    run = tap(tap.settings(account, **SEARCH, stream_overrides=overrides))

    assert run.code == 1
    assert "The setting 'stream_overrides' reads 'contacts' by GET, which cannot say whose" in run.log.splitlines()[-1]
    assert account.counters()["calls"] == 0


def test_an_unconfirmed_stream_that_stands_elsewhere_is_read_with_the_setting_alone(account: Account, tap: Any) -> None:
    account.set(moved={"/Remarks/Of": "/Volunteers", "/All": "/Notes"}, wrapper="Found")
    overrides = {"volunteer_notes": {"path": "Remarks/Of/{id}/All", "records_path": "found"}}
    overrides["volunteers"] = {"path": "Remarks/Of/Search", "records_path": "Found"}
    config = tap.settings(account, unconfirmed_streams=True)

    lost = tap(config, "volunteer_notes")
    found = tap({**config, "stream_overrides": overrides}, "volunteer_notes")

    assert lost.records("volunteer_notes") == []
    assert found.code == 0, found.log
    assert len(found.keys("volunteer_notes")) == len(account.records("volunteer_notes")) > 0


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"volunteer": {"path": "Volunteers"}}, "'volunteer', which is no stream"),
        ({"volunteers": {"colour": "red"}}, "'colour' was unexpected"),
        ({"volunteers": {"method": "DELETE"}}, "'DELETE' is not one of"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_wrong_override_is_said_in_a_line(account: Account, tap: Any, overrides: dict[str, Any], said: str) -> None:
    run = tap(tap.settings(account, stream_overrides=overrides))

    assert run.code == 1
    assert said in run.log
    assert "Traceback" not in run.log


def test_a_key_that_does_not_come_is_an_error(account: Account, tap: Any) -> None:
    run = tap(tap.settings(account, **SEARCH, i360_search_columns=["firstname(c)"]), "contacts")

    assert run.code == 1
    assert "a record of 'contacts' came without 'ContactID', its key" in run.log.splitlines()[-1]


def test_records_tell_their_organisation_and_what_they_hang_on(account: Account, tap: Any) -> None:
    config = tap.settings(account, unconfirmed_streams=True, **SEARCH)
    streams = {
        "contacts": "",
        "volunteer_tags": "VolunteerID",
        "event_metrics": "EventID",
        "survey_walkbooks": "SurveyID",
    }

    run = tap(config, *streams)

    for stream, parent in streams.items():
        assert {record["OrgID"] for record in run.records(stream)} == {account.credentials["org_id"]}
        if parent:
            found = [record[parent] for record in run.records(stream)]
            assert sorted(found) == sorted(str(raw[parent]) for raw in account.records(stream))
