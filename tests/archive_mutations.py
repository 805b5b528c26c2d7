"""Archives that are wrong in one way each, made from a golden one: every function writes a zip beside it."""

from __future__ import annotations

import copy
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

ArchiveMutation = Callable[[Path], None]


def _with(name: str, content: bytes = b"{}", mode: int = 0o100644, kind: int = zipfile.ZIP_DEFLATED) -> ArchiveMutation:
    def add(archive: Path) -> None:
        member = zipfile.ZipInfo(name)
        # What the library would clean while writing must stand in the archive as it is.
        member.filename = name
        member.external_attr, member.create_system, member.compress_type = mode << 16, 3, kind
        with zipfile.ZipFile(archive, "a") as opened:
            opened.writestr(member, content)

    return add


def a_bomb(archive: Path) -> None:
    _with("runs/er--order1--s0/more.parquet", b"\0" * (8 << 20))(archive)


def members_that_share_their_bytes(archive: Path) -> None:
    with zipfile.ZipFile(archive, "a") as opened:
        twin = copy.copy(opened.filelist[0])
        twin.filename = "runs/er--order1--s0/twin.json"
        opened.filelist.append(twin)
        opened._didModify = True


def an_encrypted_member(archive: Path) -> None:
    with zipfile.ZipFile(archive, "a") as opened:
        opened.filelist[0].flag_bits |= 0x1
        opened._didModify = True


def a_cut_archive(archive: Path) -> None:
    archive.write_bytes(archive.read_bytes()[:-60])


def a_script_before_it(archive: Path) -> None:
    archive.write_bytes(b"#!/bin/sh\necho hello\n" + archive.read_bytes())


def a_comment_behind_it(archive: Path) -> None:
    with zipfile.ZipFile(archive, "a") as opened:
        opened.comment = b"hello"


def damaged_bytes(archive: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        member = next(one for one in opened.filelist if one.filename.endswith("pairs.parquet"))
        place = member.header_offset + member.compress_size // 2
    content = bytearray(archive.read_bytes())
    content[place] ^= 0xFF
    archive.write_bytes(bytes(content))


def too_many_members(archive: Path) -> None:
    with zipfile.ZipFile(archive, "a") as opened:
        for number in range(4_001):
            opened.writestr(f"{number}.json", b"")


ARCHIVES: tuple[tuple[str, str, ArchiveMutation], ...] = (
    ("A1", "too many members", too_many_members),
    ("A1", "a member by bzip2", _with("README2.json", b"{}", kind=zipfile.ZIP_BZIP2)),
    ("A1", "a member by LZMA", _with("README2.json", b"{}", kind=zipfile.ZIP_LZMA)),
    ("A2", "a bomb", a_bomb),
    ("A2", "members that share their bytes", members_that_share_their_bytes),
    ("A3", "a step out of the folder", _with("../evil.json")),
    ("A3", "a step up inside", _with("runs/../evil.json")),
    ("A3", "an absolute path", _with("/etc/evil.json")),
    ("A3", "a drive", _with("C:/evil.json")),
    ("A3", "a backslash", _with("runs\\evil.json")),
    ("A3", "a control character", _with("runs/\x1bevil.json")),
    ("A3", "a name that the library cuts to nothing", _with("\0evil.json")),
    ("A3", "a device by name", _with("runs/nul.json")),
    ("A4", "a link", _with("runs/link.json", b"/etc/passwd", stat.S_IFLNK | 0o777)),
    ("A4", "a device", _with("runs/device.json", b"", stat.S_IFCHR | 0o666)),
    ("A4", "an encrypted member", an_encrypted_member),
    ("A5", "a name twice", _with("submission.json")),
    ("A5", "names that differ in case", _with("Submission.json")),
    ("A5", "names that differ in form", _with("submi\uff53sion.json")),
    ("A5", "a file that is a folder", _with("submission.json/more.json")),
    ("A6", "code", _with("runs/evil.py", b"import os")),
    ("A6", "a pickle", _with("runs/model.pkl", b"\x80\x04.")),
    ("A6", "an archive in the archive", _with("runs/more.zip", b"PK")),
    ("A7", "folders too deep", _with("runs/a/b/c.json")),
    ("A8", "a cut archive", a_cut_archive),
    ("A8", "damaged bytes", damaged_bytes),
    ("A8", "a script before it", a_script_before_it),
    ("A8", "a comment behind it", a_comment_behind_it),
)
