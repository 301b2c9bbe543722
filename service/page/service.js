// Calls of the API. The addresses are relative to this file, so that a path prefix in front of the service is no matter.

const BASE = new URL("../", import.meta.url);
const KEY = "spanwise.key";

/** An answer that is an error, or that never came. `problem` holds what the service says of it. */
export class CallFailed extends Error {
  constructor(problem, retryAfter = 0) {
    super(problem.detail);
    this.problem = problem;
    this.retryAfter = retryAfter;
  }
}

/** Return an address of the service as a caller elsewhere would write it. */
export function address(path) {
  return new URL(path, BASE).href;
}

export function key() {
  return sessionStorage.getItem(KEY) ?? "";
}

/** Keep the key in this tab; an empty one forgets it. */
export function keepKey(value) {
  if (value) sessionStorage.setItem(KEY, value);
  else sessionStorage.removeItem(KEY);
}

/** Return what `/v1/pipelines` says. Throws `CallFailed`. */
export async function listPipelines() {
  return (await call("v1/pipelines", {})).answer;
}

/** Analyse a text: the answer, its length in characters, and what took how many milliseconds. Throws `CallFailed`. */
export async function analyze(request, signal) {
  return call("v1/analyze", { method: "POST", body: JSON.stringify(request), signal });
}

async function call(path, options) {
  const headers = { ...(options.body && { "Content-Type": "application/json" }), ...(key() && { "X-API-Key": key() }) };
  const started = performance.now();
  let response, text;
  try {
    response = await fetch(new URL(path, BASE), { ...options, headers, cache: "no-store", credentials: "same-origin" });
    text = await response.text();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new CallFailed({ code: "no_answer", title: "No answer", detail: String(error.message) });
  }
  const waited = performance.now() - started;
  const body = parsed(text);
  if (response.ok && body !== undefined) {
    return { answer: body, size: text.length, waited, timing: timings(response.headers.get("Server-Timing") ?? "") };
  }
  const retryAfter = Number(response.headers.get("Retry-After")) || 0;
  if (body?.code) throw new CallFailed(body, retryAfter);
  const status = response.status;
  throw new CallFailed({ code: "not_ours", status, title: response.statusText, detail: "" }, retryAfter);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Read `queue;dur=0.1, nlp;dur=2.5` (https://www.w3.org/TR/server-timing/). */
function timings(header) {
  const found = {};
  for (const [, name, duration] of header.matchAll(/([\w-]+)\s*;\s*dur=([\d.]+)/g)) found[name] = Number(duration);
  return found;
}
