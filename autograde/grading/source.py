"""What was handed to `collect`: the files of a folder or of a zip, none of them believed.

Nothing is unpacked. A file is listed with a relative path and read one at a time into memory, up to a limit; what
cannot be taken is listed as a `Refusal` that says why and what to do.
"""

import os
import re
import stat
import zipfile
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from autograde.grading.rebuild import MAX_FILE_BYTES

MAX_MEMBERS = 100_000  # of a zip: 2,000 students who hand in 50 files each
MAX_PATH = 1000  # characters
# Deflate reaches 1032:1 on a run of one byte; a notebook with repetitive outputs stays below 50:1.
MAX_RATIO = 200
RATIO_MATTERS = 2**20  # bytes: below, no ratio does harm
MEBIBYTE = 2**20
# What operating systems and editors leave behind: neither a hand-in nor worth a line.
DEBRIS = re.compile(r"(^|/)(__MACOSX|\.ipynb_checkpoints|\.git|\.DS_Store|Thumbs\.db|desktop\.ini|\._[^/]*)(/|$)", re.I)


class SourceError(ValueError):
    """There is nothing that could be read; the message says what was found and what to do."""


class RefusedError(ValueError):
    """One file cannot be taken; the message says why and what to do."""


@dataclass(frozen=True)
class Member:
    """One file: its path in the source, when it was changed (seconds since 1970), and `read()` for its bytes."""

    path: str
    modified: float
    read: Callable[[], bytes]


@dataclass(frozen=True)
class Refusal:
    """One file that is not taken."""

    path: str
    reason: str


@contextmanager
def opened(source):
    """(members, refusals) of a folder or a zip, for as long as the context lasts. Raises SourceError."""
    source = Path(source)
    if source.is_dir():
        yield _of_folder(source)
        return
    if not source.is_file():
        raise SourceError(f"{source}: there is no such file or folder.")
    try:
        archive = zipfile.ZipFile(source)
    except UnicodeDecodeError:
        raise SourceError(
            f"{source}: a name in this zip is not in the encoding that the zip declares. "
            "Unpack it with another program and collect the folder."
        ) from None
    except Exception as error:  # a damaged archive raises whatever its broken field leads to
        raise SourceError(
            f"{source}: this is neither a folder nor a zip that can be read ({shown(str(error))[:100]}). "
            "Download the export again, or unpack it and collect the folder."
        ) from None
    with archive:
        yield _of_zip(source, archive)


def shown(text):
    """A name as it may stand in a terminal: whatever is not printable is escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


def _of_folder(root):
    members, refusals = [], []
    for folder, subfolders, names in os.walk(root):
        subfolders.sort()
        links = [name for name in subfolders if (Path(folder) / name).is_symlink()]  # os.walk does not follow them
        for name in sorted([*names, *links]):
            path = Path(folder) / name
            relative = path.relative_to(root).as_posix()
            if DEBRIS.search(relative):
                continue
            try:
                _check_name(relative)
                status = path.lstat()
                _check_kind(status.st_mode)
                _check_size(status.st_size)
            except RefusedError as error:
                refusals.append(Refusal(shown(relative), str(error)))
            except OSError as error:
                refusals.append(Refusal(shown(relative), f"cannot be read: {error.strerror}."))
            else:
                members.append(Member(relative, status.st_mtime, partial(_read_file, path)))
    return members, refusals


def _read_file(path):
    try:
        # The file may have been exchanged for a link since it was listed.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            _check_kind(os.fstat(file.fileno()).st_mode)
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise RefusedError(f"cannot be read: {error.strerror}.") from None
    _check_size(len(content))
    return content


def _of_zip(source, archive):
    infos = archive.infolist()
    if len(infos) > MAX_MEMBERS:
        raise SourceError(
            f"{source}: the zip lists {len(infos)} files; the limit is {MAX_MEMBERS}. Unpack it and collect the folder."
        )
    members, refusals, seen = [], [], set()
    reached = 0  # offset in the archive up to which members have been accepted
    for info in sorted(infos, key=lambda i: i.header_offset):
        name = info.filename
        try:
            # Some programs write "\" between folders; the name before zipfile cut it at a NUL is the one that counts.
            name = _decoded(info).replace("\\", "/")
            if name.endswith("/") or DEBRIS.search(name):
                continue
            _check_name(name)
            _check_kind(info.external_attr >> 16)
            if info.flag_bits & 0x1:
                raise RefusedError("is encrypted. Ask for a file without a password.")
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise RefusedError("is compressed in an unusual way. Unpack the zip and collect the folder.")
            _check_size(info.file_size)
            if info.file_size > max(RATIO_MATTERS, MAX_RATIO * info.compress_size):
                ratio = info.file_size // max(1, info.compress_size)
                raise RefusedError(f"unpacks to {ratio} times its size. Ask for the notebook with cleared outputs.")
            if info.header_offset < reached:
                raise RefusedError("shares its bytes with another file of the zip. Ask for the file itself.")
            if name in seen:
                raise RefusedError("is a second file of the same name in the zip. Unpack it and collect the folder.")
        except RefusedError as error:
            refusals.append(Refusal(shown(name), str(error)))
            continue
        reached = info.header_offset + info.compress_size
        seen.add(name)
        members.append(Member(name, _moment(info), partial(_read_member, archive, info)))
    return members, refusals


def _read_member(archive, info):
    try:
        with archive.open(info) as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except Exception as error:  # a damaged member raises whatever its broken field leads to
        raise RefusedError(
            f"is damaged in the zip ({shown(str(error))[:100]}). Download the export again, or ask for the file."
        ) from None
    _check_size(len(content))
    return content


def _decoded(info):
    """The name of a member. zipfile reads names without the flag for UTF-8 as cp437, which few of them are."""
    name = info.orig_filename
    if info.flag_bits & 0x800 or name.isascii():
        return name
    try:
        return name.encode("cp437").decode("utf-8")
    except UnicodeError:
        raise RefusedError(
            "has a name in an unknown encoding. Unpack the zip with the program that made it and collect the folder."
        ) from None


def _check_name(name):
    """Raises RefusedError for a name that could lead elsewhere or cannot be written down."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        raise RefusedError("has a name that is not UTF-8. Rename it.") from None
    if not name:
        raise RefusedError("has no name. Ask for the file under a plain name.")
    if any(ord(c) < 32 or ord(c) == 127 for c in name):
        raise RefusedError("has control characters in its name. Rename it.")
    if len(name) > MAX_PATH:
        raise RefusedError(f"has a path of {len(name)} characters; the limit is {MAX_PATH}. Rename it.")
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        raise RefusedError("has an absolute path. Ask for the file under a plain name.")
    if ".." in name.split("/"):
        raise RefusedError("has a path that leads out of the source. Ask for the file under a plain name.")


def _check_kind(mode):
    kind = stat.S_IFMT(mode)
    if kind == stat.S_IFLNK:
        raise RefusedError("is a link. Ask for the file itself.")
    if kind not in (0, stat.S_IFREG):  # a zip made on Windows says nothing
        raise RefusedError("is not a regular file. Ask for the notebook itself.")


def _check_size(size):
    if size > MAX_FILE_BYTES:
        raise RefusedError(
            f"has {size / MEBIBYTE:.0f} MB or more; the limit is {MAX_FILE_BYTES / MEBIBYTE:.0f} MB. "
            "Ask for the notebook with cleared outputs."
        )


def _moment(info):
    try:
        return datetime(*info.date_time).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0
