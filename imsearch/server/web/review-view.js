/** The view of a review: one group at a time, its files side by side, and what can be decided. */

import { thumbnail } from "./api.js";
import { copyButton, element, facts, icon, picture } from "./dom.js";
import { problemBox } from "./problems.js";
import { keyHint } from "./review-keys.js";
import { isSettled } from "./review-model.js";
import { skipRow } from "./runs.js";
import { bytes, count, day, moment, number, pixels } from "./wording.js";

const RELATIONS = { exact: "same bytes", copy: "edited copy", alike: "shot alike" }; // to the file proposed to keep
const KINDS = { exact: "Same picture", copy: "Copies", series: "Series" };
const FEW = 4; // files, which are shown in large pictures

/** Shows a `Review`: `progress` and `group` are its elements. */
export class ReviewView {
  #review;
  #pictures;
  #confirmation;
  #busy = false;
  #status = element("p", { class: "status", id: "review-progress" });
  #bar = element("progress", { "aria-label": "Decided" });
  #title = element("h2", { tabindex: "-1" });
  #reason = element("p", { class: "reason" });
  #files = element("div", { class: "candidates", role: "group", "aria-label": "Which file to keep" });
  #message = element("p", { class: "status message", "aria-live": "polite" });
  #problems = element("div", {});
  #keep = button(() => this.keep(), { class: "primary" });
  #different = button(() => this.setDifferent(true), {}, "These are different", keyHint("D"));
  #undo = button(() => this.setDifferent(false), {}, "Undo different", keyHint("U"));
  #previous = button(() => this.step(-1), {}, "Previous", keyHint("J"));
  #next = button(() => this.step(1), {}, "Next", keyHint("K"));

  constructor(review, pictures, confirmation) {
    this.#review = review;
    this.#pictures = pictures;
    this.#confirmation = confirmation;
    this.progress = [this.#status, this.#bar];
    this.group = element(
      "section",
      { class: "panel group", "aria-label": "Group" },
      element("div", { class: "row" }, this.#title),
      this.#reason,
      this.#message,
      this.#problems,
      this.#files,
      element(
        "div",
        { class: "decide" },
        this.#keep,
        this.#different,
        this.#undo,
        element("span", { class: "spring" }),
        this.#previous,
        this.#next,
      ),
    );
  }

  /** Show how much is decided. */
  showProgress() {
    const { decided, total, at, groups } = this.#review;
    this.#status.textContent = `${number(decided)} of ${number(total)} decided`;
    this.#bar.max = total;
    this.#bar.value = decided;
    this.#previous.disabled = at <= 0;
    this.#next.disabled = at >= groups.length - 1;
  }

  /** Show a problem. `retry` tries again. */
  showProblem(problem, retry) {
    this.#problems.replaceChildren(problemBox(problem, retry));
  }

  /** Show another group. */
  goTo(at, { focus = true } = {}) {
    if (!this.#review.goTo(at)) return;
    this.#problems.replaceChildren();
    this.#showGroup();
    if (focus) this.#title.focus({ preventScroll: true });
  }

  /** Show the group that is a number of places further. */
  step(by) {
    this.goTo(this.#review.at + by);
  }

  /** Choose another file to keep. */
  choose(at) {
    if (!this.#review.choose(at)) return;
    const focused = this.#files.contains(document.activeElement);
    this.#showGroup();
    this.#message.textContent = `Keep ${at + 1}: ${this.#review.file.name}`;
    if (focused) this.#files.querySelectorAll(".frame")[at].focus();
  }

  /** Keep the chosen file and move the others to the trash. */
  async keep() {
    if (this.#keep.disabled) return;
    const review = this.#review;
    if (!(await this.#confirmation.ask(review.file, review.others))) return;
    await this.#decide(async () => {
      const done = await review.keep();
      return { said: trashed(done), skipped: done.skipped, stay: done.skipped.length > 0 };
    });
  }

  /** Remember that the pictures of the group are different, or take that back. */
  async setDifferent(wanted) {
    if ((wanted ? this.#different : this.#undo).disabled) return;
    await this.#decide(async () => {
      await this.#review.setDifferent(wanted);
      return wanted
        ? { said: "Kept apart from now on: these are different pictures." }
        : { said: "Taken back: these may be duplicates again.", stay: true };
    });
  }

  /** Decide about the group, one at a time, and show what is left of it (`stay`), or the next one that is open. */
  async #decide(work) {
    if (this.#busy) return;
    this.#busy = true;
    const { at } = this.#review;
    this.#problems.replaceChildren();
    try {
      const { said, stay = false, skipped = [] } = await work();
      const next = this.#review.nextOpen(at);
      if (stay || next < 0) this.#showGroup();
      else this.goTo(next);
      this.#message.textContent = next < 0 && this.#review.isLoaded ? `${said} All groups are decided.` : said;
      if (skipped.length) this.#problems.replaceChildren(skippedBox(skipped));
    } catch (problem) {
      this.showProblem(problem);
    } finally {
      this.#busy = false;
    }
  }

  #showGroup() {
    const { group, chosen, file } = this.#review;
    const others = group.files.filter((one) => one.here).length - 1;
    this.#showTitle(group);
    this.#reason.textContent = group.reason ? `Proposed to keep: number ${group.keep + 1} (${group.reason}).` : "";
    this.#reason.hidden = !group.reason || isSettled(group);
    this.#files.replaceChildren(...group.files.map((one, at) => this.#candidate(group, one, at)));
    this.#keep.replaceChildren(
      others < 1
        ? "Nothing left to trash"
        : `Keep ${chosen + 1}, trash ${others === 1 ? "the other" : `the other ${number(others)}`}`,
      keyHint("Enter"),
    );
    this.#keep.disabled = others < 1 || !file.here;
    this.#different.disabled = Boolean(group.decision);
    this.#undo.disabled = group.decision !== "different";
    this.showProgress();
  }

  #showTitle(group) {
    const { at, total } = this.#review;
    const decision = group.decision === "different" ? "Different" : "Decided";
    this.#title.replaceChildren(
      `Group ${number(at + 1)} of ${number(total)}`,
      element("span", { class: "badge" }, KINDS[group.kind] ?? group.kind),
      ...(isSettled(group) ? [element("span", { class: "badge decided" }, icon("check"), decision)] : []),
    );
  }

  #candidate(group, file, at) {
    const chosen = at === this.#review.chosen;
    const size = group.files.length > FEW ? 320 : 1280;
    return element(
      "article",
      { class: `candidate${chosen && file.here ? " chosen" : ""}${file.here ? "" : " missing"}` },
      button(
        () => this.choose(at),
        {
          class: "frame",
          "aria-pressed": String(chosen),
          "aria-label": `Keep ${at + 1}: ${file.name}`,
          disabled: !file.here,
        },
        picture(thumbnail(file.id, size), file.name, { decoding: "async" }),
        element("span", { class: "digit", "aria-hidden": "true" }, String(at + 1)),
      ),
      caption(file, { keep: chosen && file.here, proposed: at === group.keep && file.here }),
      element(
        "div",
        { class: "actions" },
        button(
          () => this.#pictures.show(file),
          { class: "small", "aria-label": `Show large: ${file.name}` },
          icon("expand"),
          "Show large",
        ),
        copyButton(file.path),
      ),
    );
  }
}

function button(onclick, attributes, ...children) {
  return element("button", { type: "button", onclick, ...attributes }, ...children);
}

function caption(file, { keep, proposed }) {
  return element(
    "div",
    { class: "caption" },
    element(
      "p",
      { class: "verdict" },
      keep && element("span", { class: "badge keep" }, icon("check"), "Keep"),
      proposed && element("span", { class: "badge" }, "Proposed"),
      !file.here && element("span", { class: "badge off" }, "No longer there"),
    ),
    element("p", { class: "name", title: file.path }, file.name),
    element("p", { class: "hint folder", title: file.folder }, file.folder),
    facts([
      ["Pixels", pixels(file.width, file.height)],
      ["Format", file.format],
      ["File", bytes(file.size)],
      ["Taken", day(file.taken)],
      ["Changed", moment(file.modified)],
      ["Relation", RELATIONS[file.relation]],
    ]),
  );
}

function trashed({ moved, bytes: size, linked }) {
  const said = `Moved ${count(moved.length, "file")} to the trash (${bytes(size)}).`;
  return linked.length
    ? `${said} ${count(linked.length, "file")} shared its bytes with the one kept, so that frees none.`
    : said;
}

function skippedBox(skipped) {
  return element(
    "div",
    { class: "problem", role: "alert" },
    icon("warning"),
    element(
      "div",
      {},
      element("p", {}, `${count(skipped.length, "file")} stayed where ${skipped.length === 1 ? "it is" : "they are"}:`),
      element("ul", {}, ...skipped.map(skipRow)),
    ),
  );
}
