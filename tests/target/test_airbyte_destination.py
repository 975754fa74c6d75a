"""The target as an Airbyte destination, driven by the messages that the platform sends it."""

from __future__ import annotations

import json
import random
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from osdi_crm_client.vendor import vendor, vendor_names
from osdi_crm_sandbox.control import Account, Sandbox
from target_osdi_crm.airbyte import Destination

from tests import commands
from tests.airbyte_command import AirbyteCommand, AirbyteRun, Message
from tests.target_command import TargetRun
from tests.writing_case import WritingCase

PEOPLE, MOMENTS = 500, 20
BETWEEN = 25
"""People between two states."""


@pytest.fixture
def destination(tmp_path: Path) -> AirbyteCommand:
    return AirbyteCommand(Destination(), tmp_path)


def form(account: Account, folder: Path, **more: Any) -> dict[str, Any]:
    """The settings as Airbyte's form sends them."""
    return {
        "vendor": dict(account.settings),
        "account": "test",
        "work_dir": str(folder / "work"),
        "calls_per_second": 0,
        "index_lag_seconds": 0,
        "state_interval_seconds": 0.2,
        "journal": "",
        **more,
    }


def catalog(*names: str, mode: str = "append_dedup", key: str = "id", **more: Any) -> Message:
    streams = [
        {
            "stream": {
                "name": name,
                "json_schema": {"type": "object", "properties": {key: {"type": ["null", "string"]}}},
                "supported_sync_modes": ["incremental"],
            },
            "sync_mode": "incremental",
            "destination_sync_mode": mode,
            "primary_key": [[key]],
            **more,
        }
        for name in names
    ]
    return {"streams": streams}


def record(stream: str, data: Message, **more: Any) -> Message:
    return {"type": "RECORD", "record": {"stream": stream, "data": data, "emitted_at": 1, **more}}


def state(stream: str, cursor: Any) -> Message:
    told = {"stream_descriptor": {"name": stream}, "stream_state": {"cursor": cursor, "share": 0.1}}
    return {
        "type": "STATE",
        "state": {"type": "STREAM", "stream": told, "id": cursor, "sourceStats": {"recordCount": 1.0}},
    }


STARTED = {
    "type": "TRACE",
    "trace": {
        "type": "STREAM_STATUS",
        "emitted_at": 1.0,
        "stream_status": {"stream_descriptor": {"name": "people"}, "status": "STARTED"},
    },
}


def lines(*messages: Message) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in messages)


def person(number: int, **more: Any) -> Message:
    return {"id": f"p{number}", "email": f"n{number}@example.org", "given_name": f"Name{number}", **more}


def test_the_specification_is_a_form_of_every_vendor(destination: AirbyteCommand) -> None:
    (spec,) = destination("spec").of("SPEC")
    shown = spec["connectionSpecification"]

    jsonschema.Draft7Validator.check_schema(shown)
    assert spec["supported_destination_sync_modes"] == ["append_dedup"]
    options = {each["properties"]["vendor"]["const"]: each for each in shown["properties"]["vendor"]["oneOf"]}
    assert {name: each["required"] for name, each in options.items()} == {
        name: ["vendor", *vendor(name).required] for name in vendor_names()
    }
    assert shown["properties"]["journal"]["airbyte_secret"]
    assert {each["type"] for each in shown["properties"].values()} <= {
        "string",
        "boolean",
        "integer",
        "number",
        "array",
        "object",
    }


def test_people_of_every_vendor_are_written_once_and_states_answered(
    case: WritingCase, destination: AirbyteCommand, tmp_path: Path
) -> None:
    config = form(case.account, tmp_path, **case.settings)
    given = [record(case.people, case.person(number)) for number in range(3)]
    streams = catalog(case.people, key=case.key)
    assert destination("check", config=config).status == {"status": "SUCCEEDED"}

    first = destination("write", lines(STARTED, *given, state(case.people, 1)), config=config, catalog=streams)
    case.account.clear_log()
    again = destination("write", lines(*given, state(case.people, 2)), config=config, catalog=streams)

    assert (first.code, first.errors, again.code) == (0, [], 0)
    assert Counter(each["email"] for each in case.shown()) == Counter(f"n{number}@example.org" for number in range(3))
    assert first.of("STATE") == [state(case.people, 1)["state"]]
    assert again.of("STATE") == [state(case.people, 2)["state"]]
    assert [each for each in case.account.log() if each["method"] == "POST" and "token" not in each["path"]] == []


def test_each_state_is_answered_once_and_as_it_came(
    sandbox: Sandbox, destination: AirbyteCommand, tmp_path: Path
) -> None:
    account = sandbox.account("action_network")
    told = [state("people", 1), state("tags", 1), state("people", 2)]
    given = [record("people", person(1)), told[0], record("tags", {"id": "t", "name": "T"}), *told[1:]]

    run = destination("write", lines(*given), config=form(account, tmp_path), catalog=catalog("people", "tags"))

    assert run.of("STATE") == [each["state"] for each in told]


def test_what_is_not_written_is_told_by_stream(sandbox: Sandbox, destination: AirbyteCommand, tmp_path: Path) -> None:
    account = sandbox.account("action_network")
    given = [record("people", person(1)), record("people", {"id": "p2", "email": "nobody's"}), state("people", 1)]
    config = form(account, tmp_path)

    run = destination("write", lines(*given), config=config, catalog=catalog("people"))
    rejects = TargetRun(3, "", "", tmp_path / "work").rejects
    allowed = destination("write", lines(*given), config={**config, "fail_on": "none"}, catalog=catalog("people"))

    assert run.code == 3
    (error,) = run.errors
    assert error["stream_descriptor"] == {"name": "people"}
    assert error["message"].startswith("Of 'people', 1 were not written: ")
    assert run.of("STATE") == [given[-1]["state"]]
    assert [each["key"] for each in rejects] == ["p2"]
    assert (allowed.code, allowed.errors) == (0, [])

    still = destination("write", lines(*given), config={**config, "fail_on": "any"}, catalog=catalog("people"))

    assert [each["message"].partition(";")[0] for each in still.errors] == [
        "Records of earlier runs are still not written"
    ]


def test_a_check_fails_with_the_words_of_the_target(
    sandbox: Sandbox, destination: AirbyteCommand, tmp_path: Path
) -> None:
    account = sandbox.account("action_network")
    wrong = form(account, tmp_path)
    wrong["vendor"] = {**account.settings, "action_network_api_token": "of-nobody"}
    for config, words in (
        (wrong, "'action_network_api_token'"),
        ({**form(account, tmp_path), "account": ""}, "The setting 'account' is missing"),
        (form(account, tmp_path, journal="mysql://host/db"), "The setting 'journal' names a mysql database"),
        (form(account, tmp_path, mirror=["people"]), "The setting 'mirror' is of no use under Airbyte. Leave it out."),
    ):
        status = destination("check", config=config).status
        assert words in str(status["message"])


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"mode": "overwrite"}, "The stream 'people' is to be written by 'overwrite', which a CRM does not allow"),
        ({"primary_key": [["a", "b"]]}, "The stream 'people' has a primary key inside of another field."),
    ],
)
def test_a_catalog_that_cannot_be_written_is_told(
    sandbox: Sandbox, destination: AirbyteCommand, tmp_path: Path, more: dict[str, Any], words: str
) -> None:
    run = destination(
        "write", config=form(sandbox.account("action_network"), tmp_path), catalog=catalog("people", **more)
    )

    assert run.code == 1
    assert words in run.errors[0]["message"]
    assert run.errors[0]["failure_type"] == "config_error"


def test_a_stream_can_be_given_the_name_of_the_crms(
    sandbox: Sandbox, destination: AirbyteCommand, tmp_path: Path
) -> None:
    account = sandbox.account("action_network")
    streams = catalog("customers", destination_object_name="people")

    run = destination("write", lines(record("customers", person(1))), config=form(account, tmp_path), catalog=streams)

    assert run.code == 0
    assert len(account.records("people")) == 1


def test_a_row_deleted_at_its_source_is_deleted(sandbox: Sandbox, destination: AirbyteCommand, tmp_path: Path) -> None:
    account = sandbox.account("nationbuilder")
    config = form(account, tmp_path, allow_delete=True)
    tag = {"id": "t1", "name": "volunteers"}
    destination("write", lines(record("signup_tags", tag)), config=config, catalog=catalog("signup_tags"))
    there = len(account.records("signup_tags"))

    gone = record("signup_tags", {**tag, "_ab_cdc_deleted_at": "2026-01-01T00:00:00Z"})
    run = destination("write", lines(gone), config=config, catalog=catalog("signup_tags"))

    assert run.code == 0, run.messages
    assert len(account.records("signup_tags")) == there - 1


def test_it_tells_what_can_be_written(sandbox: Sandbox, destination: AirbyteCommand, tmp_path: Path) -> None:
    account = sandbox.account("nationbuilder")
    for model, name in (("vendor", "signups"), ("osdi", "people")):
        (told,) = destination("discover", config=form(account, tmp_path, model=model)).of(
            "DESTINATION_CATALOG", "destination_catalog"
        )
        people = next(each for each in told["operations"] if each["object_name"] == name)
        assert people["sync_mode"] == "append_dedup"
        assert ["email"] in people["matching_keys"]
        assert people["json_schema"]["properties"]


def killed(destination: AirbyteCommand, given: list[Message], account: Account, calls: int, **files: Any) -> AirbyteRun:
    """A run that is killed once the account has had so many calls that write; cut in the middle of a line or not."""
    (destination.folder / "input").write_bytes(lines(*given))
    with (destination.folder / "input").open("rb") as source:
        process = subprocess.Popen(
            [commands.BIN / "destination-osdi-crm", *destination.arguments("write", **files)],
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    before = len(account.records("people"))
    while process.poll() is None and len(account.records("people")) - before < calls:
        time.sleep(0.01)
    process.kill()
    out, err = process.communicate()
    return AirbyteRun(process.returncode, out, err.decode())


@pytest.mark.airbyte
def test_killed_at_any_moment_and_rerun_from_the_last_answered_state_nothing_is_lost_or_twice(
    sandbox: Sandbox, destination: AirbyteCommand, tmp_path: Path
) -> None:
    account = sandbox.account("action_network", latency=0.002)
    config = form(account, tmp_path, action_network_send_identifiers=False)
    chance = random.Random(24)
    out = {number for number in range(PEOPLE) if number % 7 == 0}
    everybody = [
        record("people", person(number, email_status="unsubscribed" if number in out else "subscribed"))
        for number in range(PEOPLE)
    ]

    def from_state(cursor: int) -> Iterator[Message]:
        for number in range(cursor, PEOPLE):
            yield everybody[number]
            if (number + 1) % BETWEEN == 0:
                yield state("people", number + 1)

    answered = kills = 0
    while kills < MOMENTS:
        given = list(from_state(answered))
        run = killed(destination, given, account, chance.randrange(45), config=config, catalog=catalog("people"))
        assert run.code in {-9, 0}
        kills += 1
        answered = max([answered, *(each["stream"]["stream_state"]["cursor"] for each in run.of("STATE"))])
    whole = destination("write", lines(*from_state(answered)), config=config, catalog=catalog("people"))

    assert whole.code == 0, whole.errors
    people = account.records("people")
    shown = Counter(each["email_addresses"][0]["address"] for each in people)
    assert shown == Counter(f"n{number}@example.org" for number in range(PEOPLE))
    told = {each["email_addresses"][0]["address"]: each["email_addresses"][0]["status"] for each in people}
    assert {address for address, status in told.items() if status == "unsubscribed"} == {
        f"n{number}@example.org" for number in out
    }
