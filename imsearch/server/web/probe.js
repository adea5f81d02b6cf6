/** What is asked with: how a picture comes onto the page, and the part of it that is meant. */

import { byId } from "./dom.js";

/** Call `take` with every picture that is dropped, pasted, chosen or named: `{file}` or `{url}`. */
export function onProbe(take) {
  dropping(take);
  pasting(take);
  const chooser = byId("file");
  for (const button of document.querySelectorAll(".choose")) button.addEventListener("click", () => chooser.click());
  chooser.addEventListener("change", () => {
    if (chooser.files.length) take({ file: chooser.files[0] });
    chooser.value = "";
  });
  for (const form of document.querySelectorAll("form.address")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      take({ url: form.elements.url.value.trim() });
      form.reset();
    });
  }
}

function dropping(take) {
  const veil = byId("veil");
  let inside = 0; // elements that the pointer has entered and not left: children tell of it too
  const show = (depth) => {
    inside = depth;
    veil.hidden = inside <= 0;
  };
  const carries = (event) => [...event.dataTransfer.types].some((type) => type === "Files" || type === "text/uri-list");
  addEventListener("dragenter", (event) => carries(event) && show(inside + 1));
  addEventListener("dragleave", (event) => carries(event) && show(inside - 1));
  addEventListener("dragover", (event) => carries(event) && event.preventDefault());
  addEventListener("drop", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    show(0);
    const given = handedOver(event.dataTransfer);
    if (given) take(given);
  });
}

function pasting(take) {
  addEventListener("paste", (event) => {
    const given = handedOver(event.clipboardData);
    const typing = event.target instanceof Element && event.target.closest("input, textarea");
    if (!given || (typing && given.url) || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    take(given);
  });
}

/** The picture in what was dropped or pasted: a file before an address. */
function handedOver(data) {
  const file = [...data.files].find((one) => !one.type || one.type.startsWith("image/"));
  if (file) return { file };
  const text = (data.getData("text/uri-list") || data.getData("text/plain")).trim().split(/\s/)[0];
  return /^https?:\/\//i.test(text) ? { url: text } : null;
}

const stage = byId("stage");
const box = byId("crop");
const part = byId("part");
const fields = Object.fromEntries([...part.querySelectorAll("input")].map((field) => [field.name, field]));
const SMALLEST = 0.03; // a part that is smaller was a click

let crop = null;

/** The part as a parameter of a query, or null for the whole. */
export function cropParameter(of) {
  if (!of) return null;
  return [of.x, of.y, of.width, of.height].map((share) => `${percent(share)}%`).join(",");
}

function percent(share) {
  return Math.round(share * 1000) / 10;
}

/** Show a part (shares of the whole picture, or null) and keep it. */
export function showCrop(wanted) {
  crop = wanted;
  box.hidden = !crop;
  byId("whole").hidden = !crop;
  const shown = crop ?? { x: 0, y: 0, width: 1, height: 1 };
  box.style.left = `${shown.x * 100}%`;
  box.style.top = `${shown.y * 100}%`;
  box.style.width = `${shown.width * 100}%`;
  box.style.height = `${shown.height * 100}%`;
  for (const [name, field] of Object.entries(fields)) field.value = percent(shown[name]);
}

/** Call `changed` with the part whenever another one is meant. */
export function onCrop(changed) {
  const choose = (wanted) => {
    const same = cropParameter(wanted) === cropParameter(crop);
    showCrop(wanted);
    if (!same) changed(crop);
  };
  const chooseTyped = () => {
    const typed = fromFields();
    if (typed) choose(isWhole(typed) ? null : typed);
  };
  drawing(choose);
  part.addEventListener("input", () => {
    const typed = fromFields();
    if (typed) place(typed);
  });
  part.addEventListener("change", chooseTyped);
  part.addEventListener("keydown", (event) => {
    if (event.key === "Enter") chooseTyped();
  });
  byId("whole").addEventListener("click", () => choose(null));
  for (const one of [stage, part]) {
    one.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && crop) choose(null);
    });
  }
}

function place(wanted) {
  box.hidden = isWhole(wanted);
  box.style.left = `${wanted.x * 100}%`;
  box.style.top = `${wanted.y * 100}%`;
  box.style.width = `${wanted.width * 100}%`;
  box.style.height = `${wanted.height * 100}%`;
}

/** What the fields say, made to lie within the picture; null while one of them is empty. */
function fromFields() {
  const typed = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.valueAsNumber / 100]));
  if (Object.values(typed).some(Number.isNaN)) return null;
  const x = clamp(typed.x, 0, 0.99);
  const y = clamp(typed.y, 0, 0.99);
  return { x, y, width: clamp(typed.width, 0.01, 1 - x), height: clamp(typed.height, 0.01, 1 - y) };
}

function isWhole({ x, y, width, height }) {
  return x === 0 && y === 0 && width === 1 && height === 1;
}

function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

/** Draw a part with mouse, pen or finger; one that is there can be moved. */
function drawing(choose) {
  let start = null;
  let moved = null; // the part as it was when it was taken hold of
  const point = (event) => {
    const bounds = stage.getBoundingClientRect();
    return [
      clamp((event.clientX - bounds.left) / bounds.width, 0, 1),
      clamp((event.clientY - bounds.top) / bounds.height, 0, 1),
    ];
  };
  const between = (event) => {
    const [x, y] = point(event);
    if (moved) {
      return {
        ...moved,
        x: clamp(moved.x + x - start[0], 0, 1 - moved.width),
        y: clamp(moved.y + y - start[1], 0, 1 - moved.height),
      };
    }
    return {
      x: Math.min(x, start[0]),
      y: Math.min(y, start[1]),
      width: Math.abs(x - start[0]),
      height: Math.abs(y - start[1]),
    };
  };
  stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    stage.setPointerCapture(event.pointerId);
    start = point(event);
    moved = event.target === box ? crop : null;
  });
  stage.addEventListener("pointermove", (event) => {
    if (start) place(between(event));
  });
  stage.addEventListener("pointerup", (event) => {
    if (!start) return;
    const drawn = between(event);
    const before = crop;
    start = null;
    if (drawn.width >= SMALLEST && drawn.height >= SMALLEST) choose(drawn);
    else if (before && !moved) choose(null);
    else showCrop(before);
  });
  stage.addEventListener("pointercancel", () => {
    start = null;
    showCrop(crop);
  });
}
