"""Journals of the first release: this one opens them, skips what they know, takes up what waits, and reports."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from osdi_crm_sandbox.control import Sandbox
from target_osdi_crm.journal import database
from target_osdi_crm.journal.states import Row, State
from target_osdi_crm.journal.store import Journal
from target_osdi_crm.report import journal_command

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


ROWS = {
    # outcome, action, vendor_id, retry, reason → state, code
    ("ok", None, "v", None, None): ("ok", None),
    ("ok", "create", None, None, None): ("settled", None),
    ("skipped", None, "v", None, "exists already"): ("skipped", None),
    ("sent", "create", None, None, None): ("unanswered", None),
    ("sent", "create", None, None, "no answer"): ("unanswered", "no_answer"),
    ("sent", "create", "v", None, None): ("found", None),
    ("sent", "update", "v", None, None): ("sent", None),
    ("sent", "delete", "v", None, None): ("sent", None),
    ("waiting", None, None, None, "person_id refers to people not yet written"): ("waiting", None),
    ("waiting", None, None, "each run", "not reached"): ("waiting", "not_reached"),
    ("waiting", None, "v", None, "waits for what it refers to, to be completed"): ("incomplete", None),
    ("waiting", "create", None, None, "not reached"): ("unanswered", "not_reached"),
    ("rejected", None, None, "change", "the vendor refused"): ("rejected", "vendor_refused"),
    ("rejected", None, None, "each run", "the vendor did not manage"): ("failed", "vendor_failed"),
    ("rejected", None, None, "reference", "reference not written"): ("orphaned", "reference_not_written"),
    ("rejected", "create", None, "each run", "the vendor did not manage"): ("unanswered_failed", "vendor_failed"),
    ("rejected", "create", None, "change", "invalid record"): ("unanswered_rejected", "invalid_record"),
    ("rejected", "delete", "v", "change", "the vendor refused"): ("rejected", "vendor_refused"),
    ("unknown", "create", None, None, "no answer"): ("unknown", "no_answer"),
    ("unknown", "create", None, "each run", "no answer"): ("failed", "no_answer"),
}


def test_each_row_of_it_is_carried_over_to_one_state(tmp_path: Path) -> None:
    file = tmp_path / "journal.db"
    file.touch(mode=0o600)
    with closing(sqlite3.connect(file)) as made, made:
        made.executescript((STORED / "tables.sql").read_text())
        for number, (outcome, action, vendor_id, retry, reason) in enumerate(ROWS):
            key = ("test", "default", "people", str(number), outcome, action, None, None, None, b"b", vendor_id, None)
            values = (*key, 1, retry, reason, None, None, 1, 5.0)
            made.execute(f"INSERT INTO records VALUES ({', '.join('?' * len(values))})", values)

    def rows(*, read_only: bool) -> list[Row]:
        opened = Journal(database.address(None, tmp_path), "test", read_only=read_only)
        found = opened.rows([("people", str(number)) for number in range(len(ROWS))])
        opened.end(0, "{}")
        return [found["people", str(number)] for number in range(len(ROWS))]

    as_it_is, carried_over, again = rows(read_only=True), rows(read_only=False), rows(read_only=False)

    assert as_it_is == carried_over == again
    for row, before, (state, code) in zip(again, ROWS, ROWS.values(), strict=True):
        _, action, vendor_id, _, reason = before
        assert (row.state, row.state.outcome, row.code) == (state, State(state).outcome, code), before
        assert (row.vendor_id, row.reason, row.settings, row.attempts) == (vendor_id, reason, b"b", 1)
        assert row.deleted == (action == "delete")
        is_open = row.state.is_unanswered and state != "settled"
        assert (row.sent_at, row.sent_settings) == ((5.0, b"b") if is_open else (None, None))
