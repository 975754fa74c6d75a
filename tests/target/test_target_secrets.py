"""Secrets stand nowhere, and people's data nowhere but in the files that are their owner's alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from osdi_crm_client.vendor import vendor
from osdi_crm_sandbox.control import Sandbox

SEEDED = {
    "email": "seeded.person@example.org",
    "given_name": "Seededgivenname",
    "family_name": "Seededfamilyname",
    "phone": "2025550199",
    "street": "99 Seeded Street",
    "custom_note": "seededcustomvalue",
}


@pytest.mark.parametrize("how", ["plain", "replaced", "debug"])
def test_marked_secrets_and_people_are_in_no_log(
    sandbox: Sandbox, target: Any, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = sandbox.account("action_network", key="seeded-secret-key/+%")
    account.fault(do="status", method="POST", path="/petitions", status=400, body={"error": f"bad {account.key}"})
    account.fault(do="status", method="POST", path="/forms", status=400, body={"error": f"no {SEEDED['email']}"})
    account.fault(do="html", method="POST", path="/surveys", times=1)
    account.fault(do="malformed", method="POST", path="/events", times=1)
    if how == "replaced":
        logging = {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"plain": {"()": "singer_sdk.logging.StructuredFormatter"}},
            "handlers": {"err": {"class": "logging.StreamHandler", "formatter": "plain"}},
            "root": {"level": "INFO", "handlers": ["err"]},
        }
        (target.folder / "logging.yml").write_text(json.dumps(logging))
        monkeypatch.setenv("SINGER_SDK_LOG_CONFIG", str(target.folder / "logging.yml"))
    if how == "debug":
        monkeypatch.setenv("TARGET_OSDI_CRM_LOGLEVEL", "DEBUG")
    person = {"id": SEEDED["email"], **SEEDED}
    messages = [
        *target.messages("people", person, {**person, "id": "2", "email": 7, "email_addresses": SEEDED["street"]}),
        *target.messages("people", {"given_name": SEEDED["given_name"]}),
        *target.messages("people", {**person, "id": "3", "family_name": "x" * 2000}),
        *target.messages("petitions", {"id": "1", "title": "T"}),
        *target.messages("forms", {"id": "1", "title": "T"}),
        *target.messages("surveys", {"id": "1", "title": "T"}),
        *target.messages("events", {"id": "1", "title": "T"}),
        f"garbage with {SEEDED['email']} and {account.key}",
        json.dumps({"type": "RECORD", "stream": "people", "record": SEEDED["email"]}),
    ]

    done = target.as_command(account, messages, max_field_bytes=1500)

    assert done.code == 3, done.log
    text = done.log + done.out
    assert account.key not in text
    assert "seeded-secret-key" not in text
    if how != "debug":
        for value in SEEDED.values():
            assert value not in text
    for path in target.folder.iterdir():
        content = path.read_bytes().decode("latin-1")
        if path.name not in {"config.json", "input.jsonl"}:
            assert account.key not in content, path.name
            if SEEDED["email"] in content:
                assert path.stat().st_mode & 0o077 == 0, path.name
    assert "Traceback" not in done.log or how == "debug"
    assert ("METRIC" in done.log) is (how != "plain"), "metrics are for programs, and people see a table"


def test_a_vendor_that_echoes_secrets_and_people_brings_neither_into_a_log(case: Any, target: Any) -> None:
    account, email = case.account, SEEDED["email"]
    config = target.config(account)
    secrets = {str(config[name]) for name in vendor(case.vendor).secrets if name in config}
    method, path = case.creates
    echo = " ".join([email, *secrets])
    for body in ({"error": echo}, {"Message": echo}, {"messages": [echo], "success": False}):
        account.fault(do="status", method=method, path=path, status=400, body=body, times=1)
    for how in ("html", "malformed"):
        account.fault(do=how, method=method, path=path, times=1, skip=3)

    people = (case.record(f"{number}-{email}", f"{number}{email}") for number in range(8))
    done = target.as_command(account, target.messages(case.people, *people))

    assert done.code == 3, done.log
    assert secrets
    assert len(done.rejects) >= 3
    assert not [secret for secret in secrets if secret in done.log + done.out]
    assert email not in done.log + done.out
    for path in target.folder.iterdir():
        content = path.read_bytes().decode("latin-1")
        if path.name not in {"config.json", "input.jsonl"}:
            assert not [secret for secret in secrets if secret in content], path.name
            assert email not in content or path.stat().st_mode & 0o077 == 0, path.name


def test_the_summary_and_the_plan_tell_no_values(case: Any, target: Any) -> None:
    account = case.account
    messages = target.messages(case.people, case.record("1", SEEDED["email"], **{case.given: SEEDED["given_name"]}))

    target(account, messages, dry_run=True)
    target(account, messages)

    for name in ("plan.jsonl", "summary.json"):
        text = (target.folder / name).read_text()
        assert not [value for value in SEEDED.values() if value in text], name
