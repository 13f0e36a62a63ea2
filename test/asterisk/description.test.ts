import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, test } from "vitest";
import * as ari from "../../bridge-agent/drivers/asterisk/ari.ts";

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

const resources = ["applications", "asterisk", "bridges", "channels", "endpoints", "events", "playbacks", "sounds"];

function descriptionOf(folder: string, resource: string): Description {
  return JSON.parse(readFileSync(join(folder, "rest-api", `${resource}.json`), "utf8"));
}

/** What stands in the schemas, as places in Asterisk's models: `Channel.caller.number`. */
function placesIn(name: string, schema: { readonly entries?: object; readonly wrapped?: object }): string[] {
  const inner = "wrapped" in schema ? (schema.wrapped as { entries?: object }) : schema;
  const { entries } = inner;
  if (entries === undefined) return [name];
  return Object.entries(entries).flatMap(([field, of]) => placesIn(`${name}.${field}`, of));
}

/** Where they are missing, the driver does without. */
const since18 = ["Channel.dialplan.app_name", "Channel.dialplan.app_data"];

describe.each(inject("asterisks"))("what $version says of its interface", ({ version, data }) => {
  const descriptions = resources.map((resource) => descriptionOf(data, resource));
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
    Sound: ari.sounds.item,
    Application: ari.application,
    Endpoint: ari.endpoint,
    ConfigTuple: ari.configTuples.item,
  };
  const places = Object.entries(schemas).flatMap(([name, schema]) => placesIn(name, schema));
  const common = new Set(Object.keys(models.Message?.properties ?? {}));

  test.each(places)("has %s", (place) => {
    const [first = "", ...fields] = place.split(".");
    let model = models[first];
    for (const field of fields) {
      if (common.has(field) && model === models[first]) return;
      const type = model?.properties[field]?.type;
      if (type === undefined && / 1[67]\./.test(version) && since18.includes(place)) return;
      expect(type, place).toBeDefined();
      model = models[type ?? ""];
    }
  });
});
