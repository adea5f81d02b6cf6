/** The page: it makes the parts, shows one view at a time, and keeps what the address bar says. */

import { Api } from "./api.js";
import { CropBox } from "./crop.js";
import { byId, element } from "./dom.js";
import { DuplicatesSection } from "./duplicates.js";
import { Intake } from "./intake.js";
import { LibraryPanel } from "./library.js";
import { MatchDialog } from "./match.js";
import { OptionsForm } from "./options.js";
import { PictureDialog } from "./pictures.js";
import { problemBox } from "./problems.js";
import { ApplyDialog } from "./review-apply.js";
import { SearchView } from "./search.js";
import { Session } from "./session.js";
import { Toast } from "./toast.js";
import { count } from "./wording.js";

const VIEWS = ["search", "duplicates", "library"];
const TITLES = { search: "imsearch", duplicates: "Duplicates – imsearch", library: "Library – imsearch" };

/** The probes of this page. An entry of the browser's history names one by its place here. */
class Probes {
  #probes = [];
  #page = performance.timeOrigin; // tells entries of this page from those made before it was loaded again

  /** Remember a probe. Returns the state by which an entry of the history names it. */
  remember(probe) {
    this.#probes.push(probe);
    return { page: this.#page, probe: this.#probes.length - 1 };
  }

  /** The probe that a state names, or null. */
  named(state) {
    return state?.page === this.#page ? this.#probes[state.probe] : null;
  }

  /** Forget all answers, so that each probe is asked again: the library has changed. */
  forgetAnswers() {
    for (const probe of this.#probes) probe.answered = null;
  }
}

class Page {
  #api = new Api();
  #session = new Session(this.#api, byId("token"));
  #intake = new Intake();
  #options = new OptionsForm(byId("options"));
  #pictures = new PictureDialog(this.#api, byId("picture"));
  #search = new SearchView(this.#api, {
    options: this.#options,
    crop: new CropBox(),
    pictures: this.#pictures,
    match: new MatchDialog(byId("match")),
  });
  #duplicates = new DuplicatesSection(this.#api, byId("duplicates"), byId("review"), {
    pictures: this.#pictures,
    confirmation: new ApplyDialog(byId("confirm")),
    keys: byId("keys"),
  });
  #panel = new LibraryPanel(this.#api, byId("library-panel"));
  #probes = new Probes();
  #library = null;
  #lastSearch = { state: null, address: "/" }; // where the link to the search leads back to

  constructor() {
    new Toast(byId("toast"));
    foldTools();
    for (const link of document.querySelectorAll("nav a, .brand")) {
      link.addEventListener("click", (event) => this.#followLink(event, link));
    }
    addEventListener("popstate", () => this.#route());
    document.querySelector(".skip").addEventListener("click", (event) => {
      event.preventDefault(); // an entry of the history would not know the probe
      byId("main").focus();
    });
    byId("new-search").addEventListener("click", () => this.#go("/"));
    this.#intake.ontake = (probe) => this.#ask(probe);
    this.#search.onlike = (like) => this.#ask({ like });
    this.#panel.onchange = () => {
      this.#probes.forgetAnswers();
      this.#search.refresh();
      this.#refresh();
    };
  }

  async begin() {
    try {
      await this.#session.begin();
    } catch {
      // whatever it is, asking for the library meets it too, and shows it
    }
    this.#route();
    await this.#refresh();
    await this.#pickUp();
  }

  /** Show what the address bar says. */
  #route() {
    const asked = new URLSearchParams(location.search);
    const view = VIEWS.includes(asked.get("view")) ? asked.get("view") : "search";
    for (const name of VIEWS) byId(name).hidden = name !== view;
    for (const link of document.querySelectorAll("nav a")) {
      if (link.dataset.view === view) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    document.title = TITLES[view];
    if (view === "search") this.#showSearch(asked.get("like"));
  }

  #showSearch(like) {
    let probe = this.#probes.named(history.state);
    if (!probe && like) {
      probe = { like };
      history.replaceState(this.#probes.remember(probe), "", location.href);
    }
    this.#lastSearch = { state: history.state, address: location.pathname + location.search };
    const empty = this.#library !== null && this.#library.pictures === 0;
    byId("asked").hidden = !probe;
    byId("nothing").hidden = Boolean(probe) || !empty;
    byId("start").hidden = Boolean(probe) || empty;
    if (probe) this.#search.show(probe);
    else this.#search.showNone();
  }

  #go(address, state = null) {
    history.pushState(state, "", address);
    this.#route();
  }

  #ask(probe) {
    this.#go(probe.like ? `/?like=${encodeURIComponent(probe.like)}` : "/", this.#probes.remember(probe));
    scrollTo(0, 0);
  }

  #followLink(event, link) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const back = link.dataset.view === "search" && byId("search").hidden;
    if (back) this.#go(this.#lastSearch.address, this.#lastSearch.state);
    else if (link.href !== location.href || history.state) this.#go(link.getAttribute("href"));
  }

  /** Load the facts about the library again, and show them. */
  async #refresh() {
    const place = byId("problem");
    try {
      this.#library = await this.#api.library();
    } catch (problem) {
      byId("summary").textContent = problem.name === "gone-away" ? "No server" : "";
      place.replaceChildren(problemBox(problem, () => this.#refresh()));
      return;
    }
    const library = this.#library;
    place.replaceChildren();
    byId("summary").textContent = library.exists ? count(library.pictures, "picture") : "Empty";
    this.#options.offer(library);
    this.#panel.show(library);
    this.#duplicates.use(library);
    byId("nothing-advice").replaceChildren(...this.#advice(library));
    this.#route();
  }

  /** What to do while nothing is indexed. */
  #advice(library) {
    if (!library.folders.length) {
      return [
        element("p", {}, "Start the server with the folders that hold your pictures:"),
        element("p", {}, element("code", { class: "command" }, "imsearch serve FOLDER")),
      ];
    }
    const start = () => {
      this.#go("/?view=library");
      this.#panel.start({ folders: [], retry_failed: false }, byId("problem"));
    };
    return [
      element("p", {}, "Index these folders to search in them. That takes a while; you can watch it, and stop it."),
      element(
        "ul",
        { class: "files" },
        ...library.folders.map((path) => element("li", {}, element("span", { class: "path" }, path))),
      ),
      element("button", { type: "button", class: "primary", onclick: start }, "Index now"),
    ];
  }

  /** Show the runs that are going on, and the last review. */
  async #pickUp() {
    let all;
    try {
      all = await this.#api.runs();
    } catch {
      return; // the library's problem is shown already
    }
    const last = (kind) => all.find((run) => run.kind === kind);
    if (last("index")) this.#panel.showRun(last("index"));
    if (last("duplicates")) this.#duplicates.showRun(last("duplicates"));
  }
}

/** In a narrow window the options are folded, so that the hits are in sight. */
function foldTools() {
  const narrow = matchMedia("(max-width: 860px)");
  const fold = () => (byId("tools").open = !narrow.matches);
  narrow.addEventListener("change", fold);
  fold();
}

new Page().begin();
