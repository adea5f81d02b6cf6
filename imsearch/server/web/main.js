/** The page: which view is shown, what the address bar says, and what the parts tell each other. */

import * as api from "./api.js";
import { byId, element } from "./dom.js";
import { offer, onOptions } from "./filters.js";
import { onLibraryChange, showIndexRun, showLibrary, startIndex } from "./library.js";
import { onCrop, onProbe } from "./probe.js";
import { problemBox } from "./problems.js";
import { showDuplicatesRun, useLibrary } from "./review.js";
import { forget, onLike, search, setCrop, showNone, showProbe } from "./search.js";
import * as session from "./session.js";
import { count } from "./wording.js";

const VIEWS = ["search", "duplicates", "library"];
const TITLES = { search: "imsearch", duplicates: "Duplicates – imsearch", library: "Library – imsearch" };

const probes = []; // those of this page; an entry of the history names one by its place here
const PAGE = performance.timeOrigin; // tells entries of this page from those before it was loaded anew
let library = null;
let lastSearch = { state: null, address: "/" };

function route() {
  const asked = new URLSearchParams(location.search);
  const view = VIEWS.includes(asked.get("view")) ? asked.get("view") : "search";
  for (const name of VIEWS) byId(name).hidden = name !== view;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.dataset.view === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = TITLES[view];
  if (view === "search") showSearch(asked.get("like"));
}

function showSearch(like) {
  let probe = history.state?.page === PAGE ? probes[history.state.probe] : null;
  if (!probe && like) {
    probe = { like };
    history.replaceState(remember(probe), "", location.href);
  }
  lastSearch = { state: history.state, address: location.pathname + location.search };
  const empty = library !== null && library.pictures === 0;
  byId("asked").hidden = !probe;
  byId("nothing").hidden = Boolean(probe) || !empty;
  byId("start").hidden = Boolean(probe) || empty;
  if (probe) showProbe(probe);
  else showNone();
}

/** Keep a probe; gives the state by which an entry of the history names it. */
function remember(probe) {
  probes.push(probe);
  return { page: PAGE, probe: probes.length - 1 };
}

function go(address, state = null) {
  history.pushState(state, "", address);
  route();
}

function take(probe) {
  go(probe.like ? `/?like=${encodeURIComponent(probe.like)}` : "/", remember(probe));
  scrollTo(0, 0);
}

async function refresh() {
  const place = byId("problem");
  try {
    library = await api.library();
  } catch (problem) {
    byId("summary").textContent = "";
    place.replaceChildren(problemBox(problem, refresh));
    if (problem.name === "gone-away") byId("summary").textContent = "No server";
    return;
  }
  place.replaceChildren();
  byId("summary").textContent = library.exists ? count(library.pictures, "picture") : "Empty";
  offer(library);
  showLibrary(library);
  useLibrary(library);
  byId("nothing-advice").replaceChildren(...advice());
  route();
}

/** What to do while nothing is indexed. */
function advice() {
  if (!library.folders.length) {
    return [
      element("p", {}, "Start the server with the folders that hold your pictures:"),
      element("p", {}, element("code", { class: "command" }, "imsearch serve FOLDER")),
    ];
  }
  const start = () => {
    go("/?view=library");
    startIndex({ folders: [], retry_failed: false }, byId("problem"));
  };
  return [
    element("p", {}, "Index these folders to search in them. That takes a while and can be watched and stopped."),
    element(
      "ul",
      { class: "files" },
      ...library.folders.map((path) => element("li", {}, element("span", { class: "path" }, path))),
    ),
    element("button", { type: "button", class: "primary", onclick: start }, "Index now"),
  ];
}

/** Pick up what goes on, and what the last review was about. */
async function pickUp() {
  let all;
  try {
    all = await api.runs();
  } catch {
    return; // the library's problem is shown already
  }
  const last = (kind) => all.find((run) => run.kind === kind);
  if (last("index")) showIndexRun(last("index"));
  if (last("duplicates")) showDuplicatesRun(last("duplicates"));
}

/** On a narrow window the options are folded, so that hits come soon. */
function foldTools() {
  const narrow = matchMedia("(max-width: 860px)");
  const fold = () => (byId("tools").open = !narrow.matches);
  narrow.addEventListener("change", fold);
  fold();
}

function wire() {
  foldTools();
  for (const link of document.querySelectorAll("nav a, .brand")) {
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      const back = link.dataset.view === "search" && byId("search").hidden;
      if (back) go(lastSearch.address, lastSearch.state);
      else if (link.href !== location.href || history.state) go(link.getAttribute("href"));
    });
  }
  addEventListener("popstate", route);
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault(); // an entry of the history would not know the probe
    byId("main").focus();
  });
  byId("new-search").addEventListener("click", () => go("/"));
  onProbe(take);
  onLike((like) => take({ like }));
  onCrop(setCrop);
  onOptions(search);
  onLibraryChange(() => {
    forget(probes);
    refresh();
  });
}

async function begin() {
  wire();
  try {
    await session.begin();
  } catch {
    // whatever it is, asking for the library meets it too, and shows it
  }
  route();
  await refresh();
  await pickUp();
}

begin();
