"""What the tests of writing share: the target, and each vendor in turn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from osdi_crm_sandbox.control import Sandbox

from tests.target_command import TargetCommand
from tests.vendors import VENDORS
from tests.writing_case import WritingCase


@pytest.fixture
def target(tmp_path: Path) -> Iterator[TargetCommand]:
    """The target, with its files in the test's folder."""
    command = TargetCommand(tmp_path)
    yield command
    command.kill_what_runs()


@pytest.fixture(params=[vendor.WRITING for vendor in VENDORS], ids=lambda case: case.vendor)
def case(request: pytest.FixtureRequest, sandbox: Sandbox, target: TargetCommand) -> WritingCase:
    """One vendor after the other, with an account: what the target promises is promised for each."""
    found: WritingCase = request.param
    if why := found.cannot.get(request.node.originalname.removeprefix("test_")):
        pytest.skip(f"{found.vendor}: {why}")
    target.settings.update(found.settings)
    target.keys[found.people] = (found.key,)
    return replace(found, account=sandbox.account(found.vendor))
