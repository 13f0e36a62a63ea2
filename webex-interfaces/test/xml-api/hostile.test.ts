import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sayFault } from "../../client/xml-api/faults.ts";
import type { Operation } from "../../client/xml-api/fields.ts";
import { operations } from "../../client/xml-api/operations.ts";
import { readResponse } from "../../client/xml-api/response.ts";
import { decodeText, parseXml } from "../../client/xml-api/xml.ts";
import { answerWith, contentOf, plain, refusal } from "./answers.ts";
import { valuesBy } from "./values-by-table.ts";

const { getUser, getSessionInfo, lstsummaryMeeting, reserveLab } = operations;

function faultOf(text: string, operation: Operation = getUser): unknown {
  const answer = readResponse(operation, text);
  return answer.ok ? "no fault" : answer.error;
}

const session = answerWith(
  '<x:sessionkey>650218843</x:sessionkey><!-- c --><x:host a="b"><x:webExId>dora &amp; ada</x:webExId></x:host>' +
    "<x:metaData><x:confName><![CDATA[Tulips]]></x:confName></x:metaData>",
);

test("an answer that is cut off anywhere is a fault", () => {
  expect(readResponse(getSessionInfo, session).ok).toBe(true);
  for (let length = 0; length < session.length; length += 1) {
    expect(readResponse(getSessionInfo, session.slice(0, length)).ok, session.slice(0, length)).toBe(false);
  }
});

test("the answer in the overview of the APIs, which ends an element twice, is a fault", () => {
  const text = `<serv:message><serv:header><serv:response><serv:result>SUCCESS</serv:result></serv:response></serv:header>
<serv:body><serv:bodyContent xsi:type="meet:getjoinurlMeetingResponse" />
<meet:joinMeetingURL>https://example.webex.com/j.php</meet:joinMeetingURL></serv:bodyContent></serv:body></serv:message>`;

  expect(faultOf(text)).toMatchObject({ kind: "bad-xml" });
});

test.each([
  ["", "empty"],
  [" \n ", "empty"],
  ["\uFEFF", "empty"],
  ["Service Unavailable", "other"],
  ['{"result":"SUCCESS"}', "other"],
  ["<html><body>Sign in</body></html>", "html"],
  ["<!DOCTYPE html>\n<html lang=en><head><title>Sign in</title>", "html"],
  ['<!doctype HTML PUBLIC "-//W3C//DTD HTML 4.01//EN"><HTML>', "html"],
  ['<?xml version="1.0"?>\n<!-- x -->\n<html xmlns="http://www.w3.org/1999/xhtml"/>', "html"],
])("%j instead of XML is named: %s", (text, looksLike) => {
  expect(faultOf(text)).toEqual({ kind: "not-xml", looksLike });
});

const user = (inner: string) => answerWith(`<webExId>${inner}</webExId>`);

describe("entity tricks", () => {
  const bomb = `<!DOCTYPE a [<!ENTITY b "${"x".repeat(50)}"><!ENTITY c "&b;&b;&b;&b;">]>`;

  test.each<[string, string, string]>([
    ["a document type", `<?xml version="1.0"?>${bomb}<a>&c;</a>`, "it has a document type, which no answer needs"],
    [
      "an external one",
      '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
      "it has a document type, which no answer needs",
    ],
    ["one behind the root", "<a/><!DOCTYPE a>", "it has a document type, which no answer needs"],
    ["an entity declared", "<!ENTITY a 'b'><a/>", "it has a document type, which no answer needs"],
    ["an entity of HTML", user("&nbsp;"), "it has an entity that is none of XML's own"],
    ["an entity in an attribute", '<a b="&c;"/>', "it has an entity that is none of XML's own"],
    ["an ampersand alone", user("a & b"), "it has an entity that is none of XML's own"],
    ["an entity that is not ended", user("&amp"), "it has an entity that is none of XML's own"],
    ["the character 0", user("&#0;"), "it names a character that XML does not have"],
    ["half a character", user("&#xD800;"), "it names a character that XML does not have"],
    ["a character beyond all", user("&#1114112;"), "it names a character that XML does not have"],
    ["a control character", user("\u0001"), "it has characters that XML does not have"],
  ])("%s is refused", (_, text, reason) => {
    expect(faultOf(text)).toEqual({ kind: "bad-xml", reason });
  });

  test("what only looks like one, within a comment or CDATA, is text", () => {
    expect(readResponse(getUser, user("<![CDATA[<!DOCTYPE a>&b;]]><!-- <!ENTITY &c; -->"))).toMatchObject({
      ok: true,
      value: { value: { webExId: "<!DOCTYPE a>&b;" } },
    });
  });
});

describe("not well formed", () => {
  test.each([
    "<a>",
    "<a></b>",
    "<a><b></a></b>",
    "</a>",
    "<a/><b/>",
    "<a/>text",
    "<a b=c/>",
    '<a b="1" b="2"/>',
    '<a b="<"/>',
    "<a><!-- </a>",
    "<a><![CDATA[ </a>",
    "<a><?x </a>",
    "<",
    "<>",
    "<a <b/>",
    "<1/>",
  ])("%s", (text) => {
    expect(faultOf(text)).toMatchObject({ kind: "bad-xml" });
  });
});

test("elements within elements are counted", () => {
  const nested = (depth: number) => "<a>".repeat(depth) + "</a>".repeat(depth);

  expect(faultOf(nested(50))).toMatchObject({ kind: "not-a-message" });
  expect(faultOf(nested(51))).toEqual({ kind: "bad-xml", reason: "its elements are nested deeper than 50" });
  expect(faultOf(nested(300_000))).toMatchObject({ kind: "bad-xml" });
});

test("elements are counted", () => {
  const many = (count: number) => `<a>${"<b/>".repeat(count - 1)}</a>`;

  expect(faultOf(many(100_000))).toMatchObject({ kind: "not-a-message" });
  expect(faultOf(many(100_001))).toEqual({ kind: "bad-xml", reason: "it has more than 100000 elements" });
});

test.each<[string, (count: number) => string]>([
  ["attributes", (count) => `<a ${Array.from({ length: count - 1 }, (_, n) => `x${n}=""`).join(" ")}/>`],
  [
    "attributes with a > in them",
    (count) => `<a ${Array.from({ length: count - 1 }, (_, n) => `x${n}='>'`).join(" ")}/>`,
  ],
  ["processing instructions", (count) => `<a>${"<?p?>".repeat(count - 1)}</a>`],
  ["comments", (count) => `<a>${"<!---->".repeat(count - 1)}</a>`],
  ["sections", (count) => `<a>${"<![CDATA[]]>".repeat(count - 1)}</a>`],
])("%s count as elements do: the parser makes an object of each", (_, many) => {
  expect(faultOf(many(100_000))).toMatchObject({ kind: "not-a-message" });
  expect(faultOf(many(100_001))).toEqual({ kind: "bad-xml", reason: "it has more than 100000 elements" });
});

describe("an answer as large as is read takes no long time", () => {
  const size = 400_000;
  const shapes: Record<string, string> = {
    text: user("x".repeat(size)),
    elements: answerWith("<a/>".repeat(size / 4)),
    items: answerWith("<meeting><meetingKey>1</meetingKey></meeting>".repeat(size / 45)),
    attributes: answerWith(`<a ${Array.from({ length: size / 12 }, (_, index) => `a${index}="1"`).join(" ")}/>`),
    entities: user("&amp;".repeat(size / 5)),
    "ampersands that are none": user("&".repeat(size)),
    "comments that do not end": answerWith("<!--".repeat(size / 4)),
    "comments that do": answerWith("<!-- -->".repeat(size / 8)),
    "sections that do not end": answerWith("<![CDATA[".repeat(size / 9)),
    "quotes without an end": answerWith(`<a ${'b="" '.repeat(size / 5)}`),
    "a tag of brackets": answerWith("<".repeat(size)),
    "brackets that close": answerWith(">".repeat(size)),
    blanks: answerWith(" ".repeat(size)),
    "names of one kind": answerWith("<meeting>".repeat(40) + "x".repeat(size)),
  };

  test.each(Object.keys(shapes))("%s", (shape) => {
    const before = process.threadCpuUsage();
    readResponse(lstsummaryMeeting, shapes[shape] ?? "");
    readResponse(reserveLab, shapes[shape] ?? "");

    // Quadratic work on so many characters takes minutes, linear work a second.
    expect(process.threadCpuUsage(before).user / 1_000).toBeLessThan(20_000);
  });
});

test("of very many sub-errors the first hundred are kept", () => {
  const part = (n: number) => `<subError><exceptionID>${n}</exceptionID><reason>no</reason></subError>`;
  const many = Array.from({ length: 1_000 }, (_, n) => part(n)).join("");

  const answer = readResponse(getUser, refusal("1", "not valid", `<subErrors>${many}</subErrors>`));

  expect(
    answer.ok || (answer.error.kind === "refused" && answer.error.subErrors.map((each) => each.exceptionId)),
  ).toEqual(Array.from({ length: 100 }, (_, n) => `${n}`));
});

test.each(["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "valueOf", "_x", "é"])(
  "an element called %s harms nothing",
  (name) => {
    const answer = readResponse(reserveLab, answerWith(`<${name}>1</${name}><a>2</a>`));

    if (answer.ok) expect(Object.entries(answer.value.value)).toContainEqual(["a", "2"]);
    else expect(answer.error).toMatchObject({ kind: "bad-xml" });
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
  },
);

describe("encodings", () => {
  const declared = (encoding: string) => `<?xml version="1.0" encoding="${encoding}"?><a>`;
  const latin1 = (text: string) => Uint8Array.from(text, (sign) => sign.charCodeAt(0));
  const utf8 = (text: string) => new TextEncoder().encode(text);

  test.each<[string, Uint8Array, string, string]>([
    ["the charset of HTTP", latin1("<a>Zoë"), "text/xml;charset=ISO-8859-1", "<a>Zoë"],
    [
      "the charset of HTTP before the declaration",
      utf8(`${declared("ISO-8859-1")}Zoë`),
      'text/xml; charset="utf-8"',
      "Zoë",
    ],
    ["the declaration", latin1(`${declared("ISO-8859-1")}Zoë`), "text/xml", "Zoë"],
    ["UTF-8 without either", utf8("<a>Zoë"), "", "<a>Zoë"],
    ["UTF-16 by its mark", Uint8Array.of(0xff, 0xfe, 0x3c, 0, 0xeb, 0), "text/xml;charset=utf-8", "<ë"],
    ["UTF-8 by its mark", Uint8Array.of(0xef, 0xbb, 0xbf, 0x3c, 0xc3, 0xab), "text/xml;charset=iso-8859-1", "<ë"],
  ])("%s counts", (_, bytes, contentType, text) => {
    const decoded = decodeText(bytes, contentType);

    expect(decoded.ok && decoded.value.endsWith(text)).toBe(true);
  });

  test("one that nobody knows is a fault", () => {
    expect(decodeText(utf8(declared("klingon")), "")).toEqual({
      ok: false,
      error: { kind: "bad-xml", reason: 'its encoding "klingon" is unknown' },
    });
  });

  test("bytes that it does not have are a fault", () => {
    expect(decodeText(latin1("<a>Zoë"), "")).toEqual({
      ok: false,
      error: { kind: "bad-xml", reason: "it has bytes that are no utf-8" },
    });
  });
});

/** Pieces of which answers and attacks are made. */
const pieces = fc.constantFrom(
  ..."<>&;'\"=/! ?-[]a:x1\n",
  ...["<a>", "</a>", "<a/>", "<!--", "-->", "<![CDATA[", "]]>", "<?xml ", "?>", "&amp;", "&#x41;", "<!DOCTYPE a ["],
  ...[
    "<message>",
    "<header>",
    "<response>",
    "<result>SUCCESS</result>",
    "</response>",
    "</header>",
    "<body>",
    "</body>",
  ],
  ...[
    "<bodyContent>",
    "</bodyContent>",
    "</message>",
    "<webExId>",
    "</webExId>",
    "\uD800",
    "\u0000",
    "é",
    "<serv:a b='c'>",
  ],
);

const anyUnits = fc.uint16Array({ maxLength: 30 }).map((units) => String.fromCharCode(...units));

test("whatever comes, there is a value or a fault that can be said", () => {
  const texts = fc.oneof(
    fc.array(pieces, { maxLength: 40 }).map((parts) => parts.join("")),
    fc.array(pieces, { maxLength: 15 }).map((parts) => answerWith(parts.join(""))),
    anyUnits,
  );
  fc.assert(
    fc.property(texts, (text) => {
      for (const operation of [getUser, reserveLab]) {
        const answer = readResponse(operation, text);
        if (!answer.ok) expect(sayFault(answer.error)).not.toBe("");
      }
    }),
    { numRuns: 3_000 },
  );
});

test("any bytes are a text or a fault", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.string(), (bytes, contentType) => {
      const text = decodeText(bytes, contentType);
      if (text.ok) parseXml(text.value);
    }),
    { numRuns: 1_000 },
  );
});

test("an answer with one sign changed is a value or a fault", () => {
  const spoilt = fc.tuple(valuesBy(getSessionInfo.response), fc.nat(), pieces).map(([values, place, piece]) => {
    const text = answerWith(contentOf(values, getSessionInfo.response, plain));
    const at = place % text.length;
    return text.slice(0, at) + piece + text.slice(at + 1);
  });
  fc.assert(
    fc.property(spoilt, (text) => {
      const answer = readResponse(getSessionInfo, text);
      if (!answer.ok) expect(sayFault(answer.error)).not.toBe("");
    }),
    { numRuns: 500 },
  );
});
