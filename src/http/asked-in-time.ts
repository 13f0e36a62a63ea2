import type { EdgePorts } from "./edge-ports.ts";

/** Conferences asked side by side; all of an edge may share one thread. */
const ASKED_AT_ONCE = 20;

/** What each of these answers, in order, side by side. After so many milliseconds no more are asked: those that are left are not in the answer. */
export async function askedInTime<Item, Answer>(
  { now }: Pick<EdgePorts, "now">,
  withinMs: number,
  items: readonly Item[],
  ask: (item: Item) => Promise<Answer>,
): Promise<readonly Answer[]> {
  const begunAt = now();
  const answers: Answer[] = [];
  let asked = 0;
  const askOneByOne = async () => {
    for (;;) {
      const isLate = asked >= ASKED_AT_ONCE && now() - begunAt >= withinMs;
      const item = isLate ? undefined : items[asked];
      if (item === undefined) return;
      const index = asked++;
      answers[index] = await ask(item);
    }
  };
  await Promise.all(Array.from({ length: ASKED_AT_ONCE }, askOneByOne));
  return answers;
}
