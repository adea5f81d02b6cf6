/** A review of duplicates: the groups that a search has found, the current one, and the decisions. */

const PAGE = 50; // groups that are loaded at a time

/** Whether there is nothing left to decide: also where all files but one have gone in other ways. */
export function isSettled(group) {
  return Boolean(group.decision) || group.files.filter((file) => file.here).length < 2;
}

/** The groups of a finished run, which come page by page. One group is current, and one of its files is chosen. */
export class Review {
  #api;
  groups = [];
  total = 0;
  at = 0; // the place of the current group
  chosen = 0; // the place, in it, of the file to keep

  constructor(api, run) {
    this.#api = api;
    this.run = run;
  }

  get group() {
    return this.groups[this.at];
  }

  get file() {
    return this.group.files[this.chosen];
  }

  /** How many files go to the trash if the chosen one is kept. */
  get others() {
    return this.group.files.filter((file) => file.here && file !== this.file).length;
  }

  get decided() {
    return this.groups.filter(isSettled).length;
  }

  get isLoaded() {
    return this.groups.length === this.total;
  }

  /** Load the next groups; gives whether there were any. */
  async load() {
    const page = await this.#api.groups(this.run.id, this.groups.length, PAGE);
    this.groups.push(...page.groups);
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
    this.chosen = this.group.keep;
    return true;
  }

  /** Choose another file; gives whether that is possible. */
  choose(at) {
    if (!this.group.files[at]?.here) return false;
    this.chosen = at;
    return true;
  }

  /** Keep the chosen file and move the others to the trash; gives what was moved, and what was not. */
  keep() {
    return this.#decide(this.#api.keep(this.run.id, this.group.number, this.file.file));
  }

  /** Remember that the pictures of the current group are different, or take that back. */
  setDifferent(wanted) {
    const { number } = this.group;
    return this.#decide(
      wanted ? this.#api.markDifferent(this.run.id, number) : this.#api.unmarkDifferent(this.run.id, number),
    );
  }

  async #decide(call) {
    const done = await call;
    this.groups[done.group.number - 1] = done.group;
    return done;
  }
}
