import * as fc from "fast-check";
import { expect, test } from "vitest";
import { entries } from "../../site/operations.ts";
import { answerPage, pages } from "../../site/pages.ts";
import { readTree } from "../../site/schema.ts";
import { parseXml } from "../../site/xml.ts";
import { SiteOnTest, seeded, textOf } from "./site-on-test.ts";

type Shape = ReturnType<NonNullable<ReturnType<typeof entries.get>>["request"]>;

/** Keys and ids that there are, and others. */
const numbers = fc.oneof(fc.constantFrom(...Object.values(seeded), 1, 2, 3, 4, 11, 5001), fc.integer());
const words = fc.constantFrom(
  ...["anna.berg", "ben.cole", "Bridge simulator", "jo@visitor.example", "11/25/2026 04:00:00", "11/26/2026 04:00"],
  ...[
    "",
    " ",
    "a",
    "潮 & 'é' \"😀\"",
    "<b>]]></b>",
    "&amp;",
    "%",
    "__proto__",
    "constructor",
    "1e400",
    "x".repeat(200),
  ],
);

/** XML that keeps to the type: any of the elements that may be there. */
function xmlOf(shape: Shape): fc.Arbitrary<string> {
  switch (shape.kind) {
    case "any":
      return words.map((word) => `<anything>${escaped(word)}</anything>`);
    case "text":
      return words.map((word) => escaped([...word].slice(0, Math.min(shape.longest, 200)).join("")));
    case "whole":
      return numbers.map((number) => String(Math.min(Math.max(number, shape.least), shape.most)));
    case "number":
      return fc.integer().map((number) => String(number / 8));
    case "yesno":
      return fc.constantFrom("true", "false");
    case "one-of":
      return fc.constantFrom(...shape.values.map(escaped));
    case "group": {
      const parts = shape.elements.map(({ name, required, most, shape: type }) => {
        const one = xmlOf(type()).map((inside) => `<${name}>${inside}</${name}>`);
        const some = fc
          .array(one, { minLength: required ? 1 : 0, maxLength: Math.min(most, 2) })
          .map((all) => all.join(""));
        return required ? some : fc.oneof({ weight: 2, arbitrary: fc.constant("") }, some);
      });
      if (shape.onlyOne) return fc.oneof(...parts.map((part) => part.filter((text) => text !== "")));
      return fc.tuple(...parts).map((texts) => texts.join(""));
    }
  }
}

test.each([...entries])(
  "any request of %s that keeps to the schema is answered as the schema has it, or refused",
  (type, entry) => {
    fc.assert(
      fc.property(xmlOf(entry.request()), fc.constantFrom("site.admin", "anna.berg", "ben.cole"), (body, by) => {
        const site = new SiteOnTest();
        const answer = site.ask(type, body, site.as(by));
        const content = parseXml(answer).children[1]?.children[0];
        if (textOf(answer, "result") === "FAILURE") {
          expect(textOf(answer.split("subErrors")[1] ?? "", "reason") ?? "").not.toMatch(
            /in the wrong place|not in the schema/,
          );
        } else if (content) readTree(entry.answer, content);
      }),
      { numRuns: Number(process.env.RUNS ?? 5), seed: 13 },
    );
  },
);

const commands = Object.entries(pages).flatMap(([page, all]) =>
  Object.entries(all).map(([code, command]) => ({ page, code, command })),
);

test.each(commands)(
  "any arguments of $page?AT=$code come back to the back URL, or are shown",
  ({ page, code, command }) => {
    const names = (command.args ?? "MK! FN EM MN PW name")
      .split(" ")
      .filter(Boolean)
      .map((word) => word.replace("!", "").replace("#", "1"));
    const args = fc.dictionary(fc.constantFrom("ZZ", ...names), fc.oneof(words, numbers.map(String)));
    const { site } = new SiteOnTest();
    fc.assert(
      fc.property(args, fc.boolean(), (given, isLoggedIn) => {
        const cookie = isLoggedIn ? site.issue("cookie", site.userNamed("anna.berg")?.user_id ?? 0) : "";
        const query = new URLSearchParams({ AT: code, BU: "https://portal.example/", PID: "quay7", ...given });
        if (!names.includes("PID")) query.delete("PID");
        const answer = answerPage(site, page, query, cookie);

        if (answer.status === 200) expect(answer.body).toMatch(/^(?:<!doctype html>|<\?xml )/);
        else {
          const back = new URL(answer.headers.location ?? "").searchParams;
          expect([back.get("AT"), ["SUCCESS", "FAIL"].includes(back.get("ST") ?? "")]).toEqual([code, true]);
        }
      }),
      { numRuns: 20, seed: 13 },
    );
  },
);

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
