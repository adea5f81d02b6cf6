/** The HTTP API. Every call gives the answer, or throws a `Problem` that can be shown. */

/** What went wrong: `name` as in the API (`gone-away` where no server answers), `message` for people. */
export class Problem extends Error {
  constructor(name, message, { status = 0, errors = [] } = {}) {
    super(message);
    this.name = name;
    this.status = status;
    this.errors = errors;
  }
}

let unlock = async () => false;

/** Have `ask` called when the server wants its token; it resolves to whether there is a session then. */
export function onLocked(ask) {
  unlock = ask;
}

/** Ask for the token as if the server had just refused. */
export function unlocked() {
  return unlock();
}

async function call(path, options = {}) {
  let response = await send(path, options);
  if (response.status === 401 && path !== "/v1/session" && (await unlock())) response = await send(path, options);
  if (!response.ok) throw await problemOf(response);
  return response.status === 204 ? null : response.json();
}

async function send(path, options) {
  try {
    return await fetch(path, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem("gone-away", "The server does not answer. Is imsearch serve still running?");
  }
}

async function problemOf(response) {
  try {
    const said = await response.json();
    const name = String(said.type ?? "")
      .split(":")
      .pop();
    return new Problem(name, sentence(said.detail || said.title), { status: response.status, errors: said.errors });
  } catch {
    return new Problem("failed", `The server answered with an error (${response.status}).`, {
      status: response.status,
    });
  }
}

function sentence(text) {
  const start = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?)'"]$/.test(start) ? start : `${start}.`;
}

function json(method, body) {
  return { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
}

function at(...parts) {
  return ["/v1", ...parts.map(encodeURIComponent)].join("/");
}

export const session = () => call("/v1/session");
export const openSession = (token) => call("/v1/session", json("POST", { token }));
export const library = () => call("/v1/library");
export const pictureFacts = (id) => call(at("pictures", id));
export const runs = async () => (await call("/v1/runs")).runs;
export const run = (id) => call(at("runs", id));
export const startIndex = (wanted) => call("/v1/runs/index", json("POST", wanted));
export const startDuplicates = (wanted) => call("/v1/runs/duplicates", json("POST", wanted));
export const cancelRun = (id) => call(at("runs", id), { method: "DELETE" });
export const groups = (id, offset, limit) => call(`${at("runs", id, "groups")}?offset=${offset}&limit=${limit}`);
export const keep = (id, number, file) => call(at("runs", id, "groups", number, "keep"), json("POST", { file }));
export const markDifferent = (id, number) => call(at("runs", id, "groups", number, "different"), { method: "POST" });
export const unmarkDifferent = (id, number) =>
  call(at("runs", id, "groups", number, "different"), { method: "DELETE" });

/** The address of a picture's thumbnail; `size` is 320 or 1280. */
export function thumbnail(id, size = 320) {
  return `${at("pictures", id, "thumbnail")}?size=${size}`;
}

/** Ask with a probe: `{file}`, `{url}` or `{like: id}`; `parameters` are a `URLSearchParams`. */
export function query(probe, parameters, signal) {
  if (probe.like) return call(`${at("pictures", probe.like, "similar")}?${parameters}`, { signal });
  if (probe.url) return call(`/v1/query/url?${parameters}`, { ...json("POST", { url: probe.url }), signal });
  const body = new FormData();
  body.append("picture", probe.file);
  return call(`/v1/query?${parameters}`, { method: "POST", body, signal });
}

/**
 * Hear of a run until it has ended: `tell` gets it whenever it changes. Gives a function that stops listening.
 *
 * A stream that breaks for good is replaced by one more question, so that a run is never left looking as if it went on.
 */
export function watch(id, tell, fail) {
  const source = new EventSource(at("runs", id, "events"));
  source.addEventListener("run", (event) => {
    const now = JSON.parse(event.data);
    if (now.state !== "running") source.close();
    tell(now);
  });
  source.addEventListener("error", async () => {
    source.close();
    try {
      const now = await run(id);
      tell(now);
      if (now.state === "running") retry = setTimeout(() => (stop = watch(id, tell, fail)), 1000);
    } catch (problem) {
      fail(problem);
    }
  });
  let retry;
  let stop = () => source.close();
  return () => {
    clearTimeout(retry);
    stop();
  };
}
