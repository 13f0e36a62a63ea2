import { expect, test } from "vitest";
import { entries } from "../../site/operations.ts";
import { readTree } from "../../site/schema.ts";
import { parseXml } from "../../site/xml.ts";
import { examples } from "./examples.ts";
import { outcomeOf, SiteOnTest, seeded, textsOf } from "./site-on-test.ts";

test("there is an example for each operation", () => {
  expect(examples.map(({ type }) => type).toSorted()).toEqual([...entries.keys()].toSorted());
});

test.each(examples)(
  "$type answers from the site's data, as the schema has its answer",
  ({ type, body, by = "anna.berg" }) => {
    const { site, ...world } = { site: new SiteOnTest() };
    expect(world).toEqual({});
    if (type === "ep.LstOpenSession")
      site.site.run("UPDATE sessions SET started_at = 1 WHERE session_key = ?", seeded.MC);
    const context =
      type === "user.AuthenticateUser" ? "<siteName>harbour</siteName><webExID>anna.berg</webExID>" : site.as(by);

    const answer = site.ask(type, body, context);

    expect(answer).toContain("<serv:result>SUCCESS</serv:result>");
    const content = parseXml(answer).children[1]?.children[0];
    if (!content) throw new Error("there is no bodyContent");
    expect(() => readTree(entries.get(type)?.answer ?? (() => ({ kind: "any" })), content)).not.toThrow();
  },
);

test.each(examples)("$type needs somebody who asks, unless it shows as little to everybody", ({ type, body }) => {
  const answer = new SiteOnTest().ask(type, body, "<siteName>harbour</siteName>");

  expect(outcomeOf(answer)).toBe(/GetSessionInfo|GetAPIVersion/.test(type) ? "SUCCESS" : "000001");
});

test.each(examples.filter(({ type }) => entries.get(type)?.type !== null))(
  "$type with an element that the schema does not have is refused",
  ({ type, body = "", by = "anna.berg" }) => {
    const site = new SiteOnTest();
    const context =
      type === "user.AuthenticateUser" ? "<siteName>harbour</siteName><webExID>anna.berg</webExID>" : site.as(by);

    const answer = site.ask(type, `${body}<tide/>`, context);

    expect(textsOf(answer, "reason")).toEqual([
      "The request does not keep to the schema",
      expect.stringMatching(/\.tide is not in the schema$/),
    ]);
  },
);
