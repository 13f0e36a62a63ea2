import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { drivers } from "../../bridge-agent/drivers/registry.ts";
import { readSettings } from "../../bridge-agent/service/settings.ts";
import { loadEdgeSettings } from "../../cli/edge/edge-settings.ts";
import type { Result } from "../../src/foundation/result.ts";
import { readOperators } from "../../src/operators/people.ts";
import { checkDomains } from "../../src/settings/check-domains.ts";
import { example } from "../../src/settings/example.ts";

const secret = "SeCrEt";
const digits = 470_812_653;
/** What people write by mistake where something else is meant: some are wrong in any setting of a text. */
const planted = [
  `https:/user:${secret}@h.example/p?${secret}`,
  `htps://h.example/p?${secret}`,
  `ftp://${secret}@h/#${secret}`,
  `postgresql:u:${secret}@h/x`,
  ` postgresql://u:${secret}@h/x`,
  `sqlite:/${secret}`,
  `~/${secret}`,
  `P15D${digits}#X${secret}`,
  `${secret}\u0001`,
  `"${secret}" must be ${secret}`,
  `${secret}${"x".repeat(2_000)}`,
  digits,
  [secret],
  { [secret.length]: secret },
];

/** The adapter's URL, whose secret is in its path, may be put wherever an address is meant. */
const addresses = [
  `https://h.example/tsp/acme/${secret}`,
  `h.example/tsp/${secret}`,
  `h.example?${secret}`,
  `a:${secret}@h`,
];

/** The places of all values, lists and objects too. */
function places(value: unknown, path: readonly string[] = []): string[][] {
  const within = typeof value === "object" && value !== null ? Object.entries(value) : [];
  return [[...path], ...within.flatMap(([name, part]) => places(part, [...path, name]))];
}

function replaced(value: unknown, [step, ...rest]: readonly string[], by: unknown): unknown {
  if (step === undefined) return by;
  if (Array.isArray(value))
    return value.map((part, index) => (index === Number(step) ? replaced(part, rest, by) : part));
  return { ...(value as object), [step]: replaced(Object(value)[step], rest, by) };
}

function isSaid(result: Result<unknown, string | readonly string[]>): boolean {
  const said = result.ok ? "" : [result.error].flat().join("\n");
  return said.includes(secret) || said.includes(String(digits));
}

/** The texts of the settings that no message repeats. */
function kept(settings: unknown, read: (json: string) => Result<unknown, string | readonly string[]>): string[] {
  const silent = places(settings).filter(
    (path) =>
      typeof path.reduce((value, step) => Object(value)[step], settings) === "string" &&
      !planted.some((one) => isSaid(read(JSON.stringify(replaced(settings, path, one))))),
  );
  for (const path of places(settings))
    for (const one of addresses) {
      const result = read(JSON.stringify(replaced(settings, path, one)));
      expect(isSaid(result) && result, `${path.join(".")} = ${one}`).toBe(false);
    }
  return [...new Set(silent.map((path) => path.filter((step) => !/^\d+$/.test(step)).join(".")))];
}

const people = [{ name: "anna", tokenSha256: "0".repeat(64), role: "viewer", domains: ["acme"] }];
const operators = {
  people,
  access: { team: "acme", audience: "aud", people: [{ email: "a@example.com", role: "viewer", domains: ["*"] }] },
};

test("a mistake in a domain's settings repeats nothing where a secret may stand", () => {
  expect(kept({ acme: example }, (json) => checkDomains(json)).sort()).toEqual([
    "acme.adapterSecrets",
    "acme.bridges.agents.publicKey",
    "acme.hybrid.appDetection",
    "acme.hybrid.clientUrl",
    "acme.hybrid.connectData",
    "acme.passthroughUrl",
    "acme.protocol.host.attendeeIds",
    "acme.recording.sequence",
    "acme.webhooks.secretFrom",
    "acme.webhooks.url",
  ]);
});

test("a mistake in the settings of people repeats nothing where a secret may stand", () => {
  expect(kept(operators, (json) => readOperators(json)).sort()).toEqual([
    "access.audience",
    "access.people.email",
    "people.tokenSha256",
  ]);
});

test.each([
  ["generic", drivers.generic.example, ["driver.url"]],
  ["asterisk", drivers.asterisk.example, ["driver.passwordFile", "driver.url", "driver.user"]],
  [
    "asterisk, with its password",
    { ...drivers.asterisk.example, passwordFile: undefined, password: "x" },
    ["driver.password", "driver.url", "driver.user"],
  ],
])("a mistake in an agent's settings repeats nothing where a secret may stand: driver %s", (_, driver, ofDriver) => {
  const settings = {
    edge: ["wss://bridgehead.example.com"],
    ca: "/etc/ca.pem",
    domain: "acme",
    bridge: "b",
    agent: "a",
    state: "/var/lib/x",
    listen: { port: 1 },
    logs: { personal: false },
    dialIn: ["1800"],
    driver,
    policy: { allow: ["+1"], deny: ["+1900"] },
  };

  expect(kept(settings, readSettings).sort()).toEqual(["ca", ...ofDriver, "edge", "state"]);
});

test("a mistake in the edge's settings repeats nothing where a secret may stand", () => {
  const folder = mkdtempSync(join(tmpdir(), "bridgehead-planted-"));
  const file = join(folder, "edge.json");
  const settings = {
    host: "127.0.0.1",
    port: 8787,
    trustedProxies: ["127.0.0.1"],
    state: "/var/lib/x",
    name: "edge-1",
    url: "https://edge-1.example.com",
    operatorTokenFile: "token",
    domains: {},
  };
  const load = (json: string) => {
    writeFileSync(file, json);
    return loadEdgeSettings(file);
  };

  expect(kept(settings, load)).toEqual(["state", "url", "operatorTokenFile"]);
  rmSync(folder, { recursive: true });
});
