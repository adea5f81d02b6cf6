/** The question before the first files go to the trash. */

import { byId } from "./dom.js";
import { count } from "./wording.js";

const CONFIRMED = "imsearch.trash-confirmed";

/** Asks once in a tab; after that the keys alone decide. */
export class TrashConfirmation {
  #dialog;

  constructor(dialog) {
    this.#dialog = dialog;
  }

  /** Resolves to whether `others` files may go to the trash while one stays. */
  async ask(file, others) {
    if (sessionStorage.getItem(CONFIRMED)) return true;
    byId("confirm-title").textContent = `Move ${count(others, "file")} to the trash?`;
    byId("confirm-text").textContent = `${file.name} stays, in ${file.folder}.`;
    this.#dialog.showModal();
    return new Promise((resolve) => {
      this.#dialog.oncancel = () => resolve(false);
      this.#dialog.querySelector("form").onsubmit = (event) => {
        const yes = event.submitter.value === "yes";
        if (yes) sessionStorage.setItem(CONFIRMED, "yes");
        resolve(yes);
      };
    });
  }
}
