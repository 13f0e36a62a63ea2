import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { sha256 } from "../../src/foundation/secrets.ts";
import { HistoryTurns } from "../../src/http/history-turns.ts";
import { type Operator, tokenOperator } from "../../src/operators/people.ts";
import { ConferenceWorld, confKey, extConfId } from "../durable-objects/conference-world.ts";
import { Clock } from "../simulation/clock.ts";
import { FakeEdge, token } from "./fake-edge.ts";
import { realConference } from "./real-conference.ts";

const [anna, boris]: Operator[] = ["anna", "boris"].map((name) => ({ ...tokenOperator, name, role: "viewer" }));

/** Questions that end when they are told to, in the order in which they begin. */
function questions(giveWay?: () => Promise<void>) {
  const clock = new Clock(0);
  const turns = new HistoryTurns({ after: (ms, run) => clock.after(ms, run), ...(giveWay && { giveWay }) });
  const begun: string[] = [];
  const open: (() => void)[] = [];
  const ask = (person: Operator, conference: string, name: string) =>
    turns.inTurn(person, conference, () => {
      begun.push(name);
      return new Promise<string>((resolve) => open.push(() => resolve(name)));
    });
  return { clock, begun, ask, end: () => open.shift()?.() };
}

test("on plain Node a person's questions about one conference wait for each other, and nobody else for them", async () => {
  const { clock, begun, ask, end } = questions(async () => {});
  const asked = [
    ...["a1", "a2", "a3"].map((name) => ask(anna as Operator, "5", name)),
    ask(anna as Operator, "6", "other conference"),
    ask(boris as Operator, "5", "other person"),
  ];
  await clock.pass(1);
  expect(begun).toEqual(["a1", "other conference", "other person"]);
  for (let ended = 0; ended < 5; ended += 1) {
    end();
    await clock.pass(1);
  }
  expect(begun.slice(3)).toEqual(["a2", "a3"]);
  expect(await Promise.all(asked)).toEqual(["a1", "a2", "a3", "other conference", "other person"]);
});

test("who has waited as long as a request may is refused, but for the operator's token, which goes on", async () => {
  const { clock, begun, ask } = questions(async () => {});
  for (const person of [anna as Operator, tokenOperator]) void ask(person, "5", `${person.name} first`);
  const late = ask(anna as Operator, "5", "anna second");
  void ask(tokenOperator, "5", "operator second");
  await clock.pass(8_000);
  expect([await late, begun]).toEqual([null, ["anna first", "operator first", "operator second"]]);
});

test("where no request may wait for another one, a second one is refused at once, but for the operator's token", async () => {
  const { clock, begun, ask, end } = questions();
  const first = ask(anna as Operator, "5", "first");
  expect(await ask(anna as Operator, "5", "second")).toBe(null);
  void ask(tokenOperator, "5", "token first");
  void ask(tokenOperator, "5", "token second");
  end();
  expect(await first).toBe("first");
  void ask(anna as Operator, "5", "third");
  await clock.pass(1);
  expect(begun).toEqual(["first", "token first", "token second", "third"]);
});

test("of two pages and answers of one conference's history at once the second is told when to ask again", async () => {
  const people = [{ name: "anna", tokenSha256: await sha256("annas"), role: "viewer" as const, domains: ["local"] }];
  const edge = new FakeEdge(token, {}, { people });
  const world = await ConferenceWorld.running(2);
  await edge.held(extConfId, confKey);
  const conference = realConference(world);
  const late =
    <Asked extends readonly unknown[], Answer>(read: (...asked: Asked) => Promise<Answer>) =>
    async (...asked: Asked) => {
      await pause(20);
      return read(...asked);
    };
  const { story, explain, replay, testRows } = conference;
  const slow = { story: late(story), explain: late(explain), replay: late(replay), testRows: late(testRows) };
  edge.real.set(confKey, { ...conference, ...slow });
  const api = `/api/v1/domains/local/conferences/${confKey}`;
  const page = `/console/local/conferences/${confKey}`;
  const ask = async (path: string, by: string) => {
    const answer = await edge.app.request(path, { headers: { authorization: `Bearer ${by}` } });
    return [answer.status, answer.headers.get("retry-after")] as const;
  };
  // Either may be the first to be let in.
  const both = async (path: string) =>
    (await Promise.all([ask(path, "annas"), ask(path, "annas")])).toSorted(([one], [other]) => one - other);
  const served = [200, null];
  const refused = [429, "1"];
  for (const path of ["story", "explain", "replay", "test-rows"].map((what) => `${api}/${what}`)) {
    expect([path, ...(await both(path))]).toEqual([path, served, refused]);
    expect(await Promise.all([ask(path, token), ask(path, token)])).toEqual([served, served]);
  }
  for (const path of ["timeline", "why", "replay"].map((tab) => `${page}/${tab}`))
    expect([path, ...(await both(path))]).toEqual([path, served, refused]);
  // All else is asked beside them.
  expect(await Promise.all([ask(`${api}/story`, "annas"), ask(api, "annas")])).toEqual([served, served]);
});
