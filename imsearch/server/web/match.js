/** The match of probe and hit, as the server has drawn it: both pictures, what both show, and what was found again. */

import { thumbnail } from "./api.js";
import { byId, element, icon, makeClosable, svg } from "./dom.js";
import { verdict } from "./wording.js";

const WHOLE = { x: 0, y: 0, width: 1, height: 1 };

export class MatchDialog {
  #dialog;

  constructor(dialog) {
    this.#dialog = dialog;
    makeClosable(dialog);
  }

  /**
   * Show the match of a verified hit. `probe` is what was asked with: the `address` of its picture (null where the
   * browser cannot show it), and `crop`, the part that was meant as shares of the whole, or null.
   */
  show(probe, hit) {
    const { proof } = hit;
    byId("match-title").textContent = hit.name;
    const drawing = drawn(proof.drawing);
    const [left, right] = drawing.querySelectorAll("image");
    fillIn(left, probe.address, probe.crop ?? WHOLE);
    fillIn(right, thumbnail(hit.id, 1280), WHOLE);
    const lines = element("input", { type: "checkbox", checked: true });
    lines.addEventListener("change", () => drawing.classList.toggle("without-lines", !lines.checked));
    this.#dialog
      .querySelector(".dialog-body")
      .replaceChildren(
        element(
          "p",
          { class: "said" },
          element("span", { class: `badge ${proof.verdict}` }, verdict(proof.verdict)),
          ` ${proof.how}`,
        ),
        element("div", { class: "drawing", role: "group", "aria-label": "Drawing", tabindex: "0" }, drawing),
        element(
          "div",
          { class: "row legend" },
          element("span", {}, "Your picture, and the hit. Outlined: what both show."),
          proof.matches.length > 0 && element("label", { class: "tick" }, lines, "Lines"),
        ),
        ...(probe.address
          ? []
          : [element("p", { class: "hint" }, icon("warning"), " This browser cannot show your picture.")]),
      );
    this.#dialog.showModal();
  }
}

/** The elements of a drawing. */
function drawn(text) {
  return document.importNode(new DOMParser().parseFromString(text, "image/svg+xml").documentElement, true);
}

/** Show a part of a picture, in shares of the whole, in the place of an image; a frame cuts off what lies outside. */
function fillIn(image, address, part) {
  const [x, y, width, height] = ["x", "y", "width", "height"].map((name) => Number(image.getAttribute(name)));
  const frame = svg("svg", { x, y, width, height }, svg("rect", { class: "frame", width, height }));
  image.replaceWith(frame);
  frame.append(image);
  image.setAttribute("x", (-part.x / part.width) * width);
  image.setAttribute("y", (-part.y / part.height) * height);
  image.setAttribute("width", width / part.width);
  image.setAttribute("height", height / part.height);
  if (address) image.setAttribute("href", address);
}
