import { type Terminal, table } from "../../src/foundation/table.ts";
import type { MeetingAnswer } from "../../src/rpc/webex-site.ts";
import { fromNow, wordsOf, wrapped } from "../terminal.ts";

/** What the domain's WebEx site says of a conference. */
export function meetingText(
  { meeting, knownAt, dialIn, links, failure, notes }: MeetingAnswer,
  now: number,
  terminal: Terminal,
): readonly string[] {
  const { style, width } = terminal;
  const item = (text: string) => {
    const [first = "", ...rest] = wrapped(wordsOf(text), width - 4);
    return [`  ${first}`, ...rest.map((line) => `    ${line}`)];
  };
  const section = (title: string, lines: readonly string[]) => (lines.length === 0 ? [] : ["", title, ...lines]);
  const failed =
    failure === null ? [] : [style("yellow", "the site was not heard at the last look-up"), ...item(failure)];
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
            { ...terminal, width: width - 2 },
          ).map((line) => `  ${line}`),
    ),
    ...section(
      "not shown",
      missing.flatMap(({ what, says }) => item(`${what}: ${says}`)),
    ),
    ...section("odd", notes.flatMap(item)),
    ...(failed.length > 0 ? ["", ...failed] : []),
  ];
}
