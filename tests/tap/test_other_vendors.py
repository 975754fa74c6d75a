"""What no vendor of today does has its place all the same: cursors, counted times, parents inside their children."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import osdi_crm_schemas
import pytest
import requests
from osdi_crm_client import times
from osdi_crm_client.paging import CursorPages, SinglePage
from osdi_crm_client.reading.reading import Reading
from osdi_crm_client.reading.since import Since
from osdi_crm_client.reading.source import Part, Stateless
from osdi_crm_client.reading.store import Store
from osdi_crm_client.reading.sweep import Sweep
from osdi_crm_client.reading.whole import Whole
from osdi_crm_client.reading.within import Within
from osdi_crm_client.wire import Collection, Cursor, Page, RawRow, Token
from tap_osdi_crm.resources import Resource
from tap_osdi_crm.settings import TapSettings
from tap_osdi_crm.source import Source, Sources
from typing_extensions import override

NOON = 1_780_000_000_000
"""A time as this vendor counts it: in milliseconds."""

PLACES: times.Places = {"changed": times.epoch(1000), "seen": {"at": times.epoch(1000)}}
"""Where its records hold times."""

GATHERINGS = {"id": 7, "name": "Rally"}, {"id": 8, "name": "March"}
RSVPS: list[dict[str, Any]] = [
    {"id": n, "changed": NOON + 1000 * n, "gathering": GATHERINGS[n % 2], "seen": [{"at": NOON}]} for n in range(25)
]
NOTES: dict[str, list[dict[str, Any]]] = {
    "gatherings/7/notes": [{"id": 1}],
    "gatherings/8/notes": [{"id": 2}, {"id": 3}],
}

PROPERTIES: dict[str, Any] = {
    "id": {"type": "string"},
    "changed": {"type": ["null", "string"], "format": "date-time"},
    "gathering_id": {"type": ["null", "string"]},
}


class OddAccount:
    """An account of a vendor that pages by cursors, and filters one collection by a lower end alone."""

    vendor = SimpleNamespace(name="odd_crm")
    base_url = "https://odd.example/api"
    in_flight = 1
    index_lag = 0.0

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def now(self) -> datetime:
        return datetime.fromtimestamp(NOON / 1000, UTC) + timedelta(days=1)

    def prepare(self, method: str, url: str, *, params: Any = None, json: Any = None) -> requests.PreparedRequest:
        return requests.Request(method, url, params=params).prepare()

    def send(self, request: requests.PreparedRequest, **how: Any) -> requests.Response:
        url, _, query = str(request.url).partition("?")
        given = dict(requests.compat.unquote(pair).split("=", 1) for pair in query.split("&") if pair)
        path = url.removeprefix(f"{self.base_url}/")
        self.asked.append((path, given))
        since = int(given.get("since", 0)) if path == "rsvps" else 0
        rows = NOTES.get(path) or [each for each in RSVPS if each["changed"] >= since]
        first = int(given.get("cursor", "https://odd.example/0").rpartition("/")[-1])
        more = f"https://odd.example/{first + 10}" if len(rows) > first + 10 else None
        response = requests.Response()
        response.url = str(request.url)
        response._content = json.dumps({"rows": rows[first : first + 10], "next": more}).encode()
        return response


class OddSource(Source):
    """A resource of it."""

    @override
    def collection(self, part: Part) -> Collection:
        since = {"since": int(part.window.since.timestamp() * 1000)} if part.window.since else {}

        def query(token: Token | None) -> dict[str, Any]:
            return {**since, "cursor": token.text} if isinstance(token, Cursor) else since

        def read(body: Any, url: str) -> Page:
            return Page(rows=[RawRow(times.read(row, PLACES)) for row in body["rows"]], cursor=body["next"], url=url)

        return Collection(path=part.path, paging=SinglePage if part.parent else CursorPages, query=query, read=read)


RESOURCES = (
    Resource(name="rsvps", path="rsvps", replication_key="changed", reading=Since),
    Resource(
        name="gatherings",
        path="gatherings",
        within="rsvps",
        items=lambda _, row: [RawRow(row["gathering"])],
        reading=Within,
    ),
    Resource(name="notes", path="notes", parents=("gatherings",), parent_key="gathering_id", reading=Sweep),
    Resource(name="all_rsvps", path="archive", replication_key="changed", reading=Whole),
)


@pytest.fixture
def account() -> OddAccount:
    return OddAccount()


@pytest.fixture
def reading(account: OddAccount, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Reading]:
    """The reading of a resource, of everything there is."""
    monkeypatch.setattr(osdi_crm_schemas, "schema", lambda vendor, stream: {"properties": PROPERTIES})
    there: Any = account
    sources = Sources(OddSource, RESOURCES, account=there, settings=TapSettings(), own=None, is_test=lambda: False)

    def reading(name: str) -> Reading:
        source = sources.make(name)
        return source.resource.reading(source, Stateless())

    return reading


def rows(reading: Reading) -> list[RawRow]:
    return [row for event in reading.run() for row in getattr(event, "rows", ())]


def test_cursors_are_sent_back_as_they_came(account: OddAccount, reading: Callable[[str], Reading]) -> None:
    assert [row["id"] for row in rows(reading("all_rsvps"))] == list(range(25))
    cursors = [query.get("cursor") for _, query in account.asked]
    assert cursors == [None, "https://odd.example/10", "https://odd.example/20"]


def test_a_record_tells_when_it_changed_by_a_number(reading: Callable[[str], Reading]) -> None:
    found = reading("rsvps")
    row = rows(found)[3]

    assert found.source.changed_at(row) == datetime.fromtimestamp(NOON / 1000 + 3, UTC)
    assert row["seen"] == [{"at": times.epoch(1000)(NOON)}]
    assert found.source.changed_at(RawRow({"changed": "soon"})) is None


def test_a_replication_key_that_records_have_is_left_as_it_is(reading: Callable[[str], Reading]) -> None:
    found = rows(reading("rsvps"))

    assert {row["id"]: row["changed"] for row in found} == {
        each["id"]: times.epoch(1000)(each["changed"]) for each in RSVPS
    }


class LastRun:
    """The state after a run at a time; keeps what is noted."""

    is_incremental = True
    overlap = full_sweep = timedelta()
    seconds_between = 0.0
    store: Store | None = None

    def __init__(self, since: datetime) -> None:
        self._since = since
        self.bookmarks: list[datetime | None] = []

    def since(self) -> datetime:
        return self._since

    def noted(self, name: str) -> list[Any]:
        return [None]

    def note(self, bookmark: datetime | None = None, **noted: Any) -> None:
        self.bookmarks.append(bookmark)


def test_what_cannot_be_filtered_is_read_whole_and_only_what_changed_is_passed_on(
    account: OddAccount, reading: Callable[[str], Reading]
) -> None:
    source = reading("all_rsvps").source
    last_run = LastRun(datetime.fromtimestamp(NOON / 1000 + 22, UTC))
    found = rows(Whole(source, last_run))

    assert [row["id"] for row in found] == [22, 23, 24]
    assert len(account.asked) == 3
    assert last_run.bookmarks == [None, account.now()]


def test_parents_may_stand_inside_their_children(account: OddAccount, reading: Callable[[str], Reading]) -> None:
    found = rows(reading("notes"))

    assert [(row["id"], row["gathering_id"]) for row in found] == [(1, "7"), (2, "8"), (3, "8")]
    assert {path for path, _ in account.asked} == {"rsvps", *NOTES}
