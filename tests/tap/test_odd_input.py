"""Settings, states and catalogs that are wrong are told in one line, without a secret, and before anything is read."""

from __future__ import annotations

from typing import Any

import pytest

KEY = "hush-hush-12345"
SETTINGS = {"vendor": "action_network", "action_network_api_token": KEY, "action_network_api_url": "http://127.0.0.1:1"}


def one_line(run: Any, said: str) -> None:
    assert run.code == 1
    assert said in run.log.splitlines()[-1]
    assert "Traceback" not in run.log
    assert "hush" not in run.log
    assert "987654321" not in run.log
    assert run.messages == []


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"action_network_api_token": 987654321}, "is not of type 'string'"),
        ({"action_network_api_token": [KEY]}, "is not of type 'string'"),
        ({"action_network_api_token": f"{KEY}\n"}, "cannot be sent"),
        ({"action_network_api_token": f"{KEY}ключ"}, "cannot be sent"),
        ({"overlap_seconds": -3600}, "less than the minimum"),
        ({"index_lag_seconds": -60}, "less than the minimum"),
        ({"calls_per_second": -5}, "less than the minimum"),
        ({"timeout_seconds": -1}, "less than the minimum"),
        ({"overlap_seconds": "100000000000000"}, "does not match"),
        ({"max_answer_bytes": 10**40}, "greater than the maximum"),
        ({"stream_maps": {"people": {"x": "first name +"}}}, "The setting 'stream_maps' cannot be used"),
        ({"stream_maps": {"__else__": "x"}}, "The setting 'stream_maps' cannot be used"),
        ({"start_date": "yesterday"}, "'start_date' is not a time"),
        ({"action_network_api_url": "nonsense"}, "'action_network_api_url'"),
        ({"action_network_api_url": "http://[bad"}, "'action_network_api_url'"),
        ({"action_network_api_url": "127.0.0.1:99/api"}, "'action_network_api_url'"),
    ],
    ids=str,
)
def test_a_wrong_setting(tap: Any, setting: dict[str, Any], said: str) -> None:
    config = tap.file("config.json", {**SETTINGS, **setting})

    one_line(tap.run(["--config", str(config)]), said)


@pytest.mark.parametrize(
    ("option", "text", "said"),
    [
        ("--config", '{"vendor": "action', "settings cannot be read"),
        ("--state", '{"bookmarks"', "state cannot be read"),
        ("--config", '{"a":' * 50_000, "settings cannot be read"),
        ("--catalog", "[" * 100_000, "catalog cannot be read"),
        ("--state", "[]", "does not hold a JSON object"),
        ("--state", '{"bookmarks": null}', "does not hold a state"),
        ("--state", '{"bookmarks": {"people": "x"}}', "does not hold a state"),
        (
            "--state",
            '{"bookmarks": {"people": {"replication_key_value": 5}}}',
            "The state of the stream 'people' holds a bookmark that",
        ),
        (
            "--state",
            '{"bookmarks": {"people": {"replication_key_value": "soon"}}}',
            "The state of the stream 'people' holds a bookmark that",
        ),
        (
            "--state",
            '{"bookmarks": {"signatures": {"sweep": {"x": 1}}}}',
            "The state of the stream 'signatures' holds a sweep that",
        ),
        ("--catalog", '{"streams"', "catalog cannot be read"),
        ("--catalog", "[]", "does not hold a JSON object"),
        ("--catalog", '{"streams": [{}]}', "The catalog is not one"),
    ],
)
def test_a_wrong_file(tap: Any, option: str, text: str, said: str) -> None:
    config = tap.file("config.json", SETTINGS)
    file = tap.folder / "file.json"
    file.write_text(text)
    first = [] if option == "--config" else ["--config", str(config)]

    one_line(tap.run([*first, option, str(file)]), said)


@pytest.mark.parametrize("wrapped", [{"singer_state": None}, {"type": "STATE", "value": None}], ids=str)
def test_a_state_may_come_in_its_wrapping(tap: Any, sandbox: Any, wrapped: dict[str, Any]) -> None:
    account = sandbox.account("action_network", size=3)
    account.change("people", count=3, modified_date="2026-01-01T00:00:00Z")
    state = {
        "bookmarks": {"people": {"replication_key": "modified_date", "replication_key_value": "2026-06-01T00:00:00Z"}}
    }

    done = tap(tap.settings(account), "people", state={name: value or state for name, value in wrapped.items()})

    assert done.code == 0
    assert done.records("people") == []


@pytest.mark.parametrize("state", [{"people": "2026-06-01"}, {"value": 5}, {"singer_state": []}], ids=str)
def test_what_is_no_state_is_refused(tap: Any, state: dict[str, Any]) -> None:
    config = tap.file("config.json", SETTINGS)

    one_line(tap.run(["--config", str(config), "--state", str(tap.file("state.json", state))]), "does not hold a state")
