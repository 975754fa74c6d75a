"""Writes what others read: Hub definitions, meltano.yml's settings and jobs of pairs, .env.example, the crosswalk.

It comes from the plugins' own `--about` and from the schemas, so that nothing is said twice. `--check` writes nothing,
and tells whether what is written is up to date.
"""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import osdi_crm_schemas
import yaml
from osdi_crm_client.vendor import vendor as vendor_named
from osdi_crm_schemas.crosswalk import KEYS, Crosswalk, shared_streams

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osdi_crm_schemas.crosswalk.table import Field, Slot, Table

ROOT = Path(__file__).parent.parent
WEB_HOOK = "notify_url"
PLUGINS = {"tap-osdi-crm": "extractors", "target-osdi-crm": "loaders"}
BUILT_IN = (
    "stream_maps",
    "stream_map_config",
    "faker_config",
    "flattening_enabled",
    "flattening_max_depth",
    "flattening_max_key_length",
    "flattening_separator",
)
"""Settings the SDK adds: on the Hub they belong to no vendor."""

WAREHOUSE = (
    "# TARGET_POSTGRES_SQLALCHEMY_URL=postgresql+psycopg://user:password@host/database",
    "# TAP_POSTGRES_SQLALCHEMY_URL=postgresql+psycopg2://user:password@host/database",
)
"""Where a warehouse in Postgres is written and read."""


def about(plugin: str) -> dict[str, Any]:
    """Return what a plugin says of itself."""
    command = [str(Path(sys.executable).parent / plugin), "--about", "--format=json"]
    told: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return told


def vendors(told: dict[str, Any]) -> list[str]:
    """Return the vendors a plugin knows."""
    found: list[str] = told["settings"]["properties"]["vendor"]["enum"]
    return found


def title(told: dict[str, Any], vendor: str) -> str:
    """Return a vendor's name for people."""
    names = told["settings"]["properties"]["vendor"].get("x-titles", {})
    return str(names[vendor])


def kind(setting: dict[str, Any]) -> str | None:
    """Return Meltano's kind of a setting; None is a plain string.

    Numbers are plain strings too: Meltano 4.4 cannot pass on a `decimal` that comes from the environment.
    """
    if setting.get("secret"):
        return "password"
    if "enum" in setting:
        return "options"
    if setting.get("format") == "date-time":
        return "date_iso8601"
    types = setting.get("type", "string")
    first = types if isinstance(types, str) else types[0]
    return None if first in {"number", "string"} else first


def setting(name: str, told: dict[str, Any], titles: dict[str, str]) -> dict[str, Any]:
    """Return one setting as the Hub writes it."""
    found: dict[str, Any] = {"name": name, "label": told.get("title", name)}
    if chosen := kind(told):
        found["kind"] = chosen
    if told.get("secret"):
        found["sensitive"] = True
    if "enum" in told:
        found["options"] = [{"value": value, "label": titles.get(value, value)} for value in told["enum"]]
    if told.get("default") not in (None, [], {}):
        found["value"] = told["default"]
    found["description"] = told.get("description", "")
    return found


def of_vendor(told: dict[str, Any], vendor: str) -> dict[str, dict[str, Any]]:
    """Return the settings that mean something for one vendor, without `vendor` itself."""
    others = tuple(f"{other}_" for other in vendors(told) if other != vendor)
    return {
        name: found
        for name, found in told["settings"]["properties"].items()
        if name != "vendor" and not name.startswith(others)
    }


def required(told: dict[str, Any], vendor: str) -> list[str]:
    """Return the settings a vendor cannot do without."""
    for rule in told["settings"]["allOf"]:
        if rule["if"]["properties"]["vendor"]["const"] == vendor:
            return ["vendor", *rule["then"]["required"]]
    return ["vendor"]


def definition(plugin: str, told: dict[str, Any], vendor: str) -> dict[str, Any]:
    """Return the Hub's definition of a plugin for one vendor."""
    role = plugin.split("-", maxsplit=1)[0]
    name = f"{role}-{vendor.replace('_', '-')}"
    return {
        "name": name,
        "variant": "osdi-crm",
        "namespace": name.replace("-", "_"),
        "label": title(told, vendor),
        "description": told["description"].partition("\n")[0],
        "pip_url": plugin,
        "executable": plugin,
        "quality": "unknown",
        "maintenance_status": "active",
        "keywords": ["api", "meltano_sdk"],
        "log_parser": "singer-sdk",
        "supported_python_versions": told["supported_python_versions"],
        "capabilities": sorted(told["capabilities"]),
        "settings_group_validation": [required(told, vendor)],
        "settings": [
            {"name": "vendor", "label": "Vendor", "kind": "hidden", "value": vendor, "description": "Which CRM."},
            *(
                setting(n, found, {}) | OF_THE_PROJECT.get(n, {})
                for n, found in sorted(of_vendor(told, vendor).items())
            ),
        ],
    }


OF_THE_PROJECT = {"work_dir": {"value": "$MELTANO_PROJECT_ROOT/.osdi-crm"}}
"""Settings that are the same wherever in a project Meltano is started."""


def meltano_settings(told: dict[str, Any]) -> str:
    """Return the block of settings of a plugin in meltano.yml."""
    lines = []
    titles = {vendor: title(told, vendor) for vendor in vendors(told)}
    for name, found in told["settings"]["properties"].items():
        entry = setting(name, found, titles)
        shown: dict[str, Any] = {key: entry[key] for key in ("name", "kind", "sensitive", "options") if key in entry}
        shown |= OF_THE_PROJECT.get(name, {})
        lines.append("    - " + yaml.safe_dump(shown, default_flow_style=True, sort_keys=False, width=1000).strip())
    return "\n".join(lines) + "\n"


def shared_model() -> dict[str, str]:
    """Return what meltano.yml has for one CRM into another, by what it is: a job for each pair."""
    names = [vendor.replace("_", "-") for vendor in osdi_crm_schemas.vendors() if shared_streams(vendor)]
    pairs = list(permutations(names, 2))
    return {
        "extractors": "".join(
            f"  - {{name: tap-{name}-shared, inherit_from: tap-{name}, config: {{model: osdi}}}}\n" for name in names
        ),
        "loaders": "".join(
            f"  - {{name: target-{to}-from-{source}, inherit_from: target-{to},"
            f" config: {{model: osdi, source: {source}}}}}\n"
            for source, to in pairs
        ),
        "jobs": "".join(
            f"- {{name: {source}-to-{to}, tasks: [tap-{source}-shared target-{to}-from-{source}]}}\n"
            for source, to in pairs
        ),
    }


def between(text: str, begin: str, end: str, block: str) -> str:
    """Return a text with a block in the place of what stands between two lines of it."""
    before, _, rest = text.partition(begin)
    return before + begin + block + end + rest.partition(end)[2]


TABLES = ("<!-- tables, generated -->\n", "<!-- end of the tables -->\n")
"""Between what docs/crm-to-crm.md has the crosswalk."""


def crosswalk_tables() -> str:
    """Return a table for each shared stream that some vendor has."""
    known = [name for name in osdi_crm_schemas.vendors() if shared_streams(name)]
    return "\n".join(
        _table(shared, [name for name in known if shared in shared_streams(name)])
        for shared in KEYS
        if any(shared in shared_streams(name) for name in known)
    )


def _table(shared: str, vendors: list[str]) -> str:
    walks = {name: Crosswalk(name, shared) for name in vendors}
    found: dict[str, dict[str, list[str]]] = {}
    for name, walk in walks.items():
        for place, theirs in _rows(walk.table):
            found.setdefault(place, {}).setdefault(name, []).append(theirs)
    order = [*osdi_crm_schemas.shared_schema(shared)["properties"]]
    places = sorted(found, key=lambda place: (order.index(place.partition("[")[0].partition(".")[0]), place))
    titles = [f"{vendor_named(name).title}: {walk.stream}" for name, walk in walks.items()]
    lines = [["`" + shared + "`", *titles], ["---"] * (len(titles) + 1)]
    lines += [[f"`{place}`", *(", ".join(found[place].get(name, ["-"])) for name in walks)] for place in places]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _rows(table: Table, ours: str = "", theirs: str = "") -> Iterator[tuple[str, str]]:
    """Yield places of the model, and what stands for them."""
    for field in table.fields:
        yield from _of(field, f"{ours}{field.place.name}", theirs)
    for field in table.inside:
        if field.inner:
            yield from _rows(field.inner, ours, f"{theirs}{field.name}.")
    for name, slots in table.slots.items():
        for slot in slots:
            yield from _of_slot(slot, f"{ours}{name}[{slot.place.kind[1] if slot.place.kind else ''}]", theirs)


def _of_slot(slot: Slot, ours: str, theirs: str) -> Iterator[tuple[str, str]]:
    if slot.parts:
        yield from _rows(slot.parts, f"{ours}.", theirs)
    elif slot.whole:
        yield from _of(slot.whole, ours, theirs)


def _of(field: Field, ours: str, theirs: str) -> Iterator[tuple[str, str]]:
    if field.inner:
        is_entry = field.place.is_entry or not field.is_list
        yield from _rows(field.inner, f"{ours}." if is_entry else f"{ours}[].", f"{theirs}{field.name}.")
    else:
        yield ours, f"{theirs}{field.name}" + (" (read)" if not field.is_written else "")


def environment(all_told: dict[str, dict[str, Any]]) -> str:
    """Return .env.example: what each vendor needs, for both plugins, and the addresses that are secret."""
    lines = [
        "# What accounts need. Copy to .env, take the # from what you use, and keep it out of version control;",
        "# osdi-crm-connect --meltano writes the same. Of several ways to sign in, one is enough.",
        "# Meltano puts them above meltano.yml in every environment: move .env away to use the sandbox.",
    ]
    for vendor in vendors(all_told["tap-osdi-crm"]):
        lines += ["", f"# {title(all_told['tap-osdi-crm'], vendor)}"]
        for plugin, told in all_told.items():
            prefix = f"{plugin.split('-')[0]}_{vendor}".upper()
            needed = {*required(told, vendor), *(f"{vendor}_{name}" for name in vendor_named(vendor).credentials)}
            if plugin.startswith("target"):
                needed.add("account")
            lines += [
                f"# {prefix}_{name.upper()}="
                for name, found in of_vendor(told, vendor).items()
                if name in needed or (found.get("secret") and name.startswith(f"{vendor}_"))
            ]
    lines.append("")
    lines.append(
        "# Databases: what several machines share (docs/operations.md), and a warehouse (docs/reverse-etl.md)."
    )
    for plugin, told in all_told.items():
        of_all = set.intersection(*(set(of_vendor(told, vendor)) for vendor in vendors(told)))
        lines += [
            f"# {plugin.replace('-', '_').upper()}_{name.upper()}=postgresql://user:password@host/database"
            for name, found in told["settings"]["properties"].items()
            if found.get("secret") and name in of_all and name != WEB_HOOK
        ]
    hook = ["", "# Where to post when a run needs somebody's eyes.", f"# TARGET_OSDI_CRM_{WEB_HOOK.upper()}="]
    return "\n".join([*lines, *WAREHOUSE, *hook, ""])


def written() -> dict[Path, str]:
    """Return every file and what it should hold."""
    all_told = {plugin: about(plugin) for plugin in PLUGINS}
    files: dict[Path, str] = {ROOT / ".env.example": environment(all_told)}
    meltano = (ROOT / "meltano.yml").read_text(encoding="utf-8")
    for plugin, role in PLUGINS.items():
        told = all_told[plugin]
        for vendor in vendors(told):
            found = definition(plugin, told, vendor)
            files[ROOT / "hub" / role / f"{found['name']}.yml"] = yaml.safe_dump(found, sort_keys=False, width=110)
        begin, end = f"    # {plugin}'s settings, generated\n", f"    # end of {plugin}'s settings\n"
        meltano = between(meltano, begin, end, meltano_settings(told))
    for what, block in shared_model().items():
        begin, end = f"# {what} of the shared model, generated\n", f"# end of {what} of the shared model\n"
        indent = "" if what == "jobs" else "  "
        meltano = between(meltano, begin, indent + end, block)
    files[ROOT / "meltano.yml"] = meltano
    page = ROOT / "docs" / "crm-to-crm.md"
    files[page] = between(page.read_text(encoding="utf-8"), *TABLES, crosswalk_tables())
    return files


def main() -> None:
    """Write all files, or with `--check` tell which are out of date."""
    stale = [file for file, text in written().items() if not file.exists() or file.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv:
        sys.exit("Out of date: " + ", ".join(str(f.relative_to(ROOT)) for f in stale) if stale else 0)
    for file, text in written().items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
