import { setTimeout as pause } from "node:timers/promises";
import type { LocalRun } from "../scripts/local-run.ts";
import { WebexServer } from "../simulators/webex/server.ts";
import type { ConfKey, ExtCallId, ExtConfId, MsgId } from "../src/foundation/ids.ts";
import { BridgeControl } from "../test/kit/bridge-control.ts";

export interface Conference {
  readonly confKey: ConfKey;
  readonly extConfId: ExtConfId;
  readonly callers: readonly ExtCallId[];
}

interface Filled {
  /** In the order of `sizes`. */
  readonly conferences: readonly Conference[];
  /** Port of the TSP server that all of them know; nobody listens there any more. */
  readonly port: number;
}

const conferencesAtOnce = 8;
const callersAtOnce = 40;
/** On a busy machine an answer may take long, and nothing is measured yet. */
const answerWithinMs = 30_000;

/** Creates a conference of each size, whose callers dialled in and were named by WebEx. */
export async function fillConferences(run: LocalRun, sizes: readonly number[], firstKey: number): Promise<Filled> {
  const webex = new WebexServer({ adapterUrl: run.adapterUrl });
  await webex.start();
  const port = Number(webex.host.split(":")[1]);
  const conferences: Conference[] = [];
  const answerTo = answersOf(webex);
  let next = 0;
  const fill = async () => {
    for (let index = next++; index < sizes.length; index = next++) {
      conferences[index] = await fillOne({ run, webex, answerTo }, firstKey + index, sizes[index] ?? 0);
    }
  };
  try {
    await Promise.all(Array.from({ length: conferencesAtOnce }, fill));
    await quiet(webex);
  } finally {
    await webex.stop();
  }
  return { conferences, port };
}

interface Filling {
  readonly run: LocalRun;
  readonly webex: WebexServer;
  answerTo(msgId: MsgId): Promise<void>;
}

/** By a map: to look through all that a server has received takes longer with each conference. */
function answersOf(webex: WebexServer): Filling["answerTo"] {
  const waiting = new Map<MsgId, () => void>();
  webex.onMessage = ({ message: { msgId } }) => {
    if (msgId) waiting.get(msgId)?.();
  };
  return (msgId) =>
    new Promise((answered, failed) => {
      const timer = setTimeout(() => failed(new Error(`MsgID ${msgId} was not answered in time`)), answerWithinMs);
      waiting.set(msgId, () => {
        clearTimeout(timer);
        waiting.delete(msgId);
        answered();
      });
    });
}

async function fillOne({ run, webex, answerTo }: Filling, key: number, size: number): Promise<Conference> {
  const bridge = new BridgeControl(run.bridgeUrl);
  const confKey = String(key) as ConfKey;
  const extConfId = `B${confKey}` as ExtConfId;
  const msgId = webex.client.msgId();
  const create = { type: "create-conference", msgId, confKey, extConfId, replyTo: webex.host } as const;
  await Promise.all([answerTo(msgId), webex.client.post(create)]);
  const callers: ExtCallId[] = [];
  for (let first = 0; first < size; first += callersAtOnce) {
    const count = Math.min(callersAtOnce, size - first);
    const attendees = Array.from({ length: count }, (_, caller) => String(1_000 + first + caller));
    await Promise.all(attendees.map((attendee) => bridge.callIn(`1408${attendee}`, `${confKey}#${attendee}#`)));
    for (const attendee of attendees) callers.push(await webex.extCallIdOf(extConfId, attendee, answerWithinMs));
  }
  return { confKey, extConfId, callers };
}

/** Waits until WebEx receives nothing more, so that no measurement begins with the rest of another. */
async function quiet(webex: WebexServer): Promise<void> {
  for (let count = -1; count !== webex.received.length; ) {
    count = webex.received.length;
    await pause(300);
  }
}
