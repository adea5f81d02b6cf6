/** The HTTP API. Every call gives the answer, or throws a `Problem` that can be shown. */

const RETRY_AFTER = 1000; // milliseconds from a broken stream to the next

/**
 * What went wrong: `name` as in the API (`gone-away` where no server answers); `message` and `hint`, what to do about it,
 * are for people.
 */
export class Problem extends Error {
  constructor(name, message, { hint = "", status = 0 } = {}) {
    super(message);
    this.name = name;
    this.hint = hint;
    this.status = status;
  }

  /** That of a problem document. */
  static of({ type, title, status, detail, hint }) {
    const name = String(type ?? "")
      .split(":")
      .pop();
    return new Problem(name, sentence(detail || title), { hint, status });
  }
}

function sentence(text) {
  const start = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?)'"]$/.test(start) ? start : `${start}.`;
}

async function problemOf(response) {
  try {
    return Problem.of(await response.json());
  } catch {
    return new Problem("failed", `The server answered with an error (${response.status}).`, {
      status: response.status,
    });
  }
}

function json(method, body) {
  return { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
}

function at(...parts) {
  return ["/v1", ...parts.map(encodeURIComponent)].join("/");
}

/** The address of a picture's thumbnail; `size` is 320 or 1280. */
export function thumbnail(id, size = 320) {
  return `${at("pictures", id, "thumbnail")}?size=${size}`;
}

/** The calls. A call that is refused because the token is missing is repeated once `unlock` has resolved to true. */
export class Api {
  unlock = async () => false;

  session() {
    return this.#call("/v1/session");
  }

  openSession(token) {
    return this.#call("/v1/session", json("POST", { token }));
  }

  library() {
    return this.#call("/v1/library");
  }

  pictureFacts(id) {
    return this.#call(at("pictures", id));
  }

  async runs() {
    return (await this.#call("/v1/runs")).runs;
  }

  run(id) {
    return this.#call(at("runs", id));
  }

  startIndex(wanted) {
    return this.#call("/v1/runs/index", json("POST", wanted));
  }

  startDuplicates(wanted) {
    return this.#call("/v1/runs/duplicates", json("POST", wanted));
  }

  cancelRun(id) {
    return this.#call(at("runs", id), { method: "DELETE" });
  }

  groups(id, offset, limit) {
    return this.#call(`${at("runs", id, "groups")}?offset=${offset}&limit=${limit}`);
  }

  mark(id, number, wanted) {
    return this.#call(at("runs", id, "groups", number, "mark"), json("PUT", wanted));
  }

  unmark(id, number) {
    return this.#call(at("runs", id, "groups", number, "mark"), { method: "DELETE" });
  }

  undoMark(id) {
    return this.#call(at("runs", id, "undo"), { method: "POST" });
  }

  accept(id, order) {
    return this.#call(at("runs", id, "accept"), json("POST", order));
  }

  apply(id, order) {
    return this.#call(at("runs", id, "apply"), json("POST", order));
  }

  trashed() {
    return this.#call("/v1/trashed");
  }

  /** Bring back files by their keys; without any, all that were moved. */
  restore(files) {
    return this.#call("/v1/restore", json("POST", { files }));
  }

  /** Ask with a probe: `{file}`, `{url}` or `{like: id}`; `parameters` are a `URLSearchParams`. */
  query(probe, parameters, signal) {
    if (probe.like) return this.#call(`${at("pictures", probe.like, "similar")}?${parameters}`, { signal });
    if (probe.url) return this.#call(`/v1/query/url?${parameters}`, { ...json("POST", { url: probe.url }), signal });
    const body = new FormData();
    body.append("picture", probe.file);
    return this.#call(`/v1/query?${parameters}`, { method: "POST", body, signal });
  }

  /**
   * Call `tell` with a run whenever it changes, until it has ended.
   *
   * After a stream that broke the run is asked for once more, and watched again if it goes on; `fail` is called with the
   * problem where that is not possible.
   */
  watch(id, tell, fail) {
    const source = new EventSource(at("runs", id, "events"));
    source.addEventListener("run", (event) => {
      const now = JSON.parse(event.data);
      if (now.state !== "running") source.close();
      tell(now);
    });
    source.addEventListener("error", async () => {
      source.close();
      try {
        const now = await this.run(id);
        tell(now);
        if (now.state === "running") setTimeout(() => this.watch(id, tell, fail), RETRY_AFTER);
      } catch (problem) {
        fail(problem);
      }
    });
  }

  async #call(path, options = {}) {
    let response = await this.#send(path, options);
    if (response.status === 401 && path !== "/v1/session" && (await this.unlock()))
      response = await this.#send(path, options);
    if (!response.ok) throw await problemOf(response);
    return response.status === 204 ? null : response.json();
  }

  async #send(path, options) {
    try {
      return await fetch(path, { credentials: "same-origin", ...options });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Problem("gone-away", "The server does not answer. Is imsearch serve still running?", {
        hint: "Start it again where it ran, then retry.",
      });
    }
  }
}
