import { setTimeout as pause } from "node:timers/promises";
import { type Command, InvalidArgumentError } from "commander";
import type { Terminal } from "../../src/foundation/table.ts";
import { counted } from "../../src/foundation/text/counted.ts";
import { allPrintable, printable } from "../../src/foundation/text/printable.ts";
import type { ProvisioningState } from "../../src/rpc/webex-site.ts";
import { asTest } from "../../src/transcripts/as-test.ts";
import { transcriptDomain } from "../../src/transcripts/domain.ts";
import { StartError } from "../edge/supervise.ts";
import { systemReason } from "../system-reason.ts";
import { jsonText, ownTerminal } from "../terminal.ts";
import { askEdge, clockTimeText, examples, periodOf, question } from "./ask-edge.ts";
import { meetingText } from "./meeting.ts";
import type { OperatorClient } from "./operator-client.ts";
import { provisioningText } from "./provisioning.ts";
import { linesWithin, storyText } from "./story.ts";
import { agentsText, callsOf, callsText, conferencesText, conferenceText, hostsText, runningText } from "./views.ts";
import { whyText } from "./why.ts";

const WATCH_EVERY_MS = 1_000;
/** A check of a large site takes longer: the answer then says how far it is. */
const MOST_CHECK_S = 600;
/** Ids, by which conferences that are over are found, are known for a week. */
const MOST_HOURS = 7 * 24;

interface Options {
  readonly domain?: string;
  readonly json?: true;
}

/** What a question finds: as data, and for people. */
interface Answer<Data> {
  /** As programs get it. */
  readonly data: Data;
  /** `shown` is the data with all texts made printable. */
  text(shown: Data, now: number, terminal: Terminal): readonly string[];
  /** That the answer is not whole. */
  readonly warning?: string | undefined;
  /** Whether what was to be done was not done: exit code 1. */
  readonly failed?: boolean;
}

/** The commands that ask a running edge. They change nothing, but that `provisioning --now` has a check begin. */
export function addQuestions(program: Command): void {
  addConferences(program);
  addStories(program);
  addDomains(program);
}

/** Conferences and calls as they are. */
function addConferences(program: Command): void {
  question(program, "conferences", "the conferences that run, the latest first")
    .option("--all", "those that are over, too: of the last 6 hours")
    .option("--hours <n>", `those that are over, too: of the last so many hours, ${MOST_HOURS} at most`, hours)
    .option("--begins <digits>", "those whose key begins so")
    .option("--number <number>", "those with a caller of this number")
    .option("--attendee-id <id>", "those with a caller of this attendee ID")
    .addHelpText("after", examples("conferences", "conferences --number +14085551234", "conferences --hours 24"))
    .action((options: ListOptions) => answer<unknown>(options, (edge) => listConferences(edge, options)));

  question(program, "conference <key>", "one conference as it is now")
    .option("--watch", "show it again whenever it changes, until stopped")
    .action((key: string, options: Options & { watch?: true }) =>
      answer(options, async (edge) => {
        const conference = await edge.conference(await edge.domain(options.domain), key);
        return { data: conference, text: conferenceText };
      }),
    );

  question(
    program,
    "meeting <key>",
    "what the domain's WebEx site says of a conference: topic, host, schedule, numbers, links",
  )
    .option("--attendee-id <digits>", "fill this attendee ID into what telephones dial")
    .option("--access-code", "show the access code, too: for who may read secrets; the audit keeps who read it")
    .action((key: string, options: Options & { attendeeId?: string; accessCode?: true }) =>
      answer(options, async (edge) => {
        const domain = await edge.domain(options.domain);
        const known = await edge.meeting(domain, key, options.attendeeId);
        const meeting = known.meeting &&
          options.accessCode && { ...known.meeting, accessCode: await edge.accessCode(domain, key) };
        return { data: meeting ? { ...known, meeting } : known, text: meetingText };
      }),
    );

  question(program, "calls", "all callers of running conferences").action((options: Options) =>
    answer(options, async (edge) => {
      const { conferences, unreachable } = await edge.conferences(await edge.domains(options.domain));
      const calls = callsOf(conferences);
      return {
        data: calls,
        text: (shown: typeof calls, _, terminal) => callsText(shown, terminal),
        warning: missing(unreachable),
      };
    }),
  );
}

/** What happened in a conference. */
function addStories(program: Command): void {
  question(program, "explain <key>", "what happened in a conference, and what is outstanding")
    .option("--since <time>", "what happened from then on, as 02:40, 02:40:15 or 2026-11-21T02:40", clockTimeText)
    .option("--until <time>", "what happened up to then; of a time alone, the first one after --since", clockTimeText)
    .option("--why", "answers in sentences instead: why callers were muted, dropped, not named, why it ended …")
    .option("--call <id>", "answers about this call alone: its id, or WebEx's name for it")
    .action((key: string, options: Options & { since?: string; until?: string; why?: true; call?: string }) =>
      answer<unknown>(options, async (edge) => {
        const { since = 0, until = Number.POSITIVE_INFINITY } = periodOf(options, Date.now());
        const period = { since, until };
        const domain = await edge.domain(options.domain);
        const conference = await edge.conference(domain, key);
        if (options.why || options.call !== undefined) {
          const all = await edge.explain(domain, key, options.call);
          if (options.call !== undefined && all.length === 0) await checkCall(edge, domain, key, options.call);
          const answers = all.filter(({ at }) => at >= period.since && at <= period.until);
          return {
            data: { conference, answers },
            text: (_, now, terminal) => whyText(allPrintable(conference), allPrintable(answers), now, terminal),
          };
        }
        const [lines, agents] = await Promise.all([edge.story(domain, key), edge.agents([domain])]);
        return {
          data: { conference, lines: linesWithin(lines, period) },
          text: (_, now, terminal) =>
            storyText(allPrintable(conference), allPrintable(lines), allPrintable(agents), now, terminal, period),
        };
      }),
    );

  question(program, "save-test <key>", "what happened in a conference as a test, with made-up names and numbers")
    .addHelpText("after", examples("save-test 987654321 > 987654321.txt"))
    .action((key: string, options: Options) =>
      answer(options, async (edge) => {
        const domain = await edge.domain(options.domain);
        await edge.conference(domain, key); // Says which ones there are, where this is none.
        const pages = await edge.testRows(domain, key);
        const test = asTest(pages, transcriptDomain);
        if (test === null) throw new StartError(`nothing of what is kept of ${key} can be played`);
        return { data: pages, text: () => test.trimEnd().split("\n") };
      }),
    );
}

/** What a domain stands on: servers, agents, site. */
function addDomains(program: Command): void {
  question(program, "hosts", "TSP servers: their conferences, and the documents that wait for them").action(
    (options: Options) =>
      answer(options, async (edge) => {
        const { hosts, unknown } = await edge.hosts(await edge.domains(options.domain));
        return { data: hosts, text: hostsText, warning: unheard(unknown) };
      }),
  );

  question(program, "agents", "the agents of each bridge, and whether they reach it").action((options: Options) =>
    answer(options, async (edge) => {
      const bridges = await edge.agents(await edge.domains(options.domain));
      return { data: bridges, text: agentsText };
    }),
  );

  program
    .command("provisioning [domain]")
    .description("what differs between a domain's WebEx site and its settings, as the last check found it")
    .option("--domain <name>", "the same as the argument")
    .option("--now", "have a check made now, and wait for its end; exit code 1 if it has none yet")
    .option("--json", "as JSON")
    .action((named: string | undefined, options: Options & { now?: true }) =>
      answer(options, async (edge) => {
        const domain = await edge.domain(named ?? options.domain);
        if (!options.now) return { data: await edge.provisioning(domain), text: provisioningText };
        const state = await checkedNow(edge, domain, pause);
        return { data: state, text: provisioningText, failed: state.running !== null || state.failure !== null };
      }),
    );
}

/** That nothing needs an explanation is said of calls alone that the conference has, or had. */
async function checkCall(edge: OperatorClient, domain: string, key: string, named: string): Promise<void> {
  const lines = await edge.story(domain, key);
  if (lines.some(({ facts: { call, extCallId } }) => call === named || extCallId === named)) return;
  throw new StartError(
    `the conference ${key} has no call ${named}, and had none; \`bridgehead explain ${key}\` names them`,
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
async function listConferences(edge: OperatorClient, options: ListOptions): Promise<Answer<unknown>> {
  const { all: over, hours, begins, number, attendeeId, json } = options;
  const all = over || hours !== undefined;
  const search = Object.fromEntries(
    Object.entries({ begins, number, attendeeId }).filter(([, text]) => text !== undefined),
  );
  const isSearch = Object.keys(search).length > 0;
  if (all && isSearch)
    throw new StartError("--all and --hours list all that there were; `bridgehead records` finds what is over");
  const domains = await edge.domains(options.domain);
  if (all || (json && !isSearch)) {
    const { conferences, unreachable } = await edge.conferences(domains, {
      ...(hours !== undefined && { hours }),
      all,
    });
    return {
      data: conferences,
      text: (_, now, terminal) => conferencesText(allPrintable(conferences), now, terminal),
      warning: missing(unreachable),
    };
  }
  const { conferences, unknown } = await edge.running(domains, search);
  const running = conferences.toSorted((one, other) => other.createdAt - one.createdAt);
  const warning = unheard(unknown);
  if (json) {
    const data = await Promise.all(running.map(({ domain, key }) => edge.conference(domain, key)));
    return { data, text: () => [], warning };
  }
  return { data: running, text: (_, now, terminal) => runningText(allPrintable(running), now, terminal), warning };
}

/** The state after a check; where it waits for a site that does not answer, or takes long, as it is then. */
export async function checkedNow(
  edge: Pick<OperatorClient, "provisioning">,
  domain: string,
  wait: (ms: number) => Promise<unknown>,
): Promise<ProvisioningState> {
  let state = await edge.provisioning(domain, true);
  for (let asked = 0; state.running !== null && state.running.waits === null && asked < MOST_CHECK_S; asked += 1) {
    await wait(1_000);
    state = await edge.provisioning(domain);
  }
  return state;
}

function hours(text: string): number {
  const value = Number(text);
  if (value > 0 && value <= MOST_HOURS) return value;
  throw new InvalidArgumentError(`It must be above 0 and at most ${MOST_HOURS}.`);
}

/** Prints the answer. */
function answer<Data>(
  { json, watch }: Options & { readonly watch?: true },
  ask: (edge: OperatorClient) => Promise<Answer<Data>>,
): Promise<void> {
  return askEdge(async (edge) => {
    const first = await ask(edge);
    show(first, json);
    if (first.failed) process.exitCode = 1;
    if (watch) await watchFor(() => ask(edge), first, json);
  });
}

function show<Data>({ data, text, warning }: Answer<Data>, json: true | undefined): void {
  const lines = json ? [jsonText(data)] : text(allPrintable(data), Date.now(), ownTerminal());
  process.stdout.write(`${lines.join("\n")}\n`);
  if (warning) console.error(warning);
}

/** On a terminal each second, in place; elsewhere once more whenever something has changed. */
async function watchFor<Data>(
  ask: () => Promise<Answer<Data>>,
  first: Answer<Data>,
  json: true | undefined,
): Promise<never> {
  const inPlace = process.stdout.isTTY && !json;
  let shown = JSON.stringify(first.data);
  for (;;) {
    await pause(WATCH_EVERY_MS);
    try {
      const next = await ask();
      const now = JSON.stringify(next.data);
      if (!inPlace && now === shown) continue;
      shown = now;
      process.stdout.write(inPlace ? "\u001b[H\u001b[2J" : json ? "" : "\n");
      show(next, json);
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      console.error(printable(`${systemReason(error)}; is asked again`));
    }
  }
}

function unheard(unknown: number): string | undefined {
  return unknown === 0
    ? undefined
    : `not whole: ${counted(unknown, "conference")} did not report to the directory yet; ask again in some seconds`;
}

function missing(unreachable: number): string | undefined {
  return unreachable === 0
    ? undefined
    : `not whole: ${unreachable} conferences do not answer (look into the edge's log)`;
}
