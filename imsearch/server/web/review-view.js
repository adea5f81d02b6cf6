/** The view of a review: one group at a time, its files and how they compare, and what can be marked. */

import { element, icon } from "./dom.js";
import { problemBox } from "./problems.js";
import { card } from "./review-card.js";
import { Comparison, MODES } from "./review-compare.js";
import { keyHint } from "./review-keys.js";
import { going, isSettled, staying } from "./review-model.js";
import { bytes, count, number } from "./wording.js";

const KINDS = { copies: "Copies", versions: "Versions", series: "Series" };
const FEW = 4; // files, which are shown in large pictures

/** Shows a `Review`: `progress` and `group` are its elements. `onchange` is called after marks have changed. */
export class ReviewView {
  onchange = () => {};
  #review;
  #pictures;
  #queue = Promise.resolve(); // marks are sent one after the other, in the order of the keys
  #comparison = new Comparison();
  #other = -1; // the place of the file that is compared with the proposed one
  #status = element("p", { class: "status", id: "review-progress" });
  #bar = element("progress", { "aria-label": "Marked or done" });
  #title = element("h2", { tabindex: "-1" });
  #reason = element("p", { class: "reason" });
  #modes = [["Pictures", "F", null], ...Object.entries(MODES).map(([mode, { name, key }]) => [name, key, mode])].map(
    ([name, key, mode]) => ({
      mode,
      button: button(() => this.setMode(mode), { class: "small" }, name, keyHint(key)),
    }),
  );
  #files = element("div", { class: "candidates", role: "group", "aria-label": "Which files stay" });
  #message = element("p", { class: "status message", "aria-live": "polite" });
  #problems = element("div", {});
  #confirm = button(() => this.confirm(), { class: "primary" });
  #different = button(() => this.callDifferent(), {}, "These are different", keyHint("D"));
  #undo = button(() => this.unmark(), {}, "Undo mark", keyHint("U"));
  #previous = button(() => this.step(-1), {}, "Previous", keyHint("K"));
  #next = button(() => this.step(1), {}, "Next", keyHint("J"));

  constructor(review, pictures) {
    this.#review = review;
    this.#pictures = pictures;
    this.progress = [this.#status, this.#bar];
    this.group = element(
      "section",
      { class: "panel group", "aria-label": "Group" },
      element(
        "div",
        { class: "row" },
        this.#title,
        element(
          "div",
          { class: "modes", role: "group", "aria-label": "View" },
          ...this.#modes.map((each) => each.button),
        ),
      ),
      this.#reason,
      this.#message,
      this.#problems,
      this.#comparison.element,
      this.#files,
      element(
        "div",
        { class: "decide" },
        this.#confirm,
        this.#different,
        this.#undo,
        element("span", { class: "spring" }),
        this.#previous,
        this.#next,
      ),
    );
  }

  /** Resolves once all marks so far are sent. */
  get idle() {
    return this.#queue;
  }

  /** Show how much is marked. */
  showProgress() {
    const { settled, marked, total, at, groups } = this.#review;
    const files = marked.files ? ` · ${count(marked.files, "file")} to the trash (${bytes(marked.bytes)})` : "";
    this.#status.textContent = `${number(settled)} of ${number(total)} marked or done${files}`;
    this.#bar.max = total;
    this.#bar.value = settled;
    this.#previous.disabled = at <= 0;
    this.#next.disabled = at >= groups.length - 1;
  }

  /** Show a problem. `retry` tries again. */
  showProblem(problem, retry) {
    this.#problems.replaceChildren(problemBox(problem, retry));
  }

  /** Say something about what was done. */
  say(text) {
    this.#message.textContent = text;
  }

  /** Show another group. */
  goTo(at, { focus = true } = {}) {
    if (!this.#review.goTo(at)) return;
    this.#other = -1;
    this.#problems.replaceChildren();
    this.say("");
    this.show();
    if (focus) this.#title.focus({ preventScroll: true });
  }

  /** Show the group that is a number of places further. */
  step(by) {
    this.goTo(this.#review.at + by);
  }

  /** Let a file stay, or let it go. */
  toggle(at) {
    this.#change(async () => {
      const { group } = this.#review;
      const file = group.files[at];
      if (!file?.here) return;
      const before = staying(group);
      const keep = before.includes(file) ? before.filter((each) => each !== file) : [...before, file];
      if (!keep.length) {
        this.say("One file of a group has to stay: mark another one to stay first.");
        return;
      }
      await this.#review.keep(keep);
      this.say(`${at + 1} ${keep.includes(file) ? "stays" : "is marked for the trash"}: ${file.name}`);
    });
  }

  /** Mark the group as it is proposed, if it is not marked yet, and go on to the next one that is open. */
  confirm() {
    this.#change(async () => {
      const { group } = this.#review;
      if (!isSettled(group)) await this.#review.keep(staying(group));
      this.#goOn();
    });
  }

  /** Mark the pictures of the group as different. */
  callDifferent() {
    if (this.#different.disabled) return;
    this.#change(async () => {
      await this.#review.callDifferent();
      this.#goOn();
    });
  }

  /** Leave the group open again. */
  unmark() {
    if (this.#undo.disabled) return;
    this.#change(async () => {
      await this.#review.unmark();
      this.say("This group is open again.");
    });
  }

  /** Take the last change of marks back, and show its group. */
  undo() {
    this.#change(async () => {
      const at = await this.#review.undo();
      if (at >= 0) this.goTo(at);
      this.say(at < 0 ? "There is nothing to undo." : "The last mark is undone.");
    });
  }

  /** Show the pictures (`null`), or compare two in a mode; the key of a blink shows the other one. */
  setMode(mode) {
    if (mode === "blink" && this.#comparison.mode === "blink") {
      this.#comparison.flip();
      return;
    }
    const before = this.#comparison.mode;
    this.#comparison.setMode(mode);
    this.#showComparison();
    this.#showFiles();
    if (mode && !before) this.group.scrollIntoView({ block: "start" });
  }

  /** Compare the file at a place with the proposed one, by default the one after that which is compared now. */
  compare(at = this.#after(this.#other)) {
    const focused = this.#files.contains(document.activeElement);
    this.#other = at;
    if (this.#comparison.mode) this.#showComparison();
    else this.setMode("overlay");
    this.#showFiles();
    if (focused) this.#comparison.focus();
  }

  /** Zoom into what is compared (1), out of it (-1), or show all (0). */
  zoom(direction) {
    if (this.#comparison.mode) this.#comparison.zoom(direction);
  }

  /** Show the current group. */
  show() {
    const { group } = this.#review;
    if (this.#other < 0) this.#other = this.#after(-1);
    this.#showTitle(group);
    this.#reason.textContent = group.reason ? `Proposed to keep: number ${group.keep + 1} (${group.reason}).` : "";
    this.#showFiles();
    this.#showComparison();
    const open = !isSettled(group);
    this.#confirm.replaceChildren(open ? proposal(group) : "Next open group", keyHint("Enter"));
    this.#confirm.disabled = !open && this.#review.nextOpen() < 0;
    this.#different.disabled = group.mark?.different || group.decision === "different";
    this.#undo.disabled = !group.mark && group.decision !== "different";
    this.showProgress();
  }

  /** Change marks after all changes before, and show what has come of it. */
  #change(work) {
    this.#queue = this.#queue.then(async () => {
      this.#problems.replaceChildren();
      try {
        await work();
      } catch (problem) {
        this.showProblem(problem);
      }
      this.show();
      this.onchange();
    });
  }

  #goOn() {
    const next = this.#review.nextOpen(this.#review.at);
    if (next >= 0) this.goTo(next);
    else if (this.#review.isLoaded) this.say("All groups are marked. Apply the marks to move the files.");
  }

  #showTitle(group) {
    const { at, total } = this.#review;
    this.#title.replaceChildren(
      `Group ${number(at + 1)} of ${number(total)}`,
      element("span", { class: "badge" }, KINDS[group.kind] ?? group.kind),
      ...state(group),
    );
  }

  #showFiles() {
    const { group } = this.#review;
    const comparing = Boolean(this.#comparison.mode);
    const focused = [...this.#files.querySelectorAll(".frame")].indexOf(document.activeElement);
    const stay = staying(group);
    this.#files.classList.toggle("small", comparing);
    this.#files.replaceChildren(
      ...group.files.map((file, at) =>
        card(group, at, {
          stays: stay.includes(file),
          marked: Boolean(group.mark),
          large: group.files.length <= FEW && !comparing,
          compared: comparing && (at === this.#other || at === group.keep),
          toggle: () => this.toggle(at),
          compare: at === group.keep ? null : () => this.compare(at),
          show: () => this.#pictures.show(file),
        }),
      ),
    );
    if (focused >= 0) this.#files.querySelectorAll(".frame")[focused]?.focus();
  }

  #showComparison() {
    const { mode } = this.#comparison;
    const { group } = this.#review;
    this.#comparison.element.hidden = !mode;
    this.#reason.hidden = Boolean(mode) || !group.reason;
    if (mode) this.#comparison.show(group, this.#other);
    for (const each of this.#modes) each.button.setAttribute("aria-pressed", String(each.mode === mode));
  }

  /** The place of the file after another one that can be compared with the proposed one. */
  #after(at) {
    const { files, keep } = this.#review.group;
    const places = files.map((_, place) => place).filter((place) => place !== keep);
    const there = places.filter((place) => files[place].here);
    return there.find((place) => place > at) ?? there[0] ?? places[0];
  }
}

function button(onclick, attributes, ...children) {
  return element("button", { type: "button", onclick, ...attributes }, ...children);
}

/** What becomes of a group as it is proposed. */
function proposal(group) {
  const places = (files) => files.map((file) => group.files.indexOf(file) + 1);
  const [stay, go] = [staying(group), going(group)];
  if (!go.length) return "Keep all";
  const kept = stay.length > 3 ? count(stay.length, "file") : places(stay).join(", ");
  return `Keep ${kept}, trash ${go.length > 3 ? count(go.length, "file") : places(go).join(", ")}`;
}

function badge(name, text) {
  return element("span", { class: `badge ${name}` }, icon("check"), text);
}

/** What is marked of a group, or done. */
function state(group) {
  if (group.mark) {
    const gone = going(group).length;
    const said = gone ? `Marked: ${count(gone, "file")} to the trash` : "Marked: all stay";
    return [badge("marked", group.mark.different ? "Marked as different" : said)];
  }
  if (!isSettled(group)) return [];
  return [badge("decided", group.decision === "different" ? "Different" : "Done")];
}
