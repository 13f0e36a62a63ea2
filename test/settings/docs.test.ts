import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { initDefaults, settingsText } from "../../bridge-agent/service/init.ts";
import { readSettings } from "../../bridge-agent/service/settings.ts";
import { edgeSettings } from "../../cli/edge/edge-settings.ts";
import { settingsExample } from "../../cli/edge/settings-example.ts";
import { parseCommentedJson } from "../../src/foundation/text/parse-json.ts";
import { domainSettings } from "../../src/settings/domain-settings.ts";
import { example } from "../../src/settings/example.ts";
import { protocolSettings } from "../../src/tsp/protocol-table.ts";

const page = readFileSync("docs/settings.md", "utf8");

test("the example has each setting of a domain", () => {
  const all = Object.keys(domainSettings.entries);

  expect(all.filter((name) => !Object.hasOwn(example, name))).toEqual([]);
});

test("the example has each setting of a domain's `protocol`", () => {
  const all = Object.keys(protocolSettings.entries);

  expect(all.filter((name) => !Object.hasOwn(example.protocol ?? {}, name))).toEqual([]);
});

test("each setting of a domain stands in docs/settings.md", () => {
  const whole = new Set(["bridges", "recording", "hybrid", "globalNumbers"]);
  const names = Object.entries(example).flatMap(([name, value]) =>
    typeof value !== "object" || Array.isArray(value) || whole.has(name)
      ? [name]
      : Object.keys(value).map((inner) => `${name}.${inner}`),
  );

  expect(names.filter((name) => !page.includes(`| \`${name}\` |`))).toEqual([]);
});

test("each setting of a domain's `protocol` stands in docs/settings.md", () => {
  const names = Object.keys(protocolSettings.entries);

  expect(names).toContain("silent");
  expect(names.filter((name) => !page.includes(`| \`protocol.${name}\` |`))).toEqual([]);
});

test("each setting of the edge stands in docs/settings.md, and in the example", () => {
  const names = Object.keys(edgeSettings.entries);

  expect(names.filter((name) => !page.includes(`| \`${name}\` |`))).toEqual([]);
  expect(Object.keys(Object(parseCommentedJson(settingsExample("acme"))))).toEqual(
    names.filter((name) => !["name", "url", "operatorTokenFile"].includes(name)),
  );
});

test("the agent's settings of docs/settings.md are right, and complete but for what has a default", () => {
  const [, file = ""] = /```json\n(.*?)```/s.exec(page) ?? [];

  expect(readSettings(file)).toEqual({ ok: true, value: { ...JSON.parse(file), logs: { personal: false } } });
});

test("the agent's package brings the settings of docs/settings.md, with comments", () => {
  const [, file = ""] = /```json\n(.*?)```/s.exec(page) ?? [];

  expect(parseCommentedJson(settingsText({ ...initDefaults, edge: "wss://tsp.example.com", domain: "acme" }))).toEqual(
    JSON.parse(file),
  );
});
