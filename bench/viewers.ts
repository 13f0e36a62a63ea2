import { join } from "node:path";
import { temporaryFolder } from "../scripts/at-exit.ts";
import { LocalRun } from "../scripts/local-run.ts";
import { serverIds } from "../simulators/webex/client.ts";
import type { ConfKey, ExtConfId } from "../src/foundation/ids.ts";
import { sha256 } from "../src/foundation/secrets.ts";
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
  return besideOneConference(mutes, Math.max(...viewers), async ({ run, conference, webex, next, tokens }) => {
    await paced(next.create, perSecond, creates);
    const times: (readonly number[])[] = [];
    for (const count of viewers) {
      const isOver = new AbortController();
      const reading = tokens.slice(0, count).map((token, place) => read(run, conference, place, token, isOver.signal));
      const { confirmMs } = await paced(next.create, perSecond, creates);
      isOver.abort();
      await Promise.all(reading);
      await webex.settle();
      times.push(confirmMs);
    }
    return times;
  });
}

/** The same, `alone` and `beside` so many pages of the timeline, each of another viewer, that are asked for at once. */
export async function createsBesidePages(
  pages: number,
  { mutes, creates, perSecond }: { readonly mutes: number; readonly creates: number; readonly perSecond: number },
): Promise<{ readonly alone: readonly number[]; readonly beside: readonly number[]; readonly rows: number }> {
  return besideOneConference(mutes, pages, async ({ run, conference: { confKey }, webex, next, tokens }) => {
    const path = `${run.edgeUrl}/console/local/conferences/${confKey}`;
    const text = async (of: string, token: string) => {
      const headers = { authorization: `Bearer ${token}`, accept: "text/html" };
      const answer = await fetch(`${path}/${of}`, { headers });
      if (answer.status !== 200) throw new Error(`${of} was answered with ${answer.status}`);
      return answer.text();
    };
    await paced(next.create, perSecond, creates);
    const { confirmMs: alone } = await paced(next.create, perSecond, creates);
    const asked = tokens.map((token, page) => text(`timeline?page=${page + 1}`, token));
    const { confirmMs: beside } = await paced(next.create, perSecond, creates);
    await Promise.all(asked);
    await webex.settle();
    const rows = (await text("timeline", run.operatorToken())).matchAll(/id="row-(\d+)"/g);
    return { alone, beside, rows: Math.max(...Array.from(rows, ([, row]) => Number(row))) };
  });
}

interface Beside {
  readonly run: LocalRun;
  readonly conference: Conference;
  readonly webex: Receiver;
  readonly next: ReturnType<typeof transactions>;
  /** Of the viewers. */
  readonly tokens: readonly string[];
}

/** Beside a conference in which there were so many mutes, with so many who may look at it. */
async function besideOneConference<Answer>(
  mutes: number,
  viewers: number,
  work: (beside: Beside) => Promise<Answer>,
): Promise<Answer> {
  const tokens = Array.from({ length: viewers }, (_, place) => `token-of-viewer-${place + 1}`);
  const people = await Promise.all(
    tokens.map(async (token, place) => {
      const tokenSha256 = await sha256(token);
      return { name: `viewer-${place + 1}`, role: "viewer" as const, domains: ["local"], tokenSha256 };
    }),
  );
  const run = await LocalRun.start({ people, state: join(temporaryFolder("bench"), "viewers") });
  try {
    const { conferences, port } = await fillConferences(run, [callers], 700_000_000);
    const [conference] = conferences as [Conference];
    await using webex = await Receiver.start({ port });
    const next = transactions(run, webex);
    await inTurns(() => next.mute(conference), mutesAtOnce, mutes);
    return await work({ run, conference, webex, next, tokens });
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

/** Reads one view after the other, from this place on, until it is aborted. */
async function read(
  run: LocalRun,
  { confKey }: Conference,
  place: number,
  token: string,
  signal: AbortSignal,
): Promise<void> {
  const headers = { authorization: `Bearer ${token}` };
  for (let turn = place; !signal.aborted; turn += 1) {
    const url = `${run.edgeUrl}/api/v1/domains/local/conferences/${confKey}/${views[turn % views.length]}`;
    const response = await fetch(url, { headers });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${url} was answered with ${response.status}: ${text.slice(0, 200)}`);
  }
}
