import * as v from "valibot";
import { personal } from "../../../foundation/shown.ts";
import {
  type ReplayPage,
  type ReplayStep,
  replayDocuments,
  replayStep,
  type TestRowsPage,
  testRows,
} from "../../../rpc/replay.ts";
import { explanation } from "../../../rpc/story.ts";
import { cursorAt, gathered, inPages, limitOf, next, placeOf, rowCursor, wholeList } from "../paging.ts";
import { routeOf } from "../route.ts";
import { unknown } from "./conferences.ts";

const route = routeOf("Conferences");

/** Rows of one page of a replay. */
const DEFAULT_STEPS = 50;
const MOST_STEPS = 100;

const former = v.pipe(replayDocuments, v.description("Deprecated, and gone with version 0.3: those of `documents`."));

export const explainRoutes = [
  route("explainConference", "GET /domains/{domain}/conferences/{confKey}/explain", {
    says: "Why things are as they are, in sentences",
    more: "Why a caller is not shown under its name, was muted or dropped, why WebEx was not told, what a failover changed, why a conference ended, and why something that is pending is not done yet.",
    query: {
      call: personal(
        v.pipe(
          v.optional(v.string()),
          v.description(
            "Of one call alone, by its id, WebEx's name for it or a number; of the conference and all calls without it.",
          ),
        ),
      ),
      ...wholeList,
    },
    answer: {
      says: "Questions and answers, each with the rows of the journal that prove it.",
      schema: v.object({ answers: v.array(explanation), next }),
    },
    needsConference: true,
    readsHistory: true,
    async handle({ conference, query: { call, ...place } }) {
      const { page, next } = await gathered((from) => conference.explain(call || undefined, from), inPages(place));
      return { answers: page, next };
    },
  }),
  route("replayConference", "GET /domains/{domain}/conferences/{confKey}/replay", {
    says: "A conference's journal row by row",
    more: "The state before and after, the input (WebEx's text is not kept: it is written anew from what was read, as it may have stood on the wire), the commands and messages that followed with their text on the wire, and whether today's code decides the same.",
    query: { cursor: rowCursor, limit: limitOf(MOST_STEPS) },
    answer: {
      says: `At most ${MOST_STEPS} rows and 200 kB, the oldest first.`,
      schema: v.object({
        steps: v.array(
          v.object({ ...replayStep.entries, confirmed: former, givenUp: former, dropped: former, failed: former }),
        ),
        next,
      }),
    },
    needsConference: true,
    readsHistory: true,
    async handle({ conference, query: { cursor, limit = DEFAULT_STEPS } }) {
      const { steps, next }: ReplayPage = JSON.parse(await conference.replay(placeOf(cursor) ?? 0, limit));
      return { steps: steps.map(withFormerLists), next: cursorAt(next) };
    },
  }),
  route("testRows", "GET /domains/{domain}/conferences/{confKey}/test-rows", {
    says: "A conference's journal with made-up numbers, codes and names",
    more: "What `bridgehead save-test` makes a test of: what came in, and in ids and words what followed. Equal values stay equal, and different ones different.",
    query: { cursor: rowCursor },
    answer: {
      says: "Some rows, the oldest first.",
      schema: v.object({ ...testRows.entries, next }),
    },
    needsConference: true,
    readsHistory: true,
    async handle({ domain, confKey, conference, query: { cursor } }) {
      const rows = await conference.testRows(placeOf(cursor) ?? 0);
      if (rows === null) return unknown(domain, confKey);
      const { next, ...page }: TestRowsPage = JSON.parse(rows);
      return { ...page, next: cursorAt(next) };
    },
  }),
];

/** What became of documents, in the four lists of version 0.1; version 0.2 has them, too. */
function withFormerLists(step: ReplayStep) {
  const { documents } = step;
  return {
    ...step,
    confirmed: documents.filter(({ kind }) => kind === "post-confirmed"),
    givenUp: documents.filter(({ kind }) => kind === "post-given-up"),
    dropped: documents.filter(({ kind }) => kind === "post-dropped"),
    failed: documents.flatMap((one) => (one.kind === "post-failed" ? { ...one, attempts: one.attempt } : [])),
  };
}
