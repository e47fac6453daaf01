"""Are forbidden names found however they are written, and honest answers left alone?"""

import pytest

from autograde.grading.demo import answered
from autograde.grading.examine import examine
from autograde.grading.flags import declared, flags_of
from autograde.release import source_notebook
from autograde.units import written
from tests.conftest import questions

HEAD = "def rnn_backward(x, h, dh, W_hx, W_hh):\n"
USES = {
    "import torch\n" + HEAD + "    return torch.autograd.grad(x, h)": "rnn_backward: line 3 uses torch.autograd",
    "import torch as t\n" + HEAD + "    return t.autograd.grad(x, h)": "rnn_backward: line 3 uses torch.autograd",
    "from torch import autograd as a\n" + HEAD + "    return a.grad(x)": "rnn_backward: line 1 uses torch.autograd",
    "from torch.autograd import grad\n" + HEAD + "    return grad(x, h)": "rnn_backward: line 3 uses torch.autograd",
    HEAD + "    import torch.func as f\n    return f.grad(x)": "rnn_backward: line 2 uses torch.func",
    HEAD + "    loss(x).sum().backward()": "rnn_backward: line 2 uses .backward",
    HEAD + "    exec('x')": "rnn_backward: line 2 uses exec",
    HEAD + "    return __import__('torch')": "rnn_backward: line 2 uses __import__",
    "import subprocess as s\n" + HEAD + "    s.run('ls')": "rnn_backward: line 3 uses subprocess",
    "from solutions import bptt\n" + HEAD + "    return bptt.rtrl(x)": "rnn_backward: line 1 uses solutions",
    "check.rtrl = lambda f: 1.0\n" + HEAD + "    pass": "rnn_backward: line 1 uses another value for a check",
    HEAD + "    open('/etc/passwd')": "rnn_backward: line 2 uses open",
    HEAD + "    import urllib.request": "rnn_backward: line 2 uses urllib",
    HEAD + "    return torch.autograd.grad(": "rnn_backward: line 2 uses torch.autograd",
    "%matplotlib inline\nimport torch\n" + HEAD + "    return torch.func.vjp": "rnn_backward: line 4 uses torch.func",
}
HONEST = (
    HEAD + "    # torch.autograd would do it\n    return 'torch.autograd .backward'",
    "import torch\n" + HEAD + "    return torch.tensor(x)",
    HEAD + "    def backward(dh): return dh\n    model.eval()\n    return backward(dh)",
    "(" * 5000 + HEAD,
)


@pytest.mark.parametrize("source", USES)
def test_a_forbidden_name_is_found_with_its_line(source):
    assert USES[source] in flags_of(answered({"rnn_backward": source}), "bptt")


@pytest.mark.parametrize("source", HONEST, ids=range(len(HONEST)))
def test_an_honest_answer_is_not_flagged(source):
    assert flags_of(answered({"rnn_backward": source}, only=()), "bptt") == []


def test_a_question_without_declared_names_may_use_what_others_may_not():
    source = "def numerical_gradient(f, x):\n    import socket\n    f(x).backward()"
    assert flags_of(answered({"numerical_gradient": source}, only=()), "bptt") == [
        "numerical_gradient: line 2 uses socket"
    ]


def test_a_helper_that_an_answer_may_call_is_read_and_an_alias_counts_in_every_cell():
    notebook = answered({"rnn_backward": HEAD + "    return t.autograd.grad(x, h)"}, only=())
    helper = source_notebook("bptt").cells[0].copy()
    helper.update(cell_type="code", id="mine", metadata={}, source="import torch as t\ny.backward()", outputs=[])
    notebook.cells.insert(3, helper)
    assert flags_of(notebook, "bptt") == [
        "rnn_backward: line 2 uses torch.autograd",
        "a cell of the student's own: line 2 uses .backward",
    ]


@pytest.mark.parametrize("unit", written())
def test_what_is_declared_belongs_to_the_unit_and_its_reference_is_not_flagged(unit):
    assert set(declared(unit)) <= {name for stem, name in questions() if stem == unit}
    assert flags_of(source_notebook(unit), unit) == []


@pytest.mark.slow
def test_a_flag_is_recorded_and_scores_nothing():
    solved = source_notebook("bptt")
    cell = next(c for c in solved.cells if c.id == "bptt-rnn_backward")
    cell.source += "\n    never = lambda loss: loss.backward()"
    record = examine(solved, "bptt", seed=1)
    assert record.flags == [f"rnn_backward: line {len(cell.source.splitlines())} uses .backward"]
    assert record.points == record.max_points
