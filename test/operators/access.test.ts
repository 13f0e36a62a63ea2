import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { expect, test } from "vitest";
import { personOfAccess } from "../../src/operators/access.ts";
import type { Operator } from "../../src/operators/people.ts";

const dora: Operator = { name: "dora@example.com", role: "viewer", domains: ["local"] };
const now = 1_800_000_000_000;
const [right, other, elliptic, longer] = await Promise.all([
  generateKeyPair("RS256"),
  generateKeyPair("RS256"),
  generateKeyPair("ES256"),
  generateKeyPair("RS512"),
]);
let teams = 0;

/** A team of its own, whose keys no other test has fetched. */
async function aTeam(keysOf = async (): Promise<Response> => Response.json({ keys: await keys() })) {
  teams += 1;
  const issuer = `https://team-${teams}.cloudflareaccess.com`;
  const fetched: string[] = [];
  const settings = { issuer, audience: "aud-1", people: new Map([["dora@example.com", dora]]) };
  const fetch = (url: string) => {
    fetched.push(url);
    return keysOf();
  };
  const sign = (
    claims: object = {},
    by = right,
    header: { alg: string; kid: string } = { alg: "RS256", kid: "k1" },
  ) => {
    const payload = { iss: issuer, aud: "aud-1", email: "dora@example.com", exp: now / 1_000 + 60, ...claims };
    return new SignJWT(payload).setProtectedHeader(header).sign(by.privateKey);
  };
  return { fetched, sign, person: (token: string, at = now) => personOfAccess(settings, token, fetch, at) };
}

async function keys() {
  const jwk = async (pair: typeof right, kid: string, alg: string) => {
    return { ...(await exportJWK(pair.publicKey)), kid, alg, use: "sig" };
  };
  return [await jwk(right, "k1", "RS256"), await jwk(elliptic, "k2", "ES256"), await jwk(longer, "k3", "RS512")];
}

test("the person of a token is known by its address, however it is written, while the token is good", async () => {
  const { sign, person, fetched } = await aTeam();
  expect(await person(await sign({ email: "Dora@Example.com" }))).toEqual(dora);
  expect(await person(await sign({}, elliptic, { alg: "ES256", kid: "k2" }))).toEqual(dora);
  // Keys are fetched once.
  expect(fetched).toHaveLength(1);
  expect(fetched[0]).toMatch(/^https:\/\/team-\d+\.cloudflareaccess\.com\/cdn-cgi\/access\/certs$/);
});

test.each<[string, object, typeof right?, { alg: string; kid: string }?]>([
  ["has another audience", { aud: "aud-2" }],
  ["is of another team", { iss: "https://evil.cloudflareaccess.com" }],
  ["is over", { exp: now / 1_000 - 1 }],
  ["never ends", { exp: undefined }],
  ["is not good yet", { nbf: now / 1_000 + 600 }],
  ["is of somebody whom the settings do not have", { email: "eve@example.com" }],
  ["has no address", { email: undefined }],
  ["has a list of addresses", { email: ["dora@example.com"] }],
  ["is signed by another key", {}, other],
  ["names a key that the team does not have", {}, right, { alg: "RS256", kid: "k9" }],
  ["is signed in a way that Access does not use", {}, longer, { alg: "RS512", kid: "k3" }],
])("a token that %s is nobody's", async (_what, claims, by, header) => {
  const { sign, person } = await aTeam();
  expect(await person(await sign(claims, by ?? right, header))).toBe(null);
});

test("what is no token at all, or signed with nothing, is nobody's", async () => {
  const { person } = await aTeam();
  const part = (value: object) => btoa(JSON.stringify(value)).replaceAll("=", "");
  for (const text of ["", "x", "x.y.z", `${part({ alg: "none" })}.${part({ email: "dora@example.com" })}.`])
    expect([text, await person(text)]).toEqual([text, null]);
});

test("where the team's keys cannot be had, nobody says that the token is wrong", async () => {
  const { sign, person } = await aTeam(async () => {
    throw new Error("the team does not answer");
  });
  await expect(person(await sign())).rejects.toThrow("the team does not answer");
  const broken = await aTeam(async () => new Response("", { status: 503 }));
  await expect(broken.person(await broken.sign())).rejects.toThrow();
});
