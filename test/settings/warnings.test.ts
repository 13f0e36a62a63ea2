import { expect, test } from "vitest";
import { shownSettings } from "../../src/settings/domain-settings.ts";
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

test("no secret is shown, of addresses neither password nor query, and of the rest all", () => {
  const more = {
    adapterSecrets: ["abcdefghijklmnop"],
    passthroughUrl: "https://user:secret@voice.example.com/passthrough?key=secret",
    hybrid: { clientUrl: "https://voice.example.com/client", connectData: "room=secret" },
    recording: { number: { country: "1", area: "408", local: "5551234" }, sequence: "P15D4711#P0" },
    protocol: { host: { attendeeIds: ["40017"] } },
  };
  const { settings } = testDomain({ ...more, recordsPersonal: "masked" });
  expect(shownSettings(settings)).toEqual({
    ...settings,
    adapterSecrets: ["(secret)"],
    passthroughUrl: "https://voice.example.com/passthrough?…",
    hybrid: { ...settings.hybrid, connectData: "(secret)" },
    recording: { ...settings.recording, sequence: "(secret)" },
    protocol: { host: { attendeeIds: ["***17"] } },
  });
});
