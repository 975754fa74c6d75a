"""One run of the kit: each probe asked in turn, its answer kept at once, and told at the end with what corrects it."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from osdi_crm_client import startup, work_dir
from osdi_crm_client.errors import ACCOUNT, Denied, NotSignedIn, VendorError, class_and_place

from tap_osdi_crm.conformance import streams, vendors, writes, writing
from tap_osdi_crm.conformance.probe import Finding, Probe, Verdict, as_assumed, not_tried, otherwise
from tap_osdi_crm.tap import TapOSDICRM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from tap_osdi_crm.conformance.bench import Bench
    from tap_osdi_crm.conformance.writing import Hand


def module_of(vendor: str) -> Any:
    """Return what is asked of a vendor beside its streams."""
    return import_module(f"{vendors.__name__}.{vendor}")


def writing_of(vendor: str) -> Any:
    """Return how a vendor is written."""
    return import_module(f"{writes.__name__}.{vendor}")


def signed_in(config: Mapping[str, Any]) -> tuple[TapOSDICRM, Finding]:
    """Return the tap that reaches the account, with other settings where those given are refused and these are not.

    Raises:
        VendorError: If the account cannot be reached.
        ConfigurationError: If a setting is wrong.
    """
    others: tuple[Mapping[str, Any], ...] = module_of(str(config.get("vendor"))).SIGNING_IN
    refusal: NotSignedIn | None = None
    for change in ({}, *others):
        tap = TapOSDICRM(config={**config, **change})
        try:
            tap.account.check()
        except NotSignedIn as error:
            refusal = refusal or error
        except Denied:
            return tap, not_tried("the check is refused, which may be for the credentials or for a right")
        except VendorError as error:
            if isinstance(error, ACCOUNT):
                raise
            return tap, as_assumed("the account signs in")
        else:
            told = as_assumed("the account signs in")
            return tap, otherwise("it signs in with other settings alone", settings=change) if change else told
    raise refusal or AssertionError


def probes(bench: Bench, signing_in: Finding, hand: Hand, *, is_allowed: bool) -> Iterator[Probe]:
    """Yield all probes of a vendor, in the order in which they are asked; those that write ask if that is allowed."""
    of = module_of(bench.vendor)
    yield Probe("sign_in", "Do the settings sign in as documented?", lambda _: signing_in)
    resources = bench.sources.resources.values()
    yield from streams.probes(bench.vendor, resources, of.ELSEWHERE, of.PAGING)
    yield from of.PROBES
    yield from writing.probes(hand, writing_of(bench.vendor).STEPS, is_allowed=is_allowed)


class Report:
    """The file that is kept: of each probe its answer, and the calls that led to it, as they may be kept."""

    def __init__(self, file: Path, vendor: str) -> None:
        """Begin a report of a vendor in a file."""
        self._file = file
        self.kept: dict[str, Any] = {
            "kit": f"osdi-crm-conformance {version('tap-osdi-crm')}",
            "vendor": vendor,
            "day": f"{datetime.now(UTC):%Y-%m-%d}",
            "answers": {},
        }

    def resume(self) -> None:
        """Go on with the report that the file holds, where it is one of this vendor."""
        if not self._file.exists():
            return
        with startup.reading("the report"):
            found = json.loads(self._file.read_text(encoding="utf-8"))
            if isinstance(found, dict) and found.get("vendor") == self.kept["vendor"]:
                self.kept = found

    def has(self, probe: Probe) -> bool:
        """Whether a probe has an answer that need not be found again: one that no setting corrects."""
        answer = self.kept["answers"].get(probe.name, {})
        return answer.get("answer") in {Verdict.AS_ASSUMED, Verdict.OTHERWISE} and "settings" not in answer

    def keep(self, probe: Probe, finding: Finding, bench: Bench) -> None:
        """Write down an answer."""
        calls = [asdict(call) for call in bench.calls]
        self.kept["answers"][probe.name] = {"question": probe.question, **finding.kept(), "calls": calls}
        with work_dir.opened(self._file, "w") as opened:
            json.dump(self.kept, opened, indent=1, ensure_ascii=False)


def run(
    bench: Bench,
    probes: Iterable[Probe],
    report: Report,
    begin: Callable[[Probe], None],
    tell: Callable[[Probe, Finding], None],
) -> dict[str, Any]:
    """Ask these probes; return the settings that correct what is otherwise.

    Args:
        bench: The account on the bench.
        probes: The probes.
        report: What is kept.
        begin: Tells of a probe before it is asked.
        tell: Tells of its answer.

    Raises:
        VendorError: If the account cannot be reached any more.
    """
    settings: dict[str, Any] = {}
    for probe in probes:
        bench.calls.clear()
        begin(probe)
        finding = _asked(probe, bench)
        report.keep(probe, finding, bench)
        _merge(settings, finding.settings)
        tell(probe, finding)
    return settings


def _asked(probe: Probe, bench: Bench) -> Finding:
    try:
        return probe.ask(bench)
    except ACCOUNT:
        raise
    except VendorError as error:
        return not_tried(f"a call failed: {error.why}")
    except Exception as error:  # noqa: BLE001  an answer may be of any form, and the other probes go on
        return not_tried(f"the probe met what it does not know ({class_and_place(error)})")


def _merge(into: dict[str, Any], more: Mapping[str, Any]) -> None:
    for name, value in more.items():
        if isinstance(value, dict) and isinstance(into.get(name), dict):
            _merge(into[name], value)
        else:
            into[name] = value
