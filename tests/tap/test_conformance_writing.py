"""`osdi-crm-conformance --write`: one marked person, told first, tried, and taken away again, also after a kill."""

from __future__ import annotations

import io
import json
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from osdi_crm_client.vendor import vendor_names
from osdi_crm_sandbox.control import Account, Sandbox
from tap_osdi_crm import conformance_command

from tests import commands

PEOPLE = {
    "action_network": "people",
    "crowdskout": "profiles",
    "i360": "volunteers",
    "nationbuilder": "signups",
    "rally_congress": "supporters",
}
DELETED = ("i360", "nationbuilder")
"""Those at which nothing is left."""


def marked(account: Account) -> list[dict[str, Any]]:
    """The people who have the mark in them."""
    return [each for each in account.records(PEOPLE[account.vendor]) if "+osdi-crm-" in json.dumps(each)]


def write(
    folder: Path, monkeypatch: pytest.MonkeyPatch, account: Account, *args: str, said: str = "y\n", **more: Any
) -> dict[str, Any]:
    """Run the command in this process; the answers by their probes."""
    config, file = folder / "config.json", folder / "report.json"
    config.write_text(json.dumps(commands.settings(account, **more)))
    monkeypatch.setattr("sys.stdin", io.StringIO(said))
    given = ["--config", str(config), "--out", str(file), "--write", "--address", "me@example.org", *args]
    conformance_command.main(given)
    answers: dict[str, Any] = json.loads(file.read_text())["answers"]
    return answers


@pytest.mark.conformance
@pytest.mark.parametrize("vendor", vendor_names())
def test_everything_is_as_assumed_and_nobody_is_left(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], vendor: str
) -> None:
    account = sandbox.account(vendor, size=30)
    before = account.records(PEOPLE[vendor])

    answers = write(tmp_path, monkeypatch, account)

    steps = re.findall("Now: .*", capsys.readouterr().out)
    asked = list(answers)[list(answers).index("create") :]
    assert len(steps) == len(asked) > 5
    untried = {"import_contact"}
    assert {name: answers[name]["seen"] for name in asked if answers[name]["answer"] != "as assumed"}.keys() <= untried
    assert "+osdi-crm-" not in (tmp_path / "report.json").read_text()
    assert not (tmp_path / "report.json.to-take-away").exists()
    if vendor in DELETED:
        assert account.records(PEOPLE[vendor]) == before
    elif vendor == "crowdskout":
        assert marked(account) == []
    else:
        [left] = marked(account)
        assert "unsubscribed" in json.dumps(left) or left["emailOptin"] == "no"


PLANTED: dict[str, tuple[str, dict[str, Any], str, dict[str, Any]]] = {
    "a lag": ("nationbuilder", {"index_lag": 2}, "index_lag", {"index_lag_seconds": 4}),
    "a date that does not move": ("action_network", {"status_moves_date": False}, "status_moves_date", {}),
    "other keys of forms": (
        "rally_congress",
        {"form_key_style": "bracket"},
        "form_keys",
        {"rally_congress_form_key_style": "bracket"},
    ),
    "no upsert": ("rally_congress", {"upsert_by_email": False}, "upsert", {}),
}


@pytest.mark.conformance
@pytest.mark.parametrize("what", PLANTED)
def test_what_is_planted_for_who_writes_is_named(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    vendor, options, probe, settings = PLANTED[what]
    account = sandbox.account(vendor, size=4, **options)

    answer = write(tmp_path, monkeypatch, account)[probe]

    assert answer["answer"] == "otherwise", answer
    assert answer.get("settings", {}).keys() == settings.keys()
    assert all(answer["settings"][name] == value or name == "index_lag_seconds" for name, value in settings.items())


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert is_so()


@pytest.mark.conformance
@pytest.mark.parametrize("vendor", vendor_names())
@pytest.mark.parametrize("lag", [0, 2])
def test_a_killed_run_leaves_nothing_after_it_is_resumed(
    sandbox: Sandbox, tmp_path: Path, vendor: str, lag: int
) -> None:
    account = sandbox.account(vendor, size=4, index_lag=lag)
    before = account.records(PEOPLE[vendor])
    (tmp_path / "config.json").write_text(json.dumps(commands.settings(account, index_lag_seconds=3)))
    command = [str(commands.BIN / "osdi-crm-conformance"), "--config", "config.json", "--out", "report.json"]
    account.fault(do="delay", method="POST", path="/(signups|people|supporters|profile|Volunteers)$", seconds=1)

    process = subprocess.Popen(
        [*command, "--write", "--address", "me@example.org"],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdin
    process.stdin.write(b"y\n")
    process.stdin.close()
    until(lambda: any("+osdi-crm-" in json.dumps(call["body"]) for call in account.log()))
    process.kill()
    process.wait()
    account.clear_faults()
    until(lambda: bool(marked(account)))
    refused = commands.run(command, cwd=tmp_path)
    done = commands.run([*command, "--resume"], cwd=tmp_path)

    assert refused.returncode == 1
    assert "An earlier --write was not ended." in refused.stderr
    assert done.returncode == 0, done.stderr
    if vendor in DELETED:
        assert account.records(PEOPLE[vendor]) == before
    assert all("unsubscribed" in json.dumps(each) or each.get("emailOptin") == "no" for each in marked(account))
    assert not (tmp_path / "report.json.to-take-away").exists()


@pytest.mark.conformance
def test_a_run_that_is_told_to_end_takes_its_person_away(sandbox: Sandbox, tmp_path: Path) -> None:
    account = sandbox.account("nationbuilder", size=4)
    before = account.records("signups")
    (tmp_path / "config.json").write_text(json.dumps(commands.settings(account)))
    account.fault(do="delay", method="PATCH", seconds=1)

    process = subprocess.Popen(
        [str(commands.BIN / "osdi-crm-conformance"), "--config=config.json", "--write", "--address=me@example.org"],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdin
    process.stdin.write("y\n")
    process.stdin.flush()
    until(lambda: any(call["method"] == "PATCH" for call in account.log()))
    process.terminate()
    told, _ = process.communicate(timeout=60)

    assert process.returncode == 143, told
    assert "The person is taken away again" in told
    assert account.records("signups") == before
    assert not list(tmp_path.glob("*.to-take-away"))


def test_nothing_is_written_unless_it_is_agreed_to(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    account = sandbox.account("rally_congress", size=3)

    with pytest.raises(SystemExit) as ended:
        write(tmp_path, monkeypatch, account, said="n\n")

    assert ended.value.code == 1
    assert "which reaches you" in capsys.readouterr().out
    assert {call["method"] for call in account.log()} <= {"GET"}
    assert not (tmp_path / "report.json.to-take-away").exists()


def test_an_address_that_is_none_is_refused(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    account = sandbox.account("crowdskout", size=1)

    with pytest.raises(SystemExit):
        write(tmp_path, monkeypatch, account, "--address", "nobody")

    assert "'nobody' is no e-mail address to write a person with" in capsys.readouterr().err


def test_a_run_that_was_not_ended_is_resumed_or_nothing_is_done(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    account = sandbox.account("i360", size=1)
    (tmp_path / "report.json.to-take-away").write_text(json.dumps({"address": "a+osdi-crm-1@example.org", "id": ""}))

    with pytest.raises(SystemExit):
        write(tmp_path, monkeypatch, account)

    assert "An earlier --write was not ended. Run again with --resume" in capsys.readouterr().err
