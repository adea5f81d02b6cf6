/** The search: asking with a probe, and showing its hits. */

import * as api from "./api.js";
import { byId, element } from "./dom.js";
import { clearFilters, filterCount, parameters } from "./filters.js";
import { hitCard } from "./hits.js";
import { showMatch } from "./match.js";
import { cropParameter, showCrop } from "./probe.js";
import { problemBox } from "./problems.js";
import { count } from "./wording.js";

/*
 * A probe is `{file}`, `{url}` or `{like: id}`, with what becomes of it: `crop` (shares, or null), `name`, `address` of
 * its picture, and the last `answer` with what it `answered`, so that going back shows it at once.
 */

const PLACEHOLDERS = 8;
const SHOWN = ["image/jpeg", "image/png", "image/gif", "image/webp", "image/avif", "image/bmp"];

let current = null;
let asking = new AbortController();
let ask = () => {};

/** Call `like` with the id of a picture that is to be asked with. */
export function onLike(like) {
  ask = like;
}

/** Show a probe with its hits, asking if need be. */
export function showProbe(probe) {
  if (probe === current) return;
  current = probe;
  showPicture(probe);
  showCrop(probe.crop ?? null);
  search();
}

/** Show that nothing is asked. */
export function showNone() {
  asking.abort();
  current = null;
}

/** Mean another part of the probe. */
export function setCrop(crop) {
  current.crop = crop;
  search();
}

/** Ask again, since something else is wanted. An answer that is had already is shown at once. */
export async function search() {
  if (!current) return;
  asking.abort();
  const mine = (asking = new AbortController());
  const probe = current;
  const wanted = parameters();
  if (isUnshown(probe)) wanted.set("preview", "true");
  const crop = cropParameter(probe.crop);
  if (crop) wanted.set("crop", crop);
  if (probe.answered === String(wanted)) {
    showAnswer(probe);
    return;
  }
  showWaiting();
  try {
    const answer = await api.query(probe, wanted, mine.signal);
    if (mine.signal.aborted) return;
    Object.assign(probe, { answer, answered: String(wanted) });
    if (answer.probe.preview && !probe.previewed) {
      Object.assign(probe, { address: answer.probe.preview, previewed: true, unseen: false });
      showPicture(probe);
    }
    showAnswer(probe);
    if (byId("answer").getBoundingClientRect().top < 0) byId("answer").scrollIntoView();
  } catch (problem) {
    if (!mine.signal.aborted) showProblem(problem);
  }
}

/** Ask again, since the library has changed. */
export function forget(probes) {
  for (const probe of probes) probe.answered = null;
  search();
}

/** Whether the browser may be unable to show a probe by itself: it may not load from elsewhere, and not every format. */
function isUnshown(probe) {
  return Boolean(probe.url) || Boolean(probe.file && !SHOWN.includes(probe.file.type));
}

async function showPicture(probe) {
  const image = byId("probe-picture");
  const unseen = byId("probe-unseen");
  probe.name ??= probe.file?.name || probe.url || "";
  probe.address ??= probe.like ? api.thumbnail(probe.like, 1280) : probe.file ? URL.createObjectURL(probe.file) : null;
  byId("probe-name").textContent = probe.name;
  const cannot = (why) => {
    image.hidden = true;
    unseen.hidden = false;
    unseen.textContent = why;
  };
  image.hidden = false;
  unseen.hidden = true;
  image.alt = probe.like ? "The picture that is asked with" : "Your picture";
  image.onerror = () => {
    probe.unseen = true;
    cannot(
      probe.like
        ? "The picture is out of reach."
        : "This browser cannot show this format. It is searched all the same.",
    );
  };
  if (probe.address) image.src = probe.address;
  else cannot("The server gets the picture from its address.");
  if (probe.like && !probe.name) {
    try {
      const known = await api.pictureFacts(probe.like);
      probe.name = known.files[0]?.name ?? "";
    } catch {
      return; // the query tells of the same problem
    }
    if (probe === current) byId("probe-name").textContent = probe.name;
  }
}

function showWaiting() {
  byId("answer").setAttribute("aria-busy", "true");
  byId("search-status").textContent = "Searching…";
  byId("search-problem").replaceChildren();
  if (!byId("hits").children.length) {
    byId("hits").replaceChildren(
      ...Array.from({ length: PLACEHOLDERS }, () =>
        element("li", { class: "hit placeholder", "aria-hidden": "true" }, element("span", { class: "frame" })),
      ),
    );
  }
}

function showProblem(problem) {
  byId("answer").setAttribute("aria-busy", "false");
  byId("search-status").textContent = "";
  byId("hits").replaceChildren();
  byId("search-problem").replaceChildren(problemBox(problem, search));
}

function showAnswer(probe) {
  const { hits, seconds } = probe.answer;
  byId("answer").setAttribute("aria-busy", "false");
  byId("search-problem").replaceChildren();
  byId("search-status").textContent = hits.length
    ? `${count(hits.length, "hit")} in ${seconds.toFixed(2)} s`
    : "No hits";
  byId("hits").replaceChildren(...hits.map((hit) => hitCard(hit, { like: ask, match: () => match(probe, hit) })));
  if (!hits.length) byId("search-problem").replaceChildren(nothingFound());
}

function nothingFound() {
  const filtered = filterCount() > 0;
  const clear = () => {
    clearFilters();
    search();
  };
  return element(
    "div",
    { class: "blank" },
    element("p", {}, filtered ? "No picture passes the filters." : "The library holds no picture to compare with."),
    filtered && element("button", { type: "button", onclick: clear }, "Clear filters"),
  );
}

function match(probe, hit) {
  showMatch({ ...probe.answer.probe, crop: probe.crop, address: probe.unseen ? null : probe.address }, hit);
}
