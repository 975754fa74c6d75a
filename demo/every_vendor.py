"""Two days with real Meltano runs: CRM → DuckDB, and into a second account; then what changed and what was deleted."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from typing import Any

from osdi_crm_sandbox.control import Account, Sandbox

from demo.ways import OUTPUT, ROOT, WAYS

LOG = OUTPUT / "demo.log"
WORK = OUTPUT / "work"
MELTANO = ROOT / ".meltano-venv" / "bin" / "meltano"
DUCKDB = ROOT / ".meltano" / "loaders" / "target-duckdb" / "venv" / "bin" / "python"

SIZE = 60
"""People in the account: with all that hangs on them, some minutes at the vendor's own limit."""


QUERY = (
    "SELECT count(*), count(*) FILTER (_sdc_extracted_at >= '{since}'::timestamp), count({gone}), "
    "coalesce(epoch(max(_sdc_extracted_at) - min(_sdc_extracted_at)), 0) FROM {table}"
)

COUNT = f"""
import duckdb, json, sys
schema, since, warehouse = sys.argv[1], sys.argv[2], duckdb.connect(sys.argv[3], read_only=True)
tables = warehouse.execute(
    "SELECT table_name, max(column_name) FILTER (column_name = '_sdc_deleted_at') FROM information_schema.columns"
    " WHERE table_schema = ? GROUP BY 1 ORDER BY 1", [schema]
).fetchall()
query = {QUERY!r}
print(json.dumps([
    [t, *warehouse.execute(query.format(since=since, gone=gone or "NULL", table=f'{{schema}}."{{t}}"')).fetchone()]
    for t, gone in tables
]))
"""


def main() -> None:
    """Run the demo."""
    OUTPUT.mkdir(exist_ok=True)
    for old in (LOG, OUTPUT / "warehouse.duckdb"):
        old.unlink(missing_ok=True)
    shutil.rmtree(WORK, ignore_errors=True)  # journal and state of accounts that are no more
    with Sandbox(size=0) as sandbox:
        print(f"The sandbox listens at {sandbox.url}; Meltano's words go to {LOG.relative_to(ROOT)}.")
        for vendor in sys.argv[1:] or WAYS:
            demonstrate(sandbox, vendor)
    print("Look around in output/warehouse.duckdb with any DuckDB.")


def demonstrate(sandbox: Sandbox, vendor: str) -> None:
    """Take one vendor's data all the way."""
    name, way = vendor.replace("_", "-"), WAYS[vendor]
    deleted = way.gone or way.changed
    first = sandbox.account(vendor, size=SIZE, rate=way.limit)
    second = sandbox.account(vendor, seed=2, rate=way.limit)
    if way.prepared:
        second.insert(way.prepared, first.records(way.prepared))
    environment = {**pointing("tap", first, way.tap), **pointing("target", second, way.target)}
    environment["MELTANO_STATE_BACKEND_URI"] = f"file://{WORK}/state"
    # As in life, some records cannot be written, such as the donation of somebody whom the key cannot see. They are
    # kept in output/work/rejected.jsonl, and would end the run with a failure.
    environment[f"TARGET_{vendor.upper()}_FAIL_ON"] = "none"
    environment[f"TAP_{vendor.upper()}_DETECT_DELETES"] = json.dumps([deleted])
    environment[f"TARGET_{vendor.upper()}_ALLOW_DELETE"] = "true"

    meltano(f"{name} → DuckDB, everything", environment, "run", f"{name}-to-warehouse")
    loaded = count(vendor, "1970-01-01")
    meltano(f"{name} → a second, empty account", environment, "run", f"{name}-to-second-account")
    before = second.counters()["resources"]
    first.change(way.changed, count=3)
    first.insert(way.added, [{}, {}])
    first.delete(deleted, count=2)
    time.sleep(8)
    since = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
    meltano(f"{name} → DuckDB, what changed since", environment, "run", f"{name}-to-warehouse")
    moved = count(vendor, since)
    meltano(f"{name} → the second account, what changed since", environment, "run", f"{name}-to-second-account")
    after = second.counters()["resources"]

    took = {stream: seconds for stream, _, _, _, seconds in loaded}
    print(
        f"\n{'stream':28}{'records':>9}{'new or changed':>16}{'gone':>6}{'seconds':>9}{'second account':>16}{'then':>6}"
    )
    for stream, rows, new, gone, _ in moved:
        there = f"{before.get(stream, 0) or '':>16}{after.get(stream, 0) or '':>6}"
        print(f"{stream:28}{rows:>9,}{new:>16,}{gone or '':>6}{took[stream]:>9.1f}{there}")
    print("Blank: not written here. Fewer: .venv/bin/osdi-crm-journal --work-dir output/work rejects tells why.")
    shown = QUERY.format(since=since, gone="_sdc_deleted_at", table=f"tap_{vendor}.{deleted}")
    print(f"\nEach row is this query's answer, such as for {deleted}:\n  {shown};\n")


def meltano(what: str, environment: dict[str, str], *args: str) -> None:
    """Run Meltano, with its log in a file."""
    print(f"→ {what} … ", end="", flush=True)
    began = time.monotonic()
    with LOG.open("a", encoding="utf-8") as out:
        done = subprocess.run(
            [MELTANO, *args],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=out,
            stderr=subprocess.STDOUT,
            check=False,
        )
    print(f"{time.monotonic() - began:,.0f} s", flush=True)
    if done.returncode:
        print("\n".join(LOG.read_text(encoding="utf-8").splitlines()[-30:]))
        sys.exit(f"`meltano {' '.join(args)}` ended with {done.returncode}; all of its words stand in {LOG}.")


def pointing(role: str, account: Account, more: dict[str, Any]) -> dict[str, str]:
    """Return the environment that points a plugin to an account of the sandbox."""
    found = {**account.settings, **more, "account": account.name, "work_dir": str(WORK)}
    return {
        f"{role}_{account.vendor}_{name}".upper(): value if isinstance(value, str) else json.dumps(value)
        for name, value in found.items()
    }


def count(vendor: str, since: str) -> list[list[Any]]:
    """Return for each table: its name, its rows, those extracted since, those gone, the seconds that it took."""
    command = [str(DUCKDB), "-c", COUNT, f"tap_{vendor}", since, str(OUTPUT / "warehouse.duckdb")]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found: list[list[Any]] = json.loads(told)
    return found


if __name__ == "__main__":
    main()
