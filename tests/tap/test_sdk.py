"""The SDK's own suite for taps, and the SDK's seams that reading stands on, one test per seam.

Nothing of the suite is left out.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from osdi_crm_sandbox.control import Sandbox
from singer_sdk.testing import SuiteConfig, get_tap_test_class
from tap_osdi_crm.tap import TapOSDICRM

CONFIG: dict[str, Any] = {
    "vendor": "action_network",
    "action_network_api_token": "to be filled in",
    "action_network_taggings_of": ["*"],
    "action_network_items_of": ["*"],
}

Suite = get_tap_test_class(
    tap_class=TapOSDICRM,
    config=CONFIG,
    suite_config=SuiteConfig(max_records_limit=50),
    parse_env_config=False,
)


# Not every field occurs in a small account: `additional_fields` comes only with what the schema does not know.
@pytest.mark.filterwarnings("ignore:Fields in transformed catalog but not in records:UserWarning")
@pytest.mark.filterwarnings("ignore:No records were available to test:UserWarning")
class TestActionNetwork(Suite):  # type: ignore[misc, valid-type]
    """The suite, against an account of the sandbox."""

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def account(cls, sandbox: Sandbox) -> None:
        account = sandbox.account("action_network", size=60)
        CONFIG.update(action_network_api_url=account.url, action_network_api_token=account.key, calls_per_second=0)


def test_the_test_option_costs_a_few_calls_a_stream(sandbox: Sandbox, tap: Any, case: Any) -> None:
    account = sandbox.account(case.vendor, size=2000, counts={case.parents: 2000} if case.parents else {})

    run = tap(tap.settings(account, **case.extra), args=("--test",))

    assert run.code == 0, run.log
    assert account.counters()["calls"] < 5 * len(run.streams)
    assert "ERROR" not in run.log


def test_discovery_needs_no_vendor_to_be_reachable(tap: Any) -> None:
    config = {
        "vendor": "action_network",
        "action_network_api_token": "key",
        "action_network_api_url": "http://127.0.0.1:1",
    }
    run = tap.discover(config)

    people = next(s for s in run["streams"] if s["tap_stream_id"] == "people")
    assert people["key_properties"] == ["id"]
    assert people["replication_key"] == "modified_date"
    assert people["replication_method"] == "INCREMENTAL"


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({}, "'vendor' is a required property"),
        ({"vendor": "action_network"}, "'action_network_api_token' is a required property"),
        (
            {"vendor": "action_network", "action_network_api_tokn": "k"},
            "The setting 'action_network_api_tokn' is not known. Did you mean 'action_network_api_token'?",
        ),
        (
            {"vendor": "action_network", "api_token": "k"},
            "The setting 'api_token' is not known. Did you mean 'action_network_api_token'?",
        ),
        ({"vendor": "myspace"}, "'myspace' is not one of"),
        (
            {"vendor": "action_network", "action_network_api_token": "k", "calls_per_second": "fast"},
            "'fast' does not match",
        ),
    ],
    ids=["no vendor", "no key", "a slip", "no prefix", "unknown vendor", "wrong type"],
)
@pytest.mark.parametrize("args", [(), ("--discover",), ("--test",)], ids=["run", "discover", "test"])
def test_a_wrong_setting_is_said_in_a_line(tap: Any, config: dict[str, Any], said: str, args: tuple[str, ...]) -> None:
    run = tap(config, args=args)

    assert run.code == 1
    assert said in run.log
    assert "Traceback" not in run.log


@pytest.mark.parametrize("wanted", [False, True], ids=["terminal", "structured"])
def test_metrics_are_for_programs(sandbox: Sandbox, tap: Any, monkeypatch: pytest.MonkeyPatch, wanted: bool) -> None:
    structured = {
        "version": 1,
        "formatters": {"structured": {"()": "singer_sdk.logging.StructuredFormatter"}},
        "handlers": {"err": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"level": "INFO", "handlers": ["err"]},
        "disable_existing_loggers": False,
    }
    if wanted:
        monkeypatch.setenv("SINGER_SDK_LOG_CONFIG", str(tap.file("logging.json", structured)))

    run = tap(tap.settings(sandbox.account("action_network", size=1)), "people")

    assert run.code == 0
    assert ('"metric":"record_count"' in run.log) is wanted
    assert ("METRIC" in run.log) is wanted


def test_unknown_settings_and_another_vendors_are_warned_of(sandbox: Sandbox, tap: Any) -> None:
    account = sandbox.account("action_network", size=1)

    run = tap(tap.settings(account, colour="red"), "people")

    assert "The setting 'colour' is not known and has no effect." in run.log


def test_a_setting_that_is_nearly_right_ends_the_run(sandbox: Sandbox, tap: Any) -> None:
    run = tap(tap.settings(sandbox.account("action_network", size=1), start_dat="2026-01-01"))

    assert run.code == 1
    assert "The setting 'start_dat' is not known. Did you mean 'start_date'?" in run.log.splitlines()[-1]
    assert not run.records("people")


def test_a_missing_file_is_said_in_a_line(tap: Any, tmp_path: Any) -> None:
    run = tap.run(["--config", str(tmp_path / "absent.json")])

    assert run.code == 1
    assert "absent.json" in run.log
    assert "Traceback" not in run.log


def test_an_estimate_tells_calls_and_stops(sandbox: Sandbox, tap: Any, case: Any) -> None:
    account = sandbox.account(case.vendor, size=60, counts={case.stream: 3000})

    config = tap.settings(account, estimate=True, calls_per_second=100, **case.extra)
    run = tap(config, case.stream, *([case.children] if case.children else []))

    assert run.messages == []
    line = next(line.split() for line in run.log.splitlines() if line.startswith(case.stream))
    pages = 3000 / case.per_page
    assert pages * 0.8 < int(line[1].replace(",", "")) < pages * 1.4
    assert account.counters()["calls"] < pages / 2


def test_progress_is_told_in_a_table(sandbox: Sandbox, tap: Any, case: Any) -> None:
    account = sandbox.account(case.vendor, size=60)

    run = tap(tap.settings(account, **case.extra), case.stream)

    line = next(line.split() for line in reversed(run.log.splitlines()) if line.startswith(case.stream))
    assert line[1] == str(sum(map(case.is_read, account.records(case.resource(case.stream)))))
    assert int(line[2]) <= account.counters()["calls"]


def test_environment_variables_are_settings(sandbox: Sandbox, tap: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    account = sandbox.account("action_network", size=3)
    for name, value in tap.settings(account).items():
        text = value if isinstance(value, str) else json.dumps(value)
        monkeypatch.setenv(f"TAP_OSDI_CRM_{name.upper()}", text)

    run = tap.run(["--config=ENV"])

    assert run.code == 0, run.log
    assert len(run.records("people")) == 3


def test_deselected_properties_do_not_leave(sandbox: Sandbox, tap: Any) -> None:
    account = sandbox.account("action_network", size=10)
    config = tap.settings(account)
    catalog = tap.discover(config)
    for entry in catalog["streams"]:
        for metadata in entry["metadata"]:
            if metadata["breadcrumb"] in ([], ["properties", "email_addresses"]):
                metadata["metadata"]["selected"] = entry["tap_stream_id"] == "people" and not metadata["breadcrumb"]

    run = tap.run([*tap.command(config)[1:], "--catalog", str(tap.file("catalog.json", catalog))])

    assert run.streams == {"people"}
    assert all("email_addresses" not in person for person in run.records("people"))
    assert all(person["id"] for person in run.records("people"))
