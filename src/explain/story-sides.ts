import type { StorySide } from "../rpc/story.ts";

/** Who takes part in a conference's story, from left to right as it is drawn: in the console, and at a terminal by the demo. */
export const sideNames: Readonly<Record<StorySide, string>> = {
  webex: "WebEx",
  edge: "Bridgehead",
  bridge: "Bridge",
  "back end": "Back end",
  operator: "Operator",
};
