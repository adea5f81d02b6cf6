/** The card of one file of a group: its picture, whether it stays, and how it differs from the one proposed to keep. */

import { thumbnail } from "./api.js";
import { copyButton, element, facts, icon, picture } from "./dom.js";
import { bytes, day, moment, pixels } from "./wording.js";

const RELATIONS = {
  exact: "Exact copy: the same bytes",
  edited: "Edited copy",
  version: "Another version",
  alike: "Another shot",
};

const DIFFERENCES = {
  changed: "shows something else in part",
  "field-of-view": "shows more",
  resolution: "has finer detail",
  color: "colors differ",
  photographed: "photographed again",
  frames: "has other pages or frames",
  transparency: "has transparent parts",
  raw: "has the raw data of the camera",
};
const TOLD = new Set(["changed", "photographed"]); // by the words on what was done to a file

/**
 * The card of the file at a place of a group. `stays` says whether it stays, `marked` whether a person has said so;
 * `large` is how large its picture is wanted. `toggle`, `compare` and `show` are called for what its buttons say;
 * without `compare` there is no such button.
 */
export function card(group, at, { stays, marked, large, compared, toggle, compare, show }) {
  const file = group.files[at];
  const state = file.here ? (stays ? "stays" : "goes") : "missing";
  return element(
    "article",
    { class: `candidate ${state}${compared ? " compared" : ""}` },
    button(
      toggle,
      {
        class: "frame",
        "aria-pressed": String(stays),
        "aria-label": `Keep ${at + 1}: ${file.name}`,
        disabled: !file.here,
      },
      picture(thumbnail(file.id, large ? 1280 : 320), file.name, { decoding: "async" }),
      element("span", { class: "digit", "aria-hidden": "true" }, String(at + 1)),
    ),
    element(
      "div",
      { class: "caption" },
      element("p", { class: "verdict" }, ...badges(file, { stays, marked, proposed: at === group.keep })),
      element("p", { class: "name", title: file.path }, file.name),
      element("p", { class: "hint folder", title: file.folder }, file.folder),
      element("p", { class: "how" }, relation(file)),
      facts([
        ["Pixels", pixels(file.width, file.height)],
        ["Format", file.format],
        ["File", bytes(file.size)],
        ["Taken", day(file.taken)],
        ["Modified", moment(file.modified)],
      ]),
    ),
    element(
      "div",
      { class: "actions" },
      compare && button(compare, { class: "small", "aria-label": `Compare: ${file.name}` }, icon("match"), "Compare"),
      button(show, { class: "small", "aria-label": `Show large: ${file.name}` }, icon("expand"), "Large"),
      copyButton(file.path),
    ),
  );
}

function badges(file, { stays, marked, proposed }) {
  if (!file.here) return [element("span", { class: "badge off" }, "No longer there")];
  return [
    stays
      ? element("span", { class: `badge${marked ? " keep" : ""}` }, icon("check"), "Stays")
      : element("span", { class: `badge${marked ? " bad" : ""}` }, icon("trash"), "To the trash"),
    proposed && element("span", { class: "badge", title: "Proposed to keep" }, "Proposed"),
  ].filter(Boolean);
}

/** How a file relates to the one that is proposed to keep, in words. */
function relation(file) {
  const name = RELATIONS[file.relation];
  if (!name) return "";
  const added = file.differs.filter((each) => !(file.how && TOLD.has(each))).map((each) => DIFFERENCES[each] ?? each);
  return [name, file.how, ...added].filter(Boolean).join(" · ");
}

function button(onclick, attributes, ...children) {
  return element("button", { type: "button", onclick, ...attributes }, ...children);
}
