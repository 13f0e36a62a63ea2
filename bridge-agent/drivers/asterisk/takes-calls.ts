import { randomUUID } from "node:crypto";
import { isDone } from "./ari.ts";
import type { ExecutorContext } from "./executor-context.ts";
import { probeId } from "./names.ts";

/** Whether Asterisk makes channels: one that is about to end makes none, though it makes bridges. */
export async function takesCalls({ ari, settings: { application } }: ExecutorContext): Promise<boolean> {
  const channelId = probeId(randomUUID());
  const made = await ari.ask("createChannel", { endpoint: "Local/0@bridgehead-probe", app: application, channelId });
  if (isDone(made)) await ari.ask("hangUp", { channelId });
  return isDone(made);
}

/** Tells operations staff, once for as long as it stays so. */
export function setTrouble(context: ExecutorContext, trouble: ExecutorContext["trouble"]): void {
  if (trouble === context.trouble) return;
  context.trouble = trouble;
  if (trouble === "going-away") {
    context.notice(
      "takes no new calls, for it is about to end: new conferences go elsewhere until it was started anew",
    );
  } else if (trouble === "endpoint") {
    const { endpoint } = context.settings;
    context.notice(`cannot call by ${endpoint}: look at this endpoint with \`asterisk -rx "pjsip show endpoints"\``);
  }
}
