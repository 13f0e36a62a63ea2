import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { sha256 } from "../../src/foundation/secrets.ts";
import { HistoryTurns } from "../../src/http/history-turns.ts";
import { type Operator, tokenOperator } from "../../src/operators/people.ts";
import { ConferenceWorld, confKey, extConfId } from "../durable-objects/conference-world.ts";
import { Clock } from "../kit/clock.ts";
import { FakeEdge, token } from "./fake-edge.ts";
import { realConference } from "./real-conference.ts";

const [anna, boris]: Operator[] = ["anna", "boris"].map((name) => ({ ...tokenOperator, name, role: "viewer" }));

/** Questions that end when they are told to, in the order in which they begin. */
function questions() {
  const clock = new Clock(0);
  const machine = { /** On workerd it may be set back, too. */ stoodMs: 0, timersEnd: false };
  const after: Clock["after"] = (ms, run) => (machine.timersEnd ? () => {} : clock.after(ms, run));
  const turns = new HistoryTurns({ after, passedMs: () => clock.now + machine.stoodMs });
  const begun: string[] = [];
  const open: (() => void)[] = [];
  const ask = (person: Operator, conference: string, name: string) =>
    turns.inTurn(person, conference, () => {
      begun.push(name);
      return new Promise<string>((resolve) => open.push(() => resolve(name)));
    });
  return { machine, clock, begun, ask, turns, end: () => open.shift()?.() };
}

test("a person's questions about one conference wait for each other, and nobody else for them", async () => {
  const { clock, begun, ask, end } = questions();
  const asked = [
    ...["a1", "a2", "a3"].map((name) => ask(anna as Operator, "5", name)),
    ask(anna as Operator, "6", "other conference"),
    ask(boris as Operator, "5", "other person"),
  ];
  await clock.pass(1);
  expect(begun).toEqual(["a1", "other conference", "other person"]);
  for (let ended = 0; ended < 5; ended += 1) {
    end();
    await clock.pass(50);
  }
  expect(begun.slice(3).toSorted()).toEqual(["a2", "a3"]);
  expect(await Promise.all(asked)).toEqual(["a1", "a2", "a3", "other conference", "other person"]);
});

test("who has waited as long as a request may is refused, but for the operator's token, which goes on", async () => {
  const { clock, begun, ask } = questions();
  for (const person of [anna as Operator, tokenOperator]) void ask(person, "5", `${person.name} first`);
  const late = ask(anna as Operator, "5", "anna second");
  void ask(tokenOperator, "5", "operator second");
  await clock.pass(8_000);
  expect([await late, begun]).toEqual([null, ["anna first", "operator first", "operator second"]]);
});

test("who came first has the next turn, and nobody waits for one that is gone", async () => {
  const { machine, clock, begun, ask, end } = questions();
  const asked = (name: string) => void ask(anna as Operator, "5", name);
  for (const name of ["a1", "a2"]) asked(name);
  // At Cloudflare the timers of a request may end with it.
  machine.timersEnd = true;
  asked("gone");
  machine.timersEnd = false;
  await clock.pass(30);
  asked("a3");
  // It looks before "a2" does.
  await clock.pass(30);
  end();
  await clock.pass(60);
  expect(begun).toEqual(["a1", "a2"]);
  end();
  await clock.pass(1_100);
  expect(begun).toEqual(["a1", "a2", "a3"]);
});

test("a process that stood still, or whose clock was set, keeps nobody waiting for that", async () => {
  const { machine, clock, begun, ask, end } = questions();
  for (const name of ["a1", "a2", "a3"]) void ask(anna as Operator, "5", name);
  machine.stoodMs = 5_000;
  end();
  await clock.pass(60);
  end();
  await clock.pass(60);
  expect(begun.toSorted()).toEqual(["a1", "a2", "a3"]);
  machine.stoodMs = -86_400_000;
  void ask(anna as Operator, "5", "a4");
  await clock.pass(60);
  expect(begun.at(-1)).toBe("a4");
});

test("a question that never says that it is over is in nobody's way for long", async () => {
  const { clock, begun, ask } = questions();
  void ask(anna as Operator, "5", "lost");
  await clock.pass(10_000);
  void ask(anna as Operator, "5", "next");
  await clock.pass(5_000);
  expect(begun).toEqual(["lost"]);
  await clock.pass(1_000);
  expect(begun).toEqual(["lost", "next"]);
});

test("questions that never say that they are over are remembered for seconds, whatever the next one is about", async () => {
  const { clock, ask, turns } = questions();
  for (let conference = 0; conference < 100; conference += 1) void ask(anna as Operator, String(conference), "lost");
  await clock.pass(16_000);
  void ask(boris as Operator, "5", "next");
  expect(turns.size).toBe(1);
});

test.each([anna, tokenOperator])("a hundred wait; who comes behind them is refused at once: %o", async (person) => {
  const { machine, clock, begun, ask, end } = questions();
  const asked = (name: string) => ask(person as Operator, "5", name);
  const early = Array.from({ length: 101 }, (_, place) => asked(`place ${place}`));
  expect(await asked("one too many")).toBe(null);
  expect(await Promise.race([...early, "all wait"])).toBe("all wait");
  end();
  await clock.pass(60);
  const last = asked("one of a hundred again");
  expect(await Promise.race([last, "waits"])).toBe("waits");
  // Those whom the platform has dropped unsaid are in the way of nobody who asks later.
  machine.timersEnd = true;
  machine.stoodMs = 60_000;
  for (const name of ["later", "behind it"]) void asked(name);
  expect(begun.at(-1)).toBe("later");
});

test("who waits has waited for eight seconds, however slow the process is", async () => {
  const { machine, clock, ask } = questions();
  void ask(anna as Operator, "5", "first");
  const late = ask(anna as Operator, "5", "late");
  machine.stoodMs = 8_000;
  await clock.pass(60);
  expect(await Promise.race([late, "waits"])).toBe(null);
});

test("nobody waits for longer because the clock was set back", async () => {
  const { machine, clock, begun, ask } = questions();
  void ask(anna as Operator, "5", "lost");
  await clock.pass(10_000);
  machine.stoodMs = -86_400_000;
  void ask(anna as Operator, "5", "next");
  await clock.pass(6_000);
  expect(begun).toEqual(["lost", "next"]);

  const waiting = ask(anna as Operator, "5", "waits");
  machine.stoodMs -= 86_400_000;
  await clock.pass(60);
  expect(await Promise.race([waiting, "waits"])).toBe("waits");
  expect(begun.at(-1)).toBe("waits");
});

test("of two pages and answers of one conference's history at once the second waits", async () => {
  const people = [{ name: "anna", tokenSha256: await sha256("annas"), role: "viewer" as const, domains: ["local"] }];
  const edge = new FakeEdge(token, {}, { people });
  const world = await ConferenceWorld.running(2);
  await edge.held(extConfId, confKey);
  const conference = realConference(world);
  let [underWay, most] = [0, 0];
  const late =
    <Asked extends readonly unknown[], Answer>(read: (...asked: Asked) => Promise<Answer>) =>
    async (...asked: Asked) => {
      underWay += 1;
      most = Math.max(most, underWay);
      await pause(20);
      underWay -= 1;
      return read(...asked);
    };
  const { story, explain } = conference;
  const slow = { story: late(story), explain: late(explain) };
  edge.real.set(confKey, { ...conference, ...slow });
  const api = `/api/v1/domains/local/conferences/${confKey}`;
  const page = `/console/local/conferences/${confKey}`;
  const ask = async (path: string, by: string) => {
    const answer = await edge.app.request(path, {
      method: path.endsWith("explain") ? "POST" : "GET",
      headers: { authorization: `Bearer ${by}` },
    });
    return [answer.status, answer.headers.get("retry-after")] as const;
  };
  const both = async (path: string, by = "annas") => {
    [most, edge.gaveWay] = [0, 0];
    const answers = await Promise.all([ask(path, by), ask(path, by)]);
    return [answers, most, edge.gaveWay];
  };
  const served = [200, null];
  // What each has read becomes a page once others have had their turn.
  const oneByOne = (turns: number) => [[served, served], 1, 2 * turns];
  for (const path of ["story", "explain"].map((what) => `${api}/${what}`)) {
    expect([path, ...(await both(path))]).toEqual([path, ...oneByOne(1)]);
    expect(await both(path, token)).toEqual(oneByOne(1));
  }
  for (const [tab, turns] of [
    ["timeline", 2],
    ["why", 1],
  ] as const)
    expect([tab, ...(await both(`${page}/${tab}`))]).toEqual([tab, ...oneByOne(turns)]);
  // All else is asked beside them.
  expect(await Promise.all([ask(`${api}/story`, "annas"), ask(api, "annas")])).toEqual([served, served]);
});
