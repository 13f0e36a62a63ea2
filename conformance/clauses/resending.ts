import type { Stage } from "../player/stage.ts";
import type { Arrival } from "../player/traffic.ts";
import { alone, documented, GUIDE, MOST_ATTEMPTS } from "./clause.ts";

const resending = `${GUIDE}, Transaction ID, Resending, and API Message ID`;

/** Three attempts, the pauses between them, and a while for a fourth that must not be. */
const ATTEMPTS_MS = 6_000;
/** Time-outs of HTTP are seldom longer than a minute. */
const TIME_OUT_MS = 65_000;

function isEntry({ text }: Arrival): boolean {
  return text.includes("A2W_NotifyUserEnter");
}

function isLeave({ document }: Arrival): boolean {
  return document.messages.some(({ name, attributes }) => name === "A2W_NotifyUserChange" && attributes.Status === "2");
}

/** What every attempt has in common. A post after the last one is another transaction. */
function mustBeRepeats(stage: Stage, isIt: (arrival: Arrival) => boolean): void {
  const posts = stage.noticed.filter(isIt);
  const [first] = posts;
  const { transId } = first?.document ?? {};
  const same = posts.filter(({ document }) => document.transId === transId).length;
  if (same > MOST_ATTEMPTS) stage.fail(`it was posted ${same} times`);
  for (const { document, text } of posts.slice(0, MOST_ATTEMPTS)) {
    if (document.transId !== transId) stage.fail(`the repeat of ${transId} has TransID ${document.transId}`);
    if (text !== first?.text) stage.fail("the repeat is not the same text as the first post");
  }
}

export const resendingClauses = [
  ...alone(
    documented(resending, {
      "T37: a document that times out is sent at most three times, with the same TransID and text": async (stage) => {
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
      "T43: a server that fails for good does not end the conference": async (stage) => {
        const conference = await stage.conference();
        stage.takes(1, { kind: "reset" });
        const { call } = await conference.dialIn("31");
        if (!(await stage.notices(isEntry, 1, stage.options.patienceMs)))
          stage.fail("A2W_NotifyUserEnter did not come");
        await stage.notices(isEntry, 3, ATTEMPTS_MS);
        await stage.quiet();
        await stage.people.staysUp(call, "only a server of WebEx failed");
        stage.heal();
        const next = await conference.dialIn("32");
        await stage.people.getsUp(next.call, "only a server of WebEx failed");
        await stage.quiet();
        const ended = stage.open.find(({ attributes }) => attributes.Status === "3");
        if (ended) stage.fail("the conference was reported as ended, though only a server of WebEx failed");
      },
    }),
  ),
];
