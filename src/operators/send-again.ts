import * as v from "valibot";
import type { ActionId } from "../foundation/ids.ts";
import type { Checked } from "../foundation/schemas.ts";
import { counted } from "../foundation/text/counted.ts";

/** The action that sends the document given up in this row again. Each is sent again once, whoever asks. An id that a person has chosen has no blank. */
export function sendAgainId(row: number): ActionId {
  return `send-again ${row}` as ActionId;
}

/** The action that asks a server which is behind whether it is back, by the row that it is committed in. */
export function probeId(row: number): ActionId {
  return `probe ${row}` as ActionId;
}

/** What becomes of documents of one TSP server that shall be sent again, a portion at a time. */
export const sentAgain = v.object({
  server: v.string(),
  documents: v.pipe(v.number(), v.description("Those that are sent again, or would be.")),
  conferences: v.pipe(v.array(v.string()), v.description("The conferences that these are of.")),
  not: v.pipe(
    v.array(v.object({ reason: v.string(), says: v.string(), documents: v.number() })),
    v.description("How many are not, by reason."),
  ),
  next: v.pipe(v.nullable(v.string()), v.description("`cursor` of the next portion; null: there is none.")),
});
export type SentAgain = Checked<typeof sentAgain>;

/** What all portions say together. */
export function joinedPortions(portions: readonly SentAgain[]): SentAgain {
  const not = new Map<string, SentAgain["not"][number]>();
  for (const one of portions.flatMap((portion) => portion.not))
    not.set(one.reason, { ...one, documents: one.documents + (not.get(one.reason)?.documents ?? 0) });
  return {
    server: portions[0]?.server ?? "",
    documents: portions.reduce((sum, { documents }) => sum + documents, 0),
    conferences: [...new Set(portions.flatMap(({ conferences }) => conferences))],
    not: [...not.values()].sort((one, other) => other.documents - one.documents),
    next: null,
  };
}

/** As "3 documents of 2 conferences". */
export function documentsText({ documents, conferences }: Pick<SentAgain, "documents" | "conferences">): string {
  return `${counted(documents, "document")} of ${counted(conferences.length, "conference")}`;
}

/** Of a list of what was given up: what counts, and is not in it. */
export function unlistedText(unlisted: number): string {
  return `${counted(unlisted, "more document")} ${unlisted === 1 ? "is" : "are"} counted and not listed: answers of no conference, or too many for a list.`;
}

/** Why what was given up is settled, to follow a colon. */
export const whySettled = "its server has confirmed a later document, another one has taken over, or it is so no more";

/** As "A2W_NotifyUserEnter, A2W_NotifyUserEnter, and 40 more". */
export function messagesText({
  messages,
  further = 0,
}: {
  readonly messages: readonly string[];
  readonly further?: number;
}): string {
  return [...messages, ...(further > 0 ? [`and ${further} more`] : [])].join(", ");
}
