/** Choosing the part of the probe to ask with: drawn on the picture, or given in numbers. */

import { byId } from "./dom.js";

const WHOLE = { x: 0, y: 0, width: 1, height: 1 };
const SMALLEST = 0.03; // a part that is smaller was a click

/** A part, in shares of the whole picture, as a parameter of a query; null is the whole. */
export function cropParameter(part) {
  if (!part) return null;
  return [part.x, part.y, part.width, part.height].map((share) => `${percent(share)}%`).join(",");
}

/** Calls `onchange` with the part (shares of the whole picture, or null) whenever another one is chosen. */
export class CropBox {
  onchange = () => {};
  #stage = byId("stage");
  #box = byId("crop");
  #whole = byId("whole");
  #fields;
  #part = null;
  #start = null; // where the pointer went down, while it is down
  #moved = null; // the part as it was when the pointer took hold of it

  constructor() {
    const numbers = byId("part");
    this.#fields = [...numbers.querySelectorAll("input")];
    this.#watchPointer();
    this.#watchNumbers(numbers);
    this.#whole.addEventListener("click", () => this.#choose(null));
    for (const place of [this.#stage, numbers]) {
      place.addEventListener("keydown", (event) => {
        if (event.key === "Escape" && this.#part) this.#choose(null);
      });
    }
  }

  /** Show a part and keep it. */
  show(part) {
    this.#part = part;
    this.#whole.hidden = !part;
    this.#place(part ?? WHOLE);
    for (const field of this.#fields) field.value = percent((part ?? WHOLE)[field.name]);
  }

  #choose(part) {
    const same = cropParameter(part) === cropParameter(this.#part);
    this.show(part);
    if (!same) this.onchange(part);
  }

  /** Show a part that may still change. */
  #place(part) {
    this.#box.hidden = isWhole(part);
    this.#box.style.left = `${part.x * 100}%`;
    this.#box.style.top = `${part.y * 100}%`;
    this.#box.style.width = `${part.width * 100}%`;
    this.#box.style.height = `${part.height * 100}%`;
  }

  #watchNumbers(numbers) {
    const choose = () => {
      const typed = this.#typed();
      if (typed) this.#choose(isWhole(typed) ? null : typed);
    };
    numbers.addEventListener("input", () => {
      const typed = this.#typed();
      if (typed) this.#place(typed);
    });
    numbers.addEventListener("change", choose);
    numbers.addEventListener("keydown", (event) => {
      if (event.key === "Enter") choose();
    });
  }

  /** What the fields say, made to lie within the picture; null while one of them is empty. */
  #typed() {
    const typed = Object.fromEntries(this.#fields.map((field) => [field.name, field.valueAsNumber / 100]));
    if (Object.values(typed).some(Number.isNaN)) return null;
    const x = clamp(typed.x, 0, 0.99);
    const y = clamp(typed.y, 0, 0.99);
    return { x, y, width: clamp(typed.width, 0.01, 1 - x), height: clamp(typed.height, 0.01, 1 - y) };
  }

  /** A part is drawn with mouse, pen or finger; one that is there can be moved. */
  #watchPointer() {
    const stage = this.#stage;
    stage.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      stage.setPointerCapture(event.pointerId);
      this.#start = this.#point(event);
      this.#moved = event.target === this.#box ? this.#part : null;
    });
    stage.addEventListener("pointermove", (event) => {
      if (this.#start) this.#place(this.#drawn(event));
    });
    stage.addEventListener("pointerup", (event) => {
      if (!this.#start) return;
      const drawn = this.#drawn(event);
      this.#start = null;
      if (drawn.width >= SMALLEST && drawn.height >= SMALLEST) this.#choose(drawn);
      else if (this.#part && !this.#moved) this.#choose(null);
      else this.show(this.#part);
    });
    stage.addEventListener("pointercancel", () => {
      this.#start = null;
      this.show(this.#part);
    });
  }

  #point(event) {
    const bounds = this.#stage.getBoundingClientRect();
    return {
      x: clamp((event.clientX - bounds.left) / bounds.width, 0, 1),
      y: clamp((event.clientY - bounds.top) / bounds.height, 0, 1),
    };
  }

  /** The part between where the pointer went down and where it is, or the one that was taken hold of, moved as far. */
  #drawn(event) {
    const [start, moved] = [this.#start, this.#moved];
    const { x, y } = this.#point(event);
    if (moved) {
      return {
        ...moved,
        x: clamp(moved.x + x - start.x, 0, 1 - moved.width),
        y: clamp(moved.y + y - start.y, 0, 1 - moved.height),
      };
    }
    return {
      x: Math.min(x, start.x),
      y: Math.min(y, start.y),
      width: Math.abs(x - start.x),
      height: Math.abs(y - start.y),
    };
  }
}

function percent(share) {
  return Math.round(share * 1000) / 10;
}

function isWhole({ x, y, width, height }) {
  return x === 0 && y === 0 && width === 1 && height === 1;
}

function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}
