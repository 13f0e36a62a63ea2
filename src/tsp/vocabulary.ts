import type { Field } from "./fields.ts";
import { fromWebex, type MessageSpec, toWebex } from "./messages.ts";
import { type CodeLists, codeLists, type ProtocolOverrides } from "./protocol-table.ts";

/** The tables of one direction with a domain's overrides worked in, as look-ups. */
export interface Vocabulary {
  readonly elements: NameIndex<MessagePlan>;
  readonly byType: ReadonlyMap<string, MessagePlan>;
  /** The fields that are read of a message that is not in the tables. */
  readonly common: MessagePlan;
  readonly codes: CodeLists;
  /** The attribute that names the server to which a message is posted; `null`: it is not written. */
  readonly hostName: string | null;
}

export interface MessagePlan {
  readonly type: string;
  readonly wire: string;
  /** In the order of the table: they are checked and written in this order. */
  readonly fields: readonly FieldPlan[];
  readonly names: NameIndex<FieldPlan>;
  readonly aliases: readonly string[];
}

interface FieldPlan {
  readonly field: Field;
  readonly name: string;
  readonly wire: string;
  /** Other accepted names. */
  readonly aliases: readonly string[];
  readonly index: number;
}

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

/** The tables of one direction with these overrides, which `overridesFault` has found in order. */
export function buildVocabulary(direction: "from-webex" | "to-webex", overrides: ProtocolOverrides): Vocabulary {
  const specs: Readonly<Record<string, MessageSpec>> = direction === "from-webex" ? fromWebex : toWebex;
  const plans = Object.entries(specs).map(([type, spec]) => planSpec(type, spec, overrides));
  return {
    elements: indexNames(plans),
    byType: new Map(plans.map((plan) => [plan.type, plan])),
    common: planMessage("unknown", commonFields, { wire: "", aliases: [] }, overrides),
    codes: codeLists(overrides),
    hostName: overrides.hostName ? attributeOf(commonFields.replyTo, overrides) : null,
  };
}

export function elementOf({ wire }: Pick<MessageSpec, "wire">, { elements }: ProtocolOverrides): string {
  return elements?.[wire] ?? wire;
}

export function attributeOf({ wire }: Field, { attributes }: ProtocolOverrides): string {
  return attributes?.[wire] ?? wire;
}

/** Aliases are guesses: of a thing that a domain has given a name, none is left. */
function aliasesOf(
  { wire, aliases = [] }: Pick<MessageSpec | Field, "wire" | "aliases">,
  name: string,
): readonly string[] {
  return name === wire ? aliases : [];
}

export function findName<Entry>(names: NameIndex<Entry>, name: string): Named<Entry> | undefined {
  return names.get(name) ?? (name.length <= 64 ? names.get(foldedKey(name)) : undefined);
}

/** No XML name begins with a blank, so a folded key is never mistaken for a name. */
function foldedKey(name: string): string {
  return ` ${name.toLowerCase()}`;
}

function planSpec(type: string, spec: MessageSpec, overrides: ProtocolOverrides): MessagePlan {
  const wire = elementOf(spec, overrides);
  return planMessage(type, spec.fields, { wire, aliases: aliasesOf(spec, wire) }, overrides);
}

function planMessage(
  type: string,
  specs: MessageSpec["fields"],
  { wire, aliases }: Pick<MessagePlan, "wire" | "aliases">,
  overrides: ProtocolOverrides,
): MessagePlan {
  const fields = Object.entries(specs).map(([name, field], index) => {
    const attribute = attributeOf(field, overrides);
    return { field, name, wire: attribute, aliases: aliasesOf(field, attribute), index };
  });
  return { type, wire, aliases, fields, names: indexNames(fields) };
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
