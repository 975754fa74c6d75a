"""The SDK's own suite for targets, and the SDK's seams that writing stands on, one test per seam.

Left out of the suite are tests that expect an exception where this target has a better end:

- `record_missing_key_property`: the record is rejected, see `test_one_bad_record_harms_only_itself`.
- `record_before_schema`, `invalid_schema`: the run ends with one clear line and exit code 1, see
  `test_a_record_before_its_schema_ends_the_run_with_one_line` and `test_a_broken_schema_ends_the_run_with_one_line`.

The suite's streams are no stream of any vendor, so it runs with `on_unknown_stream: skip`.
"""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from osdi_crm_sandbox.control import Account, Sandbox
from singer_sdk import Sink, Target
from singer_sdk.testing import get_target_test_class
from singer_sdk.testing.suites import SingerTestSuite, target_tests
from target_osdi_crm.intake.sink import RecordSink
from target_osdi_crm.target import TargetOSDICRM
from typing_extensions import override

from tests import commands

CONFIG: dict[str, Any] = {
    "vendor": "action_network",
    "account": "suite",
    "action_network_api_token": "to be filled in",
    "on_unknown_stream": "skip",
}

LEFT_OUT = {"record_missing_key_property", "record_before_schema", "invalid_schema"}
OURS = SingerTestSuite(kind="target", tests=[test for test in target_tests.tests if test.name not in LEFT_OUT])
Suite = get_target_test_class(
    target_class=TargetOSDICRM, config=CONFIG, include_target_tests=False, custom_suites=[OURS]
)


def test_nothing_else_is_left_out() -> None:
    run = {test.name for test in target_tests.tests} - LEFT_OUT
    assert len(run) == len(target_tests.tests) - len(LEFT_OUT)
    assert all(hasattr(Suite, f"test_target_{name}") for name in run)
    assert not any(hasattr(Suite, f"test_target_{name}") for name in LEFT_OUT)


class TestTarget(Suite):  # type: ignore[misc, valid-type]
    """The suite, against an account of the sandbox."""

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def account(cls, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> None:
        account = sandbox.account("action_network")
        CONFIG.update(
            action_network_api_url=account.url,
            action_network_api_token=account.key,
            work_dir=str(tmp_path_factory.mktemp("suite")),
        )


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    return sandbox.account("action_network")


class Probe(Sink):
    """A sink built on the same seams as ours, without anything of ours."""

    seen: list[dict[str, Any]]

    def __init__(self, target: Target, stream_name: str, schema: dict[str, Any], key_properties: Any) -> None:
        super().__init__(target, stream_name, {"properties": {}, "additionalProperties": True}, [])
        self.original_schema = schema
        self.keys = key_properties

    @override
    def get_validator(self) -> None:
        return None

    @property
    @override
    def key_properties(self) -> Any:
        return self.keys

    @override
    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:
        SEEN.append(record)

    @override
    def process_batch(self, context: dict[str, Any]) -> None:
        DRAINED.append(len(SEEN))


SEEN: list[dict[str, Any]] = []
DRAINED: list[int] = []


class ProbeTarget(Target):
    name = "target-probe"
    default_sink_class = Probe


def run(*messages: dict[str, Any]) -> None:
    SEEN.clear()
    DRAINED.clear()
    target = ProbeTarget(config={})
    target.max_parallelism = 1
    target.listen(io.StringIO("\n".join(map(json.dumps, messages)) + "\n"))


SCHEMA = {
    "type": "SCHEMA",
    "stream": "s",
    "schema": {
        "type": "object",
        "properties": {"id": {"type": "string"}, "at": {"type": "string", "format": "date-time"}},
    },
    "key_properties": ["id"],
}


def test_a_sink_that_names_no_keys_and_no_fields_gets_every_record_as_it_came() -> None:
    bad = [{"id": 1}, {"at": "no date"}, {}, {"id": "1", "at": "2026-01-01T00:00:00Z", "more": {"a": None}}]

    run(SCHEMA, *({"type": "RECORD", "stream": "s", "record": record} for record in bad))

    assert bad == SEEN


def test_an_equal_schema_message_makes_no_new_sink_and_another_does(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    run(SCHEMA, SCHEMA)
    assert "Initializing a new 's' sink" not in caplog.text
    run(SCHEMA, {**SCHEMA, "key_properties": ["at"]})
    assert "Initializing a new 's' sink" in caplog.text


def test_state_is_written_by_drain_all_only_and_after_the_sinks(capsys: pytest.CaptureFixture[str]) -> None:
    run(SCHEMA, {"type": "RECORD", "stream": "s", "record": {"id": "1"}}, {"type": "STATE", "value": {"a": 1}})

    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [{"a": 1}]
    assert DRAINED == [1]


def test_the_marker_of_deleted_records_is_gone_when_the_sink_sees_them() -> None:
    run(SCHEMA, {"type": "RECORD", "stream": "s", "record": {"id": "1", "_sdc_deleted_at": "2026-01-01T00:00:00Z"}})

    assert SEEN == [{"id": "1"}], "so our reader notes it before"


def test_our_sink_needs_no_private_member_of_the_sdk() -> None:
    code = Path(__file__).parents[2] / "target-osdi-crm" / "target_osdi_crm"
    for file in ("intake/sink.py", "intake/reader.py"):
        text = (code / file).read_text()
        assert "._validator" not in text
        assert "_latest_state" not in text
    assert RecordSink.__mro__[1] is Sink


def test_records_through_a_stream_map_of_a_foreign_tap(account: Account, target: Any) -> None:
    messages = [
        target.schema("contacts", contact_id={"type": "integer"}, mail={"type": "string"}, key=["contact_id"]),
        {"type": "RECORD", "stream": "contacts", "record": {"contact_id": 7, "mail": "a@example.org"}},
        {"type": "RECORD", "stream": "contacts", "record": {"contact_id": 8, "mail": ""}},
    ]
    maps = {
        "contacts": {
            "__alias__": "people",
            "__filter__": "record['mail'] != ''",
            "email": "mail",
            "given_name": "'Ann'",
            "__else__": None,
            "__key_properties__": ["contact_id"],
            "contact_id": "str(record['contact_id'])",
        }
    }

    done = target(account, messages, stream_maps=maps)

    assert done.code == 0, done.log
    (person,) = account.records("people")
    assert person["given_name"] == "Ann"
    assert person["email_addresses"][0]["address"] == "a@example.org"


def test_settings_come_from_the_environment_too(account: Account, target: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in target.config(account, max_creates=1, match_keys={"people": ["email"]}).items():
        text = value if isinstance(value, str) else json.dumps(value)
        monkeypatch.setenv(f"TARGET_OSDI_CRM_{name.upper()}", text)
    people = target.messages("people", {"id": "1", "email": "a@b.org"}, {"id": "2", "email": "c@d.org"})
    command = [target.command(account)[0], "--config=ENV", "--input", str(target.file(people))]
    done = commands.run(command)

    assert done.returncode == 4, done.stderr
    assert len(account.records("people")) == 1


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({}, "'vendor' is a required property"),
        ({"vendor": "action_network"}, "'action_network_api_token' is a required property"),
        ({"vendor": "action_network", "action_network_api_token": "k" * 8}, "The setting 'account' is missing"),
        ({"vendor": "action_network", "action_network_api_token": 12345678}, "is not of type 'string'"),
        (
            {"vendor": "action_network", "action_network_api_tokn": "k"},
            "The setting 'action_network_api_tokn' is not known. Did you mean 'action_network_api_token'?",
        ),
        (
            {"vendor": "action_network", "api_token": "k"},
            "The setting 'api_token' is not known. Did you mean 'action_network_api_token'?",
        ),
        ({"vendor": "somebody"}, "is not one of"),
        ({"vendor": "action_network", "mode": "replace"}, "'replace' is not one of ['upsert', 'create', 'update']"),
    ],
)
def test_a_wrong_setting_is_one_clear_line(tmp_path: Path, target: Any, config: dict[str, Any], says: str) -> None:
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps({"work_dir": str(tmp_path), **config}))
    command = [str(Path(sys.executable).parent / "target-osdi-crm"), "--config", str(path), "--input", "/dev/null"]
    done = commands.run(command)

    assert done.returncode == 1
    errors = [line for line in done.stderr.splitlines() if "ERROR" in line]
    assert any(says in line for line in errors), done.stderr
    assert "Traceback" not in done.stderr
    assert "12345678" not in done.stderr
