import { setTimeout as pause } from "node:timers/promises";
import type { EdgeAddress } from "./find-edge.ts";
import { StartError } from "./supervise.ts";

/** How long one answer may take: a list asks its conferences one after another. */
const PATIENCE_MS = 30_000;

/** An action that is not answered is asked again so often, and after this time. */
export const MOST_ATTEMPTS = 5;
export const AGAIN_MS = 1_000;

/** Nobody knows what became of the request. */
export class NoAnswer extends StartError {}

interface ApiRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly body?: object;
  readonly actionId?: string;
}

/** What was done of an erasure or a rebuild, and where it goes on. */
export interface Portion {
  readonly next: string | null;
  readonly erased?: number;
  readonly told?: number;
  readonly failed?: readonly string[];
}

/** The API of an edge, asked with an operator's token. What a person can put right is thrown as a `StartError`. */
export class EdgeApi {
  readonly #edge: EdgeAddress;
  readonly pause: (ms: number) => Promise<unknown>;

  constructor(edge: EdgeAddress, wait: (ms: number) => Promise<unknown> = pause) {
    this.#edge = edge;
    this.pause = wait;
  }

  async ask<Answer>(path: string, method: "GET" | "DELETE" = "GET"): Promise<Answer> {
    const found = await this.find<Answer>(path, method);
    if (found === null) throw new StartError(`${this.#edge.url} does not know /api/v1/${path}: is it another version?`);
    return found;
  }

  /** `null`: the edge has no such thing. */
  async find<Answer>(path: string, method: "GET" | "POST" | "DELETE" = "GET"): Promise<Answer | null> {
    const { status, answer } = await this.#send(path, { method });
    if (status < 300 && answer !== undefined) return answer as Answer;
    if (status === 404 && detailOf(answer) !== undefined) return null;
    throw this.#refused(status, answer);
  }

  async request<Answer>(path: string, sent: ApiRequest): Promise<Answer> {
    const { status, answer } = await this.#send(path, sent);
    if (status !== 200) throw this.#refused(status, answer);
    return answer as Answer;
  }

  /** The answer; what is not answered is asked again. */
  async insist(path: string, sent: ApiRequest): Promise<unknown> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const { status, answer } = await this.#send(path, sent);
        if (status < 300 && answer !== undefined) return answer;
        const detail = detailOf(answer);
        if (status === 404 || status === 409 || status === 422) throw new StartError(`refused (${status}): ${detail}`);
        if (status !== 503 || attempt === MOST_ATTEMPTS) throw this.#refused(status, answer);
      } catch (error) {
        if (!(error instanceof NoAnswer) || attempt === MOST_ATTEMPTS) throw error;
      }
      await this.pause(AGAIN_MS);
    }
  }

  /** What is done some at a time, until all is. A portion without an answer is asked for again: doing it twice changes nothing. */
  async *inPortions(path: string, body?: object): AsyncGenerator<Portion> {
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? "" : `?${new URLSearchParams({ cursor })}`;
      const portion = (await this.insist(`${path}${query}`, { method: "POST", ...(body && { body }) })) as Portion;
      yield portion;
      cursor = portion.next;
    } while (cursor !== null);
  }

  #refused(status: number, answer: unknown): StartError {
    const { url, tokenFrom } = this.#edge;
    if (status === 401) return new StartError(`the edge at ${url} refuses the operator's token of ${tokenFrom} (401)`);
    const detail = detailOf(answer);
    return new StartError(`${url} answers ${status}${detail ? `: ${detail}` : ", and not as an edge does"}`);
  }

  /** Rejects with a `NoAnswer` where none comes. `answer` is `undefined` where it is no JSON. */
  async #send(
    path: string,
    { method, body, actionId }: ApiRequest,
  ): Promise<{ readonly status: number; readonly answer: unknown }> {
    const { url, token } = this.#edge;
    const headers = {
      authorization: `Bearer ${token}`,
      ...(actionId !== undefined && { "idempotency-key": actionId }),
    };
    const request = { method, headers, body: body ? JSON.stringify(body) : null };
    try {
      const response = await fetch(`${url}/api/v1/${path}`, { ...request, signal: AbortSignal.timeout(PATIENCE_MS) });
      // An answer may break off.
      return { status: response.status, answer: parsed(await response.text()) };
    } catch (error) {
      throw this.#noAnswer(error);
    }
  }

  /** An answer piece by piece. Rejects with a `NoAnswer` where none comes, it breaks off, or nothing comes for long. */
  async *stream(path: string): AsyncGenerator<string> {
    const { url, token } = this.#edge;
    const silence = new AbortController();
    const late = () => silence.abort(new Error("nothing came for 30 s"));
    let timer = setTimeout(late, PATIENCE_MS);
    try {
      const headers = { authorization: `Bearer ${token}` };
      const response = await fetch(`${url}/api/v1/${path}`, { headers, signal: silence.signal });
      if (response.status === 503) throw new Error("503");
      if (!response.ok) throw this.#refused(response.status, parsed(await response.text()));
      const decoder = new TextDecoder();
      for await (const bytes of response.body ?? []) {
        clearTimeout(timer);
        yield decoder.decode(bytes, { stream: true });
        timer = setTimeout(late, PATIENCE_MS);
      }
    } catch (error) {
      throw error instanceof StartError ? error : this.#noAnswer(error);
    } finally {
      clearTimeout(timer);
    }
  }

  #noAnswer(error: unknown): NoAnswer {
    const { url, urlFrom } = this.#edge;
    const { cause } = error as Error;
    const why = cause instanceof Error ? ("code" in cause && cause.code) || cause.message : (error as Error).message;
    return new NoAnswer(`no edge answers at ${url}, which is from ${urlFrom} (${why})`);
  }
}

function detailOf(answer: unknown): string | undefined {
  return (answer as { readonly detail?: string } | undefined)?.detail;
}

/** `undefined`: it is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
