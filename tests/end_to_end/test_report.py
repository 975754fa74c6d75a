"""The page about a run: its numbers are the summary's, its chart counts every record, and it names nobody."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from osdi_crm_sandbox.control import Sandbox
from typing_extensions import override

from tests import commands

COMMANDS = Path(sys.executable).parent
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SETTLED = re.compile(r"([\d,]+) (written|unchanged or skipped|waiting|not written)$")


class Page(HTMLParser):
    """What a page shows: its text, its tables row by row, the titles in its drawing, every tag with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.titles: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = text
        self.feed(text)
        self.close()

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "br", "path"}:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in {"td", "th"}:
            self.tables[-1][-1].append("")
        elif tag == "title":
            self.titles.append("")

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag != "path":
            assert self.open.pop() == tag, f"</{tag}> closes another element"

    @override
    def handle_data(self, data: str) -> None:
        if {"td", "th"} & set(self.open):
            self.tables[-1][-1][-1] += data
        elif self.open and self.open[-1] == "title":
            self.titles[-1] += data

    def table(self, first: str, *more: str) -> list[list[str]]:
        """The rows below a head that begins so."""
        head = [first, *more]
        return next(rows[1:] for rows in self.tables if rows[0][: len(head)] == head)


def command(folder: Path, *args: str, **how: Any) -> subprocess.CompletedProcess[str]:
    line = [str(COMMANDS / "osdi-crm-journal"), "--work-dir", str(folder), *args]
    return commands.run(line, **how)


@pytest.fixture
def reported(sandbox: Sandbox, tap: Any, tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """A report about a run of 40 good people, 3 without any address and one with an odd status; and the summary."""
    account = sandbox.account("action_network")
    people: list[dict[str, Any]] = [
        {"id": f"key-{n}", "given_name": f"Zebedee{n}", "email": f"zebedee{n}@example.org"} for n in range(40)
    ]
    people += [{"id": f"key-nobody-{n}", "given_name": "Nobody"} for n in range(3)]
    people += [{"id": "key-<odd>", "email": "odd@example.org", "email_status": "<script>alert(1)</script>"}]
    lines: list[dict[str, Any]] = [
        {"type": "SCHEMA", "stream": "people", "schema": {"properties": {"id": {}}}, "key_properties": ["id"]},
        *({"type": "RECORD", "stream": "people", "record": person} for person in people),
    ]
    config = {**tap.settings(account), "account": "<b>north</b>", "work_dir": str(tmp_path)}
    done = commands.run(
        [COMMANDS / "target-osdi-crm", "--config", tap.file("config.json", config)],
        input="".join(json.dumps(line) + "\n" for line in lines),
    )
    assert done.returncode == 3, done.stderr
    told = command(tmp_path, "report")
    assert told.returncode == 0, told.stderr
    assert str(tmp_path / "report.html") in told.stdout
    return tmp_path / "report.html", json.loads((tmp_path / "summary.json").read_text())


def shown_by(file: Path) -> Page:
    """The page as headless Chromium shows it, or as it stands where there is none."""
    text = file.read_text()
    if CHROMIUM:
        args = ["--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={file.parent / 'chromium'}"]
        done = commands.run([CHROMIUM, *args, "--dump-dom", file.as_uri()])
        assert done.returncode == 0, done.stderr
        text = done.stdout
    return Page(text)


def test_the_page_shows_what_the_run_did(reported: tuple[Path, dict[str, Any]]) -> None:
    file, summary = reported
    page = shown_by(file)

    [people] = page.table("stream", "read", "created")
    counts = summary["streams"]["people"]
    assert people[:3] == ["people", str(counts["read"]), str(counts["created"])]
    assert (counts["read"], counts["created"], counts["rejected"]) == (44, 40, 4)
    assert "4 of 44 records are not written" in page.text
    reasons = {row[3]: (row[2], int(row[4]), len(row[5].split())) for row in page.table("stream", "outcome", "reason")}
    assert reasons == {
        "person_not_identifiable": ("nothing to know the person by", 3, 3),
        "unknown_status": ("unknown status", 1, 1),
    }
    assert page.table("run", "began")[0][3:] == ["44", "40", "0", "4", "3"]

    bars = [SETTLED.search(title) for title in page.titles[1:]]  # those of the drawing alone: this is the only run
    settled: dict[str, int] = {}
    for bar in filter(None, bars):
        settled[bar[2]] = settled.get(bar[2], 0) + int(bar[1])
    assert settled == {"written": 40, "not written": 4}


def test_the_page_names_nobody_and_loads_nothing(reported: tuple[Path, dict[str, Any]]) -> None:
    file, _ = reported
    text = file.read_text()
    page = Page(text)

    assert not {tag for tag, _ in page.tags} & {"script", "link", "img", "iframe", "b", "odd"}
    assert not [attrs for _, attrs in page.tags if {"src", "href", "onclick", "onload"} & attrs.keys()]
    for personal in ("Zebedee", "Nobody", "example.org", "key-"):
        assert personal not in text
    assert "&lt;b&gt;north&lt;/b&gt;" in text
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_run_and_a_file_can_be_chosen(reported: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    other = tmp_path / "other.html"

    assert command(tmp_path, "report", "--run", "1", "--out", str(other)).returncode == 0
    missing = command(tmp_path, "report", "--run", "7")
    nowhere = command(tmp_path, "report", "--out", str(tmp_path / "no" / "folder.html"))

    assert "Run 1" in other.read_text()
    assert (missing.returncode, nowhere.returncode) == (1, 1)
    assert missing.stderr == "There is no run like that; 'osdi-crm-journal status' lists the latest.\n"
    assert nowhere.stderr.startswith("The report cannot be written to ")


def test_status_counts_the_reasons(reported: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    told = command(tmp_path, "status").stdout

    assert re.search(r"people +rejected +person_not_identifiable +nothing to know the person by +3\n", told)
    assert re.search(r"people +rejected +unknown_status +unknown status +1\n", told)
    assert re.search(r"1 +<b>north</b> +default +\S+ \S+ +\d+ +3\n", told)
