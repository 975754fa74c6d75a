"""Stream maps: what is no expression ends the run at its start, a record that one fails on is rejected alone."""

from __future__ import annotations

from typing import Any

import pytest
from osdi_crm_client.errors import ConfigurationError
from osdi_crm_sandbox.control import Account, Sandbox

STATE = {"type": "STATE", "value": {"bookmarks": {"x": 1}}}


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    return sandbox.account("action_network")


def mapped(
    target: Any, account: Account, expressions: dict[str, Any], *records: dict[str, Any], **settings: Any
) -> Any:
    schema = target.schema("people", ["id"], email={}, first={}, no={})
    lines = [schema, *({"type": "RECORD", "stream": "people", "record": each} for each in records), STATE]
    return target(account, lines, stream_maps={"people": expressions}, **settings)


@pytest.mark.parametrize(
    "expression",
    ["email.lower()", "email + ''", "1 / no", "first[3]", "missing", "f'{first}'", "'%s' % first", "int(first)"],
)
def test_a_record_that_an_expression_fails_on_is_rejected_alone(account: Account, target: Any, expression: str) -> None:
    good = {"id": "1", "email": "a@example.org", "first": "1234", "no": 1, "missing": "x"}
    bad = {"id": "2", "email": None, "first": None, "no": 0}

    done = mapped(
        target, account, {"family_name": expression}, good, bad, {**good, "id": "3", "email": "c@example.org"}
    )
    again = mapped(target, account, {"family_name": expression}, bad)

    assert done.code == 3, done.log
    assert done.count("people", "created") == 2
    assert done.states
    ((reject,), log) = done.rejects, done.log
    assert (reject["code"], reject["stream"], reject["key"], reject["line"]) == ("not_mapped", "people", "2", 3)
    assert (reject["reason"], bool(reject["words"])) == ("not mapped", True)
    assert "Traceback" not in log
    assert (again.code, again.count("people", "standing")) == (0, 1)


def test_a_filter_that_fails_rejects_too_and_each_alias_by_itself(account: Account, target: Any) -> None:
    maps = {
        "people": {"__filter__": "email.endswith('.org')"},
        "tags": {"__source__": "people", "__else__": None, "__key_properties__": ["id"], "id": "id", "name": "id"},
    }
    records = [{"id": "a", "email": "a@example.org"}, {"id": "b", "email": None}]

    lines = [target.schema("people", ["id"], email={}), *target.messages("people", *records)[1:]]
    done = target(account, lines, stream_maps=maps)

    assert done.code == 3
    assert (done.count("people", "created"), done.count("people", "rejected")) == (1, 1)
    assert sorted(each["name"] for each in account.records("tags")) == ["a", "b"]


def test_an_opt_out_in_a_record_that_cannot_be_mapped_is_remembered(account: Account, target: Any) -> None:
    out = {"id": "1", "email": "a@example.org", "email_status": "unsubscribed", "first": None}
    into = {"id": "2", "email": "a@example.org", "email_status": "subscribed", "first": "x"}

    mapped(target, account, {"given_name": "first.upper()"}, out)
    done = mapped(target, account, {"given_name": "first.upper()"}, into)

    assert done.by("people", "consent") == {"email withheld": 1}


@pytest.mark.parametrize(
    "expression", ["first name +", "uper(first)", "lambda: 1", "a = 1", "", 5, ["id"], "(" * 500, "yield x"]
)
def test_what_is_no_expression_ends_the_run_in_one_line_before_anything_is_sent(
    account: Account, target: Any, expression: Any
) -> None:
    with pytest.raises(ConfigurationError, match=r"^The setting 'stream_maps' has no expression for 'x' of 'people'"):
        mapped(target, account, {"x": expression}, {"id": "1", "email": "a@example.org"})

    assert account.counters()["calls"] == 0


@pytest.mark.parametrize("maps", [{"__else__": "x"}, {"__x__": None}, {"people": "x"}, {"people": {"id": None}}])
def test_a_definition_that_is_none_ends_the_run_in_one_line(account: Account, target: Any, maps: Any) -> None:
    lines = target.messages("people", {"id": "1", "email": "a@example.org"})

    done = target.as_command(account, lines, stream_maps=maps)

    assert done.code == 1
    assert "The setting 'stream_maps' cannot be used" in done.log
    assert "Traceback" not in done.log
    assert account.counters()["calls"] == 0


def test_null_never_becomes_text(account: Account, target: Any) -> None:
    maps = {"id": "str(no)", "given_name": "str(first)", "custom_no": "f'no {no}'"}
    records: list[dict[str, Any]] = [
        {"id": "", "no": None, "email": "a@example.org"},
        {"id": "", "no": None, "email": "b@example.org"},
        {"id": "", "no": 17.0, "email": "c@example.org", "first": None},
        {"id": "", "no": 18, "email": "d@example.org", "first": ["x"]},
    ]

    done = mapped(target, account, maps, *records)

    assert {each["code"] for each in done.rejects} == {"not_mapped"}
    shown = {each["custom_fields"]["no"]: each.get("given_name") for each in account.records("people")}
    assert shown == {"no 17": None, "no 18": '["x"]'}


def test_a_key_that_was_null_is_none(account: Account, target: Any) -> None:
    done = mapped(target, account, {"id": "str(no)"}, {"id": "", "no": None, "email": "a@example.org"})

    assert [each["code"] for each in done.rejects] == ["no_key"]
    assert account.records("people") == []


def test_what_an_expression_makes_is_of_any_type(account: Account, target: Any) -> None:
    maps = {"custom_share": "no / 4", "custom_first": "no > 1", "phone": "first"}
    record = {"id": "1", "no": 3, "email": "a@example.org", "first": 2025550123.0}

    done = mapped(target, account, maps, record)

    assert done.code == 0, done.rejects
    (person,) = account.records("people")
    assert person["custom_fields"] == {"share": "0.75", "first": "true"}
    assert person["phone_numbers"][0]["number"] == "12025550123"
