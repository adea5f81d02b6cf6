/** A review of duplicates: the groups that a search has found, the current one, and what is marked. */

const FIRST = 50; // groups that are loaded before any is shown
const PAGE = 200; // groups that are loaded at a time after that
const FEW = 5; // groups that are loaded again one by one

function here(group) {
  return group.files.filter((file) => file.here);
}

/** Whether there is nothing left to mark: also where all files but one have gone in other ways. */
export function isSettled(group) {
  return Boolean(group.mark || group.decision) || here(group).length < 2;
}

/** The files of a group that stay: those that are marked or, where none is, those that are proposed. */
export function staying(group) {
  const files = here(group);
  if (group.mark) return group.mark.different ? files : files.filter(({ file }) => group.mark.keep.includes(file));
  if (group.decision || group.kind !== "copies") return files;
  const proposed = group.files[group.keep];
  return proposed.here ? [proposed] : files.slice(0, 1);
}

/** The files of a group that go. */
export function going(group) {
  const stay = staying(group);
  return here(group).filter((file) => !stay.includes(file));
}

/** The groups of a finished run, which come page by page. One group is current. */
export class Review {
  #api;
  groups = [];
  total = 0;
  at = 0; // the place of the current group

  constructor(api, run) {
    this.#api = api;
    this.run = run;
  }

  get group() {
    return this.groups[this.at];
  }

  get settled() {
    return this.groups.filter(isSettled).length;
  }

  /** How many groups are marked, and how many files of how many bytes are to go. */
  get marked() {
    const marked = this.groups.filter((group) => group.mark);
    const sizes = new Map(marked.flatMap(going).map((file) => [file.file, file.size]));
    const bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
    return { groups: marked.length, files: sizes.size, bytes };
  }

  get isLoaded() {
    return this.groups.length >= this.total;
  }

  /** Load the next groups; gives whether there were any. */
  async load() {
    const begin = this.groups.length;
    const page = await this.#api.groups(this.run.id, begin, begin ? PAGE : FIRST);
    this.groups.splice(begin, page.groups.length, ...page.groups);
    this.total = page.total;
    return page.groups.length > 0;
  }

  /** The place of the next group that is not settled, after another one or else from the first on; -1 for none. */
  nextOpen(after = -1) {
    const later = this.groups.findIndex((group, at) => at > after && !isSettled(group));
    return later >= 0 ? later : this.groups.findIndex((group) => !isSettled(group));
  }

  /** Make another group the current one; gives whether there is one. */
  goTo(at) {
    if (!this.groups[at]) return false;
    this.at = at;
    return true;
  }

  /** Mark the files of the current group that stay. */
  keep(files) {
    return this.#mark({ keep: files.map(({ file }) => file) });
  }

  /** Mark the pictures of the current group as different. */
  callDifferent() {
    return this.#mark({ different: true });
  }

  /** Leave the current group open again. */
  async unmark() {
    this.#take(await this.#api.unmark(this.run.id, this.group.number));
  }

  /** Take the last change back; gives the place of its first group, -1 where there was none. */
  async undo() {
    const { groups } = await this.#api.undoMark(this.run.id);
    await this.#reload(groups);
    return groups.length ? Math.min(...groups) - 1 : -1;
  }

  /** Mark many groups; gives how many. */
  async accept(order) {
    const { groups } = await this.#api.accept(this.run.id, order);
    await this.#reload(groups);
    return groups.length;
  }

  /** What applying the marks would do. */
  plan() {
    return this.#api.apply(this.run.id, { dry_run: true });
  }

  /** Apply all marks; gives what was moved, and what was not. */
  async apply() {
    const applied = await this.#api.apply(this.run.id, {});
    await this.reload();
    return applied;
  }

  /** Load all groups that were loaded before again. */
  reload() {
    return this.#reload(this.groups.map(({ number }) => number));
  }

  async #mark(wanted) {
    this.#take(await this.#api.mark(this.run.id, this.group.number, wanted));
  }

  #take(group) {
    this.groups[group.number - 1] = group;
  }

  async #reload(numbers) {
    const known = numbers.filter((number) => number <= this.groups.length);
    if (known.length <= FEW) {
      const pages = known.map((number) => this.#api.groups(this.run.id, number - 1, 1));
      for (const page of await Promise.all(pages)) page.groups.forEach((group) => this.#take(group));
    } else {
      for (let begin = 0; begin < this.groups.length; begin += PAGE) {
        const page = await this.#api.groups(this.run.id, begin, PAGE);
        page.groups.forEach((group) => this.#take(group));
      }
    }
  }
}
