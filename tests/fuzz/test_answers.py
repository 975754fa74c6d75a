"""Answers of any shape are no more than a record's, a page's or a call's fault, in tap and target, at every vendor.

Nothing is said of what was written: an answer that lies, and denies what it did, cannot be seen through.

A few in the ordinary suite; `make fuzz` makes so many that about 2,000 answers are changed, and tells how many.
"""

from __future__ import annotations

import io
import json
import os
import time
from contextlib import redirect_stdout
from typing import Any

import pytest
from osdi_crm_client.errors import ConfigurationError, VendorError
from osdi_crm_sandbox.control import Sandbox
from tap_osdi_crm.tap import TapOSDICRM

from tests.captured_output import OUTPUT
from tests.fuzz.messages import messages_of
from tests.fuzz.proxy import AlwaysMutating, Mutating, between
from tests.target_command import TargetCommand
from tests.vendors import VENDORS

SEEDS = range(int(os.environ.get("FUZZ_SEEDS", "1")))
LONGEST = 120


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backoff._sync.time.sleep", lambda _: None)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("stays", [False, True], ids=["once", "always"])
@pytest.mark.parametrize("case", [vendor.WRITING for vendor in VENDORS], ids=lambda case: case.vendor)
def test_the_target_goes_on(sandbox: Sandbox, target: TargetCommand, case: Any, seed: int, *, stays: bool) -> None:
    account = sandbox.account(case.vendor)
    messages = messages_of(case, target)
    began = time.monotonic()

    with between(target.config(account), AlwaysMutating if stays else Mutating, seed, share=0.3 if stays else 0.2) as (
        proxy,
        through,
    ):
        run = target(account, messages, **through)
    again = target(account, messages, retry_rejected=True)

    print(f"{proxy.odd} answers changed")  # noqa: T201
    assert run.code in {0, 3}, run.log
    assert again.code in {0, 3}, again.log
    for each in (run, again):
        assert "Unexpected" not in each.log
        assert "Traceback" not in each.log
        assert [reject["words"] for reject in each.rejects if reject["code"] == "unexpected"] == []
    assert time.monotonic() - began < LONGEST


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("stays", [False, True], ids=["once", "always"])
@pytest.mark.parametrize("case", [vendor.READING for vendor in VENDORS], ids=lambda case: case.vendor)
def test_the_tap_goes_on(sandbox: Sandbox, case: Any, tmp_path: Any, seed: int, *, stays: bool) -> None:
    account = sandbox.account(case.vendor, size=40)
    config = {
        **account.settings,
        **case.extra,
        "calls_per_second": 0,
        "index_lag_seconds": 0,
        "work_dir": str(tmp_path),
    }
    out = io.TextIOWrapper(io.BytesIO())
    began = time.monotonic()

    with (
        between(config, AlwaysMutating if stays else Mutating, seed, share=0.2) as (proxy, through),
        redirect_stdout(out),
    ):
        try:
            tap = TapOSDICRM(config=through)
            tap.sync_all()
            tap.judge()
            ended: Exception | None = None
        except (ConfigurationError, VendorError) as error:
            ended = error

    print(f"{proxy.odd} answers changed")  # noqa: T201
    assert time.monotonic() - began < LONGEST
    assert "Traceback" not in "\n".join(OUTPUT.lines)
    out.seek(0)
    assert all(isinstance(json.loads(line), dict) for line in out)
    assert ended is None or "was not read to its end" in str(ended), ended
