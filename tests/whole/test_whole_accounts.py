"""The whole account of the sandbox, every stream, copied into an empty one with default settings: `make whole`.

What is rejected all the same stands on the vendor's page, under "A whole account".
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from osdi_crm_sandbox.control import Account, Sandbox

from hub.coverage import Coverage
from tests import commands
from tests.target_command import TARGET
from tests.vendors import VENDORS

pytestmark = pytest.mark.whole

DOCS = Path(__file__).parents[2] / "docs"


def _with_custom_fields(first: Account, second: Account) -> None:
    """Give a nation the custom fields of another, which is done in the control panel."""
    names = ("slug", "name", "field_type", "resource_type", "options", "position")
    fields = [{name: each["attributes"][name] for name in names} for each in first.records("custom_fields")]
    second.insert("custom_fields", [{"attributes": each} for each in fields])


@dataclass(frozen=True)
class Whole:
    """A whole account on its way.

    Attributes:
        reading: What more the page says to set for reading everything.
        writing: What the page says to set beside how the account is reached, for writing.
        rejected: Streams and codes of what cannot be written.
        prepare: Makes the second account like the first in what no call can write, as the page says.
    """

    reading: dict[str, Any] = field(default_factory=dict)
    writing: dict[str, Any] = field(default_factory=dict)
    rejected: frozenset[tuple[str, str]] = frozenset()
    prepare: Callable[[Account, Account], Any] = lambda *_: None


WHOLE = {
    "action_network": Whole(
        rejected=frozenset(
            {
                ("donations", "reference_not_written"),
                ("messages", "not_a_draft"),
                ("messages", "targets_of_another_account"),
            }
        )
    ),
    "nationbuilder": Whole(prepare=_with_custom_fields),
    "i360": Whole(
        writing={"i360_unconfirmed_writes": True},
        rejected=frozenset({("event_attendees", "reference_not_written")}),
        prepare=lambda first, _: first.insert("imports", [{"Status": "Completed"}]),
    ),
    "rally_congress": Whole(),
    "crowdskout": Whole(
        reading={"crowdskout_options_of": ["Gender"]}, writing={"crowdskout_external_id_type": "First account"}
    ),
}


@pytest.mark.parametrize("reading", [each.READING for each in VENDORS], ids=[each.READING.vendor for each in VENDORS])
def test_a_whole_account_goes_into_an_empty_one(sandbox: Sandbox, tap: Any, tmp_path: Path, reading: Any) -> None:
    vendor, whole = Coverage(reading.vendor), WHOLE[reading.vendor]
    first, second = sandbox.account(vendor.vendor, size=60), sandbox.account(vendor.vendor, seed=2)
    whole.prepare(first, second)

    read = tap(commands.settings(first, **reading.extra, **whole.reading), *vendor.resources)
    config = {"account": "second", "on_unknown_stream": "skip", "work_dir": str(tmp_path / "target"), **whole.writing}
    file = tap.file("target.json", {**commands.settings(second), **config})
    written = commands.run([TARGET, "--config", file], input=read.out)

    assert read.code == 0, read.log
    assert {stream for stream in vendor.resources if not read.records(stream)} == set()
    lines = (tmp_path / "target" / "rejected.jsonl").read_text(encoding="utf-8").splitlines()
    rejected = {(each["stream"], each["code"]): each["reason"] for each in map(json.loads, lines)}
    assert rejected.keys() == whole.rejected
    assert written.returncode == (3 if rejected else 0), written.stderr
    page = (DOCS / f"{vendor.vendor.replace('_', '-')}.md").read_text(encoding="utf-8")
    section = page.split("\n### A whole account\n")[1].split("\n#")[0]
    for (stream, code), reason in rejected.items():
        assert any(f"`{stream}`" in line and reason in line for line in section.splitlines()), (stream, code)
    streams = json.loads((tmp_path / "target" / "summary.json").read_text(encoding="utf-8"))["streams"]
    for stream in vendor.streams.keys() & vendor.resources.keys():
        assert streams[stream]["created"] + streams[stream]["updated"] or (stream, "reference_not_written") in rejected
    for stream, told in streams.items():
        outcomes = ("created", "updated", "deleted", "unchanged", "skipped", "rejected", "failed", "waiting", "unknown")
        assert told["read"] == sum(told.get(each, 0) for each in outcomes), (stream, told)
