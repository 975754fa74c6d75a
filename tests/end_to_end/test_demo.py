"""`make demo` shows rows, what changed and a write; with an odd vendor it says which there are."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from tests import commands

ROOT = Path(__file__).parent.parent.parent
DEMO = [sys.executable, "-m", "demo.first_minute"]


def test_the_first_minute_of_a_vendor() -> None:
    done = commands.run([*DEMO, "rally-congress"], cwd=ROOT)

    assert done.returncode == 0, done.stdout + done.stderr
    people = re.findall(r"^ .+@example\.org +(?:yes|no|pending) *$", done.stdout, re.MULTILINE)
    assert len(people) == 5
    assert "… 25 of them" in done.stdout
    assert "4 records of supporters." in done.stdout
    assert re.search(r"^supporters +\d+ +create", done.stdout, re.MULTILINE)
    assert re.search(r"supporters +created +25", done.stdout)
    assert re.search(r"signups +created +2[56]", done.stdout)
    assert "Everything is written" in (ROOT / "output/first-minute/work/report.html").read_text()


def test_an_unknown_vendor() -> None:
    done = commands.run([*DEMO, "nobody"], cwd=ROOT)

    assert done.returncode == 1
    assert done.stderr.startswith("There is no vendor 'nobody': name one of action_network, ")
