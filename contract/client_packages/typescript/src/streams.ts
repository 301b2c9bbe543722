/**
 * Streams of documents with back-pressure: no document is taken before the caller has read the results of earlier ones.
 *
 * At most `parallel` windows are on their way, so that memory stays bounded however long a stream is and however slowly
 * its results are read. Results come in the order of the documents, each as soon as it and all before it are ready.
 */
import { Refused } from "./errors.ts";
import { sleep, Tries, type Retries } from "./retries.ts";
import type { Document, Result } from "./types.ts";
import { cut, linesOf, type Window } from "./windows.ts";

/** Codes of a last line behind which the service takes no more of a stream, and the statuses that they have elsewhere. */
const ENDS: Record<string, number> = { shutting_down: 503, rate_limited: 429 };

/** How the windows of a stream are sent. */
export interface Sending {
  /** Send lines, and return the answer, whatever its status. */
  send: (lines: string, signal: AbortSignal) => Promise<Response>;
  retries: Retries;
  /** How many windows are on their way at most. */
  parallel: number;
  /** For how many seconds an answer may be silent. */
  timeout: number;
}

/** The results of one window, which arrive whether somebody reads them or not. */
class Arriving {
  readonly #results: Result[] = [];
  #ended = false;
  #error: unknown;
  #wake: () => void = () => undefined;

  constructor(results: AsyncIterable<Result>) {
    void this.#take(results);
  }

  async #take(results: AsyncIterable<Result>): Promise<void> {
    try {
      for await (const result of results) {
        this.#results.push(result);
        this.#wake();
      }
    } catch (error) {
      this.#error = error;
    }
    this.#ended = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Result> {
    for (;;) {
      for (let result = this.#results.shift(); result; result = this.#results.shift()) yield result;
      if (this.#ended) break;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    if (this.#error !== undefined) throw this.#error;
  }
}

/** Yield the result of each document. */
export async function* stream(
  documents: Iterable<Document> | AsyncIterable<Document>,
  sending: Sending,
): AsyncGenerator<Result> {
  const stop = new AbortController();
  const windows = cut(documents);
  const running: Arriving[] = [];
  let ended = false;
  const start = async () => {
    const next = await windows.next();
    if (next.done) ended = true;
    else running.push(new Arriving(resultsOf(next.value, sending, stop.signal)));
  };
  // One window is awaited at a time; meanwhile the results of those that are running are read.
  let starting: Promise<void> | undefined;
  let failed: { error: unknown } | undefined;
  const startMore = () => {
    if (starting || ended || failed || running.length >= sending.parallel) return;
    starting = start()
      .catch((error: unknown) => void (failed = { error }))
      .finally(() => {
        starting = undefined;
        if (reading) startMore();
      });
  };
  let reading = true;
  try {
    for (;;) {
      startMore();
      if (!running.length) {
        await starting;
        if (!running.length) break;
        startMore();
      }
      yield* running[0]!;
      running.shift();
    }
    if (failed) throw (failed as { error: unknown }).error;
  } finally {
    reading = false;
    stop.abort();
    if (!ended) void windows.return(undefined).catch(() => undefined);
  }
}

/** Yield the results of a window, numbered as in the whole stream, and send again what has none when it breaks off. */
async function* resultsOf(
  window: Window,
  sending: Sending,
  stop: AbortSignal,
  onceMore = true,
): AsyncGenerator<Result> {
  const { send, retries, timeout } = sending;
  let done = 0;
  let tries = new Tries(retries);
  let broken: unknown;
  while (done < window.lines.length) {
    const response = await send(window.lines.slice(done).join(""), stop);
    if (!response.ok || !response.body) throw await Refused.by(response);
    broken = new Refused(502, "", "The stream ended before its last result.");
    const answers = linesOf(response.body, timeout);
    try {
      for (let next = await read(answers); next !== undefined; next = await read(answers)) {
        const result = JSON.parse(next) as Result;
        const code = result.status === "error" ? result.error.code : "";
        const status = ENDS[code];
        if (result.status === "error" && status !== undefined) {
          broken = new Refused(status, code, result.error.detail);
          break;
        }
        const number = window.first + done;
        const line = window.lines[done++]!;
        tries = new Tries(retries); // what comes is progress
        if (code === "internal_error" && onceMore) {
          yield* resultsOf({ first: number, lines: [line] }, sending, stop, false);
        } else {
          yield { ...result, index: number };
        }
      }
    } finally {
      await answers.return(undefined);
    }
    if (done === window.lines.length) break;
    const wait = broken instanceof Refused && broken.code ? tries.waitAfterAnswer(broken.status, broken.code, null) : tries.waitAfterBreak();
    if (wait === undefined) throw broken;
    await sleep(wait, stop);
  }

  /** Read a line; undefined at the end, also where the connection broke, but not where a time limit has passed. */
  async function read(answers: AsyncGenerator<string>): Promise<string | undefined> {
    try {
      const next = await answers.next();
      return next.done ? undefined : next.value;
    } catch (error) {
      if (stop.aborted || (error instanceof DOMException && error.name === "TimeoutError")) throw error;
      broken = error;
      return undefined;
    }
  }
}
