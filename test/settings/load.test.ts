import { expect, test } from "vitest";
import { domainSettings } from "../../src/settings/domain-settings.ts";
import { example, loadDomains } from "../../src/settings/load.ts";
import { localDomain, mergeSettings } from "../../src/settings/local-domain.ts";

const publicKey = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const local = localDomain({ agents: [{ name: "agent-1", publicKey }] });
const load = (overrides: unknown) => loadDomains(JSON.stringify({ local: mergeSettings(local, overrides) }));

test("the local domain is right as it is, and the same text is read once", () => {
  const loaded = load({});

  expect(loaded.ok && [...loaded.value]).toEqual([
    ["local", { ...local, journalRetentionDays: 7, protocol: {}, adapterSecrets: [], logs: { personal: false } }],
  ]);
  expect(load({})).toBe(loaded);
});

test("the examples of the messages make a domain that is right, and has every setting", () => {
  const loaded = loadDomains(JSON.stringify({ example }));

  expect(loaded).toMatchObject({ ok: true });
  expect(Object.keys(example).sort()).toEqual(Object.keys(domainSettings.entries).sort());
});

test("a recording sequence without its final pause gets one", () => {
  const loaded = load({ recording: { number: { country: "1", area: "408", local: "55" }, sequence: "P5D123#" } });

  expect(loaded.ok && [...loaded.value.values()][0]?.recording?.sequence).toBe("P5D123#P0");
});

test.each<[string, unknown, string]>([
  [
    "a wrong type",
    { webex: { timeoutMs: "10" } },
    "DOMAINS.local.webex.timeoutMs must be a number; a right example: 10000",
  ],
  [
    "keypad codes of which one begins with the other",
    { keypad: { merge: "*", mute: "*6" } },
    'DOMAINS.local.keypad must have two codes of which neither begins with the other; a right example: {"merge":"*1","mute":"*6"}',
  ],
  [
    "an unknown setting",
    { webex: { timeout: 10 } },
    "DOMAINS.local.webex.timeout is not a setting; did you mean timeoutMs?",
  ],
  ["a mistyped setting", { webx: {} }, "DOMAINS.local.webx is not a setting; did you mean webex?"],
  [
    "a setting that is like none",
    { keypad: { hangUp: "*9" } },
    "DOMAINS.local.keypad.hangUp is not a setting; there are merge, mute",
  ],
  [
    "an unknown word of the protocol",
    { protocol: { codes: { privilege: { speek: 1 } } } },
    "DOMAINS.local.protocol.codes.privilege.speek is not a setting; did you mean speak?",
  ],
  [
    "a setting too many for an agent",
    { bridges: [{ name: "b", agents: [{ name: "a", publicKey, key: "" }] }] },
    "DOMAINS.local.bridges.0.agents.0.key is not a setting; there are name, publicKey",
  ],
  [
    "a name that XML does not allow",
    { protocol: { attributes: { ExtConfID: "1 2" } } },
    'DOMAINS.local.protocol.attributes.ExtConfID must be an XML name; a right example: "attributes": {"SubConfID":"ExtSubConfID"}',
  ],
  [
    "a bridge without agents",
    { bridges: [{ name: "b", agents: [] }] },
    `DOMAINS.local.bridges.0.agents must name at least one agent with its public key; a right example: [{"name":"agent-1","publicKey":"${publicKey}"}]`,
  ],
  [
    "a missing part",
    { recording: { sequence: "P1" } },
    'DOMAINS.local.recording.number is missing; a right example: {"country":"1","area":"408","local":"5551234"}',
  ],
  [
    "a recording sequence outside the grammar",
    { recording: { number: { country: "1", area: "408", local: "55" }, sequence: "X1" } },
    'DOMAINS.local.recording.sequence must be P (pause) and D (digits) items, for example P15D123456789#P0; a right example: "P15D123456789#P0"',
  ],
  [
    "a memory of a day, after which WebEx uses its numbers again",
    { transactionMemoryMs: 86_400_000 },
    "DOMAINS.local.transactionMemoryMs must be below 24 hours, 86400000; a right example: 7200000",
  ],
  [
    "a secret that can be guessed",
    { adapterSecrets: ["secret"] },
    'DOMAINS.local.adapterSecrets.0 must be 16 to 32 of letters, digits, - and _; a right example: "q3J8xWm0ZbV5tYk2"',
  ],
  [
    "a third secret",
    { adapterSecrets: ["aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb", "cccccccccccccccc"] },
    'DOMAINS.local.adapterSecrets must be at most two secrets; a right example: ["q3J8xWm0ZbV5tYk2"]',
  ],
  [
    "two agents of one name",
    {
      bridges: [
        {
          name: "b",
          agents: [
            { name: "a", publicKey },
            { name: "a", publicKey },
          ],
        },
      ],
    },
    `DOMAINS.local.bridges.0.agents must not have two agents of one name; a right example: [{"name":"agent-1","publicKey":"${publicKey}"}]`,
  ],
])("%s is told with the setting, what is wrong, and a right example", (_what, overrides, message) => {
  expect(load(overrides)).toEqual({ ok: false, error: message });
});

test("a recording sequence that the final pause makes too long is refused", () => {
  const number = { country: "1", area: "408", local: "55" };

  expect(load({ recording: { number, sequence: `P1D${"1".repeat(250)}` } }).ok).toBe(true);
  expect(load({ recording: { number, sequence: `P1D${"1".repeat(251)}` } }).ok).toBe(false);
});

test("two elements of one name are found at load, before a call is", () => {
  const loaded = load({ protocol: { elements: { W2A_Callout: "W2A_DropUser" } } });

  expect(loaded).toMatchObject({ ok: false, error: expect.stringContaining("DOMAINS.local.protocol") });
});

test.each([
  "{",
  "[]",
  "null",
  "3",
  '{"a/b": {}}',
  '{"a": {}}',
  '{"a": null}',
])("%s is one line of complaint", (json) => {
  const loaded = loadDomains(json);

  expect(loaded).toMatchObject({ ok: false, error: expect.stringMatching(/^DOMAINS[^\n]*right example[^\n]*$/) });
});

test("merging goes deep into objects and replaces everything else", () => {
  const defaults = { a: { b: 1, c: [1, 2] }, d: 4, e: { f: 5 } };

  expect(mergeSettings(defaults, { a: { c: [3] }, d: { new: true }, e: null, g: { h: {} } })).toEqual({
    a: { b: 1, c: [3] },
    d: { new: true },
    e: null,
    g: { h: {} },
  });
  expect(defaults).toEqual({ a: { b: 1, c: [1, 2] }, d: 4, e: { f: 5 } });
});

test("names that reach into prototypes are ignored at every depth", () => {
  const merged = mergeSettings(
    { a: {} },
    JSON.parse('{"__proto__": {"x": 1}, "constructor": 1, "a": {"__proto__": {"x": 1}}, "new": {"prototype": 2}}'),
  );

  expect(merged).toEqual({ a: {}, new: {} });
  expect(({} as { x?: number }).x).toBeUndefined();
  expect(Object.getPrototypeOf(merged)).toBe(Object.prototype);
});

test("an adapter URL that WebEx would not take, for its length, is refused (protocol T3)", () => {
  const domains = (name: string, secret: string) =>
    loadDomains(JSON.stringify({ [name]: { ...local, adapterSecrets: [secret] } }));

  expect(domains("a".repeat(12), "s".repeat(27)).ok).toBe(true);
  expect(domains("a".repeat(13), "s".repeat(27))).toEqual({
    ok: false,
    error:
      'DOMAINS aaaaaaaaaaaaa and its secret make a path of 46 characters, at most 45 fit; a right example: {"local": {…}}',
  });
});

test("a domain that says nothing of it takes 60,000 posts a minute, and shows nothing personal in its log", () => {
  const { rateLimitPerMinute: _, ...silent } = local;
  const loaded = loadDomains(JSON.stringify({ silent }));

  expect(loaded.ok && [...loaded.value.values()][0]).toMatchObject({
    journalRetentionDays: 7,
    rateLimitPerMinute: 60_000,
    logs: { personal: false },
    adapterSecrets: [],
  });
});
