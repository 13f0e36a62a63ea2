import type { Site } from "../client/url-api/site.ts";
import { requestOfPage, XmlApi, xmlAddress } from "../client/xml-api/client.ts";
import { isEmptyList, mayBeCarriedOut, sayFault, type XmlApiFault } from "../client/xml-api/faults.ts";
import type { Operation } from "../client/xml-api/fields.ts";
import { operationNamed, operations } from "../client/xml-api/operations.ts";
import { type SecurityContext, showRequest } from "../client/xml-api/request.ts";
import type { WrongField } from "../client/xml-api/response.ts";
import { getSessionInfo } from "../client/xml-api/session-info.ts";
import { allPrintable, printable } from "../doors/foundation.ts";
import { type AccessOptions, findContext, findSite, secretOfFile } from "./access.ts";
import { lines, okOr, printJson, unknownName, WebexError, type WebexPorts } from "./run.ts";
import { sessionText } from "./session.ts";
import { requestOf } from "./values.ts";

export interface CallOptions extends AccessOptions {
  readonly all?: true;
  readonly most?: number;
  readonly dryRun?: true;
}

export interface SessionOptions extends AccessOptions {
  readonly sessionPasswordFile?: string;
  readonly json?: true;
  readonly dryRun?: true;
}

/** The operation of this name, in any case of its letters. Throws a WebexError where there is none. */
export function findOperation(name: string): Operation {
  const exact = operationNamed(name);
  if (exact) return exact;
  const known = Object.keys(operations);
  const near = known.find((each) => each.toLowerCase() === name.toLowerCase());
  const found = near === undefined ? undefined : operationNamed(near);
  if (found) return found;
  throw new WebexError(unknownName("operation", name, known, "operations"));
}

/** Carries out an operation and prints its answer as JSON. What goes wrong is thrown as a WebexError. */
export async function call(operation: Operation, words: readonly string[], options: CallOptions, ports: WebexPorts) {
  const { all, most, dryRun } = options;
  if (most !== undefined && !all) throw new WebexError("--most goes with --all");
  if (all && operation.items === undefined) {
    const why = operation.kind === "list" ? "has no pages, and answers with the whole list" : "is no list";
    throw new WebexError(`${operation.name} ${why}: leave --all out`);
  }
  const site = okOr(findSite(options, ports));
  const request = okOr(await requestOf(operation, words, ports));
  const credentials = okOr(await findContext(site, options, ports, dryRun === true));
  const pages = { ...(most !== undefined && { most }) };
  if (dryRun)
    return printRequest(operation, all ? requestOfPage(request, 0, pages) : request, site, credentials, ports);
  const api = apiOf(site, credentials, ports);
  // What has another type than the table says is left out, and said.
  const reads = { reads: [] };
  if (all) {
    const found = await api.listUntyped(operation, request, { ...reads, ...pages });
    if (!found.ok) throw new WebexError(say(found.error, operation, credentials));
    const { items, total, isComplete, wrong } = found.value;
    printJson(items, ports);
    leftOut(wrong, ports);
    if (!isComplete) ports.warn(`not all: ${items.length} of ${total ?? "more"}; --most allows more`);
    return;
  }
  const answer = await api.callUntyped(operation, request, reads);
  if (!answer.ok && operation.kind === "list" && isEmptyList(answer.error)) {
    printJson(emptyAnswer(operation), ports);
    return;
  }
  if (!answer.ok) throw new WebexError(say(answer.error, operation, credentials));
  printJson(answer.value.value, ports);
  leftOut(answer.value.wrong, ports);
}

/** Prints what the site shows of a session. What goes wrong is thrown as a WebexError. */
export async function showSession(sessionKey: string, options: SessionOptions, ports: WebexPorts) {
  const { sessionPasswordFile: file, json, dryRun } = options;
  const site = okOr(findSite(options, ports));
  const password =
    file === undefined ? ports.variables.WEBEX_SESSION_PASSWORD : okOr(secretOfFile(file, ports.readFile));
  const credentials = okOr(await findContext(site, options, ports, dryRun === true));
  const request = { sessionKey, ...(password ? { sessionPassword: password } : {}) };
  if (dryRun) return printRequest(operations.getSessionInfo, request, site, credentials, ports);
  const info = await getSessionInfo(apiOf(site, credentials, ports), request);
  if (!info.ok) throw new WebexError(say(info.error, operations.getSessionInfo, credentials));
  const { service, mode, elements } = info.value;
  if (json) printJson({ service, mode, elements }, ports);
  else lines(sessionText(allPrintable(info.value), ports.terminal()), ports);
}

/** What would be sent, with a sign for each secret. */
function printRequest(
  operation: Operation,
  request: unknown,
  site: Site,
  credentials: SecurityContext,
  ports: WebexPorts,
): void {
  const shown = showRequest(operation, request, credentials);
  if (!shown.ok) throw new WebexError(say(shown.error, operation, credentials));
  lines([`POST ${xmlAddress(site)}`, "content-type: text/xml; charset=UTF-8", "", ...indented(shown.value)], ports);
}

function apiOf(site: Site, credentials: SecurityContext, { fetch, timers, now }: WebexPorts): XmlApi {
  return new XmlApi({ site, credentials, waitsForRateLimit: false }, { fetch, timers, now });
}

/** Sites refuse a list without items; to a program that reads the answer it is a list all the same. */
function emptyAnswer({ response }: Operation): Readonly<Record<string, readonly never[]>> {
  const lists = response === "open" ? [] : Object.entries(response).filter(([, { kind }]) => kind === "list");
  return Object.fromEntries(lists.map(([name]) => [name, []]));
}

function say(fault: XmlApiFault, operation: Operation, { form }: SecurityContext): string {
  return [sayFault(fault, form), ...advice(fault, operation)].join("; ");
}

function advice(fault: XmlApiFault, { name, kind }: Operation): readonly string[] {
  if (fault.kind === "wrong-request") return [`\`bridgehead webex operations ${name}\` says what it has`];
  const site = fault.kind === "not-reached" ? ["check --site"] : [];
  if (kind !== "get" && kind !== "list" && mayBeCarriedOut(fault))
    return [...site, `${name} may have been carried out: look before you repeat it`];
  const isLate = fault.kind === "timed-out" || (fault.kind === "refused" && fault.why === "not-responding");
  return isLate ? ["try again later"] : site;
}

function leftOut(wrong: readonly WrongField[], ports: WebexPorts): void {
  for (const { path, rule } of wrong) ports.warn(printable(`left out: ${path} ${rule}`));
}

/** One element a line; what steers a terminal, or ends a line within a value, is written as its code. */
function indented(xml: string): readonly string[] {
  let depth = 0;
  return xml.split(/(?<=>)\n?(?=<)/).map((part) => {
    if (part.startsWith("</")) depth -= 1;
    const line = "  ".repeat(depth) + printable(part);
    if (/^<[^?/>][^>]*>$/.test(part) && !part.endsWith("/>")) depth += 1;
    return line;
  });
}
