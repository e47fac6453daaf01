"""Does the page Notation tell the truth: are its shapes those of the arrays, and do its conversions convert?

Both tables are read from the page. Every deck's formula is written out below in the deck's own letters, loops and all,
and must give what the book's code gives after the conversion that the page states.
"""

import inspect
from pathlib import Path

import numpy as np
import pytest

from solutions import attention, bptt, gru, hopfield, kalman, lstm, rnn, seq2seq

PAGE = Path(__file__).parent.parent / "book" / "notation.md"
SIZES = {"T": 6, "B": 3, "D": 2, "H": 4, "C": 5}
ROUNDING = {"rtol": 0, "atol": 1e-13}  # sums of a few dozen float64 numbers of order one
DIFFERENCES = {"rtol": 0, "atol": 1e-8}  # central differences with a step of 1e-5


def tables():
    """The page's tables: list of (heading above it, header cells, rows of cells)."""
    found, heading, lines = [], None, []
    for line in [*PAGE.read_text(encoding="utf-8").splitlines(), ""]:
        if line.startswith("|"):
            lines.append([cell.strip() for cell in line.strip("|").split("|")])
            continue
        if lines:
            header, _, *rows = lines
            assert all(len(row) == len(header) for row in rows), f"ragged table under {heading!r}"
            found.append((heading, header, rows))
            lines = []
        if line.startswith("#"):
            heading = line.lstrip("# ")
    return found


def symbol_rows():
    """Rows of the table of symbols as (name in code, shape)."""
    (rows,) = [rows for heading, _, rows in tables() if heading == "Symbols"]
    return [(row[3].strip("`"), row[2].strip("`")) for row in rows]


def deck_rows():
    """Rows of the decks' tables as (thing, deck)."""
    return [(heading, row[0]) for heading, header, rows in tables() if header[0] == "deck" for row in rows]


# The book's own names, one array each


def tanh_case(rng):
    """A tanh network with a batch: inputs, parameters, states and a direct gradient for every step."""
    T, B, D, H = (SIZES[name] for name in "TBDH")
    case = {
        "x": rng.normal(size=(T, B, D)),
        "h0": rng.normal(size=(B, H)),
        "W_hx": rng.normal(size=(H, D)),
        "W_hh": rng.normal(size=(H, H)) / np.sqrt(H),
        "b_h": rng.normal(size=H),
        "dh": rng.normal(size=(T, B, H)),
    }
    forward = bptt.truncated_bptt(**case, window=T)
    return case | {"h": forward["h"]}


def case_of(case):
    """What truncated_bptt takes of a case."""
    return {name: case[name] for name in ("x", "h0", "W_hx", "W_hh", "b_h", "dh")}


def backward(case):
    return bptt.rnn_backward(case["x"], case["h"], case["W_hx"], case["W_hh"], case["dh"])


def neuron_case(rng):
    T = SIZES["T"]
    x, target = rng.normal(size=T), rng.uniform(size=T)
    u, w = rng.normal(), rng.normal()
    return x, target, u, w, bptt.neuron_forward(x, u, w)


def preactivations(case):
    return np.array(
        [case["x"][t] @ case["W_hx"].T + case["h"][t] @ case["W_hh"].T + case["b_h"] for t in range(SIZES["T"])]
    )


def sensitivities(case):
    """dh_T/dtheta of the first sequence by central differences: what rtrl carries along as P."""

    def last_state(**changed):
        c = case | changed
        h = bptt.truncated_bptt(
            c["x"][:, :1], c["h0"][:1], c["W_hx"], c["W_hh"], c["b_h"], c["dh"][:, :1], window=SIZES["T"]
        )
        return h["h"][-1, 0]

    return {
        f"P_{name.split('_')[1]}": np.array(
            [
                bptt.numerical_gradient(lambda p, name=name, i=i: last_state(**{name: p})[i], case[name])
                for i in range(SIZES["H"])
            ]
        )
        for name in ("W_hx", "W_hh", "b_h")
    }


def readout_case(rng):
    """A network with a readout, and which of its steps are real."""
    case = tanh_case(rng)
    T, B, H, C = (SIZES[name] for name in "TBHC")
    W_yh, b_y = rng.normal(size=(C, H)), rng.normal(size=C)
    return case | {"W_yh": W_yh, "b_y": b_y, "y": case["h"][1:] @ W_yh.T + b_y, "mask": np.ones((T, B))}


def book_arrays(rng):
    case = tanh_case(rng)
    _, target, u, w, _ = neuron_case(rng)
    gradients = backward(case)
    slope = 1 - case["h"][1:] ** 2
    # delta from its definition, through dL/dh_t of every step: the tail of the sequence seen from h_t
    delta = np.empty_like(case["dh"])
    for t in range(SIZES["T"]):
        tail = bptt.rnn_backward(
            case["x"][t + 1 :], case["h"][t + 1 :], case["W_hx"], case["W_hh"], case["dh"][t + 1 :]
        )
        delta[t] = slope[t] * (case["dh"][t] + tail["dh0"])
    np.testing.assert_allclose(np.tanh(preactivations(case)), case["h"][1:], **ROUNDING)
    np.testing.assert_allclose(np.einsum("tbh,tbk->hk", delta, case["h"][:-1]), gradients["dW_hh"], **ROUNDING)
    defaults = inspect.signature(bptt.numerical_gradient).parameters
    scalars = {"u": u, "w": w, "target": target, "window": 2, "eps": defaults["eps"].default}
    np.testing.assert_array_equal(bptt.truncated_bptt(**case_of(case), window=scalars["window"])["h"], case["h"])
    derived = {"a": preactivations(case), "delta": delta}
    readout = readout_case(rng)
    readout = {name: readout[name] for name in ("W_yh", "b_y", "y", "mask")}
    return case | readout | gradients | scalars | derived | sensitivities(case)


@pytest.fixture(scope="module")
def arrays():
    return book_arrays(np.random.default_rng(0))


@pytest.mark.parametrize(("name", "shape"), symbol_rows())
def test_symbol_has_the_shape_on_the_page(name, shape, arrays):
    sizes = [part for part in shape.strip("()").split(",") if part.strip()]
    expected = tuple(SIZES["T"] + 1 if part.strip() == "T+1" else SIZES[part.strip()] for part in sizes)
    assert np.shape(arrays[name]) == expected


def test_sensitivities_on_the_page_give_the_gradient_of_the_last_state(arrays):
    """P_t contracted with dL/dh_t is the gradient when only step T has a loss: the meaning of the three P rows."""
    only_last = np.zeros((SIZES["T"], SIZES["H"]))
    only_last[-1] = arrays["dh"][-1, 0]
    first = {name: arrays[name] for name in ("W_hx", "W_hh", "b_h")}
    gradients = bptt.rtrl(x=arrays["x"][:, 0], h0=arrays["h0"][0], dh=only_last, **first)
    for name in ("W_hx", "W_hh", "b_h"):
        contracted = np.tensordot(only_last[-1], arrays[f"P_{name.split('_')[1]}"], axes=1)
        np.testing.assert_allclose(contracted, gradients[f"d{name}"], **DIFFERENCES)


# The decks, letter by letter: each function returns (the deck's result, the book's result)


def step_a(rng):
    case = tanh_case(rng)
    U, W, b = case["W_hx"], case["W_hh"], case["b_h"]
    h = case["h0"][0]
    for t in range(SIZES["T"]):
        h = np.tanh(b + W @ h + U @ case["x"][t, 0])
    return h, case["h"][-1, 0]


def step_b(rng):
    case = tanh_case(rng)
    W = np.hstack([case["W_hx"], case["W_hh"]])
    h = case["h0"][0]
    for t in range(SIZES["T"]):
        h = np.tanh(W @ np.concatenate([case["x"][t, 0], h]))
    book = {name: case[name] for name in ("x", "h0", "W_hx", "W_hh", "dh")}
    return h, bptt.truncated_bptt(b_h=np.zeros(SIZES["H"]), window=SIZES["T"], **book)["h"][-1, 0]


def step_c(rng):
    case = tanh_case(rng)
    W, b = np.hstack([case["W_hx"], case["W_hh"]]).T, case["b_h"]
    h = case["h0"][0]
    for t in range(SIZES["T"]):
        h = np.tanh(W.T @ np.concatenate([case["x"][t, 0], h]) + b)
    return h, case["h"][-1, 0]


def step_d(rng):
    case = tanh_case(rng)
    U, W, b = case["W_hx"], case["W_hh"], case["b_h"]
    h = case["h0"][0]
    for t in range(SIZES["T"]):
        h = np.tanh(W @ h + U @ case["x"][t, 0] + b)
    return h, case["h"][-1, 0]


def step_e(rng):
    case = tanh_case(rng)
    W_xh, W_hh, b_h = case["W_hx"].T, case["W_hh"].T, case["b_h"]
    h = case["h0"][:1]  # a row
    for t in range(SIZES["T"]):
        h = np.tanh(h @ W_hh + case["x"][t, :1] @ W_xh + b_h)
    return h[0], case["h"][-1, 0]


def readout_a(rng):
    case = readout_case(rng)
    V, c, t = case["W_yh"], case["b_y"], 3
    o = c + V @ case["h"][t, 0]
    y_hat = np.exp(o) / np.exp(o).sum()
    # The book has no softmax of its own, but the loss of a single step is minus the logarithm of an entry
    one, seen = np.zeros((1, 1), dtype=int), np.ones((1, 1))
    books = [rnn.sequence_nll(case["y"][t - 1 : t, :1], one + k, seen)[0] for k in range(SIZES["C"])]
    return np.concatenate([o, -np.log(y_hat)]), np.concatenate([case["y"][t - 1, 0], books])


def readout_e(rng):
    case = readout_case(rng)
    W_hy, b_y = case["W_yh"].T, case["b_y"]
    return np.tanh(case["h"][3, :1] @ W_hy + b_y)[0], np.tanh(case["y"][2, 0])


def logistic(a):
    return 1 / (1 + np.exp(-a))


def neuron_a(rng):
    x, _, u, w, h_book = neuron_case(rng)
    h = [0.0]
    for t in range(1, SIZES["T"] + 1):
        h.append(logistic(u * x[t - 1] + w * h[t - 1]))
    return np.array(h), h_book


def loss_slope(x, target, u, w, loss):
    """The book has no loss function, but neuron_bptt holds its gradient: dL/dw of a deck's loss must be that."""
    (slope,) = bptt.numerical_gradient(lambda p: loss(x, target, u, p[0]), np.array([w]))
    return slope, bptt.neuron_bptt(x, target, u, w)["dw"]


def loss_a(rng):
    def loss(x, target, u, w):
        h = bptt.neuron_forward(x, u, w)
        return sum(0.5 * (h[t] - target[t - 1]) ** 2 for t in range(1, SIZES["T"] + 1))

    return loss_slope(*neuron_case(rng)[:4], loss)


def loss_b(rng):
    def F(h_t):
        return h_t

    def Loss(y_t, GT_t):
        return (y_t - GT_t) ** 2 / 2

    def loss(x, target, u, w):
        h = bptt.neuron_forward(x, u, w)
        return sum(Loss(F(h[t]), target[t - 1]) for t in range(1, SIZES["T"] + 1))

    return loss_slope(*neuron_case(rng)[:4], loss)


def error_a(rng):
    x, target, u, w, h = neuron_case(rng)
    T = SIZES["T"]
    delta = np.zeros(T + 2)  # delta[1] ... delta[T], and delta[T + 1] = 0
    for t in range(T, 0, -1):
        a = u * x[t - 1] + w * h[t - 1]
        delta[t] = ((h[t] - target[t - 1]) + delta[t + 1] * w) * logistic(a) * (1 - logistic(a))
    return delta[1 : T + 1], bptt.neuron_bptt(x, target, u, w)["delta"]


def last_step_case(rng):
    """A case in which the last step alone has a loss."""
    case = tanh_case(rng)
    case["dh"][:-1] = 0
    return case


def error_b(rng):
    case = last_step_case(rng)
    row = case["dh"][-1, 0]
    for t in range(SIZES["T"], 1, -1):
        jacobian = np.array(
            [[(1 - case["h"][t, 0, i] ** 2) * case["W_hh"][i, j] for j in range(SIZES["H"])] for i in range(SIZES["H"])]
        )
        row = row @ jacobian
    delta_1 = (1 - case["h"][1, 0] ** 2) * row
    return case["W_hx"].T @ delta_1, backward(case)["dx"][0, 0]  # eq. bptt-dx: dx_1 shows the book's delta_1


def error_d(rng):
    case = last_step_case(rng)
    U, W, b = case["W_hx"], case["W_hh"], case["b_h"]
    row = case["dh"][-1, 0]
    for tau in range(SIZES["T"], 1, -1):
        slope = 1 - np.tanh(W @ case["h"][tau - 1, 0] + U @ case["x"][tau - 1, 0] + b) ** 2
        row = row @ np.diag(slope) @ W
    slope_1 = 1 - np.tanh(W @ case["h"][0, 0] + U @ case["x"][0, 0] + b) ** 2
    return U.T @ (slope_1 * row), backward(case)["dx"][0, 0]


def array_c(rng):
    case = tanh_case(rng)
    X = case["x"][:, 0]
    book = {name: case[name] for name in ("W_hx", "W_hh", "b_h")}
    one = bptt.truncated_bptt(x=X[:, None], h0=case["h0"][:1], dh=case["dh"][:, :1], window=SIZES["T"], **book)
    return one["h"][:, 0], case["h"][:, 0]


def array_e(rng):
    case = tanh_case(rng)
    batch = np.stack([case["x"][:, b] for b in range(SIZES["B"])])
    assert batch.shape == (SIZES["B"], SIZES["T"], SIZES["D"])
    return np.swapaxes(batch, 0, 1), case["x"]


def gru_case(rng):
    """A GRU with the reset gate before the product: inputs, first state, stacked weights, and the same in blocks."""
    T, D, H = (SIZES[name] for name in "TDH")
    x, h0 = rng.normal(size=(T, 1, D)), rng.normal(size=(1, H))
    W_hx, W_hh, b_hx = rng.normal(size=(3 * H, D)), rng.normal(size=(3 * H, H)), rng.normal(size=3 * H)
    blocks = [(W_hx[k * H : (k + 1) * H], W_hh[k * H : (k + 1) * H], b_hx[k * H : (k + 1) * H]) for k in range(3)]
    return x, h0, blocks, gru.gru_forward(x, h0, W_hx, W_hh, b_hx, np.zeros(3 * H), "before")[:, 0]


def gru_a(rng):
    xs, h0, ((U_r, W_r, b_r), (U_u, W_u, b_u), (U, W, b)), book = gru_case(rng)
    h = [h0[0]]
    for x in xs[:, 0]:
        old, new = h[-1], np.empty_like(h[-1])
        u, r = logistic(b_u + U_u @ x + W_u @ old), logistic(b_r + U_r @ x + W_r @ old)
        for i in range(len(old)):
            heard = sum(U[i, j] * x[j] for j in range(len(x))) + sum(W[i, j] * r[j] * old[j] for j in range(len(old)))
            new[i] = u[i] * old[i] + (1 - u[i]) * np.tanh(b[i] + heard)
        h.append(new)
    return np.array(h), book


def gru_d(rng):
    xs, h0, ((U_r, W_r, b_r), (W_zx, W_zh, b_z), (U, W, b_h)), book = gru_case(rng)
    W_u, U_u, b_u = -W_zh, -W_zx, -b_z
    h = [h0[0]]
    for x in xs[:, 0]:
        u, r = logistic(W_u @ h[-1] + U_u @ x + b_u), logistic(W_r @ h[-1] + U_r @ x + b_r)
        h.append((1 - u) * h[-1] + u * np.tanh(W @ (r * h[-1]) + U @ x + b_h))
    return np.array(h), book


def mut1_d(rng):
    H = SIZES["H"]
    W_xz, W_xr, W_hr, W_hh = (rng.normal(size=(H, H)) for _ in range(4))
    b_z, b_r, b_h = (rng.normal(size=H) for _ in range(3))
    h = [rng.normal(size=H)]
    book = [h[0]]
    for x_t in rng.normal(size=(SIZES["T"], H)):
        z, r = logistic(W_xz @ x_t + b_z), logistic(W_xr @ x_t + W_hr @ h[-1] + b_r)
        h.append(np.tanh(W_hh @ (r * h[-1]) + np.tanh(x_t) + b_h) * z + h[-1] * (1 - z))
        step = gru.mut1_step(x_t[None], book[-1][None], W_xz, b_z, W_xr, W_hr, b_r, np.eye(H), W_hh, b_h)
        book.append(step[0])
    return np.array(h), np.array(book)


def kalman_case(rng):
    """A linear Gaussian model with constant noise, and observations."""
    T, D, H = SIZES["T"], SIZES["D"], SIZES["H"]
    model = {
        "h0": rng.normal(size=H),
        "S0": np.diag(rng.uniform(0.5, 2, size=H)),
        "F": rng.normal(size=(H, H)) / np.sqrt(H),
        "A": rng.normal(size=(D, H)),
        "R": np.diag(rng.uniform(0.5, 2, size=H)),
    }
    V = np.diag(rng.uniform(0.5, 2, size=D))
    return rng.normal(size=(T, D)), model, V


def kalman_d(rng):
    x, model, V = kalman_case(rng)
    B, A, R = model["F"], model["A"], model["R"]
    h_arrow, P = B @ model["h0"], B @ model["S0"] @ B.T + R  # mu_1, R_1
    h_bars, Sigmas = [], []
    for t in range(SIZES["T"]):
        if t > 0:
            h_arrow, P = B @ h_bars[-1], B @ Sigmas[-1] @ B.T + R
        K = P @ A.T @ np.linalg.inv(A @ P @ A.T + V)
        h_bars.append(h_arrow + K @ (x[t] - A @ h_arrow))
        Sigmas.append((np.eye(SIZES["H"]) - K @ A) @ P)
    book = kalman.kalman_filter(x, V=np.tile(V, (SIZES["T"], 1, 1)), **model)
    deck = np.concatenate([np.ravel(h_bars), np.ravel(Sigmas)])
    return deck, np.concatenate([book["h_hat"][1:].ravel(), book["S"][1:].ravel()])


def kalman_gate_d(rng):
    a, p, v, h_arrow, x_t = *rng.uniform(0.5, 2, size=3), *rng.normal(size=2)
    u_t = a**2 * p / (a**2 * p + v)
    book = kalman.kalman_update(np.array([h_arrow]), np.array([[p]]), np.array([x_t]), np.array([[a]]), np.array([[v]]))
    gate = kalman.kalman_gate(np.array([p]), np.array([a]), np.array([v]))["u"][0]
    return np.array([(1 - u_t) * h_arrow + u_t * x_t / a, u_t]), np.array([book["h_hat"][0], gate])


def embed_d(rng):
    words, E = rng.integers(SIZES["C"], size=(SIZES["T"], SIZES["B"])), rng.normal(size=(SIZES["C"], SIZES["D"]))
    W = np.column_stack(list(E))
    columns = [[W @ np.eye(SIZES["C"])[:, word] for word in row] for row in words]
    return np.array(columns), seq2seq.embed(words, E)


def translation_d(rng):
    T, N, H, V = (SIZES[name] for name in "TBHC")
    z, w, y = rng.normal(size=(T, N, H)), rng.normal(size=(V, H)), rng.integers(V, size=(T, N))
    lengths = rng.integers(1, T + 1, size=N)
    total = 0.0
    for n in range(N):
        for t in range(lengths[n]):
            odds = [np.exp(w[i] @ z[t, n]) for i in range(V)]
            total += np.log(odds[y[t, n]] / sum(odds))
    weight = (np.arange(T)[:, None] < lengths) / N
    return -total / N, seq2seq.token_nll_and_grad(z @ w.T, y, weight)["loss"]


def lstm_case(rng, blocks="ifgo"):
    """An LSTM with one sequence: inputs, initial states and {block: (U, W, b)}; c and h come from the book's code."""
    D, H = SIZES["D"], SIZES["H"]
    parts = {k: (rng.normal(size=(H, D)), rng.normal(size=(H, H)) / 2, rng.normal(size=H)) for k in blocks}
    return rng.normal(size=(SIZES["T"], 1, D)), rng.normal(size=(1, H)) / 2, rng.normal(size=(1, H)), parts


def lstm_book(xs, h0, c0, parts):
    """c and h of the book, side by side, for all steps; without a block f by the step of 1997."""
    weights = [np.concatenate([parts[k][n] for k in parts]) for n in range(3)]
    if "f" in parts:
        run = lstm.lstm_forward(xs, h0, c0, *weights)
        return np.concatenate([run["c"][:, 0], run["h"][:, 0]], axis=1)
    h, c, rows = h0, c0, [np.concatenate([c0[0], h0[0]])]
    for x in xs:
        new = lstm.lstm_1997_step(x, h, c, *weights)
        h, c = new["h"], new["c"]
        rows.append(np.concatenate([c[0], h[0]]))
    return np.array(rows)


def lstm_a(rng):
    xs, h0, c0, parts = lstm_case(rng)
    (U_g, W_g, b_g), (U_f, W_f, b_f), (U, W, b), (U_o, W_o, b_o) = parts.values()
    h, s, rows = h0[0], c0[0], [np.concatenate([c0[0], h0[0]])]
    for x in xs[:, 0]:
        old, old_h, s, h = s, h, np.empty_like(s), np.empty_like(h)
        for i in range(len(s)):
            g = logistic(b_g[i] + sum(U_g[i] * x) + sum(W_g[i] * old_h))
            f = logistic(b_f[i] + sum(U_f[i] * x) + sum(W_f[i] * old_h))
            q = logistic(b_o[i] + sum(U_o[i] * x) + sum(W_o[i] * old_h))
            s[i] = f * old[i] + g * np.tanh(b[i] + sum(U[i] * x) + sum(W[i] * old_h))
            h[i] = np.tanh(s[i]) * q
        rows.append(np.concatenate([s, h]))
    return np.array(rows), lstm_book(xs, h0, c0, parts)


def lstm_b(rng, blocks="ifgo"):
    xs, h0, c0, parts = lstm_case(rng, blocks)
    U, W, b = parts["g"]
    parts["g"] = (U, W, 0 * b)
    stacked = {k: (np.hstack([U, W]), b) for k, (U, W, b) in parts.items()}
    h, c, rows = h0[0], c0[0], [np.concatenate([c0[0], h0[0]])]
    for x in xs[:, 0]:
        heard = np.concatenate([x, h])
        gates = {k: logistic(W @ heard + b) for k, (W, b) in stacked.items() if k != "g"}
        c = gates.get("f", 1.0) * c + gates["i"] * np.tanh(stacked["g"][0] @ heard)
        h = gates["o"] * np.tanh(c)
        rows.append(np.concatenate([c, h]))
    return np.array(rows), lstm_book(xs, h0, c0, parts)


def lstm_1997_b(rng):
    return lstm_b(rng, "igo")


def lstm_d(rng):
    xs, h0, c0, parts = lstm_case(rng)
    (U_i, W_i, b_i), (U_f, W_f, b_f), (U_c, W_c, b_c), (U_o, W_o, b_o) = parts.values()
    h, c, rows = h0[0], c0[0], [np.concatenate([c0[0], h0[0]])]
    for x in xs[:, 0]:
        f, i = logistic(W_f @ h + U_f @ x + b_f), logistic(W_i @ h + U_i @ x + b_i)
        o = logistic(W_o @ h + U_o @ x + b_o)
        c = f * c + i * np.tanh(W_c @ h + U_c @ x + b_c)
        h = o * np.tanh(c)
        rows.append(np.concatenate([c, h]))
    return np.array(rows), lstm_book(xs, h0, c0, parts)


def lstm_e(rng):
    xs, h0, c0, parts = lstm_case(rng)
    turned = {k: (U.T, W.T, b) for k, (U, W, b) in parts.items()}
    h, c, rows = h0, c0, [np.concatenate([c0[0], h0[0]])]
    for x in xs:
        f, i, o = (logistic(x @ turned[k][0] + h @ turned[k][1] + turned[k][2]) for k in "fio")
        g = np.tanh(x @ turned["g"][0] + h @ turned["g"][1] + turned["g"][2])
        c = f * c + g * i
        h = o * np.tanh(c)
        rows.append(np.concatenate([c[0], h[0]]))
    return np.array(rows), lstm_book(xs, h0, c0, parts)


def carousel(rng, add):
    xs, _, c0, parts = lstm_case(rng, "g")
    U, _, b = parts["g"]
    s = [c0[0]]
    for x in xs[:, 0]:
        s.append(add(s[-1], U @ x + b))
    return np.array(s), lstm.cec_forward(xs, c0, U, b)[:, 0]


def carousel_a(rng):
    def add(s, arriving):
        x_t = np.tanh(arriving)
        return s + x_t

    return carousel(rng, add)


def carousel_c(rng):
    def add(c_s, net_in):
        c_in = np.array([np.tanh(net) for net in net_in])
        return c_s + c_in

    return carousel(rng, add)


def hopfield_c(rng):
    """Every unit visited once from the same state: the deck's row of that unit, without its diagonal."""
    D, N = 9, SIZES["C"]
    x = rng.choice([-1.0, 1.0], size=(N, D))
    W = sum(np.outer(x_i, x_i) for x_i in x)
    xi, b_book = rng.choice([-1.0, 1.0], size=D), 0.3 * rng.normal(size=D)
    b = D * b_book
    deck, book = np.empty(D), np.empty(D)
    for i in range(D):
        row = W[i].copy()
        row[i] = 0
        deck[i] = np.sign(row @ xi - b[i])
        book[i] = hopfield.hopfield_recall(xi, hopfield.hebbian_weights(x), b_book, np.array([i]))["xi"][i]
    weights = D * hopfield.hebbian_weights(x) + N * np.eye(D)
    return np.concatenate([deck, W.ravel()]), np.concatenate([book, weights.ravel()])


def pooling_c(rng):
    T, D = SIZES["T"], SIZES["D"]
    X, w = rng.normal(size=(T, D)), rng.normal(size=D)
    a_star = [np.tanh(w @ x) for x in X]
    a = [np.exp(value) / sum(np.exp(a_star)) for value in a_star]
    h = np.zeros(D)
    for i in range(T):
        h = h + a[i] * X[i]
    return h, attention.attention_pool(X[:, None], np.tanh(X @ w)[:, None], np.ones((T, 1)))["a"][0]


CONVERSIONS = {
    ("One step", "A"): step_a,
    ("One step", "B"): step_b,
    ("One step", "C"): step_c,
    ("One step", "D"): step_d,
    ("One step", "E"): step_e,
    ("Readout", "A"): readout_a,
    ("Readout", "E"): readout_e,
    ("One neuron", "A"): neuron_a,
    ("Loss of a step", "A"): loss_a,
    ("Loss of a step", "B"): loss_b,
    ("Error signal", "A"): error_a,
    ("Error signal", "B"): error_b,
    ("Error signal", "D"): error_d,
    ("Sequences in an array", "C"): array_c,
    ("Sequences in an array", "E"): array_e,
    ("Gated recurrent unit", "A"): gru_a,
    ("Gated recurrent unit", "D"): gru_d,
    ("MUT1", "D"): mut1_d,
    ("Prediction and correction", "D"): kalman_d,
    ("Kalman gate", "D"): kalman_gate_d,
    ("Word vectors", "D"): embed_d,
    ("Loss of a translation", "D"): translation_d,
    ("Pooling by attention", "C"): pooling_c,
    ("Hopfield network", "C"): hopfield_c,
    ("Carousel", "A"): carousel_a,
    ("Carousel", "C"): carousel_c,
    ("Cell of 1997", "B"): lstm_1997_b,
    ("LSTM", "A"): lstm_a,
    ("LSTM", "B"): lstm_b,
    ("LSTM", "D"): lstm_d,
    ("LSTM", "E"): lstm_e,
}


def test_every_line_about_a_deck_has_a_test_and_every_test_its_line():
    assert sorted(deck_rows()) == sorted(CONVERSIONS)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("row", deck_rows(), ids=lambda row: f"{row[0]}, {row[1]}")
def test_deck_formula_equals_the_books_after_conversion(row, seed):
    deck, book = CONVERSIONS[row](np.random.default_rng(seed))
    np.testing.assert_allclose(deck, book, **(DIFFERENCES if row[0] == "Loss of a step" else ROUNDING))
