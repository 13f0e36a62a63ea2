import { operatorActions } from "../conference/operator-actions.ts";
import type { EpochMs } from "../foundation/ids.ts";
import type { ActionStages } from "../rpc/timeline.ts";

/** A stage of an action. `waits` without a time: nothing is known of it yet. */
export interface ShownStage {
  readonly title: string;
  readonly is: "done" | "failed" | "waits" | "none";
  readonly at: EpochMs | null;
  /** Its times are instants. */
  readonly text: string;
}

/** The stages of an action, in order. */
export function shownStages(stages: ActionStages): readonly ShownStage[] {
  const { asked, onDisk, person, sent, result } = stages;
  const [first] = sent;
  const commands = sent.map(({ id, type }) => `${type} (${id})`).join(", ");
  return [
    { title: "Asked", is: "done", at: asked, text: `by ${person}` },
    { title: "On disk", is: "done", at: onDisk.at, text: `row ${onDisk.seq} of the journal` },
    first
      ? { title: "Sent", is: "done", at: first.at, text: commands }
      : { title: "Sent", ...(result ? none("nothing to send") : notYet) },
    { title: "Done on the bridge", ...resultStage(stages) },
    { title: "WebEx notified", ...notificationStage(stages) },
  ];
}

type Outcome = Omit<ShownStage, "title">;

const notYet: Outcome = { is: "waits", at: null, text: "not yet" };

function none(text: string): Outcome {
  return { is: "none", at: null, text };
}

function resultStage({ request, result, sent }: ActionStages): Outcome {
  // A newer edge may have further actions.
  if (operatorActions[request.type]?.needs === null) return none("not involved");
  if (result === null) return notYet;
  if (result.type !== "done") return { is: "failed", at: result.at, text: `${result.type}: ${result.why}` };
  if (sent.length === 0) return { is: "done", at: null, text: "already so" };
  return { is: "done", at: result.at, text: "" };
}

function notificationStage({ notified, result }: ActionStages): Outcome {
  if (notified === null) return result && result.type !== "done" ? none("no notification needed") : notYet;
  const { is, at, why, transIds } = notified;
  if (is === "confirmed")
    return { is: "done", at, text: transIds.length > 0 ? `by TransID ${transIds.join(", ")}` : "" };
  if (is === "posted") return { is: "waits", at: null, text: "posted, not confirmed yet" };
  if (is === "refused") return { is: "failed", at, text: "WebEx confirmed it with a failure" };
  return { is: is === "waiting" ? "waits" : is === "undelivered" ? "failed" : "none", at, text: why };
}
