/* Beam search (eqs. seq2seq-beam, seq2seq-normalised) on trees of next words, its candidates as ranked columns. Data:
 * K, alpha (where the sliders start), end (the word that ends a sentence), tables: list of {label, about, tree}; a node of
 * a tree is {words, log_p, next}, and next holds a node, or null where the sentence is over. */
(function () {
  "use strict";

  const { el, svg, number, slider, onWidth } = window.live;

  const WIDEST = 6;
  const DROPPED_SHOWN = 4;

  const byLogP = (a, b) => b.logP - a.logP;
  const score = (found, alpha) => found.logP / found.words.length ** alpha;
  const best = (all, alpha) => all.reduce((a, b) => (score(b, alpha) > score(a, alpha) ? b : a));

  /** All one-word extensions of a prefix. */
  const extend = (parent) => parent.node.words.map((word, i) => ({
    parent, word, words: [...parent.words, word], logP: parent.logP + parent.node.log_p[i], node: parent.node.next[i],
  }));

  /** One column for each step, its candidates ranked; and what is finished. */
  function search(tree, K) {
    let beam = [{ words: [], logP: 0, node: tree }];
    const columns = [];
    const finished = [];
    while (beam.length > 0) {
      const ranked = beam.flatMap(extend).sort(byLogP);
      ranked.forEach((candidate, rank) => { candidate.kept = rank < K; });
      columns.push(ranked);
      finished.push(...ranked.filter(({ kept, node }) => kept && node === null));
      beam = ranked.filter(({ kept, node }) => kept && node !== null);
    }
    return { columns, finished };
  }

  /** Every sentence of the tree. */
  const sentences = (prefix) => extend(prefix).flatMap((next) => (next.node === null ? [next] : sentences(next)));

  function build(ui, data) {
    const state = { table: 0, K: data.K, alpha: data.alpha, width: 0 };
    const every = data.tables.map(({ tree }) => sentences({ words: [], logP: 0, node: tree }));

    const stage = el("div", { class: "live-stage", tabindex: 0, role: "group", "aria-label": "Columns of ranked candidates" });
    const status = el("p", { class: "live-status", "aria-live": "polite" });
    const about = el("p", { style: "margin: 0.4rem 0; font-size: 0.95em" });
    const buttons = data.tables.map(({ label }, i) => el("button", { type: "button", "data-name": `table-${i}`,
      click: () => { state.table = i; draw(); } }, label));
    const cells = {};
    const row = (name, label) => el("tr", {}, el("th", { scope: "row" }, label),
      ...["p", "length", "score"].map((kind) => (cells[`${name}-${kind}`] = el("td", { "data-name": `${name}-${kind}` }))));
    const head = ["log p", "words", "score"].map((text) => el("th", { scope: "col" }, text));
    const readout = el("table", { class: "live-readout" },
      el("caption", {}, "What the beam finds, and the best sentence of the whole table"),
      el("thead", {}, el("tr", {}, el("td"), ...head)),
      el("tbody", {}, row("found", "beam"), row("best", "best of all")));

    const drag = (name, label, min, max, step, format) => slider({ name, label, min, max, step, value: state[name], format,
      oninput: (value) => { state[name] = value; draw(); } }).element;
    ui.append(el("div", { class: "live-buttons", role: "group", "aria-label": "Table" }, ...buttons), about, stage, status,
      el("div", { class: "live-sliders" },
        drag("K", "beam width K", 1, WIDEST, 1, (value) => String(value)),
        drag("alpha", "exponent α", 0, 2, 0.1, (value) => number(value, 1))), readout);
    onWidth(ui, (width) => { state.width = width; draw(); });
    draw();

    function draw() {
      const { columns, finished } = search(data.tables[state.table].tree, state.K);
      const found = best(finished, state.alpha);
      const top = best(every[state.table], state.alpha);
      buttons.forEach((button, i) => {
        button.setAttribute("aria-pressed", String(i === state.table));
        button.style.fontWeight = i === state.table ? "bold" : "";
        button.style.borderColor = i === state.table ? "var(--live-forward)" : "";
      });
      about.textContent = data.tables[state.table].about;
      for (const [name, { logP, words }, value] of [["found", found, score(found, state.alpha)], ["best", top, score(top, state.alpha)]]) {
        show(`${name}-p`, logP, 4);
        show(`${name}-length`, words.length, 0);
        show(`${name}-score`, value, 4);
        cells[`${name}-p`].dataset.words = words.join(" ");
      }
      status.textContent = sentence(columns, found, top);
      if (state.width > 0) stage.replaceChildren(picture(columns, found));
    }

    function show(name, value, decimals) {
      cells[name].textContent = number(value, decimals);
      cells[name].dataset.value = value;
    }

    function sentence(columns, found, top) {
      const looked = columns.reduce((sum, column) => sum + column.length, 0);
      const said = (words) => `“${words.filter((word) => word !== data.end).join(" ")}”`;
      const chance = ({ logP }) => number(Math.exp(logP), 4);
      const judged = found.words.join(" ") === top.words.join(" ") ? "No sentence of the table has a better score."
        : `It misses ${said(top.words)}, probability ${chance(top)}, which has the best score.`;
      return `Width ${state.K} weighs ${looked} extensions and finds ${said(found.words)}, probability ${chance(found)}. ${judged}`;
    }

    /** Kept candidates stand above a line, the best of the dropped ones below it. */
    function picture(columns, found) {
      const { width, K } = state;
      const shown = columns.map((column) => column.slice(0, K + DROPPED_SHOWN));
      const rows = Math.max(...shown.map((column) => column.length));
      const [left, head, line] = [14, 30, 34];
      const step = Math.max((width - left) / columns.length, 55);
      const full = Math.max(width, left + step * columns.length);
      const font = step < 75 ? 11 : 14;
      const height = head + line * (rows + (rows > K ? 0.7 : 0)) + 8;
      const X = (t) => left + step * t + 4;
      const Y = (rank) => head + line * (rank + (rank >= K ? 0.7 : 0)) + 12;
      const root = svg("svg", { viewBox: `0 0 ${full} ${height}`, width: full, height, role: "img",
        "aria-label": `${columns.length} columns, one for each step. Each lists the extensions by their probability; ` +
          `the first ${K} are kept, lines lead back to the prefix that each extends.` });
      const onPath = new Set();
      for (let at = found; at && at.word; at = at.parent) onPath.add(at);
      const place = new Map();
      shown.forEach((column, t) => column.forEach((candidate, rank) => place.set(candidate, [X(t), Y(rank)])));
      const edges = svg("g", {});
      const nodes = svg("g", {});
      shown.forEach((column, t) => {
        nodes.append(svg("text", { x: X(t) - 4, y: 16, class: "live-text name", style: `font-size: ${font}px` },
          step < 75 ? `${t + 1}` : `step ${t + 1}`));
        column.forEach((candidate, rank) => {
          const [x, y] = place.get(candidate);
          const from = t === 0 ? [2, Y(0)] : place.get(candidate.parent);
          const path = onPath.has(candidate);
          const kind = path ? "back" : candidate.kept ? "" : "off";
          const style = path ? "stroke-width: 3; stroke-dasharray: none" : null;
          edges.append(svg("line", { x1: from[0], y1: from[1], x2: x, y2: y, class: `live-line ${kind}`, style }));
          nodes.append(candidate.node === null
            ? svg("rect", { x: x - 4, y: y - 4, width: 8, height: 8, class: `live-node ${candidate.kept ? "" : "off"}` })
            : svg("circle", { cx: x, cy: y, r: 4, class: `live-node ${candidate.kept ? "" : "off"}` }));
          const text = { class: `live-text name small ${path ? "back" : ""}`, x: x + 7 };
          const faint = candidate.kept ? "" : "; font-style: italic";
          nodes.append(svg("text", { ...text, y: y + 1, style: `font-size: ${font}px; font-weight: ${path ? "bold" : "normal"}${faint}` },
            candidate.word));
          nodes.append(svg("text", { ...text, y: y + 13, style: `font-size: 10.5px${faint}`, "data-name": `candidate-${t + 1}-${rank + 1}`,
            "data-value": candidate.logP, "data-words": candidate.words.join(" "), "data-kept": String(candidate.kept) },
          number(Math.exp(candidate.logP), 3)));
        });
      });
      root.append(edges);
      if (rows > K) {
        const cut = (Y(K - 1) + Y(K)) / 2 + 3;
        root.append(svg("line", { x1: 0, x2: full, y1: cut, y2: cut, class: "live-border", "data-name": "cut" }));
      }
      root.append(nodes);
      return root;
    }
  }

  window.live.register("seq2seq", build);
})();
