/** The form of options: how many hits, whether to check for copies, and which pictures may be hits at all. */

import { byId, element } from "./dom.js";

const form = byId("options");
const FIELDS = ["under", "from", "to", "min_width", "min_height"];

/** Call `changed` when something else is wanted than before. */
export function onOptions(changed) {
  const tell = () => {
    if (!form.reportValidity()) return;
    showCount();
    changed();
  };
  form.addEventListener("change", tell);
  form.addEventListener("submit", (event) => event.preventDefault());
  byId("clear-filters").addEventListener("click", () => {
    clearFilters();
    changed();
  });
}

/** Offer what a library has: its roots, its formats, and checking where the server can. */
export function offer(library) {
  byId("roots").replaceChildren(...library.roots.map((root) => element("option", { value: root.path })));
  const wanted = new Set(new FormData(form).getAll("format"));
  byId("formats").hidden = library.formats.length < 2;
  byId("formats")
    .querySelector(".pills")
    .replaceChildren(
      ...library.formats.map((name) =>
        element(
          "label",
          { class: "pill" },
          element("input", { type: "checkbox", name: "format", value: name, checked: wanted.has(name) }),
          element("span", {}, name),
        ),
      ),
    );
  byId("verify-field").hidden = !library.can_verify;
  if (!library.can_verify) {
    byId("verify-hint").textContent =
      "To check hits for copies, install the extra: pip install 'imsearch-engine[verify]', and start the server again.";
  }
}

/** What is wanted, as parameters of a query. */
export function parameters() {
  const data = new FormData(form);
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

function dayAfter(text) {
  const date = new Date(`${text}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + 1);
  return date.toISOString().slice(0, 10);
}

/** How many filters are set. */
export function filterCount() {
  const data = new FormData(form);
  return FIELDS.filter((name) => data.get(name)).length + (data.has("format") ? 1 : 0);
}

/** Let every picture be a hit. */
export function clearFilters() {
  for (const name of FIELDS) form.elements[name].value = "";
  for (const box of form.querySelectorAll("[name=format]")) box.checked = false;
  showCount();
}

function showCount() {
  const set = filterCount();
  byId("filter-count").textContent = set ? ` (${set})` : "";
}
