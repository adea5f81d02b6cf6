/** The section of duplicates: finding them, and the review of what was found. */

import { element } from "./dom.js";
import { problemBox } from "./problems.js";
import { ReviewKeys } from "./review-keys.js";
import { Review } from "./review-model.js";
import { ReviewView } from "./review-view.js";
import { failure, RunProgress, skipList } from "./runs.js";

export class DuplicatesSection {
  #api;
  #pictures;
  #confirmation;
  #keys;
  #heading = element("div", {});
  #body = element("div", {});
  #canVerify = true; // whether the server finds edited copies too
  #running = false;
  #review = null;

  /** `section` holds the `place` of the review; `pictures` and `confirmation` are dialogs. */
  constructor(api, section, place, { pictures, confirmation }) {
    this.#api = api;
    this.#pictures = pictures;
    this.#confirmation = confirmation;
    this.#keys = new ReviewKeys(section);
    place.append(this.#heading, this.#body);
  }

  /** Take note of a library. */
  use(library) {
    this.#canVerify = library.can_verify;
    if (!this.#review && !this.#running) this.#showStart();
  }

  /** Show a run over duplicates that is going on or has ended. */
  showRun(run) {
    if (run.state === "running") {
      this.#running = true;
      this.#heading.replaceChildren();
      new RunProgress(this.#api, run, this.#body, (ended) => {
        this.#running = false;
        this.showRun(ended);
      });
    } else if (run.state === "done") {
      this.#begin(run);
    } else {
      this.#showStart(run);
    }
  }

  #showStart(last = null) {
    this.#forget();
    this.#heading.replaceChildren();
    this.#body.replaceChildren(this.#form(last));
  }

  #forget() {
    this.#review = this.#keys.view = null;
  }

  #form(last) {
    const problems = element("div", {});
    if (last?.state === "cancelled") problems.append(element("p", { class: "status", role: "status" }, "Cancelled."));
    else if (last) problems.append(failure(last) ?? "");
    const start = async (event) => {
      event?.preventDefault();
      const data = new FormData(form);
      try {
        this.showRun(
          await this.#api.startDuplicates({ under: data.get("under").trim() || null, series: data.has("series") }),
        );
      } catch (problem) {
        problems.replaceChildren(problemBox(problem, start));
      }
    };
    const form = element(
      "form",
      { class: "panel narrow", onsubmit: start },
      element(
        "p",
        {},
        "Find files that hold the same picture or a copy of it, and decide group by group which one stays. Nothing is moved before you say so.",
      ),
      underField(),
      element(
        "label",
        { class: "tick" },
        element("input", { type: "checkbox", name: "series" }),
        "Also series: shots of one moment",
      ),
      element("button", { class: "primary" }, "Find duplicates"),
      !this.#canVerify && withoutVerify(),
      problems,
    );
    return form;
  }

  async #begin(run) {
    this.#forget();
    const review = (this.#review = new Review(this.#api, run));
    this.#body.replaceChildren(element("p", { class: "waiting" }, "Loading groups…"));
    try {
      await review.load();
    } catch (problem) {
      if (review === this.#review) {
        const retry = problemBox(problem, () => this.#begin(run));
        this.#body.replaceChildren(retry, this.#searchAgain());
      }
      return;
    }
    if (review !== this.#review) return;
    if (review.total) this.#showReview(review);
    else this.#showNothing(run);
  }

  #showReview(review) {
    const view = new ReviewView(review, this.#pictures, this.#confirmation);
    const [status, bar] = view.progress;
    this.#keys.view = view;
    this.#heading.replaceChildren(
      element("div", { class: "row" }, status, this.#searchAgain()),
      bar,
      ...skipList(review.run),
    );
    this.#body.replaceChildren(view.group, this.#keys.help());
    view.goTo(Math.max(0, review.nextOpen()), { focus: false });
    this.#loadRest(review, view);
  }

  async #loadRest(review, view) {
    try {
      while (review === this.#review && !review.isLoaded && (await review.load())) view.showProgress();
    } catch (problem) {
      view.showProblem(problem, () => this.#loadRest(review, view));
    }
  }

  #showNothing(run) {
    this.#heading.replaceChildren();
    this.#body.replaceChildren(
      element(
        "div",
        { class: "blank" },
        element("h2", {}, "No duplicates"),
        element("p", {}, "Every picture is there once."),
        this.#searchAgain(),
      ),
      ...skipList(run),
    );
  }

  #searchAgain() {
    return element("button", { type: "button", onclick: () => this.#showStart() }, "Search again");
  }
}

function underField() {
  return element(
    "div",
    { class: "field" },
    element("label", { for: "duplicates-under" }, "Only groups with a file in folder"),
    element("input", {
      id: "duplicates-under",
      name: "under",
      list: "roots",
      autocomplete: "off",
      spellcheck: "false",
      placeholder: "any",
    }),
  );
}

function withoutVerify() {
  return element(
    "p",
    { class: "hint" },
    "Without the extra ",
    element("code", {}, "imsearch-engine[verify]"),
    " only files that hold the very same picture are found.",
  );
}
