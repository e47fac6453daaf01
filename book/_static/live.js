/* What all live figures share. A page holds
 *
 *   <figure class="live" id="live-STEM" data-stem="STEM">
 *     <script type="application/json" class="live-data">…</script>
 *     <svg class="live-static">…</svg>
 *     <figcaption>…</figcaption>
 *   </figure>
 *
 * For each such figure the script live/STEM.js is loaded. It calls live.register(STEM, build), and build(ui, data) fills
 * the element ui with the figure. The static picture stays in the page for print and for readers without scripts.
 * Colours come from CSS variables (course.css), so that both colour modes need no script.
 */
(function () {
  "use strict";

  const here = document.currentScript.src;
  const builders = new Map();
  const waiting = new Map();
  let counter = 0;

  /** An HTML element; attributes that are functions become listeners, children are elements or text. */
  function el(tag, attributes = {}, ...children) {
    return fill(document.createElement(tag), attributes, children);
  }

  /** The same for SVG. */
  function svg(tag, attributes = {}, ...children) {
    return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
  }

  function fill(element, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === "function") element.addEventListener(name, value);
      else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.filter((child) => child !== null));
    return element;
  }

  /** A symbol with an index, and a mark above it, as SVG tspans: live.symbol("h", 3), live.symbol("h", "t", "∗"). */
  function symbol(letter, index = null, mark = null) {
    const parts = [svg("tspan", { class: "live-letter" }, letter)];
    if (mark !== null) parts.push(svg("tspan", { class: "live-index", dy: -6 }, mark));
    if (index !== null) {
      const kind = /[a-z]/.test(index) ? "live-index live-italic" : "live-index";
      parts.push(svg("tspan", { class: kind, dy: mark === null ? 4 : 10, dx: mark === null ? 0 : -5 }, String(index)));
      parts.push(svg("tspan", { dy: -4 }, "\u200b")); // what follows stands on the line again
    }
    return parts;
  }

  /** A number as text with a true minus sign, fixed decimals, and a power of ten where those would show zeros. */
  function number(value, decimals = 3) {
    const size = Math.abs(value);
    let text;
    if (!Number.isFinite(value)) text = String(value);
    else if (size === 0 || (size >= 0.5 * 10 ** -decimals && size < 1e5)) text = value.toFixed(decimals);
    else text = value.toExponential(1).replace("e+", "e");
    return text.replaceAll("-", "\u2212");
  }

  /** A labelled range with its value beside it; returns {element, set}. */
  function slider({ name, label, min, max, step, value, format = String, oninput }) {
    const id = `live-${name}-${(counter += 1)}`;
    const shown = el("output", { for: id, "data-name": name });
    const range = el("input", { type: "range", id, min, max, step, "data-name": name });
    const set = (next) => {
      range.value = next;
      shown.textContent = format(next);
      range.setAttribute("aria-valuetext", format(next));
    };
    range.addEventListener("input", () => {
      const next = Number(range.value);
      set(next);
      oninput(next);
    });
    set(value);
    return { element: el("div", { class: "live-slider" }, el("label", { for: id }, label), range, shown), set };
  }

  /** Buttons and arrow keys that walk through the positions 0 to length; onmove(position) draws. */
  function player({ stage, length, onmove, pause = 900 }) {
    let position = 0;
    let timer = null;
    const go = (next) => {
      position = Math.min(Math.max(next, 0), length);
      onmove(position);
      buttons.start.disabled = buttons.back.disabled = position === 0;
      buttons.next.disabled = buttons.end.disabled = position === length;
      if (position === length) stop();
    };
    const stop = () => {
      clearInterval(timer);
      timer = null;
      buttons.play.textContent = "Play";
    };
    const play = () => {
      if (timer !== null) return stop();
      if (position === length) go(0);
      buttons.play.textContent = "Pause";
      timer = setInterval(() => go(position + 1), pause);
    };
    const walk = (next) => {
      stop();
      go(next);
    };
    const button = (text, title, click) => el("button", { type: "button", "aria-label": title, click }, text);
    const buttons = {
      start: button("Start", "To the start", () => walk(0)),
      back: button("Back", "One step back", () => walk(position - 1)),
      play: el("button", { type: "button", click: play }, "Play"),
      next: button("Next", "Next step", () => walk(position + 1)),
      end: button("End", "To the end", () => walk(length)),
    };
    const keys = {
      ArrowRight: () => walk(position + 1),
      ArrowLeft: () => walk(position - 1),
      Home: () => walk(0),
      End: () => walk(length),
    };
    stage.addEventListener("keydown", (event) => {
      if (!(event.key in keys) || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      event.stopPropagation();
      keys[event.key]();
    });
    const element = el("div", { class: "live-buttons", role: "group", "aria-label": "Steps" }, ...Object.values(buttons));
    return { element, go, at: () => position };
  }

  /** Calls draw(width) now and whenever the element's width changes. */
  function onWidth(element, draw) {
    let last = 0;
    new ResizeObserver(() => {
      const width = Math.floor(element.clientWidth);
      if (width > 0 && width !== last) draw((last = width));
    }).observe(element);
  }

  function register(stem, build) {
    builders.set(stem, build);
    for (const figure of waiting.get(stem) ?? []) mount(figure, build);
    waiting.delete(stem);
  }

  function mount(figure, build) {
    const data = JSON.parse(figure.querySelector("script.live-data").textContent);
    const ui = el("div", { class: "live-ui" });
    build(ui, data);
    figure.insertBefore(ui, figure.querySelector("figcaption"));
    figure.classList.add("live-on");
  }

  function start() {
    for (const figure of document.querySelectorAll("figure.live")) {
      const stem = figure.dataset.stem;
      if (waiting.has(stem)) {
        waiting.get(stem).push(figure);
        continue;
      }
      waiting.set(stem, [figure]);
      document.head.append(el("script", { src: new URL(`live/${stem}.js`, here).href, defer: true }));
    }
  }

  window.live = { register, el, svg, symbol, number, slider, player, onWidth };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
