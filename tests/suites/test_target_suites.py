"""The SDK's suite for targets, for every vendor, and a suite of our own in which each stream is really written.

`make suites`. What the tap reads of a whole account is written stream by stream, so that what a record refers to is
there before it. Left out of the SDK's suite is what `tests/target/test_target_sdk.py` leaves out.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from osdi_crm_sandbox.control import Sandbox
from singer_sdk.testing import get_target_test_class
from singer_sdk.testing.suites import SingerTestSuite
from singer_sdk.testing.templates import TargetFileTestTemplate
from tap_osdi_crm.tap import TapOSDICRM
from target_osdi_crm.target import TargetOSDICRM
from typing_extensions import override

from hub.coverage import Coverage
from tests import commands
from tests.suites.unsigned import CASES, config
from tests.tap_command import TapCommand
from tests.target.test_target_sdk import OURS
from tests.whole.test_whole_accounts import WHOLE

pytestmark = pytest.mark.suites

CONFIGS = {name: config(name, on_unknown_stream="skip") for name in CASES}
FOLDERS: dict[str, Path] = {}


def writes(vendor_name: str, stream: str) -> type[TargetFileTestTemplate]:
    """The test that a stream of a vendor is written."""

    class Writes(TargetFileTestTemplate):
        name = f"writes_{stream}"

        @property
        @override
        def singer_filepath(self) -> Path:
            return FOLDERS[vendor_name] / f"{stream}.singer"

        @override
        def test(self) -> None:
            with contextlib.suppress(SystemExit):  # the exit code of records that the vendor's page says are rejected
                super().test()

        @override
        def validate(self) -> None:
            summary = json.loads((FOLDERS[vendor_name] / "work" / "summary.json").read_text(encoding="utf-8"))
            told = summary["streams"][stream]
            assert told["created"] + told["updated"] > 0, told

    return Writes


def written(name: str) -> list[str]:
    """The streams that are written of a whole account, in the order in which the tap reads them."""
    read = TapOSDICRM(config=config(name, **CASES[name].extra)).streams
    barred = {stream for stream, code in WHOLE[name].rejected if code == "reference_not_written"} - {"donations"}
    return [stream for stream in read if stream in Coverage(name).streams and stream not in barred]


def suite(name: str) -> Any:
    """The SDK's class of tests for one vendor."""
    ours = SingerTestSuite(kind="target", tests=[*OURS.tests, *(writes(name, stream) for stream in written(name))])
    return get_target_test_class(
        target_class=TargetOSDICRM, config=CONFIGS[name], include_target_tests=False, custom_suites=[ours]
    )


class InSandbox:
    """Against an empty account of the sandbox, with what the tap reads of a full one."""

    vendor: str

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def account(cls, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> None:
        name, whole = cls.vendor, WHOLE[cls.vendor]
        first, second = sandbox.account(name, size=40), sandbox.account(name, seed=2)
        whole.prepare(first, second)
        folder = FOLDERS[name] = tmp_path_factory.mktemp(name)
        run = TapCommand(folder)(
            commands.settings(first, **CASES[name].extra, **whole.reading), *Coverage(name).resources
        )
        for stream in run.streams:
            mine = (json.dumps(each) for each in run.messages if each.get("stream") == stream)
            (folder / f"{stream}.singer").write_text("\n".join(mine) + "\n", encoding="utf-8")
        CONFIGS[name].update(
            {**commands.settings(second), **whole.writing, "account": "suite", "work_dir": str(folder / "work")}
        )


class TestActionNetwork(InSandbox, suite("action_network")):  # type: ignore[misc]
    vendor = "action_network"


class TestCrowdskout(InSandbox, suite("crowdskout")):  # type: ignore[misc]
    vendor = "crowdskout"


class TestI360(InSandbox, suite("i360")):  # type: ignore[misc]
    vendor = "i360"


class TestNationBuilder(InSandbox, suite("nationbuilder")):  # type: ignore[misc]
    vendor = "nationbuilder"


class TestRallyCongress(InSandbox, suite("rally_congress")):  # type: ignore[misc]
    vendor = "rally_congress"
