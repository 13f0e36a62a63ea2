export { webexPorts } from "../command/ports.ts";
export { addWebex } from "../command/webex.ts";
