import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { drivers } from "../../bridge-agent/drivers/registry.ts";
import { loadSettings, readSettings } from "../../bridge-agent/service/settings.ts";

const right = {
  edge: "wss://bridgehead.example.com",
  domain: "acme",
  bridge: "bridge-1",
  agent: "agent-1",
  state: "/var/lib/bridgehead",
  listen: { port: 8791 },
  driver: { type: "generic", url: "ws://127.0.0.1:8790/bridge" },
};

function wrong(change: object): string {
  const read = readSettings(JSON.stringify({ ...right, ...change }));
  return read.ok ? "" : read.error;
}

test("right settings are taken as they are", () => {
  expect(readSettings(JSON.stringify(right))).toEqual({
    ok: true,
    value: { ...right, logs: { personal: false }, policy: { allow: [], deny: [] } },
  });
});

test.each([
  ["a missing setting", { edge: undefined }, 'edge is missing, for example "wss://bridgehead.example.com"'],
  [
    "a wrong address",
    { edge: "https://x" },
    'edge must be a ws:// or wss:// address without user, password and #, for example "wss://bridgehead.example.com"',
  ],
  ["no address at all", { edge: [] }, 'edge must not be empty, for example "wss://bridgehead.example.com"'],
  [
    "a wrong address of the bridge",
    { driver: { type: "generic", url: "ws:///bridge" } },
    'driver.url must be a ws:// or wss:// address without user, password and #, for example "ws://127.0.0.1:8790/bridge"',
  ],
  [
    "an address with a password, which is not shown,",
    { edge: "wss://user:se/c@ret@x" },
    'edge must be a ws:// or wss:// address without user, password and #, for example "wss://bridgehead.example.com"',
  ],
  [
    "a port that is none",
    { listen: { port: 70_000 } },
    "listen.port must be 0 to 65535 (it is 70000), for example 8791",
  ],
  [
    "a driver that is none",
    { driver: { type: "fax" } },
    'driver.type must be one of "generic", "asterisk" (it is "fax")',
  ],
  [
    "an address of Asterisk that is none of ARI",
    { driver: { type: "asterisk", url: "ws://127.0.0.1:8088", user: "bridgehead", password: "secret" } },
    'driver.url must be the http:// or https:// address of ARI, ending in /ari, without user and password, for example "http://127.0.0.1:8088/ari"',
  ],
  [
    "an Asterisk on another machine without TLS",
    { driver: { type: "asterisk", url: "http://10.0.0.7:8088/ari", user: "u", password: "secret" } },
    'driver.url must be https:// where Asterisk is on another machine: the password, with which anybody can call at your cost, would be there for all to read, for example "http://127.0.0.1:8088/ari"',
  ],
  [
    "an endpoint without a place for the number",
    { driver: { type: "asterisk", url: "https://h/ari", user: "u", password: "secret", endpoint: "PJSIP/trunk" } },
    'driver.endpoint must name a channel technology and have {number} where the number goes (it is "PJSIP…"), for example "PJSIP/{number}@trunk"',
  ],
  [
    "a password that stands twice, and is not shown,",
    { driver: { type: "asterisk", url: "https://h/ari", user: "u", password: "secret", passwordFile: "/x" } },
    `driver must have either password or passwordFile, for example ${JSON.stringify(drivers.asterisk.example)}`,
  ],
  [
    "a number with a plus sign",
    { dialIn: ["+18005551234"] },
    'dialIn.0 must be 1 to 32 digits (it is "+18005551234"), for example "18005551234"',
  ],
  [
    "a begin of numbers without a plus sign",
    { policy: { allow: ["1408"] } },
    'policy.allow.0 must be "+" and the digits with which numbers begin, from a country code on, or "+" alone for all; no country code begins with 0 (it is "1408"), for example "+1408"',
  ],
  [
    "an international begin as it is dialled",
    { policy: { allow: ["+1"], deny: ["+01144"] } },
    'policy.deny.0 must be "+" and the digits with which numbers begin, from a country code on, or "+" alone for all; no country code begins with 0 (it is "+01144"), for example "+1900"',
  ],
  [
    "a policy that is a list",
    { policy: [] },
    expect.stringMatching(/^policy must be an object \(it is a list\), for example \{"allow"/),
  ],
  [
    "a limit that lets nothing through",
    { policy: { callsAtOnce: 0 } },
    "policy.callsAtOnce must be 1 or more (it is 0), for example 100",
  ],
  [
    "a setting too many",
    { colour: "red" },
    "colour is no setting; the settings are edge, ca, domain, bridge, agent, state, listen, logs, driver, policy, dialIn",
  ],
  [
    "a setting too many within the policy",
    { policy: { alow: ["+1"] } },
    "policy.alow is no setting; did you mean allow?",
  ],
  ["a setting in capitals", { DRIVER: {} }, "DRIVER is no setting; did you mean driver?"],
  [
    "a setting too many that is like no other",
    { policy: { mostSpent: 1 } },
    "policy.mostSpent is no setting; the settings of policy are allow, deny, callsPerMinute, callsAtOnce, longestCallMinutes, longestConferenceMinutes, promptCalls",
  ],
  [
    "a sound too many",
    { driver: { type: "asterisk", url: "https://h/ari", user: "u", password: "secret", sounds: { wellcome: [] } } },
    "driver.sounds.wellcome is no setting; did you mean welcome?",
  ],
])("%s is named, with what would be right", (_, change, message) => {
  expect(wrong(change)).toEqual(message);
});

test.each([
  ...["", "+", "1800x", "1,2", "1".repeat(33)].map((callerId) => ["callerId", { callerId }] as const),
  ...["", "a,b", "a b", "a;b"].map((sound) => ["sounds.welcome.0", { sounds: { welcome: [sound] } }] as const),
])("rejects signs that could reach Asterisk: driver.%s %j", (path, change) => {
  const driver = { type: "asterisk", url: "https://h/ari", user: "u", password: "secret", ...change };
  expect(wrong({ driver })).toContain(`driver.${path} must be `);
});

test.each([
  ...["", "a/b", "../a", " acme", "acme ", "a#", "é", "a".repeat(65)].map((name) => ["domain", name]),
  ...["", "1800x", "x1800", "+1800", "1".repeat(33)].map((number) => ["dialIn.0", number]),
] as const)("%s is no %j", (path, value) => {
  const change = path === "domain" ? { domain: value } : { dialIn: [value] };
  expect(wrong(change)).toMatch(path === "domain" ? /^domain must be 1 to 64 / : /^dialIn\.0 must be 1 to 32 digits /);
});

test("names and numbers may have what they can have at most", () => {
  const change = { domain: "A-z_0.9", bridge: "b".repeat(64), dialIn: ["1", "9".repeat(32)] };
  expect(readSettings(JSON.stringify({ ...right, ...change }))).toMatchObject({ ok: true, value: change });
});

test("accepts an empty dialIn", () => {
  expect(readSettings(JSON.stringify({ ...right, dialIn: [] }))).toMatchObject({ ok: true, value: { dialIn: [] } });
});

test("finds files beside the settings file and names it in errors", () => {
  const folder = mkdtempSync(join(tmpdir(), "bridgehead-settings-"));
  const file = join(folder, "agent.json");
  const load = (change: object) => {
    writeFileSync(file, JSON.stringify({ ...right, ...change }));
    const loaded = loadSettings(file);
    return loaded.ok ? { state: loaded.value.state, ca: loaded.value.ca } : loaded.error;
  };
  expect(load({ state: "state" })).toEqual({ state: join(folder, "state"), ca: undefined });
  expect(load({ ca: "ca.pem" })).toEqual({ state: "/var/lib/bridgehead", ca: join(folder, "ca.pem") });
  expect(load({ ca: "" })).toMatch(/^settings file \S+agent\.json: ca must not be empty/);
  rmSync(folder, { recursive: true });
});

test("rejects what is not JSON, or no object", () => {
  expect(readSettings("{")).toEqual({ ok: false, error: expect.stringMatching(/^it is not JSON: /) });
  expect(readSettings("[]")).toMatchObject({ ok: false });
  expect(readSettings("7")).toEqual({ ok: false, error: "it must be a JSON object" });
});

test("explains what to do about an unreadable settings file", () => {
  expect(loadSettings("/nowhere/agent.json")).toEqual({
    ok: false,
    error: expect.stringMatching(
      /^settings file \/nowhere\/agent\.json cannot be read \(ENOENT: .*\): name another one by --settings, or have `bridgehead-agent init` write one$/,
    ),
  });
  expect(loadSettings("/")).toEqual({ ok: false, error: expect.stringMatching(/^settings file \/ cannot be read/) });
  const folder = mkdtempSync(join(tmpdir(), "bridgehead-settings-"));
  writeFileSync(join(folder, "agent.json"), '{\n "domain": "m\xfcller" }', "latin1");
  const says = expect.stringMatching(
    / cannot be read \(it is not UTF-8: byte 0xFC at line 2, column 14; save it as UTF-8\)/,
  );
  expect(loadSettings(join(folder, "agent.json"))).toEqual({ ok: false, error: says });
  rmSync(folder, { recursive: true });
});
