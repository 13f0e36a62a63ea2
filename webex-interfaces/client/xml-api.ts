import { err, isRecord, ok, type Result, readCapped, reasonOf, type Timers, wait } from "../doors/foundation.ts";
import { exceptions } from "../tables/exceptions.ts";
import {
  type Answered,
  type AnyOperation,
  isOpen,
  type OperationName,
  operations,
  type RequestOf,
} from "../tables/operations.ts";
import type { Operation } from "../tables/schema.ts";
import { read, readOpen, type Values, type WrongField, write, writeOpen } from "../wire/codec.ts";
import { readAnswer, requestText, securityContext } from "../wire/message.ts";
import { decodeText, type ElementToWrite, parseXml } from "../wire/xml.ts";
import { isEmptyList, provesCredentials, type XmlApiFault } from "./faults.ts";
import { maskedText, maskedValue, withoutSecrets } from "./mask-secrets.ts";
import type { Site } from "./site-address.ts";

/** Identifies the site by its name in the URL or by its number. */
export type SiteRef = { readonly siteName: string } | { readonly siteId: string };

/** Identifies a user by user name or by e-mail address. */
export type User = { readonly webExId: string } | { readonly email: string };

/** Credentials of an operation. `ticket`: from getLoginTicket or authenticateUser. `token`: from WebEx's OAuth. */
export type Credentials = { readonly site: SiteRef; readonly partnerId?: string } & (
  | { readonly form: "anonymous"; readonly user?: User }
  | { readonly form: "password"; readonly user: User; readonly password: string }
  | { readonly form: "ticket"; readonly user: User; readonly ticket: string }
  | { readonly form: "token"; readonly user?: User; readonly token: string }
);

/** The part of `fetch` that the client needs. */
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
  /** Checked by `siteOf`, so passwords are sent only by HTTPS or to this machine. */
  readonly site: Site;
  readonly credentials: Credentials;
  /** Limit for one exchange, its body included. */
  readonly timeoutMs?: number;
  readonly maxAnswerBytes?: number;
  /** Limit for a call with all its attempts. */
  readonly deadlineMs?: number;
  /** Pauses before `get` and `list` operations are resent. */
  readonly retryPausesMs?: readonly number[];
  /** Waits until the site's rate limit has passed, and resends once. */
  readonly waitsForRateLimit?: boolean;
}

/** A successful answer. */
export interface Answer<Value = Values> {
  readonly value: Value;
  /** Fields left out because they do not fit the table and `reads` does not name them. */
  readonly wrong: readonly WrongField[];
}

/** The window of the rate limit (protocol 6.3). */
const rateWindowMs = 60_000;
const defaults = {
  timeoutMs: 30_000,
  deadlineMs: 300_000,
  maxAnswerBytes: 4 * 1_024 * 1_024,
  retryPausesMs: [500, 2_000] as readonly number[],
  waitsForRateLimit: false,
};

/** Returns the URL of a site's XML API. */
export function xmlAddress({ url }: Site): string {
  return new URL("/WBXService/XMLService", url).href;
}

/** The client of a site's XML API. Failures are returned as faults; no call throws or rejects. */
export class XmlApi {
  readonly #ports: XmlApiPorts;
  readonly #settings: XmlApiSettings & typeof defaults;
  /** A password is resent only after the site accepted it, because sites lock accounts after a few wrong ones. */
  #isAccepted = false;

  constructor(settings: XmlApiSettings, ports: XmlApiPorts) {
    this.#settings = { ...defaults, ...settings };
    this.#ports = ports;
  }

  /** True if the site has accepted the credentials, and has not refused them since. */
  get isAccepted(): boolean {
    return this.#isAccepted;
  }

  get form(): Credentials["form"] {
    return this.#settings.credentials.form;
  }

  /** Carries out one operation. `reads`: fields that the caller uses. Only these must fit the table. */
  async call<Name extends OperationName>(
    name: Name,
    request: RequestOf<Name>,
    reads?: readonly string[],
  ): Promise<Result<Answer<Answered<Name>>, XmlApiFault>> {
    // The type is derived from the table that the codec has checked.
    return (await this.callUntyped(operations[name], request, reads)) as Result<Answer<Answered<Name>>, XmlApiFault>;
  }

  /** Carries out an operation with names and values from outside, with the same checks. */
  async callUntyped(
    operation: AnyOperation,
    request: unknown,
    reads?: readonly string[],
  ): Promise<Result<Answer, XmlApiFault>> {
    const { credentials, deadlineMs, retryPausesMs, waitsForRateLimit } = this.#settings;
    const built = buildRequest(operation, request, credentials);
    if (!built.ok) return built;
    const deadline = this.#ports.now() + deadlineMs;
    const isRepeatable = operation.kind === "get" || operation.kind === "list";
    const pauses = isRepeatable ? [...retryPausesMs] : [];
    const rateLimitPauses = isRepeatable && waitsForRateLimit ? [rateWindowMs] : [];
    for (;;) {
      const answer = await this.#post(operation, built.value, reads, deadline - this.#ports.now());
      const isProof = answer.ok || provesCredentials(answer.error);
      if (isProof && !publicOperations.includes(operation.name)) this.#isAccepted = true;
      if (answer.ok) return answer;
      const { error } = answer;
      if (error.kind === "refused" && error.why === "wrong-credentials") this.#isAccepted = false;
      const isLimited = error.kind === "refused" && error.why === "rate-limit";
      const maySend = isLimited || (isPassing(error) && this.#maySendAgain(error));
      const pauseMs = maySend ? (isLimited ? rateLimitPauses : pauses).shift() : undefined;
      if (pauseMs === undefined || this.#ports.now() + pauseMs >= deadline) return answer;
      await wait(this.#ports.timers, pauseMs);
    }
  }

  #maySendAgain(fault: XmlApiFault): boolean {
    const wasNotSent = fault.kind === "not-reached" && fault.wasSent === false;
    return this.form !== "password" || this.#isAccepted || wasNotSent;
  }

  async #post(
    operation: AnyOperation,
    { body, secrets }: BuiltRequest,
    reads: readonly string[] | undefined,
    leftMs: number,
  ): Promise<Result<Answer, XmlApiFault>> {
    const { timeoutMs, site, maxAnswerBytes } = this.#settings;
    const afterMs = Math.min(timeoutMs, leftMs);
    const controller = new AbortController();
    let cancel = () => {};
    const late = new Promise<Result<Answer, XmlApiFault>>((resolve) => {
      cancel = this.#ports.timers.after(afterMs, () => {
        resolve(err({ kind: "timed-out", afterMs }));
        controller.abort();
      });
    });
    const headers = { "content-type": "text/xml; charset=UTF-8", accept: "text/xml, application/xml" };
    const init = { method: "POST", headers, body, redirect: "manual", signal: controller.signal } as const;
    const exchange = async (): Promise<Result<Answer, XmlApiFault>> => {
      try {
        const { fetch } = this.#ports;
        const answer = await fetch(xmlAddress(site), init);
        const { status } = answer;
        // A browser's fetch returns status 0 for a redirect that it does not follow.
        if (status === 0 || (status >= 300 && status < 400)) {
          answer.body?.cancel().catch(() => undefined);
          return err({ kind: "redirected", status });
        }
        const bytes = answer.body ? await readCapped(answer.body.getReader(), maxAnswerBytes) : new Uint8Array();
        if (bytes === null) return err({ kind: "too-large", limitBytes: maxAnswerBytes });
        const text = decodeText(bytes, answer.headers.get("content-type") ?? "");
        return this.#read(operation, status, text.ok ? parseAnswer(operation, text.value, reads) : text, secrets);
      } catch (error) {
        const reason = maskedText(causeOf(error), secrets);
        return err({ kind: "not-reached", reason, ...(hadNoConnection(error) && { wasSent: false }) });
      }
    };
    const result = await Promise.race([exchange(), late]);
    cancel();
    return result;
  }

  #read(
    operation: AnyOperation,
    status: number,
    answer: Result<Answer, XmlApiFault>,
    secrets: readonly string[],
  ): Result<Answer, XmlApiFault> {
    if (!answer.ok && answer.error.kind === "refused") {
      const isLimited = answer.error.why === "rate-limit";
      const retry = isLimited ? { retryAt: this.#ports.now() + rateWindowMs } : {};
      return err({ ...withoutSecrets(answer.error, secrets), ...retry });
    }
    if (status === 429) {
      const { why } = exceptions.rateLimit;
      const retryAt = this.#ports.now() + rateWindowMs;
      return err({ kind: "refused", why, exceptionId: "", reason: "HTTP 429", subErrors: [], retryAt });
    }
    if (status >= 400) return err({ kind: "http-status", status });
    if (answer.ok) return ok({ ...answer.value, wrong: answer.value.wrong.map((one) => maskedValue(one, secrets)) });
    return answer.error.kind === "wrong-field"
      ? err({ ...maskedValue(answer.error, secrets), operation: operation.name })
      : answer;
  }
}

/** Parses the text of an answer. */
export function parseAnswer(
  operation: AnyOperation,
  text: string,
  reads?: readonly string[],
): Result<Answer, XmlApiFault> {
  const root = parseXml(text);
  if (!root.ok) return root;
  const content = readAnswer(root.value);
  if (!content.ok) return err({ kind: "not-a-message", reason: content.error });
  if ("kind" in content.value) return err(content.value);
  if (isOpen(operation)) return ok({ value: readOpen(content.value), wrong: [] });
  const found = read(content.value, { of: operation.answer }, "lenient");
  if (!found.ok) return err({ kind: "wrong-field", operation: operation.name, ...found.error });
  const { values, wrong } = found.value;
  const missing = Object.keys(operation.answer).find(
    (name) => operation.answer[name]?.need && values[name] === undefined,
  );
  const left = missing === undefined ? [] : [{ path: missing, rule: "is missing" }];
  const used = [...wrong, ...left].find(({ path }) => path === missing || isUsed(path, reads));
  return used ? err({ kind: "wrong-field", operation: operation.name, ...used }) : ok({ value: values, wrong });
}

function isUsed(path: string, reads: readonly string[] | undefined): boolean {
  if (reads === undefined) return true;
  const plain = path.replaceAll(/\[\d+\]/g, "");
  return reads.some((used) => plain === used || plain.startsWith(`${used}.`) || used.startsWith(`${plain}.`));
}

/** A request to send, and its secrets, which faults and logs must not show. */
export interface BuiltRequest {
  readonly body: string;
  readonly secrets: readonly string[];
}

/** Their answers do not prove credentials. */
const publicOperations = ["getSessionInfo", "getAPIVersion"];
const anonymousOperations = [...publicOperations, "authenticateUser"];

/** Builds a request. With `isShown`, replaces each secret with `…`. */
export function buildRequest(
  operation: AnyOperation,
  request: unknown,
  credentials: Credentials,
  isShown = false,
): Result<BuiltRequest, XmlApiFault> {
  const fault = (error: WrongField) => err({ kind: "wrong-request" as const, operation: operation.name, ...error });
  if (credentials.form === "anonymous" && !anonymousOperations.includes(operation.name)) {
    const rule = `must have a password, a ticket or a token; only ${anonymousOperations.join(", ")} do not need one`;
    return fault({ path: "securityContext", rule });
  }
  const secrets: string[] = [];
  const context = write(securityContext, contextOf(credentials), { secrets }, "securityContext");
  if (!context.ok) return fault(context.error);
  const content = isOpen(operation)
    ? openContent(request, secrets)
    : write({ of: operation.request, ...(operation.anyOf && { anyOf: operation.anyOf }) }, request, { secrets });
  if (!content.ok) return fault({ ...content.error, path: content.error.path || "the request" });
  const shown = isShown ? (elements: readonly ElementToWrite[]) => elements.map(hidden) : <T>(elements: T) => elements;
  const body = requestText(shown(context.value), operation.binding, shown(content.value));
  return ok({ body, secrets: secrets.filter(Boolean) });
}

function openContent(request: unknown, secrets: string[]) {
  const written = isRecord(request) ? writeOpen("request", request, { secrets }, "", 0) : null;
  if (written === null) return err({ path: "", rule: "must be an object" });
  if (!written.ok) return written;
  return ok(written.value[0]?.content as readonly ElementToWrite[]);
}

function hidden(element: ElementToWrite): ElementToWrite {
  if (element.isSecret) return { ...element, content: "…" };
  return typeof element.content === "string" ? element : { ...element, content: element.content.map(hidden) };
}

function contextOf(credentials: Credentials): Values {
  const { site, user, partnerId } = credentials;
  return {
    webExID: user && "webExId" in user ? user.webExId : undefined,
    email: user && "email" in user ? user.email : undefined,
    siteID: "siteId" in site ? site.siteId : undefined,
    siteName: "siteName" in site ? site.siteName : undefined,
    partnerID: partnerId,
    password: credentials.form === "password" ? credentials.password : undefined,
    sessionTicket: credentials.form === "ticket" ? credentials.ticket : undefined,
    webExAccessToken: credentials.form === "token" ? credentials.token : undefined,
  };
}

export interface Listed {
  readonly items: readonly unknown[];
  /** False if the site has more than `most`. */
  readonly isComplete: boolean;
  readonly wrong: readonly WrongField[];
}

/** Reads a list in batches, at most `most` items. */
export async function listAll(
  api: Pick<XmlApi, "callUntyped">,
  operation: Operation,
  request: Values,
  {
    most = 10_000,
    pageSize = 100,
    reads,
  }: { readonly most?: number; readonly pageSize?: number; readonly reads?: readonly string[] } = {},
): Promise<Result<Listed, XmlApiFault>> {
  const items: unknown[] = [];
  const wrong: WrongField[] = [];
  const control = isRecord(request.listControl) ? request.listControl : {};
  const first = typeof control.startFrom === "number" ? control.startFrom : 1;
  for (let count = 0; ; ) {
    const listControl = { ...control, startFrom: first + count, maximumNum: Math.min(pageSize, most - count) };
    const answer = await api.callUntyped(operation, { ...request, listControl }, reads);
    if (!answer.ok && isEmptyList(answer.error)) return ok({ items, isComplete: true, wrong });
    if (!answer.ok) return answer;
    const found = answer.value.value[operation.items ?? ""];
    const page: readonly unknown[] = Array.isArray(found) ? found : [];
    const { total, returned = 0 } = (answer.value.value.matchingRecords ?? {}) as { total?: number; returned?: number };
    items.push(...page);
    wrong.push(...answer.value.wrong);
    // Counts the items left out as wrong, because the next batch begins after them.
    const length = Math.max(returned, page.length);
    count += length;
    const isComplete = total === undefined ? length < listControl.maximumNum : first + count > total;
    if (isComplete || length === 0 || count >= most) return ok({ items, isComplete, wrong });
  }
}

/** True for a failure that may pass before the next attempt. */
function isPassing(fault: XmlApiFault): boolean {
  if (fault.kind === "refused") return fault.why === "not-responding";
  if (fault.kind === "http-status") return [502, 503, 504].includes(fault.status);
  return fault.kind === "not-reached" || fault.kind === "timed-out";
}

/** True if Node could not connect. Other failures can occur after the request was sent. */
function hadNoConnection(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = isRecord(cause) ? cause.code : undefined;
  return ["ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH"].includes(String(code));
}

/** Returns the reason with its cause, because Node's fetch explains failures only there. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? `: ${reasonOf(error.cause)}` : "";
  return `${reasonOf(error)}${cause}`;
}
