/**
 * Single calls that wait for an answer, gathered into batches.
 *
 * There are no timers, as in the service itself: a call that comes while nobody sends is sent at once, with those of the
 * same turn of the event loop, and those that come meanwhile are the next batch. So a lone call waits for nothing, and
 * many calls share the costs of a request.
 */
import { DocumentRefused, Refused, SpanwiseError } from "./errors.ts";
import type { Analysis, Options, Result } from "./types.ts";

/** One text with its options, encoded, and where its answer goes. */
interface Call {
  options: string;
  document: string;
  characters: number;
  size: number;
  sentAgain: boolean;
  resolve: (analysis: Analysis) => void;
  reject: (error: unknown) => void;
}

const encoder = new TextEncoder();

/** Sends calls, with at most `parallel` requests at a time. */
export class Coalescer {
  readonly #waiting = new Map<string, Call[]>(); // by options; those that have waited longest come first
  // How much one batch holds: the service's defaults, lowered when a batch is refused as too large.
  readonly #limits = { documents: 128, characters: 1_000_000, size: (4 << 20) - (64 << 10) }; // in bytes
  #senders = 0;

  constructor(
    private readonly send: (body: string) => Promise<{ results: Result[] }>,
    private readonly parallel: number,
  ) {}

  /** Analyse one text. */
  answer(text: string, options: Options): Promise<Analysis> {
    return new Promise((resolve, reject) => {
      // JSON escapes a lone surrogate, and the service would refuse the whole batch for it.
      if (!text.isWellFormed()) throw new TypeError("The text has a lone surrogate.");
      const { language, pipeline, ...whole } = options;
      const document = JSON.stringify({ text, language, pipeline });
      const sorted = Object.entries(whole).sort(([a], [b]) => (a < b ? -1 : 1));
      const call = { document, characters: text.length, size: encoder.encode(document).length, sentAgain: false };
      this.#add({ ...call, options: JSON.stringify(Object.fromEntries(sorted)), resolve, reject });
      if (this.#senders < this.parallel) {
        this.#senders++;
        queueMicrotask(() => void this.#sendAll());
      }
    });
  }

  #add(call: Call): void {
    const calls = this.#waiting.get(call.options);
    if (calls) calls.push(call);
    else this.#waiting.set(call.options, [call]);
  }

  async #sendAll(): Promise<void> {
    for (let calls = this.#take(); calls.length; calls = this.#take()) {
      try {
        const { results } = await this.send(bodyOf(calls));
        this.#settle(calls, results);
      } catch (error) {
        if (error instanceof Refused && this.#lower(error, calls)) this.#putBack(calls);
        else for (const call of calls) call.reject(error);
      }
    }
    this.#senders--;
  }

  /** Return the next batch: as many calls of the same options as one batch may hold, at least one if any waits. */
  #take(): Call[] {
    for (const [options, calls] of this.#waiting) {
      let characters = 0;
      let size = 0;
      const { documents, ...most } = this.#limits;
      const beyond = calls.findIndex((call, number) => {
        characters += call.characters;
        size += call.size + 1;
        return number > 0 && (number >= documents || characters > most.characters || size > most.size);
      });
      this.#waiting.delete(options);
      if (beyond < 0) return calls;
      this.#waiting.set(options, calls.slice(beyond)); // behind the other options
      return calls.slice(0, beyond);
    }
    return [];
  }

  /** Give each call its result. After an error inside the service a call is sent once more. */
  #settle(calls: Call[], results: Result[]): void {
    if (results.length !== calls.length) {
      throw new SpanwiseError(`${calls.length} documents were answered with ${results.length} results`);
    }
    calls.forEach((call, number) => {
      const result = results[number]!;
      if (result.status === "ok") {
        call.resolve(result.analysis);
      } else if (result.error.code === "internal_error" && !call.sentAgain) {
        call.sentAgain = true;
        this.#putBack([call]);
      } else {
        call.reject(new DocumentRefused(result.error.code, result.error.detail));
      }
    });
  }

  #putBack(calls: Call[]): void {
    const { options } = calls[0]!;
    this.#waiting.set(options, [...calls, ...(this.#waiting.get(options) ?? [])]);
  }

  /** Lower the limit that a refused batch went over, and return whether its calls may fit into smaller ones. */
  #lower(refusal: Refused, calls: Call[]): boolean {
    if (calls.length === 1) return false;
    const limits = this.#limits;
    const half = (count: (call: Call) => number) =>
      Math.floor(calls.reduce((sum, call) => sum + count(call), 0) / 2);
    if (refusal.status === 413) limits.size = Math.min(limits.size, half((call) => call.size));
    else if (refusal.errors.includes("too_many_documents")) limits.documents = Math.min(limits.documents, half(() => 1));
    else if (refusal.errors.includes("too_many_characters")) {
      limits.characters = Math.min(limits.characters, half((call) => call.characters));
    } else return false;
    return true;
  }
}

function bodyOf(calls: Call[]): string {
  const options = calls[0]!.options.slice(1, -1);
  return `{"documents":[${calls.map((call) => call.document).join(",")}]${options && ","}${options}}`;
}
