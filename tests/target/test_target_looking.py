"""`osdi-crm-journal` shows what a dry run would change, what was rejected and what waits, for people and programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from osdi_crm_sandbox.control import Account, Sandbox
from target_osdi_crm.report.journal_command import main

PERSON = {"email_addresses": [{"address": "a@example.org", "status": "subscribed"}], "given_name": "Old"}


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    return sandbox.account("action_network")


@pytest.fixture
def command(target: Any, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def run(*arguments: str) -> str:
        capsys.readouterr()
        main(["--work-dir", str(target.folder), *arguments])
        return capsys.readouterr().out

    return run


def rows(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(text)
    return found


def test_a_dry_run_is_shown_as_old_and_new(account: Account, target: Any, command: Any) -> None:
    account.insert("people", [PERSON])
    target.write(
        account,
        "people",
        {"id": "1", "email": "a@example.org", "given_name": "New", "email_status": "unsubscribed"},
        {"id": "2", "email": "b@example.org", "given_name": "Fresh"},
        {"id": "3"},
        dry_run=True,
        plan_values=True,
    )

    shown = rows(command("plan", "--format", "json"))

    assert [(row["key"], row["plan"], row["field"], row["old"], row["new"]) for row in shown[:2]] == [
        ("1", "update", "given_name", "Old", "New"),
        ("1", "update", "email_addresses.status", "subscribed", "unsubscribed"),
    ]
    assert [(row["key"], row["plan"]) for row in shown[2:]] == [("2", "create"), ("3", "reject")]
    assert "Fresh" in shown[2]["new"]
    assert "nothing to know the person by" in shown[3]["reason"]
    assert [row["key"] for row in rows(command("plan", "--plan", "create", "--format", "json"))] == ["2"]
    lines = [each.split() for each in command("plan").splitlines()]
    assert ["people", "1", "update", "given_name", "Old", "New"] in lines
    assert lines[-1] == ["people", "update", "1"]


def test_without_values_a_plan_names_fields_and_nobody(account: Account, target: Any, command: Any) -> None:
    account.insert("people", [PERSON])
    target.write(account, "people", {"id": "1", "email": "a@example.org", "given_name": "New"}, dry_run=True)

    (shown,) = rows(command("plan", "--format", "json"))

    assert (shown["field"], shown["old"], shown["new"]) == ("given_name", "", "")


def test_where_no_dry_run_has_been_there_is_no_plan(target: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--work-dir", str(target.folder), "plan"])

    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith("There is no plan in ")


def test_what_waits_is_told_apart_from_what_was_rejected(account: Account, target: Any, command: Any) -> None:
    early = target.messages("signatures", {"id": "s", "petition_id": "p", "person_id": "1"})
    target(account, [*early, *target.messages("people", {"id": "1"})], max_rejects=1)

    rejected = rows(command("rejects", "--format", "json"))
    waiting = rows(command("waiting", "--format", "json"))

    assert [(row["stream"], row["outcome"]) for row in rejected] == [("people", "rejected")]
    assert [(row["stream"], row["outcome"]) for row in waiting] == [("signatures", "waiting")]


def test_lists_are_filtered_by_code_and_outcome(account: Account, target: Any, command: Any) -> None:
    target.write(account, "people", {"id": "1"}, {"id": "2", "email": "b@example.org", "email_status": "odd"})

    by_code = list(csv.DictReader(io.StringIO(command("rejects", "--code", "unknown_status", "--format", "csv"))))
    outcomes = json.loads(command("status", "--outcome", "rejected", "--format", "json"))

    assert [(row["source_key"], row["code"]) for row in by_code] == [("2", "unknown_status")]
    assert [(row["outcome"], row["records"]) for row in outcomes["outcomes"]] == [("rejected", 2)]
    assert command("rejects", "--outcome", "unknown", "--format", "csv").splitlines() == [
        "stream,source_key,outcome,reason,attempts,at,code,words"
    ]


def test_what_to_do_about_each_code_stands_beside_the_records(account: Account, target: Any, command: Any) -> None:
    odd = [{"id": key, "email": f"{key}@example.org", "email_status": "odd"} for key in "23"]
    target.write(account, "people", {"id": "1"}, *odd)
    advice = ("Give the person what the words name", "Map the column to a status that the words name")

    command("report")

    for shown in (command("rejects"), (target.folder / "report.html").read_text()):
        assert [shown.count(each) for each in advice] == [1, 1]


def test_a_config_tells_where_the_journal_is(account: Account, target: Any, capsys: pytest.CaptureFixture[str]) -> None:
    target.write(account, "people", {"id": "1", "email": "a@example.org"})
    config = target.folder / "somewhere.json"
    config.write_text(json.dumps({"work_dir": str(target.folder)}))

    main(["--config", str(config), "status"])

    assert "people" in capsys.readouterr().out


def test_the_variables_of_the_target_tell_where_the_journal_is(
    account: Account, target: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    target.write(account, "people", {"id": "1", "email": "a@example.org"})
    monkeypatch.setenv("TARGET_OSDI_CRM_WORK_DIR", str(target.folder))

    main(["status"])

    assert "people" in capsys.readouterr().out
