import * as v from "valibot";
import { auditEntry } from "../../operators/audit.ts";
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
        entries: v.array(auditEntry),
        next,
      }),
    },
    async handle({ domain: { name }, edge: { objects }, query: { cursor, limit = 100 } }) {
      const before = cursor === undefined ? null : Number(cursor);
      const { entries, next } = await objects.directory(name).audit(before, limit);
      return { entries, next: next === null ? null : String(next) };
    },
  }),
];
