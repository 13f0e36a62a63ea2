export { rowsByName } from "../messages.ts";
