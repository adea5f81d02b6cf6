/** Runs, which take long: their progress as it comes, and cancelling. */

import { Problem } from "./api.js";
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

/** Shows a run in `place` until it has ended, and calls `ended` with it then. */
export class RunProgress {
  #api;
  #run;
  #place;
  #ended;
  #over = false;
  #stageName = "";
  #bar = element("progress", { "aria-label": "Progress" });
  #stage = element("p", { class: "stage-name" });
  #status = element("p", { class: "status" });
  #skips = element("div", {});
  #cancel = element("button", { type: "button", onclick: () => this.#stop() }, "Cancel");
  #problems = element("div", {});
  #live = element("p", { class: "visually-hidden", role: "status" });

  constructor(api, run, place, ended) {
    this.#api = api;
    this.#run = run;
    this.#place = place;
    this.#ended = ended;
    place.replaceChildren(
      element(
        "div",
        { class: "run" },
        element("div", { class: "row" }, this.#stage, this.#cancel),
        this.#bar,
        this.#status,
        this.#problems,
        this.#skips,
        this.#live,
      ),
    );
    this.#tell(run);
    api.watch(
      run.id,
      (now) => this.#tell(now),
      (problem) => this.#lose(problem),
    );
  }

  async #stop() {
    this.#cancel.disabled = true;
    try {
      this.#tell(await this.#api.cancelRun(this.#run.id));
    } catch (problem) {
      this.#cancel.disabled = false;
      this.#problems.replaceChildren(problemBox(problem));
    }
  }

  #tell(now) {
    if (this.#over) return;
    if (now.state !== "running") {
      this.#over = true;
      this.#ended(now);
      return;
    }
    const name = STAGES[now.stage] ?? now.stage;
    this.#stage.textContent = `${name}…`;
    if (name !== this.#stageName) this.#live.textContent = this.#stageName = name;
    if (now.total) {
      this.#bar.max = now.total;
      this.#bar.value = Math.min(now.done, now.total);
    } else {
      this.#bar.removeAttribute("value");
    }
    this.#status.textContent = counts(now).join(" · ");
    this.#skips.replaceChildren(...skipList(now, this.#skips.querySelector("details")?.open));
  }

  /** Nothing more is heard of the run. */
  #lose(problem) {
    const again = () => new RunProgress(this.#api, this.#run, this.#place, this.#ended);
    this.#cancel.hidden = true;
    this.#bar.hidden = true;
    this.#stage.textContent = "Progress is not known";
    this.#problems.replaceChildren(problemBox(problem, again));
  }
}

function counts(run) {
  return [
    run.total ? `${number(run.done)} of ${number(run.total)}` : run.done ? number(run.done) : null,
    run.embedded ? count(run.embedded, "picture embedded", "pictures embedded") : null,
    run.skipped ? `${count(run.skipped, "file")} skipped` : null,
    duration(run.seconds),
  ].filter(Boolean);
}

/** The problem of a run that failed, in a box; null for other runs. */
export function failure(run) {
  return run.state === "failed" && run.problem ? problemBox(Problem.of(run.problem)) : null;
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
