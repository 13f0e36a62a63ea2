import type { Terminal } from "../../src/foundation/table.ts";
import { counted } from "../../src/foundation/text/counted.ts";
import type { Explanation } from "../../src/rpc/story.ts";
import { localTime, wrapped } from "../terminal.ts";
import type { ConferenceOfDomain } from "./operator-client.ts";
import { conferenceHead } from "./views.ts";

const INDENT = "  ";
/** For people; the latest. */
const MOST_ANSWERS = 200;

/** Answers for people: when, the question, the answer, and the rows of the journal that prove it. */
export function whyText(
  conference: ConferenceOfDomain,
  answers: readonly Explanation[],
  now: number,
  terminal: Terminal,
): readonly string[] {
  const older = answers.length - MOST_ANSWERS;
  const left = `${counted(older, "earlier answer")} left out: --since, --until and --call ask for less, --json has all`;
  const sentences = answers
    .slice(-MOST_ANSWERS)
    .flatMap(({ at, question, answer, rows }) => [
      "",
      ...wrapped(`${localTime(at)}  ${question}`.split(" "), terminal.width).map((line) =>
        terminal.style("bold", line),
      ),
      ...wrapped(answer.split(" "), terminal.width - INDENT.length).map((line) => INDENT + line),
      INDENT + terminal.style("dim", proof(rows)),
    ]);
  return [
    ...conferenceHead(conference, now, terminal),
    ...(older > 0 ? ["", ...wrapped(left.split(" "), terminal.width)] : []),
    ...(sentences.length > 0 ? sentences : ["", "nothing needs an explanation"]),
  ];
}

function proof(rows: Explanation["rows"]): string {
  const seqs = rows.map(({ seq }) => seq).join(", ");
  return `${rows.length === 1 ? "row" : "rows"} ${seqs} of the journal`;
}
