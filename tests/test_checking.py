"""Does a verdict say the thing that helps, once, and about the right output?"""

from types import FunctionType

import numpy as np
import pytest

from autograde.checks import bptt as check
from autograde.checks import gru as gru_check
from autograde.grading.examine import examine
from autograde.release import student_notebook
from solutions import bptt, gru


def test_a_forgotten_return_is_called_so_for_one_output_too():
    assert "is a `return` missing?" in str(check.neuron_forward.run(lambda x, u, w: None))


def test_what_explains_several_outputs_is_said_once_for_them():
    def changed(by):
        def answer(x, target, u, w):
            right = bptt.neuron_bptt(x, target, u, w)
            return {**right, "du": -right["du"], "dw": by * right["dw"]}

        return " ".join(str(check.neuron_bptt.run(answer)).split())

    assert changed(-1).endswith("du, dw: the sign is opposite")
    assert changed(3).endswith(": du: the sign is opposite")


def test_the_outputs_that_are_right_are_named():
    def shifted(x, target, u, w):
        right = bptt.neuron_bptt(x, target, u, w)
        return {**right, "dw": np.sum(right["delta"] * bptt.neuron_forward(x, u, w)[1:])}

    assert "du is right" in str(check.neuron_bptt.run(shifted))


def test_a_wrong_shape_is_said_once_and_names_the_shape_in_words():
    def summed(x, target, u, w):
        right = bptt.neuron_bptt(x, target, u, w)
        return {**right, "du": np.array([right["du"]])}

    text = " ".join(str(check.neuron_bptt.run(summed)).split())
    assert text.count("du has shape (1,); expected a number") == 1


def test_an_error_names_the_function_in_which_it_happened():
    def inner(x):
        return x[100]

    assert "in inner, line" in str(check.neuron_forward.run(lambda x, u, w: inner(x)))


def with_step(step=None):
    """`gru_forward` as a student's cell has it, beside a `gru_step` of ours or none."""
    namespace = {"np": np} if step is None else {"np": np, "gru_step": step}
    return FunctionType(gru.gru_forward.__code__, namespace)


def test_an_earlier_question_that_is_not_written_is_named():
    def gru_step(*_):
        raise NotImplementedError

    assert gru_check.gru_step.run(gru_step).problem == "not implemented yet"
    problem = gru_check.gru_forward.run(with_step(gru_step)).problem
    assert problem == "needs `gru_step`, which is not implemented yet: answer that question first"


def test_an_earlier_question_whose_cell_has_not_run_is_named():
    text = " ".join(str(gru_check.gru_forward.run(with_step())).split())
    assert "NameError: name 'gru_step' is not defined" in text
    assert "`gru_step` is a question of its own; answer it first, and run its cell" in text


def test_an_error_in_the_function_of_an_earlier_question_points_there():
    def gru_step(x_t, h, *_):
        return x_t @ h

    said = "`gru_step` is a question of its own; if its check passes, look at what it is given here"
    assert said in " ".join(str(gru_check.gru_forward.run(with_step(gru_step))).split())
    assert "a question of its own" not in str(gru_check.gru_step.run(gru_step))


def test_a_helper_with_the_name_of_another_units_question_is_no_question():
    def gru_step(x):
        return x[100]

    text = str(check.neuron_forward.run(lambda x, u, w: gru_step(x)))
    assert "in gru_step, line" in text
    assert "question" not in text


def test_checkpoints_kept_twice_pass_and_all_states_do_not():
    def roomy(x, h0, W_hx, W_hh, b_h, dh):
        """Two lists of checkpoints, and each segment as a list, as an array and as a copy."""
        result = bptt.checkpointed_bptt(x, h0, W_hx, W_hh, b_h, dh)
        K = int(np.ceil(np.sqrt(len(x))))
        keep = [np.repeat(h0[None], K, axis=0) for _ in range(4)]
        return result if keep else None

    def hoarding(x, h0, W_hx, W_hh, b_h, dh):
        h = np.zeros((len(x) + 1, *h0.shape))
        h[0] = h0
        for t in range(len(x)):
            h[t + 1] = np.tanh(x[t] @ W_hx.T + h[t] @ W_hh.T + b_h)
        return bptt.rnn_backward(x, h, W_hx, W_hh, dh)

    assert check.checkpointed_bptt.run(roomy).right
    verdict = check.checkpointed_bptt.run(hoarding)
    assert verdict.points == 2
    assert "is an old segment still alive" in str(verdict)


@pytest.mark.slow
def test_a_syntax_error_is_said_where_the_question_is_judged():
    notebook = student_notebook("bptt")
    cell = next(c for c in notebook.cells if c.id == "bptt-neuron_forward")
    cell.source = "def neuron_forward(x, u, w)\n    return x"
    record = examine(notebook, "bptt")
    assert record.verdicts[0].problem.startswith("its cell stops with SyntaxError: expected ':'")


def test_the_line_to_look_at_is_the_students_not_the_librarys():
    def careless(x, u, w):
        return np.linalg.inv(np.zeros((2, 2)))

    assert "in careless, line" in str(check.neuron_forward.run(careless))


def test_stacked_gates_are_compared_block_by_block():
    def inverted(x, h, *rest):
        right = gru.gru_backward(x, h, *rest)
        H = h.shape[-1]
        sign = np.repeat([1.0, -1.0, 1.0], H)
        return {**right, "dW_hx": sign[:, None] * right["dW_hx"], "db_hx": sign * right["db_hx"]}

    text = " ".join(str(gru_check.gru_backward.run(inverted)).split())
    assert "dW_hx, db_hx: the blocks of r, n are right; z: the sign is opposite" in text
