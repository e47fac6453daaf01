"""Is the release complete, repeatable, current and free of solutions?"""

import nbformat
import pytest
from nbclient import NotebookClient

from autograde import release, units
from tests.conftest import ROOT

STEMS = units.written()


@pytest.mark.parametrize("stem", STEMS)
def test_the_released_exercise_is_current(stem):
    text = (ROOT / units.exercise_path(stem)).read_text(encoding="utf-8")
    assert text == release.as_text(release.student_notebook(stem)), "run `make exercises` and commit the result"


@pytest.mark.parametrize("stem", STEMS)
def test_a_release_repeats_byte_for_byte(stem, tmp_path):
    first, changed = release.release(stem, tmp_path)
    content = first.read_bytes()
    assert changed
    first.unlink()
    assert release.release(stem, tmp_path)[0].read_bytes() == content
    assert release.release(stem, tmp_path) == (first, False)


@pytest.mark.parametrize("stem", STEMS)
def test_no_line_of_a_solution_is_released(stem):
    solved = release.source_notebook(stem)
    blank = release.student_notebook(stem)
    released = {line.strip() for cell in blank.cells for line in cell.source.splitlines()}
    hidden = set()
    for cell in solved.cells:
        if release.SOLUTION in cell.source:
            inside = cell.source.split(release.SOLUTION)[1].split("### END SOLUTION")[0]
            hidden |= {line.strip() for line in inside.splitlines() if len(line.strip()) > 12}
    assert hidden, "no solutions found: the test would pass on anything"
    assert not hidden & released


@pytest.mark.parametrize("stem", STEMS)
def test_ids_are_unique_and_follow_from_names(stem):
    notebook = release.student_notebook(stem)
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            assert cell.id == f"{stem}-{cell.metadata.nbgrader.grade_id}"
            assert f"def {cell.metadata.nbgrader.grade_id}(" in cell.source
    nbformat.validate(notebook)


@pytest.mark.slow
@pytest.mark.parametrize("stem", STEMS)
def test_the_unsolved_notebook_runs_and_every_check_says_not_implemented(stem):
    notebook = release.student_notebook(stem)
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    checks = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade")]
    assert checks
    for cell in checks:
        said = "".join(output.get("text", "") for output in cell.outputs)
        assert {output.get("name") for output in cell.outputs} == {"stdout"}, (cell.source, cell.outputs)
        assert said.strip().endswith("not implemented yet"), (cell.source, said)


def write_script(tmp_path, monkeypatch, text):
    (tmp_path / "toy.py").write_text(text)
    monkeypatch.setattr(release, "script_path", lambda stem: tmp_path / f"{stem}.py")


ANSWER = "# %%\ndef f(x):\n    ### BEGIN SOLUTION\n    return x\n    ### END SOLUTION\n\n"
CHECK = '# %% tags=["active-ipynb"]\n# check.f(f)  # 2 points\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (CHECK + "\n" + ANSWER, "comes before"),
        (ANSWER + ANSWER, "two cells would have the id f"),
        (ANSWER.replace("# %%\n", "# %%\ndef g():\n    pass\n\n\n"), "must define one function"),
        ("# %%\nx = 1\n", "no cell holds"),
    ],
)
def test_a_script_that_cannot_be_released_is_refused_with_the_reason(text, message, tmp_path, monkeypatch):
    write_script(tmp_path, monkeypatch, text)
    with pytest.raises(release.ReleaseError, match=message):
        release.source_notebook("toy")


def test_points_come_from_the_check_line(tmp_path, monkeypatch):
    write_script(tmp_path, monkeypatch, ANSWER + CHECK)
    cell = release.source_notebook("toy").cells[-1]
    assert (cell.metadata.nbgrader.points, cell.metadata.nbgrader.grade_id) == (2, "check-f")
