import type { Stage } from "../player/stage.ts";
import type { Behaviour } from "../player/traffic.ts";
import { documented, GUIDE, inferred } from "./clause.ts";

const resending = `${GUIDE}, Transaction ID, Resending, and API Message ID`;

/** Three attempts, the pauses between them, and a while for a fourth that must not be. */
const ATTEMPTS_MS = 6_000;

const failing: readonly (readonly [string, string, Behaviour])[] = [
  ["a", "breaks the connection", { kind: "reset" }],
  ["b", "answers with HTTP 500", { kind: "status", status: 500 }],
];

/** A caller enters while the server fails; the posts that came of it. */
async function enterWhile(stage: Stage, behaviour: Behaviour) {
  const conference = await stage.conference();
  stage.behaviours.set(1, behaviour);
  const call = await stage.people.dialIn(conference.confKey, "31");
  const isIt = ({ text }: { readonly text: string }) => text.includes("A2W_NotifyUserEnter");
  return { conference, call, isIt };
}

export const resendingClauses = [
  ...failing.map(([letter, what, behaviour]) =>
    documented(
      `T37${letter}`,
      resending,
      `a server that ${what} gets a post at most three times, with the same TransID and the same bytes`,
      async (stage) => {
        const { isIt } = await enterWhile(stage, behaviour);
        if (!(await stage.notices(isIt, 1, stage.options.patienceMs))) stage.fail("A2W_NotifyUserEnter did not come");
        await stage.notices(isIt, 4, ATTEMPTS_MS);
        const posts = stage.noticed.filter(isIt);
        if (posts.length > 3) stage.fail(`it was posted ${posts.length} times`);
        const [first] = posts;
        for (const { document, text } of posts) {
          const { transId } = document;
          if (transId !== first?.document.transId)
            stage.fail(`the repeat has TransID ${transId}, the first post ${first?.document.transId}`);
          if (text !== first?.text) stage.fail("the repeat is not the same text as the first post");
        }
      },
      ["dial in"],
    ),
  ),
  documented(
    "T37c",
    resending,
    "a post that the server confirms only when it is repeated is not lost, and told once",
    async (stage) => {
      const { conference, isIt } = await enterWhile(stage, { kind: "reset" });
      if (!(await stage.notices(isIt, 1, stage.options.patienceMs))) stage.fail("A2W_NotifyUserEnter did not come");
      stage.behaviours.delete(1);
      await conference.receives("A2W_NotifyUserEnter", { AttendeeID: "31" });
      await stage.receivesNothingElse("the caller was told already");
    },
    ["dial in"],
  ),
  documented(
    "T43",
    resending,
    "a server that fails for good does not end the conference",
    async (stage) => {
      const { conference, call, isIt } = await enterWhile(stage, { kind: "reset" });
      await stage.notices(isIt, 3, ATTEMPTS_MS);
      await stage.ports.sleep(stage.options.quietMs);
      await stage.people.staysUp(call, "only a server of WebEx failed");
      stage.behaviours.delete(1);
      await stage.people.dialIn(conference.confKey, "32");
      await conference.receives("A2W_NotifyUserEnter", { AttendeeID: "32" });
      const ended = stage.open.find(({ attributes }) => attributes.Status === "3");
      if (ended) stage.fail("the conference was told as ended, though only a server of WebEx failed");
    },
    ["dial in"],
  ),
  inferred(
    "T42a",
    "a Confirmation that is not 0",
    "a post that is confirmed with an error is not repeated",
    async (stage) => {
      const { isIt } = await enterWhile(stage, { kind: "result", result: -1 });
      if (!(await stage.notices(isIt, 1, stage.options.patienceMs))) stage.fail("A2W_NotifyUserEnter did not come");
      if (await stage.notices(isIt, 2, ATTEMPTS_MS)) stage.fail("it was posted again");
    },
    ["dial in"],
  ),
  inferred(
    "T42b",
    "a Confirmation of another TransID",
    "a post whose Confirmation has another TransID is repeated",
    async (stage) => {
      const { isIt } = await enterWhile(stage, { kind: "other-trans-id" });
      if (!(await stage.notices(isIt, 2, ATTEMPTS_MS))) stage.fail("it was not posted again");
    },
    ["dial in"],
  ),
  inferred(
    "T41",
    "a server that is slow",
    "a Confirmation after a second is waited for",
    async (stage) => {
      const { conference, isIt } = await enterWhile(stage, { kind: "slow", ms: 1000 });
      await conference.receives("A2W_NotifyUserEnter");
      await stage.receivesNothingElse("it was confirmed, slowly");
      if (stage.noticed.some(isIt)) stage.fail("it was posted again before a second had passed");
    },
    ["dial in"],
  ),
];
