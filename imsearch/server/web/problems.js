/** Problems as people see them: what happened, and what to do about it. */

import { element, icon } from "./dom.js";

const NO_RETRY = new Set(["too-large", "no-such-picture", "no-such-run", "forbidden", "probe", "invalid"]);

/** A box with a warning sign beside what it holds. */
export function warningBox(...children) {
  return element("div", { class: "problem", role: "alert" }, icon("warning"), element("div", {}, ...children));
}

/** A box that shows a problem. `retry` is called by its button, which is there where trying again can help. */
export function problemBox(problem, retry) {
  return warningBox(
    element("p", {}, problem.message),
    problem.hint && element("p", { class: "hint" }, problem.hint),
    retry && !NO_RETRY.has(problem.name) && element("button", { type: "button", onclick: retry }, "Try again"),
  );
}
