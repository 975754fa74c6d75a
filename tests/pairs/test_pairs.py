"""From each CRM into each other one: who arrives, who may be reached there, that a second run changes nothing.

`make pairs` moves an account of 60 people between all twenty pairs, and prints the table of docs/crm-to-crm.md.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from osdi_crm_sandbox.control import Account, Sandbox
from osdi_crm_schemas.crosswalk import shared_streams

from tests import shown_people
from tests.pairs.people import HELD, KINDS, fill
from tests.shown_people import Shown
from tests.tap_command import TapCommand, TapRun
from tests.target_command import TargetCommand, TargetRun

VENDORS = [*shown_people.OF_VENDOR]
PAIRS = [*permutations(VENDORS, 2)]
SOME = ("nationbuilder", "action_network")
"""The pair that is moved by `make test` too."""

IMPORTS = {"i360_wait_for_import": 5, "i360_contacts_per_import": 1}
"""One contact an import, and to its end: one that fails takes all in it along."""

TABLE: list[str] = []


@pytest.fixture(scope="session", autouse=True)
def table() -> Iterator[None]:
    """Print what each pair carried."""
    yield
    heads = "| from | to | people | created | rejected | taggings | not carried, by field |"
    sys.stdout.write("\n".join(["", heads, "| --- | --- | --- | --- | --- | --- | --- |", *TABLE, ""]))


@pytest.fixture
def tap(tmp_path: Path) -> TapCommand:
    return TapCommand(tmp_path)


@pytest.fixture
def target(tmp_path: Path) -> TargetCommand:
    settings = {"model": "osdi", "default_country": "US", "source": "pair", **IMPORTS}
    (tmp_path / "target").mkdir()
    return TargetCommand(tmp_path / "target", settings)


def read(tap: TapCommand, account: Account, state: Any = None, **settings: Any) -> TapRun:
    settings = {"model": "osdi", "account": "there", **HELD[account.vendor].reading, **settings}
    run = tap(tap.settings(account, **settings), state=state)
    assert run.code == 0, run.log
    return run


def read_with(tap: TapCommand, account: Account, names: set[str], state: Any = None) -> TapRun:
    """Read until people of these given names come: what has just changed is left to the next run."""
    deadline = time.monotonic() + 60
    while True:
        run = read(tap, account, state)
        if names <= {str(each.get("given_name")).title() for each in run.records("people")}:
            return run
        assert time.monotonic() < deadline, "they never came"


def write(target: TargetCommand, account: Account, run: TapRun, **settings: Any) -> TargetRun:
    done = target(account, [json.dumps(each) for each in run.messages], **settings)
    assert done.code in {0, 3}, done.log
    return done


def sharing(people: Iterable[Shown], somebody: Shown) -> list[Shown]:
    """Those who share an address with somebody."""
    return [each for each in people if each.emails & somebody.emails or each.phones & somebody.phones]


def assert_nobody_is_reached_who_is_out(there: list[Shown], here: list[Shown]) -> None:
    for one in here:
        for way in one.barred:
            for other in there:
                is_one = (other.given, other.family) == (one.given, one.family) and other.phones & one.phones
                if other.emails & one.emails if way == "mailed" else is_one:
                    assert not getattr(other, way), (way, one, other)


def assert_everybody_is_there_once(there: list[Shown], here: list[Shown], rejected: int) -> None:
    missing = [one for one in here if not any((each.given, each.family) == (one.given, one.family) for each in there)]
    merged = [one for one in missing if sharing(there, one)]
    assert len(missing) - len(merged) <= rejected, missing
    emails = [email for each in there for email in each.emails]
    assert len(emails) == len(set(emails))


def assert_a_tag_that_is_taken_off_goes(here: Account, there: Account, tap: TapCommand, target: TargetCommand) -> None:
    resource = shared_streams(here.vendor)["taggings"]
    before = sum(len(each.tags) for each in shown_people.people(there))
    detecting = {"detect_deletes": ["taggings"]}
    run = read(tap, here, **detecting)
    (gone, *_) = here.records(resource)
    here.delete(resource, [gone.get("id") or str(gone["identifiers"][0]).partition(":")[2]])
    write(target, there, read(tap, here, run.state, **detecting), allow_delete=True)
    assert sum(len(each.tags) for each in shown_people.people(there)) == before - 1


@pytest.mark.parametrize(
    ("source", "to"), [pytest.param(*pair, marks=() if pair == SOME else pytest.mark.pairs) for pair in PAIRS]
)
def test_a_pair(source: str, to: str, sandbox: Sandbox, tap: TapCommand, target: TargetCommand) -> None:
    here, there = sandbox.account(source, size=50), sandbox.account(to)
    fill(here)
    people, tags = (shared_streams(to).get(name, name) for name in ("people", "taggings"))

    run = read_with(tap, here, {kind.name for kind in KINDS})
    planned = write(target, there, run, dry_run=True)
    assert not shown_people.people(there)
    done = write(target, there, run)
    again = write(target, there, read(tap, here))

    read_ids = {each["id"] for each in run.records("people")}
    before = [each for each in shown_people.people(here) if each.id in read_ids]
    after = shown_people.people(there)
    rejected = done.count(people, "rejected")
    assert planned.count(people, "created") >= done.count(people, "created")
    assert_everybody_is_there_once(after, before, rejected)
    assert len(after) <= len(run.records("people"))
    assert_nobody_is_reached_who_is_out(after, before)
    assert (again.count(people, "created"), again.count(people, "updated")) == (0, 0)
    if to in shown_people.ASKS and source in shown_people.ASKS:
        for one in (each for each in before if each.mailed and sharing(after, each)):
            assert any(each.mailed for each in after if each.emails & one.emails), one
    carried = ", ".join(sorted({**done.by(people, "withheld"), **done.by(people, "created")})) or "-"
    counts = f"{len(run.records('people'))} | {done.count(people, 'created')} | {rejected}"
    TABLE.append(
        f"| {source} | {to} | {counts} | {done.summary['streams'].get(tags, {}).get('created', 0)} | {carried} |"
    )

    held = HELD[source]
    ids = {each.given: each.id for each in before}
    here.change(held.resource, [ids["Plain"]], **held.renamed("Renamed"))
    if held.out:
        here.change(held.resource, [ids["Sharedone"]], **held.out("sharedone@example.org"))
    next_day = write(target, there, read_with(tap, here, {"Renamed"}, run.state))

    later = shown_people.people(there)
    if "taggings" in shared_streams(source) and "taggings" in shared_streams(to):
        assert_a_tag_that_is_taken_off_goes(here, there, tap, target)
    assert any(each.given == "Renamed" for each in later)
    if held.out and any(each.mailed for each in later if "sharedone@example.org" in each.emails):
        assert "opt_out_cannot_be_held" in [each["code"] for each in next_day.rejects]
