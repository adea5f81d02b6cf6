/** The match of probe and hit as a drawing: both pictures, what both show, and lines between what was found again. */

import { byId, element, icon, makeClosable, svg } from "./dom.js";
import { thumbnail } from "./api.js";
import { pixels, verdict } from "./wording.js";

const SIDE = 1000; // of the square that each picture is fitted into, in units of the drawing
const GAP = 48;
const LINES = 40;
const NARROW = 700; // pixels of the window below which the pictures stand one above the other

const dialog = byId("match");
makeClosable(dialog);

/**
 * Show the match of a verified hit. `probe` is what was asked with: its `address` (null where the browser cannot show
 * it), `width` and `height` after the crop, and `crop` as shares of the whole, or null.
 */
export function showMatch(probe, hit) {
  const { proof } = hit;
  byId("match-title").textContent = hit.name;
  const lines = element("input", { type: "checkbox", checked: true });
  const drawing = draw(probe, hit, innerWidth < NARROW);
  lines.addEventListener("change", () => drawing.classList.toggle("without-lines", !lines.checked));
  dialog
    .querySelector(".dialog-body")
    .replaceChildren(
      element(
        "p",
        { class: "said" },
        element("span", { class: `badge ${proof.verdict}` }, verdict(proof.verdict)),
        ` ${proof.how}`,
      ),
      drawing,
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
  dialog.showModal();
}

function draw(probe, hit, stacked) {
  const { proof } = hit;
  const left = fitted(probe, 0, 0, stacked);
  const right = stacked ? fitted(hit, 0, left.height + GAP, stacked) : fitted(hit, left.width + GAP, 0, stacked);
  const width = stacked ? Math.max(left.width, right.width) : right.x + right.width;
  const height = stacked ? right.y + right.height : Math.max(left.height, right.height);
  const middle = (box) => (stacked ? (box.x = (width - box.width) / 2) : (box.y = (height - box.height) / 2));
  middle(left);
  middle(right);
  const said = `Your picture (${pixels(probe.width, probe.height)}) and ${hit.name}: ${verdict(proof.verdict)}, ${proof.how}`;
  return svg(
    "svg",
    { class: "match", role: "img", "aria-label": said, viewBox: `-4 -4 ${width + 8} ${height + 8}` },
    shown(probe, left),
    shown({ ...hit, address: thumbnail(hit.id, 1280) }, right),
    ...(proof.shared ? [outline(proof.shared.probe, left), outline(proof.shared.hit, right)] : []),
    svg("g", { class: "lines" }, ...some(proof.matches).flatMap((match) => line(match, left, right))),
  );
}

/** Where a picture goes: side by side they are of one height, as far as they fit. */
function fitted(size, x, y, stacked) {
  const scale = stacked ? SIDE / size.width : SIDE / Math.max(size.width, size.height);
  return { x, y, scale, width: size.width * scale, height: size.height * scale };
}

/** A picture, or its part: an SVG of its own cuts off what lies outside. */
function shown(side, box) {
  const whole = side.crop ?? { x: 0, y: 0, width: 1, height: 1 };
  const [width, height] = [box.width / whole.width, box.height / whole.height];
  const image = svg("image", {
    x: -whole.x * width,
    y: -whole.y * height,
    width,
    height,
    preserveAspectRatio: "none",
  });
  if (side.address) image.setAttribute("href", side.address);
  const frame = svg("rect", { class: "frame", width: box.width, height: box.height });
  return svg("svg", { x: box.x, y: box.y, width: box.width, height: box.height }, frame, image);
}

function place([x, y], box) {
  return [box.x + x * box.scale, box.y + y * box.scale];
}

function outline(points, box) {
  return svg("polygon", { class: "outline", points: points.map((point) => place(point, box).join(",")).join(" ") });
}

function line([xp, yp, xh, yh], left, right) {
  const [x1, y1] = place([xp, yp], left);
  const [x2, y2] = place([xh, yh], right);
  return [
    svg("line", { x1, y1, x2, y2 }),
    svg("circle", { cx: x1, cy: y1, r: 5 }),
    svg("circle", { cx: x2, cy: y2, r: 5 }),
  ];
}

function some(matches) {
  const step = Math.max(1, matches.length / LINES);
  return Array.from({ length: Math.min(LINES, matches.length) }, (_, at) => matches[Math.floor(at * step)]);
}
