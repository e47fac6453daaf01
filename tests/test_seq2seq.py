"""Is the German German, does the unit `seq2seq` agree with torch, and is what the chapter says about beams so?"""

import itertools

import numpy as np
import pytest
import torch
from sacrebleu.metrics import BLEU

from autograde import phrases
from autograde.checks import seq2seq as check
from autograde.phrases import END, PAD, START, Clause, NounPhrase
from book import translation
from solutions import seq2seq

SEEDS = (0, 1, 2)
TORCH = {"rtol": 0, "atol": 1e-10}
NOUN = {noun.en: noun for noun in phrases.NOUNS}
VERB = {verb.en: verb for verb in phrases.VERBS}


# The grammar, against what a grammar book says


def np_(article, adjective, noun, number="singular"):
    return NounPhrase(article, adjective, NOUN[noun], number)


@pytest.mark.parametrize(
    ("phrase", "english", "nominative", "accusative", "dative"),
    [
        (np_("the", "red", "rose"), "the red rose", "die rote Rose", "die rote Rose", "der roten Rose"),
        (np_("a", "red", "rose"), "a red rose", "eine rote Rose", "eine rote Rose", "einer roten Rose"),
        (np_("the", "small", "dog"), "the small dog", "der kleine Hund", "den kleinen Hund", "dem kleinen Hund"),
        (np_("a", "old", "dog"), "an old dog", "ein alter Hund", "einen alten Hund", "einem alten Hund"),
        (np_("the", "big", "house"), "the big house", "das große Haus", "das große Haus", "dem großen Haus"),
        (np_("my", "new", "house"), "my new house", "mein neues Haus", "mein neues Haus", "meinem neuen Haus"),
        (np_("my", None, "sister"), "my sister", "meine Schwester", "meine Schwester", "meiner Schwester"),
        (np_("a", None, "lion"), "a lion", "ein Löwe", "einen Löwen", "einem Löwen"),
        (np_("the", "young", "girl"), "the young girl", "das junge Mädchen", "das junge Mädchen", "dem jungen Mädchen"),
        (np_("the", "old", "tree", "plural"), "the old trees", "die alten Bäume", "die alten Bäume",
         "den alten Bäumen"),
        (np_("a", "red", "rose", "plural"), "red roses", "rote Rosen", "rote Rosen", "roten Rosen"),
        (np_("my", "white", "bird", "plural"), "my white birds", "meine weißen Vögel", "meine weißen Vögel",
         "meinen weißen Vögeln"),
        (np_("the", None, "girl", "plural"), "the girls", "die Mädchen", "die Mädchen", "den Mädchen"),
        (np_("a", None, "child", "plural"), "children", "Kinder", "Kinder", "Kindern"),
    ],
)  # fmt: skip
def test_phrases_are_declined(phrase, english, nominative, accusative, dative):
    assert " ".join(phrase.english()) == english
    for case, right in zip(phrases.CASES, (nominative, accusative, dative), strict=True):
        assert " ".join(phrase.german(case)) == right


@pytest.mark.parametrize(
    ("clauses", "english", "german"),
    [
        ([Clause(np_("the", None, "rose"), predicate="red")], "the rose is red", "die Rose ist rot"),
        ([Clause(np_("the", None, "rose", "plural"), predicate="red", negated=True)], "the roses are not red",
         "die Rosen sind nicht rot"),
        ([Clause(np_("the", None, "dog"), verb=VERB["sees"], object=np_("the", None, "cat"), opening="today")],
         "today the dog sees the cat", "heute sieht der Hund die Katze"),
        ([Clause(np_("a", None, "king", "plural"), verb=VERB["helps"], object=np_("a", "old", "lion"),
                 opening="i think that")],
         "i think that kings help an old lion", "ich glaube , dass Könige einem alten Löwen helfen"),
        ([Clause(np_("the", None, "rose"), predicate="red", opening="i know that"),
          Clause(np_("my", None, "child"), verb=VERB["looks for"], object=np_("the", None, "bird"))],
         "i know that the rose is red , and my child looks for the bird",
         "ich weiß , dass die Rose rot ist , und mein Kind sucht den Vogel"),
    ],
)  # fmt: skip
def test_sentences_have_the_right_order_agreement_and_case(clauses, english, german):
    assert " ".join(phrases.english(clauses)) == english
    assert " ".join(phrases.german(clauses)) == german


def test_every_english_sentence_has_one_translation_and_all_words_are_known():
    drawn = phrases.corpus(3000, np.random.default_rng(0), (1, 2))
    said = {}
    for sentence in drawn:
        english, german = " ".join(phrases.english(sentence)), " ".join(phrases.german(sentence))
        assert said.setdefault(english, german) == german
        assert set(english.split()) <= set(phrases.ENGLISH)
        assert set(german.split()) <= set(phrases.GERMAN)


def test_held_out_pairs_occur_in_no_training_sentence_and_their_words_do():
    drawn = phrases.corpus(1500, np.random.default_rng(1))
    seen = set().union(*(clause.pairs() for sentence in drawn for clause in sentence))
    assert ("red", "rose") in phrases.HELD_OUT
    assert not seen & phrases.HELD_OUT
    assert {adjective for adjective, _ in phrases.HELD_OUT} <= {adjective for adjective, _ in seen}
    assert {noun for _, noun in phrases.HELD_OUT} <= {noun for _, noun in seen}
    new = phrases.corpus(100, np.random.default_rng(2), held_out=True)
    assert all(any(clause.pairs() & phrases.HELD_OUT for clause in sentence) for sentence in new)


def test_words_and_numbers_convert_into_each_other():
    texts = [phrases.german(s) for s in phrases.corpus(20, np.random.default_rng(3), (1, 3))]
    ids, mask = phrases.to_ids(texts, phrases.GERMAN)
    assert phrases.to_words(ids, phrases.GERMAN) == texts
    np.testing.assert_array_equal(mask.sum(0), [len(text) + 1 for text in texts])
    np.testing.assert_array_equal((ids == END).sum(0), 1)


# The reference against torch, whole


def parameters(rng, V, D, H):
    def normal(*shape):
        return rng.normal(size=shape) / np.sqrt(shape[-1])

    encoder = {"E": normal(V, D), "W_hx": normal(H, D), "W_hh": normal(H, H), "b_h": normal(H)}
    decoder = {"E": normal(V, D), "W_sx": normal(H, D), "W_ss": normal(H, H), "W_sc": normal(H, H), "b_s": normal(H),
               "W_ys": normal(V, H), "b_y": normal(V)}  # fmt: skip
    return encoder, decoder


@pytest.mark.parametrize("seed", SEEDS)
def test_loss_of_the_whole_model_and_its_gradient_at_the_scores_agree_with_torch(seed):
    rng = np.random.default_rng(seed)
    S, T, B, V, D, H = 6, 5, 4, 9, 3, 7
    encoder, decoder = parameters(rng, V, D, H)
    lengths = rng.integers(1, S + 1, size=B), rng.integers(1, T + 1, size=B)
    masks = [(np.arange(size)[:, None] < length).astype(float) for size, length in zip((S, T), lengths, strict=True)]
    source, target = (np.where(m > 0, rng.integers(3, V, size=m.shape), PAD) for m in masks)
    context = seq2seq.encode(source, masks[0], **encoder)["context"]
    y = seq2seq.decode_teacher_forced(target, context, decoder)
    ours = seq2seq.token_nll_and_grad(y, target, masks[1] / B)

    e, d = ({name: torch.as_tensor(value) for name, value in part.items()} for part in (encoder, decoder))
    total, scores = 0.0, []
    for b in range(B):
        h = torch.zeros(H, dtype=torch.float64)
        for word in source[: lengths[0][b], b]:
            h = torch.tanh(e["W_hx"] @ e["E"][word] + e["W_hh"] @ h + e["b_h"])
        s, before = h, START
        for word in target[: lengths[1][b], b]:
            s = torch.tanh(d["W_sx"] @ d["E"][before] + d["W_ss"] @ s + d["W_sc"] @ h + d["b_s"])
            scores.append((d["W_ys"] @ s + d["b_y"]).requires_grad_())
            total = total - torch.log_softmax(scores[-1], dim=0)[word] / B
            before = word
    gradients = iter(torch.autograd.grad(total, scores))
    np.testing.assert_allclose(ours["loss"], total.item(), **TORCH)
    for b in range(B):
        for t in range(T):
            expected = next(gradients).numpy() if t < lengths[1][b] else 0.0
            np.testing.assert_allclose(ours["dy"][t, b], expected, **TORCH)


@pytest.mark.parametrize("seed", SEEDS)
def test_greedy_words_are_the_ones_that_teacher_forcing_on_them_would_say(seed):
    rng = np.random.default_rng(seed)
    T, B, V, D, H = 8, 5, 7, 3, 6
    _, decoder = parameters(rng, V, D, H)
    decoder["b_y"][[PAD, START]] = -50
    context = rng.uniform(-1, 1, size=(B, H))
    said = seq2seq.greedy_decode(context, T, decoder)
    y = seq2seq.decode_teacher_forced(said["words"], context, decoder)
    mask = said["words"] != PAD
    np.testing.assert_array_equal(y.argmax(axis=2)[mask], said["words"][mask])
    each = [seq2seq.token_nll_and_grad(y, said["words"], mask * (np.arange(B) == b))["loss"] for b in range(B)]
    np.testing.assert_allclose(said["log_p"], -np.array(each), **TORCH)


def random_tables(rng, T, V):
    return [np.log(rng.dirichlet(np.full(V, 0.5), size=(V,) * t)) for t in range(T)]


@pytest.mark.parametrize("alpha", [0.0, 0.7, 1.5])
@pytest.mark.parametrize("end", [-1, 1])
def test_a_beam_wide_enough_finds_what_enumeration_finds(end, alpha):
    T, V = 4, 3
    for seed in range(5):
        tables = random_tables(np.random.default_rng(seed), T, V)
        scores = []
        for L in range(1, T + 1):
            for words in itertools.product(range(V), repeat=L):
                if end in words[:-1] or (L < T and words[-1] != end):
                    continue
                scores.append(sum(tables[t][words[: t + 1]] for t in range(L)) / L**alpha)
        found = seq2seq.beam_search(tables, V**T, alpha, end)
        assert found["score"] == pytest.approx(max(scores))


def test_the_table_of_the_chapter_is_missed_by_width_two_and_a_wider_beam_can_do_worse():
    first, second = np.array([0.4, 0.35, 0.25]), np.array([[0.34, 0.33, 0.33], [0.33, 0.36, 0.31], [0.98, 0.01, 0.01]])
    found = [np.exp(seq2seq.beam_search([np.log(first), np.log(second)], K, 0.0, -1)["log_p"]) for K in (1, 2, 3)]
    np.testing.assert_allclose(found, [0.136, 0.136, 0.245])
    third = np.full((3, 3, 3), 1 / 3)
    third[0, 0] = 0.98, 0.01, 0.01
    decoy = [
        np.log([0.5, 0.45, 0.05]),
        np.log([[0.34, 0.33, 0.33], [0.5, 0.45, 0.05], [0.34, 0.33, 0.33]]),
        np.log(third),
    ]
    narrow, wide = (np.exp(seq2seq.beam_search(decoy, K, 0.0, -1)["log_p"]) for K in (1, 2))
    assert narrow == pytest.approx(0.5 * 0.34 * 0.98)
    assert wide == pytest.approx(0.45 * 0.5 / 3)


def test_bleu_of_the_chapter_is_its_formula():
    said, right = "heute hilft mein Kind die kleinen Hunde", "heute hilft mein Kind den kleinen Hunden"
    precisions = []
    for n in range(1, 5):
        grams = [[tuple(text.split()[i : i + n]) for i in range(8 - n)] for text in (said, right)]
        precisions.append(sum(gram in grams[1] for gram in grams[0]) / len(grams[0]))
    assert BLEU(tokenize="none", force=True).corpus_score([said], [[right]]).score == pytest.approx(
        100 * np.prod(precisions) ** 0.25
    )


# The translator


@pytest.fixture(scope="module")
def pairs():
    return translation.pairs_of(phrases.corpus(12, np.random.default_rng(4), (1, 2)), torch.device("cpu"))


@pytest.mark.parametrize("attention", [False, True])
def test_padding_changes_nothing_and_own_words_with_a_teacher_are_teacher_forcing(pairs, attention):
    with translation.seeded(0):
        net = translation.Translator(6, 8, attention)
    with torch.no_grad():
        together = net(pairs)
        for n in range(len(pairs)):
            one = pairs.batch(torch.tensor([n]))
            torch.testing.assert_close(net(one)[:, 0], together[: len(one.target), n], rtol=0, atol=1e-5)
        taught = translation.own_words(net, pairs, 1.0, np.random.default_rng(0))
    torch.testing.assert_close(taught, together, rtol=0, atol=1e-5)


@pytest.mark.parametrize("attention", [False, True])
def test_beam_of_one_is_greedy_and_a_wider_one_finds_no_less(pairs, attention):
    net = translation.trained(pairs, 0, attention, D=8, H=16, steps=25, batch=6)
    words = phrases.to_words(translation.greedy(net, pairs, 12).numpy(), phrases.GERMAN)
    for n in range(4):
        narrow, wide = (translation.beam(net, pairs, n, K, 12)[0] for K in (1, 6))
        assert [phrases.GERMAN[w] for w in narrow[0] if w != END] == words[n]
        assert len(translation.beam(net, pairs, n, 6, 12)) > 1
        assert np.isfinite([narrow[1], wide[1]]).all()


def test_alignments_are_distributions_over_the_source(pairs):
    with translation.seeded(1):
        net = translation.Translator(6, 8, attention=True)
    weights = translation.alignments(net, pairs, 2)
    assert weights.shape == (int(pairs.target_mask[:, 2].sum()), int(pairs.source_mask[:, 2].sum()))
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-5)


def test_training_is_repeatable_and_leaves_torchs_generator_alone(pairs):
    before = torch.random.get_rng_state()
    one, other = (translation.trained(pairs, 3, D=6, H=8, steps=5, batch=4) for _ in range(2))
    assert torch.equal(before, torch.random.get_rng_state())
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)


# Other ways to the same answer


def embed_backward_by_one_hot(words, mask, dx, V):
    code = (words[:, :, None] == np.arange(V)) & (mask[:, :, None] > 0)
    return np.einsum("tbv,tbd->vd", code, np.where(mask[:, :, None] > 0, dx, 0.0))


def greedy_without_batch(context, longest, decoder):
    answers = []
    for c in context:
        words, log_p = [], 0.0
        for _ in range(longest):
            y = seq2seq.decode_teacher_forced(np.array([[*words, PAD]]).T, c[None], decoder)[-1, 0]
            words.append(int(y.argmax()))
            log_p += y.max() - np.logaddexp.reduce(y)
            if words[-1] == END:
                break
        answers.append(([*words, *[PAD] * (longest - len(words))], log_p))
    return {"words": np.array([w for w, _ in answers]).T, "log_p": [log_p for _, log_p in answers]}


def beam_by_sets(tables, K, alpha, end):
    beam, finished = {(): 0.0}, {}
    for t, table in enumerate(tables):
        longer = {(*w, k): p + table[(*w, k)] for w, p in beam.items() for k in range(table.shape[-1])}
        beam = dict(sorted(((p, w) for w, p in longer.items() if np.isfinite(p)), reverse=True)[:K])
        beam = {w: p for p, w in beam.items()}
        over = {w for w in beam if w[-1] == end or t == len(tables) - 1}
        finished.update((w, beam.pop(w)) for w in over)
    words = max(finished, key=lambda w: finished[w] / len(w) ** alpha)
    log_p = finished[words]
    return {"words": [*words, *[-1] * (len(tables) - len(words))], "log_p": log_p, "score": log_p / len(words) ** alpha}


def scheduled_by_loops(target, own, epsilon, rng):
    inputs = np.full(target.shape, START)
    for t, b in itertools.product(range(1, len(target)), range(target.shape[1])):
        inputs[t, b] = target[t - 1, b] if rng.random() < epsilon else own[t - 1, b]
    return inputs


VARIATIONS = [
    ("embed_backward", embed_backward_by_one_hot),
    ("greedy_decode", greedy_without_batch),
    ("beam_search", beam_by_sets),
    ("scheduled_inputs", scheduled_by_loops),
]


@pytest.mark.parametrize(("name", "variation"), VARIATIONS)
def test_another_way_gets_full_points(name, variation):
    for seed in SEEDS:
        verdict = getattr(check, name).run(variation, seed, getattr(seq2seq, name))
        assert verdict.right, str(verdict)
