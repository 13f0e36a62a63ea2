import { join } from "node:path";
import { expect, test } from "vitest";
import { type Conference, fillConferences } from "../../bench/conferences.ts";
import { inTurns, paced, type Transaction } from "../../bench/load.ts";
import { Receiver } from "../../bench/receiver.ts";
import { temporaryFolder } from "../../scripts/at-exit.ts";
import { runOnEdge } from "../../scripts/command.ts";
import { LocalRun } from "../../scripts/local-run.ts";
import { serverIds } from "../../simulators/webex/client.ts";
import type { ConfKey, ExtConfId } from "../../src/foundation/ids.ts";
import { sha256 } from "../../src/foundation/secrets.ts";
import { completeText, createCodec } from "../../src/tsp/codec.ts";

const codec = createCodec({}, "webex");

/** Three in four posts are confirmed within this time: on a busy machine the latest say nothing of the edge. */
function mostWithin(times: readonly number[]): number {
  return times.toSorted((one, other) => one - other)[Math.floor(times.length * 0.75)] ?? 0;
}

test("pages of a long history for fourteen viewers at once hold up three of four confirms by no more than 50 ms", {
  timeout: 120_000,
}, async () => {
  runOnEdge("node");
  const tokens = Array.from({ length: 14 }, (_, place) => `token-of-viewer-${place + 1}`);
  const people = await Promise.all(
    tokens.map(async (token, place) => {
      const tokenSha256 = await sha256(token);
      return { name: `viewer-${place + 1}`, role: "viewer" as const, domains: ["local"], tokenSha256 };
    }),
  );
  const run = await LocalRun.start({ people, state: join(temporaryFolder("history"), "run") });
  try {
    const { conferences, port } = await fillConferences(run, [60], 700_000_000);
    const [conference] = conferences as [Conference];
    await using webex = await Receiver.start({ port });
    const { create, mute } = transactions(run, webex);
    const creates = async () => (await paced(create, 60, 30)).confirmMs;
    const page = async (query: string, token: string) => {
      const headers = { authorization: `Bearer ${token}`, accept: "text/html" };
      const url = `${run.edgeUrl}/console/local/conferences/${conference.confKey}/timeline${query}`;
      const answer = await fetch(url, { headers });
      expect(answer.status).toBe(200);
      return answer.text();
    };
    await inTurns(() => mute(conference), 30, 800);
    await creates();
    const alone = await creates();
    const asked = tokens.map((token, index) => page(`?page=${index + 1}`, token));
    const beside = await creates();
    await Promise.all(asked);
    await webex.settle();

    const rows = (await page("", run.operatorToken())).matchAll(/id="row-(\d+)"/g);
    expect(Math.max(...Array.from(rows, ([, row]) => Number(row)))).toBeGreaterThan(800);
    expect(mostWithin(beside) - mostWithin(alone)).toBeLessThan(50);
  } finally {
    await run.stop();
  }
});

function transactions(run: LocalRun, webex: Receiver) {
  const ids = serverIds(20, Date.now);
  let key = 710_000_000;
  let turn = 0;
  return {
    create: (): Transaction => {
      const confKey = String(key++) as ConfKey;
      const extConfId = `V${confKey}` as ExtConfId;
      const msgId = ids.msgId();
      const request = { type: "create-conference", msgId, confKey, extConfId, replyTo: webex.host } as const;
      const body = completeText(codec.encode(ids.transId(), [request]));
      return { url: run.adapterUrl, body, answer: webex.answerTo(msgId) };
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
