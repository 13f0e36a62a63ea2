import * as v from "valibot";
import type { ConfKey } from "../../foundation/ids.ts";
import { cursorOf, limitOf, next } from "./paging.ts";
import { flag, route } from "./route.ts";
import { confKey, time } from "./values.ts";

/** The directory gives no more at once. */
const MOST_LISTED = 1_000;

const running = v.object({
  key: confKey,
  life: v.pipe(
    v.number(),
    v.description("Which conference of this key: the row of its journal in which it began, as records have it."),
  ),
  createdAt: time,
  phase: v.picklist(["creating", "running"]),
  webexHost: v.pipe(v.string(), v.description("The TSP server that is notified.")),
  bridge: v.nullable(v.string()),
  now: v.pipe(
    v.nullable(
      v.object({
        attached: v.pipe(
          v.boolean(),
          v.description("False after a close with KeepAlive, until WebEx creates it again."),
        ),
        locked: v.boolean(),
        callers: v.number(),
        rooms: v.pipe(v.number(), v.description("Sub-conferences and rooms of private talks.")),
        documents: v.pipe(v.number(), v.description("Documents that their receiver has not confirmed.")),
        oldestDocumentAt: v.pipe(
          v.nullable(time),
          v.description("Since when the oldest of them waits; null: none does."),
        ),
        trouble: v.pipe(
          v.array(v.picklist(["posts", "commands"])),
          v.description("`posts`: WebEx does not confirm; `commands`: the bridge does not answer in time."),
        ),
      }),
    ),
    v.description("null: the directory was started anew, and has asked it."),
  ),
});

export const runningRoutes = [
  route({
    method: "GET",
    path: "/domains/{domain}/running-conferences",
    id: "listRunning",
    tag: "Conferences",
    says: "The conferences that are being created or run, in the order of their keys",
    more: "In one call to the domain's directory, which wakes no conference: for programs that ask often. What it says is a second old at most. `GET …/conferences` says more of each.",
    query: {
      begins: v.optional(
        v.pipe(
          v.string(),
          v.maxLength(64, "must be at most 64 characters"),
          v.description("Those whose key begins so."),
        ),
      ),
      cursor: cursorOf(/^.{1,64}$/s),
      troubled: v.pipe(flag, v.description("1: those alone that have told of trouble.")),
      limit: limitOf(MOST_LISTED),
    },
    answer: {
      says: "Conferences, and how many there are in all.",
      schema: v.object({
        conferences: v.array(running),
        next,
        total: v.pipe(v.number(), v.description("All that run, whatever their key.")),
        bridges: v.pipe(
          v.array(v.object({ bridge: v.nullable(v.string()), conferences: v.number(), callers: v.number() })),
          v.description("All that run, by their bridges; null: they have none yet."),
        ),
        unknown: v.pipe(v.number(), v.description("So many of all have no `now`; ask again in some seconds.")),
      }),
    },
    handle({
      domain: { name },
      edge: { views },
      query: { begins = "", cursor = null, limit = MOST_LISTED, troubled },
    }) {
      const query = { domain: name, after: cursor as ConfKey | null, limit, begins };
      return views.directory(name).running({ ...query, troubled: troubled !== undefined });
    },
  }),
];
