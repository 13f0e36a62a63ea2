import * as v from "valibot";
import { Refusal } from "./refusals.ts";
import { refusal } from "./xml-service.ts";

const count = v.pipe(v.number(), v.safeInteger("must be a whole number"), v.minValue(0, "must not be negative"));

/** What goes wrong with the XML API's answers from now on. A field that is left out goes right. */
export const faultsBody = v.strictObject({
  /** Only requests of this operation; all when it is left out. */
  operation: v.optional(v.string()),
  /** So many times, then never again; for ever when it is left out. */
  times: v.optional(v.pipe(count, v.minValue(1, "must be at least 1"))),
  /** The answer comes so much later. */
  delayMs: v.optional(count, 0),
  /** The request is carried out, and its answer never comes. */
  hang: v.optional(v.boolean(), false),
  /** The request is not carried out, and refused so. */
  refuse: v.optional(
    v.picklist(["rateLimit", "notResponding", "accessDenied", "wrongPassword", "wrongTicket", "noRecord"]),
  ),
  /** Something else in place of the answer, or the answer spoilt. */
  answer: v.optional(
    v.picklist(["html", "garbage", "empty", "truncated", "latin-1", "wrong-charset", "endless", "doctype", "entities"]),
  ),
  /** Where `truncated` cuts; in the middle when it is left out. */
  bytes: v.optional(count),
  status: v.optional(v.pipe(count, v.minValue(200, "must be 200 to 599"), v.maxValue(599, "must be 200 to 599"))),
  /** The first element of this name (without prefix) has this text. */
  field: v.optional(
    v.strictObject({ name: v.pipe(v.string(), v.regex(/^\w+$/, "must be a name")), value: v.string() }),
  ),
});
export type Faults = v.InferOutput<typeof faultsBody>;

export const noFaults: Faults = { delayMs: 0, hang: false };

interface XmlAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
}

/** The answer to one request, as these faults leave it. `carryOut` is called unless the request is refused. */
export function answerWith({ refuse, answer, bytes, status = 200, field }: Faults, carryOut: () => string): XmlAnswer {
  const right = refuse === undefined ? carryOut() : refusal(new Refusal(refuse));
  const text = field === undefined ? right : withField(right, field.name, field.value);
  const xml = (body: string, charset = "UTF-8", encoding: BufferEncoding = "utf8") => ({
    status,
    contentType: `text/xml; charset=${charset}`,
    body: Buffer.from(body, encoding),
  });
  const declared = (charset: string) => text.replace('encoding="UTF-8"', `encoding="${charset}"`);
  switch (answer) {
    case undefined:
      return xml(text);
    case "html":
      return {
        ...xml(
          "<!DOCTYPE html><html><head><title>Site maintenance</title></head><body><p>Back soon.<br></body></html>",
        ),
        contentType: "text/html",
      };
    case "garbage":
      return { ...xml("\u0000\u0007]]>&<<serv:", "UTF-8"), contentType: "application/octet-stream" };
    case "empty":
      return xml("");
    case "truncated": {
      const whole = xml(text);
      return { ...whole, body: whole.body.subarray(0, bytes ?? Math.floor(whole.body.length / 2)) };
    }
    case "latin-1":
      return xml(declared("ISO-8859-1"), "ISO-8859-1", "latin1");
    case "wrong-charset":
      return xml(`${text.replace("</serv:reason>", "\u00e9</serv:reason>")}<!-- \u00e9 -->`, "UTF-8", "latin1");
    case "endless":
      return xml(text.replace("<serv:header>", `<serv:header>${"<!-- tide -->".repeat(2_000_000)}`));
    case "doctype":
      return xml(text.replace("<serv:message", '<!DOCTYPE serv:message [<!ENTITY a "tide">]><serv:message'));
    case "entities": {
      const levels = Array.from({ length: 9 }, (_, n) => `<!ENTITY e${n + 1} "${`&e${n};`.repeat(10)}">`).join("");
      const doctype = `<!DOCTYPE serv:message [<!ENTITY e0 "tide">${levels}]>`;
      return xml(text.replace("<serv:message", `${doctype}<serv:message`).replace("SUCCESS", "&e9;"));
    }
  }
}

function withField(text: string, name: string, value: string): string {
  const escaped = value.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return text.replace(
    new RegExp(`(<(?:\\w+:)?${name}(?: [^>]*)?)(?:/>|>[^<]*(</(?:\\w+:)?${name}>))`),
    (_, begin: string) => {
      const [, tag = name] = /^<([\w:]+)/.exec(begin) ?? [];
      return `${begin}>${escaped}</${tag}>`;
    },
  );
}
