import { Call } from "./call.ts";
import { type Entry, entries } from "./operations.ts";
import { Refusal } from "./refusals.ts";
import { namespaces, readTree, type Tree, typeNamed, writeTree } from "./schema.ts";
import { RATE_WINDOW_MS, type Site } from "./site.ts";
import { mustBeServed } from "./switched-off.ts";
import type { UserRow } from "./tables.ts";
import { text } from "./trees.ts";
import { parseXml, type ReadElement, writeXml, type XmlElement } from "./xml.ts";

const BINDING = "java:com.webex.service.binding.";

/** The XML API: one message in, one out. Everything that is refused is an answer, too. */
export function answerXml(site: Site, body: string): string {
  const asked = { operation: "", webExId: "" };
  try {
    const answers = site.atOnce(() => carryOut(site, body, asked));
    site.note("xml", asked.operation, asked.webExId, "SUCCESS", null);
    return message(
      element("serv:response", [leaf("serv:result", "SUCCESS"), leaf("serv:gsbStatus", "PRIMARY")]),
      answers,
    );
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    site.note("xml", asked.operation, asked.webExId, error.id ?? error.kind, error.detail);
    return refusal(error);
  }
}

export function refusal({ id, reason, detail }: Pick<Refusal, "id" | "reason" | "detail">): string {
  const subErrors =
    detail === null
      ? []
      : [element("serv:subError", [leaf("serv:exceptionID", id ?? ""), leaf("serv:reason", detail)])];
  const answer = element("serv:response", [
    leaf("serv:result", "FAILURE"),
    leaf("serv:reason", reason),
    leaf("serv:gsbStatus", "PRIMARY"),
    ...(id === null ? [] : [leaf("serv:exceptionID", id)]),
    ...(subErrors.length === 0 ? [] : [element("serv:subErrors", subErrors)]),
  ]);
  return message(answer, [element("serv:bodyContent", [])]);
}

/** The schema allows several operations in one message; all of them are done, or none. */
function carryOut(site: Site, body: string, asked: { operation: string; webExId: string }): XmlElement[] {
  const root = parseXml(body);
  if (root.name !== "message") throw new Refusal("invalid", "the root must be message");
  const isService = root.namespace === null || root.namespace === namespaces.serv;
  if (!isService) throw new Refusal("invalid", `the root must be of the namespace ${namespaces.serv}`);
  checkNamespaces(root);
  const [header, content] = only(root, ["header", "body"]);
  const context = securityContext(header);
  asked.webExId = text(context, "webExID") ?? text(context, "email") ?? "";
  const found = (content?.children ?? []).map((each) => ({ each, entry: entryOf(each) }));
  asked.operation = found.flatMap(({ entry }) => entry?.name ?? []).join(" ");
  checkRate(site);
  checkSite(site, context);
  const user = whoAsks(site, context, found);
  // Nothing of the body is judged before it is known who asks.
  if (found.length === 0) throw new Refusal("invalid", "body.bodyContent is required");
  return found.map(({ each, entry }) => {
    if (each.name !== "bodyContent") throw new Refusal("invalid", `body.${each.name} is not in the schema`);
    if (!entry) throw new Refusal("unknownOperation");
    const request = readTree(entry.request, { ...each, name: entry.name });
    const call = new Call(site, user, entry.who, request);
    mustBeServed(site, user, entry.name, request);
    const tree = entry.run(call);
    const type = `${entry.prefix}:${entry.type ?? entry.name}Response`;
    return { ...element("serv:bodyContent", entry.type === null ? [] : writeTree(entry.answer, tree)), type };
  });
}

/** The elements within the root are of a namespace of the schema, or of none. */
function checkNamespaces({ name, namespace, children }: ReadElement): void {
  if (namespace && !known.has(namespace)) throw new Refusal("invalid", `${name} is of another namespace: ${namespace}`);
  for (const child of children) checkNamespaces(child);
}

const known: ReadonlySet<string> = new Set(Object.values(namespaces));

function only(root: XmlElement, names: readonly string[]): readonly (XmlElement | undefined)[] {
  const other = root.children.find(({ name }, index) => name !== names[index]);
  if (other) throw new Refusal("invalid", `message.${other.name} is not in the schema, or stands in the wrong place`);
  if (root.children.length < names.length)
    throw new Refusal("invalid", `message.${names[root.children.length]} is required`);
  return root.children;
}

/** Its elements come in any order: the samples do not keep to the schema's. */
function securityContext(header: XmlElement | undefined): Tree {
  const [context] = only({ ...(header as XmlElement), name: "header" }, ["securityContext"]);
  const type = typeNamed("com.securityType")?.();
  if (!context || type?.kind !== "group") throw new Refusal("invalid", "header.securityContext is required");
  const order = type.elements.map(({ name }) => name);
  const children = context.children.toSorted((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  return readTree(() => type, { ...context, children });
}

function entryOf({ type }: XmlElement): Entry | undefined {
  return type.startsWith(BINDING) ? entries.get(type.slice(BINDING.length).trim()) : undefined;
}

function checkSite(site: Site, { siteID, siteName, partnerID }: Tree): void {
  const { site_id, name, partner_id } = site.row;
  if (siteID === undefined && siteName === undefined) throw new Refusal("invalid", "siteID or siteName is required");
  const isOther =
    (siteID !== undefined && siteID !== site_id) ||
    (siteName !== undefined && String(siteName).toLowerCase() !== name.toLowerCase());
  if (isOther) throw new Refusal("unknownSite");
  if (partnerID !== undefined && partnerID !== partner_id) throw new Refusal("wrongPassword");
}

function checkRate(site: Site): void {
  const since = site.now() - RATE_WINDOW_MS;
  const sent = site.one<{ count: number }>(
    "SELECT count(*) AS count FROM requests WHERE way = 'xml' AND at > ?",
    since,
  );
  if ((sent?.count ?? 0) >= site.row.rate_limit) throw new Refusal("rateLimit");
}

/** `null`: nobody, in the anonymous mode. */
function whoAsks(
  site: Site,
  context: Tree,
  found: readonly { each: XmlElement; entry: Entry | undefined }[],
): UserRow | null {
  const { webExID, email, password, sessionTicket, webExAccessToken } = context;
  const isNamed = webExID !== undefined || email !== undefined;
  const hasProof = [password, sessionTicket, webExAccessToken].some((each) => each !== undefined);
  if (!isNamed && !hasProof) {
    if (found.every(({ entry }) => entry?.who.nobody)) return null;
    throw new Refusal("accessDenied");
  }
  const user = webExID === undefined ? site.userByEmail(String(email ?? "")) : site.userNamed(String(webExID));
  const proof = () => {
    if (sessionTicket !== undefined) {
      const owner = site.bearer(["session-ticket"], String(sessionTicket));
      if (!owner || (isNamed && owner.user_id !== user?.user_id)) throw new Refusal("wrongTicket");
      return owner;
    }
    if (webExAccessToken !== undefined) {
      const owner = site.bearer(["access-token"], String(webExAccessToken));
      return owner && (!isNamed || owner.user_id === user?.user_id) ? owner : undefined;
    }
    if (password !== undefined) return user?.password === password ? user : undefined;
    // What this one operation has as its proof stands in the request itself.
    const [only, ...others] = found;
    if (only?.entry?.name !== "authenticateUser" || others.length > 0 || !user) return undefined;
    const token = only.each.children.find(({ name }) => name === "accessToken")?.text ?? "";
    const isTokens = site.bearer(["access-token"], token)?.user_id === user.user_id;
    return isTokens || isAssertedBy(only.each, user) ? user : undefined;
  };
  const caller = proof();
  if (!caller) throw new Refusal("wrongPassword");
  if (caller.active !== "ACTIVATED") throw new Refusal("inactive");
  return caller;
}

/** The simulated assertion is Base64 of XML whose NameID is the user; nobody signs it. */
function isAssertedBy(content: XmlElement, user: UserRow): boolean {
  const saml = content.children.find(({ name }) => name === "samlResponse")?.text ?? "";
  const [, name = ""] = /<(?:\w+:)?NameID[^>]*>([^<]*)</.exec(Buffer.from(saml, "base64").toString("utf8")) ?? [];
  return [user.web_ex_id, user.email].some((each) => each.toLowerCase() === name.trim().toLowerCase());
}

function message(response: XmlElement, body: readonly XmlElement[]): string {
  const prefixes = new Set(["serv", "com", ...body.flatMap(prefixesOf)]);
  const declared = Object.entries(namespaces).filter(([prefix]) => prefixes.has(prefix));
  const root = element("serv:message", [element("serv:header", [response]), element("serv:body", body)]);
  return writeXml(root, Object.fromEntries(declared.map(([prefix, uri]) => [`xmlns:${prefix}`, uri])));
}

function prefixesOf({ name, type, children }: XmlElement): string[] {
  return [name.split(":")[0] ?? "", type.split(":")[0] ?? "", ...children.flatMap(prefixesOf)];
}

function element(name: string, children: readonly XmlElement[]): XmlElement {
  return { name, type: "", text: "", children };
}

function leaf(name: string, text: string): XmlElement {
  return { name, type: "", text, children: [] };
}
