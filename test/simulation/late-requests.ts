import type { Draws } from "../../simulators/draws.ts";
import type { ConfKey, MsgId } from "../../src/foundation/ids.ts";
import type { FromWebex } from "../../src/tsp/messages.ts";
import { conferenceOn } from "../kit/database.ts";
import type { Association } from "./association.ts";
import type { WorldContext } from "./context.ts";
import type { Edge } from "./edge.ts";
import type { Meeting, MeetingWorld } from "./meeting.ts";
import type { Request, Server } from "./webex.ts";

/** What a server that was replaced may still ask, and how often beside the others. */
const kinds = {
  close: 3,
  "close and keep alive": 3,
  drop: 3,
  mute: 2,
  unmute: 2,
  lock: 2,
  unlock: 1,
  "mute all": 2,
  "unmute all": 1,
  "report speakers": 1,
  "stop reporting": 1,
  "create sub-conference": 2,
  "add to sub-conference": 2,
  "remove from sub-conference": 2,
  "close sub-conference": 2,
  "call out": 2,
  "invite privately": 1,
  "cancel call-out": 1,
  "add to main": 1,
  "end private talk": 1,
  name: 3,
  passthrough: 1,
} as const;
export type LateKind = keyof typeof kinds;

/** Soon, while what it asked before is under way; within the minute; or much later. */
const waits = { soon: [0, 3_000], later: [0, 60_000], "much later": [60_000, 400_000] } as const;

/** What a replaced server asks late, and when. */
function drawLate(draws: Draws): readonly { readonly kind: LateKind; readonly afterMs: number }[] {
  const count = { none: 0, one: 1, some: 4 }[draws.weighted({ none: 4, one: 3, some: 3 })];
  return Array.from({ length: count }, () => {
    const [least, most] = waits[draws.weighted({ soon: 2, later: 3, "much later": 2 })];
    return { kind: draws.weighted(kinds), afterMs: draws.between(least, most) };
  });
}

/** The message itself, without its name and its server. */
function lateBody(
  kind: LateKind,
  { draws, old, current, number }: { draws: Draws; old: Association; current: Association | null; number: string },
): object {
  // WebEx's servers share what they know.
  const known = [...old.attendees.keys(), ...(current?.attendees.keys() ?? [])];
  const rooms = [...old.rooms.keys(), ...(current?.rooms.keys() ?? [])];
  const extCallId = draws.pick(known) ?? `9${number}`;
  const subConfId = draws.pick(rooms) ?? `late${number}`;
  const phone = { country: "1", area: "408", local: `555${number}`, extension: "" };
  switch (kind) {
    case "close":
      return { type: "close-conference" };
    case "close and keep alive":
      return { type: "close-conference", keepAlive: true };
    case "drop":
      return { type: "drop-caller", extCallId };
    case "mute":
      return { type: "update-caller", extCallId, privilege: "listen" };
    case "unmute":
      return { type: "update-caller", extCallId, privilege: "speak" };
    case "create sub-conference":
      return { type: "create-sub-conference", subConfId: `late${number}` };
    case "add to sub-conference":
      return { type: "add-to-sub-conference", subConfId, extCallId };
    case "remove from sub-conference":
      return { type: "remove-from-sub-conference", subConfId, extCallId };
    case "close sub-conference":
      return { type: "close-sub-conference", subConfId };
    case "call out":
    case "invite privately": {
      const joinMode = kind === "call out" ? "main" : "private-talk";
      const id = `8${number}`;
      const how = { privilege: "speak", maxWaitingTime: 8, participantType: "participant" };
      return { type: "call-out", extCallId: id, joinMode, phone, ...how };
    }
    case "cancel call-out":
      return { type: "cancel-call-out", extCallId };
    case "passthrough":
      return { type: "passthrough", extCallId, data: "late" };
    case "name":
      return { type: "caller-named", extCallId: `7${number}` };
    case "add to main":
      return { type: "update-conference", action: "add-to-main", extCallId };
    default:
      return { type: "update-conference", action: actions[kind] };
  }
}

const actions = {
  lock: "lock",
  unlock: "unlock",
  "mute all": "mute-all",
  "unmute all": "unmute-all",
  "report speakers": "report-speakers",
  "stop reporting": "stop-reporting-speakers",
  "end private talk": "end-private-talk",
} as const;

/** Judges a transaction of late requests alone: under a handle that another create has replaced they change nothing. */
export function judgeLate(
  { violated }: WorldContext,
  edge: Edge,
  late: {
    readonly confKey: ConfKey;
    readonly requests: readonly FromWebex[];
    readonly changed: readonly string[];
  },
): void {
  const { disk } = edge.conference(late.confKey);
  const { head } = conferenceOn(disk).state;
  if (head.phase !== "creating" && head.phase !== "running") return;
  const isLate = late.requests.every(
    ({ type, extConfId }) => type !== "create-conference" && extConfId !== undefined && extConfId !== head.extConfId,
  );
  // The present server posts under a handle that it had before, and is heard of by that: it learns what it has missed.
  const catchesUp = late.changed.some((key) => key.startsWith("outage/"));
  if (!isLate || catchesUp || late.changed.length === 0) return;
  const types = late.requests.map(({ type, msgId }) => `${type} ${msgId}`).join(", ");
  violated("a replaced server changes nothing", `${late.confKey}: ${types} changed ${late.changed.join(", ")}`);
}

/** Those of one meeting. */
export class LateRequests {
  readonly #world: MeetingWorld;
  readonly #meeting: Meeting;
  readonly #draws: Draws;
  readonly #isAny: boolean;
  #count = 0;

  constructor(world: MeetingWorld, meeting: Meeting, draws: Draws) {
    this.#world = world;
    this.#meeting = meeting;
    this.#draws = draws;
    this.#isAny = draws.chance(0.6);
  }

  /** The server that was replaced does not know it yet, or has requests on their way. */
  start(old: Association): void {
    const server = this.#world.webex.servers.find(({ host }) => host === old.host);
    if (!server || !this.#isAny) return;
    for (const { kind, afterMs } of drawLate(this.#draws)) {
      this.#world.context.clock.after(afterMs, () => {
        this.#count += 1;
        const name = `${this.#meeting.name}, late request ${this.#count}: ${kind}`;
        if (this.#meeting.quiet || !server.up || this.#world.spared.has(name)) return;
        this.#world.done.push(name);
        this.#world.context.tell(() => `== ${name}`);
        this.#askLate(kind, server, old);
      });
    }
  }

  #askLate(kind: LateKind, server: Server, old: Association): void {
    const number = `${this.#meeting.name.slice(8)}${String(this.#count).padStart(3, "0")}`;
    const body = lateBody(kind, { draws: this.#draws, old, current: this.#meeting.association, number });
    const { host, extConfId } = old;
    const entry = kind === "name" ? this.#draws.pick(old.entries) : undefined;
    const msgId = entry ?? (`${this.#meeting.name.slice(8)}-late-${this.#count}` as MsgId);
    const request = { ...body, msgId, replyTo: host, extConfId } as Request;
    if (kind !== "name" && kind !== "passthrough") {
      const isClose = request.type === "close-conference";
      this.#world.webex.owe({
        msgId,
        kind: `late ${kind}`,
        host,
        extConfId,
        withinMs: 1_000,
        excused: "its server was replaced",
        excusedAt: this.#world.context.clock.now,
        answered: (result) => {
          if (result === "no-such-conference" || (isClose && result === "ok")) return;
          this.#world.context.violated(
            "a replaced server changes nothing",
            `${kind} of ${extConfId} at ${host}: ${result}`,
          );
        },
      });
    }
    void this.#world.webex.post(server, [request]);
  }
}
