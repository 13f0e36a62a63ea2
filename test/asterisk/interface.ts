// `node test/asterisk/interface.ts FOLDER > test/asterisk/interface-16.json` with the data folder of an Asterisk 16 (`scripts/tools/tool-root.sh
// FOLDER asterisk bullseye` gets one) writes down what it says of the things that the driver names, so that 16 is looked at by each run of the tests.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import * as ari from "../../bridge-agent/drivers/asterisk/ari.ts";
import {
  type AriOperations,
  description,
  lackingIn,
  operationsIn,
  resources,
} from "../../bridge-agent/drivers/asterisk/setup/description.ts";

/** What an Asterisk says of its interface. */
export interface AriInterface {
  readonly operations: AriOperations;
  /** By model and field, the type. */
  readonly models: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

interface Models {
  readonly models: Readonly<
    Record<string, { readonly properties: Readonly<Record<string, { readonly type: string }>> }>
  >;
}

/** Of the Asterisk that has this data folder. */
export function interfaceIn(folder: string): AriInterface {
  const descriptions = resources.map(
    (resource): Models => JSON.parse(readFileSync(join(folder, "rest-api", `${resource}.json`), "utf8")),
  );
  const models = descriptions.flatMap((each) =>
    Object.entries(each.models).map(([name, { properties }]) => [
      name,
      Object.fromEntries(Object.entries(properties).map(([field, { type }]) => [field, type])),
    ]),
  );
  return { operations: operationsIn(v.parse(v.array(description), descriptions)), models: Object.fromEntries(models) };
}

/** What stands in the schemas, as places in Asterisk's models: `Channel.caller.number`. */
function placesIn(name: string, schema: { readonly entries?: object; readonly wrapped?: object }): string[] {
  const inner = "wrapped" in schema ? (schema.wrapped as { entries?: object }) : schema;
  const { entries } = inner;
  if (entries === undefined) return [name];
  return Object.entries(entries).flatMap(([field, of]) => placesIn(`${name}.${field}`, of));
}

const schemas = {
  ...ari.events,
  Channel: v.object({ ...ari.channel.entries, ...ari.channelInfo.entries }),
  Bridge: ari.bridge,
  AsteriskInfo: ari.info,
  Module: ari.modules.item,
  Variable: ari.variable,
  RTPstat: ari.rtpStatistics,
  Sound: ari.sounds.item,
  Application: ari.application,
  Endpoint: ari.endpoint,
  ConfigTuple: ari.configTuples.item,
};
const places = Object.entries(schemas).flatMap(([name, schema]) => placesIn(name, schema));

/** Where they are missing, the driver does without. */
const later = ["Channel.dialplan.app_name", "Channel.dialplan.app_data", "ChannelDestroyed.tech_cause"];

/** Registers that this Asterisk has all that the driver names. */
export function hasAllThatTheDriverNames(version: string, { operations, models }: AriInterface): void {
  describe(`what ${version} says of its interface`, () => {
    test("lacks no operation, and no parameter of one", () => expect(lackingIn(operations)).toEqual([]));

    test.each(places)("has %s", (place) => {
      const [first = "", ...fields] = place.split(".");
      const common = { ...models.Message, ...models.Event };
      let model = first;
      for (const field of fields) {
        if (field in common && model === first) return;
        const type = models[model]?.[field];
        if (type === undefined && / 1[67]\./.test(version) && later.includes(place)) return;
        expect(type, place).toBeDefined();
        model = type ?? "";
      }
    });
  });
}

/** Its part that the driver names. */
function named({ operations, models }: AriInterface): AriInterface {
  const wanted = lackingIn({});
  const fields = new Set(places.flatMap((place) => place.split(".").slice(1)));
  const kept: Record<string, Readonly<Record<string, string>>> = {};
  const keep = (name: string) => {
    const model = models[name];
    if (!model || kept[name]) return;
    kept[name] = Object.fromEntries(Object.entries(model).filter(([field]) => fields.has(field)));
    for (const type of Object.values(kept[name])) keep(type);
  };
  for (const name of ["Message", "Event", ...Object.keys(schemas)]) keep(name);
  return { operations: Object.fromEntries(wanted.map((name) => [name, operations[name] ?? []])), models: kept };
}

if (process.argv[1] === import.meta.filename)
  console.log(JSON.stringify(named(interfaceIn(process.argv[2] ?? "")), null, 1));
