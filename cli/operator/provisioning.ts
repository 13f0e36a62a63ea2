import type { Terminal } from "../../src/foundation/table.ts";
import { counted } from "../../src/foundation/text/counted.ts";
import type { ProvisioningState, RunningCheck } from "../../src/rpc/webex-site.ts";
import { duration, fromNow, wordsOf, wrapped } from "../terminal.ts";

/** What the last comparison of a domain's WebEx site with its settings found, a sentence for each difference. */
export function provisioningText(
  { last, running, failure, nextAt }: ProvisioningState,
  now: number,
  { style, width }: Terminal,
): readonly string[] {
  const item = (text: string) => {
    const [first = "", ...rest] = wrapped(wordsOf(text), width - 4);
    return [`  ${first}`, ...rest.map((line) => `    ${line}`)];
  };
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
      ...(last?.differences ?? []).filter(({ about }) => about === subject).flatMap(({ says }) => item(says)),
    ]),
    ...(last && last.more > 0 ? ["", `${last.more} more are only counted`] : []),
    ...(last && last.notCompared.length > 0 ? ["", "not compared", ...last.notCompared.flatMap(item)] : []),
    ...(failure
      ? ["", `${style("red", "the latest check failed")} ${fromNow(failure.at, now)}`, ...item(failure.says)]
      : []),
    "",
    ...(running
      ? runningLines(running, now, item)
      : [
          nextAt === null
            ? "the settings want no check each night (webexSite.nightlyCheck)"
            : `the next check begins ${fromNow(nextAt, now)}`,
        ]),
  ];
}

function runningLines(
  { begunAt, users, of, waits }: RunningCheck,
  now: number,
  item: (text: string) => readonly string[],
): readonly string[] {
  const ran = duration(Math.max(0, now - begunAt));
  const soFar = `${users}${of === null ? "" : ` of ${of}`} users so far`;
  if (!waits) return [`a check runs since ${ran}: ${soFar}`];
  return [
    `the check that began ${ran} ago waits for the site: ${soFar}`,
    ...item(waits.says),
    waits.until > now ? `it goes on by itself ${fromNow(waits.until, now)}` : "it goes on by itself now",
  ];
}
