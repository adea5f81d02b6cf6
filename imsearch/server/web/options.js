/** The form of options: how many hits, whether to check for copies, and which pictures may be hits at all. */

import { byId, element } from "./dom.js";

const FILTERS = ["under", "from", "to", "min_width", "min_height"]; // fields, besides the formats

/** Calls `onchange` when the options have changed. */
export class OptionsForm {
  onchange = () => {};
  #form;

  constructor(form) {
    this.#form = form;
    form.addEventListener("change", () => {
      if (!form.reportValidity()) return;
      this.#showCount();
      this.onchange();
    });
    form.addEventListener("submit", (event) => event.preventDefault());
    byId("clear-filters").addEventListener("click", () => {
      this.clearFilters();
      this.onchange();
    });
  }

  /** Offer what a library has: its roots, its formats, and checking for copies where the server can. */
  offer(library) {
    byId("roots").replaceChildren(...library.roots.map((root) => element("option", { value: root.path })));
    const wanted = new Set(new FormData(this.#form).getAll("format"));
    byId("formats").hidden = library.formats.length < 2;
    byId("formats")
      .querySelector(".pills")
      .replaceChildren(...library.formats.map((name) => formatPill(name, wanted.has(name))));
    byId("verify-field").hidden = !library.can_verify;
    if (!library.can_verify) {
      byId("verify-hint").textContent =
        "To check hits for copies, install the extra: pip install 'imsearch-engine[verify]', and start the server again.";
    }
  }

  /** The options as parameters of a query. */
  parameters() {
    const data = new FormData(this.#form);
    const wanted = new URLSearchParams({ k: data.get("k") });
    if (data.get("verify")) wanted.set("verify", "true");
    for (const name of ["under", "min_width", "min_height"]) {
      if (data.get(name)) wanted.set(name, data.get(name));
    }
    if (data.get("from")) wanted.set("taken_after", data.get("from"));
    if (data.get("to")) wanted.set("taken_before", dayAfter(data.get("to"))); // the API leaves out that day itself
    for (const name of data.getAll("format")) wanted.append("format", name);
    return wanted;
  }

  /** How many filters are set. */
  get filterCount() {
    const data = new FormData(this.#form);
    return FILTERS.filter((name) => data.get(name)).length + (data.has("format") ? 1 : 0);
  }

  /** Let every picture be a hit. */
  clearFilters() {
    for (const name of FILTERS) this.#form.elements[name].value = "";
    for (const box of this.#form.querySelectorAll("[name=format]")) box.checked = false;
    this.#showCount();
  }

  #showCount() {
    const set = this.filterCount;
    byId("filter-count").textContent = set ? ` (${set})` : "";
  }
}

function formatPill(name, checked) {
  return element(
    "label",
    { class: "pill" },
    element("input", { type: "checkbox", name: "format", value: name, checked }),
    element("span", {}, name),
  );
}

function dayAfter(text) {
  const date = new Date(`${text}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + 1);
  return date.toISOString().slice(0, 10);
}
