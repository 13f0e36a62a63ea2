import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Operation } from "../../client/xml-api/fields.ts";
import { operations } from "../../client/xml-api/operations.ts";
import { buildRequest, type SecurityContext } from "../../client/xml-api/request.ts";
import { entries } from "../../site/operations.ts";
import { readTree } from "../../site/schema.ts";
import { parseXml } from "../../site/xml.ts";
import { asSiteHas, differencesOf, valuesForBoth } from "./values-for-both.ts";

/** The client's tables and the site's types are written apart: where one reads what the other writes, both mean the same. */
const context: SecurityContext = {
  form: "password",
  site: { siteName: "harbour" },
  person: { webExId: "anna.berg" },
  password: "sea wall",
};

const all = Object.values(operations) as readonly Operation[];

function siteTypeOf(binding: string) {
  const entry = entries.get(binding);
  if (!entry) throw new Error(`the site has no ${binding}`);
  return entry.request;
}

test("client and site have the same operations, of the same source", () => {
  const ofSite = [...entries].map(([binding, { source }]) => `${binding} ${source}`);

  expect(all.map(({ binding, source }) => `${binding} ${source}`).toSorted()).toEqual(ofSite.toSorted());
});

test.each(all)("$name: the site reads what the client writes", (operation) => {
  const { binding, request, oneOrMore } = operation;
  const type = siteTypeOf(binding);
  const fields = request === "open" ? {} : request;
  fc.assert(
    fc.property(valuesForBoth(fields, type(), oneOrMore), (values) => {
      const built = buildRequest(operation, values, context);
      if (!built.ok) throw new Error(`${built.error.path} ${built.error.rule}`);
      const content = parseXml(built.value.body).children[1]?.children[0];
      if (!content) throw new Error("there is no bodyContent");

      expect(readTree(type, content)).toEqual(asSiteHas(values, fields, type()));
    }),
    { numRuns: 40 },
  );
});

test("client and site have the same fields, limits, counts and needs", () => {
  const found = all.flatMap(({ name, binding, request }) =>
    request === "open" ? [] : differencesOf(request, siteTypeOf(binding)()).map((line) => `${name}: ${line}`),
  );

  expect(found).toEqual([]);
});
