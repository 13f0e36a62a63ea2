import type { Message, ReadConfirmation, ReadDocument } from "../xml.ts";

/** A post of the adapter, as it came. */
export interface Arrival {
  readonly at: number;
  /** The TSP server that it came to, from 1 on. */
  readonly server: number;
  readonly method: string;
  readonly text: string;
  readonly document: ReadDocument;
  /** 1 for the first post with this TransID. */
  readonly attempt: number;
  /** It was confirmed with 0. */
  readonly isConfirmed: boolean;
  readonly taken: Behaviour["kind"];
}

/** A message that was confirmed with 0, once. */
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
  /** The TSP server that posted it, from 1 on. */
  readonly server: number;
  /** As it was on the wire; empty without an answer. */
  readonly answer: string;
}

/** How a TSP server takes a post. */
export type Behaviour =
  | { readonly kind: "confirm" }
  | { readonly kind: "reset" }
  | { readonly kind: "hang" }
  /** Confirmed with 0, in another spelling than usual. */
  | { readonly kind: "spelled"; readonly answer: (transId: string) => string };
