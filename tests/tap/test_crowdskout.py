"""What is Crowdskout's own in reading: scans, profile by profile, interactions from the same reads, envelopes."""

from __future__ import annotations

import json
import re
import threading
import time
from datetime import UTC, datetime
from typing import Any

import osdi_crm_schemas
import pytest
import requests
from osdi_crm_client import errors
from osdi_crm_sandbox.control import Account, Sandbox
from tap_osdi_crm import state
from tap_osdi_crm.tap import TapOSDICRM
from tap_osdi_crm.vendors.crowdskout import COLLECTIONS, INTERACTIONS

VENDOR = "crowdskout"
SENSITIVE = {"PaymentCards", "Votes", "VoterRegistrations"}


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    return sandbox.account(VENDOR, size=60)


def named(account: Account) -> dict[str, dict[str, Any]]:
    """The profiles that have a name, by id."""
    return {str(raw["id"]): raw for raw in account.records("profiles") if raw.get("Names")}


def profiles_read(account: Account) -> list[str]:
    return [call["path"].rsplit("/", 1)[1] for call in account.log() if "/profile/" in call["path"]]


def asked(account: Account) -> set[str]:
    """The collections that were asked for."""
    [names] = {call["query"]["collections"] for call in account.log() if "/profile/" in call["path"]}
    return set(names.split(","))


def settled(value: Any) -> Any:
    """The value with every time in it in UTC, but those that are values of attributes."""
    if isinstance(value, dict):
        return {name: inner if name == "AttributeValue" else settled(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [settled(inner) for inner in value]
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d.*", value):
        return datetime.fromisoformat(value).astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value


def test_there_is_a_stream_for_every_interaction_and_no_collection_is_left_out() -> None:
    streams = {
        stream
        for stream in osdi_crm_schemas.streams(VENDOR)
        if "profile_id" in osdi_crm_schemas.schema(VENDOR, stream)["properties"]
    }
    assert set(INTERACTIONS) == streams
    assert len(COLLECTIONS) == 83


def test_profiles_come_with_every_collection_that_is_asked_for(account: Account, tap: Any) -> None:
    run = tap(tap.settings(account, crowdskout_collections=list(COLLECTIONS)), "profiles")

    raw = named(account)
    assert set(run.keys("profiles")) == set(raw)
    assert asked(account) == set(COLLECTIONS)
    for profile in run.records("profiles"):
        found = {name: value for name, value in raw[profile["id"]].items() if name != "id"}
        assert {name: value for name, value in profile.items() if value and name != "id"} == settled(found)


def test_cards_votes_and_registrations_are_not_read_unasked(account: Account, tap: Any) -> None:
    run = tap(tap.settings(account), "profiles")

    assert asked(account) == set(COLLECTIONS) - SENSITIVE - set(INTERACTIONS.values())
    said = json.dumps(run.records("profiles"))
    assert not any(name in said for name in ("CardFingerprint", "StateVoterID", "VotedElection"))


def test_chosen_collections_alone_are_read(account: Account, tap: Any) -> None:
    run = tap(tap.settings(account, crowdskout_collections=["Names", "Votes"]), "profiles")

    assert asked(account) == {"Names", "Votes"}
    assert {name for profile in run.records("profiles") for name in profile} == {"id", "Names", "Votes"}


def test_an_unknown_collection_is_said_in_a_line(account: Account, tap: Any) -> None:
    run = tap(tap.settings(account, crowdskout_collections=["Shoes"]))

    assert run.code == 1
    assert "'Shoes' is not one of" in run.log
    assert "Traceback" not in run.log


def test_interactions_are_streams_from_the_same_reads(account: Account, tap: Any) -> None:
    run = tap(tap.settings(account))

    raw = named(account)
    assert sorted(profiles_read(account)) == sorted(raw)
    for stream, collection in INTERACTIONS.items():
        expected = {
            f"{own}/{item['id']}": item for own, profile in raw.items() for item in profile.get(collection) or ()
        }
        assert expected, stream
        assert run.keys(stream).total() == len(expected)
        for record in run.records(stream):
            found = {name: value for name, value in record.items() if name != "profile_id"}
            assert found == settled(expected[f"{record['profile_id']}/{record['id']}"])
    assert not {name for profile in run.records("profiles") for name in profile} & set(INTERACTIONS.values())


def test_an_interaction_can_be_read_without_the_profiles(account: Account, tap: Any) -> None:
    run = tap(tap.settings(account, crowdskout_collections=["Names"]), "donations")

    assert run.streams == {"donations"}
    assert asked(account) == {"Names", "Donations"}
    assert len(run.records("donations")) == sum(len(p.get("Donations") or ()) for p in named(account).values())


def test_an_interaction_stays_in_the_profile_where_the_setting_names_it(account: Account, tap: Any) -> None:
    run = tap(tap.settings(account, crowdskout_collections=["Names", "Donations"]), "profiles", "donations", "knocks")

    donations = [item for profile in run.records("profiles") for item in profile.get("Donations") or ()]
    assert len(donations) == len(run.records("donations")) > 0
    assert not any("Knocks" in profile for profile in run.records("profiles"))


@pytest.mark.parametrize("option", [{}, {"scroll_id_changes": True}], ids=str)
def test_the_scan_is_drained_before_a_profile_is_read(sandbox: Sandbox, tap: Any, option: dict[str, Any]) -> None:
    account = sandbox.account(VENDOR, size=60, scan_batch=7, **option)

    run = tap(tap.settings(account), "profiles")

    paths = [call["path"].split("/")[2] for call in account.log()]
    assert paths == ["segment"] * paths.count("segment") + ["profile"] * paths.count("profile")
    assert paths.count("segment") == 10
    assert set(run.keys("profiles")) == set(named(account))


def test_the_segment_is_a_setting(account: Account, tap: Any) -> None:
    run = tap(tap.settings(account, crowdskout_segment_query='(Gender = "Female")'), "profiles")

    expected = {
        str(raw["id"])
        for raw in account.records("profiles")
        if any(item["Gender"]["value"] == "Female" for item in raw.get("Genders") or ())
    }
    assert set(run.keys("profiles")) == expected


def test_a_scan_that_dies_is_an_error(sandbox: Sandbox, tap: Any) -> None:
    account = sandbox.account(VENDOR, size=60, scan_batch=7, scroll_seconds=0.05, latency=0.1)

    run = tap(tap.settings(account), "profiles")

    assert run.code == 1
    assert "the scan of the segment gave 7 of 59 profiles" in run.log.splitlines()[-1]
    assert profiles_read(account) == []


def test_a_scan_that_dies_and_forgets_its_total_is_noticed(sandbox: Sandbox, tap: Any) -> None:
    account = sandbox.account(VENDOR, size=60, scan_batch=7)
    forgotten = {"success": True, "messages": [], "data": {"scrollId": "x", "profileIds": [], "total": 0}}
    account.fault(do="status", status=200, path="/segment/scan", times=1, skip=2, body=forgotten)

    run = tap(tap.settings(account), "profiles")

    assert run.code == 0, run.log
    assert "gave 14 of 59 profiles" in run.log
    assert run.keys("profiles").total() == 59


@pytest.mark.parametrize("fault", [{"do": "cut_after"}, {"do": "malformed"}], ids=str)
def test_a_batch_that_is_lost_on_the_way_is_noticed(sandbox: Sandbox, tap: Any, fault: dict[str, Any]) -> None:
    account = sandbox.account(VENDOR, size=60, scan_batch=7)
    account.fault(**fault, path="/segment/scan", times=1, skip=2)

    run = tap(tap.settings(account), "profiles")

    assert run.code == 0, run.log
    assert "gave 52 of 59 profiles" in run.log
    assert run.keys("profiles").total() == 59


def test_a_profile_that_goes_meanwhile_is_passed_over(account: Account, tap: Any) -> None:
    account.fault(do="status", status=404, path="/profile/", times=1, skip=5)

    run = tap(tap.settings(account), "profiles")

    assert run.code == 0, run.log
    assert run.keys("profiles").total() == 58


def test_a_run_that_ends_early_goes_on_after_the_last_id_with_all_that_is_read_together(
    sandbox: Sandbox, tap: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    account = sandbox.account(VENDOR, size=200, latency=0.01)
    config = tap.settings(account, work_dir=str(tap.folder))
    monkeypatch.setattr(state, "SECONDS_TOGETHER", 0.2)
    account.fault(do="status", status=400, path="/profile/", skip=120)
    ending = TapOSDICRM(config=config)
    ending.sync_all()
    with pytest.raises(errors.ConfigurationError, match="was not read to its end"):
        ending.judge()
    first = tap.parse(capfd.readouterr().out.encode())
    after = {name: each["sweep"]["after"] for name, each in first.state["bookmarks"].items() if each.get("sweep")}
    assert set(after) >= {"profiles", *INTERACTIONS}
    assert len({after[name] for name in ("profiles", *INTERACTIONS)}) == 1
    account.clear_faults()
    account.clear_log()

    second = tap(config, state=first.state)

    raw = named(account)
    assert set(first.keys("profiles")) | set(second.keys("profiles")) == set(raw)
    for stream, collection in INTERACTIONS.items():
        expected = {f"{own}/{item['id']}" for own, profile in raw.items() for item in profile.get(collection) or ()}
        assert set(first.keys(stream) if stream in first.streams else ()) | set(second.keys(stream)) == expected
    assert len(profiles_read(account)) < 150
    assert min(map(str, profiles_read(account))) > after["profiles"].removeprefix("profiles/")


def test_a_stream_that_is_new_to_a_run_that_goes_on_gets_all(account: Account, tap: Any) -> None:
    state = {"bookmarks": {"profiles": {"sweep": {"started": None, "since": None, "after": "profiles/30"}}}}

    alone = tap(tap.settings(account), "profiles", state=state)
    both = tap(tap.settings(account), "profiles", "donations", state=state)

    assert set(alone.keys("profiles")) == {own for own in named(account) if own > "30"}
    assert set(both.keys("profiles")) == set(named(account))


@pytest.mark.parametrize("calls", [1, 3])
def test_no_more_calls_are_under_way_than_the_setting_says(sandbox: Sandbox, tap: Any, calls: int) -> None:
    account = sandbox.account(VENDOR, size=60, latency=0.05, at_once=calls)

    run = tap(tap.settings(account, crowdskout_in_flight=calls), "profiles")

    counters = account.counters()
    assert run.code == 0, run.log
    assert counters["statuses"].keys() == {"200"}
    assert (counters["overlaps"] > 0) == (calls > 1)


def test_the_calls_that_may_be_under_way_are(sandbox: Sandbox, tap: Any) -> None:
    """More profiles a second than half of what a bare loop of requests in four threads reads; two would read half."""
    account = sandbox.account(VENDOR, size=120, latency=0.3)
    ids = iter(list(named(account)))
    turn = threading.Lock()
    names = ",".join(set(COLLECTIONS) - SENSITIVE)

    def loop() -> None:
        with requests.Session() as session:
            session.trust_env = False
            while True:
                with turn:
                    own = next(ids, None)
                if own is None:
                    return
                headers = {"Authorization": f"Bearer {account.key}"}
                session.get(f"{account.url}/profile/{own}", params={"collections": names}, headers=headers).json()

    threads = [threading.Thread(target=loop) for _ in range(4)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    bare = time.monotonic() - began
    account.clear_log()

    run = tap(tap.settings(account))

    reading = [call["at"] for call in account.log() if "/profile/" in call["path"]]
    ours = reading[-1] - reading[0]
    assert run.code == 0, run.log
    assert bare / ours > 0.55, (bare, ours)


@pytest.mark.parametrize("shape", ["status", "success_false", "messages", "text"])
def test_a_refusal_is_told_in_whatever_shape_it_comes(account: Account, tap: Any, shape: str) -> None:
    account.set(errors=shape)

    run = tap(tap.settings(account, crowdskout_options_of=["Nonsense"]), "field_options")

    assert run.code == 1
    assert "/fields/Nonsense/options" in run.log.splitlines()[-1]
    assert "Traceback" not in run.log


def test_an_answer_without_its_envelope_is_an_error(account: Account, tap: Any) -> None:
    account.fault(do="empty", path="/attribute")

    run = tap(tap.settings(account), "attributes")

    assert run.code == 1
    assert "the answer has no envelope" in run.log.splitlines()[-1]


def test_a_scalar_beside_the_collections_is_kept(account: Account, tap: Any) -> None:
    account.set(top_level_date=True)

    run = tap(tap.settings(account), "profiles")

    assert all(set(profile["additional_fields"]) == {"Date"} for profile in run.records("profiles"))


@pytest.mark.parametrize("option", [{"empty_collections": False}, {"other_spellings": True}], ids=str)
def test_other_shapes_and_spellings_lose_nothing(account: Account, tap: Any, option: dict[str, Any]) -> None:
    expected = {
        f"{own}/{item['id']}"
        for own, profile in named(account).items()
        for item in profile.get("IndependentUnsubscribes") or ()
    }
    attributes = {
        f"{own}/{item['AttributeId']}/{item['id']}"
        for own, profile in named(account).items()
        for item in profile.get("Attributes") or ()
    }
    account.set(**option)

    run = tap(tap.settings(account), "profiles", "independent_unsubscribes")

    assert run.code == 0, run.log
    assert set(run.keys("independent_unsubscribes")) == expected
    assert run.keys("profiles").total() == 59
    assert not any("additional_fields" in profile for profile in run.records("profiles"))
    assert attributes == {
        f"{profile['id']}/{item['AttributeId']}/{item['id']}"
        for profile in run.records("profiles")
        for item in profile.get("Attributes") or ()
    }


@pytest.mark.parametrize("limit_caps", [True, False])
def test_attributes_come_once_whether_their_limit_holds_or_not(sandbox: Sandbox, tap: Any, limit_caps: bool) -> None:
    account = sandbox.account(VENDOR, limit_caps=limit_caps)
    account.insert("attributes", [{"name": f"Attribute {number}", "type": "Text"} for number in range(230)])

    run = tap(tap.settings(account), "attributes")

    assert run.keys("attributes").total() == len(run.keys("attributes")) == len(account.records("attributes")) == 230
    assert len(account.log()) == (3 if limit_caps else 1)


def test_attributes_may_stand_at_another_path(account: Account, tap: Any) -> None:
    account.set(plural_attributes=True)

    lost = tap(tap.settings(account), "attributes")
    found = tap(tap.settings(account, stream_overrides={"attributes": {"path": "attributes"}}), "attributes")

    assert lost.code == 1
    assert "there is nothing at this address" in lost.log.splitlines()[-1]
    assert len(found.records("attributes")) == len(account.records("attributes"))


@pytest.mark.parametrize(
    ("moved", "override"),
    [
        ({"/custom-fields": "/attribute"}, {"path": "custom-fields"}),
        ({"PUT /custom/scan": "GET /attribute"}, {"path": "custom/scan", "method": "PUT"}),
        ({"?from": "?offset", "?many": "?limit"}, {"page_parameter": "from", "size_parameter": "many"}),
    ],
    ids=["path", "method", "paging"],
)
def test_attributes_that_stand_elsewhere_are_read_with_the_setting_alone(
    sandbox: Sandbox, tap: Any, moved: dict[str, str], override: dict[str, str]
) -> None:
    account = sandbox.account(VENDOR, moved=moved)
    account.insert("attributes", [{"name": f"Attribute {number}", "type": "Text"} for number in range(230)])

    lost = tap(tap.settings(account), "attributes")
    account.clear_log()
    found = tap(tap.settings(account, stream_overrides={"attributes": override}), "attributes")

    assert lost.code == (0 if "?from" in moved else 1)
    assert found.code == 0, found.log
    assert found.keys("attributes").total() == len(found.keys("attributes")) == 230
    assert len(account.log()) == 3


def test_attributes_in_answers_of_another_form_are_read_with_the_setting_alone(account: Account, tap: Any) -> None:
    shown = [{"number": number, "name": "Boat", "type": "Text"} for number in (1, 2)]
    answer = {"success": True, "messages": [], "data": {"found": {"attributes": shown}}}
    account.fault(do="status", status=200, path="/attribute", body=answer)
    override = {"records_path": "data.found.attributes", "key": "number", "paging": "none"}

    lost = tap(tap.settings(account), "attributes")
    found = tap(tap.settings(account, stream_overrides={"attributes": override}), "attributes")

    assert lost.code == 1
    assert "say with 'stream_overrides' where it stands" in lost.log.splitlines()[-1]
    assert found.keys("attributes") == {"1": 1, "2": 1}
    assert account.log()[-1]["query"] == {}


def test_attributes_by_pages_are_walked_where_a_setting_says_so(account: Account, tap: Any) -> None:
    answer = {"success": True, "messages": [], "data": {"list": [{"id": 1, "name": "Boat", "type": "Text"}]}}
    account.fault(do="status", status=200, path="/attribute", body=answer, times=1)
    account.fault(do="status", status=200, path="/attribute", body={**answer, "data": {"list": []}})

    run = tap(tap.settings(account, stream_overrides={"attributes": {"paging": "page"}}), "attributes")

    assert run.keys("attributes") == {"1": 1}
    assert [call["query"] for call in account.log()] == [{"limit": "100", "page": str(n)} for n in (1, 2)]


def test_options_are_read_of_the_fields_in_the_setting_only(account: Account, tap: Any) -> None:
    none = tap(tap.settings(account), "field_options")
    two = tap(tap.settings(account, crowdskout_options_of=["Gender", "AddressCity?AddressRegion=14"]), "field_options")

    assert none.records("field_options") == []
    assert "crowdskout_options_of" in none.log
    found = two.records("field_options")
    assert {(o["field"], o["collection"], o["dependency_field"], o["dependency_id"]) for o in found} == {
        ("Gender", "Genders", None, None),
        ("AddressCity", "PhysicalAddresses", "AddressRegion", "14"),
    }
    assert {o["value"] for o in found if o["field"] == "Gender"} == {"Male", "Female"}
    assert [call["query"] for call in account.log()][-2:] == [{"AddressRegion": "14"}, {}]


def test_streams_within_profiles_do_not_fill_the_log(sandbox: Sandbox, tap: Any) -> None:
    account = sandbox.account(VENDOR, size=60)

    run = tap(tap.settings(account))

    for stream in INTERACTIONS:
        assert run.log.count(f"'{stream}'") == 1
    assert len(run.log.splitlines()) < 100


def test_an_empty_account_is_read_without_complaint(sandbox: Sandbox, tap: Any) -> None:
    run = tap(tap.settings(sandbox.account(VENDOR)))

    assert run.code == 0, run.log
    assert run.streams == {"profiles", "attributes", "field_options", *INTERACTIONS}
    assert run.records("profiles") == []
    assert json.dumps(run.state)
