"""Archives are unpacked and thrown away: whole, damaged, cut off, unknown, and bombs."""

import copy
import gzip
import io
import os
import shutil
import struct
import tracemalloc
import zipfile
import zlib

import pytest
import zstandard

from backups import archives

TEXT = b"INSERT INTO ledger VALUES (1);\n" * 20_000
NOISE = os.urandom(300_000)


def look(tmp_path, content, **options):
    path = tmp_path / "file"
    path.write_bytes(content)
    with path.open("rb") as file:
        return archives.look(file.fileno(), **options)


def zipped(*contents):
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, content in enumerate(contents):
            archive.writestr(f"{number}.sql", content)
    return into.getvalue()


PACKED = {
    "gzip": gzip.compress(NOISE + TEXT), "zstd": zstandard.compress(NOISE + TEXT), "zip": zipped(NOISE, TEXT),
    "gzip twice": gzip.compress(TEXT) + gzip.compress(NOISE) + bytes(512), "zstd twice": zstandard.compress(TEXT) * 2,
}  # fmt: skip


@pytest.mark.parametrize("name", PACKED)
def test_a_whole_archive_can_be_read(tmp_path, name):
    found = look(tmp_path, PACKED[name])

    assert (found.kind, found.readable, found.whole) == (name.split()[0], True, True)
    assert found.unpacked_bytes in {len(NOISE + TEXT), 2 * len(TEXT)}


@pytest.mark.parametrize("name", ["gzip", "zstd", "zip"])
def test_one_that_was_cut_off_cannot(tmp_path, name):
    content = PACKED[name]

    assert [look(tmp_path, content[:size]).readable for size in (len(content) - 1, len(content) // 2, 40)] == [False] * 3


@pytest.mark.parametrize("name", ["gzip", "zip"])
def test_one_changed_byte_is_found(tmp_path, name):
    content = bytearray(PACKED[name])
    content[len(content) // 3] ^= 255

    found = look(tmp_path, bytes(content))

    assert (found.readable, bool(found.why)) == (False, True)


@pytest.mark.parametrize("content", [b"", b"\x1f", b"CREATE TABLE ledger ();", b"\x00" * 100])
def test_what_is_no_archive_is_not_judged(tmp_path, content):
    assert look(tmp_path, content) is None


def bomb(kind):
    zeros = bytes(1 << 20)
    packer = zlib.compressobj(1, wbits=31)
    return {
        "gzip": lambda: b"".join([packer.compress(zeros) for _ in range(64)]) + packer.flush(),
        "zstd": lambda: zstandard.compress(zeros * 64),
        "zip": lambda: zipped(zeros * 64),
    }[kind]()


@pytest.mark.parametrize("kind", ["gzip", "zstd", "zip"])
def test_a_bomb_costs_no_memory(tmp_path, kind):
    content = bomb(kind)
    tracemalloc.start()

    found = look(tmp_path, content)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (found.readable, found.unpacked_bytes) == (True, 64 << 20)
    assert peak < 40_000_000


@pytest.mark.parametrize("kind", ["gzip", "zstd", "zip"])
def test_what_takes_too_long_is_not_looked_at_to_its_end(tmp_path, kind):
    found = look(tmp_path, bomb(kind), seconds=0)

    assert (found.readable, found.whole, found.why) == (None, False, "There was no time to look at all of it.")


def test_a_zstd_window_that_is_too_large_is_left_out(tmp_path):
    parameters = zstandard.ZstdCompressionParameters.from_level(1, window_log=28)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()

    found = look(tmp_path, packer.compress(TEXT) + packer.flush())

    assert (found.readable, "memory" in found.why) == (None, True)


def test_a_zip_with_too_many_or_encrypted_files_is_left_out(tmp_path):
    many = zipped(*[b""] * (archives.MAX_FILES + 1))
    secret = bytearray(zipped(TEXT))
    for magic, place in ((b"PK\1\2", 8), (b"PK\3\4", 6)):
        secret[secret.find(magic) + place] |= 1

    assert (look(tmp_path, many).readable, look(tmp_path, many).why[:18]) == (None, "It holds more than")
    assert look(tmp_path, bytes(secret)).why == "It is encrypted."


def test_a_list_of_files_that_is_too_long_is_not_read(tmp_path):
    content = bytearray(zipped(TEXT))
    struct.pack_into("<L", content, content.rfind(b"PK\5\6") + 12, 2**31)

    assert look(tmp_path, bytes(content)).why == "Its list of files is too long to be looked at."


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_that_unpacks_without_bounds_is_left_out(tmp_path, method):
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", method) as archive:
        archive.writestr("0.sql", bytes(64 << 20))
    tracemalloc.start()

    found = look(tmp_path, into.getvalue())

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (found.readable, "no bounds" in found.why, peak < 40_000_000) == (None, True, True)


@pytest.mark.parametrize("comment", [b"", b"x" * 65_535])
def test_no_second_list_hides_how_long_the_real_one_is(tmp_path, comment):
    content = zipped(TEXT)
    place = content.rfind(b"PK\5\6")
    size, start = struct.unpack_from("<LL", content, place + 12)
    wide = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, 2**31, start)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, int.from_bytes(b"PK\6\6", "little"), 1)
    end = content[place : place + 20] + struct.pack("<H", len(comment)) + comment

    found = look(tmp_path, content[:place] + wide + locator + end)

    assert (size < 1000, found.why) == (True, "Its list of files is too long to be looked at.")


@pytest.mark.skipif(shutil.which("pg_restore") is None, reason="pg_restore is not installed")
def test_a_dump_is_read_by_pg_restore(tmp_path):
    found = look(tmp_path, b"PGDMP\x01\x0e\x00" + b"garbage" * 99)

    assert (found.kind, found.readable, "pg_restore" in found.why) == ("pg_dump", False, True)


def test_a_zip_whose_files_are_all_the_same_bytes_is_not_unpacked_again_and_again(tmp_path):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", b"\0" * 200_000)
        for name in "bcdefgh":
            member = copy.copy(archive.getinfo("a"))
            member.filename = member.orig_filename = name
            archive.filelist.append(member)
            archive.NameToInfo[name] = member

    with path.open("rb") as file:
        looked = archives.look(file.fileno())

    assert (looked.readable, looked.whole) == (None, False)
    assert "overlap" in looked.why
