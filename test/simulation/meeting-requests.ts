import { LATEST_MS } from "../../src/bridge/commands.ts";
import type { ExtCallId, ExtConfId, MsgId, SubConfId } from "../../src/foundation/ids.ts";
import type { ResultWord } from "../../src/tsp/protocol-table.ts";
import type { WorldContext } from "./context.ts";
import type { Meeting } from "./meeting.ts";
import type { Obligation, Request, Webex } from "./webex.ts";

/** A request without what each one has. */
export type Body = Request extends infer One
  ? One extends Request
    ? Omit<One, "msgId" | "replyTo" | "extConfId">
    : never
  : never;

/** What the servers of a meeting ask, and what of it is not answered yet. */
export class MeetingRequests {
  readonly open = new Set<Obligation>();
  /** When the adapter decided on what was heard last. */
  judgedAt = 0;
  readonly #context: WorldContext;
  readonly #webex: Webex;
  readonly #meeting: Meeting;
  /** Kind and call of a request → when one was last answered. */
  readonly #answeredAt = new Map<string, number>();
  #msgIds = 0;

  constructor(context: WorldContext, webex: Webex, meeting: Meeting) {
    this.#context = context;
    this.#webex = webex;
    this.#meeting = meeting;
  }

  /** Their server was replaced, which is told unasked what became of them. */
  excuse(): void {
    for (const one of this.open) {
      this.#webex.excuse(one, "its server was replaced");
      this.#answeredAt.set(`${one.kind} ${one.extCallId}`, this.#context.clock.now);
    }
    this.open.clear();
  }

  /** Where another request of the same kind was answered lately, a notification may be of that one. */
  isOpen(extConfId: ExtConfId, kind: string, extCallId?: ExtCallId): boolean {
    const answeredAt = this.#answeredAt.get(`${kind} ${extCallId}`);
    if (answeredAt !== undefined && this.#context.clock.now - answeredAt < 60_000) return false;
    for (const one of this.open) {
      if (one.committedAt === null || one.committedAt > this.judgedAt) continue; // The adapter cannot have known of it.
      if (one.extConfId === extConfId && one.kind === kind && (!extCallId || one.extCallId === extCallId)) return true;
    }
    return false;
  }

  update(kind: string, action: string, extCallId?: ExtCallId): boolean {
    return this.ask(kind, { type: "update-conference", action, ...(extCallId && { extCallId }) } as Body, extCallId);
  }

  ask(
    kind: string,
    body: Body,
    extCallId?: ExtCallId,
    withinMs: number = LATEST_MS,
    answered: (result: ResultWord | number) => void = () => {},
    extConfId = this.#meeting.association?.extConfId,
  ): boolean {
    if (!extConfId) return false;
    const obligation = this.owe(kind, extConfId, withinMs, answered, extCallId);
    const request = { ...body, msgId: obligation.msgId, replyTo: this.#meeting.server.host, extConfId } as Request;
    void this.#webex.post(this.#meeting.server, [request]).then((confirmed) => {
      if (!confirmed && kind === "close" && this.#meeting.phase === "closing")
        this.#meeting.phase = this.#meeting.association?.wantsEnd ? "detached" : "running";
      // As far as WebEx knows, the adapter never heard of it.
      if (obligation.committedAt === null && request.type === "close-sub-conference") {
        this.#webex.associations.get(extConfId)?.rooms.set(request.subConfId as SubConfId, "perhaps closing");
      }
    });
    return true;
  }

  owe(
    kind: string,
    extConfId: ExtConfId,
    withinMs: number,
    answered: (result: ResultWord | number) => void,
    extCallId?: ExtCallId,
  ): Obligation {
    const obligation = this.#webex.owe({
      msgId: this.msgId(),
      kind,
      host: this.#meeting.server.host,
      extConfId,
      withinMs,
      ...(extCallId && { extCallId }),
      answered: (result, madeAt) => {
        this.#webex.associations.get(extConfId)?.hears(madeAt);
        this.open.delete(obligation);
        // A command that took effect too late is reported whenever its agent is back.
        const until = result === "bridge-timeout" ? Number.POSITIVE_INFINITY : this.#context.clock.now;
        this.#answeredAt.set(`${kind} ${extCallId}`, until);
        answered(result);
      },
    });
    this.open.add(obligation);
    return obligation;
  }

  /** Also where it was answered lately, and its effect may still be told. */
  isUnderWay(kind: string): boolean {
    const answeredAt = this.#answeredAt.get(`${kind} ${undefined}`);
    if (answeredAt !== undefined && this.#context.clock.now - answeredAt < 60_000) return true;
    for (const one of this.open) if (one.kind === kind) return true;
    return false;
  }

  msgId(): MsgId {
    this.#msgIds += 1;
    return `${this.#meeting.name.slice(8)}-${this.#msgIds}` as MsgId;
  }
}
