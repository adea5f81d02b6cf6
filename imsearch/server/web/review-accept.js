/** Marking many groups at once. */

import { element } from "./dom.js";
import { count } from "./wording.js";

/**
 * The form for it. `accept` is called with an order of the API and resolves to the number of groups that it has marked;
 * `say` is called with what has come of it.
 */
export function acceptForm(accept, say) {
  const mark = async (order, none) => {
    const groups = await accept(order);
    if (groups !== null) say(groups ? `Marked ${count(groups, "group")}. Nothing is moved before you apply.` : none);
  };
  const folder = element("input", {
    id: "accept-folder",
    list: "folders",
    autocomplete: "off",
    spellcheck: "false",
    required: true,
    placeholder: "/photos/backup",
  });
  const inFolder = (name) => {
    if (folder.reportValidity())
      mark({ [name]: folder.value.trim() }, "No open group has a copy that would go because of this folder.");
  };
  return element(
    "details",
    { class: "many" },
    element("summary", {}, "Mark many groups at once"),
    element(
      "div",
      { class: "stack" },
      element(
        "p",
        { class: "hint" },
        "Only groups of copies that are not marked yet are marked, and each can be undone.",
      ),
      element(
        "div",
        {},
        element(
          "button",
          { type: "button", onclick: () => mark({ kind: "exact" }, "No open group has exact copies.") },
          "Accept all exact copies",
        ),
      ),
      element(
        "div",
        { class: "field" },
        element("label", { for: "accept-folder" }, "Or by a folder, with all below it"),
        folder,
      ),
      element(
        "div",
        { class: "actions" },
        element(
          "button",
          { type: "button", onclick: () => inFolder("keep_below") },
          "Keep what lies there, trash copies elsewhere",
        ),
        element(
          "button",
          { type: "button", onclick: () => inFolder("move_below") },
          "Trash what lies there, keep copies elsewhere",
        ),
      ),
    ),
  );
}

/** The folders of the files of groups, which the form offers. */
export function folderList(groups) {
  const folders = new Set(groups.flatMap((group) => group.files.map((file) => file.folder)));
  return element("datalist", { id: "folders" }, ...[...folders].sort().map((value) => element("option", { value })));
}
