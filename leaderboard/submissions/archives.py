"""Opening a bundle: members are looked at first, then written by our own loop, byte by byte under a budget. Group A."""

from __future__ import annotations

import io
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from lifealign_bench.data.errors import InputError
from lifealign_bench.leaderboard.submissions.findings import Finding, error
from lifealign_bench.leaderboard.submissions.layout import DEFAULT, Limits
from lifealign_bench.leaderboard.submissions.names import a3_names, a5_twice, a6_extensions, a7_depth

CHUNK = 1 << 16
ENCRYPTED = 0x1
END = 22
"""Bytes of the record at the end of an archive without a comment."""
PLAIN_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
KINDS = {stat.S_IFLNK: "a link", stat.S_IFBLK: "a device", stat.S_IFCHR: "a device", stat.S_IFIFO: "a pipe"}
# What the standard library raises on archives that are damaged or lie.
BROKEN = (
    zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError, OverflowError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Opened:
    """A folder with a bundle's files, None where the archive was refused, and why."""

    folder: Path | None
    findings: tuple[Finding, ...]


@contextmanager
def opened(place: Path, limits: Limits = DEFAULT) -> Iterator[Opened]:
    """The files of a bundle, an archive or a folder, in a folder that nobody else writes to and that vanishes.

    Raises:
        InputError: no such file or folder, or it cannot be read.
    """
    if not place.exists():
        raise InputError(place, "bundle", "no such file or folder", "an archive or a folder, as `pack` writes it")
    with TemporaryDirectory(prefix="lifealign-") as scratch:
        target = Path(scratch) / "bundle"
        target.mkdir()
        try:
            found = _from_folder(place, target, limits) if place.is_dir() else _from_archive(place, target, limits)
        except PermissionError as denied:
            raise InputError(place, "bundle", denied.strerror, "files that can be read") from denied
        yield Opened(None if found else target, tuple(found))


def _from_archive(place: Path, target: Path, limits: Limits) -> list[Finding]:
    if (size := place.stat().st_size) > limits.archive:
        return [error("A1", "", "size", f"{size:,} bytes", f"at most {limits.archive:,}")]
    try:
        with _Careful(place, limits.table_of_members) as stream, zipfile.ZipFile(stream) as archive:
            members = archive.infolist()
            if found := [*members_faults(members, limits), *a8_alone(stream, members)]:
                return found
            return _extracted(archive, [member for member in members if not _is_folder(member)], target, limits)
    except BROKEN as fault:
        return [error("A8", "", "archive", _line(fault), "a whole zip archive")]


def a8_alone(stream: IO[bytes], members: Sequence[zipfile.ZipInfo]) -> Iterator[Finding]:
    """A8: nothing stands before the archive or behind it: a program with an archive at its end opens as one."""
    if before := min((member.header_offset for member in members), default=0):
        yield error("A8", "", "archive", f"{before:,} bytes before its first member", "an archive and nothing else")
    stream.seek(-END, os.SEEK_END)
    if not stream.read(END).startswith(b"PK\x05\x06"):
        yield error("A8", "", "archive", "a comment or other bytes at its end", "an archive and nothing else")


class _Careful(io.FileIO):
    """A file of which nobody reads much at once: an archive's table of members is read before it is judged."""

    def __init__(self, path: Path, most: int) -> None:
        super().__init__(path)
        self._most, self._size = most, path.stat().st_size

    def read(self, size: int | None = -1) -> bytes:
        """As of any file; ValueError where more than the most is asked for."""
        wanted = self._size - self.tell() if size is None or size < 0 else size
        if wanted > self._most:
            raise ValueError(f"{wanted:,} bytes at once, at most {self._most:,}")
        return super().read(wanted) or b""


def members_faults(members: Sequence[zipfile.ZipInfo], limits: Limits) -> Iterator[Finding]:
    """What is wrong with an archive's table of members, before anything is unpacked."""
    if len(members) > limits.members:
        yield error("A1", "", "members", f"{len(members):,}", f"at most {limits.members:,}")
        return
    # The library cuts and changes names while it reads them; what the archive says is what is judged.
    names = [member.orig_filename for member in members]
    files = [member.orig_filename for member in members if not _is_folder(member)]
    yield from a3_names(name.removesuffix("/") if name != "/" else name for name in names)
    yield from _a4_kinds(members)
    yield from a5_twice(name.removesuffix("/") for name in names)
    yield from a6_extensions(_plain(files, members))
    yield from a7_depth(files)
    yield from _a1_sizes(members, limits)
    yield from _a1_methods(members)
    yield from _a2_ratios(members, limits)


def _is_folder(member: zipfile.ZipInfo) -> bool:
    """The library's own question fails where it has cut a name to nothing."""
    return member.orig_filename.endswith("/")


def _plain(files: Sequence[str], members: Sequence[zipfile.ZipInfo]) -> list[str]:
    """Files that are none of another kind: a link has no extension to speak of."""
    other = {member.orig_filename for member in members if _kind(member)}
    return [name for name in files if name not in other]


def _kind(member: zipfile.ZipInfo) -> str | None:
    mode = stat.S_IFMT(member.external_attr >> 16)
    if member.flag_bits & ENCRYPTED:
        return "encrypted"
    if mode in KINDS:
        return KINDS[mode]
    plain = (0, stat.S_IFDIR if _is_folder(member) else stat.S_IFREG)
    return None if mode in plain else "neither file nor folder"


def _a4_kinds(members: Sequence[zipfile.ZipInfo]) -> Iterator[Finding]:
    for member in members:
        if kind := _kind(member):
            yield error("A4", member.orig_filename, "kind", kind, "a plain file")


def _a1_sizes(members: Sequence[zipfile.ZipInfo], limits: Limits) -> Iterator[Finding]:
    for member in members:
        if member.file_size > limits.member:
            size = f"{member.file_size:,} bytes"
            yield error("A1", member.orig_filename, "size", size, f"at most {limits.member:,}")
    if (total := sum(member.file_size for member in members)) > limits.total:
        yield error("A1", "", "size unpacked", f"{total:,} bytes", f"at most {limits.total:,}")


def _a1_methods(members: Sequence[zipfile.ZipInfo]) -> Iterator[Finding]:
    """A1: the library unpacks other methods than deflate without a bound: a kilobyte becomes a gigabyte at once."""
    for member in members:
        if member.compress_type not in PLAIN_METHODS:
            yield error("A1", member.orig_filename, "method", f"number {member.compress_type}", "stored or deflated")


def _a2_ratios(members: Sequence[zipfile.ZipInfo], limits: Limits) -> Iterator[Finding]:
    """A2: no member grows beyond reason, and no two share the bytes that they are unpacked from."""
    for member in members:
        if member.file_size > limits.small and member.file_size > limits.ratio * max(1, member.compress_size):
            ratio = f"{member.file_size / max(1, member.compress_size):,.0f} to 1"
            yield error("A2", member.orig_filename, "ratio", ratio, f"at most {limits.ratio} to 1")
    end, before = 0, ""
    for member in sorted(members, key=lambda member: member.header_offset):
        if member.header_offset < end:
            yield error("A2", member.orig_filename, "bytes", f"shared with {before}", "bytes of its own")
        end, before = member.header_offset + member.compress_size, member.orig_filename


def _extracted(
    archive: zipfile.ZipFile, members: Sequence[zipfile.ZipInfo], target: Path, limits: Limits
) -> list[Finding]:
    left = limits.total
    for member in members:
        try:
            with archive.open(member) as source:
                written = copy(source, _made(target, member.orig_filename), min(member.file_size, left))
        except BROKEN as fault:
            return [error("A8", member.orig_filename, "content", _line(fault), "bytes that can be unpacked")]
        if written is None:
            return [error("A2", member.orig_filename, "size", "more than it declares", f"{member.file_size:,} bytes")]
        left -= written
    return []


def copy(source: IO[bytes], path: Path, budget: int) -> int | None:
    """Write a stream to a new file, `budget` bytes at most; how many there were, None where there were more."""
    written = 0
    with path.open("xb") as out:
        while chunk := source.read(min(CHUNK, budget + 1 - written)):
            written += len(chunk)
            if written > budget:
                return None
            out.write(chunk)
    return written


def _made(target: Path, name: str) -> Path:
    """Where a member goes; its folders are there. Raises ValueError where that were outside."""
    path = target.joinpath(*name.split("/"))
    if not path.resolve().is_relative_to(target.resolve()):
        raise ValueError("a path outside")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _from_folder(place: Path, target: Path, limits: Limits) -> list[Finding]:
    files, found = _listed(place, limits)
    names = list(files)
    for fault in (a3_names(names), a5_twice(names), a6_extensions(names), a7_depth(names)):
        found += fault
    if found:
        return found
    left = limits.total
    for name, path in files.items():
        # What became a link since it was listed is not followed.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        with os.fdopen(handle, "rb") as source:
            written = copy(source, _made(target, name), min(limits.member, left))
        if written is None:
            return [error("A1", name, "size", "too many bytes", f"at most {limits.member:,}, {limits.total:,} in all")]
        left -= written
    return []


def _listed(place: Path, limits: Limits) -> tuple[dict[str, Path], list[Finding]]:
    """The files of a folder by their name in it, and what is there that is no plain file."""
    files: dict[str, Path] = {}
    found: list[Finding] = []
    for folder, folders, names in os.walk(place):
        for name in sorted([*names, *(name for name in folders if os.path.islink(os.path.join(folder, name)))]):
            path = Path(folder, name)
            mode = stat.S_IFMT(path.lstat().st_mode)
            inside = path.relative_to(place).as_posix()
            if mode == stat.S_IFREG:
                files[inside] = path
            else:
                found.append(error("A4", inside, "kind", KINDS.get(mode, "no file"), "a plain file"))
            if len(files) + len(found) > limits.members:
                return {}, [error("A1", "", "members", f"over {limits.members:,}", f"at most {limits.members:,}")]
    return files, found


def _line(fault: Exception) -> str:
    return (str(fault).splitlines() or [type(fault).__name__])[0][:120] or type(fault).__name__
