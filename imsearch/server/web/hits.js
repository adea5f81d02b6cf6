/** Hits as a grid of pictures. */

import { thumbnail } from "./api.js";
import { copyButton, element, icon, picture } from "./dom.js";
import { day, pixels, verdict } from "./wording.js";

const FRAME = 4 / 3; // of the box around a thumbnail, as in app.css

/** One hit. `open` shows its picture, `like` asks with it, and `match` shows how it was proved. */
export function hitCard(hit, { open, like, match }) {
  return element(
    "li",
    { class: "hit" },
    element("button", { type: "button", class: "frame", "aria-label": `Show ${hit.name}`, onclick: () => open(hit) }, framed(hit)),
    element(
      "div",
      { class: "caption" },
      element("p", { class: "verdict" }, ...judgement(hit)),
      element("p", { class: "name", title: hit.path }, hit.name),
      element("p", { class: "hint folder", title: hit.folder }, hit.folder),
      element("p", { class: "hint" }, [day(hit.taken), pixels(hit.width, hit.height)].filter(Boolean).join(" · ")),
    ),
    element(
      "div",
      { class: "actions" },
      labelled("like", "More like this", hit, () => like(hit.id)),
      hit.proof?.drawing && labelled("match", "Match", hit, () => match(hit)),
      copyButton(hit.path),
    ),
  );
}

function labelled(sign, text, hit, onclick) {
  return element(
    "button",
    { type: "button", class: "small", "aria-label": `${text}: ${hit.name}`, onclick },
    icon(sign),
    text,
  );
}

function judgement(hit) {
  const score = element("span", { class: "score", title: "Likeness, 1 at most" }, hit.score.toFixed(3));
  if (!hit.proof) return [score];
  return [
    element("span", { class: `badge ${hit.proof.verdict}` }, verdict(hit.proof.verdict)),
    score,
    hit.proof.how && element("span", { class: "how" }, hit.proof.how),
  ].filter(Boolean);
}

/** The thumbnail in a box of its own shape, so that a part of it can be outlined in shares. */
function framed(hit) {
  const shape = hit.width / hit.height;
  const box = element(
    "span",
    { class: "fit" },
    picture(thumbnail(hit.id), alt(hit), { loading: "lazy", decoding: "async", width: hit.width, height: hit.height }),
  );
  box.style.width = `${Math.min(1, shape / FRAME) * 100}%`;
  box.style.aspectRatio = String(shape);
  if (hit.region) box.append(outlined(hit));
  return box;
}

function alt(hit) {
  return `${hit.name}, ${pixels(hit.width, hit.height)}${hit.region ? ", a part of it is like yours" : ""}`;
}

function outlined({ region, width, height }) {
  const mark = element("span", { class: "region", title: "The part that is like yours" });
  mark.style.left = `${(region.x / width) * 100}%`;
  mark.style.top = `${(region.y / height) * 100}%`;
  mark.style.width = `${(region.width / width) * 100}%`;
  mark.style.height = `${(region.height / height) * 100}%`;
  return mark;
}
