import { expect, test } from "vitest";
import { maskedSettings } from "../../src/settings/masked.ts";
import { remindersOf, warningsOf } from "../../src/settings/warnings.ts";
import { testDomain } from "../local-domain.ts";

const agent = (name: string) => ({ name, publicKey: "_FHNjmIYoaONpH7QAjDwWAgW7RO6MwOsXeuRFUiQgCU" });

test("a domain that anybody could command is warned of, unless WebEx is on this machine", () => {
  const hosts = { webex: { hosts: ["*.webex.com"] } };
  expect(warningsOf(testDomain(hosts))).toEqual([expect.stringMatching(/^has no adapterSecrets/)]);
  expect(warningsOf(testDomain({ ...hosts, adapterSecrets: ["a".repeat(16)] }))).toEqual([]);
  expect(warningsOf(testDomain())).toEqual([]);
});

test("staff are reminded of a secret that is to go, and of a bridge where nobody stands by", () => {
  const two = { adapterSecrets: ["a".repeat(16), "b".repeat(16)] };
  const bridges = [
    { name: "alone", agents: [agent("agent-1")] },
    { name: "safe", agents: [agent("agent-1"), agent("agent-2")] },
  ];
  expect(remindersOf(testDomain({ ...two, bridges }))).toEqual([
    expect.stringMatching(/^has two adapterSecrets/),
    expect.stringMatching(/^has one agent at the bridge alone:/),
  ]);
  expect(remindersOf(testDomain({ adapterSecrets: ["a".repeat(16)], bridges: bridges.slice(1) }))).toEqual([]);
});

test("of secrets two characters are shown, of addresses neither password nor query, and of the rest all", () => {
  const settings = {
    adapterSecrets: ["q3J8xWm0ZbV5tYk2"],
    passthroughUrl: "https://user:secret@voice.example.com/passthrough?key=secret",
    hybrid: { clientUrl: "https://voice.example.com/client", connectData: "room=secret" },
    webexSite: { partnerId: "acme-secret", passwordFrom: "WEBEX_SECRET_ACME", cacheMs: 5, email: undefined },
    keypad: { mute: "*6" },
  };
  const shown = maskedSettings(settings);
  expect(shown).toEqual({
    adapterSecrets: ["**********k2"],
    passthroughUrl: "https://voice.example.com/passthrough?…",
    hybrid: { clientUrl: "https://voice.example.com/client", connectData: "*********et" },
    webexSite: { partnerId: "*********et", passwordFrom: "WEBEX_SECRET_ACME", cacheMs: 5, email: undefined },
    keypad: { mute: "*6" },
  });
  expect(JSON.stringify(shown)).not.toContain("secret");
});
