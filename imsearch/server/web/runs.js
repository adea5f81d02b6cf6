/** Runs, which take long: their progress as it comes, and cancelling. */

import * as api from "./api.js";
import { element } from "./dom.js";
import { problemBox } from "./problems.js";
import { count, duration, number } from "./wording.js";

const STAGES = {
  starting: "Starting",
  preparing: "Preparing the model",
  scanning: "Looking for files",
  reading: "Reading pictures",
  comparing: "Comparing pictures",
  judging: "Checking pairs for copies",
  finished: "Finishing",
};

/**
 * Show a run in `place` until it has ended; `ended` is told of it then. Gives a function that stops showing.
 */
export function follow(run, place, ended) {
  const bar = element("progress", { "aria-label": "Progress" });
  const stage = element("p", { class: "stage-name" });
  const said = element("p", { class: "status" });
  const skips = element("div", {});
  const cancel = element("button", { type: "button" }, "Cancel");
  const problems = element("div", {});
  const live = element("p", { class: "visually-hidden", role: "status" });
  cancel.addEventListener("click", async () => {
    cancel.disabled = true;
    try {
      tell(await api.cancelRun(run.id));
    } catch (problem) {
      cancel.disabled = false;
      problems.replaceChildren(problemBox(problem));
    }
  });
  place.replaceChildren(
    element("div", { class: "run" }, element("div", { class: "row" }, stage, cancel), bar, said, problems, skips, live),
  );
  let lastStage = "";
  let over = false;

  function tell(now) {
    if (over) return;
    if (now.state !== "running") {
      over = true;
      ended(now);
      return;
    }
    const name = STAGES[now.stage] ?? now.stage;
    stage.textContent = `${name}…`;
    if (name !== lastStage) live.textContent = lastStage = name;
    if (now.total) {
      bar.max = now.total;
      bar.value = Math.min(now.done, now.total);
    } else {
      bar.removeAttribute("value");
    }
    said.textContent = counts(now).join(" · ");
    skips.replaceChildren(...skipList(now, skips.querySelector("details")?.open));
  }

  tell(run);
  return api.watch(run.id, tell, (problem) => {
    cancel.hidden = true;
    bar.hidden = true;
    stage.textContent = "Progress is not known";
    problems.replaceChildren(problemBox(problem, () => follow(run, place, ended)));
  });
}

function counts(run) {
  return [
    run.total ? `${number(run.done)} of ${number(run.total)}` : run.done ? number(run.done) : null,
    run.embedded ? count(run.embedded, "picture embedded", "pictures embedded") : null,
    run.skipped ? `${count(run.skipped, "file")} skipped` : null,
    duration(run.seconds),
  ].filter(Boolean);
}

/** What was skipped and why, folded; empty where nothing was. */
export function skipList(run, open = false) {
  if (!run.skips.length) return [];
  const shown = run.skips.length < run.skipped ? `, the last ${run.skips.length}` : "";
  return [
    element(
      "details",
      { class: "skips", open },
      element("summary", {}, `${count(run.skipped, "file")} skipped${shown}`),
      element("ul", {}, ...run.skips.map(skipRow)),
    ),
  ];
}

/** A file that was skipped. */
export function skipRow({ path, reason }) {
  return element("li", {}, element("span", { class: "path" }, path), element("span", { class: "hint" }, reason));
}

/** What an index run did, in a sentence. */
export function indexed(run) {
  const { report } = run;
  const took = ` in ${duration(run.seconds)}`;
  if (run.state === "cancelled") return `Cancelled. What was read so far is kept (${count(run.embedded, "picture")}).`;
  if (!report) return `Done${took}.`;
  const parts = [
    [report.added, "added"],
    [report.updated, "changed"],
    [report.moved, "moved"],
    [report.removed, "removed"],
    [report.unchanged, "unchanged"],
    [report.kept, "kept though out of reach"],
    [report.skipped, "skipped"],
  ].filter(([files]) => files);
  if (!parts.length) return `Done${took}: there are no pictures in these folders.`;
  return `Done${took}: ${parts.map(([files, word]) => `${number(files)} ${word}`).join(", ")}.`;
}
