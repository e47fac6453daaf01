/* The norm of a gradient over k steps, for two tanh units held at fixed slopes, between what the spectral radius of W and
 * its largest singular value say. Data: rho, c, d (where the sliders start), T, decades (the axis spans 10^±decades). */
(function () {
  "use strict";

  const { el, svg, symbol, number, slider, onWidth } = window.live;

  const LOG10 = Math.log(10);

  /** W of eq. gradients-family, as [w11, w12, w21, w22]. */
  const weights = (rho, c) => [rho + c / 2, c / 2, -c / 2, rho - c / 2];

  const times = ([a, b, c, d], [e, f, g, h]) => [a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h];

  /** Largest singular value of a 2 x 2 matrix, from the sum of squares and the determinant. */
  function largestSingularValue([a, b, c, d]) {
    const sum = a * a + b * b + c * c + d * d;
    // sum² − 4 det² as a product, which loses no digits when the two singular values are close
    const det = a * d - b * c;
    return Math.sqrt((sum + Math.sqrt(Math.max(0, (sum - 2 * det) * (sum + 2 * det)))) / 2);
  }

  /** Largest modulus of the eigenvalues of a 2 x 2 matrix, from trace and determinant. */
  function spectralRadius([a, b, c, d]) {
    const half = (a + d) / 2;
    const rest = ((a - d) / 2) ** 2 + b * c; // half² − det
    return rest >= 0 ? Math.abs(half) + Math.sqrt(rest) : Math.sqrt(a * d - b * c);
  }

  /** || (DW)^k || for k = 0 … T (eq. gradients-norm). */
  function norms(DW, T) {
    const found = [1];
    let power = [1, 0, 0, 1];
    for (let k = 1; k <= T; k += 1) {
      power = times(power, DW);
      found.push(largestSingularValue(power));
    }
    return found;
  }

  function build(ui, data) {
    const { T, decades } = data;
    const state = { rho: data.rho, c: data.c, d: data.d, k: T, width: 0 };

    const stage = el("div", { class: "live-stage" });
    const status = el("p", { class: "live-status", "aria-live": "polite" });
    const cells = {};
    const line = (name, label, swatch) => {
      const row = ["rate", "value"].map((kind) => (cells[`${name}-${kind}`] = el("td", { "data-name": `${name}-${kind}` })));
      const head = el("th", { scope: "row" }, swatch ? el("i", { class: `live-swatch ${swatch}` }) : null, label);
      return el("tr", {}, head, ...row);
    };
    const at = el("th", { scope: "col" });
    const readout = el("table", { class: "live-readout" },
      el("caption", {}, "Spectral radius, gradient and largest singular value"),
      el("thead", {}, el("tr", {}, el("td"), el("th", { scope: "col" }, "per step"), at)),
      el("tbody", {},
        line("radius", "ρ(W), deck D"),
        line("norm", "‖(DW)ᵏ‖, gradient", "part"),
        line("bound", "σ(W), deck B")));

    const drag = (name, label, min, max, step, format) => slider({ name, label, min, max, step, value: state[name], format,
      oninput: (value) => { state[name] = value; draw(); } }).element;
    ui.append(stage, status, el("div", { class: "live-sliders" },
      drag("rho", "radius ρ", 0, 1.3, 0.05, (value) => number(value, 2)),
      drag("c", "non-normality c", 0, 6, 0.1, (value) => number(value, 1)),
      drag("d", "slope d", 0.05, 1, 0.05, (value) => number(value, 2)),
      drag("k", "lag k", 1, T, 1, (value) => `${value} steps`)), readout);
    onWidth(ui, (width) => { state.width = width; draw(); });
    draw();

    function draw() {
      const W = weights(state.rho, state.c);
      const DW = [W[0], W[1], state.d * W[2], state.d * W[3]];
      const found = norms(DW, T);
      const rates = { radius: state.rho, norm: spectralRadius(DW), bound: largestSingularValue(W) };
      const over = { radius: state.rho ** state.k, norm: found[state.k], bound: rates.bound ** state.k };
      at.textContent = `over ${state.k}`;
      for (const name of Object.keys(rates)) {
        show(cells[`${name}-rate`], rates[name]);
        show(cells[`${name}-value`], over[name]);
      }
      status.textContent = sentence(rates, found);
      if (state.width > 0) stage.replaceChildren(picture(rates, found));
    }

    function show(cell, value) {
      cell.textContent = number(value, 3);
      cell.dataset.value = value;
    }

    function sentence(rates, found) {
      const peak = Math.max(...found);
      const when = found.indexOf(peak);
      const edge = 1e-9;
      const deck = rates.radius < 1 ? "below 1, so deck D expects the gradient to vanish"
        : rates.radius > 1 ? "above 1" : "exactly 1";
      const fact = rates.norm > 1 + edge ? `it explodes, at a rate of ${number(rates.norm, 3)} per step`
        : rates.norm < 1 - edge
          ? `it vanishes in the end${when > 0 ? `, after growing to ${number(peak, 1)} at k = ${when}` : ""}`
          : "it does neither";
      const bound = rates.bound < 1 ? " The largest singular value is below 1: it had to vanish." : "";
      const link = rates.radius < 1 && rates.norm > 1 + edge ? "but" : "and";
      return `The spectral radius of W is ${number(rates.radius, 2)}, ${deck}; ${link} ${fact}.${bound}`;
    }

    function picture(rates, found) {
      const { width } = state;
      const height = Math.round(Math.min(320, Math.max(230, 0.5 * width)));
      const [left, right, top, bottom] = [50, 10, 12, 40];
      const X = (k) => left + ((width - left - right) * k) / T;
      const Y = (log) => top + ((height - top - bottom) * (decades - log)) / (2 * decades);
      const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img",
        "aria-label": "Norm of the gradient against the lag, on a logarithmic axis, between the powers of the spectral " +
          "radius and of the largest singular value of W." });
      const add = (tag, attributes, ...children) => root.append(svg(tag, attributes, ...children));
      for (let log = -decades; log <= decades; log += decades / 3) {
        add("line", { x1: left, x2: width - right, y1: Y(log), y2: Y(log), class: "live-axis",
          style: log === 0 ? null : "stroke: var(--live-rule)" });
        const power = svg("tspan", { dy: -6, class: "live-index" }, number(log, 0));
        add("text", { x: left - 26, y: Y(log) + 5, class: "live-text number" }, log === 0 ? "1" : "10", log === 0 ? null : power);
      }
      for (let k = 0; k <= T; k += 10) add("text", { x: X(k), y: height - bottom + 18, class: "live-text number" }, String(k));
      add("text", { x: (left + width - right) / 2, y: height - 4, class: "live-text" }, "lag ", ...symbol("k"));

      const clip = `live-gradients-clip-${Math.round(width)}`;
      add("clipPath", { id: clip }, svg("rect", { x: left, y: top, width: width - left - right + 4, height: height - top - bottom }));
      const inside = svg("g", { "clip-path": `url(#${clip})` });
      // A rate of zero drops to the floor at once; far outside the axes the lines are cut by the clip.
      const far = 4 * decades;
      const straight = (rate, kind) => {
        const slope = rate > 0 ? Math.max(Math.log(rate) / LOG10, -far) : -far;
        inside.append(svg("line", { x1: X(0), y1: Y(0), x2: X(T), y2: Y(slope * T), class: `live-line ${kind}` }));
      };
      straight(rates.radius, "off");
      straight(rates.bound, "forward");
      found.forEach((norm, k) => {
        if (norm > 0) {
          inside.append(svg("circle", { cx: X(k), cy: Y(Math.log(norm) / LOG10), r: k === state.k ? 5 : 2.6,
            style: "fill: var(--live-back)", "data-name": `dot-${k}`, "data-value": norm }));
        }
      });
      inside.append(svg("line", { x1: X(state.k), x2: X(state.k), y1: top, y2: height - bottom, class: "live-border" }));
      root.append(inside);
      const label = (text, rate, kind) => {
        const k = Math.min(T * 0.62, rate > 0 && rate !== 1 ? (0.72 * decades * LOG10) / Math.abs(Math.log(rate)) : T * 0.62);
        const log = rate > 0 ? (k * Math.log(rate)) / LOG10 : -0.72 * decades;
        // The dots lie between the two lines more often than not: each label goes to the outer side of its line.
        const outer = rate > 0 ? { x: X(k) - 6, y: Y(log) + (rate >= 1 ? -4 : 18), anchor: "end" }
          : { x: X(0) + 6, y: Y(log), anchor: "start" };
        add("text", { x: outer.x, y: outer.y, class: `live-text ${kind}`,
          style: `text-anchor: ${outer.anchor}; paint-order: stroke; stroke: var(--live-paper); stroke-width: 4px` }, text);
      };
      label("ρ(W)ᵏ", rates.radius, "plain");
      if (state.c > 0 || state.d < 1) label("σ(W)ᵏ", rates.bound, "forward");
      return root;
    }
  }

  window.live.register("gradients", build);
})();
