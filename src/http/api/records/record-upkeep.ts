import * as v from "valibot";
import { masked } from "../../../foundation/shown.ts";
import type { RebuildPage } from "../../../rpc/directory.ts";
import { cursorOf, next } from "../paging.ts";
import { route } from "../route.ts";
import { digitsOfNumber } from "../values.ts";

/** After this time no more is begun, and `next` says where to go on. */
const WITHIN_MS = 5_000;

export const recordUpkeepRoutes = [
  route({
    method: "POST",
    path: "/domains/{domain}/records/erasures",
    id: "eraseNumber",
    tag: "Records",
    says: "Takes a person's number, and the attendee ID beside it, out of all records",
    more: "The records stay, without both. Ask again with `cursor` until `next` is null. What else has the number, and how long, stands in [operations.md](operations.md#erase-a-number).",
    query: { cursor: cursorOf(/^\d{1,15}$/) },
    body: v.object({
      number: v.pipe(
        v.string(),
        v.nonEmpty("must not be empty"),
        v.maxLength(256, "must be at most 256 characters"),
        v.description("Digits as records have them; a `+` and signs between them do not count."),
      ),
    }),
    answer: {
      says: "How many records had it, and where to go on.",
      schema: v.object({ erased: v.number(), next }),
    },
    about: ({ body }) => ({ number: masked(digitsOfNumber(body.number)) }),
    async handle({ domain: { name }, edge, query: { cursor = "0" }, body }) {
      const number = digitsOfNumber(body.number);
      const before = edge.now() + WITHIN_MS;
      let erased = 0;
      let place: number | null = Number(cursor);
      do {
        const page = await edge.objects.directory(name).erase(name, number, place);
        erased += page.erased;
        place = page.next;
      } while (place !== null && edge.now() < before);
      return { erased, next: place === null ? null : String(place) };
    },
  }),
  route({
    method: "POST",
    path: "/domains/{domain}/records/rebuild",
    id: "rebuildRecords",
    tag: "Records",
    says: "Has the conferences of the last week tell the directory anew what they know",
    more: "For a directory that was lost. What is there already is not kept twice. Ask again with `cursor` until `next` is null.",
    query: { cursor: cursorOf(/^\d{1,15}-\d{1,15}$/) },
    answer: {
      says: "How many conferences told all they know, which could not, and where to go on.",
      schema: v.object({
        told: v.number(),
        failed: v.pipe(
          v.array(v.string()),
          v.description("Keys of those that did not answer: rebuild again for them."),
        ),
        next,
      }),
    },
    async handle({ domain: { name }, edge, query: { cursor } }) {
      const until = edge.now() + WITHIN_MS;
      const [before, upTo] = cursor?.split("-").map(Number) ?? [];
      let place: RebuildPage["next"] = before === undefined || upTo === undefined ? null : { before, upTo };
      let told = 0;
      const failed: string[] = [];
      do {
        const page: RebuildPage = await edge.objects.directory(name).rebuild(name, place);
        told += page.told;
        failed.push(...page.failed);
        place = page.next;
      } while (place !== null && edge.now() < until);
      return { told, failed, next: place && `${place.before}-${place.upTo}` };
    },
  }),
];
