"""Parts are read in parallel, come out whole, and are reported finished in their order."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from osdi_crm_client.reading.parallel import Finished, Parallel, Rows
from osdi_crm_client.wire import RawRow


def reader(pages: list[int]) -> Any:
    def read(part: int) -> Iterator[list[RawRow]]:
        for page in range(pages[part]):
            yield [RawRow({"part": part, "page": page})]

    return read


@settings(deadline=None, max_examples=50)
@given(pages=st.lists(st.integers(0, 9), max_size=20), in_flight=st.integers(1, 6))
def test_every_page_comes_out_once_and_before_its_part_is_finished(pages: list[int], in_flight: int) -> None:
    came: list[tuple[int, int]] = []
    finished: list[int] = []
    ahead: list[int] = []
    for event in Parallel(range(len(pages)), reader(pages), lambda: in_flight):
        if isinstance(event, Rows):
            came += [(row["part"], row["page"]) for row in event.rows]
            assert event.part not in finished
            continue
        assert [p for p in came if p[0] == event.part] == [(event.part, n) for n in range(pages[event.part])]
        if isinstance(event, Finished):
            finished.append(event.part)
        else:
            assert event.part not in [0, *finished]
            ahead.append(event.part)

    assert finished == list(range(len(pages)))
    assert len(ahead) == len(set(ahead))
    assert sorted(came) == [(part, page) for part, count in enumerate(pages) for page in range(count)]


def test_so_many_parts_as_allowed_are_under_way_at_a_time() -> None:
    under_way, most = 0, 0
    lock = threading.Lock()
    all_four = threading.Barrier(4, timeout=60)

    def read(part: int) -> Iterator[list[RawRow]]:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        all_four.wait()
        with lock:
            under_way -= 1
        yield [RawRow({"part": part})]

    rows = [event for event in Parallel(range(20), read, lambda: 4) if isinstance(event, Rows)]

    assert len(rows) == 20
    assert most == 4


def test_a_slow_first_part_lets_only_a_few_others_run_ahead() -> None:
    begun: list[int] = []
    go_on = threading.Event()

    def read(part: int) -> Iterator[list[RawRow]]:
        begun.append(part)
        if part == 0:
            go_on.wait(10)
        yield []

    events = iter(Parallel(range(100), read, lambda: 3))
    next(events)
    time.sleep(0.2)
    assert max(begun) < 25
    go_on.set()
    assert sum(isinstance(event, Finished) for event in events) == 100


def test_the_first_error_ends_the_reading_and_the_threads(until: Any) -> None:
    def read(part: int) -> Iterator[list[RawRow]]:
        if part == 3:
            raise ValueError("broken")
        yield [RawRow({"part": part})]

    before = threading.active_count()
    with pytest.raises(ValueError, match="broken"):
        list(Parallel(range(1000), read, lambda: 4))
    until(lambda: threading.active_count() <= before)


def test_an_error_in_finding_the_parts_ends_the_reading() -> None:
    def parts() -> Iterator[int]:
        yield 0
        raise ValueError("no parents")

    with pytest.raises(ValueError, match="no parents"):
        list(Parallel(parts(), reader([1]), lambda: 2))


def test_threads_end_when_nobody_wants_more(until: Any) -> None:
    def read(part: int) -> Iterator[list[RawRow]]:
        while True:
            yield [RawRow({"part": part})]

    before = threading.active_count()
    events = iter(Parallel(range(10), read, lambda: 4))
    next(events)
    events.close()  # type: ignore[attr-defined]
    until(lambda: threading.active_count() <= before)
