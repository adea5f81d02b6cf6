/** The stage on which two pictures are compared: layers over each other or side by side, zoomed and moved in step. */

import { element } from "./dom.js";

const MOST = 64; // times the size at which all is seen
const STEP = 1.25; // of a zoom by a key
const PAN = 60; // pixels on the screen, of a move by a key
const EDGE = 40; // pixels on the screen that always show something

/**
 * Its layers show one plane each. A point of the plane, in pixels of the first picture, is at the same place of every
 * layer.
 */
export class Stage {
  element = element("div", { class: "stage-view", tabindex: "0", role: "group" });
  #layers = [];
  #bounds = { left: 0, top: 0, width: 1, height: 1 }; // what is seen at the outset
  #scale = 1; // pixels on the screen for one of the plane
  #left = 0;
  #top = 0;
  #least = 1; // the scale at which all is seen
  #size = { width: 0, height: 0 }; // of a layer, when it was last looked at
  #pointers = new Map(); // those that are down, and where each was last

  constructor() {
    const { element: stage } = this;
    stage.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    stage.addEventListener("pointerdown", (event) => this.#down(event));
    stage.addEventListener("pointermove", (event) => this.#drag(event));
    for (const end of ["pointerup", "pointercancel"])
      stage.addEventListener(end, (event) => this.#pointers.delete(event.pointerId));
    stage.addEventListener("keydown", (event) => this.#press(event));
    new ResizeObserver(() => this.adapt()).observe(stage);
  }

  /** Show layers, each a list of elements on a plane of the size of the first picture. */
  setLayers(layers, { width, height }, bounds) {
    this.#bounds = bounds;
    this.#layers = layers.map((children) => {
      const plane = element("div", { class: "plane" }, ...children);
      plane.style.width = `${width}px`;
      plane.style.height = `${height}px`;
      return plane;
    });
    this.element.replaceChildren(...this.#layers.map((plane) => element("div", { class: "layer" }, plane)));
    this.fit();
  }

  /** Show the same part as before, after layers have got another size. */
  adapt() {
    const { width, height } = this.#size;
    const zoomed = this.#scale / this.#least;
    const [x, y] = [(width / 2 - this.#left) / this.#scale, (height / 2 - this.#top) / this.#scale];
    this.fit();
    if (zoomed === 1 || !width) return;
    this.#scale = this.#least * zoomed;
    this.#left = this.#size.width / 2 - x * this.#scale;
    this.#top = this.#size.height / 2 - y * this.#scale;
    this.#show();
  }

  /** Show all. */
  fit() {
    const { width, height } = (this.#size = this.#view());
    const { left, top, width: across, height: down } = this.#bounds;
    if (!width || !height) return;
    this.#scale = this.#least = Math.min(width / across, height / down);
    this.#left = (width - across * this.#scale) / 2 - left * this.#scale;
    this.#top = (height - down * this.#scale) / 2 - top * this.#scale;
    this.#show();
  }

  /** Zoom in (1) or out (-1) by a step, about the middle. */
  zoom(direction) {
    const { width, height } = this.#size;
    this.#zoomAt(STEP ** direction, width / 2, height / 2);
  }

  #zoomAt(factor, x, y) {
    const scale = Math.min(Math.max(this.#scale * factor, this.#least), this.#least * MOST);
    const by = scale / this.#scale;
    this.#scale = scale;
    this.#left = x - (x - this.#left) * by;
    this.#top = y - (y - this.#top) * by;
    if (scale === this.#least) this.fit();
    else this.#show();
  }

  #pan(across, down) {
    this.#left += across;
    this.#top += down;
    this.#show();
  }

  /** Bring the planes to where they belong, never quite out of sight. */
  #show() {
    const { width, height } = this.#size;
    const { left, top, width: across, height: down } = this.#bounds;
    const scale = this.#scale;
    this.#left = clamp(this.#left, EDGE - (left + across) * scale, width - EDGE - left * scale);
    this.#top = clamp(this.#top, EDGE - (top + down) * scale, height - EDGE - top * scale);
    for (const plane of this.#layers)
      plane.style.transform = `translate(${this.#left}px, ${this.#top}px) scale(${scale})`;
    this.element.classList.toggle("zoomed", scale > this.#least);
  }

  /** The size of a layer: all have the same. */
  #view() {
    const layer = this.#layers[0]?.parentElement;
    return { width: layer?.clientWidth ?? 0, height: layer?.clientHeight ?? 0 };
  }

  /** Where the pointer is in the layer that it is over. */
  #place(event) {
    const layer = event.target.closest(".layer") ?? this.element;
    const box = layer.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  #wheel(event) {
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1;
    this.#zoomAt(Math.exp(-clamp(event.deltaY * lines, -240, 240) / 400), ...this.#place(event));
  }

  #down(event) {
    this.#pointers.set(event.pointerId, [event.clientX, event.clientY]);
    this.element.setPointerCapture(event.pointerId);
  }

  /** One pointer moves the pictures, two also zoom. */
  #drag(event) {
    const before = this.#pointers.get(event.pointerId);
    if (!before) return;
    const now = [event.clientX, event.clientY];
    this.#pointers.set(event.pointerId, now);
    const others = this.#pointers.size - 1;
    this.#pan((now[0] - before[0]) / (others + 1), (now[1] - before[1]) / (others + 1));
    if (others === 1) {
      const [other] = [...this.#pointers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
      const box = this.element.firstElementChild.getBoundingClientRect();
      const middle = [(now[0] + other[0]) / 2 - box.left, (now[1] + other[1]) / 2 - box.top];
      this.#zoomAt(distance(now, other) / Math.max(1, distance(before, other)), ...middle);
    }
  }

  #press(event) {
    const moves = { ArrowLeft: [PAN, 0], ArrowRight: [-PAN, 0], ArrowUp: [0, PAN], ArrowDown: [0, -PAN] };
    if (!moves[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.#pan(...moves[event.key]);
  }
}

function clamp(value, least, most) {
  return Math.min(Math.max(value, least), Math.max(least, most));
}

function distance([ax, ay], [bx, by]) {
  return Math.hypot(ax - bx, ay - by);
}
