"""Do hand-ins arrive where they belong, is nothing lost, and is what must not be taken refused with the reason?"""

import json
import os
import re
import stat
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograde.cli import main
from autograde.grading import source
from autograde.grading.collect import DUPLICATE, LEFT_OUT, REPLACED, TAKEN, collect, safe_id
from autograde.grading.source import SourceError
from autograde.release import as_text, student_notebook

UNIT, KNOWN = "bptt", {"bptt", "rnn"}
NOTEBOOK = as_text(student_notebook(UNIT)).encode()
OTHER = json.dumps({"cells": [{"id": "rnn-check-x", "cell_type": "code", "source": "1"}]}).encode()


def changed(word):
    """A notebook of the unit that differs from every other word's."""
    notebook = student_notebook(UNIT)
    notebook.cells[0].source += f"\n{word}"
    return as_text(notebook).encode()


def make_zip(path, members):
    """members {name or ZipInfo: bytes}."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content, zipfile.ZIP_DEFLATED)
    return path


def make_folder(path, members):
    for name, content in members.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


def submitted(root):
    """{student: bytes} of what was collected for the unit."""
    return {p.parts[-3]: p.read_bytes() for p in Path(root).glob(f"submitted/*/{UNIT}/{UNIT}.ipynb")}


def kinds(lines):
    return {line.path: line.kind for line in lines}


LAYOUTS = {
    "moodle": {
        "Lee Ann_4711_assignsubmission_file_/bptt.ipynb": "Lee-Ann",
        "Søren Müller_4712_assignsubmission_file_/my work.ipynb": "Søren-Müller",
    },
    "moodle, flat": {
        "Lee Ann_4711_assignsubmission_file_bptt.ipynb": "Lee-Ann",
        "Kim_4712_assignsubmission_file_x.ipynb": "Kim",
    },
    "moodle 4": {"李伟_4711_assignsubmission_file/bptt.ipynb": "李伟"},
    "canvas": {"leeann_340934_2084902_bptt.ipynb": "leeann", "kim_LATE_340935_2084903_bptt-2.ipynb": "kim"},
    "students' folders": {"lee/bptt.ipynb": "lee", "kim/bptt/bptt.ipynb": "kim"},
    "inside one folder": {"export/lee/bptt.ipynb": "lee", "export/kim/bptt.ipynb": "kim"},
    "notebooks": {"lee_bptt.ipynb": "lee", "bptt-kim.ipynb": "kim", "cho.ipynb": "cho"},
}


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_usual_exports_find_their_students(tmp_path, layout, zipped):
    members = {name: changed(student) for name, student in LAYOUTS[layout].items()}
    at = make_zip(tmp_path / "x.zip", members) if zipped else make_folder(tmp_path / "x", members)
    lines = collect(at, tmp_path / "class", KNOWN)
    assert {line.kind for line in lines} == {TAKEN}
    assert submitted(tmp_path / "class") == {s: changed(s) for s in LAYOUTS[layout].values()}


def test_a_pattern_tells_student_and_unit(tmp_path):
    at = make_folder(
        tmp_path / "x", {"w3/bptt by lee.ipynb": NOTEBOOK, "w3/else.ipynb": b"{}", "w3/no by kim.ipynb": b""}
    )
    lines = collect(at, tmp_path / "class", KNOWN, pattern=r"(?P<unit>\w+) by (?P<student>\w+)[.]ipynb")
    assert submitted(tmp_path / "class") == {"lee": NOTEBOOK}
    assert kinds(lines) == {
        "w3/bptt by lee.ipynb": TAKEN, "w3/else.ipynb": LEFT_OUT, "w3/no by kim.ipynb": LEFT_OUT,
    }  # fmt: skip


@pytest.mark.parametrize(("pattern", "words"), [("(", "not a regular expression"), ("x", "no group `student`")])
def test_a_wrong_pattern_is_explained(tmp_path, pattern, words):
    at = make_folder(tmp_path / "x", {"lee.ipynb": NOTEBOOK})
    with pytest.raises(SourceError, match=words):
        collect(at, tmp_path / "class", KNOWN, pattern=pattern)


def test_each_notebook_tells_its_unit_unless_one_is_given(tmp_path):
    at = make_folder(tmp_path / "x", {"lee/a.ipynb": NOTEBOOK, "lee/b.ipynb": OTHER, "lee/c.ipynb": b"?"})
    lines = collect(at, tmp_path / "class", KNOWN)
    assert kinds(lines) == {"lee/a.ipynb": TAKEN, "lee/b.ipynb": TAKEN, "lee/c.ipynb": LEFT_OUT}
    assert (tmp_path / "class/submitted/lee/rnn/rnn.ipynb").read_bytes() == OTHER
    # what is no notebook of the unit is collected for it all the same: its student gets a row and a message
    at = make_folder(tmp_path / "y", {"kim/b.ipynb": OTHER})
    collect(at, tmp_path / "class", KNOWN, unit=UNIT)
    assert submitted(tmp_path / "class")["kim"] == OTHER


def test_of_duplicates_the_units_notebook_then_the_latest_then_the_highest_number_counts(tmp_path):
    at = make_folder(
        tmp_path / "x",
        {
            "lee/old.ipynb": changed(1), "lee/new.ipynb": changed(2), "lee/other.ipynb": OTHER,
            "kim_1_20_bptt-2.ipynb": changed(3), "kim_1_21_bptt-10.ipynb": changed(4),
        },
    )  # fmt: skip
    for name, moment in {"lee/old.ipynb": 1e9, "lee/new.ipynb": 2e9, "lee/other.ipynb": 3e9}.items():
        os.utime(at / name, (moment, moment))
    for name in ("kim_1_20_bptt-2.ipynb", "kim_1_21_bptt-10.ipynb"):
        os.utime(at / name, (1e9, 1e9))
    lines = collect(at, tmp_path / "class", KNOWN, unit=UNIT)
    assert submitted(tmp_path / "class") == {"lee": changed(2), "kim": changed(4)}
    assert sorted(line.path for line in lines if line.kind == DUPLICATE) == [
        "kim_1_20_bptt-2.ipynb", "lee/old.ipynb", "lee/other.ipynb",
    ]  # fmt: skip


def test_an_earlier_hand_in_is_kept_and_the_same_one_left_alone(tmp_path):
    root = tmp_path / "class"
    for number in range(4):
        at = make_folder(tmp_path / f"{number}", {"lee/bptt.ipynb": changed(number)})
        os.utime(at / "lee/bptt.ipynb", (1e9, 1e9))  # all of one date: they must not overwrite each other
        (line,) = collect(at, root, KNOWN)
        assert line.kind == (REPLACED if number else TAKEN)
        (line,) = collect(at, root, KNOWN)
        assert line.kind == "unchanged"
    assert submitted(root) == {"lee": changed(3)}
    kept = {p.read_bytes() for p in (root / "superseded/lee/bptt").iterdir()}
    assert kept == {changed(0), changed(1), changed(2)}
    assert all(p.name.startswith("20010909T014640Z") for p in (root / "superseded/lee/bptt").iterdir())
    assert not list(root.rglob("*.part"))


def test_an_older_export_does_not_replace_a_newer_hand_in(tmp_path):
    for folder, moment in {"new": 2e9, "old": 1e9}.items():
        at = make_folder(tmp_path / folder, {"lee/bptt.ipynb": changed(folder)})
        os.utime(at / "lee/bptt.ipynb", (moment, moment))
        (line,) = collect(at, tmp_path / "class", KNOWN)
    assert line.kind == LEFT_OUT
    assert "is older than lee's hand-in for bptt" in line.text
    assert submitted(tmp_path / "class") == {"lee": changed("new")}


def test_one_of_two_namesakes_alone_is_not_made_a_third_student(tmp_path):
    def source(*numbers):
        at = tmp_path / "-".join(map(str, numbers))
        return make_folder(at, {f"Max_{n}_assignsubmission_file_/b.ipynb": changed(n) for n in numbers})

    assert set(kinds(collect(source(11, 12), tmp_path / "class", KNOWN, "bptt")).values()) == {TAKEN}
    (line,) = collect(source(81), tmp_path / "class", KNOWN, "rnn")
    assert line.kind == LEFT_OUT
    assert "the class has Max-11 and Max-12" in line.text
    named = make_folder(tmp_path / "named", {"Max-12/b.ipynb": changed(81)})
    assert [line.kind for line in collect(named, tmp_path / "class", KNOWN, "rnn")] == [TAKEN]
    assert {p.parts[-3] for p in (tmp_path / "class").glob("submitted/*/*/*")} == {"Max-11", "Max-12"}


def test_a_dry_run_says_the_same_and_writes_nothing(tmp_path):
    at = make_folder(tmp_path / "x", {"lee/bptt.ipynb": NOTEBOOK, "kim/bptt.txt": b""})
    dry = collect(at, tmp_path / "class", KNOWN, dry_run=True)
    assert not (tmp_path / "class").exists()
    assert dry == collect(at, tmp_path / "class", KNOWN)


def test_what_was_left_out_stands_in_the_class_when_the_terminal_is_closed(tmp_path):
    first = make_folder(tmp_path / "one", {"kim/bptt.pdf": b"x", "lee/bptt.ipynb": NOTEBOOK})
    second = make_folder(tmp_path / "two", {"cho/notes.txt": b"x"})
    collect(first, tmp_path / "class", KNOWN, UNIT, dry_run=True)
    assert not (tmp_path / "class").exists()
    collect(first, tmp_path / "class", KNOWN, UNIT)
    collect(second, tmp_path / "class", KNOWN, UNIT)
    said = (tmp_path / "class" / "left-out.txt").read_text()
    assert re.fullmatch(r"\S+ \S+ \S+one\n    kim/bptt.pdf: .+\n\S+ \S+ \S+two\n    cho/notes.txt: .+\n", said)


def test_students_of_one_name_are_told_apart_by_number_or_left_to_a_person(tmp_path):
    at = make_folder(
        tmp_path / "x",
        {
            "Participant_1_assignsubmission_file_/b.ipynb": changed(1),
            "Participant_2_assignsubmission_file_/b.ipynb": changed(2),
            "Ann Lee/bptt.ipynb": changed(3), "Ann-Lee/bptt.ipynb": changed(4), "kim/bptt.ipynb": changed(5),
        },
    )  # fmt: skip
    lines = collect(at, tmp_path / "class", KNOWN)
    assert submitted(tmp_path / "class") == {
        "Participant-1": changed(1), "Participant-2": changed(2), "kim": changed(5),
    }  # fmt: skip
    assert {line.path for line in lines if line.kind == LEFT_OUT} == {"Ann Lee/bptt.ipynb", "Ann-Lee/bptt.ipynb"}


def moodle(path, *students):
    """An export of Moodle with these (name, number, content)."""
    return make_zip(path, {f"{name}_{n}_assignsubmission_file_/bptt.ipynb": content for name, n, content in students})


def test_a_namesakes_hand_in_is_never_replaced(tmp_path):
    room, first, second = tmp_path / "class", changed(1), changed(2)
    collect(moodle(tmp_path / "1.zip", ("Pat Smith", 100, first)), room, KNOWN)
    both = (("Pat Smith", 100, first), ("Pat Smith", 200, second))
    lines = collect(moodle(tmp_path / "2.zip", *both), room, KNOWN)
    assert submitted(room) == {"Pat-Smith": first, "Pat-Smith-200": second}
    assert "another student is called Pat Smith" in " ".join(map(str, lines))
    collect(moodle(tmp_path / "3.zip", ("Pat Smith", 200, changed(3))), room, KNOWN)
    assert submitted(room) == {"Pat-Smith": first, "Pat-Smith-200": changed(3)}


def test_an_export_of_another_unit_is_refused_whole(tmp_path):
    others = {f"s{i}/rnn.ipynb": OTHER for i in range(5)}
    at = make_folder(tmp_path / "x", {**others, "lee/bptt.ipynb": NOTEBOOK})
    with pytest.raises(SourceError, match="5 of 6 notebooks say that they are of rnn"):
        collect(at, tmp_path / "class", KNOWN, unit=UNIT)
    assert not (tmp_path / "class").exists()


@pytest.mark.parametrize("second", ["gru (1)", "gru-1", "gru1", "gru_2", "gru (10)"])
def test_of_one_date_the_number_at_the_end_of_the_name_counts(tmp_path, second):
    at = make_folder(tmp_path / "x", {"lee/gru.ipynb": changed(1), f"lee/{second}.ipynb": changed(2)})
    for path in at.rglob("*.ipynb"):
        os.utime(path, (1e9, 1e9))
    collect(at, tmp_path / "class", KNOWN, unit=UNIT)
    assert submitted(tmp_path / "class") == {"lee": changed(2)}


def info(name, mode=0, flags=0):
    item = zipfile.ZipInfo("placeholder")
    item.filename, item.external_attr = name, mode << 16
    item.flag_bits |= flags
    return item


HOSTILE = {
    "../../etc/lee.ipynb": "leads out of the source",
    "a/../../lee.ipynb": "leads out of the source",
    "..\\..\\lee.ipynb": "leads out of the source",
    "/etc/lee.ipynb": "absolute path",
    "C:\\lee.ipynb": "absolute path",
    "lee\nkim/bptt.ipynb": "control characters",
    "lee\x1b[2J/bptt.ipynb": "control characters",
    "x" * 1100 + "/bptt.ipynb": "the limit is",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_that_leads_elsewhere_is_refused_and_the_others_are_taken(tmp_path, name):
    at = make_zip(tmp_path / "x.zip", {info(name): NOTEBOOK, "kim/bptt.ipynb": NOTEBOOK})
    lines = collect(at, tmp_path / "class", KNOWN)
    assert submitted(tmp_path / "class") == {"kim": NOTEBOOK}
    (refused,) = [line for line in lines if line.kind == LEFT_OUT]
    assert HOSTILE[name] in refused.text
    assert refused.path.isprintable()
    assert {p.name for p in tmp_path.iterdir()} == {"x.zip", "class"}


def test_links_and_devices_are_refused(tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(changed("secret"))
    links = {
        info("lee/bptt.ipynb", stat.S_IFLNK | 0o777): os.fsencode(secret),
        info("fi/bptt.ipynb", stat.S_IFIFO): b"",
    }
    lines = collect(make_zip(tmp_path / "x.zip", links), tmp_path / "class", KNOWN)
    assert [line.text.split(".")[0] for line in lines] == ["is not a regular file", "is a link"]
    folder = make_folder(tmp_path / "x", {"kim/bptt.ipynb": NOTEBOOK})
    (folder / "lee").mkdir()
    (folder / "lee/bptt.ipynb").symlink_to(secret)
    (folder / "cho").symlink_to(folder / "kim")
    os.mkfifo(folder / "kim/pipe.ipynb")
    lines = collect(folder, tmp_path / "class", KNOWN)
    assert {k for k, v in kinds(lines).items() if v == LEFT_OUT} == {"lee/bptt.ipynb", "cho", "kim/pipe.ipynb"}
    assert submitted(tmp_path / "class") == {"kim": NOTEBOOK}


def test_a_class_whose_folders_are_links_is_not_written_through(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "class/submitted").mkdir(parents=True)
    (tmp_path / "class/submitted/lee").symlink_to(tmp_path / "elsewhere")
    (line,) = collect(make_folder(tmp_path / "x", {"lee/bptt.ipynb": NOTEBOOK}), tmp_path / "class", KNOWN)
    assert line.kind == LEFT_OUT
    assert "is a link" in line.text
    assert not list((tmp_path / "elsewhere").iterdir())


def test_size_is_limited_as_declared_and_as_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(source, "MAX_FILE_BYTES", 10_000)
    at = make_zip(tmp_path / "x.zip", {"lee/bptt.ipynb": os.urandom(10_001), "kim/bptt.ipynb": os.urandom(9_000)})
    assert kinds(collect(at, tmp_path / "a", KNOWN, UNIT)) == {"lee/bptt.ipynb": LEFT_OUT, "kim/bptt.ipynb": TAKEN}
    make_folder(tmp_path / "x", {"lee/bptt.ipynb": bytes(10_001)})
    (line,) = collect(tmp_path / "x", tmp_path / "b", KNOWN, UNIT)
    assert "the limit is" in line.text
    # the same zip with a lie about the size of its first member: central directory and local header
    lie = at.read_bytes().replace((10_001).to_bytes(4, "little"), (100).to_bytes(4, "little"))
    (tmp_path / "lie.zip").write_bytes(lie)
    lines = collect(tmp_path / "lie.zip", tmp_path / "c", KNOWN, UNIT)
    assert kinds(lines) == {"lee/bptt.ipynb": LEFT_OUT, "kim/bptt.ipynb": TAKEN}
    assert "damaged" in lines[-1].text


def test_a_bomb_is_refused_unopened(tmp_path):
    at = make_zip(tmp_path / "x.zip", {"lee/bptt.ipynb": bytes(15 * 2**20)})
    (line,) = collect(at, tmp_path / "class", KNOWN, UNIT)
    assert line.kind == LEFT_OUT
    assert "times its size" in line.text


def test_members_that_share_bytes_are_refused(tmp_path):
    at = make_zip(tmp_path / "x.zip", {"lee/bptt.ipynb": NOTEBOOK})
    with zipfile.ZipFile(at, "a") as archive:
        twin = archive.infolist()[0]
        copy = info("kim/bptt.ipynb")
        for name in ("header_offset", "compress_size", "file_size", "CRC", "compress_type"):
            setattr(copy, name, getattr(twin, name))
        archive.filelist.append(copy)
        archive._didModify = True
    lines = collect(at, tmp_path / "class", KNOWN)
    assert len(submitted(tmp_path / "class")) == 1
    assert "shares its bytes" in lines[-1].text


def test_encrypted_and_unusually_compressed_members_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("lee/bptt.ipynb", NOTEBOOK, zipfile.ZIP_LZMA)
        archive.writestr("kim/bptt.ipynb", NOTEBOOK)
        archive.filelist[1].flag_bits |= 0x1
    lines = collect(tmp_path / "x.zip", tmp_path / "class", KNOWN)
    assert [line.text.split(".")[0] for line in lines] == ["is encrypted", "is compressed in an unusual way"]


def test_names_without_the_flag_for_utf8_are_read_as_what_they_are(tmp_path):
    """Some programs write UTF-8 without saying so; a name in another encoding cannot be guessed."""
    at = make_zip(tmp_path / "x.zip", {"Jürgen/bptt.ipynb": NOTEBOOK, "kim/bptt.ipynb": NOTEBOOK})
    data = bytearray(at.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at_byte = data.find(signature)
        data[at_byte + offset + 1] &= ~0x08  # bit 11 of the flags
    at.write_bytes(data)
    collect(at, tmp_path / "a", KNOWN)
    assert set(submitted(tmp_path / "a")) == {"Jürgen", "kim"}
    at.write_bytes(bytes(data).replace("ü".encode(), b"\x81\x82"))
    lines = collect(at, tmp_path / "b", KNOWN)
    assert set(submitted(tmp_path / "b")) == {"kim"}
    assert "unknown encoding" in lines[-1].text


def test_a_declared_encoding_that_is_wrong_says_what_to_do(tmp_path):
    at = make_zip(tmp_path / "x.zip", {"Jürgen/bptt.ipynb": NOTEBOOK})
    at.write_bytes(at.read_bytes().replace("ü".encode(), b"\xff\xfe"))
    with pytest.raises(SourceError, match=r"Unpack it with another program"):
        collect(at, tmp_path / "class", KNOWN)


def test_an_undecodable_name_in_a_folder_is_refused(tmp_path):
    make_folder(tmp_path / "x", {"kim/bptt.ipynb": NOTEBOOK})
    name = os.path.join(os.fsencode(tmp_path / "x"), b"l\xffe.ipynb")
    try:
        with open(name, "wb") as file:
            file.write(NOTEBOOK)
    except OSError:
        pytest.skip("this file system takes only UTF-8")
    lines = collect(tmp_path / "x", tmp_path / "class", KNOWN)
    assert [line.text for line in lines if line.kind == LEFT_OUT] == ["has a name that is not UTF-8. Rename it."]


NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)
SLOW = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]}


@given(st.lists(st.tuples(NAMES, st.sampled_from(["", ".ipynb", "/bptt.ipynb", "_1_assignsubmission_file_/b.ipynb"]))))
@settings(max_examples=80, **SLOW)
def test_whatever_members_are_called_each_is_reported_and_nothing_leaves_the_class(tmp_path_factory, names):
    at = tmp_path_factory.mktemp("any")
    members = {info(f"{name}{end}"): NOTEBOOK for name, end in dict(names).items()}
    lines = collect(make_zip(at / "x.zip", members), at / "class", KNOWN)
    written = [p for p in at.rglob("*") if p.is_file() and p.name not in ("x.zip", "collected.json", "left-out.txt")]
    assert all(p.relative_to(at / "class").parts[0] == "submitted" and p.name == "bptt.ipynb" for p in written)
    assert len(written) == sum(line.kind == TAKEN for line in lines)
    assert all(str(line).isprintable() for line in lines)
    files = {name for i in members if not (name := i.filename.replace("\\", "/")).endswith("/")}
    assert len(lines) >= sum(not source.DEBRIS.search(name) for name in files)


@given(st.binary(max_size=300), st.integers(0, 2**31), st.integers(0, 255))
@settings(max_examples=80, **SLOW)
def test_a_damaged_zip_is_reported_never_a_crash(tmp_path_factory, tail, where, value):
    at = tmp_path_factory.mktemp("damaged")
    data = bytearray(make_zip(at / "x.zip", {"lee/bptt.ipynb": b"{}", "kim/bptt.ipynb": b"[]"}).read_bytes())
    data[where % len(data)] = value
    (at / "x.zip").write_bytes(bytes(data) + tail)
    try:
        words = map(str, collect(at / "x.zip", at / "class", KNOWN, UNIT))
    except SourceError as error:
        words = [str(error)]
    assert all(line.isprintable() for line in words)


@given(st.text())
def test_an_id_is_safe_and_stays_what_it_is(name):
    made = safe_id(name)
    assert made == safe_id(made)
    assert len(made.encode()) <= 255
    assert not set(made) & set("/\\ '\"<>&;|$`*?:\0\n")
    assert made == "" or made[0].isalnum()


def test_ids_of_long_names_differ():
    assert safe_id("x" * 70) != safe_id("x" * 71)


@pytest.fixture
def run(tmp_path):
    (tmp_path / "class").mkdir()
    return lambda *args: CliRunner().invoke(main, ["collect", *map(str, args), "--course", str(tmp_path / "class")])


def test_exit_codes_tell_what_happened(run, tmp_path):
    good = make_folder(tmp_path / "good", {"lee/bptt.ipynb": NOTEBOOK})
    some = make_folder(tmp_path / "some", {"lee/bptt.ipynb": NOTEBOOK, "kim/bptt.pdf": b""})
    none = make_folder(tmp_path / "none", {"kim/bptt.pdf": b""})
    results = [run(at) for at in (good, some, none, tmp_path / "missing.zip")]
    assert [r.exit_code for r in results] == [0, 3, 1, 1]
    assert "1 collected" in results[0].output
    assert "left out   kim/bptt.pdf: is not a notebook" in results[1].output
    assert "no such file" in results[3].output


def test_an_unknown_unit_is_named_with_those_that_exist(run, tmp_path):
    result = run(make_folder(tmp_path / "x", {"lee/bptt.ipynb": NOTEBOOK}), "nosuch")
    assert result.exit_code == 1
    assert "no unit nosuch" in result.output


def test_what_was_collected_is_not_collected_again(run, tmp_path):
    run(make_folder(tmp_path / "x", {"lee/bptt.ipynb": NOTEBOOK}))
    result = run(tmp_path / "class/submitted")
    assert result.exit_code == 1
    assert "where hand-ins are collected to" in result.output
