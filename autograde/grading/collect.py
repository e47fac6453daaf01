"""Hand-ins from a folder or a zip into class/submitted/STUDENT/UNIT/UNIT.ipynb; what was there before is kept."""

import contextlib
import hashlib
import json
import os
import re
import shutil
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from autograde.grading.records import write_json
from autograde.grading.source import Member, RefusedError, SourceError, opened, shown

MAX_ID = 60  # characters: four bytes each are within a file system's 255
NUMBERS = "collected.json"  # in the class's folder: the platform's number of each student, by unit
LEFT_BEHIND = "left-out.txt"  # in the class's folder: what of which source was left out, and why
LAST_MOMENT = 253402300799  # the end of the year 9999, after which there are no dates
# How learning platforms name what they export. `number` tells apart two students of one name.
MOODLE = r"(?P<student>[^/]+)_(?P<number>\d+)_assignsubmission_file(?=[_/])"
CANVAS = r"^(?:[^/]+/)?(?P<student>[^/_]+)(?:_LATE)?_(?P<number>\d+)_\d+_[^/]+$"
PATTERNS = tuple(re.compile(p) for p in (MOODLE, CANVAS))

KINDS = TAKEN, REPLACED, AS_BEFORE, DUPLICATE, LEFT_OUT = "collected", "replaced", "unchanged", "duplicate", "left out"


@dataclass(frozen=True)
class Line:
    """What became of one file of the source."""

    kind: str
    path: str
    text: str

    def __str__(self):
        return f"{self.kind:10} {self.path}: {self.text}"


@dataclass(frozen=True)
class Found:
    """A notebook that belongs to a student."""

    member: Member
    name: str
    number: str
    unit: str | None  # that the pattern names
    declared: str | None = None  # that the notebook itself names
    digest: str = ""


def collect(source, root, known, unit=None, pattern=None, dry_run=False):
    """Put the notebooks of a source into the class at `root`; returns a `Line` for each file.

    known are the units that there are; unit is that of the whole source, by default each notebook's own. pattern is a
    regular expression that is searched in a file's path (with /), with the groups `student` and, where it tells them,
    `unit` and `number`. Raises SourceError when nothing can be read, and for a pattern without `student`.
    """
    patterns = PATTERNS if pattern is None else (_compiled(pattern),)
    root = Path(root)
    if Path(source).resolve().is_relative_to((root / "submitted").resolve()):
        raise SourceError(f"{source} is where hand-ins are collected to; grade them, or name another source.")
    with opened(source) as (members, refusals):
        lines = [Line(LEFT_OUT, r.path, r.reason) for r in refusals]
        notebooks = []
        for member in members:
            if member.path.lower().endswith(".ipynb"):
                notebooks.append(member)
            else:
                lines.append(Line(LEFT_OUT, shown(member.path), _not_a_notebook(member.path)))
        found = []
        top = _common_folder(notebooks, known) if pattern is None else ""
        for member in notebooks:
            match = next((m for p in patterns if (m := p.search(member.path))), None)
            name, number, named = _from_match(match) if match else ("", "", None)
            if not match and pattern is None:
                name = _from_layout(member.path.removeprefix(top), [unit] if unit else known)
            if not safe_id(name):
                lines.append(Line(LEFT_OUT, shown(member.path), _nobody(match, pattern)))
            elif named is not None and named not in known:
                lines.append(Line(LEFT_OUT, shown(member.path), f"there is no unit {shown(named)}. {_units(known)}"))
            elif named is not None and unit and named != unit:
                lines.append(
                    Line(LEFT_OUT, shown(member.path), f"belongs to {named}, not to {unit}. Collect it apart.")
                )
            else:
                found.append(Found(member, name, number, named))
        numbers = _read_numbers(root)
        placed = _one_each(found, known, unit, lines, numbers)
        for (student, of_unit), item in sorted(placed.items()):
            try:
                lines.append(_place(root, student, of_unit, item, dry_run))
            except RefusedError as error:
                lines.append(Line(LEFT_OUT, shown(item.member.path), str(error)))
                continue
            if item.number:
                numbers.setdefault(of_unit, {})[student] = item.number
        if not dry_run and any(numbers.values()):
            write_json(root / NUMBERS, numbers)
    if not dry_run and root.is_dir():
        _remember_left_out(root, source, lines)
    return sorted(lines, key=lambda line: (KINDS.index(line.kind), line.path))


def safe_id(name):
    """A student's name as an id: letters of any script, digits and - _ . @, beginning with a letter or a digit.

    Everything else becomes a hyphen; a long name is cut, with a digest for what was cut. Empty if nothing is left.
    """
    name = unicodedata.normalize("NFKC", name)
    name = "".join(c if c.isalnum() or c in "-_.@" or _is_mark(c) else "-" for c in name)
    name = re.sub(r"-{2,}", "-", name).rstrip("-_.@")
    while name and not name[0].isalnum():
        name = name[1:]
    if len(name) > MAX_ID:
        name = f"{name[: MAX_ID - 9]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    return name


def _is_mark(character):
    """Vowel signs and accents that have no composed form: they are part of a letter."""
    return unicodedata.category(character) in ("Mn", "Mc")


def _compiled(pattern):
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise SourceError(f"the pattern is not a regular expression: {error}.") from None
    if "student" not in compiled.groupindex:
        raise SourceError(
            "the pattern has no group `student`. An example: --pattern '(?P<student>[^/]+)/(?P<unit>\\w+)[.]ipynb'"
        )
    return compiled


def _from_match(match):
    groups = match.groupdict()
    return groups.get("student") or "", groups.get("number") or "", groups.get("unit")


def _common_folder(members, known):
    """The folder around all students' folders, if there is one ("export/"): with it, who is "export"?"""
    parts = [PurePosixPath(m.path).parts for m in members]
    inner = {p[1] for p in parts if len(p) > 2}
    if len({p[0] for p in parts}) == 1 and len(inner - set(known)) > 1 and all(len(p) > 2 for p in parts):
        return f"{parts[0][0]}/"
    return ""


def _from_layout(path, units):
    """The student in STUDENT/.../NAME.ipynb, or in STUDENT_UNIT.ipynb or STUDENT.ipynb without a folder."""
    parts = PurePosixPath(path).parts
    if len(parts) > 1:
        return parts[0]
    stem = PurePosixPath(path).stem
    for unit in units:
        if stem.casefold() == unit.casefold():
            return ""
        shorter = re.sub(rf"(^{re.escape(unit)}[-_ .]+|[-_ .]+{re.escape(unit)}$)", "", stem, flags=re.IGNORECASE)
        if shorter != stem:
            return shorter
    return stem


def _read_numbers(root):
    """{unit: {student: the platform's number}} of what was collected before."""
    try:
        return json.loads((root / NUMBERS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _remember_left_out(root, source, lines):
    """What was left out gets no row anywhere: let it stand in the class's folder when the terminal is closed."""
    left = [f"    {line.path}: {line.text}\n" for line in lines if line.kind == LEFT_OUT]
    if left:
        with open(root / LEFT_BEHIND, "a", encoding="utf-8") as file:
            file.writelines([f"{datetime.now():%Y-%m-%d %H:%M} {shown(str(source))}\n", *left])


def _id_of(item, namesakes, before):
    """The id of a student; with the platform's number where the name alone would be another student's.

    before is {student: number} of what was collected for the unit: a number keeps the id that it has.
    """
    plain, numbered = safe_id(item.name), safe_id(f"{item.name}-{item.number}")
    if not item.number or before.get(plain) == item.number:
        return plain
    taken = before.get(plain, item.number) != item.number
    return numbered if len(namesakes) > 1 or taken or numbered in before else plain


def _doubles(item, unit, numbers_before):
    """The students of that name that other assignments have, where the number does not tell which of them it is."""
    everyone = {student for numbers in numbers_before.values() for student in numbers}
    plain = safe_id(item.name)
    told = numbers_before.get(unit, {}).get(plain) == item.number
    if told or safe_id(f"{item.name}-{item.number}") in everyone:
        return []
    return sorted(student for student in everyone if re.fullmatch(re.escape(plain) + r"-\d+", student))


def _one_each(found, known, unit, lines, numbers_before):
    """{(student, unit): the notebook that counts}. The others go to `lines` with the reason."""
    identities = {}
    for item in found:
        identities.setdefault(safe_id(item.name).casefold(), set()).add((item.name, item.number))
    groups = {}
    for item in found:
        namesakes = identities[safe_id(item.name).casefold()]
        if len(namesakes) > 1:
            numbers = {number for _, number in namesakes}
            if "" in numbers or len(numbers) < len(namesakes):
                names = ", ".join(sorted({shown(name) for name, _ in namesakes}))
                same = safe_id(item.name)
                text = f"the names {names} would give the same id, {same}. Rename one, or tell them by --pattern."
                lines.append(Line(LEFT_OUT, shown(item.member.path), text))
                continue
        try:
            content = item.member.read()
        except RefusedError as error:
            lines.append(Line(LEFT_OUT, shown(item.member.path), str(error)))
            continue
        digest = hashlib.sha256(content).hexdigest()
        item = Found(item.member, item.name, item.number, item.unit, unit_of(content), digest)
        belongs = unit or item.unit or item.declared or _unit_in_path(item.member.path, known)
        if belongs not in known:
            text = "does not tell its unit. Name it: collect SOURCE UNIT."
            lines.append(Line(LEFT_OUT, shown(item.member.path), text))
            continue
        doubles = _doubles(item, belongs, numbers_before)
        if doubles:
            text = (
                f"the class has {' and '.join(doubles)}: name the folder after one of them, or tell them by --pattern."
            )
            lines.append(Line(LEFT_OUT, shown(item.member.path), text))
            continue
        student = _id_of(item, namesakes, numbers_before.get(belongs, {}))
        groups.setdefault((student, belongs), []).append(item)
    told = [item.declared for items in groups.values() for item in items if item.declared in known]
    strangers = [other for other in told if unit and other != unit]
    if len(strangers) > max(2, len(told) / 2):  # one or two are their students' mistake, and get a row that says so
        most = max(set(strangers), key=strangers.count)
        raise SourceError(
            f"{len(strangers)} of {len(told)} notebooks say that they are of {most}, not of {unit}. Nothing was taken:"
            " name the right unit, or none."
        )
    placed = {}
    for (student, belongs), items in groups.items():
        *others, last = sorted(items, key=lambda item: _rank(item, belongs))
        placed[student, belongs] = last
        for other in others:
            alike = _rank(other, belongs)[:3] == _rank(last, belongs)[:3]
            why = "of the same date: look at both" if alike else "which counts"
            text = f"{student} has a later one for {belongs}, {shown(last.member.path)}, {why}."
            lines.append(Line(DUPLICATE, shown(other.member.path), text))
    return placed


def _rank(item, unit):
    """The rule for duplicates: a notebook of the unit before others; then the later date; then the later number."""
    path = item.member.path
    copy = re.search(r"[-_ (]*(\d{1,18})\)?$", PurePosixPath(path).stem)
    natural = [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d{1,18})", path)]
    return item.declared == unit, item.member.modified, int(copy[1]) if copy else 0, natural


def unit_of(content):
    """The unit that a notebook says it belongs to, or None."""
    try:
        notebook = json.loads(content.decode("utf-8-sig"))
        if isinstance(told := notebook["metadata"]["through_time"]["unit"], str):
            return told
    except (KeyError, TypeError):
        pass
    except (ValueError, RecursionError):
        return None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    ids = [cell.get("id") for cell in cells if isinstance(cell, dict)] if isinstance(cells, list) else []
    return next((i.split("-check-")[0] for i in ids if isinstance(i, str) and "-check-" in i), None)


def _unit_in_path(path, known):
    words = re.split(r"[/_ .-]+", path.lower())
    named = [unit for unit in known if unit.lower() in words]
    return named[0] if len(named) == 1 else None


def _place(root, student, unit, item, dry_run):
    """Write one hand-in; an earlier one with other content moves to class/superseded."""
    path = root / "submitted" / student / unit / f"{unit}.ipynb"
    shown_path = shown(item.member.path)
    for folder in (path.parent.parent, path.parent):
        if folder.is_symlink():
            raise RefusedError(f"{folder} is a link. Remove it and collect again.")
    if path.is_dir() and not path.is_symlink():
        raise RefusedError(f"{path} is a folder. Remove it and collect again.")
    there = path.is_symlink() or path.exists()
    if there and not path.is_symlink() and _digest(path) == item.digest:
        return Line(AS_BEFORE, shown_path, f"{student} {unit}")
    told = f"{student} {unit}"
    if item.number and student != safe_id(item.name):
        told += f" (another student is called {shown(item.name)}; the number holds for this assignment alone)"
    if item.declared and item.declared != unit:
        told += f", although it says that it is of {shown(item.declared)}"
    line = Line(TAKEN, shown_path, told)
    if there:
        before = path.lstat().st_mtime
        if item.member.modified < before:
            raise RefusedError(
                f"is older than {student}'s hand-in for {unit}, which stays. To go back, remove that one."
            )
        kept = _kept_path(root, student, unit, before)
        line = Line(REPLACED, shown_path, f"{told}; the earlier one: {kept.relative_to(root)}")
    if dry_run:
        return line
    content = item.member.read()
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.part")
    with contextlib.suppress(FileNotFoundError):
        draft.unlink()
    with open(draft, "xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.utime(draft, (item.member.modified, item.member.modified))
    if there:
        kept.parent.mkdir(parents=True, exist_ok=True)
        _keep(path, kept)
    draft.replace(path)  # until here the earlier one stands in its place
    return line


def _digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _kept_path(root, student, unit, modified):
    """class/superseded/STUDENT/UNIT/<date of the file, UTC>.ipynb, with a number when that is taken."""
    stamp = datetime.fromtimestamp(min(max(modified, 0), LAST_MOMENT), UTC).strftime("%Y%m%dT%H%M%SZ")
    folder = root / "superseded" / student / unit
    number = 1
    while os.path.lexists(path := folder / f"{stamp}{f'-{number}' if number > 1 else ''}.ipynb"):
        number += 1
    return path


def _keep(path, kept):
    try:
        os.link(path, kept, follow_symlinks=False)
    except (OSError, NotImplementedError):  # a file system without hard links
        shutil.copy2(path, kept, follow_symlinks=False)


def _not_a_notebook(path):
    if path.lower().endswith((".zip", ".tar", ".gz", ".7z", ".rar")):
        return "is an archive. Unpack it into the student's folder and collect the folder."
    return "is not a notebook (.ipynb)."


def _nobody(match, pattern):
    if match:
        return "the name in it leaves no letters or digits for an id. Rename it."
    if pattern:
        return "does not match the pattern. Correct --pattern or rename it."
    return "does not tell whose it is. Put it into a folder named after the student, or give --pattern."


def _units(known):
    return f"There are {', '.join(sorted(known))}." if known else "None has been released: run `release` first."
