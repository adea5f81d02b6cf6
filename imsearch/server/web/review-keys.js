/** The keys of the review. */

import { element, makeClosable } from "./dom.js";

const HELP = [
  [["J", "→"], "next group"],
  [["K", "←"], "previous group"],
  [["1", "–", "9"], "let that file stay, or let it go"],
  [["Enter"], "mark as proposed, and on to the next open group"],
  [["D"], "these are different pictures"],
  [["U"], "undo the mark of this group"],
  [["Z"], "undo the last mark, wherever it was"],
  [["A"], "apply all marks"],
  [["F"], "the pictures of all files"],
  [["P"], "side by side"],
  [["O"], "overlay"],
  [["S"], "swipe"],
  [["B"], "blink; again: the other picture"],
  [["V"], "difference"],
  [["C"], "compare the next file"],
  [["+", "−", "0"], "zoom in, zoom out, show all"],
  [["?"], "these keys"],
];

/** Sends keys to the `view` of a review while its section is shown, and calls `apply`. They can be switched off. */
export class ReviewKeys {
  view = null;
  apply = () => {};
  #section;
  #dialog;
  #on = true;

  constructor(section, dialog) {
    this.#section = section;
    this.#dialog = dialog;
    makeClosable(dialog);
    dialog.querySelector(".dialog-body").replaceChildren(element("dl", { class: "key-list" }, ...HELP.map(helpRow)));
    addEventListener("keydown", (event) => this.#press(event));
  }

  /** The switch for the keys, and the button that shows them. */
  help() {
    const toggle = element("input", {
      type: "checkbox",
      checked: this.#on,
      onchange: () => (this.#on = toggle.checked),
    });
    return element(
      "section",
      { class: "keys", "aria-label": "Keys" },
      element("label", { class: "tick" }, toggle, "Keys"),
      element(
        "button",
        { type: "button", class: "quiet", onclick: () => this.#dialog.showModal() },
        "Show all keys",
        keyHint("?"),
      ),
    );
  }

  #press(event) {
    if (!this.view || !this.#on || this.#section.hidden || document.querySelector("dialog[open]")) return;
    if (event.altKey || ((event.ctrlKey || event.metaKey) && event.key !== "z")) return;
    const field = event.target.closest?.("input:not([type=checkbox]), select, textarea");
    if (field && !(field.type === "range" && event.key.length === 1)) return;
    const act = this.#action(event);
    if (!act) return;
    event.preventDefault();
    act();
  }

  #action({ key, target }) {
    const { view } = this;
    if (/^[1-9]$/.test(key)) return () => view.toggle(Number(key) - 1);
    if (key === "Enter") return target.closest?.("button:not(.frame), a, summary") ? null : () => view.confirm();
    return {
      j: () => view.step(1),
      k: () => view.step(-1),
      ArrowRight: () => view.step(1),
      ArrowLeft: () => view.step(-1),
      d: () => view.callDifferent(),
      u: () => view.unmark(),
      z: () => view.undo(),
      a: () => this.apply(),
      f: () => view.setMode(null),
      p: () => view.setMode("pair"),
      o: () => view.setMode("overlay"),
      s: () => view.setMode("swipe"),
      b: () => view.setMode("blink"),
      v: () => view.setMode("difference"),
      c: () => view.compare(),
      "+": () => view.zoom(1),
      "=": () => view.zoom(1),
      "-": () => view.zoom(-1),
      0: () => view.zoom(0),
      "?": () => this.#dialog.showModal(),
    }[key.length === 1 ? key.toLowerCase() : key];
  }
}

function helpRow([names, what]) {
  return element(
    "div",
    {},
    element("dt", {}, ...names.map((name) => (name === "–" ? name : element("kbd", {}, name)))),
    element("dd", {}, what),
  );
}

/** The key of a button, shown on it. */
export function keyHint(key) {
  return element("kbd", { "aria-hidden": "true" }, key);
}
