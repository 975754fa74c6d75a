"""The command `osdi-crm-conformance`: try at an account what this project only assumes of its vendor."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from osdi_crm_client import ending, startup, stdout
from osdi_crm_client.errors import ConfigurationError, VendorError
from osdi_crm_client.vendor import vendor_names

from tap_osdi_crm.conformance import kit
from tap_osdi_crm.conformance.bench import Bench
from tap_osdi_crm.conformance.probe import Finding, Probe, Verdict
from tap_osdi_crm.conformance.writing import Hand
from tap_osdi_crm.tap import TapOSDICRM

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; exits with 1 if the account cannot be reached, with 2 if it was not asked right."""
    stdout.run(conformance, "osdi-crm-conformance", arguments, (ConfigurationError, VendorError))


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", "settings", type=click.Path(path_type=Path), required=True, help="The tap's settings.")
@click.option("--out", type=click.Path(path_type=Path), help="The file; by default conformance-<vendor>.json.")
@click.option("--write", is_flag=True, help="Also make one marked person, change it, and take it away again.")
@click.option("--address", help="An e-mail address of your own, for that person; asked for if it is not given.")
@click.option("--resume", is_flag=True, help="Go on with that file, after taking away what a killed --write has left.")
def conformance(settings: Path, out: Path | None, address: str | None, *, write: bool, resume: bool) -> None:
    """Try what is assumed of an account's vendor: read a little of everything, and write nothing unless told.

    At the end there is a table of what is otherwise, the settings that correct it, and a file that can be sent to the
    project: of the account's data it holds names of fields, types and numbers of records alone.
    """
    tap, signing_in = kit.signed_in(_config(settings))
    ending.when_told(_end)
    vendor = tap.account.vendor
    file = out or Path(f"conformance-{vendor.name}.json")
    report, bench = kit.Report(file, vendor.name), Bench(tap)
    hand = Hand(bench, kit.writing_of(vendor.name).PERSON, file.with_name(f"{file.name}.to-take-away"))
    if hand.left_behind:
        _take_away(hand, resume=resume)
    probes = list(kit.probes(bench, signing_in, hand, is_allowed=write))
    if resume:
        report.resume()
        probes = [probe for probe in probes if (write and probe.step) or not report.has(probe)]
    click.echo(f"{vendor.title}: every probe reads a little{'' if write else '; nothing is written there'}.\n")
    if write:
        _allowed(hand, probes, address)
    try:
        found = _run(bench, probes, report, is_writing=write)
    finally:
        if write and hand.left_behind:
            click.echo(hand.take_away())
    if found:
        click.echo("These settings correct what can be corrected:")
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
    click.echo(f"{file} can be sent to the project; read it first: docs/conformance.md tells how.")


def _end(*_: Any) -> None:
    """Unwind, so that whoever was made is taken away.

    Raises:
        SystemExit: Always.
    """
    raise SystemExit(ending.TERMINATED)


def _run(bench: Bench, probes: Iterable[Probe], report: kit.Report, *, is_writing: bool) -> dict[str, Any]:
    """Ask the probes, and tell of each what is not as assumed; return the settings that correct it."""
    counted: Counter[Verdict] = Counter()

    def begin(probe: Probe) -> None:
        if is_writing and probe.step:
            click.echo(f"Now: {probe.step}")

    def tell(probe: Probe, finding: Finding) -> None:
        counted[finding.verdict] += 1
        if finding.verdict is not Verdict.AS_ASSUMED and (is_writing or not probe.step):
            click.echo(f"{finding.verdict:12}{probe.name:40}  {finding.told()}")

    found = kit.run(bench, probes, report, begin, tell)
    click.echo(f"\n{', '.join(f'{counted[each]} {each}' for each in Verdict)}.")
    return found


def _take_away(hand: Hand, *, resume: bool) -> None:
    """Take away what an earlier run has left.

    Raises:
        ConfigurationError: If nobody said that this is wanted.
    """
    if not resume:
        raise ConfigurationError(
            "An earlier --write was not ended. Run again with --resume, which takes its person away."
        )
    click.echo(f"An earlier --write was not ended; its person, {hand.address}, is taken away.")
    click.echo(hand.take_away())


def _allowed(hand: Hand, probes: Iterable[Probe], address: str | None) -> None:
    """Tell what will be written, and ask whether it may be."""
    hand.mark(address or click.prompt("An e-mail address of your own"))
    click.echo(f"One person is written, with the address {hand.address}, which reaches you:")
    for probe in probes:
        if probe.step:
            click.echo(f"  - {probe.step}")
    click.echo(hand.person.remains or "Nothing of it is left in the end.")
    click.confirm("Go on?", abort=True)
    hand.begin()


def _config(file: Path) -> dict[str, Any]:
    """Return the settings, completed with what it takes to read a little of everything.

    Raises:
        ConfigurationError: If they cannot be read, or name no vendor.
    """
    config = startup.object_of(file, "settings")
    if config.get("vendor") not in vendor_names():
        TapOSDICRM(config=config)
    return {**kit.module_of(config["vendor"]).SETTINGS, **config}
