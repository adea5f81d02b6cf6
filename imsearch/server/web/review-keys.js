/** The keys of the review. */

import { element } from "./dom.js";

const HELP = [
  [["1", "–", "9"], "choose the one to keep"],
  [["Enter"], "keep it, move the others to the trash"],
  [["D"], "these are different pictures"],
  [["U"], "take “different” back"],
  [["J", "←"], "previous group"],
  [["K", "→"], "next group"],
];

/** Sends keys to the `view` of a review while its section is shown. They can be switched off. */
export class ReviewKeys {
  view = null;
  #section;
  #on = true;

  constructor(section) {
    this.#section = section;
    addEventListener("keydown", (event) => this.#press(event));
  }

  /** The keys and what they do, and the switch. */
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
      element("dl", {}, ...HELP.map(helpRow)),
    );
  }

  #press(event) {
    if (!this.view || !this.#on || this.#section.hidden || document.querySelector("dialog[open]")) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest?.("input:not([type=checkbox]), select, textarea")) return;
    const act = this.#action(event);
    if (!act) return;
    event.preventDefault();
    act();
  }

  #action({ key, target }) {
    const { view } = this;
    if (/^[1-9]$/.test(key)) return () => view.choose(Number(key) - 1);
    if (key === "Enter") return target.closest?.("button:not(.frame), a, summary") ? null : () => view.keep();
    return {
      d: () => view.setDifferent(true),
      u: () => view.setDifferent(false),
      j: () => view.step(-1),
      k: () => view.step(1),
      ArrowLeft: () => view.step(-1),
      ArrowRight: () => view.step(1),
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
