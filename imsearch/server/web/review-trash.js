/** What was moved to the trash from here, what has just come of it, and the way back. */

import { element, icon } from "./dom.js";
import { problemBox } from "./problems.js";
import { fileList, stayed } from "./review-apply.js";
import { bytes, count } from "./wording.js";

/** A box in `element`, empty where nothing was moved. `onrestore` is called after files were brought back. */
export class TrashBox {
  onrestore = () => {};
  element = element("div", { class: "trash-box" });
  #api;
  #told = element("div", { class: "stack" });
  #log = element("div", { class: "stack" });

  constructor(api) {
    this.#api = api;
    this.element.append(this.#told, this.#log);
  }

  /** Say what has come of applying marks: `said`, the files that were `moved` under a `title`, and what was
   * `skipped`. */
  tell({ said, title, moved, skipped }) {
    const back = moved.length && this.#restoreButton("Bring them back", moved);
    this.#say(said, title, moved, skipped, back);
  }

  #say(said, title, files, skipped, ...more) {
    this.#told.replaceChildren(
      ...[
        element(
          "div",
          { class: "row" },
          element("p", { class: "outcome", role: "status" }, icon("check"), said),
          ...more.filter(Boolean),
        ),
        files.length && fileList(title, files),
        skipped.length && stayed(skipped, `stayed where ${skipped.length === 1 ? "it is" : "they are"}`),
      ].filter(Boolean),
    );
  }

  /** Say nothing more of what was done last. */
  forget() {
    this.#told.replaceChildren();
  }

  /** Show what is in the trash now. */
  async refresh() {
    let files;
    try {
      ({ files } = await this.#api.trashed());
    } catch {
      this.#log.replaceChildren(); // the library's problem is shown already
      return;
    }
    if (!files.length) {
      this.#log.replaceChildren();
      return;
    }
    const size = files.reduce((sum, file) => sum + file.bytes, 0);
    const list = fileList(`In the trash: ${count(files.length, "file")} moved so far (${bytes(size)})`, files);
    list.append(this.#restoreButton(`Bring back all ${count(files.length, "file")}`));
    this.#log.replaceChildren(list);
  }

  /** The button that brings files back, or all. */
  #restoreButton(name, files = []) {
    const button = element("button", { type: "button", onclick: () => this.#restore(button, files) }, name);
    return button;
  }

  async #restore(button, wanted) {
    button.disabled = true;
    try {
      const { restored, skipped, waiting } = await this.#api.restore(wanted.map(({ file }) => file));
      const said = restored.length ? `Brought back ${count(restored.length, "file")}.` : "Nothing was brought back.";
      const later = waiting.length ? ` The next index run finds ${count(waiting.length, "picture")} of them again.` : "";
      const files = restored.map((path) => ({ path }));
      this.#say(said + later, "What was brought back", files, skipped);
      await this.refresh();
      this.onrestore();
    } catch (problem) {
      button.disabled = false;
      this.#told.append(problemBox(problem));
    }
  }
}
