/**
 * The windows of a stream: documents are cut into pieces of at most 256 lines and some 1 MiB, each a request of its own.
 *
 * `fetch` sends a whole body before it gives the answer, so that one endless request would fill the buffers on the way,
 * and both sides would wait. With windows it is enough to send again what has no result when a stream breaks off.
 */
import { timedOut } from "./retries.ts";
import type { Document } from "./types.ts";

const MOST_LINES = 256;
const MOST_UNITS = 1 << 20;
const MOST_MILLISECONDS = 100; // that a window waits for more documents when their source is slow

/** Consecutive lines of a stream, the first of which has the number `first`. */
export interface Window {
  first: number;
  lines: string[];
}

/** Cut documents into windows. A window does not wait for a slow source: it is sent with what it has. */
export async function* cut(documents: Iterable<Document> | AsyncIterable<Document>): AsyncGenerator<Window> {
  const source = iteratorOf(documents);
  let first = 0;
  let coming: Promise<IteratorResult<Document>> | undefined;
  try {
    for (let ended = false; !ended; ) {
      const lines: string[] = [];
      let units = 0;
      let timer: ReturnType<typeof setTimeout> | undefined;
      let isLate: Promise<void> | undefined;
      while (lines.length < MOST_LINES && units < MOST_UNITS) {
        coming ??= Promise.resolve(source.next());
        const next = await (isLate ? Promise.race([coming, isLate]) : coming);
        if (!next) break;
        coming = undefined;
        if (next.done) {
          ended = true;
          break;
        }
        const line = JSON.stringify(typeof next.value === "string" ? { text: next.value } : next.value) + "\n";
        units += line.length;
        lines.push(line);
        isLate ??= new Promise((resolve) => (timer = setTimeout(resolve, MOST_MILLISECONDS)));
      }
      clearTimeout(timer);
      if (lines.length) yield { first, lines };
      first += lines.length;
    }
  } finally {
    coming?.catch(() => undefined); // nobody waits for it any more
    await source.return?.();
  }
}

function iteratorOf(documents: Iterable<Document> | AsyncIterable<Document>) {
  return Symbol.asyncIterator in documents ? documents[Symbol.asyncIterator]() : documents[Symbol.iterator]();
}

/** Split an answer at line feeds. What breaks off within a line is no line. Throws if nothing comes for `timeout` seconds. */
export async function* linesOf(body: ReadableStream<Uint8Array>, timeout: number): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let begun = "";
  try {
    for (let chunk = await read(reader, timeout); !chunk.done; chunk = await read(reader, timeout)) {
      const lines = (begun + decoder.decode(chunk.value, { stream: true })).split("\n");
      begun = lines.pop() ?? "";
      yield* lines;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

async function read(reader: ReadableStreamDefaultReader<Uint8Array>, timeout: number) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => (timer = setTimeout(() => reject(timedOut()), timeout * 1000)));
  try {
    return await Promise.race([reader.read(), silence]);
  } finally {
    clearTimeout(timer);
  }
}
