import { randomUUID } from "node:crypto";
import type { ExecutorContext } from "../acts/executor-context.ts";
import { isDone } from "../ari.ts";
import { helperId } from "../mirror/names.ts";

/** Whether Asterisk makes channels: one that is about to end makes none, though it makes bridges. What is found is reported. */
export async function takesCalls(context: ExecutorContext): Promise<boolean> {
  const { ari, settings } = context;
  const channelId = helperId("probe", randomUUID());
  const made = await ari.ask("createChannel", {
    endpoint: "Local/0@bridgehead-probe",
    app: settings.application,
    channelId,
  });
  if (isDone(made)) await ari.ask("hangUp", { channelId });
  if (!isDone(made)) setTrouble(context, "going-away");
  else if (context.trouble === "going-away") setTrouble(context, "none");
  return isDone(made);
}

/** Logs each trouble once while it lasts. */
export function setTrouble(context: ExecutorContext, trouble: ExecutorContext["trouble"]): void {
  if (trouble === context.trouble) return;
  context.trouble = trouble;
  if (trouble === "going-away") {
    context.notice("takes no new calls because it is about to end; new conferences are refused until it has restarted");
  } else if (trouble === "endpoint") {
    const { endpoint } = context.settings;
    context.notice(`cannot call by ${endpoint}: look at this endpoint with \`asterisk -rx "pjsip show endpoints"\``);
  }
}
