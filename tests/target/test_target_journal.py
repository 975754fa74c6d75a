"""The journal: the same promises in a SQLite file and in Postgres."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from osdi_crm_sandbox.control import Account, Sandbox
from target_osdi_crm.journal import database
from target_osdi_crm.journal.states import Row, State
from target_osdi_crm.journal.store import Journal
from target_osdi_crm.report.journal_command import main
from target_osdi_crm.stop import Stop


@pytest.fixture(params=["sqlite", "postgres"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """The settings of an empty journal."""
    if request.param == "sqlite":
        yield {"work_dir": str(tmp_path / "work")}
        return
    url = request.getfixturevalue("postgres")
    yield {"work_dir": str(tmp_path / "work"), "journal": url}
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        for table in ("records", "opt_outs", "runs"):
            connection.execute(sa.text(f"DROP TABLE IF EXISTS {table}"))
    engine.dispose()


def opened(kept: dict[str, Any], account: str, source: str = "default", **more: Any) -> Journal:
    """The journal of these settings."""
    return Journal(database.address(kept.get("journal"), Path(kept["work_dir"])), account, source, **more)


def nothing() -> None:
    pass


def test_what_is_written_is_there_for_the_next_run(kept: dict[str, Any]) -> None:
    first = opened(kept, "account")
    first.write(Row("people", "1", State.SENT, vendor_id="v1", record=b"{}", tried=b"t"))
    first.write_soon(Row("people", "2", State.OK, seen=b"s", fingerprint=b"f"), then=nothing)
    first.end(0, "{}")

    second = opened(kept, "account")
    rows = second.rows([("people", "1"), ("people", "2"), ("people", "3"), ("tags", "1")])

    assert set(rows) == {("people", "1"), ("people", "2")}
    assert rows["people", "1"].state is State.SENT
    assert rows["people", "1"].vendor_id == "v1"
    assert rows["people", "1"].record is None, "records are read only when asked for"
    assert second.record("people", "1") == b"{}"
    assert second.acknowledged("people", ["1", "2"]).keys() == {"2"}
    assert [row.source_key for batch in second.unfinished() for row in batch] == ["1"]
    assert second.claimed("people", "v1")
    assert not second.claimed("people", "v2")
    assert second.standing() == {"sent": 1}
    assert second.run == first.run + 1
    second.end(0, "{}")


def test_one_that_cannot_be_read_any_more_is_one_line_without_keys(kept: dict[str, Any]) -> None:
    made = opened(kept, "account")
    made.catch_up()
    other = database.opened(database.address(kept.get("journal"), Path(kept["work_dir"])), read_only=False)
    assert other
    with other.begin() as connection:
        connection.execute(sa.text("DROP TABLE records"))
    other.dispose()

    with pytest.raises(Stop, match="The journal cannot be used: ") as stop:
        made.acknowledged("people", ["ann@example.org"])

    assert "ann@" not in str(stop.value)
    made.settle()
    made._closing.close()


def test_a_key_that_no_database_can_hold_is_a_bad_record(kept: dict[str, Any], sandbox: Sandbox, target: Any) -> None:
    account = sandbox.account("action_network")
    lines = [
        *target.messages("people", {"id": "a\0b", "email": "a@example.org"}, {"id": "c", "email": "c@example.org"}),
        *target.messages("petitions", {"id": "1", "title": "T", "creator_person_id": "a\0b"}),
    ]

    done = target(account, lines, **{name: value for name, value in kept.items() if name == "journal"})

    assert (done.code, done.by("people", "rejected")) == (3, {"no key": 1})
    assert (done.count("people", "created"), done.count("petitions", "created")) == (1, 1)


def test_the_next_run_knows_when_something_was_last_sent(kept: dict[str, Any]) -> None:
    first = opened(kept, "account")
    assert first.last_write() == 0.0
    first.end(0, "{}")
    killed = opened(kept, "account")
    assert 0 < time.time() - killed.last_write() < 10
    killed.write(Row("people", "1"))
    written = killed.rows([("people", "1")])["people", "1"].at
    killed.settle()
    killed._closing.close()

    last = opened(kept, "account")
    assert written <= last.last_write() <= time.time()
    last.end(0, "{}")


def test_accounts_and_sources_do_not_see_each_other(kept: dict[str, Any]) -> None:
    one = opened(kept, "account", "a")
    one.write(Row("people", "1", vendor_id="v1"))
    one.end(0, "{}")

    other_source = opened(kept, "account", "b")
    assert not other_source.rows([("people", "1")])
    assert other_source.claimed("people", "v1"), "it is the same account"
    other_source.end(0, "{}")
    other_account = opened(kept, "other", "a")
    assert not other_account.rows([("people", "1")])
    assert not other_account.claimed("people", "v1")
    other_account.end(0, "{}")


def test_only_one_run_at_a_time_holds_it_for_an_account(kept: dict[str, Any]) -> None:
    first = opened(kept, "account")
    with pytest.raises(Stop, match="Another run is writing to the account 'account'"):
        opened(kept, "account")
    opened(kept, "other").end(0, "{}")
    first.end(0, "{}")
    opened(kept, "account").end(0, "{}")


def test_opt_outs_are_kept_by_a_hash_and_taken_back(kept: dict[str, Any]) -> None:
    found = opened(kept, "account")
    both = [("email", "a@example.org"), ("phone", "a@example.org")]
    assert found.opted_out(both) == []
    for _ in range(2):
        found.opt_out([("email", "a@example.org")])
        assert found.opted_out(both) == [("email", "a@example.org")], "at once"
    found.catch_up()
    assert found.opted_out(both) == [("email", "a@example.org")]
    done = threading.Event()
    found.write_soon(Row("people", "1"), then=done.set, opt_ins=[("email", "a@example.org")])
    assert done.wait(10)
    assert found.opted_out(both) == []
    found.end(0, "{}")


def test_a_text_with_a_nul_or_half_a_character_is_kept(kept: dict[str, Any]) -> None:
    found = opened(kept, "account")
    found.write(Row("people", "1", State.REJECTED, code="invalid_record", words="a\0b\ud83d", vendor_id="\0"))

    (row,) = found.rows([("people", "1")]).values()
    assert (row.words, row.vendor_id) == ("a\ufffdb?", "\ufffd")
    found.end(0, "{}")


@pytest.mark.parametrize("where", ["commit", "then"])
def test_whoever_waits_for_a_writer_that_failed_is_told(kept: dict[str, Any], where: str) -> None:
    told: list[Stop] = []
    found = opened(kept, "account", fail=told.append)
    assert found._writer

    def fail(*_: Any) -> None:
        raise RuntimeError

    if where == "commit":
        found._writer._commit = fail  # type: ignore[method-assign, assignment]
    found.write_soon(Row("people", "1"), then=fail)
    with pytest.raises(Stop, match="Unexpected: RuntimeError in test_target_journal, line "):
        found.write(Row("people", "2"))
        found.write(Row("people", "3"))
    found.catch_up()
    found.end(1, "{}")

    assert [str(each) for each in told]


def test_who_loses_the_connection_that_holds_the_lock_writes_nothing_more(postgres: str) -> None:
    told: list[Stop] = []
    found = opened({"journal": postgres, "work_dir": "."}, "account lost", fail=told.append)
    found.write(Row("people", "1"))
    other = sa.create_engine(postgres.replace("postgresql://", "postgresql+psycopg://"))
    with other.connect() as connection:
        connection.execute(
            sa.text(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
            )
        )

    with pytest.raises(Stop, match="The journal cannot be used"):
        found.write(Row("people", "2"))
    assert told
    found.end(1, "{}")
    again = opened({"journal": postgres, "work_dir": "."}, "account lost")
    assert not again.rows([("people", "2")])
    again.end(0, "{}")
    other.dispose()


def test_writes_of_many_threads_are_committed_together(kept: dict[str, Any]) -> None:
    found = opened(kept, "account")
    commits: list[int] = []
    assert found._writer
    commit = found._writer._commit

    def counted(batch: list[Any]) -> None:
        commits.append(len(batch))
        commit(batch)

    found._writer._commit = counted  # type: ignore[method-assign]

    def write(thread: int) -> None:
        for number in range(25):
            found.write(Row("people", f"{thread}-{number}"))

    threads = [threading.Thread(target=write, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(commits) == 200
    assert len(commits) < 200
    assert len(found.rows([("people", f"{t}-{n}") for t in range(8) for n in range(25)])) == 200
    found.end(0, "{}")


def test_a_dry_run_writes_nothing_and_remembers_what_it_would_have(kept: dict[str, Any]) -> None:
    real = opened(kept, "account")
    real.write(Row("people", "1", vendor_id="v1"))
    real.end(0, "{}")

    dry = opened(kept, "account", read_only=True)
    dry.write(Row("people", "2", vendor_id="v2"))
    dry.write(Row("people", "1", vendor_id="changed"))
    assert {key[1]: row.vendor_id for key, row in dry.rows([("people", "1"), ("people", "2")]).items()} == {
        "1": "changed",
        "2": "v2",
    }
    dry.end(0, "{}")

    again = opened(kept, "account")
    assert again.rows([("people", "1"), ("people", "2")])["people", "1"].vendor_id == "v1"
    assert again.run == real.run + 1
    again.end(0, "{}")


def test_contents_are_erased_after_the_retention_and_ids_are_not(
    kept: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    eight_days_ago = time.time() - 8 * 86400
    monkeypatch.setattr(time, "time", lambda: eight_days_ago)
    old = opened(kept, "account")
    old.write(Row("people", "1", State.REJECTED, vendor_id="v", words="a@example.org", record=b"{}"))
    old.end(0, "{}")
    monkeypatch.undo()

    kept_longer = opened(kept, "account", keep_days=9)
    assert kept_longer.record("people", "1") == b"{}"
    kept_longer.end(0, "{}")
    erased = opened(kept, "account", keep_days=7)
    assert erased.record("people", "1") is None
    row = erased.rows([("people", "1")])["people", "1"]
    assert (row.vendor_id, row.words) == ("v", None)
    erased.end(0, "{}")


def test_people_of_any_vendor_through_it(case: Any, target: Any, kept: dict[str, Any]) -> None:
    target.settings |= {key: value for key, value in kept.items() if key == "journal"}
    people = [*(case.person(number) for number in range(5)), {case.given: "Nobody"}]

    first = target.write(case.account, case.people, *people)
    case.account.clear_log()
    second = target.write(case.account, case.people, *people)

    assert (first.code, second.code) == (3, 0), first.log
    assert first.count(case.people, "created") == second.count(case.people, "unchanged") == 5
    assert case.account.counters()["calls"] == 0


def test_a_whole_run_with_reruns_through_it(sandbox: Sandbox, target: Any, kept: dict[str, Any]) -> None:
    account = sandbox.account("action_network")
    target.settings = {key: value for key, value in kept.items() if key == "journal"}
    messages = [
        *target.messages("signatures", {"id": "s", "petition_id": "a", "person_id": "p1"}),
        *target.messages("petitions", {"id": "a", "title": "T"}),
        *target.messages("people", {"id": "p1", "email": "a@example.org"}, {"id": "p2"}),
    ]

    first = target(account, messages)
    account.clear_log()
    second = target(account, messages)

    assert (first.code, second.code) == (3, 0), first.log
    assert len(account.records("signatures")) == 1
    assert account.counters()["calls"] == 0
    assert (target.folder / "journal.db").exists() == (not target.settings)


def test_the_file_is_durable_and_its_owners_alone(tmp_path: Path) -> None:
    found = opened({"work_dir": str(tmp_path)}, "account")
    found.write(Row("people", "1"))
    with sqlite3.connect(tmp_path / "journal.db") as file:
        assert file.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    file.close()
    assert found._engine
    with found._engine.connect() as connection:
        assert connection.execute(sa.text("PRAGMA synchronous")).scalar() == 2, "FULL"
    for each in tmp_path.iterdir():
        assert each.stat().st_mode & 0o077 == 0, each
    found.end(0, "{}")


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("mysql://user:pass-1234@host/db", "names a mysql database; use SQLite or Postgres"),
        ("postgresql://user:pass-1234@127.0.0.1:1/db", "The journal cannot be used"),
        ("://", "neither a path nor a database address"),
        ("{folder}/config.json/journal.db", "cannot be opened: Not a directory"),
    ],
)
def test_a_journal_that_cannot_be_used_is_one_clear_line_without_its_password(
    sandbox: Sandbox, target: Any, setting: str, says: str
) -> None:
    account = sandbox.account("action_network")
    done = target.as_command(account, [], journal=setting.format(folder=target.folder))

    assert done.code == 1
    assert says in done.log
    assert "pass-1234" not in done.log
    assert "Traceback" not in done.log


def test_a_file_that_is_no_journal_is_one_clear_line(sandbox: Sandbox, target: Any) -> None:
    file = target.folder / "journal.db"
    file.write_text("something else entirely, " * 50)
    file.chmod(0o600)

    done = target.as_command(sandbox.account("action_network"), [])

    assert done.code == 1
    assert "The journal cannot be used: file is not a database" in done.log


# The command


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    return sandbox.account("action_network")


@pytest.fixture
def command(target: Any, kept: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> Any:
    """`osdi-crm-journal` on the journal of a test's target; returns what it prints."""
    target.settings = {key: value for key, value in kept.items() if key == "journal"}
    where = ["--work-dir", str(target.folder)]
    if target.settings:
        where += ["--journal", target.settings["journal"]]

    def run(*arguments: str) -> str:
        capsys.readouterr()
        main([*where, *arguments])
        return capsys.readouterr().out

    return run


def test_status_and_rejects_tell_what_became_of_records(account: Account, target: Any, command: Any) -> None:
    target.write(account, "people", {"id": "1", "email": "a@example.org"}, {"id": "2"})

    status, rejects = command("status"), command("rejects")

    assert ["test", "default", "people", "ok", "1"] in [line.split() for line in status.splitlines()]
    assert ["test", "default", "people", "rejected", "1"] in [line.split() for line in status.splitlines()]
    assert status.splitlines()[-1].split()[-1] == "3"
    assert "nothing to know the person by" in rejects
    assert "a@example.org" not in rejects
    assert len(command("rejects", "--stream", "tags").splitlines()) == 1, "the heading alone"


def test_retry_has_a_rejected_record_tried_again_without_new_input(account: Account, target: Any, command: Any) -> None:
    account.fault(do="status", method="POST", path="/petitions", status=400, times=1)
    target.write(account, "petitions", {"id": "1", "title": "T"})
    assert target(account, []).summary["streams"] == {}

    assert command("retry", "--stream", "petitions", "--key", "1") == "1 records will be tried.\n"
    done = target(account, [])

    assert done.code == 0, done.log
    assert done.count("petitions", "created") == 1


def unknown(account: Account, target: Any) -> list[Any]:
    messages = [
        *target.messages("people", {"id": "p", "email": "a@example.org"}),
        *target.messages("fundraising_pages", {"id": "f", "title": "Give"}),
        *target.messages(
            "donations",
            {
                "id": "d",
                "person_id": "p",
                "fundraising_page_id": "f",
                "recipients": [{"display_name": "Us", "amount": "1.00"}],
            },
        ),
    ]
    account.fault(do="cut_before", method="POST", path="donations", times=1)
    assert target(account, messages).count("donations", "unknown") == 1
    return messages


def test_an_unknown_donation_is_sent_again_if_somebody_says_so(account: Account, target: Any, command: Any) -> None:
    messages = unknown(account, target)

    assert command("retry") == "0 records will be tried.\n"
    assert target(account, messages).count("donations", "unknown") == 1
    assert command("retry", "--unknown") == "1 records will be tried.\n"
    done = target(account, [])

    assert done.count("donations", "created") == 1
    assert len(account.records("donations")) == 1


def test_an_unknown_donation_that_did_arrive_is_settled(account: Account, target: Any, command: Any) -> None:
    messages = unknown(account, target)

    assert (
        command("settle", "--stream", "donations", "--key", "d", "--vendor-id", "v") == "1 records count as written.\n"
    )

    done = target(account, messages, fail_on="any")
    assert done.code == 0
    assert done.count("donations", "unchanged") == 1


def test_purge_tells_first_and_erases_then(account: Account, target: Any, command: Any) -> None:
    target.write(account, "people", {"id": "1", "email": "a@example.org"}, {"id": "2", "email": "b@example.org"})

    assert command("purge", "--older-than", "1").startswith("0 records would be erased")
    assert command("purge", "--key", "1").startswith("1 records would be erased")
    assert "people" in command("status")
    assert command("purge", "--key", "1", "--yes") == "1 records are erased.\n"
    assert target.write(account, "people", {"id": "2", "email": "b@example.org"}).count("people", "unchanged") == 1
    assert command("purge", "--yes") == "1 records are erased.\n"


CHANGES = {
    "retry": (),
    "settle": ("--stream", "people", "--key", "1", "--vendor-id", "v"),
    "purge": ("--yes",),
    "restore": ("--yes",),
}
"""What changes a journal, with its options."""


@pytest.mark.parametrize("name", CHANGES)
def test_nothing_changes_a_journal_that_a_run_is_writing(
    kept: dict[str, Any], target: Any, command: Any, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    kept["work_dir"] = str(target.folder)
    journals = {account: opened(kept, account) for account in ("a", "b")}
    for each in journals.values():
        each.write(Row("people", "1", State.UNKNOWN, record=b"{}", sent=b"{}", tried=b"t"))
    journals["b"].end(0, "{}")

    with pytest.raises(SystemExit) as end:
        command(name, *CHANGES[name])
    told = capsys.readouterr().err
    other = command(name, "--account", "b", *CHANGES[name])
    row = journals["a"].rows([("people", "1")])["people", "1"]
    journals["a"].write(row)
    journals["a"].end(0, "{}")
    after = command(name, *CHANGES[name])

    assert end.value.code == 1
    assert told.splitlines() == [
        "Another run is writing to the account 'a' with this journal. Wait until it has ended."
    ]
    assert row.state is State.UNKNOWN
    assert "records" in other
    assert "records" in after


def test_purge_counts_while_a_run_is_writing(kept: dict[str, Any], target: Any, command: Any) -> None:
    kept["work_dir"] = str(target.folder)
    found = opened(kept, "account")
    found.write(Row("people", "1", State.OK))

    assert command("purge").startswith("1 records would be erased")
    found.end(0, "{}")


def test_no_journal_is_one_clear_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "none"
    with pytest.raises(SystemExit) as end:
        main(["--work-dir", str(folder), "status"])

    assert end.value.code == 1
    assert "There is no journal yet" in capsys.readouterr().err
    assert not folder.exists()
