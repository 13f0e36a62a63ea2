import type { CommandId, ConfKey, EpochMs } from "../../src/foundation/ids.ts";
import type { AgentToEdge } from "../../src/link/messages.ts";

type AckMessage = Extract<AgentToEdge, { type: "commands-ack" }>;

/** A command whose result is out by then needs no ack; the edge repeats a command after a second. */
const ACK_AFTER_MS = 300;

/** Which commands must still be acknowledged to the edge, and once more when the bridge is given them. A result acknowledges its command too. */
export class CommandAcks {
  readonly #open = new Map<ConfKey, Map<CommandId, EpochMs>>();
  readonly #urgent = new Map<ConfKey, CommandId[]>();
  readonly #waiting = new Map<ConfKey, Set<CommandId>>();

  /** Whether an ack may become due. */
  get isEmpty(): boolean {
    return this.#open.size === 0 && this.#urgent.size === 0;
  }

  /** `fresh`: each of them came for the first time. Repeats, and commands of a busy conference, are acknowledged at once. */
  received(conference: ConfKey, ids: readonly CommandId[], fresh: boolean, now: EpochMs): void {
    const open = this.#open.get(conference) ?? new Map<CommandId, EpochMs>();
    const isLone = fresh && open.size === 0 && ids.length === 1;
    for (const id of ids) open.set(id, now);
    if (isLone) {
      this.#open.set(conference, open);
      return;
    }
    this.#makeUrgent(conference, [...open.keys()]);
    this.#open.delete(conference);
  }

  hasResult(conference: ConfKey, id: CommandId): void {
    deleteFrom(this.#open, conference, id);
    deleteFrom(this.#waiting, conference, id);
  }

  begun(conference: ConfKey, id: CommandId): void {
    if (deleteFrom(this.#waiting, conference, id)) this.#makeUrgent(conference, [id]);
  }

  /** The acks to send now; with `tick`, those of commands that have waited for their result too long are among them. */
  due(now: EpochMs, tick: boolean, isWaiting: (conference: ConfKey, id: CommandId) => boolean): AckMessage[] {
    if (this.isEmpty) return [];
    if (tick) {
      for (const [conference, open] of this.#open) {
        const ids = [...open].flatMap(([id, since]) => (now - since < ACK_AFTER_MS ? [] : [id]));
        for (const id of ids) this.hasResult(conference, id);
        if (ids.length > 0) this.#makeUrgent(conference, ids);
      }
    }
    const messages = Array.from(this.#urgent, ([conference, ids]): AckMessage => {
      const waiting = ids.filter((id) => isWaiting(conference, id));
      if (waiting.length === 0) return { type: "commands-ack", conference, ids };
      this.#waiting.set(conference, new Set([...(this.#waiting.get(conference) ?? []), ...waiting]));
      return { type: "commands-ack", conference, ids, waiting };
    });
    this.#urgent.clear();
    return messages;
  }

  #makeUrgent(conference: ConfKey, ids: readonly CommandId[]): void {
    this.#urgent.set(conference, [...(this.#urgent.get(conference) ?? []), ...ids]);
  }
}

function deleteFrom(
  commands: Map<ConfKey, { readonly size: number; delete(id: CommandId): boolean }>,
  conference: ConfKey,
  id: CommandId,
): boolean {
  const ofConference = commands.get(conference);
  const wasThere = ofConference?.delete(id) ?? false;
  if (ofConference?.size === 0) commands.delete(conference);
  return wasThere;
}
