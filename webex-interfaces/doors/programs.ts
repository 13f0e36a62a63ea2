export { timers } from "../../bridge-agent/node-ports.ts";
export { systemReason } from "../../cli/system-reason.ts";
export { endWithReader, jsonText, ownTerminal } from "../../cli/terminal.ts";
export { type GeneratedPage, inCell, table as pageTable } from "../../scripts/generated-page.ts";
export { bodyOf, type ControlAnswer, problem, send, withBody } from "../../simulators/control-requests.ts";
export { freePorts } from "../../simulators/free-ports.ts";
export { portFrom } from "../../simulators/port.ts";
export { wordsOf, wrapped } from "../../src/foundation/table.ts";
export { parseCommentedJson } from "../../src/foundation/text/parse-json.ts";
