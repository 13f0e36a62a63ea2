import { requestTitle } from "../../conference/operator-actions.ts";
import { instantText } from "../../foundation/time/shown-time.ts";
import type { ActionStages } from "../../rpc/timeline.ts";
import { shownStages } from "../../views/action-stages.ts";
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
        {shownStages(stages).map(({ title, is, at, text }, index) => (
          // Screen readers read a changed stage with its name, without the others.
          <li class={is} aria-atomic="true">
            <span class="dot" role="img" aria-label={stateWords[is]} />
            <b>{title}</b>
            <span class="dim">
              {index === 0 ? (
                <Time at={asked} />
              ) : is === "done" && at !== null ? (
                <time datetime={instantText(at)}>{`after ${millisecondsText(at - asked)}`}</time>
              ) : (
                <Sentence of={text} near={asked} />
              )}
            </span>
          </li>
        ))}
      </ol>
    </div>
  );
}

const stateWords = { done: "done", failed: "failed", waits: "waits", none: "not needed" } as const;
