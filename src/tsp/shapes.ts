import { readInteger, type XmlElement } from "./xml.ts";

/** The requests that nobody has confirmed, by their names in `protocol.shapes` (protocol 2.2.2, 2.2.5 to 2.2.7). */
export const unconfirmedRequests = {
  "cancel-call-out": { type: "cancel-call-out" },
  mute: { type: "update-caller", code: { field: "privilege", word: "listen" } },
  unmute: { type: "update-caller", code: { field: "privilege", word: "speak" } },
  expel: { type: "drop-caller" },
  lock: { type: "update-conference", code: { field: "action", word: "lock" } },
  unlock: { type: "update-conference", code: { field: "action", word: "unlock" } },
  "mute-all": { type: "update-conference", code: { field: "action", word: "mute-all" } },
  "unmute-all": { type: "update-conference", code: { field: "action", word: "unmute-all" } },
  "end-private-talk": { type: "update-conference", code: { field: "action", word: "end-private-talk" } },
  "unlock-waiting-room": { type: "update-conference", code: { field: "action", word: "unlock-waiting-room" } },
} as const satisfies Readonly<Record<string, UnconfirmedRequest>>;

export interface UnconfirmedRequest {
  readonly type: string;
  readonly code?: { readonly field: string; readonly word: string };
}

export type ShapeName = keyof typeof unconfirmedRequests;
/** By request, what it looks like on the wire: `W2A_MuteAll`, or `W2A_UpdateUser ActionCode=7`. */
export type Shapes = { readonly [Name in ShapeName]?: string };

export const shapeForm = {
  form: /^W2A_[\w.-]{1,60}(?: [A-Za-z_][\w.-]{0,63}=[\w.:+-]{1,64})?$/,
  wrong: "must be an element, alone or with the attribute that tells it apart, such as W2A_UpdateUser ActionCode=7",
};

export interface WireShape {
  readonly element: string;
  /** What tells it from other messages of that element. */
  readonly sign: Sign | null;
}

export interface Sign {
  readonly attribute: string;
  readonly value: string;
}

export function wireShapeOf(text: string): WireShape {
  const [element = "", attribute, value] = text.split(/[ =]/);
  return { element, sign: attribute === undefined || value === undefined ? null : { attribute, value } };
}

/** The answer to an element that is in no table, by the rule that all names of the guide follow. */
export function answerElementOf(element: string): string {
  return element.replace(/^W2A_/, "A2W_Rsp");
}

/** Whether the element has this shape's sign. The case of the attribute's name is ignored where nothing fits it (protocol T26). */
export function hasSign({ attributes }: XmlElement, sign: Sign | null): boolean {
  if (sign === null) return true;
  const folded = sign.attribute.toLowerCase();
  const said =
    attributes.find(({ name }) => name === sign.attribute) ??
    attributes.find(({ name }) => name.length === folded.length && name.toLowerCase() === folded);
  return said !== undefined && isSameValue(said.value, sign.value);
}

/** A code is a number, however it is written. */
export function isSameValue(one: string, other: string): boolean {
  if (one.trim() === other) return true;
  const number = readInteger(one);
  return number !== null && number === readInteger(other);
}
