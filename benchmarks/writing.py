"""What the target is measured by."""

from __future__ import annotations

import json
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks import programs
from benchmarks.measuring import ROUNDS, Calls, Running, Taken, ratio
from benchmarks.reading import ACTION_NETWORK, paced, run, sandbox_of
from benchmarks.results import Goal, Section

if TYPE_CHECKING:
    from pathlib import Path

    from osdi_crm_sandbox.control import Account

PEOPLE_A_PACED_RUN = 600
"""People whose writing takes more than 1,000 calls."""

LATENCY = 0.02
"""Seconds after which a vendor that is near answers."""

MOST_TRIES = 6
"""How often the client makes a call that fails."""

BAD = "bad@example.org"


def people(number: int, folder: Path) -> Path:
    """Return a file of so many people as our tap reads them."""
    with sandbox_of() as sandbox:
        account = sandbox.account("action_network", counts={"people": number})
        return run(account, programs.tap(account, "people", folder, calls_per_second=0), folder, "people")[0].out


def load(account: Account, given: Path, folder: Path, name: str, *, code: int = 0) -> tuple[Taken, Calls]:
    """Write people to an account; the journal is the folder's."""
    account.clear_log()
    command = programs.target(account, folder, calls_per_second=0)
    return Running(command, folder, name, stdin=given).wait(code=code), Calls.of(account)


def write(scale: float, folder: Path) -> Section:
    """Speed of writing without a pace."""
    number, fewer = round(5_000 * scale), round(500 * scale)
    ours, theirs, written = _beside_the_loop(number, 0, ROUNDS, folder / "at once")
    ours_late, theirs_late, written_late = _beside_the_loop(fewer, LATENCY, 1, folder / "late")
    faster, faster_late = _faster(ours, theirs), _faster(ours_late, theirs_late)
    lost = number - min(written) + fewer - min(written_late)
    late = f"{fewer:,} people, answers after {LATENCY * 1000:.0f} ms"
    return Section(
        title=f"Writing {number:,} new people to Action Network, without a pace, journal on.",
        method="The people are what the tap reads from another account. The loop makes the very calls that the target "
        "made, one after the other, with one `requests.Session`, and decodes the answers; it knows nothing of what it "
        "writes. The sandbox answers in less than a millisecond, so that the processor is all that counts, and once "
        "more as late as a vendor that is near. Calls and times are from first to last call.",
        goals=[
            Goal("speed against the loop", "≥ 1 x", f"{faster:.2f} x", faster >= 1),
            Goal(f"speed against the loop, {late}", "≥ 1 x", f"{faster_late:.2f} x", faster_late >= 1),
            Goal("lost", "0", f"{lost:,}", lost == 0),
        ],
        columns=("program", "people/s", "calls/s", "processor s", "peak MB", "calls"),
        rows=[
            (
                name,
                f"{median(people / calls.seconds for _, calls in runs):,.0f}",
                f"{median(calls.per_second for _, calls in runs):,.0f}",
                f"{median(taken.cpu for taken, _ in runs):.1f}",
                f"{max(taken.peak for taken, _ in runs):.0f}",
                f"{runs[-1][1].made:,}",
            )
            for name, people, runs in (
                ("target-osdi-crm", number, ours),
                ("requests loop", number, theirs),
                (f"target-osdi-crm, {late}", fewer, ours_late),
                (f"requests loop, {late}", fewer, theirs_late),
            )
        ],
    )


def _beside_the_loop(
    number: int, latency: float, rounds: int, folder: Path
) -> tuple[list[tuple[Taken, Calls]], list[tuple[Taken, Calls]], list[int]]:
    """Write so many people with the target, and make the same calls with the loop; return also how many there are."""
    folder.mkdir()
    given = people(number, folder)
    ours: list[tuple[Taken, Calls]] = []
    theirs: list[tuple[Taken, Calls]] = []
    written = []
    for turn in range(rounds):
        place = folder / str(turn)
        with sandbox_of() as sandbox:
            account = sandbox.account("action_network", latency=latency)
            ours.append(load(account, given, place, "target-osdi-crm"))
            written.append(account.counters()["resources"]["people"])
            empty = sandbox.account("action_network", latency=latency)
            theirs.append(run(empty, programs.same_calls(empty, account.log(), place), place, "loop"))
    return ours, theirs, written


def _faster(ours: list[tuple[Taken, Calls]], theirs: list[tuple[Taken, Calls]]) -> float:
    return ratio([1 / calls.seconds for _, calls in ours], [1 / calls.seconds for _, calls in theirs])


def unchanged(scale: float, folder: Path) -> Section:
    """What records cost that have not changed."""
    number = round(100_000 * scale)
    given = people(number, folder)
    with sandbox_of() as sandbox:
        account = sandbox.account("action_network")
        load(account, given, folder, "first")
        again = [load(account, given, folder, "again") for _ in range(ROUNDS)]
    calls = sum(calls.made for _, calls in again)
    speed = median(number / taken.seconds for taken, _ in again)
    return Section(
        title=f"{number:,} people that were written before and have not changed.",
        method="The same file once more, three times. Records a second are over the whole life of the process, start "
        "and end included.",
        goals=[
            Goal("calls", "0", f"{calls:,}", calls == 0),
            Goal("records/s", "≥ 20,000", f"{speed:,.0f}", speed >= 20_000),
        ],
        columns=("records/s, each time", "processor s", "peak MB", "MB of input"),
        rows=[
            (
                ", ".join(f"{number / taken.seconds:,.0f}" for taken, _ in again),
                f"{median(taken.cpu for taken, _ in again):.1f}",
                f"{max(taken.peak for taken, _ in again):.0f}",
                f"{given.stat().st_size / 1e6:.0f}",
            )
        ],
    )


def failing(scale: float, folder: Path) -> Section:
    """One record that the vendor never takes."""
    number = round(5_000 * scale)
    given = folder / "given"
    with sandbox_of() as sandbox:
        account = sandbox.account("action_network")
        bad = account.insert("people", [{"email_addresses": [{"address": BAD}], "given_name": "Old"}])[0]
        own = bad["_links"]["self"]["href"].rsplit("/", 1)[-1]
        account.fault(do="status", status=500, method="PUT", path=own)
        _spoil(people(number, folder), given, number // 2)
        taken, _ = load(account, given, folder, "load", code=3)
        log = account.log()
        good = account.counters()["resources"]["people"] - 1
    tries = [call["at"] for call in log if call["method"] == "PUT" and own in call["path"]]
    seconds = tries[-1] - tries[0] if tries else 0.0
    return Section(
        title=f"One person among {number:,} whose writing is always answered 500, without a pace.",
        method="The person exists at the vendor under the record's e-mail, and every PUT to it fails. The exit code "
        "was 3, that of newly rejected records; any other would have ended the benchmark.",
        goals=[
            Goal("written", f"{number - 1:,}", f"{good:,}", good == number - 1),
            Goal("tries", f"≤ {MOST_TRIES}", f"{len(tries)} within {seconds:.0f} s", 0 < len(tries) <= MOST_TRIES),
        ],
        columns=("seconds in all", "peak MB", "calls"),
        rows=[(f"{taken.seconds:.1f}", f"{taken.peak:.0f}", f"{len(log):,}")],
    )


def _spoil(given: Path, spoiled: Path, place: int) -> None:
    """Copy a file of messages; the record after so many others becomes the one that fails."""
    records = 0
    with given.open(encoding="utf-8") as lines, spoiled.open("w", encoding="utf-8") as out:
        for line in lines:
            message: dict[str, Any] = json.loads(line)
            if message["type"] == "RECORD":
                if records == place:
                    message["record"]["email_addresses"] = [{"primary": True, "address": BAD, "status": "subscribed"}]
                records += 1
            out.write(json.dumps(message) + "\n")


def pace(scale: float, folder: Path) -> Section:
    """How much of a vendor's limit writing uses."""
    number = round(PEOPLE_A_PACED_RUN * scale)
    given = people(number, folder)

    def begin(account: Account, place: Path) -> Running:
        return Running(programs.target(account, place), place, "target", stdin=given)

    def lost(account: Account, _: Taken) -> int:
        written: int = account.counters()["resources"]["people"]
        return number - written

    return Section(
        title=f"Writing {number:,} new people to Action Network at its 4 calls/s.",
        method="As for reading: four accounts at once, each in a sandbox of its own.",
        goals=paced(ACTION_NETWORK, {}, begin, lost, folder),
    )
