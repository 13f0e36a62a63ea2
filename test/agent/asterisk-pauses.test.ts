import { expect, test } from "vitest";
import { Ari, AriFailure } from "../../bridge-agent/drivers/asterisk/ari.ts";
import type { Timers } from "../../src/foundation/time/timers.ts";

const answer = (status: number) => ({ status, body: null });
const ariWith = (timers: Timers) => new Ari({ url: "http://127.0.0.1/ari", user: "u", password: "p" }, timers);
/** Time passes at once. */
const atOnce: Timers = {
  after: (_, run) => {
    queueMicrotask(run);
    return () => {};
  },
};

test("what Asterisk is not ready for is asked again until it is", async () => {
  const answers = [answer(409), answer(409), answer(204)];
  const asked = await ariWith(atOnce).untilReady(async () => answers.shift() ?? answer(500));
  expect([asked, answers]).toEqual([answer(204), []]);
});

test("what Asterisk is never ready for is given up with its last answer", async () => {
  let tries = 0;
  const asked = await ariWith(atOnce).untilReady(async () => {
    tries += 1;
    return answer(409);
  });
  expect([asked, tries]).toEqual([answer(409), 100]);
});

test("what waits when the link is over fails, and its timers are cancelled", async () => {
  let running = 0;
  const timers: Timers = {
    after: () => {
      running += 1;
      return () => {
        running -= 1;
      };
    },
  };
  const ari = ariWith(timers);
  const waiting = [ari.pause(1_000), ari.untilReady(async () => answer(409))];
  await Promise.resolve();
  expect(running).toBe(2);

  ari.close();

  for (const each of waiting) await expect(each).rejects.toThrow(new AriFailure("the link is closed"));
  expect(running).toBe(0);
});
