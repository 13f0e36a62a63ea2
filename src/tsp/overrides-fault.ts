import { fromWebex, type MessageSpec, toWebex } from "./messages.ts";
import { codeLists, type ProtocolOverrides } from "./protocol-table.ts";
import { attributeOf, elementOf } from "./vocabulary.ts";

interface OverridesFault {
  readonly setting: "elements" | "attributes" | "codes" | "silent";
  /** What is wrong, behind the setting's name. */
  readonly says: string;
}

/** Why these overrides cannot be meant: they name what is in no table, or two things alike. `null`: in order. */
export function overridesFault(overrides: ProtocolOverrides): OverridesFault | null {
  return namesFault(overrides) ?? codesFault(overrides);
}

function namesFault(overrides: ProtocolOverrides): OverridesFault | null {
  const named = [
    { setting: "elements", names: Object.keys(overrides.elements ?? {}), known: elementNames },
    { setting: "attributes", names: Object.keys(overrides.attributes ?? {}), known: attributeNames },
    { setting: "silent", names: overrides.silent ?? [], known: elementNames },
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
  const lists = codeLists(overrides);
  for (const spec of Object.values<MessageSpec>(fromWebex)) {
    for (const { kind } of Object.values(spec.fields)) {
      if (kind.kind !== "code") continue;
      const { numbers, words } = lists[kind.codes];
      for (const [word, number] of numbers) {
        const first = words.get(number) ?? word;
        const isAsked = kind.asks === undefined || kind.asks === first || kind.asks === word;
        if (first === word || !isAsked) continue;
        const both = `"${first}" and "${word}" of ${kind.codes}`;
        return { setting: "codes", says: `must not give ${both} one number, ${number}; change one of them` };
      }
    }
  }
  return null;
}

function findDouble(names: readonly string[]): string | undefined {
  return names.find((name, at) => names.indexOf(name) < at);
}

const specsOfBothSides: readonly MessageSpec[] = [...Object.values(fromWebex), ...Object.values(toWebex)];
const elementNames = new Set(specsOfBothSides.map((spec) => spec.wire));
const attributeNames = new Set(
  specsOfBothSides.flatMap((spec) => Object.values(spec.fields).map((field) => field.wire)),
);
