"""Do the parts of the repository fit together: one stem per unit, one direction of imports, known equations?"""

import re
import subprocess
import sys

import pytest
import yaml

from autograde import units
from tests.conftest import ROOT, questions

STEMS = units.written()
LABEL_IN_CODE = re.compile(r"\beqs?\. ?`?([a-z0-9]+-[a-z0-9-]+)")
LABEL_IN_TEXT = re.compile(r"^:label: (\S+)|^\$\$ \(([a-z0-9-]+)\)", re.MULTILINE)

# This file, the code that hostile hand-ins are made of, and the process that leaves the covered /tmp of its sandbox.
TOUCHING_ALLOWED = ("test_structure.py", "test_attacks.py", "warm.py")


def chapters():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    return [c for part in toc["parts"] for chapter in part["chapters"] for c in (chapter, *chapter.get("sections", ()))]


def labels(stem):
    text = (ROOT / "book" / f"{stem}.md").read_text(encoding="utf-8")
    return {a or b for a, b in LABEL_IN_TEXT.findall(text)}


@pytest.mark.parametrize("stem", STEMS)
def test_a_unit_is_whole(stem):
    for part in (
        f"book/{stem}.md",
        f"autograde/checks/{stem}.py",
        f"solutions/mutants/{stem}.py",
        f"book/_static/live/{stem}.js",
    ):
        assert (ROOT / part).exists(), f"the unit {stem} lacks {part}"
    files = {c["file"] for c in chapters()}
    assert {f"book/{stem}", f"exercises/{stem}/{stem}"} <= files


def test_nothing_but_units_has_checks_or_exercises():
    assert {p.stem for p in ROOT.glob("autograde/checks/*.py")} - {"__init__"} == set(STEMS)
    assert set(units.released(ROOT)) == set(STEMS)
    assert {p.stem for p in ROOT.glob("solutions/mutants/*.py")} - {"__init__"} == set(STEMS)


@pytest.mark.parametrize("stem", STEMS)
def test_every_equation_that_code_names_stands_in_the_chapter(stem):
    known = labels(stem)
    for folder in ("solutions", "solutions/mutants", "autograde/checks"):
        path = ROOT / folder / f"{stem}.py"
        named = {n for n in LABEL_IN_CODE.findall(path.read_text(encoding="utf-8")) if n.startswith(f"{stem}-")}
        assert named <= known, f"{path.relative_to(ROOT)} names unknown equations"


@pytest.mark.parametrize("stem", STEMS)
def test_every_implemented_equation_is_in_a_function_that_is_checked(stem):
    checked = {name for unit, name in questions() if unit == stem}
    text = (ROOT / "solutions" / f"{stem}.py").read_text(encoding="utf-8")
    implemented = 0
    for name, body in re.findall(r"^def (\w+)\((.*?)(?=^# %%|\Z)", text, re.MULTILINE | re.DOTALL):
        if LABEL_IN_CODE.search(body):
            implemented += 1
            assert name in checked, f"{name} implements an equation that nothing checks"
    assert implemented


def test_what_students_get_does_not_import_solutions():
    modules = [".".join(p.relative_to(ROOT).with_suffix("").parts) for p in ROOT.glob("autograde/**/*.py")]
    names = [m.removesuffix(".__init__") for m in modules if not m.endswith("__main__")]
    code = (
        "import sys, importlib\n"
        "class Refuse:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        assert name.split('.')[0] != 'solutions', 'imports solutions at load time'\n"
        "sys.meta_path.insert(0, Refuse())\n"
        f"[importlib.import_module(name) for name in {names}]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, timeout=120)


@pytest.mark.parametrize("stem", STEMS)
def test_importing_a_reference_is_silent_and_does_not_import_torch(stem):
    code = f"import sys, solutions.{stem}; assert 'torch' not in sys.modules, 'torch was imported'"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_no_module_touches_the_path_or_the_working_directory():
    for folder in ("autograde", "solutions", "book", "tests", "benchmarks"):
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            if path.name not in TOUCHING_ALLOWED:
                assert not re.search(r"\bsys\.path\b(?!\w)|\bos\.chdir\(", text), path


def test_the_repository_speaks_of_the_course_alone():
    listed = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, cwd=ROOT, check=True).stdout
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if "_vendor" in path.parts or not path.is_file() or path == ROOT / "tests/test_structure.py":
            continue
        text = path.read_text(encoding="utf-8", errors="ignore")
        assert not re.search(r"/root/|/home/\w+/|/work/\w+", text), f"{name} holds a path of one machine"
