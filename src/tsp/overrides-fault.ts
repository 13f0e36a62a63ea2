import { fromWebex, type MessageSpec, toWebex } from "./messages.ts";
import { codeLists, type ProtocolOverrides } from "./protocol-table.ts";
import { answerElementOf, isSameValue, type ShapeName, type WireShape, wireShapeOf } from "./shapes.ts";
import {
  attributeOf,
  elementOf,
  findName,
  hostOf,
  isReplaced,
  planShape,
  planSpec,
  shapedWords,
  shapesOf,
} from "./vocabulary.ts";
import { readInteger } from "./xml.ts";

interface OverridesFault {
  readonly setting: "elements" | "attributes" | "codes" | "shapes" | "silent";
  /** What is wrong, behind the setting's name. */
  readonly says: string;
}

/** Why these overrides cannot be meant: they name what is in no table, or two things alike. `null`: in order. */
export function overridesFault(overrides: ProtocolOverrides): OverridesFault | null {
  return namesFault(overrides) ?? codesFault(overrides) ?? shapesFault(overrides);
}

function namesFault(overrides: ProtocolOverrides): OverridesFault | null {
  const named = [
    { setting: "elements", names: Object.keys(overrides.elements ?? {}), known: elementNames },
    { setting: "attributes", names: Object.keys(overrides.attributes ?? {}), known: attributeNames },
    { setting: "silent", names: overrides.silent ?? [], known: silentNames(overrides) },
  ] as const;
  for (const { setting, names, known } of named) {
    const unknown = names.find((name) => !known.has(name));
    if (unknown !== undefined)
      return { setting, says: `must not have "${unknown}": it is no default name of the protocol` };
  }

  for (const specs of [fromWebex, toWebex].map((table): readonly MessageSpec[] => Object.values(table))) {
    const elements = specs.map((spec) => elementOf(spec, overrides));
    const attributes = specs.map((spec) => Object.values(spec.fields).map((field) => attributeOf(field, overrides)));
    const says = (name: string) => `must not name two things "${name}"; change one of them`;
    const double = findDouble(["TransID", ...elements]);
    if (double !== undefined) return { setting: "elements", says: says(double) };
    const doubleAttribute = attributes.map(findDouble).find((name) => name !== undefined);
    if (doubleAttribute !== undefined) return { setting: "attributes", says: says(doubleAttribute) };
  }
  return null;
}

/** Codes by which requests are read must be told apart; those that are only written may share numbers. */
function codesFault(overrides: ProtocolOverrides): OverridesFault | null {
  const all = codeLists(overrides);
  for (const [type, spec] of Object.entries<MessageSpec>(fromWebex)) {
    const unread = shapedWords(type, overrides);
    const lists = unread.length === 0 ? all : codeLists(overrides, unread);
    for (const { kind } of Object.values(spec.fields)) {
      if (kind.kind !== "code") continue;
      const { numbers, words } = lists[kind.codes];
      for (const [word, number] of numbers) {
        const first = words.get(number) ?? word;
        const isAsked = kind.asks === undefined || kind.asks === first || kind.asks === word;
        if (first === word || !isAsked || unread.includes(word)) continue;
        const both = `"${first}" and "${word}" of ${kind.codes}`;
        return { setting: "codes", says: `must not give ${both} one number, ${number}; change one of them` };
      }
    }
  }
  return null;
}

function shapesFault(overrides: ProtocolOverrides): OverridesFault | null {
  const shapes = shapesOf(overrides);
  for (const [at, [name, text]] of shapes.entries()) {
    const shape = wireShapeOf(text);
    const twin = shapes.slice(0, at).find(([, other]) => isSameShape(wireShapeOf(other), shape));
    const why = twin ? `"${twin[0]}" is that, too` : shapeFault(name, shape, overrides);
    if (why !== null) return { setting: "shapes", says: `must not have ${text} for "${name}": ${why}` };
  }
  return null;
}

/** What a shape collides with: its own message's attributes, or another message that is read or written. */
function shapeFault(name: ShapeName, shape: WireShape, overrides: ProtocolOverrides): string | null {
  const { element, sign } = shape;
  const own = (["from-webex", "to-webex"] as const).map((side) => planShape(side, name, shape, overrides).plan.names);
  if (sign && own.some((names) => findName(names, sign.attribute)))
    return `${sign.attribute} stands in each such message`;

  const host = hostOf(element, overrides);
  if (!host) {
    const answer = answerElementOf(element);
    const isTaken = Object.values(toWebex).some((spec) => elementOf(spec, overrides) === answer);
    return isTaken ? `its answer, ${answer}, is another message` : null;
  }
  if (isReplaced(host.type, overrides)) return null;
  if (!sign) return `${element} is another message`;
  const { names, ownCodes } = planSpec(host.type, host.request, overrides);
  const kind = findName(names, sign.attribute)?.entry.field.kind;
  if (!kind) return null;
  if (kind.kind !== "code") return `${sign.attribute} is something else there`;
  const word = (ownCodes ?? codeLists(overrides))[kind.codes].words.get(readInteger(sign.value) ?? Number.NaN);
  return word === undefined ? null : `that is "${word}"`;
}

function isSameShape(one: WireShape, other: WireShape): boolean {
  if (one.element !== other.element || !one.sign || !other.sign)
    return one.element === other.element && one.sign === other.sign;
  return one.sign.attribute === other.sign.attribute && isSameValue(one.sign.value, other.sign.value);
}

function findDouble(names: readonly string[]): string | undefined {
  return names.find((name, at) => names.indexOf(name) < at);
}

const specsOfBothSides: readonly MessageSpec[] = [...Object.values(fromWebex), ...Object.values(toWebex)];
const elementNames = new Set(specsOfBothSides.map((spec) => spec.wire));
const attributeNames = new Set(
  specsOfBothSides.flatMap((spec) => Object.values(spec.fields).map((field) => field.wire)),
);

function silentNames(overrides: ProtocolOverrides): ReadonlySet<string> {
  const shaped = shapesOf(overrides).map(([name, text]) => planShape("to-webex", name, wireShapeOf(text), overrides));
  return new Set([...elementNames, ...shaped.map(({ silentAs }) => silentAs)]);
}
