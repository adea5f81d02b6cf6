/** Comparing two files of a group: side by side, over each other in several ways, and by their difference. */

import { thumbnail } from "./api.js";
import { element, picture, svg } from "./dom.js";
import { corners, cssTransform, fitting, through } from "./homography.js";
import { difference } from "./review-difference.js";
import { keyHint } from "./review-keys.js";
import { Stage } from "./review-stage.js";

const BLINK = 800; // milliseconds that each picture is shown: slow enough for those whom flashes harm
const FARTHEST = 1; // sides of the first picture, beyond it, that are shown of the second at the outset

/** The modes: what each is called, its key, and what its slider does, if it has one. */
export const MODES = {
  pair: { name: "Side by side", key: "P" },
  overlay: { name: "Overlay", key: "O", slider: "Opacity" },
  swipe: { name: "Swipe", key: "S", slider: "Divider" },
  blink: { name: "Blink", key: "B" },
  difference: { name: "Difference", key: "V" },
};

const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** Shows two files in a `mode`: the one proposed to keep, and another that is laid over it by its matrix. */
export class Comparison {
  mode = null;
  #stage = new Stage();
  #shown = []; // the two files
  #numbers = [];
  #images = [];
  #difference = element("div", { class: "difference" });
  #drawn = null; // whether the difference is being worked out or shown, for which files
  #slider = element("input", { type: "range", min: "0", max: "100", step: "1", oninput: () => this.#slide() });
  #sliderName = element("span", {});
  #sliderField = element("label", { class: "slider" }, this.#sliderName, this.#slider);
  #divider = element("div", { class: "divider", "aria-hidden": "true" });
  #alone = element("input", { type: "checkbox", checked: !calm.matches, onchange: () => this.#blink() });
  #blinkField = element(
    "span",
    { class: "blink-field" },
    element("button", { type: "button", onclick: () => this.flip() }, "Show the other", keyHint("B")),
    element("label", { class: "tick" }, this.#alone, "By itself"),
  );
  #timer = 0;
  #note = element("p", { class: "hint", "aria-live": "polite" });

  constructor() {
    this.#divider.addEventListener("pointerdown", (event) => this.#grab(event));
    this.element = element(
      "div",
      { class: "compare" },
      element("div", { class: "stage-frame" }, this.#stage.element, this.#divider),
      element(
        "div",
        { class: "row compare-bar" },
        this.#note,
        element(
          "div",
          { class: "compare-controls" },
          this.#sliderField,
          this.#blinkField,
          element(
            "div",
            { class: "zoom", role: "group", "aria-label": "Zoom" },
            zoomButton("Zoom out", "−", () => this.zoom(-1)),
            zoomButton("Zoom in", "+", () => this.zoom(1)),
            zoomButton("Show all", "Fit", () => this.zoom(0)),
          ),
        ),
      ),
    );
  }

  /** Show two files of a group by their places in it. */
  show(group, at) {
    const files = [group.files[group.keep], group.files[at]];
    this.#numbers = [group.keep + 1, at + 1];
    if (files.some((file, side) => file.file !== this.#shown[side]?.file)) this.#load(files);
    this.#stage.element.setAttribute(
      "aria-label",
      `Comparison of ${this.#numbers.join(" and ")}: arrows move, + and - zoom`,
    );
    this.#arrange();
  }

  /** Compare in another mode from the next `show` on; null ends it. */
  setMode(mode) {
    this.mode = mode;
    this.#slider.value = "50";
    this.#alone.checked = !calm.matches;
    clearInterval(this.#timer);
  }

  /** Let the arrows move what is compared. */
  focus() {
    this.#stage.element.focus();
  }

  /** Zoom in (1), out (-1), or show all (0). */
  zoom(direction) {
    if (direction) this.#stage.zoom(direction);
    else this.#stage.fit();
  }

  /** Show the other picture of a blink, by hand from now on. */
  flip() {
    this.#alone.checked = false;
    this.#blink();
    this.#turn();
  }

  get #matrix() {
    const [first, second] = this.#shown;
    return second.matrix ?? fitting(second, first);
  }

  #load(files) {
    this.#shown = files;
    this.#drawn = null;
    this.#images = files.map((file) => {
      const image = picture(thumbnail(file.id, 1280), file.name, { draggable: "false" });
      image.width = file.width;
      image.height = file.height;
      return image;
    });
    const [first] = files;
    const moved = element("div", { class: "laid" }, this.#images[1]);
    moved.style.transform = cssTransform(this.#matrix);
    this.#difference.replaceChildren();
    this.#stage.setLayers(
      [[this.#images[0]], [moved], [this.#difference, outlines(files)]],
      first,
      bounds(files, this.#matrix),
    );
  }

  #arrange() {
    const stage = this.#stage.element;
    stage.className = `stage-view ${this.mode}-mode`;
    this.#sliderField.hidden = !MODES[this.mode]?.slider;
    this.#sliderName.textContent = MODES[this.mode]?.slider ?? "";
    this.#blinkField.hidden = this.mode !== "blink";
    this.#divider.hidden = this.mode !== "swipe";
    this.#slide();
    this.#blink();
    if (this.mode === "difference") this.#subtract();
    this.#say();
    this.#stage.adapt();
  }

  #say() {
    const [first, second] = this.#numbers;
    const blinking = this.#stage.element.classList.contains("second") ? second : first;
    const said = {
      pair: `${first} on the left, ${second} on the right`,
      overlay: `${second} over ${first}`,
      swipe: `${first} on the left, ${second} on the right of the line`,
      blink: this.#alone.checked ? `${first} and ${second} in turn` : `This is ${blinking}`,
      difference: `What differs between ${first} and ${second} is bright`,
    }[this.mode];
    const loose = this.#shown[1] && !this.#shown[1].matrix;
    this.#note.textContent = [said, loose && "These two cannot be aligned: both are fitted into one frame."]
      .filter(Boolean)
      .join(". ");
  }

  #slide() {
    const share = this.#slider.value / 100;
    const { style } = this.#stage.element;
    style.setProperty("--opacity", this.mode === "overlay" ? share : 1);
    this.#divider.parentElement?.style.setProperty("--divider", `${100 * share}%`);
  }

  /** Let the divider follow the pointer until it is let go. */
  #grab(event) {
    event.preventDefault();
    const box = this.#stage.element.getBoundingClientRect();
    const follow = (move) => {
      this.#slider.value = (100 * (move.clientX - box.left)) / box.width;
      this.#slide();
    };
    this.#divider.setPointerCapture(event.pointerId);
    this.#divider.onpointermove = follow;
    this.#divider.onpointerup = this.#divider.onpointercancel = () => (this.#divider.onpointermove = null);
  }

  #blink() {
    clearInterval(this.#timer);
    if (this.mode === "blink" && this.#alone.checked) this.#timer = setInterval(() => this.#turn(), BLINK);
    this.#say();
  }

  #turn() {
    if (!this.element.isConnected) clearInterval(this.#timer);
    this.#stage.element.classList.toggle("second");
    if (!this.#alone.checked) this.#say();
  }

  async #subtract() {
    const shown = this.#shown;
    if (this.#drawn === shown) return;
    this.#drawn = shown;
    try {
      await Promise.all(this.#images.map((image) => image.decode()));
    } catch {
      this.#drawn = null; // the layers say what is out of reach
      return;
    }
    if (shown !== this.#shown) return;
    const [first, second] = shown.map((file, at) => ({ ...file, image: this.#images[at] }));
    this.#difference.replaceChildren(difference(first, second, this.#matrix));
  }
}

function zoomButton(label, text, onclick) {
  return element("button", { type: "button", class: "small", "aria-label": label, title: label, onclick }, text);
}

/** The parts of the first picture where the second shows something else. */
function outlines([first, second]) {
  const { width, height } = first;
  const points = (part) => part.map(([x, y]) => `${x},${y}`).join(" ");
  return svg(
    "svg",
    { class: "outlines", viewBox: `0 0 ${width} ${height}`, width, height },
    ...second.outlines.flatMap((part) => [
      svg("polygon", { class: "halo", points: points(part) }),
      svg("polygon", { points: points(part) }),
    ]),
  );
}

/** The box around both pictures, as far as the second is not much farther away. */
function bounds([first, second], matrix) {
  const { width, height } = first;
  const points = [...corners(first), ...corners(second).map((corner) => through(matrix, corner) ?? [0, 0])];
  const within = (value, side) => Math.min(Math.max(value, -FARTHEST * side), (1 + FARTHEST) * side);
  const across = points.map(([x]) => within(x, width));
  const down = points.map(([, y]) => within(y, height));
  const [left, top] = [Math.min(...across), Math.min(...down)];
  return { left, top, width: Math.max(...across) - left, height: Math.max(...down) - top };
}
