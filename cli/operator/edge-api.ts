import { setTimeout as pause } from "node:timers/promises";
import { segmentOf } from "../../src/foundation/text/path-segment.ts";
import type { PathParts } from "../../src/http/api/route.ts";
import type { Answers } from "../../src/http/api/routes.ts";
import { StartError } from "../edge/program.ts";
import type { EdgeAddress } from "./find-edge.ts";

/** How long one answer may take: a list asks its conferences one after another. */
const PATIENCE_MS = 30_000;

/** An action that is not answered is asked again so often, and after this time. */
const MOST_ATTEMPTS = 5;
const AGAIN_MS = 1_000;

/** Nobody knows what became of the request. */
export class NoAnswer extends StartError {}

/** The edge has no such thing. */
class NotFound extends StartError {}

/** Each answer says what it lacks. */
interface Lacking {
  readonly incomplete?: readonly { readonly what: string; readonly why: string }[];
}
type Operation = keyof Answers;
export type ApiAnswer<Asked extends Operation> = Answers[Asked];

type Fields = Readonly<Record<string, string | number | null | undefined>>;

/** What a request has beside the parts of its path. */
interface ApiRequest {
  readonly query?: Fields;
  /** The query of a question that may name a person: it is asked by POST, and stands in no address. */
  readonly asks?: Fields;
  readonly body?: object;
  readonly actionId?: string;
}

type Paged = {
  [Asked in Operation]: Answers[Asked] extends { readonly next: string | null } ? Asked : never;
}[Operation];

/** The API of an edge, asked with an operator's token. What a person can put right is thrown as a `StartError`. */
export class EdgeApi {
  readonly #edge: EdgeAddress;
  readonly pause: (ms: number) => Promise<unknown>;
  /** What the answers so far lacked. */
  readonly lacking = new Set<string>();

  constructor(edge: EdgeAddress, wait: (ms: number) => Promise<unknown> = pause) {
    this.#edge = edge;
    this.pause = wait;
  }

  async ask<Asked extends Operation>(
    operation: Asked,
    parts: PathParts<Asked>,
    request: ApiRequest = {},
  ): Promise<Answers[Asked]> {
    let response: Response;
    let answer: unknown;
    try {
      response = await this.#fetch(operation, parts, request, AbortSignal.timeout(PATIENCE_MS));
      answer = parsed(await response.text()); // An answer may break off.
    } catch (error) {
      throw this.#faultOf(error);
    }
    if (response.ok && answer !== undefined) {
      for (const { what, why } of (answer as Lacking).incomplete ?? []) this.lacking.add(`${what} (${why})`);
      return answer as Answers[Asked];
    }
    throw this.#refused(response.status, answer);
  }

  /** `null`: the edge has no such thing. */
  async find<Asked extends Operation>(operation: Asked, parts: PathParts<Asked>): Promise<Answers[Asked] | null> {
    try {
      return await this.ask(operation, parts);
    } catch (error) {
      if (error instanceof NotFound) return null;
      throw error;
    }
  }

  /** The answer; what is not answered is asked again. */
  async insist<Asked extends Operation>(
    operation: Asked,
    parts: PathParts<Asked>,
    request: ApiRequest = {},
  ): Promise<Answers[Asked]> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.ask(operation, parts, request);
      } catch (error) {
        if (!(error instanceof NoAnswer) || attempt === MOST_ATTEMPTS) throw error;
      }
      await this.pause(AGAIN_MS);
    }
  }

  /** Page by page, after the `cursor` of `asks`. A page that changes something is insisted on: doing it twice changes nothing. */
  async *pages<Asked extends Paged>(
    operation: Asked,
    parts: PathParts<Asked>,
    request: ApiRequest = {},
  ): AsyncGenerator<Answers[Asked]> {
    let cursor = request.asks?.cursor;
    do {
      const place = request.asks ? { asks: { ...request.asks, cursor } } : { query: { ...request.query, cursor } };
      const asked = { ...request, ...place };
      const page: Answers[Asked] = await (operation.startsWith("GET")
        ? this.ask(operation, parts, asked)
        : this.insist(operation, parts, asked));
      yield page;
      cursor = page.next;
    } while (cursor); // An edge that does not say where to go on has said all.
  }

  async allPages<Asked extends Paged>(...asked: Parameters<typeof this.pages<Asked>>): Promise<Answers[Asked][]> {
    const found: Answers[Asked][] = [];
    for await (const page of this.pages(...asked)) found.push(page);
    return found;
  }

  #fetch(
    operation: string,
    parts: unknown,
    { query = {}, asks, body = asks && given(asks), actionId }: ApiRequest,
    signal: AbortSignal,
  ): Promise<Response> {
    const [method = "", path = ""] = operation.split(" ");
    const filled = path.replaceAll(/\{(\w+)\}/g, (_, name) => {
      const text = String(Reflect.get(Object(parts), name));
      if (text === "") throw new StartError("what is asked for has no name: it must not be empty");
      return segmentOf(text);
    });
    const search = new URLSearchParams(Object.entries(given(query)).map(([name, value]) => [name, String(value)]));
    const headers = {
      authorization: `Bearer ${this.#edge.token}`,
      ...(actionId !== undefined && { "idempotency-key": actionId }),
    };
    const url = `${this.#edge.url}/api/v1${filled}${search.size > 0 ? `?${search}` : ""}`;
    return fetch(url, { method: asks ? "POST" : method, headers, body: body ? JSON.stringify(body) : null, signal });
  }

  /** An answer without a `detail` is not an edge's. Behind 503 nobody knows whether it was done. */
  #refused(status: number, answer: unknown): StartError {
    const { url, tokenFrom } = this.#edge;
    const { title, detail } = (answer ?? {}) as { readonly title?: string; readonly detail?: string };
    if (status === 401) return new StartError(`the edge at ${url} refuses the operator's token of ${tokenFrom} (401)`);
    const answers = `${url} answers ${status}${detail === undefined ? ", and not as an edge does" : `: ${detail}`}`;
    if (status === 503) return new NoAnswer(answers);
    if (detail === undefined) return new StartError(answers);
    const says = `refused (${status}): ${detail}`;
    if (title === "not found" || title === "method not allowed")
      return new StartError(`${says} Is the edge at ${url} another version?`);
    return status === 404 ? new NotFound(says) : new StartError(says);
  }

  /** What a person can put right stays as it is; all else is that no edge answers. */
  #faultOf(error: unknown): StartError {
    if (error instanceof StartError) return error;
    const { url, urlFrom } = this.#edge;
    const { cause, name } = error as Error;
    if (name === "TimeoutError")
      return new NoAnswer(
        `the edge at ${url} has not answered for ${PATIENCE_MS / 1_000} s: look at its process and its log`,
      );
    const why = cause instanceof Error ? ("code" in cause && cause.code) || cause.message : (error as Error).message;
    return new NoAnswer(`no edge answers at ${url}, which is from ${urlFrom} (${why}): see whether it runs there`);
  }
}

function given(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null));
}

/** `undefined`: it is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
