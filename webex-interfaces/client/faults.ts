import { cut } from "../doors/foundation.ts";
import { exceptionOf, exceptions, type RefusalWhy } from "../tables/exceptions.ts";
import type { WrongField } from "../wire/codec.ts";
import type { Refused } from "../wire/message.ts";
import type { DocumentForm, XmlFault } from "../wire/xml.ts";

/** Why there is no answer. It contains no password, ticket or token. */
export type XmlApiFault =
  /** The request does not fit its table, and was not sent. */
  | (WrongField & { readonly kind: "wrong-request"; readonly operation: string })
  /** `wasSent` is absent if the request may have been sent. */
  | { readonly kind: "not-reached"; readonly reason: string; readonly wasSent?: false }
  /** The request may have been carried out. */
  | { readonly kind: "timed-out"; readonly afterMs: number }
  /** The site redirects the request. Credentials are not sent there. */
  | { readonly kind: "redirected"; readonly status: number }
  | { readonly kind: "http-status"; readonly status: number }
  | { readonly kind: "too-large"; readonly limitBytes: number }
  | XmlFault
  | { readonly kind: "not-a-message"; readonly reason: string }
  /** A used field is missing or wrong. */
  | (WrongField & { readonly kind: "wrong-field"; readonly operation: string })
  | Refused;

/** True for an empty list, which WebEx reports as an error. */
export function isEmptyList(fault: XmlApiFault): boolean {
  return fault.kind === "refused" && fault.exceptionId === exceptions.noRecord.id;
}

/** True if the site must have accepted the credentials before this answer. An unknown refusal proves nothing. */
export function provesCredentials(fault: XmlApiFault): boolean {
  if (fault.kind !== "refused") return fault.kind === "wrong-field";
  return exceptionOf(fault.exceptionId)?.proves === true;
}

/** True if the site may have carried the request out. */
export function mayHaveTakenEffect(fault: XmlApiFault): boolean {
  switch (fault.kind) {
    case "wrong-request":
    case "redirected":
      return false;
    case "not-reached":
      return fault.wasSent !== false;
    case "http-status":
      return fault.status >= 500;
    case "refused":
      return fault.why === "not-responding";
    default:
      return true;
  }
}

/** Returns the fault as a sentence without a period. `proof`: how the caller authenticated. */
export function describeFault(fault: XmlApiFault, proof?: "anonymous" | "password" | "ticket" | "token"): string {
  switch (fault.kind) {
    case "wrong-request":
      return `${fault.operation}: ${fault.path} ${fault.rule}${itIs(fault.value)}`;
    case "not-reached":
      return `the WebEx site was not reached: ${withoutStop(fault.reason)}`;
    case "timed-out":
      return `the WebEx site did not answer within ${fault.afterMs} ms`;
    case "redirected":
      return `the WebEx site answered with a redirect (HTTP ${fault.status}); check the address of its XML API`;
    case "http-status":
      return `the WebEx site answered with HTTP ${fault.status}`;
    case "too-large":
      return `the answer of the WebEx site is longer than ${fault.limitBytes} bytes`;
    case "not-xml":
      return `the WebEx site answered with ${formWords[fault.looksLike]}; check the address of its XML API`;
    case "bad-xml":
      return `the answer of the WebEx site is not valid XML: ${fault.reason}`;
    case "not-a-message":
      return `the answer of the WebEx site is not a message of the XML API: ${fault.reason}`;
    case "wrong-field":
      return `in the answer to ${fault.operation}, ${fault.path} ${fault.rule}${itIs(fault.value)}`;
    case "refused": {
      const parts = [fault, ...fault.subErrors].map(
        ({ exceptionId, reason, value }) => `${exceptionId} ${withoutStop(reason)}`.trim() + itIs(value),
      );
      // A site may send a text of any length, on several lines.
      const said = cut((parts.join("; ") || "without a reason").replaceAll(/\s+/g, " "), 400);
      return `the WebEx site refused: ${said}${advice(fault.why, proof)}`;
    }
  }
}

const formWords: Readonly<Record<DocumentForm, string>> = {
  html: "an HTML page instead of XML",
  empty: "nothing",
  other: "text that is not XML",
};

const proofAdvice = {
  anonymous: " (the site requires a user)",
  password: " (check the user name and the password)",
  ticket: " (check the user name and the ticket)",
  token: " (check the token and the user name)",
};

const refusalAdvice: Readonly<Partial<Record<RefusalWhy, string>>> = {
  "access-denied": " (the user is not allowed to do this)",
  "rate-limit": " (too many requests; wait a minute)",
  "password-needed": " (give the meeting a password)",
  "switched-off": " (the site's administrator, or WebEx, can change that)",
  "too-many": " (send fewer at once)",
};

function advice(why: RefusalWhy, proof: keyof typeof proofAdvice = "password"): string {
  return (why === "wrong-credentials" ? proofAdvice[proof] : refusalAdvice[why]) ?? "";
}

function withoutStop(said: string): string {
  return said.trimEnd().replace(/(?<!\.)\.$/, "");
}

function itIs(value: string | undefined): string {
  return value === undefined ? "" : ` (it is ${JSON.stringify(cut(value, 60))})`;
}
