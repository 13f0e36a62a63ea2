import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import * as ari from "../../bridge-agent/drivers/asterisk/ari.ts";
import { asteriskHome } from "./own-asterisk.ts";

interface Description {
  readonly apis: readonly {
    readonly path: string;
    readonly operations: readonly {
      readonly httpMethod: string;
      readonly parameters?: readonly { readonly name: string; readonly paramType: string }[];
    }[];
  }[];
  readonly models: Readonly<Record<string, Model>>;
}
interface Model {
  readonly properties: Readonly<Record<string, { readonly type: string }>>;
}

const resources = ["applications", "asterisk", "bridges", "channels", "endpoints", "events"];

function descriptionOf(home: string, resource: string): Description {
  return JSON.parse(readFileSync(join(home, "share/rest-api", `${resource}.json`), "utf8"));
}

/** What stands in the schemas, as places in Asterisk's models: `Channel.caller.number`. */
function placesIn(name: string, schema: { readonly entries?: object; readonly wrapped?: object }): string[] {
  const inner = "wrapped" in schema ? (schema.wrapped as { entries?: object }) : schema;
  const { entries } = inner;
  if (entries === undefined) return [name];
  return Object.entries(entries).flatMap(([field, of]) => placesIn(`${name}.${field}`, of));
}

/** Asterisk 16 is the oldest that counts; it has not all that the newest has. */
const homes = [...new Set([asteriskHome, process.env.BRIDGEHEAD_TEST_OLD_ASTERISK ?? asteriskHome])];

/** Where they are missing, the driver does without. */
const since18 = ["Channel.dialplan.app_name", "Channel.dialplan.app_data"];

describe.each(homes)("what %s says of its interface", (home) => {
  const descriptions = resources.map((resource) => descriptionOf(home, resource));
  const operations = descriptions.flatMap(({ apis }) =>
    apis.flatMap(({ path, operations }) => operations.map((operation) => ({ path, ...operation }))),
  );
  const models = Object.assign({}, ...descriptions.map((each) => each.models)) as Description["models"];

  test.each(Object.entries(ari.operations))("has %s, with each parameter", (_, { method, path, parameters }) => {
    const found = operations.find((operation) => operation.httpMethod === method && operation.path === path);
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    expect(found?.parameters?.map(({ name }) => name) ?? []).toEqual(
      expect.arrayContaining([...inPath, ...parameters]),
    );
    expect(found).toBeDefined();
  });

  const schemas = {
    ...ari.events,
    Channel: ari.channel,
    Bridge: ari.bridge,
    AsteriskInfo: ari.info,
    Module: ari.modules.item,
    Variable: ari.variable,
    Application: ari.application,
  };
  const places = Object.entries(schemas).flatMap(([name, schema]) => placesIn(name, schema));
  const common = new Set(Object.keys(models.Message?.properties ?? {}));

  test.each(places)("has %s", (place) => {
    const [first = "", ...fields] = place.split(".");
    let model = models[first];
    for (const field of fields) {
      if (common.has(field) && model === models[first]) return;
      const type = model?.properties[field]?.type;
      if (type === undefined && home !== asteriskHome && since18.includes(place)) return;
      expect(type, `${place} on ${home}`).toBeDefined();
      model = models[type ?? ""];
    }
  });
});
