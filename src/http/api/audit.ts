import * as v from "valibot";
import { time } from "../../foundation/schemas.ts";
import { cursorOf, limitOf, next } from "./paging.ts";
import { route } from "./route.ts";

export const auditRoutes = [
  route({
    method: "GET",
    path: "/domains/{domain}/audit",
    id: "listAudit",
    tag: "People",
    says: "What people have asked of a domain, the latest first",
    more: "Everything but GET, refused ones too, as long as records are kept. That it was asked is there before it is done, as `failed for now`, and what became of it some moments after the answer.",
    query: { cursor: cursorOf(/^\d{1,15}$/), limit: limitOf(1_000) },
    answer: {
      says: "Who asked what, about what, when, from where, and what became of it.",
      schema: v.object({
        entries: v.array(
          v.object({
            at: time,
            person: v.string(),
            role: v.picklist(["viewer", "operator"]),
            by: v.pipe(v.picklist(["token", "session", "access"]), v.description("How the person had signed in.")),
            action: v.pipe(v.string(), v.description("The `operationId` of the request.")),
            about: v.pipe(
              v.record(v.string(), v.string()),
              v.description("Such as `confKey`, the `type` of an action and its `call`; numbers are masked."),
            ),
            actionId: v.pipe(
              v.string(),
              v.description("The `Idempotency-Key`, or one that was made; empty: the request had a wrong one."),
            ),
            status: v.pipe(v.number(), v.description("Of the answer.")),
            refusal: v.pipe(v.nullable(v.string()), v.description("The title of its problem; null: it was done.")),
            from: v.pipe(v.string(), v.description("The address; empty where the platform tells none.")),
          }),
        ),
        next,
      }),
    },
    async handle({ domain: { name }, edge: { views }, query: { cursor, limit = 100 } }) {
      const before = cursor === undefined ? null : Number(cursor);
      const { entries, next } = await views.directory(name).audit(before, limit);
      return { entries, next: next === null ? null : String(next) };
    },
  }),
];
