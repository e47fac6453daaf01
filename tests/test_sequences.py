"""What is special to the unit `sequences`: other right answers count, and nothing else slips through."""

import itertools
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from autograde import tasks
from autograde.checks import sequences as check
from solutions import sequences


def weights(W_hx, W_hh, b_h, W_yh, b_y):
    return {"W_hx": np.array(W_hx), "W_hh": np.array(W_hh), "b_h": np.array(b_h), "W_yh": np.array(W_yh), "b_y": b_y}


OTHER_PARITIES = {
    "sum less twice the carry": weights([[1.0], [1]], [[1.0, -2], [1, -2]], [0.0, -1], [[1.0, -2]], np.zeros(1)),
    "even and odd exchanged": weights(
        [[-1.0], [1.0], [0.0]], [[1.0, 1, 0], [-1, -1, 0], [0, 0, 0]], [0.0, 0, 1], [[2.0, 2, 1]], np.array([-1.5])
    ),
    "scaled units": weights([[-3.0], [0.5]], [[1.0, 6.0], [-1 / 6, -1.0]], [0.0, 0.0], [[1 / 3, 2.0]], np.zeros(1)),
    "lists": {"W_hx": [[-1], [1]], "W_hh": [[1, 1], [-1, -1]], "b_h": [0, 0], "W_yh": [[1, 1]], "b_y": [0]},
}


@pytest.mark.parametrize("name", OTHER_PARITIES)
def test_any_weights_that_know_parity_count(name):
    verdict = check.parity_rnn.run(lambda: OTHER_PARITIES[name])
    assert verdict.right, str(verdict)


@pytest.mark.parametrize(
    "answer",
    [
        weights([[1.0]], [[1.0]], [-1.0], [[-1.0]], np.ones(1)),
        # The chapter's weights, made for thresholds
        weights([[1.0], [1]], [[1.0, -1], [1, -1]], [-0.5, -1.5], [[1.0, -1]], np.zeros(1)),
        weights(np.ones((40, 1)), np.eye(40), np.zeros(40), np.ones((1, 40)), np.zeros(1)),
        weights([[np.nan]], [[1.0]], [0.0], [[1.0]], np.zeros(1)),
        weights([[1e300]], [[1e300]], [0.0], [[1.0]], np.zeros(1)),
    ],
)
def test_weights_that_do_not_know_parity_earn_nothing(answer):
    assert check.parity_rnn.run(lambda: answer).points == 0


def test_an_unstable_solution_earns_the_short_strings_only():
    fading = {**sequences.parity_rnn(), "W_hh": 0.995 * sequences.parity_rnn()["W_hh"]}
    verdict = check.parity_rnn.run(lambda: fading)
    assert 0 < verdict.points < verdict.max_points


def test_counting_may_use_several_units():
    split = weights([[0.0], [1.0]], np.eye(2), [1.0, 0.0], [[1.0, -1.0]], np.zeros(1))  # steps less ones
    assert check.count_zeros_rnn.run(lambda: split).right


def test_too_many_units_are_refused_in_words():
    answer = weights(np.ones((33, 1)), np.eye(33), np.zeros(33), np.ones((1, 33)), np.zeros(1))
    assert "1 to 32 are allowed" in str(check.count_zeros_rnn.run(lambda: answer))


def test_codes_and_masks_may_be_integers_or_booleans():
    assert check.one_hot.run(lambda ids, V: np.eye(V, dtype=int)[ids]).right

    def by_torch(arrays):
        x = torch.nn.utils.rnn.pad_sequence([torch.as_tensor(a) for a in arrays])
        lengths = torch.tensor([len(a) for a in arrays])
        return {"x": x, "mask": torch.arange(len(x))[:, None] < lengths}

    assert check.pad_and_mask.run(by_torch).right


def test_windows_may_be_a_view():
    def view(x, k, stride):
        return np.lib.stride_tricks.sliding_window_view(x, k, axis=0)[::stride].swapaxes(1, 2)

    assert check.windows.run(view).right


def cbow_in_torch(context, mask, target, E, W):
    E, W = torch.tensor(E, requires_grad=True), torch.tensor(W, requires_grad=True)
    m = torch.as_tensor(mask)[:, :, None]
    mean = (E[torch.as_tensor(context)] * m).sum(1) / m.sum(1)
    loss = functional.nll_loss(functional.log_softmax(mean @ W.T, 1), torch.as_tensor(target), reduction="sum")
    loss.backward()
    return {"loss": loss, "dE": E.grad, "dW": W.grad}


def test_cbow_may_be_differentiated_by_torch_and_agrees_to_ten_digits():
    assert check.cbow_loss_and_grad.run(cbow_in_torch).right
    case = check.cbow_loss_and_grad.cases(np.random.default_rng(11))[0]
    ours, theirs = sequences.cbow_loss_and_grad(**case.inputs), cbow_in_torch(**case.inputs)
    for name in ours:
        np.testing.assert_allclose(ours[name], theirs[name].detach().numpy(), rtol=0, atol=1e-12)


def test_ctc_agrees_with_torch_over_many_random_cases():
    rng = np.random.default_rng(12)
    for _ in range(40):
        T, V = int(rng.integers(1, 30)), int(rng.integers(2, 8))
        labels = rng.integers(1, V, size=int(rng.integers(1, T + 2)))
        log_y = np.log(rng.dirichlet(np.ones(V), size=T))
        loss = functional.ctc_loss(
            torch.as_tensor(log_y)[:, None], torch.as_tensor(labels)[None], (T,), (len(labels),), 0, "sum"
        )
        assert sequences.ctc_forward(log_y, labels, 0) == pytest.approx(-loss.item(), rel=1e-10, abs=1e-10)


def test_probabilities_of_all_label_sequences_sum_to_one():
    log_y = np.log(np.random.default_rng(13).dirichlet(np.ones(3), size=5))
    everything = (labels for L in range(6) for labels in itertools.product((0, 2), repeat=L))
    total = sum(np.exp(sequences.ctc_forward(log_y, np.array(labels, dtype=int), 1)) for labels in everything)
    assert total == pytest.approx(1, abs=1e-12)


def test_a_constant_impossible_answer_earns_nothing():
    assert check.ctc_forward.run(lambda *_: -np.inf).points == 0
    assert check.ctc_forward.run(lambda *_: 0.0).points == 0


def test_plain_probabilities_pass_short_cases_and_underflow_in_long_ones():
    def plain(log_y, labels, blank):
        y, extended = np.exp(log_y), [blank]
        for label in labels:
            extended += [label, blank]
        alpha = [y[0, s] if i < 2 else 0.0 for i, s in enumerate(extended)]
        for t in range(1, len(y)):
            last = [0.0, 0.0, *alpha]
            alpha = [
                y[t, s]
                * (last[i + 2] + last[i + 1] + (last[i] if s not in (blank, *extended[max(i - 2, 0) : i - 1]) else 0))
                for i, s in enumerate(extended)
            ]
        with np.errstate(divide="ignore"):
            return np.log(sum(alpha[-2:]))

    assert check.ctc_forward.run(plain).points == 3


def test_corpus_follows_its_grammar():
    corpus = tasks.grammar_corpus(400, np.random.default_rng(14))
    category = {word: name for name, members in tasks.CATEGORIES.items() for word in members}
    patterns = Counter(" ".join(category.get(word, word) for word in words) for words in corpus)
    assert set(patterns) == set(tasks.PATTERNS)
    assert {word for words in corpus for word in words} >= set(category)


def test_parity_task_labels_every_prefix():
    bits, odd = tasks.parity(9, 5, np.random.default_rng(15))
    assert bits.shape == odd.shape == (9, 5, 1)
    for t, b in np.ndindex(9, 5):
        assert odd[t, b, 0] == np.bitwise_xor.reduce(bits[: t + 1, b, 0].astype(int))


def test_symbols_on_the_page_notation_have_the_shapes_of_the_arrays():
    page = (Path(__file__).parents[1] / "book" / "notation.md").read_text(encoding="utf-8")
    table = page.split("### Sequences, words and alignments")[1].split("\n#")[0]
    rows = re.findall(r"`\(([^)]*)\)` \| `(\w+)` \|$", table, re.MULTILINE)
    rng = np.random.default_rng(16)
    cbow = check.cbow_loss_and_grad.cases(rng)[0]
    ctc = check.ctc_forward.cases(rng)[0]
    window = check.windows.cases(rng)[0]
    pad = check.pad_and_mask.cases(rng)[0]
    code = check.one_hot.cases(rng)[-1]
    seen = set()
    for case, arrays in (
        (cbow, cbow.inputs),
        (ctc, ctc.inputs),
        (window, {"windows": sequences.windows(**window.inputs)}),
        (pad, {"mask": sequences.pad_and_mask(**pad.inputs)["mask"]}),
        (code, {"code": sequences.one_hot(**code.inputs)}),
    ):
        for shape, name in rows:
            if name in arrays and (name != "mask" or case is pad):
                sizes = tuple(case.sizes[axis.strip()] for axis in shape.split(",") if axis.strip())
                assert arrays[name].shape == sizes, name
                seen.add(name)
    assert seen == {name for _, name in rows}
    assert len(rows) == 9
