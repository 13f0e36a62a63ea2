import { expect, test } from "vitest";
import { checkHello, type Hello, MAX_CLOCK_SKEW_MS } from "../../src/relay/check-hello.ts";

const link = { domain: "local", bridge: "simulated", nonce: "n1", agents: [{ name: "agent-1", publicKey: "key-1" }] };
const hello: Hello = {
  type: "hello",
  version: 1,
  agent: "agent-1",
  domain: "local",
  bridge: "simulated",
  nonce: "n1",
  signature: "s",
  at: 1_000_000,
};

test("a right hello must be signed by the agent's key, over everything that ties it to this link", () => {
  expect(checkHello(hello, link, 1_000_000)).toEqual({
    ok: true,
    publicKey: "key-1",
    text: "bridgehead-agent\n1\nlocal\nsimulated\nagent-1\n1000000\nn1",
  });
});

test.each<[string, Partial<Hello>, string]>([
  ["another version", { version: 2 }, "oldVersion"],
  ["another domain than the link's", { domain: "other" }, "unknownDomain"],
  ["another bridge than the link's", { bridge: "other" }, "unknownBridge"],
  ["an agent that the bridge does not have", { agent: "agent-2" }, "wrongKey"],
  ["an answer to another challenge", { nonce: "n0" }, "replayed"],
  ["a clock that is behind", { at: 1_000_000 - MAX_CLOCK_SKEW_MS - 1 }, "clockSkew"],
  ["a clock that is ahead", { at: 1_000_000 + MAX_CLOCK_SKEW_MS + 1 }, "clockSkew"],
])("%s is refused", (_what, change, why) => {
  expect(checkHello({ ...hello, ...change }, link, 1_000_000)).toEqual({ ok: false, why });
});

test("a clock may be off by five minutes", () => {
  for (const at of [1_000_000 - MAX_CLOCK_SKEW_MS, 1_000_000 + MAX_CLOCK_SKEW_MS]) {
    expect(checkHello({ ...hello, at }, link, 1_000_000).ok).toBe(true);
  }
});
