"""Is the student's zip complete, repeatable and free of solutions, and does it work on its own?"""

import importlib
import inspect
import json
import shutil
import subprocess
import sys
import venv
import zipfile

import pytest

from autograde import units
from autograde.bundle import NAME, make_bundle
from autograde.release import SOLUTION, as_text, source_notebook
from solutions.mutants import mutants_of
from tests.conftest import ROOT, questions

pytestmark = pytest.mark.xdist_group("bundle")  # what its fixtures made serves all


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of what the bundle is made from, with a one-page book in place of the built one."""
    root = tmp_path_factory.mktemp("tree")
    for name in ("pyproject.toml", "constraints.txt", "_toc.yml", "LICENSE", "LICENSE-text"):
        shutil.copy(ROOT / name, root)
    for folder in ("autograde", "solutions", "exercises", "tests"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__", "_vendor"))
    html = ROOT / "_build/html"
    if (html / "index.html").exists():
        shutil.copytree(html, root / "_build/html", ignore=shutil.ignore_patterns("mathjax"))
    else:
        (root / "_build/html").mkdir(parents=True)
        (root / "_build/html/index.html").write_text("<title>book</title>")
    return root


@pytest.fixture(scope="module")
def bundle(tree, tmp_path_factory):
    path, count = make_bundle(tmp_path_factory.mktemp("zip") / "student.zip", tree)
    with zipfile.ZipFile(path) as archive:
        assert len(archive.namelist()) == count
    return path


def test_it_holds_book_exercises_checks_versions_and_a_start(bundle):
    with zipfile.ZipFile(bundle) as archive:
        names = {n.removeprefix(f"{NAME}/") for n in archive.namelist()}
    wanted = {"START.md", "constraints.txt", "pyproject.toml", "book/index.html", "autograde/checking.py"}
    wanted |= {units.exercise_path(stem).as_posix() for stem in units.written()}
    wanted |= {f"autograde/checks/{stem}.py" for stem in units.written()}
    assert wanted <= names


def test_nothing_of_the_reference_is_in_it(bundle):
    """No file of solutions or tests, and no body of a reference or of a mutant, in any file."""
    bodies = {}
    for stem, name in questions():
        module = importlib.import_module(f"solutions.{stem}")
        body = inspect.getsource(getattr(module, name)).split(SOLUTION)[1].split("### END SOLUTION")[0]
        lines = [line.strip() for line in body.splitlines() if len(line.strip()) > 30]
        bodies[stem, name] = max(lines, key=len, default=body.strip())
    messages = [m.message for stem in units.written() for m in mutants_of(stem)]
    with zipfile.ZipFile(bundle) as archive:
        for member in archive.namelist():
            assert not member.removeprefix(f"{NAME}/").startswith(("solutions", "tests")), member
            content = archive.read(member).decode("utf-8", "ignore")
            assert SOLUTION not in content or member.endswith("autograde/release.py"), member
            for question, line in bodies.items():
                assert line not in content, f"{member} holds a line of the solution of {question}"
                assert json.dumps(line)[1:-1] not in content, f"{member} holds a line of the solution of {question}"
            for message in messages:
                assert message not in content, f"{member} holds the diagnosis: {message}"


def test_the_same_content_gives_the_same_zip(tree, tmp_path):
    first, _ = make_bundle(tmp_path / "a.zip", tree)
    second, _ = make_bundle(tmp_path / "b.zip", tree)
    assert first.read_bytes() == second.read_bytes()


def test_without_a_book_it_says_what_to_run(tmp_path):
    with pytest.raises(FileNotFoundError, match="make book"):
        make_bundle(tmp_path / "x.zip", tmp_path)


@pytest.mark.slow
def test_a_student_can_install_check_and_solve_it(bundle, tmp_path):
    """The zip in an environment of its own that sees third-party packages but not the repository."""
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(tmp_path)
    home = tmp_path / NAME
    venv.create(home / ".venv", with_pip=False)
    python = home / ".venv" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    where = [sys.executable, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = subprocess.run(where, capture_output=True, text=True, check=True).stdout.strip()
    site = subprocess.run(
        [python, "-c", "import site; print(site.getsitepackages()[0])"], capture_output=True, text=True
    )
    mine = tmp_path / "third-party"
    mine.mkdir()
    for item in sorted((ROOT / packages).iterdir()):
        if "through_time" not in item.name and not item.name.startswith("__editable__"):
            (mine / item.name).symlink_to(item)
    with open(f"{site.stdout.strip()}/packages.pth", "w") as file:
        file.write(f"{mine}\n{home}\n")  # what `pip install .` would do, without a registry

    def run(*command, code):
        done = subprocess.run([python, *command], cwd=home, capture_output=True, text=True, timeout=300)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    assert "None" in run("-c", "import importlib.util as u; print(u.find_spec('solutions'))", code=0)
    unsolved = run("-m", "autograde", "check", "exercises/bptt", code=1)
    assert "0 of 20" in unsolved
    assert unsolved.count("not implemented yet") == 7
    (home / "exercises/bptt/bptt.ipynb").write_text(as_text(source_notebook("bptt")), encoding="utf-8")
    assert "20 of 20" in run("-m", "autograde", "check", "exercises/bptt", code=0)
