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
from tests.fuzz.mutating_proxy import between
from tests.target_command import TargetCommand
from tests.vendors import VENDORS

SEEDS = range(int(os.environ.get("FUZZ_SEEDS", "1")))
LONGEST = 120

MORE: dict[str, list[tuple[str, list[dict[str, Any]]]]] = {
    "action_network": [
        ("tags", [{"id": f"t{n}", "name": f"tag {n}"} for n in range(2)]),
        ("petitions", [{"id": "a", "title": "Save the park"}]),
        ("signatures", [{"id": f"s{n}", "petition_id": "a", "person_id": f"p{n}"} for n in range(3)]),
        ("taggings", [{"id": f"g{n}", "tag_id": "t0", "person_id": f"p{n}"} for n in range(3)]),
    ],
    "nationbuilder": [
        ("signup_tags", [{"id": str(n), "name": f"tag {n}"} for n in range(2)]),
        ("signup_taggings", [{"id": str(n), "signup_id": f"p{n}", "tag_id": "0"} for n in range(3)]),
        ("contacts", [{"id": str(n), "signup_id": f"p{n}", "contact_method": "phone_call"} for n in range(3)]),
        ("lists", [{"id": "l", "name": "Walkers", "slug": "walkers"}]),
        ("list_signups", [{"list_id": "l", "signup_id": f"p{n}"} for n in range(3)]),
    ],
    "i360": [("contacts", [{"ContactID": str(n), "FirstName": "A", "Email": f"c{n}@example.org"} for n in range(3)])],
    "rally_congress": [],
    "crowdskout": [("attributes", [{"id": str(n), "name": f"attribute {n}", "type": "text"} for n in range(2)])],
}
KEYS = {"list_signups": ("list_id", "signup_id"), "contacts": ("id",)}


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backoff._sync.time.sleep", lambda _: None)


def key_of(vendor: str, stream: str) -> tuple[str, ...]:
    return ("ContactID",) if (vendor, stream) == ("i360", "contacts") else KEYS.get(stream, ("id",))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("stays", [False, True], ids=["once", "always"])
@pytest.mark.parametrize("case", [vendor.WRITING for vendor in VENDORS], ids=lambda case: case.vendor)
def test_the_target_goes_on(sandbox: Sandbox, target: TargetCommand, case: Any, seed: int, *, stays: bool) -> None:
    account = sandbox.account(case.vendor)
    target.settings.update(case.settings)
    target.keys[case.people] = (case.key,)
    messages = target.messages(case.people, *(case.person(number) for number in range(7)))
    for stream, records in MORE[case.vendor]:
        messages += target.messages(stream, *records, key=key_of(case.vendor, stream))
    messages.append(target.state({"read": 1}))
    began = time.monotonic()

    with between(target.config(account), seed, share=0.3 if stays else 0.2, stays=stays) as (proxy, through):
        run = target(account, messages, **through)
    again = target(account, messages, retry_rejected=True)

    print(f"{proxy.changed} answers changed")  # noqa: T201
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

    with between(config, seed, share=0.2, stays=stays) as (proxy, through), redirect_stdout(out):
        try:
            tap = TapOSDICRM(config=through)
            tap.sync_all()
            tap.judge()
            ended: Exception | None = None
        except (ConfigurationError, VendorError) as error:
            ended = error

    print(f"{proxy.changed} answers changed")  # noqa: T201
    assert time.monotonic() - began < LONGEST
    assert "Traceback" not in "\n".join(OUTPUT.lines)
    out.seek(0)
    assert all(isinstance(json.loads(line), dict) for line in out)
    assert ended is None or "was not read to its end" in str(ended), ended
