import { err, ok, type Result } from "../doors/foundation.ts";
import { exceptionOf, type RefusalWhy } from "../tables/exceptions.ts";
import { digits, group, namespaces, type Prefix, secret, text } from "../tables/schema.ts";
import { read, type Values } from "./codec.ts";
import { child, childrenNamed, type ElementToWrite, textIn, writeXml, type XmlElement } from "./xml.ts";

const bindings = "java:com.webex.service.binding.";

/** Elements of a security context, in the schema's order. */
export const securityContext = group({
  webExID: text,
  password: secret,
  siteID: digits,
  siteName: text,
  partnerID: secret,
  email: text,
  sessionTicket: secret,
  webExAccessToken: secret,
});

function message(
  header: ElementToWrite,
  body: readonly ElementToWrite[],
  prefixes: readonly Prefix[],
  ours: string,
): string {
  const declared = prefixes.map((prefix) => [`xmlns:${prefix}`, namespaces[prefix]]);
  return writeXml({
    name: "serv:message",
    attributes: { ...Object.fromEntries(declared), "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance" },
    content: [
      { name: `${ours}header`, content: [header] },
      { name: `${ours}body`, content: body },
    ],
  });
}

/** Writes a request. */
export function requestText(
  context: readonly ElementToWrite[],
  binding: string,
  content: readonly ElementToWrite[],
): string {
  const attributes = { "xsi:type": bindings + binding };
  return message(
    { name: "securityContext", content: context },
    [{ name: "bodyContent", attributes, content }],
    ["serv"],
    "",
  );
}

/** One operation of a request. */
export interface Asked {
  /** Binding such as `meeting.CreateMeeting`; `null` if none is named. */
  readonly binding: string | null;
  readonly element: XmlElement;
}

/** Reads the context and operations of a request. Prefixes and the form of `xsi:type` can vary. */
export function readRequest(
  root: XmlElement,
): Result<{ readonly context: Values; readonly asked: readonly Asked[] }, string> {
  if (root.name !== "message") return err("the root must be message");
  const odd = root.children.find(({ name }) => name !== "header" && name !== "body");
  if (odd) return err(`message.${odd.name} is not in the schema`);
  if (root.children.length !== 2) return err("message must have one header and one body");
  const header = child(root, "header");
  const [context, ...more] = header?.children ?? [];
  if (context?.name !== "securityContext" || more.length > 0)
    return err("header must have one securityContext, and nothing else");
  const values = read(context, securityContext, "strict");
  if (!values.ok) return err(`securityContext.${values.error.path} ${values.error.rule}`);
  const asked = child(root, "body")?.children ?? [];
  const other = asked.find(({ name }) => name !== "bodyContent");
  if (other) return err(`body.${other.name} is not in the schema`);
  return ok({
    context: values.value.values,
    asked: asked.map((element) => ({ element, binding: bindingOf(element.type) })),
  });
}

/** Reads `java:com.webex.service.binding.meeting.CreateMeeting` with any prefix or none, and `meet:createMeeting`. */
function bindingOf(type: string): string | null {
  const name = type.slice(type.indexOf(":") + 1).replace(/\s+/g, "");
  const [, java] = /(?:^|\.)binding\.([\w.]+)$/.exec(name) ?? [];
  return java ?? (/^\w+$/.test(name) ? name : null);
}

const inAnswer = Object.keys(namespaces) as readonly Prefix[];

/** Writes an answer. */
export function answerText(body: readonly ElementToWrite[]): string {
  const answer = [
    { name: "serv:result", content: "SUCCESS" },
    { name: "serv:gsbStatus", content: "PRIMARY" },
  ];
  return message({ name: "serv:response", content: answer }, body, inAnswer, "serv:");
}

export function refusalText(id: string, reason: string, detail: string | null): string {
  const more = [
    { name: "serv:exceptionID", content: id },
    { name: "serv:reason", content: detail ?? "" },
  ];
  const answer = [
    { name: "serv:result", content: "FAILURE" },
    { name: "serv:reason", content: reason },
    { name: "serv:gsbStatus", content: "PRIMARY" },
    { name: "serv:exceptionID", content: id },
    ...(detail === null ? [] : [{ name: "serv:subErrors", content: [{ name: "serv:subError", content: more }] }]),
  ];
  return message(
    { name: "serv:response", content: answer },
    [{ name: "serv:bodyContent", content: [] }],
    ["serv"],
    "serv:",
  );
}

/** A part of a refusal about one field. */
export interface SubError {
  readonly exceptionId: string;
  readonly reason: string;
  readonly value?: string;
}

export interface Refused {
  readonly kind: "refused";
  readonly why: RefusalWhy;
  /** Exception id from the site; empty if it sent none. */
  readonly exceptionId: string;
  readonly reason: string;
  /** Limited to 100. */
  readonly subErrors: readonly SubError[];
  /** The refused value, if the site sends it. */
  readonly value?: string;
  /** End of the rate limit, in milliseconds since 1970. */
  readonly retryAt?: number;
}

const mostSubErrors = 100;

/** Reads the content of an answer, or its refusal. */
export function readAnswer(root: XmlElement): Result<XmlElement | Refused, string> {
  if (root.name.toLowerCase() !== "message") return err("its root is not message");
  const header = child(root, "header");
  const answers = header ? childrenNamed(header, "response") : [];
  const failed = answers.find((one) => textIn(one, "result").toUpperCase() === "FAILURE");
  if (failed) return ok(refusedOf(failed));
  if (textIn(answers[0], "result").toUpperCase() !== "SUCCESS") return err("its header has no result");
  const nothing: XmlElement = { name: "bodyContent", children: [], text: "", isNil: false, type: "" };
  return ok(child(child(root, "body"), "bodyContent") ?? nothing);
}

function refusedOf(failed: XmlElement): Refused {
  const part = (element: XmlElement): SubError => {
    const value = textIn(element, "value");
    return { exceptionId: textIn(element, "exceptionID"), reason: textIn(element, "reason"), ...(value && { value }) };
  };
  const listed = child(failed, "subErrors");
  const subErrors = listed ? childrenNamed(listed, "subError").slice(0, mostSubErrors).map(part) : [];
  const known = [part(failed), ...subErrors].map(({ exceptionId }) => exceptionOf(exceptionId)?.why);
  return { kind: "refused", why: known.find(Boolean) ?? "other", ...part(failed), subErrors };
}
