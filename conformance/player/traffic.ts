import type { HttpAnswer } from "../ports.ts";
import type { Message, ReadConfirmation, ReadDocument } from "../xml.ts";

/** A post of the adapter, as it came. */
export interface Arrival {
  readonly at: number;
  /** The TSP server that it came to: 1 or 2. */
  readonly server: number;
  readonly method: string;
  readonly url: string;
  readonly text: string;
  readonly document: ReadDocument;
  /** 1 for the first post with this TransID. */
  readonly attempt: number;
  /** It was confirmed with 0. */
  readonly isConfirmed: boolean;
  /** How the server took it. */
  readonly taken: Behaviour["kind"];
  /** Of the clauses that its messages belong to. */
  readonly ownerIds: readonly string[];
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
  readonly isKnown: boolean;
}

/** A document that WebEx posted, with what the adapter said to it. */
export interface Posted {
  readonly transId: string;
  readonly messages: readonly Message[];
  readonly ownerId: string;
  readonly at: number;
  readonly confirmedAt: number;
  /** `null`: no answer. */
  readonly status: number | null;
  readonly confirmation: ReadConfirmation;
  readonly text: string;
  /** The TSP server that posted it: 1 or 2. */
  readonly server: number;
  /** As it was on the wire; empty without an answer. */
  readonly answer: string;
}

/** How a TSP server takes a post. */
export type Behaviour =
  | { readonly kind: "confirm" }
  | { readonly kind: "slow"; readonly ms: number }
  | { readonly kind: "reset" }
  | { readonly kind: "hang" }
  | { readonly kind: "status"; readonly status: number }
  | { readonly kind: "result"; readonly result: number }
  | { readonly kind: "other-trans-id" }
  /** Confirmed with 0, written otherwise than usual. */
  | { readonly kind: "spelled"; readonly answer: (transId: string) => HttpAnswer };
