"""Does a rebuilt hand-in keep the student's answers and nothing else, whatever the file is?"""

import copy
import json

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograde.grading.rebuild import MAX_FILE_BYTES, rebuild
from autograde.release import source_notebook, student_notebook

RELEASE = student_notebook("bptt")
SOLVED = source_notebook("bptt")
NAMES = [c.metadata.nbgrader.grade_id for c in RELEASE.cells if c.metadata.get("nbgrader", {}).get("solution")]


def by_id(notebook):
    return {cell.id: cell for cell in notebook.cells}


@pytest.fixture
def rebuilt(tmp_path):
    def run(content, name="bptt.ipynb"):
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return rebuild(RELEASE, path)

    return run


def changed(change):
    notebook = copy.deepcopy(SOLVED)
    change(notebook)
    return nbformat.writes(notebook)


def test_answers_come_from_the_student_and_all_else_from_the_release(rebuilt):
    result = rebuilt(nbformat.writes(SOLVED))
    assert (result.notes, result.unanswered) == ([], [])
    cells, solved = by_id(result.notebook), by_id(SOLVED)
    for original in RELEASE.cells:
        expected = solved[original.id] if original.metadata.get("nbgrader", {}).get("solution") else original
        assert cells[original.id].source == expected.source
        assert cells[original.id].metadata == original.metadata


def test_changed_check_and_import_cells_are_restored_and_noted(rebuilt):
    def change(notebook):
        for cell in notebook.cells:
            if cell.id in ("bptt-check-rtrl", "bptt-given-1"):
                cell.source = "print(3)"
                cell.metadata["tags"] = ["skip-execution"]
                cell.metadata.nbgrader["points"] = 1000

    result = rebuilt(changed(change))
    assert by_id(result.notebook)["bptt-check-rtrl"] == by_id(RELEASE)["bptt-check-rtrl"]
    (note,) = [n for n in result.notes if "were changed" in n]
    assert '"given-1"' in note
    assert '"check-rtrl"' in note


def test_a_missing_answer_names_the_question_the_points_and_the_remedy(rebuilt):
    result = rebuilt(changed(lambda nb: nb.cells.remove(by_id(nb)["bptt-rtrl"])))
    assert result.unanswered == ["rtrl"]
    (note,) = result.notes
    assert note.startswith('bptt.ipynb: the cell that answers "rtrl" is missing; graded as unanswered (0 of 3).')
    assert "other 6 questions" in note
    assert "exercises/bptt/bptt.ipynb" in note


def test_missing_check_cells_are_put_back_in_place(rebuilt):
    def change(notebook):
        notebook.cells = [c for c in notebook.cells if "-check-" not in c.id]

    result = rebuilt(changed(change))
    ids = [c.id for c in result.notebook.cells if not c.id.startswith("notes")]
    assert ids == [c.id for c in RELEASE.cells]
    assert "put back" in result.notes[0]


def test_of_two_copies_of_an_answer_the_first_counts(rebuilt):
    def change(notebook):
        twin = copy.deepcopy(by_id(notebook)["bptt-rtrl"])
        twin.source, twin.id = "def rtrl(*_):\n    return 2", "another"
        notebook.cells.append(twin)

    result = rebuilt(changed(change))
    assert by_id(result.notebook)["bptt-rtrl"].source == by_id(SOLVED)["bptt-rtrl"].source
    assert "twice" in result.notes[0]
    assert len([c for c in result.notebook.cells if "rtrl(*_)" in c.source]) == 0


def test_helper_cells_stay_in_place_without_their_metadata(rebuilt):
    def change(notebook):
        helper = nbformat.v4.new_code_cell("def helper():\n    return 1", metadata={"tags": ["skip-execution"], "x": 1})
        position = notebook.cells.index(by_id(notebook)["bptt-rnn_backward"])
        notebook.cells.insert(position, helper)

    result = rebuilt(changed(change))
    ids = [c.id for c in result.notebook.cells]
    helper = next(c for c in result.notebook.cells if "def helper" in c.source)
    assert ids.index(helper.id) == ids.index("bptt-rnn_backward") - 1
    assert helper.metadata == {}


def test_an_answer_that_lost_its_mark_is_taken_from_the_cell_that_defines_it(rebuilt):
    def change(notebook):
        cell = by_id(notebook)["bptt-rtrl"]
        cell.metadata, cell.id = {}, "lost"

    result = rebuilt(changed(change))
    assert result.unanswered == []
    assert by_id(result.notebook)["bptt-rtrl"].source == by_id(SOLVED)["bptt-rtrl"].source
    assert "had lost its mark" in result.notes[0]


STRANGE = {
    "no JSON": ("{", "is not a notebook (JSON"),
    "empty": (b"", "the file is empty"),
    "not text": (b"\xff\xfe\x00\x01" * 10, "not text in UTF-8"),
    "a list": ([1, 2], "not a notebook"),
    "no cells": ({"nbformat": 4}, "no list of cells"),
    "cells of another kind": ({"cells": "many"}, "no list of cells"),
    "no cell at all": ({"cells": []}, "no cells"),
    "nbformat 3": ({"worksheets": [{"cells": []}]}, "nbformat 3"),
    "another unit": (
        {"cells": [{"cell_type": "code", "id": "rnn-check-rnn_step", "source": "x"}]},
        'of the unit "rnn"',
    ),
    "nobody's notebook": ({"cells": [{"cell_type": "code", "source": "x = 1"}]}, "no cell of the unit"),
    "too many cells": ({"cells": [{}] * 2000}, "the limit is"),
    "too much text": ({"cells": [{"cell_type": "code", "id": "bptt-rtrl", "source": "x" * 2 * 2**20}]}, "MB of text"),
    "too large": (b" " * (MAX_FILE_BYTES + 1), "Clear the outputs"),
}


@pytest.mark.parametrize("kind", STRANGE)
def test_a_strange_file_gets_the_blank_release_and_a_message(kind, rebuilt):
    content, words = STRANGE[kind]
    result = rebuilt(content)
    assert result.unanswered == NAMES
    (note,) = result.notes
    assert words in note
    assert note.startswith("bptt.ipynb: ")
    assert "exercises/bptt/bptt.ipynb" in note
    assert [c.source for c in result.notebook.cells[1:]] == [c.source for c in RELEASE.cells]


def test_a_link_is_not_followed(tmp_path):
    secret = tmp_path / "secret.ipynb"
    secret.write_text(nbformat.writes(SOLVED))
    link = tmp_path / "bptt.ipynb"
    link.symlink_to(secret)
    result = rebuild(RELEASE, link)
    assert "a link" in result.notes[0]
    assert result.unanswered == NAMES


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(["code", "markdown", "rtrl", "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["nbgrader", "grade_id", "source", "id", "cells", "metadata", "cell_type"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(st.lists(ANYTHING, max_size=4), st.lists(st.tuples(st.integers(0, 20), ANYTHING), max_size=4))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_wrong_types_anywhere_never_stop_the_rebuilding(tmp_path, cells, replaced):
    content = json.loads(nbformat.writes(SOLVED))
    for position, value in replaced:
        cell = content["cells"][position]
        cell[["source", "metadata", "id", "cell_type"][position % 4]] = value
    content["cells"] += cells
    path = tmp_path / "bptt.ipynb"
    path.write_text(json.dumps(content))
    result = rebuild(RELEASE, path)
    nbformat.validate(result.notebook)
    given_cells = [c for c in result.notebook.cells if c.metadata.get("nbgrader", {}).get("locked")]
    assert given_cells == [c for c in RELEASE.cells if c.metadata.get("nbgrader", {}).get("locked")]
    nbformat.writes(result.notebook).encode("utf-8")
