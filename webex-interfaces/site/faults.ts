import * as v from "valibot";
import { operationNamed } from "../tables/operations.ts";
import { escaped } from "../wire/xml.ts";
import { Refusal } from "./refusal.ts";
import { refusal } from "./xml-service.ts";

const count = v.pipe(v.number(), v.safeInteger("must be a whole number"), v.minValue(0, "must not be negative"));
const refusals = ["rateLimit", "notResponding", "accessDenied", "wrongPassword", "wrongTicket", "noRecord"] as const;
const isKnown = (name: string) => operationNamed(name) !== undefined;
const httpStatus = v.pipe(count, v.minValue(200, "must be 200 to 599"), v.maxValue(599, "must be 200 to 599"));

/** Faults of the XML API's answers. */
export const faultsBody = v.strictObject({
  /** Operation whose requests get the fault; if absent, all. */
  operation: v.optional(v.pipe(v.string(), v.check(isKnown, "must be an operation"))),
  /** Number of requests that get the fault; if absent, all. */
  times: v.optional(v.pipe(count, v.minValue(1, "must be at least 1"))),
  delayMs: v.optional(count, 0),
  /** Carries the request out without an answer. */
  hang: v.optional(v.boolean(), false),
  /** Refuses the request without carrying it out. */
  refuse: v.optional(v.picklist(refusals)),
  answer: v.optional(v.picklist(["html", "garbage", "empty", "truncated", "latin-1", "doctype"])),
  status: v.optional(httpStatus),
  /** Replaces the text of the first element with this name. */
  field: v.optional(
    v.strictObject({ name: v.pipe(v.string(), v.regex(/^\w+$/, "must be a name")), value: v.string() }),
  ),
});
export type Faults = v.InferOutput<typeof faultsBody>;

export const noFaults: Faults = { delayMs: 0, hang: false };

/** Returns the answer to one request, with these faults. Does not call `carryOut` for a refused request. */
export function answerWith({ refuse, answer, status = 200, field }: Faults, carryOut: () => string) {
  const right = refuse === undefined ? carryOut() : refusal(new Refusal(refuse));
  const text = field === undefined ? right : withField(right, field.name, field.value);
  const isLatin = answer === "latin-1";
  const contentType = answer === "html" ? "text/html" : `text/xml; charset=${isLatin ? "ISO-8859-1" : "UTF-8"}`;
  const body = Buffer.from(answer === undefined ? text : spoilt[answer](text), isLatin ? "latin1" : "utf8");
  return { status, contentType, body };
}

const spoilt: Readonly<Record<NonNullable<Faults["answer"]>, (text: string) => string>> = {
  html: () => "<!DOCTYPE html><html><body><p>Back soon.<br></body></html>",
  garbage: () => "\u0000\u0007]]>&<<serv:",
  empty: () => "",
  truncated: (text) => text.slice(0, text.length / 2),
  "latin-1": (text) => text.replace('encoding="UTF-8"', 'encoding="ISO-8859-1"'),
  doctype: (text) => text.replace("<serv:message", '<!DOCTYPE serv:message [<!ENTITY a "tide">]><serv:message'),
};

function withField(text: string, name: string, value: string): string {
  const element = new RegExp(`<((?:\\w+:)?${name})(?: [^>]*)?(?:/>|>[^<]*</\\1>)`);
  return text.replace(element, (_, tag) => `<${tag}>${escaped(value)}</${tag}>`);
}
