import { expect, test } from "vitest";
import { type Fields, type Kind, type Operation, readLeaf } from "../../client/xml-api/fields.ts";
import { operations } from "../../client/xml-api/operations.ts";
import { readResponse } from "../../client/xml-api/response.ts";
import { entries } from "../../site/operations.ts";
import { readTree, type Tree } from "../../site/schema.ts";
import { parseXml } from "../../site/xml.ts";
import { examples } from "../site/examples.ts";
import { SiteOnTest, seeded } from "../site/site-on-test.ts";

const all = Object.values(operations) as readonly Operation[];

test.each(all)("$name: the client reads what the site answers", (operation) => {
  const { binding, response } = operation;
  const example = examples.find(({ type }) => type === binding);
  const entry = entries.get(binding);
  if (!example || !entry) throw new Error(`the site has no ${binding}`);
  const site = new SiteOnTest();
  if (binding === "ep.LstOpenSession")
    site.site.run("UPDATE sessions SET started_at = 1 WHERE session_key = ?", seeded.MC);
  const context =
    binding === "user.AuthenticateUser"
      ? "<siteName>harbour</siteName><webExID>anna.berg</webExID>"
      : site.as(example.by ?? "anna.berg");
  const answer = site.ask(binding, example.body, context);
  const content = parseXml(answer).children[1]?.children[0];
  if (!content) throw new Error("there is no bodyContent");

  const read = readResponse(operation, answer);

  if (!read.ok) throw new Error(JSON.stringify(read.error));
  expect(read.value.wrong).toEqual([]);
  if (response !== "open") expect(read.value.value).toEqual(asClientHas(readTree(entry.answer, content), response));
});

/** What the site sent of the client's fields, as the client has it. */
function asClientHas(tree: Tree, fields: Fields): unknown {
  const known = Object.entries(tree).flatMap(([name, value]): [string, unknown][] => {
    const found = Object.keys(fields).find((field) => field.toLowerCase() === name.toLowerCase());
    const kind = found === undefined ? undefined : fields[found];
    const isAbsent = value === "" && kind?.kind !== "text" && kind?.kind !== "secret";
    return found === undefined || kind === undefined || isAbsent ? [] : [[found, valueAsClientHas(value, kind)]];
  });
  return Object.fromEntries(known);
}

function valueAsClientHas(value: unknown, kind: Kind): unknown {
  if (kind.kind === "list") return [value].flat().map((item) => valueAsClientHas(item, kind.of));
  if (kind.kind === "group") return asClientHas(value as Tree, kind.fields);
  if (kind.kind === "open") return value;
  const read = readLeaf(String(value), kind);
  return read.ok ? read.value : read.error;
}
