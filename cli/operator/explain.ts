import type { Command } from "commander";
import { allPrintable } from "../../src/foundation/text/printable.ts";
import type { TimelineLine } from "../../src/rpc/timeline.ts";
import { type Block, blocksOf, linesOfCall, timelineText } from "../../src/views/timeline.ts";
import { StartError } from "../edge/program.ts";
import type { Screen } from "../shown-times.ts";
import { answer, clockTimeText, found, type Options, periodOf, question } from "./ask-edge.ts";
import { conferenceHead, outstandingText } from "./conference.ts";
import type { AgentsOfBridge, ConferenceOfDomain } from "./operator-client.ts";

export function addExplain(program: Command): void {
  question(program, "explain <key>", "Show what happened in a conference, and what waits")
    .option(
      "--since <time>",
      "only from this time on, such as 02:40, 02:40:15 or 2026-11-21T02:40 in the domain's time zone",
      clockTimeText,
    )
    .option("--until <time>", "only until this time; a time of day is the first one after --since", clockTimeText)
    .option("--why", "only lines with a reason: why callers were muted, dropped or not named, why it ended")
    .option("--call <id>", "only this call: its ID, WebEx's ID for it, or a number")
    .action((key: string, options: Options & { since?: string; until?: string; why?: true; call?: string }) =>
      answer(options, async (edge) => {
        const { call, why } = options;
        const domain = await edge.domain(options.domain);
        const period = periodOf(options, Date.now(), edge.zoneOf(domain));
        const conference = await edge.conference(domain, key);
        const path = "GET /domains/{domain}/conferences/{confKey}/timeline";
        const timeline = edge.allPages(path, { domain, confKey: key });
        const [pages, agents] = await Promise.all([timeline, edge.agents(domain)]);
        const all = pages.flatMap((page) => page.lines);
        const ofCall = call === undefined ? all : linesOfCall(all, call);
        if (call !== undefined && ofCall.length === 0)
          throw new StartError(
            `The conference ${key} never had a call with the ID or number ${call}. \`bridgehead explain ${key}\` lists its calls.`,
          );
        const lines = linesWithin(ofCall, period).filter((line) => !why || line.why !== undefined);
        const none = why ? "nothing needs an explanation" : "nothing is known of that time";
        return found({ conference, lines }, (shown, now, screen) =>
          explanation(shown.conference, shown.lines, allPrintable(agents), none, now, screen),
        );
      }),
    );
}

/** A conference's timeline by blocks, and outstanding work. `none`: text for no lines. */
export function explanation(
  conference: ConferenceOfDomain,
  lines: readonly TimelineLine[],
  bridges: readonly AgentsOfBridge[],
  none: string,
  now: number,
  screen: Screen,
): readonly string[] {
  const { domain, host, bridge } = conference;
  const issuedAt = new Map(
    lines.flatMap(({ to, facts, at }) => (to === "bridge" ? [[facts.commandId ?? "", at]] : [])),
  );
  const { agents = null } = bridges.find((one) => one.bridge === bridge) ?? {};
  const text = () => timelineText(lines, { ...screen, zone: screen.times.zone(domain), host });
  return [
    ...conferenceHead(conference, now, screen),
    ...(lines.length === 0 ? ["", none] : text()),
    ...outstandingText(conference, now, screen, { agents, issuedAt }),
  ];
}

/** The lines of all blocks that were under way between these times, in milliseconds since 1970. */
export function linesWithin(
  lines: readonly TimelineLine[],
  { since = 0, until = Number.POSITIVE_INFINITY }: ReturnType<typeof periodOf>,
): readonly TimelineLine[] {
  const isWithin = (block: Block) => block[0].at <= until && (block.at(-1) ?? block[0]).at >= since;
  const kept = new Set(blocksOf(lines).filter(isWithin).flat());
  return lines.filter((line) => kept.has(line));
}
