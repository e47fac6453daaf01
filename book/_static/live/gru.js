/* One unit with frozen gates: the factor by which a gradient is multiplied at each step, (1 − u) + u γ r, against the plain
 * network's γ; where the gate loses; and what T steps make of both. Data: gamma, u, r, steps (where the sliders start),
 * T (the most steps), low, high (the range of gamma), decades (the logarithmic axis spans 10^±decades). */
(function () {
  "use strict";

  const { el, svg, symbol, number, slider, onWidth } = window.live;

  /** eq. gru-factor for one step. */
  const factor = (gamma, u, r) => 1 - u + u * gamma * r;

  /** Distance of a factor from ±1 on the logarithmic scale: how fast a gradient is lost or blown up. */
  const distance = (value) => Math.abs(Math.log(Math.abs(value)));
  const loses = (gamma, u, r) => distance(factor(gamma, u, r)) > distance(gamma);

  /** Real roots of a x² + b x + c. */
  function roots(a, b, c) {
    if (a === 0) return b === 0 ? [] : [-c / b];
    const rest = b * b - 4 * a * c;
    if (rest < 0) return [];
    const sum = -(b + (b < 0 ? -1 : 1) * Math.sqrt(rest)) / 2; // never a difference of near numbers
    return sum === 0 ? [0] : [sum / a, c / sum];
  }

  /** Intervals of gamma within [low, high] in which the gate loses: between the solutions of |f| = |γ| and |f γ| = 1. */
  function losing(u, r, low, high) {
    const keep = 1 - u;
    const slope = u * r;
    const meets = [...roots(0, 1 - slope, -keep), ...roots(0, 1 + slope, keep), ...roots(slope, keep, -1), ...roots(slope, keep, 1)];
    const ends = [low, ...meets.filter((gamma) => gamma > low && gamma < high).sort((a, b) => a - b), high];
    const found = [];
    for (let i = 0; i + 1 < ends.length; i += 1) {
      const [from, to] = [ends[i], ends[i + 1]];
      if (to - from < 1e-9 || !loses((from + to) / 2, u, r)) continue;
      if (found.length > 0 && from - found[found.length - 1].to < 1e-9) found[found.length - 1].to = to;
      else found.push({ from, to });
    }
    return found;
  }

  function build(ui, data) {
    const { T, low, high, decades } = data;
    const state = { gamma: data.gamma, u: data.u, r: data.r, steps: data.steps, width: 0 };

    const stage = el("div", { class: "live-stage" });
    const status = el("p", { class: "live-status", "aria-live": "polite" });
    const cells = {};
    const line = (name, label) => {
      const row = ["step", "all"].map((kind) => (cells[`${name}-${kind}`] = el("td", { "data-name": `${name}-${kind}` })));
      return el("tr", {}, el("th", { scope: "row" }, label), ...row);
    };
    const over = el("th", { scope: "col" });
    const readout = el("table", { class: "live-readout" },
      el("caption", {}, "What is left of a gradient"),
      el("thead", {}, el("tr", {}, el("td"), el("th", { scope: "col" }, "one step"), over)),
      el("tbody", {}, line("gate", "gate, (1 − u) + uγr"), line("plain", "plain network, γ")));

    const sliders = {};
    const drag = (name, label, min, max, step, format) => {
      sliders[name] = slider({ name, label, min, max, step, value: state[name], format,
        oninput: (value) => { state[name] = value; draw(); } });
      return sliders[name].element;
    };
    const two = (value) => number(value, 2);
    ui.append(stage, status, el("div", { class: "live-sliders" },
      drag("gamma", "plain factor γ", low, high, 0.05, two),
      drag("u", "update gate u", 0, 1, 0.05, two),
      drag("r", "reset gate r", 0, 1, 0.05, two),
      drag("steps", "steps", 1, T, 1, (value) => `${value} steps`)), readout);
    onWidth(ui, (width) => { state.width = width; draw(); });
    draw();

    function draw() {
      const { gamma, u, r, steps } = state;
      const f = factor(gamma, u, r);
      const bands = losing(u, r, low, high);
      over.textContent = `${steps} step${steps === 1 ? "" : "s"}`;
      show("gate-step", f);
      show("plain-step", gamma);
      show("gate-all", f ** steps);
      show("plain-all", gamma ** steps);
      status.textContent = sentence(f, bands);
      if (state.width > 0) stage.replaceChildren(picture(f, bands));
    }

    function show(name, value) {
      cells[name].textContent = number(value, 3);
      cells[name].dataset.value = value;
    }

    function sentence(f, bands) {
      const { gamma, u, r, steps } = state;
      const gap = distance(f) - distance(gamma);
      const tie = Math.abs(gap) < 1e-12 || f === gamma;
      const verdict = tie ? "they are alike" : gap > 0 ? "the gate loses" : "the gate wins";
      const where = bands.length === 0 ? "For no γ shown does this gate lose"
        : `This gate loses for γ ${bands.map(({ from, to }) => between(from, to)).join(" and ")}`;
      return `Over ${steps} step${steps === 1 ? "" : "s"} the gate multiplies a gradient by ${number(f ** steps, 3)}, the plain ` +
        `network by ${number(gamma ** steps, 3)}: ${verdict}. ${where}.`;
    }

    function between(from, to) {
      if (from <= low) return to >= high ? "everywhere here" : `below ${number(to, 3)}`;
      return to >= high ? `above ${number(from, 3)}` : `between ${number(from, 3)} and ${number(to, 3)}`;
    }

    function picture(f, bands) {
      const { width } = state;
      const wide = width >= 560;
      const panel = wide ? Math.floor((width - 16) / 2) : width;
      const height = Math.round(Math.min(320, Math.max(240, 0.8 * panel)));
      const whole = wide ? height : 2 * height + 10;
      const root = svg("svg", { viewBox: `0 0 ${width} ${whole}`, width, height: whole, role: "img", "aria-label":
        "First, the factor of one step against gamma, as one line for the plain network and one for the gate, with the " +
        "stretches shaded in which the gate loses. Second, what is left over many steps, on a logarithmic axis." });
      root.append(onestep(panel, height, f, bands));
      const second = manysteps(panel, height, f);
      second.setAttribute("transform", wide ? `translate(${width - panel} 0)` : `translate(0 ${height + 10})`);
      root.append(second);
      return root;
    }

    const halo = "paint-order: stroke; stroke: var(--live-paper); stroke-width: 4px";

    function onestep(width, height, f, bands) {
      const [left, right, top, bottom] = [34, 12, 12, 42];
      const X = (gamma) => left + ((width - left - right) * (gamma - low)) / (high - low);
      const Y = (value) => top + ((height - top - bottom) * (high - value)) / (high - low);
      const group = svg("g");
      const add = (tag, attributes, ...children) => group.append(svg(tag, attributes, ...children));
      bands.forEach(({ from, to }, i) => {
        add("rect", { x: X(from), y: top, width: X(to) - X(from), height: height - top - bottom, "data-name": `band-${i}`,
          "data-from": from, "data-to": to, style: "fill: var(--live-off); opacity: 0.28" });
      });
      for (let tick = Math.ceil(low); tick <= high; tick += 1) {
        add("text", { x: X(tick), y: height - bottom + 17, class: "live-text number" }, number(tick, 0));
        add("text", { x: left - 12, y: Y(tick) + 4, class: "live-text number" }, number(tick, 0));
        add("line", { x1: left, x2: width - right, y1: Y(tick), y2: Y(tick), class: "live-axis",
          style: Math.abs(tick) === 1 ? null : "stroke: var(--live-rule)" });
      }
      add("text", { x: (left + width - right) / 2, y: height - 6, class: "live-text" }, "plain factor ", ...symbol("γ"));
      const { gamma, u, r } = state;
      add("line", { x1: X(low), y1: Y(low), x2: X(high), y2: Y(high), class: "live-line back" });
      const ends = [factor(low, u, r), factor(high, u, r)];
      add("line", { x1: X(low), y1: Y(ends[0]), x2: X(high), y2: Y(ends[1]), class: "live-line", style: "stroke-width: 2.4",
        "data-name": "gate-line" });
      add("line", { x1: X(gamma), x2: X(gamma), y1: top, y2: height - bottom, class: "live-border" });
      add("circle", { cx: X(gamma), cy: Y(gamma), r: 4.5, style: "fill: var(--live-back)" });
      add("circle", { cx: X(gamma), cy: Y(f), r: 5.5, style: "fill: var(--live-forward)" });
      add("text", { x: X(low) + 4, y: Y(ends[0]) - 8, class: "live-text forward", style: `text-anchor: start; ${halo}` }, "gate");
      add("text", { x: X(high) - 18, y: Y(high) + 14, class: "live-text back", style: `text-anchor: end; ${halo}` }, "plain");
      if (bands.length > 0) {
        const widest = bands.reduce((a, b) => (b.to - b.from > a.to - a.from ? b : a));
        const middle = Math.min(Math.max(X((widest.from + widest.to) / 2), left + 42), width - right - 42);
        add("text", { x: middle, y: height - bottom - 8, class: "live-text", style: halo }, "gate loses");
      }
      const surface = svg("rect", { x: left, y: top, width: width - left - right, height: height - top - bottom,
        style: "fill: transparent; cursor: ew-resize; touch-action: pan-y", "data-name": "surface" });
      const move = (event) => {
        const box = stage.firstElementChild.getBoundingClientRect(); // of the picture as it is now
        const at = low + ((event.clientX - box.left - left) * (high - low)) / (width - left - right);
        state.gamma = Math.min(Math.max(Math.round(at * 20) / 20, low), high);
        sliders.gamma.set(state.gamma);
        draw();
      };
      // The picture is drawn anew at every move: the window follows the pointer until it is released.
      surface.addEventListener("pointerdown", (event) => {
        event.preventDefault();
        const stop = () => {
          window.removeEventListener("pointermove", move);
          window.removeEventListener("pointerup", stop);
          window.removeEventListener("pointercancel", stop);
        };
        window.addEventListener("pointermove", move);
        window.addEventListener("pointerup", stop);
        window.addEventListener("pointercancel", stop);
        move(event);
      });
      group.append(surface);
      return group;
    }

    function manysteps(width, height, f) {
      const [left, right, top, bottom] = [48, 12, 12, 42];
      const X = (k) => left + ((width - left - right) * k) / T;
      const Y = (log) => top + ((height - top - bottom) * (decades - log)) / (2 * decades);
      const group = svg("g");
      const add = (tag, attributes, ...children) => group.append(svg(tag, attributes, ...children));
      for (let log = -decades; log <= decades; log += decades / 3) {
        add("line", { x1: left, x2: width - right, y1: Y(log), y2: Y(log), class: "live-axis",
          style: log === 0 ? null : "stroke: var(--live-rule)" });
        const power = svg("tspan", { dy: -6, class: "live-index" }, number(log, 0));
        add("text", { x: left - 25, y: Y(log) + 5, class: "live-text number" }, log === 0 ? "1" : "10", log === 0 ? null : power);
      }
      for (let k = 0; k <= T; k += 25) add("text", { x: X(k), y: height - bottom + 17, class: "live-text number" }, String(k));
      add("text", { x: (left + width - right) / 2, y: height - 6, class: "live-text" }, "steps");
      const clip = `live-gru-clip-${Math.round(width)}`;
      add("clipPath", { id: clip }, svg("rect", { x: left, y: top, width: width - left - right + 4, height: height - top - bottom }));
      const inside = svg("g", { "clip-path": `url(#${clip})` });
      const far = 4 * decades; // a factor of 0 drops to the floor at once
      const slope = (value) => Math.min(Math.max(Math.log10(Math.abs(value)), -far), far);
      const paint = (value, kind, extra) => inside.append(svg("line", { x1: X(0), y1: Y(0), x2: X(T), y2: Y(T * slope(value)),
        class: `live-line ${kind}`, style: extra }));
      paint(state.gamma, "back", null);
      paint(f, "", "stroke-width: 2.4");
      inside.append(svg("line", { x1: X(state.steps), x2: X(state.steps), y1: top, y2: height - bottom, class: "live-border" }));
      const dot = (value, r, color, name) => inside.append(svg("circle", { cx: X(state.steps),
        cy: Math.min(Math.max(Y(state.steps * slope(value)), -9e3), 9e3), r, style: `fill: var(--live-${color})`, "data-name": name }));
      dot(state.gamma, 4.5, "back", "dot-plain");
      dot(f, 5.5, "forward", "dot-gate");
      group.append(inside);
      return group;
    }
  }

  window.live.register("gru", build);
})();
