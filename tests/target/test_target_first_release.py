"""Journals of the first release: this one opens them, skips what they know, takes up what waits, and reports."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from osdi_crm_sandbox.control import Sandbox
from target_osdi_crm import journal_command

STORED = Path(__file__).parent / "first_release"
PEOPLE = {
    "action_network": "people",
    "crowdskout": "profiles",
    "i360": "contacts",
    "nationbuilder": "signups",
    "rally_congress": "supporters",
}


def written(vendor: str) -> list[Any]:
    """What the target of the first release made the stored journals from; the second person is no good."""
    people = PEOPLE[vendor]
    schema = {"properties": {"id": {}, "first_name": {"type": "string"}}}
    ada = {"id": "1", "email": "ada@example.org", "first_name": "Ada", "last_name": "L", "FirstName": "Ada"}
    return [
        {"type": "SCHEMA", "stream": people, "schema": schema, "key_properties": ["id"]},
        {"type": "RECORD", "stream": people, "record": ada},
        {"type": "RECORD", "stream": people, "record": {"id": "2", "first_name": 7}},
    ]


SIGNATURE = {"id": "1", "person_id": "9", "petition_id": "1"}
"""Was written to Action Network too, where neither the person nor the petition was known."""


@pytest.fixture
def with_journal(target: Any) -> Callable[[str], Any]:
    """The target, with the stored journal of a vendor in its folder."""

    def stored(vendor: str) -> Any:
        file = target.folder / "journal.db"
        file.touch(mode=0o600)
        with closing(sqlite3.connect(file)) as made:
            for script in ("tables", vendor):
                made.executescript((STORED / f"{script}.sql").read_text())
        return target

    return stored


@pytest.mark.parametrize("vendor", PEOPLE)
def test_it_opens_skips_what_it_knows_and_reports(
    vendor: str, sandbox: Sandbox, with_journal: Callable[[str], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    account, target = sandbox.account(vendor), with_journal(vendor)

    done = target(account, written(vendor), journal_retention_days=0)

    assert done.code == 0, done.log
    assert done.count(PEOPLE[vendor], "unchanged") == 1, "unless the vendor's `version` has been raised since"
    assert done.count(PEOPLE[vendor], "standing") == 1
    assert account.counters()["calls"] == 0
    for command in ("status", "rejects", "report --run 1"):
        journal_command.main(["--work-dir", str(target.folder), *command.split()])
        told = capsys.readouterr().out
        assert "invalid record" in told or command.startswith("report")
    assert "invalid record" in (target.folder / "report.html").read_text()


def test_a_dry_run_reads_it_as_it_is(sandbox: Sandbox, with_journal: Callable[[str], Any]) -> None:
    account, target = sandbox.account("action_network"), with_journal("action_network")
    before = (target.folder / "journal.db").read_bytes()

    done = target(account, written("action_network"), dry_run=True)

    assert done.code == 0, done.log
    assert done.count("people", "unchanged") == 1
    assert (target.folder / "journal.db").read_bytes() == before


def test_what_waits_in_it_is_written_once_it_can_be(sandbox: Sandbox, with_journal: Callable[[str], Any]) -> None:
    account, target = sandbox.account("action_network"), with_journal("action_network")
    lines = [
        *target.messages("people", {"id": "9", "email": "nine@example.org"}),
        *target.messages("petitions", {"id": "1", "title": "Save the library"}),
    ]

    done = target(account, lines, journal_retention_days=0)

    assert done.code == 0, done.log
    assert len(account.records("signatures")) == 1
