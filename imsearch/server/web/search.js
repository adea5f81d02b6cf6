/** The search: asking with a probe, and showing its hits. */

import { thumbnail } from "./api.js";
import { cropParameter } from "./crop.js";
import { byId, element } from "./dom.js";
import { hitCard } from "./hits.js";
import { problemBox } from "./problems.js";
import { count } from "./wording.js";

/*
 * A probe is `{file}`, `{url}` or `{like: id}`, with what becomes of it: `crop` (shares, or null), `name`, `address` of
 * its picture, and the last `answer` with what it `answered`, so that going back shows it at once.
 */

const PLACEHOLDERS = 8;
const SHOWN = ["image/jpeg", "image/png", "image/gif", "image/webp", "image/avif", "image/bmp"];

/** Calls `onlike` with the id of a picture that is to be asked with. */
export class SearchView {
  onlike = () => {};
  #api;
  #options;
  #crop;
  #pictures;
  #match;
  #probe = null;
  #asking = new AbortController();

  /** `options` and `crop` are what is meant besides the probe; `pictures` and `match` are the dialogs for hits. */
  constructor(api, { options, crop, pictures, match }) {
    this.#api = api;
    this.#options = options;
    this.#crop = crop;
    this.#pictures = pictures;
    this.#match = match;
    options.onchange = () => this.#search();
    crop.onchange = (part) => {
      this.#probe.crop = part;
      this.#search();
    };
  }

  /** Show a probe with its hits, and ask for them if needed. */
  show(probe) {
    if (probe === this.#probe) return;
    this.#probe = probe;
    this.#showProbe(probe);
    this.#crop.show(probe.crop ?? null);
    this.#search();
  }

  /** Show that nothing is asked. */
  showNone() {
    this.#asking.abort();
    this.#probe = null;
  }

  /** Ask again, since the library has changed. */
  refresh() {
    if (this.#probe) this.#search();
  }

  /** Ask with the current options. If the same was asked before, its answer is shown at once. */
  async #search() {
    const probe = this.#probe;
    if (!probe) return;
    this.#asking.abort();
    const { signal } = (this.#asking = new AbortController());
    const wanted = this.#parameters(probe);
    if (probe.answered === String(wanted)) {
      this.#showAnswer(probe);
      return;
    }
    this.#showWaiting();
    try {
      const answer = await this.#api.query(probe, wanted, signal);
      if (signal.aborted) return;
      Object.assign(probe, { answer, answered: String(wanted) });
      if (answer.probe.preview && !probe.previewed) {
        Object.assign(probe, { address: answer.probe.preview, previewed: true, unseen: false });
        this.#showProbe(probe);
      }
      this.#showAnswer(probe);
      if (byId("answer").getBoundingClientRect().top < 0) byId("answer").scrollIntoView();
    } catch (problem) {
      if (!signal.aborted) this.#showProblem(problem);
    }
  }

  #parameters(probe) {
    const wanted = this.#options.parameters();
    if (mayBeUnseen(probe)) wanted.set("preview", "true");
    const crop = cropParameter(probe.crop);
    if (crop) wanted.set("crop", crop);
    return wanted;
  }

  async #showProbe(probe) {
    const image = byId("probe-picture");
    const unseen = byId("probe-unseen");
    probe.name ??= probe.file?.name || probe.url || "";
    probe.address ??= addressOf(probe);
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
        const known = await this.#api.pictureFacts(probe.like);
        probe.name = known.files[0]?.name ?? "";
      } catch {
        return; // the query meets the same problem, and shows it
      }
      if (probe === this.#probe) byId("probe-name").textContent = probe.name;
    }
  }

  #showWaiting() {
    byId("answer").setAttribute("aria-busy", "true");
    byId("search-status").textContent = "Searching…";
    byId("search-problem").replaceChildren();
    if (!byId("hits").children.length) {
      byId("hits").replaceChildren(...Array.from({ length: PLACEHOLDERS }, placeholder));
    }
  }

  #showProblem(problem) {
    byId("answer").setAttribute("aria-busy", "false");
    byId("search-status").textContent = "";
    byId("hits").replaceChildren();
    byId("search-problem").replaceChildren(problemBox(problem, () => this.#search()));
  }

  #showAnswer(probe) {
    const { hits, seconds } = probe.answer;
    byId("answer").setAttribute("aria-busy", "false");
    byId("search-problem").replaceChildren();
    byId("search-status").textContent = hits.length
      ? `${count(hits.length, "hit")} in ${seconds.toFixed(2)} s`
      : "No hits";
    const like = (id) => this.onlike(id);
    const actions = {
      like,
      open: (hit) => this.#pictures.show(hit, like),
      match: (hit) => this.#match.show({ crop: probe.crop, address: probe.unseen ? null : probe.address }, hit),
    };
    byId("hits").replaceChildren(...hits.map((hit) => hitCard(hit, actions)));
    if (!hits.length) byId("search-problem").replaceChildren(this.#nothingFound());
  }

  #nothingFound() {
    const filtered = this.#options.filterCount > 0;
    const clear = () => {
      this.#options.clearFilters();
      this.#search();
    };
    return element(
      "div",
      { class: "blank" },
      element("p", {}, filtered ? "No picture passes the filters." : "The library holds no picture to compare with."),
      filtered && element("button", { type: "button", onclick: clear }, "Clear filters"),
    );
  }
}

/** Whether the browser may be unable to show a probe by itself: it may not load from elsewhere, and not every format. */
function mayBeUnseen(probe) {
  return Boolean(probe.url) || Boolean(probe.file && !SHOWN.includes(probe.file.type));
}

function addressOf({ like, file }) {
  if (like) return thumbnail(like, 1280);
  return file ? URL.createObjectURL(file) : null;
}

function placeholder() {
  return element("li", { class: "hit placeholder", "aria-hidden": "true" }, element("span", { class: "frame" }));
}
