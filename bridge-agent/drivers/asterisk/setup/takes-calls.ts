import { randomUUID } from "node:crypto";
import type { ExecutorContext } from "../acts/executor-context.ts";
import { isDone } from "../ari.ts";
import { helperId } from "../mirror/names.ts";

const LOOK_EVERY_MS = 5_000;

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

/** Tells operations staff, once for as long as it stays so, and the edge, which then chooses another bridge where there is one. */
export function setTrouble(context: ExecutorContext, trouble: ExecutorContext["trouble"]): void {
  const before = context.trouble;
  if (trouble === before) return;
  context.trouble = trouble;
  if (before === "going-away") context.reportPorts(context.settings.ports ?? null);
  if (trouble === "going-away") {
    context.notice(
      "takes no new calls, for it is about to end: new conferences go elsewhere until it was started anew",
    );
    context.reportPorts(0);
  } else if (trouble === "endpoint") {
    const { endpoint } = context.settings;
    context.notice(`cannot call by ${endpoint}: look at this endpoint with \`asterisk -rx "pjsip show endpoints"\``);
  }
}

/** As long as the link lasts: Asterisk does not report that it is about to end, nor that somebody has thought better of it. */
export async function watchCalls(context: ExecutorContext): Promise<void> {
  for (;;) {
    await takesCalls(context);
    await context.ari.pause(LOOK_EVERY_MS);
  }
}
