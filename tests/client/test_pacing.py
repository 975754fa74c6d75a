"""The pacer: steady, fair, and obedient to what a vendor says of its limit."""

from __future__ import annotations

import threading
import time

import pytest
from osdi_crm_client.pacing import MOST_LATE, Pacer


def arrivals(pacer: Pacer, calls: int) -> list[float]:
    times = []
    for _ in range(calls):
        pacer.wait()
        times.append(time.monotonic())
    return times


def test_calls_leave_at_a_steady_rate() -> None:
    times = arrivals(Pacer(50), 26)

    assert times[-1] - times[0] == pytest.approx(25 / 50, rel=0.1)


def test_calls_that_come_late_are_made_up_for_and_no_more() -> None:
    pacer = Pacer(20)
    times = arrivals(pacer, 5)
    time.sleep(0.5)
    times += arrivals(pacer, 10)

    later = times[5:]
    assert all(later[n] - later[0] > n / 20 - MOST_LATE - 0.005 for n in range(10))


def test_waiting_threads_are_served_in_the_order_of_their_coming() -> None:
    pacer = Pacer(50)
    pacer.wait()
    served: list[int] = []

    def call(number: int) -> None:
        pacer.wait()
        served.append(number)

    threads = [threading.Thread(target=call, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
        time.sleep(0.005)
    for thread in threads:
        thread.join()

    assert served == list(range(10))


def test_a_caller_that_gives_up_does_not_hold_up_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    pacer = Pacer(20)
    pacer.wait()

    def interrupted(_: threading.Condition, timeout: float | None = None) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(threading.Condition, "wait", interrupted)
        pacer.wait()
    pacer.wait()


def test_a_refusal_pauses_everybody_for_as_long_as_the_vendor_says() -> None:
    pacer = Pacer(1000)
    pacer.observe(429, {"Retry-After": "0.3"})
    began = time.monotonic()
    pacer.wait()

    assert time.monotonic() - began == pytest.approx(0.3, abs=0.05)
    assert pacer.refused == 1


def test_a_refusal_lowers_the_rate_and_good_answers_raise_it_again() -> None:
    pacer = Pacer(100)
    pacer.observe(429, {"Retry-After": "0"})
    assert pacer.rate == pytest.approx(90)
    for _ in range(200):
        pacer.observe(200, {})
    assert pacer.rate == pytest.approx(100)


@pytest.mark.parametrize("name", ["RateLimit", "X-RateLimit"])
def test_nothing_left_of_the_limit_pauses_until_it_starts_anew(name: str) -> None:
    pacer = Pacer(None)
    pacer.observe(200, {f"{name}-Remaining": "0", f"{name}-Reset": str(time.time() + 0.3)})
    began = time.monotonic()
    pacer.wait()

    assert time.monotonic() - began == pytest.approx(0.3, abs=0.05)


def test_a_date_in_retry_after_is_understood() -> None:
    pacer = Pacer(None)
    pacer.observe(503, {"Retry-After": time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 2))})
    began = time.monotonic()
    pacer.wait()

    assert 0.5 < time.monotonic() - began < 2.1


@pytest.mark.parametrize("garbage", ["-5", "nan", "-inf", "soon", ""])
@pytest.mark.parametrize("header", ["Retry-After", "RateLimit-Reset"])
def test_a_refusal_that_does_not_say_for_how_long_pauses_longer_each_time(header: str, garbage: str) -> None:
    pacer = Pacer(None)
    began = time.monotonic()
    pacer.observe(429, {header: garbage})
    pacer.wait()

    assert time.monotonic() - began >= 1


def test_a_thousand_refusals_in_a_row_are_no_more_than_a_pause() -> None:
    pacer = Pacer(1.0)
    for _ in range(1100):
        pacer.observe(429, {})

    assert pacer.refused == 1100
