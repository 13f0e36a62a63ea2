import * as v from "valibot";
import type {
  ActionId,
  CallId,
  CommandId,
  EpochMs,
  ExtCallId,
  ExtConfId,
  MsgId,
  RoomId,
  SubConfId,
  TransId,
  WebexHost,
} from "../foundation/ids.ts";
import { address, open, type Person, personal, type Show, shownBy } from "../foundation/shown.ts";

/*
 * Values of facts, inputs and state, each with its mark: who may read it. Rules of ours have made them, so only their types are known.
 */

/** A value that everybody may read who may read what it is a part of. */
export const plain = <Value>() => open(v.custom<Value>(() => true));
export const shown = <Value>(show: (value: never, person: Person) => unknown) =>
  shownBy<Value>(show as Show<Value>)(v.custom<Value>(() => true));

export const word = open(v.string());
export const flag = open(v.boolean());
export const count = open(v.number());
export const time = plain<EpochMs>();
export const text = personal(v.string());
export const yes = open(v.literal(true));
export const call = plain<CallId>();
export const room = plain<RoomId>();
export const command = plain<CommandId>();
export const action = plain<ActionId>();
export const transId = plain<TransId>();
export const msgId = plain<MsgId>();
export const extConfId = plain<ExtConfId>();
export const extCallId = plain<ExtCallId>();
export const subConfId = plain<SubConfId>();
export const server = address(plain<WebexHost>());
/** How many callers there may be; `null`: any number. */
export const maxCallers = v.nullable(count);

export { exactOptional as maybe, nullable } from "valibot";

export function list<Item extends v.GenericSchema>(item: Item) {
  return v.pipe(v.array(item), v.readonly());
}

export function fields<Entries extends v.ObjectEntries>(entries: Entries) {
  return v.pipe(v.object(entries), v.readonly());
}

/** So many messages of one type. */
export const countedType = fields({ type: word, count });
export interface CountedType extends v.InferOutput<typeof countedType> {}

/** The counts with one message of this type more. */
export function withType(counts: readonly CountedType[], { type }: Pick<CountedType, "type">): readonly CountedType[] {
  const { count } = counts.find((one) => one.type === type) ?? { count: 0 };
  return [...counts.filter((one) => one.type !== type), { type, count: count + 1 }];
}
