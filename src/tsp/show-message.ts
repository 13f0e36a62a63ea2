import { type Person, type Show, showFields } from "../foundation/shown.ts";
import { markOf } from "./fields.ts";
import {
  type FromWebex,
  fromWebex,
  type MessageSpec,
  type Spelling,
  type ToWebex,
  toWebex,
  type UnknownMessage,
} from "./messages.ts";

const showUnknown = showFields<UnknownMessage>({
  ...{ type: "open", element: "open", msgId: "open", replyTo: "address", extConfId: "open" },
});

type AnyMessage = { readonly type: string; readonly spelling?: Spelling };
const shows: ReadonlyMap<string, Show<AnyMessage>> = new Map(
  [...Object.entries<MessageSpec>(fromWebex), ...Object.entries<MessageSpec>(toWebex)].map(([type, { fields }]) => {
    const marks = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, markOf(field)]));
    return [type, showFields<AnyMessage>({ type: "open", spelling: "open", ...marks })];
  }),
);

/** A message as people may read it; of a type that this version does not have, nothing but that. */
export function showMessage<Message extends FromWebex | ToWebex>(message: Message, person: Person): Message {
  const show = message.type === "unknown" ? showUnknown : shows.get(message.type);
  return show ? ((show as Show<unknown>)(message, person) as Message) : ({ type: message.type } as Message);
}
