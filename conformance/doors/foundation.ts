export { plainTerminal, type Terminal } from "../../src/foundation/table.ts";
export { version } from "../../src/foundation/version.ts";
