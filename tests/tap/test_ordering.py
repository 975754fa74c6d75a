"""People and parents are read first, and a run tells how far it is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import osdi_crm_schemas
import pytest
from osdi_crm_sandbox.control import Sandbox
from tap_osdi_crm import progress
from tap_osdi_crm.ordering import in_order
from tap_osdi_crm.tap import TapOSDICRM


@pytest.mark.parametrize("vendor", osdi_crm_schemas.vendors())
def test_people_come_first_and_parents_before_what_hangs_on_them(sandbox: Sandbox, tap: Any, vendor: str) -> None:
    streams = TapOSDICRM(config={**tap.settings(sandbox.account(vendor)), "unconfirmed_streams": True}).vendor_streams
    names = [stream.name for stream in streams]

    referring = [sum(name in stream.refers_to() - {stream.name} for stream in streams) for name in names]
    assert referring[0] == max(referring)
    for stream in streams:
        for parent in stream.source.resource.parents:
            assert names.index(parent) < names.index(stream.name)


def test_streams_that_refer_to_one_another_come_all_the_same() -> None:
    refers = {"a": ["b"], "b": ["c"], "c": ["a"], "d": ["d", "c"], "e": ["gone"]}

    assert sorted(in_order(refers)) == sorted(refers)
    assert in_order({}) == []


def test_a_run_tells_how_far_it_is_and_how_long_the_rest_takes(
    sandbox: Sandbox, tap: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    monkeypatch.setattr(progress, "INTERVAL", 0.0)
    account = sandbox.account("action_network", counts={"people": 30, "petitions": 8, "signatures": 40})
    catalog = TapOSDICRM(config=tap.settings(account)).catalog_dict
    for entry in catalog["streams"]:
        for each in entry["metadata"]:
            if not each["breadcrumb"]:
                each["metadata"]["selected"] = entry["stream"] in ("people", "signatures")
    config = {**tap.settings(account), "work_dir": str(tmp_path)}
    caplog.set_level("INFO")

    TapOSDICRM(config=config, catalog=catalog).read_all()

    lines = [line for line in caplog.messages if "records" in line]
    assert any(line.startswith("people (1 of 2): ") for line in lines)
    assert any(re.match(r"signatures \(2 of 2\): .*, \d+% done, \d+ seconds left", line) for line in lines)
