import * as v from "valibot";
import { time } from "../../../foundation/schemas.ts";
import type { ReplayPage, ReplayStep, TestRowsPage } from "../../../rpc/replay.ts";
import { explanation, seq } from "../../../rpc/story.ts";
import { cursorOf, gathered, limitOf, next, wholeList } from "../paging.ts";
import { route } from "../route.ts";
import { isKnown, unknown } from "./conferences.ts";

/** Rows of one page of a replay. */
const DEFAULT_STEPS = 50;
const MOST_STEPS = 100;

const refusals = { 404: "There is no such domain that you see, or nothing is kept of such a conference." } as const;
const former = "Deprecated, and gone with version 0.3: those of `documents`.";
const state = v.object({
  head: v.looseObject({ phase: v.string() }),
  callers: v.array(v.looseObject({})),
  callOuts: v.array(v.looseObject({})),
  commands: v.array(v.looseObject({})),
  rooms: v.array(v.looseObject({})),
  outages: v.array(v.looseObject({ host: v.string() })),
  debts: v.pipe(
    v.array(v.array(v.union([v.string(), v.looseObject({ type: v.string() })]))),
    v.description("What each owed message says, and the message."),
  ),
});
const documents = v.array(v.looseObject({ kind: v.string(), host: v.string(), transId: v.string() }));

export const explainRoutes = [
  route({
    method: "GET",
    path: "/domains/{domain}/conferences/{confKey}/explain",
    id: "explainConference",
    tag: "Conferences",
    says: "Why things are as they are, in sentences",
    more: "Why a caller is not shown under its name, was muted or dropped, why WebEx was not told, what a failover changed, why a conference ended, and why something that is pending is not done yet.",
    query: {
      call: v.pipe(
        v.optional(v.string()),
        v.description(
          "Of one call alone, by its id or by WebEx's name for it; of the conference and all calls without it.",
        ),
      ),
      ...wholeList,
    },
    answer: {
      says: "Questions and answers, each with the rows of the journal that prove it.",
      schema: v.object({
        answers: v.array(explanation),
        next,
      }),
    },
    refusals,
    async handle({ domain, confKey, edge, query: { call, ...place } }) {
      if (!(await isKnown(domain, confKey, edge))) return unknown(domain, confKey);
      const conference = edge.objects.conference(domain.name, confKey);
      const { page, next } = await gathered((from) => conference.explain(call || undefined, from), place);
      return { answers: page, next };
    },
  }),
  route({
    method: "GET",
    path: "/domains/{domain}/conferences/{confKey}/replay",
    id: "replayConference",
    tag: "Conferences",
    says: "A conference's journal row by row",
    more: "The state before and after, the input (WebEx's text is not kept: it is written anew from what was read, as it may have stood on the wire), the commands and messages that followed with their text on the wire, and whether today's code decides the same.",
    query: { cursor: cursorOf(/^\d{1,15}$/), limit: limitOf(MOST_STEPS) },
    answer: {
      says: `At most ${MOST_STEPS} rows and 200 kB, the oldest first.`,
      schema: v.object({
        steps: v.array(
          v.looseObject({
            seq,
            at: time,
            version: v.pipe(
              v.nullable(v.string()),
              v.description("Of the code that decided; null: the row does not say."),
            ),
            verdict: v.pipe(
              v.looseObject({ is: v.picklist(["same", "differs", "may differ"]) }),
              v.description("Whether today's code decides the same; `where` it differs, or `why` it may."),
            ),
            input: v.pipe(
              v.nullable(v.looseObject({ type: v.string() })),
              v.description("null: what changed follows from no input, such as a Confirmation."),
            ),
            inputText: v.pipe(
              v.nullable(v.string()),
              v.description("WebEx's messages as they may have stood on the wire."),
            ),
            before: state,
            after: state,
            commands: v.array(v.looseObject({ id: v.string() })),
            messages: v.array(
              v.object({
                host: v.string(),
                transId: v.nullable(v.string()),
                type: v.string(),
                text: v.pipe(v.nullable(v.string()), v.description("As it is written on the wire.")),
              }),
            ),
            documents: v.pipe(
              documents,
              v.description(
                "What became of documents, by the kind of the fact: `post-confirmed`, `post-failed`, `post-given-up`, `post-dropped`.",
              ),
            ),
            confirmed: v.pipe(documents, v.description(former)),
            givenUp: v.pipe(documents, v.description(former)),
            dropped: v.pipe(documents, v.description(former)),
            failed: v.pipe(documents, v.description(former)),
            notes: v.array(v.string()),
            repairs: v.array(v.string()),
            outcomes: v.array(v.looseObject({ event: v.string() })),
            isCut: v.pipe(
              v.exactOptional(v.literal(true)),
              v.description(
                "It was longer than a page: of both states there is what changed, and of each list the first parts.",
              ),
            ),
          }),
        ),
        next,
      }),
    },
    refusals,
    async handle({ domain, confKey, edge, query: { cursor = "0", limit = DEFAULT_STEPS } }) {
      if (!(await isKnown(domain, confKey, edge))) return unknown(domain, confKey);
      const text = await edge.objects.conference(domain.name, confKey).replay(Number(cursor), limit);
      const { steps, next }: ReplayPage = JSON.parse(text);
      return { steps: steps.map(withFormerLists), next: next === null ? null : String(next) } as never;
    },
  }),
  route({
    method: "GET",
    path: "/domains/{domain}/conferences/{confKey}/test-rows",
    id: "testRows",
    tag: "Conferences",
    says: "A conference's journal with made-up numbers, codes and names",
    more: "What `bridgehead save-test` makes a test of: what came in, and in ids and words what followed. Equal values stay equal, and different ones different.",
    query: { cursor: cursorOf(/^\d{1,15}$/) },
    answer: {
      says: "Some rows, the oldest first.",
      schema: v.object({
        confKey: v.string(),
        settings: v.pipe(v.looseObject({}), v.description("That decide, and differ from those of a local run.")),
        rows: v.array(
          v.looseObject({
            seq,
            at: time,
            input: v.nullable(v.looseObject({ type: v.string() })),
            facts: v.array(v.looseObject({ kind: v.string() })),
            confirmed: v.pipe(
              v.array(v.string()),
              v.description("TransIDs that were confirmed before the input came."),
            ),
          }),
        ),
        next,
      }),
    },
    refusals,
    async handle({ domain, confKey, edge, query: { cursor = "0" } }) {
      if (!(await isKnown(domain, confKey, edge))) return unknown(domain, confKey);
      const text = await edge.objects.conference(domain.name, confKey).testRows(Number(cursor));
      if (text === null) return unknown(domain, confKey);
      const { next, ...page }: TestRowsPage = JSON.parse(text);
      return { ...page, next: next === null ? null : String(next) } as never;
    },
  }),
];

/** What became of documents, in the four lists of version 0.1; version 0.2 has them, too. */
function withFormerLists(step: ReplayStep): object {
  const { documents } = step;
  return {
    ...step,
    confirmed: documents.filter(({ kind }) => kind === "post-confirmed"),
    givenUp: documents.filter(({ kind }) => kind === "post-given-up"),
    dropped: documents.filter(({ kind }) => kind === "post-dropped"),
    failed: documents.flatMap((one) => (one.kind === "post-failed" ? { ...one, attempts: one.attempt } : [])),
  };
}
