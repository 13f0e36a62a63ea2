/** Readers of links, posted forms and HTML forms that share nothing with the code under test. */

export type Pairs = readonly (readonly [string, string])[];

/** What a server makes of `a=1&b=2`: `+` is a space, `%` and two digits a byte of UTF-8. */
export function readForm(text: string): Pairs {
  return text.split("&").map((pair) => {
    const at = pair.indexOf("=");
    if (at < 0) throw new Error(`${pair} has no =`);
    return [decoded(pair.slice(0, at)), decoded(pair.slice(at + 1))];
  });
}

function decoded(text: string): string {
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const sign = text.charAt(at);
    if (sign === "%") {
      const digits = text.slice(at + 1, at + 3);
      if (!/^[0-9A-F]{2}$/.test(digits)) throw new Error(`%${digits} is no byte`);
      bytes.push(Number.parseInt(digits, 16));
      at += 2;
    } else if (sign === "+") {
      bytes.push(0x20);
    } else {
      if (!/^[A-Za-z0-9\-._~]$/.test(sign)) throw new Error(`${JSON.stringify(sign)} must not stand in a query`);
      bytes.push(sign.charCodeAt(0));
    }
  }
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(new Uint8Array(bytes));
}

export interface HtmlForm {
  readonly method: string;
  readonly action: string;
  readonly fields: Pairs;
}

/**
 * The one form of a page with its hidden fields, as a browser reads them. Walks from tag to tag; throws at a script, at a handler, at a
 * second form, and at anything that is no tag of a plain page: text that got out of its quotation marks is noticed.
 */
export function readFormPage(html: string): HtmlForm {
  const fields: [string, string][] = [];
  let form: { method: string; action: string } | undefined;
  for (const { name, attributes } of tagsOf(html)) {
    if (["form", "input", "button"].includes(name) && [...attributes.keys()].some((key) => key.startsWith("on"))) {
      throw new Error("the page has a handler");
    }
    if (name === "form") {
      if (form) throw new Error("the page has two forms");
      form = { method: attributes.get("method") ?? "get", action: attributes.get("action") ?? "" };
    } else if (name === "input") {
      if (!form || attributes.get("type") !== "hidden")
        throw new Error("a field is outside of the form, or not hidden");
      fields.push([attributes.get("name") ?? "", attributes.get("value") ?? ""]);
    } else if (!allowedTags.has(name)) {
      throw new Error(`the page has <${name}>`);
    }
  }
  if (!form) throw new Error("the page has no form");
  return { ...form, fields };
}

const allowedTags = new Set(["html", "head", "meta", "title", "body", "p", "button"]);

function* tagsOf(html: string): Generator<{ name: string; attributes: Map<string, string> }> {
  let at = html.indexOf("<!DOCTYPE html>") === 0 ? "<!DOCTYPE html>".length : 0;
  while (at < html.length) {
    if (html.charAt(at) !== "<") {
      at += 1;
      continue;
    }
    const [whole = "", slash, name = "", rest = ""] =
      /^<(\/?)([a-z]+)((?:\s+[a-z-]+(?:="[^"]*")?)*)\s*>/.exec(html.slice(at)) ?? [];
    if (whole === "") throw new Error(`no tag: ${html.slice(at, at + 40)}`);
    at += whole.length;
    if (slash === "/") continue;
    const attributes = new Map<string, string>();
    for (const [, key = "", value = ""] of rest.matchAll(/\s+([a-z-]+)(?:="([^"]*)")?/g)) {
      attributes.set(key, withoutReferences(value));
    }
    yield { name, attributes };
  }
}

/** A raw line end or tab would reach the server as another one. */
function withoutReferences(value: string): string {
  if (/[<>\t\n\r]/.test(value)) throw new Error(`an attribute has a raw character: ${JSON.stringify(value)}`);
  return value.replace(/&(?:#(\d+);)?/g, (reference, code: string | undefined) => {
    if (code === undefined) throw new Error(`a bare ${reference}`);
    return String.fromCodePoint(Number(code));
  });
}
