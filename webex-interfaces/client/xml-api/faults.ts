import { cut } from "../../doors/foundation.ts";

/** A part of a refusal: one field that the site did not accept, and why. */
export interface SubError {
  readonly exceptionId: string;
  readonly reason: string;
  readonly value?: string;
}

/** What a refusal means. An exception id that is not in the table is kept as text, and its meaning is `other`. */
export type RefusalWhy =
  | "wrong-credentials"
  | "access-denied"
  /** Too many requests; `retryAt` says when the next one may come. */
  | "rate-limit"
  /** The service behind the API did not answer in time. */
  | "not-responding"
  /** There is no such user, meeting or record; so a list without items is answered, too. */
  | "not-found"
  /** The user name or e-mail address is taken. */
  | "already-exists"
  /** The site has no meetings without a password. */
  | "password-needed"
  /** The site is suspended, or does not have that service. */
  | "switched-off"
  /** More at once than the site takes. */
  | "too-many"
  | "other";

/** Why there is no answer. No password, ticket or token stands in any of them. */
export type XmlApiFault =
  /** Ours: the request breaks its table, and was not sent. `value` is absent where the field is missing or a secret. */
  | {
      readonly kind: "wrong-request";
      readonly operation: string;
      readonly path: string;
      readonly value?: string;
      readonly rule: string;
    }
  /** `wasSent` is absent where the connection may have been lost only after the request went out. */
  | { readonly kind: "not-reached"; readonly reason: string; readonly wasSent?: false }
  /** What was not sent had no turn in time. What was sent may have been carried out. */
  | { readonly kind: "timed-out"; readonly afterMs: number; readonly wasSent: boolean }
  /** The site wants the request elsewhere; credentials are not sent there. */
  | { readonly kind: "redirected"; readonly status: number }
  /** An error of HTTP that is no refusal of the API: of a server on the way. */
  | { readonly kind: "http-status"; readonly status: number; readonly looksLike: AnswerForm }
  | { readonly kind: "too-large"; readonly limitBytes: number }
  | { readonly kind: "not-xml"; readonly looksLike: AnswerForm }
  | { readonly kind: "bad-xml"; readonly reason: string }
  | { readonly kind: "not-a-message"; readonly reason: string }
  /** A field that is used is missing or of another type than the table says. `value` is absent where it is missing or a secret. */
  | {
      readonly kind: "wrong-field";
      readonly operation: string;
      readonly path: string;
      readonly value?: string;
      readonly rule: string;
    }
  | Refused;

export interface Refused {
  readonly kind: "refused";
  readonly why: RefusalWhy;
  /** As the site sent it; empty if it sent none. */
  readonly exceptionId: string;
  readonly reason: string;
  /** The first hundred. */
  readonly subErrors: readonly SubError[];
  /** What the site refused, where it says. */
  readonly value?: string;
  readonly gsbStatus?: "PRIMARY" | "BACKUP";
  /** Of a rate limit: milliseconds since 1970. */
  readonly retryAt?: number;
}

export type AnswerForm = "html" | "empty" | "xml" | "other";

/**
 * The exception ids whose meaning is public (protocol 6.3). `schema`: on developer pages or in release notes; `callers`: only in programs
 * that call the API.
 */
export const knownExceptions: Readonly<
  Record<string, { readonly why: Exclude<RefusalWhy, "other">; readonly source: "schema" | "callers" }>
> = {
  "000001": { why: "access-denied", source: "schema" },
  "000015": { why: "not-found", source: "callers" },
  "000035": { why: "not-responding", source: "schema" },
  "000045": { why: "rate-limit", source: "schema" },
  "010106": { why: "switched-off", source: "schema" },
  "010107": { why: "switched-off", source: "schema" },
  "030001": { why: "not-found", source: "callers" },
  "030002": { why: "wrong-credentials", source: "schema" },
  "030004": { why: "already-exists", source: "callers" },
  "030005": { why: "already-exists", source: "callers" },
  "030047": { why: "wrong-credentials", source: "callers" },
  "040015": { why: "too-many", source: "schema" },
  "060001": { why: "not-found", source: "callers" },
  "060019": { why: "not-found", source: "callers" },
  "060021": { why: "access-denied", source: "callers" },
  "060026": { why: "password-needed", source: "callers" },
};

/** A list without items (000015): sites refuse to list nothing. */
export const noRecordId = "000015";

export function whyRefused(exceptionId: string): RefusalWhy {
  return Object.hasOwn(knownExceptions, exceptionId) ? (knownExceptions[exceptionId]?.why ?? "other") : "other";
}

/** That there is nothing to list is refused, too. */
export function isEmptyList(fault: XmlApiFault): boolean {
  return fault.kind === "refused" && fault.exceptionId === noRecordId;
}

/** Whether the site has accepted who asked: it judges that before the request itself (protocol 6.3). */
export function isOfAccepted(fault: XmlApiFault): boolean {
  if (fault.kind !== "refused") return fault.kind === "wrong-field";
  return !["wrong-credentials", "rate-limit", "not-responding"].includes(fault.why);
}

/** Whether the site may have carried the request out although its answer did not come, or not as it should be. */
export function mayBeCarriedOut(fault: XmlApiFault): boolean {
  switch (fault.kind) {
    case "wrong-request":
    case "redirected":
      return false;
    case "not-reached":
    case "timed-out":
      return fault.wasSent !== false;
    case "http-status":
      return fault.status >= 500;
    case "refused":
      return fault.why === "not-responding";
    case "too-large":
    case "not-xml":
    case "bad-xml":
    case "not-a-message":
    case "wrong-field":
      return true;
  }
}

/** The fault as a sentence for people, without a full stop. `proof`: what the one who asks has proved it with, where that is known. */
export function sayFault(fault: XmlApiFault, proof?: "anonymous" | "password" | "ticket" | "token"): string {
  switch (fault.kind) {
    case "wrong-request":
      return `${fault.operation}: ${fault.path} ${fault.rule}${itIs(fault.value)}`;
    case "not-reached":
      return `the WebEx site was not reached: ${withoutStop(fault.reason)}`;
    case "timed-out":
      return fault.wasSent
        ? `the WebEx site did not answer within ${fault.afterMs} ms`
        : `the request was not sent: others went to the WebEx site for ${fault.afterMs} ms`;
    case "redirected":
      return `the WebEx site answered with a redirect (HTTP ${fault.status}); check the address of its XML API`;
    case "http-status":
      return `the WebEx site answered with HTTP ${fault.status} and ${formWords[fault.looksLike]}`;
    case "too-large":
      return `the answer of the WebEx site is longer than ${fault.limitBytes} bytes`;
    case "not-xml":
      return `the WebEx site answered with ${formWords[fault.looksLike]}; check the address of its XML API`;
    case "bad-xml":
      return `the answer of the WebEx site is no XML that is accepted: ${fault.reason}`;
    case "not-a-message":
      return `the answer of the WebEx site is no message of the XML API: ${fault.reason}`;
    case "wrong-field":
      return `in the answer to ${fault.operation}, ${fault.path} ${fault.rule}${itIs(fault.value)}`;
    case "refused": {
      const parts = fault.subErrors.map(
        ({ exceptionId, reason, value }) => `${exceptionId} ${withoutStop(reason)}`.trim() + itIs(value),
      );
      const whole = `${fault.exceptionId} ${withoutStop(fault.reason)}`.trim() || "without a reason";
      const said = shortened([`${whole}${itIs(fault.value)}`, ...parts].join("; "));
      const advice = fault.why === "wrong-credentials" ? proofAdvice[proof ?? "unknown"] : refusalAdvice[fault.why];
      return `the WebEx site refused: ${said}${advice}`;
    }
  }
}

const formWords: Readonly<Record<AnswerForm, string>> = {
  html: "an HTML page instead of XML",
  empty: "nothing",
  xml: "XML that is no refusal",
  other: "text that is no XML",
};

const proofAdvice = {
  anonymous: " (the site wants a user)",
  password: " (check the user name and the password)",
  ticket: " (check the user name and the ticket)",
  token: " (check the token, and whose it is)",
  unknown: " (check the user name, and its password or token)",
};

const refusalAdvice: Readonly<Record<Exclude<RefusalWhy, "wrong-credentials">, string>> = {
  "access-denied": " (the user may not do this)",
  "rate-limit": " (too many requests; wait a minute)",
  "not-responding": "",
  "not-found": "",
  "already-exists": "",
  "password-needed": " (give the meeting a password)",
  "switched-off": " (whoever administers the site, or WebEx, can change that)",
  "too-many": " (send fewer at once)",
  other: "",
};

const mostSaid = 400;

/** A site may send any length of words, in any lines. */
function shortened(said: string): string {
  return cut(said.replaceAll(/\s+/g, " "), mostSaid);
}

/** Others end their sentences; here they go on. */
function withoutStop(said: string): string {
  return said.trimEnd().replace(/(?<!\.)\.$/, "");
}

function itIs(value: string | undefined): string {
  return value === undefined ? "" : ` (it is ${JSON.stringify(cut(value, 60))})`;
}
