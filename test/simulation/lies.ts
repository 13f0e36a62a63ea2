import type { SqlRow } from "../../durable-objects/platform/platform.ts";
import type { BridgeCommand } from "../../src/bridge/commands.ts";
import type { BridgeToAgent } from "../../src/bridge/protocol.ts";
import type { Comparison } from "../../src/conference/reconcile.ts";
import { MAIN_ROOM, type RoomId } from "../../src/foundation/ids.ts";
import type { AgentToEdge, EdgeToAgent } from "../../src/link/messages.ts";
import type { Detection } from "./defects/defect.ts";

interface Write {
  readonly disk: "edge" | "agent";
  readonly query: string;
  readonly values: readonly unknown[];
  readonly isFull: boolean;
}

/** Faulty ports. */
export interface LyingPorts {
  /** True if a disk confirms this write but drops it. */
  loses?(write: Write): boolean;
  /** Changes the rows that an edge disk returns. */
  reads?(query: string, rows: readonly SqlRow[]): readonly SqlRow[];
  /** Alarms are set but never fire. */
  forgetsAlarms?: true;
  /** Changes a message from agent to edge. `null` drops it. */
  toEdge?(message: AgentToEdge): AgentToEdge | null;
  toAgent?(message: EdgeToAgent): EdgeToAgent | null;
  /** A socket that the relay closes stays open for a moment. */
  closesLate?(reason: string): boolean;
  /** The relay gets an ack for reports that the conference failed to save. */
  acksFailedReports?: true;
  compares?: Comparison;
  /** Every signature is accepted. */
  believesSignatures?: true;
  fromBridge?(message: BridgeToAgent): BridgeToAgent;
  /** True if a bridge confirms this command without carrying it out. */
  ignores?(command: BridgeCommand, isAtPrompt: boolean): boolean;
  letsTwoAgentsAct?: true;
}

type Lie = LyingPorts & Detection;

/** Faulty ports by name. The worlds must find each one. */
export const lies = {
  "an alarm that is set never rings": { foundBy: "each request is answered", forgetsAlarms: true },
  "a disk loses that a bridge is drained": {
    foundBy: "a drained bridge takes no new conference",
    edge: "workers",
    boosts: ["operatesBridges", "drain", "relay evicted"],
    loses: (write) => isEntry(write, "drainedSince"),
  },
  "a disk loses the epoch": {
    foundBy: "an epoch begins once",
    edge: "workers",
    loses: (write) => isEntry(write, "epoch"),
  },
  "a disk loses what a server is owed": {
    foundBy: "each request is answered",
    boosts: ["WebEx server out", "object evicted"],
    edge: "workers",
    loses: (write) => isEntry(write, "debt/"),
  },
  "a disk keeps what a checkpoint deletes": {
    foundBy: "outboxes are empty",
    loses: ({ query, values }) => query.startsWith("DELETE FROM entry") && String(values[0]).includes("/"),
  },
  "a disk forgets the row behind a checkpoint": {
    foundBy: "no command is pending",
    reads: (query, rows) => (query.startsWith("SELECT changes FROM journal") ? rows.slice(1) : rows),
  },
  "a disk forgets which actions of operators it has": {
    foundBy: "an operator's action acts once",
    reads: (query, rows) =>
      query.startsWith("SELECT trans_id, at") ? rows.filter((row) => !String(row.trans_id).startsWith("op ")) : rows,
  },
  "an agent's disk loses that a command has begun": {
    foundBy: "a command acts once",
    loses: ({ query }) => query.startsWith("UPDATE command SET phase = ?, begin_before"),
  },
  "an agent's disk is full, and says nothing": {
    foundBy: "an agent acts only with its journal",
    loses: ({ disk, isFull }) => disk === "agent" && isFull,
  },
  "a link loses digests": {
    foundBy: "a digest finds what no event told",
    boosts: ["bridge event lost"],
    toEdge: (message) => (message.type === "digests" ? null : message),
  },
  "a link turns commands around": {
    foundBy: "no command overtakes an earlier one",
    toAgent: (message) =>
      message.type === "commands" ? { ...message, commands: message.commands.toReversed() } : message,
  },
  "the socket of an agent that hands over closes late": {
    foundBy: "one agent acts at a time",
    closesLate: (reason) => reason === "handedOver",
  },
  "a relay is told that a conference has reports, which it has not": {
    foundBy: "no command is pending",
    acksFailedReports: true,
  },
  "a relay is told that a digest is right, which is not": {
    foundBy: "a digest finds what no event told",
    boosts: ["bridge event lost"],
    compares: "same",
  },
  "each signature is found right": { foundBy: "nobody poses as an agent", believesSignatures: true },
  "a bridge lets two agents act": {
    foundBy: "a key acts once",
    boosts: ["two agents", "agent frozen", "dial in"],
    letsTwoAgentsAct: true,
  },
  "a bridge shows nobody as muted": {
    foundBy: "WebEx knows what is so",
    fromBridge: (message) => inState(message, { muted: false }),
  },
  "a bridge shows everybody in the main room": {
    foundBy: "WebEx knows what is so",
    fromBridge: (message) => inState(message, { room: MAIN_ROOM }),
  },
  "a bridge shows everybody as talking": {
    foundBy: "whom WebEx holds for a speaker talks on the bridge",
    fromBridge: (message) => inState(message, { talking: true }),
  },
  "a bridge does not hang up on callers at the prompt": {
    foundBy: "nobody is left on the line",
    ignores: (command, isAtPrompt) => command.type === "expel" && isAtPrompt,
  },
} as const satisfies Record<string, Lie>;

export type LieName = keyof typeof lies;

function isEntry({ disk, query, values }: Write, prefix: string): boolean {
  return disk === "edge" && query.startsWith("INSERT INTO entry") && String(values[0]).startsWith(prefix);
}

/** Changes what a bridge's state shows of those who are in a conference. */
function inState(message: BridgeToAgent, shown: { muted?: false; talking?: true; room?: RoomId }): BridgeToAgent {
  if (message.type !== "state") return message;
  const calls = message.state.calls.map((call) => (call.stage === "entered" ? { ...call, ...shown } : call));
  return { ...message, state: { ...message.state, calls } };
}
