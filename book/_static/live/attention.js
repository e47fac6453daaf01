/* Attention of a sentence to itself (eqs. attention-scaled, attention-softmax), with a temperature: weights
 * softmax(q·k / (√D τ)) under a mask. Data: tokens, real (1 or 0 for each), chosen (the first query), heads: list of
 * {label, about, q, k} with q and k as T rows of D numbers. */
(function () {
  "use strict";

  const { el, svg, number, slider, onWidth } = window.live;

  const MASKS = [
    { name: "none", label: "No mask", sees: () => true },
    { name: "padding", label: "Padding", sees: (t, j, real) => real[j] > 0 },
    { name: "causal", label: "Causal", sees: (t, j) => j <= t },
  ];
  const ROW = 30;
  const HEAD = 26;

  const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);

  /** Weights of one query: null where it may not look. */
  function weights(scores, visible) {
    const top = Math.max(...scores.filter((_, j) => visible[j]));
    const raw = scores.map((score, j) => (visible[j] ? Math.exp(score - top) : null));
    const total = raw.reduce((sum, value) => sum + (value ?? 0), 0);
    return raw.map((value) => (value === null ? null : value / total));
  }

  /** exp of the entropy: over how many words the weights are spread. */
  const spread = (alpha) => Math.exp(-alpha.reduce((sum, a) => sum + (a > 0 ? a * Math.log(a) : 0), 0));

  function build(ui, data) {
    const { tokens, real } = data;
    const T = tokens.length;
    const state = { head: 0, mask: "padding", log: 0, chosen: data.chosen, width: 0 };

    const stage = el("div", { class: "live-stage" });
    const status = el("p", { class: "live-status", "aria-live": "polite" });
    const about = el("p", { style: "margin: 0.4rem 0; font-size: 0.95em" });
    const choice = (name, label, options, field) => {
      const buttons = options.map(({ name: value, label: text }) => el("button", { type: "button", "data-name": `${name}-${value}`,
        click: () => { state[field] = value; update(); } }, text));
      return { element: el("div", { class: "live-buttons", role: "group", "aria-label": label }, ...buttons), buttons, options, field };
    };
    const heads = choice("head", "Queries and keys", data.heads.map(({ label }, i) => ({ name: i, label })), "head");
    const masks = choice("mask", "Mask", MASKS, "mask");
    const temperature = slider({ name: "temperature", label: "temperature τ", min: -1, max: 1, step: 0.05, value: 0,
      format: (value) => number(10 ** value, 2), oninput: (value) => { state.log = value; update(); } });
    let parts = null;

    ui.append(heads.element, about, stage, status, masks.element,
      el("div", { class: "live-sliders", style: "margin-top: 0.6rem" }, temperature.element));
    onWidth(ui, (width) => { state.width = width; picture(); update(); });
    update();

    function all() {
      const { q, k } = data.heads[state.head];
      const scale = Math.sqrt(q[0].length) * 10 ** state.log;
      const { sees } = MASKS.find(({ name }) => name === state.mask);
      return q.map((query, t) => {
        const visible = tokens.map((_, j) => sees(t, j, real));
        return weights(k.map((key) => dot(query, key) / scale), visible);
      });
    }

    function choose(t) {
      if (t === state.chosen) return;
      state.chosen = t;
      update();
    }

    /** The frame, drawn once for each width; update() fills it in. */
    function picture() {
      const { width } = state;
      const wide = width >= 600;
      const left = wide ? Math.round(0.56 * width) : width;
      const right = wide ? width - left - 18 : width;
      const height = HEAD + ROW * T + 6;
      const cell = Math.floor(Math.min((right - 64) / T, wide ? (height - HEAD - 8) / T : 26));
      const below = HEAD + cell * T + 60;
      const whole = wide ? Math.max(height, below) : height + below + 6;
      const root = svg("svg", { viewBox: `0 0 ${width} ${whole}`, width, height: whole, role: "group",
        "aria-label": "Words that ask, on the left, and words that are looked at, on the right; beside them the matrix of all weights." });
      parts = { asks: [], links: [], bars: [], values: [], names: [], cells: [] };
      lookPanel(root, left);
      const grid = svg("g", { transform: wide ? `translate(${left + 18} 0)` : `translate(0 ${height + 6})` });
      matrix(grid, cell);
      root.append(grid);
      const held = stage.contains(document.activeElement) ? document.activeElement.dataset.ask : undefined;
      stage.replaceChildren(root);
      if (held !== undefined) parts.asks[Number(held)].focus();
    }

    const Y = (j) => HEAD + ROW * j + ROW / 2;

    function lookPanel(root, width) {
      const [from, to] = [62, Math.round(0.47 * width)];
      const bar = to + 66;
      const longest = width - bar - 44;
      parts.longest = Math.max(longest, 20);
      root.append(svg("text", { x: 2, y: 16, class: "live-text name number" }, "asks"),
        svg("text", { x: to + 4, y: 16, class: "live-text name number" }, "is looked at"));
      tokens.forEach((_, j) => {
        parts.links.push(svg("line", { x1: from, x2: to, y2: Y(j), class: "live-line", "stroke-linecap": "round", "data-link": j }));
        root.append(parts.links[j]);
      });
      tokens.forEach((word, j) => {
        const box = svg("rect", { x: 1, y: Y(j) - 13, width: from - 5, height: 26, rx: 4, class: "live-cell" });
        const name = svg("text", { x: 6, y: Y(j) + 5, class: "live-text name" }, word);
        const ask = svg("g", { role: "button", tabindex: 0, "data-ask": j, "aria-label": `${word}, word ${j + 1}, asks`, style: "cursor: pointer",
          focus: () => choose(j), pointerenter: () => choose(j), click: () => choose(j),
          keydown: (event) => walk(event, j) }, box, name);
        parts.asks.push(ask);
        parts.names.push(svg("text", { x: to + 4, y: Y(j) + 5, class: "live-text name" }, word));
        parts.bars.push(svg("rect", { x: bar, y: Y(j) - 6, height: 12, style: "fill: var(--live-forward)" }));
        parts.values.push(svg("text", { y: Y(j) + 4, class: "live-text name number", "data-weight": j }));
        root.append(ask, parts.names[j], parts.bars[j], parts.values[j]);
      });
      parts.bar = bar;
    }

    function walk(event, j) {
      const steps = { ArrowDown: 1, ArrowUp: -1, Home: -j, End: T - 1 - j, Enter: 0, " ": 0 };
      if (!(event.key in steps) || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      event.stopPropagation();
      parts.asks[Math.min(Math.max(j + steps[event.key], 0), T - 1)].focus();
      choose(Math.min(Math.max(j + steps[event.key], 0), T - 1));
    }

    function matrix(group, cell) {
      const left = 60;
      group.append(svg("text", { x: 2, y: 16, class: "live-text name number" }, "all weights"));
      tokens.forEach((word, t) => {
        group.append(svg("text", { x: left - 5, y: HEAD + cell * t + cell / 2 + 4, class: "live-text number",
          style: "text-anchor: end" }, word));
        const x = left + cell * t + cell / 2 + 3;
        const y = HEAD + cell * T + 8;
        group.append(svg("text", { x, y, class: "live-text number", transform: `rotate(-55 ${x} ${y})`, style: "text-anchor: end" }, word));
        const row = tokens.map((_, j) => {
          const at = { x: left + cell * j, y: HEAD + cell * t };
          const fill = svg("rect", { ...at, width: cell, height: cell, style: "fill: var(--live-forward)", "data-cell": `${t}-${j}` });
          const frame = svg("rect", { ...at, width: cell, height: cell, style: "fill: transparent; stroke: var(--live-rule)",
            pointerenter: () => choose(t), click: () => choose(t) });
          const cross = svg("path", { d: `M${at.x + 4} ${at.y + cell - 4} L${at.x + cell - 4} ${at.y + 4}`,
            style: "stroke: var(--live-off); stroke-width: 1" });
          group.append(fill, cross, frame);
          return { fill, cross };
        });
        parts.cells.push(row);
      });
      parts.outline = svg("rect", { x: left, width: cell * T, height: cell, class: "live-window" });
      parts.place = (t) => parts.outline.setAttribute("y", HEAD + cell * t);
      group.append(parts.outline);
    }

    function update() {
      const alpha = all();
      const { chosen } = state;
      for (const { buttons, options, field } of [heads, masks]) {
        buttons.forEach((button, i) => {
          const on = options[i].name === state[field];
          button.setAttribute("aria-pressed", String(on));
          button.style.fontWeight = on ? "bold" : "";
          button.style.borderColor = on ? "var(--live-forward)" : "";
        });
      }
      about.textContent = data.heads[state.head].about;
      status.textContent = sentence(alpha[chosen]);
      if (parts === null) return;
      parts.place(chosen);
      alpha.forEach((row, t) => row.forEach((value, j) => {
        const { fill, cross } = parts.cells[t][j];
        fill.setAttribute("fill-opacity", value ?? 0);
        fill.dataset.value = value ?? 0;
        cross.style.display = value === null ? "" : "none";
      }));
      alpha[chosen].forEach((value, j) => {
        const size = value ?? 0;
        parts.asks[j].setAttribute("aria-pressed", String(j === chosen));
        parts.asks[j].firstElementChild.setAttribute("class", `live-cell ${j === chosen ? "one" : ""}`);
        parts.links[j].setAttribute("y1", Y(chosen));
        parts.links[j].style.strokeWidth = `${0.4 + 9 * size}`;
        parts.links[j].style.strokeOpacity = `${0.3 + 0.7 * size}`;
        parts.links[j].style.display = value === null ? "none" : "";
        parts.names[j].style.fontStyle = value === null ? "italic" : "";
        parts.bars[j].setAttribute("width", parts.longest * size);
        parts.values[j].setAttribute("x", parts.bar + parts.longest * size + 4);
        parts.values[j].textContent = value === null ? "hidden" : number(size, 3);
        parts.values[j].dataset.value = size;
        parts.values[j].dataset.hidden = String(value === null);
      });
    }

    function sentence(row) {
      const top = row.reduce((best, value, j) => ((value ?? -1) > (row[best] ?? -1) ? j : best), 0);
      const lost = row.reduce((sum, value, j) => sum + (real[j] > 0 ? 0 : value ?? 0), 0);
      const padding = lost > 0 ? ` ${number(100 * lost, 1)} % of its weight goes to padding.` : "";
      return `“${tokens[state.chosen]}” (word ${state.chosen + 1}) gives most weight, ${number(row[top], 3)}, to ` +
        `“${tokens[top]}” (word ${top + 1}), and spreads over ${number(spread(row.map((value) => value ?? 0)), 2)} words.${padding}`;
    }
  }

  window.live.register("attention", build);
})();
