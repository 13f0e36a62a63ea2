import type { Field } from "./fields.ts";
import { fromWebex, type MessageSpec, toWebex } from "./messages.ts";
import {
  type CodeLists,
  codeLists,
  type DocumentNames,
  defaultDocumentNames,
  type ProtocolOverrides,
} from "./protocol-table.ts";
import type { Repair } from "./repairs.ts";

/** The tables of one direction with a domain's overrides worked in, as look-ups. */
export interface Vocabulary {
  readonly messages: NameIndex<MessagePlan>;
  readonly byType: ReadonlyMap<string, MessagePlan>;
  /** The fields that are read of a message that is not in the tables. */
  readonly common: MessagePlan;
  readonly codes: CodeLists;
  readonly documentNames: DocumentNames;
  readonly repairs: readonly Repair[];
  /** The attribute that names the server to which a message is posted; `null`: it is not written. */
  readonly hostName: string | null;
  /** Whether fields marked `extra` are written. */
  readonly extra: boolean;
}

export interface MessagePlan {
  readonly type: string;
  readonly wire: string;
  /** Whether it answers a message of the other side. */
  readonly isAnswer: boolean;
  /** In the order of the table: they are checked and written in this order. */
  readonly fields: readonly FieldPlan[];
  readonly names: NameIndex<FieldPlan>;
  /** Further names under which it is read. */
  readonly aliases: readonly string[];
  /** From an alias of the request, or of this message, to the element name of an answer in that spelling. */
  readonly spellings: ReadonlyMap<string, string>;
}

interface FieldPlan {
  readonly field: Field;
  /** Its name in our messages. */
  readonly name: string;
  readonly wire: string;
  /** Further names under which it is read; the answer repeats the name. */
  readonly aliases: readonly string[];
  /** Its place in the message's table. */
  readonly index: number;
}

/** Any message of the tables. */
export interface TableMessage {
  readonly type: string;
}

/** Names of one place (the messages of a document, the attributes of a message), each also under its folded key. */
type NameIndex<Entry> = ReadonlyMap<string, Named<Entry>>;

interface Named<Entry> {
  readonly entry: Entry;
  /** The name as the table spells it: the entry's own, or one of its aliases. */
  readonly name: string;
  /** 0 for the entry's own name, 1 and up for its aliases. */
  readonly rank: number;
  /** Found only because the case of letters is ignored (protocol T26). */
  readonly folded: boolean;
}

/**
 * Why these overrides cannot be meant, for the operator who wrote them: they name what is not in the tables, or give two
 * things one name or number. `null` if they are in order.
 */
export function overridesFault(overrides: ProtocolOverrides): string | null {
  const unknown = [
    ...Object.keys(overrides.elements ?? {}).map((name) => ({ setting: "elements", name, known: elementNames })),
    ...Object.keys(overrides.attributes ?? {}).map((name) => ({ setting: "attributes", name, known: attributeNames })),
    ...(overrides.silent ?? []).map((name) => ({ setting: "silent", name, known: elementNames })),
  ].find(({ name, known }) => !known.has(name));
  if (unknown) return `must not have "${unknown.name}" in ${unknown.setting}: it is no default name of the protocol`;

  for (const specs of [fromWebex, toWebex].map((table): readonly MessageSpec[] => Object.values(table))) {
    const elements = specs.map((spec) => elementOf(spec, overrides));
    const attributes = specs.map((spec) => Object.values(spec.fields).map((field) => attributeOf(field, overrides)));
    const double = [["TransID", ...elements], ...attributes].map(findDouble).find((name) => name !== undefined);
    if (double) return `must not name two things "${double}"; change one of them`;
  }
  for (const [list, { numbers, words }] of Object.entries(codeLists(overrides))) {
    for (const [word, number] of numbers) {
      const other = words.get(number);
      if (other !== word)
        return `must not give "${word}" and "${other}" of codes.${list} one number, ${number}; change one of them`;
    }
  }
  return null;
}

function findDouble(names: readonly string[]): string | undefined {
  return names.find((name, at) => names.indexOf(name) < at);
}

/** The tables of one direction with these overrides, which `overridesFault` has found in order. */
export function buildVocabulary(direction: "from-webex" | "to-webex", overrides: ProtocolOverrides): Vocabulary {
  const specs: Readonly<Record<string, MessageSpec>> = direction === "from-webex" ? fromWebex : toWebex;
  const plans = Object.entries(specs).map(([type, spec]) => planMessage(type, spec, overrides));
  return {
    messages: indexNames(plans),
    byType: new Map(plans.map((plan) => [plan.type, plan])),
    common: planMessage("unknown", { wire: "", fields: commonFields }, overrides),
    codes: codeLists(overrides),
    documentNames: { ...defaultDocumentNames, ...overrides.documentName },
    repairs: overrides.repairs ?? [],
    hostName: overrides.hostName ? attributeOf(commonFields.replyTo, overrides) : null,
    extra: overrides.extra ?? true,
  };
}

function elementOf({ wire }: Pick<MessageSpec, "wire">, { elements }: ProtocolOverrides): string {
  return elements?.[wire] ?? wire;
}

function attributeOf({ wire }: Field, { attributes }: ProtocolOverrides): string {
  return attributes?.[wire] ?? wire;
}

/** Aliases are guesses: of a thing that a domain has given a name, none is left. */
function aliasesOf(
  { wire, aliases = [] }: Pick<MessageSpec | Field, "wire" | "aliases">,
  name: string,
): readonly string[] {
  return name === wire ? aliases : [];
}

/** The entry for a name of a document. */
export function findName<Entry>(names: NameIndex<Entry>, name: string): Named<Entry> | undefined {
  return names.get(name) ?? (name.length <= 64 ? names.get(foldedKey(name)) : undefined);
}

/** No XML name begins with a blank, so a folded key is never mistaken for a name. */
function foldedKey(name: string): string {
  return ` ${name.toLowerCase()}`;
}

function planMessage(
  type: string,
  spec: Pick<MessageSpec, "wire" | "aliases" | "fields">,
  overrides: ProtocolOverrides,
): MessagePlan {
  const fields = Object.entries(spec.fields).map(([name, field], index) => {
    const wire = attributeOf(field, overrides);
    return { field, name, wire, aliases: aliasesOf(field, wire), index };
  });
  const wire = elementOf(spec, overrides);
  const aliases = aliasesOf(spec, wire);
  return {
    type,
    wire,
    aliases,
    isAnswer: /^(?:A2W|W2A)_Rsp/.test(spec.wire),
    fields,
    names: indexNames(fields),
    spellings: new Map(
      aliases.flatMap((alias) => [
        [alias, alias],
        [alias.replace(/^A2W_Rsp/, "W2A_"), alias],
      ]),
    ),
  };
}

function indexNames<Entry extends Pick<FieldPlan, "wire" | "aliases">>(entries: readonly Entry[]): NameIndex<Entry> {
  const names = new Map<string, Named<Entry>>();
  const add = (named: Named<Entry>) => {
    names.set(named.name, named);
    names.set(foldedKey(named.name), { ...named, folded: true });
  };
  for (const entry of entries) add({ entry, name: entry.wire, rank: 0, folded: false });
  for (const entry of entries) {
    for (const [at, name] of entry.aliases.entries()) {
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
