import { beforeAll, expect, test } from "vitest";
import { parseTranscript } from "../../scripts/read-transcript.ts";
import type { Outgoing } from "../../src/conference/server/posts.ts";
import { applyEntry, emptyState } from "../../src/conference/state.ts";
import type { WebexHost } from "../../src/foundation/ids.ts";
import type { About } from "../../src/replay/history.ts";
import { asTest } from "../../src/transcripts/as-test.ts";
import { attendeeBegin, secretBegin } from "../simulation/shown-judge.ts";
import { play } from "../transcripts/hand-written.ts";
import { conferencesOfWorld, type KeptConference, replay, testPages } from "./simulated-journals.ts";

/** Of a world in which operators send again what was given up; most have nothing to send. */
const sendsAgain = 23;
/** Of a world in which answers wait for those of another conference, and notifications behind them do not. */
const sharesAnswers = 12;
/** Of a world in which a conference of the same key has another bridge than before. */
const otherBridge = 9;
/** Of a world in which a number that is dialled is not that of the host who has left. */
const dialsNoHost = 36;
const seeds = [
  ...Array.from({ length: Number(process.env.SEEDS ?? 1) }, (_, index) => index + 1),
  sendsAgain,
  sharesAnswers,
  otherBridge,
  dialsNoHost,
];
const secretsOrNames = new RegExp(`(?<!\\d)(?:${secretBegin}\\d{4}|${attendeeBegin}\\d{3})(?!\\d)|Meeting \\d`);
const worlds = new Map<number, readonly KeptConference[]>();

beforeAll(async () => {
  for (const seed of seeds) worlds.set(seed, await conferencesOfWorld(seed));
}, 600_000);

test("replaying the journal of each conference of simulated worlds gives the state on disk, and the same decisions", {
  timeout: 600_000,
}, async () => {
  let steps = 0;
  for (const [seed, conferences] of worlds) {
    for (const { about, rows, state } of conferences) {
      const replayed = emptyState();
      for (const step of replay(rows, about)) {
        steps += 1;
        for (const [key, value] of step.changes) applyEntry(replayed, key, value);
        if (step.verdict.is !== "same")
          expect.fail(
            `seed ${seed}, ${about.confKey}, row ${step.seq}: ${JSON.stringify(step.verdict)} ${JSON.stringify(step.input)}`,
          );
      }
      expect(replayed).toEqual(state);
    }
  }
  expect(steps).toBeGreaterThan(100 * seeds.length);
});

test("each conference of simulated worlds, saved as a test, plays as it is, sends the same messages, and has nobody's number", {
  timeout: 600_000,
}, async () => {
  let messages = 0;
  let sentAgain = 0;
  for (const [seed, conferences] of worlds) {
    for (const { about, rows } of conferences) {
      const pages = await testPages(rows, about);
      const saved = asTest(pages);
      if (saved === null) continue;
      expect(play(saved), `seed ${seed}, ${about.confKey}`).toBe(saved);
      const steps = [...replay(rows, about)];
      const sent = steps.map((step) => step.messages.map(({ host, message }) => elementIn(about, host, message)));
      const inTest = parseTranscript(saved).map((item) =>
        typeof item === "string" ? [] : item.follows.flatMap(sentIn),
      );
      // Within a row, the order of answers depends on what was being posted.
      const [inRows, inSteps] = [sent, inTest].map((all) =>
        all.filter((row) => row.length > 0).map((row) => row.toSorted()),
      );
      expect(inSteps, `seed ${seed}, ${about.confKey}`).toEqual(inRows);
      messages += sent.flat().length;
      sentAgain += saved.match(/^operator send-again /gm)?.length ?? 0;
      expect(saved).not.toContain("left out");
      expect(saved).not.toContain(about.confKey);
      const numbers = new Set(JSON.stringify(rows).match(/(?<="(?:number|did)":")\d{7,}/g));
      const withoutMadeUp = saved.replaceAll(/1408555\d{4}/g, "");
      expect([...numbers].filter((number) => withoutMadeUp.includes(number))).toEqual([]);
      expect(saved.match(secretsOrNames), `seed ${seed}, ${about.confKey}`).toBeNull();
    }
  }
  expect(messages).toBeGreaterThan(50 * seeds.length);
  expect(sentAgain).toBeGreaterThan(0);
});

function sentIn(line: string): string[] {
  const [, element, client] = /^A→W .*?(A2W_\w+)|^A→(client)/.exec(line.trim()) ?? [];
  return [element ?? client ?? []].flat();
}

function elementIn({ domain }: About, host: string, message: Outgoing): string {
  if (message.type === "client-data") return "client";
  const { text } = domain.codec.encode("1", [message], host as WebexHost);
  return /<(A2W_\w+)/.exec(text ?? "")?.[1] ?? "";
}
