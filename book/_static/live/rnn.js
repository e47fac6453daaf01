/* A recurrent network of two tanh units, unfolded in time (eqs. rnn-state, rnn-unfolded). Eight sliders move the shared
 * weights, and a button under each step changes its input. Data: x (T), W_hx (2), W_hh (2, 2), b_h (2). */
(function () {
  "use strict";

  const { el, svg, symbol, number, slider, onWidth } = window.live;

  const INPUTS = [1, 0, -1];
  const UNITS = [0, 1];
  const COLOURS = ["var(--live-forward)", "var(--live-back)"];

  /** States h_0 … h_T, each a pair; h_0 = 0. */
  function forward({ x, W_hx, W_hh, b_h }) {
    const h = [[0, 0]];
    x.forEach((x_t, t) => {
      h.push(UNITS.map((i) => Math.tanh(W_hx[i] * x_t + W_hh[i][0] * h[t][0] + W_hh[i][1] * h[t][1] + b_h[i])));
    });
    return h;
  }

  function build(ui, data) {
    const T = data.x.length;
    const state = { x: [...data.x], W_hx: [...data.W_hx], W_hh: data.W_hh.map((row) => [...row]), b_h: [...data.b_h] };
    let width = 0;

    const stage = el("div", { class: "live-stage", tabindex: 0, role: "group",
      "aria-label": "The unfolded network, its numbers and its states over time" });
    const status = el("p", { class: "live-status", "aria-live": "polite" });

    const sub = (text) => String(text).replace(/\d/g, (digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]);
    const weight = (name, label, get, set) => slider({ name, label, min: -3, max: 3, step: 0.05, value: get(),
      format: (value) => number(value, 2), oninput: (value) => { set(value); draw(); } });
    const weights = [
      ...UNITS.map((i) => weight(`u${i + 1}`, `u${sub(i + 1)}: to ${i + 1} from x`,
        () => state.W_hx[i], (value) => { state.W_hx[i] = value; })),
      ...UNITS.flatMap((i) => UNITS.map((j) => weight(`w${i + 1}${j + 1}`, `w${sub(`${i + 1}${j + 1}`)}: to ${i + 1} from ${j + 1}`,
        () => state.W_hh[i][j], (value) => { state.W_hh[i][j] = value; }))),
      ...UNITS.map((i) => weight(`b${i + 1}`, `b${sub(i + 1)}: bias of ${i + 1}`,
        () => state.b_h[i], (value) => { state.b_h[i] = value; })),
    ];

    const inputs = data.x.map((_, t) => el("button", { type: "button", "data-name": `input-${t + 1}`,
      style: "flex: 1 1 0; min-width: 1.5rem; padding-inline: 0",
      click: () => {
        state.x[t] = INPUTS[(INPUTS.indexOf(state.x[t]) + 1) % INPUTS.length];
        draw();
      } }));
    const reset = el("button", { type: "button", click: () => {
      Object.assign(state, { x: [...data.x], W_hx: [...data.W_hx], W_hh: data.W_hh.map((row) => [...row]), b_h: [...data.b_h] });
      const values = [...state.W_hx, ...state.W_hh.flat(), ...state.b_h];
      weights.forEach(({ set }, n) => set(values[n]));
      draw();
    } }, "Reset");

    ui.append(stage,
      el("div", { class: "live-buttons", role: "group", "aria-label": "Inputs of the steps", style: "gap: 0.3rem" },
        el("span", { style: "flex-basis: 100%" }, `Inputs x${sub(1)} to x${sub(T)}, press to change:`), ...inputs),
      status,
      el("div", { class: "live-sliders" }, ...weights.map(({ element }) => element)),
      el("div", { class: "live-buttons" }, reset));
    onWidth(ui, (next) => { width = next; draw(); });
    draw();

    function draw() {
      const h = forward(state);
      inputs.forEach((button, t) => {
        button.textContent = number(state.x[t], 0);
        button.setAttribute("aria-label", `Input of step ${t + 1}: ${state.x[t]}. Press to change.`);
      });
      if (width > 0) stage.replaceChildren(picture(h));
      status.textContent = sentence(h);
    }

    function sentence(h) {
      const moved = (t) => Math.max(...UNITS.map((i) => Math.abs(h[t][i] - h[t - 1][i])));
      const from = state.x.findLastIndex((x_t) => x_t !== 0) + 1;
      const after = T - from;
      const end = `h${sub(T)} = (${number(h[T][0], 3)}, ${number(h[T][1], 3)})`;
      if (from === 0) return `No input at all: the states are ${end} at the end.`;
      if (after === 0) return `At the end ${end}.`;
      const change = moved(T) < 0.0005 ? "and no longer changes" : `and still moves by ${number(moved(T), 3)} per step`;
      return `The last input comes at step ${from}; ${after} step${after > 1 ? "s" : ""} later the state is ${end} ${change}.`;
    }

    /** The graph, a table of its numbers, and the states as lines. Columns have a least width; a narrow stage scrolls. */
    function picture(h) {
      const head = 40;
      const step = Math.max((width - head) / (T + 0.1), 42);
      const full = Math.max(width, head + step * (T + 0.1));
      const X = (t) => (t === 0 ? 18 : head + step * (t - 0.45));
      const r = Math.min(16, step / 3);
      const y = { units: [30, 108], input: 178 };
      const top = y.input + r + 26;
      const plot = { top: top + 58, height: 96 };
      const Y = (value) => plot.top + plot.height * (1 - value) / 2;
      const height = plot.top + plot.height + 24;
      const root = svg("svg", { viewBox: `0 0 ${full} ${height}`, width: full, height, role: "img",
        "aria-label": `${T} copies of two units. Arrows lead from the input of each step to both units, and from both ` +
          "units to both units of the next step. Below, the numbers, and the two states as lines over time." });
      const add = (tag, attributes, ...children) => root.append(svg(tag, attributes, ...children));
      /** An arrow of a weight's strength; with `by` it bends towards that point. */
      const arrow = (value, colour, [x1, y1], [x2, y2], name, by = [x1, y1]) => {
        if (value === 0) return;
        const size = Math.hypot(x2 - by[0], y2 - by[1]);
        const [ux, uy] = [(x2 - by[0]) / size, (y2 - by[1]) / size];
        const thick = 0.8 + 1.5 * Math.min(Math.abs(value), 3);
        const [tip, side] = [5 + thick, 2.5 + thick / 2];
        const dash = value < 0 ? "; stroke-dasharray: 5 3" : "";
        add("path", { d: `M${x1},${y1} Q${by} ${x2 - tip * ux},${y2 - tip * uy}`, "data-arrow": name,
          style: `fill: none; stroke: ${colour}; stroke-width: ${thick}${dash}` });
        add("polygon", { style: `fill: ${colour}`, points: `${x2},${y2} ` +
          `${x2 - tip * ux - side * uy},${y2 - tip * uy + side * ux} ${x2 - tip * ux + side * uy},${y2 - tip * uy - side * ux}` });
      };
      const between = (from, to) => { // from rim to rim of two nodes
        const size = Math.hypot(to[0] - from[0], to[1] - from[1]);
        const [dx, dy] = [(r * (to[0] - from[0])) / size, (r * (to[1] - from[1])) / size];
        return [[from[0] + dx, from[1] + dy], [to[0] - dx, to[1] - dy]];
      };

      for (let t = 1; t <= T; t += 1) {
        for (const i of UNITS) {
          for (const j of UNITS) {
            const ends = between([X(t - 1), y.units[j]], [X(t), y.units[i]]);
            arrow(state.W_hh[i][j], COLOURS[j], ...ends, `w${i + 1}${j + 1}-${t}`);
          }
        }
        arrow(state.W_hx[1], "var(--live-ink)", [X(t), y.input - r], [X(t), y.units[1] + r], `u2-${t}`);
        // Past unit 2 on its left
        arrow(state.W_hx[0], "var(--live-ink)", [X(t) - 0.7 * r, y.input - 0.7 * r],
          [X(t) - 0.6 * r, y.units[0] + 0.8 * r], `u1-${t}`, [X(t) - 2.1 * r, y.units[1]]);
      }
      for (let t = 0; t <= T; t += 1) {
        for (const i of UNITS) {
          add("circle", { cx: X(t), cy: y.units[i], r, style: `fill: var(--live-paper); stroke: ${COLOURS[i]}; stroke-width: 1.6` });
          add("circle", { cx: X(t), cy: y.units[i], r,
            style: `fill: ${COLOURS[i]}; fill-opacity: ${(0.3 * Math.abs(h[t][i])).toFixed(3)}; stroke: none` });
          add("text", { x: X(t), y: y.units[i] + 5, class: "live-text small", style: "stroke: none" }, ...symbol("h", t));
        }
        if (t > 0) {
          add("circle", { cx: X(t), cy: y.input, r, class: "live-node off" });
          add("text", { x: X(t), y: y.input + 5, class: "live-text small" }, ...symbol("x", t));
        }
      }

      const rows = [
        ["x", symbol("x", "t"), [null, ...state.x], 0],
        ["h1", symbol("h", "t,1"), h.map((pair) => pair[0]), 3],
        ["h2", symbol("h", "t,2"), h.map((pair) => pair[1]), 3],
      ];
      rows.forEach(([name, label, list, decimals], row) => {
        const line = top + 22 * row - 8;
        const colour = row > 0 ? `fill: ${COLOURS[row - 1]}` : "";
        add("text", { x: 0, y: line, class: "live-text name" }, ...label);
        for (let t = 1; t <= T; t += 1) {
          add("text", { x: X(t), y: line, class: "live-text number", style: colour, "data-name": `${name}-${t}`,
            "data-value": list[t] }, number(list[t], decimals));
        }
      });

      for (const value of [-1, 0, 1]) {
        add("line", { x1: head - 8, y1: Y(value), x2: full, y2: Y(value), class: "live-axis",
          style: value === 0 ? "" : "stroke-dasharray: 2 4" });
        add("text", { x: head - 14, y: Y(value) + 4, class: "live-text number", style: "text-anchor: end" }, number(value, 0));
      }
      for (const i of UNITS) {
        const points = h.slice(1).map((pair, t) => `${X(t + 1)},${Y(pair[i])}`).join(" ");
        add("polyline", { points, style: `fill: none; stroke: ${COLOURS[i]}; stroke-width: 1.8${i ? "; stroke-dasharray: 6 3" : ""}` });
        h.slice(1).forEach((pair, t) => {
          const at = { x: X(t + 1), y: Y(pair[i]) };
          if (i) add("rect", { x: at.x - 3.5, y: at.y - 3.5, width: 7, height: 7, style: `fill: ${COLOURS[i]}` });
          else add("circle", { cx: at.x, cy: at.y, r: 3.5, style: `fill: ${COLOURS[i]}` });
        });
      }
      return root;
    }
  }

  window.live.register("rnn", build);
})();
