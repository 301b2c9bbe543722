/**
 * What can go wrong beside the network.
 *
 *     SpanwiseError
 *     ├── Refused            the service has refused a request as a whole
 *     └── DocumentRefused    it has refused one text of a batch
 *
 * Where no answer comes, also after every retry, what `fetch` throws is thrown: a TypeError, or a DOMException named
 * TimeoutError or AbortError.
 */
export class SpanwiseError extends Error {
  override name = "SpanwiseError";
}

/** A request was refused as a whole. `code` is "" where something between the service and the caller has answered. */
export class Refused extends SpanwiseError {
  override name = "Refused";

  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    /** The codes of what is wrong with the request, if the status is 422. */
    readonly errors: readonly string[] = [],
  ) {
    super(`${status} ${code}: ${detail}`);
  }

  /** Read the refusal in an answer. */
  static async by(response: Response): Promise<Refused> {
    const { code, detail, errors } = await problemOf(response);
    return new Refused(response.status, code ?? "", detail ?? "", errors?.map((error) => error.code));
  }
}

/** One text was refused; the texts that were sent with it were not. */
export class DocumentRefused extends SpanwiseError {
  override name = "DocumentRefused";

  constructor(
    readonly code: string,
    readonly detail: string,
  ) {
    super(`${code}: ${detail}`);
  }
}

interface Problem {
  code?: string;
  detail?: string;
  errors?: { code: string }[];
}

/** Read the problem in an answer, or {} if a gateway has answered in a way of its own. */
export async function problemOf(response: Response): Promise<Problem> {
  try {
    return (await response.json()) as Problem;
  } catch {
    return {};
  }
}
