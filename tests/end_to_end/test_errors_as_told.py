"""Errors as people meet them: one clear line in the words of docs/operations.md, and the exit code for it."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import filelock
import pytest
from osdi_crm_client import account as client
from osdi_crm_client import sign_in_command
from osdi_crm_client.vendor import vendor_names
from osdi_crm_sandbox.control import Account, Sandbox
from tap_osdi_crm.tap import TapOSDICRM
from target_osdi_crm import vendors
from target_osdi_crm.journal import database
from target_osdi_crm.journal.store import Journal
from target_osdi_crm.report import journal_command
from target_osdi_crm.settings import TargetSettings
from target_osdi_crm.target import TargetOSDICRM
from target_osdi_crm.vendor import Order

from tests import commands

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


def test_an_address_that_is_none_is_not_shown(tap: Any, account: Account) -> None:
    """It may hold a key, or a user and a password, that somebody put there."""
    address = "https://user:pass-1234@example.org/api"

    done = tap({**tap.settings(account), "action_network_api_url": address})

    assert done.code == 1
    told(done.log, "The settings do not make an address at which")
    assert "pass-1234" not in done.log


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"action_network_api_token": None}, "is a required property"),
        ({"action_network_api_token": "line\nbreak"}, "The credentials hold a character that cannot be sent"),
        ({"action_network_api_token": "nonsense"}, "the vendor does not accept the credentials"),
        ({"action_network_api_url": "nowhere"}, "The settings do not make an address at which"),
        ({"start_date": "yesterday"}, "The setting 'start_date' is not a time"),
        ({"start_date": "2999-01-01T00:00:00Z"}, "on, which lies in the future"),
        ({"stream_overrides": {"people": {"path": "x"}}}, "', of which nothing is assumed"),
        ({"stream_overrides": {"nobodies": {"path": "x"}}}, "', which is no stream"),
    ],
)
def test_the_tap_tells_what_is_wrong_with_its_settings(
    run: Any, tap: Any, account: Account, changed: dict[str, Any], words: str
) -> None:
    config = {name: value for name, value in (tap.settings(account) | changed).items() if value is not None}

    code, said = run(TapOSDICRM.cli, "--config", tap.file("config.json", config))

    assert code == 1
    told(said, words)


def test_certificates_that_are_not_there_are_told_of(
    run: Any, tap: Any, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/bundle.pem")

    code, said = run(TapOSDICRM.cli, "--config", tap.file("config.json", tap.settings(account)))

    assert code == 1
    told(said, "The environment names certificates to trust that are not there")


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
    ("vendor", "fault", "words"),
    [
        ("action_network", {"do": "status", "status": 500}, "the vendor failed"),
        ("action_network", {"do": "status", "status": 503}, "the vendor is not available"),
        ("action_network", {"do": "status", "status": 408}, "the vendor did not get the whole call"),
        ("action_network", {"do": "status", "status": 429}, "the vendor is answering too many calls"),
        ("action_network", {"do": "cut_after"}, "no answer came back"),
        ("action_network", {"do": "malformed"}, "the answer is not JSON"),
        ("nationbuilder", {"do": "html", "status": 502}, "a web page came instead of an answer"),
        ("nationbuilder", {"do": "status", "status": 200, "body": {"x": 1}}, "the answer holds no data"),
        (
            "nationbuilder",
            {
                "do": "status",
                "status": 200,
                "path": "/contacts$",
                "body": {"data": [{"id": str(number), "attributes": {}} for number in range(100)]},
            },
            "a record has no ",
        ),
        ("rally_congress", {"do": "status", "status": 200, "body": {"response": {}}}, "the answer has no list of '"),
        ("i360", {"do": "status", "status": 500, "path": "/connect/token"}, "signing in was not answered"),
    ],
)
def test_the_tap_tells_what_any_vendor_answered(
    run: Any, tap: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, vendor: str, fault: Any, words: str
) -> None:
    monkeypatch.setattr("osdi_crm_client.retry.MAX_TRIES", 1)
    account = sandbox.account(vendor, size=5)
    account.fault(**fault)
    reading = {"i360_states": ["5"], "i360_list_type": "my_data", "i360_record_limit": 10} if vendor == "i360" else {}

    code, said = run(TapOSDICRM.cli, "--config", tap.file("config.json", tap.settings(account, **reading)))

    assert code == 1
    told(said, words)


def test_the_tap_gives_up_where_there_is_no_quiet_moment(run: Any, tap: Any, sandbox: Sandbox) -> None:
    account = sandbox.account("rally_congress", size=120)
    account.churn("supporters", adds_per_call=2)
    config = tap.settings(account, work_dir=str(tap.folder), index_lag_seconds=0)

    code, said = run(TapOSDICRM.cli, *tap.command(config, "supporters")[1:])
    account.stop_churn()

    assert code == 1
    told(said, "the records kept changing")


def test_the_tap_gives_up_where_pages_never_hold_what_they_should(
    run: Any, tap: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("osdi_crm_client.reading.slices.MOST_TRIES", 1)
    account = sandbox.account("action_network", counts={"people": 60})
    twice = [account.records("people")[0]] * 25  # what comes on the second page, after a call that looks for the size
    page = {"page": 2, "per_page": 25, "_links": {}, "_embedded": {"osdi:people": twice}}
    account.fault(do="status", status=200, body=page, path="/people$", skip=3, times=1)

    code, said = run(TapOSDICRM.cli, *tap.command(tap.settings(account, work_dir=str(tap.folder)), "people")[1:])

    assert code == 1
    told(said, "the records of one second kept changing")


@pytest.mark.parametrize(
    ("changed", "lines", "code", "words"),
    [
        ({"account": None}, [SCHEMA, PERSON], 1, "The setting 'account' is missing"),
        ({"work_dir": "/dev/null/x"}, [SCHEMA, PERSON], 1, "The setting 'work_dir' names a folder that cannot be made"),
        ({"match_keys": {"people": ["shoe"]}}, [SCHEMA], 1, "The setting 'match_keys' names"),
        (
            {"journal": "://"},
            [SCHEMA],
            1,
            "The setting 'journal' is neither a path nor a database address",
        ),
        ({"journal": "mysql://host/db"}, [SCHEMA], 1, "The setting 'journal' names a"),
        ({"journal": "/dev/null/journal.db"}, [SCHEMA, PERSON], 1, "The journal"),
        ({"max_creates": 0}, [SCHEMA, PERSON], 4, "There is more to write than 'max_"),
        ({}, [PERSON], 1, "came before its SCHEMA message"),
        (
            {},
            [{"type": "SCHEMA", "stream": "people"}],
            1,
            "is a SCHEMA message without a schema's properties, or with keys that are no names",
        ),
        ({}, [{**SCHEMA, "key_properties": [5]}], 1, "or with keys that are no names"),
        ({}, [SCHEMA | {"schema": {"properties": {"id": {"type": 7}}}}], 1, "' holds no valid JSON Schema"),
        ({}, [SCHEMA | {"stream": "embeds"}], 1, ". Leave it out, map it to another"),
        (
            {"model": "osdi"},
            [SCHEMA | {"stream": "signups"}],
            1,
            ". The target's 'model' is 'osdi': set it for the tap, too.",
        ),
        ({}, [SCHEMA | {"stream": "peopel"}], 1, "'? Leave it out, map it to another"),
        ({}, [SCHEMA, {"type": "BATCH", "stream": "people"}], 1, "is a BATCH message that cannot be read"),
        ({"action_network_api_token": "nonsense"}, [SCHEMA, PERSON], 1, "the vendor does not accept the credentials,"),
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


NOTHING_FILLS = "' a path with a placeholder that nothing fills"


@pytest.mark.parametrize(
    ("command", "vendor", "stream", "changed", "words"),
    [
        (TapOSDICRM, "rally_congress", "", {"stream_overrides": {"supporters": {"path": "{org}/all"}}}, NOTHING_FILLS),
        (TapOSDICRM, "rally_congress", "", {"stream_overrides": {"supporters": {"path": "a/{id}"}}}, NOTHING_FILLS),
        (TargetOSDICRM, "rally_congress", "supporters", {"rally_congress_supporters_path": "{x}/all"}, NOTHING_FILLS),
        (TargetOSDICRM, "i360", "volunteers", {"i360_write_paths": {"volunteers": "{x}/All"}}, NOTHING_FILLS),
        (
            TargetOSDICRM,
            "i360",
            "volunteers",
            {"i360_write_paths": {"volunteer_notes": "People/{VolunteerId}/Notes"}},
            "that nothing fills; it may hold {VolunteerID}.",
        ),
        (
            TargetOSDICRM,
            "i360",
            "volunteers",
            {"i360_write_paths": {"volunteer_note": "Notes"}},
            "The setting 'i360_write_paths' names 'volunteer_note', which is no stream that can be written.",
        ),
    ],
)
def test_a_path_that_would_be_sent_with_a_placeholder_is_told_before_any_call(
    run: Any, tap: Any, sandbox: Sandbox, command: Any, vendor: str, stream: str, changed: dict[str, Any], words: str
) -> None:
    account = sandbox.account(vendor)
    config = tap.settings(account, work_dir=str(tap.folder / "work")) | {"account": "mine"} | changed
    lines = [SCHEMA | {"stream": stream}, PERSON | {"stream": stream}] if stream else ()

    code, said = run(command.cli, "--config", tap.file("config.json", config), lines=lines)

    assert code == 1
    assert words in said.splitlines()[-1], said
    assert f"The setting '{next(iter(changed))}' " in said.splitlines()[-1]
    assert account.counters()["calls"] == 0


NOWHERE = "http://127.0.0.1:1"
"""Nothing listens there."""

NO_CONNECTION = "no connection to http://127.0.0.1:1 could be made"

WRONG_SETTINGS = [
    (
        "people",
        {"action_network_api_token": "nonsense"},
        "the vendor does not accept the credentials, or they may not do this",
        "action_network_api_token",
    ),
    ("people", {"action_network_api_url": NOWHERE}, NO_CONNECTION, "action_network_api_url"),
    (
        "signups",
        {"nationbuilder_access_token": "nonsense"},
        "the vendor does not accept the credentials: the token is wrong or revoked",
        "nationbuilder_access_token",
    ),
    ("signups", {"nationbuilder_api_url": NOWHERE}, NO_CONNECTION, "nationbuilder_api_url"),
    ("contacts", {"i360_password": "nonsense"}, "signing in was refused", "i360_username' and 'i360_password"),
    ("contacts", {"i360_org_id": "99999"}, "the vendor does not accept the credentials here", "i360_org_id"),
    ("contacts", {"i360_api_url": NOWHERE}, NO_CONNECTION, "i360_api_url"),
    ("contacts", {"i360_login_url": NOWHERE}, "no connection for signing in could be made", "i360_login_url"),
    (
        "supporters",
        {"rally_congress_auth_token": "nonsense"},
        "the vendor does not accept the credentials, or they may not do this",
        "rally_congress_account_id' and 'rally_congress_auth_token",
    ),
    ("supporters", {"rally_congress_api_url": NOWHERE}, NO_CONNECTION, "rally_congress_api_url"),
    (
        "profiles",
        {"crowdskout_access_token": "nonsense"},
        "the vendor does not accept the credentials, or they",
        "crowdskout_access_token",
    ),
    ("profiles", {"crowdskout_api_url": NOWHERE}, NO_CONNECTION, "crowdskout_api_url"),
]
"""The stream of people, what is wrong, what the line says, and the settings that it names."""


@pytest.mark.parametrize(("people", "wrong", "words", "named"), WRONG_SETTINGS)
def test_the_setting_to_look_at_is_named_and_no_record_is_lost(
    run: Any,
    tap: Any,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    people: str,
    wrong: dict[str, str],
    words: str,
    named: str,
) -> None:
    monkeypatch.setattr("osdi_crm_client.retry.MAX_TRIES", 1)
    vendor = next(name for name in vendor_names() if next(iter(wrong)).startswith(name))
    work = tap.folder / "work"
    right = tap.settings(sandbox.account(vendor), work_dir=str(work), index_lag_seconds=0) | {"account": "mine"}
    person = {"id": "1", "email": "a@example.org", "first_name": "Ada", "last_name": "L"}
    names = {"FirstName": "Ada", "LastName": "L"}
    record = {"type": "RECORD", "stream": people, "record": person | (names if vendor == "crowdskout" else {})}
    reading = {"i360_states": ["5"], "i360_list_type": "my_data", "i360_record_limit": 10} if vendor == "i360" else {}
    ending = f"Check the setting{'s' * (' and ' in named)} '{named}'."

    code, said = run(TapOSDICRM.cli, "--config", tap.file("tap.json", right | wrong | reading))
    assert code == 1
    assert words in said.splitlines()[-1]
    assert said.splitlines()[-1].endswith(ending), said

    lines = [SCHEMA | {"stream": people}, record, {"type": "STATE", "value": {}}]
    code, said = run(TargetOSDICRM.cli, "--config", tap.file("wrong.json", right | wrong), lines=lines)
    assert code == 1
    assert said.splitlines()[-1].startswith("Stopped: ")
    assert words in said.splitlines()[-1]
    assert said.splitlines()[-1].endswith(ending), said
    summary = json.loads((work / "summary.json").read_text())
    counts = summary["streams"][people]
    assert (counts["read"], counts["rejected"], counts["waiting"]) == (1, 0, 1)
    assert summary["in_journal"] == {"waiting": 1}
    assert counts["waiting_by"].keys() <= {"not signed in", "not reached"}
    assert (work / "rejected.jsonl").read_text() == ""

    code, said = run(TargetOSDICRM.cli, "--config", tap.file("right.json", right))
    assert code == 0, said
    counts = json.loads((work / "summary.json").read_text())["streams"][people]
    assert (counts["created"], counts["waiting"]) == (1, 0), "from the journal"


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


@pytest.mark.parametrize(
    ("vendor", "fault", "records", "words"),
    [
        (
            "nationbuilder",
            {"do": "status", "status": 200, "body": {"data": {}}, "method": "PATCH"},
            [{"id": "1", "email": "a@example.org"}],
            "the answer shows no record",
        ),
        (
            "rally_congress",
            {"do": "status", "status": 200, "body": {"response": {}}, "method": "GET"},
            [{"id": "1", "email": "a@example.org"}],
            "the answer shows no list",
        ),
    ],
)
def test_the_target_rejects_a_record_with_the_words_of_the_page(
    run: Any,
    tap: Any,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    vendor: str,
    fault: Any,
    records: list[Any],
    words: str,
) -> None:
    monkeypatch.setattr("osdi_crm_client.retry.MAX_TRIES", 1)
    account = sandbox.account(vendor)
    account.fault(times=None, **fault)
    people = {"action_network": "people", "nationbuilder": "signups", "rally_congress": "supporters"}[vendor]
    lines = [SCHEMA | {"stream": people}]
    lines += [{"type": "RECORD", "stream": people, "record": record} for record in records]
    config = tap.settings(account, work_dir=str(tap.folder), index_lag_seconds=5) | {"account": "mine"}

    code, _ = run(TargetOSDICRM.cli, "--config", tap.file("config.json", config), lines=lines)

    assert code == 3
    [rejected] = map(json.loads, (tap.folder / "rejected.jsonl").read_text().splitlines())
    assert words in rejected["words"]
    assert f"`{words}`" in PAGE


OWN_ID = {"ExternalID": "1", "ExternalIDType": {"value": "VAN ID"}}


@pytest.mark.parametrize(
    ("vendor", "stream", "values", "fault", "words"),
    [
        ("i360", "contacts", {"LastName": "L"}, {"path": "/Contacts", "body": {}}, "the answer shows no import"),
        (
            "rally_congress",
            "messages",
            {"campaignId": "c", "actionType": "a"},
            {"body": {"response": {}}},
            "the answer shows no record",
        ),
        (
            "crowdskout",
            "profiles",
            {"ExternalIDs": [OWN_ID]},
            {"body": {"success": True, "data": []}},
            "the answer lacks the profile",
        ),
    ],
)
def test_a_good_status_without_what_was_asked_for_is_an_error(
    tap: Any, sandbox: Sandbox, vendor: str, stream: str, values: Any, fault: Any, words: str
) -> None:
    account = sandbox.account(vendor)
    account.fault(do="status", status=200, method="POST", **fault)
    more = {"crowdskout_profiles_per_call": 2} if vendor == "crowdskout" else {}
    config = tap.settings(account, work_dir=str(tap.folder), **more)
    own = vendors.vendor(vendor).own(config)
    found = vendors.vendor(vendor).bound(client.Account(config), TargetSettings(), own)[stream]
    orders = [Order(found, dict(values), {}) for _ in range(2)]

    with ThreadPoolExecutor(2 if more else 1) as together:
        failed = [each.exception() for each in [together.submit(found.create, order) for order in orders]]

    assert [words in str(error) for error in failed] == [True, True], failed
    assert f"`{words}`" in PAGE


def test_the_target_tells_of_a_defect_at_one_record_and_goes_on(
    run: Any, tap: Any, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("target_osdi_crm.decide.match.Matching.find", lambda *_: 1 // 0)
    config = tap.settings(account) | {"account": "mine", "work_dir": str(tap.folder / "work")}

    code, said = run(TargetOSDICRM.cli, "--config", tap.file("config.json", config), lines=[SCHEMA, PERSON])

    assert code == 3
    assert "unexpected failure of ours" in said
    assert "ZeroDivisionError in test_errors_as_told, line " in said
    assert "Traceback" not in said


def test_the_target_tells_of_a_defect_without_a_traceback(
    run: Any, tap: Any, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("target_osdi_crm.intake.batches.Batches.sort", lambda *_: 1 // 0)
    config = tap.settings(account) | {"account": "mine", "work_dir": str(tap.folder / "work")}

    code, said = run(TargetOSDICRM.cli, "--config", tap.file("config.json", config), lines=[SCHEMA, PERSON])

    assert code == 1
    told(said, "Unexpected: ")
    assert "ZeroDivisionError in test_errors_as_told, line " in said


def test_the_target_tells_of_a_vendor_that_nothing_can_be_written_to(
    run: Any, tap: Any, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("target_osdi_crm.run.vendor_names", tuple)

    code, said = run(TargetOSDICRM.cli, "--config", tap.file("config.json", tap.settings(account)), lines=[SCHEMA])

    assert code == 1
    told(said, "Nothing can be written to")


def test_the_target_tells_of_a_file_that_is_not_there(run: Any) -> None:
    code, said = run(TargetOSDICRM.cli, "--config", "nowhere.json")

    assert code == 1
    told(said, "The file of settings cannot be read")


def test_the_driver_that_is_missing_is_named(
    run: Any, tap: Any, account: Account, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    nowhere = "postgresql://user@127.0.0.1:1/db"
    config = tap.settings(account) | {"account": "mine", "journal": nowhere, "work_dir": str(tap.folder / "work")}
    nation = sandbox.account("nationbuilder")
    app = {f"nationbuilder_{name}": nation.credentials[name] for name in ("client_id", "client_secret")}

    code, said = run(TargetOSDICRM.cli, "--config", tap.file("config.json", config), lines=[SCHEMA, PERSON])
    assert code == 1
    told(said, "The journal is to be kept in Postgres, and its driver is missing")

    code, said = run(
        TapOSDICRM.cli, "--config", tap.file("tap.json", tap.settings(nation, **app, token_store=nowhere)), "--test"
    )
    assert code == 1
    told(said, "The setting 'token_store' names a Postgres database, and its driver is missing")


def test_tokens_that_cannot_be_got_are_told_of(
    run: Any, tap: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    nation = sandbox.account("nationbuilder")
    app = {f"nationbuilder_{name}": nation.credentials[name] for name in ("client_id", "client_secret")}
    work = tap.folder / "work"
    config = tap.file("config.json", tap.settings(nation, **app, work_dir=str(work)))

    code, said = run(TapOSDICRM.cli, "--config", config)
    assert code == 1
    told(said, "There is no refresh token")

    monkeypatch.setattr("osdi_crm_client.token_store.LONGEST_WAIT", 0.1)
    with filelock.FileLock(work / "tokens.json.lock"):
        code, said = run(TapOSDICRM.cli, "--config", config)
    assert code == 1
    assert "Another process has held" in said
    told(said, ".lock")

    monkeypatch.setattr(sign_in_command, "LONGEST_WAIT", 0)
    monkeypatch.setattr("webbrowser.open", bool)
    code, said = run(sign_in_command.main, "--config", config, "--callback", "http://127.0.0.1:0/callback")
    assert code == 1
    told(said, "Nobody said yes within")


def test_an_id_of_no_single_record_is_told_of(run: Any, tap: Any) -> None:
    Journal(database.address(None, tap.folder), "mine").end(0, "{}")

    code, said = run(journal_command.main, "--work-dir", tap.folder, "settle", "--vendor-id", "7")

    assert code == 1
    told(said, "--vendor-id goes with --stream and --key")


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

    done = commands.run([at_work("tap-osdi-crm"), "--config", config], stdout=unread)

    assert done.returncode == 1
    told(done.stderr, "Nobody reads what the tap writes")


def test_the_target_ends_when_nobody_reads_its_state(tap: Any, account: Account, unread: int) -> None:
    config = tap.settings(account) | {"account": "mine", "work_dir": str(tap.folder / "work")}
    lines = "".join(json.dumps(each) + "\n" for each in (SCHEMA, PERSON, {"type": "STATE", "value": {"a": 1}}))

    done = commands.run(
        [at_work("target-osdi-crm"), "--config", tap.file("config.json", config)],
        input=lines,
        stdout=unread,
    )

    assert done.returncode == 1
    told(done.stderr, "Nobody reads the STATE messages that the target writes")
    summary = json.loads((tap.folder / "work" / "summary.json").read_text())
    assert summary["streams"]["people"]["created"] == 1, "what it did is kept"
    ended = commands.run(
        [at_work("osdi-crm-journal"), "--work-dir", tap.folder / "work", "status"],
        stdout=unread,
    )
    assert (ended.returncode, ended.stderr) == (141, ""), "the journal's command, for people, says nothing"


def test_signing_in_ends_without_a_word_when_nobody_reads_it(tap: Any, sandbox: Sandbox, unread: int) -> None:
    nation = sandbox.account("nationbuilder")
    app = {f"nationbuilder_{name}": nation.credentials[name] for name in ("client_id", "client_secret")}
    config = tap.settings(nation, work_dir=str(tap.folder / "work")) | app

    ended = commands.run(
        [at_work("osdi-crm-sign-in"), "--config", tap.file("config.json", config), "--paste"],
        stdin=subprocess.DEVNULL,
        stdout=unread,
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
        (None, "The file of settings cannot be read"),
        ("{", "The file of settings cannot be read"),
        ("{}", "The setting 'vendor' must be one of"),
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


def test_reasons_that_need_a_vendor_out_of_the_ordinary(run: Any, tap: Any, sandbox: Sandbox) -> None:
    account = sandbox.account("action_network")
    unknown, known = account.insert("people", [{"given_name": "Ada"}, {"email_addresses": [{"address": "b@b.org"}]}])
    nameless, named = (each["identifiers"][0].removeprefix("action_network:") for each in (unknown, known))
    account.fault(do="status", status=307, headers={"Location": "http://example.org"}, path="/petitions", method="POST")
    account.fault(do="status", status=200, body=unknown, path="/people$", method="POST")
    config = tap.settings(account, work_dir=str(tap.folder), index_lag_seconds=0) | {"account": "mine"}
    config |= {"ids_are_this_accounts": True}
    records = [
        ("people", {"id": nameless, "given_name": "Eva", "add_tags": ["a"]}, "no address to tag by"),
        ("people", {"id": named, "given_name": "Bob", "add_tags": ["a"]}, "tags went to another person"),
        ("petitions", {"id": None, "key": "1", "title": "T"}, "the vendor points elsewhere"),
    ]
    lines = []
    for stream, record, _ in records:
        key = "key" if "key" in record else "id"
        lines.append(SCHEMA | {"stream": stream, "schema": {"properties": {key: {}}}, "key_properties": [key]})
        lines.append({"type": "RECORD", "stream": stream, "record": record})

    code, _ = run(TargetOSDICRM.cli, "--config", tap.file("config.json", config), lines=lines)

    assert code == 3
    rejected = map(json.loads, (tap.folder / "rejected.jsonl").read_text().splitlines())
    assert {each["reason"] for each in rejected} == {reason for _, _, reason in records}


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"Attributes": [{"AttributeId": 1}]}, "incomplete attribute"),
        ({"external_id": "E1"}, "no type of external ID"),
        ({}, "nothing to write"),
    ],
)
def test_reasons_of_crowdskouts_own(run: Any, tap: Any, sandbox: Sandbox, record: Any, reason: str) -> None:
    account = sandbox.account("crowdskout")
    config = tap.settings(account, work_dir=str(tap.folder)) | {"account": "mine"}
    lines = [SCHEMA | {"stream": "profiles"}, {"type": "RECORD", "stream": "profiles", "record": {"id": "1"} | record}]

    code, _ = run(TargetOSDICRM.cli, "--config", tap.file("config.json", config), lines=lines)

    assert code == 3
    assert json.loads((tap.folder / "rejected.jsonl").read_text())["reason"] == reason


def test_a_search_that_shows_others_is_not_believed(run: Any, tap: Any, sandbox: Sandbox) -> None:
    account = sandbox.account("rally_congress")
    others = {"response": [{"id": "9", "email": "other@example.org"}]}
    account.fault(do="status", status=200, body=others, method="GET", path="/supporters")
    config = tap.settings(account, work_dir=str(tap.folder), index_lag_seconds=0) | {"account": "mine"}
    lines = [SCHEMA | {"stream": "supporters"}, PERSON | {"stream": "supporters"}]

    code, _ = run(TargetOSDICRM.cli, "--config", tap.file("config.json", config), lines=lines)

    assert code == 3
    assert json.loads((tap.folder / "rejected.jsonl").read_text())["reason"] == "search not understood"


def test_an_outreach_has_one_target(run: Any, tap: Any, account: Account) -> None:
    config = tap.settings(account, work_dir=str(tap.folder), index_lag_seconds=0) | {"account": "mine"}
    campaign = {"id": "1", "title": "T", "type": "email"}
    outreach = {"id": "1", "person_id": "1", "advocacy_campaign_id": "1", "targets": []}
    lines = [SCHEMA, PERSON]
    for stream, record in (("advocacy_campaigns", campaign), ("outreaches", outreach)):
        lines += [SCHEMA | {"stream": stream}, {"type": "RECORD", "stream": stream, "record": record}]

    code, _ = run(TargetOSDICRM.cli, "--config", tap.file("config.json", config), lines=lines)

    assert code == 3
    assert json.loads((tap.folder / "rejected.jsonl").read_text())["reason"] == "not one target"
