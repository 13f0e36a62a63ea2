export { makeAuthority } from "../authority.ts";
export { allClauses } from "../clauses/all.ts";
export { rowsByName } from "../messages.ts";
export { playReference } from "../reference/play.ts";
export { htmlReport } from "../report/html.ts";
export type { Report } from "../report/summary.ts";
