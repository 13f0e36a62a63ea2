import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { checkEdge } from "../../cli/edge/check.ts";
import { loadEdgeSettings } from "../../cli/edge/edge-settings.ts";
import { newOperator } from "../../cli/operator/people.ts";
import { parseCommentedJson } from "../../src/foundation/text/parse-json.ts";
import { peopleOf, personNameFault, personOfToken, readOperators } from "../../src/operators/people.ts";

const anna = { name: "anna", tokenSha256: "0".repeat(64), role: "viewer", domains: ["acme"] };
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

test.each<[string, object | string, string]>([
  ["no JSON", "{", "OPERATORS is not JSON"],
  ["a list", [anna], "OPERATORS must be an object (it is a list)"],
  ["a mistyped name", { peple: [] }, "OPERATORS.peple is not a setting"],
  ["a name with a blank", { people: [{ ...anna, name: "a b" }] }, "OPERATORS.people.0.name must be 1 to 64 of letters"],
  ["the operator's name", { people: [{ ...anna, name: "operator" }] }, "OPERATORS.people.0.name must not be operator"],
  [
    "a token in place of its hash",
    { people: [{ ...anna, tokenSha256: "my-token" }] },
    "OPERATORS.people.0.tokenSha256 must be the 64 digits",
  ],
  ["no hash", { people: [{ ...anna, tokenSha256: undefined }] }, "OPERATORS.people.0.tokenSha256 is missing"],
  [
    "another role",
    { people: [{ ...anna, role: "admin" }] },
    'OPERATORS.people.0.role must be one of "viewer", "operator" (it is "admin")',
  ],
  ["no domain", { people: [{ ...anna, domains: [] }] }, "OPERATORS.people.0.domains must name a domain"],
  [
    "all domains and one",
    { people: [{ ...anna, domains: ["*", "acme"] }] },
    'OPERATORS.people.0.domains must be ["*"] alone',
  ],
  [
    "two of one name",
    { people: [anna, { ...anna, name: "Anna", tokenSha256: "1".repeat(64) }] },
    "OPERATORS.people must not have two of one name",
  ],
  [
    "two with one token",
    { people: [anna, { ...anna, name: "boris" }] },
    "OPERATORS.people must not have two with one token",
  ],
  [
    "a team by its host",
    { access: { ...access, team: "acme.cloudflareaccess.com" } },
    "OPERATORS.access.team must be the first part of",
  ],
  ["no audience", { access: { ...access, audience: "" } }, "OPERATORS.access.audience must be the AUD tag"],
  [
    "no address",
    { access: { ...access, people: [{ ...dora, email: "dora" }] } },
    "OPERATORS.access.people.0.email must be an e-mail address",
  ],
  [
    "two of one address",
    { access: { ...access, people: [dora, { ...dora, email: "Dora@example.com" }] } },
    "OPERATORS.access.people must not have two of one address",
  ],
])("%s is refused with what is wrong and a right example", (_, settings, says) => {
  const read = readOperators(typeof settings === "string" ? settings : JSON.stringify(settings));

  expect(read).toEqual({ ok: false, error: expect.stringMatching(/; a right example: \{"people":/) });
  expect(read.ok ? "" : read.error.slice(0, says.length)).toBe(says);
  expect(read.ok ? "" : read.error).not.toContain("my-token");
});

test("a person's name says what is wrong with it", () => {
  expect([personNameFault("anna.b-1_2"), personNameFault("anna@example.com"), personNameFault("operator")]).toEqual([
    null,
    expect.stringMatching(/^It must be 1 to 64 of letters/),
    expect.stringMatching(/^It must not be operator/),
  ]);
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

  const people = [anna, { ...anna, name: "olga", tokenSha256: "1".repeat(64), role: "operator" }];
  const findings = await checkEdge(settings({ people, access }));
  expect(findings.filter(({ about }) => about === "operators").map(({ verdict, says }) => [verdict, says])).toEqual([
    ["ok", "anna (viewer of acme); olga (operator of acme); dora@example.com (operator of *, by Cloudflare Access)"],
    ["warn", "there is no domain acme"],
  ]);
});
