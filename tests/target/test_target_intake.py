"""Messages as they really come: keys as floats, odd bytes, blanks; one odd value harms only its own record."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from osdi_crm_sandbox.control import Sandbox

PERSON = '{"type": "RECORD", "stream": "people", "record": {"id": %s, "email": "ann@example.org", "given_name": %s}}\n'


def test_a_key_is_one_however_its_number_comes(sandbox: Sandbox, target: Any) -> None:
    account = sandbox.account("action_network")
    schema = target.schema("people", ["id"])

    for number, key in enumerate(("17", "17.0", '"17"', "17.00", '"17.0"')):
        done = target(account, [schema, PERSON % (key, f'"Ann{number}"')])
        assert done.code == 0
        assert done.count("people", "created") == (number == 0)

    assert [each["given_name"] for each in account.records("people")] == ["Ann4"]


def test_a_reference_finds_its_record_however_its_number_comes(sandbox: Sandbox, target: Any) -> None:
    account = sandbox.account("nationbuilder")
    people = target.messages("signups", {"id": 5, "email": "ann@example.org", "first_name": "Ann"})
    donation = {"id": 1, "signup_id": 5.0, "amount_in_cents": 2500.0, "payment_type_name": "Cash"}

    done = target(account, [*people, *target.messages("donations", donation)])

    assert done.code == 0, done.rejects
    assert done.count("donations", "created") == 1


@pytest.mark.parametrize("name", [b'"Ann \\ud83d"', b'"Ann \xff"', b'"Ann \x07"', b'"Ann \\u0000"'])
def test_half_an_emoji_and_control_bytes_are_replaced(sandbox: Sandbox, target: Any, name: bytes) -> None:
    account = sandbox.account("action_network")
    line = (PERSON % ("1", "NAME")).encode().replace(b"NAME", name)
    file = target.folder / "input.jsonl"
    file.write_bytes(b"".join([target.file([target.schema("people", ["id"])]).read_bytes(), line]))

    with file.open("rb") as source:
        done = target.ended(target._begun(account, source))

    assert done.code == 0, done.log
    assert [each["given_name"] for each in account.records("people")] == ["Ann \ufffd"]


@pytest.mark.parametrize("number", ["1e99999999", "-1E400", f"1e{'9' * 30}", "9" * 4200])
def test_a_record_that_waits_with_a_number_of_any_size_is_taken_up_again(
    sandbox: Sandbox, target: Any, number: str
) -> None:
    account = sandbox.account("action_network")
    people = target.messages("people", {"id": 1, "email": "ann@example.org"})
    tagging = '{"type": "RECORD", "stream": "taggings", "record": {"tag_id": 1, "person_id": 1, "note": NUMBER}}\n'

    target(account, [*people, target.schema("taggings", ["tag_id", "person_id"]), tagging.replace("NUMBER", number)])
    done = target(account, target.messages("tags", {"id": 1, "name": "volunteer"}))

    assert done.code == 0, done.log
    assert done.count("taggings", "created") == 1


@pytest.mark.parametrize("blank", ["", " ", None])
def test_a_blank_time_of_deletion_deletes_nothing(sandbox: Sandbox, target: Any, blank: str | None) -> None:
    account = sandbox.account("action_network")
    people = target.messages("people", {"id": 1, "email": "ann@example.org"})
    tags = target.messages("tags", {"id": 1, "name": "volunteer"})
    tagging = {"id": 1, "tag_id": 1, "person_id": 1}
    target(account, [*people, *tags, *target.messages("taggings", tagging)], allow_delete=True)

    again = target.messages("taggings", {**tagging, "_sdc_deleted_at": blank, "note": "changed"})
    done = target(account, [*people, *tags, *again], allow_delete=True)

    assert done.code == 0
    assert len(account.records("taggings")) == 1


@pytest.mark.parametrize("odd", [False, True, 0, 1710121212, "false", "NaT", "None", {}, [], "2026-02-30"], ids=str)
def test_what_is_no_time_of_deletion_deletes_nothing_and_is_told(sandbox: Sandbox, target: Any, odd: Any) -> None:
    nation = sandbox.account("nationbuilder")
    ann = {"id": 1, "first_name": "Ann", "email": "ann@example.org"}
    rules: dict[str, Any] = {"allow_delete": True, "on_delete": {"signups": "delete"}}
    target.write(nation, "signups", ann, **rules)
    before = nation.records("signups")

    done = target.write(nation, "signups", {**ann, "first_name": "Anna", "_sdc_deleted_at": odd}, **rules)
    there = nation.records("signups")
    again = target.write(nation, "signups", {**ann, "first_name": "Anna"}, **rules)

    assert there == before
    assert (done.code, [each["code"] for each in done.rejects]) == (3, ["invalid_record"])
    assert "_sdc_deleted_at" in done.rejects[0]["words"]
    assert (again.code, again.count("signups", "updated")) == (0, 1)


def test_a_record_that_is_no_message_is_rejected_alone(sandbox: Sandbox, target: Any) -> None:
    account = sandbox.account("action_network")
    deep = "[" * 100_000 + "]" * 100_000
    lines = [target.schema("people", ["id"]), PERSON % ("1", deep), PERSON % ("2", '"Bo"')]

    done = target(account, lines)

    assert done.code == 3
    assert done.count("people", "created") == 1


def test_keys_of_a_first_release_that_were_floats_are_found(sandbox: Sandbox, target: Any) -> None:
    account = sandbox.account("action_network")
    schema = target.schema("people", ["id"])
    target(account, [schema, PERSON % ("17", '"Ann"')])
    journal: Path = target.folder / "journal.db"
    with sqlite3.connect(journal) as connection:
        connection.execute("UPDATE records SET source_key = '17.0'")
        connection.execute("ALTER TABLE records RENAME COLUMN state TO outcome")
        connection.execute("ALTER TABLE records RENAME COLUMN settings TO behaviour")
        connection.execute("ALTER TABLE records ADD COLUMN action TEXT")
        connection.execute("ALTER TABLE records ADD COLUMN retry TEXT")

    done = target(account, [schema, PERSON % ("17.0", '"Ann"')])

    assert (done.code, done.count("people", "created")) == (0, 0)
    assert len(account.records("people")) == 1


@pytest.mark.parametrize("depth", [150, 450])
@pytest.mark.parametrize(
    ("vendor", "stream", "record"),
    [
        ("action_network", "people", {"email": "ann@example.org"}),
        ("nationbuilder", "signups", {"email": "ann@example.org"}),
        ("i360", "contacts", {"FirstName": "Ann"}),
        ("rally_congress", "supporters", {"email": "ann@example.org"}),
        ("crowdskout", "profiles", {"first_name": "Ann"}),
    ],
)
def test_a_schema_however_deep_keeps_no_record_out(
    vendor: str, stream: str, record: dict[str, Any], depth: int, sandbox: Sandbox, target: Any
) -> None:
    account = sandbox.account(vendor)
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(depth):
        schema = {"type": ["object", "array"], "properties": {"a": schema}, "items": {"anyOf": [{"a": 1}]}}
    deep: Any = "x"
    for _ in range(depth):
        deep = {"a": deep}

    records = [{"id": "1", **record}, {"id": "2", **record, "custom_fields": deep, "custom_values": deep, "deep": deep}]
    lines = [target.schema(stream, ["id"], deep=schema), *target.messages(stream, *records)[1:]]
    done = target(account, lines)

    assert done.code in {0, 3}, done.log
    assert "Traceback" not in done.log
    assert done.count(stream, "created") >= 1


@pytest.mark.parametrize("where", ["http://127.0.0.1:9/x.json", "file:///etc/passwd", "x.json"])
def test_a_schema_that_stands_elsewhere_is_not_fetched(sandbox: Sandbox, target: Any, where: str) -> None:
    account = sandbox.account("action_network")

    done = target(account, [target.schema("people", ["id"], x={"$ref": where}), PERSON % ("1", '"Ann"')])

    assert done.code == 1
    assert "holds no valid JSON Schema" in done.log
    assert account.counters()["calls"] == 0


@pytest.mark.parametrize(
    "value",
    ['{"at": 1710121212.125}', '{"n": 1e400, "m": 17.00}', '{"name": "Jos\\u00e9 \\ud83d\\ude00"}', "[0.1]"],
)
def test_a_state_goes_out_as_it_came(sandbox: Sandbox, target: Any, value: str) -> None:
    done = target(sandbox.account("action_network"), [f'{{"type": "STATE", "value": {value}}}'])

    assert done.code == 0, done.log
    [line] = done.out.splitlines()
    assert line.isascii()
    assert json.loads(line, parse_float=str) == json.loads(value.replace("1e400", "1E+400"), parse_float=str)


def test_a_byte_order_mark_hides_no_schema(sandbox: Sandbox, target: Any) -> None:
    account = sandbox.account("action_network", size=0)
    schema, record = target.messages("people", {"id": 1, "email": "ann@example.org"})

    done = target(account, [f"\ufeff{json.dumps(schema)}", record])

    assert done.code == 0, done.log
    assert len(account.records("people")) == 1


@pytest.mark.parametrize(("file", "why"), [("file:///dev/zero", "it is no file"), ("http://[", "what is no file")])
def test_a_batch_is_read_from_files_alone(sandbox: Sandbox, target: Any, file: str, why: str) -> None:
    batch = {"type": "BATCH", "stream": "people", "encoding": {"format": "jsonl"}, "manifest": [file]}

    done = target(sandbox.account("action_network"), [target.schema("people"), batch])

    assert done.code == 1
    assert why in done.log
