"""Errors as people meet them: one clear line in the words of docs/operations.md, and the exit code for it."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from osdi_crm_client import sign_in_command
from osdi_crm_sandbox.control import Account, Sandbox
from tap_osdi_crm.tap import TapOSDICRM
from target_osdi_crm import journal_command
from target_osdi_crm.target import TargetOSDICRM

PAGE = (Path(__file__).parent.parent.parent / "docs" / "operations.md").read_text()
SCHEMA = {"type": "SCHEMA", "stream": "people", "schema": {"properties": {"id": {}}}, "key_properties": ["id"]}
PERSON = {"type": "RECORD", "stream": "people", "record": {"id": "1", "email": "a@example.org"}}


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    return sandbox.account("action_network", size=5)


@pytest.fixture
def run(
    tap: Any, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., tuple[int, str]]]:
    """Runs a command in this process; returns its exit code and what it said, above INFO or on stderr."""
    root = logging.getLogger()
    handlers = list(root.handlers)

    def ended(command: Any, *args: Any, lines: Any = ()) -> tuple[int, str]:
        text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        monkeypatch.setattr(logging, "raiseExceptions", False)  # the plugins log to a stderr that pytest closes
        code = 0
        try:
            command([str(arg) for arg in args])
        except SystemExit as end:
            code = int(end.code or 0)
        logged = [record for record in caplog.records if record.levelno > logging.INFO]
        assert not [record for record in logged if record.exc_info]
        said = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("20")]
        return code, "\n".join([*said, *(record.getMessage() for record in logged)])

    monkeypatch.chdir(tap.folder)
    yield ended
    root.handlers[:] = handlers


def told(said: str, words: str) -> None:
    """The words were said in one line, without a traceback, and stand on the page."""
    assert [line for line in said.splitlines() if words in line], said
    assert "Traceback" not in said
    assert words in PAGE, "not on the page"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"action_network_api_token": None}, "is a required property"),
        ({"action_network_api_token": "line\nbreak"}, "The credentials hold a character that cannot be sent"),
        ({"action_network_api_token": "wrong"}, "the vendor does not accept the credentials"),
        ({"action_network_api_url": "nowhere"}, "The settings do not make an address at which"),
        ({"start_date": "yesterday"}, "The setting 'start_date' is not a time"),
        ({"start_date": "2999-01-01T00:00:00Z"}, "which lies in the future"),
        ({"stream_overrides": {"people": {"path": "x"}}}, "The setting 'stream_overrides' names"),
    ],
)
def test_the_tap_tells_what_is_wrong_with_its_settings(
    run: Any, tap: Any, account: Account, changed: dict[str, Any], words: str
) -> None:
    config = {name: value for name, value in (tap.settings(account) | changed).items() if value is not None}

    code, said = run(TapOSDICRM.cli, "--config", tap.file("config.json", config))

    assert code == 1
    told(said, words)


@pytest.mark.parametrize(
    ("option", "content", "words"),
    [
        ("--config", "{", "The file of settings cannot be read"),
        ("--state", "{", "The file of"),
        ("--state", "[]", "The file of"),
        ("--state", '{"bookmarks": 1}', "The file of state does not hold a state of this tap"),
        ("--state", '{"bookmarks": {"people": {"replication_key_value": "x"}}}', "holds a bookmark that is not a time"),
        ("--catalog", '{"streams": 1}', "The catalog is not one"),
    ],
)
def test_the_tap_tells_what_is_wrong_with_a_file(
    run: Any, tap: Any, account: Account, option: str, content: str, words: str
) -> None:
    file = tap.folder / "broken.json"
    file.write_text(content)
    config = () if option == "--config" else ("--config", tap.file("config.json", tap.settings(account)))

    code, said = run(TapOSDICRM.cli, *config, option, file)

    assert code == 1
    told(said, words if words != "holds a bookmark that is not a time" else "holds")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"do": "status", "status": 400}, "the vendor refused"),
        ({"do": "status", "status": 404}, "there is nothing at this address"),
        ({"do": "empty"}, "the answer does not hold '"),
        ({"do": "drop_field", "field": "identifiers"}, ""),
    ],
)
def test_the_tap_tells_what_the_vendor_answered(
    run: Any, tap: Any, account: Account, fault: dict[str, Any], words: str
) -> None:
    account.fault(path="/people", times=None, **fault)
    config = tap.file("config.json", tap.settings(account, work_dir=str(tap.folder)))
    args = tap.command(json.loads(config.read_text()), "people")[1:]

    code, said = run(TapOSDICRM.cli, *args)

    if words:
        assert code == 1
        told(said, words)
    else:
        assert "Traceback" not in said


@pytest.mark.parametrize(
    ("changed", "lines", "code", "words"),
    [
        ({"account": None}, [SCHEMA, PERSON], 1, "The setting 'account' is missing"),
        ({"work_dir": "/dev/null/x"}, [SCHEMA, PERSON], 1, "The setting 'work_dir' names a folder that cannot be made"),
        ({"match_keys": {"people": ["shoe"]}}, [SCHEMA], 1, "The setting 'match_keys' names"),
        ({"journal": "no://where in the world"}, [SCHEMA], 1, "The setting 'journal' "),
        ({"journal": "mysql://host/db"}, [SCHEMA], 1, "The setting 'journal' names a"),
        ({"journal": "/dev/null/journal.db"}, [SCHEMA, PERSON], 1, "The journal"),
        ({"max_creates": 0}, [SCHEMA, PERSON], 4, "There is more to write than 'max_"),
        ({}, [PERSON], 1, "came before its SCHEMA message"),
        ({}, [{"type": "SCHEMA", "stream": "people"}], 1, "is a SCHEMA message without a schema's properties"),
        ({}, [SCHEMA | {"schema": {"properties": {"id": {"type": 7}}}}], 1, "holds no valid JSON Schema"),
        ({}, [SCHEMA | {"stream": "embeds"}], 1, "Leave it out, map it to another"),
        ({}, [SCHEMA, {"type": "BATCH", "stream": "people"}], 1, "is a BATCH message"),
        ({"action_network_api_token": "wrong"}, [SCHEMA, PERSON], 1, "the vendor does not accept the credentials, or"),
    ],
)
def test_the_target_tells_why_it_ends(
    run: Any, tap: Any, account: Account, changed: dict[str, Any], lines: list[Any], code: int, words: str
) -> None:
    whole = tap.settings(account) | {"account": "mine", "work_dir": str(tap.folder / "work")} | changed
    config = {name: value for name, value in whole.items() if value is not None}

    ended, said = run(TargetOSDICRM.cli, "--config", tap.file("config.json", config), lines=lines)

    assert ended == code, said
    told(said, words)


NOWHERE = "http://127.0.0.1:1"
"""Nothing listens there."""

WRONG_SETTINGS = [
    ("action_network", "people", {"action_network_api_token": "wrong"}, "action_network_api_token"),
    ("action_network", "people", {"action_network_api_url": NOWHERE}, "action_network_api_url"),
    ("nationbuilder", "signups", {"nationbuilder_access_token": "wrong"}, "nationbuilder_access_token"),
    ("nationbuilder", "signups", {"nationbuilder_api_url": NOWHERE}, "nationbuilder_api_url"),
    ("i360", "contacts", {"i360_password": "wrong"}, "i360_username' and 'i360_password"),
    ("i360", "contacts", {"i360_org_id": "99999"}, "i360_org_id"),
    ("i360", "contacts", {"i360_api_url": NOWHERE}, "i360_api_url"),
    ("i360", "contacts", {"i360_login_url": NOWHERE}, "i360_login_url"),
    (
        "rally_congress",
        "supporters",
        {"rally_congress_auth_token": "wrong"},
        "rally_congress_account_id' and 'rally_congress_auth_token",
    ),
    ("rally_congress", "supporters", {"rally_congress_api_url": NOWHERE}, "rally_congress_api_url"),
    ("crowdskout", "profiles", {"crowdskout_access_token": "wrong"}, "crowdskout_access_token"),
    ("crowdskout", "profiles", {"crowdskout_api_url": NOWHERE}, "crowdskout_api_url"),
]
"""Vendor, stream of people, what is wrong, and the settings that the line names."""


@pytest.mark.parametrize(("vendor", "people", "wrong", "named"), WRONG_SETTINGS)
def test_the_setting_to_look_at_is_named_and_no_record_is_lost(
    run: Any,
    tap: Any,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    vendor: str,
    people: str,
    wrong: dict[str, str],
    named: str,
) -> None:
    monkeypatch.setattr("osdi_crm_client.retry.MAX_TRIES", 1)
    work = tap.folder / "work"
    right = tap.settings(sandbox.account(vendor), work_dir=str(work), index_lag_seconds=0) | {"account": "mine"}
    person = {"id": "1", "email": "a@example.org", "first_name": "Ada", "last_name": "L"}
    names = {"FirstName": "Ada", "LastName": "L"}
    record = {"type": "RECORD", "stream": people, "record": person | (names if vendor == "crowdskout" else {})}
    reading = {"i360_states": ["5"], "i360_list_type": "my_data", "i360_record_limit": 10} if vendor == "i360" else {}
    ending = f"Check the setting{'s' * (' and ' in named)} '{named}'."

    code, said = run(TapOSDICRM.cli, "--config", tap.file("tap.json", right | wrong | reading))
    assert code == 1
    assert said.splitlines()[-1].endswith(ending), said

    lines = [SCHEMA | {"stream": people}, record, {"type": "STATE", "value": {}}]
    code, said = run(TargetOSDICRM.cli, "--config", tap.file("wrong.json", right | wrong), lines=lines)
    assert code == 1
    assert said.splitlines()[-1].startswith("Stopped: ")
    assert said.splitlines()[-1].endswith(ending), said
    summary = json.loads((work / "summary.json").read_text())
    assert summary["streams"][people]["rejected"] == 0
    assert summary["in_journal"] == {"waiting": 1}
    assert (work / "rejected.jsonl").read_text() == ""

    code, said = run(TargetOSDICRM.cli, "--config", tap.file("right.json", right))
    assert code == 0, said
    assert json.loads((work / "summary.json").read_text())["streams"][people]["created"] == 1, "from the journal"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("no json", "It is not JSON"),
        ("[1]", "It is not a JSON object"),
        ('{"type": "NEWS"}', "Its type is unknown"),
        ('{"type": "RECORD", "record": 1, "stream": 2}', "It lacks a stream"),
    ],
)
def test_a_line_that_is_no_message_is_rejected_with_the_words_of_the_page(
    run: Any, tap: Any, account: Account, line: str, words: str
) -> None:
    config = tap.settings(account) | {"account": "mine", "work_dir": str(tap.folder / "work")}

    code, _ = run(TargetOSDICRM.cli, "--config", tap.file("config.json", config), lines=[SCHEMA, line])

    assert code == 3
    [rejected] = map(json.loads, (tap.folder / "work" / "rejected.jsonl").read_text().splitlines())
    assert rejected["reason"] == "not a Singer message"
    assert words in rejected["words"]
    assert f"`{words}`" in PAGE


@pytest.fixture(scope="module")
def unread() -> Iterator[int]:
    """A pipe that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    yield writing
    os.close(writing)


def at_work(command: str) -> str:
    return str(Path(sys.executable).parent / command)


def test_the_tap_ends_when_nobody_reads_what_it_writes(tap: Any, account: Account, unread: int) -> None:
    config = tap.file("config.json", tap.settings(account))

    done = subprocess.run(
        [at_work("tap-osdi-crm"), "--config", config], stdout=unread, stderr=subprocess.PIPE, text=True
    )

    assert done.returncode == 1
    told(done.stderr, "Nobody reads what the tap writes")


def test_the_target_ends_when_nobody_reads_its_state(tap: Any, account: Account, unread: int) -> None:
    config = tap.settings(account) | {"account": "mine", "work_dir": str(tap.folder / "work")}
    lines = "".join(json.dumps(each) + "\n" for each in (SCHEMA, PERSON, {"type": "STATE", "value": {"a": 1}}))

    done = subprocess.run(
        [at_work("target-osdi-crm"), "--config", tap.file("config.json", config)],
        input=lines,
        stdout=unread,
        stderr=subprocess.PIPE,
        text=True,
    )

    assert done.returncode == 1
    told(done.stderr, "Nobody reads the STATE messages that the target writes")
    summary = json.loads((tap.folder / "work" / "summary.json").read_text())
    assert summary["streams"]["people"]["created"] == 1, "what it did is kept"
    ended = subprocess.run(
        [at_work("osdi-crm-journal"), "--work-dir", tap.folder / "work", "status"],
        stdout=unread,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert (ended.returncode, ended.stderr) == (141, ""), "the journal's command, for people, says nothing"


def test_signing_in_ends_without_a_word_when_nobody_reads_it(tap: Any, sandbox: Sandbox, unread: int) -> None:
    nation = sandbox.account("nationbuilder")
    app = {f"nationbuilder_{name}": nation.credentials[name] for name in ("client_id", "client_secret")}
    config = tap.settings(nation, work_dir=str(tap.folder / "work")) | app

    ended = subprocess.run(
        [at_work("osdi-crm-sign-in"), "--config", tap.file("config.json", config), "--paste"],
        stdin=subprocess.DEVNULL,
        stdout=unread,
        stderr=subprocess.PIPE,
        text=True,
    )

    assert (ended.returncode, ended.stderr) == (141, "")


@pytest.mark.parametrize(
    ("args", "words"),
    [(["status"], "There is no journal yet"), (["report"], "There is no journal yet")],
)
def test_the_journals_command_tells_what_is_missing(run: Any, args: list[str], words: str) -> None:
    code, said = run(journal_command.main, "--work-dir", "nowhere", *args)

    assert code == 1
    told(said, words)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "The settings in"),
        ("{", "The settings in"),
        ("{}", "The setting 'vendor' in"),
        ('{"vendor": "action_network", "action_network_api_token": "x"}', "is not signed in to in a browser"),
        ('{"vendor": "nationbuilder"}', "is missing"),
    ],
)
def test_signing_in_tells_what_is_missing(run: Any, tap: Any, content: str | None, words: str) -> None:
    file = tap.folder / "config.json"
    if content:
        file.write_text(content)

    code, said = run(sign_in_command.main, "--config", file)

    assert code == 1
    told(said, words)
