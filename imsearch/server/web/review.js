/** Duplicates: finding them, and going through the groups to say which file stays. */

import * as api from "./api.js";
import { byId, copyButton, element, facts, icon, picture, toast } from "./dom.js";
import { showPicture } from "./pictures.js";
import { problemBox } from "./problems.js";
import { follow, skipList, skipRow } from "./runs.js";
import { bytes, count, day, moment, number, pixels } from "./wording.js";

const PAGE = 50;
const CONFIRMED = "imsearch.trash-confirmed";
const RELATIONS = { exact: "same bytes", copy: "edited copy", alike: "shot alike" }; // to the file proposed to keep
const KINDS = { exact: "Same picture", copy: "Copies", series: "Series" };

const place = byId("review");
const heading = element("div", {});
const body = element("div", {});
place.append(heading, body);

let library = null;
let review = null; // {run, groups, total, at, chosen}
let following = false;
let keysOn = true;

/** Tell what may be searched. */
export function useLibrary(known) {
  library = known;
  if (!review && !following) showStart();
}

/** Show a run over duplicates, going on or over. */
export function showDuplicatesRun(run) {
  if (run.state === "running") {
    following = true;
    heading.replaceChildren();
    follow(run, body, (over) => {
      following = false;
      showDuplicatesRun(over);
    });
  } else if (run.state === "done") {
    begin(run);
  } else {
    showStart(run);
  }
}

function showStart(last) {
  review = null;
  heading.replaceChildren();
  const problems = element("div", {});
  if (last?.state === "failed" && last.problem) {
    problems.append(problemBox({ name: last.problem.type.split(":").pop(), message: last.problem.detail }));
  } else if (last?.state === "cancelled") {
    problems.append(element("p", { class: "status", role: "status" }, "Cancelled."));
  }
  const start = async (event) => {
    event?.preventDefault();
    const data = new FormData(form);
    try {
      showDuplicatesRun(
        await api.startDuplicates({ under: data.get("under").trim() || null, series: data.has("series") }),
      );
    } catch (problem) {
      problems.replaceChildren(problemBox(problem, start));
    }
  };
  const form = element(
    "form",
    { class: "panel narrow", onsubmit: start },
    element(
      "p",
      {},
      "Find files that hold the same picture or a copy of it, and decide group by group which one stays. Nothing is moved before you say so.",
    ),
    element(
      "div",
      { class: "field" },
      element("label", { for: "duplicates-under" }, "Only groups with a file in folder"),
      element("input", {
        id: "duplicates-under",
        name: "under",
        list: "roots",
        autocomplete: "off",
        spellcheck: "false",
        placeholder: "any",
      }),
    ),
    element(
      "label",
      { class: "tick" },
      element("input", { type: "checkbox", name: "series" }),
      "Also series: shots of one moment",
    ),
    element("button", { class: "primary" }, "Find duplicates"),
    library &&
      !library.can_verify &&
      element(
        "p",
        { class: "hint" },
        "Without the extra ",
        element("code", {}, "imsearch-engine[verify]"),
        " only files that hold the very same picture are found.",
      ),
    problems,
  );
  body.replaceChildren(form);
}

async function begin(run) {
  const mine = (review = { run, groups: [], total: 0, at: 0, chosen: 0 });
  body.replaceChildren(element("p", { class: "waiting" }, "Loading groups…"));
  try {
    await load(mine);
  } catch (problem) {
    if (review === mine)
      body.replaceChildren(
        problemBox(problem, () => begin(run)),
        newSearchButton(),
      );
    return;
  }
  if (review !== mine) return;
  if (!mine.total) {
    showNothing(run);
    return;
  }
  draw();
  goTo(Math.max(0, nextUndecided(-1)), { focus: false });
  loadRest(mine);
}

async function load(into) {
  const page = await api.groups(into.run.id, into.groups.length, PAGE);
  into.groups.push(...page.groups);
  into.total = page.total;
  return page.groups.length;
}

async function loadRest(mine) {
  try {
    while (review === mine && mine.groups.length < mine.total && (await load(mine))) showProgress();
  } catch (problem) {
    if (review === mine) parts.problems.replaceChildren(problemBox(problem, () => loadRest(mine)));
  }
}

function newSearchButton() {
  return element("button", { type: "button", onclick: () => showStart() }, "Search again");
}

function showNothing(run) {
  heading.replaceChildren();
  body.replaceChildren(
    element(
      "div",
      { class: "blank" },
      element("h2", {}, "No duplicates"),
      element("p", {}, "Every picture is there once."),
      newSearchButton(),
    ),
    ...skipList(run),
  );
}

const parts = {
  progress: element("p", { class: "status", id: "review-progress" }),
  bar: element("progress", { "aria-label": "Decided" }),
  title: element("h2", { tabindex: "-1" }),
  reason: element("p", { class: "reason" }),
  files: element("div", { class: "candidates", role: "group", "aria-label": "Which file to keep" }),
  message: element("p", { class: "status message", "aria-live": "polite" }),
  problems: element("div", {}),
  keep: element("button", { type: "button", class: "primary", onclick: () => keepChosen() }),
  different: element(
    "button",
    { type: "button", onclick: () => setDifferent(true) },
    "These are different",
    hintOf("D"),
  ),
  undo: element("button", { type: "button", onclick: () => setDifferent(false) }, "Undo different", hintOf("U")),
  previous: element("button", { type: "button", onclick: () => goTo(review.at - 1) }, "Previous", hintOf("J")),
  next: element("button", { type: "button", onclick: () => goTo(review.at + 1) }, "Next", hintOf("K")),
};

function hintOf(key) {
  return element("kbd", { "aria-hidden": "true" }, key);
}

function draw() {
  heading.replaceChildren(
    element("div", { class: "row" }, parts.progress, newSearchButton()),
    parts.bar,
    ...skipList(review.run),
  );
  body.replaceChildren(
    element(
      "section",
      { class: "panel group", "aria-label": "Group" },
      element("div", { class: "row" }, parts.title),
      parts.reason,
      parts.message,
      parts.problems,
      parts.files,
      element(
        "div",
        { class: "decide" },
        parts.keep,
        parts.different,
        parts.undo,
        element("span", { class: "spring" }),
        parts.previous,
        parts.next,
      ),
    ),
    keysHelp(),
  );
  showProgress();
}

function keysHelp() {
  const keys = [
    [["1", "–", "9"], "choose the one to keep"],
    [["Enter"], "keep it, move the others to the trash"],
    [["D"], "these are different pictures"],
    [["U"], "take “different” back"],
    [["J", "←"], "previous group"],
    [["K", "→"], "next group"],
  ];
  const on = element("input", { type: "checkbox", checked: keysOn, onchange: () => (keysOn = on.checked) });
  return element(
    "section",
    { class: "keys", "aria-label": "Keys" },
    element("label", { class: "tick" }, on, "Keys"),
    element(
      "dl",
      {},
      ...keys.map(([names, what]) =>
        element(
          "div",
          {},
          element("dt", {}, ...names.map((name) => (name === "–" ? name : element("kbd", {}, name)))),
          element("dd", {}, what),
        ),
      ),
    ),
  );
}

function showProgress() {
  const decided = review.groups.filter(isSettled).length;
  parts.progress.textContent = `${number(decided)} of ${number(review.total)} decided`;
  parts.bar.max = review.total;
  parts.bar.value = decided;
  parts.previous.disabled = review.at <= 0;
  parts.next.disabled = review.at >= review.groups.length - 1;
}

function nextUndecided(after) {
  return review.groups.findIndex((group, at) => at > after && !isSettled(group));
}

/** Whether there is nothing left to decide: also where all files but one have gone by other ways. */
function isSettled(group) {
  return Boolean(group.decision) || group.files.filter((file) => file.here).length < 2;
}

function goTo(at, { focus = true } = {}) {
  if (!review?.groups[at]) return;
  review.at = at;
  review.chosen = review.groups[at].keep;
  parts.problems.replaceChildren();
  showGroup();
  if (focus) parts.title.focus({ preventScroll: true });
}

function showGroup() {
  const group = review.groups[review.at];
  const here = group.files.filter((file) => file.here).length;
  parts.title.replaceChildren(
    `Group ${number(review.at + 1)} of ${number(review.total)}`,
    element("span", { class: "badge" }, KINDS[group.kind] ?? group.kind),
    ...(isSettled(group)
      ? [
          element(
            "span",
            { class: "badge decided" },
            icon("check"),
            group.decision === "different" ? "Different" : "Decided",
          ),
        ]
      : []),
  );
  parts.reason.textContent = group.reason ? `Proposed to keep: number ${group.keep + 1} (${group.reason}).` : "";
  parts.reason.hidden = !group.reason || isSettled(group);
  parts.files.replaceChildren(...group.files.map((file, at) => candidate(group, file, at)));
  const others = here - 1;
  parts.keep.replaceChildren(
    others < 1
      ? "Nothing left to trash"
      : `Keep ${review.chosen + 1}, trash ${others === 1 ? "the other" : `the other ${number(others)}`}`,
    hintOf("Enter"),
  );
  parts.keep.disabled = others < 1 || !group.files[review.chosen].here;
  parts.different.disabled = Boolean(group.decision);
  parts.undo.disabled = group.decision !== "different";
  showProgress();
}

function candidate(group, file, at) {
  const chosen = at === review.chosen;
  return element(
    "article",
    { class: `candidate${chosen && file.here ? " chosen" : ""}${file.here ? "" : " missing"}` },
    element(
      "button",
      {
        type: "button",
        class: "frame",
        "aria-pressed": String(chosen),
        "aria-label": `Keep ${at + 1}: ${file.name}`,
        disabled: !file.here,
        onclick: () => choose(at),
      },
      picture(api.thumbnail(file.id, group.files.length > 4 ? 320 : 1280), file.name, { decoding: "async" }),
      element("span", { class: "digit", "aria-hidden": "true" }, String(at + 1)),
    ),
    element(
      "div",
      { class: "caption" },
      element(
        "p",
        { class: "verdict" },
        file.here && chosen && element("span", { class: "badge keep" }, icon("check"), "Keep"),
        at === group.keep && file.here && element("span", { class: "badge" }, "Proposed"),
        !file.here && element("span", { class: "badge off" }, "No longer there"),
      ),
      element("p", { class: "name", title: file.path }, file.name),
      element("p", { class: "hint folder", title: file.folder }, file.folder),
      facts([
        ["Pixels", pixels(file.width, file.height)],
        ["Format", file.format],
        ["File", bytes(file.size)],
        ["Taken", day(file.taken)],
        ["Changed", moment(file.modified)],
        ["Relation", RELATIONS[file.relation]],
      ]),
    ),
    element(
      "div",
      { class: "actions" },
      element(
        "button",
        { type: "button", class: "small", "aria-label": `Show large: ${file.name}`, onclick: () => showPicture(file) },
        icon("expand"),
        "Show large",
      ),
      copyButton(file.path),
    ),
  );
}

function choose(at) {
  const file = review.groups[review.at].files[at];
  if (!file?.here) return;
  const within = parts.files.contains(document.activeElement);
  review.chosen = at;
  showGroup();
  parts.message.textContent = `Keep ${at + 1}: ${file.name}`;
  if (within) parts.files.querySelectorAll(".frame")[at].focus();
}

let busy = false;

/** Do something with the group that is shown, once at a time, and show the group as it is then. */
async function decide(work) {
  if (busy) return;
  busy = true;
  const mine = review;
  const at = review.at;
  parts.problems.replaceChildren();
  try {
    const { group, said, stay } = await work(mine.groups[at]);
    mine.groups[at] = group;
    if (review !== mine) return;
    const next = nextUndecided(at) >= 0 ? nextUndecided(at) : nextUndecided(-1);
    if (stay || next < 0) showGroup();
    else goTo(next);
    parts.message.textContent =
      next < 0 && mine.groups.length === mine.total ? `${said} All groups are decided.` : said;
  } catch (problem) {
    parts.problems.replaceChildren(problemBox(problem));
  } finally {
    busy = false;
  }
}

async function keepChosen() {
  if (parts.keep.disabled) return;
  const group = review.groups[review.at];
  const file = group.files[review.chosen];
  const others = group.files.filter((other) => other.here && other !== file).length;
  if (!(await confirmed(file, others))) return;
  await decide(async () => {
    const done = await api.keep(review.run.id, group.number, file.file);
    return { group: done.group, said: trashed(done), stay: showSkipped(done) };
  });
}

function trashed({ moved, bytes: size, linked }) {
  const said = `Moved ${count(moved.length, "file")} to the trash (${bytes(size)}).`;
  return linked.length
    ? `${said} ${count(linked.length, "file")} shared its bytes with the one kept, so that frees none.`
    : said;
}

function showSkipped({ skipped }) {
  if (!skipped.length) return false;
  queueMicrotask(() =>
    parts.problems.replaceChildren(
      element(
        "div",
        { class: "problem", role: "alert" },
        icon("warning"),
        element(
          "div",
          {},
          element(
            "p",
            {},
            `${count(skipped.length, "file")} stayed where ${skipped.length === 1 ? "it is" : "they are"}:`,
          ),
          element("ul", {}, ...skipped.map(skipRow)),
        ),
      ),
    ),
  );
  return true;
}

/** Ask before the first files go to the trash; after that only the keys speak. */
function confirmed(file, others) {
  if (sessionStorage.getItem(CONFIRMED)) return true;
  const dialog = byId("confirm");
  byId("confirm-title").textContent = `Move ${count(others, "file")} to the trash?`;
  byId("confirm-text").textContent = `${file.name} stays, in ${file.folder}.`;
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.oncancel = () => resolve(false);
    dialog.querySelector("form").onsubmit = (event) => {
      const yes = event.submitter.value === "yes";
      if (yes) sessionStorage.setItem(CONFIRMED, "yes");
      resolve(yes);
    };
  });
}

async function setDifferent(wanted) {
  const group = review.groups[review.at];
  if ((wanted ? parts.different : parts.undo).disabled) return;
  await decide(async () => {
    if (wanted) {
      const done = await api.markDifferent(review.run.id, group.number);
      return { group: done.group, said: "Kept apart from now on: these are different pictures." };
    }
    const done = await api.unmarkDifferent(review.run.id, group.number);
    return { group: done.group, said: "Taken back: these may be duplicates again.", stay: true };
  });
}

addEventListener("keydown", (event) => {
  if (!review || !keysOn || byId("duplicates").hidden || document.querySelector("dialog[open]")) return;
  if (
    event.ctrlKey ||
    event.metaKey ||
    event.altKey ||
    event.target.closest?.("input:not([type=checkbox]), select, textarea")
  )
    return;
  const act = actionOf(event);
  if (!act) return;
  event.preventDefault();
  act();
});

function actionOf(event) {
  if (/^[1-9]$/.test(event.key)) return () => choose(Number(event.key) - 1);
  if (event.key === "Enter") {
    return event.target.closest?.("button:not(.frame), a, summary") ? null : keepChosen;
  }
  return {
    d: () => setDifferent(true),
    u: () => setDifferent(false),
    j: () => goTo(review.at - 1),
    k: () => goTo(review.at + 1),
    ArrowLeft: () => goTo(review.at - 1),
    ArrowRight: () => goTo(review.at + 1),
  }[event.key.length === 1 ? event.key.toLowerCase() : event.key];
}
