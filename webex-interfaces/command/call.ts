import { describeFault, isEmptyList, mayHaveTakenEffect, type XmlApiFault } from "../client/faults.ts";
import { getSessionInfo } from "../client/session-info.ts";
import type { Site } from "../client/site-address.ts";
import { buildRequest, type Credentials, listAll, XmlApi, xmlAddress } from "../client/xml-api.ts";
import { allPrintable, printable } from "../doors/foundation.ts";
import { type AnyOperation, isOpen, operationNamed, operations } from "../tables/operations.ts";
import type { WrongField } from "../wire/codec.ts";
import { type AccessOptions, findCredentials, findSite, secretOfFile } from "./access.ts";
import { lines, okOr, printJson, unknownName, WebexError, type WebexPorts } from "./run.ts";
import { sessionText } from "./session.ts";
import { requestOf } from "./values.ts";

export interface CallOptions extends AccessOptions {
  readonly all?: true;
  readonly dryRun?: true;
}

export interface SessionOptions extends AccessOptions {
  readonly sessionPasswordFile?: string;
  readonly json?: true;
  readonly dryRun?: true;
}

/** Finds an operation by name or binding. Throws a WebexError if there is none. */
export function findOperation(name: string): AnyOperation {
  const found = operationNamed(name);
  if (found) return found;
  throw new WebexError(unknownName("operation", name, Object.keys(operations), "operations"));
}

/** Carries out an operation and prints its answer as JSON. Throws a WebexError. */
export async function call(operation: AnyOperation, words: readonly string[], options: CallOptions, ports: WebexPorts) {
  const { all, dryRun } = options;
  const items = isOpen(operation) ? undefined : operation.items;
  if (all && items === undefined) throw new WebexError(`${operation.name} is not a list: leave out --all`);
  const site = okOr(findSite(options, ports));
  const request = okOr(await requestOf(operation, words, ports));
  const credentials = okOr(await findCredentials(site, options, ports, dryRun === true));
  if (dryRun) return printRequest(operation, request, site, credentials, ports);
  const api = apiOf(site, credentials, ports);
  if (all && !isOpen(operation)) {
    const found = await listAll(api, operation, request, { reads: [] });
    if (!found.ok) throw new WebexError(say(found.error, operation, credentials));
    printJson(found.value.items, ports);
    leftOut(found.value.wrong, ports);
    if (!found.value.isComplete) ports.warn(`incomplete: only the first ${found.value.items.length} items`);
    return;
  }
  const answer = await api.callUntyped(operation, request, []);
  if (!answer.ok && operation.kind === "list" && isEmptyList(answer.error)) {
    printJson(items === undefined ? {} : { [items]: [] }, ports);
    return;
  }
  if (!answer.ok) throw new WebexError(say(answer.error, operation, credentials));
  printJson(answer.value.value, ports);
  leftOut(answer.value.wrong, ports);
}

/** Prints the elements of a session that the site shows. Throws a WebexError. */
export async function showSession(sessionKey: string, options: SessionOptions, ports: WebexPorts) {
  const { sessionPasswordFile: file, json, dryRun } = options;
  const site = okOr(findSite(options, ports));
  const { WEBEX_SESSION_PASSWORD } = ports.variables;
  const password = file === undefined ? WEBEX_SESSION_PASSWORD : okOr(secretOfFile(file, ports.readFile));
  const credentials = okOr(await findCredentials(site, options, ports, dryRun === true));
  const request = { sessionKey, ...(password ? { sessionPassword: password } : {}) };
  if (dryRun) return printRequest(operations.getSessionInfo, request, site, credentials, ports);
  const info = await getSessionInfo(apiOf(site, credentials, ports), request);
  if (!info.ok) throw new WebexError(say(info.error, operations.getSessionInfo, credentials));
  const { service, mode, elements } = info.value;
  if (json) printJson({ service, mode, elements }, ports);
  else lines(sessionText(allPrintable(info.value), ports.terminal()), ports);
}

/** Prints the request, with `…` for each secret. */
function printRequest(
  operation: AnyOperation,
  request: unknown,
  site: Site,
  credentials: Credentials,
  ports: WebexPorts,
): void {
  const built = buildRequest(operation, request, credentials, true);
  if (!built.ok) throw new WebexError(say(built.error, operation, credentials));
  lines(
    [`POST ${xmlAddress(site)}`, "content-type: text/xml; charset=UTF-8", "", ...indented(built.value.body)],
    ports,
  );
}

export function apiOf(site: Site, credentials: Credentials, ports: WebexPorts, waitsForRateLimit = false): XmlApi {
  return new XmlApi({ site, credentials, waitsForRateLimit }, ports);
}

export function say(fault: XmlApiFault, { name, kind }: AnyOperation, { form, partnerId }: Credentials): string {
  const isRead = kind === "get" || kind === "list";
  const isRefused = fault.kind === "refused" && fault.why === "wrong-credentials";
  const advice = [
    fault.kind === "wrong-request" ? `\`bridgehead webex operations ${name}\` lists its fields` : "",
    fault.kind === "not-reached" ? "check --site" : "",
    isRefused && partnerId ? "check WEBEX_PARTNER_ID" : "",
    !isRead && mayHaveTakenEffect(fault) ? `${name} may have been carried out: check before you repeat it` : "",
  ];
  return [describeFault(fault, form), ...advice.filter(Boolean)].join("; ");
}

function leftOut(wrong: readonly WrongField[], ports: WebexPorts): void {
  for (const { path, rule } of wrong) ports.warn(printable(`left out: ${path} ${rule}`));
}

/** Returns one element a line, with control characters as codes. */
function indented(xml: string): readonly string[] {
  let depth = 0;
  return xml.split(/(?<=>)\n?(?=<)/).map((part) => {
    if (part.startsWith("</")) depth -= 1;
    const line = "  ".repeat(depth) + printable(part);
    if (/^<[^?/>][^>]*>$/.test(part) && !part.endsWith("/>")) depth += 1;
    return line;
  });
}
