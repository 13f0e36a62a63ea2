import * as fc from "fast-check";
import { type Argument, type ArgumentKind, day } from "../../client/url-api/arguments.ts";
import { type Command, type CommandName, commands } from "../../client/url-api/commands.ts";
import type { Pairs } from "./other-parsers.ts";

type Value = string | number | boolean;
export type AnyArguments = Readonly<Record<string, Value>>;

/** Any text that a form can carry, the troublesome characters often. */
export const anyText = (max: number) =>
  fc
    .string({
      unit: fc.oneof(
        fc.constantFrom("%", "&", "+", "=", "#", "?", ";", " ", '"', "'", "<", ">", "/", "\\", "\t", "\n", "\r", "`"),
        fc.constantFrom("é", "ß", "日", "本", "🙂", "ق", "\u2028", "\ufeff", "\u202e", "%2", "&#39;", "</form>", "--"),
        fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }).filter((sign) => !/[\p{Cc}\p{Cs}]/u.test(sign)),
      ),
      maxLength: Math.min(max, 14),
      // A unit may be several characters.
    })
    .filter((text) => [...text].length <= max);

export const backUrls = fc.constantFrom(
  "https://portal.example.org/back",
  "https://portal.example.org/back?state=8f%26a&next=%2Fa%20b",
  "https://portal.example.org:8443/zurück?wohin=日本",
  "http://portal.example.org/back.html",
  "https://portal.example.org/a'b\"c?x=1&amp;y=<2>",
);

function anyValue({ kind }: Argument, need: boolean): fc.Arbitrary<Value> {
  return anyOf(kind).filter((value) => !need || value !== "");
}

function anyOf(kind: ArgumentKind): fc.Arbitrary<Value> {
  switch (kind.kind) {
    case "whole-number":
      // Each month has so many days.
      return fc.integer({ min: kind.min, max: kind === day ? 28 : (kind.max ?? 1_000_000_000) });
    case "yes-no":
      return fc.boolean();
    case "meeting-key":
      return fc.stringMatching(/^[0-9]{1,20}$/);
    case "back-url":
      return backUrls;
    case "page-of-site":
      return fc.constantFrom("GoBack", "https://acme.webex.com/acme/m.php?AT=HM&MK=1&BU=https%3A%2F%2Fa.example%2F");
    default:
      return anyText(kind.max ?? 100);
  }
}

/** Arguments that the command takes, with or without its secrets: about half of the optional ones, or all. */
export function argumentsBy(
  name: CommandName,
  { secrets, all = false }: { readonly secrets: boolean; readonly all?: boolean },
): fc.Arbitrary<AnyArguments> {
  const { arguments: table, oneOf, others }: Command = commands[name];
  const fields: Record<string, fc.Arbitrary<Value | undefined>> = {};
  for (const [entry, argument] of Object.entries(table)) {
    if (oneOf.includes(entry) || (!secrets && argument.kind.kind === "secret")) continue;
    const numbers = entry.endsWith("#") ? [1, 2, argument.most ?? 12] : [""];
    for (const number of numbers) {
      const value = anyValue(argument, argument.need === "required");
      const needed = all || argument.need === "required";
      fields[entry.replace("#", String(number))] = needed ? value : fc.option(value, { nil: undefined, freq: 2 });
    }
  }
  const known = fc.record(fields);
  const one =
    oneOf.length === 0
      ? fc.constant({})
      : fc.constantFrom(...oneOf).chain((entry) => fc.record({ [entry]: anyText(30) }));
  const unknown =
    others === "refused" ? fc.constant({}) : fc.dictionary(fc.constantFrom("ZZ", "Zone7", "z_1"), anyText(30));
  return fc
    .tuple(known, one, unknown)
    .map(([first, second, third]) =>
      Object.fromEntries(
        Object.entries({ ...third, ...first, ...second }).filter(
          (pair): pair is [string, Value] => pair[1] !== undefined,
        ),
      ),
    );
}

/** The arguments as they are sent. */
export function asTexts(given: object): Pairs {
  return Object.entries(given).map(([name, value]) => [
    name,
    typeof value === "boolean" ? (value ? "1" : "0") : String(value),
  ]);
}
