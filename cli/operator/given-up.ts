import type { Command } from "commander";
import { type Terminal, table } from "../../src/foundation/table.ts";
import { counted } from "../../src/foundation/text/counted.ts";
import { allPrintable } from "../../src/foundation/text/printable.ts";
import { StartError } from "../edge/supervise.ts";
import { jsonText, ownTerminal, toSecond } from "../terminal.ts";
import { endOf, stageLines } from "./action-text.ts";
import { followPrinted } from "./actions.ts";
import { askEdge, examples, question } from "./ask-edge.ts";
import type { ListedPost, ShownPost } from "./operator-client.ts";
import { bare, domainColumn } from "./views.ts";

/** Lines for people. */
const USUAL = 100;
/** WebEx has three attempts of 10 s. */
const WITHIN_MS = 40_000;

interface Options {
  readonly domain?: string;
  readonly json?: true;
}

/** The commands about documents that WebEx did not confirm, and that are not tried any more. */
export function addGivenUp(program: Command): void {
  question(program, "given-up [id]", `documents that were given up: the latest ${USUAL}, or one with what stood in it`)
    .addHelpText("after", examples("given-up", "given-up 001795315210000-17-987654321"))
    .action((id: string | undefined, { domain: named, json }: Options) =>
      askEdge(async (edge) => {
        if (id !== undefined) {
          const post = await edge.givenUpPost(await edge.domain(named), id);
          return print(json ? [jsonText(post)] : postText(allPrintable(post), ownTerminal()));
        }
        const domains = await edge.domains(named);
        const lists = domains.map(async (domain) =>
          (await edge.givenUp(domain, USUAL)).map((post) => ({ ...post, domain })),
        );
        const posts = (await Promise.all(lists)).flat().sort((one, other) => other.at - one.at);
        print(json ? [jsonText(posts)] : givenUpText(allPrintable(posts), ownTerminal()));
      }),
    );

  question(program, "send-again <id>", "send a document that was given up once more, as far as it is still so")
    .addHelpText("after", examples("send-again 001795315210000-17-987654321"))
    .action((id: string, { domain: named, json }: Options) =>
      askEdge(async (edge) => {
        const domain = await edge.domain(named);
        const { conference } = await edge.givenUpPost(domain, id);
        const action = await edge.sendAgain(domain, id);
        const stages = await followPrinted(() => edge.action(domain, conference, action), WITHIN_MS, json);
        if (endOf(stages) === "told") return;
        process.exitCode = 1;
        if (endOf(stages) === "open")
          throw new StartError(`not confirmed within ${WITHIN_MS / 1_000} s; it is tried on`);
      }),
    );
}

/** A line for each document. */
export function givenUpText(
  posts: readonly (ListedPost & { readonly domain: string })[],
  terminal: Terminal,
): readonly string[] {
  if (posts.length === 0) return ["nothing was given up"];
  return table<(typeof posts)[number]>(
    [
      domainColumn(posts),
      { title: "ID", text: ({ id }) => id },
      { title: "WHEN", text: ({ at }) => toSecond(at) },
      {
        title: "SINCE",
        text: sinceText,
        style: (post) => (post.settledAt === null || post.expired ? "yellow" : "green"),
      },
      { title: "CONFERENCE", text: ({ conference }) => conference, style: () => "bold" },
      { title: "TSP SERVER", text: ({ host }) => bare(host), cut: true },
      { title: "WHY", text: ({ why }) => why, style: () => "red", cut: true },
      { title: "MESSAGES", text: ({ messages }) => messages.join(", "), cut: true },
    ],
    posts,
    terminal,
  );
}

/** What has become of it since. */
function sinceText({ owed, settledAt, expired }: ListedPost): string {
  if (settledAt === null) return owed ? "owed" : "";
  return `${expired ? "expired" : "settled"} ${toSecond(settledAt).slice(11)}`;
}

/** One document: what stood in it, and what became of it. */
export function postText(post: ShownPost, terminal: Terminal): readonly string[] {
  const { id, conference, host, at, attempts, why, transId, messages, document, notSentAgain, again } = post;
  const standing = again
    ? ["", ...stageLines(again, terminal)]
    : notSentAgain === null
      ? ["", `\`bridgehead send-again ${id}\` sends it again.`]
      : ["", notSentAgain];
  return [
    `${terminal.style("bold", messages.join(", "))} of conference ${conference} to ${bare(host)}, TransID ${transId}`,
    `given up ${toSecond(at)} after ${counted(attempts, "attempt")}: ${why}`,
    ...standing,
    ...(document === null ? [] : ["", document]),
  ];
}

function print(lines: readonly string[]): void {
  if (lines.length > 0) process.stdout.write(`${lines.join("\n")}\n`);
}
