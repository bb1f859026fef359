"""Giving verified copies their place in the store, and what keeps them from it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils import translation

from backups import storage
from backups.matching import Work
from backups.models import BackupEntry
from backups.storage import Folder, StoreError
from backups.verifying import Looked
from sentinel_site.lib import stored_paths

LENGTH: Final = 1000


class _Owner(NamedTuple):
    """Whose file stands at a place in the store, and of which cycle."""

    job_id: UUID
    cycle_at: datetime


class Promotion:
    """The store during one scan. ``copies`` None: it cannot be written, and ``problems`` say why."""

    def __init__(self, store: Folder | None, copies: Folder | None, problem: str = "") -> None:
        self.store, self.copies = store, copies
        self.problems: dict[str, int] = {problem: 0} if problem else {}

    def promote(self, looked: Sequence[Looked]) -> dict[int, str]:
        """Give each copy its name, and see that the names are on the disk.

        Returns where each went, by ``id``: below the store, or "" where a newer one stands already. What failed is not in it.
        """
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
def opened(path: Path) -> Iterator[Promotion]:
    """The store at ``path``, made when it is not there, with nothing left of copies that were never finished. Raises nothing itself."""
    with ExitStack() as stack:
        try:
            with storage.stored():
                store = stack.enter_context(Folder.root(path, make=True))
                copies = stack.enter_context(storage.incoming(store))
        except StoreError as error:
            yield Promotion(None, None, str(error))
            return
        yield Promotion(store, copies)


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


def _owners(places: Sequence[str]) -> dict[str, _Owner]:
    """Whose files stand at these places, by the newest entry that was stored there."""
    rows = BackupEntry.objects.filter(stored_path__in=places).order_by("cycle_at") if places else []
    return {row.stored_path: _Owner(row.expected_job_id, row.cycle_at) for row in rows}
