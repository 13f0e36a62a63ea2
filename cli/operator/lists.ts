import type { Command } from "commander";
import { hostText } from "../../src/foundation/text/bare-host.ts";
import { counted } from "../../src/foundation/text/counted.ts";
import { peopleWords } from "../../src/foundation/text/people-shown.ts";
import { lineOfPromptCall } from "../../src/records/person-line.ts";
import { agentsOf, bridgeAgents } from "../../src/views/bridges.ts";
import { personLines } from "../../src/views/calls.ts";
import { foundConferences, runningConferences } from "../../src/views/conferences.ts";
import { audit, serversOf, tspServers } from "../../src/views/domain.ts";
import type { Screen } from "../shown-times.ts";
import { answer, clockTimeText, examples, found, type Options, periodOf, question } from "./ask-edge.ts";
import { conferenceText } from "./conference.ts";
import type { ApiAnswer } from "./edge-api.ts";
import { apart, latestFirst, listText, USUAL } from "./list-text.ts";
import type { OperatorClient } from "./operator-client.ts";

type Found = ApiAnswer<"POST /domains/{domain}/find">;

/** The commands that list something. */
export function addLists(program: Command): void {
  question(program, "conferences [key]", "List the running conferences, the latest first, or show one as it is now")
    .summary("List the running conferences, or show one")
    .addHelpText("after", examples("conferences", "conferences 987654321"))
    .action((key: string | undefined, options: Options) =>
      answer(options, async (edge) => {
        if (key !== undefined)
          return found(await edge.conference(await edge.domain(options.domain), key), conferenceText);
        // Programs get each conference in full. A list comes from the directories, which loads none.
        if (options.json) return found(await edge.conferences(options.domain), () => []);
        const running = await edge.running(options.domain);
        return found(
          latestFirst(running, ({ createdAt }) => createdAt),
          listText(runningConferences),
        );
      }),
    );

  question(program, "servers", "List the TSP servers, and what waits for them")
    .option("--resync <server>", "probe this server now: if it answers, it gets all pending notifications")
    .addHelpText("after", examples("servers", "servers --resync tsp1.example.com:443"))
    .action((options: Options & { readonly resync?: string }) =>
      answer(options, async (edge) => {
        if (options.resync !== undefined) return resync(edge, await edge.domain(options.domain), options.resync);
        const rows = await edge.ofEach(options.domain, async (domain) =>
          serversOf(await edge.ask("GET /domains/{domain}/activity", { domain })),
        );
        return found(rows, listText(tspServers));
      }),
    );

  question(program, "agents", "List the agents of each bridge, and its state").action((options: Options) =>
    answer(options, async (edge) => {
      const text = listText(bridgeAgents);
      return found(await edge.agents(options.domain), (shown, ...on) => text(shown.flatMap(agentsOf), ...on));
    }),
  );

  question(program, "audit", "List what users have asked of a domain")
    .option(
      "--since <time>",
      `all since then (such as 2026-11-01, 2026-11-01T02:40 or 02:40), not only the latest ${USUAL}`,
      clockTimeText,
    )
    .addHelpText("after", examples("audit", "audit --since 2026-11-20 --json"))
    .action((options: Options & { readonly since?: string }) =>
      answer(options, async (edge) => {
        const rows = await edge.ofEach(options.domain, (domain) =>
          auditOf(edge, domain, periodOf(options, Date.now(), edge.zoneOf(domain)).since),
        );
        return found(
          latestFirst(rows, ({ at }) => at),
          listText(audit),
        );
      }),
    );

  question(program, "find <text...>", "Find conferences and calls by number, key or name")
    .addHelpText("after", "\nIt also finds the IDs of calls, attendees, messages and transactions.")
    .addHelpText("after", examples("find 555 123 456", "find 408-555-0123", "find berth planning"))
    .action((words: readonly string[], options: Options) =>
      answer(options, (edge) => findText(edge, words.join(" "), options)),
    );

  question(program, "prompt-calls", "List calls that were not admitted at once").action((options: Options) =>
    answer(options, async (edge) => {
      let isCut = false;
      const rows = await edge.ofEach(options.domain, async (domain) => {
        const page = await edge.ask("POST /domains/{domain}/prompt-calls", { domain }, { asks: { limit: USUAL } });
        isCut ||= page.next !== null;
        return page.calls.map(lineOfPromptCall);
      });
      const warning = isCut ? `Each domain's latest ${USUAL} are listed.` : undefined;
      return found(latestFirst(rows, lastTime), listText(personLines, "No call in the prompt."), { warning });
    }),
  );
}

async function resync(edge: OperatorClient, domain: string, asked: string) {
  const path = "POST /domains/{domain}/servers/resync";
  const resynced = await edge.insist(path, { domain }, { body: { server: asked } });
  const text = ({ server, conferences, unanswered }: typeof resynced) => {
    if (conferences === 0) return [`No conference has a document for ${hostText(server)}.`];
    const silent = `Not answered: ${unanswered.join(", ")}. Run the command again.`;
    return [
      `Asked ${counted(conferences, "conference")} to probe ${hostText(server)}.`,
      ...(unanswered.length === 0 ? [] : [silent]),
      "`bridgehead servers` shows what still waits.",
    ];
  };
  return found(resynced, text, { failed: resynced.unanswered.length > 0 });
}

/** What users have asked of a domain, the latest first: the usual number, or all since this time. */
async function auditOf(edge: OperatorClient, domain: string, since: number | undefined) {
  const path = "GET /domains/{domain}/audit";
  const query = { limit: since === undefined ? USUAL : 1_000 };
  const entries: ApiAnswer<typeof path>["entries"][number][] = [];
  for await (const page of edge.pages(path, { domain }, { query })) {
    const wanted = page.entries.filter(({ at }) => at >= (since ?? 0));
    entries.push(...wanted);
    if (since === undefined || wanted.length < page.entries.length) break;
  }
  return entries;
}

async function findText(edge: OperatorClient, text: string, { domain: named }: Options) {
  const pages = await edge.ofEach(named, async (domain) => [
    await edge.ask("POST /domains/{domain}/find", { domain }, { asks: { text, limit: USUAL } }),
  ]);
  const all = {
    conferences: pages.flatMap(({ domain, conferences }) => conferences.map((one) => ({ ...one, domain }))),
    lines: latestFirst(
      pages.flatMap(({ domain, lines }) => lines.map((one) => ({ ...one, domain }))),
      lastTime,
    ),
  };
  const failed = all.conferences.length + all.lines.length === 0;
  const textOf = ({ conferences, lines }: typeof all, now: number, screen: Screen) =>
    failed
      ? foundConferences.none
      : apart(
          listText(foundConferences, null)(conferences, now, screen),
          listText(personLines, null)(lines, now, screen),
        );
  return found(all, textOf, { warning: [...new Set(pages.flatMap(warningsOf))].join("\n"), failed });
}

/** The end of a call, for sorting: current calls come first. */
function lastTime({ what, from, to }: Found["lines"][number]): number {
  return what === "inside" || what === "being-called" ? Number.MAX_SAFE_INTEGER : (to ?? from ?? 0);
}

function warningsOf({ lines, next, people }: Found): readonly string[] {
  const isMasked = people === "none" || (people === "masked" && lines.length > 0);
  const more = `There are more than these ${USUAL} of a domain: see \`bridgehead records --number\`.`;
  return [...(isMasked ? [peopleWords[people]] : []), ...(next === null ? [] : [more])];
}
