import { expect, test } from "vitest";
import { sha256 } from "../../src/foundation/secrets.ts";
import {
  type Operator,
  type OperatorsSettings,
  peopleOf,
  personNameFault,
  personOfToken,
  readOperators,
  seesAll,
  seesDomain,
  unknownDomains,
} from "../../src/operators/people.ts";

const hash = "0123456789abcdef".repeat(4);
type Person = OperatorsSettings["people"][number];
const anna: Person = { name: "anna", tokenSha256: hash, role: "operator", domains: ["acme"] };
type Access = NonNullable<OperatorsSettings["access"]>;
const byAddress: Access["people"][number] = { email: "Anna@example.com", role: "operator", domains: ["*"] };
const access: Access = { team: "acme", audience: "aud", people: [byAddress] };

/** What is wrong with the settings; empty: nothing. */
function faultOf(settings: object): string {
  const read = readOperators(JSON.stringify(settings));
  return read.ok ? "" : read.error;
}

const withAnna = (more: object) => ({ people: [{ ...anna, ...more }] });
const withAddress = (more: object) => ({ access: { ...access, people: [{ ...byAddress, ...more }] } });
const another = { name: "boris", tokenSha256: "f".repeat(64) };

test.each<[string, object]>([
  ["nobody", {}],
  ["a person", withAnna({})],
  ["a name of 64 characters of each kind", withAnna({ name: `aZ09._-${"x".repeat(57)}` })],
  ["several people", { people: [anna, { ...anna, ...another }] }],
  ["several domains", withAnna({ domains: ["acme", "local"] })],
  ["a viewer who reads none", withAnna({ role: "viewer" })],
  ["Access", { access }],
  [
    "two addresses that are alike in capital letters alone",
    {
      access: {
        ...access,
        people: ["straße@a.example", "strasse@a.example"].map((email) => ({ ...byAddress, email })),
      },
    },
  ],
  ["a viewer of Access", withAddress({ role: "viewer" })],
])("the settings of people may have %s", (_what, settings) => {
  expect(faultOf(settings)).toBe("");
});

test.each<[string, object, string]>([
  ["the operator's own name", withAnna({ name: "operator" }), "people.0.name"],
  ["a name of 65 characters", withAnna({ name: "x".repeat(65) }), "people.0.name"],
  ["no name", withAnna({ name: "" }), "people.0.name"],
  ["a name with a blank", withAnna({ name: "an na" }), "people.0.name"],
  ["a name behind another sign", withAnna({ name: "!anna" }), "people.0.name"],
  ["a role that is none", withAnna({ role: "admin" }), "people.0.role"],
  ["no domain", withAnna({ domains: [] }), "people.0.domains"],
  ["all domains and one more", withAnna({ domains: ["*", "acme"] }), "people.0.domains"],
  ["a hash that is too short", withAnna({ tokenSha256: hash.slice(1) }), "people.0.tokenSha256"],
  ["a hash that is too long", withAnna({ tokenSha256: `${hash}0` }), "people.0.tokenSha256"],
  ["a hash in capital letters", withAnna({ tokenSha256: hash.toUpperCase() }), "people.0.tokenSha256"],
  ["two of one name", { people: [anna, { ...anna, tokenSha256: another.tokenSha256 }] }, "people must not have two of"],
  [
    "two of one name but for its capitals",
    { people: [anna, { ...anna, ...another, name: "Anna" }] },
    "people must not",
  ],
  ["two with one token", { people: [anna, { ...anna, name: "boris" }] }, "people must not have two with one token"],
  [
    "two of one address",
    { access: { ...access, people: [byAddress, { ...byAddress, email: "anna@EXAMPLE.com" }] } },
    "access.people",
  ],
  [
    "what is no setting, whatever else is wrong",
    withAnna({ name: "", isAdmin: true }),
    "people.0.isAdmin is not a setting",
  ],
  ["an address that is none", withAddress({ email: "anna" }), "access.people.0.email"],
  ["two addresses in one", withAddress({ email: "a@b, c@d" }), "access.people.0.email"],
  ["a team that is an address", { access: { ...access, team: "acme.cloudflareaccess.com" } }, "access.team"],
  ["no audience", { access: { ...access, audience: "" } }, "access.audience"],
  ["what is no setting", withAnna({ isAdmin: true }), "people.0.isAdmin is not a setting"],
])("the settings of people may not have %s", (_what, settings, fault) => {
  expect(faultOf(settings)).toContain(fault);
});

test("whoever has put a token in place of its hash reads it in no line", () => {
  expect(faultOf(withAnna({ tokenSha256: "my-own-token" }))).not.toContain("my-own-token");
  expect(faultOf(withAnna({ name: 7 }))).toContain("people.0.name must be a text (it is 7)");
  expect(faultOf({ people: [{ ...anna, tokenSha256: undefined }] })).toContain("people.0.tokenSha256 is missing");
  expect(readOperators("{")).toMatchObject({ ok: false, error: expect.stringContaining("OPERATORS is not JSON") });
  expect(readOperators(" ")).toEqual({ ok: true, value: { people: [] } });
  expect(readOperators("[]")).toMatchObject({
    ok: false,
    error: expect.stringMatching(/^OPERATORS must be an object \(it is a list\); a right example: /),
  });
  expect(readOperators("7")).toMatchObject({ ok: false, error: expect.stringMatching(/^OPERATORS must /) });
});

test("a token is its person's, and the operator's token is nobody's where there is none", async () => {
  const settings: OperatorsSettings = { people: [{ ...anna, tokenSha256: await sha256("of-anna") }] };
  const people = await peopleOf(settings, "of-all");
  const nameOf = async (token: string, all = people) => (await personOfToken(all, token))?.person.name ?? null;

  expect([await nameOf("of-anna"), await nameOf("of-all"), await nameOf("of-nobody"), await nameOf("")]).toEqual([
    "anna",
    "operator",
    null,
    null,
  ]);
  expect(await personOfToken(people, "of-anna")).toEqual({
    person: { name: "anna", role: "operator", domains: ["acme"] },
    credential: await sha256("of-anna"),
  });
  const without = await peopleOf(settings, "");
  expect([await nameOf("", without), await nameOf("of-anna", without), without.access]).toEqual([null, "anna", null]);
});

test("the operator's token is valid everywhere", async () => {
  const found = await personOfToken(await peopleOf({ people: [] }, "of-all"), "of-all");
  expect(found?.person).toEqual({ name: "operator", role: "operator", domains: ["*"] });
});

test("people of Access are known by their addresses, in small letters", async () => {
  const { access: found } = await peopleOf({ people: [], access: { ...access, people: [byAddress] } }, "");
  expect([found?.issuer, found?.audience, [...(found?.people ?? [])]]).toEqual([
    "https://acme.cloudflareaccess.com",
    "aud",
    [["anna@example.com", { name: "anna@example.com", role: "operator", domains: ["*"] }]],
  ]);
});

test("who sees a domain, and who sees all", () => {
  const of = (...domains: readonly string[]): Operator => ({ name: "anna", role: "viewer", domains });
  const seen = [of("acme"), of("local", "acme"), of("local"), of("*")];
  expect(seen.map((one) => [seesDomain(one, "acme"), seesAll(one)])).toEqual([
    [true, false],
    [true, false],
    [false, false],
    [true, true],
  ]);
});

test("domains that people may see and that there are not are named, each once", () => {
  const settings = {
    people: [
      { ...anna, domains: ["acme", "gone"] },
      { ...anna, domains: ["*"] },
    ],
    access: { ...access, people: [{ ...byAddress, domains: ["gone", "lost", "acme"] }] },
  };
  expect(unknownDomains(settings, ["acme"])).toEqual(["gone", "lost"]);
  expect(unknownDomains({ people: [anna] }, ["acme"])).toEqual([]);
});

test("a name that nobody can have is told why", () => {
  expect([personNameFault("anna"), personNameFault("operator"), personNameFault("an na")]).toEqual([
    null,
    expect.stringMatching(/^It must not be operator.*\.$/),
    expect.stringMatching(/^It must be 1 to 64 .*\.$/),
  ]);
});
