"""What is NationBuilder's own in reading: local times, order by time and id, crowded seconds, lighter pages."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import hypothesis
import osdi_crm_schemas
import pytest
from hypothesis import strategies as st
from osdi_crm_client.reading import keyset, reading
from osdi_crm_client.vendors import nationbuilder as wire
from osdi_crm_sandbox.control import Account, Sandbox
from tap_osdi_crm.tap import TapOSDICRM
from tap_osdi_crm.vendors.nationbuilder import NationBuilderSource

from tests import commands

VENDOR = "nationbuilder"
SMALL = "donation_tracking_codes"
"""A stream of small records."""


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    return sandbox.account(VENDOR, size=60)


def app(account: Account) -> dict[str, Any]:
    """Settings that sign in with the nation's app instead of a test token."""
    return {
        "nationbuilder_access_token": "",
        "nationbuilder_client_id": account.credentials["client_id"],
        "nationbuilder_client_secret": account.credentials["client_secret"],
        "nationbuilder_refresh_token": account.credentials["refresh_token"],
    }


def ids(records: list[dict[str, Any]]) -> Counter[str]:
    return Counter(record["id"] for record in records)


def once(account: Account, resource: str) -> Counter[str]:
    """Every record of a resource, once."""
    return ids(account.records(resource))


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def asked(account: Account, stream: str = SMALL) -> list[dict[str, str]]:
    """The queries for pages of a stream; glances at single records are left out."""
    calls = (call for call in account.log() if call["path"].endswith(f"/{stream}"))
    return [call["query"] for call in calls if call["query"]["page[size]"] != "1"]


def times(stream: str) -> set[str]:
    properties = osdi_crm_schemas.schema(VENDOR, stream)["properties"]
    return {name for name, prop in properties.items() if prop.get("format") == "date-time"}


@pytest.mark.parametrize("stream", ["signups", "donations", "events", "imports", "custom_fields"])
def test_records_come_with_every_attribute_and_times_in_utc(account: Account, tap: Any, stream: str) -> None:
    extra = {n for n, p in osdi_crm_schemas.schema(VENDOR, stream)["properties"].items() if p.get("x-extra-field")}
    raw = {record["id"]: record["attributes"] for record in account.records(stream)}

    found = tap(tap.settings(account), stream).records(stream)

    assert ids(found) == Counter(raw.keys())
    for record in found:
        attributes = raw[record["id"]]
        for name in times(stream) & attributes.keys():
            if attributes[name]:
                assert not attributes[name].endswith("Z")
                assert record[name].endswith("Z")
                assert moment(record.pop(name)) == moment(attributes.pop(name))
        expected = {name: value for name, value in attributes.items() if name not in extra}
        assert {name: record[name] for name in expected} == expected
        assert not extra & record.keys()


def test_a_relationship_is_a_foreign_key_where_no_attribute_is(account: Account, tap: Any) -> None:
    links = {
        "event_rsvps": {"signup": "signup_id", "author": "author_id", "event_ticket_level": "event_ticket_level_id"},
        "donations": {"author": "author_id", "recruiter": "recruiter_id"},
        "signups": {"page": "page_id"},
        "mailings": {"author": "author_id"},
        "survey_questions": {"author": "author_id"},
    }
    run = tap(tap.settings(account), *links)

    seen = set()
    for stream, names in links.items():
        raw = {record["id"]: record["relationships"] for record in account.records(stream)}
        for record in run.records(stream):
            for relationship, name in names.items():
                href = raw[record["id"]][relationship]["links"]["related"]
                assert record[name] == (href and href.rsplit("/", 1)[-1])
                seen |= {(stream, name)} if href else set()
            assert "relationships" not in record
    assert len(seen) > 5


def test_members_of_lists_come_as_pairs_and_nothing_else(account: Account, tap: Any) -> None:
    members = {(m["attributes"]["list_id"], m["attributes"]["signup_id"]) for m in account.records("list_members")}

    found = tap(tap.settings(account), "list_signups").records("list_signups")

    assert Counter((r["list_id"], r["signup_id"]) for r in found) == Counter(members)
    assert {frozenset(r) for r in found} == {frozenset({"list_id", "signup_id"})}


def test_extra_fields_come_where_they_are_asked_for(account: Account, tap: Any) -> None:
    some = tap(tap.settings(account, nationbuilder_extra_fields=["home_address", "body_html"]), "signups", "mailings")
    homes = {record["id"]: record["attributes"]["home_address"] for record in account.records("signups")}
    bodies = {record["id"]: record["attributes"]["body_html"] for record in account.records("mailings")}

    assert {r["id"]: r["home_address"] for r in some.records("signups")} == homes
    assert any(homes.values())
    assert not any("work_address" in r for r in some.records("signups"))
    assert {r["id"]: r["body_html"] for r in some.records("mailings")} == bodies

    unknown = tap(tap.settings(account, nationbuilder_extra_fields=["home_adress"]))
    assert unknown.code == 1
    assert (
        "The setting 'nationbuilder_extra_fields' names 'home_adress', which no stream has"
        in unknown.log.splitlines()[-1]
    )


def test_a_field_that_is_new_is_kept(account: Account, tap: Any) -> None:
    changed = account.change("signups", count=1, modified_date="2026-01-01T00:00:00Z", hair="grey")[0]

    found = tap(tap.settings(account), "signups").records("signups")

    assert next(r for r in found if r["id"] == changed["id"])["additional_fields"] == {"hair": "grey"}


def test_pages_are_asked_for_in_order_from_the_bookmark_on(account: Account, tap: Any) -> None:
    state = {"bookmarks": {SMALL: {"replication_key": "updated_at", "replication_key_value": "2024-05-01T12:00:00Z"}}}
    tap(tap.settings(account, overlap_seconds=60), SMALL, state=state)

    [query] = asked(account)
    assert query["filter[updated_at][gte]"] == "2024-05-01T11:59:00Z"
    assert query["sort"] == "updated_at"
    assert query["page[size]"] == "100"


@pytest.mark.parametrize("crowd", [100, 101, 250, 3000])
@pytest.mark.parametrize("method", ["INCREMENTAL", "FULL_TABLE"])
def test_a_crowded_second_neither_loops_nor_loses(sandbox: Sandbox, tap: Any, crowd: int, method: str) -> None:
    account = sandbox.account(VENDOR, counts={SMALL: crowd + 150})
    chosen = [record["id"] for record in account.records(SMALL)][:crowd]
    account.change(SMALL, chosen, modified_date="2026-01-02T03:04:05Z")

    run = tap(tap.settings(account), SMALL, method=method)

    assert ids(run.records(SMALL)) == once(account, SMALL)
    assert len(asked(account)) < crowd / 100 + 12


def test_a_page_that_ends_within_a_second_loses_nothing(sandbox: Sandbox, tap: Any) -> None:
    account = sandbox.account(VENDOR, counts={SMALL: 600})
    begin = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    for number, start in enumerate(range(0, 600, 7)):
        seven = [record["id"] for record in account.records(SMALL)][start : start + 7]
        account.change(SMALL, seven, modified_date=(begin + timedelta(seconds=number)).isoformat())

    run = tap(tap.settings(account), SMALL)

    assert ids(run.records(SMALL)) == once(account, SMALL)


@pytest.mark.parametrize("resource", ["relationships", "imports", "voters"])
def test_a_collection_that_knows_no_pages_is_read(sandbox: Sandbox, tap: Any, resource: str) -> None:
    counts = {"signups": 200, "imports": 10, resource: 150}
    account = sandbox.account(VENDOR, counts=counts, single_page=[resource])

    run = tap(tap.settings(account), resource)

    assert run.code == 0, run.log
    assert ids(run.records(resource)) == once(account, resource)


@pytest.mark.parametrize("status", [502, 503])
def test_pages_get_lighter_after_a_failure_and_grow_back(sandbox: Sandbox, tap: Any, status: int) -> None:
    account = sandbox.account(VENDOR, counts={SMALL: 350})  # too few to be cut into slices
    account.fault(do="status", status=status, path=f"/{SMALL}", times=2, skip=1)  # all are counted first

    run = tap(tap.settings(account), SMALL)

    sizes = [int(query["page[size]"]) for query in asked(account)]
    assert ids(run.records(SMALL)) == once(account, SMALL)
    assert min(sizes) < 100
    assert sizes[-1] == 100


def test_pages_that_stay_too_heavy_are_read_all_the_same(sandbox: Sandbox, tap: Any) -> None:
    account = sandbox.account(VENDOR, counts={SMALL: 400}, heavy_page=30)

    run = tap(tap.settings(account), SMALL)

    assert ids(run.records(SMALL)) == once(account, SMALL)


@pytest.mark.parametrize(
    "fault",
    [{"do": "html", "status": 403}, {"do": "html", "status": 429}, {"do": "html", "status": 502}, {"do": "empty"}],
)
def test_what_the_proxy_says_is_no_answer(account: Account, tap: Any, fault: dict[str, Any]) -> None:
    account.fault(**fault, path="/signups", method="GET", times=2, skip=1)

    run = tap(tap.settings(account), "signups")

    assert run.code == 0, run.log
    assert ids(run.records("signups")) == once(account, "signups")


def test_a_stream_that_the_owner_may_not_read_is_left_out(account: Account, tap: Any) -> None:
    account.fault(do="status", status=403, path="/(voters|lists)$")

    run = tap(tap.settings(account), "voters", "list_signups", "signups")

    assert run.code == 0, run.log
    assert run.log.count("is left out: the credentials are good, but may not read it") == 2
    assert ids(run.records("signups")) == once(account, "signups")


def test_an_owner_who_lost_access_ends_the_run(account: Account, tap: Any) -> None:
    account.fault(do="status", status=403, body={"code": "forbidden", "message": "You may not do that"})

    run = tap(tap.settings(account), "signups", "voters")

    assert run.code == 1
    assert "may not do this (HTTP 403) (You may not do that)" in run.log.splitlines()[-1]


@pytest.mark.parametrize("stream", ["voters", SMALL])
def test_a_collection_that_cannot_be_sorted_is_read_by_page_with_a_warning(
    sandbox: Sandbox, tap: Any, stream: str
) -> None:
    account = sandbox.account(VENDOR, counts={"signups": 300, stream: 250})
    words = {"code": "bad_request", "message": "Tried to sort on attribute"}
    account.fault(do="status", status=400, body=words, path=f"/{stream}", times=2)  # also without counting them

    run = tap(tap.settings(account), stream)

    assert run.code == 0, run.log
    assert f"Stream '{stream}' is read whole, page by page" in run.log
    assert ids(run.records(stream)) == once(account, stream)
    assert "replication_key_value" not in run.state["bookmarks"].get(stream, {})


def page(numbers: Iterator[int] | range, second: int = 0) -> dict[str, Any]:
    """A page of records whose times follow from their numbers."""
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    return {
        "data": [
            {"id": str(n), "type": SMALL, "attributes": {"updated_at": (begin + timedelta(seconds=n)).isoformat()}}
            for n in numbers
        ],
        "meta": {"stats": {"total": {"count": 500}}},
    }


@pytest.mark.parametrize("numbers", [range(100, 0, -1), range(1, 101)], ids=["unsorted", "from_the_beginning_again"])
def test_an_order_that_is_not_kept_is_an_error(account: Account, tap: Any, numbers: range) -> None:
    account.fault(do="status", status=200, path=f"/{SMALL}", body=page(numbers))

    run = tap(tap.settings(account), SMALL)

    assert run.code == 1
    assert "the records are not in the order of updated_at" in run.log.splitlines()[-1]


def test_a_killed_full_read_goes_on_after_its_last_id(sandbox: Sandbox, tap: Any) -> None:
    account = sandbox.account(VENDOR, counts={"precincts": 32000})
    account.set(latency=0.02)
    config = tap.settings(account)
    killed = tap.until(
        config, "precincts", reached=lambda: b'"after":' in (tap.folder / "out").read_bytes(), end=signal.SIGKILL
    )
    after = killed.state["bookmarks"]["precincts"]["after"]
    assert after

    account.clear_log()
    account.set(latency=0)
    second = tap(config, "precincts", state=killed.state)

    found = ids(killed.records("precincts")).keys() | ids(second.records("precincts")).keys()
    assert found == once(account, "precincts").keys()
    assert min(int(record["id"]) for record in second.records("precincts")) >= after
    assert "after" not in second.state["bookmarks"]["precincts"]


def test_deletions_in_mid_read_take_no_others_along(sandbox: Sandbox, tap: Any) -> None:
    account = sandbox.account(VENDOR, counts={"precincts": 3000})
    account.set(latency=0.02)
    gone = [record["id"] for record in account.records("precincts")]
    left = iter([gone[start : start + 20] for start in range(0, 600, 20)])

    def delete_some() -> bool:
        if account.counters()["calls"] > 5:
            account.delete("precincts", next(left, []))
        return False

    run = tap.until(tap.settings(account), "precincts", reached=delete_some, end=signal.SIGTERM)

    assert run.code == 0, run.log
    assert ids(run.records("precincts")).keys() >= once(account, "precincts").keys()


def with_list(sandbox: Sandbox, size: int, *, lists: int = 1, **options: Any) -> Account:
    """A nation with so many people, all of them on each of its lists."""
    account = sandbox.account(VENDOR, counts={"signups": size, "lists": lists}, **options)
    account.delete("list_members", [each["id"] for each in account.records("list_members")])
    signups = account.records("signups")
    for of in account.records("lists"):
        members = [{"attributes": {"list_id": of["id"], "signup_id": each["id"]}} for each in signups]
        account.insert("list_members", members)
    return account


def on_list(account: Account) -> set[str]:
    return {each["attributes"]["signup_id"] for each in account.records("list_members")}


def test_people_who_leave_a_list_in_mid_read_take_no_others_along(sandbox: Sandbox, tap: Any) -> None:
    account = with_list(sandbox, 900)
    first = [each["id"] for each in account.records("list_members")]
    account.clear_log()
    for calls in (3, 5):  # page 4 and page 7 wait until some have left
        account.fault(do="delay", seconds=3, path="/signups$", skip=calls, times=1)
    left = iter([first[:3], first[3:5]])

    def let_some_leave() -> bool:
        pages = [call["query"]["page[number]"] for call in account.log() if call["path"].endswith("/signups")]
        if pages[-1:] in (["4"], ["7"]):
            account.delete("list_members", next(left, []))
        return False

    run = tap.until(tap.settings(account), "list_signups", reached=let_some_leave, end=signal.SIGTERM)

    assert run.code == 0, run.log
    came = Counter(record["signup_id"] for record in run.records("list_signups"))
    assert came.keys() >= on_list(account)
    assert len(account.log()) > 20, "read once more"


def test_a_list_whose_people_are_not_counted_is_read_all_the_same(sandbox: Sandbox, tap: Any) -> None:
    account = with_list(sandbox, 250)
    account.fault(do="status", status=400, path="/lists/[0-9]+/signups", times=1)

    run = tap(tap.settings(account), "list_signups")

    assert run.code == 0, run.log
    assert Counter(record["signup_id"] for record in run.records("list_signups")) == Counter(on_list(account))


def test_lists_that_are_refused_a_count_at_the_same_time_are_all_read(sandbox: Sandbox, tap: Any) -> None:
    account = with_list(sandbox, 120, lists=4, latency=0.2)
    account.fault(do="status", status=400, path="/lists/[0-9]+/signups", times=4)

    run = tap(tap.settings(account), "list_signups")

    assert run.code == 0, run.log
    assert Counter(record["list_id"] for record in run.records("list_signups")) == Counter(
        {each["id"]: 120 for each in account.records("lists")}
    )


@pytest.mark.timeout(300)
@hypothesis.settings(
    deadline=None, max_examples=6, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture]
)
@hypothesis.given(
    size=st.integers(0, 200),
    seconds=st.sampled_from([1, 5, 100, 100_000]),
    changes=st.sampled_from([0.0, 0.3, 1.0]),
    adds=st.sampled_from([0.0, 0.3]),
    lag=st.sampled_from([0, 0.5]),
    latency=st.sampled_from([0.0, 0.03]),
    full=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_any_times_and_changes_lose_nothing(
    sandbox: Sandbox,
    tap: Any,
    monkeypatch: pytest.MonkeyPatch,
    size: int,
    seconds: int,
    changes: float,
    adds: float,
    lag: float,
    latency: float,
    full: bool,
    seed: int,
) -> None:
    monkeypatch.setattr(NationBuilderSource, "page_size", 7)
    monkeypatch.setattr(wire, "PAGE_SIZE", 7)
    for name, value in {"SLICE_PAGES": 3, "FEWEST_PAGES": 1, "MOST_CUTS": 4}.items():
        for module in (keyset, reading):
            monkeypatch.setattr(module, name, value, raising=False)
    chance = random.Random(seed)
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    account = sandbox.account(VENDOR, latency=latency, index_lag=lag)
    times = [(begin + timedelta(seconds=chance.randrange(seconds))).isoformat() for _ in range(size)]
    account.insert(SMALL, [{"attributes": {"updated_at": when, "created_at": when}} for when in times])
    time.sleep(lag)
    before = once(account, SMALL).keys()
    config = tap.settings(account, overlap_seconds=0, index_lag_seconds=1 if lag else 0, work_dir=str(tap.folder))

    def read(state: dict[str, Any]) -> tuple[Counter[str], dict[str, Any]]:
        one = TapOSDICRM(config=config, state=state)
        stream = one.streams[SMALL]
        if full:
            stream.forced_replication_method = "FULL_TABLE"
        stream._write_starting_replication_value(None)
        return ids([row for row in stream.get_records(None) if isinstance(row, dict)]), dict(one.state)

    account.churn(SMALL, changes_per_call=changes, adds_per_call=adds)
    first, state = read({})
    account.stop_churn()
    time.sleep(3.5)
    second, _ = read(state)

    assert before <= first.keys() | second.keys()
    assert once(account, SMALL).keys() == first.keys() | second.keys()
    if not changes:
        assert set(first.values()) <= {1}


def test_a_token_that_ends_while_pages_are_read_loses_nothing(sandbox: Sandbox, tap: Any) -> None:
    account = sandbox.account(VENDOR, counts={SMALL: 8000}, latency=0.03)

    def end_tokens() -> bool:
        live = [token["id"] for token in account.records("tokens") if token["kind"] == "oauth"]
        account.change("tokens", live, expires_in=0)
        time.sleep(0.4)
        return False

    run = tap.until(tap.settings(account, **app(account)), SMALL, reached=end_tokens, end=signal.SIGTERM)

    assert run.code == 0, run.log
    assert ids(run.records(SMALL)) == once(account, SMALL)
    assert account.counters()["statuses"]["401"] > 1


def test_two_runs_share_one_app(sandbox: Sandbox, tap: Any) -> None:
    account = sandbox.account(VENDOR, counts={SMALL: 3000, "precincts": 3000}, latency=0.05, access_token_seconds=2)
    config = tap.settings(account, **app(account))
    command = tap.command(config, SMALL)
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    for process in running:
        out, log = commands.finish(process)
        assert process.returncode == 0, log.decode()
        assert ids(tap.parse(out).records(SMALL)) == once(account, SMALL)


def test_the_estimate_tells_calls_from_exact_totals(account: Account, tap: Any) -> None:
    run = tap(tap.settings(account, estimate=True), "signups", "voters", "list_signups")

    calls = {line.split()[0]: line.split()[1] for line in run.log.splitlines()[-4:]}
    assert calls["signups"] == calls["voters"] == "3"
    assert calls["list_signups"] == str(len(account.records("lists")))
    assert run.messages == []


def only(tap: Any, config: dict[str, Any], stream: str, *wanted: str) -> Any:
    """A run that reads these properties of one stream."""
    catalog = tap.discover(config)
    for entry in catalog["streams"]:
        for each in entry["metadata"]:
            place, name = each["breadcrumb"], entry["tap_stream_id"]
            each["metadata"]["selected"] = name == stream and (not place or place[-1] in wanted)
    return tap.run([*tap.command(config)[1:], "--catalog", str(tap.file("catalog.json", catalog))])


@pytest.mark.parametrize(
    ("stream", "wanted", "fields"),
    [
        ("signups", ("email",), "email,updated_at"),
        ("signups", ("email", "home_address"), "email,updated_at"),
        ("event_rsvps", ("event_id", "signup_id"), "event_id,signup,updated_at"),
        ("signups", ("email", "additional_fields"), None),
    ],
    ids=["one", "one to be asked for", "a relationship", "and what nobody knows"],
)
def test_what_is_not_selected_is_not_asked_for(
    account: Account, tap: Any, stream: str, wanted: tuple[str, ...], fields: str | None
) -> None:
    config = tap.settings(account, nationbuilder_extra_fields=["home_address", "work_address"])

    run = only(tap, config, stream, *wanted)

    assert run.code == 0, run.log
    queries = asked(account, stream)
    assert {each.get(f"fields[{stream}]") for each in queries} == {fields}
    extra = "home_address,work_address" if fields is None else "home_address" if "home_address" in wanted else None
    assert stream != "signups" or {each.get("extra_fields[signups]") for each in queries} == {extra}
    assert ids(run.records(stream)) == once(account, stream)
    given = [name for name in wanted if name not in {"additional_fields", "home_address"}]
    assert all(any(each[name] for each in run.records(stream)) for name in given)


def test_a_refusal_to_count_leaves_the_order_alone(account: Account, tap: Any) -> None:
    account.fault(do="status", status=400, path=f"/{SMALL}$", times=1)

    run = tap(tap.settings(account), SMALL)

    assert run.code == 0, run.log
    assert ids(run.records(SMALL)) == once(account, SMALL)
    assert "read whole" not in run.log
    first, *others = [each["query"] for each in account.log() if each["path"].endswith(SMALL)]
    assert "stats[total]" in first
    assert all(each["sort"] and "stats[total]" not in each for each in others)
