/**
 * When a request is sent again, by the table "Trying again" of the service's documentation.
 *
 *     503 overloaded        after Retry-After, the same body again
 *     503 shutting_down     at once: another instance answers
 *     429 rate_limited      after Retry-After
 *     500 internal_error    once more at most: the same text is likely to fail again
 *     408, 502, 503 of a gateway, and no answer at all    after a short time, which doubles
 *     504 deadline_exceeded, any other 4xx                never: nothing would change
 *
 * A time limit of the caller's own that has passed counts as a 504.
 */
import { problemOf } from "./errors.ts";

/** How patient a client is. Where the service asks for a longer wait, its refusal is given to the caller at once. */
export interface Retries {
  /** How often a request is sent at most. */
  tries: number;
  /** How many seconds a client waits at most before one try. */
  longestWait: number;
}

const FIRST_DELAY = 0.1;
const LONGEST_DELAY = 5;
const MOST_JITTER = 0.5; // seconds after Retry-After; the service keeps a place for 5

/** The tries of one request. */
export class Tries {
  #failed = 0;
  #failedInside = 0;

  constructor(private readonly retries: Retries) {}

  /** Return how many seconds to wait before the request is sent again, or undefined if it is not. */
  waitAfterAnswer(status: number, code: string, retryAfter: string | null): number | undefined {
    if (this.#isLast()) return undefined;
    if (status === 503 && code === "shutting_down" && this.#failed === 1) return 0;
    if (status === 503 && code === "not_ready") return undefined;
    if (status === 503 || status === 429) return this.#asTold(retryAfter);
    if (status === 500) return ++this.#failedInside === 1 ? this.#delay() : undefined;
    return status === 408 || status === 502 ? this.#delay() : undefined;
  }

  /** Return the same for a connection that broke, or was never made. */
  waitAfterBreak(): number | undefined {
    return this.#isLast() ? undefined : this.#delay();
  }

  #isLast(): boolean {
    return ++this.#failed >= this.retries.tries;
  }

  #asTold(retryAfter: string | null): number | undefined {
    const told = secondsOf(retryAfter);
    if (told === undefined) return this.#delay();
    return told <= this.retries.longestWait ? told + Math.random() * MOST_JITTER : undefined;
  }

  /** Return a random time below a bound that doubles, so that callers do not come back all at once. */
  #delay(): number {
    return Math.random() * Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** this.#failed);
  }
}

/** Read a Retry-After in seconds, or as a date, which a gateway may send. */
function secondsOf(retryAfter: string | null): number | undefined {
  if (retryAfter === null) return undefined;
  if (/^\d+$/.test(retryAfter)) return Number(retryAfter);
  const moment = Date.parse(retryAfter);
  return Number.isNaN(moment) ? undefined : Math.max(0, (moment - Date.now()) / 1000);
}

/**
 * Return a `fetch` that sends requests again where the table says so. Each try may take `timeout` seconds: with `whole`
 * until its answer was read, else until the answer begins.
 */
export function retrying(retries: Retries, timeout: number, whole: boolean, fetch: typeof globalThis.fetch) {
  return async (request: Request): Promise<Response> => {
    const tries = new Tries(retries);
    // A clone of a request streams its body, which browsers refuse over HTTP/1.1: read it once instead.
    const body = request.body === null ? undefined : await request.clone().arrayBuffer();
    for (;;) {
      const patience = new AbortController();
      const timer = setTimeout(() => patience.abort(timedOut()), timeout * 1000);
      const limit = whole ? AbortSignal.timeout(timeout * 1000) : patience.signal;
      const signal = AbortSignal.any([request.signal, limit]);
      let wait: number | undefined;
      try {
        const response = await fetch(request.url, { ...parts(request), ...(body && { body }), signal });
        if (response.ok) return response;
        const { code } = await problemOf(response.clone());
        wait = tries.waitAfterAnswer(response.status, code ?? "", response.headers.get("Retry-After"));
        if (wait === undefined) return response;
        await response.body?.cancel();
      } catch (error) {
        wait = signal.aborted ? undefined : tries.waitAfterBreak();
        if (wait === undefined) throw error;
      } finally {
        clearTimeout(timer);
      }
      await sleep(wait, request.signal);
    }
  };
}

/** Return what `fetch` itself throws when a time limit has passed. */
export function timedOut(): DOMException {
  return new DOMException("The operation was aborted due to timeout", "TimeoutError");
}

function parts(request: Request): RequestInit {
  const { method, headers, redirect, credentials, mode, cache, referrerPolicy, integrity } = request;
  return { method, headers, redirect, credentials, mode, cache, referrerPolicy, integrity };
}

/** Wait. Throws what the signal was aborted with. */
export async function sleep(seconds: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(done, seconds * 1000);
    function done() {
      signal?.removeEventListener("abort", aborted);
      resolve();
    }
    function aborted() {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    }
    signal?.addEventListener("abort", aborted, { once: true });
  });
}
