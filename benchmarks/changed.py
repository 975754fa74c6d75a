"""What the tap is measured by where little has changed, or little is there."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from benchmarks import programs
from benchmarks.measuring import Calls, Running, ids, last_state
from benchmarks.reading import ACTION_NETWORK, PER_PAGE, identity, lost, run, sandbox_of
from benchmarks.results import Goal, Section

if TYPE_CHECKING:
    from pathlib import Path

STREAMS = ("people", "petitions", "signatures", "events", "attendances")

COUNTS = {"people": 500, "petitions": 2000, "signatures": 3000, "events": 500, "attendances": 500}

SETTLED = 7.0
"""Seconds after which the tap believes that a change shows in filtered collections, and a clock to the second."""


def changed(scale: float, folder: Path) -> Section:
    """What a run costs that finds nothing new, and one that finds a little."""
    counts = {name: round(number * scale) for name, number in COUNTS.items()}
    with sandbox_of() as sandbox:
        account = sandbox.account("action_network", counts=counts)
        petitions, events = ([identity(raw) for raw in account.records(name)] for name in ("petitions", "events"))
        first, whole = run(account, programs.tap(account, STREAMS, folder, calls_per_second=0), folder, "first")
        time.sleep(SETTLED)
        again = programs.tap(account, STREAMS, folder, state=last_state(first.out), calls_per_second=0)
        second, nothing = run(account, again, folder, "second")
        signed = [{"action_network:petition_id": each} for each in petitions[:5] * 2]
        accepted = [{"action_network:event_id": each, "status": "accepted"} for each in events[:3]]
        new = account.insert("signatures", signed) + account.insert("attendances", accepted)
        new += account.change("people", count=20)
        time.sleep(SETTLED)
        again = programs.tap(account, STREAMS, folder, state=last_state(second.out), calls_per_second=0)
        third, little = run(account, again, folder, "third")
        missing = len({*map(identity, new)} - ids(third.out))
    return Section(
        title="Incremental runs of people, petitions, signatures, events and attendances of Action Network: "
        + ", ".join(f"{number:,}" for number in counts.values())
        + " of them.",
        method="Without a pace, some seconds after the run before, so that of the parents that show nothing new one of "
        "each kind is due. Then 10 signatures on 5 petitions, 3 attendances and 20 changed people.",
        goals=[
            Goal("nothing new: calls", "≤ 130, and the 2 parents due", f"{nothing.made:,}", nothing.made <= 132),
            Goal("33 new or changed: calls", "≤ 150", f"{little.made:,}", little.made <= 150),
            Goal("33 new or changed: lost", "0", f"{missing:,}", missing == 0),
        ],
        columns=("run", "calls"),
        rows=[
            ("first", f"{whole.made:,}"),
            ("nothing new", f"{nothing.made:,}"),
            ("33 new or changed", f"{little.made:,}"),
        ],
    )


def small(scale: float, folder: Path) -> Section:
    """How near a small account is read to the limit."""
    people = round(3_000 * scale)
    ideal = (people / PER_PAGE - 1) / ACTION_NETWORK.calls
    goals = []
    for latency, window, least in ((0.1, "sliding", 0.92), (0.6, "fixed", 0.91)):
        place = folder / window
        place.mkdir()
        rate = {"calls": ACTION_NETWORK.calls, "seconds": ACTION_NETWORK.seconds, "window": window}
        with sandbox_of() as sandbox:
            account = sandbox.account(
                "action_network", counts={"people": people}, rate=rate, latency=latency, jitter=0.025
            )
            taken = Running(programs.tap(account, "people", place), place, "tap").wait()
            calls, missing = Calls.of(account), lost(account, "people", taken.out)
        share, refused = ideal / calls.seconds, calls.refused / calls.made
        goals.append(
            Goal(
                f"{latency * 1000:.0f} ms, {window}",
                f"≥ {least:.0%} of the ideal, ≤ 0.5 % answered 429, none lost",
                f"{share:.1%} over {calls.made:,} calls, {refused:.2%} ({calls.refused}), {missing:,} lost",
                share >= least and refused <= 0.005 and missing == 0,
            )
        )
    return Section(
        title=f"Reading {people:,} people of Action Network for the first time, at its 4 calls/s.",
        method="One account after the other, answers after so many milliseconds, ± 25 ms at random on the way in. The "
        "ideal is one call a page, at the limit; the pace that the tap keeps is 95 % of it.",
        goals=goals,
    )
