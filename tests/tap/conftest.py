"""What the tests of reading share: each vendor in turn."""

from __future__ import annotations

import pytest

from tests.reading_case import ReadingCase
from tests.vendors import VENDORS


@pytest.fixture(params=[vendor.READING for vendor in VENDORS], ids=lambda case: case.vendor)
def case(request: pytest.FixtureRequest) -> ReadingCase:
    """One vendor after the other: what the tap promises is promised for each."""
    found: ReadingCase = request.param
    if why := found.cannot.get(request.node.originalname.removeprefix("test_")):
        pytest.skip(f"{found.vendor}: {why}")
    return found
