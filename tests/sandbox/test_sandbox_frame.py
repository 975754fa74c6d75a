"""What the sandbox does for every vendor: control, faults, limits, latency, index lag, churn."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import requests
from osdi_crm_sandbox.control import Sandbox
from osdi_crm_sandbox.limits import limit

if TYPE_CHECKING:
    from collections.abc import Callable


def start(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "osdi_crm_sandbox.command", "--vendor=action_network", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_the_command_says_where_it_listens_and_ends_cleanly(stop: signal.Signals) -> None:
    process = start("--port=0", "--size=30", "--seed=7")
    assert process.stdout
    line = process.stdout.readline()
    assert line.startswith("Sandbox ready at http://127.0.0.1:")
    sandbox = Sandbox(line.split()[-1])
    try:
        assert sandbox.existing("action_network").counters()["resources"]["people"] == 30
        empty = sandbox.existing("action_network", "sandbox-empty").counters()["resources"]
        assert {name: count for name, count in empty.items() if count} == {"wrappers": 1}
    finally:
        sandbox.close()
        process.send_signal(stop)
        out, err = process.communicate(timeout=10)
    assert (out, err) == ("", "")
    assert process.returncode == 0


def test_the_command_refuses_what_it_does_not_know() -> None:
    process = start("--vendor=salesforce")
    _, err = process.communicate(timeout=20)
    assert process.returncode == 2
    assert "No vendor 'salesforce': choose from" in err
    assert "Traceback" not in err


def test_a_taken_port_is_said_in_one_line(sandbox: Sandbox) -> None:
    process = start(f"--port={sandbox.url.rsplit(':', 1)[1]}", "--size=0")
    _, err = process.communicate(timeout=20)
    assert process.returncode == 2
    assert "cannot listen on 127.0.0.1:" in err
    assert "Traceback" not in err


def test_counts_override_what_the_size_gives(make: Callable[..., Any]) -> None:
    account = make(size=50, counts={"petitions": 80, "signatures": 80, "events": 0}).account
    resources = account.counters()["resources"]
    assert (resources["people"], resources["petitions"], resources["signatures"]) == (50, 80, 80)
    assert resources["events"] == resources["attendances"] == 0
    assert {petition["total_signatures"] for petition in account.records("petitions")} == {1}


def test_what_control_refuses(sandbox: Sandbox, make: Callable[..., Any]) -> None:
    account = make().account
    with pytest.raises(ValueError, match="No option latencey: choose from"):
        account.set(latencey=1)
    with pytest.raises(ValueError, match="No option colour"):
        sandbox.account("action_network", colour="red")
    with pytest.raises(ValueError, match="rate must be null or"):
        account.set(rate={"calls": 4, "window": "round"})
    with pytest.raises(ValueError, match="No resource peeple to count"):
        sandbox.account("action_network", counts={"peeple": 1})
    with pytest.raises(ValueError, match="do must be one of status,"):
        account.fault(do="explode")
    with pytest.raises(ValueError, match="no regular expression"):
        account.fault(do="empty", path="(")
    with pytest.raises(ValueError, match="No resource persons"):
        account.records("persons")
    with pytest.raises(ValueError, match="No record X"):
        account.change("people", ["X"])
    with pytest.raises(ValueError, match="ids must be a list of ids"):
        account.change("people", 3)
    with pytest.raises(ValueError, match="ids must be a list of ids"):
        account.delete("people", "X")
    with pytest.raises(ValueError, match="must be a list of objects"):
        account.insert("people", {"given_name": "Ada"})
    with pytest.raises(ValueError, match="No vendor salesforce"):
        sandbox.account("salesforce")
    with pytest.raises(LookupError):
        sandbox.existing("action_network", "nobody")


def test_log_and_counters(make: Callable[..., Any]) -> None:
    api = make(key="a key/with ?odd&chars")
    before = time.time()
    api.get("/people", page=2, filter="given_name eq 'A+B & C'")
    api.post("/tags", {"name": "x"})
    api.call("GET", "/tags/nope")
    log = api.account.log()
    assert [(entry["method"], entry["path"], entry["status"]) for entry in log] == [
        ("GET", "/api/v2/people", 200),
        ("POST", "/api/v2/tags", 200),
        ("GET", "/api/v2/tags/nope", 404),
    ]
    assert log[0]["query"] == {"page": "2", "filter": "given_name eq 'A+B & C'"}
    assert [entry["body"] for entry in log] == [None, {"name": "x"}, None]
    counters = api.account.counters()
    assert (counters["calls"], counters["statuses"]) == (3, {"200": 2, "404": 1})
    assert before <= counters["first"] == log[0]["at"] <= counters["last"] == log[2]["at"] <= time.time()
    api.account.clear_log()
    assert api.account.log() == []
    assert api.account.counters()["calls"] == 0
    assert api.account.counters()["statuses"] == {}


def test_accounts_do_not_see_each_other(make: Callable[..., Any]) -> None:
    one, other = make(), make()
    one.post("/tags", {"name": "mine"})
    assert other.all("/tags") == []
    assert [entry["method"] for entry in other.account.log()] == ["GET"]
    assert one.account.counters()["calls"] == 1


def test_insert_change_delete(make: Callable[..., Any]) -> None:
    api = make(size=20)
    [given] = api.account.insert("people", [{"given_name": "Ada", "email_addresses": [{"address": "ada@example.org"}]}])
    url = given["_links"]["self"]["href"]
    own = url.rsplit("/", 1)[1]
    assert api.get(f"/people/{own}") == given
    assert given["identifiers"] == [f"action_network:{own}"]
    [changed] = api.account.change("people", [own], given_name="Eda", modified_date="2020-01-02T03:04:05Z")
    assert (changed["given_name"], changed["modified_date"]) == ("Eda", "2020-01-02T03:04:05Z")
    assert api.get(f"/people/{own}") == changed
    before = {person["identifiers"][0]: person for person in api.account.records("people")}
    touched = api.account.change("people", count=5)
    assert len({person["identifiers"][0] for person in touched}) == 5
    assert all(person["modified_date"] > before[person["identifiers"][0]]["modified_date"] for person in touched)
    api.account.delete("people", [own])
    assert api.call("GET", url).status_code == 404
    assert len(api.all("/people")) == 20


def test_a_page_is_rendered_anew_when_something_changed(make: Callable[..., Any]) -> None:
    api = make(size=10)
    first = api.get("/people")
    assert api.get("/people") == first
    api.account.insert("people", [{}])
    assert len(api.items(api.get("/people"))) == 11


def test_answers_carry_the_servers_time(make: Callable[..., Any]) -> None:
    response = make().call("GET", "/people")
    stamp = time.mktime(time.strptime(response.headers["Date"], "%a, %d %b %Y %H:%M:%S GMT")) - time.timezone
    assert abs(stamp - time.time()) < 60
    assert response.headers["Content-Type"] == "application/hal+json"


def test_a_body_that_nobody_foresaw_is_a_500_of_the_vendors(make: Callable[..., Any]) -> None:
    api = make()
    response = api.call("POST", "/petitions", json={"title": "x", "origin_system": "y", "_links": ["?"]})
    assert (response.status_code, response.json()) == (500, {"error": "Something went wrong"})
    assert api.account.counters()["statuses"] == {"500": 1}


# Faults


def test_status_fault_is_in_the_vendors_words(make: Callable[..., Any]) -> None:
    api = make()
    api.account.fault(do="status", status=503, method="GET", path="/peo", times=2)
    answers = [api.call("GET", "/people") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert answers[0].json().keys() == {"error"}
    assert api.account.counters()["statuses"] == {"503": 2, "200": 1}


def test_faults_strike_only_what_matches(make: Callable[..., Any]) -> None:
    api = make()
    api.account.fault(do="status", status=500, method="POST", path="/tags$", skip=1, times=1)
    statuses = [api.call("POST", "/tags", json={"name": str(number)}).status_code for number in range(4)]
    assert statuses == [200, 500, 200, 200]
    assert api.call("GET", "/tags").status_code == 200
    assert len(api.account.records("tags")) == 3


def test_status_fault_with_body_and_headers(make: Callable[..., Any]) -> None:
    api = make()
    api.account.fault(do="status", status=429, body={"wait": True}, headers={"Retry-After": "7"}, times=1)
    api.account.fault(do="status", status=302, headers={"Location": "http://evil.example/"}, times=1)
    api.account.fault(do="status", status=502, body="Bad gateway", times=1)
    limited, redirect, text = (api.call("GET", "/people") for _ in range(3))
    assert (limited.status_code, limited.json(), limited.headers["Retry-After"]) == (429, {"wait": True}, "7")
    assert (redirect.status_code, redirect.headers["Location"]) == (302, "http://evil.example/")
    assert (text.status_code, text.text) == (502, "Bad gateway")


def test_a_fault_lasts_until_it_is_cleared(make: Callable[..., Any]) -> None:
    api = make()
    api.account.fault(do="empty")
    assert [api.get("/people") for _ in range(3)] == [{}] * 3
    api.account.clear_faults()
    assert api.get("/people")["page"] == 1


def test_a_share_of_calls(make: Callable[..., Any]) -> None:
    api = make()
    api.account.fault(do="status", share=0.5)
    statuses = [api.call("GET", "/tags").status_code for _ in range(60)]
    assert 5 < statuses.count(500) < 55


@pytest.mark.parametrize(("kind", "written"), [("cut_before", 0), ("cut_after", 1)])
def test_cut_connections(make: Callable[..., Any], kind: str, written: int) -> None:
    api = make()
    api.account.fault(do=kind, times=1)
    with pytest.raises(requests.ConnectionError):
        api.call("POST", "/tags", json={"name": "x"})
    assert len(api.account.records("tags")) == written
    [entry] = api.account.log()
    assert entry["status"] is None
    assert api.call("GET", "/tags").status_code == 200


def test_a_fault_changes_the_bytes_of_an_answer(make: Callable[..., Any]) -> None:
    api = make(size=3)
    api.account.fault(do="bytes", find='"given_name"', put='"given\xff\x00name"', times=1)

    changed, as_ever = (api.call("GET", "/people").content for _ in range(2))
    assert changed.count(b'"given\xff\x00name"') == as_ever.count(b'"given_name"') > 0
    assert b"\xff" not in as_ever
    with pytest.raises(ValueError, match="bytes needs"):
        api.account.fault(do="bytes", find="a", put="\u20ac")


def test_malformed_html_and_dropped_fields(make: Callable[..., Any]) -> None:
    api = make(size=3)
    api.account.fault(do="malformed", times=1)
    api.account.fault(do="html", times=1)
    api.account.fault(do="html", status=200, times=1)
    api.account.fault(do="drop_field", field="modified_date", times=1)
    api.account.fault(do="drop_field", field="_embedded", times=1)
    broken, page, good_page, dropped, bare = (api.call("GET", "/people") for _ in range(5))
    assert broken.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        broken.json()
    assert (page.status_code, good_page.status_code) == (503, 200)
    assert page.headers["Content-Type"].startswith("text/html")
    assert page.text.startswith("<!DOCTYPE html>")
    assert "modified_date" not in dropped.text
    assert len(api.items(dropped.json())) == 3
    assert "_embedded" not in bare.json()
    assert "_embedded" in api.get("/people")


def test_delay(make: Callable[..., Any]) -> None:
    api = make()
    api.account.fault(do="delay", seconds=0.3, times=1)
    before = time.monotonic()
    api.get("/people")
    assert time.monotonic() - before >= 0.3


# Limits and latency


@pytest.mark.parametrize("window", ["fixed", "sliding"])
def test_so_many_calls_pass_in_a_window(make: Callable[..., Any], window: str) -> None:
    api = make(rate={"calls": 4, "seconds": 1e10, "window": window})
    assert [api.call("GET", "/tags").status_code for _ in range(6)] == [200, 200, 200, 200, 429, 429]


def admitted(window: str) -> list[float]:
    """When calls pass that come eight times a second, by a limit of four a second."""
    four = limit({"calls": 4, "seconds": 1, "window": window})
    assert four
    return [at for at in (1_000_000.25 + eighth / 8 for eighth in range(30)) if four.admit(at)]


def test_fixed_windows_start_with_the_clock() -> None:
    assert Counter(map(int, admitted("fixed"))) == dict.fromkeys(range(1_000_000, 1_000_004), 4)


def test_sliding_windows_look_back() -> None:
    passed = admitted("sliding")
    assert len(passed) == 16
    assert all(later - earlier >= 1 for earlier, later in zip(passed, passed[4:], strict=False))


def test_refused_calls_are_answered_as_the_vendor_does_and_count(make: Callable[..., Any]) -> None:
    api = make(rate={"calls": 1, "seconds": 30, "window": "sliding"})
    api.get("/tags")
    refused = api.call("POST", "/tags", json={"name": "x"})
    assert (refused.status_code, refused.json()) == (429, {"error": "Too many requests"})
    assert api.account.counters()["statuses"] == {"200": 1, "429": 1}
    api.account.set(rate=None)
    assert api.all("/tags") == []


def test_calls_at_the_same_time(make: Callable[..., Any]) -> None:
    api = make(at_once=1, latency=2)
    with ThreadPoolExecutor(3) as pool:
        headers = {"OSDI-API-Token": api.account.key}
        answers = list(pool.map(lambda _: requests.get(f"{api.url}/tags", headers=headers, timeout=10), range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 429, 429]
    api.account.set(latency=0)
    assert api.call("GET", "/tags").status_code == 200


def test_half_of_the_latency_passes_on_the_way_in(make: Callable[..., Any]) -> None:
    api = make(latency=0.4)
    sent = time.time()
    api.get("/tags")
    received = time.time()
    [entry] = api.account.log()
    assert entry["at"] - sent > 0.19
    assert received - entry["at"] > 0.1
    assert received - sent > 0.39


def test_jitter_moves_arrivals(make: Callable[..., Any]) -> None:
    api = make(latency=2, jitter=1)
    sent = time.time()
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda _: api.call("GET", "/tags"), range(20)))
    delays = [call["at"] - sent for call in api.account.log()]
    assert min(delays) < 1 < max(delays)
    assert max(delays) - min(delays) > 0.5


# What stands elsewhere


def test_what_has_moved_is_at_its_new_place_alone_and_links_lead_there(make: Callable[..., Any]) -> None:
    moved = {"/supporters": "/people", "PUT /labels": "GET /tags", "?number": "?page"}
    api = make(counts={"people": 30}, moved=moved)

    assert [api.call("GET", path).status_code for path in ("/people", "/tags", "/labels")] == [404, 404, 404]
    assert api.call("PUT", "/labels").status_code == 200
    page = api.get("/supporters", number=2)
    assert (page["page"], api.get("/supporters", page=2)["page"]) == (2, 1)
    assert "/supporters" in page["_links"]["self"]["href"]
    assert [call["path"].rsplit("/", 1)[1] for call in api.account.log()][:2] == ["people", "tags"]


# Index lag and churn


def since(api: Any, moment: str) -> set[str]:
    return {person["identifiers"][0] for person in api.all("/people", filter=f"modified_date gt '{moment}'")}


def test_index_lag_of_a_change(make: Callable[..., Any], until: Any) -> None:
    api = make(size=5, index_lag=4)
    person = api.account.records("people")[0]
    own, was = person["identifiers"][0], person["modified_date"]
    before = f"modified_date eq '{was}'"
    api.put(f"/people/{own.split(':')[1]}", {"given_name": "New"})
    assert api.get(f"/people/{own.split(':')[1]}")["given_name"] == "New"
    assert {found["given_name"] for found in api.all("/people") if own in found["identifiers"]} == {"New"}
    assert own not in since(api, was)
    assert own in {found["identifiers"][0] for found in api.all("/people", filter=before)}
    until(lambda: own in since(api, was))
    assert own not in {found["identifiers"][0] for found in api.all("/people", filter=before)}


def test_index_lag_of_new_and_deleted_records(make: Callable[..., Any], until: Any) -> None:
    api = make(size=5, index_lag=4)
    everybody = since(api, "2000-01-01T00:00:00Z")
    [new] = api.account.insert("people", [{}])
    gone = next(iter(everybody))
    api.account.delete("people", [gone.split(":")[1]])
    assert len(api.all("/people")) == 5
    assert api.call("GET", f"/people/{gone.split(':')[1]}").status_code == 404
    assert since(api, "2000-01-01T00:00:00Z") == everybody
    until(lambda: since(api, "2000-01-01T00:00:00Z") == everybody - {gone} | set(new["identifiers"]))


def test_shortening_the_lag_catches_up(make: Callable[..., Any]) -> None:
    api = make(index_lag=60)
    [new] = api.account.insert("people", [{}])
    assert since(api, "2000-01-01T00:00:00Z") == set()
    api.account.set(index_lag=0)
    assert since(api, "2000-01-01T00:00:00Z") == set(new["identifiers"])


def test_order_is_arbitrary_but_holds_until_something_changes(make: Callable[..., Any]) -> None:
    api = make(size=120)
    people = [person["identifiers"][0] for person in api.all("/people")]
    dates = [person["modified_date"] for person in api.all("/people")]
    assert people == [person["identifiers"][0] for person in api.all("/people", per_page=7)]
    assert dates not in (sorted(dates), sorted(dates, reverse=True))
    assert people != [person["identifiers"][0] for person in api.account.records("people")]
    api.account.change("people", count=60)
    after = [person["identifiers"][0] for person in api.all("/people")]
    assert sorted(after) == sorted(people)
    assert after != people


def test_churn_by_second(make: Callable[..., Any], until: Any) -> None:
    api = make(size=10)
    newest = max(person["modified_date"] for person in api.account.records("people"))
    began = time.monotonic()
    api.account.churn("people", changes_per_second=40, adds_per_second=20)
    until(lambda: api.account.counters()["resources"]["people"] > 30)
    api.account.stop_churn()
    people = api.account.records("people")
    assert len(people) - 10 < 20 * (time.monotonic() - began) + 20
    assert sum(person["modified_date"] > newest for person in people) > len(people) - 10
    time.sleep(0.2)
    assert api.account.records("people") == people


def test_churn_by_call(make: Callable[..., Any]) -> None:
    api = make(size=10)
    api.account.churn("people", changes_per_call=1, adds_per_call=0.5)
    sizes = [len(api.items(api.get("/people"))) for _ in range(6)]
    assert sizes == [10, 11, 11, 12, 12, 13]
    api.account.stop_churn()
    assert len(api.items(api.get("/people"))) == 13


@pytest.mark.parametrize("resource", ["signatures", "events", "tags", "messages", "items", "queries", "donations"])
def test_anything_can_be_added_and_changed(make: Callable[..., Any], resource: str) -> None:
    api = make(size=10)
    before = len(api.account.records(resource))
    api.account.churn(resource, changes_per_call=20, adds_per_call=20)
    api.get("/metadata")
    api.account.stop_churn()
    assert before < len(api.account.records(resource)) <= before + 20
