"""The tap as an Airbyte source: what the platform asks of it, in the messages of the protocol and no other words."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from osdi_crm_client.vendor import vendor, vendor_names
from osdi_crm_sandbox.control import Account, Sandbox
from tap_osdi_crm.airbyte import Source
from tap_osdi_crm.tap import TapOSDICRM

from tests import commands
from tests.airbyte_command import AirbyteCommand, AirbyteRun, configured

SOURCE = commands.BIN / "source-osdi-crm"
SIZE = 40


@pytest.fixture
def source(tmp_path: Path) -> AirbyteCommand:
    return AirbyteCommand(Source(), tmp_path)


def form(account: Account, folder: Path, **more: Any) -> dict[str, Any]:
    """The settings as Airbyte's form sends them."""
    own = {name: value for name, value in more.items() if name.startswith(f"{account.vendor}_")}
    shared = {name: value for name, value in more.items() if name not in own}
    return {
        "vendor": {**account.settings, **own},
        "work_dir": str(folder / "work"),
        "calls_per_second": 0,
        "index_lag_seconds": 1,
        "start_date": "",
        "token_store": None,
        **shared,
    }


def _typed_in(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict) else value


def fields(schema: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """All fields of a form."""
    found = list(schema["properties"].items())
    return found + [each for _, field in found for option in field.get("oneOf", ()) for each in fields(option)]


def test_the_specification_is_a_form_that_the_platform_can_show(source: AirbyteCommand) -> None:
    (spec,) = source("spec").of("SPEC")
    shown = spec["connectionSpecification"]

    jsonschema.Draft7Validator.check_schema(shown)
    assert shown["required"] == ["vendor"]
    options = {each["properties"]["vendor"]["const"]: each for each in shown["properties"]["vendor"]["oneOf"]}
    assert set(options) == set(vendor_names())
    for name, option in options.items():
        assert option["title"] == vendor(name).title
        assert option["required"] == ["vendor", *vendor(name).required]
    for part in (shown, *options.values()):
        orders = [field["order"] for field in part["properties"].values()]
        assert sorted(orders) == list(range(len(orders)))
        assert not part.keys() & {"allOf", "anyOf", "if"}
    known = TapOSDICRM.config_jsonschema["properties"]
    for name, field in fields(shown):
        assert isinstance(field["type"], str), name
        assert name == "vendor" or (field["title"] and field["description"]), name
        assert bool(field.get("airbyte_secret")) == bool(name in known and known[name].get("secret")), name
    names = {name for name, _ in fields(shown)}
    assert not names & {"stream_maps", "stream_map_config", "flattening_enabled", "estimate"}
    assert {"start_date", "model", "nationbuilder_slug"} <= names


def test_every_stream_of_every_vendor_is_read(
    sandbox: Sandbox, source: AirbyteCommand, tmp_path: Path, case: Any
) -> None:
    account = sandbox.account(case.vendor, size=3)
    config = form(account, tmp_path, **{name: _typed_in(each) for name, each in case.extra.items()})
    streams = source("discover", config=config).streams

    run = source("read", config=config, catalog=configured(streams))

    assert (run.code, run.errors, run.ended) == (0, [], dict.fromkeys(streams, "COMPLETE"))
    assert run.records(case.stream)


@pytest.mark.airbyte
def test_every_record_comes_once_then_only_what_changed(
    sandbox: Sandbox, source: AirbyteCommand, tmp_path: Path, case: Any
) -> None:
    account = sandbox.account(case.vendor, size=SIZE)
    extra = {name: _typed_in(each) for name, each in case.extra.items()}
    config = form(account, tmp_path, **extra, overlap_seconds=0)
    (spec,) = source("spec").of("SPEC")
    jsonschema.Draft7Validator(spec["connectionSpecification"]).validate(
        {name: each for name, each in config.items() if each is not None}
    )
    assert source("check", config=config).status == {"status": "SUCCEEDED"}
    streams = source("discover", config=config).streams
    catalog = configured(streams)

    first = source("read", config=config, catalog=catalog)
    changed = {case.key(raw) for raw in account.change(case.stream, count=2)}
    time.sleep(4)  # a change counts as settled when the vendor's index must have it
    second = source("read", config=config, catalog=catalog, state=first.states)

    assert (first.code, second.code, first.errors, second.errors) == (0, 0, [], [])
    assert first.ended == second.ended == dict.fromkeys(streams, "COMPLETE")
    for resource in account.counters()["resources"]:
        if (stream := case.names.get(resource, resource)) in streams:
            keys = [key for (key,) in streams[stream]["source_defined_primary_key"]]
            found = Counter(tuple(each[key] for key in keys) for each in first.records(stream))
            assert len(found) == sum(map(case.is_read, account.records(resource))), stream
    stated: Counter[str] = Counter()
    for state in first.of("STATE"):
        stated[state["stream"]["stream_descriptor"]["name"]] += int(state["sourceStats"]["recordCount"])
    assert +stated == first.counts
    if streams[case.stream]["supported_sync_modes"] == ["full_refresh", "incremental"]:
        assert streams[case.stream]["source_defined_cursor"]
        assert {
            "/".join(str(each[key]) for key in keys_of(streams, case.stream)) for each in second.records(case.stream)
        } == changed
    incremental = {name for name, each in streams.items() if "incremental" in each["supported_sync_modes"]}
    assert sum(second.counts[name] for name in incremental) <= len(changed) + 2


def keys_of(streams: dict[str, Any], name: str) -> list[str]:
    return [key for (key,) in streams[name]["source_defined_primary_key"]]


def test_the_shared_model_has_streams_of_its_own(sandbox: Sandbox, source: AirbyteCommand, tmp_path: Path) -> None:
    account = sandbox.account("nationbuilder", size=SIZE)
    config = form(account, tmp_path, model="osdi")

    streams = source("discover", config=config).streams
    run = source("read", config=config, catalog=configured(streams, "people"))

    assert {"people", "tags", "taggings"} <= streams.keys()
    assert {each["vendor"] for each in run.records("people")} == {"nationbuilder"}
    assert run.ended == {"people": "COMPLETE"}


def test_the_flat_form_of_the_settings_is_the_same(sandbox: Sandbox, source: AirbyteCommand, tmp_path: Path) -> None:
    account = sandbox.account("action_network", size=3)
    flat = {**account.settings, "calls_per_second": 0}
    short = {name.removeprefix("action_network_"): value for name, value in account.settings.items()}

    for config in (flat, {"vendor": short}):
        assert source("check", config=config).status == {"status": "SUCCEEDED"}
    assert source("discover", config=flat).streams == source("discover", config=form(account, tmp_path)).streams


def test_objects_are_typed_in_as_json(sandbox: Sandbox, source: AirbyteCommand, tmp_path: Path) -> None:
    account = sandbox.account("action_network", size=3)

    overrides = '{"nothing": {"path": "x"}}'
    status = source("check", config=form(account, tmp_path, stream_overrides=overrides)).status

    assert status["status"] == "FAILED"
    assert "'stream_overrides'" in status["message"]
    assert "'nothing'" in status["message"]


def test_a_check_fails_with_the_words_of_the_tap(sandbox: Sandbox, source: AirbyteCommand, tmp_path: Path) -> None:
    account = sandbox.account("action_network", size=3)
    wrong = form(account, tmp_path)
    wrong["vendor"] = {**account.settings, "action_network_api_token": "of-nobody"}
    missing = {"vendor": {"vendor": "action_network"}}
    unknown = form(account, tmp_path, start_dat="2026-01-01")
    unused = form(account, tmp_path, stream_maps={"people": None})

    for config, words in (
        (wrong, "'action_network_api_token'"),
        (missing, "'action_network_api_token' is a required property"),
        (unknown, "The setting 'start_dat' is not known. Did you mean 'start_date'?"),
        (unused, "The setting 'stream_maps' is of no use under Airbyte. Leave it out."),
        ([], "The file of settings does not hold a JSON object."),
    ):
        run = source("check", config=config)
        assert (run.code, run.status["status"]) == (0, "FAILED")
        assert words in run.status["message"]
        assert "of-nobody" not in run.status["message"]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"catalog": {"streams": 1}}, "The file of catalog does not hold a configured catalog of Airbyte's."),
        (
            {"state": [{"type": "LEGACY", "data": {}}]},
            "The file of state does not hold states of Airbyte's, one by stream.",
        ),
        ({"state": [1]}, "The file of state does not hold states of Airbyte's."),
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    sandbox: Sandbox, source: AirbyteCommand, tmp_path: Path, files: dict[str, Any], words: str
) -> None:
    config = form(sandbox.account("rally_congress", size=3), tmp_path)
    catalog = configured(source("discover", config=config).streams)

    run = source("read", **{"config": config, "catalog": catalog, **files})

    assert run.code == 1
    assert [each["failure_type"] for each in run.errors] == ["config_error"]
    assert words in run.errors[0]["message"]


def test_a_stream_that_there_is_not_is_named(sandbox: Sandbox, source: AirbyteCommand, tmp_path: Path) -> None:
    config = form(sandbox.account("rally_congress", size=3), tmp_path)
    catalog = configured(source("discover", config=config).streams, "campaigns")
    catalog["streams"][0]["stream"]["name"] = "campaignes"

    run = source("read", config=config, catalog=catalog)

    assert run.code == 1
    assert "'campaignes'" in run.errors[0]["message"]


def test_streams_that_fail_or_are_barred_are_told_and_the_others_read(
    sandbox: Sandbox, source: AirbyteCommand, tmp_path: Path
) -> None:
    account = sandbox.account("nationbuilder", size=SIZE)
    account.fault(do="status", status=403, path="/donations$")
    config = form(account, tmp_path)
    catalog = configured(source("discover", config=config).streams, "signups", "donations", "events")

    barred = source("read", config=config, catalog=catalog)
    account.fault(do="drop_field", field="id", path="/events$")
    failed = source("read", config=config, catalog=catalog, state=barred.states)

    assert barred.code == 0
    assert barred.ended == {"signups": "COMPLETE", "donations": "INCOMPLETE", "events": "COMPLETE"}
    assert any("donations" in log["message"] for log in barred.of("LOG") if log["level"] == "WARN")
    assert failed.code == 1
    assert failed.ended == {"signups": "COMPLETE", "donations": "INCOMPLETE", "events": "INCOMPLETE"}
    assert [each.get("stream_descriptor") for each in failed.errors] == [{"name": "events"}]


@pytest.mark.airbyte
def test_a_lost_connection_is_passing_and_the_next_run_goes_on(
    sandbox: Sandbox, source: AirbyteCommand, tmp_path: Path
) -> None:
    account = sandbox.account("nationbuilder", size=SIZE)
    config = form(account, tmp_path)
    catalog = configured(source("discover", config=config).streams, "signups", "donations")
    lost = form(account, tmp_path, nationbuilder_api_url="http://127.0.0.1:9/api/v2")

    cut = source("read", config=lost, catalog=catalog)
    whole = source("read", config=config, catalog=catalog, state=cut.states)

    assert cut.code == 1
    assert [each["failure_type"] for each in cut.errors] == ["transient_error"]
    assert cut.ended == {"signups": "INCOMPLETE", "donations": "INCOMPLETE"}
    assert whole.ended == {"signups": "COMPLETE", "donations": "COMPLETE"}


def test_what_is_gone_comes_as_airbytes_destinations_delete_it(
    sandbox: Sandbox, source: AirbyteCommand, tmp_path: Path
) -> None:
    account = sandbox.account("nationbuilder", size=SIZE)
    config = form(account, tmp_path, detect_deletes=["donations"])
    streams = source("discover", config=config).streams
    catalog = configured(streams, "donations")
    first = source("read", config=config, catalog=catalog)
    gone = str(account.records("donations")[0]["id"])
    account.delete("donations", [gone])

    second = source("read", config=config, catalog=catalog, state=first.states)

    assert "_ab_cdc_deleted_at" in streams["donations"]["json_schema"]["properties"]
    deleted = [each for each in second.records("donations") if each.get("_ab_cdc_deleted_at")]
    assert [each["id"] for each in deleted] == [gone]


def test_a_stream_read_in_full_takes_no_state(sandbox: Sandbox, source: AirbyteCommand, tmp_path: Path) -> None:
    account = sandbox.account("nationbuilder", size=SIZE)
    config = form(account, tmp_path)
    streams = source("discover", config=config).streams
    first = source("read", config=config, catalog=configured(streams, "signups"))

    again = source(
        "read", config=config, catalog=configured(streams, "signups", mode="full_refresh"), state=first.states
    )

    assert again.counts == first.counts


@pytest.mark.airbyte
def test_nothing_but_messages_is_on_standard_output(
    sandbox: Sandbox, source: AirbyteCommand, tmp_path: Path, until: Callable[[Callable[[], bool]], None]
) -> None:
    account = sandbox.account("action_network", size=400, latency=0.3)
    config = form(account, tmp_path, calls_per_second=4)
    catalog = configured(source("discover", config=config).streams)
    process = subprocess.Popen(
        [SOURCE, *source.arguments("read", config=config, catalog=catalog)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    account.clear_log()
    until(lambda: len(account.log()) > 3)

    process.send_signal(signal.SIGTERM)
    out, err = commands.finish(process, timeout=60)

    run = AirbyteRun(process.returncode, out.encode(), err)
    assert run.code == 143
    assert run.records("people")
    assert err == ""
