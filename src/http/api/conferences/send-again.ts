import type { ConfKey } from "../../../foundation/ids.ts";
import { type SentAgain, sentAgain, whySettled } from "../../../operators/send-again.ts";
import { isSettled } from "../../../records/given-up-post.ts";
import type { SendAgainResult } from "../../../rpc/conference.ts";
import type { GivenUpPage } from "../../../rpc/directory.ts";
import type { Domain } from "../../../settings/load.ts";
import type { PeoplePorts } from "../../edge-ports.ts";
import { failureOf } from "../../objects-of-request.ts";
import { routeOf } from "../route.ts";
import { isKnown } from "./conferences.ts";
import { isNeverPosted, postCursor } from "./given-up-posts.ts";
import { refusalText } from "./operate.ts";

const route = routeOf("Domains");

const path = "/domains/{domain}/servers/{server}/send-again";
/** Documents of one request: each of their conferences is asked. */
const PORTION = 200;
const ASKED_AT_ONCE = 20;

export const sendAgainRoutes = [
  route("previewSendAgain", `GET ${path}`, {
    says: "What would be sent if all that was given up for a TSP server were sent again",
    more: `Of ${PORTION} documents at a time. Nothing is sent.`,
    query: { cursor: postCursor },
    answer: { says: "How many documents of which conferences, and how many are not sent, and why.", schema: sentAgain },
    handle: ({ domain, edge, path: { server }, query: { cursor = null } }) =>
      sendAllAgain({ domain, edge, server, cursor, person: null }),
  }),
  route("sendAllAgain", `POST ${path}`, {
    says: "Sends again all that was given up for a TSP server, as far as it is still so",
    more: `The oldest first, ${PORTION} documents at a time: ask with \`cursor\` until \`next\` is null. Each document is sent again once, however often this is asked: what was sent before counts under \`sent-before\`.`,
    query: { cursor: postCursor },
    answer: { says: "How many documents of which conferences, and how many are not sent, and why.", schema: sentAgain },
    handle: ({ domain, edge, path: { server }, query: { cursor = null }, signedIn: { person } }) =>
      sendAllAgain({ domain, edge, server, cursor, person: person.name }),
  }),
];

interface Asked {
  readonly domain: Domain;
  readonly edge: PeoplePorts;
  readonly server: string;
  readonly cursor: string | null;
  /** `null`: a preview. */
  readonly person: string | null;
}

type SentResult = SendAgainResult | keyof typeof ownReasons;

const ownReasons = {
  "sent-before": "Somebody has sent it again before.",
  probed:
    "Its server is behind, and is asked whether it is back. If it is, it gets what its conference owes it by then, which need not be this.",
  "would-be-probed":
    "Its server is behind, and would be asked whether it is back. If it is, it would get what its conference owes it by then, which need not be this.",
  settled: `Nothing of it is owed any more: ${whySettled}.`,
  "not-listed":
    "It is not listed, so it cannot be sent again: an answer of no conference, or older than the latest 1,000. A conference's timeline has its own.",
  unreachable: "Its conference does not answer now. Ask again.",
} as const;

async function sendAllAgain({ domain, edge, server, cursor, person }: Asked): Promise<SentAgain> {
  const directory = edge.objects.directory(domain.name);
  // A receiver gets them in the order in which they were for it.
  const { posts, next, unlisted = 0 } = await directory.givenUp(cursor, PORTION, server, "oldest");
  const open = posts.filter((post) => !isSettled(post));
  const results = new Map<SentResult, number>();
  const count = (result: SentResult) => results.set(result, (results.get(result) ?? 0) + 1);
  for (const _ of posts.filter(isSettled)) count("settled");
  if (unlisted > 0) results.set("not-listed", unlisted);
  const conferences: ConfKey[] = [];
  const waiting = [...Map.groupBy(open, ({ conference }) => conference)];
  const askOneByOne = async () => {
    for (let one = waiting.shift(); one; one = waiting.shift()) {
      const [conference, documents] = one;
      const found = await sendEachOf({ domain, edge, person }, conference, documents);
      for (const result of found) count(result);
      if (found.includes("done")) conferences.push(conference);
    }
  };
  await Promise.all(Array.from({ length: ASKED_AT_ONCE }, askOneByOne));
  const not = [...results].filter(([result]) => result !== "done").sort(([, one], [, other]) => other - one);
  return {
    ...{ server, documents: results.get("done") ?? 0, conferences: conferences.sort(), next },
    not: not.map(([reason, documents]) => ({ reason, says: textOf(reason, person), documents })),
  };
}

async function sendEachOf(
  { domain, edge, person }: Pick<Asked, "domain" | "edge" | "person">,
  conference: ConfKey,
  documents: GivenUpPage["posts"],
): Promise<readonly SentResult[]> {
  const all = (result: SentResult) => documents.map(() => result);
  try {
    if (!(await isKnown(domain, conference, edge))) return all("no-such-post");
    const posted = documents.filter((post) => !isNeverPosted(post));
    const places = posted.map(({ row, transId }) => ({ row, transId }));
    const sent = await edge.objects.conference(domain.name, conference).sendEachAgain(places, person);
    return [...sent, ...documents.slice(posted.length).map(() => "conference-over" as const)];
  } catch (error) {
    edge.log("view-failed", { domain: domain.name, conference, ...failureOf(error) }, "warn");
    return all("unreachable");
  }
}

function textOf(reason: SentResult, person: string | null): string {
  if (reason === "done") return "";
  if (reason === "probed" && person === null) return ownReasons["would-be-probed"];
  return Object.hasOwn(ownReasons, reason)
    ? ownReasons[reason as keyof typeof ownReasons]
    : refusalText(reason as Exclude<SendAgainResult, "done" | "sent-before" | "probed">);
}
