export { type Phone, Phones } from "../../simulators/telephones/phones.ts";
export { plainTerminal, type Terminal, table } from "../../src/foundation/table.ts";
export { version } from "../../src/foundation/version.ts";
