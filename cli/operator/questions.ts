import { type Command, InvalidArgumentError } from "commander";
import { linesOfCall } from "../../src/explain/story-blocks.ts";
import { allPrintable } from "../../src/foundation/text/printable.ts";
import type { Explanation, StoryLine } from "../../src/rpc/story.ts";
import { StartError } from "../edge/program.ts";
import { answer, clockTimeText, examples, found, type Options, periodOf, question } from "./ask-edge.ts";
import type { OperatorClient } from "./operator-client.ts";
import { linesWithin, storyText, whyText } from "./story.ts";
import { agentsText, callsOf, callsText, conferencesText, conferenceText, runningText, serversText } from "./views.ts";

/** Ids, by which conferences that are over are found, are known for a week. */
const MOST_HOURS = 7 * 24;

/** Adds the commands that only read from a running edge. */
export function addQuestions(program: Command): void {
  addConferences(program);
  addStories(program);
  addDomains(program);
}

function addConferences(program: Command): void {
  question(program, "conferences", "the conferences that run, the latest first")
    .option("--all", "those that are over, too: of the last 6 hours")
    .option("--hours <n>", `those that are over, too: of the last so many hours, ${MOST_HOURS} at most`, hours)
    .option("--begins <digits>", "those whose key begins so")
    .option("--number <number>", "those with a caller of this number")
    .option("--attendee-id <id>", "those with a caller of this attendee ID")
    .addHelpText("after", examples("conferences", "conferences --number +14085551234", "conferences --hours 24"))
    .action((options: ListOptions) => answer(options, (edge) => listConferences(edge, options)));

  question(program, "conference <key>", "one conference as it is now")
    .option("--watch", "show it again whenever it changes, until stopped")
    .action((key: string, options: Options & { watch?: true }) =>
      answer(options, async (edge) => {
        const conference = await edge.conference(await edge.domain(options.domain), key);
        return found(conference, conferenceText);
      }),
    );

  question(program, "calls", "all callers of running conferences").action((options: Options) =>
    answer(options, async (edge) => {
      const { conferences, unreachable } = await edge.conferences(await edge.domains(options.domain));
      const warning = missing(unreachable);
      return found(callsOf(conferences), (calls, _, terminal) => callsText(calls, terminal), { warning });
    }),
  );
}

function addStories(program: Command): void {
  question(program, "explain <key>", "what happened in a conference, and what is outstanding")
    .option(
      "--since <time>",
      "what happened from then on, as 02:40, 02:40:15 or 2026-11-21T02:40 of the domain's time zone",
      clockTimeText,
    )
    .option("--until <time>", "what happened up to then; of a time alone, the first one after --since", clockTimeText)
    .option("--why", "answers in sentences instead: why callers were muted, dropped, not named, why it ended …")
    .option("--call <id>", "of this call alone: its id, WebEx's name for it, or a number")
    .action((key: string, options: Options & { since?: string; until?: string; why?: true; call?: string }) =>
      answer(options, async (edge) => {
        const domain = await edge.domain(options.domain);
        const zone = edge.zoneOf(domain);
        const { since = 0, until = Number.POSITIVE_INFINITY } = periodOf(options, Date.now(), zone);
        const period = { since, until };
        const conference = await edge.conference(domain, key);
        const place = { domain, confKey: key };
        const { call } = options;
        if (options.why) {
          const path = "POST /domains/{domain}/conferences/{confKey}/explain";
          const all: Explanation[] = [];
          for await (const page of edge.pages(path, place, { asks: { call } })) all.push(...page.answers);
          if (call !== undefined && all.length === 0) await storyOf(edge, domain, key, call);
          const answers = all.filter(({ at }) => at >= since && at <= until);
          return found({ conference, answers }, (shown, now, terminal) =>
            whyText(shown.conference, shown.answers, now, terminal),
          );
        }
        const [lines, agents] = await Promise.all([storyOf(edge, domain, key, call), edge.agents([domain])]);
        return found({ conference, lines: linesWithin(lines, period) }, (shown, now, terminal) =>
          storyText(shown.conference, allPrintable(lines), allPrintable(agents), now, terminal, period),
        );
      }),
    );
}

function addDomains(program: Command): void {
  question(program, "servers", "TSP servers: their conferences, and the documents that wait for them").action(
    (options: Options) =>
      answer(options, async (edge) => {
        const { servers, missing } = await edge.servers(await edge.domains(options.domain));
        const warning = missing.length === 0 ? undefined : `not known: what waits in ${missing.join(", ")}`;
        return found(servers, serversText, { warning });
      }),
  );

  question(program, "agents", "the agents of each bridge, and whether they reach it").action((options: Options) =>
    answer(options, async (edge) => found(await edge.agents(await edge.domains(options.domain)), agentsText)),
  );
}

/** That nothing needs an explanation is said of calls alone that the conference has, or had. */
/** What is kept of the conference, or of one call of it. */
async function storyOf(edge: OperatorClient, domain: string, key: string, call: string | undefined) {
  const lines: StoryLine[] = [];
  const path = "GET /domains/{domain}/conferences/{confKey}/story";
  for await (const page of edge.pages(path, { domain, confKey: key })) lines.push(...page.lines);
  const ofCall = call === undefined ? lines : linesOfCall(lines, call);
  if (call === undefined || ofCall.length > 0) return ofCall;
  throw new StartError(
    `the conference ${key} has no call with the id or number ${call}, and had none; \`bridgehead explain ${key}\` names them`,
  );
}

interface ListOptions extends Options {
  readonly all?: true;
  readonly hours?: number;
  readonly begins?: string;
  readonly number?: string;
  readonly attendeeId?: string;
}

/** Those that run, from the directories, which wakes none of them; programs get all of each, and so does whoever asks for those that are over. */
async function listConferences(edge: OperatorClient, options: ListOptions) {
  const { all: over, hours, begins, number, attendeeId, json } = options;
  const all = over || hours !== undefined;
  const search = { begins, number, attendeeId };
  const isSearch = Object.values(search).some((text) => text !== undefined);
  if (all && isSearch)
    throw new StartError("--all and --hours list all that there were; `bridgehead records` finds what is over");
  const domains = await edge.domains(options.domain);
  if (all || (json && !isSearch)) {
    const { conferences, unreachable } = await edge.conferences(domains, { hours, all });
    return found(conferences, conferencesText, { warning: missing(unreachable) });
  }
  const conferences = await edge.running(domains, search);
  const running = conferences.toSorted((one, other) => other.createdAt - one.createdAt);
  if (!json) return found(running, runningText);
  const whole = await Promise.all(running.map(({ domain, key }) => edge.conference(domain, key)));
  return found(whole, conferencesText);
}

function hours(text: string): number {
  const value = Number(text);
  if (value > 0 && value <= MOST_HOURS) return value;
  throw new InvalidArgumentError(`It must be above 0 and at most ${MOST_HOURS}.`);
}

function missing(unreachable: number): string | undefined {
  return unreachable === 0
    ? undefined
    : `not whole: ${unreachable} conferences do not answer (look into the edge's log)`;
}
