"""Answers that no vendor documents end the run in one clear line, and never look like the end of a collection."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from osdi_crm_client.errors import ConfigurationError
from osdi_crm_sandbox.control import Sandbox
from tap_osdi_crm.tap import TapOSDICRM

from tests.tap.test_catalog import selecting
from tests.tap.test_rights import BARRED

RECORD = {"identifiers": ["action_network:1"], "name": "a person's name"}
OTHER_FORM = "an answer is not of the form that the vendor documents"
PAGE = {"page": 1, "per_page": 25, "_links": {}, "_embedded": {"osdi:tags": [RECORD]}}


@pytest.mark.parametrize(
    "body",
    [
        "null",
        [],
        {},
        {"error": "something went wrong"},
        {**PAGE, "_embedded": {"osdi:people": [RECORD]}},
        {**PAGE, "_embedded": None, "_links": {"osdi:tags": [{"href": "http://127.0.0.1/tags/1"}]}},
        {**PAGE, "_embedded": {"osdi:tags": ["a person's name"]}},
        {**PAGE, "_embedded": {"osdi:tags": {"a": RECORD}}},
        {**PAGE, "_embedded": {"osdi:tags": [{"identifiers": 5, "name": "a person's name"}]}},
        {**PAGE, "per_page": "25"},
        {**PAGE, "total_records": "1"},
        {**PAGE, "_links": {"next": {"href": 5}}},
    ],
    ids=str,
)
def test_one_clear_line_and_nobodys_name(sandbox: Sandbox, tap: Any, body: Any) -> None:
    account = sandbox.account("action_network", size=1)
    account.fault(do="status", status=200, body=body, path="/tags$")

    run = tap(tap.settings(account), "tags")

    assert run.code == 1
    assert "the answer does not hold" in run.log.splitlines()[-1] or OTHER_FORM in run.log.splitlines()[-1]
    assert "Traceback" not in run.log
    assert "a person's name" not in run.log


def test_the_other_streams_are_read(sandbox: Sandbox, tap: Any) -> None:
    account = sandbox.account("action_network", size=3)
    account.fault(do="status", status=200, body=[], path="/people$")

    run = tap(tap.settings(account), "people", "tags", "petitions")

    assert run.code == 1
    assert "Stream 'people' was not read to its end" in run.log.splitlines()[-1]
    assert len(run.records("tags")) == len(account.records("tags"))
    assert len(run.records("petitions")) == len(account.records("petitions"))
    assert "people" not in run.state["bookmarks"] or not run.state["bookmarks"]["people"]


@pytest.mark.parametrize(
    ("vendor", "path", "busy", "other", "status"),
    [*((*barred, 503) for barred in BARRED[::2]), (*BARRED[0], 408), (*BARRED[0], 429)],
    ids=str,
)
def test_a_vendor_that_is_busy_for_one_stream_alone_ends_no_other(
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    vendor: str,
    path: str,
    busy: tuple[str, ...],
    other: str,
    status: int,
) -> None:
    monkeypatch.setattr("backoff._sync.time.sleep", lambda _: None)
    monkeypatch.setattr("osdi_crm_client.pacing.LONGEST_PAUSE", 0.01)
    account = sandbox.account(vendor, size=3)
    account.fault(do="status", status=status, path=path)
    config = {**account.settings, "calls_per_second": 0, "unconfirmed_streams": True, "work_dir": str(tmp_path)}
    catalog = selecting(TapOSDICRM(config=config).catalog_dict, *busy, other)
    out = io.TextIOWrapper(io.BytesIO())

    with redirect_stdout(out), pytest.raises(ConfigurationError, match="was not read to its end") as ended:
        tap = TapOSDICRM(config=config, catalog=catalog)
        tap.sync_all()
        tap.judge()

    assert f"'{other}'" not in str(ended.value)
    out.seek(0)
    messages = [json.loads(line) for line in out]
    assert other in {each["stream"] for each in messages if each["type"] == "RECORD"}


@pytest.mark.parametrize(
    "links", [None, {"next": None}, {"next": []}, {"self": [{"href": "http://127.0.0.1/tags/1"}]}], ids=str
)
def test_links_may_be_null_or_several(sandbox: Sandbox, tap: Any, links: Any) -> None:
    account = sandbox.account("action_network", size=1)
    record = {"identifiers": [], "_links": {"self": [{"href": "http://127.0.0.1/tags/1"}]}}
    account.fault(do="status", status=200, body={"_links": links, "_embedded": {"osdi:tags": [record]}}, path="/tags$")

    run = tap(tap.settings(account), "tags")

    assert run.code == 0, run.log
    assert [tag["id"] for tag in run.records("tags")] == ["1"]


def test_a_short_page_is_no_end_where_the_total_says_more(sandbox: Sandbox, tap: Any) -> None:
    account = sandbox.account("action_network", size=1, counts={"tags": 40})
    account.fault(do="status", status=200, body={**PAGE, "total_records": 40}, path="/tags$", times=1)

    run = tap(tap.settings(account), "tags")

    assert run.code == 0, run.log
    assert len(run.records("tags")) == 1 + 15


def test_a_record_that_does_not_tell_when_it_changed_comes_all_the_same(sandbox: Sandbox, tap: Any) -> None:
    account = sandbox.account("action_network", counts={"people": 5, "petitions": 1, "signatures": 3})
    account.fault(do="drop_field", field="modified_date")

    run = tap(tap.settings(account), "people", "signatures")

    assert run.code == 0, run.log
    assert len(run.records("people")) == 5
    assert len(run.records("signatures")) == len(account.records("signatures"))
    assert run.state["bookmarks"]["people"]["replication_key_value"]


@pytest.mark.parametrize("expression", ["given_name + 5", "given_name.upper()", "int(given_name)"])
def test_a_stream_map_that_fails_on_a_record_is_told_in_one_line(sandbox: Sandbox, tap: Any, expression: str) -> None:
    account = sandbox.account("action_network", size=0)
    account.insert("people", [{"modified_date": "2026-01-01T00:00:00Z"}])

    run = tap(tap.settings(account, stream_maps={"people": {"given_name": expression}}), "people")

    assert run.code == 1
    assert "The setting 'stream_maps' cannot be used" in run.log.splitlines()[-1]
    assert "Traceback" not in run.log
