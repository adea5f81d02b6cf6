/** Problems as people see them: what happened, and what to do. */

import { element, icon } from "./dom.js";

const ADVICE = {
  "gone-away": "Start it again where it ran, then retry.",
  "empty-library": "Index some pictures first: see Library.",
  locked: "Another imsearch is writing to this library. Wait until it is done.",
  busy: "The server has more to do than it can. Try again in a moment.",
  "too-large": "Send a smaller picture.",
  "no-such-picture": "It may have been removed from the library since.",
  "no-such-run": "The server was started anew since. Start the run again.",
};

const NO_RETRY = new Set(["too-large", "no-such-picture", "no-such-run", "forbidden", "probe", "invalid"]);

/** A box that tells of a problem. `retry` is called by its button, where trying again can help. */
export function problemBox(problem, retry) {
  const advice = ADVICE[problem.name];
  return element(
    "div",
    { class: "problem", role: "alert" },
    icon("warning"),
    element(
      "div",
      {},
      element("p", {}, problem.message),
      advice && element("p", { class: "hint" }, advice),
      retry && !NO_RETRY.has(problem.name) && element("button", { type: "button", onclick: retry }, "Try again"),
    ),
  );
}
