"""The first minute: people of one CRM on the screen, what changed since, a write, and the way into another CRM."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from osdi_crm_client.vendor import vendor as vendor_named
from osdi_crm_sandbox.control import Account, Sandbox
from rich.bar import Bar
from rich.console import Console
from rich.table import Table
from rich.text import Text

from demo.ways import OUTPUT, ROOT, WAYS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

FOLDER = OUTPUT / "first-minute"
HERE = FOLDER.relative_to(ROOT)
PEOPLE = 25
PORT = 8765
SOME_REJECTED = 3
"""The target's exit code where some records can never be written."""

console = Console(highlight=False)


def main() -> None:
    """Show one vendor: the one that is named, or else Action Network."""
    vendor = (sys.argv[1:] or ["action_network"])[0].replace("-", "_")
    if vendor not in WAYS:
        sys.exit(f"There is no vendor {vendor!r}: name one of {', '.join(WAYS)}, or all.")
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    other = "action_network" if vendor == "nationbuilder" else "nationbuilder"
    with running(vendor, other) as sandbox:
        first, second = (sandbox.existing(vendor, key) for key in ("sandbox", "sandbox-empty"))
        third = sandbox.existing(other, "sandbox-empty")
        for account in (first, second, third):
            account.set(rate=WAYS[account.vendor].limit, index_lag=0)
        if prepared := WAYS[vendor].prepared:
            second.insert(prepared, first.records(prepared))
        write_settings(first, second)
        read(vendor)
        read_what_changed(vendor, first)
        write(second)
        move(first, third)
        look()
        console.print("\n[bold]Go on by hand[/]: start the sandbox again, and run any of these commands:")
        console.print(f"  [green]{sandbox_command((vendor, other), int(sandbox.url.rpartition(':')[2]))} &[/]")
        console.print("With an account of your own: README.md, 'With your own account'.")
        console.print("All five vendors, by Meltano into DuckDB: [green]make demo VENDOR=all[/]")


def sandbox_command(vendors: Iterable[str], port: int) -> str:
    """The command that starts the sandbox."""
    named = " ".join(f"--vendor {each}" for each in vendors)
    return f".venv/bin/osdi-crm-sandbox {named} --port {port} --size {PEOPLE}"


@contextmanager
def running(vendor: str, other: str) -> Iterator[Sandbox]:
    """A sandbox where a command line finds it again: at the port of the docs, if that is free."""
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            free.bind(("127.0.0.1", PORT))
        except OSError:
            free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = sandbox_command((vendor, other), port)
    console.print(f"{vendor_named(vendor).title} on this machine, with {PEOPLE} people and the vendor's own limit:")
    console.print(f"  [green]{command}[/]")
    process = subprocess.Popen(command.split(), cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        if not (line := process.stdout.readline()):
            sys.exit("The sandbox did not start; what is wrong stands above.")
        yield Sandbox(line.split()[-1])
    finally:
        process.terminate()
        process.communicate()


def write_settings(first: Account, second: Account) -> None:
    """Write what the commands are given: settings of the tap, and of the target for a dry run and for real."""
    way = WAYS[first.vendor]
    lag = {"index_lag_seconds": 0}
    tap = {**first.settings, **way.tap, **lag, "work_dir": f"{HERE}/work"}
    target = {**second.settings, **way.target, **lag, "account": "sandbox-empty", "work_dir": f"{HERE}/work"}
    for name, settings in (
        ("tap", tap),
        ("target", target),
        ("dry-run", {**target, "dry_run": True, "plan_values": True}),
    ):
        (FOLDER / f"{name}.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")


def read(vendor: str) -> None:
    """Read everybody, and show five."""
    way, tap = WAYS[vendor], f".venv/bin/tap-osdi-crm --config {HERE}/tap.json"
    title("Read", f"the stream [bold]{way.changed}[/], as Singer messages")
    run(f"{tap} --discover > {HERE}/catalog.json")
    catalog = json.loads((FOLDER / "catalog.json").read_text(encoding="utf-8"))
    chosen = {way.changed, *way.before}
    catalog["streams"] = [stream for stream in catalog["streams"] if stream["tap_stream_id"] in chosen]
    (FOLDER / "catalog.json").write_text(json.dumps(catalog, indent=1), encoding="utf-8")
    seconds = run(f"{tap} --catalog {HERE}/catalog.json > {HERE}/read.jsonl", watch=FOLDER / "read.jsonl")
    records = [
        message["record"]
        for message in messages("read.jsonl")
        if message.get("stream") == way.changed and message["type"] == "RECORD"
    ]
    table = Table(*way.shows, box=None, header_style="bold")
    for record in records[:5]:
        table.add_row(*(Text(str(at(record, path) or "")) for path in way.shows.values()))
    console.print(table)
    console.print(f"… {len(records)} of them, in {seconds:.1f} seconds.")


def read_what_changed(vendor: str, first: Account) -> None:
    """Change something, and read again from the STATE."""
    way = WAYS[vendor]
    first.change(way.changed, count=3)
    first.insert(way.changed, [{}])
    title("Read again", "three people were changed at the vendor, one came anew")
    states = [message["value"] for message in messages("read.jsonl") if message["type"] == "STATE"]
    (FOLDER / "state.json").write_text(json.dumps(states[-1]), encoding="utf-8")
    run(
        f".venv/bin/tap-osdi-crm --config {HERE}/tap.json --catalog {HERE}/catalog.json --state {HERE}/state.json"
        f" > {HERE}/changed.jsonl",
        watch=FOLDER / "changed.jsonl",
    )
    moved = Counter(message["stream"] for message in messages("changed.jsonl") if message["type"] == "RECORD")
    for stream, number in moved.items():
        told = "" if number <= 4 else ": this vendor does not tell what changed, so every run reads all"
        console.print(f"{number} records of [bold]{stream}[/]{told}.")


def write(second: Account) -> None:
    """Write what was read into an empty account: what would be done, then for real."""
    title("A dry run", "what would be written into a second, empty account; it only looks")
    run(f".venv/bin/target-osdi-crm --config {HERE}/dry-run.json < {HERE}/read.jsonl")
    shown = run_shown(f".venv/bin/osdi-crm-journal --config {HERE}/dry-run.json plan")
    console.print("\n".join(line[: console.width - 1] for line in shown.splitlines()[:6]), markup=False)

    title("Write", "and do it, at the vendor's pace")
    seconds = run(
        f".venv/bin/target-osdi-crm --config {HERE}/target.json < {HERE}/read.jsonl > {HERE}/states.jsonl",
        counted=lambda: second.counters()["calls"],
    )
    summary = json.loads((FOLDER / "work" / "summary.json").read_text(encoding="utf-8"))
    chart(summary["streams"])
    console.print(f"{summary['calls']} calls in {seconds:.1f} seconds. The same again would make none.")


def move(first: Account, third: Account) -> None:
    """Move the people into another CRM, by the shared model: two files of settings, one pipe."""
    way, shared = WAYS[first.vendor], {"model": "osdi", "index_lag_seconds": 0, "work_dir": f"{HERE}/moved"}
    target = {**third.settings, **WAYS[third.vendor].target, **shared, "account": "another", "default_country": "US"}
    for name, settings in (("from", {**first.settings, **way.tap, **shared}), ("to", target)):
        (FOLDER / f"{name}.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
    title("Into another CRM", f"from {vendor_named(first.vendor).title} into {vendor_named(third.vendor).title}")
    seconds = run(
        f".venv/bin/tap-osdi-crm --config {HERE}/from.json | .venv/bin/target-osdi-crm --config {HERE}/to.json"
        f" > {HERE}/moved.jsonl",
        counted=lambda: third.counters()["calls"],
    )
    summary = json.loads((FOLDER / "moved" / "summary.json").read_text(encoding="utf-8"))
    chart(summary["streams"])
    console.print(f"In {seconds:.1f} seconds. What the other side has no field for is counted: docs/crm-to-crm.md.")


def look() -> None:
    """Show what the journal knows, and make the page about the run."""
    title("Look", "the journal knows what became of each record, and makes a page about the run")
    console.print(run_shown(f".venv/bin/osdi-crm-journal --config {HERE}/target.json status"), markup=False, end="")
    run(f".venv/bin/osdi-crm-journal --config {HERE}/target.json report")
    console.print(f"Open it in a browser: [bold]{FOLDER / 'work' / 'report.html'}[/]")


def chart(streams: Mapping[str, Mapping[str, Any]]) -> None:
    """Bars: how many records came to which outcome."""
    table = Table(box=None, show_header=False)
    for stream, counts in streams.items():
        for outcome, number in counts.items():
            if isinstance(number, int) and number and outcome != "read":
                colour = "red" if outcome in {"rejected", "unknown"} else "green"
                table.add_row(stream, outcome, str(number), Bar(counts["read"], 0, number, width=40, color=colour))
    console.print(table)


def title(what: str, words: str) -> None:
    """Begin a step."""
    console.print(f"\n[bold cyan]{what}[/]: {words}")


def run(command: str, *, watch: Path | None = None, counted: Callable[[], int] | None = None) -> float:
    """Show a command and run it; its log goes into a file. Returns the seconds it took."""
    console.print(Text(f"  {command}", style="green"), soft_wrap=True)
    log, began = FOLDER / "log", time.monotonic()
    with log.open("a", encoding="utf-8") as out, console.status("…") as status:
        out.write(f"$ {command}\n")
        out.flush()
        process = subprocess.Popen(command, shell=True, cwd=ROOT, stdout=out, stderr=out)
        while process.poll() is None:
            done = f"{counted():,} calls" if counted else f"{lines(watch):,} messages" if watch else ""
            status.update(f"{time.monotonic() - began:.0f} s {done}")
            time.sleep(0.2)
    if process.returncode not in {0, SOME_REJECTED}:
        console.print("\n".join(log.read_text(encoding="utf-8").splitlines()[-15:]), markup=False)
        sys.exit(f"This ended with exit code {process.returncode}; its log is in {HERE}/log.")
    return time.monotonic() - began


def run_shown(command: str) -> str:
    """Show a command and run it; returns what it prints."""
    console.print(Text(f"  {command}", style="green"), soft_wrap=True)
    return subprocess.run(command, shell=True, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout


def lines(file: Path) -> int:
    """How many lines a file has so far."""
    return file.read_bytes().count(b"\n") if file.exists() else 0


def messages(name: str) -> list[dict[str, Any]]:
    """The Singer messages in a file."""
    return [json.loads(line) for line in (FOLDER / name).read_text(encoding="utf-8").splitlines()]


def at(record: Any, path: str) -> Any:
    """What lies at a dotted path of a record; of a list, its first entry. A path of several words joins them."""
    if " " in path:
        return " ".join(str(at(record, each) or "") for each in path.split())
    for name in path.split("."):
        if isinstance(record, list):
            record = record[0] if record else None
        record = record.get(name) if isinstance(record, dict) else None
    return record


if __name__ == "__main__":
    main()
