"""The command `osdi-crm-journal`: look into the journal, report, have records tried or written again, settle, erase."""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import sqlalchemy as sa
from osdi_crm_client import startup, stdout, work_dir
from osdi_crm_client.errors import ConfigurationError

from target_osdi_crm import rejects as rejections
from target_osdi_crm.apply import deleted_file
from target_osdi_crm.journal import database, lock, migration, people_index
from target_osdi_crm.journal.schema import INDEXED_PEOPLE, INDEXES, OPT_OUTS, RECORDS, RUNS
from target_osdi_crm.journal.states import PENDING, WRITTEN, Event, State
from target_osdi_crm.journal.store import DAY, happen
from target_osdi_crm.report import deleted, page, plan
from target_osdi_crm.report.shown import objects, show, show_table
from target_osdi_crm.stop import Stop

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from target_osdi_crm.report.shown import Format

_COLUMNS = ("stream", "source_key", "outcome", "reason", "attempts", "at", "code", "words")
_REJECTED = frozenset(State) - PENDING - WRITTEN - {State.SKIPPED}
_OUTCOMES = sorted({state.outcome for state in State})


@dataclass(frozen=True)
class Journal:
    """The journal that the command was pointed to.

    Attributes:
        named: The setting `journal`.
        folder: The setting `work_dir`.
    """

    named: str | None
    folder: Path

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Open it as it is, to read.

        Raises:
            ConfigurationError: If there is none.
        """
        made = None
        if self.named or self.folder.is_dir():
            made = database.opened(database.address(self.named, self.folder), read_only=True)
        if made is None:
            raise ConfigurationError(
                f"There is no journal yet: no run has written one in {self.folder}; 'plan' shows a dry run's plan."
            )
        try:
            with made.connect() as connection:
                yield connection
        finally:
            made.dispose()

    @contextmanager
    def changed(self, account: str | None) -> Iterator[sa.Connection]:
        """Open it to change it, in one transaction; it is made that of this release before.

        Args:
            account: The account whose records are changed; None stands for all.

        Raises:
            ConfigurationError: If there is none.
            Stop: If a run is writing to such an account.
        """
        with self.read():
            made = database.opened(database.address(self.named, self.folder), read_only=False)
        if made is None:
            return
        try:
            with lock.held(made, *_accounts(made, account)):
                migration.carry_over(made)
                with made.begin() as connection:
                    yield connection
        finally:
            made.dispose()


def _accounts(journal: sa.Engine, account: str | None) -> list[str]:
    """The accounts that the journal knows, or the one of this name."""
    known = sa.union(sa.select(RECORDS.c.account), sa.select(RUNS.c.account))
    with journal.connect() as connection:
        return sorted(each for each in connection.execute(known).scalars() if account in {None, each})


@dataclass(frozen=True)
class Chosen:
    """The records that the options choose; None chooses all."""

    account: str | None = None
    source: str | None = None
    stream: str | None = None
    source_key: str | None = None
    code: str | None = None
    outcome: str | None = None

    def where(self, *more: sa.ColumnElement[bool], records: sa.FromClause = RECORDS) -> sa.ColumnElement[bool]:
        """These among the records of a table."""
        names = ("account", "source", "stream", "source_key", "code")
        asked = [records.c[name] == value for name in names if (value := getattr(self, name)) is not None]
        if self.outcome:
            asked.append(records.c.state.in_([state for state in State if state.outcome == self.outcome]))
        return sa.and_(sa.true(), *more, *asked)

    def has(self, line: Mapping[str, Any]) -> bool:
        """Whether a deleted record is among them."""
        names = {"account": "account", "source": "source", "stream": "stream", "source_key": "key"}
        return all(getattr(self, name) in {None, line[given]} for name, given in names.items())


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; exits with 1 if the journal cannot be used, with 2 if it was not asked right."""
    stdout.run(journal, "osdi-crm-journal", arguments, (ConfigurationError, sa.exc.SQLAlchemyError, Stop))


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="The target's settings, as JSON: tells the two below; without it, its environment variables do.",
)
@click.option("--work-dir", "folder", type=click.Path(path_type=Path), help="The target's 'work_dir'.")
@click.option("--journal", "named", help="The target's 'journal': a file or a database address.")
@click.pass_context
def journal(context: click.Context, config: Path | None, folder: Path | None, named: str | None) -> None:
    """Look into the journal, report, have records tried or written again, settle, erase."""
    if config:
        given = startup.object_of(config, "settings")
    else:
        given = startup.from_environment({"work_dir": {}, "journal": {}}, "TARGET_OSDI_CRM_")
    folder = folder or (Path(given["work_dir"]) if given.get("work_dir") else work_dir.default())
    context.obj = Journal(named or given.get("journal"), folder)


def _choosing(*, outcomes: bool = False) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Options that choose records; the command gets them as `chosen`."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def chosen(*args: Any, **options: Any) -> None:
            picked = {name: options.pop(name) for name in Chosen.__dataclass_fields__ if name in options}
            command(*args, chosen=Chosen(**picked), **options)

        options = [
            click.option("--account", help="Only this account."),
            click.option("--source", help="Only this source."),
            click.option("--stream", help="Only this stream."),
            click.option("--key", "source_key", help="Only the record with this key at the source."),
            click.option("--code", help="Only rejections with this code."),
        ]
        if outcomes:
            options.append(click.option("--outcome", type=click.Choice(_OUTCOMES), help="Only what came to this."))
        for option in reversed(options):
            chosen = option(chosen)
        return chosen

    return decorate


_format = click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True
)


@journal.command()
@_choosing(outcomes=True)
@_format
@click.pass_obj
def status(of: Journal, chosen: Chosen, form: Format) -> None:
    """Show what became of records, why some are not written, and the latest runs. CSV shows the first of these."""
    with of.read() as connection:
        records = migration.records(connection.engine)
        tables = {
            "outcomes": _outcomes(connection, chosen, records),
            "not written": _reasons(connection, chosen, records),
            "people indexes": _indexes(connection, chosen),
            "runs": _runs(connection, chosen),
        }
    if form == "csv":
        show(form, *tables["outcomes"])
    elif form == "json":
        shown = {name.replace(" ", "_"): objects(*rows) for name, rows in tables.items()}
        print(json.dumps(shown, indent=2))  # noqa: T201
    else:
        show_table(*tables.pop("outcomes"))
        for name, (head, rows) in tables.items():
            if rows:
                print()  # noqa: T201
                show_table(head, rows, title=name.capitalize())


_Shown = tuple[tuple[str, ...], list[list[Any]]]


def _outcomes(connection: sa.Connection, chosen: Chosen, records: sa.FromClause) -> _Shown:
    of = (records.c.account, records.c.source, records.c.stream, records.c.state)
    query = sa.select(*of, sa.func.count()).where(chosen.where(records=records)).group_by(*of)
    counts: Counter[tuple[str, ...]] = Counter()
    for *which, state, number in connection.execute(query):
        counts[*which, State(state).outcome] += number
    return ("account", "source", "stream", "outcome", "records"), [[*which, counts[which]] for which in sorted(counts)]


def _reasons(connection: sa.Connection, chosen: Chosen, records: sa.FromClause) -> _Shown:
    """Why records are not written, the most frequent reason first."""
    of = (records.c.stream, records.c.state, records.c.code, records.c.reason)
    left = chosen.where(records.c.state.in_(_REJECTED | PENDING), records=records)
    counts: Counter[tuple[str, ...]] = Counter()
    for stream, state, code, reason, number in connection.execute(
        sa.select(*of, sa.func.count()).where(left).group_by(*of)
    ):
        counts[stream, State(state).outcome, code or "", reason or ""] += number
    found = sorted(counts, key=lambda which: (-counts[which], which))
    return ("stream", "outcome", "code", "reason", "records"), [[*which, counts[which]] for which in found]


def _indexes(connection: sa.Connection, chosen: Chosen) -> _Shown:
    """The indexes of accounts' people: up to when each has all changes, and how many people it holds."""
    head = ("account", "complete", "has all until", "hours old", "people")
    if not sa.inspect(connection).has_table(INDEXES.name):
        return head, []
    people = sa.select(sa.func.count()).where(INDEXED_PEOPLE.c.account == INDEXES.c.account).scalar_subquery()
    mine = sa.true() if chosen.account is None else INDEXES.c.account == chosen.account
    found = connection.execute(sa.select(INDEXES, people.label("people")).where(mine).order_by(INDEXES.c.account))
    return head, [
        [
            row.account,
            "yes" if row.complete else "no",
            _time(row.until) if row.until else "",
            f"{(time.time() - row.until) / 3600:.1f}" if row.until else "",
            row.people,
        ]
        for row in found
    ]


def _runs(connection: sa.Connection, chosen: Chosen) -> _Shown:
    names = {"account": chosen.account, "source": chosen.source}
    mine = [RUNS.c[name] == value for name, value in names.items() if value is not None]
    latest = sa.select(RUNS).where(sa.true(), *mine).order_by(RUNS.c.run.desc()).limit(5)
    return ("run", "account", "source", "started", "seconds", "exit code"), [
        [
            run["run"],
            run["account"],
            run["source"],
            _time(run["started"]),
            f"{run['ended'] - run['started']:.0f}" if run["ended"] else "not ended",
            "" if run["code"] is None else run["code"],
        ]
        for run in connection.execute(latest).mappings()
    ]


@journal.command()
@_choosing(outcomes=True)
@_format
@click.pass_obj
def rejects(of: Journal, chosen: Chosen, form: Format) -> None:
    """List the records that are not written, and why."""
    _list(of, chosen, form, _REJECTED)


@journal.command()
@_choosing()
@_format
@click.pass_obj
def waiting(of: Journal, chosen: Chosen, form: Format) -> None:
    """List the records that the next run takes up by itself."""
    _list(of, chosen, form, PENDING)


def _list(of: Journal, chosen: Chosen, form: Format, states: Collection[State]) -> None:
    with of.read() as connection:
        records = migration.records(connection.engine)
        which = chosen.where(records.c.state.in_(states), records=records)
        shown = [records.c["state" if name == "outcome" else name].label(name) for name in _COLUMNS]
        query = sa.select(*shown).where(which).order_by(records.c.stream, records.c.source_key)
        found = [dict(row) for row in connection.execute(query).mappings()]
    for row in found:
        row |= {"at": _time(row["at"]), "outcome": State(row["outcome"]).outcome}
    show(form, _COLUMNS, [["" if row[name] is None else row[name] for name in _COLUMNS] for row in found])
    if form == "table" and (to_do := rejections.to_do(row["code"] for row in found)):
        print()  # noqa: T201
        show_table(("code", "what to do"), to_do)


@journal.command("plan")
@click.option("--stream", help="Only this stream.")
@click.option("--plan", "action", help="Only what it would do so, such as create or update.")
@_format
@click.pass_obj
def shown_plan(of: Journal, stream: str | None, action: str | None, form: Format) -> None:
    """Show what the last dry run would change: field by field, and old → new where 'plan_values' was set."""
    lines = plan.read(of.folder)
    chosen = [line for line in lines if stream in {None, line["stream"]} and action in {None, line["plan"]}]
    show(form, plan.COLUMNS, plan.rows(chosen))
    if form == "table":
        print()  # noqa: T201
        show_table(
            ("stream", "plan", "records"), plan.totals(chosen), title=f"Dry run of {_time(plan.ended(of.folder))}"
        )


@journal.command()
@click.option("--run", type=int, help="The run's number (the latest).")
@click.option("--account", help="The latest run of this account.")
@click.option("--out", type=click.Path(path_type=Path), help="The file (report.html in the working folder).")
@click.pass_obj
def report(of: Journal, run: int | None, account: str | None, out: Path | None) -> None:
    """Write a page about one run, which names nobody."""
    with of.read() as connection:
        file = out or work_dir.file(of.folder, "report.html")
        text = page.page(connection, run, account)
    try:
        with open(file, "w", encoding="utf-8", opener=work_dir.private) as opened:
            opened.write(text)
    except OSError as error:
        raise ConfigurationError(f"The report cannot be written to {file}: {error.strerror}.") from None
    print(f"The report stands in {file}.")  # noqa: T201


@journal.command()
@_choosing()
@click.option(
    "--unknown",
    is_flag=True,
    help="Have records of unknown outcome sent again too: where they did arrive, that makes them twice.",
)
@click.pass_obj
def retry(of: Journal, chosen: Chosen, *, unknown: bool) -> None:
    """Have rejected records tried again by the next run."""
    with of.changed(chosen.account) as connection:
        asked = happen(connection, Event.ASK_TO_RETRY, chosen.where())
        if unknown:
            asked += happen(connection, Event.ASK_TO_RESEND, chosen.where())
    _tell(asked, "will be tried")


@journal.command()
@_choosing()
@click.option("--vendor-id", help="The vendor's id of the record named with --key.")
@click.pass_obj
def settle(of: Journal, chosen: Chosen, vendor_id: str | None) -> None:
    """Note that records of unknown outcome are written after all."""
    if vendor_id and not (chosen.source_key and chosen.stream):
        raise ConfigurationError("--vendor-id goes with --stream and --key.")
    is_newer = RECORDS.c.sent.is_not(None)
    newer, same = chosen.where(is_newer), chosen.where(~is_newer)
    with of.changed(chosen.account) as connection:
        if vendor_id:
            settled = happen(connection, Event.SETTLE, same, vendor_id=vendor_id, fingerprint=RECORDS.c.tried)
            told, reason = "wait to be changed to what came since", "newer than what was settled"
            left = happen(connection, Event.SETTLE_OLDER, newer, vendor_id=vendor_id, reason=reason)
        else:
            settled = happen(connection, Event.SETTLE_WITHOUT_ID, same, fingerprint=RECORDS.c.tried)
            told, unknown = "came anew since: name their --vendor-id", RECORDS.c.state == State.UNKNOWN.value
            left = connection.execute(
                sa.select(sa.func.count()).select_from(RECORDS).where(newer, unknown)
            ).scalar_one()
    _tell(settled, "count as written")
    if left:
        _tell(left, told)


@journal.command()
@_choosing()
@click.option("--older-than", type=float, metavar="DAYS", help="Only records last written before so many days.")
@click.option("--yes", is_flag=True, help="Do it.")
@click.pass_obj
def purge(of: Journal, chosen: Chosen, older_than: float | None, *, yes: bool) -> None:
    """Erase records from the journal; if they come again, they count as never written."""
    since = math.inf if older_than is None else time.time() - older_than * DAY
    if not yes:
        with of.read() as connection:
            records = migration.records(connection.engine)
            which = chosen.where(records.c.at < since, records=records)
            count = connection.execute(sa.select(sa.func.count()).select_from(records).where(which)).scalar_one()
        print(  # noqa: T201
            f"{count:,} records would be erased; if they come again, they may be written twice. Add --yes to do it."
        )
        return
    with of.changed(chosen.account) as connection:
        which = chosen.where(RECORDS.c.at < since)
        _tell(connection.execute(RECORDS.delete().where(which)).rowcount, "are erased")
        if chosen == Chosen(account=chosen.account) and older_than is None:
            mine = sa.true() if chosen.account is None else OPT_OUTS.c.account == chosen.account
            connection.execute(OPT_OUTS.delete().where(mine))
            people_index.erase(connection, chosen.account)
    if not chosen.code:
        deleted_file.keep(of.folder, lambda line: not chosen.has(line) or line["at"] >= since)


@journal.command()
@_choosing()
@click.option("--run", type=int, help="Only what this run deleted.")
@click.option("--yes", is_flag=True, help="Do it.")
@click.pass_obj
def restore(of: Journal, chosen: Chosen, run: int | None, *, yes: bool) -> None:
    """Have records that were deleted at the vendor written again by the next run."""
    kept = deleted_file.read(of.folder)
    latest = {tuple(line[name] for name in deleted.IDENTITY): line for line in kept}
    lines = [line for line in latest.values() if chosen.has(line) and run in {None, line["run"]}]
    if not yes:
        print(f"{len(lines):,} deleted records were kept. Add --yes to have the next run write them again.")  # noqa: T201
        return
    with of.changed(chosen.account) as connection:
        keys = deleted.Keys(connection, kept)
        restored = sum(deleted.restore(connection, line, keys) for line in lines)
    _tell(restored, "will be written again by the next run")
    if left := len(lines) - restored:
        _tell(left, "are not gone at the vendor, as far as the journal knows")


def _tell(count: int, what: str) -> None:
    print(f"{count:,} records {what}.")  # noqa: T201


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
