import { expect, test } from "vitest";
import { decodeHello, encodeHello, type Hello, helloFault, helloText, refusal } from "../../src/link/hello.ts";

const hello: Hello = {
  version: 1,
  agent: "agent-1 in Zürich",
  domain: "local",
  bridge: "simulated",
  at: 1_000_000,
  challenge: "c1",
  key: "k",
  signature: "A".repeat(86),
};

test("a hello survives its encoding as a header", () => {
  expect(encodeHello(hello)).toMatch(/^[!-~]+$/);
  expect(decodeHello(encodeHello(hello))).toEqual({ ok: true, value: hello });
});

test("the signature covers version, domain, bridge, agent, time and challenge", () => {
  expect(helloText(hello)).toBe("bridgehead-agent\n1\nlocal\nsimulated\nagent-1 in Zürich\n1000000\nc1");
});

test.each<[string, string | null]>([
  ["none", null],
  ["no JSON", "hello"],
  ["half a character", "%E4"],
  ["no object", "null"],
  ["a signature that is too short", encodeHello({ ...hello, signature: "A" })],
  ["a signature that is too long", encodeHello({ ...hello, signature: "A".repeat(87) })],
  ["a signature behind something else", encodeHello({ ...hello, signature: `=${"A".repeat(86)}` })],
  ["a hello without a key", encodeURIComponent(JSON.stringify({ ...hello, key: undefined }))],
])("%s is no hello", (_what, header) => {
  expect(decodeHello(header)).toEqual({ ok: false, error: "badMessage" });
});

test("ignores unknown fields of a hello", () => {
  const newer = { ...hello, laterThanThis: 1 };
  expect(decodeHello(encodeHello(newer))).toEqual({ ok: true, value: hello });
});

test("recognizes a hello of another version", () => {
  expect(decodeHello(encodeURIComponent('{"version":2,"who":"me"}'))).toEqual({ ok: false, error: "oldVersion" });
});

test("a refusal says what a close frame would say", () => {
  expect(refusal("wrongKey")).toEqual({ "bridgehead-refusal": "4401 wrongKey" });
  expect(refusal("replayed", "c2")).toEqual({ "bridgehead-refusal": "4402 c2" });
});

/** Of the settings: `agent-1` is at two bridges of its domain under one key. */
const agents = [
  { domain: "local", bridge: "simulated", agent: "agent-1", publicKey: "k" },
  { domain: "local", bridge: "second", agent: "agent-1", publicKey: "k" },
  { domain: "local", bridge: "simulated", agent: "agent-3", publicKey: "k3" },
  { domain: "other", bridge: "simulated", agent: "agent-2", publicKey: "k2" },
];
const ours = { ...hello, agent: "agent-1" };
const here = { domain: "local", bridge: "simulated" };

test.each<[string, Partial<Hello>, typeof here, string | null]>([
  ["an agent where it is at home", {}, here, null],
  ["its other bridge", { bridge: "second" }, { ...here, bridge: "second" }, null],
  ["a key that nobody has", { key: "k9" }, here, "wrongKey"],
  ["the name of an agent with another one's key", { key: "k3" }, here, "wrongKey"],
  ["a name that the key does not have", { agent: "agent-9" }, here, "wrongKey"],
  ["another domain, of which its key is not", { domain: "other" }, { ...here, domain: "other" }, "unknownDomain"],
  ["another domain in its hello", { domain: "other" }, here, "unknownDomain"],
  ["another domain in its address", {}, { ...here, domain: "other" }, "unknownDomain"],
  ["a bridge that is not there", { bridge: "third" }, { ...here, bridge: "third" }, "unknownBridge"],
  ["another of its bridges in its hello", { bridge: "second" }, here, "unknownBridge"],
  ["another of its bridges in its address", {}, { ...here, bridge: "second" }, "unknownBridge"],
])("an agent gets a socket only for its own place and key: %s", async (_what, more, place, fault) => {
  expect(await helloFault({ ...ours, ...more }, place, agents, async () => true)).toBe(fault);
});

test("a wrong signature gets no socket and reveals no bridge", async () => {
  const asked: unknown[] = [];
  const isSigned = async (...about: readonly string[]) => {
    asked.push(about);
    return false;
  };
  const faultOf = (more: Partial<Hello>) => helloFault({ ...ours, ...more }, here, agents, isSigned);
  expect(await faultOf({})).toBe("wrongKey");
  expect(await faultOf({ domain: "other" })).toBe("wrongKey");
  expect(await faultOf({ bridge: "third" })).toBe("wrongKey");
  expect(asked[0]).toEqual(["k", helloText(ours), ours.signature]);
  // Whoever has no key of ours costs no signature.
  asked.length = 0;
  await faultOf({ key: "k9" });
  expect(asked).toEqual([]);
});
