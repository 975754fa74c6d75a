"""The pacer: steady, fair, and obedient to what a vendor says of its limit."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Any

import pytest
from osdi_crm_client import pacing
from osdi_crm_client.pacing import MOST_LATE, ConcurrencyLimit, Pacer
from typing_extensions import override


class Clock:
    """A clock that stands still but for those who wait."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def time(self) -> float:
        return self.now

    monotonic = time


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that pacers go by."""
    clock = Clock()

    class Condition(threading.Condition):
        @override
        def wait(self, timeout: float | None = None) -> bool:
            assert timeout is not None
            clock.now += timeout
            return False

    monkeypatch.setattr(pacing, "time", clock)
    monkeypatch.setattr(pacing, "Condition", Condition)
    return clock


def arrivals(clock: Clock, pacer: Pacer, calls: int) -> list[float]:
    times = []
    for _ in range(calls):
        pacer.wait()
        times.append(clock.now)
    return times


def waited(clock: Clock, pacer: Pacer) -> float:
    began = clock.now
    pacer.wait()
    return clock.now - began


def test_calls_leave_at_a_steady_rate(clock: Clock) -> None:
    times = arrivals(clock, Pacer(50), 26)

    assert times[-1] - times[0] == pytest.approx(25 / 50, rel=0.1)


def test_calls_that_come_late_are_made_up_for_and_no_more(clock: Clock) -> None:
    pacer = Pacer(20)
    times = arrivals(clock, pacer, 5)
    clock.now += 0.5
    times += arrivals(clock, pacer, 10)

    later = times[5:]
    assert all(later[n] - later[0] > n / 20 - MOST_LATE - 0.005 for n in range(10))


def test_waiting_threads_are_served_in_the_order_of_their_coming(until: Any) -> None:
    served: list[str] = []

    class Queue(deque[threading.Condition]):
        @override
        def remove(self, turn: threading.Condition) -> None:
            super().remove(turn)
            served.append(threading.current_thread().name)

    pacer = Pacer(50)
    pacer.wait()
    pacer._queue = Queue()
    threads = [threading.Thread(target=pacer.wait, name=str(number)) for number in range(10)]
    for begun, thread in enumerate(threads, 1):
        thread.start()
        until(lambda begun=begun: len(pacer._queue) + len(served) == begun)
    for thread in threads:
        thread.join()

    assert served == [str(number) for number in range(10)]


def test_a_caller_that_gives_up_does_not_hold_up_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    pacer = Pacer(20)
    pacer.wait()

    def interrupted(_: threading.Condition, timeout: float | None = None) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(threading.Condition, "wait", interrupted)
        pacer.wait()
    pacer.wait()


def test_a_refusal_pauses_everybody_for_as_long_as_the_vendor_says(clock: Clock) -> None:
    pacer = Pacer(1000)
    pacer.observe(429, {"Retry-After": "0.3"})

    assert waited(clock, pacer) == pytest.approx(0.3, abs=0.01)
    assert pacer.refused == 1


def test_a_refusal_lowers_the_rate_and_calls_raise_it_again(clock: Clock) -> None:
    pacer = Pacer(100)
    pacer.observe(429, {"Retry-After": "0"})
    assert pacer.rate == pytest.approx(90)
    arrivals(clock, pacer, 200)
    assert pacer.rate == pytest.approx(100)


@pytest.mark.parametrize("name", ["RateLimit", "X-RateLimit"])
def test_nothing_left_of_the_limit_pauses_until_it_starts_anew(clock: Clock, name: str) -> None:
    pacer = Pacer(None)
    pacer.observe(200, {f"{name}-Remaining": "0", f"{name}-Reset": str(clock.now + 0.3)})

    assert waited(clock, pacer) == pytest.approx(0.3, abs=0.01)


def test_a_date_in_retry_after_is_understood(clock: Clock) -> None:
    pacer = Pacer(None)
    pacer.observe(503, {"Retry-After": time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(clock.now + 2))})

    assert waited(clock, pacer) == pytest.approx(2)


@pytest.mark.parametrize("garbage", ["-5", "nan", "-inf", "soon", ""])
@pytest.mark.parametrize("header", ["Retry-After", "RateLimit-Reset"])
def test_a_refusal_that_does_not_say_for_how_long_pauses_longer_each_time(
    clock: Clock, header: str, garbage: str
) -> None:
    pacer = Pacer(None)
    pauses = []
    for _ in range(3):
        pacer.observe(429, {header: garbage})
        pauses.append(waited(clock, pacer))

    assert pauses == pytest.approx([1, 2, 4])


def test_a_thousand_refusals_in_a_row_are_no_more_than_a_pause() -> None:
    pacer = Pacer(1.0)
    for _ in range(1100):
        pacer.observe(429, {})

    assert pacer.refused == 1100


@pytest.mark.parametrize("places", [1, 2])
def test_who_waits_for_a_lock_lends_the_place_that_its_holder_may_need(places: int) -> None:
    """As with records of one person, where one worker holds the record's lock and gives its place to the index."""
    concurrency = ConcurrencyLimit(places)
    locks = [concurrency.lock() for _ in range(2)]
    done = []

    def work(number: int) -> None:
        for turn in range(20):
            with concurrency.held(), locks[(number + turn) % 2]:
                with concurrency.lent():
                    time.sleep(0.0001)
                with concurrency.calling():
                    time.sleep(0.0001)
        done.append(number)

    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert sorted(done) == [0, 1, 2, 3, 4, 5]
