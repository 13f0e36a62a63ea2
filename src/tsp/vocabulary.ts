import type { Field } from "./fields.ts";
import { answerTypes, fromWebex, type MessageSpec, toWebex } from "./messages.ts";
import {
  type CodeLists,
  codeLists,
  type DocumentNames,
  defaultDocumentNames,
  type ProtocolOverrides,
} from "./protocol-table.ts";
import {
  answerElementOf,
  type ShapeName,
  type Sign,
  type UnconfirmedRequest,
  unconfirmedRequests,
  type WireShape,
  wireShapeOf,
} from "./shapes.ts";
import type { Repair } from "./xml.ts";

/** The tables of one direction with a domain's overrides worked in, as look-ups. */
export interface Vocabulary {
  readonly elements: NameIndex<ElementPlan>;
  readonly shapes: readonly ShapePlan[];
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

interface ElementPlan {
  readonly wire: string;
  readonly aliases: readonly string[];
  /** Messages that it is by their signs; one without a sign comes last. */
  readonly shapes: readonly ShapePlan[];
  /** The message that it is otherwise; `null`: an unknown one. */
  readonly plan: MessagePlan | null;
}

/** A message that looks otherwise on the wire than its table says. */
export interface ShapePlan {
  readonly name: ShapeName;
  readonly sign: Sign | null;
  /** What goes without saying in this shape: a field of the message, and its value. */
  readonly implied: UnconfirmedRequest["code"] | null;
  readonly plan: MessagePlan;
  /** The name that `silent` has for it. */
  readonly silentAs: string;
}

export interface MessagePlan {
  readonly type: string;
  readonly wire: string;
  /** The codes by which it is read, where some of the vocabulary's have shapes of their own. */
  readonly ownCodes: CodeLists | null;
  /** Whether it answers a message of the other side. */
  readonly isAnswer: boolean;
  /** In the order of the table: they are checked and written in this order. */
  readonly fields: readonly FieldPlan[];
  readonly names: NameIndex<FieldPlan>;
  readonly aliases: readonly string[];
  /** From an alias of the request, or of this message, to the element name of an answer in that spelling. */
  readonly spellings: ReadonlyMap<string, string>;
}

interface FieldPlan {
  readonly field: Field;
  readonly name: string;
  readonly wire: string;
  /** Further names under which it is read; the answer repeats the name. */
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
  const shapes = shapesOf(overrides).map(([name, text]) => planShape(direction, name, wireShapeOf(text), overrides));
  return {
    elements: indexNames(planElements(plans, shapes, overrides)),
    shapes,
    byType: new Map(plans.map((plan) => [plan.type, plan])),
    common: planMessage("unknown", "", commonFields, { wire: "", aliases: [] }, overrides),
    codes: codeLists(overrides),
    documentNames: { ...defaultDocumentNames, ...overrides.documentName },
    repairs: overrides.repairs ?? [],
    hostName: overrides.hostName ? attributeOf(commonFields.replyTo, overrides) : null,
    extra: overrides.extra ?? true,
  };
}

/** A message whose requests all have other shapes is no longer read in its own. */
function planElements(
  plans: readonly MessagePlan[],
  shapes: readonly ShapePlan[],
  overrides: ProtocolOverrides,
): readonly ElementPlan[] {
  const readable = plans.filter(({ type }) => !isReplaced(type, overrides));
  const wires = new Set([...readable, ...shapes.map(({ plan }) => plan)].map(({ wire }) => wire));
  return Array.from(wires, (wire) => {
    const signed = shapes.filter(({ plan }) => plan.wire === wire);
    return {
      wire,
      aliases: plans.find((plan) => plan.wire === wire)?.aliases ?? [],
      shapes: [...signed.filter(({ sign }) => sign), ...signed.filter(({ sign }) => !sign)],
      plan: readable.find((plan) => plan.wire === wire) ?? null,
    };
  });
}

/** A shape of an element of the tables has its names and its answer; any other an answer by the guide's pattern. */
export function planShape(
  direction: "from-webex" | "to-webex",
  name: ShapeName,
  { element, sign }: WireShape,
  overrides: ProtocolOverrides,
): ShapePlan {
  const request = unconfirmedRequests[name];
  const code: UnconfirmedRequest["code"] = "code" in request ? request.code : undefined;
  const isRequest = direction === "from-webex";
  const type = isRequest ? request.type : answerTypes[request.type];
  const { fields, wire }: MessageSpec = isRequest ? fromWebex[request.type] : toWebex[answerTypes[request.type]];
  const { [code?.field ?? ""]: field, ...others } = fields;
  const host = hostOf(element, overrides);
  const look = isRequest ? host?.request : host?.answer;
  const answer = answerElementOf(element);
  const unnamed = { wire: isRequest ? element : answer, aliases: [] };
  const plan = planMessage(type, wire, others, look ? lookOf(look, overrides) : unnamed, overrides);
  return { name, sign, implied: (field && code) ?? null, plan, silentAs: host?.answer?.wire ?? answer };
}

export function hostOf(
  element: string,
  overrides: ProtocolOverrides,
): { readonly type: string; readonly request: MessageSpec; readonly answer: MessageSpec | undefined } | undefined {
  const answers: Readonly<Record<string, keyof typeof toWebex | undefined>> = answerTypes;
  const specs: readonly (readonly [string, MessageSpec])[] = Object.entries(fromWebex);
  const [type, request] = specs.find(([, spec]) => elementOf(spec, overrides) === element) ?? [];
  if (type === undefined || request === undefined) return undefined;
  const answer = answers[type];
  return { type, request, answer: answer && toWebex[answer] };
}

export function shapesOf({ shapes = {} }: ProtocolOverrides): readonly (readonly [ShapeName, string])[] {
  return (Object.entries(shapes) as [ShapeName, string | undefined][]).flatMap(([name, text]) =>
    text === undefined ? [] : [[name, text] as const],
  );
}

/** Whether all that an unconfirmed message can ask has other shapes. */
export function isReplaced(type: string, { shapes = {} }: ProtocolOverrides): boolean {
  const specs: Readonly<Record<string, MessageSpec>> = fromWebex;
  const requests = Object.entries(unconfirmedRequests).filter(([, request]) => request.type === type);
  const isUnconfirmed = requests.length > 0 && specs[type]?.source === "assumed";
  return isUnconfirmed && requests.every(([name]) => Object.hasOwn(shapes, name));
}

/** The codes by which a request, or its answer, is not read any more, since they have shapes of their own. */
export function shapedWords(type: string, overrides: ProtocolOverrides): readonly string[] {
  return shapesOf(overrides).flatMap(([name]) => {
    const request = unconfirmedRequests[name];
    const isIts = request.type === type || answerTypes[request.type] === type;
    return isIts && "code" in request ? [request.code.word] : [];
  });
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

type Look = Pick<MessagePlan, "wire" | "aliases">;

function lookOf(spec: MessageSpec, overrides: ProtocolOverrides): Look {
  const wire = elementOf(spec, overrides);
  return { wire, aliases: aliasesOf(spec, wire) };
}

export function planSpec(type: string, spec: MessageSpec, overrides: ProtocolOverrides): MessagePlan {
  return planMessage(type, spec.wire, spec.fields, lookOf(spec, overrides), overrides);
}

function planMessage(
  type: string,
  defaultName: string,
  specs: MessageSpec["fields"],
  { wire, aliases }: Look,
  overrides: ProtocolOverrides,
): MessagePlan {
  const fields = Object.entries(specs).map(([name, field], index) => {
    const attribute = attributeOf(field, overrides);
    return { field, name, wire: attribute, aliases: aliasesOf(field, attribute), index };
  });
  const shaped = shapedWords(type, overrides);
  return {
    type,
    wire,
    ownCodes: shaped.length === 0 ? null : codeLists(overrides, shaped),
    aliases,
    isAnswer: /^(?:A2W|W2A)_Rsp/.test(defaultName),
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
