/* A scalar Kalman filter on one data set: what it believes about the two noises is dragged, the data stay.
 * Data: f, a, S0 (start variance), h (T states), stationary and switching: {x, v} observations and their true variances,
 * noisy (T booleans), factor (noisy variance over quiet), log_r, log_v (where the sliders start, powers of ten), t. */
(function () {
  "use strict";

  const { el, svg, symbol, number, slider, onWidth } = window.live;

  /** The filter with variances v[t], started from mean 0 and variance S0; k fixed if given (eqs. kalman-scalar, kalman-gate). */
  function filter(x, { f, a, r, v, S0, fixed = null }) {
    let mean = 0;
    let variance = S0;
    let logLikelihood = 0;
    return { steps: x.map((x_t, t) => {
      const predicted = f * mean;
      const p = f * f * variance + r;
      const c = a * a * p + v[t];
      const k = fixed ?? (a * p) / c;
      const e = x_t - a * predicted;
      mean = predicted + k * e;
      variance = (1 - k * a) ** 2 * p + k * k * v[t]; // Joseph: right for any gain
      logLikelihood -= 0.5 * ((e * e) / c + Math.log(2 * Math.PI * c));
      return { p, k, u: a * k, mean, variance };
    }), logLikelihood };
  }

  /** Gain at rest: the positive root of the quadratic equation of the scalar Riccati map (eq. kalman-scalar-rest). */
  function gainAtRest({ f, a, r, v }) {
    const b = v * (1 - f * f) - a * a * r;
    const root = Math.sqrt(b * b + 4 * a * a * r * v);
    const p = b > 0 ? (2 * r * v) / (b + root) : (root - b) / (2 * a * a); // the form without a difference of like numbers
    return (a * p) / (a * a * p + v);
  }

  const average = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

  function build(ui, data) {
    const T = data.h.length;
    const state = { log_r: data.log_r, log_v: data.log_v, t: data.t, mode: "stationary", width: 0 };

    const stage = el("div", { class: "live-stage" });
    const status = el("p", { class: "live-status", "aria-live": "polite" });
    const cells = {};
    const cell = (name) => (cells[name] = el("td", { "data-name": name }));
    const row = (label, ...names) => el("tr", {}, el("th", { scope: "row" }, label), ...names.map(cell));
    const at = el("th", { scope: "col" });
    const readout = el("table", { class: "live-readout" },
      el("caption", {}, "The filter, and the one with a fixed gain"),
      el("thead", {}, el("tr", {}, el("td"), el("th", { scope: "col" }, "Kalman"), el("th", { scope: "col" }, "fixed"))),
      el("tbody", {}, row("mean squared error", "error", "fixed-error"), row("gain k", "gain", "fixed-gain"),
        row("gate u = ak", "gate", "fixed-gate"), row("estimate", "mean", "fixed-mean")));
    const more = el("table", { class: "live-readout" },
      el("caption", {}, "Log-likelihood of all data, and one step"),
      el("thead", {}, el("tr", {}, el("td"), at)),
      el("tbody", {}, row("log-likelihood", "log-likelihood"), row("state h", "truth"), row("observed x/a", "seen"),
        row("predicted variance p", "p")));

    const modes = {};
    const choose = (mode) => { state.mode = mode; draw(); };
    for (const [mode, label] of [["stationary", "Stationary noise"], ["switching", "Switching noise"]]) {
      modes[mode] = el("button", { type: "button", "data-name": mode, click: () => choose(mode) }, label);
    }
    const power = (value) => number(10 ** value, 3);
    const drag = (name, label, min, max, step, format) => slider({ name, label, min, max, step, value: state[name], format,
      oninput: (value) => { state[name] = value; draw(); } });
    const steps = drag("t", "step t", 1, T, 1, String);
    ui.append(el("div", { class: "live-buttons", role: "group", "aria-label": "Noise of the observations" },
      modes.stationary, modes.switching), stage, status,
    el("div", { class: "live-sliders" },
      drag("log_r", "process noise r", -3, 1, 0.1, power).element,
      drag("log_v", "observation noise v", -2, 2, 0.1, power).element, steps.element), readout, more);

    // A finger or the mouse on the picture chooses the step; the slider does so from the keyboard.
    const margin = { left: 34, right: 8 };
    const point = (event) => {
      const box = stage.getBoundingClientRect();
      const inner = state.width - margin.left - margin.right;
      const share = (event.clientX - box.left + stage.scrollLeft - margin.left) / inner;
      state.t = Math.min(Math.max(Math.round(1 + share * (T - 1)), 1), T);
      steps.set(state.t);
      draw();
    };
    stage.addEventListener("pointerdown", (event) => { if (event.isPrimary) point(event); });
    stage.addEventListener("pointermove", (event) => { if (event.isPrimary && event.buttons & 1) point(event); });
    onWidth(ui, (width) => { state.width = width; draw(); });
    draw();

    function draw() {
      const { f, a, S0 } = data;
      const r = 10 ** state.log_r;
      const quiet = 10 ** state.log_v;
      const switching = state.mode === "switching";
      const v = data.noisy.map((noisy) => (switching && noisy ? data.factor * quiet : quiet));
      const { x } = data[state.mode];
      const rest = gainAtRest({ f, a, r, v: average(v) });
      const kalman = filter(x, { f, a, r, v, S0 });
      const fixed = filter(x, { f, a, r, v, S0, fixed: rest });
      const error = (run) => average(run.steps.map(({ mean }, t) => (mean - data.h[t]) ** 2));
      const errors = { kalman: error(kalman), fixed: error(fixed) };
      const now = kalman.steps[state.t - 1];
      const then = fixed.steps[state.t - 1];
      const values = { error: errors.kalman, "fixed-error": errors.fixed, gain: now.k, "fixed-gain": rest, gate: now.u,
        "fixed-gate": a * rest, mean: now.mean, "fixed-mean": then.mean, "log-likelihood": kalman.logLikelihood,
        truth: data.h[state.t - 1], seen: x[state.t - 1] / a, p: now.p };
      for (const [name, value] of Object.entries(values)) {
        cells[name].textContent = number(value, name === "log-likelihood" ? 1 : 3);
        cells[name].dataset.value = value;
      }
      at.textContent = `t = ${state.t}`;
      for (const [mode, button] of Object.entries(modes)) {
        button.setAttribute("aria-pressed", String(mode === state.mode));
        button.style.fontWeight = mode === state.mode ? "bold" : "";
        button.style.borderColor = mode === state.mode ? "var(--live-ink)" : "";
      }
      status.textContent = sentence(kalman, rest, errors, switching);
      if (state.width > 0) stage.replaceChildren(picture(kalman, x, rest, switching));
    }

    function sentence(kalman, rest, errors, switching) {
      const gains = kalman.steps.map(({ k }) => k);
      const close = (k) => Math.abs(k / rest - 1) < 0.01;
      if (!switching) {
        const settled = gains.findIndex((_, t) => gains.slice(t).every(close));
        const when = settled < 0 ? "has not come to rest at the end" : `is at rest, within 1 %, from step ${settled + 1} on`;
        return `The gain ${when}, at ${number(rest, 3)}, whatever the data say. The gate is a constant: ` +
          `${number(data.a * rest, 3)}.`;
      }
      const times = errors.fixed / errors.kalman;
      const compared = times >= 1 ? `${number(times, 2)} times` : `only ${number(times, 2)} times`;
      return `The gate moves between ${number(data.a * Math.min(...gains), 3)} and ${number(data.a * Math.max(...gains), 3)}: ` +
        `it closes where the noise is strong. A fixed gain has ${compared} the mean squared error.`;
    }

    function picture(kalman, x, rest, switching) {
      const { width } = state;
      const { left, right } = margin;
      const [high, gap, low] = [Math.round(Math.min(230, Math.max(170, 0.36 * width))), 26, 96];
      const height = 14 + high + gap + low + 40;
      const X = (t) => left + ((width - left - right) * (t - 1)) / (T - 1);
      const limit = 4;
      const Y = (value) => 14 + (high * (limit - value)) / (2 * limit);
      const Z = (value) => 14 + high + gap + low * (1 - value);
      const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", style: "cursor: crosshair",
        "aria-label": "Above: the state, its observations and the filter's estimate with a band of two standard deviations. " +
          "Below: the gate and the gain at every step." });
      const add = (tag, attributes, ...children) => root.append(svg(tag, attributes, ...children));
      const path = (values, Yv) => values.map((value, i) => `${i ? "L" : "M"}${X(i + 1).toFixed(1)} ${Yv(value).toFixed(1)}`).join("");

      if (switching) {
        const half = (X(2) - X(1)) / 2;
        data.noisy.forEach((noisy, i) => {
          if (!noisy || data.noisy[i - 1]) return; // one rectangle for each stretch
          const length = data.noisy.slice(i).findIndex((other) => !other);
          const from = Math.max(X(i + 1) - half, left);
          const to = Math.min(X(length < 0 ? T : i + length) + half, width - right);
          add("rect", { x: from, width: to - from, y: 14, height: high + gap + low, style: "fill: var(--live-rule); fill-opacity: 0.35" });
        });
      }
      for (const value of [-4, -2, 0, 2, 4]) {
        add("line", { x1: left, x2: width - right, y1: Y(value), y2: Y(value), class: "live-axis", style: value === 0 ? null : "stroke: var(--live-rule)" });
        add("text", { x: left - 16, y: Y(value) + 4, class: "live-text number" }, number(value, 0));
      }
      for (const value of [0, 0.5, 1]) {
        add("line", { x1: left, x2: width - right, y1: Z(value), y2: Z(value), class: "live-axis", style: value === 0 ? null : "stroke: var(--live-rule)" });
        add("text", { x: left - 16, y: Z(value) + 4, class: "live-text number" }, String(value));
      }
      for (let t = 10; t <= T; t += 10) add("text", { x: X(t), y: Z(0) + 17, class: "live-text number" }, String(t));
      add("text", { x: (left + width - right) / 2, y: height - 4, class: "live-text" }, "step ", ...symbol("t"));

      const clip = `live-kalman-clip-${Math.round(width)}`;
      add("clipPath", { id: clip }, svg("rect", { x: left - 4, y: 14, width: width - left - right + 8, height: high }));
      const inside = svg("g", { "clip-path": `url(#${clip})` });
      const upper = kalman.steps.map(({ mean, variance }) => mean + 2 * Math.sqrt(variance));
      const lower = kalman.steps.map(({ mean, variance }) => mean - 2 * Math.sqrt(variance)).reverse();
      const back = lower.map((value, i) => `L${X(T - i).toFixed(1)} ${Y(value).toFixed(1)}`).join("");
      inside.append(svg("path", { d: `${path(upper, Y)}${back}Z`, style: "fill: var(--live-forward); fill-opacity: 0.18; stroke: none" }));
      inside.append(svg("path", { d: path(data.h, Y), class: "live-border", style: "fill: none" }));
      inside.append(svg("path", { d: path(kalman.steps.map(({ mean }) => mean), Y), class: "live-line", style: "fill: none; stroke-width: 2", "data-name": "estimate" }));
      x.forEach((value, i) => {
        const [cx, cy] = [X(i + 1), Y(value / data.a)];
        inside.append(svg("path", { d: `M${cx - 3} ${cy - 3}l6 6m0 -6l-6 6`, style: "stroke: var(--live-back); stroke-width: 1.6", "data-name": "seen" }));
      });
      root.append(inside);
      add("line", { x1: left, x2: width - right, y1: Z(data.a * rest), y2: Z(data.a * rest), class: "live-line off" });
      add("path", { d: path(kalman.steps.map(({ u }) => u), Z), class: "live-line", style: "fill: none; stroke-width: 2", "data-name": "gate" });
      add("path", { d: path(kalman.steps.map(({ k }) => k), Z), class: "live-line back", style: "fill: none", "data-name": "gain" });
      const halo = "text-anchor: end; paint-order: stroke; stroke: var(--live-paper); stroke-width: 4px";
      // Labels at the right end, pushed apart where gate and gain are both small.
      const last = kalman.steps[T - 1];
      const gateY = Math.min(Z(last.u) - 6, Z(0) - 24);
      const gainY = Math.max(Z(last.k) - 6, gateY + 16);
      add("text", { x: width - right - 2, y: gateY, class: "live-text forward", style: halo }, "gate ", ...symbol("u", "t"));
      add("text", { x: width - right - 2, y: Math.min(gainY, Z(0) - 3), class: "live-text back", style: halo }, "gain ", ...symbol("k", "t"));
      add("line", { x1: X(state.t), x2: X(state.t), y1: 14, y2: Z(0), class: "live-axis", style: "stroke: var(--live-ink)" });
      const now = kalman.steps[state.t - 1];
      add("circle", { cx: X(state.t), cy: Math.min(Math.max(Y(now.mean), 14), 14 + high), r: 4.5, style: "fill: var(--live-forward)" });
      add("circle", { cx: X(state.t), cy: Z(now.u), r: 4.5, style: "fill: var(--live-forward)" });
      return root;
    }
  }

  window.live.register("kalman", build);
})();
