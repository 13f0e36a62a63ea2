import { type Terminal, table } from "../../src/foundation/table.ts";
import { counted } from "../../src/foundation/text/counted.ts";
import type { MeetingAnswer, ProvisioningState, RunningCheck } from "../../src/rpc/webex-site.ts";
import type { Screen } from "../shown-times.ts";
import { duration, fromNow, items } from "../terminal.ts";

/** What the domain's WebEx site says of a conference. */
export function meetingText(
  { meeting, knownAt, dialIn, links, failure, notes }: MeetingAnswer,
  domain: string,
  now: number,
  screen: Screen,
): readonly string[] {
  const { style, width, times } = screen;
  const section = (title: string, lines: readonly string[]) => (lines.length === 0 ? [] : ["", title, ...lines]);
  const failed =
    failure === null
      ? []
      : [
          style("yellow", "the site was not heard at the last look-up"),
          ...items([times.sentence(failure, domain, now)], width),
        ];
  if (!meeting) return failed.length > 0 ? failed : ["nothing is known of it"];
  const { topic, service, status, host, schedule, accessCode, numbers, missing } = meeting;
  const facts = [
    ["kind", `${service}${status ? `, ${status}` : ""}`],
    ["host", host && `${host.name} (${[host.webExId, host.email].filter(Boolean).join(", ")})`],
    ["when", schedule && `${schedule.startsAt.replace("T", " ")}, ${schedule.minutes} min, ${schedule.timeZone}`],
    ["access code", accessCode],
    ["start", links?.start && `${links.start.url} (asks the host to log in)`],
    ["join", links?.join?.url],
  ] as const;
  return [
    `${style("bold", topic ?? "without a topic")}${knownAt === null ? "" : `, as the site said ${fromNow(knownAt, now)}`}`,
    ...facts.flatMap(([what, value]) => (value ? `  ${what.padEnd(12)}${value}` : [])),
    ...section(
      "numbers",
      numbers.map(({ kind, number, label }) => `  ${kind.padEnd(10)}${number}${label ? ` (${label})` : ""}`),
    ),
    ...section(
      "as telephones dial it",
      dialIn.length === 0
        ? []
        : table(
            [
              { title: "SEQUENCE", text: ({ name }) => name },
              { title: "DIALS", text: ({ dialString }) => dialString },
            ],
            dialIn,
            { ...screen, width: width - 2 },
          ).map((line) => `  ${line}`),
    ),
    ...section(
      "not shown",
      items(
        missing.map(({ what, says }) => `${what}: ${says}`),
        width,
      ),
    ),
    ...section("odd", items(notes, width)),
    ...(failed.length > 0 ? ["", ...failed] : []),
  ];
}

/** What the last comparison of a domain's WebEx site with its settings found, a sentence for each difference. */
export function provisioningText(
  { last, running, failure, nextAt }: ProvisioningState,
  now: number,
  { style, width }: Terminal,
): readonly string[] {
  const count = last ? last.differences.length + last.more : 0;
  const found = count === 0 ? style("green", "no difference") : style("yellow", counted(count, "difference"));
  const head = last
    ? `${found} at ${counted(last.users, "user")}, ${fromNow(last.endedAt, now)}, in ${duration(Math.max(0, last.endedAt - last.begunAt))}`
    : "no check has come to its end yet";
  const subjects = [...new Set(last?.differences.map(({ about }) => about))];
  return [
    head,
    ...subjects.flatMap((subject) => [
      "",
      style("bold", subject),
      ...items(
        (last?.differences ?? []).flatMap(({ about, says }) => (about === subject ? says : [])),
        width,
      ),
    ]),
    ...(last && last.more > 0 ? ["", `${last.more} more are only counted`] : []),
    ...(last && last.notCompared.length > 0 ? ["", "not compared", ...items(last.notCompared, width)] : []),
    ...(failure
      ? ["", `${style("red", "the latest check failed")} ${fromNow(failure.at, now)}`, ...items([failure.says], width)]
      : []),
    "",
    ...(running
      ? runningLines(running, now, width)
      : [
          nextAt === null
            ? "the settings want no check each night (webexSite.nightlyCheck)"
            : `the next check begins ${fromNow(nextAt, now)}`,
        ]),
  ];
}

function runningLines({ begunAt, users, of, waits }: RunningCheck, now: number, width: number): readonly string[] {
  const ran = duration(Math.max(0, now - begunAt));
  const soFar = `${users}${of === null ? "" : ` of ${of}`} users so far`;
  if (!waits) return [`a check runs since ${ran}: ${soFar}`];
  return [
    `the check that began ${ran} ago waits for the site: ${soFar}`,
    ...items([waits.says], width),
    waits.until > now ? `it goes on by itself ${fromNow(waits.until, now)}` : "it goes on by itself now",
  ];
}
