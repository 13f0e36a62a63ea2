import { siteOf } from "../../client/url-api/site.ts";
import type { Fields, Kind } from "../../client/xml-api/fields.ts";
import { writeLeaf } from "../../client/xml-api/fields.ts";

const found = siteOf("example");
if (!found.ok) throw new Error(found.error.says);
export const example = found.value;

/** How an answer is spelt; none of it may matter to its reader. */
export interface Spelling {
  readonly prefix: string;
  readonly isReversed: boolean;
  readonly isLowerCase: boolean;
  readonly unknown: string;
  readonly hasCdata: boolean;
}

export const plain: Spelling = { prefix: "x:", isReversed: false, isLowerCase: false, unknown: "", hasCdata: false };

/** An answer with this content, and with this in its header. */
export function answerWith(content: string, header = "<serv:result>SUCCESS</serv:result>"): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<serv:message xmlns:serv="http://www.webex.com/schemas/2002/06/service" xmlns:x="urn:x">
<serv:header><serv:response>${header}</serv:response></serv:header>
<serv:body><serv:bodyContent xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="x:anyResponse">${content}
</serv:bodyContent></serv:body></serv:message>`;
}

export function refusal(exceptionId: string, reason: string, more = ""): string {
  return answerWith(
    "",
    `<serv:result>FAILURE</serv:result><serv:reason>${reason}</serv:reason><serv:gsbStatus>PRIMARY</serv:gsbStatus>` +
      `<serv:exceptionID>${exceptionId}</serv:exceptionID>${more}`,
  );
}

/** The values as elements of an answer. */
export function contentOf(values: Readonly<Record<string, unknown>>, fields: Fields, spelling: Spelling): string {
  const elements = Object.entries(values).map(([name, value]) =>
    elementsOf(name, value, fields[name] as Kind, spelling),
  );
  if (spelling.isReversed) elements.reverse();
  return elements.join("") + spelling.unknown;
}

function elementsOf(name: string, value: unknown, kind: Kind, spelling: Spelling): string {
  if (kind.kind === "list") {
    return (value as unknown[]).map((item) => elementsOf(name, item, kind.of, spelling)).join("");
  }
  const tag = `${spelling.prefix}${spelling.isLowerCase ? name.toLowerCase() : name}`;
  return `<${tag}>${contentOfKind(value, kind, spelling)}</${tag}>`;
}

function contentOfKind(value: unknown, kind: Kind, spelling: Spelling): string {
  if (kind.kind === "group") return contentOf(value as Record<string, unknown>, kind.fields, spelling);
  if (kind.kind === "open" || kind.kind === "list") {
    return Object.entries(value as Record<string, unknown>)
      .map(([name, inner]) => {
        const content = typeof inner === "string" ? escaped(inner, spelling) : contentOfKind(inner, kind, spelling);
        return `<${spelling.prefix}${name}>${content}</${spelling.prefix}${name}>`;
      })
      .join("");
  }
  const written = writeLeaf(value, kind);
  if (!written.ok) throw new Error(`${String(value)} ${written.error}`);
  return escaped(written.value, spelling);
}

function escaped(text: string, { hasCdata }: Spelling): string {
  if (hasCdata && !text.includes("]]>")) return `<![CDATA[${text}]]>`;
  return [...text].map((sign) => ("&<>\"'".includes(sign) ? `&#${sign.codePointAt(0)};` : sign)).join("");
}
