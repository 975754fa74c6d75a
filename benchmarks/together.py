"""What processes that call one account at the same time are measured by."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from benchmarks import programs
from benchmarks.measuring import Calls, Running, ids
from benchmarks.reading import ACTION_NETWORK, identity, sandbox_of
from benchmarks.results import Goal, Section
from benchmarks.writing import people

if TYPE_CHECKING:
    from pathlib import Path

TAPS = 3
LATENCY = 0.1


def together(scale: float, folder: Path) -> Section:
    """How much of a limit several processes use together, and how often they are refused."""
    read, written = round(4_000 * scale), round(200 * scale)
    given = people(written, folder)
    goals = [_at_once(read, written, window, given, folder / window) for window in ACTION_NETWORK.windows]
    return Section(
        title=f"{TAPS} taps that read {read:,} people of one Action Network account, and a target that writes "
        f"{written:,} new ones to it, all at once, at its 4 calls/s.",
        method=f"Each process is started as a user would, without a word about the others. Answers after "
        f"{LATENCY * 1000:.0f} ms, ± 25 ms at random on the way in. Share of the limit: calls that were not refused, "
        "per second from first to last call, the end included, where fewer processes are left.",
        goals=goals,
    )


def _at_once(read: int, written: int, window: str, given: Path, folder: Path) -> Goal:
    with sandbox_of() as sandbox:
        rate = {"calls": ACTION_NETWORK.calls, "seconds": ACTION_NETWORK.seconds, "window": window}
        account = sandbox.account("action_network", counts={"people": read}, rate=rate, latency=LATENCY, jitter=0.025)
        there = {identity(person) for person in account.records("people")}
        running = []
        for number in range(TAPS):
            place = folder / f"tap-{number}"
            place.mkdir(parents=True)
            running.append(Running(programs.tap(account, "people", place), place, "tap"))
        running.append(Running(programs.target(account, folder), folder, "target", stdin=given))
        taken = [each.wait() for each in running]
        calls = Calls.of(account)
        limit = ACTION_NETWORK.calls / ACTION_NETWORK.seconds
        share, refused = calls.per_second / limit, calls.refused / calls.made
        missing = sum(len(there - ids(each.out)) for each in taken[:TAPS])
        counts = json.loads((folder / "work" / "summary.json").read_text("utf-8"))["streams"]["people"]
        missing += written - sum(counts[outcome] for outcome in ("created", "updated", "unchanged"))
        return Goal(
            window,
            "≥ 90 % of the limit together, ≤ 0.5 % answered 429, none lost",
            f"{share:.1%} over {calls.made:,} calls, {refused:.2%} ({calls.refused}), {missing:,} lost",
            share >= 0.9 and refused <= 0.005 and missing == 0,
        )
