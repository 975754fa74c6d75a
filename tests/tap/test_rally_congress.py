"""What is Rally Congress's own in reading: pages in every form, hard-to-read bytes, a bookmark no record tells."""

from __future__ import annotations

import signal
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from osdi_crm_sandbox.control import Account, Sandbox

VENDOR = "rally_congress"
TOGETHER = ("supporters", "supporter_addresses", "supporter_phones")


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    return sandbox.account(VENDOR, size=60)


def queries(account: Account, path: str = "/supporters") -> list[dict[str, str]]:
    return [call["query"] for call in account.log() if call["path"].endswith(path)]


def items(account: Account, name: str) -> dict[str, dict[str, Any]]:
    """The addresses or phones of all supporters, by the key they get."""
    return {
        f"{raw['id']}/{position}": item
        for raw in account.records("supporters")
        for position, item in enumerate(raw[name])
    }


def test_supporters_come_with_every_field_as_it_is(account: Account, tap: Any) -> None:
    raw = {supporter["id"]: supporter for supporter in account.records("supporters")}

    run = tap(tap.settings(account), "supporters")

    assert len(run.records("supporters")) == 60
    for supporter in run.records("supporters"):
        assert supporter.pop("updated_since")
        assert supporter == raw[supporter["id"]]


@pytest.mark.parametrize(
    "option",
    [
        {},
        {"next_uri": "missing"},
        {"last_next_uri": "null"},
        {"last_next_uri": "missing"},
        {"last_next_uri": "self"},
        {"uris": "absolute"},
        {"numbers_as_text": True},
        {"wrapped": True},
        {"records_key": "items"},
        {"next_uri": "missing", "numbers_as_text": True, "wrapped": True, "records_key": "people"},
    ],
    ids=str,
)
def test_every_form_of_paging_brings_every_supporter_once(sandbox: Sandbox, tap: Any, option: dict[str, Any]) -> None:
    account = sandbox.account(VENDOR, size=60, max_page_size=7, **option)

    run = tap(tap.settings(account), "supporters", "campaigns")

    assert run.code == 0, run.log
    assert run.keys("supporters").total() == len(run.keys("supporters")) == 60
    assert set(run.keys("campaigns")) == {raw["campaignId"] for raw in account.records("campaigns")}
    pages = {int(query["page"]) for query in queries(account) if "updatedSince" not in query}
    assert pages in ({*range(9)}, {*range(10)})


def test_pages_are_numbered_where_a_setting_says_so(sandbox: Sandbox, tap: Any) -> None:
    account = sandbox.account(VENDOR, size=60, max_page_size=7, next_host="http://127.0.0.2:1")
    overrides = {"supporters": {"paging": "page"}}

    run = tap(tap.settings(account, stream_overrides=overrides), "supporters")

    assert run.code == 0, run.log
    assert len(run.keys("supporters")) == 60


def test_a_next_page_on_another_host_is_refused(sandbox: Sandbox, tap: Any) -> None:
    account = sandbox.account(VENDOR, size=60, max_page_size=7, next_host="http://127.0.0.2:1")

    run = tap(tap.settings(account), "supporters")

    assert run.code == 1
    assert "the next page is said to lie on another host" in run.log.splitlines()[-1]


def test_a_page_that_comes_twice_is_an_error(account: Account, tap: Any) -> None:
    page = {"page": 0, "pagesize": 1, "totalResults": 9, "nextpageuri": "", "supporters": [{"id": "1"}]}
    account.fault(do="status", status=200, path="/supporters", body=page)

    run = tap(tap.settings(account), "supporters")

    assert run.code == 1
    assert "a page came twice" in run.log.splitlines()[-1]


def test_an_answer_without_supporters_is_an_error(account: Account, tap: Any) -> None:
    account.fault(do="empty", path="/supporters")

    run = tap(tap.settings(account), "supporters")

    assert run.code == 1
    assert "no list of 'supporters'" in run.log.splitlines()[-1]


@pytest.mark.parametrize(
    "option",
    [{"charset": "latin-1"}, {"control_characters": True}, {"byte_order_mark": True}],
    ids=str,
)
def test_bytes_that_json_does_not_allow_are_read_as_they_are_meant(
    account: Account, tap: Any, option: dict[str, Any]
) -> None:
    account.change("supporters", count=5, firstName="Zoë-Ñ", lastName="Müller\tSöhne", middleName="line\nbreak")
    raw = {supporter["id"]: supporter["firstName"] for supporter in account.records("supporters")}
    texts = {campaign["campaignId"]: campaign["text"] for campaign in account.records("campaigns")}
    account.set(**option)

    run = tap(tap.settings(account), "supporters", "campaigns")

    assert run.code == 0, run.log
    assert {r["id"]: r["firstName"] for r in run.records("supporters")} == raw
    assert {r["campaignId"]: r["text"] for r in run.records("campaigns")} == texts
    assert (
        sum(r["lastName"] == "Müller\tSöhne" and r["middleName"] == "line\nbreak" for r in run.records("supporters"))
        == 5
    )


def test_the_bookmark_is_the_runs_start_and_the_next_one_asks_a_day_before_it(account: Account, tap: Any) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    first = tap(tap.settings(account), "supporters")
    account.clear_log()
    tap(tap.settings(account), "supporters", state=first.state)

    bookmark = first.state["bookmarks"]["supporters"]
    started = datetime.fromisoformat(bookmark["replication_key_value"])
    assert bookmark["replication_key"] == "updated_since"
    assert before - timedelta(seconds=2) <= started <= datetime.now(UTC)
    assert {r["updated_since"] for r in first.records("supporters")} == {bookmark["replication_key_value"]}
    assert {query["updatedSince"] for query in queries(account)} == {
        (started - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    }


def test_a_start_date_is_asked_for_on_the_first_run(account: Account, tap: Any) -> None:
    tap(tap.settings(account, start_date="2024-05-01T12:00:00+02:00", overlap_seconds=60), "supporters")

    assert {query["updatedSince"] for query in queries(account)} == {"2024-05-01T09:59:00Z"}


def test_a_full_table_catalog_reads_all_again_and_keeps_no_bookmark(account: Account, tap: Any) -> None:
    state = {"bookmarks": {"supporters": {"replication_key": "updated_since", "replication_key_value": "2999-01-01"}}}

    run = tap(tap.settings(account), "supporters", state=state, method="FULL_TABLE")

    assert len(run.records("supporters")) == 60


def test_addresses_and_phones_come_from_the_same_calls(account: Account, tap: Any) -> None:
    tap(tap.settings(account), "supporters")
    alone = account.counters()["calls"]
    account.clear_log()

    run = tap(tap.settings(account), *TOGETHER)

    assert account.counters()["calls"] == alone
    assert len(run.records("supporters")) == 60
    for stream, name in (("supporter_addresses", "addresses"), ("supporter_phones", "phones")):
        expected = items(account, name)
        assert expected
        assert run.keys(stream).total() == len(expected)
        for record in run.records(stream):
            found = {k: v for k, v in record.items() if k not in {"supporter_id", "position"}}
            assert found == expected[f"{record['supporter_id']}/{record['position']}"]


def test_addresses_can_be_read_without_their_supporters(account: Account, tap: Any) -> None:
    first = tap(tap.settings(account, overlap_seconds=0), "supporter_addresses")
    second = tap(tap.settings(account, overlap_seconds=0), *TOGETHER, state=first.state)
    third = tap(tap.settings(account, overlap_seconds=0), *TOGETHER, state=second.state)

    assert first.streams == {"supporter_addresses"}
    assert set(first.keys("supporter_addresses")) == set(items(account, "addresses"))
    assert len(second.records("supporters")) == 60  # they were not selected before, so none of them was read
    assert [m for m in third.messages if m["type"] == "RECORD"] == []


def test_a_kill_loses_no_address(sandbox: Sandbox, tap: Any) -> None:
    account = sandbox.account(VENDOR, counts={"supporters": 12_000}, latency=0.01)
    config = tap.settings(account)
    killed = tap.until(config, *TOGETHER, reached=lambda: account.counters()["calls"] > 80, end=signal.SIGKILL)
    account.set(latency=0)
    assert killed.records("supporter_addresses")

    second = tap(config, *TOGETHER, state=killed.state)

    for stream, name in (("supporter_addresses", "addresses"), ("supporter_phones", "phones")):
        assert set(killed.keys(stream)) | set(second.keys(stream)) == set(items(account, name))


def test_streams_within_another_are_told_of_once(sandbox: Sandbox, tap: Any) -> None:
    account = sandbox.account(VENDOR, counts={"supporters": 12_000})

    run = tap(tap.settings(account), *TOGETHER)

    assert sum(m["type"] == "SCHEMA" and m["stream"] == "supporter_phones" for m in run.messages) > 1
    assert run.log.count("Beginning sync of 'supporter_phones'") == 1
    line = next(line.split() for line in reversed(run.log.splitlines()) if line.startswith("supporter_phones"))
    assert line[1:] == [f"{len(items(account, 'phones')):,}", "0", "0"]


def test_one_call_is_made_at_a_time(sandbox: Sandbox, tap: Any) -> None:
    account = sandbox.account(VENDOR, size=600, latency=0.02)

    run = tap(tap.settings(account))

    assert run.code == 0
    assert account.counters()["overlaps"] == 0
    assert account.counters()["statuses"].keys() == {"200"}


def test_campaigns_come_with_what_only_they_say_and_what_only_the_list_says(account: Account, tap: Any) -> None:
    raw = {campaign["campaignId"]: campaign for campaign in account.records("campaigns")}
    account.fault(do="drop_field", field="actions", path=r"/campaigns/\w+$")

    run = tap(tap.settings(account), "campaigns")

    assert set(run.keys("campaigns")) == set(raw)
    for campaign in run.records("campaigns"):
        found = raw[campaign["campaignId"]]
        assert {name: campaign[name] for name in ("title", "text", "uri")} == {
            name: found[name] for name in ("title", "text", "uri")
        }
        assert [a["actionType"] for a in campaign["actions"]] == [a["actionType"] for a in found["actions"]]
        assert campaign["additional_fields"] == {"displaySettings": found["displaySettings"]}


def test_a_campaign_that_closes_meanwhile_is_passed_over(account: Account, tap: Any) -> None:
    account.fault(do="status", status=404, path=r"/campaigns/\w+$", times=1)

    run = tap(tap.settings(account), "campaigns")

    assert run.code == 0, run.log
    assert len(run.records("campaigns")) == len(account.records("campaigns")) - 1


def test_actions_are_those_that_a_campaign_lists(account: Account, tap: Any) -> None:
    raw = {f"{form['campaignId']}/{form['actionType']}": form for form in account.records("campaign_actions")}

    run = tap(tap.settings(account, rally_congress_zipcode="20002"), "campaign_actions")

    assert set(run.keys("campaign_actions")) == set(raw)
    assert all(call["status"] != 404 for call in account.log())
    for action in run.records("campaign_actions"):
        found = raw[f"{action['campaignId']}/{action['actionType']}"]
        assert {name: action[name] for name in ("fields", "letters")} == {
            name: found[name] for name in ("fields", "letters")
        }
        assert action["zipcode"] == "20002"
    asked = [call["query"] for call in account.log() if call["path"].count("/") == 4]
    assert asked
    assert all(query == {"zipcode": "20002"} for query in asked)


def test_actions_that_no_campaign_lists_are_tried(account: Account, tap: Any) -> None:
    account.fault(do="drop_field", field="actions", path=r"/campaigns$")

    run = tap(tap.settings(account), "campaign_actions")

    assert run.code == 0, run.log
    assert set(run.keys("campaign_actions")) == {
        f"{form['campaignId']}/{form['actionType']}" for form in account.records("campaign_actions")
    }


def test_path_and_key_can_be_corrected(account: Account, tap: Any) -> None:
    overrides = {"supporters": {"path": "supporters/", "key": "email", "page_parameter": "page"}}

    run = tap(tap.settings(account, stream_overrides=overrides), *TOGETHER)

    assert run.code == 0, run.log
    assert set(run.keys("supporters")) == {raw["email"] for raw in account.records("supporters")}


ELSEWHERE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "path": ({"moved": {"/people/list": "/supporters"}}, {"path": "people/list"}),
    "method": ({"moved": {"POST /search": "GET /supporters"}}, {"path": "search", "method": "POST"}),
    "records path": (
        {"wrapped": True, "records_key": "people", "moved": {"/people": "/supporters"}},
        {"path": "people", "records_path": "people"},
    ),
    "paging": (
        {"next_uri": "missing", "moved": {"?from": "?page", "?many": "?pagesize"}},
        {"paging": "page", "page_parameter": "from", "size_parameter": "many"},
    ),
}
"""By what is otherwise than assumed: the options of an account that has it so, and the override for supporters."""


@pytest.mark.parametrize("what", ELSEWHERE)
def test_supporters_that_stand_elsewhere_are_read_with_the_setting_alone(sandbox: Sandbox, tap: Any, what: str) -> None:
    options, override = ELSEWHERE[what]
    account = sandbox.account(VENDOR, size=60, max_page_size=25, **options)

    lost = tap(tap.settings(account), *TOGETHER)
    found = tap(tap.settings(account, stream_overrides={"supporters": override}), *TOGETHER)
    again = tap(tap.settings(account, stream_overrides={"supporters": override}), *TOGETHER, state=found.state)

    assert ("Stream 'supporters'" in lost.log, lost.code) == (True, 1 if what == "paging" else 0), lost.log
    assert lost.keys("supporters").total() < 60
    assert found.code == again.code == 0, found.log
    assert found.keys("supporters").total() == len(found.keys("supporters")) == 60
    assert found.keys("supporter_phones").keys() == items(account, "phones").keys()
    assert account.log()[-1]["query"].keys() & {"updatedSince"}


@pytest.mark.parametrize("path", ["petitions", "petitions/{id}"])
def test_campaigns_and_their_actions_follow_to_another_path(sandbox: Sandbox, tap: Any, path: str) -> None:
    account = sandbox.account(VENDOR, size=10, moved={"/petitions": "/campaigns"})
    overrides = {"campaigns": {"path": path}}

    run = tap(tap.settings(account, stream_overrides=overrides), "campaigns", "campaign_actions")

    assert run.code == 0, run.log
    assert set(run.keys("campaigns")) == {raw["campaignId"] for raw in account.records("campaigns")}
    assert all(campaign["text"] for campaign in run.records("campaigns"))
    assert len(run.records("campaign_actions")) == len(account.records("campaign_actions")) > 0


def test_a_campaign_and_a_form_may_stand_under_a_name_of_their_own(account: Account, tap: Any) -> None:
    campaign = {"campaignId": "c1", "title": "Parks", "text": "Keep them", "actions": ["letter"]}
    for path, body in (
        (r"/campaigns$", {"campaigns": [campaign], "page": 0, "pagesize": 100, "totalResults": 1}),
        (r"/campaigns/c1$", {"campaign": campaign}),
        (r"/campaigns/c1/letter$", {"form": {"city": "Washington", "fields": []}}),
    ):
        account.fault(do="status", status=200, path=path, body=body)
    overrides = {"campaign_actions": {"records_path": "form"}}

    run = tap(tap.settings(account, stream_overrides=overrides), "campaigns", "campaign_actions")

    assert run.code == 0, run.log
    assert [each["text"] for each in run.records("campaigns")] == ["Keep them"]
    assert [each["city"] for each in run.records("campaign_actions")] == ["Washington"]


def test_a_paging_that_the_vendor_does_not_have_is_refused(account: Account, tap: Any) -> None:
    run = tap(tap.settings(account, stream_overrides={"supporters": {"paging": "offset"}}))

    assert run.code == 1
    assert (
        "gives 'supporters' a paging that the vendor does not have; it may be: none, page." in run.log.splitlines()[-1]
    )


def test_an_empty_account_is_read_without_complaint(sandbox: Sandbox, tap: Any) -> None:
    run = tap(tap.settings(sandbox.account(VENDOR)))

    assert run.code == 0, run.log
    assert run.streams == {*TOGETHER, "campaigns", "campaign_actions"}
    assert [m for m in run.messages if m["type"] == "RECORD"] == []


def test_each_assumption_that_is_read_is_told_in_a_line(account: Account, tap: Any) -> None:
    run = tap(tap.settings(account))

    for stream in ("supporters", "campaigns", "campaign_actions"):
        assert run.log.count(f"Stream '{stream}' rests on an assumption") == 1
