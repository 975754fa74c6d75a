"""What it costs to find out whom a vendor has already."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.reading import sandbox_of
from benchmarks.results import Goal, Section
from benchmarks.writing import load

if TYPE_CHECKING:
    from pathlib import Path

SETTLING = 11.0
"""Seconds after which a change is old enough for the index to have it: a little more than twice the vendors' lag."""


@dataclass(frozen=True)
class Vendor:
    """A vendor's people, as they come in."""

    name: str
    title: str
    people: str
    phone: str
    family: str
    subscribed: dict[str, Any]
    most: float

    def given(self, folder: Path, name: str, numbers: range, **more: Any) -> Path:
        """Return a file of so many people with an e-mail address and a phone."""
        file = folder / f"{self.name}-{name}"
        schema = {"type": "object", "properties": {"id": {}}}
        head = {"type": "SCHEMA", "stream": self.people, "schema": schema, "key_properties": ["id"]}
        lines = [head]
        for n in numbers:
            who = {"id": f"p{n}", "email": f"n{n}@example.org", self.phone: f"(202) 55{n // 10_000}-{n % 10_000:04}"}
            lines.append({"type": "RECORD", "stream": self.people, "record": {**who, **more}})
        file.write_text("".join(f"{json.dumps(each)}\n" for each in lines), encoding="utf-8")
        return file


VENDORS = (
    Vendor("action_network", "Action Network", "people", "phone", "family_name", {"email_status": "subscribed"}, 1.2),
    Vendor("nationbuilder", "NationBuilder", "signups", "mobile_number", "last_name", {"email_opt_in": True}, 1.1),
)


def match(scale: float, folder: Path) -> Section:
    """Calls a record, with the index of people that the target keeps where it spares calls."""
    number, there = round(2_000 * scale), round(5_000 * scale)
    goals = [goal for vendor in VENDORS for goal in _of_vendor(vendor, number, there, folder / vendor.name)]
    return Section(
        title=f"{number:,} people with e-mail address and phone written to an account of {there:,}, calls a record.",
        method="All calls of the run, those that fill the index and keep it fresh included; without a pace. Looked up "
        "one by one a new person costs three at Action Network and two at NationBuilder. The journal is lost with the "
        "index in it.",
        goals=goals,
    )


def _of_vendor(vendor: Vendor, number: int, there: int, folder: Path) -> list[Goal]:
    folder.mkdir()
    new = vendor.given(folder, "new", range(number))
    subscribed = vendor.given(folder, "subscribed", range(number, 2 * number), **vendor.subscribed)
    changed = vendor.given(folder, "changed", range(number), **{vendor.family: "New"})
    with sandbox_of(vendor.name) as sandbox:
        account = sandbox.account(vendor.name, counts={vendor.people: there})

        def cost(work: str, most: float, given: Path) -> Goal:
            _, calls = load(account, given, folder, work.partition(",")[0].replace(" ", "-"))
            counts = json.loads((folder / "work" / "summary.json").read_text("utf-8"))["streams"][vendor.people]
            each = calls.made / counts["read"]
            return Goal(f"{vendor.title}: {work}", f"≤ {most:.2f}", f"{each:.2f}", round(each, 2) <= most)

        goals = [cost("new, the index still to be filled", vendor.most, new)]
        for file in (folder / "work").glob("journal.db*"):
            file.unlink()
        time.sleep(SETTLING)
        goals.append(cost("unchanged, journal lost", 0.2, new))
        goals.append(cost("new and subscribed, the index there", vendor.most, subscribed))
        goals.append(cost("changed, journal there", 1.0, changed))
    return goals
