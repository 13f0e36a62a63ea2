import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { checkEdge } from "../../cli/edge/check.ts";
import { loadEdgeSettings } from "../../cli/edge/edge-settings.ts";
import { newOperator } from "../../cli/operator/people.ts";
import { parseCommentedJson } from "../../src/foundation/text/parse-json.ts";
import { peopleOf, personOfToken, readOperators } from "../../src/operators/people.ts";

const anna = { name: "anna", tokenSha256: "0".repeat(64), role: "viewer", domains: ["acme"] };
const otherToken = { ...anna, tokenSha256: "1".repeat(64) };
const dora = { email: "dora@example.com", role: "operator", domains: ["*"] };
const access = { team: "acme", audience: "aud-1", people: [dora] };

test("the line that is printed makes the token that is printed that person's, and no other one", async () => {
  const { token, line } = newOperator("anna", "viewer", ["acme", "harbour"]);
  const operators = readOperators(`{"people":[${line}]}`);
  const people = operators.ok ? await peopleOf(operators.value, "") : expect.fail(operators.error);

  expect(line).not.toContain(token);
  expect(token).toMatch(/^[\w-]{32}$/);
  expect((await personOfToken(people, token))?.person).toEqual({
    name: "anna",
    role: "viewer",
    domains: ["acme", "harbour"],
  });
  for (const wrong of ["", token.slice(1), JSON.parse(line).tokenSha256]) {
    expect(await personOfToken(people, wrong), wrong).toBeNull();
  }
  expect(newOperator("anna", "viewer", ["acme"]).token).not.toBe(token);
});

test("people stand in the settings file, or in a file of their own; what is wrong there is said with its place", async () => {
  const folder = mkdtempSync(join(tmpdir(), "bridgehead-people-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const written = (name: string, content: object) => {
    writeFileSync(join(folder, name), JSON.stringify(content));
    return join(folder, name);
  };
  const settings = (operators: unknown) => written("edge.json", { state: "state", operators, domains: {} });
  const loaded = (operators: unknown) => {
    const read = loadEdgeSettings(settings(operators));
    return read.ok ? parseCommentedJson(read.value.operators || "null") : read.error;
  };
  const own = written("people.json", { people: [anna], access });

  expect(loaded(undefined)).toBeNull();
  expect(loaded({ people: [anna] })).toEqual({ people: [anna] });
  expect(loaded("people.json")).toEqual({ people: [anna], access });
  expect(loaded({ people: [{}] })).toMatch(/edge\.json: operators\.people\.0\.name is missing; a right example/);
  written("people.json", { people: {} });
  expect(loaded("people.json")).toContain(`${own}: operators.people must be a list`);
  // A token may stand there in place of a file's name.
  expect(loaded("hunter2TOKEN")).toMatch(
    /^operators names a file that is not there; a path begins in the folder of \S+edge\.json, /,
  );

  const people = [anna, { ...otherToken, name: "olga", role: "operator" }];
  const findings = await checkEdge(settings({ people, access }));
  expect(findings.filter(({ about }) => about === "operators").map(({ verdict, says }) => [verdict, says])).toEqual([
    ["ok", "anna (viewer of acme); olga (operator of acme); dora@example.com (operator of *, by Cloudflare Access)"],
    ["warn", "there is no domain acme"],
  ]);
});
