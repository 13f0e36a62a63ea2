import type { Child } from "hono/jsx";
import { operatorActions, requestTitle } from "../../conference/operator-actions.ts";
import type { EpochMs } from "../../foundation/ids.ts";
import { instantText } from "../../foundation/time/shown-time.ts";
import type { ActionStages } from "../../rpc/timeline.ts";
import { millisecondsText } from "../../views/view.ts";
import { Sentence, Time } from "../parts.tsx";

/** An action on its way: asked, on disk, sent, done on the bridge, confirmed by WebEx, each with its time. */
export function ActionLine({ stages }: { readonly stages: ActionStages }) {
  const { person, request, asked } = stages;
  return (
    <div class="action">
      <p>
        <b>{requestTitle(request)}</b>, asked by {person} at <Time at={asked} />
      </p>
      <ol class="stages">
        {stageRows(stages).map(([title, [is, text]]) => (
          // Screen readers read a changed stage with its name, without the others.
          <li class={is} aria-atomic="true">
            <span class="dot" role="img" aria-label={stateWords[is]} />
            <b>{title}</b>
            <span class="dim">{text}</span>
          </li>
        ))}
      </ol>
    </div>
  );
}

const stateWords = { done: "done", failed: "failed", waits: "waits", none: "not needed" } as const;

/** State of a stage and its text, for example the time since the request. */
type StageText = readonly [is: keyof typeof stateWords, text: Child];
type After = (at: EpochMs) => Child;

function stageRows(stages: ActionStages): readonly (readonly [title: string, stage: StageText])[] {
  const { asked, onDisk, sent, result } = stages;
  const after: After = (at) => <time datetime={instantText(at)}>{`after ${millisecondsText(at - asked)}`}</time>;
  const [first] = sent;
  return [
    ["Asked", ["done", <Time at={asked} />]],
    ["On disk", ["done", after(onDisk.at)]],
    first
      ? [sent.length === 1 ? "Sent" : `${sent.length} commands sent`, ["done", after(first.at)]]
      : ["Sent", result ? ["none", "nothing to send"] : ["waits", "not yet"]],
    ["Done on the bridge", resultStage(stages, after)],
    ["WebEx notified", notificationStage(stages, after)],
  ];
}

function resultStage({ request, result, sent }: ActionStages, after: After): StageText {
  if (operatorActions[request.type].needs === null) return ["none", "not involved"];
  if (result === null) return ["waits", "not yet"];
  if (result.type !== "done") return ["failed", `${result.type}: ${result.why}`];
  return ["done", sent.length > 0 ? after(result.at) : "already so"];
}

function notificationStage({ asked, notified, result }: ActionStages, after: After): StageText {
  if (notified === null)
    return result && result.type !== "done" ? ["none", "no notification needed"] : ["waits", "not yet"];
  const { is, at, why } = notified;
  if (is === "confirmed" && at !== null) return ["done", after(at)];
  if (is === "posted") return ["waits", "posted, not confirmed yet"];
  if (is === "refused") return ["failed", "WebEx confirmed it with a failure"];
  const state = is === "waiting" ? "waits" : is === "undelivered" ? "failed" : "none";
  return [state, <Sentence of={why} near={asked} />];
}
