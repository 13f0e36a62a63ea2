export { allClauses } from "../clauses/all.ts";
export { rowsByName } from "../messages.ts";
