import {
  err,
  isRecord,
  ok,
  type Result,
  readCapped,
  reasonOf,
  type Timers,
  Turns,
  wait,
} from "../../doors/foundation.ts";
import type { Site } from "../url-api/site.ts";
import {
  type AnswerForm,
  isEmptyList,
  isOfAccepted,
  mayBeCarriedOut,
  type Refused,
  type XmlApiFault,
} from "./faults.ts";
import type { Operation } from "./fields.ts";
import { maskedText, maskedValue, withoutSecrets } from "./mask-secrets.ts";
import {
  type ItemOf,
  type ListName,
  type OperationName,
  operations,
  type Path,
  type Request,
  type Response,
} from "./operations.ts";
import { type BuiltRequest, buildRequest, type SecurityContext } from "./request.ts";
import { type ReadAnswer, readResponse, type WrongField } from "./response.ts";
import { decodeText } from "./xml.ts";

/** What the client needs of `fetch`, which fits as it is. */
export type PostFetch = (
  address: string,
  init: {
    readonly method: "POST";
    readonly headers: Record<string, string>;
    readonly body: string;
    readonly redirect: "manual";
    readonly signal: AbortSignal;
  },
) => Promise<Pick<globalThis.Response, "status" | "headers" | "body">>;

export interface XmlApiPorts {
  readonly fetch: PostFetch;
  readonly timers: Timers;
  /** Milliseconds since 1970. */
  now(): number;
}

export interface XmlApiSettings {
  /** Checked by `siteOf`: passwords go nowhere but over https, or to this machine. */
  readonly site: Site;
  readonly credentials: SecurityContext;
  /** For one exchange, its body included. */
  readonly timeoutMs?: number;
  readonly maxAnswerBytes?: number;
  /** Of a call that names none of its own. */
  readonly deadlineMs?: number;
  /** Requests under way at once, 1 or more; the others wait in order. */
  readonly maxInFlight?: number;
  /**
   * The pauses before `get` and `list` operations are tried again. A password that the site has not accepted yet is not sent again where it may
   * have been judged: accounts are locked after a few wrong ones.
   */
  readonly retryPausesMs?: readonly number[];
  /**
   * Whether requests wait until the site's rate limit is over, and `get` and `list` operations that it refused are sent once more then.
   * Without it each request is sent, and a refusal says when to try again.
   */
  readonly waitsForRateLimit?: boolean;
}

export interface CallOptions<Name extends OperationName> {
  /** Other credentials than the client's. */
  readonly as?: SecurityContext;
  /**
   * The fields that are used, with all within them. Only in these is a wrong type a fault; elsewhere such a field is left out and listed in
   * `wrong`. All fields without it.
   */
  readonly reads?: readonly Path<Name>[];
  /**
   * How long the call may take in all: for its turn, all exchanges, the pauses between them and the rate limit; of a list, for all pages.
   * What would begin only after it is not waited for.
   */
  readonly deadlineMs?: number;
}

export interface Answer<Name extends OperationName> {
  readonly value: Response<Name>;
  /** Fields that were left out, since their type is another than the table says and `reads` does not name them. */
  readonly wrong: readonly WrongField[];
  /** Which of the site's two systems answered. */
  readonly gsbStatus?: "PRIMARY" | "BACKUP";
}

export interface ListOptions<Name extends ListName> extends CallOptions<Name> {
  /** Items of one page. */
  readonly pageSize?: number;
  /** No more items are asked for than these. */
  readonly most?: number;
}

export interface UntypedOptions {
  readonly as?: SecurityContext;
  readonly reads?: readonly string[];
  readonly deadlineMs?: number;
}

export interface UntypedListOptions extends UntypedOptions {
  readonly pageSize?: number;
  readonly most?: number;
}

export interface UntypedListed {
  readonly items: readonly unknown[];
  /** The number of items that there are by the site's word; absent if it does not say. */
  readonly total?: number;
  /** Whether `items` are all that there are. */
  readonly isComplete: boolean;
  readonly wrong: readonly WrongField[];
}

export interface Listed<Name extends ListName> extends UntypedListed {
  readonly items: readonly ItemOf<Name>[];
}

/** The window of the rate limit (protocol 6.3). */
const rateWindowMs = 60_000;

const defaults = {
  timeoutMs: 30_000,
  deadlineMs: 300_000,
  maxAnswerBytes: 4 * 1_024 * 1_024,
  maxInFlight: 4,
  retryPausesMs: [500, 2_000] as readonly number[],
  waitsForRateLimit: true,
};

const defaultPageSize = 100;
const defaultMost = 10_000;

/** Where a site's XML API is. */
export function xmlAddress({ url }: Site): string {
  return new URL("/WBXService/XMLService", url).href;
}

/** When a call must be over. */
interface Deadline {
  readonly ms: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** The client of a site's XML API. What goes wrong is a fault in the result: no call throws or rejects. */
export class XmlApi {
  readonly #ports: XmlApiPorts;
  readonly #settings: XmlApiSettings & typeof defaults;
  readonly #turns: Turns;
  /** No request before: the site's rate limit. */
  #notBefore = 0;
  /** What the site has accepted last. */
  readonly #accepted = new WeakSet<SecurityContext>();

  constructor(settings: XmlApiSettings, ports: XmlApiPorts) {
    this.#settings = { ...defaults, ...settings };
    const { maxInFlight } = this.#settings;
    if (!(maxInFlight >= 1)) throw new RangeError(`maxInFlight must be 1 or more (it is ${maxInFlight})`);
    this.#ports = ports;
    this.#turns = new Turns(ports.timers, () => maxInFlight);
  }

  /** Of the client's own credentials. */
  get form(): SecurityContext["form"] {
    return this.#settings.credentials.form;
  }

  /** Whether the site has accepted the client's own credentials, and has not refused them since. */
  get isAccepted(): boolean {
    return this.#accepted.has(this.#settings.credentials);
  }

  /** Carries out one operation. Only `get` and `list` operations are repeated: others might be carried out twice. */
  async call<Name extends OperationName>(
    name: Name,
    request: Request<Name>,
    options: CallOptions<Name> = {},
  ): Promise<Result<Answer<Name>, XmlApiFault>> {
    // The reader checked the answer against the table that the type is made of.
    return (await this.callUntyped(operations[name], request, options)) as Result<Answer<Name>, XmlApiFault>;
  }

  /** As `call`, for names and values that come from outside; they are checked alike. */
  async callUntyped(
    operation: Operation,
    request: unknown,
    { deadlineMs, ...options }: UntypedOptions = {},
  ): Promise<Result<ReadAnswer, XmlApiFault>> {
    return this.#call(operation, request, options, this.#deadlineOf(deadlineMs));
  }

  /** All items of a list operation, read page by page. A list that the site refuses as empty (000015) is an empty list. */
  async list<Name extends ListName>(
    name: Name,
    request: Request<Name>,
    options: ListOptions<Name> = {},
  ): Promise<Result<Listed<Name>, XmlApiFault>> {
    return (await this.listUntyped(operations[name], request, options)) as Result<Listed<Name>, XmlApiFault>;
  }

  /** As `list`, for names and values that come from outside; the operation must have `items`. */
  async listUntyped(
    operation: Operation,
    request: unknown,
    { as, reads, deadlineMs, pageSize = defaultPageSize, most = defaultMost }: UntypedListOptions = {},
  ): Promise<Result<UntypedListed, XmlApiFault>> {
    const deadline = this.#deadlineOf(deadlineMs);
    const items: unknown[] = [];
    const wrong: WrongField[] = [];
    let read = 0;
    for (;;) {
      const { startFrom, maximumNum } = pageAt(request, read, { pageSize, most });
      const answer = await this.#call(
        operation,
        requestOfPage(request, read, { pageSize, most }),
        { ...(as && { as }), ...(reads && { reads: [...reads, "matchingRecords"] }) },
        deadline,
      );
      if (!answer.ok) {
        if (!isEmptyList(answer.error)) return answer;
        return ok({ items, total: items.length, isComplete: true, wrong });
      }
      const found = listAt(answer.value.value, operation.items);
      const { total, returned = 0, startFrom: begins } = (answer.value.value.matchingRecords ?? {}) as MatchingRecords;
      if (read > 0 && begins !== undefined && begins !== startFrom) {
        const rule = `must be ${startFrom}: the site does not go on with the next page`;
        return err({
          kind: "wrong-field",
          operation: operation.name,
          path: "matchingRecords.startFrom",
          value: String(begins),
          rule,
        });
      }
      items.push(...found);
      wrong.push(...answer.value.wrong);
      // Items that were left out as wrong count: the next page begins behind them.
      const length = Math.max(returned, found.length);
      read += length;
      const isComplete = total === undefined ? length < maximumNum : startFrom + length - 1 >= total;
      if (isComplete || length === 0 || read >= most) {
        return ok({ items, ...(total === undefined ? {} : { total }), isComplete, wrong });
      }
    }
  }

  #deadlineOf(ms = this.#settings.deadlineMs): Deadline {
    return { ms, at: this.#ports.now() + ms };
  }

  async #call(
    operation: Operation,
    request: unknown,
    { as = this.#settings.credentials, reads }: Omit<UntypedOptions, "deadlineMs">,
    deadline: Deadline,
  ): Promise<Result<ReadAnswer, XmlApiFault>> {
    const built = buildRequest(operation, request, as);
    return built.ok ? this.#carryOut(operation, built.value, as, reads, deadline) : built;
  }

  async #carryOut(
    operation: Operation,
    request: BuiltRequest,
    as: SecurityContext,
    reads: readonly string[] | undefined,
    deadline: Deadline,
  ): Promise<Result<ReadAnswer, XmlApiFault>> {
    const isRepeatable = operation.kind === "get" || operation.kind === "list";
    const pauses = isRepeatable ? [...this.#settings.retryPausesMs] : [];
    let mayWaitOut = isRepeatable && this.#settings.waitsForRateLimit;
    for (;;) {
      const answer = await this.#inTurn(operation, request, reads, deadline);
      this.#noteAccepted(as, answer);
      if (answer.ok) return answer;
      if (isRateLimit(answer.error)) {
        if (!mayWaitOut || this.#notBefore >= deadline.at) return answer;
        mayWaitOut = false;
        continue; // Its turn comes when the window is over.
      }
      const pauseMs = isPassing(answer.error) && this.#maySendAgain(as, answer.error) ? pauses.shift() : undefined;
      if (pauseMs === undefined || this.#ports.now() + pauseMs >= deadline.at) return answer;
      await wait(this.#ports.timers, pauseMs);
    }
  }

  #noteAccepted(as: SecurityContext, answer: Result<ReadAnswer, XmlApiFault>): void {
    if (answer.ok || isOfAccepted(answer.error)) this.#accepted.add(as);
    else if (answer.error.kind === "refused" && answer.error.why === "wrong-credentials") this.#accepted.delete(as);
  }

  #maySendAgain(as: SecurityContext, fault: XmlApiFault): boolean {
    return as.form !== "password" || this.#accepted.has(as) || fault.kind === "refused" || !mayBeCarriedOut(fault);
  }

  /** One exchange, when a place is free and no rate limit lasts. */
  async #inTurn(
    operation: Operation,
    request: BuiltRequest,
    reads: readonly string[] | undefined,
    deadline: Deadline,
  ): Promise<Result<ReadAnswer, XmlApiFault>> {
    for (;;) {
      if (!(await this.#turns.begin(deadline.at - this.#ports.now())))
        return err({ kind: "timed-out", afterMs: deadline.ms, wasSent: false });
      const heldMs = this.#settings.waitsForRateLimit ? this.#notBefore - this.#ports.now() : 0;
      // For longer than a window, it was held before the clock was set back.
      if (heldMs <= 0 || heldMs > rateWindowMs) break;
      this.#turns.end();
      if (this.#notBefore >= deadline.at) return err(notSent(this.#notBefore));
      await wait(this.#ports.timers, heldMs);
    }
    try {
      const answer = await this.#exchange(operation, request, reads, deadline);
      if (answer.ok || answer.error.kind !== "refused" || answer.error.why !== "rate-limit") return answer;
      this.#notBefore = this.#ports.now() + rateWindowMs;
      return err({ ...answer.error, retryAt: this.#notBefore });
    } finally {
      this.#turns.end();
    }
  }

  async #exchange(
    operation: Operation,
    request: BuiltRequest,
    reads: readonly string[] | undefined,
    deadline: Deadline,
  ): Promise<Result<ReadAnswer, XmlApiFault>> {
    const timeoutMs = Math.min(this.#settings.timeoutMs, deadline.at - this.#ports.now());
    const controller = new AbortController();
    let cancel = () => {};
    const late = new Promise<Result<ReadAnswer, XmlApiFault>>((resolve) => {
      cancel = this.#ports.timers.after(timeoutMs, () => {
        resolve(err({ kind: "timed-out", afterMs: timeoutMs, wasSent: true }));
        controller.abort();
      });
    });
    const answer = this.#post(operation, request, reads, controller.signal);
    const result = await Promise.race([answer, late]);
    cancel();
    return result;
  }

  async #post(
    operation: Operation,
    { body, secrets }: BuiltRequest,
    reads: readonly string[] | undefined,
    signal: AbortSignal,
  ): Promise<Result<ReadAnswer, XmlApiFault>> {
    const { maxAnswerBytes: limitBytes, site } = this.#settings;
    const headers = { "content-type": "text/xml; charset=UTF-8", accept: "text/xml, application/xml" };
    let status: number;
    let contentType: string;
    let bytes: Uint8Array | null;
    try {
      // Workers refuse a fetch that is called as a method of anything.
      const { fetch } = this.#ports;
      const answer = await fetch(xmlAddress(site), { method: "POST", headers, body, redirect: "manual", signal });
      status = answer.status;
      // A fetch like a browser's hides the status of a redirect that it does not follow.
      if (status === 0 || (status >= 300 && status < 400)) {
        answer.body?.cancel().catch(() => undefined);
        return err({ kind: "redirected", status });
      }
      contentType = answer.headers.get("content-type") ?? "";
      bytes = answer.body ? await readCapped(answer.body.getReader(), limitBytes) : new Uint8Array();
    } catch (error) {
      const reason = maskedText(causeOf(error), secrets);
      return err({ kind: "not-reached", reason, ...(hadNoConnection(error) && { wasSent: false }) });
    }
    if (bytes === null) return err({ kind: "too-large", limitBytes });
    const text = decodeText(bytes, contentType);
    const read = text.ok ? readResponse(operation, text.value, reads) : text;
    if (!read.ok && read.error.kind === "refused") return err(withoutSecrets(read.error, secrets));
    if (status === 429) return err(tooMany(status));
    if (status >= 400) return err({ kind: "http-status", status, looksLike: formOf(read) });
    if (read.ok) return ok({ ...read.value, wrong: read.value.wrong.map((field) => maskedValue(field, secrets)) });
    return read.error.kind === "wrong-field" ? err(maskedValue(read.error, secrets)) : read;
  }
}

interface MatchingRecords {
  readonly total?: number;
  readonly returned?: number;
  readonly startFrom?: number;
}

type Pages = Pick<UntypedListOptions, "pageSize" | "most">;

/** The request for one page of a list, of which so many items were read before. */
export function requestOfPage(request: unknown, read: number, pages: Pages = {}): unknown {
  if (!isRecord(request)) return request;
  return { ...request, listControl: { ...listControlOf(request), ...pageAt(request, read, pages) } };
}

function pageAt(request: unknown, read: number, { pageSize = defaultPageSize, most = defaultMost }: Pages) {
  const { startFrom } = listControlOf(request);
  const first = typeof startFrom === "number" ? startFrom : 1;
  return { startFrom: first + read, maximumNum: Math.max(1, Math.min(pageSize, most - read)) };
}

/** Where the request begins its list; what is wrong with it, the check of the request says. */
function listControlOf(request: unknown): Readonly<Record<string, unknown>> {
  return isRecord(request) && isRecord(request.listControl) ? request.listControl : {};
}

function listAt(value: Readonly<Record<string, unknown>>, name: string | undefined): readonly unknown[] {
  const found = name === undefined ? [] : value[name];
  return Array.isArray(found) ? found : [];
}

function isRateLimit(fault: XmlApiFault): boolean {
  return fault.kind === "refused" && fault.why === "rate-limit";
}

/** A failure that may be over at the next try. */
function isPassing(fault: XmlApiFault): boolean {
  if (fault.kind === "refused") return fault.why === "not-responding";
  if (fault.kind === "http-status") return [502, 503, 504].includes(fault.status);
  return fault.kind === "not-reached" || fault.kind === "timed-out";
}

/** The rate limit as a server before the API says it. */
function tooMany(status: number): Refused {
  return { kind: "refused", why: "rate-limit", exceptionId: "", reason: `HTTP ${status}`, subErrors: [] };
}

function formOf(read: Result<ReadAnswer, XmlApiFault>): AnswerForm {
  if (read.ok || read.error.kind === "wrong-field" || read.error.kind === "not-a-message") return "xml";
  return read.error.kind === "not-xml" ? read.error.looksLike : "other";
}

function notSent(retryAt: number): Refused {
  const reason = "not sent: the site refused an earlier request for its rate limit";
  return { kind: "refused", why: "rate-limit", exceptionId: "000045", reason, subErrors: [], retryAt };
}

/** By the codes of Node: the name is unknown, or nobody listens. What else goes wrong may do so after the request was sent. */
function hadNoConnection(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = isRecord(cause) ? cause.code : undefined;
  return ["ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH"].includes(String(code));
}

/** Node's fetch says why only in its cause. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? `: ${reasonOf(error.cause)}` : "";
  return `${reasonOf(error)}${cause}`;
}
