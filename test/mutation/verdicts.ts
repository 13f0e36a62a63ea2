import type { Verdict } from "./mutant.ts";

/** What survives in the folders that are held, each with why. A verdict whose place has changed, or whose mutant is killed, is an error. */
export const verdicts: readonly Verdict[] = [
  {
    file: "src/delivery/deliveries.ts",
    line: "if (until <= now) this.#pauses.delete(receiver);",
    was: "until <= now",
    becomes: "false",
    effect: "none",
    because: "a pause that is over and has no failures is as good as none; deleting it frees memory",
  },
  {
    file: "src/delivery/deliveries.ts",
    line: "if (until <= now) this.#pauses.delete(receiver);",
    was: "until <= now",
    becomes: "until < now",
    effect: "none",
    because: "a pause that ends now and has no failures is as good as none",
  },
  {
    file: "src/link/relay.ts",
    line: 'const closed = acted.effects.find((effect) => effect.type === "close" && effect.id === before?.id);',
    was: 'effect.type === "close" && effect.id === before?.id',
    becomes: "true",
    effect: "none",
    because:
      "whatever closes the active link is the first effect of its step, and links that are closed together have one reason",
  },
  {
    file: "src/link/relay.ts",
    line: 'const closed = acted.effects.find((effect) => effect.type === "close" && effect.id === before?.id);',
    was: 'effect.type === "close" && effect.id === before?.id',
    becomes: 'effect.type === "close" || effect.id === before?.id',
    effect: "none",
    because:
      "whatever closes the active link is the first effect of its step, and links that are closed together have one reason",
  },
  {
    file: "src/link/relay.ts",
    line: 'const closed = acted.effects.find((effect) => effect.type === "close" && effect.id === before?.id);',
    was: 'effect.type === "close"',
    becomes: "true",
    effect: "none",
    because:
      "whatever closes the active link is the first effect of its step, and links that are closed together have one reason",
  },
  {
    file: "src/link/relay.ts",
    line: 'const closed = acted.effects.find((effect) => effect.type === "close" && effect.id === before?.id);',
    was: "effect.id === before?.id",
    becomes: "true",
    effect: "none",
    because:
      "whatever closes the active link is the first effect of its step, and links that are closed together have one reason",
  },
  {
    file: "src/link/relay.ts",
    line: 'const closed = acted.effects.find((effect) => effect.type === "close" && effect.id === before?.id);',
    was: "before?.id",
    becomes: "before.id",
    effect: "none",
    because: "a link is closed only where there are links, and then one of them is active",
  },
  {
    file: "src/link/relay.ts",
    line: 'const role = activeLink(state)?.id === id ? "active" : "standby";',
    was: "activeLink(state)?.id",
    becomes: "activeLink(state).id",
    effect: "none",
    because: "one that has just joined is active if no other is",
  },
  {
    file: "src/link/relay.ts",
    line: "return saysPorts(health) && health.ports !== null && health.ports > 0;",
    was: "health.ports !== null",
    becomes: "true",
    effect: "none",
    because: "null is not above 0; the compiler wants it said",
  },
  {
    file: "src/link/relay.ts",
    line: "function activated(state: RelayState, link: Link, at: EpochMs, alone = false): RelayState {",
    was: "false",
    becomes: "true",
    effect: "none",
    because: "the default is of takeovers alone, where another agent was active before",
  },
  {
    file: "src/link/messages.ts",
    line: "frames.at(-1)?.push(text);",
    was: "frames.at(-1)?.push",
    becomes: "frames.at(-1).push",
    effect: "none",
    because: "the first text makes the first frame",
  },
];
