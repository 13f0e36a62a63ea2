import type { EdgePorts } from "./edge-ports.ts";

/** Conferences asked side by side; all of an edge may share one thread. */
const ASKED_AT_ONCE = 20;

interface Pace {
  readonly atOnce: number;
  /** Between two questions, so that what is urgent comes between them. */
  readonly pauseMs: number;
}

/** What each of these answers, in order, side by side. After so many milliseconds no more are asked: those that are left are not in the answer. */
export async function askedInTime<Item, Answer>(
  { passedMs, after }: Pick<EdgePorts, "passedMs" | "after">,
  withinMs: number,
  items: readonly Item[],
  ask: (item: Item) => Promise<Answer>,
  { atOnce, pauseMs }: Pace = { atOnce: ASKED_AT_ONCE, pauseMs: 0 },
): Promise<readonly Answer[]> {
  const begunAt = passedMs();
  const answers: Answer[] = [];
  let asked = 0;
  const askOneByOne = async () => {
    for (;;) {
      const isLate = asked >= atOnce && passedMs() - begunAt >= withinMs;
      const item = isLate ? undefined : items[asked];
      if (item === undefined) return;
      const index = asked++;
      answers[index] = await ask(item);
      if (pauseMs > 0) await new Promise<void>((resolve) => after(pauseMs, resolve));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, askOneByOne));
  return answers;
}
