/** The token that a server off loopback wants: from the address that the server printed, else asked for. */

import { byId } from "./dom.js";

/** Opens a session for the API, once at the start and whenever the server refuses a call without its token. */
export class Session {
  #api;
  #dialog;
  #asking = null; // for the token: a promise, while the dialog is open

  constructor(api, dialog) {
    this.#api = api;
    this.#dialog = dialog;
    api.unlock = () => this.#unlock();
    dialog.addEventListener("cancel", (event) => event.preventDefault()); // there is nothing to see without a token
  }

  /** Open a session before anything else is asked for. */
  async begin() {
    const told = new URLSearchParams(location.hash.slice(1)).get("token");
    if (told !== null) {
      history.replaceState(history.state, "", location.pathname + location.search); // out of the history and of sight
      try {
        await this.#api.openSession(told);
        return;
      } catch (problem) {
        if (problem.status !== 401) throw problem;
      }
    }
    const { required, open } = await this.#api.session();
    if (required && !open) await this.#unlock();
  }

  #unlock() {
    this.#asking ??= this.#askForToken().finally(() => (this.#asking = null));
    return this.#asking;
  }

  /** Resolves to true once the right token was given. */
  #askForToken() {
    const form = this.#dialog.querySelector("form");
    const wrong = byId("token-wrong");
    wrong.textContent = "";
    this.#dialog.showModal();
    return new Promise((resolve) => {
      const submit = async (event) => {
        event.preventDefault();
        try {
          await this.#api.openSession(form.elements.token.value.trim());
        } catch (problem) {
          wrong.textContent = problem.status === 401 ? "That is not the token." : problem.message;
          form.elements.token.select();
          return;
        }
        form.removeEventListener("submit", submit);
        form.reset();
        this.#dialog.close();
        resolve(true);
      };
      form.addEventListener("submit", submit);
    });
  }
}
