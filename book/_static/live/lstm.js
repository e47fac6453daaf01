/* One LSTM cell without recurrent weights: its three gates, set phase by phase, a pulse of input, and what becomes of
 * the cell state, the hidden state and the gradient. Data: T, phases (last step of each), noise (T), gates {i, f, o} with
 * one value per phase, pulse, at, disturb. */
(function () {
  "use strict";

  const { el, svg, symbol, number, slider, onWidth } = window.live;

  const GATES = ["i", "f", "o"];
  const NAMES = { i: "input gate", f: "forget gate", o: "output gate" };
  const PRESETS = {
    "Integrator": { i: [1, 1, 1], f: [1, 1, 1], o: [1, 1, 1] },
    "Cell of 1997": { i: [0.9, 0.05, 0.05], f: [1, 1, 1], o: [0.05, 0.05, 0.95] },
    "Cell of 2000": { i: [0.9, 0.05, 0.05], f: [0.95, 0.95, 0.3], o: [0.05, 0.05, 0.95] },
    "All half open": { i: [0.5, 0.5, 0.5], f: [0.5, 0.5, 0.5], o: [0.5, 0.5, 0.5] },
  };
  const LINES = { i: ["forward", null], f: ["back", "7 4"], o: ["ink", "2 3"] };

  function build(ui, data) {
    const { T, phases, noise } = data;
    const state = { gates: structuredClone(data.gates), pulse: data.pulse, at: data.at, disturb: data.disturb, phase: 0, width: 0 };
    const phaseOf = (t) => phases.findIndex((end) => t <= end);

    /** Inputs x_1 … x_T, states c_0 … c_T and h_0 … h_T, and dc_T/dc_t for t = 0 … T (eqs. lstm-cell, lstm-hidden). */
    function run() {
      const x = noise.map((value, k) => state.disturb * value + (k + 1 === state.at ? state.pulse : 0));
      const c = [0];
      const h = [0];
      for (let t = 1; t <= T; t += 1) {
        const k = phaseOf(t);
        c.push(state.gates.f[k] * c[t - 1] + state.gates.i[k] * Math.tanh(x[t - 1]));
        h.push(state.gates.o[k] * Math.tanh(c[t]));
      }
      const gradient = new Array(T + 1).fill(1);
      for (let t = T - 1; t >= 0; t -= 1) gradient[t] = gradient[t + 1] * state.gates.f[phaseOf(t + 1)];
      return { x, c, h, gradient };
    }

    const stage = el("div", { class: "live-stage" });
    const status = el("p", { class: "live-status", "aria-live": "polite" });
    const cells = {};
    const row = (name, label) => el("tr", {}, el("th", { scope: "row" }, label), (cells[name] = el("td", { "data-name": name })));
    const readout = el("table", { class: "live-readout" },
      el("caption", {}, "At the last step, T = " + T),
      el("tbody", {}, row("c", "cell state c"), row("h", "hidden state h"),
        row("reach", "∂c at T / ∂c at the pulse"), row("input", "∂c at T / ∂x at the pulse")));

    const ranges = phases.map((end, k) => `Steps ${k === 0 ? 1 : phases[k - 1] + 1} to ${end}`);
    const phaseButtons = ranges.map((text, k) =>
      el("button", { type: "button", "aria-pressed": "false", "data-name": `phase-${k}`, click: () => choose(k) }, text));
    const gateSliders = {};
    for (const name of GATES) {
      gateSliders[name] = slider({ name, label: NAMES[name], min: 0, max: 1, step: 0.01, value: state.gates[name][0],
        format: (value) => number(value, 2), oninput: (value) => { state.gates[name][state.phase] = value; draw(); } });
    }
    const other = {
      pulse: slider({ name: "pulse", label: "pulse", min: -2, max: 2, step: 0.1, value: state.pulse,
        format: (value) => number(value, 1), oninput: (value) => { state.pulse = value; draw(); } }),
      at: slider({ name: "at", label: "pulse at step", min: 1, max: T, step: 1, value: state.at,
        oninput: (value) => { state.at = value; draw(); } }),
      disturb: slider({ name: "disturb", label: "disturbance", min: 0, max: 1, step: 0.05, value: state.disturb,
        format: (value) => number(value, 2), oninput: (value) => { state.disturb = value; draw(); } }),
    };
    const presets = Object.keys(PRESETS).map((name) => el("button", { type: "button", click: () => {
      state.gates = structuredClone(PRESETS[name]);
      choose(state.phase);
    } }, name));
    const reset = el("button", { type: "button", click: () => {
      Object.assign(state, { gates: structuredClone(data.gates), pulse: data.pulse, at: data.at, disturb: data.disturb });
      for (const name of Object.keys(other)) other[name].set(data[name]);
      choose(0);
    } }, "Reset");

    ui.append(stage, status,
      el("div", { class: "live-buttons", role: "group", "aria-label": "The gates of which steps?", style: "margin-bottom: 0.6rem" }, ...phaseButtons),
      el("div", { class: "live-sliders" }, ...GATES.map((name) => gateSliders[name].element),
        ...Object.values(other).map((one) => one.element)),
      el("div", { class: "live-buttons", role: "group", "aria-label": "Settings to start from" }, ...presets, reset),
      readout);
    onWidth(ui, (width) => { state.width = width; draw(); });
    choose(0);

    function choose(k) {
      state.phase = k;
      phaseButtons.forEach((button, j) => {
        button.setAttribute("aria-pressed", String(j === k));
        button.style.borderWidth = j === k ? "2px" : "1px";
        button.style.borderColor = j === k ? "var(--live-forward)" : "";
        button.style.fontWeight = j === k ? "600" : "";
      });
      for (const name of GATES) gateSliders[name].set(state.gates[name][k]);
      draw();
    }

    function draw() {
      const found = run();
      const k = phaseOf(state.at);
      const values = { c: found.c[T], h: found.h[T], reach: found.gradient[state.at],
        input: found.gradient[state.at] * state.gates.i[k] * (1 - Math.tanh(found.x[state.at - 1]) ** 2) };
      for (const [name, value] of Object.entries(values)) {
        cells[name].textContent = number(value, 3);
        cells[name].dataset.value = value;
      }
      status.textContent = sentence(found, values, k);
      if (state.width > 0) stage.replaceChildren(picture(found));
    }

    function sentence(found, values, k) {
      const written = state.gates.i[k] * Math.tanh(found.x[state.at - 1]);
      const kept = values.reach;
      const first = `The pulse adds ${number(written, 2)} to the cell; ${number(100 * kept, kept < 0.1 ? 1 : 0)} % of it is still there ` +
        `at the end, and the same share of the gradient comes back.`;
      const much = Math.max(...found.c.map(Math.abs));
      const then = much > 2 ? ` The cell state reaches ${number(much, 1)}: tanh is saturated, h hardly shows changes.`
        : state.gates.o[2] < 0.2 ? " The output gate hides the cell at the end." : "";
      return first + then;
    }

    function picture({ x, c, h, gradient }) {
      const { width } = state;
      const [left, right] = [34, 34];
      const heights = { gates: 112, states: 126, gradient: 84 };
      const gap = 20;
      const top = { gates: 16 };
      top.states = top.gates + heights.gates + gap;
      top.gradient = top.states + heights.states + gap;
      const height = top.gradient + heights.gradient + 38;
      const X = (t) => left + ((width - left - right) * t) / T;
      const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img",
        "aria-label": "Input and gates, cell and hidden state, and the gradient of the last cell state, over time." });
      const add = (tag, attributes, ...children) => { const one = svg(tag, attributes, ...children); root.append(one); return one; };
      const axis = (panel, low, high, ticks) => {
        const Y = (value) => top[panel] + (heights[panel] * (high - value)) / (high - low);
        for (const tick of ticks) {
          add("line", { x1: left, x2: width - right, y1: Y(tick), y2: Y(tick), class: "live-axis", style: tick === 0 ? null : "stroke: var(--live-rule)" });
          add("text", { x: left - 6, y: Y(tick) + 4, class: "live-text number", style: "text-anchor: end" }, number(tick, tick % 1 === 0 ? 0 : 1));
        }
        return Y;
      };
      // the phase that the sliders set
      const begin = state.phase === 0 ? 0 : phases[state.phase - 1];
      add("rect", { x: X(begin + 0.5), y: top.gates - 8, width: X(phases[state.phase]) - X(begin), height: height - 38 - top.gates + 8,
        style: "fill: var(--live-rule); opacity: 0.28", "data-name": "chosen" });

      const size = Math.max(1, ...x.map(Math.abs));
      const low = Math.min(0, ...x);
      const Yg = axis("gates", low < -0.05 ? -size : 0, size, low < -0.05 ? [-1, 0, 1] : [0, 1]);
      const bar = Math.max(2, 0.45 * (X(1) - X(0)));
      x.forEach((value, k) => {
        add("rect", { x: X(k + 1) - bar / 2, width: bar, y: Math.min(Yg(value), Yg(0)), height: Math.abs(Yg(value) - Yg(0)),
          style: "fill: var(--live-off); opacity: 0.75", "data-name": `x-${k + 1}`, "data-value": value });
      });
      const label = (text, xAt, yAt, kind) => add("text", { x: xAt, y: yAt, class: `live-text ${kind ?? ""}`,
        style: "text-anchor: start; paint-order: stroke; stroke: var(--live-paper); stroke-width: 3px" }, ...text);
      const line = (points, kind, dash, name) => add("polyline", { points: points.map(([a, b]) => `${a},${b}`).join(" "), "data-name": name,
        style: `fill: none; stroke-width: 1.9; stroke: var(--live-${kind})${dash ? `; stroke-dasharray: ${dash}` : ""}` });
      const ends = [];
      for (const name of GATES) {
        const points = [];
        phases.forEach((end, k) => {
          points.push([X((k === 0 ? 0 : phases[k - 1]) + 0.5), Yg(state.gates[name][k])], [X(end + 0.5), Yg(state.gates[name][k])]);
        });
        line(points, ...LINES[name], `gate-${name}`);
        ends.push({ name, y: Yg(state.gates[name][2]) });
      }
      ends.sort((a, b) => a.y - b.y);
      ends.forEach((end, k) => { if (k > 0) end.y = Math.max(end.y, ends[k - 1].y + 15); });
      for (const end of ends) label(symbol(end.name), width - right + 8, end.y + 4);

      const reach = Math.max(1, ...c.map(Math.abs));
      const Ys = axis("states", -reach, reach, reach > 1.5 ? [-Math.floor(reach), 0, Math.floor(reach)] : [-1, 0, 1]);
      line(c.map((value, t) => [X(t), Ys(value)]), "forward", null, "line-c");
      line(h.map((value, t) => [X(t), Ys(value)]), "back", "5 3", "line-h");
      c.forEach((value, t) => add("circle", { cx: X(t), cy: Ys(value), r: 2.4, style: "fill: var(--live-forward)", "data-name": `c-${t}`, "data-value": value }));
      h.forEach((value, t) => add("rect", { x: X(t) - 2, y: Ys(value) - 2, width: 4, height: 4, style: "fill: var(--live-back)", "data-name": `h-${t}`, "data-value": value }));
      const apart = Math.abs(Ys(c[T]) - Ys(h[T])) < 15 ? (c[T] >= h[T] ? -8 : 8) : 0;
      label(symbol("c"), width - right + 8, Ys(c[T]) + 4 + apart, "forward");
      label(symbol("h"), width - right + 8, Ys(h[T]) + 4 - apart, "back");

      const Yd = axis("gradient", 0, 1, [0, 0.5, 1]);
      line(gradient.map((value, t) => [X(t), Yd(value)]), "ink", null, "line-gradient");
      gradient.forEach((value, t) => add("circle", { cx: X(t), cy: Yd(value), r: 2.4, style: "fill: var(--live-ink)", "data-name": `gradient-${t}`, "data-value": value }));
      label(["∂", ...symbol("c", "T"), "/∂", ...symbol("c", "t")], left + 6, top.gradient - 5);
      label(["gates and ", ...symbol("x", "t")], left + 6, top.gates - 3);
      label([...symbol("c", "t"), " and ", ...symbol("h", "t")], left + 6, top.states - 5);

      add("line", { x1: X(state.at), x2: X(state.at), y1: top.gates, y2: height - 38, class: "live-border", "data-name": "pulse-line" });
      for (let t = 0; t <= T; t += 5) add("text", { x: X(t), y: height - 20, class: "live-text number" }, String(t));
      add("text", { x: (left + width - right) / 2, y: height - 3, class: "live-text" }, "step ", ...symbol("t"));

      // A pointer on the upper picture chooses the steps whose gates are set; on the others it moves the pulse.
      const stepAt = (event) => {
        const box = root.getBoundingClientRect();
        const t = Math.round((((event.clientX - box.left) * width) / box.width - left) / ((width - left - right) / T));
        return Math.min(Math.max(t, 1), T);
      };
      root.addEventListener("pointerdown", (event) => {
        const y = event.clientY - root.getBoundingClientRect().top;
        if (y < top.states - gap) return choose(phaseOf(stepAt(event)));
        state.at = stepAt(event);
        other.at.set(state.at);
        draw();
      });
      return root;
    }
  }

  window.live.register("lstm", build);
})();
