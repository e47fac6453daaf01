/* A bit string that the reader edits, the states of a threshold network written by hand (eq.
 * sequences-threshold-network), and a window of fixed size with a witness that it cannot know. Data: bits (a string of 0
 * and 1), window, W_hx (H, 1), W_hh (H, H), b_h (H), W_yh (1, H). */
(function () {
  "use strict";

  const { el, svg, symbol, slider, onWidth } = window.live;
  const MOST = 40;

  const sum = (values) => values.reduce((total, value) => total + value, 0);
  const dot = (a, b) => sum(a.map((value, i) => value * b[i]));

  /** States h_1 … h_T and readouts y_1 … y_T. */
  function run({ W_hx, W_hh, b_h, W_yh }, bits) {
    let h = b_h.map(() => 0);
    const states = [];
    const y = [];
    for (const x of bits) {
      h = b_h.map((bias, i) => (W_hx[i][0] * x + dot(W_hh[i], h) + bias > 0 ? 1 : 0));
      states.push(h);
      y.push(dot(W_yh[0], h));
    }
    return { states, y };
  }

  /** How many strings of T bits end with these k bits, by the parity of their ones: [even, odd]. */
  function sharing(bits, k) {
    const free = bits.length - k;
    if (free > 0) return [2 ** (free - 1), 2 ** (free - 1)];
    return sum(bits) % 2 === 0 ? [1, 0] : [0, 1];
  }

  const parityWord = (bits) => (sum(bits) % 2 === 0 ? "even" : "odd");

  function build(ui, data) {
    const state = { bits: [...data.bits].map(Number), cursor: 0, k: data.window, width: 0 };

    const stage = el("div", { class: "live-stage", tabindex: 0, role: "group",
      "aria-label": "Bits and states. Left and right choose a bit, 0 and 1 set it, the space bar flips it, " +
        "Backspace removes the last bit." });
    const field = el("input", { type: "text", class: "live-bits", inputmode: "numeric", maxlength: MOST,
      autocomplete: "off", spellcheck: "false", id: "live-bits", "data-name": "bits" });
    const button = (text, click) => el("button", { type: "button", click }, text);
    const buttons = el("div", { class: "live-buttons", role: "group", "aria-label": "Strings" },
      el("label", { for: "live-bits", class: "live-bits-label" }, "bits"), field,
      button("Flip first", () => change(() => flip(0))),
      button("All ones", () => change(() => state.bits.fill(1))),
      button("Longer", () => change(() => state.bits.length < MOST && state.bits.push(0))));
    const status = el("p", { class: "live-status", "aria-live": "polite" });
    const cells = {};
    const cell = (name) => (cells[name] = el("td", { "data-name": name }));
    const readout = el("table", { class: "live-readout" },
      el("caption", {}, "What can be said about the parity of the whole string"),
      el("tbody", {},
        el("tr", {}, el("th", { scope: "row" }, "by the state"), cell("by-state")),
        el("tr", {}, el("th", { scope: "row" }, "strings with this window, even"), cell("even")),
        el("tr", {}, el("th", { scope: "row" }, "strings with this window, odd"), cell("odd")),
        el("tr", {}, el("th", { scope: "row" }, "best share right by the window"), cell("share"))));
    const size = slider({ name: "window", label: "window k", min: 1, max: MOST, step: 1, value: state.k,
      format: (value) => `${value} bits`, oninput: (value) => { state.k = value; draw(); } });

    ui.append(buttons, stage, status, el("div", { class: "live-sliders" }, size.element), readout);
    field.value = data.bits;

    function flip(i) {
      state.bits[i] = 1 - state.bits[i];
      state.cursor = i;
    }

    /** Applies an edit that came from anywhere but the field, and shows it there too. */
    function change(edit) {
      edit();
      field.value = state.bits.join("");
      draw();
    }

    field.addEventListener("input", () => {
      const text = field.value.replace(/[^01]/g, "").slice(0, MOST);
      if (text !== field.value) field.value = text;
      if (text.length === 0) return;
      state.bits = [...text].map(Number);
      draw();
    });
    field.addEventListener("change", () => { field.value = state.bits.join(""); });

    const last = () => state.bits.length - 1;
    const keys = {
      ArrowRight: () => { state.cursor = Math.min(state.cursor + 1, last()); },
      ArrowLeft: () => { state.cursor = Math.max(state.cursor - 1, 0); },
      Home: () => { state.cursor = 0; },
      End: () => { state.cursor = last(); },
      " ": () => flip(state.cursor),
      0: () => set(0),
      1: () => set(1),
      Backspace: () => { if (state.bits.length > 1) state.bits.pop(); },
    };

    /** Sets the chosen bit and moves on; past the end the string grows. */
    function set(bit) {
      state.bits[state.cursor] = bit;
      if (state.cursor === last() && state.bits.length < MOST) state.bits.push(0);
      state.cursor = Math.min(state.cursor + 1, last());
    }

    stage.addEventListener("keydown", (event) => {
      if (!(event.key in keys) || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      event.stopPropagation();
      change(keys[event.key]);
    });
    onWidth(ui, (width) => { state.width = width; draw(); });
    draw();

    function draw() {
      const { bits } = state;
      const T = bits.length;
      const k = Math.min(state.k, T);
      state.cursor = Math.min(state.cursor, T - 1);
      const { states, y } = run(data, bits);
      const [even, odd] = sharing(bits, k);
      const witness = k < T ? bits.map((bit, t) => (t === T - k - 1 ? 1 - bit : bit)) : null;
      const values = { "by-state": y[T - 1], even, odd, share: Math.max(even, odd) / (even + odd) };
      const shown = { "by-state": y[T - 1] === 1 ? "odd" : "even", even: even.toLocaleString("en"),
        odd: odd.toLocaleString("en"), share: `${(100 * values.share).toFixed(0)} %` };
      for (const [name, element] of Object.entries(cells)) {
        element.textContent = shown[name];
        element.dataset.value = values[name];
      }
      status.textContent = witness === null
        ? `The window holds all ${T} bits, so it can know that their parity is ${parityWord(bits)}. One more bit, and it cannot.`
        : `${bits.join("")} has ${sum(bits)} ones: ${parityWord(bits)}. The witness ${witness.join("")} has ${sum(witness)}: ` +
          `${parityWord(witness)}. In the last ${k} bits they are the same.`;
      if (state.width > 0) stage.replaceChildren(picture(bits, states, y, k, witness));
    }

    /** One column per bit. Columns have a least width; a stage too narrow for them scrolls. */
    function picture(bits, states, y, k, witness) {
      const T = bits.length;
      const head = 64;
      const step = Math.max(Math.min((state.width - head - 4) / T, 46), 21);
      const width = Math.max(state.width, head + step * T + 4);
      const row = 34;
      const X = (t) => head + step * t; // left edge of step t, counted from 0
      const rows = [
        { name: "x", label: symbol("x", "t"), values: bits },
        ...data.b_h.map((_, i) => ({ name: `h${i + 1}`, label: [...symbol("h", "t"), ` [${i + 1}]`],
          values: states.map((h) => h[i]) })),
        { name: "y", label: symbol("y", "t"), values: y },
        ...(witness ? [{ name: "witness", label: ["witness"], values: witness, apart: true }] : []),
      ];
      const top = (index) => 6 + row * index + (rows[index].apart ? 16 : 0);
      const height = 6 + row * (data.b_h.length + 3) + 22;
      const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img",
        "aria-label": `${T} bits, the states of the network and the parity after each bit.` });
      const draw = (tag, attributes, ...children) => {
        const element = svg(tag, attributes, ...children);
        root.append(element);
        return element;
      };

      rows.forEach(({ name, label, values, apart }, index) => {
        const at = top(index);
        draw("text", { x: 0, y: at + row / 2 + 5, class: "live-text name" }, ...label);
        values.forEach((value, t) => {
          const differs = apart && value !== bits[t];
          const kind = `${value === 1 ? "one" : "zero"}${name === "x" ? " bit" : ""}${differs ? " differs" : ""}`;
          const box = draw("rect", { x: X(t) + 1.5, y: at + 1.5, width: step - 3, height: row - 3, rx: 3,
            class: `live-cell ${kind}`, "data-name": `${name}-${t + 1}`, "data-value": value });
          draw("text", { x: X(t) + step / 2, y: at + row / 2 + 5, class: "live-text cell" }, String(value));
          if (name === "x") box.addEventListener("click", () => change(() => flip(t)));
        });
      });
      draw("rect", { x: X(state.cursor) + 4, y: top(0) + row - 6, width: step - 8, height: 3, class: "live-cursor" });
      for (const index of witness ? [0, rows.length - 1] : [0]) {
        draw("rect", { x: X(T - k), y: top(index), width: step * k, height: row, rx: 4, class: "live-window" });
      }
      return root;
    }
  }

  window.live.register("sequences", build);
})();
