import type { Stage } from "../player/stage.ts";
import type { Arrival, Behaviour } from "../player/traffic.ts";
import { documented, GUIDE, inferred } from "./clause.ts";

const resending = `${GUIDE}, Transaction ID, Resending, and API Message ID`;

/** Three attempts, the pauses between them, and a while for a fourth that must not be. */
const ATTEMPTS_MS = 6_000;
const MOST_ATTEMPTS = 3;
/** Time-outs of HTTP are seldom longer than a minute. */
const TIME_OUT_MS = 65_000;

const failing: readonly (readonly [string, string, Behaviour])[] = [
  ["a", "breaks the connection", { kind: "reset" }],
  ["b", "answers with HTTP 500", { kind: "status", status: 500 }],
];

function isEntry({ text }: Arrival): boolean {
  return text.includes("A2W_NotifyUserEnter");
}

function isLeave({ document }: Arrival): boolean {
  return document.messages.some(({ name, attributes }) => name === "A2W_NotifyUserChange" && attributes.Status === "2");
}

/** A caller enters while the server takes its entry so, and all else as ever. Waits for the first post. */
async function enterWhile(stage: Stage, how: (attempt: number) => Behaviour) {
  const conference = await stage.conference();
  let attempts = 0;
  stage.takes(1, (arrival) => {
    if (!isEntry(arrival)) return { kind: "confirm" };
    attempts += 1;
    return how(attempts);
  });
  const { call } = await conference.dialIn("31");
  if (!(await stage.notices(isEntry, 1, stage.options.patienceMs))) stage.fail("A2W_NotifyUserEnter did not come");
  return { conference, call };
}

/** What is the same of each attempt. What comes when all are over is another transaction. */
function mustBeRepeats(stage: Stage, isIt = isEntry): void {
  const posts = stage.noticed.filter(isIt);
  const [first] = posts;
  const same = posts.filter(({ document }) => document.transId === first?.document.transId).length;
  if (same > MOST_ATTEMPTS) stage.fail(`it was posted ${same} times`);
  for (const { document, text } of posts.slice(0, MOST_ATTEMPTS)) {
    const { transId } = document;
    if (transId !== first?.document.transId)
      stage.fail(`the repeat has TransID ${transId}, the first post ${first?.document.transId}`);
    if (text !== first?.text) stage.fail("the repeat is not the same text as the first post");
  }
}

export const resendingClauses = [
  documented(
    "T37",
    resending,
    "after a time-out a document comes at most three times in all, with the same TransID and the same text",
    async (stage) => {
      // Two conferences, so that neither waits for the other.
      const [conference, another] = [await stage.conference(), await stage.conference()];
      const leaves = await another.callIn("30");
      const kinds = [isEntry, isLeave];
      const attempts = kinds.map(() => 0);
      stage.takes(1, (arrival) => {
        const kind = kinds.findIndex((isIt) => isIt(arrival));
        if (kind < 0) return { kind: "confirm" };
        const attempt = (attempts[kind] ?? 0) + 1;
        attempts[kind] = attempt;
        return { kind: attempt === 1 ? "hang" : "reset" };
      });
      await conference.dialIn("31");
      await stage.people.hangUp(leaves.call);
      // An adapter may repeat, and need not.
      await Promise.all(
        kinds.map(async (isIt) => {
          if (!(await stage.notices(isIt, 2, TIME_OUT_MS))) return;
          await stage.notices(isIt, 4, ATTEMPTS_MS);
          mustBeRepeats(stage, isIt);
        }),
      );
    },
    ["dial in"],
  ),
  ...failing.map(([letter, what, behaviour]) =>
    inferred(
      `T37${letter}`,
      "a failure that is no time-out",
      `a server that ${what} gets a post at most three times, with the same TransID and the same text`,
      async (stage) => {
        await enterWhile(stage, () => behaviour);
        await stage.notices(isEntry, 4, ATTEMPTS_MS);
        mustBeRepeats(stage);
      },
      ["dial in"],
    ),
  ),
  inferred(
    "T37c",
    "the sender may retry",
    "a post that the server confirms only when it is repeated is not lost, and told once",
    async (stage) => {
      const { conference } = await enterWhile(stage, () => ({ kind: "reset" }));
      stage.heal();
      await conference.receives("A2W_NotifyUserEnter");
      await stage.receivesNo(["A2W_NotifyUserEnter"], "the caller was told already");
    },
    ["dial in"],
  ),
  documented(
    "T43",
    resending,
    "a server that fails for good does not end the conference",
    async (stage) => {
      const { conference, call } = await enterWhile(stage, () => ({ kind: "reset" }));
      stage.takes(1, { kind: "reset" });
      await stage.notices(isEntry, 3, ATTEMPTS_MS);
      await stage.ports.sleep(stage.options.quietMs);
      await stage.people.staysUp(call, "only a server of WebEx failed");
      stage.heal();
      const next = await conference.dialIn("32");
      await stage.people.getsUp(next.call, "only a server of WebEx failed");
      await stage.ports.sleep(stage.options.quietMs);
      const ended = stage.open.find(({ attributes }) => attributes.Status === "3");
      if (ended) stage.fail("the conference was told as ended, though only a server of WebEx failed");
    },
    ["dial in"],
  ),
  inferred(
    "T43a",
    "a server that is there again",
    "who enters when a server that has failed is there again is told to it",
    async (stage) => {
      const { conference } = await enterWhile(stage, () => ({ kind: "reset" }));
      await stage.notices(isEntry, 3, ATTEMPTS_MS);
      await stage.ports.sleep(stage.options.quietMs);
      stage.heal();
      const next = await conference.dialIn("32");
      stage.check(await conference.entryOf(next), {}, 1);
    },
    ["dial in"],
  ),
  inferred(
    "T42a",
    "a Confirmation that is not 0",
    "a post that is confirmed with an error is not repeated",
    async (stage) => {
      await enterWhile(stage, () => ({ kind: "result", result: -1 }));
      if (await stage.notices(isEntry, 2, ATTEMPTS_MS)) stage.fail("it was posted again");
    },
    ["dial in"],
  ),
  inferred(
    "T42b",
    "a Confirmation of another TransID",
    "a post whose Confirmation has another TransID is repeated",
    async (stage) => {
      await enterWhile(stage, () => ({ kind: "other-trans-id" }));
      if (!(await stage.notices(isEntry, 2, ATTEMPTS_MS))) stage.fail("it was not posted again");
    },
    ["dial in"],
  ),
  inferred(
    "T41",
    "a server that is slow",
    "a Confirmation after a second is waited for",
    async (stage) => {
      const conference = await stage.conference();
      stage.takes(1, { kind: "slow", ms: 1000 });
      await conference.dialIn("31");
      await conference.receives("A2W_NotifyUserEnter");
      await stage.receivesNothingElse("it was confirmed, slowly");
      if (stage.noticed.some(isEntry)) stage.fail("it was posted again before a second had passed");
    },
    ["dial in"],
  ),
];
