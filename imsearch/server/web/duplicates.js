/** The section of duplicates: finding them, and the review of what was found. */

import { element } from "./dom.js";
import { problemBox } from "./problems.js";
import { acceptForm, folderList } from "./review-accept.js";
import { outcome } from "./review-apply.js";
import { keyHint, ReviewKeys } from "./review-keys.js";
import { Review } from "./review-model.js";
import { TrashBox } from "./review-trash.js";
import { ReviewView } from "./review-view.js";
import { failure, RunProgress, skipList } from "./runs.js";
import { count } from "./wording.js";

export class DuplicatesSection {
  #api;
  #pictures;
  #confirmation;
  #keys;
  #trash;
  #applying = false;
  #heading = element("div", {});
  #body = element("div", {});
  #canVerify = true; // whether the server finds edited copies too
  #running = false;
  #review = null;

  /** `section` holds the `place` of the review; `pictures`, `confirmation` and `keys` are dialogs. */
  constructor(api, section, place, { pictures, confirmation, keys }) {
    this.#api = api;
    this.#pictures = pictures;
    this.#confirmation = confirmation;
    this.#keys = new ReviewKeys(section, keys);
    this.#trash = new TrashBox(api);
    place.append(this.#heading, this.#trash.element, this.#body);
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
    const review = this.#review;
    this.#forget();
    this.#heading.replaceChildren();
    this.#body.replaceChildren(...(review?.total ? [element("div", {}, this.#goBack(review))] : []), this.#form(last));
    this.#trash.refresh();
  }

  #forget() {
    this.#trash.forget();
    this.#trash.onrestore = () => {};
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
        "Find files that hold the same picture or a copy of it, and mark group by group which ones stay. Nothing is moved before you apply the marks.",
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
    const view = new ReviewView(review, this.#pictures);
    const apply = element(
      "button",
      { type: "button", class: "primary", onclick: () => this.#keys.apply() },
      "Apply…",
      keyHint("A"),
    );
    view.onchange = () => (apply.disabled = !review.marked.groups);
    view.onchange();
    this.#keys.view = view;
    this.#keys.apply = () => this.#apply(review, view);
    this.#trash.onrestore = () => this.#showAgain(review, view);
    const [status, bar] = view.progress;
    this.#heading.replaceChildren(
      element(
        "div",
        { class: "row" },
        status,
        element(
          "div",
          { class: "actions" },
          element("button", { type: "button", onclick: () => view.undo() }, "Undo last", keyHint("Z")),
          this.#searchAgain(),
          apply,
        ),
      ),
      bar,
      acceptForm((order) => this.#accept(order, review, view), (text) => view.say(text)),
      folderList(review.groups),
      ...skipList(review.run),
    );
    this.#body.replaceChildren(view.group, this.#keys.help());
    view.goTo(Math.max(0, review.nextOpen()), { focus: false });
    this.#trash.refresh();
    this.#loadRest(review, view);
  }

  /** Mark many groups; resolves to how many, or to null after a problem. */
  async #accept(order, review, view) {
    try {
      const groups = await review.accept(order);
      this.#showMarks(view);
      return groups;
    } catch (problem) {
      view.showProblem(problem);
      return null;
    }
  }

  #showMarks(view) {
    view.show();
    view.onchange();
  }

  #showProgress(view) {
    view.showProgress();
    view.onchange();
  }

  /** Show the groups as they are now. */
  async #showAgain(review, view) {
    try {
      await review.reload();
      this.#showMarks(view);
    } catch (problem) {
      view.showProblem(problem, () => this.#showAgain(review, view));
    }
  }

  /** Ask, and then apply all marks. */
  async #apply(review, view) {
    if (this.#applying || !review.marked.groups) return;
    this.#applying = true;
    try {
      await view.idle;
      if (!(await this.#confirmation.ask(await review.plan(), review.total - review.settled))) return;
      this.#trash.tell(outcome(await review.apply()));
      view.say("");
      this.#showMarks(view);
      this.#trash.refresh();
      this.#trash.element.scrollIntoView({ block: "nearest" });
    } catch (problem) {
      view.showProblem(problem);
    } finally {
      this.#applying = false;
    }
  }

  async #loadRest(review, view) {
    try {
      while (review === this.#review && !review.isLoaded && (await review.load())) this.#showProgress(view);
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

  /** The way back to a review that is not finished. */
  #goBack({ run, marked }) {
    const marks = marked.groups ? ` (${count(marked.groups, "group")} marked, not applied)` : "";
    return element("button", { type: "button", onclick: () => this.#begin(run) }, `Back to the last review${marks}`);
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
