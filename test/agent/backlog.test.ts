import { expect, test } from "vitest";
import { Reports } from "../../bridge-agent/core/reports.ts";
import type { Report } from "../../src/bridge/events.ts";
import { type CallId, type CommandId, type ConfKey, MAIN_ROOM } from "../../src/foundation/ids.ts";
import { AgentBudget, type AgentToEdge } from "../../src/link/messages.ts";
import { held } from "../builders.ts";
import { openedJournal } from "./agent-world.ts";

const turnEveryMs = 200;

/** An agent's reports on the way to a relay that judges each message, and to conferences that acknowledge after a while. */
class Backlog {
  readonly journal = openedJournal(":memory:");
  readonly reports = new Reports(this.journal, this.journal.load());
  readonly budget = new AgentBudget();
  readonly judgements = new Set<string>();
  readonly sent: { readonly conference: ConfKey; readonly at: number; readonly length: number }[] = [];
  now = 0;
  readonly #acks: { readonly at: number; run(): void }[] = [];

  add(conferences: number, reportsEach: number, report: Report): void {
    this.journal.transaction(() => {
      for (let index = 0; index < conferences; index += 1) {
        for (let count = 0; count < reportsEach; count += 1) this.reports.add(String(9e8 + index) as ConfKey, report);
      }
    });
  }

  /** One turn of the agent with its tick; `ackMs` is how long a conference takes, `null` for one that hangs. */
  turn(ackMs: (conference: ConfKey) => number | null): void {
    this.now += turnEveryMs;
    this.journal.transaction(() => {
      for (const ack of this.#acks.splice(0)) {
        if (ack.at <= this.now) ack.run();
        else this.#acks.push(ack);
      }
      for (const message of this.reports.due(1, this.now, true)) this.#relay(message, ackMs(message.conference));
    });
  }

  #relay(message: Extract<AgentToEdge, { type: "reports" }>, ackMs: number | null): void {
    const { length } = JSON.stringify(message);
    const { conference, stream, reports } = message;
    this.sent.push({ conference, at: this.now, length });
    this.judgements.add(this.budget.judgeText(length, this.now)).add(this.budget.judgeMessage(message, this.now));
    if (ackMs === null) return;
    const upTo = reports.at(-1)?.number ?? 0;
    this.#acks.push({ at: this.now + ackMs, run: () => this.reports.acknowledge(conference, stream, upTo, this.now) });
  }

  charactersWithin(fromMs: number, toMs: number): number {
    return this.sent.reduce((sum, { at, length }) => sum + (at > fromMs && at <= toMs ? length : 0), 0);
  }
}

function snapshot(callers: number): Report {
  const all = Array.from({ length: callers }, (_, index) => ({
    call: `c${index}` as CallId,
    number: "14085551234",
    attendeeId: "123456",
    muted: false,
    silent: false,
    room: MAIN_ROOM,
  }));
  const conference = held({ callers: all });
  return { type: "event", event: { type: "snapshot", conference } };
}

test("the relay allows every message of a large backlog", () => {
  const backlog = new Backlog();
  backlog.add(100, 500, snapshot(11));
  for (let turns = 0; backlog.reports.unacknowledged > 0 && turns < 1_000; turns += 1) backlog.turn(() => 100);

  expect(backlog.charactersWithin(0, backlog.now)).toBeGreaterThan(60_000_000);
  expect(backlog.reports.unacknowledged).toBe(0);
  expect([...backlog.judgements]).toEqual(["allowed"]);
});

test("a large backlog of one conference leaves the window to others", () => {
  const backlog = new Backlog();
  backlog.add(1, 4_000, snapshot(20));
  backlog.turn(() => null);
  backlog.add(10, 1, snapshot(20));
  backlog.turn(() => null);

  expect(new Set(backlog.sent.map(({ conference }) => conference)).size).toBe(10);
});

test("conferences that hang do not keep the reports of the others", () => {
  const backlog = new Backlog();
  backlog.add(600, 2, snapshot(20));
  const hangs = (conference: ConfKey) => Number(conference) < 9e8 + 100;
  for (let turns = 0; turns < 80; turns += 1) backlog.turn((conference) => (hangs(conference) ? null : 100));

  expect(backlog.reports.unacknowledged).toBe(200);
  expect([...backlog.judgements]).toEqual(["allowed"]);
});

const lost: Report = { type: "event", event: { type: "snapshot", conference: null } };
const created: Report = { type: "result", id: "create" as CommandId, result: { done: true } };

test.each([
  ["a result", created],
  ["that the bridge has lost a conference", lost],
])("%s overtakes the waiting snapshots of a hundred conferences", (_what, report) => {
  const backlog = new Backlog();
  backlog.add(100, 1, snapshot(20));
  backlog.turn(() => null);
  backlog.journal.transaction(() => backlog.reports.add("900000099" as ConfKey, report));
  backlog.turn(() => null);
  backlog.reports.resendAll();
  backlog.turn(() => null);

  const at = (turn: number) => backlog.sent.filter((sent) => sent.at === turn * turnEveryMs);
  expect(at(2).map(({ conference }) => conference)).toEqual(["900000099"]);
  expect(at(3).map(({ conference }) => conference)[0]).toBe("900000099");
  expect(at(3)).toHaveLength(17);
});

test("repeats reports without an ack after 1, 2 and 4 s", () => {
  const backlog = new Backlog();
  const hangs = () => null;
  const sentAt = () => backlog.sent.map(({ at }) => at);
  backlog.add(1, 1, snapshot(1));
  while (backlog.now < 16_000) backlog.turn(hangs);
  expect(sentAt()).toEqual([200, 1_200, 3_200, 7_200, 11_200, 15_200]);
  while (backlog.reports.unacknowledged > 0) backlog.turn(() => 0);
  const from = backlog.now;
  backlog.add(1, 1, snapshot(1));
  while (backlog.now < from + 2_000) backlog.turn(hangs);
  expect(sentAt().slice(-2)).toEqual([from + 200, from + 1_200]);
});
