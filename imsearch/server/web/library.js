/** The panel of the library: what is indexed, and indexing. */

import { element, facts } from "./dom.js";
import { problemBox } from "./problems.js";
import { failure, indexed, RunProgress, skipList } from "./runs.js";
import { bytes, number } from "./wording.js";

/** Calls `onchange` whenever the content of the library may have changed. */
export class LibraryPanel {
  onchange = () => {};
  #api;
  #about = element("section", { class: "panel", "aria-labelledby": "about-title" });
  #folders = element("div", {});
  #progress = element("div", { id: "index-progress" });
  #running = false;

  constructor(api, place) {
    this.#api = api;
    place.append(
      this.#about,
      element(
        "section",
        { class: "panel", "aria-labelledby": "index-title" },
        element("h2", { id: "index-title" }, "Index"),
        this.#folders,
        this.#progress,
      ),
    );
  }

  /** Show what a library holds. */
  show(library) {
    this.#about.replaceChildren(
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
    if (!this.#running) this.#folders.replaceChildren(library.folders.length ? this.#form(library) : noFolders());
  }

  /** Start an index run and show it; a problem is shown in `place`. */
  async start(wanted, place) {
    place.replaceChildren();
    try {
      this.showRun(await this.#api.startIndex(wanted));
    } catch (problem) {
      place.replaceChildren(problemBox(problem, () => this.start(wanted, place)));
    }
  }

  /** Show an index run that is going on or has ended. */
  showRun(run) {
    if (run.state !== "running") {
      this.#showEnd(run);
      return;
    }
    this.#setRunning(true);
    new RunProgress(this.#api, run, this.#progress, (ended) => {
      this.#setRunning(false);
      this.#showEnd(ended);
      this.onchange();
    });
  }

  #setRunning(running) {
    this.#running = running;
    this.#folders.hidden = running;
  }

  #showEnd(run) {
    const said = failure(run) ?? element("p", { class: "done", role: "status" }, indexed(run));
    this.#progress.replaceChildren(said, ...skipList(run));
  }

  #form(library) {
    const problems = element("div", {});
    const start = async (event) => {
      event.preventDefault();
      const data = new FormData(form);
      const chosen = data.getAll("folder");
      const all = chosen.length === library.folders.length;
      if (!chosen.length) {
        problems.replaceChildren(element("p", { class: "wrong", role: "alert" }, "Choose at least one folder."));
        return;
      }
      await this.start({ folders: all ? [] : chosen, retry_failed: data.has("retry") }, problems);
    };
    const form = element(
      "form",
      { onsubmit: start },
      element(
        "p",
        { class: "hint" },
        "New and changed pictures are read; deleted files are removed from the library. You can search meanwhile.",
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
    return form;
  }
}

function noFolders() {
  return element(
    "p",
    {},
    "No folder may be indexed from here. Start the server with those that may: ",
    element("code", {}, "imsearch serve FOLDER"),
  );
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
