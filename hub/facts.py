"""Writes into the sandbox's README what each vendor is known to do, and from where: `facts.csv` beside its package.

A fact comes from the vendor's `document`, from a `client` that was seen to rely on it, or is `assumed`; then `where`
names the probes of osdi-crm-conformance that try it.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

SANDBOX = Path(__file__).parent.parent / "osdi-crm-sandbox"
README = SANDBOX / "README.md"
KNOWN = {"document": "documented", "client": "seen in clients", "assumed": "assumed"}


def facts(vendor: str) -> list[dict[str, str]]:
    """Return what a vendor is known to do: `fact`, `known` by what, and `where` that stands."""
    file = SANDBOX / "osdi_crm_sandbox" / "vendors" / vendor / "facts.csv"
    return list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))


def table(vendor: str) -> str:
    """Return the table of a vendor."""
    rows = [f"| {each['fact']} | {KNOWN[each['known']]} | {each['where']} |" for each in facts(vendor)]
    return "\n".join(["| what it does | known | where |", "| --- | --- | --- |", *rows])


def readme() -> str:
    """Return the README with every vendor's table."""
    return re.sub(
        r"(<!-- facts of (\w+), generated -->\n).*?(\n<!-- end -->)",
        lambda found: f"{found[1]}{table(found[2])}{found[3]}",
        README.read_text(encoding="utf-8"),
        flags=re.DOTALL,
    )


if __name__ == "__main__":
    README.write_text(readme(), encoding="utf-8")
