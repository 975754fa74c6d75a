"""The command `osdi-crm-conformance`: try at an account what this project only assumes of its vendor."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from osdi_crm_client import startup, stdout
from osdi_crm_client.errors import ConfigurationError, VendorError
from osdi_crm_client.vendor import vendor_names

from tap_osdi_crm.conformance import kit
from tap_osdi_crm.conformance.bench import Bench
from tap_osdi_crm.conformance.probe import Finding, Probe, Verdict
from tap_osdi_crm.tap import TapOSDICRM

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; exits with 1 if the account cannot be reached, with 2 if it was not asked right."""
    stdout.run(conformance, "osdi-crm-conformance", arguments, (ConfigurationError, VendorError))


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", "settings", type=click.Path(path_type=Path), required=True, help="The tap's settings.")
@click.option("--out", type=click.Path(path_type=Path), help="The file; by default conformance-<vendor>.json.")
@click.option("--resume", is_flag=True, help="Go on with that file: what has an answer is not asked again.")
def conformance(settings: Path, out: Path | None, *, resume: bool) -> None:
    """Try what is assumed of an account's vendor: read a little of everything, and write nothing.

    At the end there is a table of what is otherwise, the settings that correct it, and a file that can be sent to the
    project: of the account's data it holds names of fields, types and numbers of records alone.
    """
    config = _config(settings)
    tap, signing_in = kit.signed_in(config)
    vendor = tap.account.vendor
    file = out or Path(f"conformance-{vendor.name}.json")
    report = kit.Report(file, vendor.name)
    if resume:
        report.resume()
    click.echo(f"{vendor.title}: every probe reads a little; nothing is written there.\n")
    counted: Counter[Verdict] = Counter()

    def tell(probe: Probe, finding: Finding) -> None:
        counted[finding.verdict] += 1
        if finding.verdict is not Verdict.AS_ASSUMED:
            click.echo(f"{finding.verdict:12}{probe.name:40}  {finding.told()}")

    found = kit.run(Bench(tap), signing_in, report, tell)
    click.echo(f"\n{', '.join(f'{counted[each]} {each}' for each in Verdict)}.")
    if found:
        click.echo("These settings correct what can be corrected:")
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
    click.echo(f"{file} can be sent to the project; read it first: docs/conformance.md tells how.")


def _config(file: Path) -> dict[str, Any]:
    """Return the settings, completed with what it takes to read a little of everything.

    Raises:
        ConfigurationError: If they cannot be read, or name no vendor.
    """
    with startup.reading("settings"):
        config = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(config, dict):
            raise TypeError
    if config.get("vendor") not in vendor_names():
        TapOSDICRM(config=config)
    return {**kit.module_of(config["vendor"]).SETTINGS, **config}
