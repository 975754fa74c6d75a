"""What the tap is measured by."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Any

from osdi_crm_client.vendor import vendor
from osdi_crm_sandbox.control import Sandbox
from tap_osdi_crm.vendors.crowdskout import COLLECTIONS

from benchmarks import programs
from benchmarks.measuring import ENVIRONMENT, ROUNDS, Calls, Running, Taken, ids, in_turns, last_state, messages, ratio
from benchmarks.results import Goal, Section

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from osdi_crm_sandbox.control import Account

PER_PAGE = 25

IN_FLIGHT = 4
"""Calls that the tap may have under way at Action Network, and so slices that a kill may find unfinished."""

CHANGES_PER_CALL = (0.0125, 0.05, 0.25)
"""How much an account changes while it is read: a little, much, and as if everybody were acting at once."""

INDEX_LAG = 5.0
"""Seconds after which the tap believes that a change shows in filtered collections."""

NATIVE = "action_network:"

CROWDSKOUT = vendor("crowdskout")

PROFILE_SECONDS = 0.05
"""Seconds after which each profile is answered."""

Run = tuple[Taken, Calls]


@dataclass(frozen=True)
class Limit:
    """A vendor's limit, and how it is tried.

    Attributes:
        vendor: The vendor.
        calls: How many calls it takes,
        seconds: in so many seconds.
        latencies: Seconds that answers take.
        windows: How the vendor counts.
    """

    vendor: str
    calls: int
    seconds: float
    latencies: tuple[float, ...]
    windows: tuple[str, ...] = ("fixed", "sliding")


ACTION_NETWORK = Limit("action_network", 4, 1, (0.1, 0.6))
NATIONBUILDER = tuple(Limit("nationbuilder", 250, 10, (0.4,), (window,)) for window in ("fixed", "sliding"))
"""One after the other: two at once, with their sandboxes, are more than two processors do in time."""


def sandbox_of(vendor: str = "action_network") -> Sandbox:
    """Return a sandbox, not yet started, that serves one vendor alone."""
    return Sandbox(vendors=[vendor], size=0)


def run(account: Account, command: Sequence[str], folder: Path, name: str) -> Run:
    """Run a program to its end on an account."""
    account.clear_log()
    return Running(command, folder, name).wait(), Calls.of(account)


def lost(account: Account, resource: str, *outs: Path) -> int:
    """Return how many records of an account that has not changed did not come."""
    held: int = account.counters()["resources"][resource]
    return held - len(set().union(*map(ids, outs)))


def identity(raw: dict[str, Any]) -> str:
    """Return the id of a record of Action Network as the tap gives it."""
    own = next(each for each in raw["identifiers"] if each.startswith(NATIVE))
    return str(own.removeprefix(NATIVE))


def read(scale: float, folder: Path) -> Section:
    """Speed and memory of reading one collection without a pace."""
    people = round(100_000 * scale)
    with sandbox_of() as sandbox:
        account = sandbox.account("action_network", counts={"people": people})
        commands = {
            "tap-osdi-crm": programs.tap(account, "people", folder, calls_per_second=0),
            "bare singer-sdk tap": programs.bare_tap(account, folder),
            "requests loop": programs.pages_with_requests(account),
            "urllib3 + orjson loop": programs.pages_with_orjson(account),
        }
        for name in ("tap-osdi-crm", "urllib3 + orjson loop"):  # so that the sandbox has every page ready
            run(account, commands[name], folder, name)
        turns = {name: partial(_all_of, people, account, command, folder, name) for name, command in commands.items()}
        found = in_turns(turns)
    speeds = {name: [people / calls.seconds for _, calls in runs] for name, runs in found.items()}
    bare = speeds["bare singer-sdk tap"]
    rounds = ", ".join(f"{ours / other:.2f}" for ours, other in zip(speeds["tap-osdi-crm"], bare, strict=True))
    faster = ratio(speeds["tap-osdi-crm"], bare)
    small, large = _peak(round(25_000 * scale), folder), _peak(round(250_000 * scale), folder)
    return Section(
        title=f"Reading {people:,} people of Action Network, {PER_PAGE} a page, without a pace.",
        method="After a pass in which the sandbox renders the pages, it serves them as bytes; the last row of the "
        "table shows how fast it can at least. The tap reads as it always does, in slices with their checks. The bare "
        "tap is what the SDK's template gives ([bare_tap.py](bare_tap.py)). Records a second are from first to last "
        "call; processor time and memory are of the whole process, start included.",
        goals=[
            Goal("records/s against the bare tap", "≥ 3 x", f"{faster:.2f} x (rounds: {rounds})", faster >= 3),
            Goal(
                f"peak at {250_000 * scale:,.0f} people against {25_000 * scale:,.0f}",
                "≤ 1.1 x",
                f"{large / small:.2f} x ({large:.0f} MB, {small:.0f} MB)",
                large <= 1.1 * small,
            ),
        ],
        columns=("program", "records/s", "x bare", "processor s", "peak MB", "calls"),
        rows=[
            (
                name,
                f"{median(speeds[name]):,.0f}",
                f"{ratio(speeds[name], bare):.2f}",
                f"{median(taken.cpu for taken, _ in runs):.2f}",
                f"{max(taken.peak for taken, _ in runs):.0f}",
                f"{runs[-1][1].made:,}",
            )
            for name, runs in found.items()
        ],
    )


def _all_of(people: int, account: Account, command: Sequence[str], folder: Path, name: str) -> Run:
    """Run a program and make sure that it read everybody."""
    taken, calls = run(account, command, folder, name)
    with taken.out.open("rb") as lines:
        records = sum(b'"identifiers"' in line and not line.startswith(b'{"type":"SCHEMA"') for line in lines)
    if records != people:
        raise RuntimeError(f"{name} read {records} of {people} people")
    return taken, calls


def _peak(people: int, folder: Path) -> float:
    """Return the most memory that the tap held while it read so many people, in MB; the median of three runs."""
    with sandbox_of() as sandbox:
        account = sandbox.account("action_network", counts={"people": people})
        command = programs.tap(account, "people", folder, calls_per_second=0)
        return median(run(account, command, folder, "peak")[0].peak for _ in range(3))


def pace(scale: float, folder: Path) -> Section:
    """How much of a vendor's limit reading uses."""
    people, signups = round(25_000 * scale), round(100_000 * scale)
    goals = []
    for limit in (ACTION_NETWORK, *NATIONBUILDER):
        stream, number = ("people", people) if limit is ACTION_NETWORK else ("signups", signups)

        def begin(account: Account, place: Path, stream: str = stream) -> Running:
            return Running(programs.tap(account, stream, place), place, "tap")

        def not_read(account: Account, taken: Taken, stream: str = stream) -> int:
            return lost(account, stream, taken.out)

        goals += paced(limit, {stream: number}, begin, not_read, folder)
    return Section(
        title=f"Reading {people:,} people of Action Network at its 4 calls/s, and {signups:,} signups of "
        "NationBuilder at its 250 in 10 s.",
        method="Each account is read from a sandbox of its own, Action Network's four at once: the limit counted in "
        "fixed and in sliding windows, answers after so many milliseconds, ± 25 ms at random on the way in. Share of "
        "the limit: calls that were not refused, per second from first to last call.",
        goals=goals,
    )


def paced(
    limit: Limit,
    counts: dict[str, int],
    begin: Callable[[Account, Path], Running],
    lost: Callable[[Account, Taken], int],
    folder: Path,
) -> list[Goal]:
    """Run a program at a vendor's limit, at all latencies and in both kinds of windows, all at once."""
    with ExitStack() as stack:
        begun = []
        for latency in limit.latencies:
            for window in limit.windows:
                account = stack.enter_context(sandbox_of(limit.vendor)).account(
                    limit.vendor,
                    counts=counts,
                    rate={"calls": limit.calls, "seconds": limit.seconds, "window": window},
                    latency=latency,
                    jitter=0.025,
                )
                work = f"{limit.vendor}, {latency * 1000:.0f} ms, {window}"
                place = folder / work.replace(", ", "-")
                place.mkdir()
                begun.append((work, account, begin(account, place)))
        goals = []
        for work, account, running in begun:
            taken = running.wait()
            goals.append(_limit_goal(work, Calls.of(account), limit.calls / limit.seconds, lost(account, taken)))
        return goals


def _limit_goal(work: str, calls: Calls, limit: float, lost: int) -> Goal:
    share, refused = calls.per_second / limit, calls.refused / calls.made
    return Goal(
        work,
        "≥ 92 % of the limit, ≤ 0.5 % answered 429, none lost",
        f"{share:.1%} over {calls.made:,} calls, {refused:.2%} ({calls.refused}), {lost:,} lost",
        share >= 0.92 and refused <= 0.005 and lost == 0,
    )


def slices(scale: float, folder: Path) -> Section:
    """What a first sync costs in calls."""
    people = round(25_000 * scale)
    with sandbox_of() as sandbox:
        account = sandbox.account("action_network", counts={"people": people})
        taken, calls = run(account, programs.tap(account, "people", folder, calls_per_second=0), folder, "quiet")
        goals = _call_goals("quiet", calls, people, lost(account, "people", taken.out))
    with ExitStack() as stack:
        begun = []
        for rate in CHANGES_PER_CALL:
            account = stack.enter_context(sandbox_of()).account(
                "action_network", counts={"people": people}, rate={"calls": 4, "seconds": 1}, latency=0.1, index_lag=2
            )
            account.churn("people", changes_per_call=rate, adds_per_call=rate / 5)
            place = folder / str(rate)
            place.mkdir()
            begun.append((rate, account, place, Running(programs.tap(account, "people", place), place, "first")))
        for rate, account, place, running in begun:
            taken, calls = running.wait(), Calls.of(account)
            account.stop_churn()
            time.sleep(INDEX_LAG + 2)
            missing = _not_as_they_are(account, taken, place)
            goals += _call_goals(f"{rate} changes a call ({rate * 4 * 86_400:,.0f} a day)", calls, people, missing)
    return Section(
        title=f"A first sync of {people:,} people of Action Network, in slices.",
        method=f"Calls per full page of {PER_PAGE}: everything counts, the search for slices, the checks and short "
        "last pages too. The quiet account is read without a pace. The changing ones are read at the vendor's 4 "
        "calls/s, since it matters how much changes while a slice is read: people are changed at random between two "
        "calls, a fifth as many are added, and it shows in filters after 2 s. Lost are those that, after one more run, "
        "had not come as they then were.",
        goals=goals,
    )


def _call_goals(work: str, calls: Calls, people: int, lost: int) -> list[Goal]:
    pages = people / PER_PAGE
    return [
        Goal(f"{work}: calls per full page", "≤ 1.10", f"{calls.made / pages:.3f}", calls.made <= 1.10 * pages),
        Goal(f"{work}: lost", "0", f"{lost:,}", lost == 0),
    ]


def _not_as_they_are(account: Account, first: Taken, folder: Path) -> int:
    """Read on where a first run ended; return how many records did not come in their last version."""
    command = programs.tap(account, "people", folder, state=last_state(first.out), calls_per_second=0)
    second, _ = run(account, command, folder, "second")
    came = {m["record"]["id"]: m["record"] for taken in (first, second) for m in messages(taken.out, "RECORD")}
    return sum(
        came.get(identity(raw), {}).get("modified_date") != raw["modified_date"] for raw in account.records("people")
    )


def children(scale: float, folder: Path) -> Section:
    """What many parents with few children each cost."""
    parents = round(10_000 * scale)
    with sandbox_of() as sandbox:
        account = sandbox.account("action_network", counts={"petitions": parents, "people": 1})
        petitions = [identity(raw) for raw in account.records("petitions")]
        account.insert("signatures", [{"action_network:petition_id": petition} for petition in petitions])
        command = programs.tap(account, "signatures", folder, calls_per_second=0)
        run(account, command, folder, "tap-osdi-crm")
        loop = programs.same_calls(account, account.log(), folder)
        found = in_turns(
            {
                "tap-osdi-crm": partial(run, account, command, folder, "tap-osdi-crm"),
                "requests loop": partial(run, account, loop, folder, "requests loop"),
            }
        )
        taken, _ = found["tap-osdi-crm"][-1]
        missing = lost(account, "signatures", taken.out)
    seconds = {name: [calls.seconds for _, calls in runs] for name, runs in found.items()}
    slower = ratio(seconds["tap-osdi-crm"], seconds["requests loop"])
    with taken.out.open("rb") as lines:
        state = sum(len(line) for line in lines if line.startswith(b'{"type":"STATE"'))
    info = [line for line in taken.log.read_text("utf-8").splitlines() if "| INFO " in line]
    said = [line for line in info if "Skipping deselected stream" not in line]
    return Section(
        title=f"{parents:,} petitions of Action Network with one signature each, without a pace.",
        method="The loop makes the very calls that the tap made, with one `requests.Session`, the listing of the "
        "petitions included, decodes every answer and writes every record. Times are from first to last call.",
        goals=[
            Goal("time against the loop", "≤ 1.5 x", f"{slower:.2f} x", slower <= 1.5),
            Goal("STATE in all", "≤ 3 MB", f"{state / 1e6:.3f} MB", state <= 3_000_000),
            Goal(
                "lines at INFO",
                "a handful (≤ 20)",
                f"{len(said)}, and {len(info) - len(said)} of the SDK on streams that are not selected",
                len(said) <= 20,
            ),
            Goal("lost", "0", f"{missing:,}", missing == 0),
        ],
        columns=("program", "seconds", "processor s", "peak MB", "calls"),
        rows=[
            (
                name,
                f"{median(seconds[name]):.1f}",
                f"{median(taken.cpu for taken, _ in runs):.1f}",
                f"{max(taken.peak for taken, _ in runs):.0f}",
                f"{runs[-1][1].made:,}",
            )
            for name, runs in found.items()
        ],
    )


def profiles(scale: float, folder: Path) -> Section:
    """How much of the calls that may be under way at a time reading profile by profile uses."""
    people = round(10_000 * scale)
    with sandbox_of("crowdskout") as sandbox:
        account = sandbox.account("crowdskout", size=people, latency=PROFILE_SECONDS)
        named = {str(raw["id"]) for raw in account.records("profiles") if raw.get("Names")}
        command = programs.tap(account, None, folder, crowdskout_collections=list(COLLECTIONS))
        found = [run(account, command, folder, f"tap-osdi-crm {number}") for number in range(ROUNDS)]
    shares = [calls.per_second * PROFILE_SECONDS / CROWDSKOUT.in_flight for _, calls in found]
    missing = [len(named - {message["record"]["id"] for message in _profiles(taken.out)}) for taken, _ in found]
    return Section(
        title=f"Reading {people:,} profiles of Crowdskout with all {len(COLLECTIONS)} collections, and the streams of "
        "interactions from the same calls.",
        method=f"Answers after {PROFILE_SECONDS * 1000:.0f} ms, {CROWDSKOUT.in_flight} calls at a time, which permits "
        f"{CROWDSKOUT.in_flight / PROFILE_SECONDS:.0f} a second. Calls a second are all there were, the scan of the "
        "segment too, from first to last call. The sandbox runs on the same machine; its answers take up to a "
        "millisecond more than they are to.",
        goals=[
            Goal(
                "calls/s against those permitted",
                "≥ 90 %",
                f"{median(shares):.1%} (rounds: {', '.join(f'{share:.1%}' for share in shares)})",
                median(shares) >= 0.9,
            ),
            Goal("lost", "0", f"{sum(missing):,}", not any(missing)),
        ],
        columns=("calls/s", "seconds", "processor s", "peak MB", "calls"),
        rows=[
            (
                f"{calls.per_second:.1f}",
                f"{calls.seconds:.1f}",
                f"{taken.cpu:.1f}",
                f"{taken.peak:.0f}",
                f"{calls.made:,}",
            )
            for taken, calls in found
        ],
    )


def _profiles(out: Path) -> Iterator[dict[str, Any]]:
    return (message for message in messages(out, "RECORD") if message["stream"] == "profiles")


def resume(scale: float, folder: Path) -> Section:
    """What a killed run costs."""
    people = round(25_000 * scale)
    with sandbox_of() as sandbox:
        account = sandbox.account("action_network", counts={"people": people}, latency=0.05)
        command = programs.tap(account, "people", folder, calls_per_second=0)
        _, undisturbed = run(account, command, folder, "undisturbed")
        account.clear_log()
        killed = folder / "killed.out"
        with killed.open("wb") as out, (folder / "killed.log").open("wb") as log:
            process = subprocess.Popen(command, stdout=out, stderr=log, env=ENVIRONMENT)
        while account.counters()["calls"] < undisturbed.made / 2:
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        first = account.log()
        state = last_state(killed)
        again = programs.tap(account, "people", folder, state=state, calls_per_second=0)
        second, calls = run(account, again, folder, "again")
        missing = lost(account, "people", killed, second.out)
        repeated = len(ids(killed) & ids(second.out))
    unfinished = _unfinished(state["bookmarks"]["people"], first)
    more = len(first) + calls.made - undisturbed.made
    return Section(
        title=f"`kill -9` in the middle of reading {people:,} people of Action Network, and a second run.",
        method="Answers after 50 ms, so that four slices are read at a time. Read again are the slices that the first "
        "run had asked pages of and that its last STATE does not call finished.",
        goals=[
            Goal("lost", "0", f"{missing:,}", missing == 0),
            Goal("slices read again", f"≤ {IN_FLIGHT} in flight", f"{unfinished}", unfinished <= IN_FLIGHT),
        ],
        columns=("calls undisturbed", "until the kill", "of the second run", "more in all", "records that came twice"),
        rows=[(f"{undisturbed.made:,}", f"{len(first):,}", f"{calls.made:,}", f"{more:,}", f"{repeated:,}")],
    )


def _unfinished(noted: dict[str, Any], log: list[dict[str, Any]]) -> int:
    """Return how many slices were asked for by two bounds (`gt` and `lt`) that a bookmark does not call finished."""
    filters = {call["query"].get("filter", "") for call in log}
    begins = {filter_.split("'")[1] for filter_ in filters if " gt '" in filter_ and " lt '" in filter_}
    asked = {datetime.fromisoformat(begin) + timedelta(seconds=1) for begin in begins}
    bookmark = datetime.fromisoformat(noted.get("replication_key_value", "1970-01-01T00:00Z"))
    done = {datetime.fromisoformat(since) for since, _ in noted.get("slices", [])}
    return sum(begin >= bookmark for begin in asked - done)
