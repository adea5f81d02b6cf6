/** Applying what is marked: the question before it, and what has come of it. */

import { byId, element } from "./dom.js";
import { warningBox } from "./problems.js";
import { skipRow } from "./runs.js";
import { bytes, count } from "./wording.js";

const KINDS = [
  ["exact", "exact copy", "exact copies"],
  ["edited", "edited copy", "edited copies"],
  ["version", "version", "versions"],
  ["alike", "other shot", "other shots"],
];

/** Asks before marks are applied. */
export class ApplyDialog {
  #dialog;

  constructor(dialog) {
    this.#dialog = dialog;
  }

  /** Resolves to whether a plan is to be carried out. `open` groups are not marked. */
  async ask(plan, open) {
    const files = plan.moved.length;
    byId("confirm-title").textContent = files ? `Move ${count(files, "file")} to the trash?` : "Apply these marks?";
    byId("confirm-yes").textContent = files ? "Move to trash" : "Apply";
    byId("confirm-text").replaceChildren(...summary(plan, open));
    this.#dialog.showModal();
    return new Promise((resolve) => {
      this.#dialog.oncancel = () => resolve(false);
      this.#dialog.querySelector("form").onsubmit = (event) => resolve(event.submitter.value === "yes");
    });
  }
}

function summary(plan, open) {
  const kinds = KINDS.map(([relation, one, many]) => {
    const files = plan.moved.filter((file) => file.relation === relation).length;
    return files && count(files, one, many);
  }).filter(Boolean);
  const lines = [
    kinds.length && `${kinds.join(", ")}: ${bytes(plan.bytes)} in all.`,
    plan.different && `${count(plan.different, "group")} will be remembered as different pictures.`,
    plan.linked.length && `Left alone: ${count(plan.linked.length, "link")} to files that stay.`,
    open && `Left as before: ${count(open, "group")} without a mark.`,
  ];
  return [
    ...lines.filter(Boolean).map((line) => element("p", {}, line)),
    plan.along.length && fileList(`${count(plan.along.length, "file")} beside them will move along`, plan.along, true),
    plan.moved.length && fileList("Which files", plan.moved),
    plan.skipped.length && stayed(plan.skipped, "cannot be moved"),
  ].filter(Boolean);
}

/** A folded list of files. */
export function fileList(title, files, open = false) {
  return element(
    "details",
    { class: "skips", open },
    element("summary", {}, title),
    element("ul", {}, ...files.map(({ path }) => element("li", {}, element("span", { class: "path" }, path)))),
  );
}

/** Files that stayed where they are although they should have moved. */
export function stayed(skipped, what) {
  return warningBox(
    element("p", {}, `${count(skipped.length, "file")} ${what}:`),
    element("ul", {}, ...skipped.map(skipRow)),
  );
}

/** What has come of applying marks, for `TrashBox.tell`. */
export function outcome(applied) {
  const files = applied.moved.length + applied.along.length;
  const said = [
    files
      ? `Moved ${count(files, "file")} to the trash (${bytes(applied.bytes)}).`
      : applied.different || applied.groups ? "Done: no file had to be moved." : "Nothing was moved.",
    applied.different && `${count(applied.different, "group")} remembered as different pictures.`,
    applied.linked.length && `${count(applied.linked.length, "link")} to files that stay left alone.`,
  ];
  return {
    said: said.filter(Boolean).join(" "),
    title: "What was moved",
    moved: [...applied.moved, ...applied.along],
    skipped: applied.skipped,
  };
}
