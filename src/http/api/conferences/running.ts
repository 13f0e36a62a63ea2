import * as v from "valibot";
import type { ConfKey } from "../../../foundation/ids.ts";
import { bridgeLoad, listedConference } from "../../../rpc/directory.ts";
import { problem } from "../../problem.ts";
import { cursorOf, limitOf, next } from "../paging.ts";
import { flag, route } from "../route.ts";
import { digitsOfNumber } from "../values.ts";
import { topicsOf } from "./conferences.ts";

/** The directory gives no more at once. */
const MOST_LISTED = 1_000;

/** In place of people whom the settings let nobody find. */
export const noPeople =
  "The settings of this domain keep nothing of numbers and attendee IDs (`recordsPersonal`), so running conferences are found by their keys alone.";

function person(what: string) {
  return v.optional(
    v.pipe(
      v.string(),
      v.nonEmpty("must not be empty"),
      v.maxLength(256, "must be at most 256 characters"),
      v.description(
        `${what} Where \`recordsPersonal\` is \`masked\`, by its length and its last two characters alone.`,
      ),
    ),
  );
}

const running = v.object({
  ...listedConference.entries,
  topic: v.pipe(v.optional(v.string()), v.description("As the domain's WebEx site called it, where that is cached.")),
});

export const runningRoutes = [
  route({
    method: "GET",
    path: "/domains/{domain}/running-conferences",
    id: "listRunning",
    tag: "Conferences",
    says: "The conferences that are being created or run, in the order of their keys",
    more: "In one call to the domain's directory, for programs that ask often. What it says is a second old at most, where more than 200 conferences run five seconds for each thousand of them, and wakes no conference. Where nobody has told or asked it for a while, it has to ask the conferences first: who looks for trouble or for people waits for that, 2 s at most. `unknown` counts those that have not told. `GET …/conferences` says more of each.",
    query: {
      begins: v.optional(
        v.pipe(
          v.string(),
          v.maxLength(64, "must be at most 64 characters"),
          v.description("Those whose key begins so."),
        ),
      ),
      number: person("Those with a caller of this number; a `+` and signs between its digits do not count."),
      attendeeId: person("Those with a caller of this attendee ID."),
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
          v.array(bridgeLoad),
          v.description("All that run, by their bridges; null: they have none yet."),
        ),
        unknown: v.pipe(
          v.number(),
          v.description(
            "So many of all have not told how they are, or who is in them, since the directory was started anew; ask again in some seconds.",
          ),
        ),
      }),
    },
    refusals: { 422: "The domain's settings keep no numbers and attendee IDs, so nobody is found by them." },
    async handle({
      domain,
      edge,
      query: { begins = "", cursor = null, limit = MOST_LISTED, troubled, number, attendeeId },
    }) {
      const { name, settings } = domain;
      if ((number ?? attendeeId) !== undefined && settings.recordsPersonal === "none")
        return problem(422, "cannot be done", noPeople);
      const query = { domain: name, after: cursor as ConfKey | null, limit, begins, attendeeId };
      const found = await edge.objects.directory(name).running({
        ...{ ...query, troubled: troubled !== undefined },
        number: number === undefined ? undefined : digitsOfNumber(number),
      });
      const keys = found.conferences.map(({ key }) => key);
      const topics = await topicsOf(domain, keys, edge);
      const conferences = found.conferences.map((one) => {
        const topic = topics.get(one.key);
        return topic === undefined ? one : { ...one, topic };
      });
      return { ...found, conferences };
    },
  }),
];
