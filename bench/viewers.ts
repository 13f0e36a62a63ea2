import { join } from "node:path";
import { temporaryFolder } from "../scripts/at-exit.ts";
import { LocalRun } from "../scripts/local-run.ts";
import { serverIds } from "../simulators/webex/client.ts";
import type { ConfKey, ExtConfId } from "../src/foundation/ids.ts";
import { completeText, createCodec } from "../src/tsp/codec.ts";
import { type Conference, fillConferences } from "./conferences.ts";
import { inTurns, paced, type Transaction } from "./load.ts";
import { Receiver } from "./receiver.ts";

const callers = 60;
const mutesAtOnce = 30;
const codec = createCodec({}, "webex");
/** What people read of a conference's history, in turns. */
const views = ["story?limit=200", "explain", "replay"];

/** Milliseconds from the post of a create to its Confirmation: for each of these numbers of viewers, those of all creates. */
export async function createsBesideViewers(
  viewers: readonly number[],
  { mutes, creates, perSecond }: { readonly mutes: number; readonly creates: number; readonly perSecond: number },
): Promise<readonly (readonly number[])[]> {
  const run = await LocalRun.start({ state: join(temporaryFolder("bench"), "viewers") });
  try {
    const { conferences, port } = await fillConferences(run, [callers], 700_000_000);
    const [conference] = conferences as [Conference];
    await using webex = await Receiver.start({ port });
    const next = transactions(run, webex);
    await inTurns(() => next.mute(conference), mutesAtOnce, mutes);
    await paced(next.create, perSecond, creates);
    const times: (readonly number[])[] = [];
    for (const count of viewers) {
      const isOver = new AbortController();
      const reading = Array.from({ length: count }, (_, place) => read(run, conference, place, isOver.signal));
      const { confirmMs } = await paced(next.create, perSecond, creates);
      isOver.abort();
      await Promise.all(reading);
      await webex.settle();
      times.push(confirmMs);
    }
    return times;
  } finally {
    await run.stop();
  }
}

function transactions(run: LocalRun, webex: Receiver) {
  const ids = serverIds(20, Date.now);
  let key = 710_000_000;
  let turn = 0;
  return {
    create: (): Transaction => {
      const confKey = String(key++) as ConfKey;
      const handles = { confKey, extConfId: `V${confKey}` as ExtConfId, replyTo: webex.host };
      const create = { type: "create-conference", msgId: ids.msgId(), ...handles } as const;
      const body = completeText(codec.encode(ids.transId(), [create]));
      return { url: run.adapterUrl, body, answer: webex.answerTo(create.msgId) };
    },
    mute: ({ extConfId, callers }: Conference): Transaction => {
      const extCallId = callers[turn % callers.length] as Conference["callers"][number];
      const privilege = Math.floor(turn / callers.length) % 2 === 0 ? "listen" : "speak";
      turn += 1;
      const about = { extConfId, extCallId, privilege, replyTo: webex.host } as const;
      const mute = { type: "update-caller", msgId: ids.msgId(), ...about } as const;
      const body = completeText(codec.encode(ids.transId(), [mute]));
      return { url: run.adapterUrl, body, answer: webex.answerTo(mute.msgId) };
    },
  };
}

/** Reads one view after the other until it is aborted. */
async function read(run: LocalRun, { confKey }: Conference, place: number, signal: AbortSignal): Promise<void> {
  const headers = { authorization: `Bearer ${run.operatorToken()}` };
  for (let turn = place; !signal.aborted; turn += 1) {
    const url = `${run.edgeUrl}/api/v1/domains/local/conferences/${confKey}/${views[turn % views.length]}`;
    const response = await fetch(url, { headers });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${url} was answered with ${response.status}: ${text.slice(0, 200)}`);
  }
}
