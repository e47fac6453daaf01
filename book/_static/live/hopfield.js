/* A memory of small pictures, classic (one unit at a time) and modern (a weighted mean of the patterns): damage a pattern by
 * hand, let the network run, and watch the energy. Data: names and patterns (of signs, side × side cells), order (in which
 * the classic network visits its units), stored (how many patterns at the start), damaged (the first state), logBeta. */
(function () {
  "use strict";

  const { el, svg, symbol, number, slider, onWidth } = window.live;

  const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);

  /** D times the field of unit i by Hebb's rule without a diagonal: whole numbers, so that zero is zero (eq. hopfield-hebb). */
  const fieldOf = (patterns, xi, i) => patterns.reduce((sum, x) => sum + x[i] * (dot(x, xi) - x[i] * xi[i]), 0);

  /** eq. hopfield-energy without thresholds. */
  const classicEnergy = (patterns, xi) => -xi.reduce((sum, value, i) => sum + value * fieldOf(patterns, xi, i), 0) / (2 * xi.length);

  /** Weights of the patterns, and the logarithm of the sum of their exponentials. */
  function softmax(patterns, xi, beta) {
    const scores = patterns.map((x) => beta * dot(x, xi));
    const largest = Math.max(...scores);
    const powers = scores.map((score) => Math.exp(score - largest));
    const total = powers.reduce((a, b) => a + b, 0);
    return { p: powers.map((power) => power / total), logSum: largest + Math.log(total) };
  }

  /** eq. hopfield-modern-energy; all patterns have the length √D. */
  const modernEnergy = (patterns, xi, beta) =>
    -softmax(patterns, xi, beta).logSum / beta + dot(xi, xi) / 2 + Math.log(patterns.length) / beta + xi.length / 2;

  /** eq. hopfield-modern-update. */
  function modernUpdate(patterns, xi, beta) {
    const { p } = softmax(patterns, xi, beta);
    return xi.map((_, i) => p.reduce((sum, weight, m) => sum + weight * patterns[m][i], 0));
  }

  const STILL = 1e-6; // an update that moves no cell by more has come to rest, as far as the eye can tell

  function build(ui, data) {
    const { side, names, order } = data;
    const D = side * side;
    const state = { mode: "classic", stored: data.stored, logBeta: data.logBeta, xi: data.damaged.slice(), energies: [], at: 0, width: 0 };
    const patterns = () => data.patterns.slice(0, state.stored);
    const beta = () => 10 ** state.logBeta;
    const energy = () => (state.mode === "classic" ? classicEnergy(patterns(), state.xi) : modernEnergy(patterns(), state.xi, beta()));

    /** A small generator of our own, so that damage and noise are the same for every reader. */
    let seed = 12345;
    const random = () => (seed = (1103515245 * seed + 12345) % 2147483648) / 2147483648;

    const cells = Array.from({ length: D }, (_, i) => {
      const fill = el("span", { style: "display: block; background: var(--live-forward)" });
      const button = el("button", { type: "button", "data-name": `cell-${i}`, tabindex: i === 0 ? 0 : -1,
        style: "display: grid; place-items: center; padding: 0; width: 100%; aspect-ratio: 1; cursor: pointer; " +
          "background: var(--live-paper); border: 1px solid var(--live-off); border-radius: 0",
        click: () => { state.at = i; turn(i); } }, fill);
      return { button, fill };
    });
    const grid = el("div", { role: "group", "aria-label": `State of the network, ${side} by ${side} cells; arrow keys move, space turns a cell`,
      style: `display: grid; grid-template-columns: repeat(${side}, 1fr); gap: 2px; width: 14.5rem; max-width: 100%; flex: none`,
      keydown: (event) => {
        const [row, column] = [Math.floor(state.at / side), state.at % side];
        const moves = { ArrowRight: [row, column + 1], ArrowLeft: [row, column - 1], ArrowDown: [row + 1, column], ArrowUp: [row - 1, column],
          Home: [row, 0], End: [row, side - 1] };
        if (!(event.key in moves) || event.altKey || event.ctrlKey || event.metaKey) return;
        event.preventDefault();
        event.stopPropagation();
        const [to, along] = moves[event.key].map((value) => Math.min(Math.max(value, 0), side - 1));
        focus(to * side + along);
      } }, ...cells.map(({ button }) => button));
    const stage = el("div", { class: "live-stage", style: "flex: 1 1 16rem; min-width: 0" });
    const status = el("p", { class: "live-status", "aria-live": "polite" });

    const radio = (mode, label) => {
      const input = el("input", { type: "radio", name: "live-hopfield-mode", value: mode, "data-name": mode, checked: mode === state.mode,
        change: () => { state.mode = mode; if (mode === "classic") state.xi = state.xi.map((v) => (v < 0 ? -1 : 1)); restart(); } });
      return el("label", { style: "margin: 0 1rem 0 0; white-space: nowrap" }, input, ` ${label}`);
    };
    const choice = el("fieldset", { style: "border: 0; padding: 0; margin: 0 0 0.6rem" },
      el("legend", { style: "float: left; width: auto; margin: 0 1rem 0 0; padding: 0; font-size: 1em" }, "Network"),
      radio("classic", "classic"), radio("modern", "modern"));
    const button = (name, title, click) => el("button", { type: "button", "aria-label": title, "data-name": name.toLowerCase(), click }, name);
    const buttons = el("div", { class: "live-buttons", role: "group", "aria-label": "Run and damage" },
      button("Step", "One step", () => run(1)),
      button("Sweep", "A whole sweep of steps", () => run(state.mode === "classic" ? D : 10)),
      button("Damage", "Damage: turn five cells", () => damage(5)),
      button("Noise", "Noise: a random state", () => { state.xi = state.xi.map(() => (random() < 0.5 ? -1 : 1)); restart(); }));

    const rows = names.map((name, m) => {
      const overlap = el("td", { "data-name": `overlap-${m}` });
      const weight = el("td", { "data-name": `weight-${m}` });
      const start = el("button", { type: "button", "aria-label": `Start from ${name}`, "data-name": `pattern-${m}`,
        click: () => { state.xi = data.patterns[m].slice(); restart(); } }, name);
      const row = el("tr", {}, el("th", { scope: "row", class: "live-buttons", style: "display: table-cell" }, start), overlap, weight);
      return { row, overlap, weight };
    });
    const readout = el("table", { class: "live-readout" },
      el("caption", {}, "Stored patterns; press one to start from it"),
      el("thead", {}, el("tr", {}, el("th", { scope: "col", style: "text-align: left" }, "pattern"),
        el("th", { scope: "col" }, "overlap x · ξ"), el("th", { scope: "col" }, "weight p"))),
      el("tbody", {}, ...rows.map(({ row }) => row)));

    const drag = (name, label, min, max, step, format) => slider({ name, label, min, max, step, value: state[name], format,
      oninput: (value) => { state[name] = value; restart(); } }).element;
    ui.append(choice, el("div", { style: "display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start" }, grid, stage), status, buttons,
      el("div", { class: "live-sliders", style: "margin-top: 0.6rem" },
        drag("stored", "patterns stored", 1, names.length, 1, (value) => `${value} (α = ${number(value / D, 2)})`),
        drag("logBeta", "β, modern", -2.5, 0.5, 0.1, (value) => number(10 ** value, 3))),
      readout);
    onWidth(stage, (width) => { state.width = width; draw(); });
    restart();

    function focus(i) {
      cells[state.at].button.tabIndex = -1;
      state.at = i;
      cells[i].button.tabIndex = 0;
      cells[i].button.focus();
    }

    /** A cell turned by hand: from mostly empty to full, and back. */
    function turn(i) {
      cells.forEach((cell, k) => { cell.button.tabIndex = k === i ? 0 : -1; });
      state.xi[i] = state.xi[i] < 0 ? 1 : -1;
      restart();
    }

    function damage(count) {
      const left = order.slice();
      for (let k = 0; k < count; k += 1) {
        const [i] = left.splice(Math.floor(random() * left.length), 1);
        state.xi[i] = state.xi[i] < 0 ? 1 : -1;
      }
      restart();
    }

    function restart() {
      state.energies = [energy()];
      draw();
    }

    function run(steps) {
      for (let k = 0; k < steps; k += 1) {
        if (state.mode === "modern") state.xi = modernUpdate(patterns(), state.xi, beta());
        else {
          const i = order[(state.energies.length - 1) % D];
          const field = fieldOf(patterns(), state.xi, i); // eq. hopfield-async: zero turns nobody
          if (field !== 0) state.xi[i] = Math.sign(field);
        }
        state.energies.push(energy());
      }
      draw();
    }

    function atRest() {
      if (state.mode === "classic") return state.xi.every((value, i) => value * fieldOf(patterns(), state.xi, i) >= 0);
      return modernUpdate(patterns(), state.xi, beta()).every((value, i) => Math.abs(value - state.xi[i]) < STILL);
    }

    function draw() {
      cells.forEach(({ button: cell, fill }, i) => {
        const value = state.xi[i];
        const size = `${(50 * (Math.min(Math.max(value, -1), 1) + 1)).toFixed(2)}%`;
        fill.style.width = fill.style.height = size;
        cell.dataset.value = value;
        cell.setAttribute("aria-label", `row ${Math.floor(i / side) + 1}, column ${(i % side) + 1}: ${number(value, 2)}`);
      });
      const { p } = softmax(patterns(), state.xi, beta());
      rows.forEach(({ row, overlap, weight }, m) => {
        row.hidden = m >= state.stored;
        if (row.hidden) return;
        const value = dot(data.patterns[m], state.xi);
        overlap.textContent = number(value, state.mode === "classic" ? 0 : 2);
        overlap.dataset.value = value;
        weight.textContent = state.mode === "classic" ? "–" : number(p[m], 3);
        weight.dataset.value = state.mode === "classic" ? "" : p[m];
      });
      status.textContent = sentence();
      if (state.width > 0) stage.replaceChildren(picture());
    }

    function sentence() {
      const steps = state.energies.length - 1;
      const overlaps = patterns().map((x) => dot(x, state.xi));
      const best = overlaps.reduce((found, value, m) => (Math.abs(value) > Math.abs(overlaps[found]) ? m : found), 0);
      const away = Math.max(...state.xi.map((value, i) => Math.abs(value - Math.sign(overlaps[best]) * data.patterns[best][i])));
      const which = overlaps[best] < 0 ? `the opposite of ${names[best]}` : names[best];
      const where = away < 0.005 ? `This is ${which}` : `Nearest is ${which}, with an overlap of ${number(overlaps[best], state.mode === "classic" ? 0 : 2)}`;
      const unit = state.mode === "classic" ? "visit" : "update";
      return `${state.mode === "classic" ? "Classic" : "Modern"} network, ${steps} ${unit}${steps === 1 ? "" : "s"}: energy ` +
        `${number(state.energies[steps], 3)}. ${where}. ${atRest() ? "It is at rest." : "It is not at rest."}`;
    }

    function picture() {
      const { width, energies } = state;
      const [height, left, right, top, bottom] = [230, 52, 12, 14, 40];
      const last = Math.max(energies.length - 1, state.mode === "classic" ? 12 : 4);
      let [low, high] = [Math.min(...energies), Math.max(...energies)];
      if (high - low < 1e-3) [low, high] = [low - 0.5, high + 0.5];
      const X = (k) => left + ((width - left - right) * k) / last;
      const Y = (value) => top + ((height - top - bottom) * (high - value)) / (high - low);
      const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img",
        "aria-label": `Energy against ${state.mode === "classic" ? "visited units" : "updates"}: from ${number(energies[0], 3)} to ${number(energies[energies.length - 1], 3)}` });
      const add = (tag, attributes, ...children) => root.append(svg(tag, attributes, ...children));
      for (const value of [low, (low + high) / 2, high]) {
        add("line", { x1: left, x2: width - right, y1: Y(value), y2: Y(value), class: "live-axis", style: "stroke: var(--live-rule)" });
        add("text", { x: left - 6, y: Y(value) + 4, class: "live-text number", style: "text-anchor: end" }, number(value, 2));
      }
      for (const tick of [0, last / 2, last]) {
        if (Number.isInteger(tick)) add("text", { x: X(tick), y: height - bottom + 18, class: "live-text number" }, String(tick));
      }
      add("text", { x: (left + width - right) / 2, y: height - 5, class: "live-text" }, state.mode === "classic" ? "visited units" : "updates");
      add("text", { x: width - right - 4, y: top + 18, class: "live-text", style: "text-anchor: end" }, "energy ", ...symbol("E"));
      const points = energies.flatMap((value, k) => {
        const here = `${X(k)},${Y(value)}`;
        return state.mode === "classic" && k > 0 ? [`${X(k)},${Y(energies[k - 1])}`, here] : [here];
      });
      add("polyline", { points: points.join(" "), class: "live-line", style: "fill: none; stroke-width: 2.2" });
      const end = energies.length - 1;
      add("circle", { cx: X(end), cy: Y(energies[end]), r: 4.5, style: "fill: var(--live-forward)", "data-name": "energy",
        "data-value": energies[end], "data-energies": JSON.stringify(energies) });
      return root;
    }
  }

  window.live.register("hopfield", build);
})();
