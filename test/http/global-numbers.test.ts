import { readFileSync } from "node:fs";
import fc from "fast-check";
import { SaxesParser } from "saxes";
import { expect, test } from "vitest";
import type { DomainSettingsInput } from "../../src/settings/domain-settings.ts";
import { FakeEdge, token } from "./fake-edge.ts";

type Numbers = NonNullable<DomainSettingsInput["globalNumbers"]>;

const example: { globalNumbers: Numbers } = JSON.parse(readFileSync("docs/examples/global-numbers.json", "utf8"));
const few: Numbers = {
  SE: [{ number: "+46 8 465 004 10", kind: "toll" }],
  CI: [{ number: "+225 00 0000 0100", kind: "toll" }],
  AX: [{ number: "0800-000-100", kind: "toll-free", label: "R&D <east>" }],
  HR: [{ number: "+385 00 0000 0100", kind: "toll" }],
};
const edgeWith = (globalNumbers: Numbers) => new FakeEdge(token, { globalNumbers }).app;
const app = edgeWith(few);
const open = (query = "") => app.request(`/global-numbers/local${query}`);
const withQuery = (query: [string, string][]) => open(`?${new URLSearchParams(query)}`);

interface Page {
  /** Start tags with their attributes, in order. */
  readonly tags: readonly string[];
  /** Each stretch of text, by the element that it stands in. */
  readonly texts: readonly (readonly [element: string, text: string])[];
}

/** Reads the page strictly: as XML, which it also is. */
async function read(response: Response | Promise<Response>): Promise<Page> {
  const tags: string[] = [];
  const texts: [string, string][] = [];
  const within: string[] = [];
  const parser = new SaxesParser();
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", ({ name, attributes }) => {
    within.push(name);
    tags.push([name, ...Object.entries(attributes).map(([key, value]) => `${key}=${value}`)].join(" "));
  });
  parser.on("text", (text) => {
    if (text.trim() !== "") texts.push([within.at(-1) ?? "", text]);
  });
  parser.on("closetag", () => within.pop());
  parser.write(await (await response).text()).close();
  return { tags, texts };
}

const textsOf = (page: Page, ...elements: string[]) =>
  page.texts.filter(([element]) => elements.includes(element)).map(([, text]) => text);
const linksOf = (page: Page) => page.tags.filter((tag) => tag.startsWith("a ")).map((tag) => tag.slice(2));
/** The caller's own meeting: labels and values in turns. */
function meetingOf({ texts }: Page): string[] {
  const end = texts.findIndex(([, text]) => text === "Numbers by country");
  return texts.slice(0, end).flatMap(([element, text]) => (/^(dt|dd|code|a)$/.test(element) ? [text] : []));
}

test("countries stand in the alphabetical order of their English names, accents or not", async () => {
  const page = await read(open());

  expect(textsOf(page, "h3")).toEqual(["Åland Islands", "Côte d’Ivoire", "Croatia", "Sweden"]);
  expect(textsOf(page, "h2")).toEqual(["Numbers by country"]);
});

test("each number is a link that dials, and says what it is; text of the settings stays text", async () => {
  const page = await read(open());

  expect(linksOf(page)).toEqual([
    "href=tel:0800000100",
    "href=tel:+2250000000100",
    "href=tel:+3850000000100",
    "href=tel:+46846500410",
  ]);
  expect(textsOf(page, "a", "span").slice(0, 4)).toEqual([
    "0800-000-100",
    "R&D <east>, toll-free",
    "+225 00 0000 0100",
    "toll",
  ]);
});

test("the example has 40 countries and more, each of which is shown with all its numbers", async () => {
  const page = await read(edgeWith(example.globalNumbers).request("/global-numbers/local"));
  const countries = textsOf(page, "h3");
  const numbers = Object.values(example.globalNumbers).flatMap((list) => list.map(({ number }) => number));

  expect(countries.length).toBeGreaterThanOrEqual(40);
  expect(countries).toHaveLength(Object.keys(example.globalNumbers).length);
  expect(countries).toEqual([...countries].sort(new Intl.Collator("en").compare));
  expect(countries.filter((name) => /^[A-Z]{2}$/.test(name))).toEqual([]);
  expect(textsOf(page, "a").sort()).toEqual(numbers.sort());
});

test.each<[string, (name: string) => string]>([
  ["as WebEx writes the variables", (name) => name],
  ["in small letters", (name) => name.toLowerCase()],
  ["in capitals", (name) => name.toUpperCase()],
])("the six variables are filled in from the query, %s", async (_what, spelt) => {
  const query: [string, string][] = [
    ["ParticipantCode", "445566#"],
    ["SubscriberCode", "778899"],
    ["TollNum", "(408) 555-0100"],
    ["TollNumCC", "1"],
    ["TollFreeNum", "8081570100"],
    ["TollFreeNumCC", "+44"],
  ];
  const named = query.map(([name, value]): [string, string] => [spelt(name), value]);

  expect(meetingOf(await read(withQuery(named)))).toEqual([
    "Call-in number (toll)",
    "+1 (408) 555-0100",
    "Call-in number (toll-free)",
    "+44 8081570100",
    "Participant code",
    "445566#",
    "Subscriber code",
    "778899",
  ]);
  expect(linksOf(await read(withQuery(named))).slice(0, 2)).toEqual([
    "href=tel:+14085550100",
    "href=tel:+448081570100",
  ]);
});

test.each<[string, string, string[]]>([
  ["a variable that WebEx left as it was", "?participantcode=%ParticipantCode%&subscribercode=1", ["1"]],
  ["an empty one", "?participantcode=&subscribercode=%20", []],
  ["one that is too long for a code", `?participantcode=${"1".repeat(65)}`, []],
  ["a repeated one: the first that can be used", "?participantcode=&ParticipantCode=5&participantcode=6", ["5"]],
  ["a country code alone", "?tollnumcc=44", []],
  ["a number that has its country code", "?tollnumcc=44&tollnum=%2B442079460100", ["+442079460100"]],
  ["a number without a country code", "?tollnum=4085550100", ["4085550100"]],
  ["a country code in words", "?tollnumcc=USA&tollnum=4085550100", ["USA 4085550100"]],
  ["direction marks and line ends", "?participantcode=1%E2%80%AE2%0D%0A%003", ["1 2 3"]],
  ["bytes that are no text", "?participantcode=1%FF2%zz", ["1\uFFFD2%zz"]],
  ["names from prototypes", "?__proto__=1&constructor=2&toString=3", []],
  ["nothing but marks", "?&&==&=&%00", []],
])("odd arguments are harmless: %s", async (_what, query, values) => {
  const response = await open(query);
  const page = await read(response);

  expect(response.status).toBe(200);
  expect(meetingOf(page).filter((_, at) => at % 2 === 1)).toEqual(values);
});

test("a number that could be a command to the telephone itself is shown, and not linked", async () => {
  const page = await read(withQuery([["tollnum", "*#21100#"]]));

  expect(textsOf(page, "dd")).toEqual(["*#21100#"]);
  expect(linksOf(page)).toHaveLength(4);
});

test("thousands of arguments and long ones change nothing", async () => {
  const many = Array.from({ length: 5_000 }, (_, n) => `x${n}=${n}`).join("&");

  expect(await (await open(`?${many}&y=${"z".repeat(100_000)}`)).text()).toBe(await (await open()).text());
});

const name = fc.constantFrom("participantcode", "SubscriberCode", "tollnum", "TollNumCC", "tollfreenum", "x");
const hostile = fc.constantFrom(
  "<script>alert(1)</script>",
  "</dd><b>",
  '"onclick="x',
  "&lt;",
  "' x='",
  "javascript:x",
);
const value = fc.oneof(hostile, fc.string({ maxLength: 64 }), fc.string({ unit: "binary", maxLength: 40 }));

test("whatever the query holds becomes text: no tag, no attribute, no link but those that dial", async () => {
  const plain = new Set((await read(open())).tags);
  const ours = new Set([...plain, "section class=meeting", "dl", "div", "dt", "dd", "code"]);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(name, value), { maxLength: 8 }), async (query) => {
      const page = await read(withQuery(query));
      expect(page.tags.filter((tag) => !ours.has(tag) && !/^a href=tel:\+?\d{3,15}$/.test(tag))).toEqual([]);
    }),
  );
  expect(meetingOf(await read(withQuery([["participantcode", "<b>&amp;'\"</b>"]])))).toEqual([
    "Participant code",
    "<b>&amp;'\"</b>",
  ]);
});

test("the page needs nothing but itself: its policy allows its one style sheet, and no more", async () => {
  const response = await open();
  const headers = Object.fromEntries(response.headers);
  const page = await read(response);
  const [style = ""] = textsOf(page, "style");
  const digest = Buffer.from(await crypto.subtle.digest("SHA-256", Buffer.from(style))).toString("base64");

  expect(headers).toMatchObject({
    "content-type": "text/html; charset=UTF-8",
    "content-security-policy": `default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    "cache-control": "private, max-age=300",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
  });
  const ofMeeting = await withQuery([["participantcode", "1"]]);
  expect(ofMeeting.headers.get("cache-control")).toBe("no-store");
  expect(style).not.toMatch(/url\(|@import|&|</);
  expect(page.tags.filter((tag) => /^(script|link|img|iframe|object)\b|\bsrc=|\bon\w+=|\bstyle=/.test(tag))).toEqual(
    [],
  );
});

test("it is made for readers of every kind: language, phone width, headings in order, paper, dark", async () => {
  const page = await read(withQuery([["participantcode", "1"]]));
  const [style = ""] = textsOf(page, "style");

  expect(page.tags).toContain("html lang=en");
  expect(page.tags).toContain("meta name=viewport content=width=device-width, initial-scale=1");
  expect(textsOf(page, "title")).toEqual(["Global call-in numbers"]);
  expect(page.tags.flatMap((tag) => /^h\d/.exec(tag) ?? []).join(" ")).toBe("h1 h2 h2 h3 h3 h3 h3");
  expect(style).toMatch(/@media print/);
  expect(style).toMatch(/prefers-color-scheme: dark/);
});

test("HEAD is answered like GET without the page; other methods are refused", async () => {
  const head = await app.request("/global-numbers/local", { method: "HEAD" });
  expect([head.status, head.headers.get("content-type"), await head.text()]).toEqual([
    200,
    "text/html; charset=UTF-8",
    "",
  ]);

  expect((await app.request("/global-numbers/local/?toll=1")).status).toBe(200);
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
    const response = await app.request("/global-numbers/local", { method });
    expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  }
});

test.each(["other", "local"])(
  "without numbers, %s is no page at all, whether there is such a domain or not",
  async (domain) => {
    const silent = new FakeEdge().app;
    const nothing = await (await silent.request("/nothing")).text();

    for (const method of ["GET", "POST"]) {
      const response = await silent.request(`/global-numbers/${domain}`, { method });
      expect([response.status, await response.text()]).toEqual([404, nothing]);
    }
  },
);
