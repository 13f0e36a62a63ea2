import { afterAll, beforeAll, expect, test } from "vitest";
import { Meeting, startWorld, type World } from "./world.ts";

const rows = 800;
let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());

const posted = async (xml: string) => {
  const begun = performance.now();
  const answer = await fetch(world.run.adapterUrl, { method: "POST", body: xml });
  expect(answer.status).toBe(200);
  await answer.text();
  return performance.now() - begun;
};
/** A document of WebEx for a conference that nobody knows: the shortest way to a Confirmation. */
const small = (id: number) =>
  `<WbxTSPSchema><TransID>h${id}</TransID><W2A_DropUser MsgID="h${id}" WbxHostName="${world.webex.host}" ExtConfID="none" ExtCallID="9"/></WbxTSPSchema>`;

const median = (values: readonly number[]) => values.toSorted((one, other) => one - other)[values.length >> 1] ?? 0;

test.skipIf(process.env.BRIDGEHEAD_EDGE === "workers")(
  "while a viewer asks for fourteen pages of a long history at once, posts of WebEx are confirmed as before",
  async () => {
    const meeting = new Meeting(world);
    await meeting.create();
    const { extCallId } = await meeting.callIn("7101");
    for (let row = 0; row < rows; row += 50) {
      const mutes = Array.from({ length: 50 }, (_, index) =>
        meeting.ask(meeting.muteRequest(extCallId, index % 2 === 0)),
      );
      await Promise.all(mutes);
    }
    let id = 0;
    const idle: number[] = [];
    for (let count = 0; count < 50; count += 1) idle.push(await posted(small(id++)));

    const headers = { authorization: `Bearer ${world.run.operatorToken()}` };
    const base = `${world.run.edgeUrl}/api/v1/domains/local/conferences/${meeting.confKey}`;
    const page = `${world.run.edgeUrl}/console/local/conferences/${meeting.confKey}`;
    const paths = [
      ...[`${page}/timeline`, `${page}/why`, `${page}/replay?row=2000`, `${page}/replay?row=500`],
      ...[`${base}/story`, `${base}/explain`, `${base}/replay?cursor=500`, `${base}/replay?cursor=1500`],
      ...[
        `${base}/test-rows`,
        `${page}/timeline`,
        `${page}/why`,
        `${base}/story`,
        `${base}/explain`,
        `${base}/test-rows`,
      ],
    ];
    let isOver = false;
    const asked = Promise.all(
      paths.map(async (path) => {
        const answer = await fetch(path, { headers });
        await answer.text();
        return answer.status;
      }),
    ).finally(() => {
      isOver = true;
    });
    const busy: number[] = [];
    while (!isOver) busy.push(await posted(small(id++)));

    const statuses = await asked;
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(5);
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThanOrEqual(5);
    expect(statuses.filter((status) => status >= 500)).toEqual([]);
    expect(median(busy)).toBeLessThan(Math.max(50, 8 * median(idle)));
  },
  120_000,
);
