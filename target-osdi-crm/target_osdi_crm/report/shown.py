"""Rows on standard output: a table for people, JSON or CSV for programs."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sys
from typing import TYPE_CHECKING, Any, Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

Format = Literal["table", "json", "csv"]

_UNBOUNDED = 100_000
"""Columns of a table that goes into a file or a pipe: no line of it is broken."""


def show(form: Format, head: Sequence[str], rows: Sequence[Sequence[Any]], *, title: str = "") -> None:
    """Print rows; the title stands above a table alone."""
    if form == "json":
        print(json.dumps(objects(head, rows), indent=2))  # noqa: T201
    elif form == "csv":
        csv.writer(sys.stdout).writerows([head, *rows])
    else:
        show_table(head, rows, title=title)


def objects(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    """Rows as objects, for JSON."""
    names = [name.replace(" ", "_") for name in head]
    return [dict(zip(names, row, strict=True)) for row in rows]


def show_table(head: Sequence[str], rows: Sequence[Sequence[Any]], *, title: str = "") -> None:
    """Print rows as a table, numbers to the right, on as many lines as a terminal needs."""
    is_terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if is_terminal else _UNBOUNDED
    text = io.StringIO()  # and not standard output, since rich has its own way with a pipe that nobody reads
    console = Console(file=text, width=width, force_terminal=is_terminal, highlight=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for place, name in enumerate(head):
        numbers = bool(rows) and all(isinstance(row[place], int | float) for row in rows)
        table.add_column(name, justify="right" if numbers else "left", no_wrap=numbers)
    for row in rows:
        table.add_row(*(Text(f"{each:,}" if isinstance(each, int) else str(each)) for each in row))
    if title:
        console.print(Text(title, style="bold"))
    console.print(table)
    print(text.getvalue(), end="")  # noqa: T201
