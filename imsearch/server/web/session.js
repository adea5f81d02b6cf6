/** The token that a server off loopback wants: from the address it printed, else asked for. */

import * as api from "./api.js";
import { byId } from "./dom.js";

const dialog = byId("token");
let opening = null;

/** Open a session before anything else is asked for. */
export async function begin() {
  api.onLocked(() => (opening ??= askForToken().finally(() => (opening = null))));
  const told = new URLSearchParams(location.hash.slice(1)).get("token");
  if (told !== null) {
    history.replaceState(history.state, "", location.pathname + location.search); // out of the history and of sight
    try {
      await api.openSession(told);
      return;
    } catch (problem) {
      if (problem.status !== 401) throw problem;
    }
  }
  const { required, open } = await api.session();
  if (required && !open) await api.unlocked();
}

/** Resolves to true once the right token was given. */
function askForToken() {
  const form = dialog.querySelector("form");
  const wrong = byId("token-wrong");
  wrong.textContent = "";
  dialog.showModal();
  return new Promise((resolve) => {
    const submit = async (event) => {
      event.preventDefault();
      try {
        await api.openSession(form.elements.token.value.trim());
      } catch (problem) {
        wrong.textContent = problem.status === 401 ? "That is not the token." : problem.message;
        form.elements.token.select();
        return;
      }
      form.removeEventListener("submit", submit);
      form.reset();
      dialog.close();
      resolve(true);
    };
    form.addEventListener("submit", submit);
  });
}

dialog.addEventListener("cancel", (event) => event.preventDefault()); // there is nothing to see without
