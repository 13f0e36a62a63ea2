import { type OperationName, operationNamed } from "../tables/operations.ts";
import type { Operation } from "../tables/schema.ts";
import { read, type Values, write } from "../wire/codec.ts";
import { type Asked, answerText, readRequest, refusalText } from "../wire/message.ts";
import { type ElementToWrite, parseXml, textIn } from "../wire/xml.ts";
import { isForEverybody, XmlCall } from "./call.ts";
import { Refusal } from "./refusal.ts";
import { partnerId, type SiteData, type SiteUser, siteId, siteName } from "./site.ts";
import { isOn, text } from "./values.ts";
import { handlers } from "./verbs.ts";

/** Window of the rate limit, in milliseconds. */
const rateWindowMs = 60_000;

/** Answers one message of the XML API. A refusal is also an answer. */
export function answerXml(site: SiteData, body: string): string {
  const noted = { operation: "", webExId: "" };
  try {
    const answers = site.atOnce(() => carryOut(site, body, noted));
    site.note({ way: "xml", ...noted, result: "SUCCESS", detail: null });
    return answerText(answers);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    site.note({ way: "xml", ...noted, result: error.id, detail: error.detail });
    return refusal(error);
  }
}

export function refusal({ id, says, detail }: Refusal): string {
  return refusalText(id, says, detail);
}

interface Task {
  readonly operation: Operation;
  readonly asked: Asked;
}

/** Carries out all operations of a message, or none. */
function carryOut(
  site: SiteData,
  body: string,
  noted: { operation: string; webExId: string },
): readonly ElementToWrite[] {
  const root = parseXml(body);
  if (!root.ok) throw new Refusal("invalid", root.error.kind === "bad-xml" ? root.error.reason : "it is not XML");
  const request = readRequest(root.value);
  if (!request.ok) throw new Refusal("invalid", request.error);
  const { context, asked } = request.value;
  noted.webExId = text(context, "webExID") ?? text(context, "email") ?? "";
  const tasks = asked.map((one): Task | undefined => {
    const found = one.binding === null ? undefined : operationNamed(one.binding);
    return found?.request === undefined ? undefined : { operation: found, asked: one };
  });
  noted.operation = tasks.flatMap((task) => task?.operation.name ?? []).join(" ");
  checkRate(site);
  checkSite(context);
  const user = callerOf(site, context, tasks);
  // Checks the body only after the credentials.
  if (asked.length === 0) throw new Refusal("invalid", "body.bodyContent is required");
  return tasks.map((task) => {
    if (!task) throw new Refusal("notRecognized", "there is no such operation here");
    return answerOf(site, user, task);
  });
}

function answerOf(site: SiteData, user: SiteUser | null, { operation, asked }: Task): ElementToWrite {
  const { name, request, anyOf, answer, prefix } = operation;
  const values = read(asked.element, { of: request, ...(anyOf && { anyOf }) }, "strict");
  if (!values.ok) throw new Refusal("invalid", `${values.error.path || name} ${values.error.rule}`);
  mustBeServed(site, user, name, values.value.values);
  const call = new XmlCall(site, user, operation, values.value.values);
  const written = write({ of: answer, prefix }, handlers[name as OperationName](call), { picks: true });
  if (!written.ok) throw new Error(`${name}: ${written.error.path} ${written.error.rule}`);
  return { name: "serv:bodyContent", attributes: { "xsi:type": `${prefix}:${name}Response` }, content: written.value };
}

function checkSite(context: Values): void {
  if (context.siteID === undefined && context.siteName === undefined)
    throw new Refusal("invalid", "securityContext must have siteID or siteName");
  const isOther =
    (context.siteID !== undefined && context.siteID !== siteId) ||
    (context.siteName !== undefined && String(context.siteName).toLowerCase() !== siteName);
  if (isOther) throw new Refusal("notRecognized", "there is no such site");
  if (context.partnerID !== undefined && context.partnerID !== partnerId) throw new Refusal("wrongPassword");
}

function checkRate(site: SiteData): void {
  const since = site.now() - rateWindowMs;
  const sent = site.store.all("request").filter(({ way, at }) => way === "xml" && at > since).length;
  if (sent >= site.own.rateLimit) throw new Refusal("rateLimit");
}

/** Returns the user of the security context; `null` without one. */
function callerOf(site: SiteData, context: Values, tasks: readonly (Task | undefined)[]): SiteUser | null {
  const { webExID, email, password, sessionTicket, webExAccessToken } = context;
  const isNamed = webExID !== undefined || email !== undefined;
  const hasProof = [password, sessionTicket, webExAccessToken].some((one) => one !== undefined);
  if (!isNamed && !hasProof) {
    if (tasks.length > 0 && tasks.every((task) => task && isForEverybody(task.operation.name))) return null;
    throw new Refusal("accessDenied");
  }
  const named = webExID === undefined ? site.userByEmail(email ?? "") : site.userNamed(webExID);
  const isTheirs = (user: SiteUser | undefined) => user !== undefined && (!isNamed || user.key === named?.key);
  let caller: SiteUser | undefined;
  if (sessionTicket !== undefined) {
    caller = site.bearer("session-ticket", sessionTicket);
    if (!isTheirs(caller)) throw new Refusal("wrongTicket");
  } else if (webExAccessToken !== undefined) {
    caller = site.bearer("access-token", webExAccessToken);
  } else if (password !== undefined) {
    caller = named?.password === password ? named : undefined;
  } else caller = authenticated(site, named, tasks);
  if (!caller || !isTheirs(caller)) throw new Refusal("wrongPassword");
  if (caller.profile.active !== "ACTIVATED") throw new Refusal("wrongPassword", "the account is not active");
  return caller;
}

/** Returns the user of authenticateUser, by a token or an assertion. Does not check signatures. */
function authenticated(
  site: SiteData,
  named: SiteUser | undefined,
  tasks: readonly (Task | undefined)[],
): SiteUser | undefined {
  const [only, ...others] = tasks;
  if (only?.operation.name !== "authenticateUser" || others.length > 0 || !named) return undefined;
  const { element } = only.asked;
  const byToken = site.bearer("access-token", textIn(element, "accessToken"));
  const assertion = Buffer.from(textIn(element, "samlResponse"), "base64").toString("utf8");
  const [, name = ""] = /<(?:\w+:)?NameID[^>]*>([^<]*)</.exec(assertion) ?? [];
  const asserted = site.userNamed(name.trim()) ?? site.userByEmail(name.trim());
  return byToken?.key === named.key || asserted?.key === named.key ? named : undefined;
}

/** Operations that need classic events (API 41.12). */
const ofEvents = ["createEvent", "setEvent", "getEvent", "lstsummaryEvent", "lstrecordedEvent"];
/** Operations that a suspended site refuses (API 42.5 and 42.6). */
const whileSuspended = /^(?:create|set)(?:Meeting|Event|TrainingSession)$|^createUser$/;

function mustBeServed(site: SiteData, user: SiteUser | null, name: string, request: Values): void {
  const { settings } = site;
  const hasEvents = isOn(settings, "supportedServices", "eventCenter", "enabled");
  const isEvent = name === "getSessionInfo" && site.store.get("session", Number(request.sessionKey))?.service === "EC";
  if (!hasEvents && (ofEvents.includes(name) || isEvent)) throw new Refusal("eventsOff");
  const isByAdmin = name === "setUser" && user?.role === "admin";
  if (!isOn(settings, "metaData", "activateStatus") && (whileSuspended.test(name) || isByAdmin))
    throw new Refusal("suspended");
}
