import type { EpochMs } from "../../src/foundation/ids.ts";

/** A socket of an object. It stays open while the object rests, with what is kept with it. */
export interface ObjectSocket {
  readonly id: string;
  /** As whoever accepted it has named it; empty: not at all. */
  readonly label: string;
  /** Plain data; `null`: nothing. */
  kept(): unknown;
  keep(value: unknown): void;
  /** Nothing leaves over a socket that is closed. */
  send(text: string): void;
  close(code: number, reason: string): void;
  /** When the place last answered a ping by itself; `null`: never. */
  pingedAt(): EpochMs | null;
}

/** The sockets of one object, also those that an earlier life has accepted, or whose close the other end has not answered yet. */
export interface ObjectSockets {
  all(): readonly ObjectSocket[];
}

export type Accept = (label?: string) => ObjectSocket;

/** What happens to an object beside its methods. */
export interface ObjectEvents {
  alarm?(): Promise<void> | void;
  /** What the place answers by itself, without waking the object. */
  readonly pings?: { readonly ping: string; readonly pong: string };
  /** A request for a socket. Whoever accepts it returns `null`; everything else is a refusal. */
  connect?(headers: Headers, accept: Accept): Response | null;
  received?(socket: ObjectSocket, text: string): void;
  /** The other end has closed it, or is gone. */
  closed?(socket: ObjectSocket): void;
}
