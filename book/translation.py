"""The translation model of Part III: two GRUs and, if wanted, additive attention. Tensors in, tensors out; no drawing.

Times come first: source (S, B), target (T, B), both integers; masks of the same shapes. The equations are those of the
chapter seq2seq, with a GRU where the chapter writes a tanh cell.
"""

import contextlib
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from autograde.phrases import END, ENGLISH, GERMAN, PAD, START, english, german, to_ids


@dataclass(frozen=True)
class Pairs:
    """Sentences of two languages as tensors: source (S, N), target (T, N), and their masks."""

    source: torch.Tensor
    source_mask: torch.Tensor
    target: torch.Tensor
    target_mask: torch.Tensor

    def __len__(self):
        return self.source.shape[1]

    def batch(self, chosen):
        """The chosen sentences, without the steps that are padding for all of them."""
        S, T = (int(mask[:, chosen].sum(0).max()) for mask in (self.source_mask, self.target_mask))
        return Pairs(
            self.source[:S, chosen],
            self.source_mask[:S, chosen],
            self.target[:T, chosen],
            self.target_mask[:T, chosen],
        )


def pairs_of(sentences, where):
    """Pairs on the device `where` for sentences of `autograde.phrases`."""
    sides = to_ids([english(s) for s in sentences], ENGLISH), to_ids([german(s) for s in sentences], GERMAN)
    return Pairs(*(torch.as_tensor(array, device=where) for side in sides for array in side))


@contextlib.contextmanager
def seeded(seed):
    """Torch's generator at a seed, and afterwards back where it was."""
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(seed)
        yield


class Translator(nn.Module):
    """Encoder and decoder (eqs. seq2seq-encoder, seq2seq-decoder); with attention, the readout also sees a weighted
    mean of all encoder states (eq. seq2seq-attention)."""

    def __init__(self, D=48, H=96, attention=False):
        super().__init__()
        self.source_words = nn.Embedding(len(ENGLISH), D)
        self.target_words = nn.Embedding(len(GERMAN), D)
        self.encoder = nn.GRU(D, H)
        self.decoder = nn.GRU(D + H, H)
        self.attention = attention
        if attention:
            self.from_state = nn.Linear(H, H, bias=False)
            self.from_memory = nn.Linear(H, H, bias=False)
            self.score = nn.Linear(H, 1, bias=False)
            self.combine = nn.Linear(2 * H, H)
        self.readout = nn.Linear(H, len(GERMAN))

    def encode(self, source, mask):
        """All states h (S, B, H) and the context, the state after the last real word (B, H)."""
        h, _ = self.encoder(self.source_words(source))
        last = mask.sum(0).long() - 1
        return h, h[last, torch.arange(source.shape[1], device=source.device)]

    def decode(self, inputs, context, h, mask, state=None):
        """Scores (T, B, V), last state (B, H) and weights (T, B, S) or None, for the input words (T, B).

        state is where the decoder stands; None for its beginning, the context.
        """
        state = context if state is None else state
        fed = torch.cat([self.target_words(inputs), context.expand(len(inputs), -1, -1)], dim=2)
        s, last = self.decoder(fed, state[None])
        if not self.attention:
            return self.readout(s), last[0], None
        weights = self.weights(s, h, mask)
        attended = torch.einsum("tbj,jbh->tbh", weights, h)
        return self.readout(torch.tanh(self.combine(torch.cat([s, attended], dim=2)))), last[0], weights

    def weights(self, s, h, mask):
        """How much step t looks at word j: (T, B, S), zero at padding, summing to one."""
        fit = self.score(torch.tanh(self.from_state(s)[:, None] + self.from_memory(h)[None]))[..., 0]  # (T, S, B)
        fit = fit.masked_fill(mask[None] == 0, -torch.inf)
        return torch.softmax(fit, dim=1).transpose(1, 2)

    def forward(self, pairs):
        """Scores (T, B, V) under teacher forcing."""
        h, context = self.encode(pairs.source, pairs.source_mask)
        return self.decode(shifted(pairs.target), context, h, pairs.source_mask)[0]


def shifted(target):
    """The decoder's inputs under teacher forcing: START, then the target up to its last word but one."""
    return torch.cat([torch.full_like(target[:1], START), target[:-1]])


def own_words(net, pairs, epsilon, coins):
    """Scores (T, B, V) when each input is the right word with probability epsilon, else the decoder's own."""
    h, context = net.encode(pairs.source, pairs.source_mask)
    word, state, scores = torch.full_like(pairs.target[0], START), None, []
    for right in pairs.target:
        y, state, _ = net.decode(word[None], context, h, pairs.source_mask, state)
        scores.append(y[0])
        teacher = torch.as_tensor(coins.random(len(right)) < epsilon, device=right.device)
        word = torch.where(teacher, right, y[0].detach().argmax(1))  # eq. seq2seq-scheduled
    return torch.stack(scores)


def nll(scores, pairs):
    """Mean over the sentences of the summed -log p of their words (eq. seq2seq-nll)."""
    V = scores.shape[2]
    target = pairs.target.masked_fill(pairs.target_mask == 0, PAD).reshape(-1)
    each = functional.cross_entropy(scores.reshape(-1, V), target, reduction="none", ignore_index=PAD)
    return each.sum() / len(pairs)


def train(net, pairs, steps, seed, batch=64, rate=5e-3, teacher=None, watch=None):
    """Trains by Adam on batches of sentences of similar length; returns the net.

    teacher: None for the right word at every step, or epsilon as a function of the progress in [0, 1);
    watch(step, net) is called before each update where it is given.
    """
    rng = np.random.default_rng(seed)
    by_length = torch.argsort(pairs.source_mask.sum(0) + 0.01 * pairs.target_mask.sum(0), stable=True)
    optimizer = torch.optim.Adam(net.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1.0, 2 * (1 - step / steps)))
    for step in range(steps):
        if watch:
            watch(step, net)
        first = rng.integers(len(pairs) - batch + 1)
        chosen = pairs.batch(by_length[first : first + batch])
        epsilon = 1.0 if teacher is None else teacher(step / steps)
        scores = net(chosen) if epsilon >= 1 else own_words(net, chosen, epsilon, rng)
        loss = nll(scores, chosen)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    return net


def trained(pairs, seed, attention=False, D=48, H=96, **training):
    """A new net, trained; its start and its batches follow from the seed."""
    with seeded(seed):
        net = Translator(D, H, attention)
    return train(net.to(pairs.source.device), pairs, seed=seed, **training)


@torch.no_grad()
def greedy(net, pairs, longest=40):
    """The words that the net says when it takes the likeliest one at every step: (T, B), PAD after END."""
    return _said(net, pairs, longest, lambda y: y.argmax(1))


@torch.no_grad()
def sampled(net, pairs, rng, longest=40, temperature=1.0):
    """The same with every word drawn from the softmax of scores / temperature."""

    def draw(y):
        p = torch.softmax(y / temperature, dim=1).cumsum(1)
        u = torch.as_tensor(rng.random((len(y), 1)), device=y.device, dtype=y.dtype)
        return (p < u * p[:, -1:]).sum(1)

    return _said(net, pairs, longest, draw)


def _said(net, pairs, longest, choose):
    h, context = net.encode(pairs.source, pairs.source_mask)
    word, state = torch.full_like(pairs.target[0], START), None
    ended, said = torch.zeros_like(word, dtype=torch.bool), []
    while len(said) < longest and not ended.all():
        y, state, _ = net.decode(word[None], context, h, pairs.source_mask, state)
        word = torch.where(ended, PAD, choose(y[0]))
        ended |= word == END
        said.append(word)
    return torch.stack(said)


@torch.no_grad()
def beam(net, pairs, n, K, longest=40):
    """Finished hypotheses of a beam of width K for sentence n: list of (words with END, log p), best log p first.

    The search of eq. seq2seq-beam: the K best extensions are kept, and those that end here leave the beam.
    """
    one = pairs.batch(torch.tensor([n], device=pairs.source.device))
    h, context = net.encode(one.source, one.source_mask)
    state, word = context, torch.full_like(one.target[0], START)
    live, total, finished = [()], torch.zeros(1, device=word.device), []
    for t in range(longest):
        B = len(live)
        around = context.expand(B, -1).contiguous(), h.expand(-1, B, -1), one.source_mask.expand(-1, B)
        y, state, _ = net.decode(word[None], *around, state.contiguous())
        candidates = (total[:, None] + torch.log_softmax(y[0], dim=1)).reshape(-1)
        best, at = candidates.topk(min(K, len(candidates)))
        going, prefixes = [], []
        for i, (score, place) in enumerate(zip(best.tolist(), at.tolist(), strict=True)):
            parent, next_word = divmod(place, y.shape[2])
            said = (*live[parent], next_word)
            if next_word == END or t == longest - 1:
                finished.append((said, score))
            else:
                going.append((i, parent, next_word))
                prefixes.append(said)
        if not going:
            break
        live = prefixes
        total = best[[i for i, _, _ in going]]
        state = state[[parent for _, parent, _ in going]]
        word = torch.tensor([w for _, _, w in going], device=best.device)
    return sorted(finished, key=lambda hypothesis: -hypothesis[1])


@torch.no_grad()
def likely_words(net, pairs, n, depth, top):
    """The `top` likeliest words after every prefix made of such words, as a tree, for sentence n.

    A node is {"words": [str], "log_p": [number], "next": [node or None]}; None behind END and at the given depth.
    """
    one = pairs.batch(torch.tensor([n], device=pairs.source.device))
    h, context = net.encode(one.source, one.source_mask)
    root = {}
    nodes, state, word = [root], context, torch.full_like(one.target[0], START)
    for step in range(depth):
        B = len(nodes)
        around = context.expand(B, -1).contiguous(), h.expand(-1, B, -1), one.source_mask.expand(-1, B)
        y, state, _ = net.decode(word[None], *around, state.contiguous())
        log_p, ids = torch.log_softmax(y[0].double(), dim=1).topk(top)
        behind = []
        for b, node in enumerate(nodes):
            node["words"] = [GERMAN[i] for i in ids[b].tolist()]
            node["log_p"] = [round(value, 6) for value in log_p[b].tolist()]
            node["next"] = [None if i == END or step == depth - 1 else {} for i in ids[b].tolist()]
            behind += [
                (b, i, child) for i, child in zip(ids[b].tolist(), node["next"], strict=True) if child is not None
            ]
        if not behind:
            break
        nodes = [child for _, _, child in behind]
        state = state[[b for b, _, _ in behind]]
        word = torch.tensor([i for _, i, _ in behind], device=word.device)
    return root


@torch.no_grad()
def alignments(net, pairs, n):
    """Weights (T, S) of sentence n under teacher forcing: which source words each target word looks at."""
    one = pairs.batch(torch.tensor([n], device=pairs.source.device))
    h, context = net.encode(one.source, one.source_mask)
    return net.decode(shifted(one.target), context, h, one.source_mask)[2][:, 0].cpu().numpy()
