"""A catalog that selects nothing, or another vendor's streams, ends the run with a line and reads nothing."""

from __future__ import annotations

from typing import Any

import pytest
from osdi_crm_sandbox.control import Sandbox


def selecting(catalog: dict[str, Any], *streams: str) -> dict[str, Any]:
    for entry in catalog["streams"]:
        for metadata in entry["metadata"]:
            if not metadata["breadcrumb"]:
                metadata["metadata"]["selected"] = entry["tap_stream_id"] in streams
    return catalog


@pytest.mark.parametrize(
    ("of", "streams", "words"),
    [
        ("action_network", (), "The catalog, or 'select', selects no stream of Action Network"),
        (
            "nationbuilder",
            ("signups", "donations"),
            "The catalog selects 'signups', which Action Network does not have",
        ),
        (None, (), "The catalog, or 'select', selects no stream of Action Network"),
    ],
    ids=str,
)
def test_a_catalog_that_does_not_fit_is_told_of(
    sandbox: Sandbox, tap: Any, of: str | None, streams: tuple[str, ...], words: str
) -> None:
    account = sandbox.account("action_network", size=3)
    other = tap.settings(sandbox.account(of or "action_network", size=0))
    found = tap.discover(other) if of else {"streams": []}
    catalog = tap.file("other.json", selecting(found, *streams))

    run = tap(tap.settings(account), args=("--catalog", str(catalog)))

    assert run.code == 1
    assert words in run.log.splitlines()[-1]
    assert account.counters()["calls"] == 0
