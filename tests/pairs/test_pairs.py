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
from tests.pairs.people import HELD, KINDS, Kind, fill
from tests.shown_people import Shown
from tests.tap_command import TapCommand, TapRun
from tests.target_command import TargetCommand, TargetRun

VENDORS = [*shown_people.OF_VENDOR]
PAIRS = [*permutations(VENDORS, 2)]
SOME = ("nationbuilder", "action_network")
"""The pair that is moved by `make test` too."""

IMPORTS = {"i360_wait_for_import": 5, "i360_contacts_per_import": 1}
"""One contact an import, and to its end: one that fails takes all in it along."""

MOVED = "new.sharedtwo@example.org"
CANNOT = "opt_out_cannot_be_held"

TABLE: list[str] = []


@pytest.fixture(scope="session", autouse=True)
def table() -> Iterator[None]:
    """Print what each pair carried."""
    yield
    heads = "| from | to | people | created | rejected | taggings | not carried, by field | the next day, not told |"
    sys.stdout.write("\n".join(["", heads, "| --- | --- | --- | --- | --- | --- | --- | --- |", *TABLE, ""]))


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

    not_later = the_next_day(here, there, before, tap, target, run.state)
    TABLE[-1] += f" {', '.join(not_later) or '-'} |"


def the_next_day(
    here: Account, there: Account, before: list[Shown], tap: TapCommand, target: TargetCommand, state: Any
) -> list[str]:
    """Change people at the source, see that this arrives, and tell what could not."""
    held, ids, kinds = HELD[here.vendor], {each.given: each.id for each in before}, {each.name: each for each in KINDS}
    changes = {"Plain": held.renamed("Renamed"), "Sharedtwo": held.moved(MOVED)}
    if held.out:
        changes["Sharedone"] = held.out(kinds["Sharedone"].address)
    if held.back:
        changes["Outmail"] = held.back(kinds["Outmail"].address)
    for name, change in changes.items():
        here.change(held.resource, [ids[name]], **change)
    run = read_with(tap, here, {"Renamed", *changes} - {"Plain"}, state)

    done = write(target, there, run)

    later, not_told = shown_people.people(there), []
    assert [each.given for each in later].count("Renamed") == 1
    assert [each.given for each in later if MOVED in each.emails] == ["Sharedtwo"]
    if not held.out:
        not_told.append("opt-out")
    elif with_address(later, kinds["Sharedone"], mailed=True):
        assert CANNOT in [each["code"] for each in done.rejects]
        not_told.append("opt-out (rejected)")
    if not held.back:
        not_told.append("opt-in")
    else:
        outmail = kinds["Outmail"]
        assert not with_address(later, outmail, mailed=True)
        withheld = done.by(shared_streams(there.vendor)["people"], "consent").get("email withheld")
        key = next(each["id"] for each in run.records("people") if each["given_name"].title() == "Outmail")
        rejected = {each["key"]: each["code"] for each in done.rejects}
        assert withheld or rejected.get(f"{here.vendor}-there:{key}") == CANNOT, done.summary
        write(target, there, run, allow_resubscribe=True)
        if not with_address(shown_people.people(there), outmail, mailed=True):
            assert there.vendor not in shown_people.ASKS
            not_told.append("opt-in")
    if "taggings" in shared_streams(here.vendor).keys() & shared_streams(there.vendor).keys():
        assert_a_tag_that_is_taken_off_goes(here, there, tap, target)
    else:
        not_told.append("tag taken off")
    return not_told


def with_address(people: Iterable[Shown], kind: Kind, *, mailed: bool) -> list[Shown]:
    """Those who have somebody's e-mail address, and get e-mails or do not."""
    return [each for each in people if kind.address in each.emails and each.mailed == mailed]
