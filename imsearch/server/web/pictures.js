/** The dialog that shows one picture large, with all that is known of it and all files that hold it. */

import { thumbnail } from "./api.js";
import { byId, copyButton, element, facts, icon, makeClosable, picture } from "./dom.js";
import { problemBox } from "./problems.js";
import { bytes, moment, pixels } from "./wording.js";

export class PictureDialog {
  #api;
  #dialog;

  constructor(api, dialog) {
    this.#api = api;
    this.#dialog = dialog;
    makeClosable(dialog);
  }

  /** Show a picture. `like` asks with it, where that is to be offered. */
  async show({ id, name, width, height }, like) {
    byId("picture-title").textContent = name;
    const large = element("div", { class: "large-picture" }, picture(thumbnail(id, 1280), name, { width, height }));
    const told = element("div", { class: "told" }, element("p", { class: "waiting" }, "Loading…"));
    this.#dialog.querySelector(".dialog-body").replaceChildren(large, told);
    if (!this.#dialog.open) this.#dialog.showModal();
    try {
      told.replaceChildren(...this.#about(await this.#api.pictureFacts(id), like));
    } catch (problem) {
      told.replaceChildren(problemBox(problem, () => this.show({ id, name, width, height }, like)));
    }
  }

  #about(known, like) {
    const ask = () => {
      this.#dialog.close();
      like(known.id);
    };
    return [
      facts([
        ["Size", pixels(known.width, known.height)],
        ["Format", known.format],
        ["Taken", moment(known.taken)],
      ]),
      element("h3", {}, known.files.length === 1 ? "One file holds it" : `${known.files.length} files hold it`),
      element("ul", { class: "files" }, ...known.files.map(fileRow)),
      ...(like
        ? [element("button", { type: "button", class: "primary", onclick: ask }, icon("like"), "More like this")]
        : []),
    ];
  }
}

function fileRow(file) {
  return element(
    "li",
    {},
    element(
      "div",
      {},
      element("span", { class: "path" }, file.path),
      element("span", { class: "hint" }, `${bytes(file.size)}, changed ${moment(file.modified)}`),
    ),
    copyButton(file.path),
  );
}
