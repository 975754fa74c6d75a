"""The command `osdi-crm-connect`: ask for an account's settings, prove them, tell what they open, write them down."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import osdi_crm_schemas
from osdi_crm_client import redaction, stdout, work_dir
from osdi_crm_client.errors import ConfigurationError, VendorError
from osdi_crm_client.reading.source import Stateless
from osdi_crm_client.vendor import vendor, vendor_names

from tap_osdi_crm.tap import TapOSDICRM

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from osdi_crm_client.vendor import Vendor

    from tap_osdi_crm.source import Sources

_NO_RIGHT = {401, 403}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; exits with 1 if the account cannot be reached, with 2 if it was not asked right."""
    stdout.run(connect, "osdi-crm-connect", arguments, (ConfigurationError, VendorError))


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--vendor", "name", type=click.Choice(vendor_names()), help="The CRM; asked for if it is not given.")
@click.option("--set", "given", multiple=True, metavar="SETTING=VALUE", help="A setting that is not to be asked for.")
@click.option("--out", type=click.Path(path_type=Path), default="config.json", show_default=True, help="The file.")
@click.option("--meltano", is_flag=True, help="Write lines into .env instead, and show those for meltano.yml.")
@click.option("--dry-run", is_flag=True, help="Show what would be written, secrets left out, and write nothing.")
@click.option("--rights/--no-rights", default=True, help="Ask each stream for a page, to tell what may be read.")
def connect(name: str | None, given: tuple[str, ...], out: Path, *, meltano: bool, dry_run: bool, rights: bool) -> None:
    """Connect an account: ask for its settings, prove them, tell what they open, and write them down."""
    of = vendor(name or click.prompt("Which CRM", type=click.Choice(vendor_names())))
    config = {"vendor": of.name, **_answers(of, _given(of, given))}
    redaction.install(config, of.secrets)
    tap = TapOSDICRM(config=config)
    tap.account.check()
    click.echo(f"{of.title} lets these settings in.")
    if rights:
        _tell_rights(of, tap.sources)
    if meltano:
        _write_for_meltano(of, config, dry_run=dry_run)
    else:
        _write_config(of, config, out, dry_run=dry_run)


def _given(of: Vendor[Any], given: Sequence[str]) -> dict[str, Any]:
    """The settings of `--set`, by their names in a configuration; the vendor's may lack its name.

    Raises:
        BadParameter: If one is not known.
    """
    known = TapOSDICRM.config_jsonschema["properties"]
    found = {}
    for each in given:
        name, separator, value = each.partition("=")
        whole = name if name in known else f"{of.name}_{name}"
        if not separator or whole not in known:
            raise click.BadParameter(f"{name!r} is no setting of {of.title}.", param_hint="--set")
        found[whole] = _parsed(name, value, known[whole])
    return found


def _parsed(name: str, text: str, schema: Mapping[str, Any]) -> Any:
    if "string" in schema["type"]:
        return text
    try:
        return json.loads(text)
    except ValueError:
        raise click.BadParameter(f"{name!r} is to be JSON: {schema['type']}.", param_hint="--set") from None


def _answers(of: Vendor[Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Ask for what the vendor needs and is not given: secrets are not shown, and the first way to sign in is enough."""
    credentials = [f"{of.name}_{field}" for field in of.credentials]
    found = dict(given)
    for name in [*of.required, *(each for each in credentials if each not in of.required)]:
        is_needed = name in of.required
        if name in found or (not is_needed and any(each in found for each in credentials)):
            continue
        about = of.properties[name]
        click.echo(f"\n{about['description']}")
        words = f"{about['title']}{'' if is_needed else ' (empty: another way to sign in)'}"
        default = None if is_needed else ""
        if value := click.prompt(words, hide_input=name in of.secrets, default=default, show_default=False).strip():
            found[name] = value
    if "account" not in found and not of.account(of.own(found)):
        click.echo(
            "\nA name of your own for this account: the target keeps its journal under it, whatever the credentials."
        )
        if value := click.prompt("Account name (empty: only the tap will do)", default="", show_default=False).strip():
            found["account"] = value
    return found


def _tell_rights(of: Vendor[Any], sources: Sources) -> None:
    """Ask each stream for a page, and tell which may be read, and which the API lets one write."""
    click.echo(f"\n{'stream':38}{'read':24}written by the API")
    for name, resource in sources.resources.items():
        if not resource.unconfirmed:
            click.echo(f"{name:38}{_readable(sources, name):24}{_written(of.name, name)}")


def _readable(sources: Sources, name: str) -> str:
    resource = sources.resources[name]
    if on := resource.parents or tuple(filter(None, [resource.within])):
        return f"with {on[0]}{' …' * (len(on) > 1)}"
    try:
        next(iter(resource.reading(sources.make(name), Stateless()).sample()), None)
    except ConfigurationError:
        return "needs settings"
    except VendorError as error:
        return "not allowed" if error.status in _NO_RIGHT else f"no (HTTP {error.status})" if error.status else "no"
    return "yes"


def _written(vendor_name: str, stream: str) -> str:
    properties = osdi_crm_schemas.schema(vendor_name, stream)["properties"].values()
    found = {operation for each in properties for operation in each.get("x-write", ())}
    return ", ".join(sorted(found & {"create", "update"})) or "-"


def _write_config(of: Vendor[Any], config: Mapping[str, Any], file: Path, *, dry_run: bool) -> None:
    if dry_run:
        click.echo(f"\n{file} would be:\n{json.dumps(_without_secrets(of, config), indent=2, ensure_ascii=False)}")
        return
    if file.exists():
        click.confirm(f"\n{file} exists. Write over it?", abort=True)
    with work_dir.opened(file, "w") as opened:
        opened.write(json.dumps(config, indent=2) + "\n")
    click.echo(f"\n{file} is written; only you can read it. Now:")
    click.echo(f"  tap-osdi-crm --config {file} --discover > catalog.json")
    click.echo(f"  tap-osdi-crm --config {file} --catalog catalog.json | any-target")
    click.echo(f"  target-osdi-crm --config {file} < records.jsonl      (with 'dry_run': true at first)")


def _write_for_meltano(of: Vendor[Any], config: Mapping[str, Any], *, dry_run: bool) -> None:
    plugin = of.name.replace("_", "-")
    own = _without_secrets(of, config) if dry_run else config
    lines = [
        f"{role}_{of.name}_{name}".upper() + f"={_quoted(value if isinstance(value, str) else json.dumps(value))}"
        for role in ("tap", "target")
        for name, value in own.items()
        if name != "vendor"
    ]
    file = Path(".env")
    if dry_run:
        click.echo("\n.env would get:\n" + "\n".join(lines))
    else:
        with work_dir.opened(file, "a") as opened:
            opened.write("\n".join(["", f"# {of.title}", *lines, ""]))
        file.chmod(0o600)
        click.echo("\n.env has the settings; only you can read it.")
    click.echo("meltano.yml, unless it has them already:")
    for role in ("extractor", "loader"):
        short = "tap" if role == "extractor" else "target"
        click.echo(f"  {role}s:\n  - name: {short}-{plugin}\n    inherit_from: {short}-osdi-crm")
        click.echo(f"    config: {{vendor: {of.name}}}")
    click.echo(f"Now: meltano run tap-{plugin} target-jsonl")


def _quoted(text: str) -> str:
    """A value as python-dotenv, by which Meltano reads `.env`, takes it back."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _without_secrets(of: Vendor[Any], config: Mapping[str, Any]) -> dict[str, Any]:
    return {name: "…" if name in of.secrets else value for name, value in config.items()}
