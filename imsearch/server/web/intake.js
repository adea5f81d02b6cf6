/** How a picture comes onto the page: dropped, pasted, chosen from the disk, or named by its address. */

import { byId } from "./dom.js";

/** Calls `ontake` with every probe that comes: `{file}` or `{url}`. */
export class Intake {
  ontake = () => {};
  #veil = byId("veil");
  #entered = 0; // elements that the pointer has entered and not left: children send these events too

  constructor() {
    this.#watchDrops();
    addEventListener("paste", (event) => this.#paste(event));
    this.#watchChooser(byId("file"));
    for (const form of document.querySelectorAll("form.address")) {
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        this.ontake({ url: form.elements.url.value.trim() });
        form.reset();
      });
    }
  }

  #watchChooser(chooser) {
    for (const button of document.querySelectorAll(".choose")) button.addEventListener("click", () => chooser.click());
    chooser.addEventListener("change", () => {
      if (chooser.files.length) this.ontake({ file: chooser.files[0] });
      chooser.value = "";
    });
  }

  #watchDrops() {
    addEventListener("dragenter", (event) => carriesProbe(event) && this.#enter(this.#entered + 1));
    addEventListener("dragleave", (event) => carriesProbe(event) && this.#enter(this.#entered - 1));
    addEventListener("dragover", (event) => carriesProbe(event) && event.preventDefault());
    addEventListener("drop", (event) => {
      if (!carriesProbe(event)) return;
      event.preventDefault();
      this.#enter(0);
      const probe = probeIn(event.dataTransfer);
      if (probe) this.ontake(probe);
    });
  }

  #enter(entered) {
    this.#entered = entered;
    this.#veil.hidden = entered <= 0;
  }

  #paste(event) {
    const probe = probeIn(event.clipboardData);
    const typing = event.target instanceof Element && event.target.closest("input, textarea");
    if (!probe || (typing && probe.url) || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    this.ontake(probe);
  }
}

function carriesProbe(event) {
  return [...event.dataTransfer.types].some((type) => type === "Files" || type === "text/uri-list");
}

/** The picture in what was dropped or pasted: a file before an address. */
function probeIn(data) {
  const file = [...data.files].find((one) => !one.type || one.type.startsWith("image/"));
  if (file) return { file };
  const text = (data.getData("text/uri-list") || data.getData("text/plain")).trim().split(/\s/)[0];
  return /^https?:\/\//i.test(text) ? { url: text } : null;
}
