/** The panel of the library: what is indexed, and indexing. */

import * as api from "./api.js";
import { byId, element, facts } from "./dom.js";
import { problemBox } from "./problems.js";
import { follow, indexed, skipList } from "./runs.js";
import { bytes, number } from "./wording.js";

const panel = byId("library-panel");
const about = element("section", { class: "panel", "aria-labelledby": "about-title" });
const folders = element("div", {});
const progress = element("div", { id: "index-progress" });
const indexing = element(
  "section",
  { class: "panel", "aria-labelledby": "index-title" },
  element("h2", { id: "index-title" }, "Index"),
  folders,
  progress,
);
panel.append(about, indexing);

let changed = () => {};
let following = false;

/** Call `tell` whenever the library may hold something else than before. */
export function onLibraryChange(tell) {
  changed = tell;
}

/** Show what a library holds. */
export function showLibrary(library) {
  about.replaceChildren(
    element("h2", { id: "about-title" }, "What is indexed"),
    element(
      "div",
      { class: "figures" },
      figure(library.pictures, "pictures"),
      figure(library.files, "files"),
      figure(library.unreadable, "unreadable"),
      ...(library.regions ? [figure(library.regions, "parts of pictures")] : []),
    ),
    facts([
      ["Model", library.model],
      ["Kept in", library.path],
      ["On disk", library.disk_bytes ? bytes(library.disk_bytes) : null],
    ]),
    ...(library.roots.length ? [element("h3", {}, "Folders"), roots(library.roots)] : []),
  );
  if (!following) showForm(library);
}

function figure(value, name) {
  return element("p", { class: "figure" }, element("strong", {}, number(value)), ` ${name}`);
}

function roots(all) {
  return element(
    "ul",
    { class: "files" },
    ...all.map((root) =>
      element(
        "li",
        {},
        element("span", { class: "path" }, root.path),
        root.reachable ? null : element("span", { class: "badge off" }, "Not connected"),
      ),
    ),
  );
}

function showForm(library) {
  if (!library.folders.length) {
    folders.replaceChildren(
      element(
        "p",
        {},
        "No folder may be indexed from here. Start the server with those that may: ",
        element("code", {}, "imsearch serve FOLDER"),
      ),
    );
    return;
  }
  const start = async (event) => {
    event.preventDefault();
    const data = new FormData(form);
    const chosen = data.getAll("folder");
    const all = chosen.length === library.folders.length;
    if (!chosen.length) {
      problems.replaceChildren(element("p", { class: "wrong", role: "alert" }, "Choose at least one folder."));
      return;
    }
    await startIndex({ folders: all ? [] : chosen, retry_failed: data.has("retry") }, problems);
  };
  const problems = element("div", {});
  const form = element(
    "form",
    { onsubmit: start },
    element(
      "p",
      { class: "hint" },
      "New and changed pictures are read; files that are gone are forgotten. You can search meanwhile.",
    ),
    element(
      "fieldset",
      { class: "folders" },
      element("legend", {}, "Folders"),
      ...library.folders.map((path) =>
        element(
          "label",
          { class: "tick" },
          element("input", { type: "checkbox", name: "folder", value: path, checked: true }),
          element("span", { class: "path" }, path),
        ),
      ),
    ),
    library.unreadable > 0 &&
      element(
        "label",
        { class: "tick" },
        element("input", { type: "checkbox", name: "retry" }),
        "Try files again that could not be read",
      ),
    element("button", { class: "primary" }, "Index now"),
    problems,
  );
  folders.replaceChildren(form);
}

/** Start an index run and show it; a problem goes to `place`. */
export async function startIndex(wanted, place) {
  place.replaceChildren();
  try {
    showIndexRun(await api.startIndex(wanted));
  } catch (problem) {
    place.replaceChildren(problemBox(problem, () => startIndex(wanted, place)));
  }
}

/** Show an index run, going on or over. */
export function showIndexRun(run) {
  if (run.state !== "running") {
    showEnd(run);
    return;
  }
  following = true;
  folders.hidden = true;
  follow(run, progress, (over) => {
    following = false;
    folders.hidden = false;
    showEnd(over);
    changed();
  });
}

function showEnd(run) {
  const said =
    run.state === "failed" && run.problem
      ? problemBox({ name: run.problem.type.split(":").pop(), message: run.problem.detail })
      : element("p", { class: "done", role: "status" }, indexed(run));
  progress.replaceChildren(said, ...skipList(run));
}
