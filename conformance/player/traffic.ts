import type { Message, ReadConfirmation, ReadDocument } from "../xml.ts";

/** A post of the adapter. */
export interface Arrival {
  readonly at: number;
  /** Number of the TSP server that received it, from 1. */
  readonly server: number;
  readonly method: string;
  readonly text: string;
  readonly document: ReadDocument;
  /** 1 for the first post with this TransID. */
  readonly attempt: number;
  /** True if it was confirmed with 0. */
  readonly isConfirmed: boolean;
  readonly taken: Behaviour;
}

/** A message that was confirmed with 0. Repeats are left out. */
export interface Received {
  /** Counts up in the order of arrival. */
  readonly n: number;
  readonly at: number;
  readonly server: number;
  readonly transId: string;
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** A document that WebEx posted, with the adapter's Confirmation. */
export interface Posted {
  readonly transId: string;
  readonly messages: readonly Message[];
  readonly ownerId: string;
  readonly at: number;
  readonly confirmedAt: number;
  /** HTTP status; `null` without an answer. */
  readonly status: number | null;
  readonly confirmation: ReadConfirmation;
  readonly text: string;
  /** Number of the TSP server that posted it, from 1. */
  readonly server: number;
  /** The answer's body; empty without an answer. */
  readonly answer: string;
}

/** A TSP server's reaction to a post. A function confirms it with 0 in an unusual spelling. */
export type Behaviour = "confirm" | "reset" | "hang" | ((transId: string) => string);

type Party = "WebEx 1" | "WebEx 2" | "WebEx 3" | "adapter" | "telephones";

/** A document on the wire, or an event at a telephone. */
export interface TraceEntry {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly from: Party;
  readonly to: Party;
  readonly title: string;
  /** The document on the wire; empty for telephones. */
  readonly body: string;
}

export function server(n: number): Party {
  return n === 1 ? "WebEx 1" : n === 2 ? "WebEx 2" : "WebEx 3";
}

/** Returns the names and attributes of a document's messages. */
export function titleOf(
  messages: readonly { readonly name: string; readonly attributes: Readonly<Record<string, string | undefined>> }[],
): string {
  return messages.map(({ name, attributes }) => [name, ...shown(attributes)].join(" ")).join(" + ");
}

function shown(attributes: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(attributes)
    .filter(([name, value]) => value !== undefined && name !== "WbxHostName")
    .map(([name, value]) => `${name}=${(value ?? "").length > 40 ? `${value?.slice(0, 40)}…` : value}`);
}
