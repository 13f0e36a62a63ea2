import type { DomainName, MsgId, TransId, WebexHost } from "../foundation/ids.ts";
import type { PendingForServer } from "../operators/alerts.ts";
import type { SharedRequests, ToWebex } from "../tsp/messages.ts";
import type { ConferenceTotals } from "./directory.ts";

/** Answers to one document that belong to no conference; none where nothing of it is answered. */
export interface Mail {
  readonly domain: DomainName;
  /** The transaction that is answered, once. */
  readonly transId: TransId;
  /** By the server that asked. */
  readonly answers: ReadonlyMap<WebexHost, readonly ToWebex[]>;
  readonly shared?: SharedRequests;
  /** No conference gets a part of the document: it is counted here. */
  readonly counts?: true;
}

/** A conference's answers that shall travel with those of others to the same document. */
export interface SharedAnswers {
  readonly domain: DomainName;
  /** Names them, each time they are sent. */
  readonly id: string;
  readonly host: WebexHost;
  readonly messages: readonly ToWebex[];
  /** All requests of the document that this server made. */
  readonly requests: readonly MsgId[];
  /** How long they may wait for the answers to these; absent: as long as answers that are ready now. */
  readonly waitMs?: number;
}

export type ShareResult = "confirmed" | "given-up";

export interface MailboxRpc {
  /** Resolves when the answers, or an earlier copy of them, are on disk; rejects what cannot be committed now. */
  send(mail: Mail): Promise<void>;
  /** Resolves when the answers, or an earlier copy of them, were posted and confirmed, or when one of them was given up. */
  share(answers: SharedAnswers): Promise<ShareResult>;
  /** What waits here, in all and by server. */
  waiting(): Promise<
    Pick<ConferenceTotals, "documents" | "oldestAt"> & { readonly servers: readonly PendingForServer[] }
  >;
}
