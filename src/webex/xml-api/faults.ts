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
  | { readonly kind: "not-reached"; readonly reason: string }
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
  readonly subErrors: readonly SubError[];
  /** What the site refused, where it says. */
  readonly value?: string;
  readonly gsbStatus?: "PRIMARY" | "BACKUP";
  /** Of a rate limit: milliseconds since 1970. */
  readonly retryAt?: number;
}

export type AnswerForm = "html" | "empty" | "xml" | "other";

/**
 * The exception ids whose meaning is public (protocol 6.3). `documented`: in the documentation or its release notes; `callers`: only in
 * programs that call the API.
 */
export const knownExceptions: Readonly<
  Record<string, { readonly why: Exclude<RefusalWhy, "other">; readonly standing: "documented" | "callers" }>
> = {
  "000001": { why: "access-denied", standing: "documented" },
  "000015": { why: "not-found", standing: "callers" },
  "000035": { why: "not-responding", standing: "documented" },
  "000045": { why: "rate-limit", standing: "documented" },
  "030001": { why: "not-found", standing: "callers" },
  "030002": { why: "wrong-credentials", standing: "documented" },
  "030004": { why: "already-exists", standing: "callers" },
  "030005": { why: "already-exists", standing: "callers" },
  "060001": { why: "not-found", standing: "callers" },
  "060019": { why: "not-found", standing: "callers" },
  "060021": { why: "access-denied", standing: "callers" },
};

/** A list without items (000015): sites refuse to list nothing. */
export const noRecordId = "000015";

export function whyRefused(exceptionId: string): RefusalWhy {
  return Object.hasOwn(knownExceptions, exceptionId) ? (knownExceptions[exceptionId]?.why ?? "other") : "other";
}

/** The fault as a sentence for people. */
export function sayFault(fault: XmlApiFault): string {
  switch (fault.kind) {
    case "wrong-request":
      return `${fault.operation}: ${fault.path} ${fault.rule}${itIs(fault.value)}`;
    case "not-reached":
      return `the WebEx site was not reached: ${fault.reason}`;
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
      const parts = fault.subErrors.map(({ exceptionId, reason, value }) => `${exceptionId} ${reason}${itIs(value)}`);
      const whole = `${fault.exceptionId} ${fault.reason}`.trim() || "without a reason";
      const said = [`${whole}${itIs(fault.value)}`, ...parts].join("; ");
      return `the WebEx site refused: ${said}${refusalAdvice[fault.why]}`;
    }
  }
}

const formWords: Readonly<Record<AnswerForm, string>> = {
  html: "an HTML page instead of XML",
  empty: "nothing",
  xml: "XML that is no refusal",
  other: "text that is no XML",
};

const refusalAdvice: Readonly<Record<RefusalWhy, string>> = {
  "wrong-credentials": " (check the user name and the password)",
  "access-denied": " (the user may not do this)",
  "rate-limit": " (too many requests; wait a minute)",
  "not-responding": " (try again later)",
  "not-found": "",
  "already-exists": "",
  other: "",
};

function itIs(value: string | undefined): string {
  return value === undefined ? "" : ` (it is ${JSON.stringify(value.length <= 60 ? value : `${value.slice(0, 60)}…`)})`;
}
