import createClient, { type Client } from "openapi-fetch";
import { Coalescer } from "./coalescing.ts";
import { Refused } from "./errors.ts";
import { retrying, type Retries } from "./retries.ts";
import type { paths } from "./schema.ts";
import { stream } from "./streams.ts";
import type { Analysis, Document, Options, Result } from "./types.ts";

const PATIENCE = 5; // seconds beyond the time limit, in which the service's own 504 arrives

/** How a client calls the service; everything may be left out but the address. */
export interface Configuration {
  baseUrl: string;
  apiKey?: string;
  /** Seconds, for each try; the service is told of it, and starts no work whose time is over. Default: 30. */
  timeout?: number;
  /** Default: 5 tries, with at most 30 seconds before one. */
  retries?: Partial<Retries>;
  /** How many batches, and windows of each stream, are on their way at most. Default: 2. */
  parallel?: number;
  headers?: Record<string, string>;
  fetch?: typeof globalThis.fetch;
}

/** Calls the service. Positions are in UTF-16 code units, as JavaScript's strings count, unless an option says otherwise. */
export class Spanwise {
  /** The typed client of every operation. Its requests are retried, too. */
  readonly client: Client<paths>;
  readonly #coalescer: Coalescer;
  readonly #fetch: (request: Request) => Promise<Response>;
  readonly #streamingFetch: (request: Request) => Promise<Response>;
  readonly #retries: Retries;
  readonly #parallel: number;
  readonly #timeout: number;
  readonly #baseUrl: string;
  readonly #headers: Record<string, string>;

  constructor({ baseUrl, apiKey, timeout = 30, retries, parallel = 2, headers, fetch = globalThis.fetch }: Configuration) {
    this.#baseUrl = baseUrl.replace(/\/+$/, "");
    this.#parallel = parallel;
    this.#retries = { tries: 5, longestWait: 30, ...retries };
    this.#timeout = timeout + PATIENCE;
    this.#fetch = retrying(this.#retries, this.#timeout, true, fetch);
    this.#streamingFetch = retrying(this.#retries, this.#timeout, false, fetch);
    this.#headers = { ...headers, "X-Request-Timeout-Ms": String(Math.trunc(timeout * 1000)) };
    if (apiKey) this.#headers["X-API-Key"] = apiKey;
    this.client = createClient<paths>({ baseUrl: this.#baseUrl, headers: this.#headers, fetch: this.#fetch });
    this.#coalescer = new Coalescer((body) => this.#batch(body), parallel);
  }

  /** Analyse one text. Calls that are made at the same time share a request. Throws `DocumentRefused` or `Refused`. */
  analyze(text: string, options: Options = {}): Promise<Analysis> {
    return this.#coalescer.answer(text, { offset_encoding: "utf16", ...options });
  }

  /** Analyse any number of documents, and yield their results in order, while later documents are on their way. */
  stream(documents: Iterable<Document> | AsyncIterable<Document>, options: Options = {}): AsyncGenerator<Result> {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries({ offset_encoding: "utf16", ...options })) {
      for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) query.append(name, String(one));
    }
    const send = (lines: string, signal: AbortSignal) =>
      this.#streamingFetch(this.#request(`/v1/stream?${query}`, "application/jsonl", lines, signal));
    return stream(documents, { send, retries: this.#retries, parallel: this.#parallel, timeout: this.#timeout });
  }

  async #batch(body: string): Promise<{ results: Result[] }> {
    const response = await this.#fetch(this.#request("/v1/batch", "application/json", body));
    if (!response.ok) throw await Refused.by(response);
    return (await response.json()) as { results: Result[] };
  }

  #request(path: string, type: string, body: string, signal?: AbortSignal): Request {
    const headers = { ...this.#headers, "Content-Type": type };
    return new Request(this.#baseUrl + path, { method: "POST", headers, body, ...(signal && { signal }) });
  }
}
