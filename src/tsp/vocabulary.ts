import type { Field } from "./fields.ts";
import { fromWebex, type MessageSpec, toWebex } from "./messages.ts";
import { type Codes, defaultCodes, type ProtocolOverrides } from "./protocol-table.ts";

/** The tables of one direction with a domain's overrides worked in, as look-ups. */
export interface Vocabulary {
  readonly messages: NameIndex<MessagePlan>;
  readonly byType: ReadonlyMap<string, MessagePlan>;
  /** The fields that are read of a message that is not in the tables. */
  readonly common: MessagePlan;
  readonly codes: CodeLists;
}

export type CodeLists = Readonly<Record<keyof Codes, CodeList>>;

export interface CodeList {
  readonly numbers: ReadonlyMap<string, number>;
  readonly words: ReadonlyMap<number, string>;
}

export interface MessagePlan {
  readonly type: string;
  readonly wire: string;
  /** In the order of the table: they are checked and written in this order. */
  readonly fields: readonly FieldPlan[];
  readonly names: NameIndex<FieldPlan>;
  /** From an alias of the request, or of this message, to the element name of an answer in that spelling. */
  readonly spellings: ReadonlyMap<string, string>;
}

export interface FieldPlan {
  readonly field: Field;
  /** Its name in our messages. */
  readonly name: string;
  readonly wire: string;
  /** Its place in the message's table. */
  readonly index: number;
}

/** Any message of the tables. */
export interface TableMessage {
  readonly type: string;
}

/** Names of one place (the messages of a document, the attributes of a message), each also under its folded key. */
export type NameIndex<Entry> = ReadonlyMap<string, Named<Entry>>;

export interface Named<Entry> {
  readonly entry: Entry;
  /** The name as the table spells it: the entry's own, or one of its aliases. */
  readonly name: string;
  /** 0 for the entry's own name, 1 and up for its aliases. */
  readonly rank: number;
  /** Found only because the case of letters is ignored (protocol T26). */
  readonly folded: boolean;
}

/** Throws if the overrides name what is not in the tables, or give two things one name: those are wrong settings. */
export function buildVocabulary(direction: "from-webex" | "to-webex", overrides: ProtocolOverrides): Vocabulary {
  refuseUnknownNames(overrides);
  const specs: Readonly<Record<string, MessageSpec>> = direction === "from-webex" ? fromWebex : toWebex;
  const plans = Object.entries(specs).map(([type, spec]) => planMessage(type, spec, overrides));
  return {
    messages: indexNames(plans, (plan) => specs[plan.type]?.aliases),
    byType: new Map(plans.map((plan) => [plan.type, plan])),
    common: planMessage("unknown", { wire: "", standing: "documented", fields: commonFields }, overrides),
    codes: codeLists(overrides),
  };
}

/** The lists of codes, with a domain's own numbers in place of the defaults. */
function codeLists(overrides: ProtocolOverrides): CodeLists {
  const list = (name: keyof Codes): CodeList => {
    const merged: Readonly<Record<string, number>> = { ...defaultCodes[name], ...overrides.codes?.[name] };
    const numbers = new Map(Object.entries(merged));
    const words = new Map<number, string>();
    for (const [word, number] of numbers) {
      const other = words.get(number);
      if (other) {
        throw new Error(`protocol.codes.${name}: "${other}" and "${word}" both are ${number}; give one another number`);
      }
      words.set(number, word);
    }
    return { numbers, words };
  };
  const names = Object.keys(defaultCodes) as (keyof Codes)[];
  return Object.fromEntries(names.map((name) => [name, list(name)])) as Record<keyof Codes, CodeList>;
}

/** The entry for a name of a document. */
export function findName<Entry>(names: NameIndex<Entry>, name: string): Named<Entry> | undefined {
  return names.get(name) ?? (name.length <= 64 ? names.get(foldedKey(name)) : undefined);
}

/** No XML name begins with a blank, so a folded key is never mistaken for a name. */
function foldedKey(name: string): string {
  return ` ${name.toLowerCase()}`;
}

function planMessage(type: string, spec: MessageSpec, overrides: ProtocolOverrides): MessagePlan {
  const fields = Object.entries(spec.fields).map(([name, field], index) => ({
    field,
    name,
    wire: overrides.attributes?.[field.wire] ?? field.wire,
    index,
  }));
  const aliases = spec.aliases ?? [];
  return {
    type,
    wire: overrides.elements?.[spec.wire] ?? spec.wire,
    fields,
    names: indexNames(fields, (plan) => plan.field.aliases),
    spellings: new Map(
      aliases.flatMap((alias) => [
        [alias, alias],
        [alias.replace(/^A2W_Rsp/, "W2A_"), alias],
      ]),
    ),
  };
}

function indexNames<Entry extends { readonly wire: string }>(
  entries: readonly Entry[],
  aliasesOf: (entry: Entry) => readonly string[] | undefined,
): NameIndex<Entry> {
  const names = new Map<string, Named<Entry>>();
  const add = (named: Named<Entry>) => {
    names.set(named.name, named);
    names.set(foldedKey(named.name), { ...named, folded: true });
  };
  for (const entry of entries) {
    if (names.has(entry.wire)) throw new Error(`protocol: "${entry.wire}" would name two things; change one of them`);
    add({ entry, name: entry.wire, rank: 0, folded: false });
  }
  for (const entry of entries) {
    for (const [at, name] of (aliasesOf(entry) ?? []).entries()) {
      if (!names.has(name)) add({ entry, name, rank: at + 1, folded: false });
    }
  }
  return names;
}

const { msgId, replyTo, extConfId } = fromWebex["create-conference"].fields;
const commonFields = { msgId, replyTo, extConfId };

const specsOfBothSides: readonly MessageSpec[] = [...Object.values(fromWebex), ...Object.values(toWebex)];
const elementNames = new Set(specsOfBothSides.map((spec) => spec.wire));
const attributeNames = new Set(
  specsOfBothSides.flatMap((spec) => Object.values(spec.fields).map((field) => field.wire)),
);

function refuseUnknownNames(overrides: ProtocolOverrides): void {
  const refuse = (setting: string, names: readonly string[], known: ReadonlySet<string>) => {
    const unknown = names.find((name) => !known.has(name));
    if (unknown) throw new Error(`protocol.${setting}: "${unknown}" is no default name of the protocol`);
  };
  refuse("elements", Object.keys(overrides.elements ?? {}), elementNames);
  refuse("attributes", Object.keys(overrides.attributes ?? {}), attributeNames);
  refuse("silent", overrides.silent ?? [], elementNames);
}
