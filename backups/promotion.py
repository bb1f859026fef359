"""Giving verified copies their place in the store, and what keeps them from it."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import InterfaceError, OperationalError, connection
from django.utils import translation

from backups import scans, storage
from backups.matching import Work
from backups.models import BackupEntry
from backups.storage import Folder, StoreError
from backups.verifying import Looked
from sentinel_site.lib import stored_paths

LENGTH: Final = 1000
PAUSE: Final = 0.02
TURN: Final = scans.LOCK + 1
"""Of the whole database: which process of one scan gives copies their places."""


class _Owner(NamedTuple):
    """Whose file stands at a place in the store, and of which cycle."""

    job_id: UUID
    cycle_at: datetime


class Store(NamedTuple):
    """The store while it is open. ``copies`` None: it cannot be written, and ``problem`` says why. ``shared``: by several processes."""

    folder: Folder | None
    copies: Folder | None
    problem: str = ""
    shared: bool = False


class Promotion:
    """What one process brings into the store during a scan, and the ``problems`` of that, each with how many it kept out."""

    def __init__(self, store: Store) -> None:
        self.store, self.copies, self._shared = store.folder, store.copies, store.shared
        self.problems: dict[str, int] = {store.problem: 0} if store.problem else {}

    @contextmanager
    def alone(self, *, wanted: bool) -> Iterator[None]:
        """Nobody else promotes meanwhile, if that is ``wanted``: whose a place is, is known when its owner's verdict is committed."""
        if not (wanted and self._shared):
            yield
            return
        with connection.cursor() as cursor:
            while not _takes_turn(cursor):  # the other one may wait for its disk longer than a statement may take
                time.sleep(PAUSE)
            try:
                yield
            finally:
                with suppress(OperationalError, InterfaceError):  # gone with the connection
                    cursor.execute("SELECT pg_advisory_unlock(%s)", [TURN])

    def promote(self, looked: Sequence[Looked]) -> dict[int, str]:
        """Give each copy its name, and see that the names are on the disk.

        Returns where each went, by ``id``: below the store, or "" where a newer one stands already. What failed is not in it.
        """
        if not any(each.copy or each.not_stored for each in looked):
            return {}
        wanted = {id(each): place for each in looked if each.copy and (place := self._place(each))}
        owners = _owners(["/".join(place) for place in wanted.values()])
        done: dict[int, tuple[str, ...]] = {}
        for each in sorted(looked, key=lambda one: one.work.ended_at):
            if each.not_stored or (self.copies is None and not each.copy):
                self._note(each.not_stored)
            elif id(each) in wanted:
                self._move(each, wanted[id(each)], owners, done)
            elif each.copy and self.copies is not None:
                storage.discard(self.copies, each.copy)
        self._sync(done)
        return {key: "/".join(place) for key, place in done.items()}

    def _move(self, each: Looked, place: tuple[str, ...], owners: dict[str, _Owner], done: dict[int, tuple[str, ...]]) -> None:
        if self.store is None or self.copies is None:
            return
        work = each.work
        owner = owners.get("/".join(place))
        if owner is not None and owner.job_id != work.job.pk:  # another job's: never over it
            place = stored_paths.with_mark(place, work.job.pk.hex[-8:])
            if len("/".join(place)) > LENGTH:
                storage.discard(self.copies, each.copy)
                self._note(f"The template of {work.job.database_name} leads to a path that is too long.")
                return
        elif owner is not None and owner.cycle_at > work.cycle_at:
            storage.discard(self.copies, each.copy)
            done[id(each)] = ()
            return
        try:
            storage.promote(self.copies, each.copy, self.store, place)
        except StoreError as error:
            storage.discard(self.copies, each.copy)
            self._note(str(error))
        else:
            owners["/".join(place)] = _Owner(work.job.pk, work.cycle_at)
            done[id(each)] = place

    def _sync(self, done: dict[int, tuple[str, ...]]) -> None:
        try:
            if self.store is not None and done:
                storage.sync_folders(self.store, [place for place in done.values() if place])
        except StoreError as error:
            self._note(str(error))
            done.clear()

    def _place(self, each: Looked) -> tuple[str, ...]:
        """Where it goes; nothing when its template cannot be filled in."""
        try:
            with translation.override(None):  # what is wrong is told and kept
                place = stored_paths.fill(each.work.job.final_storage_path_template, values(each.work))
        except ValidationError as error:
            self._note(f"The template of {each.work.job.database_name} cannot be used: {error.messages[0]}")
            return ()
        if len("/".join(place)) > LENGTH:
            self._note(f"The template of {each.work.job.database_name} leads to a path that is too long.")
            return ()
        return place

    def _note(self, problem: str) -> None:
        if problem:
            self.problems[problem] = self.problems.get(problem, 0) + 1


@contextmanager
def opened(path: Path) -> Iterator[Store]:
    """The store at ``path``, made when it is not there, with nothing left of copies that were never finished. Raises nothing itself."""
    with ExitStack() as stack:
        try:
            with storage.stored():
                folder = stack.enter_context(Folder.root(path, make=True))
                copies = stack.enter_context(storage.incoming(folder))
        except StoreError as error:
            yield Store(None, None, str(error))
            return
        yield Store(folder, copies)


def values(work: Work) -> Mapping[str, str]:
    """What the fields of a template are filled with. The day is that on which the run ended, by the job's clock."""
    job = work.job
    day = work.ended_at.astimezone(ZoneInfo(job.timezone))
    return {
        "company": job.company_name, "city": job.city, "neighborhood": job.neighborhood, "agent": job.agent_id_responsible,
        "database": job.database_name, "year": f"{day:%Y}", "month": f"{day:%m}", "day": f"{day:%d}",
        "filename": work.database.staged_name,
    }  # fmt: skip


def store_later(stored: Mapping[UUID, str]) -> None:
    """Backups that were decided by an earlier scan have their place now."""
    for entry in BackupEntry.objects.filter(pk__in=stored):
        entry.stored_path = stored[entry.pk]
        entry.evidence = {name: value for name, value in entry.evidence.items() if name != "not_stored"}
        entry.save(update_fields=["stored_path", "evidence"])


def _takes_turn(cursor: Any) -> bool:
    cursor.execute("SELECT pg_try_advisory_lock(%s)", [TURN])
    return bool(cursor.fetchone()[0])


def _owners(places: Sequence[str]) -> dict[str, _Owner]:
    """Whose files stand at these places, by the newest entry that was stored there."""
    rows = BackupEntry.objects.filter(stored_path__in=places).order_by("cycle_at") if places else []
    return {row.stored_path: _Owner(row.expected_job_id, row.cycle_at) for row in rows}
