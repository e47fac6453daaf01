/* One recurrent neuron, unfolded in time: forward through the states, back through the deltas, with a slider for w and
 * one for the window of truncated backpropagation. Data: activation, x (T), target (T), u, w, T. */
(function () {
  "use strict";

  const { el, svg, symbol, number, slider, player, onWidth } = window.live;

  const ACTIVATIONS = {
    logistic: { f: (a) => 1 / (1 + Math.exp(-a)), slope: (h) => h * (1 - h) },
  };

  /** States h_0 … h_T (eq. bptt-neuron). */
  function forward({ x, u }, w, { f }) {
    const h = [0];
    x.forEach((x_t, t) => h.push(f(u * x_t + w * h[t])));
    return h;
  }

  /** Deltas and gradients (eqs. bptt-neuron-delta, bptt-neuron-grads); the sweep restarts from 0 at a window's end. */
  function backward({ x, target }, w, h, window, { slope }) {
    const T = x.length;
    const delta = new Array(T).fill(0);
    for (let t = T - 1; t >= 0; t -= 1) {
      const next = endsWindow(t + 1, window, T) ? 0 : delta[t + 1];
      delta[t] = (h[t + 1] - target[t] + w * next) * slope(h[t + 1]);
    }
    return { delta, du: delta.map((d, t) => d * x[t]), dw: delta.map((d, t) => d * h[t]) };
  }

  /** Whether step t (counted from 1) is the last of its window. */
  function endsWindow(t, window, T) {
    return t % window === 0 || t === T;
  }

  const sumFrom = (values, first) => values.slice(first).reduce((total, value) => total + value, 0);

  function build(ui, data) {
    const T = data.x.length;
    const activation = ACTIVATIONS[data.activation];
    const state = { w: data.w, window: T, position: 0, width: 0 };

    const stage = el("div", { class: "live-stage", tabindex: 0, role: "group",
      "aria-label": "The unfolded neuron. Arrow keys step through the forward and the backward pass." });
    const status = el("p", { class: "live-status", "aria-live": "polite" });
    const cell = (name) => el("td", { "data-name": name });
    const cells = {};
    const line = (name, label) => {
      const row = ["window", "full", "difference"].map((kind) => (cells[`${name}-${kind}`] = cell(`${name}-${kind}`)));
      return el("tr", {}, el("th", { scope: "row" }, label), ...row);
    };
    const windowHead = el("span");
    const readout = el("table", { class: "live-readout" },
      el("caption", {}, "Sums over the steps swept so far; the bars show their parts"),
      el("thead", {}, el("tr", {}, el("td"),
        el("th", { scope: "col" }, el("i", { class: "live-swatch part" }), windowHead),
        el("th", { scope: "col" }, el("i", { class: "live-swatch whole" }), "full"),
        el("th", { scope: "col" }, "difference"))),
      el("tbody", {}, line("dw", "∂L/∂w"), line("du", "∂L/∂u")));

    const weight = slider({ name: "w", label: "weight w", min: -8, max: 8, step: 0.05, value: data.w,
      format: (value) => number(value, 2), oninput: (value) => { state.w = value; draw(); } });
    const cut = slider({ name: "window", label: "window", min: 1, max: T, step: 1, value: T,
      format: (value) => `${value} of ${T} steps`, oninput: (value) => { state.window = value; draw(); } });
    const steps = player({ stage, length: 2 * T, onmove: (position) => { state.position = position; draw(); } });

    ui.append(stage, steps.element, status, el("div", { class: "live-sliders" }, weight.element, cut.element), readout);
    stage.addEventListener("scroll", holdNames);
    onWidth(ui, (width) => { state.width = width; draw(); });
    steps.go(0);

    function draw() {
      const h = forward(data, state.w, activation);
      const truncated = backward(data, state.w, h, state.window, activation);
      const full = backward(data, state.w, h, T, activation);
      const seen = Math.min(state.position, T); // states h_1 … h_seen are there
      const first = state.position > T ? 2 * T - state.position : T; // deltas of steps first + 1 … T are there
      if (state.width > 0) {
        stage.replaceChildren(picture({ h, truncated, full, seen, first }));
        follow(state.position > T ? first + 1 : seen);
      }

      windowHead.textContent = `window ${state.window}`;
      for (const name of ["dw", "du"]) {
        const part = sumFrom(truncated[name], first);
        const whole = sumFrom(full[name], first);
        for (const [kind, value] of [["window", part], ["full", whole], ["difference", part - whole]]) {
          cells[`${name}-${kind}`].textContent = number(value, 5);
          cells[`${name}-${kind}`].dataset.value = value;
        }
      }
      status.textContent = sentence(h, truncated, seen, first);
    }

    /** Where the stage scrolls: keeps the column of step t in view. */
    function follow(t) {
      const hidden = stage.scrollWidth - stage.clientWidth;
      if (hidden > 0) stage.scrollLeft = hidden * Math.min(Math.max((t - 2) / (T - 3), 0), 1);
      holdNames();
    }

    function holdNames() {
      stage.querySelector(".live-names")?.setAttribute("transform", `translate(${stage.scrollLeft})`);
    }

    function sentence(h, { delta, dw }, seen, first) {
      const p = state.position;
      if (p === 0) return "Before the first step: h₀ = 0. Press Next, or the right arrow key.";
      const sub = (t) => String(t).replace(/\d/g, (digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]);
      if (p <= T) {
        const from = seen === 1 ? "h₀ = 0" : `h${sub(seen - 1)} = ${number(h[seen - 1])}`;
        return `Forward, step ${seen} of ${T}: from x${sub(seen)} = ${number(data.x[seen - 1], 2)} and ${from} ` +
          `comes h${sub(seen)} = ${number(h[seen])}; the target is ${number(data.target[seen - 1], 2)}.`;
      }
      const t = first + 1;
      const later = t === T ? `nothing comes after step ${T}, so δ${sub(T + 1)} = 0`
        : endsWindow(t, state.window, T) ? `the window ends here, so δ${sub(t + 1)} counts as 0`
        : `δ${sub(t + 1)} = ${number(delta[t], 4)} comes back through w`;
      return `Backward, step ${t}: ${later}; δ${sub(t)} = ${number(delta[first], 4)} adds ` +
        `δ${sub(t)} h${sub(t - 1)} = ${number(dw[first], 4)} to ∂L/∂w.`;
    }

    /** The graph over a table of its numbers. Columns have a least width; a stage too narrow for them scrolls. */
    function picture({ h, truncated, full, seen, first }) {
      const head = 44;
      const step = Math.max((state.width - head) / (T + 0.1), 41);
      const width = Math.max(state.width, head + step * (T + 0.1));
      const decimals = step < 52 ? 3 : 4;
      const X = (t) => (t === 0 ? 18 : head + step * (t - 0.45)); // centre of step t; h_0 sits at the left
      const r = Math.min(17, step / 3);
      const y = { loss: 22, state: 92, input: 162 };
      const rows = [
        { name: "x", label: symbol("x", "t"), list: data.x, from: 0, to: T, decimals: 2 },
        { name: "target", label: symbol("h", "t", "∗"), list: data.target, from: 0, to: T, decimals: 2 },
        { name: "h", label: symbol("h", "t"), list: h.slice(1), from: 0, to: seen, decimals: 3, kind: "forward" },
        { name: "delta", label: symbol("δ", "t"), list: truncated.delta, from: first, to: T, decimals, kind: "back" },
        { name: "dw", label: [...symbol("δ", "t"), ...symbol("h", "t−1")], list: truncated.dw, from: first, to: T,
          decimals, kind: "back" },
        { name: "du", label: [...symbol("δ", "t"), ...symbol("x", "t")], list: truncated.du, from: first, to: T,
          decimals, kind: "back" },
      ];
      const top = y.input + r + 24;
      const reach = 34;
      const axis = top + 23 * rows.length + reach;
      const height = axis + reach + 4;
      const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img",
        "aria-label": `${T} copies of one neuron in a row, the state of each passed on to the next; below them, the ` +
          "numbers of each step and what it contributes to the gradient." });
      const draw = (tag, attributes, ...children) => root.append(svg(tag, attributes, ...children));
      const arrow = (kind, [x1, y1], [x2, y2]) => {
        const size = Math.hypot(x2 - x1, y2 - y1);
        const [ux, uy] = [(x2 - x1) / size, (y2 - y1) / size];
        const tip = (side) => `${x2 - 7 * ux - 3.5 * side * uy},${y2 - 7 * uy + 3.5 * side * ux}`;
        draw("line", { x1, y1, x2: x2 - 5 * ux, y2: y2 - 5 * uy, class: `live-line ${kind}` });
        draw("polygon", { points: `${x2},${y2} ${tip(1)} ${tip(-1)}`, class: `live-tip ${kind}` });
      };
      const node = (x, at, kind, label) => {
        draw("circle", { cx: x, cy: at, r, class: `live-node ${kind}` });
        draw("text", { x, y: at + 5, class: `live-text ${kind}` }, ...label);
      };
      const bar = (x, value, kind, largest) => {
        const size = (Math.abs(value) / largest) * reach;
        draw("rect", { x, y: value > 0 ? axis - size : axis, width: 8, height: size, class: `live-bar ${kind}` });
      };

      node(X(0), y.state, "on", symbol("h", 0));
      for (let t = 1; t <= T; t += 1) {
        const kind = t <= seen ? "on" : "off";
        const cut = t < T && endsWindow(t, state.window, T);
        arrow(kind, [X(t - 1) + r, y.state - 4], [X(t) - r, y.state - 4]);
        arrow(kind, [X(t) - 4, y.input - r], [X(t) - 4, y.state + r]);
        arrow(kind, [X(t) - 4, y.state - r], [X(t) - 4, y.loss + r]);
        draw("text", { x: (X(t - 1) + X(t)) / 2, y: y.state - 11, class: "live-text small" }, ...symbol("w"));
        draw("text", { x: X(t) - 12, y: (y.input + y.state) / 2 + 4, class: "live-text small" }, ...symbol("u"));
        node(X(t), y.input, "on", symbol("x", t));
        node(X(t), y.state, kind, symbol("h", t));
        node(X(t), y.loss, kind, symbol("L", t));
        if (t > first) {
          arrow("back", [X(t) + 4, y.loss + r], [X(t) + 4, y.state - r]);
          if (t < T && !cut) arrow("back", [X(t + 1) - r, y.state + 6], [X(t) + r, y.state + 6]);
        }
        if (cut) {
          const border = (X(t) + X(t + 1)) / 2;
          draw("line", { x1: border, y1: 2, x2: border, y2: height - 2, class: "live-border" });
        }
      }

      // The names of the rows stay in view when the stage scrolls (follow).
      const names = svg("g", { class: "live-names" },
        svg("rect", { x: -2, y: top - 17, width: head - 2, height: height - top + 17, class: "live-backing" }));
      const nameRow = (label, line) => names.append(svg("text", { x: 0, y: line, class: "live-text name" }, ...label));
      rows.forEach(({ name, label, list, from, to, decimals: digits, kind = "" }, row) => {
        const line = top + 23 * row;
        nameRow(label, line);
        for (let t = from + 1; t <= to; t += 1) {
          draw("text", { x: X(t), y: line, class: `live-text number ${kind}`, "data-name": `${name}-${t}`,
            "data-value": list[t - 1] }, number(list[t - 1], digits));
        }
      });

      const largest = Math.max(...[...full.dw, ...truncated.dw].map(Math.abs)) || 1;
      nameRow([...symbol("δ", "t"), ...symbol("h", "t−1")], axis + 5);
      draw("line", { x1: head, y1: axis, x2: width, y2: axis, class: "live-axis" });
      for (let t = first + 1; t <= T; t += 1) {
        bar(X(t) + 1, full.dw[t - 1], "whole", largest);
        bar(X(t) - 9, truncated.dw[t - 1], "part", largest);
      }
      root.append(names);
      return root;
    }
  }

  window.live.register("bptt", build);
})();
