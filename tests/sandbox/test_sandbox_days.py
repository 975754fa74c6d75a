"""Seeded data are the same on every day, at every hour: only dates move, by whole days."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from osdi_crm_sandbox.accounts import Account
from osdi_crm_sandbox.server import VendorApp
from osdi_crm_sandbox.vendors import load

SIZE = 12
FIRST = datetime(2026, 11, 10, 12, tzinfo=UTC)
"""Months and a year end within the sixty days that begin with it."""
SIXTY_DAYS = [FIRST + timedelta(days) for days in range(60)]
LEAP_DAYS = [datetime(year, 2, 29, 12, tzinfo=UTC) + timedelta(days) for year in (2028, 2032) for days in (-1, 0, 1)]

TIME_OF_MAKING = {
    *((resource, "_modified") for resource in ("attributes", "coordinators", "users")),
    *((resource, "_updated") for resource in ("campaigns", "campaign_actions")),
    *(("tokens", name) for name in ("created_at", "updated_at")),
}
"""Fields that tell when the account was made."""

EARLIEST, LATEST = (datetime(year, 1, 1, tzinfo=UTC).timestamp() for year in (2000, 2100))
ISO = re.compile(r"(\d{4}-\d\d-\d\d)(?!\d)(.*)")
US = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")


Path = tuple[str, ...]


class Moment(NamedTuple):
    """A date in a record: its day, and all else that is told of it."""

    day: int
    rest: str


def moment(value: Any) -> Moment | None:
    """The date that a value is, if it is one."""
    if isinstance(value, int) and EARLIEST < value < LATEST:
        return Moment(value // 86_400, str(value % 86_400))
    if isinstance(value, str) and (found := ISO.fullmatch(value)):
        return Moment(date.fromisoformat(found[1]).toordinal(), found[2])
    if isinstance(value, str) and (found := US.fullmatch(value)):
        return Moment(date(int(found[3]), int(found[1]), int(found[2])).toordinal(), "")
    return None


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value in a record with the names that lead to it."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from leaves(inner, (*path, "*"))
    else:
        yield path, value


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, datetime], Account]:
    """An account seeded at some time."""

    def make(vendor: str, at: datetime, size: int = SIZE) -> Account:
        with monkeypatch.context() as patch:
            patch.setattr(time, "time", at.timestamp)
            return VendorApp(load([vendor])[vendor]).open_account("some-key", size, 1, {})

    return make


def flat(account: Account) -> list[tuple[Path, Any]]:
    """All that is in an account: resource, id and names, and the value that is there."""
    return [
        ((resource, key, *path), value)
        for resource, table in account.tables.items()
        for key, record in table.records.items()
        for path, value in leaves(record)
        if (resource, path[0]) not in TIME_OF_MAKING
    ]


def moving(first: list[tuple[Path, Any]], other: list[tuple[Path, Any]], days: int) -> set[Path]:
    """The fields whose dates have moved, all of them by so many days, while nothing else is different."""
    moved, stayed = set(), set()
    for (path, value), (other_path, other_value) in zip(first, other, strict=True):
        assert path == other_path
        if value != other_value:
            there, here = moment(value), moment(other_value)
            assert there is not None, (path, value, other_value)
            assert here == Moment(there.day + days, there.rest), (path, value, other_value)
            moved.add((path[0], *path[2:]))
        elif value is not None:
            stayed.add((path[0], *path[2:]))
    assert not moved & stayed
    return moved


def order(account: Account) -> dict[str, list[str]]:
    """The ids of every collection as they come."""
    return {resource: list(table.select(live=True)) for resource, table in account.tables.items()}


@pytest.mark.parametrize("vendor", list(load()))
def test_on_every_day_the_same_but_for_dates_that_move_with_it(
    vendor: str, account: Callable[[str, datetime], Account]
) -> None:
    first = account(vendor, FIRST)
    seeded, in_order = flat(first), order(first)
    fields = moving(seeded, flat(account(vendor, FIRST + timedelta(1))), 1)
    assert fields
    for at in SIXTY_DAYS[2:] + LEAP_DAYS:
        that_day = account(vendor, at)
        assert moving(seeded, flat(that_day), (at - FIRST).days) == fields, at
        assert order(that_day) == in_order, at


@pytest.mark.parametrize("vendor", list(load()))
def test_at_every_hour_the_same(vendor: str, account: Callable[[str, datetime], Account]) -> None:
    first = account(vendor, FIRST)
    for hours in (1, 5, 23.999, 24, 24.999):
        at_that_hour = account(vendor, FIRST.replace(hour=0) + timedelta(hours=hours))
        assert flat(at_that_hour) == flat(first), hours
        assert order(at_that_hour) == order(first), hours


def test_a_nations_local_times_move_by_whole_days_over_changes_of_the_clock_too(
    account: Callable[[str, datetime], Account],
) -> None:
    def times(at: datetime) -> list[datetime]:
        nation = account("nationbuilder", at)
        serve = load(["nationbuilder"])["nationbuilder"].serve
        shown = [serve(nation, "signups", key, "") for key in nation.tables["signups"].records]
        return [datetime.fromisoformat(signup["attributes"]["created_at"]) for signup in shown]

    first = times(FIRST)
    assert {time.utcoffset() for time in first} == {timedelta(hours=-5), timedelta(hours=-4)}
    for days in (1, 59, 150, 477):
        assert times(FIRST + timedelta(days)) == [time + timedelta(days) for time in first]


CHANGING = {
    "action_network": "people",
    "crowdskout": "profiles",
    "nationbuilder": "signups",
    "rally_congress": "supporters",
}
"""Records that tell when they changed; at i360 none do."""


@pytest.mark.parametrize("vendor", CHANGING)
def test_other_tests_find_records_of_the_last_year_and_of_long_ago_and_crowded_seconds(
    vendor: str, account: Callable[..., Account]
) -> None:
    for at in (FIRST, LEAP_DAYS[1], LEAP_DAYS[-1]):
        table = account(vendor, at, 600).tables[CHANGING[vendor]]
        values = [record[table.resource.modified] for record in table.records.values()]
        changed = [datetime.fromtimestamp(v, UTC) if isinstance(v, int) else datetime.fromisoformat(v) for v in values]
        assert max(changed) < at - timedelta(hours=1)
        assert 0.6 < sum(moment > at - timedelta(days=366) for moment in changed) / len(changed) < 0.95
        assert min(changed) < at - timedelta(days=3 * 365)
        assert max(Counter(changed).values()) > 25, "more than a page of one second"
