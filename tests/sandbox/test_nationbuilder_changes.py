"""NationBuilder's data in the sandbox while it moves: pages that lose records, changes at once, churn, much of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def fresh(make: Callable[..., Any]) -> Any:
    return make()


def test_offset_pages_of_moving_data_lose_records(fresh: Any) -> None:
    fresh.insert("surveys", *({"updated_at": f"2024-01-01T00:00:{second:02d}Z"} for second in range(40)))
    first = fresh.ids("surveys", sort="updated_at")
    fresh.account.change("surveys", first[:10])
    second = fresh.ids("surveys", sort="updated_at", **{"page[number]": 2})
    every = {row["id"] for row in fresh.account.records("surveys")}
    assert len(every - {*first, *second}) == 10


def test_a_change_is_seen_at_once(fresh: Any) -> None:
    [key] = fresh.insert("surveys", {"name": "before"})
    assert fresh.names("surveys") == {"before"}
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 1))
    fresh.account.change("surveys", [key], name="after")
    assert fresh.names("surveys", **{"filter[updated_at][gte]": since}) == {"after"}
    fresh.account.delete("surveys", [key])
    assert fresh.ids("surveys") == []
    assert fresh.get(f"surveys/{key}", 404)["code"] == "not_found"


def test_churn(fresh: Any) -> None:
    fresh.account.churn("signups", adds_per_call=2, changes_per_call=1)
    for _ in range(5):
        fresh.get("signups")
    fresh.account.stop_churn()
    assert fresh.account.counters()["resources"]["signups"] == 11


def test_a_hundred_thousand_small_records(make: Callable[..., Any]) -> None:
    nation = make(size=20, counts={"petition_signatures": 100_000})
    asked = {"sort": "updated_at,id", "page[size]": 100, "filter[updated_at][gte]": "2020-01-01T00:00:00Z"}
    nation.get("petition_signatures", **asked)
    began = time.perf_counter()
    for number in (1, 500, 999):
        nation.account.change("petition_signatures", ["77"])
        page = nation.get("petition_signatures", **asked, **{"page[number]": number, "stats[total]": "count"})
        assert len(page["data"]) == 100
        assert page["meta"]["stats"]["total"]["count"] == 100_000
    assert time.perf_counter() - began < 2
    keyset = nation.ids("petition_signatures", sort="id", **{"filter[id][gt]": 99_990, "page[size]": 100})
    assert keyset == [str(number) for number in range(99_991, 100_001)]
