"""Does honest work in an unusual shape get its points? Each variation runs in the sandbox and must lose none."""

import warnings

import nbformat
import pytest

from autograde.grading import demo
from autograde.grading.examine import examine
from autograde.grading.kernel import Limits
from autograde.grading.rebuild import rebuild_content
from autograde.release import as_text, source_notebook, student_notebook
from autograde.sandbox import provisioners
from autograde.sandbox.doctor import best_kernel

pytestmark = pytest.mark.slow
UNIT = "bptt"
# The questions that the varied hand-ins answer; the others stay blank, to save time.
SMALL = ("neuron_forward", "neuron_bptt", "numerical_gradient")
POINTS = 6
LIMITS = Limits(cell_seconds=30, question_seconds=20)


@pytest.fixture(scope="module", autouse=True)
def sandbox(in_ci):
    if best_kernel() is None:
        (pytest.fail if in_ci else pytest.skip)("no sandbox here; `python -m autograde doctor` says what to install")
    yield
    provisioners.forget_pool()


def examined(content):
    """(record, notebook) of a hand-in with these bytes."""
    rebuilt = rebuild_content(student_notebook(UNIT), f"{UNIT}.ipynb", content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        record = examine(rebuilt.notebook, UNIT, limits=LIMITS, kernel_name=best_kernel())
    return record, rebuilt.notebook


def full_marks(content):
    record, notebook = examined(content)
    lost = [str(v) for v in record.verdicts if v.name in SMALL and not v.right]
    assert (record.points, record.events, lost) == (POINTS, [], [])
    return record, notebook


def with_answer(source, helper=""):
    """The small questions solved, neuron_forward by this source, with a helper cell in front of everything."""
    notebook = demo.answered({"neuron_forward": source} if source else {}, only=SMALL)
    if helper:
        notebook.cells.insert(0, nbformat.v4.new_code_cell(helper))
    return as_text(notebook).encode()


LOOP = """def neuron_forward(x, u, w):
    h = np.zeros(len(x) + 1)
    for t in range(len(x)):
        h[t + 1] = sigma(w * h[t] + u * x[t])
    return h
"""
SIGMA = "def sigma(a):\n    return 1 / (1 + np.exp(-a))\n"

# name: (answer to neuron_forward, helper cell)
WRITTEN = {
    "a helper in the same cell": (SIGMA + LOOP, ""),
    "a helper in a cell of its own": (LOOP, "import numpy as np\n" + SIGMA),
    "a library's function": ("from scipy.special import expit as sigma\n" + LOOP, ""),
    "shell commands and line magics in a cell of one's own": (
        LOOP, "!echo here\n%pip --version\nfiles = !ls\nimport numpy as np\n" + SIGMA,
    ),
    "half a hyperbolic tangent": (LOOP.replace("sigma(w * h[t] + u * x[t])", "(1 + np.tanh((w * h[t] + u * x[t]) / 2)) / 2"), ""),
    "plain Python, made an array at the end": (
        "import math\n\n\ndef neuron_forward(x, u, w):\n    h = [0.0]\n    for x_t in x:\n"
        "        h.append(1 / (1 + math.exp(-float(w * h[-1] + u * x_t))))\n    return np.array(h)\n",
        "",
    ),
    "torch tensors": (
        "import torch\n\n\ndef neuron_forward(x, u, w):\n    h = [torch.zeros((), dtype=torch.float64)]\n"
        "    for x_t in torch.as_tensor(x):\n        h.append(torch.sigmoid(w * h[-1] + u * x_t))\n"
        "    return torch.stack(h).numpy()\n",
        "",
    ),
    "a recursion": (
        SIGMA + "\n\ndef neuron_forward(x, u, w):\n    if len(x) == 0:\n        return np.zeros(1)\n"
        "    before = neuron_forward(x[:-1], u, w)\n    return np.append(before, sigma(w * before[-1] + u * x[-1]))\n",
        "",
    ),
    "a lambda": (
        SIGMA + "from itertools import accumulate\n\nneuron_forward = lambda x, u, w: np.array(\n"
        "    list(accumulate(x, lambda h, x_t: sigma(w * h + u * x_t), initial=0.0)))\n",
        "",
    ),
    "an object that can be called": (
        SIGMA + "\n\nclass Neuron:\n    def __call__(self, x, u, w):\n        h = np.zeros(len(x) + 1)\n"
        "        for t, x_t in enumerate(x):\n            h[t + 1] = sigma(w * h[t] + u * x_t)\n        return h\n\n\n"
        "neuron_forward = Neuron()\n",
        "",
    ),
    "a decorator": (
        SIGMA + "import functools\n\n\ndef logged(f):\n    @functools.wraps(f)\n    def inner(*args):\n"
        "        print('called', f.__name__)\n        return f(*args)\n    return inner\n\n\n@logged\n" + LOOP,
        "",
    ),
    "type hints and other names of the arguments": (
        SIGMA + "\n\ndef neuron_forward(inputs: np.ndarray, weight: float, recurrent: float) -> np.ndarray:\n"
        "    state: list[float] = [0.0]\n    for value in inputs:\n"
        "        state.append(sigma(recurrent * state[-1] + weight * value))\n    return np.asarray(state)\n",
        "",
    ),
    "a view of a larger array, backwards in memory": (
        SIGMA + LOOP.replace("h = np.zeros(len(x) + 1)", "h = np.zeros(2 * len(x) + 2)[::-2]"), ""
    ),
    "warnings": (SIGMA + LOOP.replace("    return h", "    import warnings\n    warnings.warn('careful')\n    np.log(np.zeros(1))\n    return h"), ""),
    "much printing": (SIGMA + LOOP.replace("    return h", "    print('x' * 100_000)\n    return h"), "print('y' * 1_000_000)"),
    "standard error": (SIGMA + LOOP.replace("    return h", "    import sys\n    print('note', file=sys.stderr)\n    return h"), ""),
    "a generator of random numbers": (SIGMA + LOOP, "import numpy as np\nnp.random.seed(0)\nrng = np.random.default_rng(1)\nrng.normal(size=5)"),
    "magics": (SIGMA + LOOP, "%matplotlib inline\nimport numpy as np\n%timeit -n 1 -r 1 np.zeros(3)"),
    "a plot": (SIGMA + LOOP, "import matplotlib.pyplot as plt\nplt.plot([1, 2, 3])\nplt.title('$h_t$')\nplt.show()"),
    "an await at the top": (SIGMA + LOOP, "import asyncio\nawait asyncio.sleep(0.01)"),
    "a thread": (SIGMA + LOOP, "import threading\nt = threading.Thread(target=print, args=('hello',))\nt.start()\nt.join()"),
    "a file of its own": (SIGMA + LOOP, "from pathlib import Path\nPath('notes.txt').write_text('h')\nassert Path('notes.txt').read_text() == 'h'"),
    "an experiment that fails": (SIGMA + LOOP, "1 / 0"),
    "a cell that is not finished": (SIGMA + LOOP, "for t in range(3)\n    print(t"),
    "two seconds of training": (SIGMA + LOOP, "import time\nend = time.time() + 2\nwhile time.time() < end:\n    pass"),
    "other names for letters": (LOOP.replace("sigma", "σ"), "import numpy as np\n" + SIGMA.replace("sigma", "σ")),
    "lines ended as on Windows": ((SIGMA + LOOP).replace("\n", "\r\n"), ""),
    "tabs": ((SIGMA + LOOP).replace("    ", "\t"), ""),
    "a check of its own, kept quiet": (SIGMA + LOOP + "\n\nassert neuron_forward(np.zeros(2), 1.0, 1.0)[0] == 0\n", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", WRITTEN)
def test_it_may_be_written_so(name):
    answer, helper = WRITTEN[name]
    full_marks(with_answer(answer, helper))


def solved():
    return demo.answered({}, only=SMALL)


def _older(notebook):
    """As an editor without cell ids writes it."""
    notebook.nbformat_minor = 2
    for cell in notebook.cells:
        cell.pop("id", None)
    return as_text(notebook).encode()


def _run_before(notebook):
    """With outputs and execution counts, as it stands after the student's own run."""
    for number, cell in enumerate(c for c in notebook.cells if c.cell_type == "code"):
        cell.execution_count = number + 1
        cell.outputs = [nbformat.v4.new_output("stream", name="stderr", text="Warning: this may take a while\n")]
    return as_text(notebook).encode()


def _other_kernel(notebook):
    notebook.metadata.kernelspec = {"name": "my-env", "display_name": "Python (my-env)", "language": "python"}
    notebook.metadata.language_info = {"name": "python", "version": "3.14.1"}
    return as_text(notebook).encode()


def _notes_between(notebook):
    cells = []
    for cell in notebook.cells:
        cells += [cell, nbformat.v4.new_markdown_cell("My *notes*: $h_t$"), nbformat.v4.new_code_cell("trial = 1")]
    notebook.cells = cells
    return as_text(notebook).encode()


def _fewer_texts(notebook):
    notebook.cells = [c for c in notebook.cells if c.cell_type == "code"]
    return as_text(notebook).encode()


def _without_checks(notebook):
    notebook.cells = [c for c in notebook.cells if not c.source.startswith("check.")]
    return as_text(notebook).encode()


def _backwards(notebook):
    notebook.cells = notebook.cells[:2] + notebook.cells[:1:-1]
    return as_text(notebook).encode()


def _locked_cells_edited(notebook):
    for cell in notebook.cells:
        if cell.source.startswith("check."):
            cell.source = f"print('before')\n{cell.source}"
    return as_text(notebook).encode()


SAVED = {
    "by an old editor": _older,
    "after a run": _run_before,
    "with another kernel": _other_kernel,
    "with a byte order mark": lambda notebook: b"\xef\xbb\xbf" + as_text(notebook).encode(),
    "with lines of Windows": lambda notebook: as_text(notebook).replace("\n", "\r\n").encode(),
    "on one line": lambda notebook: nbformat.writes(notebook, indent=None).encode(),
    "with notes between the cells": _notes_between,
    "without the texts": _fewer_texts,
    "without the check cells": _without_checks,
    "with its cells in another order": _backwards,
    "with check cells edited": _locked_cells_edited,
}


@pytest.mark.parametrize("name", SAVED)
def test_it_may_be_saved_so(name):
    full_marks(SAVED[name](solved()))


def test_a_tensor_may_be_returned():
    answer = WRITTEN["torch tensors"][0].replace(".numpy()", "")
    record, _ = examined(as_text(demo.answered({"neuron_forward": answer}, only=())).encode())
    assert record.points == 1


def test_what_a_student_prints_is_kept_and_cut():
    _, notebook = full_marks(with_answer(*WRITTEN["much printing"]))
    printed = [str(o) for c in notebook.cells if c.cell_type == "code" for o in c.get("outputs", ())]
    assert any("yyy" in text for text in printed)
    assert sum(map(len, printed)) < 2 * LIMITS.output_bytes


def test_the_whole_solution_gets_everything_in_both_kernels():
    for kernel in ("warm", "bwrap"):
        rebuilt = rebuild_content(student_notebook(UNIT), f"{UNIT}.ipynb", as_text(source_notebook(UNIT)).encode())
        assert examine(rebuilt.notebook, UNIT, limits=LIMITS, kernel_name=kernel).points == 20
