"""The SDK's own suite for taps, every stream and property of the vendors beside Action Network: `make suites`.

Action Network's is in `make test`. Nothing of the suite is left out.
"""

from __future__ import annotations

from typing import Any

import pytest
from osdi_crm_sandbox.control import Sandbox
from singer_sdk.testing import SuiteConfig, get_tap_test_class
from tap_osdi_crm.tap import TapOSDICRM

from tests import commands
from tests.suites.unsigned import CASES, config
from tests.whole.test_whole_accounts import WHOLE

pytestmark = [
    pytest.mark.suites,
    # Not every field occurs in a small account: `additional_fields` comes only with what the schema does not know.
    pytest.mark.filterwarnings("ignore:Fields in transformed catalog but not in records:UserWarning"),
    pytest.mark.filterwarnings("ignore:No records were available to test:UserWarning"),
]

CONFIGS = {name: config(name, **case.extra, **WHOLE[name].reading) for name, case in CASES.items()}


def suite(name: str) -> Any:
    """The SDK's class of tests for one vendor."""
    return get_tap_test_class(
        tap_class=TapOSDICRM,
        config=CONFIGS[name],
        suite_config=SuiteConfig(max_records_limit=1000),
        parse_env_config=False,
    )


class InSandbox:
    """Against an account of the sandbox."""

    vendor: str

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def account(cls, sandbox: Sandbox) -> None:
        account = sandbox.account(cls.vendor, size=40)
        WHOLE[cls.vendor].prepare(account, account)
        CONFIGS[cls.vendor].update(commands.settings(account))


class TestCrowdskout(InSandbox, suite("crowdskout")):  # type: ignore[misc]
    vendor = "crowdskout"


class TestI360(InSandbox, suite("i360")):  # type: ignore[misc]
    vendor = "i360"


class TestNationBuilder(InSandbox, suite("nationbuilder")):  # type: ignore[misc]
    vendor = "nationbuilder"


class TestRallyCongress(InSandbox, suite("rally_congress")):  # type: ignore[misc]
    vendor = "rally_congress"
