/* Mends what the theme's pages leave out for readers who listen to them or use no mouse. */
(function () {
  "use strict";

  const each = (selector, mend) => document.querySelectorAll(selector).forEach(mend);

  function mend() {
    // The arrows that unfold the menu have no name.
    each(".bd-sidenav summary", (summary) => {
      const page = summary.closest("li").querySelector("a");
      summary.setAttribute("aria-label", `Pages below ${page.textContent.trim()}`);
    });
    // The logo stands outside every landmark.
    each("#pst-primary-sidebar", (sidebar) => {
      sidebar.setAttribute("role", "region");
      sidebar.setAttribute("aria-label", "Site");
    });
    // These have names that hide the text which they show.
    each(".search-button-field, details.toggle-details > summary, details.hide > summary", (button) => {
      button.removeAttribute("aria-label");
    });
    each(".theme-switch", (icon) => {
      icon.querySelector("title")?.remove(); // once Font Awesome has made an svg of it
      for (const name of ["title", "role", "aria-labelledby"]) icon.removeAttribute(name);
      icon.setAttribute("aria-hidden", "true");
    });
    // A role that the standard has withdrawn
    each("[role='doc-biblioentry']", (entry) => entry.setAttribute("role", "listitem"));
    // The empty corner of a table is no header.
    each("thead th", (cell) => {
      if (cell.textContent.trim() === "" && !cell.querySelector("mjx-container, img, svg")) {
        cell.replaceWith(document.createElement("td"));
      }
    });
    // An equation in the text is a box of its own, after which a line may break: not before its full stop.
    each("span.math", (equation) => {
      const after = equation.nextSibling;
      const mark = after?.nodeType === Node.TEXT_NODE && after.data.match(/^[.,;:!?)\]”’]+/);
      if (!mark || equation.offsetWidth > 0.6 * equation.parentElement.offsetWidth) return;
      after.splitText(mark[0].length);
      const together = document.createElement("span");
      together.className = "course-together";
      equation.before(together);
      together.append(equation, after);
    });
    // What scrolls must be within reach of the keyboard.
    each("div.math, mjx-container, .pst-scrollable-table-container, div.cell_output, .bd-article pre", (box) => {
      const scrolls = ["auto", "scroll"].includes(getComputedStyle(box).overflowX);
      if (scrolls && box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    });
  }

  // The equations' widths are known once they are typeset.
  window.addEventListener("load", () => {
    Promise.resolve(window.MathJax?.startup?.promise).then(() => {
      mend();
      document.documentElement.dataset.mended = "";
    });
  });
})();
