import { err, isRecord, ok, type Result } from "../../doors/foundation.ts";
import { isSecretName } from "../secret-names.ts";
import type { XmlApiFault } from "./faults.ts";
import { digits, type Kind, type Operation, secret, text, type ValuesOf, writeLeaf } from "./fields.ts";
import { type ElementToWrite, writeXml } from "./xml.ts";

/** The site by its name in the address or by its number. */
export type SiteRef = { readonly siteName: string } | { readonly siteId: string };

/** The person, by user name or by e-mail address. */
export type Person = { readonly webExId: string } | { readonly email: string };

/** Who asks. `anonymous` is only for what shows as little to everybody, and for authenticateUser, which has its proof in the request. */
export type SecurityContext =
  | { readonly form: "anonymous"; readonly site: SiteRef; readonly person?: Person }
  | {
      readonly form: "password";
      readonly site: SiteRef;
      readonly person: Person;
      readonly password: string;
      readonly partnerId?: string;
    }
  /** A ticket of getLoginTicket or authenticateUser. */
  | {
      readonly form: "ticket";
      readonly site: SiteRef;
      readonly person: Person;
      readonly sessionTicket: string;
      readonly partnerId?: string;
    }
  /** A token of WebEx's OAuth. */
  | {
      readonly form: "token";
      readonly site: SiteRef;
      readonly person?: Person;
      readonly accessToken: string;
      readonly partnerId?: string;
    };

/** A request as it is sent, and the secrets in it, which no fault and no log may show. */
export interface BuiltRequest {
  readonly body: string;
  readonly secrets: readonly string[];
}

export type WrongRequest = Extract<XmlApiFault, { kind: "wrong-request" }>;

const anonymousOperations = ["getSessionInfo", "getAPIVersion", "authenticateUser"];

/** The document of a request, or what in it breaks the operation's table. */
export function buildRequest(
  operation: Operation,
  values: unknown,
  context: SecurityContext,
): Result<BuiltRequest, WrongRequest> {
  const secrets: string[] = [];
  const message = messageOf(operation, values, context, secrets);
  return message.ok ? ok({ body: textOf(message.value), secrets: secrets.filter((text) => text !== "") }) : message;
}

/** The same document for people: `…` stands for each secret. */
export function showRequest(
  operation: Operation,
  values: unknown,
  context: SecurityContext,
): Result<string, WrongRequest> {
  const message = messageOf(operation, values, context, []);
  return message.ok ? ok(textOf(withoutSecrets(message.value))) : message;
}

/** Only values have carriage returns; written as they are, a reader of XML makes line feeds of them. */
function textOf(message: ElementToWrite): string {
  return writeXml(message).replaceAll("\r", "&#13;");
}

function withoutSecrets(element: ElementToWrite): ElementToWrite {
  if (element.isSecret) return { ...element, content: "…" };
  return typeof element.content === "string" ? element : { ...element, content: element.content.map(withoutSecrets) };
}

function messageOf(
  operation: Operation,
  values: unknown,
  context: SecurityContext,
  secrets: string[],
): Result<ElementToWrite, WrongRequest> {
  const fault = ({ path, rule, value }: WrongPart): { ok: false; error: WrongRequest } =>
    err({ kind: "wrong-request", operation: operation.name, path, rule, ...(value === undefined ? {} : { value }) });

  if (context.form === "anonymous" && !anonymousOperations.includes(operation.name)) {
    const without = anonymousOperations.join(", ");
    return fault({
      path: "securityContext",
      rule: `must have a password, a ticket or a token: only ${without} go without`,
    });
  }
  const header = writeGroup(securityValues(context), { fields: securityFields }, "securityContext", secrets);
  if (!header.ok) return fault(header.error);
  const content =
    operation.request === "open"
      ? writeOpenGroup(values, "", secrets, 0)
      : writeGroup(values, { fields: operation.request, ...oneOrMoreOf(operation) }, "", secrets);
  if (!content.ok) return fault({ ...content.error, path: content.error.path || "the request" });
  const bodyContent = {
    name: "bodyContent",
    attributes: { "xsi:type": `java:com.webex.service.binding.${operation.binding}` },
    content: content.value,
  };
  return ok({
    name: "serv:message",
    attributes: {
      "xmlns:serv": "http://www.webex.com/schemas/2002/06/service",
      "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
    },
    content: [
      { name: "header", content: [{ name: "securityContext", content: header.value }] },
      { name: "body", content: [bodyContent] },
    ],
  });
}

/** The elements of a security context, in the order of the schema. */
export const securityFields = {
  webExID: text,
  password: secret,
  siteID: digits,
  siteName: text,
  partnerID: secret,
  email: text,
  sessionTicket: secret,
  webExAccessToken: secret,
} as const;

function securityValues(context: SecurityContext): ValuesOf<typeof securityFields, "required"> {
  const { site } = context;
  const person: Partial<Record<"webExId" | "email", string>> = ("person" in context ? context.person : undefined) ?? {};
  return {
    webExID: person.webExId,
    email: person.email,
    siteID: "siteId" in site ? site.siteId : undefined,
    siteName: "siteName" in site ? site.siteName : undefined,
    partnerID: "partnerId" in context ? context.partnerId : undefined,
    password: context.form === "password" ? context.password : undefined,
    sessionTicket: context.form === "ticket" ? context.sessionTicket : undefined,
    webExAccessToken: context.form === "token" ? context.accessToken : undefined,
  };
}

interface WrongPart {
  readonly path: string;
  readonly rule: string;
  readonly value?: string;
}

type Written = Result<readonly ElementToWrite[], WrongPart>;

function oneOrMoreOf({ oneOrMore }: Operation): Pick<Group, "oneOrMore"> {
  return oneOrMore ? { oneOrMore } : {};
}

type Group = Omit<Extract<Kind, { kind: "group" }>, "kind">;

function writeGroup(values: unknown, group: Group, path: string, secrets: string[]): Written {
  const { fields, choice, oneOrMore } = group;
  if (!isRecord(values)) return err({ path, rule: "must be an object", value: shown(values) });
  const unknown = Object.keys(values).find((name) => values[name] !== undefined && !Object.hasOwn(fields, name));
  if (unknown !== undefined) return err({ path: join(path, unknown), rule: unknownRule(unknown, Object.keys(fields)) });
  const given = Object.keys(fields).filter((name) => Object.hasOwn(values, name) && values[name] !== undefined);
  if (choice && given.length !== 1) {
    return err({ path, rule: `must have exactly one of ${Object.keys(fields).join(", ")}` });
  }
  if (oneOrMore && !oneOrMore.some((name) => given.includes(name))) {
    return err({ path, rule: `must have ${oneOrMore.join(" or ")}` });
  }
  const elements: ElementToWrite[] = [];
  for (const [name, kind] of Object.entries(fields)) {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) {
      if (kind.need === "required") return err({ path: join(path, name), rule: "is missing" });
      continue;
    }
    const written = writeField(name, value, kind, join(path, name), secrets);
    if (!written.ok) return written;
    elements.push(...written.value);
  }
  return ok(elements);
}

function writeField(name: string, value: unknown, kind: Kind, path: string, secrets: string[]): Written {
  switch (kind.kind) {
    case "group": {
      const content = writeGroup(value, kind, path, secrets);
      return content.ok ? ok([{ name, content: content.value }]) : content;
    }
    case "list": {
      if (!Array.isArray(value)) return err({ path, rule: "must be a list", value: shown(value) });
      if (kind.most !== undefined && value.length > kind.most) {
        return err({ path, rule: `must have at most ${kind.most} items`, value: String(value.length) });
      }
      if (kind.need === "required" && value.length === 0) return err({ path, rule: "must have an item" });
      const items: ElementToWrite[] = [];
      for (const [index, item] of value.entries()) {
        const written = writeField(name, item, kind.of, `${path}[${index}]`, secrets);
        if (!written.ok) return written;
        items.push(...written.value);
      }
      return ok(items);
    }
    case "open":
      return writeOpen(name, value, path, secrets, 0);
    default: {
      const isSecret = kind.kind === "secret";
      if (isSecret && typeof value === "string") secrets.push(value);
      const content = writeLeaf(value, kind);
      if (content.ok) return ok([{ name, content: content.value, ...(isSecret && { isSecret }) }]);
      return err({ path, rule: content.error, ...(isSecret ? {} : { value: shown(value) }) });
    }
  }
}

const xmlName = /^[A-Za-z_][\w.-]{0,127}$/;
const maxOpenDepth = 20;

function writeOpenGroup(values: unknown, path: string, secrets: string[], depth: number): Written {
  if (!isRecord(values)) return err({ path, rule: "must be an object", value: shown(values) });
  const elements: ElementToWrite[] = [];
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue;
    if (!xmlName.test(name)) return err({ path: join(path, name.slice(0, 60)), rule: "must have a name of XML" });
    const written = writeOpen(name, value, join(path, name), secrets, depth);
    if (!written.ok) return written;
    elements.push(...written.value);
  }
  return ok(elements);
}

function writeOpen(name: string, value: unknown, path: string, secrets: string[], depth: number): Written {
  if (depth > maxOpenDepth) return err({ path, rule: `must not be deeper than ${maxOpenDepth}` });
  if (Array.isArray(value)) {
    const items: ElementToWrite[] = [];
    for (const [index, item] of value.entries()) {
      const written = writeOpen(name, item, `${path}[${index}]`, secrets, depth + 1);
      if (!written.ok) return written;
      items.push(...written.value);
    }
    return ok(items);
  }
  const isSecret = (typeof value === "string" || typeof value === "number") && isSecretName(name);
  if (isSecret) secrets.push(String(value));
  if (typeof value === "object") {
    const content = writeOpenGroup(value, path, secrets, depth + 1);
    return content.ok ? ok([{ name, content: content.value }]) : content;
  }
  const content = writeLeaf(typeof value === "number" || typeof value === "boolean" ? String(value) : value, text);
  if (!content.ok) return err({ path, rule: content.error });
  return ok([{ name, content: content.value, ...(isSecret && { isSecret }) }]);
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

function unknownRule(name: string, names: readonly string[]): string {
  const near = names.find((known) => known.toLowerCase() === name.toLowerCase());
  if (near !== undefined) return `is no field here; write ${near}`;
  return names.length === 0 ? "is no field here: there are none" : `is no field here; there are ${names.join(", ")}`;
}

/** A value of another type than it should have, in a few characters. */
function shown(value: unknown): string {
  if (typeof value === "string") return value.slice(0, 60);
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "an object";
  return String(value).slice(0, 60);
}
