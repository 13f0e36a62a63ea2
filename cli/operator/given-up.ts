import type { Command } from "commander";
import { hostText } from "../../src/foundation/text/bare-host.ts";
import { counted } from "../../src/foundation/text/counted.ts";
import { allPrintable } from "../../src/foundation/text/printable.ts";
import {
  documentsText,
  joinedPortions,
  messagesText,
  type SentAgain,
  unlistedText,
  whySettled,
} from "../../src/operators/send-again.ts";
import { isSettled } from "../../src/records/given-up-post.ts";
import { StartError } from "../edge/program.ts";
import type { Screen, ShownTimes } from "../shown-times.ts";
import { jsonText } from "../terminal.ts";
import { actionEnd, followPrinted, stageLines } from "./actions.ts";
import { type Agreement, isAgreed, ownQuestions } from "./agreement.ts";
import { answer, askEdge, examples, found, headed, type Options, question } from "./ask-edge.ts";
import type { OperatorClient, PostOfDomain, ShownPost } from "./operator-client.ts";
import { listText } from "./views.ts";

const USUAL = 100;
/** WebEx has three attempts of 10 s. */
const WITHIN_MS = 40_000;
/** What is owed goes out with the probe that begins now, if its server answers. */
const goesOn = ["open", "owed"] as const;

/** The commands about documents that WebEx did not confirm, and that are not tried any more. */
export function addGivenUp(program: Command): void {
  question(program, "given-up [id]", `documents that were given up: the latest ${USUAL}, or one with what stood in it`)
    .addHelpText("after", examples("given-up", "given-up 001795315210000-17-987654321"))
    .action((id: string | undefined, options: Options) =>
      answer(options, async (edge) => {
        if (id !== undefined) {
          const domain = await edge.domain(options.domain);
          const post = await postOf(edge, domain, id);
          return found(post, (shown, _, screen) => postText(shown, domain, screen));
        }
        let unlisted = 0;
        const posts = await edge.ofEach(await edge.domains(options.domain), async (domain) => {
          const page = await edge.ask("GET /domains/{domain}/given-up-posts", { domain }, { query: { limit: USUAL } });
          unlisted += page.unlisted ?? 0;
          return page.posts;
        });
        return found(
          posts.toSorted((one, other) => other.at - one.at),
          (shown, _, screen) => givenUpText(shown, unlisted, screen),
          unlisted > 0 ? { warning: unlistedText(unlisted) } : {},
        );
      }),
    );

  question(program, "send-again [id]", "send a document that was given up once more, as far as it is still so")
    .option("--server <host>", "instead of one: all that were given up for this TSP server; says how many, and asks")
    .option("--yes", "do not ask")
    .addHelpText("after", examples("send-again 001795315210000-17-987654321", "send-again --server tsp1.example.com"))
    .action((id: string | undefined, { domain: named, json, server, yes }: Options & Agreement & { server?: string }) =>
      askEdge(async (edge) => {
        const domain = await edge.domain(named);
        if ((id === undefined) === (server === undefined)) throw new StartError("name a document, or a --server");
        if (server === "")
          throw new StartError("what is counted for other TSP servers is of no conference, and kept nowhere");
        if (server !== undefined) return sendAllAgain(edge, { domain, server }, { json, yes });
        if (id === undefined) return;
        const post = await postOf(edge, domain, id);
        if (isSettled(post)) {
          const lines = json ? [jsonText(post)] : headed(edge, ({ times }) => [settledText(post, domain, times)]);
          return void process.stdout.write(`${lines.join("\n")}\n`);
        }
        const { conference: confKey } = post;
        const sent = await edge.insist("POST /domains/{domain}/given-up-posts/{post}/send", { domain, post: id });
        const stages = await followPrinted(edge, { domain, confKey, action: sent.id }, WITHIN_MS, json, goesOn);
        const end = actionEnd(stages);
        if (end === "confirmed") return;
        process.exitCode = 1;
        if (end === "open" || end === "owed")
          throw new StartError(`not confirmed within ${WITHIN_MS / 1_000} s; it is tried on`);
      }),
    );
}

/** Says what would be sent, asks, and sends it. */
async function sendAllAgain(
  edge: OperatorClient,
  place: { readonly domain: string; readonly server: string },
  { json, yes }: { readonly [Name in "json" | "yes"]: true | undefined },
): Promise<void> {
  const path = "/domains/{domain}/servers/{server}/send-again";
  const show = (sent: SentAgain, verb: string) =>
    process.stdout.write(`${json ? jsonText(sent) : sentText(allPrintable(sent), verb).join("\n")}\n`);
  const preview = joinedPortions(await all(edge.pages(`GET ${path}`, place)));
  if (preview.documents + preview.not.length === 0 && !json)
    return void process.stdout.write(`nothing was given up for ${hostText(place.server)}\n`);
  const isAsked = preview.not.some(({ reason }) => reason === "probed");
  if (preview.documents === 0 && !isAsked) return void show(preview, "to be sent");
  if (!yes) {
    const { ask, note } = ownQuestions();
    for (const line of sentText(allPrintable(preview), "to be sent")) note(line);
    if (ask === null) throw new StartError("without a terminal this is done with --yes alone");
    const server = hostText(place.server);
    const question =
      preview.documents === 0
        ? `Ask ${server} now whether it is back?`
        : `Send ${documentsText(preview)} to ${server} again?`;
    if (!(await isAgreed(question, { ask, note }))) return;
  }
  // Its server may still be down: only the list says later what was confirmed.
  show(joinedPortions(await all(edge.pages(`POST ${path}`, place))), "queued to be sent again");
  if (!json) process.stdout.write("`bridgehead given-up` says of which WebEx was notified\n");
}

async function all(portions: AsyncIterable<SentAgain>): Promise<readonly SentAgain[]> {
  const found: SentAgain[] = [];
  for await (const portion of portions) found.push(portion);
  return found;
}

function sentText(sent: SentAgain, verb: string): readonly string[] {
  const not = sent.not.map(({ documents, says }) => `  ${counted(documents, "document")} not: ${says}`);
  return [`${documentsText(sent)} ${verb} to ${hostText(sent.server)}`, ...not];
}

async function postOf(edge: OperatorClient, domain: string, post: string): Promise<ShownPost> {
  const shown = await edge.find("GET /domains/{domain}/given-up-posts/{post}", { domain, post });
  if (shown) return shown;
  throw new StartError(
    `nothing that was given up goes by ${post} in ${domain}; \`bridgehead given-up\` lists what was`,
  );
}

function givenUpText(posts: readonly PostOfDomain[], unlisted: number, screen: Screen): readonly string[] {
  return listText<PostOfDomain>(
    unlisted > 0 ? "nothing is listed" : "nothing was given up",
    [
      { title: "ID", text: ({ id }) => id },
      { title: "WHEN", text: ({ at, domain }) => screen.times.second(at, domain) },
      {
        title: "WEBEX",
        text: (post) => webexText(post, screen.times),
        style: (post) => (post.settledAt === null || post.expired ? "yellow" : "green"),
      },
      { title: "CONFERENCE", text: ({ conference }) => conference, style: () => "bold" },
      { title: "TSP SERVER", text: ({ host }) => hostText(host), cut: true },
      { title: "WHY", text: ({ why }) => why, style: () => "red", cut: true },
      { title: "MESSAGES", text: messagesText, cut: true },
    ],
    posts,
    screen,
  );
}

function settledText({ settledAt }: ShownPost, domain: string, times: ShownTimes): string {
  const at = times.second(settledAt ?? 0, domain);
  return `owed no more since ${at}: ${whySettled}`;
}

function webexText({ domain, owed, settledAt, expired }: PostOfDomain, times: ShownTimes): string {
  if (settledAt === null) return owed ? "still owed" : "";
  return `${expired ? "expired" : "settled"} ${times.second(settledAt, domain)}`;
}

function postText(post: ShownPost, domain: string, screen: Screen): readonly string[] {
  const { id, conference, host, at, attempts, why, transId, document, notSentAgain, again } = post;
  const settled = isSettled(post) ? settledText(post, domain, screen.times) : null;
  const whether = settled ?? notSentAgain ?? (again ? null : `\`bridgehead send-again ${id}\` sends it again.`);
  const standing = [
    ...(whether === null ? [] : ["", whether]),
    ...(again ? ["", ...stageLines(again, domain, screen)] : []),
  ];
  return [
    `${screen.style("bold", messagesText(post))} of conference ${conference} to ${hostText(host)}${transId && `, TransID ${transId}`}`,
    `given up at ${screen.times.second(at, domain)}${attempts > 0 ? ` after ${counted(attempts, "attempt")}` : ", never posted as a whole"}: ${why}`,
    ...standing,
    ...(document === null ? [] : ["", document]),
  ];
}
