"""What is tried again, and what is not."""

from __future__ import annotations

import pytest
from osdi_crm_client import errors
from osdi_crm_client.retry import worth_another_try


@pytest.mark.parametrize(
    ("kind", "repeatable", "once_only"),
    [
        (errors.Unavailable, True, True),
        (errors.Fault, True, False),
        (errors.NoAnswer, True, False),
        (errors.Garbled, True, False),
        (errors.Refused, False, False),
        (errors.NotFound, False, False),
        (errors.NotSignedIn, False, False),
        (errors.ForeignOrigin, False, False),
    ],
)
def test_which_errors_are_worth_another_try(kind: type[errors.VendorError], repeatable: bool, once_only: bool) -> None:
    error = kind("why", method="POST", path="/people")

    assert worth_another_try(error, repeatable=True) is repeatable
    assert worth_another_try(error, repeatable=False) is once_only
